"""What the node needs of the world.

Law: what is promised, not how. Every promise here is tested once and on every adaptor (``tests/contracts``).
Nothing of one agency is reachable from another: each method takes the agency it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agency_node.records.records import ChildRecord, Generation, Involvement, RecordId
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated


class Records(Protocol):
    """The agencies' records: durable, encrypted at rest with a data key for each agency. Blocking: use a thread.

    Every method raises ``Refused(NOT_ALLOWED)`` for an agency that is not of this node.
    """

    def agencies(self) -> tuple[AgencyId, ...]:
        """The agencies of this node, sorted."""

    def generation(self, agency: AgencyId) -> Generation | None:
        """The newest complete one; None: never imported."""

    def child(self, agency: AgencyId, generation: int, record: RecordId) -> ChildRecord:
        """Raises ``Refused(NOT_READY)`` when the generation is gone or not complete; ``Defect`` when the record
        does not
        open (damaged, or put in another's place)."""

    def tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber
    ) -> Iterator[tuple[RecordId, bytes]]:
        """Every T_i (32 bytes) in the order of the records. Raises ``Refused(NOT_READY)`` before the first one
        unless the
        generation is complete and fully tagged for the epoch."""

    def ready(self, agency: AgencyId, epoch: EpochNumber) -> Generation | None:
        """The newest complete generation that is fully tagged for the epoch. None when it, or one after it, was made
        under another ``NORMALISATION_VERSION`` (its keys meet nobody's: every answer would be "no"), and when the
        records are ``Imports.behind``."""


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """The query's locator at ``position`` is of these records. ``tag`` (T_i, 32 bytes) gives the wrap secret."""

    position: int
    tag: bytes
    records: tuple[RecordId, ...]
    generation: int

    def __repr__(self) -> str:
        return f"Hit({self.position})"


class Locators(Protocol):
    """Which locators of a slot are of an agency's records. In memory; thread-safe."""

    def find(
        self, agency: AgencyId, epoch: EpochNumber, slot: int, locators: Sequence[bytes]
    ) -> tuple[Hit, ...]:
        """In the order of the positions. The work does not depend on hits more than look-ups in a hash table do.
        Raises ``Refused(NOT_READY)`` unless ``ready``."""

    def ready(self, agency: AgencyId, epoch: EpochNumber, slot: int) -> Generation | None:
        """The generation that ``find`` answers from; None: not ready."""


# ---- the record side's own needs ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Child:
    """A child of an import, before it has a number. ``mark``: 16 bytes, a keyed digest of all her OPRF inputs in
    order: equal
    in two generations of one agency exactly when her tags are."""

    demographics: Demographics
    involvements: tuple[Involvement, ...]
    mark: bytes

    def __repr__(self) -> str:
        return "Child(…)"


