"""How a sealed row is found again, and forgotten in time, without showing what it is about.

Law: a row has a name, which is HMAC-SHA-256 over what it is about, under a key of its store. Two
stores have different keys, so the same query, account or lookup has names that nobody can join.
Times by which rows are forgotten stand in steps of ten minutes, since a time of seconds joins as
well as a name does.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from fingerpost.protocol import limits
from fingerpost.runtime.files import KEY_BYTES

NAME_BYTES: Final = 32
STEP_SECONDS: Final = limits.SLOT_SECONDS
"""Within this time the locators of one child are equal on the wire: a finer time hides no less."""


def key_for(purpose: str, key: bytes) -> bytes:
    """Derive the key of one purpose (32 bytes, secret) from a key of 32 bytes.

    Args:
        purpose: a constant of our own source; each store and use has its own.
    """
    return HKDFExpand(SHA256(), KEY_BYTES, f"fingerpost/v1 {purpose}".encode()).derive(key)


class RowNames:
    """The names of the rows of one store."""

    __slots__ = ("_key",)

    def __init__(self, store: str, key: bytes) -> None:
        """
        Args:
            store: a constant of our own source.
            key: 32 bytes, secret; the key of the names is derived from it.
        """
        self._key = key_for(f"names of {store}", key)

    def __repr__(self) -> str:
        return "RowNames(…)"

    def of(self, *parts: bytes) -> bytes:
        """Return the name of the row about ``parts``, 32 bytes."""
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, framed, "sha256")


def step_after(seconds: int) -> int:
    """Return the first full ten minutes that are not before ``seconds`` (UNIX seconds)."""
    return -(-seconds // STEP_SECONDS) * STEP_SECONDS
