"""``fingerpost-node agreements``: for the data protection officer, who decides what is disclosed.

``init``, ``check`` and ``diff`` need nothing but files: a draft can be read and tried out anywhere.
``explain`` and ``preview`` ask by the member list that the node keeps. ``preview`` shows what a
record of one's own would disclose, so it is recorded before anything is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from agency_node import wiring
from agency_node.answering.audit import PREVIEWED
from agency_node.answering.disclosure import Asks, disclose
from agency_node.cli.agreements_in_use import AT_MOST, signed_by, today
from agency_node.cli.audit import Agency, chosen_agency
from agency_node.cli.run import PROGRAM, kept_list
from agency_node.cli.typed_child import OWN_NUMBER, prompted
from agency_node.importing.sources import fields as read
from agency_node.importing.wiring import open_shields, open_store
from agency_node.policy.agreement import MOST_DAYS, Agreement, places
from agency_node.policy.places import is_front_door, own_areas, ruled_place, serves
from agency_node.policy.store import load, ready
from agency_node.policy.vocabulary import KINDS, Involved, Requester
from agency_node.policy.words import (
    DETAIL_IN_WORDS,
    Change,
    Signed,
    changes,
    explain,
    in_words,
    remarks,
)
from agency_node.records.meeting import Known
from agency_node.records.origin import own_number_of
from agency_node.records.records import ChildRecord
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import commands
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Scope, Side, blocking_keys, normalise
from fingerpost.private.messages import Pointer
from fingerpost.protocol.codes import Kind, Purpose, Role
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted

_DAYS: Final = ["%Y-%m-%d"]
_Code = TypeVar("_Code", bound=Enum)
Day = Annotated[
    datetime | None,
    typer.Option(
        "--day", formats=_DAYS, metavar="YYYY-MM-DD", help="On this day (default: today)."
    ),
]
File = Annotated[Path, typer.Argument(help="A file of agreements, or a folder of files *.cedar.")]

app = typer.Typer(
    no_args_is_help=True, help="Read and try out the rules of what you disclose to whom."
)


def register(parent: typer.Typer) -> None:
    """Add ``agreements`` to the node's command line."""
    parent.add_typer(app, name="agreements")


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=_DAYS, metavar="YYYY-MM-DD", help="The first day.")
    ],
    days: Annotated[
        int,
        typer.Option("--days", min=1, max=MOST_DAYS, help="For how many days it is in force."),
    ],
) -> None:
    """Write the ready set for an English area, for you to read, narrow and put in force."""
    begins = first.date()
    text = ready(begins, begins + timedelta(days=days - 1))
    create_file(file, text.encode())
    _say(load(file), file, begins)


@app.command()
def check(file: File, day: Day = None) -> None:
    """Report whether a file is an agreement, and what about it somebody should look at."""
    _say(load(file), file, _day(day))


@app.command()
def diff(before: File, after: File, day: Day = None) -> None:
    """Say who may learn more by a change, and who less. It changes nothing."""
    found = changes(load(before), load(after), _day(day), AT_MOST)
    if not found:
        typer.echo("Nothing changes for anybody.")
        return
    rows = [_changed(change) for change in found]
    columns = ("For", "Change", "Who asks", "About")
    show_list(a_console(), columns, rows, prose=columns[1:])


@app.command("explain")
def explain_(
    settings_file: SettingsFile,
    asking: Annotated[str, typer.Option("--asking", help="The id of the agency that asks.")],
    role: Annotated[str, typer.Option("--role", help="The role of who asks, as DSL.")],
    purpose: Annotated[str, typer.Option("--purpose", help="As SAFEGUARDING_CONCERN.")],
    involvement: Annotated[
        str | None, typer.Option("--involvement", help="Its kind, as GP; all kinds without it.")
    ] = None,
    agency: Agency = None,
    *,
    lead: Annotated[
        bool, typer.Option("--lead", help="Your worker is the lead practitioner.")
    ] = False,
    harm: Annotated[
        bool, typer.Option("--significant-harm", help="Significant harm is stated as likely.")
    ] = False,
    day: Day = None,
) -> None:
    """Say what one requester would be told of an involvement of yours, and by which rule."""
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency))
    federation = _listed(settings)
    agreement = load(chosen.agreements)
    asks = federation.agency(commands.identifier(AgencyId, asking, "--asking"))
    requester = Requester(asks.id, asks.kind, _code(Role, role, "--role"))
    wanted = _code(Purpose, purpose, "--purpose")
    kinds = KINDS if involvement is None else (_code(Kind, involvement, "--involvement"),)
    if requester.agency == chosen.id:
        typer.echo("Your own practitioners are told what you record, whatever the agreement.")
        return
    told = [
        explain(
            agreement,
            _day(day),
            signed_by(federation),
            requester,
            wanted,
            Involved(each, lead),
            significant_harm=harm,
            own=serves(chosen.id, own_areas(asks, federation), federation),
            front_door=is_front_door(federation.agency(chosen.id)),
        )
        for each in kinds
    ]
    rows = [
        (each.name, DETAIL_IN_WORDS[said.detail], "\n".join(said.why))
        for each, said in zip(kinds, told, strict=True)
    ]
    title = f"{asks.name}, {requester.role.name}, {wanted.name}"
    show_list(a_console(), ("Involvement", "Told", "Why"), rows, title=title, prose=("Why",))
    typer.echo("Nothing is told of a child whom you shield, nor of a row marked as sensitive.")


