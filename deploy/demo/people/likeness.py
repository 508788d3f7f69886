"""When anybody would recognise a record as the child asked about, and when a child is mistaken for
none.

This is the rule behind the expectations of the stories. It is deliberately narrower than what a
matcher should find: what it calls recognisable is beyond argument, what it does not is left open.
It shares no code with the matcher, so that a story can prove the matcher wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from deploy.demo.people.children import Child, Sighting
from deploy.demo.people.names import sounds_alike
from deploy.demo.people.records import Record
from deploy.invented.dates import day_of_iso
from fingerpost.private.demographics import Demographics


def recognisable(asked: Demographics, record: Record) -> bool:
    """Return whether anybody would recognise the record.

    The date of birth must be the same, and either the NHS number under a forename that sounds
    alike, or a pair of names that sounds alike, of which with the postcode at least two of three
    are exact.
    """
    if asked.dob is None or day_of_iso(record.dob) != asked.dob:
        return False
    if asked.health_number and asked.health_number == record.health_number:
        return sounds_alike(asked.forename, record.forename)
    if asked.health_number and record.health_number:
        return False
    off = characters_off(asked.postcode, record.postcode)
    return any(
        sounds_alike(mine[0], theirs[0])
        and sounds_alike(mine[1], theirs[1])
        and (mine == theirs or (off <= 1 and (mine[0] == theirs[0] or mine[1] == theirs[1])))
        and (off == 0) + (mine[0] == theirs[0]) + (mine[1] == theirs[1]) >= 2
        for mine in _asked_names(asked)
        for theirs in _record_names(record)
    )


def _asked_names(asked: Demographics) -> Iterator[tuple[str, str]]:
    yield asked.forename, asked.surname
    yield from ((other.forename, other.surname) for other in asked.other_names)


def _record_names(record: Record) -> Iterator[tuple[str, str]]:
    yield record.forename, record.surname
    yield from ((other.forename, other.surname) for other in record.aliases)


def characters_off(one: str, other: str) -> int:
    """Return how many characters differ; all of them where the lengths do."""
    if len(one) != len(other):
        return max(len(one), len(other))
    return sum(a != b for a, b in zip(one, other, strict=True))


class Lookalikes:
    """Knows whether a child could be mistaken for another one, by any system's sighting of
    either.
    """

    def __init__(self, children: Iterable[Child]) -> None:
        self._by_date: defaultdict[date, set[int]] = defaultdict(set)
        self._by_home: defaultdict[str, list[tuple[int, Sighting]]] = defaultdict(list)
        for child in children:
            for sighting in _all_sightings(child):
                self._by_home[_home(sighting.postcode)].append((child.number, sighting))
                for born in _readings(day_of_iso(sighting.dob)):
                    self._by_date[born].add(child.number)

    def stands_alone(self, child: Child) -> bool:
        """Return whether no other child could be taken for this one, except a twin.

        None has its date of birth (day and month in either order), and none at a postcode of the
        same characters has a forename or surname that sounds alike.
        """
        own = {child.number, child.twin}
        if any(self._by_date[born] - own for born in _readings(child.dob)):
            return False
        return not any(
            sounds_alike(mine.forename, theirs.forename)
            or sounds_alike(mine.surname, theirs.surname)
            for mine in _all_sightings(child)
            for number, theirs in self._by_home[_home(mine.postcode)]
            if number not in own
        )


def _all_sightings(child: Child) -> Iterator[Sighting]:
    yield from child.sightings
    if child.moved is not None:
        yield from child.moved.sightings


def _home(postcode: str) -> str:
    return "".join(sorted(postcode))


def _readings(born: date | None) -> Iterator[date]:
    if born is None:
        return
    yield born
    if born.day <= 12:
        yield date(born.year, born.day, born.month)
