"""The children whom the demonstration's lookups are about, and what is arranged around each.

A child is chosen for a part by its own records; a script says with which kinds of agency each part
is involved. What a lookup should find is in ``stories``. Invariants: every part is played by a
child that cannot be mistaken (nobody else in the population could be taken for it, except a twin)
and whose first record is recognisable; no child plays two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from deploy.demo.people.agencies import WEXCOMBE
from deploy.demo.people.children import Child, Sighting
from deploy.demo.people.likeness import Lookalikes, recognisable
from deploy.demo.people.records import Record
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import InvolvementStatus, Kind


@unique
class Character(Enum):
    WELL_KNOWN = "known to four agencies, once under another surname"
    MOVED = "known under another surname in the area it left"
    UNSCHOOLED = "of school age, and at no school"
    TWIN = "a twin"
    OTHER_TWIN = "the other twin, with an agency of its own"
    CUT_OFF = "known to an agency whose node stops"
    SHIELDED = "shielded at one agency"
    CONFIDENTIAL = "with services that are sensitive"


@dataclass(frozen=True, slots=True)
class Part:
    """One involvement to arrange. ``before_move``: in the area that the child left. ``lead``: by
    the lead practitioner, with an early help assessment.
    """

    kind: Kind
    status: InvolvementStatus = InvolvementStatus.OPEN
    before_move: bool = False
    shield: bool = False
    lead: bool = False


_AGES: Final = (8, 16)
"""Completed years: old enough for every kind of agency in the scripts, and of school age."""
_RECENT: Final = InvolvementStatus.RECENT
SCRIPTS: Final[Mapping[Character, tuple[Part, ...]]] = MappingProxyType(
    {
        Character.WELL_KNOWN: (
            Part(Kind.EDU_SCHOOL),
            Part(Kind.GP),
            Part(Kind.CSC_CP),
            Part(Kind.POLICE_PROTECTION, _RECENT),
        ),
        Character.MOVED: (
            Part(Kind.EDU_SCHOOL),
            Part(Kind.GP),
            Part(Kind.GP, _RECENT, before_move=True),
            Part(Kind.CSC_CIN, _RECENT, before_move=True),
            Part(Kind.POLICE_PROTECTION, _RECENT, before_move=True),
        ),
        Character.UNSCHOOLED: (
            Part(Kind.GP),
            Part(Kind.HOUSING),
            Part(Kind.EDU_WELFARE),
            Part(Kind.EARLY_HELP, lead=True),
        ),
        Character.TWIN: (Part(Kind.EDU_SCHOOL), Part(Kind.GP)),
        Character.OTHER_TWIN: (Part(Kind.EDU_SCHOOL), Part(Kind.GP), Part(Kind.VCS_FAMILY)),
        Character.CUT_OFF: (Part(Kind.EDU_SCHOOL), Part(Kind.GP), Part(Kind.VCS_FAMILY)),
        Character.SHIELDED: (
            Part(Kind.EDU_SCHOOL, shield=True),
            Part(Kind.GP),
            Part(Kind.POLICE_PROTECTION),
        ),
        Character.CONFIDENTIAL: (
            Part(Kind.EDU_SCHOOL),
            Part(Kind.GP),
            Part(Kind.DOMESTIC_ABUSE),
            Part(Kind.MENTAL_HEALTH),
        ),
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Cast:
    """Who plays what, by number; ``stranger`` is in no agency's records at all."""

    players: Mapping[Character, Child]
    stranger: Child

    def character_of(self, child: Child) -> Character | None:
        return next(
            (c for c, player in self.players.items() if player.number == child.number), None
        )


def cast(children: Sequence[Child], spare: Sequence[Child], today: date) -> Cast:
    """Find the players.

    Of those fit for a part the one of the best ``_quality`` plays it.

    Raises:
        LookupError: The population has nobody fit for a part.
    """
    alone = Lookalikes((*children, *spare))
    by_number = {child.number: child for child in children}
    taken: set[int] = set()

    def fit(child: Child) -> bool:
        age = child.age(today)
        return (
            child.number not in taken
            and _AGES[0] <= age <= _AGES[1]
            and _recognised(child, 1)
            and alone.stands_alone(child)
        )

    def find(pool: Sequence[Child], wanted: Callable[[Child], bool]) -> Child:
        players = [child for child in pool if wanted(child) and fit(child)]
        if not players:
            raise LookupError("the population has nobody fit for a part")
        best = max(players, key=_quality)
        taken.add(best.number)
        return best

    def twin_of(child: Child) -> Child:
        return by_number[child.twin or 0]

    def twin_like_the_other(child: Child) -> bool:
        return child.twin is not None and twin_of(child).sex is child.sex and fit(twin_of(child))

    players = {
        Character.WELL_KNOWN: find(children, lambda child: bool(child.former_surname)),
        Character.MOVED: find(children, lambda child: child.moved is not None),
        Character.TWIN: find(children, twin_like_the_other),
    }
    players[Character.OTHER_TWIN] = twin_of(players[Character.TWIN])
    taken.add(players[Character.OTHER_TWIN].number)
    for character in (
        Character.UNSCHOOLED,
        Character.CUT_OFF,
        Character.SHIELDED,
        Character.CONFIDENTIAL,
    ):
        players[character] = find(children, _plain)
    return Cast(MappingProxyType(players), find(spare, _plain))


def _plain(child: Child) -> bool:
    return not child.former_surname and child.twin is None and child.moved is None


def _with_error(child: Child) -> bool:
    """Whether a sighting differs from the truth."""
    return any(
        (sighting.forename, sighting.surname, sighting.postcode) != (child.forename, surname, home)
        for sighting, surname, home in _with_truth(child, len(child.sightings))
    )


def _quality(child: Child) -> tuple[bool, bool, bool]:
    """First those of one area, so that two asking desks are enough for the whole demonstration;
    then those recognisable in all of their sightings; then those with a published error between
    them.
    """
    return child.area is WEXCOMBE, _recognised(child, len(child.sightings)), _with_error(child)


def _recognised(child: Child, first: int) -> bool:
    """Whether anybody would recognise the child in its first few sightings, errors included."""
    return all(
        recognisable(
            Demographics(forename=child.forename, surname=surname, dob=child.dob, postcode=home),
            _bare(sighting),
        )
        for sighting, surname, home in _with_truth(child, first)
    )


def _with_truth(child: Child, first: int) -> Iterator[tuple[Sighting, str, str]]:
    """The first few sightings in each area, with the surname and postcode that were right where it
    was made.
    """
    for sighting in child.sightings[:first]:
        yield sighting, child.surname, child.postcode
    if child.moved is not None:
        for sighting in child.moved.sightings[:first]:
            yield sighting, child.moved.surname, child.moved.sightings[0].postcode


def _bare(sighting: Sighting) -> Record:
    return Record(
        sighting.forename, "", sighting.surname, (), sighting.dob, None, sighting.postcode, "", ""
    )
