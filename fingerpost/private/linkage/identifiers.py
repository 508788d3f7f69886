"""Numbers of a child that carry their own check: NHS number and UPN.

Sources: NHS Data Dictionary, NHS NUMBER (modulus 11); Department for Education, unique pupil
numbers (modulus 23). Invariants: only a number whose check holds becomes an identifier; the scheme
stays beside the value, because Scottish and Northern Irish numbers have the same ten digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_SEPARATORS: Final = str.maketrans("", "", " -.\t\u00a0")
_DIGITS: Final = frozenset("0123456789")


@unique
class Scheme(IntEnum):
    """Who gave out a ten-digit health number, by its range."""

    NHS = 1  # England, Wales, Isle of Man
    CHI = 2  # Scotland: begins with a date of birth
    HSC = 3  # Northern Ireland: 320 000 0001 to 399 999 9999
    TEST = 4  # 999 000 0000 to 999 999 9999: never given to a person


@dataclass(frozen=True, slots=True, repr=False)
class HealthNumber:
    """Ten digits whose check digit holds, and their scheme."""

    scheme: Scheme
    digits: str

    def __repr__(self) -> str:
        return "HealthNumber(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Upn:
    """A unique pupil number; a temporary one is given anew and identifies nobody for long."""

    text: str
    temporary: bool

    def __repr__(self) -> str:
        return "Upn(…)"


def read_health_number(text: str) -> HealthNumber | None:
    """The number, or ``None`` where length, check digit or pattern is wrong.

    All ten repeated digits pass the check and are refused: they are typed for "unknown".
    """
    digits = text.translate(_SEPARATORS)
    if len(digits) != 10 or not _DIGITS.issuperset(digits) or len(set(digits)) == 1:
        return None
    check = 11 - sum(int(c) * w for c, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    if check % 11 != int(digits[9]):  # a check of 10 equals no digit
        return None
    return HealthNumber(_scheme(digits), digits)


def _scheme(digits: str) -> Scheme:
    if digits.startswith("999"):
        return Scheme.TEST
    if "01" <= digits[:2] <= "31" and "01" <= digits[2:4] <= "12":
        return Scheme.CHI
    if "320" <= digits[:3] <= "399":
        return Scheme.HSC
    return Scheme.NHS


def read_upn(text: str) -> Upn | None:
    """The pupil number, or ``None`` where form or check letter is wrong."""
    code = text.translate(_SEPARATORS).upper()
    if len(code) != 13 or code[0] not in _UPN_LETTERS:
        return None
    body, last = code[1:12], code[12]
    temporary = last in _UPN_LETTERS
    if not _DIGITS.issuperset(body) or not (temporary or last in _DIGITS):
        return None
    values = [int(c) for c in body] + [_UPN_LETTERS.index(last) if temporary else int(last)]
    total = sum(value * weight for value, weight in zip(values, range(2, 14), strict=True))
    if _UPN_LETTERS[total % 23] != code[0]:
        return None
    return Upn(code, temporary)
