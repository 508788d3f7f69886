"""The check digit of an NHS number and the check letter of a unique pupil number (UPN).

The rule is written here once more than in ``fingerpost.private.linkage``, so that invented people
can show a mistake of the product's rule.
Sources: NHS Data Model and Dictionary, "NHS Number" (weights 10 to 2, modulus 11); Department for
Education, "Unique pupil numbers" (23 letters, weights 2 to 13, modulus 23).
"""

from __future__ import annotations

from typing import Final

_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"


def nhs_check_digit(nine: str) -> int | None:
    """Return the tenth digit, or None where the rule makes the number invalid (a check of 10)."""
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True))
    check = -total % 11
    return check if check < 10 else None


def nhs_number(nine: str) -> str:
    """Return the whole number, or empty text where the rule makes it invalid."""
    check = nhs_check_digit(nine)
    return "" if check is None else f"{nine}{check}"


def upn(digits: str) -> str:
    """Return the permanent pupil number of these twelve digits."""
    return upn_check_letter(digits) + digits


def upn_check_letter(digits: str) -> str:
    """Return the letter that stands before the twelve digits of a permanent pupil number."""
    total = sum(weight * int(digit) for weight, digit in zip(range(2, 14), digits, strict=True))
    return _UPN_LETTERS[total % 23]
