"""Messages that the broker may read, as values. Built only by the codec (from the wire) or by the
asking side.

Each value checks its own bounds once, when it is made; nothing downstream checks them again. What
only the two ends may read (passport, purpose, demographics, pointers) is in ``fingerpost.private``.

Day and slot of a query come from its ``issued_at`` and from nothing else, so that requester and
responder derive the same keys whatever their clocks say within the skew (``require_fresh``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Annotated, Final, TypeVar

from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import Allowance, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, Handle, MemberId


@unique
class KeySet(IntEnum):
    """Which set of blocking keys a query was made with. WIDE is for the requester's own
    area, and beyond it for a second round (``codes.WIDE_REACHES``)."""

    NARROW = 1
    WIDE = 2


@unique
class Workload(IntEnum):
    LOOKUP = 1
    BULK = 2


@dataclass(frozen=True, slots=True, repr=False)
class QueryCore:
    """The public part of a query. Times are seconds since 1970 UTC.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    suite: int
    federation: FederationId
    metadata_version: int
    code_list_version: int
    normalisation_version: int
    epoch: EpochNumber
    slot: int
    q: bytes
    issued_at: int
    expires_at: int
    passport_expires_at: int
    reply_key: bytes
    area: AreaCode
    reach: Reach
    named_areas: tuple[AreaCode, ...]
    key_set: KeySet
    key_commitment: bytes
    locators: tuple[bytes, ...]
    slot_check: bytes
    quota_commitment: bytes
    revision: int

    @property
    def widened(self) -> bool:
        """Return whether wide keys go beyond the requester's own area: a second round, whose reason
        is sealed inside.
        """
        return self.key_set is KeySet.WIDE and self.reach is not Reach.AREA

    def __post_init__(self) -> None:
        exactly(self.quota_commitment, limits.HASH_BYTES, "core.quota_commitment")
        exactly(self.slot_check, limits.SLOT_CHECK_BYTES, "core.slot_check")
        exactly(self.q, limits.NONCE_BYTES, "core.q")
        exactly(self.reply_key, limits.HYBRID_PUBLIC_KEY_BYTES, "core.reply_key")
        exactly(self.key_commitment, limits.HASH_BYTES, "core.key_commitment")
        if len(self.locators) != limits.LOCATORS:
            raise Refused(Code.MALFORMED, "core.locators")
        if set(map(len, self.locators)) != {limits.LOCATOR_BYTES}:
            raise Refused(Code.MALFORMED, "core.locators")
        if len(set(self.locators)) != limits.LOCATORS:
            raise Refused(Code.MALFORMED, "core.locators twice")
        if (self.reach is Reach.NAMED) != bool(self.named_areas):
            raise Refused(Code.MALFORMED, "core.named_areas")
        if len(self.named_areas) > limits.NAMED_AREAS:
            raise Refused(Code.MALFORMED, "core.named_areas")
        if list(self.named_areas) != sorted(set(self.named_areas)):
            raise Refused(Code.MALFORMED, "core.named_areas order")

    def __repr__(self) -> str:
        return f"QueryCore({self.area}, {self.reach.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Query:
    """A query whose signature held. ``hash`` is H(query), ``core_hash`` H(core), ``wire`` the 8192
    bytes exactly as they came."""

    core: QueryCore
    core_hash: bytes
    wraps: tuple[bytes, ...]
    sealed: bytes
    hash: bytes
    wire: bytes

    def __repr__(self) -> str:
        return f"Query({self.hash.hex()[:8]}…)"


@dataclass(frozen=True, slots=True, repr=False)
class Counting:
    """How the broker counts one query.

    Args:
        lookup: 16 random bytes, the same in the two queries of one lookup.
        allowance: against which limits.
        salt: 32 random bytes, new for each query.
    """

    lookup: bytes
    allowance: Allowance
    salt: bytes

    def __post_init__(self) -> None:
        exactly(self.lookup, limits.COUNTING_BYTES, "counting.lookup")
        exactly(self.salt, limits.SALT_BYTES, "counting.salt")

    def __repr__(self) -> str:
        return f"Counting({self.allowance.name})"

    def commitment(self, handle: Handle) -> bytes:
        """Return what the core of the query commits to, 32 bytes.

        Everything has a fixed size. Without the salt, all nodes would see a pseudonym of the day.
        """
        opened = self.salt + self.lookup + bytes([self.allowance]) + handle.value.encode("ascii")
        return hashlib.sha256(b"fingerpost/v1 quota" + opened).digest()


@dataclass(frozen=True, slots=True)
class Submission:
    """What the broker alone receives, bound to one query: the agency that asks, a daily pseudonym
    of the practitioner, how the query counts, and the nodes that it is not to be sent to.

    Raises:
        Refused: MALFORMED, the hash has another size, or the nodes left out are not sorted, stand
            twice or are too many.
    """

    query_hash: bytes
    agency: AgencyId
    handle: Handle
    counting: Counting
    left_out: tuple[MemberId, ...] = ()

    def __post_init__(self) -> None:
        exactly(self.query_hash, limits.HASH_BYTES, "submission.query_hash")
        nodes = list(self.left_out)
        if len(nodes) > limits.LEFT_OUT_NODES or nodes != sorted(set(nodes)):
            raise Refused(Code.MALFORMED, "submission.left_out")


