"""Turns published persons into children: dates, postcodes, sex, identifiers.

Here a person becomes one child with what every system that met the child wrote down; what happened
to the child is in ``lives``, who holds which record in ``involvement``. Invariants: the differences
between two sightings of a child are those published between two records of the person; the child's
true fields are the first of its sightings that states them; NHS numbers and pupil numbers are
valid, distinct and nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Final

from deploy.demo.people.agencies import AREAS, Area
from deploy.demo.people.names import middle_name, proper, sex_of
from deploy.demo.people.published import (
    Cluster,
    age_on,
    english_postcode,
    move,
    years_to_move,
)
from deploy.invented.dates import day_of_iso
from deploy.invented.numbers import nhs_number, upn
from fingerpost.private.demographics import Sex

_WITH_MIDDLE_NAME: Final = 0.3
_NHS_PREFIX: Final = "999"
_UPN_AUTHORITY: Final = 990


@dataclass(frozen=True, slots=True, repr=False)
class Sighting:
    """What one system wrote down; ``dob`` is ISO 8601, perhaps of no calendar, perhaps empty."""

    forename: str
    surname: str
    dob: str
    postcode: str


@dataclass(frozen=True, slots=True, repr=False)
class Move:
    """From where and under which surname a child came into its present area, and what is on file
    there.
    """

    area: Area
    surname: str
    when: date
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Child:
    """``number`` is this demonstration's own and is in no export."""

    number: int
    area: Area
    forename: str
    middle_names: str
    surname: str
    dob: date
    sex: Sex
    postcode: str
    health_number: str
    upn: str
    sightings: tuple[Sighting, ...]
    former_surname: str = ""
    twin: int | None = None
    moved: Move | None = None

    def age(self, today: date) -> int:
        return age_on(today, self.dob)


def children_of(
    clusters: Sequence[Cluster], today: date, rng: Random, most: int
) -> tuple[Child, ...]:
    """Return at most ``most`` children, from an even draw of the persons, in the order of their
    numbers.

    A person of whom no record states a forename, a surname or a date of the calendar is passed
    over: nobody could say who is meant.
    """
    order = rng.sample(range(len(clusters)), len(clusters))
    nhs_numbers = draw_nhs_numbers(rng, len(order))
    upns = draw_upns(rng, len(order))
    children: list[Child] = []
    for place, index in enumerate(order):
        if len(children) == most:
            break
        child = _child(clusters[index], today, rng)
        if child is not None:
            children.append(replace(child, health_number=nhs_numbers[place], upn=upns[place]))
    return tuple(sorted(children, key=lambda child: child.number))


def _child(cluster: Cluster, today: date, rng: Random) -> Child | None:
    area = rng.choice(AREAS)
    wish = rng.randrange(18)
    published = [record.born for record in cluster.records]
    years = years_to_move(published, today, wish)
    forename = proper(next((r.forename for r in cluster.records if r.forename), ""))
    surname = proper(next((r.surname for r in cluster.records if r.surname), ""))
    sex = sex_of(forename, rng)
    middle = middle_name(sex, rng) if rng.random() < _WITH_MIDDLE_NAME else ""
    if years is None or not forename or not surname:
        return None
    sightings = tuple(
        Sighting(
            proper(record.forename),
            proper(record.surname),
            move(record.born, years),
            english_postcode(record.postcode, area.postcode_letters),
        )
        for record in cluster.records
    )
    return Child(
        number=cluster.person,
        area=area,
        forename=forename,
        middle_names=middle,
        surname=surname,
        dob=next(born for s in sightings if (born := day_of_iso(s.dob)) is not None),
        sex=sex,
        postcode=next((s.postcode for s in sightings if s.postcode), ""),
        health_number="",
        upn="",
        sightings=sightings,
    )


def draw_nhs_numbers(rng: Random, count: int) -> tuple[str, ...]:
    """Return distinct NHS numbers of ten digits from the test range, 999 000 0000 to 999 999 9999.

    Raises:
        ValueError: The range holds fewer.
    """
    numbers: list[str] = []
    for serial in rng.sample(range(1_000_000), min(1_000_000, 2 * count + 100)):
        number = nhs_number(f"{_NHS_PREFIX}{serial:06d}")
        # A number of one repeated digit passes the check and identifies nobody.
        if len(set(number)) > 1:
            numbers.append(number)
        if len(numbers) == count:
            return tuple(numbers)
    raise ValueError("the test range holds fewer numbers than asked for")


def draw_upns(rng: Random, count: int) -> tuple[str, ...]:
    """Return distinct pupil numbers: letter, authority (3), school (4), year (2), serial (3).

    The authority's number is above all that are in use.
    """
    tails = rng.sample(range(1_000_000_000), count)
    return tuple(upn(f"{_UPN_AUTHORITY}{tail:09d}") for tail in tails)
