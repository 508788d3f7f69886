"""``fingerpost-node audit``: for the agency's data protection officer, and for its duty desk.

It shows what one agency's own log holds: who asked about a child known there, why, and what was
disclosed. It needs the audit key.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import ENTRY_SHOWN, log_witness
from agency_node.answering.entries import OPENED, Body, is_possible, read_body
from agency_node.answering.pages import Asked
from agency_node.cli.rules_shown import RulesShown
from agency_node.cli.run import PROGRAM
from agency_node.cli.typed_child import child_in_words
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, Entry, OperationId
from fingerpost.audit.search import Criteria
from fingerpost.membership import audit_commands, commands, search_commands
from fingerpost.membership.audit_commands import DepositsOption, NotedOption
from fingerpost.membership.commands import (
    ByOption,
    MonthOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_block, show_list
from fingerpost.runtime.screen_text import counted

EVERYTHING: Final = (0, commands.NEVER)
NO_DESK: Final = "the member list has no number: ask for its duty desk"

Agency = Annotated[
    str | None,
    typer.Option("--agency", help="The agency's id; needed when the node has several agencies."),
]

app = typer.Typer(
    no_args_is_help=True, help="Read an agency's chained log of who asked about whom."
)


def register(parent: typer.Typer) -> None:
    """Add ``audit`` to the node's command line."""
    parent.add_typer(app, name="audit")


@app.command()
def verify(
    settings_file: SettingsFile,
    agency: Agency = None,
    witness: NotedOption = None,
    deposits: DepositsOption = False,
) -> None:
    """Follow the chain from the first entry to the last."""
    settings = PROGRAM.load(settings_file)
    chosen = chosen_agency(settings, agency)
    audit_commands.verify(
        wiring.open_audit(settings, chosen),
        noted=witness,
        deposits=deposits,
        store=log_witness(chosen),
        places=settings.places,
        party=Party.NODE,
    )


@app.command()
def show(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
    possible: Annotated[
        bool,
        typer.Option(
            "--possible", help="Show only who may be a child known here: for the duty desk."
        ),
    ] = False,
) -> None:
    """List who asked, about whom, why, and what was disclosed. Times are UTC.

    Who looks at it, and why, is recorded first, as for a search. With --possible each lookup that
    is shown counts as opened by you.
    """
    settings = PROGRAM.load(settings_file)
    chosen = chosen_agency(settings, agency)
    actor, reason = Actor(by), OperationId(why)
    first, last = commands.span(since, until)
    with closing(wiring.open_audit(settings, chosen)) as log:
        search_commands.record(log, Criteria(first, last), by=actor, why=reason)
        entries = list(log.show(first, last, decrypt=True))
        some = [entry for entry in entries if is_possible(entry.fields.get("finding"))]
        if possible:
            log.append_many([_opened(entry, actor, reason) for entry in some])
    if possible:
        _print_for_the_duty_desk(chosen, some)
    else:
        _print_all(chosen, entries, RulesShown(settings.agreements))


