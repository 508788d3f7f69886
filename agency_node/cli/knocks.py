"""``fingerpost-node knocks`` and ``close-knock``: for the agency's desk.

The list has the lookups about children who are, or may be, known here, of which nothing was
disclosed. It names nobody: names are opened one by one, on record (``inbox open``). The commands
need the audit key.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import KNOCK_CLOSED
from agency_node.cli.audit import Agency, chosen_agency
from agency_node.cli.run import PROGRAM
from agency_node.inbox.lookups import Lookup, lookups
from agency_node.notices.lanes import Lane
from agency_node.notices.ports import Notice, Outcome
from agency_node.notices.wiring import notices_store, public_webhook_key
from agency_node.notices.words import FIRST, WHAT_THEY_KNOW, asked
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.audit.search import Criteria
from fingerpost.membership import commands, search_commands
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_list

Number = Annotated[
    int, typer.Option("--number", min=1, help="The number of the knock in the list.")
]
OUTCOMES: Final = "; ".join(f"{each.name} ({each.words})" for each in Outcome)


def register(app: typer.Typer) -> None:
    """Add the commands to the node's command line."""
    app.command()(knocks)
    app.command("close-knock")(close_knock)
    app.command("webhook-key")(webhook_key)


@dataclass(frozen=True, slots=True, repr=False)
class Knock:
    """A lookup with what is kept of it, of one query or two."""

    lookup: Lookup
    notices: tuple[Notice, ...]

    @property
    def number(self) -> int:
        """The number of its entry in the agency's log."""
        return self.lookup.first.seq

    @property
    def lane(self) -> Lane:
        return min(notice.lane for notice in self.notices)

    @property
    def outcome(self) -> Outcome | None:
        return next((notice.outcome for notice in self.notices if notice.outcome), None)

    def __repr__(self) -> str:
        return f"Knock({self.number})"


def knocks(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are closed, of 90 days.")
    ] = False,
) -> None:
    """List who asked about a child you may know and was told nothing. Times are UTC.

    Who looks at it, and why, is recorded first. The list names nobody: open a knock to see who
    asked (inbox open).
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    with closing(wiring.open_audit(settings, chosen)) as log, notices_store(settings) as store:
        notices = store.of(chosen)
        waiting = [each for each in notices if each.is_open]
        first, last = _span(notices if everything else waiting)
        search_commands.record(log, Criteria(first, last), by=actor, why=reason)
        found = [each for each in _knocks(log, notices) if everything or each.outcome is None]
        now = int(time.time())
        store.change(waiting, lambda each: replace(each, seen_at=each.seen_at or now))
    found.sort(key=lambda each: (each.outcome is not None, each.lane, each.number))
    console = a_console()
    show_list(
        console,
        ("No.", "When (UTC)", "How soon", "What", "Closed"),
        [tuple(_row(each)) for each in found],
        title=str(chosen),
        prose=("What",),
    )
    if found:
        console.print(f"{WHAT_THEY_KNOW} {FIRST}")
        console.print(
            "See who asked, and whom to ring: fingerpost-node inbox open, with the number."
        )


def close_knock(
    settings_file: SettingsFile,
    number: Number,
    outcome: Annotated[str, typer.Option(help=f"What you decided, one of: {OUTCOMES}")],
    by: ByOption,
    agency: Agency = None,
) -> None:
    """Record what you decided about a knock, and take it off the list. Nobody else is told."""
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    decided, actor = _outcome(outcome), Actor(by)
    with closing(wiring.open_audit(settings, chosen)) as log, notices_store(settings) as store:
        knock = _the(number, chosen, log, store.of(chosen))
        now, about = int(time.time()), OperationId.of(knock.notices[0].query)
        fields: dict[str, int | str] = {"entry": number, "outcome": decided.name}
        log.append(AuditEvent(KNOCK_CLOSED, actor, about, now, fields))
        store.change(
            knock.notices,
            lambda each: replace(each, outcome=decided, seen_at=each.seen_at or now),
        )
    typer.echo(f"Recorded: {decided.words}.")


def webhook_key(settings_file: SettingsFile) -> None:
    """Print the public key by which an agency's own system verifies webhooks.

    It is an Ed25519 key, in 64 hexadecimal digits.
    """
    settings = PROGRAM.load(settings_file)
    if settings.webhook_key is None:
        raise Defect("webhook_key: the settings name none")
    typer.echo(public_webhook_key(settings.webhook_key))


def _the(number: int, agency: AgencyId, log: AuditLog, notices: Sequence[Notice]) -> Knock:
    for knock in _knocks(log, notices):
        if knock.number == number:
            return knock
    raise Defect(f"--number: entry {number} of {agency} is no knock of the last 90 days")


def _knocks(log: AuditLog, notices: Sequence[Notice]) -> Iterator[Knock]:
    """Yield the lookups that knocked. Of two queries of one lookup, one that named the agency takes
    both out: the requester was told."""
    by_query = {each.query.hex(): each for each in notices if each.lane is not Lane.LOG_ONLY}
    first, last = _span(tuple(by_query.values()))
    for lookup, _ in lookups(log.show(first, last, decrypt=True)):
        found = [by_query.get(str(entry.fields["query"])) for entry in lookup.entries]
        its = tuple(each for each in found if each is not None)
        if its and not lookup.named_us:
            yield Knock(lookup, its)


def _span(notices: Sequence[Notice]) -> tuple[int, int]:
    times = [each.at for each in notices] or [int(time.time())]
    return min(times), max(times) + 1


def _row(knock: Knock) -> Iterator[str]:
    yield str(knock.number)
    yield commands.utc(knock.lookup.first.at)
    yield knock.lane.words
    yield _sentence(knock)
    yield knock.outcome.words if knock.outcome else ""


def _sentence(knock: Knock) -> str:
    body = knock.lookup.body
    by = None if body is None else body.asked
    return asked(None, None) if by is None else asked(by.role, by.purpose)


def _outcome(text: str) -> Outcome:
    try:
        return Outcome[text.strip().upper().replace("-", "_")]
    except KeyError:
        raise Defect("--outcome: one of " + ", ".join(each.name for each in Outcome)) from None
