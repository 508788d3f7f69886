"""The one form in which data is sealed on a disk: nonce, then ciphertext.

Law: AES-256-GCM with a fresh random nonce of 96 bits for each seal (NIST SP 800-38D, 8.2.2); a key
seals far fewer than 2^32 values (8.3). The nonces come from the system, and no caller can choose
them (attack: two values under one nonce tell their difference to whoever reads the disk). Every
seal is bound to the place where it is kept (table, row, owner): a value that is moved to another
place does not open. Attack: somebody who can write a database shows the practitioner of one child
for another child. Where the length of a value says something about it, the value is sealed at one
of a few sizes. Messages are sealed in forms of their own (``fingerpost.private``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import KEY_BYTES

_NONCE_BYTES: Final = 12
_LENGTH_BYTES: Final = 4


class SealedBox:
    """Seals and opens under one key."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        """
        Raises:
            Defect: the key does not have 32 bytes.
        """
        if len(key) != KEY_BYTES:
            raise Defect(f"a key that seals must have {KEY_BYTES} bytes")
        self._aead = AESGCM(key)

    def __repr__(self) -> str:
        return "SealedBox(…)"

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """Return nonce (12 bytes), ciphertext and tag (16 bytes), bound to the place ``bound``."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, bound: bytes, refusal: str) -> bytes:
        """Return what was sealed for the place ``bound``.

        Raises:
            Defect: with the text ``refusal``: another key or place, or damaged.
        """
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError):
            raise Defect(refusal) from None

    def seal_padded(self, plain: bytes, bound: bytes, sizes: Sequence[int]) -> bytes:
        """Return the seal of length (4 bytes, big-endian), ``plain`` and zeros.

        Args:
            sizes: the sizes that length, value and zeros may have together, ascending, in bytes;
                the smallest that holds the value is taken. The seal is 28 bytes longer.

        Raises:
            Defect: the value is too long for every size.
        """
        framed = len(plain).to_bytes(_LENGTH_BYTES, "big") + plain
        size = next((size for size in sizes if size >= len(framed)), None)
        if size is None:
            raise Defect("a value is too long to be kept")
        return self.seal(framed.ljust(size, b"\0"), bound)

    def open_padded(self, sealed: bytes, bound: bytes, refusal: str) -> bytes:
        """Return what was sealed with ``seal_padded``. Raises ``Defect`` as ``open``."""
        framed = self.open(sealed, bound, refusal)
        length = int.from_bytes(framed[:_LENGTH_BYTES], "big")
        return framed[_LENGTH_BYTES : _LENGTH_BYTES + length]
