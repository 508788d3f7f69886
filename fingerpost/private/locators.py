"""From OPRF inputs to what stands in a query: blinds, tags, peppers, locators, wrap secrets.

Law: blinding and key derivation only; no person, no network. Each key holder gets blinds of its own
(attack: two holders that compare what they see). In a lookup neither learns how many real keys a
question has: it always sees 32 elements.

A node keeps the tags (T_i) of its records; a locator travels, and it changes with every slot, so
that nobody can follow a child from one slot to the next (attack: a static tag is a national
pseudonym). Without the day's pepper a tag gives no locator, so the broker together with a key
holder learns nothing. Peppers only go forwards: from today's nobody can make yesterday's.

    T_i     = HKDF-Extract(salt "fingerpost/v1 T", F_A(x_i) | F_B(x_i))
    P_{d+1} = HKDF-Expand(P_d, "day")
    K_s     = HKDF-Expand(P_d, "slot" | s as 8 bytes, big-endian)
    loc_i   = BLAKE2s(key K_s, "loc" | T_i), the first 16 bytes
    wrap secret_i = BLAKE2s(key K_s, "wrap" | T_i)

HKDF (RFC 5869) is over SHA-256, BLAKE2s (RFC 7693) has 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Blinded, Evaluated, Workload, day_of_slot

PEPPER_BYTES: Final = 32
TAG_BYTES: Final = 32
SLOT_KEY_BYTES: Final = 32
WRAP_SECRET_BYTES: Final = 32
DAYS_AHEAD: Final = 400
"""No pepper is derived further ahead: longer than any epoch lives, short enough to compute."""

_OUTPUT_BYTES: Final = 64
_TAG_SALT: Final = b"fingerpost/v1 T"


def tag(f_a: bytes, f_b: bytes) -> bytes:
    """Return T_i, 32 bytes, from the two key holders' outputs of 64 bytes.

    A is the first of the parameters' ``key_holders``.
    """
    if len(f_a) != _OUTPUT_BYTES or len(f_b) != _OUTPUT_BYTES:
        raise Defect("an OPRF output has 64 bytes")
    return HKDF.extract(SHA256(), _TAG_SALT, f_a + f_b)


class TwoBatches:
    """The same inputs, blinded once for each key holder.

    It holds the blinds, so it cannot leave the process that made it.
    """

    def __init__(
        self,
        inputs: Sequence[bytes],
        epoch: EpochNumber,
        keys: tuple[bytes, bytes],
        workload: Workload,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """
        Args:
            inputs: 1 to 32 of them in a lookup, 1 to 256 in an import.
            keys: the holders' public keys of the epoch, 32 bytes each, from the member list and
                from nowhere else, in the order that the parameters name the holders.

        Raises:
            Defect: too few or too many inputs, or one of a wrong size.
        """
        self._keys = keys
        self._batches = tuple(
            BlindedBatch.blind(inputs, epoch=epoch, workload=workload, random_bytes=random_bytes)
            for _ in keys
        )

    @property
    def messages(self) -> tuple[Blinded, Blinded]:
        """What each holder is sent, in the order of the keys."""
        first, second = self._batches
        return first.message, second.message

    def finalise(self, evaluated: tuple[Evaluated, Evaluated]) -> tuple[bytes, ...]:
        """Return the tags (32 bytes each), in the order of the inputs.

        Raises:
            Refused: BAD_PROOF, an answer that is not of the holder's key or not of these elements.
        """
        first, second = (
            batch.finalise(answer, key)
            for batch, answer, key in zip(self._batches, evaluated, self._keys, strict=True)
        )
        return tuple(tag(a, b) for a, b in zip(first, second, strict=True))


@dataclass(frozen=True, slots=True, repr=False)
class Pepper:
    """P_d: the members' secret of one day (days since 1970-01-01 UTC) of one epoch, 32 bytes."""

    epoch: EpochNumber
    day: int
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != PEPPER_BYTES or self.day < 0:
            raise Refused(Code.MALFORMED, "pepper")

    def __repr__(self) -> str:
        return f"Pepper(epoch {self.epoch}, day {self.day})"

    def next(self) -> Pepper:
        """Return the pepper of the following day."""
        return Pepper(self.epoch, self.day + 1, HKDFExpand(SHA256(), 32, b"day").derive(self.value))

    def at(self, day: int) -> Pepper:
        """Return the pepper of ``day``.

        Raises:
            Refused: NOT_READY, an earlier day (its pepper is gone, as it must be) or one more than
                ``DAYS_AHEAD`` ahead.
        """
        if not 0 <= day - self.day <= DAYS_AHEAD:
            raise Refused(Code.NOT_READY, "pepper of that day")
        pepper = self
        while pepper.day < day:
            pepper = pepper.next()
        return pepper

    def slot_key(self, slot: int) -> bytes:
        """Return K_s, 32 bytes.

        Raises:
            Defect: The slot lies on another day: its key would open nothing, and nobody would
                notice.
        """
        if day_of_slot(slot) != self.day:
            raise Defect("the slot lies on another day than the pepper")
        info = b"slot" + slot.to_bytes(8, "big")
        return HKDFExpand(SHA256(), SLOT_KEY_BYTES, info).derive(self.value)


