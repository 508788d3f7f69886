"""What happened to some children: a new surname, a twin, a move into the other area under another
name.

The events are drawn by chance; which agency knows of them is decided in ``involvement``.
Invariants: no child has two of the three; twins share date of birth, surname, postcode and area,
and have clearly different forenames; a moved or renamed child's former surname sounds unlike its
present one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Final

from deploy.demo.people.agencies import neighbour
from deploy.demo.people.children import Child, Move
from deploy.demo.people.names import clearly_different, sounds_alike
from deploy.demo.people.published import in_area
from deploy.invented.dates import day_of_iso

TWIN_PAIRS: Final = 0.012
"""Pairs, as a share of all children (about 1.6 % of births in England are multiple births)."""
MOVED: Final = 0.03
RENAMED: Final = 0.045
_TRIED: Final = 200


def live(
    children: Sequence[Child], spare: Sequence[Child], today: date, rng: Random
) -> tuple[Child, ...]:
    """Return the same children after their events, in the same order.

    Args:
        spare: Persons outside the population: former surnames and postcodes come from them.
    """
    after = {child.number: child for child in children}
    waiting = [child for child in children if _fully_stated(child)]
    rng.shuffle(waiting)
    for _ in range(round(TWIN_PAIRS * len(children))):
        first = waiting.pop()
        partner = _partner(first, waiting)
        if partner is None:
            continue
        waiting.remove(partner)
        after[first.number] = replace(first, twin=partner.number)
        after[partner.number] = _twin_of(first, partner)
    for _ in range(round(MOVED * len(children))):
        child = waiting.pop()
        after[child.number] = _moved(child, spare, today, rng)
    for _ in range(round(RENAMED * len(children))):
        child = waiting.pop()
        after[child.number] = replace(child, former_surname=_other_surname(child, spare, rng))
    return tuple(after[child.number] for child in children)


def _fully_stated(child: Child) -> bool:
    """Whether the first sighting states all fields, and so may be taken for the truth."""
    first = child.sightings[0]
    return (
        bool(first.forename and first.surname and first.postcode)
        and day_of_iso(first.dob) is not None
        and all(sighting.forename for sighting in child.sightings)
    )


def _partner(first: Child, waiting: Sequence[Child]) -> Child | None:
    """Preferably of the same sex: the harder case for a matcher."""
    fit = [
        other
        for other in waiting[:_TRIED]
        if all(
            clearly_different(mine.forename, theirs.forename)
            for mine in first.sightings
            for theirs in other.sightings
        )
    ]
    return next((other for other in fit if other.sex is first.sex), fit[0] if fit else None)


def _twin_of(first: Child, partner: Child) -> Child:
    """The partner, born with the first into the same home. Errors of the forename stay the
    partner's.
    """
    shared = first.sightings[0]
    return replace(
        partner,
        area=first.area,
        surname=first.surname,
        dob=first.dob,
        postcode=first.postcode,
        sightings=tuple(
            replace(shared, forename=sighting.forename) for sighting in partner.sightings
        ),
        twin=first.number,
    )


def _moved(child: Child, spare: Sequence[Child], today: date, rng: Random) -> Child:
    """The published records stay in the area that the child left; the present one knows another
    name.
    """
    surname = _other_surname(child, spare, rng)
    old_area = neighbour(child.area)
    new_home = rng.choice(spare).postcode
    lived = (today - child.dob).days
    when = today - timedelta(days=rng.randrange(min(30, lived), min(330, lived) + 1))
    return replace(
        child,
        surname=surname,
        postcode=in_area(new_home, child.area.postcode_letters),
        sightings=tuple(
            replace(
                sighting,
                surname=surname,
                postcode=in_area(new_home, child.area.postcode_letters),
            )
            for sighting in child.sightings
        ),
        moved=Move(
            old_area,
            child.surname,
            when,
            tuple(
                replace(sighting, postcode=in_area(sighting.postcode, old_area.postcode_letters))
                for sighting in child.sightings
            ),
        ),
    )


def _other_surname(child: Child, spare: Sequence[Child], rng: Random) -> str:
    for other in rng.sample(spare, min(_TRIED, len(spare))):
        if other.surname[0] != child.surname[0] and not sounds_alike(other.surname, child.surname):
            return other.surname
    raise LookupError("too few other persons to draw a surname from")
