"""Looking for what must not be there: a text in every form in which it might stand in bytes.

Law: a search that finds nothing proves something only if it would have found it; so each form has a
test of its own in ``test_traces.py``.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date

LEAST_BYTES = 6
"""Shorter forms occur in random bytes by chance."""
DIGEST_BYTES = 8

_DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "blake2s": lambda data: hashlib.blake2s(data).digest(),
    "blake2b": lambda data: hashlib.blake2b(data).digest(),
}


def spellings(text: str) -> set[str]:
    """As it is, in other case, without its spaces."""
    return {
        each
        for one in (text, text.replace(" ", ""), text.replace(" ", "+"), text.replace(" ", "-"))
        for each in (one, one.lower(), one.upper(), one.title())
    }


def spellings_of_day(day: date) -> set[str]:
    return {
        day.strftime(form)
        for form in (
            "%Y-%m-%d",
            "%Y%m%d",
            "%d/%m/%Y",
            "%d%m%Y",
            "%d.%m.%Y",
            "%m/%d/%Y",
            "%d-%m-%Y",
            "%y%m%d",
            "%d/%m/%y",
            "%Y/%m/%d",
            "%d %b %Y",
            "%d %B %Y",
        )
    }


def forms(text: str) -> dict[str, bytes]:
    """What each spelling looks like in bytes: plain, wide, in hexadecimal, in base64 wherever it
    begins, turned about, and as an unkeyed digest (a pseudonym that everybody can compute)."""
    found: dict[str, bytes] = {}
    for spelling in spellings(text):
        plain = spelling.encode()
        found[f"plain {spelling}"] = plain
        found[f"utf-16 {spelling}"] = spelling.encode("utf-16-le")
        found[f"turned {spelling}"] = plain[::-1]
        found[f"hex {spelling}"] = plain.hex().encode()
        found[f"HEX {spelling}"] = plain.hex().upper().encode()
        for offset in range(3):
            for name, alphabet in (("base64", b"+/"), ("base64url", b"-_")):
                found[f"{name} {offset} {spelling}"] = _base64_core(plain, offset, alphabet)
        for name, digest in _DIGESTS.items():
            found[f"{name} {spelling}"] = digest(plain)[:DIGEST_BYTES]
            found[f"{name} hex {spelling}"] = digest(plain).hex()[: 2 * DIGEST_BYTES].encode()
    return {name: data for name, data in found.items() if len(data) >= LEAST_BYTES}


def _base64_core(plain: bytes, offset: int, alphabet: bytes) -> bytes:
    """The characters that do not depend on what stands around ``plain``, which begins at the
    ``offset``-th of three places."""
    text = base64.b64encode(bytes(offset) + plain, altchars=alphabet).rstrip(b"=")
    first = (0, 2, 3)[offset]
    whole = (offset + len(plain)) * 8 // 6
    return text[first:whole]


def inflated(data: bytes) -> bytes:
    """``data`` and whatever of it is compressed and begins within its first bytes, as a gRPC frame
    might.
    """
    found = [data]
    for start in range(min(len(data), 16)):
        for bits in (15, -15, 31):
            try:
                found.append(zlib.decompressobj(bits).decompress(data[start:], 1 << 20))
            except zlib.error:
                continue
    return b"\0".join(found)


def traces(haystack: Iterable[bytes], wanted: Mapping[str, bytes]) -> list[str]:
    """The names of what is found anywhere. What is wanted has at least ``LEAST_BYTES``."""
    by_start: dict[bytes, list[tuple[str, bytes]]] = {}
    for name, needle in wanted.items():
        assert len(needle) >= LEAST_BYTES, name
        by_start.setdefault(needle[:LEAST_BYTES], []).append((name, needle))
    found: set[str] = set()
    for data in map(inflated, haystack):
        for place in range(len(data) - LEAST_BYTES + 1):
            for name, needle in by_start.get(data[place : place + LEAST_BYTES], ()):
                if data.startswith(needle, place):
                    found.add(name)
    return sorted(found)


def windows(data: bytes, size: int) -> set[bytes]:
    return {data[i : i + size] for i in range(len(data) - size + 1)}


def shared(one: bytes, other: bytes, size: int) -> set[bytes]:
    """Runs of ``size`` bytes that stand in both."""
    return windows(one, size) & windows(other, size)