# ---- answers -------------------------------------------------------------------------------------
# How large a part of an answer is, and how many pointers it has room for, follow from how many
# agencies it covers, which the member list says to everybody, and from nothing that one of them
# answers (attack: the size of an answer discloses who is involved).


@dataclass(frozen=True, slots=True)
class SizeClass:
    """The parts of up to so many agencies.

    Attributes:
        agencies: the most that a part of this class covers.
        pointers: the most that it carries, of all its agencies together.
        plain_bytes: what it is padded to; as many agencies and pointers of the largest size fit.
    """

    agencies: int
    pointers: int
    plain_bytes: int

    @property
    def sealed_bytes(self) -> int:
        return self.plain_bytes + limits.HPKE_OVERHEAD_BYTES


SIZE_CLASSES: Final = (
    SizeClass(1, 4, 2_624),
    SizeClass(8, 8, 5_632),
    SizeClass(limits.AGENCIES_PER_PART, 8, 11_584),
)
"""Ascending. A part that covers nobody is of the first."""
LARGEST: Final = SIZE_CLASSES[-1]
SEALED_SIZES: Final = frozenset(each.sealed_bytes for each in SIZE_CLASSES)


def size_class(agencies: int) -> SizeClass:
    """Return the class of a part that covers so many agencies.

    Raises:
        Refused: MALFORMED, no part covers so many.
    """
    for each in SIZE_CLASSES:
        if agencies <= each.agencies:
            return each
    raise Refused(Code.MALFORMED, "answer.agencies")


def require_sealed_size(sealed: bytes) -> None:
    """Raise ``Refused(MALFORMED)`` unless an answer has the size of one of the classes."""
    if len(sealed) not in SEALED_SIZES:
        raise Refused(Code.MALFORMED, "answer.sealed")


@dataclass(frozen=True, slots=True, repr=False)
class SealedAnswer:
    """One part of a node's answer, sealed to the requester."""

    query_hash: bytes
    part: int
    sealed: bytes

    def __post_init__(self) -> None:
        exactly(self.query_hash, limits.HASH_BYTES, "answer.query_hash")
        require_sealed_size(self.sealed)
        if not 0 <= self.part < 1024:
            raise Refused(Code.MALFORMED, "answer.part")

    def __repr__(self) -> str:
        return f"SealedAnswer({self.query_hash.hex()[:8]}…, part {self.part})"


# ---- streams and lookups -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeHello:
    """``revisions`` of the wire that the node speaks: ascending, none twice."""

    metadata_version: int
    revisions: tuple[int, ...] = limits.REVISIONS

    def __post_init__(self) -> None:
        require_revisions(self.revisions, "hello.revisions")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker took the query and sends it to these nodes."""

    query_hash: bytes
    nodes: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, repr=False)
class NodeAnswer:
    """An answer as the broker passes it on.

    Attributes:
        node: what the broker claims; the seal proves it.
    """

    node: MemberId
    part: int
    sealed: bytes

    def __repr__(self) -> str:
        return f"NodeAnswer({self.node}, part {self.part})"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that came to the broker in one moment, and are passed on together."""

    answers: tuple[NodeAnswer, ...]


A = TypeVar("A", SealedAnswer, NodeAnswer)
ANSWER_EXTRA_BYTES: Final = 64
"""What an answer takes in a frame beside what is sealed, at most."""


def in_frames(answers: Iterable[A]) -> Iterator[tuple[A, ...]]:
    """Yield the answers in their order, as many at a time as fit into ``limits.FRAME_BYTES``."""
    frame: list[A] = []
    size = 0
    for answer in answers:
        more = len(answer.sealed) + ANSWER_EXTRA_BYTES
        if frame and size + more > limits.FRAME_BYTES:
            yield tuple(frame)
            frame, size = [], 0
        frame.append(answer)
        size += more
    if frame:
        yield tuple(frame)


@dataclass(frozen=True, slots=True)
class Ended:
    """The broker stopped gathering; these nodes gave no (complete) answer."""

    silent: tuple[MemberId, ...]


LookupEvent = Accepted | Answers | Ended


@dataclass(frozen=True, slots=True, repr=False)
class Blinded:
    """A batch for one key holder: blinded ristretto255 elements of 32 bytes."""

    epoch: EpochNumber
    workload: Workload
    elements: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.elements) <= limits.BATCH_ELEMENTS:
            raise Refused(Code.MALFORMED, "blinded.elements")
        if self.workload is Workload.LOOKUP and len(self.elements) != limits.LOCATORS:
            raise Refused(Code.MALFORMED, "blinded.elements of a lookup")
        for element in self.elements:
            exactly(element, limits.POINT_BYTES, "blinded.elements")

    def __repr__(self) -> str:
        return f"Blinded({self.workload.name}, {len(self.elements)})"


