"""``fingerpost audit search``: what an agency's own people asked, for subject access, complaints
and reviews.

One lookup has several entries, and is one line; so is a question that waited for a second person.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import structs

from fingerpost.audit.log import Entry, OperationId
from fingerpost.audit.search import Said, Sought, SoughtChild, Unread, require_enough
from fingerpost.membership import commands, search_commands
from fingerpost.membership.search_commands import Searched, SearchOptions
from fingerpost.private.codec import read_demographics, require_room
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.private.linkage import normalise, require_answerable
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import read_file
from practitioner import wiring
from practitioner.asking.audit import AskedBy, read_asked
from practitioner.asking.audit_events import (
    ASKED,
    DECLINED,
    ENDED,
    FAILED,
    GIVEN,
    REQUESTED,
    SENT,
    STOPPED,
    WIDENED,
)
from practitioner.asking.typed_dates import LONDON
from practitioner.cli.child import ask_child, read_child, say_unused, unused_of
from practitioner.cli.parsing import Agency, SettingsFile, administrator, agency_of, load

FORGOTTEN: Final = "forgotten"
REFERENCES_BYTES: Final = 64 * 1024 * 1024
COLUMNS: Final = (
    *("lookup", "at_utc", "account", "name", "role", "purpose", "reference", "child", "likeness"),
    *("reach", "widened", "after", "result", "queries"),
)
HEADINGS: Final = (
    *("Lookup", "When (UTC)", "Account", "Name", "Role", "For", "Reference", "About", "Child"),
    *("Reach", "Widened", "After", "Result", "Queries"),
)
WhyOption = Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")]


def audit_search(
    settings_file: SettingsFile,
    why: WhyOption,
    agency: Agency = None,
    child: Annotated[
        Path | None,
        typer.Option(
            help="The child's details as JSON, as for a lookup: a file of mode 0600, or - for "
            "standard input."
        ),
    ] = None,
    not_among: Annotated[
        Path | None,
        typer.Option(
            "--not-among",
            help="The references of your case system, one a line: lookups that state one of them "
            "are left out.",
        ),
    ] = None,
    *,
    options: SearchOptions,
) -> None:
    """Search what an agency's own people asked, by child, person, purpose and day.

    It also finds what states a reference that your case system does not know.
    All that you give must hold. Who searches, why, and for what is recorded first.

    Exit status: 0 every lookup could be searched; 3 some could not, and the last line says how many
    and why; 4 the log is not as it was recorded; 2 wrong use.
    """
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    criteria, reason = options.criteria(), OperationId(why)
    of_log = lookups
    if not_among is not None:
        content = read_file(not_among, most=REFERENCES_BYTES)
        criteria = structs.replace(criteria, not_among=hashlib.sha256(content).hexdigest())
        of_log = partial(lookups_without, _references(content))
    if child is not None and options.ask_child:
        raise Defect("--child: without --ask-child")
    found = None if child is None else read_child(child)
    if found is not None:
        say_unused(unused_of(found, upn=loaded.upn_keys))
    if options.ask_child:
        today = datetime.fromtimestamp(time.time(), LONDON).date()
        with search_commands.asking():
            found = ask_child(today, _require, upn=loaded.upn_keys)
    sought: Sought[bytes] = Sought(criteria)
    if found is not None:
        require_enough(found)
        require_room(found)
        likeness = SoughtChild([found], upn=loaded.upn_keys).likeness
        sought = Sought(structs.replace(criteria, child=found), likeness)
    searched = Searched(chosen, COLUMNS, HEADINGS, ("Name", "About", "Result"), of_log, row)
    searched.run(
        wiring.open_audit(loaded, chosen),
        sought,
        by=administrator(),
        why=reason,
        format_=options.format_,
    )


def _references(content: bytes) -> frozenset[str]:
    """Return the references of a file. Raises ``Defect``: it is no text, or has none."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Defect("--not-among: expected a text in UTF-8, one reference a line") from None
    found = frozenset(filter(None, (line.strip().casefold() for line in lines)))
    if not found:
        raise Defect("--not-among: the file has no reference")
    return found


