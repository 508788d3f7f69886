"""How variable parts are joined, and how things are padded to one size. Nothing else.

``prefixed`` is the one way to join parts whose lengths vary, so that no two lists of parts give the same bytes
(attack: "ab"+"c" read as "a"+"bc"). Parts of fixed length behind a constant label may be joined plainly.
"""

from __future__ import annotations

from typing import Final

from fingerpost.protocol.errors import Code, Refused

LENGTH_BYTES: Final = 4


def prefixed(*parts: bytes) -> bytes:
    """Each part behind its length as 4 bytes, big-endian."""
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in parts)


def pad(data: bytes, size: int, what: str) -> bytes:
    """Length (4 bytes, big-endian), data, zeros: ``size`` bytes in all. Raises ``Refused(MALFORMED)`` if too long."""
    if LENGTH_BYTES + len(data) > size:
        raise Refused(Code.MALFORMED, what)
    return prefixed(data).ljust(size, b"\0")


def unpad(padded: bytes, what: str) -> bytes:
    """What ``pad`` was given. Raises ``Refused(BAD_SEAL)``, for padding that is not zeros too (attack: a sender marks a
    message in bytes that nobody looks at)."""
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    if LENGTH_BYTES + length > len(padded) or padded[LENGTH_BYTES + length :].strip(b"\0"):
        raise Refused(Code.BAD_SEAL, what)
    return padded[LENGTH_BYTES : LENGTH_BYTES + length]
