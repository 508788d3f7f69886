"""Numbers that children carry: NHS numbers and unique pupil numbers with valid checks.

Sources: NHS Data Dictionary (numbers given at birth begin with 4, 6 or 7); Department for
Education, unique pupil numbers (letter, authority, school, year, serial). Invariant: one object
gives no number twice.
"""

from __future__ import annotations

from random import Random
from typing import Final

from deploy.invented.numbers import nhs_number, upn

_RANGES: Final = ((400_000_000, 499_999_999), (600_000_000, 799_999_999))
_FIRST_AUTHORITY: Final = 201
_FIRST_SCHOOL: Final = 2000


class NhsNumbers:
    """Gives numbers drawn evenly from the ranges; twins have numbers near one another."""

    __slots__ = ("_chance", "_given")

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._given: set[int] = set()

    def draw(self, after: str = "") -> str:
        """Return a number; with ``after``, the nearest free one above it (for a twin)."""
        low, high = _RANGES[0 if self._chance.random() < 1 / 3 else 1]
        body = int(after[:9]) + 1 if after else self._chance.randrange(low, high)
        while True:
            number = nhs_number(str(body))
            if number and body not in self._given and len(set(str(body))) > 1:
                self._given.add(body)
                return number
            body += 1


class PupilNumbers:
    """Gives each school's entrants of a year their serial numbers in turn."""

    __slots__ = ("_serials",)

    def __init__(self) -> None:
        self._serials: dict[tuple[int, int, int], int] = {}

    def draw(self, area: int, school: int, year: int) -> str:
        """Return an entrant's number. ``school``: its number within the area.

        Raises:
            ValueError: The serial numbers of the year are used up.
        """
        place = (area, school, year % 100)
        serial = self._serials.get(place, 0) + 1
        if serial > 999:
            raise ValueError("more entrants than serial numbers")
        self._serials[place] = serial
        authority, number = (_FIRST_AUTHORITY + area) % 1000, (_FIRST_SCHOOL + school) % 10_000
        return upn(f"{authority:03}{number:04}{year % 100:02}{serial:03}")
