"""Numbers for children who do not exist: NHS numbers of the test range, and pupil numbers.

Lives here: the check digit of the NHS number and the check letter of the unique pupil number (UPN),
and drawing distinct ones. Must not live here: who carries a number in which file. Invariants: every
number drawn is valid by its check and lies where no person's number lies (NHS numbers 999 000 0000 to
999 999 9999; pupil numbers under a local authority number above all that are in use).

Sources: NHS Data Model and Dictionary, "NHS Number" (weights 10 to 2, modulus 11); Department for
Education, "Unique pupil numbers" (23 letters, weights 2 to 13, modulus 23).
"""

from __future__ import annotations

from random import Random
from typing import Final

_NHS_PREFIX: Final = "999"
_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UPN_AUTHORITY: Final = 990


def nhs_check_digit(nine: str) -> int | None:
    """The tenth digit, or None where the rule makes the number invalid (a remainder of 10)."""
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), nine, strict=True))
    check = 11 - total % 11
    if check == 10:
        return None
    return 0 if check == 11 else check


def upn_check_letter(digits: str) -> str:
    """The letter that stands before the twelve digits of a permanent pupil number."""
    total = sum(weight * int(digit) for weight, digit in zip(range(2, 14), digits, strict=True))
    return _UPN_LETTERS[total % 23]


def draw_nhs_numbers(rng: Random, count: int) -> tuple[str, ...]:
    """``count`` distinct test NHS numbers of ten digits, without spaces."""
    numbers: list[str] = []
    for serial in rng.sample(range(1_000_000), min(1_000_000, 2 * count + 100)):
        nine = f"{_NHS_PREFIX}{serial:06d}"
        check = nhs_check_digit(nine)
        # A number of one repeated digit passes the check and identifies nobody.
        if check is not None and len(set(f"{nine}{check}")) > 1:
            numbers.append(f"{nine}{check}")
        if len(numbers) == count:
            return tuple(numbers)
    raise ValueError("the test range holds fewer numbers than asked for")


def draw_upns(rng: Random, count: int) -> tuple[str, ...]:
    """``count`` distinct permanent pupil numbers: letter, authority (3), school (4), year (2), serial (3)."""
    return tuple(
        f"{upn_check_letter(digits)}{digits}"
        for digits in (
            f"{_UPN_AUTHORITY}{tail:09d}" for tail in rng.sample(range(1_000_000_000), count)
        )
    )
