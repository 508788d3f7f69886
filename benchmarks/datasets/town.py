"""A town for people whose published addresses have none: codes for addresses, and published
mistakes carried over.

Pure. pseudopeople's sample has the ZIP code 00000 everywhere, with noise; what differs from it is
noise, and is carried to the same place of a code that does distinguish addresses.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

CODES: Final = 300  # with the sample's four thousand households, about fifteen to a code
_IN_A_DISTRICT: Final = 25
TUNED: Final = 0.3  # of the families; the rest judge


def address_code(address: str) -> str:
    """Return five digits for an address: one area, twelve districts, 25 codes in each."""
    district, code = divmod(hashed(address) % CODES, _IN_A_DISTRICT)
    return f"1{district:02}{code:02}"


def carried(home: str, published: str) -> str:
    """``home`` with the mistakes that ``published`` has where it should read 00000.

    A wrong digit goes on top of the digit here, so that it is wrong here too; another sign replaces
    it; a sign too many is put in; of a code that is too short the end is missing.
    """
    digits = iter(home)
    too_many = len(published) - len(home)
    signs = []
    for sign in published:
        if sign != "0" and too_many > 0:
            too_many -= 1
            signs.append(sign)
            continue
        digit = next(digits, "")
        if digit and sign.isascii() and sign.isdigit():
            signs.append(str((int(digit) + int(sign)) % 10))
        else:
            signs.append(sign)
    return "".join(signs)


def iso_date(written: str, date_format: str) -> str:
    """Return the date as ISO 8601 has it, or empty text where it is no date of the calendar."""
    try:
        return datetime.strptime(written, date_format).date().isoformat()  # noqa: DTZ007 (a day)
    except ValueError:
        return ""


def is_in(part: str, family: str) -> bool:
    """``part``: ``all``, ``tune`` or ``judge``; a family is in one of the latter two, for good."""
    tuned = hashed("part of " + family) % 1000 < 1000 * TUNED
    return part == "all" or tuned == (part == "tune")


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
