"""Telephone numbers as registers, spreadsheets and case systems write them, brought to one form.

Law: pure. A number is mended only where its form proves what was meant; what might be another
number is refused, and two numbers in one field are never joined into one (a practitioner who rings
a wrong number at night may not ring a second time). A refusal has a code and holds no digit.

Sources: the United Kingdom's national numbers have 9 or 10 digits after the 0 and begin with 1, 2,
3, 5, 7, 8 or 9 (National Telephone Numbering Plan); an international number has at most 15 digits
(ITU-T E.164).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final
from unicodedata import normalize

MOST_CHARS: Final = 24
_INTERNATIONAL_DIGITS: Final = range(8, 16)
_SHORT: Final = re.compile(r"999|1[0-9]{2}|11[68][0-9]{3}")
_NATIONAL: Final = re.compile(r"[1235789][0-9]{8,9}|8(?:00|45)[0-9]{4}")
"""After the 0. Some numbers of help lines are shorter, such as 0800 1111."""
_TEN: Final = re.compile(r"[1235789][0-9]{9}")
_MOST_NATIONAL: Final = 11
_DECIMAL: Final = re.compile(r"([0-9]+)\.0+")
_SPREADSHEET: Final = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,2}")
_BRACKETED_WORDS: Final = re.compile(r"[(\[][^0-9)\]]*[A-Za-z][^0-9)\]]*[)\]]")
_LABEL: Final = re.compile(r"\b(?:tel(?:ephone)?|phone|office|desk|t|p)\b[.:]?\s*", re.IGNORECASE)
_NATIONAL_ZERO: Final = re.compile(r"[(\[]\s*0\s*[)\]]")
_TWO: Final = re.compile(r"[/;,|&]|\bor\b", re.IGNORECASE)
_NOISE: Final = re.compile(r"[()\[\].\-\u00ad\u2010-\u2015\u2212_]")
_INVISIBLE: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACES: Final = re.compile(r"\s+")
_WRITTEN: Final = re.compile(r"\+?[0-9][0-9 ]*")


@unique
class TelephoneFault(Enum):
    """Why a text is no telephone number. The value is for a person, after the column's name."""

    TWO_NUMBERS = "holds more than one number"
    SPREADSHEET = "was written by a spreadsheet as a power of ten, and its last digits are lost"
    WORDS = "holds words or an extension, which cannot be dialled"
    DIGITS = "does not have the digits of a number"


class BadTelephone(Exception):
    """A text is no telephone number. The exception holds nothing of it."""

    def __init__(self, fault: TelephoneFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Telephone:
    """``mended``: more was done than to take out brackets and spaces."""

    number: str
    mended: bool = False


def read_telephone(text: str) -> Telephone:
    """Read one number, with its 0 or its ``+``.

    Spaces between its groups stay. Mended are a 0 or a ``+`` that a spreadsheet took off,
    ``+44 (0)``, and a word in brackets, such as ``(office)``.

    Raises:
        BadTelephone: it is no number, or may be another.
    """
    tidy = _SPACES.sub(" ", _INVISIBLE.sub("", normalize("NFKC", text))).strip(" '")
    if decimal := _DECIMAL.fullmatch(tidy):
        tidy = decimal[1]
    if _SPREADSHEET.fullmatch(tidy):
        raise BadTelephone(TelephoneFault.SPREADSHEET)
    bare = _LABEL.sub("", _BRACKETED_WORDS.sub(" ", tidy), count=1).strip()
    mended = bare != tidy
    if len([part for part in _TWO.split(bare) if sum(map(str.isdigit, part)) >= 6]) > 1:
        raise BadTelephone(TelephoneFault.TWO_NUMBERS)
    without_zero = _NATIONAL_ZERO.sub(" ", bare)
    plain = without_zero if bare.lstrip("([ ").startswith(("+", "00")) else bare
    written = _SPACES.sub(" ", _NOISE.sub(" ", plain).replace("/", " ")).strip()
    if not _WRITTEN.fullmatch(written):
        digits = sum(map(str.isdigit, written))
        raise BadTelephone(TelephoneFault.WORDS if digits else TelephoneFault.DIGITS)
    number, changed = _in_one_form(written, trunk_zero=without_zero != bare)
    if len(number) > MOST_CHARS:
        number = number.replace(" ", "")
    return Telephone(number, mended or changed)


def _in_one_form(written: str, *, trunk_zero: bool) -> tuple[str, bool]:
    """Return digits, single spaces and perhaps a ``+`` as a number, and whether it was mended.

    ``trunk_zero``: a 0 in brackets stood behind the country's code.
    """
    digits = written.replace(" ", "").lstrip("+")
    if written.startswith("+") or digits.startswith("00"):
        rest = _after(written, "" if written.startswith("+") else "00")
        inner = rest.replace(" ", "")
        if not inner.startswith("44"):
            if len(inner) not in _INTERNATIONAL_DIGITS:
                raise BadTelephone(TelephoneFault.DIGITS)
            return f"+{rest}", not written.startswith("+")
        national = _after(rest, "44").removeprefix("0").lstrip()
        _require(_NATIONAL, national)
        if trunk_zero or inner.startswith("440"):
            return f"0{national}", True
        return f"+{rest}", not written.startswith("+")
    if digits.startswith("44") and _TEN.fullmatch(digits[2:]):
        return f"+{written}", True
    if digits.startswith("0"):
        if len(digits) > _MOST_NATIONAL and " " in written:
            raise BadTelephone(TelephoneFault.TWO_NUMBERS)
        _require(_NATIONAL, digits[1:])
        return written, False
    if _SHORT.fullmatch(digits):
        return digits, False
    _require(_TEN, digits)  # with nine digits, one at the end may be missing
    return f"0{written}", True


def _require(form: re.Pattern[str], written: str) -> None:
    """Raises ``BadTelephone``: the digits do not have the form."""
    if not form.fullmatch(written.replace(" ", "")):
        raise BadTelephone(TelephoneFault.DIGITS)


def _after(written: str, beginning: str) -> str:
    """Return what follows a ``+`` and the digits that a number begins with."""
    left = written.lstrip("+ ")
    for digit in beginning:
        left = left.removeprefix(digit).lstrip()
    return left
