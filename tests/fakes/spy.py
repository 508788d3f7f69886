"""Whether bytes hold a text, however they were written down.

A search that finds nothing proves nothing unless it would have found it: the tests that use this show it the same texts
where they do stand.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import date

from fingerpost.private.demographics import Demographics


def spellings(text: str) -> frozenset[bytes]:
    """The text as it is, in either case, without spaces; as UTF-8, UTF-16, reversed, hexadecimal and base64 at each of
    its three alignments."""
    plain = {text, text.lower(), text.upper(), text.replace(" ", ""), text.replace(" ", "").lower()}
    found: set[bytes] = set()
    for form in plain:
        found |= encodings(form.encode())
        found |= {form.encode("utf-16-le"), form.encode("utf-16-be")}
    return frozenset(found)


def encodings(data: bytes) -> frozenset[bytes]:
    found = {data, data[::-1], data.hex().encode(), data.hex().upper().encode()}
    for shift in range(3):
        # What stands in front moves the letters; the first and last of them depend on neighbours and are left out.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * shift + data)
            start = 0 if not shift else shift + 1
            inner = whole[start:].rstrip(b"=")
            inner = inner if not (shift + len(data)) % 3 else inner[:-1]
            if len(inner) >= 5:
                found.add(inner)
    return frozenset(found)


def dates(day: date) -> frozenset[bytes]:
    texts = {
        day.isoformat(),
        day.strftime("%Y%m%d"),
        day.strftime("%d/%m/%Y"),
        day.strftime("%d%m%Y"),
        day.strftime("%d.%m.%Y"),
        day.strftime("%m/%d/%Y"),
    }
    return frozenset(s for text in texts for s in spellings(text))


def of_child(child: Demographics) -> frozenset[bytes]:
    """What would name her."""
    names = [child.forename, child.surname, *(n.surname for n in child.other_names)]
    texts = [*names, child.postcode, child.nhs_number, child.upn]
    found = {s for text in texts if text for s in spellings(text)}
    return frozenset(found | (dates(child.dob) if child.dob else frozenset()))


def found_in(needles: Iterable[bytes], messages: Iterable[bytes]) -> list[bytes]:
    """The needles that stand in some message."""
    whole = b"\xff".join(messages)
    return sorted(needle for needle in needles if needle in whole)


def shingles(data: bytes, size: int) -> dict[bytes, list[int]]:
    """Every run of ``size`` bytes, and where it stands."""
    places: dict[bytes, list[int]] = {}
    for i in range(len(data) - size + 1):
        places.setdefault(data[i : i + size], []).append(i)
    return places
