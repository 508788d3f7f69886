"""The lookups in an agency's log, as its officers see them, and which are searched for. Pure.

One lookup may have gone out as two queries, and then has two entries; they are one lookup. Of an
entry that hides who asked, nothing is said of her, and it is not searched by what it hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from agency_node.answering.entries import OPENED, Body, OurRecord, read_body
from agency_node.answering.matching import Finding
from agency_node.answering.pages import Asked
from fingerpost.audit.search import Said, SoughtChild, Unread
from fingerpost.private.linkage import Decision
from fingerpost.protocol.codes import Status

TOGETHER_SECONDS: Final = 30
"""The two queries of one lookup come within this time."""


class LogEntry(Protocol):
    """What is needed of an entry of the log (``fingerpost.audit.log.Entry``)."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> int: ...
    @property
    def actor(self) -> object: ...
    @property
    def operation(self) -> object: ...
    @property
    def fields(self) -> Mapping[str, str | int | bool]: ...
    @property
    def body(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, repr=False)
class Lookup:
    """One lookup: its one or two entries, and what both say of it."""

    body: Body | None
    entries: list[LogEntry] = field(default_factory=list)

    @property
    def first(self) -> LogEntry:
        return self.entries[0]

    @property
    def at(self) -> int:
        """When it came, in seconds since 1970 UTC."""
        return self.first.at

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its entries."""
        return tuple(entry.seq for entry in self.entries)

    @property
    def asked(self) -> Asked | None:
        """Who asked, why and about whom; None where that was forgotten, or nobody vouched for
        it. Where the entry hides who asked, names and references in it are empty."""
        return None if self.body is None else self.body.asked

    @property
    def asking(self) -> str:
        """The id of the agency that asked; empty where the entry does not show it."""
        return str(self.first.fields["asking"])

    @property
    def findings(self) -> tuple[str, ...]:
        """The names of what was found, each once."""
        return tuple(dict.fromkeys(str(entry.fields["finding"]) for entry in self.entries))

    @property
    def told(self) -> int:
        """How many pointers left."""
        return sum(int(entry.fields["told"]) for entry in self.entries)

    @property
    def named_us(self) -> bool:
        """Whether an answer said that the agency is involved."""
        involved = Status.INVOLVED.name
        return any(entry.fields["answer"] == involved for entry in self.entries)

    @property
    def records(self) -> tuple[OurRecord, ...]:
        """The agency's records that it is or may be about, the likeliest of each entry first."""
        return tuple(record for body in self.bodies for record in body.records)

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The sealed part of each entry; of a forgotten month none."""
        return tuple(read_body(entry.body) for entry in self.entries if entry.body)

    @property
    def outcome(self) -> str:
        """What it came to for the agency, in plain words."""
        if self.named_us:
            pointers = "1 pointer" if self.told == 1 else f"{self.told} pointers"
            return f"you were named: {pointers}"
        return next(words for finding, words in _OUTCOMES.items() if finding.value in self.findings)

    def goes_on_in(self, entry: LogEntry) -> bool:
        """Return whether an entry with the same body is of its other query."""
        return len(self.entries) == 1 and entry.fields["reach"] != self.first.fields["reach"]

    def __repr__(self) -> str:
        return f"Lookup({list(self.numbers)})"


_OUTCOMES: Final[Mapping[Finding, str]] = {
    Finding.MATCH: "known here, nothing disclosed",
    Finding.POSSIBLE: "may be known here, nothing disclosed: look at your records",
    Finding.UNREAD: "a record could not be read, you could not answer",
    Finding.REFUSED: "not permitted, nothing disclosed",
    Finding.MISMATCH: "asked about one child by the details of another, nothing disclosed",
    Finding.DIFFERENT: "about another child, nothing disclosed",
}
"""In the order in which they matter to an officer."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody at the agency did about an entry.

    Attributes:
        kind: of the entry of the log that records it.
        by: who did it, as the log names her.
        why: her reference to the reason.
        at: in seconds since 1970 UTC.
    """

    kind: str
    by: str
    why: str
    at: int


def acts_of(entries: Iterable[LogEntry]) -> Mapping[int, tuple[Act, ...]]:
    """Return by the number of an entry what was done about it, in the order of the log."""
    found: dict[int, tuple[Act, ...]] = {}
    for entry in entries:
        about = entry.fields.get("entry")
        if isinstance(about, int):
            act = Act(entry.kind, str(entry.actor), str(entry.operation), entry.at)
            found[about] = (*found.get(about, ()), act)
    return found


@dataclass(frozen=True, slots=True, repr=False)
class KnownAs:
    """A form in which an entry knows the child.

    Attributes:
        written: its stored form; empty where only the number of a record was kept.
        record: import and number of the record; None for the child as she was asked about.
        local_id: the agency's own number of the record; empty where it is not known.
        sure: whether the lookup is about this child, and not perhaps about her.
    """

    written: bytes
    record: tuple[int, int] | None
    sure: bool
    local_id: str = ""

    def __repr__(self) -> str:
        return "KnownAs(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Resembles:
    """The child who is searched for, and the records of ours that are hers: by import and number,
    and by the agency's own number."""

    child: SoughtChild
    records: frozenset[tuple[int, int]] = frozenset()
    local_id: str = ""

    def of(self, known: KnownAs) -> Decision:
        """Return how a child of an entry resembles her."""
        found = Decision.DIFFERENT
        if known.record in self.records or (known.local_id and known.local_id == self.local_id):
            found = Decision.MATCH
        elif known.written:
            found = self.child.likeness(known.written)
        if found is Decision.MATCH and not known.sure:
            return Decision.POSSIBLE
        return found

    def __repr__(self) -> str:
        return "Resembles(…)"


