"""``fingerpost-node inbox``: who asked about children known here, for the agency's officers.

The list names nobody. Names are opened one by one, and each opening is in the log before anything
is shown: who opened it, and why. The evidence about one child or one person is exported as a whole,
and the export is recorded with the digest of its file.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import (
    ENTRY_SHOWN,
    EXPORTED,
    REVEALED,
    open_requester,
    requester_box,
)
from agency_node.answering.entries import Body, HiddenRequester
from agency_node.answering.pages import Asked
from agency_node.answering.wiring import audit_key
from agency_node.cli import searching
from agency_node.cli.audit import EVERYTHING, NO_DESK, Agency, chosen_agency, our_records, stated
from agency_node.cli.rules_shown import RulesShown
from agency_node.cli.run import PROGRAM
from agency_node.cli.searching import OwnOptions, handled
from agency_node.cli.typed_child import child_in_words
from agency_node.inbox.lookups import Act, Lookup, acts_of, lookups
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, AuditLog, OperationId
from fingerpost.membership import commands, search_commands
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption, with_options
from fingerpost.membership.search_commands import Searched, SearchOptions
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import create_file
from fingerpost.runtime.listing import a_console, show_block

COLUMNS: Final = (
    *("entries", "at_utc", "role", "asking_kind", "purpose", "outcome", "likeness", "handled"),
)
HEADINGS: Final = ("No.", "When (UTC)", "Role", "At", "For", "Outcome", "Child", "Handled")
FORGOTTEN: Final = "forgotten"
NOT_VERIFIED: Final = "not verified"

Number = Annotated[int, typer.Argument(min=1, help="The number of the lookup, as list prints it.")]

app = typer.Typer(no_args_is_help=True, help="See who asked about children known here.")


def register(parent: typer.Typer) -> None:
    """Add ``inbox`` to the node's command line."""
    app.command("list")(with_options(list_))
    app.command("open")(open_)
    app.command("export")(with_options(export))
    parent.add_typer(app, name="inbox")


def list_(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    *,
    options: SearchOptions,
    own: OwnOptions,
) -> None:
    """List who asked, without names; search by child, person, agency, purpose and day.

    All that you give must hold. Who looks, why, and for what is recorded first.

    Exit status: 0 every lookup could be searched; 3 some could not, and the last line says how many
    and why; 4 the log is not as it was recorded; 2 wrong use.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    sought = own.sought(options, settings, chosen)
    log = wiring.open_audit(settings, chosen)
    prose = ("Outcome", "Handled")
    searched = Searched(chosen, COLUMNS, HEADINGS, prose, lookups, partial(_nameless, _acts(log)))
    searched.run(log, sought, by=actor, why=reason, format_=options.format_)


def open_(
    settings_file: SettingsFile,
    number: Number,
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
    reveal: Annotated[
        bool,
        typer.Option(
            "--reveal",
            help="Show who asked, where only records that may have been planted opened the lookup.",
        ),
    ] = False,
) -> None:
    """Open one lookup: who asked, why, about which of your records, and what was disclosed.

    Who opens it, and why, is recorded first.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    with closing(wiring.open_audit(settings, chosen)) as log:
        lookup = lookup_of(log, chosen, number)
        hides = lookup.body is not None and bool(lookup.body.sealed_requester)
        if reveal and not hides:
            raise Defect(f"--reveal: entry {number} of {chosen} hides no requester")
        event = REVEALED if reveal else ENTRY_SHOWN
        log.append(AuditEvent(event, actor, reason, int(time.time()), {"entry": number}))
        acts = _acts(log)
    hidden = hidden_requester(settings, chosen, lookup) if reveal else None
    rules = RulesShown(settings.agreements)
    show_block(a_console(), _opened(lookup, hidden, rules, acts))


def export(
    settings_file: SettingsFile,
    by: ByOption,
    why: WhyOption,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A new file for it (default: standard output)."),
    ] = None,
    agency: Agency = None,
    *,
    options: SearchOptions,
    own: OwnOptions,
) -> None:
    """Export who asked, with names, for subject access and complaints.

    It is about one child, of one person, agency or purpose, or of some days.
    All that you give must hold. Who exports, why, and for what is recorded first. Of a file its
    SHA-256 is recorded, too, so that it can be shown that nobody changed it.

    Exit status: as for list.
    """
    settings = PROGRAM.load(settings_file)
    chosen = settings.agency(chosen_agency(settings, agency)).id
    actor, reason = Actor(by), OperationId(why)
    sought = own.sought(options, settings, chosen)
    log = wiring.open_audit(settings, chosen)
    show = partial(searching.evidence, RulesShown(settings.agreements), _acts(log))
    columns, headings = searching.COLUMNS, searching.HEADINGS
    searched = Searched(chosen, columns, headings, searching.PROSE, lookups, show)
    if out is None:
        searched.run(log, sought, by=actor, why=reason, format_=options.format_)
    made, form = io.StringIO(newline=""), options.format_
    with closing(log):
        tally = searched.write(log, sought, by=actor, why=reason, format_=form, stream=made)
        content = made.getvalue().encode()
        digest = hashlib.sha256(content).hexdigest()
        fields: Mapping[str, int | str] = {"lookups": tally.found, "sha256": digest}
        log.append(AuditEvent(EXPORTED, actor, reason, int(time.time()), fields))
        create_file(out, content)
    typer.echo(f"{out}, SHA-256 {digest}", err=True)
    search_commands.end(tally)


