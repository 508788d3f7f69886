"""``fingerpost-node audit``: for the agency's data protection officer, and for its duty desk.

It shows what one agency's own log holds: who asked about a child known there, why, and what was
disclosed. It needs the audit key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import (
    OPENED,
    REVEALED,
    Body,
    HiddenRequester,
    is_possible,
    open_requester,
    read_body,
    requester_box,
)
from agency_node.answering.pages import Asked
from agency_node.cli.run import PROGRAM
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, Entry, OperationId, Receipt
from fingerpost.membership import commands
from fingerpost.membership.commands import (
    ByOption,
    MonthOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_block, show_list

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
    witness: Annotated[
        str | None,
        typer.Option(help="NUMBER:HASH as noted earlier; it shows a log whose end was cut off."),
    ] = None,
) -> None:
    """Follow the chain from the first entry to the last."""
    settings = PROGRAM.load(settings_file)
    noted = None if witness is None else _receipt(witness)
    report = commands.verified(wiring.open_audit(settings, _agency(settings, agency)), noted)
    typer.echo(
        f"{report.entries} entries, whole. Note this elsewhere: "
        f"{report.head.seq}:{report.head.hash.hex()}"
    )


@app.command()
def show(
    settings_file: SettingsFile,
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
    """List who asked, about whom, why, and what was disclosed. Times are UTC."""
    settings = PROGRAM.load(settings_file)
    chosen = _agency(settings, agency)
    with closing(wiring.open_audit(settings, chosen)) as log:
        entries = list(log.show(*commands.span(since, until), decrypt=True))
    if possible:
        some = [entry for entry in entries if is_possible(entry.fields.get("finding"))]
        _print_for_the_duty_desk(chosen, some)
    else:
        _print_all(chosen, entries)


@app.command()
def reveal(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    number: Annotated[int, typer.Option(min=1, help="The entry's number, as show prints it.")],
    agency: Agency = None,
) -> None:
    """Show who asked, where an entry does not; first record who wants to know it, and why."""
    settings = PROGRAM.load(settings_file)
    chosen = _agency(settings, agency)
    with closing(wiring.open_audit(settings, chosen)) as log:
        entries = list(log.show(*EVERYTHING, decrypt=True))
        entry = next((each for each in entries if each.seq == number), None)
        body = None if entry is None or not entry.body else read_body(entry.body)
        if entry is None or body is None or not body.sealed_requester:
            raise Defect(f"--number: entry {number} of {chosen} hides no requester")
        now = int(datetime.now(UTC).timestamp())
        log.append(AuditEvent(REVEALED, Actor(by), OperationId(why), now, {"entry": number}))
    box = requester_box(wiring.audit_key(settings), chosen)
    query = str(entry.fields["query"])
    show_block(a_console(), _revealed(open_requester(box, chosen, query, body.sealed_requester)))


@app.command()
def adopt(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Adopt a log that was restored from a backup, and record who did it and why."""
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, _agency(settings, agency), adopt=True)
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
    chosen = _agency(settings, agency)
    commands.forget(lambda: wiring.open_audit(settings, chosen), month, by=by, why=why)


def _print_all(agency: AgencyId, entries: Iterable[Entry]) -> None:
    show_list(
        a_console(),
        ("No.", "When (UTC)", "Who asked", "For", "About", "Finding", "Disclosed", "Query"),
        [tuple(_row(entry)) for entry in entries],
        title=str(agency),
        prose=("Who asked", "For", "About"),
    )


def _print_for_the_duty_desk(agency: AgencyId, entries: list[Entry]) -> None:
    """Print whom to ring, and which of the agency's records to look at. None of it leaves the
    node.
    """
    console = a_console()
    if not entries:
        console.print(f"{agency}: nothing to look at.")
        return
    lookups = "1 lookup" if len(entries) == 1 else f"{len(entries)} lookups"
    console.print(
        f"{agency}: {lookups} may have been about a child known here. Nothing was disclosed. Look "
        "at the records named; if it is the child, ring the requester."
    )
    for entry in entries:
        console.print(f"\nNo. {entry.seq}, {commands.utc(entry.at)} UTC", style="bold")
        show_block(console, _to_look_at(entry), indent=2)


def _revealed(found: HiddenRequester) -> Iterator[tuple[str, str]]:
    yield "Asked by", f"{found.name} ({found.subject}), {found.agency_name} ({found.agency})"
    yield "Ring", found.agency_desk or NO_DESK
    yield "Reference", found.reason_reference or "none"
    if found.approver:
        yield "Approved by", found.approver


def _not_shown(body: Body, number: int) -> str:
    reasons = "; ".join(reason.words for reason in body.unexpected)
    return f"not shown ({reasons}): audit reveal --number {number}"


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
    yield "For", _for(asked, " · ")
    yield "About", _child(asked.child)
    yield "Look at", "\n".join(_here(body))


def _row(entry: Entry) -> Iterator[str]:
    yield str(entry.seq)
    yield commands.utc(entry.at)
    if entry.kind != OPENED:
        yield f"{entry.actor}"
        yield f"{entry.kind} {entry.operation}"
        yield from ("", "", "", "")
        return
    body = None if entry.body is None else read_body(entry.body)
    asking = str(entry.fields["asking"])
    if body is None:
        yield from (f"forgotten\n{asking}", "forgotten", "forgotten")
    else:
        yield from _asked(body, entry)
    yield str(entry.fields["finding"])
    yield f"{entry.fields['told']} pointers" if entry.fields["answer"] == "INVOLVED" else "nothing"
    yield f"{entry.fields['query']}\n{entry.fields['reach']}"


def _asked(body: Body, entry: Entry) -> Iterator[str]:
    asking, asked = str(entry.fields["asking"]), body.asked
    if asked is None:
        yield from (f"not verified ({body.refusal})", "", "")
        return
    if body.unexpected:
        yield f"{_not_shown(body, entry.seq)}\n{asked.role.name}\n{body.asking_kind}"
    else:
        yield f"{asked.name} ({asked.subject})\n{asked.role.name}\n{asking}"
    yield _for(asked, "\n")
    yield _child(asked.child)


def _for(asked: Asked, between: str) -> str:
    why = asked.justification
    parts = (
        why.purpose.name,
        why.reason_reference,
        f"approved by {why.approver}" if why.approver else "",
        f"second round, widened: {why.widened_because.name}" if why.widened_because else "",
        *why.facts.shown(),
    )
    return between.join(filter(None, parts))


def _here(body: Body) -> Iterator[str]:
    for number, child in body.records:
        yield f"record {number} of import {body.generation}: {_child(child) or 'details not kept'}"


def _child(child: Demographics) -> str:
    born = "" if child.dob is None else child.dob.isoformat()
    return " ".join(filter(None, (child.forename, child.surname, born, child.postcode)))


def _agency(settings: NodeSettings, text: str | None) -> AgencyId:
    """Return the agency whose log is meant. Raises ``Defect``."""
    if text is None:
        if len(settings.agencies) != 1:
            raise Defect("--agency: this node has several agencies; name the one whose log it is")
        return settings.agencies[0].id
    return commands.identifier(AgencyId, text, "--agency")


def _receipt(text: str) -> Receipt:
    number, _, digest = text.partition(":")
    try:
        return Receipt(int(number), bytes.fromhex(digest))
    except ValueError:
        raise Defect("--witness: expected NUMBER:HASH, as verify printed it") from None
