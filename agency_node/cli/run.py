"""``fingerpost-node enrol``, ``check``, ``run``, ``health``, ``status``, ``adopt-records``."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import RECORDS_ADOPTED
from agency_node.answering.health_names import STREAM_HEALTH, marked_health
from agency_node.answering.load import most_at_once
from agency_node.answering.wiring import audit_key
from agency_node.cli.agreements_in_use import in_use, signed_by, today
from agency_node.cli.agreements_in_use import is_due as agreements_due
from agency_node.cli.knocks_shown import knocks_shown
from agency_node.cli.settings_in_use import CHANGED, is_due, not_known
from agency_node.desks.duty import LONDON, AgencyDesks
from agency_node.desks.service import agency_desks, warnings
from agency_node.importing.wiring import open_imports, open_shields, open_store
from agency_node.notices.wiring import Edge, ways_of
from agency_node.records.store.records import SqlRecords
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.membership import commands
from fingerpost.membership.bundle import ROOT
from fingerpost.membership.clock_watch import read_word
from fingerpost.membership.commands import (
    ByOption,
    CredentialsOption,
    FederationOption,
    OrganisationOption,
    RequestOption,
    SettingsFile,
    WhyOption,
)
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.membership import check_places
from fingerpost.membership.trusted_time import clock_agrees
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.feed_age import FeedLife
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.health import knows, look, probe
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.rpc import direct
from fingerpost.runtime.screen_text import counted

MISSED: Final = (
    "the last self-test did not find all of its marked records. What it does not find is a gap to "
    'requesters, and no "no". Import anew.'
)
PROGRAM: Final = commands.Program(
    "fingerpost-node", "agency_node", NodeSettings, wiring.EVENTS, wiring.open
)


def register(app: typer.Typer) -> None:
    """Add the commands to the node's command line."""
    app.command()(enrol)
    app.command()(check)
    app.command("run")(run_)
    app.command()(health)
    app.command()(status)
    app.command("adopt-records")(adopt_records)


def enrol(
    federation: FederationOption,
    member: Annotated[str, typer.Option(help="This node's id.")],
    organisation: OrganisationOption,
    caseload: Annotated[
        int, typer.Option(min=1, help="Children on all its agencies' records, at most.")
    ],
    credentials: CredentialsOption,
    request: RequestOption,
) -> None:
    """Make this member's keys where they will be used, and a request of public keys only."""
    commands.enrol(
        Party.NODE,
        federation=federation,
        member=member,
        organisation=organisation,
        credentials=credentials,
        request=request,
        declared_caseload=caseload,
    )


def check(settings_file: SettingsFile) -> None:
    """Report whether settings, bundle and keys fit together.

    It touches no network, and asks the node that runs here whether it was started so.
    """
    settings = PROGRAM.load(settings_file)
    bundle = check_places(settings.places, Party.NODE)
    audit_key(settings)
    open_store(settings).close()
    ways_of(settings, Edge(direct, time.time, secrets.token_bytes))
    day = today()
    agreements = in_use(settings, signed_by(kept_list(settings, time.time())), day)
    for defect in agreements.loaded.failed.values():
        raise defect
    if not wiring.is_sound():
        raise Defect(
            "The golden vectors are not reproduced: this node would answer nothing. The likely "
            "cause is a version of Python or of a library other than that of the release."
        )
    agencies = counted(len(settings.agencies), "agency", "agencies")
    opened = f"Settings, keys and data keys of {agencies}"
    commands.report_sound(opened, bundle, settings.health, settings.places)
    agreements.show()
    if asyncio.run(is_due(settings)) or asyncio.run(agreements_due(settings, agreements.loaded)):
        typer.echo(CHANGED, err=True)
    for said in _calendar_warnings(settings, kept_list(settings, time.time())):
        typer.echo(said, err=True)


def run_(settings_file: SettingsFile) -> None:
    """Run the node until a signal stops it."""
    PROGRAM.run(settings_file)


def health(settings_file: SettingsFile) -> None:
    """Report whether the running node serves: exit status 0 when it does, else 1.

    It serves when it is attached to the broker and no part of it has a fault.
    """
    commands.report_health(PROGRAM.load(settings_file).health)


def status(settings_file: SettingsFile) -> None:
    """Show what each agency answers from, the stream to the broker, and how the clock stands.

    For each agency: the import, its day and until when it is good, the children, and the epochs for
    which they are tagged.
    """
    settings = PROGRAM.load(settings_file)
    now = time.time()
    federation = kept_list(settings, now)
    columns = ("Agency", "Import", "As of (UTC)", "Children", "Tagged for epochs", "Answers")
    with closing(open_store(settings)) as records:
        attached, due, answering = asyncio.run(_probed(settings))
        unread, overdue = _registers(settings, now)
        missed = asyncio.run(_missed(settings))
        answering.update(dict.fromkeys(unread, "no: its register of shields"))
        agreements = in_use(settings, signed_by(federation), today())
        answering.update(dict.fromkeys(agreements.silent(today()), "no: its agreement"))
        rows = [
            (str(agency), *_row(records, agency, federation, now), answering[agency])
            for agency in records.agencies()
        ]
    console = a_console()
    show_list(console, columns, rows, prose=(columns[2], columns[4]))
    agreements.show()
    if due or asyncio.run(agreements_due(settings, agreements.loaded)):
        console.print(CHANGED)
    for agency, why in unread.items():
        console.print(f"{agency}: {why}", markup=False)
    for agency, children in overdue.items():
        who = counted(children, "child is", "children are")
        console.print(
            f"{agency}: {who} likely to be shielded, and nobody has said in time whether that is "
            "so: fingerpost-node shields likeness",
            markup=False,
        )
    for agency in missed:
        console.print(f"{agency}: {MISSED}", markup=False)
    if attached is None:
        console.print(
            "No word from the node: it is not running, and nobody is answered for these agencies, "
            "or it is too busy to say so."
        )
    else:
        console.print(f"Stream to the broker: {'attached' if attached else 'not attached'}")
    delay = limits.ANSWER_DELAY_MS if federation is None else federation.parameters.answer_delay_ms
    most = most_at_once(len(rows), delay)
    console.print(
        f"Of queries that come at once and ask every agency, {most} are looked up; the others are "
        "told to try again."
    )
    if federation is None:
        console.print("The node keeps no valid member list: epochs are not known.")
    for said in _calendar_warnings(settings, federation):
        console.print(said, markup=False)
    for said in knocks_shown(settings, now):
        console.print(said, markup=False)
    commands.report_clock(settings.places, "peppers, tags, records of earlier imports")
    word = read_word(settings.places.member_list)
    if word is not None and not clock_agrees(word.clocks):
        console.print("Until the clock is right, requesters are shown duty desks.")


