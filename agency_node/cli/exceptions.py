"""``fingerpost-node inbox exceptions``, ``mark`` and ``unmark``: which lookups to look at first,
and the children whom an agency watches.

Which children are marked stands in the agency's log, as keyed digests of its own numbers: a file
that lists them would be the first thing that a thief reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import (
    CHALLENGE_ANSWERED,
    CHALLENGE_SIGNED,
    CHILD_MARKED,
    CHILD_UNMARKED,
    ENTRY_SHOWN,
    REVEALED,
)
from agency_node.cli.audit import EVERYTHING, Agency, chosen_agency
from agency_node.cli.run import PROGRAM, kept_list
from agency_node.cli.typed_child import OWN_NUMBER, prompted
from agency_node.importing.sources import fields as read
from agency_node.importing.wiring import data_keys
from agency_node.inbox.exceptions import Around, Exceptional, Marked, exceptions
from agency_node.inbox.lookups import lookups
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, Entry, OperationId
from fingerpost.audit.search import Criteria
from fingerpost.membership import commands, search_commands
from fingerpost.membership.commands import (
    ByOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime.listing import a_console, show_list

HEADINGS: Final = ("Exception", "No.", "Why", "What to do")

Digest = Callable[[str], str]
"""It returns the keyed digest of an own number."""
AsOption = Annotated[
    str,
    typer.Option(
        "--as",
        help="tripwire: nobody should ask about her. colleague: the child of a colleague, who "
        "agreed to it.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``inbox``."""
    app.command("exceptions")(show_exceptions)
    app.command()(mark)
    app.command()(unmark)


def show_exceptions(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """List the lookups to look at first, why, and what to do. It names nobody.

    Who looks, and why, is recorded first.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    first, last = commands.span(since, until)
    with closing(wiring.open_audit(settings, chosen)) as log:
        search_commands.record(log, Criteria(first, last), by=actor, why=reason)
        around = _around(settings, chosen, log.show(*EVERYTHING, decrypt=False))
        entries = log.show(first, last, decrypt=True, verified=True)
        found = exceptions((lookup for lookup, _ in lookups(entries)), around)
    title = f"{chosen}. An exception is a reason to look, and no accusation."
    show_list(a_console(), HEADINGS, map(_row, found), title=title, prose=("Why", "What to do"))
    if around.near is None:
        typer.echo(
            "The node keeps no valid member list, so lookups from other areas are not listed.",
            err=True,
        )


def mark(
    settings_file: SettingsFile, by: ByOption, why: WhyOption, as_: AsOption, agency: Agency = None
) -> None:
    """Mark a child, so that each lookup that is or may be about her is an exception.

    You are asked for your own number of her. Nothing that is disclosed changes.
    """
    try:
        marked = Marked(as_)
    except ValueError:
        raise Defect("--as: tripwire or colleague") from None
    _record(settings_file, agency, by, why, CHILD_MARKED, {"as": marked.value})
    typer.echo("Marked. Lookups from now on and before are exceptions.")


def unmark(
    settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None
) -> None:
    """Take the mark of a child away."""
    _record(settings_file, agency, by, why, CHILD_UNMARKED, {})
    typer.echo("Her mark is taken away.")


def _record(
    settings_file: SettingsFile,
    agency: str | None,
    by: str,
    why: str,
    kind: str,
    fields: Mapping[str, str],
) -> None:
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    number = prompted(OWN_NUMBER, read.read_local_id)
    told = {**fields, "child": _digest(settings, chosen)(number)}
    with closing(wiring.open_audit(settings, chosen)) as log:
        log.append(AuditEvent(kind, actor, reason, int(time.time()), told))


def _digest(settings: NodeSettings, agency: AgencyId) -> Digest:
    key = data_keys(settings)[agency]
    return lambda number: key.mark((b"marked child", number.encode("utf-8"))).hex()


def _around(settings: NodeSettings, agency: AgencyId, entries: Iterable[Entry]) -> Around:
    """Return what lookups are compared with. ``entries``: the whole log, without bodies."""
    marked: dict[str, Marked] = {}
    opened: set[int] = set()
    unanswered: dict[int, int] = {}
    for entry in entries:
        if entry.kind == CHILD_MARKED:
            marked[str(entry.fields["child"])] = Marked(str(entry.fields["as"]))
        elif entry.kind == CHILD_UNMARKED:
            marked.pop(str(entry.fields["child"]), None)
        elif entry.kind in (ENTRY_SHOWN, REVEALED):
            opened.add(int(entry.fields["entry"]))
        elif entry.kind == CHALLENGE_SIGNED:
            unanswered[int(entry.fields["entry"])] = int(entry.fields["answer_by"])
        elif entry.kind == CHALLENGE_ANSWERED:
            unanswered.pop(int(entry.fields["entry"]), None)
    digest = _digest(settings, agency)
    return Around(
        agency,
        _near(settings, agency),
        lambda number: marked.get(digest(number)),
        frozenset(opened),
        unanswered,
        int(time.time()),
    )


def _near(settings: NodeSettings, agency: AgencyId) -> frozenset[AreaCode] | None:
    federation = kept_list(settings, time.time())
    area = None if federation is None else federation.areas.get(agency.area)
    return None if area is None else frozenset((area.code, *area.neighbours))


def _row(found: Exceptional) -> tuple[str, ...]:
    numbers = " ".join(map(str, found.numbers))
    return found.rule.value, numbers, found.why, found.rule.action