def _require(child: Demographics) -> None:
    require_answerable(normalise(child))
    require_room(child)


# ---- lookups of entries --------------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class Lookup:
    """One lookup, or one request for approval, as far as its entries were read."""

    begun: Entry
    asked: AskedBy | None
    queries: list[str] = field(default_factory=list)
    widened: str = ""
    after: str = ""
    result: str = ""

    def note(self, entry: Entry) -> bool:
        """Take what an entry says of it. Return whether it has ended."""
        fields = entry.fields
        if entry.kind == SENT:
            self.queries.append(str(fields["query"]))
        elif entry.kind == WIDENED:
            self.widened, self.after = str(fields["because"]), str(fields["after"])
        elif entry.kind == ENDED:
            self.result = f"{fields['answered']} of {fields['asked']} answered"
        elif entry.kind == FAILED:
            self.result = f"nobody asked ({fields['code']})"
        elif entry.kind == STOPPED:
            self.result = "stopped, asked" if fields["left"] else "stopped, nobody asked"
        elif entry.kind == GIVEN:
            self.result = "request: approved"
        elif entry.kind == DECLINED:
            self.result = "request: declined"
        return bool(self.result)

    def __repr__(self) -> str:
        return f"Lookup({self.begun.seq})"


def lookups(entries: Iterable[Entry]) -> Iterator[tuple[Lookup, Said[bytes]]]:
    """Yield the lookups of a log as they end, and last those of which no end is recorded. Only
    lookups under way are held."""
    under_way: dict[OperationId, Lookup] = {}
    for entry in entries:
        if entry.kind in (ASKED, REQUESTED):
            asked = read_asked(entry.body) if entry.body else None
            under_way[entry.operation] = Lookup(entry, asked)
        elif (known := under_way.get(entry.operation)) is not None and known.note(entry):
            yield _with_words(under_way.pop(entry.operation))
    yield from map(_with_words, under_way.values())


def lookups_without(
    references: frozenset[str], entries: Iterable[Entry]
) -> Iterator[tuple[Lookup, Said[bytes]]]:
    """Yield the lookups as ``lookups``, without those that state one of the references.

    A lookup whose month was forgotten is yielded: what it stated cannot be read.

    Attack: a reference of the right form that belongs to no case. It is found only by comparing
    with the case system, some time later.
    """
    for lookup, said in lookups(entries):
        asked = lookup.asked
        if asked is None or asked.reason_reference.casefold() not in references:
            yield lookup, said


def _with_words(lookup: Lookup) -> tuple[Lookup, Said[bytes]]:
    begun, asked = lookup.begun, lookup.asked
    account, purpose = begun.actor.value, str(begun.fields["purpose"])
    if asked is None:
        why = Unread.FORGOTTEN
        return lookup, Said(begun.at, None, (account,), False, purpose, None, why)
    people = (account, asked.subject, asked.name)
    return lookup, Said(begun.at, None, people, True, purpose, [asked.written_child])


def row(lookup: Lookup, likeness: str) -> Sequence[str]:
    """Return the cells of a lookup, as ``COLUMNS``."""
    begun, asked = lookup.begun, lookup.asked
    waits = "request: not decided" if begun.kind == REQUESTED else "no end is recorded"
    return (
        begun.operation.value,
        commands.utc(begun.at),
        asked.subject if asked else begun.actor.value,
        asked.name if asked else FORGOTTEN,
        str(begun.fields["role"]),
        str(begun.fields["purpose"]),
        asked.reason_reference if asked else FORGOTTEN,
        _child(asked.written_child) if asked else FORGOTTEN,
        likeness,
        str(begun.fields["reach"]),
        lookup.widened,
        lookup.after,
        lookup.result or waits,
        " ".join(lookup.queries),
    )


def _child(written: bytes) -> str:
    child = read_demographics(written)
    born = written_birth(child.dob)
    return " ".join(filter(None, (child.forename, child.surname, born, child.postcode)))