def lookups(entries: Iterable[LogEntry]) -> Iterator[tuple[Lookup, Said[KnownAs]]]:
    """Yield the lookups of a log, those of one half minute held at a time."""
    waiting: dict[object, Lookup] = {}
    for entry in entries:
        if entry.kind != OPENED:
            continue
        while waiting:
            eldest = next(iter(waiting))
            if entry.at - waiting[eldest].first.at <= TOGETHER_SECONDS:
                break
            yield _with_words(waiting.pop(eldest))
        body = read_body(entry.body) if entry.body else None
        whose = _whose(entry, body)
        known = waiting.get(whose)
        if known is not None and known.goes_on_in(entry):
            known.entries.append(entry)
            continue
        if known is not None:
            yield _with_words(waiting.pop(whose))
        waiting[whose] = Lookup(body, [entry])
    yield from map(_with_words, waiting.values())


def _whose(entry: LogEntry, body: Body | None) -> object:
    """Return what the entries of one lookup share. An entry that does not show who asked shares it
    with no other."""
    if body is None or body.asked is None or body.unexpected:
        return entry.seq
    return entry.fields["asking"], body.asked


def _with_words(lookup: Lookup) -> tuple[Lookup, Said[KnownAs]]:
    body, at = lookup.body, lookup.first.at
    agency = lookup.asking or None
    if body is None:
        return lookup, Said(at, agency, (), False, None, None, Unread.FORGOTTEN)
    asked = body.asked
    if asked is None:
        return lookup, Said(at, None, (), False, None, None, Unread.NOT_BELIEVED)
    children = [KnownAs(asked.written_child, None, sure=True), *_known(lookup)]
    if body.unexpected:
        purpose = asked.purpose.name
        return lookup, Said(at, None, (), False, purpose, children, Unread.NOT_SHOWN)
    people = (asked.subject, asked.name)
    return lookup, Said(at, agency, people, True, asked.purpose.name, children)


def _known(lookup: Lookup) -> Iterator[KnownAs]:
    """Yield the records that were found. Of them, the first of a match is the child's for sure."""
    for entry in lookup.entries:
        if not entry.body:
            continue
        body = read_body(entry.body)
        matched = entry.fields["finding"] == Finding.MATCH.value
        local_ids = (record.local_id for record in body.records)
        found = zip(body.written_records, local_ids, strict=True)
        for place, ((number, written), local_id) in enumerate(found):
            sure = matched and place == 0
            yield KnownAs(written, (body.generation, number), sure, local_id)
