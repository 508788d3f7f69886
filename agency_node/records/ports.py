"""The ports of an agency's records.

A port says what is promised, not how. One suite tests each promise on every adaptor
(``tests/contracts``). Each method takes the agency it is about, so that nothing of one agency can
be reached from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.records.records import ChildRecord, Generation, Involvement, Origin, RecordId
from agency_node.records.shields import Register
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Query


class Records(Protocol):
    """The agencies' records: durable, and encrypted at rest with a data key for each agency.

    The methods block: call them from a thread.

    Every method raises ``Refused(NOT_ALLOWED)`` for an agency that is not of this node.
    """

    def agencies(self) -> tuple[AgencyId, ...]:
        """Return the agencies of this node, sorted."""

    def generation(self, agency: AgencyId) -> Generation | None:
        """Return the newest complete generation, or None when the agency has never imported."""

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        """Return one record.

        Raises:
            Refused: NOT_READY when the generation is gone or not complete.
            Defect: the record does not open (it is damaged, or in another's place).
        """

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        """Return every tag T_i (32 bytes), in the order of the records.

        Raises:
            Refused: NOT_READY, before the first tag, unless the generation is complete and fully
                tagged for the epoch.
        """

    def ready(self, agency: AgencyId, epoch: EpochNumber) -> Generation | None:
        """Return the newest complete generation that is fully tagged for the epoch.

        It is None when that generation, or a later one, was made under another
        ``NORMALISATION_VERSION`` (its blocking keys match no query's, so every answer would be
        "no"), and when the records are ``Imports.behind``.
        """


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """The records of the query's locator at ``position``.

    ``tag`` (T_i, 32 bytes) gives the wrap secret.
    """

    position: int
    tag: bytes
    records: tuple[RecordId, ...]
    generation: int

    def __repr__(self) -> str:
        return f"Hit({self.position})"


class Locators(Protocol):
    """Finds the records of locators of a slot, in memory. It is thread-safe."""

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        """Return the hits of children in the order of the positions, and none of marked records
        (attack: a question with their keys, which opens at every agency and fills every log).

        Hits change the time that it takes no more than they do in a hash table.

        Raises:
            Refused: NOT_READY unless ``ready``.
        """

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        """Return the generation that ``find`` answers from, or None when there is no table yet."""


class MarkedLocators(Protocol):
    """Finds marked records in the same tables."""

    def find_marked(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        """Return the hits of marked records, and none of children; else as ``Locators.find``."""

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        """Return as ``Locators.ready``."""


# ---- what importing and tagging need -------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Child:
    """A child of an import, before it has a number.

    ``mark`` (16 bytes) is a keyed digest of all her OPRF inputs in order: it is equal in two
    generations of one agency exactly when her tags are. ``own`` (16 bytes) is a keyed digest of the
    agency's own number for her, her date of birth and her forename. ``origin`` says when she came:
    now, unless the generation before has her, by either digest. ``local_id`` is that number itself,
    for the agency's own log; empty for a marked record.
    """

    demographics: Demographics
    involvements: tuple[Involvement, ...]
    mark: bytes
    own: bytes
    origin: Origin
    local_id: str = ""

    def __repr__(self) -> str:
        return "Child(…)"


@dataclass(frozen=True, slots=True)
class Staged:
    """How a generation is made, complete or not.

    ``children`` is how many are stored so far, and all of them once ``whole``; the numbers of the
    ``marked`` records are behind theirs. ``upn`` is whether pupil numbers are among its blocking
    keys. ``source`` (32 bytes) is what it was made of.
    """

    number: int
    as_of: int
    normalisation_version: int
    upn: bool
    children: int
    whole: bool
    source: bytes
    marked: int | None = None

    @property
    def records(self) -> int:
        """How many records have tags, of children and marked ones."""
        return self.children + (self.marked or 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one agency's records.

    ``newest`` is its newest complete generation. ``ready`` has for each epoch the newest complete
    one that is fully tagged for it and may be answered from (as ``Records.ready``). ``behind`` is
    as ``Imports.behind``.
    """

    newest: Generation | None
    ready: Mapping[EpochNumber, Generation]
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """The effort of tagging: the records whose tags came from the import before, and the keys that
    the holders evaluated.
    """

    taken_over: int = 0
    evaluated: int = 0


class Imports(Protocol):
    """The writing side of ``Records``, and what tagging reads.

    Every write is one transaction, durable on return. At most one generation of an agency is
    incomplete at a time. The methods block: call them from a thread.
    """

    def staged(self, agency: AgencyId, source: bytes) -> Staged | None:
        """Return the incomplete generation of ``source`` (32 bytes, as ``source`` returns)."""

    def begin(
        self,
        agency: AgencyId,
        source: bytes,
        *,
        as_of: int,
        normalisation_version: int,
        upn: bool,
        now: int,
        quality: Quality | None = None,
    ) -> Staged:
        """Begin an incomplete generation, and delete an earlier incomplete one of the agency.

        Args:
            quality: how well its records can be found.
        """

    def plan(self, agency: AgencyId, generation: int) -> Staged:
        """Return how a generation, complete or not, is made.

        Raises:
            Refused: NOT_READY when it is gone.
        """

    def add(self, agency: AgencyId, generation: int, first: int, children: Sequence[Child]) -> None:
        """Store children, numbered from ``first``.

        A child with the mark or the own number of a record in the newest complete generation before
        this one was first seen when that record was.

        Raises:
            Defect: ``first`` is not the number of children stored so far.
        """

    def close_staging(
        self,
        agency: AgencyId,
        generation: int,
        census: bytes = b"",
        marked: Sequence[Child] = (),
    ) -> None:
        """Store the marked records behind the children, and make the generation ``whole``, at once:
        no more come. Its counts are kept sealed."""

    def census(self, agency: AgencyId, generation: int) -> bytes:
        """Return the counts of a generation; empty where there are none, or they do not open.

        Raises:
            Refused: NOT_READY when it is gone.
        """

    def complete(self, agency: AgencyId, generation: int, now: int) -> Generation:
        """Make a whole generation the newest complete one, and witness it.

        A second call changes nothing.

        Raises:
            Defect: it is not whole.
        """

    def behind(self, agency: AgencyId) -> bool:
        """Return whether the store is a copy that is older than the last import of its witness.

        Such an agency is not ready for anything until it imports again, or ``adopt`` is called.
        """

    def adopt(self, agency: AgencyId) -> Generation:
        """Accept the records that are there, whatever the witness says.

        No number of a generation is used twice.

        Raises:
            Defect: there is no complete generation.
        """

    def mark(self, agency: AgencyId, inputs: Sequence[bytes]) -> bytes:
        """Return 16 bytes, keyed by the agency's data key.

        Without the key, whoever steals the database cannot test a child's fields.
        """

    def source(self, agency: AgencyId, *parts: bytes) -> bytes:
        """Return 32 bytes, keyed as ``mark``, over the parts with their lengths."""

    def children(
        self, agency: AgencyId, generation: int, first: int, most: int
    ) -> tuple[tuple[RecordId, Demographics, bytes], ...]:
        """Return demographics and marks of at most ``most`` records from ``first`` on, also of
        marked ones.

        The generation may be incomplete.
        """

    def with_own(
        self, agency: AgencyId, generation: int, own: Callable[[Demographics], bytes]
    ) -> tuple[tuple[RecordId, Demographics], ...]:
        """Return the records whose ``Child.own`` is the one that ``own`` makes of their
        demographics.

        It opens every record of the generation, a few at a time.
        """

    def untagged(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> tuple[int, ...]:
        """Return the first record of each block of ``TAG_BLOCK`` that has no tags yet, in order."""

    def put_tags(
        self,
        agency: AgencyId,
        generation: int,
        epoch: EpochNumber,
        first: int,
        tags: Sequence[Sequence[bytes]],
        effort: Effort,
    ) -> None:
        """Store the tags of one block, one sequence of T_i for each record.

        A second call changes nothing.
        """

    def effort(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> Effort:
        """Return the effort of all blocks that have tags, whichever run made them."""

    def earlier_tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber, marks: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...] | None, ...]:
        """Return for each mark the tags of a record with the same mark in the generation before.

        That is the newest complete one before ``generation``, if it is fully tagged for the epoch.
        So a nightly import asks the key holders only for what has changed.
        """

    def standings(self) -> Mapping[AgencyId, Standing]:
        """Return the state of every agency of this node at once.

        A host of thousands of agencies asks every few seconds. A generation without records needs
        no tags and is not listed under ``ready``: ask ``Records.ready``.
        """

    def delete_before(self, agency: AgencyId, generation: int) -> int:
        """Delete the generations with a smaller number, and return how many there were."""

    def forget_epochs(self, keep: Sequence[EpochNumber]) -> None:
        """Delete the tags of all other epochs: those are over, and no query can use them."""


class Shields(Protocol):
    """The agencies' registers of shields: durable, sealed with the agency's data key, and apart
    from its generations. The methods block.

    Every method raises ``Refused(NOT_ALLOWED)`` for an agency that is not of this node.
    """

    def read(self, agency: AgencyId) -> Register:
        """Return the register; an empty one that is not whole where there never was one.

        Raises:
            Defect: it cannot be read, or is not the newest that was written.
        """

    def state(self, agency: AgencyId) -> object:
        """Return a value that changes whenever the register does. It costs a look at a file.

        Raises:
            Defect: it cannot be read.
        """

    def change(self, agency: AgencyId, change: Callable[[Register], Register]) -> Register:
        """Put the register that ``change`` makes of the present one in its place, durably, and
        return it. No other process changes it meanwhile.

        Raises:
            Defect: as ``read``, or it cannot be written. It stays as it was.
        """


TAG_BLOCK = 256
"""Records whose tags are sealed together."""


class KeyHolders(Protocol):
    async def evaluate(self, batches: tuple[Blinded, Blinded]) -> tuple[Evaluated, Evaluated]:
        """Ask both key holders at once, each for its own batch, in the order of the parameters.

        It waits and asks again while a holder cannot be reached or is not ready. Whoever unblinds
        checks the proofs.

        Raises:
            Refused: QUOTA, UNSUPPORTED, NOT_ALLOWED, …, and UNAVAILABLE when its patience ends.
        """


class Tags(Protocol):
    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        """Return the tags T_i (32 bytes) of 1 to 256 OPRF inputs, in order.

        ``holders`` are in the order of the parameters.

        Raises:
            Refused: as ``KeyHolders``, and BAD_PROOF.
        """


# ---- the journal of what was asked ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class StoredPage:
    """A sealed page of the journal. ``tried``: it may be in the agencies' logs."""

    number: int
    sealed: bytes
    tried: bool

    def __repr__(self) -> str:
        return f"StoredPage({self.number})"


class JournalStore(Protocol):
    """Where the journal is kept. The methods block, and raise ``Defect`` when the disk fails."""

    def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
        """Return the hashes H(core) of those queries that were kept before, while each could be
        fresh."""

    def keep(self, queries: Sequence[Query], page: bytes, now: float) -> None:
        """Keep the queries and a page, durably, in one commit. An empty page is left out."""

    def pages(self, after: int, most: int) -> tuple[StoredPage, ...]:
        """Return the oldest pages whose number is above ``after``, at most so many."""

    def mark_tried(self, numbers: Sequence[int]) -> None:
        """Mark pages as ``tried``, durably."""

    def remove(self, numbers: Sequence[int]) -> None:
        """Remove pages."""
