"""Who belongs: enrol, members, agencies, areas, coverage. All of it changes the draft and nothing
else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from authority import changes, imports
from authority.ceremony import Ceremony
from authority.cli.parsing import (
    Folder,
    console,
    feed_ages,
    holiday,
    hundredths,
    parsed,
    revisions_from,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codec.enrolment import REQUEST_BYTES, read_enrolment
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.feed_age import Holiday, are_a_calendar
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.runtime.files import read_file
from fingerpost.runtime.screen_text import counted

agency_app = typer.Typer(
    help="Add, change and remove the organisations that hold records or ask.",
    no_args_is_help=True,
)
area_app = typer.Typer(help="Add the areas of councils.", no_args_is_help=True)
coverage_app = typer.Typer(
    help="List the agencies that are not connected, which a practitioner must ring.",
    no_args_is_help=True,
)

_AgencyArgument = typer.Argument(
    parser=parsed(AgencyId), metavar="AGENCY", help="The agency's id: area code, dot, name."
)
_AreaArgument = typer.Argument(
    parser=parsed(AreaCode), metavar="AREA", help="The area's code, such as e99000001."
)
_AreasArgument = typer.Argument(
    parser=parsed(AreaCode), metavar="AREA...", help="The areas' codes, separated by spaces."
)
_MemberArgument = typer.Argument(
    parser=parsed(MemberId), metavar="MEMBER", help="The member's id, such as schools-host."
)


def _per(what: str, usual: int) -> Any:
    return typer.Option(min=0, help=f"{what}. At the founding: {usual}.", show_default=False)


def register(app: typer.Typer) -> None:
    app.command()(enrol)
    app.command("remove-member")(remove_member)
    app.command()(speaks)
    app.command("import-areas")(import_areas)
    app.command()(hosting)
    app.command()(neighbours)
    app.command()(parameters)
    app.add_typer(agency_app, name="agency")
    app.add_typer(area_app, name="area")
    app.add_typer(coverage_app, name="coverage")


def enrol(
    folder: Folder,
    request: Annotated[Path, typer.Argument(help="The request's file.", exists=True)],
    fingerprint: Annotated[
        str | None, typer.Option(help="As the member read it out (default: you are asked).")
    ] = None,
    caseload: Annotated[
        int | None, typer.Option(min=0, help="Children granted to a node (default: as it asks).")
    ] = None,
    caseload_reason: Annotated[
        str | None,
        typer.Option(help="Why the caseload is over the public figures, or stands beside none."),
    ] = None,
    lookups_per_day: Annotated[
        int | None,
        typer.Option(min=0, help="Lookups a day granted to a gateway (default: as it asks)."),
    ] = None,
    replace_keys: Annotated[
        bool,
        typer.Option(
            "--replace-keys", help="Replace the keys of a listed member, which were lost or stolen."
        ),
    ] = False,
) -> None:
    """Put a member into the draft by its signed request, once its fingerprint was compared."""
    ceremony = Ceremony.open(folder)
    asked = read_enrolment(read_file(request, most=REQUEST_BYTES))
    console.print(f"{asked.member}, {asked.party.value}, of {asked.organisation}", markup=False)
    console.print(f"  caseload {asked.declared_caseload}, lookups a day {asked.lookups_per_day}")
    for agency in sorted(asked.passport_keys):
        console.print(f"  vouches for practitioners of {agency}")
    console.print(f"  fingerprint {asked.fingerprint}")
    if fingerprint is None:
        typer.confirm("Did the member read out this fingerprint?", abort=True)
    elif fingerprint.split() != asked.fingerprint.split():
        raise Defect("the fingerprint is another: not the request that the member made")
    ceremony.change(
        lambda draft: changes.enrol(
            draft,
            asked,
            declared_caseload=caseload,
            caseload_reason=caseload_reason,
            lookups_per_day=lookups_per_day,
            replace_keys=replace_keys,
        )
    )
    console.print(f"{asked.member} is in the draft.")


def remove_member(folder: Folder, member: Annotated[MemberId, _MemberArgument]) -> None:
    """Take a member off the list. To stop it at once, suspend it first."""
    Ceremony.open(folder).change(lambda draft: changes.remove_member(draft, member))
    console.print(f"{member} is no longer in the draft.")


def speaks(
    folder: Folder,
    member: Annotated[MemberId, _MemberArgument],
    revisions: Annotated[
        list[int], typer.Argument(min=1, help="All revisions of the wire that it speaks now.")
    ],
) -> None:
    """Note which revisions of the wire a member speaks, after its upgrade."""
    Ceremony.open(folder).change(lambda draft: changes.speaks(draft, member, revisions))
    console.print(f"{member} speaks {', '.join(map(str, sorted(set(revisions))))}.")


@agency_app.command("add")
def agency_add(
    folder: Folder,
    agency: Annotated[AgencyId, _AgencyArgument],
    name: Annotated[str, typer.Option(help="Its name, as practitioners read it.")],
    kind: Annotated[AgencyKind, typer.Option(help="What it is.")],
    node: Annotated[
        MemberId,
        typer.Option(
            parser=parsed(MemberId), metavar="MEMBER", help="The node that holds its records."
        ),
    ],
    duty_desk: Annotated[str, typer.Option(help="Its public telephone number.")],
    service: Annotated[
        list[str] | None,
        typer.Option(help=f"A service it gives (repeatable): {', '.join(CoarseKind.__members__)}."),
    ] = None,
    large: Annotated[
        bool,
        typer.Option("--large", help="It is a large trust, which the national ring asks, too."),
    ] = False,
    seconded_to: Annotated[
        list[AgencyId] | None,
        typer.Option(
            parser=parsed(AgencyId),
            metavar="AGENCY",
            help="A council in whose multi-agency safeguarding hub its people work (repeatable).",
        ),
    ] = None,
    discreet_name: Annotated[
        str,
        typer.Option(
            help="Shown in the place of a name that gives content away, such as that of a refuge's "
            "charity, to whoever may not be told of sensitive services."
        ),
    ] = "",
) -> None:
    """Add an agency to its home area, or replace its entry."""
    services = imports.coarse_kinds(tuple(service or ()), str(agency))
    made = Agency(
        agency,
        name,
        kind,
        node,
        services=services,
        duty_desk=duty_desk,
        large=large,
        seconded_to=tuple(seconded_to or ()),
        discreet_name=discreet_name,
    )
    Ceremony.open(folder).change(lambda draft: changes.add_agency(draft, made))
    console.print(f"{agency} is in the draft.")


@agency_app.command("remove")
def agency_remove(folder: Folder, agency: Annotated[AgencyId, _AgencyArgument]) -> None:
    """Take an agency off the list, also where it serves."""
    Ceremony.open(folder).change(lambda draft: changes.remove_agency(draft, agency))
    console.print(f"{agency} is no longer in the draft.")


@agency_app.command("serves")
def agency_serves(
    folder: Folder,
    agency: Annotated[AgencyId, _AgencyArgument],
    areas: Annotated[list[AreaCode], _AreasArgument],
) -> None:
    """Note that the agency serves these areas beside its own."""
    Ceremony.open(folder).change(lambda draft: changes.serve(draft, agency, areas))
    console.print(f"{agency} serves {counted(len(areas), 'more area')}.")


@agency_app.command("stop-asking")
def agency_stop_asking(
    folder: Folder,
    agency: Annotated[AgencyId, _AgencyArgument],
    gateway: Annotated[MemberId, _MemberArgument],
) -> None:
    """Stop the agency from asking through this gateway."""
    Ceremony.open(folder).change(lambda draft: changes.stop_asking(draft, agency, gateway))
    console.print(f"{agency} no longer asks through {gateway}.")


@area_app.command("add")
def area_add(
    folder: Folder,
    area: Annotated[AreaCode, _AreaArgument],
    name: Annotated[str, typer.Option(help="The council's name.")],
) -> None:
    """Add an area, or rename it."""
    Ceremony.open(folder).change(lambda draft: changes.add_area(draft, area, name))
    console.print(f"{area} is in the draft.")


@area_app.command("holidays")
def area_holidays(
    folder: Folder,
    holidays: Annotated[
        list[Holiday] | None,
        typer.Argument(
            parser=holiday,
            metavar="[FIRST/LAST]...",
            help="First and last day, such as 2027-07-22/2027-08-31, separated by spaces.",
        ),
    ] = None,
    area: Annotated[
        list[AreaCode] | None,
        typer.Option(
            parser=parsed(AreaCode), metavar="AREA", help="An area (repeatable; default: all)."
        ),
    ] = None,
) -> None:
    """Replace the school holidays of areas. In them the age of a school's records stands still."""
    given = holidays or []
    if not are_a_calendar(sorted(given)):
        raise Defect(
            f"holidays of at most {limits.HOLIDAY_DAYS} days each, and at least "
            f"{limits.TERM_DAYS} days between two"
        )
    ceremony = Ceremony.open(folder)
    areas = area or sorted(ceremony.draft().areas)
    ceremony.change(lambda draft: changes.keep_school_holidays(draft, areas, given))
    holidays_are = counted(len(given), "school holiday is", "school holidays are")
    console.print(f"{holidays_are} noted for {counted(len(areas), 'area')}.")