def lookup_of(log: AuditLog, agency: AgencyId, number: int) -> Lookup:
    """Return the lookup that has this entry. Raises ``Defect``: there is none."""
    entries = log.show(*EVERYTHING, decrypt=True, verified=True)
    found = next((each for each, _ in lookups(entries) if number in each.numbers), None)
    if found is None:
        raise Defect(f"entry {number} of {agency} is no lookup: see inbox list")
    return found


def _acts(log: AuditLog) -> Mapping[int, Sequence[Act]]:
    return acts_of(log.show(*EVERYTHING, decrypt=False))


def hidden_requester(
    settings: NodeSettings, agency: AgencyId, lookup: Lookup
) -> HiddenRequester | None:
    """Return who asked, where the entry does not show it; None where it hides nobody. Record the
    reason first."""
    body, query = lookup.body, str(lookup.first.fields["query"])
    if body is None or not body.sealed_requester:
        return None
    box = requester_box(audit_key(settings), agency)
    return open_requester(box, agency, query, body.sealed_requester)


# ---- what is shown ------------------------------------------------------------------------------


def _nameless(acts: Mapping[int, Sequence[Act]], lookup: Lookup, likeness: str) -> tuple[str, ...]:
    """Return the cells of a lookup, as ``COLUMNS``: nothing in them names a person or an agency."""
    return (
        " ".join(map(str, lookup.numbers)),
        commands.utc(lookup.at),
        *_of_whom(lookup),
        lookup.outcome,
        likeness,
        handled(acts, lookup),
    )


def _of_whom(lookup: Lookup) -> tuple[str, str, str]:
    """Return role, kind of agency and purpose."""
    if lookup.body is None:
        return FORGOTTEN, FORGOTTEN, FORGOTTEN
    if lookup.asked is None:
        return NOT_VERIFIED, "", ""
    return lookup.asked.role.name, lookup.body.asking_kind, lookup.asked.purpose.name


def _opened(
    lookup: Lookup,
    hidden: HiddenRequester | None,
    rules: RulesShown,
    acts: Mapping[int, Sequence[Act]],
) -> Iterator[tuple[str, str]]:
    yield "No.", " ".join(map(str, lookup.numbers))
    yield "When", f"{commands.utc(lookup.at)} UTC"
    if lookup.body is None:
        yield "Asked by", f"{lookup.asking or 'somebody'} (the rest was forgotten with its month)"
    elif lookup.asked is None:
        yield "Asked by", f"not verified ({lookup.body.refusal}): nobody vouches for a name"
    else:
        yield from _requester(lookup, lookup.body, lookup.asked, hidden)
        yield "About", child_in_words(lookup.asked.child)
        yield "Look at", "\n".join(our_records(lookup.body))
    yield "Outcome", lookup.outcome
    for body in lookup.bodies:
        yield "Disclosed", "\n".join(rules.lines(body.ruled))
    yield "Query", "\n".join(str(entry.fields["query"]) for entry in lookup.entries)
    yield "Handled", handled(acts, lookup)


def _requester(
    lookup: Lookup, body: Body, asked: Asked, hidden: HiddenRequester | None
) -> Iterator[tuple[str, str]]:
    if hidden is not None:
        who = f"{hidden.name} ({hidden.subject}), {asked.role.name}"
        yield "Asked by", f"{who}, {hidden.agency_name} ({hidden.agency})"
        yield "Ring", hidden.agency_desk or NO_DESK
        yield "For", asked.purpose.name
        yield "Reference", hidden.reason_reference
        yield "Approved by", hidden.approvers
        yield "Training over", hidden.grace and f"may ask until {hidden.grace}"
        yield "Stated", "\n".join(hidden.stated.shown())
    elif body.unexpected:
        yield "Asked by", f"{asked.role.name} at {body.asking_kind}; name and agency are not shown"
        yield "Why not", "; ".join(reason.words for reason in body.unexpected)
        yield "To see it", f"inbox open {lookup.numbers[0]} --reveal"
        yield "For", asked.purpose.name
    else:
        who = f"{asked.name} ({asked.subject}), {asked.role.name}"
        yield "Asked by", f"{who}, {body.asking_name or lookup.asking} ({lookup.asking})"
        yield "Ring", body.asking_desk or NO_DESK
        yield "For", stated(asked, "\n")