def _calendar_warnings(settings: NodeSettings, federation: Federation | None) -> Iterator[str]:
    """Return what is to be said of agencies' calendars. Without a member list it is not known which
    agency is a school."""
    today = datetime.now(LONDON).date()
    if federation is None:
        known = {a: AgencyDesks(calendar) for a, calendar in settings.calendars.items()}
        return warnings(known, today)
    return warnings(agency_desks(settings.calendars, federation, clock=True), today)


def _row(
    records: SqlRecords, agency: AgencyId, federation: Federation | None, now: float
) -> tuple[str, str, str, str]:
    newest = records.generation(agency)
    if newest is None:
        return "never", "", "", ""
    epochs = federation.epochs_to_index(now) if federation is not None else ()
    as_of = str(_day(newest.as_of))
    with contextlib.suppress(Refused):  # an agency that the list does not have
        if federation is not None:
            as_of += age_in_words(federation.feed_life(agency, newest.as_of), now)
    tagged = [
        f"{epoch.number}" if ready == newest else f"{epoch.number} (import {ready.number})"
        for epoch in epochs
        if (ready := records.ready(agency, epoch.number)) is not None
    ]
    tags = "restored: import anew" if records.behind(agency) else ", ".join(tagged) or "none"
    return str(newest.number), as_of, str(newest.children), tags


def age_in_words(life: FeedLife, now: float) -> str:
    """Return what is to be said behind the day of an import."""
    if life.is_over(now):
        return f": too old to answer from since {_day(life.ends_at)}; import anew"
    if life.is_ageing(now):
        return f": soon too old; import anew by {life.last_day}"
    return f", good until {life.last_day}"


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _registers(
    settings: NodeSettings, now: float
) -> tuple[dict[AgencyId, str], dict[AgencyId, int]]:
    """Return why the register of shields cannot be read, of each agency of which it cannot; and of
    how many children people should have said by now whether they are shielded, where there are any.
    """
    unread: dict[AgencyId, str] = {}
    overdue: dict[AgencyId, int] = {}
    shields = open_shields(settings)
    for each in settings.agencies:
        try:
            if children := shields.read(each.id).overdue(now):
                overdue[each.id] = children
        except Defect as defect:
            unread[each.id] = str(defect)
    return unread, overdue


async def _probed(settings: NodeSettings) -> tuple[bool | None, bool, dict[AgencyId, str]]:
    """Return whether the node is attached (None where it says nothing), whether its restart is due,
    and for each agency whether it answers."""
    agencies = [each.id for each in settings.agencies]
    attached = await look(settings.health, STREAM_HEALTH)
    if attached is None:
        return None, False, dict.fromkeys(agencies, "no word")
    unknown = await not_known(settings, agencies)
    answers = {
        agency: "yes" if await probe(settings.health, str(agency)) else "no" for agency in agencies
    }
    answers.update(dict.fromkeys(unknown, "no: restart the node"))
    return attached, await is_due(settings), answers


async def _missed(settings: NodeSettings) -> list[AgencyId]:
    """Return the agencies whose marked records the running node did not find."""
    names = {each.id: marked_health(each.id) for each in settings.agencies}
    tested = [agency for agency, name in names.items() if await knows(settings.health, name)]
    return [agency for agency in tested if await look(settings.health, names[agency]) is False]


def kept_list(settings: NodeSettings, now: float) -> Federation | None:
    """Return the member list that the node keeps; None when it is not valid."""
    places = settings.places

    def nowhere(_path: str) -> bytes:
        raise AssertionError  # ``load`` reads only what is kept

    client = MemberListClient(places.member_list, places.bundle / ROOT, nowhere)
    try:
        return client.load(now)
    except Refused:
        return None


def adopt_records(
    settings_file: SettingsFile,
    agency: Annotated[str, typer.Option(help="The agency's id.")],
    by: ByOption,
    why: WhyOption,
) -> None:
    """Answer from records that were restored from a copy; first record who decides that, and why.

    Children who were imported after the copy was made are not in them.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(commands.identifier(AgencyId, agency, "--agency")).id
    actor, reason, now = Actor(by), OperationId(why), int(time.time())
    with open_imports(settings) as imports:
        if not imports.behind(chosen):
            typer.echo("These records are the newest; nothing had to be done.")
            return
        with closing(wiring.open_audit(settings, chosen)) as log:
            log.append(AuditEvent(RECORDS_ADOPTED, actor, reason, now, {}))
        found = imports.adopt(chosen)
    day = _day(found.as_of)
    children = counted(found.children, "child", "children")
    typer.echo(f"Adopted: {children} as of {day}. Import a new export soon.")
