"""Numbers for children who do not exist: NHS numbers of the test range, and pupil numbers.

Who carries a number in which file is not decided here. Invariant: every number drawn is valid by
its check and lies where no person's number lies (NHS numbers 999 000 0000 to 999 999 9999; pupil
numbers under a local authority number above all that are in use).
"""

from __future__ import annotations

from random import Random
from typing import Final

from deploy.invented.numbers import nhs_check_digit, upn_check_letter

_NHS_PREFIX: Final = "999"
_UPN_AUTHORITY: Final = 990


def draw_nhs_numbers(rng: Random, count: int) -> tuple[str, ...]:
    """Return ``count`` distinct test NHS numbers of ten digits, without spaces."""
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
    """Return distinct pupil numbers: letter, authority (3), school (4), year (2), serial (3)."""
    return tuple(
        f"{upn_check_letter(digits)}{digits}"
        for digits in (
            f"{_UPN_AUTHORITY}{tail:09d}" for tail in rng.sample(range(1_000_000_000), count)
        )
    )
