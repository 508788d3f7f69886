"""The normal form of a postcode.

Source: the United Kingdom's postcode format (BS 7666; area letters as in public use), the
dependencies GY, JE and IM, and the pseudo-codes of the health service (ZZ99). A pseudo-code or a
forces' address says where nobody lives, so it is no postcode for matching. A code of another
country is kept as typed: a child who came from abroad may be recorded with it on both sides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Final

from fingerpost.private.linkage.variants import read_table

AREAS: Final = frozenset(read_table("postcode_areas.json")["areas"])
_AREAS_WITH_LETTER: Final = frozenset(("E", "EC", "N", "NW", "SE", "SW", "W", "WC"))
_LAST_LETTERS: Final = {1: "ABCDEFGHJKPSTUW", 2: "ABEHMNPRVWXY"}
_FEWEST_TYPED: Final = 4
_FEWEST_BROKEN: Final = 5
_BEGINNING: Final = re.compile(r"([A-Z]{1,2})[0-9OIL]")
_SHAPE: Final = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}")
_OUTCODE: Final = re.compile(r"([A-Z]{1,2})([1-9][0-9]|[0-9][A-Z]?)")
_INCODE: Final = re.compile(r"[0-9][ABD-HJLNP-UW-Z]{2}")
_NOT_CODE: Final = re.compile(r"[^A-Z0-9]")
# What is typed for a letter, and for a digit, where the position says which of them it must be.
_LETTER_FOR: Final = {"0": "O", "1": "I"}
_DIGIT_FOR: Final = {"O": "0", "I": "1", "L": "1"}
_ONE_SIGN: Final = str.maketrans("OI", "01")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, slots=True, repr=False)
class Postcode:
    """A postcode, or an outcode alone (then ``incode`` is empty), or characters typed for a
    postcode that form none (then both are empty): two of them transposed still say where.
    """

    outcode: str
    incode: str
    typed: str

    @property
    def sorted_characters(self) -> str:
        """For keys: transposed characters agree. Empty for an outcode alone."""
        code = self.outcode + self.incode if self.incode else self.typed
        return "".join(sorted(code.translate(_ONE_SIGN)))

    @property
    def area(self) -> str:
        """The letters a postcode begins with; of a code of digits, its first two digits."""
        code = self.outcode or self.typed
        letters = code[: len(code) - len(code.lstrip(_LETTERS))]
        return letters[:2] or code[:2]

    @property
    def district(self) -> str:
        """The outcode; of a code of digits, what stands before the last digit or two."""
        if self.outcode or not self.typed.isdigit():
            return self.outcode
        return self.typed[: max(3, len(self.typed) - 2)]

    @property
    def full(self) -> str | None:
        """Upper case with one space, or ``None`` where only the outcode is known."""
        return f"{self.outcode} {self.incode}" if self.incode else None

    @property
    def sector(self) -> str | None:
        return f"{self.outcode} {self.incode[0]}" if self.incode else None

    def __repr__(self) -> str:
        return "Postcode(…)"


def read_postcode(text: str) -> Postcode | None:
    """Read a postcode as typed; ``None`` if it is none, a pseudo-code or a forces' address."""
    code = _NOT_CODE.sub("", text.translate(_UPPER))
    if not 2 <= len(code) <= 7 or code.startswith(("ZZ", "BF")):
        return None
    if len(code) >= 5:
        incode = _DIGIT_FOR.get(code[-3], code[-3]) + code[-2:]
        outcode = _outcode(code[:-3])
        if outcode and _INCODE.fullmatch(incode):
            return Postcode(outcode, incode, "")
    if len(code) <= 4:
        outcode = _outcode(code)
        if outcode:
            return Postcode(outcode, "", "")
    return Postcode("", "", code) if _says_where(code) else None


def _says_where(code: str) -> bool:
    """Whether characters that form no postcode are one mistyped, or a code of another country. NFA 000, AA1 1AA, 12345
    and 99999 fill a field, and would keep a child of a common name from being found anywhere."""
    if code.isdigit():
        return len(code) >= _FEWEST_TYPED and len(set(code)) > 1 and code not in "0123456789"
    begun, letters = _BEGINNING.match(code), {c for c in code if not c.isdigit()}
    if len(code) < _FEWEST_BROKEN or begun is None or len(letters) == 1 or code.isalpha():
        return False
    return begun.group(1) in AREAS or _SHAPE.fullmatch(code) is not None


def _outcode(code: str) -> str | None:
    """The outcode itself, or the one reading of O/0 and I/1 that makes it one."""
    if _is_outcode(code):
        return code
    choices = [(c, _LETTER_FOR.get(c, ""), _DIGIT_FOR.get(c, "")) for c in code]
    readings = {
        "".join(reading) for reading in product(*([o for o in options if o] for options in choices))
    }
    valid = sorted(reading for reading in readings if _is_outcode(reading))
    return valid[0] if len(valid) == 1 else None


def _is_outcode(code: str) -> bool:
    found = _OUTCODE.fullmatch(code)
    if found is None or found.group(1) not in AREAS:
        return False
    return code[-1].isdigit() or (
        found.group(1) in _AREAS_WITH_LETTER and code[-1] in _LAST_LETTERS[len(found.group(1))]
    )
