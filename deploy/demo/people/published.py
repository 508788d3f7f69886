"""FEBRL's dataset 4, and its dates and postcodes moved into an English childhood.

5,000 persons have an original record in file 4a and a duplicate with mistakes in 4b. Invariants:
all dates of a person move by the same number of years, so that the differences between two records
stay as published; a date of the calendar stays one, and a date of no calendar stays one
(29 February moves to a leap year or stays broken); within one area two postcodes are the same only
if the published ones are, one wrong digit becomes one wrong character, and two neighbouring digits
that are exchanged stay two characters that are exchanged, except across the space's letter; the
outward letters are of no post town in use. What is empty, or not of the published form, stays as it
is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from deploy.invented.dates import calendar_day, day_of_digits
from deploy.invented.febrl import FebrlRecord, SourceError, read_records

CHILDHOOD_YEARS: Final = 18
_UNIT: Final = "ABDEFGHJLN"
_FIRST: Final = "9123456780"  # districts have no leading zero: 0 and 9 change places


@dataclass(frozen=True, slots=True, repr=False)
class Cluster:
    """One person: the original record, then the duplicates in the order of their numbers."""

    person: int
    records: tuple[FebrlRecord, ...]


def read_clusters(wheel: Path) -> tuple[Cluster, ...]:
    """Return all persons of dataset 4, as published, in the order of their numbers.

    Raises:
        SourceError: The wheel or its form is another one.
    """
    persons: dict[int, list[FebrlRecord]] = {}
    for record in read_records(wheel, "4a", "4b"):
        persons.setdefault(record.person, []).append(record)
    for records in persons.values():
        records.sort(key=lambda record: -1 if record.duplicate is None else record.duplicate)
        if records[0].duplicate is not None:
            raise SourceError("a duplicate has no original")
    return tuple(Cluster(person, tuple(persons[person])) for person in sorted(persons))


def age_on(day: date, born: date) -> int:
    """Return completed years. Who is born on 29 February completes a year on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def years_to_move(published: Sequence[str], today: date, wish: int) -> int | None:
    """Return by how many years to move all of ``published``, or None if no number will do.

    The first date of the calendar lands in the last 18 years before ``today``. Among the possible
    numbers of years, those come first that leave the fewest dates in the future (no system accepts
    a child not yet born); among these ``wish`` decides.
    """
    parsed = [day_of_digits(text) for text in published]
    anchor = next((born for born in parsed if born is not None), None)
    if anchor is None:
        return None
    possible = []
    for year in range(today.year - CHILDHOOD_YEARS, today.year + 1):
        born = calendar_day(year, anchor.month, anchor.day)
        if born is None or born > today or age_on(today, born) >= CHILDHOOD_YEARS:
            continue
        years = year - anchor.year
        moved = [day_of_digits(_moved_digits(text, years)) for text in published]
        if [d is None for d in moved] == [d is None for d in parsed]:
            possible.append((sum(d is not None and d > today for d in moved), years))
    best = [years for future, years in possible if future == min(possible)[0]]
    return best[wish % len(best)] if best else None


def move(published: str, years: int) -> str:
    """Return the moved date as ISO 8601 writes it (a broken one too)."""
    digits = _moved_digits(published, years)
    if len(digits) != 8 or not digits.isdigit():
        return published
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _moved_digits(published: str, years: int) -> str:
    if len(published) != 8 or not (published.isascii() and published.isdigit()):
        return published
    year = int(published[:4]) + years
    return f"{year:04d}{published[4:]}" if 0 <= year <= 9999 else published


def english_postcode(published: str, letters: str) -> str:
    """Return four digits as a postcode: ``2604`` with letters ``WX`` gives ``WX26 0EQ``."""
    if len(published) != 4 or not (published.isascii() and published.isdigit()):
        return published
    first, last = _FIRST[int(published[0])], _UNIT[int(published[3])]
    return f"{letters}{first}{published[1]} {published[2]}{last}Q"


def in_area(postcode: str, letters: str) -> str:
    """Return the same place in the other area: only the outward letters change."""
    return f"{letters}{postcode[2:]}" if len(postcode) == 8 else postcode