@dataclass(frozen=True, slots=True)
class Staged:
    """How a generation is made, complete or not: ``children`` stored so far, all of them once ``whole``; ``upn``:
    whether pupil numbers are among its keys; ``source``: 32 bytes, what it was made of."""

    number: int
    as_of: int
    normalisation_version: int
    upn: bool
    children: int
    whole: bool
    source: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one agency stands: its newest complete generation, and for each epoch the newest complete one that is fully
    tagged for it and may be answered from (as ``Records.ready``). ``behind``: as ``Imports.behind``."""

    newest: Generation | None
    ready: Mapping[EpochNumber, Generation]
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """What tagging took: records whose tags were taken over from the import before, and keys that were evaluated."""

    taken_over: int = 0
    evaluated: int = 0


class Imports(Protocol):
    """The writing side of ``Records``, and what tagging reads. Every write is one transaction, durable on return.

    At most one generation of an agency is incomplete at a time. Blocking: use a thread.
    """

    def staged(self, agency: AgencyId, source: bytes) -> Staged | None:
        """The incomplete generation of this ``source`` (a digest of file and options, 32 bytes), to go on with."""

    def begin(
        self,
        agency: AgencyId,
        source: bytes,
        *,
        as_of: int,
        normalisation_version: int,
        upn: bool,
        now: int,
    ) -> Staged:
        """A new incomplete generation; an earlier incomplete one of the agency is deleted."""

    def plan(self, agency: AgencyId, generation: int) -> Staged:
        """Of a generation, complete or not. Raises ``Refused(NOT_READY)`` when it is gone."""

    def add(self, agency: AgencyId, generation: int, first: int, children: Sequence[Child]) -> None:
        """Children numbered from ``first``, which must be the number stored so far (``Defect`` otherwise)."""

    def close_staging(self, agency: AgencyId, generation: int) -> None:
        """No more children: the generation is ``whole``."""

    def complete(self, agency: AgencyId, generation: int, now: int) -> Generation:
        """Flips a whole generation: from now on it is the newest complete one, and witnessed. A second time changes
        nothing. Raises ``Defect`` if it is not whole."""

    def behind(self, agency: AgencyId) -> bool:
        """Whether the store was put back from a copy older than the last import it is witnessed to have completed. Such
        an agency is not ready for anything until it imports again, or somebody says ``adopt``."""

    def adopt(self, agency: AgencyId) -> Generation:
        """Answers from what is there from now on, whatever was witnessed; numbers that were used are not used again.
        Raises ``Defect`` when nothing complete is there."""

    def mark(self, agency: AgencyId, inputs: Sequence[bytes]) -> bytes:
        """16 bytes, keyed by the agency's data key (attack: whoever steals the database tests a child's fields)."""

    def source(self, agency: AgencyId, *parts: bytes) -> bytes:
        """32 bytes, keyed likewise, over the parts with their lengths."""

    def children(
        self, agency: AgencyId, generation: int, first: int, most: int
    ) -> tuple[tuple[RecordId, Demographics, bytes], ...]:
        """Demographics and marks of records from ``first`` on, at most ``most``; of an incomplete generation too."""

    def untagged(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> tuple[int, ...]:
        """The first records of the blocks (of ``TAG_BLOCK`` records) that have no tags yet, in order."""

    def put_tags(
        self,
        agency: AgencyId,
        generation: int,
        epoch: EpochNumber,
        first: int,
        tags: Sequence[Sequence[bytes]],
        effort: Effort,
    ) -> None:
        """The tags of one block, one sequence of T_i for each of its records. A second time changes nothing."""

    def effort(self, agency: AgencyId, generation: int, epoch: EpochNumber) -> Effort:
        """Of all blocks that have tags, whichever run made them."""

    def earlier_tags(
        self, agency: AgencyId, generation: int, epoch: EpochNumber, marks: Sequence[bytes]
    ) -> tuple[tuple[bytes, ...] | None, ...]:
        """For each mark, the tags that a record with the same mark has in the newest complete generation before
        ``generation``, if it is tagged for the epoch: nightly imports ask the holders only for what has changed."""

    def standings(self) -> Mapping[AgencyId, Standing]:
        """Of every agency of this node, at once: what a host of thousands asks every few seconds. A generation
        without children needs no tags and is not listed under ``ready``: ask ``Records.ready``."""

    def delete_before(self, agency: AgencyId, generation: int) -> int:
        """Deletes the generations with a smaller number; how many there were."""

    def forget_epochs(self, keep: Sequence[EpochNumber]) -> None:
        """Deletes the tags of all other epochs: they are over, and nobody can ask by them."""


TAG_BLOCK = 256
"""Records whose tags are sealed together."""


class KeyHolders(Protocol):
    async def evaluate(self, batches: tuple[Blinded, Blinded]) -> tuple[Evaluated, Evaluated]:
        """Both holders at once, in the order of the parameters, each its own batch; waits and asks again while one
        cannot be
        reached or is not ready. Raises ``Refused``: QUOTA, UNSUPPORTED, NOT_ALLOWED, … and UNAVAILABLE when its
        patience
        ends. Proofs are checked by who unblinds."""


class Tags(Protocol):
    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        """The tags T_i (32 bytes) of 1 to 256 OPRF inputs, in order, with both holders' help. ``holders`` in the
        order of the parameters. Raises ``Refused`` as ``KeyHolders``, and BAD_PROOF."""