@dataclass(frozen=True, slots=True, repr=False)
class Evaluated:
    """A key holder's answer: elements of 32 bytes in the order asked, and one 64-byte proof for
    all.
    """

    elements: tuple[bytes, ...]
    proof: bytes

    def __post_init__(self) -> None:
        if not 1 <= len(self.elements) <= limits.BATCH_ELEMENTS:
            raise Refused(Code.MALFORMED, "evaluated.elements")
        for element in self.elements:
            exactly(element, limits.POINT_BYTES, "evaluated.elements")
        exactly(self.proof, 64, "evaluated.proof")

    def __repr__(self) -> str:
        return f"Evaluated({len(self.elements)})"


@dataclass(frozen=True, slots=True)
class RevisionFrom:
    """A revision of the wire, and from when it is in force (seconds since 1970 UTC). It ends when
    it is listed no more."""

    number: Annotated[int, Meta(ge=1, le=limits.HIGHEST_REVISION)]
    starts_at: Annotated[int, Meta(ge=0, le=2**40)]


FROM_THE_FOUNDING: Final = RevisionFrom(limits.FIRST_REVISION, 0)


def is_in_force(listed: Iterable[RevisionFrom], revision: int, now: float) -> bool:
    """Return whether queries may be of this revision, by a clock that may be off by the skew."""
    until = now + limits.CLOCK_SKEW_SECONDS
    return any(each.number == revision and each.starts_at <= until for each in listed)


def revision_to_ask(listed: Iterable[RevisionFrom], now: float, speaks: Collection[int]) -> int:
    """Return the newest revision that is in force and spoken.

    Raises:
        Refused: UNSUPPORTED, there is none.
    """
    begun = (each.number for each in listed if each.starts_at <= now)
    newest = max((number for number in begun if number in speaks), default=None)
    if newest is None:
        raise Refused(Code.UNSUPPORTED, "revision of the wire")
    return newest


def require_revisions(revisions: tuple[int, ...], what: str) -> None:
    """Raise ``Refused(MALFORMED)`` unless these are 1 to 8 revisions, ascending and none twice."""
    if not 1 <= len(revisions) <= limits.MOST_REVISIONS or not (
        1 <= min(revisions) <= max(revisions) <= limits.HIGHEST_REVISION
    ):
        raise Refused(Code.MALFORMED, what)
    if list(revisions) != sorted(set(revisions)):
        raise Refused(Code.MALFORMED, what)


def exactly(data: bytes, size: int, what: str) -> None:
    """Raise ``Refused(MALFORMED)`` unless ``data`` has ``size`` bytes."""
    if len(data) != size:
        raise Refused(Code.MALFORMED, what)


def day_of(at: float) -> int:
    """Return days since 1970-01-01 UTC."""
    return int(at) // limits.DAY


def slot_of(at: float) -> int:
    return int(at) // limits.SLOT_SECONDS


def day_of_slot(slot: int) -> int:
    """Return the day of a slot. A slot lies within one day: a day is a whole number of slots."""
    return slot * limits.SLOT_SECONDS // limits.DAY


def slots_to_hold(now: float) -> tuple[int, ...]:
    """Return the slots whose locators a node must have at hand at ``now``: the current one, the
    previous one for ``PREVIOUS_SLOT_HELD_SECONDS`` longer, the next one ``NEXT_SLOT_EARLY_SECONDS``
    early.
    """
    first = slot_of(now - limits.PREVIOUS_SLOT_HELD_SECONDS)
    last = slot_of(now + limits.NEXT_SLOT_EARLY_SECONDS)
    return tuple(range(first, last + 1))


def require_fresh(core: QueryCore, now: float) -> None:
    """Require that the query's times are consistent and lie around ``now``.

    Raises:
        Refused: NOT_FRESH; MALFORMED, slot and ``issued_at`` disagree (attack: locators of one slot
            under the date of another would let a query be tried twice).
    """
    if core.slot != slot_of(core.issued_at):
        raise Refused(Code.MALFORMED, "core.slot")
    if not 0 < core.expires_at - core.issued_at <= limits.QUERY_LIFE_SECONDS:
        raise Refused(Code.NOT_FRESH, "core.expires_at")
    if core.issued_at > now + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_FRESH, "core.issued_at")
    if core.expires_at + limits.CLOCK_SKEW_SECONDS < now:
        raise Refused(Code.NOT_FRESH, "core.expires_at")
    life = core.passport_expires_at - core.issued_at
    if not 0 < life <= limits.PASSPORT_SECONDS or core.passport_expires_at < core.expires_at:
        raise Refused(Code.NOT_FRESH, "core.passport_expires_at")