@app.command()
def preview(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    day: Day = None,
) -> None:
    """Show what a record of yours would disclose, and to whom; first record who looks, and why.

    You are asked for your own number of the child.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency))
    actor, reason = Actor(by), OperationId(why)  # before a child is typed
    federation = _listed(settings)
    agreement = load(chosen.agreements)
    records = _by_own_number(settings, chosen.id, prompted(OWN_NUMBER, read.read_local_id))
    with closing(wiring.open_audit(settings, chosen.id)) as log:
        for generation, record in records:
            fields = {"generation": generation, "record": record.id.value}
            log.append(AuditEvent(PREVIEWED, actor, reason, int(time.time()), fields))
    children = [record for _, record in records]
    if not agreement.holds(_day(day)):
        typer.echo("The agreement does not hold on that day: you answer nobody.")
    elif _is_shielded(settings, chosen.id, children):
        typer.echo("You shield this child: nobody is told anything.")
    else:
        front_door = is_front_door(federation.agency(chosen.id))
        signed = signed_by(federation)
        _show_preview(chosen.id, children, agreement, signed, _day(day), front_door=front_door)


def _show_preview(
    agency: AgencyId,
    children: Sequence[ChildRecord],
    agreement: Agreement,
    signed: Signed,
    day: date,
    *,
    front_door: bool,
) -> None:
    in_force = agreement.on(day)
    where = places(agreement.named | {("Area", agency.area.value)})
    told: dict[tuple[Purpose, str, str], list[Requester]] = {}
    for requester in signed.requesters(where):
        for terms in signed.terms:
            if requester.role not in terms.roles or requester.agency == agency:
                continue
            own = requester.agency.area == agency.area
            place = ruled_place(terms, own=own, named=True, given=False, front_door=front_door)
            asking = Asks(requester, terms, True, place)
            disclosed = disclose(agency, children, asking, in_force)
            named = _named(disclosed.pointers)
            rules = ", ".join(agreement.rules[number].id for number in disclosed.rules)
            told.setdefault((terms.purpose, named, rules), []).append(requester)
    rows = [
        (purpose.name, "\n".join(in_words(requesters, where)), named, rules)
        for (purpose, named, rules), requesters in sorted(told.items())
    ]
    columns = ("For", "Who asks", "Is told", "Rules that decide")
    show_list(a_console(), columns, rows, prose=columns[1:])
    typer.echo("Shown as if significant harm were stated as likely, where a purpose knows that.")
    typer.echo(
        "Shown as if who asks from another area did not give this child's postcode. Whoever does, "
        "and asks from next door or names your area, is told what your own area is told, unless "
        "the purpose is for the own area alone."
    )


def _named(pointers: Iterable[Pointer]) -> str:
    names = [each.kind.name if each.kind else "ring our duty desk" for each in pointers]
    return ", ".join(dict.fromkeys(names)) or "nothing"


def _by_own_number(
    settings: NodeSettings, agency: AgencyId, number: str
) -> list[tuple[int, ChildRecord]]:
    """Return the records with this number in the newest import, each with the import's number.

    Raises:
        Defect: there is none.
    """
    with closing(open_store(settings)) as records:
        imports, newest = SqlImports(records), records.generation(agency)

        def own(child: Demographics) -> bytes:
            return imports.mark(agency, own_number_of(number, child))

        found = () if newest is None else imports.with_own(agency, newest.number, own)
        if newest is None or not found:
            raise Defect("the newest import has no child with this number")
        return [
            (newest.number, records.child(agency, newest.number, record)) for record, _ in found
        ]


def _is_shielded(settings: NodeSettings, agency: AgencyId, children: Sequence[ChildRecord]) -> bool:
    """Return whether the register of shields, or a row, withholds a child who is asked about as she
    is recorded."""
    upn = settings.agency(agency).upn_keys
    known = Known(open_shields(settings).read(agency).shields, upn=upn)
    demographics = [child.demographics for child in children]
    rows = [row for child in children for row in child.involvements]
    return any(row.shielded for row in rows) or any(
        known.withholds(
            form := normalise(each),
            blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=upn),
            demographics,
        )
        for each in demographics
    )


def _say(agreement: Agreement, file: Path, day: date) -> None:
    rules = counted(len(agreement.rules), "rule")
    typer.echo(f"{file.name}: {rules}, version {agreement.version}.")
    said = remarks(agreement, day, AT_MOST)
    for line in said:
        typer.echo(line)
    if not said:
        typer.echo(f"On {day} nothing about it is remarkable.")


def _changed(change: Change) -> tuple[str, str, str, str]:
    more = "more" if change.is_more else "less"
    words = f"{DETAIL_IN_WORDS[change.before]} → {DETAIL_IN_WORDS[change.after]}"
    asked_by, kinds = "\n".join(change.asked_by), ", ".join(change.kinds)
    return change.purpose.name, f"{more}: {words}", asked_by, kinds


def _listed(settings: NodeSettings) -> Federation:
    federation = kept_list(settings, time.time())
    if federation is None:
        raise Defect("the node keeps no valid member list, which says who an agency is")
    return federation


def _code(type_: type[_Code], text: str, option: str) -> _Code:
    try:
        return type_[text]
    except KeyError:
        raise Defect(f"{option}: {text} is none of the closed list") from None


def _day(day: datetime | None) -> date:
    return today() if day is None else day.date()