def import_areas(
    folder: Folder,
    file: Annotated[
        Path, typer.Argument(help="A TOML file, as deploy/settings/areas.toml.", exists=True)
    ],
) -> None:
    """Add and replace areas and agencies from a file. Nothing is removed."""
    entries = imports.read_areas(file)
    Ceremony.open(folder).change(lambda draft: imports.merge_areas(draft, entries))
    agencies = sum(len(entry.agencies) for entry in entries)
    areas = counted(len(entries), "area", "areas")
    console.print(f"In the draft: {areas} and {counted(agencies, 'agency', 'agencies')}.")


def hosting(
    folder: Folder,
    node: Annotated[MemberId, _MemberArgument],
    agencies: Annotated[
        list[AgencyId],
        typer.Argument(
            parser=parsed(AgencyId), metavar="AGENCY...", help="Ids, separated by spaces."
        ),
    ],
) -> None:
    """Name the node that has these agencies' records."""
    Ceremony.open(folder).change(lambda draft: changes.host(draft, agencies, node))
    console.print(f"{node} hosts {counted(len(agencies), 'more agency', 'more agencies')}.")


def neighbours(
    folder: Folder,
    area: Annotated[AreaCode, _AreaArgument],
    others: Annotated[list[AreaCode], _AreasArgument],
) -> None:
    """Make areas neighbours of each other, on both sides."""
    Ceremony.open(folder).change(lambda draft: changes.join_areas(draft, area, others))
    console.print(f"Noted, on both sides: {counted(len(others), 'neighbour')} of {area}.")


