"""Seal the records of an agency under its data key, each bound to its own place.

Law: keys and bytes only; no I/O. Every generation has a key of its own, derived from the agency's,
and every sealed row is bound to agency, generation, table and number: a row in another's place, of
this agency or of another, does not open. A generation seals far fewer than 2^32 rows (see
``runtime.sealed_box``).

Marks and source digests are keyed (HMAC-SHA-256): nobody can test a guess without the data key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from fingerpost.private.locators import TAG_BYTES
from fingerpost.private.sealing import prefixed
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.sealed_box import SealedBox

DATA_KEY_BYTES: Final = 32
MARK_BYTES: Final = 16
CHECK_BYTES: Final = 16
CHILD_SIZES: Final = tuple(1024 * 4**step for step in range(6))
"""A child's row has one of these sizes before it is sealed, since its length shows how many
involvements and names she has; nearly every child fits the first."""
CENSUS_SIZES: Final = (4096, 16_384)
"""Likewise for the counts of an import (``importing.census``)."""
REGISTER_SIZES: Final = tuple(64 * 1024 * 4**step for step in range(6))
"""A register has one of these sizes before it is sealed, since its length shows how many children
are shielded; the first holds some hundreds."""
_MOST_TAGS: Final = 255


_REFUSAL: Final = "a stored row does not open: damaged, or in another's place"


class DataKey:
    """One agency's data key: 32 random bytes (secret). Raises ``Defect`` for another size."""

    __slots__ = ("_agency", "_marks", "_secret", "_sources")

    def __init__(self, agency: AgencyId, secret: bytes) -> None:
        if len(secret) != DATA_KEY_BYTES:
            raise Defect("a data key has 32 bytes")
        self._agency = agency
        self._secret = secret
        self._marks = hmac.new(self._derive(b"marks"), digestmod=hashlib.sha256)
        self._sources = hmac.new(self._derive(b"sources"), digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return f"DataKey({self._agency})"

    @property
    def check_value(self) -> bytes:
        """16 bytes kept beside the rows: they show a wrong key at the start, before any query."""
        return self._derive(b"check")[:CHECK_BYTES]

    def mark(self, inputs: Iterable[bytes]) -> bytes:
        """Return 16 bytes over OPRF inputs in their order."""
        state = self._marks.copy()
        state.update(prefixed(*inputs))
        return state.digest()[:MARK_BYTES]

    def source(self, *parts: bytes) -> bytes:
        """Return 32 bytes over what an import was made of."""
        state = self._sources.copy()
        state.update(prefixed(*parts))
        return state.digest()

    def digest(self, generation: bytes) -> bytes:
        """Return 32 bytes over the stored form of a complete generation."""
        return hmac.digest(self._derive(b"generations"), generation, "sha256")

    def register(self) -> RegisterSeal:
        return RegisterSeal(self._agency, SealedBox(self._derive(b"register of shields")))

    def generation(self, number: int) -> GenerationSeal:
        key = self._derive(b"rows", number.to_bytes(8, "big"))
        return GenerationSeal(self._agency, number, SealedBox(key))

    def _derive(self, *label: bytes) -> bytes:
        info = prefixed(b"fingerpost/v1 data key", self._agency.value.encode("ascii"), *label)
        return HKDFExpand(SHA256(), 32, info).derive(self._secret)


class RegisterSeal:
    """Seals and opens one agency's register of shields, at one of ``REGISTER_SIZES``."""

    __slots__ = ("_box", "_place")

    def __init__(self, agency: AgencyId, box: SealedBox) -> None:
        self._box = box
        self._place = prefixed(b"register of shields", agency.value.encode("ascii"))

    def __repr__(self) -> str:
        return "RegisterSeal(…)"

    def seal(self, plain: bytes) -> bytes:
        """Raises ``Defect``: it is too long."""
        return self._box.seal_padded(plain, self._place, REGISTER_SIZES)

    def open(self, sealed: bytes) -> bytes:
        """Raises ``Defect``: it is another agency's, or damaged."""
        return self._box.open_padded(sealed, self._place, "the register of shields does not open")


class GenerationSeal:
    """Seals and opens the rows of one generation of one agency."""

    __slots__ = ("_box", "_prefix")

    def __init__(self, agency: AgencyId, number: int, box: SealedBox) -> None:
        self._box = box
        self._prefix = prefixed(agency.value.encode("ascii"), number.to_bytes(8, "big"))

    def __repr__(self) -> str:
        return "GenerationSeal(…)"

    def seal_child(self, record: int, plain: bytes) -> bytes:
        """Raises ``Defect``: it is too long."""
        return self._box.seal_padded(plain, self._place(b"padded child", (record,)), CHILD_SIZES)

    def open_child(self, record: int, sealed: bytes) -> bytes:
        """Return the plain bytes. Raises ``Defect``: they were sealed for another place, or are
        damaged.
        """
        return self._box.open_padded(sealed, self._place(b"padded child", (record,)), _REFUSAL)

    def seal_census(self, plain: bytes) -> bytes:
        """Raises ``Defect``: it is too long."""
        return self._box.seal_padded(plain, self._place(b"census", ()), CENSUS_SIZES)

    def open_census(self, sealed: bytes) -> bytes:
        """Raises ``Defect`` as ``open_child``."""
        return self._box.open_padded(sealed, self._place(b"census", ()), _REFUSAL)

    def seal_tags(self, epoch: EpochNumber, first: int, tags: Sequence[Sequence[bytes]]) -> bytes:
        """Seal a block: for each record the number of its tags (1 byte) and the tags (32 bytes)."""
        return self._seal(_write_tags(tags), b"tags", first, epoch.value)

    def open_tags(
        self, epoch: EpochNumber, first: int, sealed: bytes
    ) -> tuple[tuple[bytes, ...], ...]:
        """Return the tags of each record of a block. Raises ``Defect`` as ``open_child``."""
        return _read_tags(self._open(sealed, b"tags", first, epoch.value))

    def _seal(self, plain: bytes, table: bytes, *numbers: int) -> bytes:
        return self._box.seal(plain, self._place(table, numbers))

    def _open(self, sealed: bytes, table: bytes, *numbers: int) -> bytes:
        return self._box.open(sealed, self._place(table, numbers), _REFUSAL)

    def _place(self, table: bytes, numbers: Iterable[int]) -> bytes:
        return self._prefix + prefixed(table, *(n.to_bytes(8, "big") for n in numbers))


def _write_tags(tags: Sequence[Sequence[bytes]]) -> bytes:
    parts: list[bytes] = []
    for of_record in tags:
        if len(of_record) > _MOST_TAGS or any(len(tag) != TAG_BYTES for tag in of_record):
            raise Defect("too many tags, or one of another size")
        parts.append(bytes([len(of_record)]))
        parts.extend(of_record)
    return b"".join(parts)


def _read_tags(plain: bytes) -> tuple[tuple[bytes, ...], ...]:
    found: list[tuple[bytes, ...]] = []
    at = 0
    while at < len(plain):
        count, at = plain[at], at + 1
        end = at + count * TAG_BYTES
        found.append(tuple(plain[i : i + TAG_BYTES] for i in range(at, end, TAG_BYTES)))
        at = end
    if at != len(plain):
        raise Defect("a block of tags is cut short")
    return tuple(found)