class Peppers(Protocol):
    """The peppers that a member holds.

    It stands here and not in ``fingerpost.membership``: broker and key holder import that package's
    ports, and may not know of a pepper.
    """

    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        """Return the pepper of ``day`` (days since 1970-01-01 UTC).

        Raises:
            Refused: NOT_READY, it has not been received yet, or it is gone.
        """
        ...


def locator(slot_key: bytes, tag: bytes) -> bytes:
    """Return loc_i, 16 bytes."""
    return _keyed(slot_key, b"loc", tag)[: limits.LOCATOR_BYTES]


def locators(slot_key: bytes, tags: Iterable[bytes]) -> Iterator[bytes]:
    """Return loc_i of each tag in turn, as ``locator`` does: for an index, which needs millions."""
    _require_sizes(slot_key)
    start = hashlib.blake2s(b"loc", key=slot_key)
    size = limits.LOCATOR_BYTES
    for tag in tags:
        if len(tag) != TAG_BYTES:
            raise Defect("a tag has 32 bytes")
        state = start.copy()
        state.update(tag)
        yield state.digest()[:size]


def slot_check(slot_key: bytes) -> bytes:
    """Return 16 bytes by which two that hold a slot key see that it is the same.

    They stand in the clear: whoever has no slot key learns nothing from them.
    """
    return _keyed(slot_key, b"check", bytes(TAG_BYTES))[: limits.SLOT_CHECK_BYTES]


def wrap_secret(slot_key: bytes, tag: bytes) -> bytes:
    """Return 32 bytes that unwrap the content key beside the locator of the same tag."""
    return _keyed(slot_key, b"wrap", tag)


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """One way into a query: a locator (16 bytes) and the wrap secret (32) that goes with it."""

    locator: bytes
    wrap_secret: bytes

    def __post_init__(self) -> None:
        if len(self.locator) != limits.LOCATOR_BYTES or len(self.wrap_secret) != WRAP_SECRET_BYTES:
            raise Defect("an opening has 16 and 32 bytes")

    def __repr__(self) -> str:
        return "Opening(…)"


def opening(slot_key: bytes, tag: bytes) -> Opening:
    """Return the opening that a tag gives in a slot."""
    return Opening(locator(slot_key, tag), wrap_secret(slot_key, tag))


def filled_up(
    openings: Sequence[Opening], random_bytes: Callable[[int], bytes]
) -> tuple[Opening, ...]:
    """Fill up to 32 with random openings, which open for nobody, and put all in random order."""
    fillers = [
        Opening(random_bytes(limits.LOCATOR_BYTES), random_bytes(limits.CONTENT_KEY_BYTES))
        for _ in range(limits.LOCATORS - len(openings))
    ]
    return tuple(sorted([*openings, *fillers], key=lambda _: random_bytes(16)))


def _keyed(slot_key: bytes, label: bytes, tag: bytes) -> bytes:
    _require_sizes(slot_key, tag)
    return hashlib.blake2s(label + tag, key=slot_key).digest()


def _require_sizes(slot_key: bytes, tag: bytes = bytes(TAG_BYTES)) -> None:
    if len(slot_key) != SLOT_KEY_BYTES or len(tag) != TAG_BYTES:
        raise Defect("a slot's key and a tag have 32 bytes")