@coverage_app.command("import")
def coverage_import(
    folder: Folder,
    file: Annotated[
        Path, typer.Argument(help="A CSV file: area, name, kind, telephone, services.", exists=True)
    ],
) -> None:
    """Replace the lists of agencies that are not connected, from a public register.

    A file with a wrong row is refused whole, and all its wrong rows are named. Areas that the file
    does not name keep their lists.
    """
    notes: list[imports.RegisterNote] = []
    found = imports.read_register(file, notes.append)
    Ceremony.open(folder).change(lambda draft: changes.cover(draft, found))
    count = sum(len(entries) for entries in found.values())
    areas = counted(len(found), "area", "areas")
    console.print(f"Noted as not connected: {counted(count, 'agency', 'agencies')} of {areas}.")
    for note in notes:
        console.print(f"  {note}", markup=False)


def parameters(
    folder: Folder,
    answer_delay_ms: Annotated[
        int | None,
        _per("After how many milliseconds every answer leaves a node", limits.ANSWER_DELAY_MS),
    ] = None,
    gathering_ms: Annotated[
        int | None,
        _per("After how many milliseconds a node that is silent is a gap", limits.GATHERING_MS),
    ] = None,
    queries_per_tick: Annotated[
        int | None,
        _per(
            "Queries that a node takes in 50 milliseconds for as long as they come",
            limits.QUERIES_PER_TICK,
        ),
    ] = None,
    practitioner_per_hour: Annotated[
        int | None,
        _per("Lookups that one practitioner may make in an hour", limits.PRACTITIONER_PER_HOUR),
    ] = None,
    practitioner_per_day: Annotated[
        int | None,
        _per("Lookups that one practitioner may make in a day", limits.PRACTITIONER_PER_DAY),
    ] = None,
    desk_per_hour: Annotated[
        int | None,
        _per("Lookups that a worker of MASH or EDT may make in an hour", limits.DESK_PER_HOUR),
    ] = None,
    desk_per_day: Annotated[
        int | None,
        _per("Lookups that a worker of MASH or EDT may make in a day", limits.DESK_PER_DAY),
    ] = None,
    reserve_per_day: Annotated[
        int | None,
        _per(
            "Lookups in emergencies that one practitioner may make in a day beside all limits",
            limits.RESERVE_PER_DAY,
        ),
    ] = None,
    agency_per_day: Annotated[
        int | None, _per("Lookups that one agency may make in a day", limits.AGENCY_PER_DAY)
    ] = None,
    normalisation_version: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The version of the rules that make blocking keys: docs/operations.md, Upgrades.",
        ),
    ] = None,
    keys_per_child: Annotated[
        float | None,
        typer.Option(
            min=1,
            max=25,
            help="The mean number of blocking keys of a record, as the release notes state it "
            f"(at the founding: {limits.KEYS_PER_CHILD_HUNDREDTHS / 100:.2f}).",
            show_default=False,
        ),
    ] = None,
    indexing_percent: Annotated[
        int | None,
        _per(
            "Of the keys of its caseload, what a node may index in an epoch, per cent",
            limits.INDEXING_PERCENT,
        ),
    ] = None,
    growth_percent: Annotated[
        int | None,
        _per("By how much a node may grow in a week, in per cent", limits.GROWTH_PERCENT),
    ] = None,
    feed_days: Annotated[
        list[str] | None,
        typer.Option(
            help="After how many days a kind of agency may not answer from its records any more, "
            "as KIND=DAYS, or KIND=DAYS:term where only days in term time count (repeatable)."
        ),
    ] = None,
    revision: Annotated[
        list[str] | None,
        typer.Option(
            help="A revision of the wire and from when it is in force, NUMBER=DATE (repeatable). "
            "Give all that are to be in force: what is left out ends."
        ),
    ] = None,
) -> None:
    """Change what the whole federation agrees on; what is left out stays as it is."""
    Ceremony.open(folder).change(
        lambda draft: changes.tune(
            draft,
            answer_delay_ms=answer_delay_ms,
            gathering_ms=gathering_ms,
            queries_per_tick=queries_per_tick,
            practitioner_per_hour=practitioner_per_hour,
            practitioner_per_day=practitioner_per_day,
            desk_per_hour=desk_per_hour,
            desk_per_day=desk_per_day,
            reserve_per_day=reserve_per_day,
            agency_per_day=agency_per_day,
            normalisation_version=normalisation_version,
            feed_ages=feed_ages(feed_days or []),
            revisions=revisions_from(revision or []),
            keys_per_child_hundredths=hundredths(keys_per_child),
            indexing_percent=indexing_percent,
            growth_percent=growth_percent,
        )
    )
    console.print("The parameters in the draft are changed.")
