"""Numbers that children carry: NHS numbers and unique pupil numbers with valid checks, each given once.

Sources: NHS Data Dictionary (modulus 11; numbers given at birth begin with 4, 6 or 7); Department for
Education, unique pupil numbers (modulus 23: letter, authority, school, year, serial).
Invariants: no number is given twice by one giver.
"""

from __future__ import annotations

from random import Random
from typing import Final

_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_RANGES: Final = ((400_000_000, 499_999_999), (600_000_000, 799_999_999))
_FIRST_AUTHORITY: Final = 201
_FIRST_SCHOOL: Final = 2000


class NhsNumbers:
    """Gives numbers drawn evenly from the ranges; the next of a birth follows close on the one before."""

    __slots__ = ("_chance", "_given")

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._given: set[int] = set()

    def draw(self, after: str = "") -> str:
        """A number; with ``after``, the nearest free one above that (twins are numbered in one go)."""
        low, high = _RANGES[0 if self._chance.random() < 1 / 3 else 1]
        body = int(after[:9]) + 1 if after else self._chance.randrange(low, high)
        while True:
            check = _check_digit(body)
            if check < 10 and body not in self._given and len(set(str(body))) > 1:
                self._given.add(body)
                return f"{body}{check}"
            body += 1


def _check_digit(body: int) -> int:
    total = 0
    for weight in range(2, 11):
        body, digit = divmod(body, 10)
        total += digit * weight
    return -total % 11


class PupilNumbers:
    """Gives each school's entrants of a year their serial numbers in turn."""

    __slots__ = ("_serials",)

    def __init__(self) -> None:
        self._serials: dict[tuple[int, int, int], int] = {}

    def draw(self, area: int, school: int, year: int) -> str:
        """``school``: its number within the area. Raises ``ValueError`` when a year's serials are used up."""
        place = (area, school, year % 100)
        serial = self._serials.get(place, 0) + 1
        if serial > 999:
            raise ValueError("more entrants than serial numbers")
        self._serials[place] = serial
        authority, number = (_FIRST_AUTHORITY + area) % 1000, (_FIRST_SCHOOL + school) % 10_000
        digits = f"{authority:03}{number:04}{year % 100:02}{serial:03}"
        total = sum(int(d) * weight for weight, d in enumerate(digits, 2))
        return _UPN_LETTERS[total % 23] + digits