@app.command()
def adopt(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Adopt a log that was restored from a backup, and record who did it and why."""
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, chosen_agency(settings, agency), adopt=True)
    commands.adopt(log, by=by, why=why)


@app.command()
def forget(
    settings_file: SettingsFile,
    month: MonthOption,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Destroy the key of a month.

    Who asked about whom in it can never be read again; the chain still verifies.
    """
    settings = PROGRAM.load(settings_file)
    chosen = chosen_agency(settings, agency)
    commands.forget(lambda: wiring.open_audit(settings, chosen), month, by=by, why=why)


def _opened(entry: Entry, actor: Actor, reason: OperationId) -> AuditEvent:
    return AuditEvent(ENTRY_SHOWN, actor, reason, int(time.time()), {"entry": entry.seq})


def _print_all(agency: AgencyId, entries: Iterable[Entry], rules: RulesShown) -> None:
    show_list(
        a_console(),
        ("No.", "When (UTC)", "Who asked", "For", "About", "Finding", "Disclosed", "Query"),
        [tuple(_row(entry, rules)) for entry in entries],
        title=str(agency),
        prose=("Who asked", "For", "About", "Disclosed"),
    )


def _print_for_the_duty_desk(agency: AgencyId, entries: list[Entry]) -> None:
    """Print whom to ring, and which of the agency's records to look at. None of it leaves the
    node.
    """
    console = a_console()
    if not entries:
        console.print(f"{agency}: nothing to look at.")
        return
    lookups = counted(len(entries), "lookup")
    console.print(
        f"{agency}: {lookups} may have been about a child known here. Nothing was disclosed. Look "
        "at the records named; if it is the child, ring the requester."
    )
    for entry in entries:
        console.print(f"\nNo. {entry.seq}, {commands.utc(entry.at)} UTC", style="bold")
        show_block(console, _to_look_at(entry), indent=2)


def _not_shown(body: Body, number: int) -> str:
    reasons = "; ".join(reason.words for reason in body.unexpected)
    return f"not shown ({reasons}): inbox open {number} --reveal"


def _to_look_at(entry: Entry) -> Iterator[tuple[str, str]]:
    asking = str(entry.fields["asking"])
    body = None if entry.body is None else read_body(entry.body)
    if body is None or body.asked is None:
        yield "Asked by", f"{asking} (the rest was forgotten with its month)"
        return
    asked = body.asked
    if body.unexpected:
        yield "Asked by", f"{asked.role.name}, {body.asking_kind}, {_not_shown(body, entry.seq)}"
    else:
        who = f"{asked.name}, {asked.role.name}"
        yield "Asked by", f"{who}, {body.asking_name or asking} ({asking})"
        yield "Ring", body.asking_desk or NO_DESK
    yield "For", stated(asked, " · ")
    yield "About", child_in_words(asked.child)
    yield "Look at", "\n".join(our_records(body))


def _row(entry: Entry, rules: RulesShown) -> Iterator[str]:
    yield str(entry.seq)
    yield commands.utc(entry.at)
    if entry.kind != OPENED:
        yield f"{entry.actor}"
        about = (f"{name} {value}" for name, value in sorted(entry.fields.items()))
        yield "\n".join((f"{entry.kind} {entry.operation}", *about))
        yield from ("", "", "", "")
        return
    body = None if entry.body is None else read_body(entry.body)
    asking = str(entry.fields["asking"])
    if body is None:
        yield from (f"forgotten\n{asking}", "forgotten", "forgotten")
    else:
        yield from _asked(body, entry)
    yield str(entry.fields["finding"])
    lines = [] if body is None else rules.lines(body.ruled)
    yield "\n".join((_disclosed(entry), *lines))
    yield f"{entry.fields['query']}\n{entry.fields['reach']}"


def _disclosed(entry: Entry) -> str:
    if entry.fields["answer"] != "INVOLVED":
        return "nothing"
    return "1 pointer" if entry.fields["told"] == 1 else f"{entry.fields['told']} pointers"


def _asked(body: Body, entry: Entry) -> Iterator[str]:
    asking, asked = str(entry.fields["asking"]), body.asked
    if asked is None:
        yield from (f"not verified ({body.refusal})", "", "")
        return
    if body.unexpected:
        yield f"{_not_shown(body, entry.seq)}\n{asked.role.name}\n{body.asking_kind}"
    else:
        yield f"{asked.name} ({asked.subject})\n{asked.role.name}\n{asking}"
    yield stated(asked, "\n")
    yield child_in_words(asked.child)


def who_asked(entry: Entry) -> str:
    """Return who asked, in one cell; that it is not shown, where the entry hides it."""
    if entry.body is None:
        return f"forgotten\n{entry.fields['asking']}"
    return next(_asked(read_body(entry.body), entry))


def stated(asked: Asked, between: str) -> str:
    """Return why somebody asked, and what she stated."""
    why = asked.justification
    parts = (
        why.purpose.name,
        why.reason_reference,
        f"approved by {asked.approvers}" if asked.approvers else "",
        f"training over; may ask until {asked.grace}" if asked.grace else "",
        f"second round, widened: {why.widened_because.name}" if why.widened_because else "",
        *why.facts.shown(),
    )
    return between.join(filter(None, parts))


def our_records(body: Body) -> Iterator[str]:
    """Yield which of the agency's records a lookup is or may be about."""
    for number, child, local_id in body.records:
        yours = f"your number {local_id}, " if local_id else ""
        details = child_in_words(child) or "details not kept"
        yield f"{yours}record {number} of import {body.generation}: {details}"
    if body.not_named:
        yield f"and {body.not_named} more, less likely, that are not named: search your own records"


def chosen_agency(settings: NodeSettings, text: str | None) -> AgencyId:
    """Return the agency whose log is meant. Raises ``Defect``."""
    if text is None:
        if len(settings.agencies) != 1:
            raise Defect("--agency: this node has several agencies; name the one whose log it is")
        return settings.agencies[0].id
    return commands.identifier(AgencyId, text, "--agency")
