"""How often an agency that does not hold the child is opened, beside what it may be: budget and
aim.

Pure. A question goes wide to agencies where the child lives and narrow to all others, so each kind
of agency is judged by the keys that reach it; a figure of the other set is beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.matching.agencies import ALL_HOSTS, Found, Met, count
from benchmarks.matching.intervals import Share, over
from benchmarks.matching.sets import NARROW, WIDE, bound
from benchmarks.matching.solver import Mask
from benchmarks.matching.world import World
from fingerpost.private.linkage.blocking_rules import FAR

SHIPPED_FAR: Final = bound(FAR)
"""The narrow set at agencies elsewhere: what is shipped, before a record's limit of keys."""
_NEARLY: Final = 0.97
SCHOOLS_OF_AREA: Final = 160
PRACTICES_OF_AREA: Final = 40
"""Of England's 24,453 schools and 6,123 practices, what one of its 153 councils has."""


@dataclass(frozen=True, slots=True)
class Opens:
    """How often a kind of agency is opened.

    ``rate`` is measured as ``share``, unless ``extended`` says from what it was calculated.
    ``most`` and ``aim`` are shares too; None where there is no budget.
    """

    agency: str
    keys: str
    rate: float
    share: Share
    most: float | None = None
    aim: float | None = None
    extended: str = ""


def false_unlock(world: World, met: Met) -> list[Opens]:
    found, fair = met.meetings, world.fair
    schools, practices = others_of(world, fair)
    questions = len(fair)

    def share(opened: Found, wanted: Mask, of: float) -> Share:
        return Share(count(opened, wanted, fair), of)

    rows = []
    for keys, mask in (("wide", WIDE), ("narrow", NARROW)):
        for name, opened, of, most, aim in (
            ("a school of the area", found.school, schools, 3e-4, 1e-4),
            ("a practice of the area", found.practice, practices, 3e-4, 1e-4),
            ("a trust of the area, twins apart", found.trust, questions, 2e-2, 1e-2),
            ("the area's council, if it did not hold her", found.council, questions, None, None),
        ):
            rate = share(opened, mask, of)
            budget = (most, aim) if mask == WIDE else (None, None)
            rows.append(Opens(name, keys, rate.rate, rate, *budget))
    for kind, opened, most, aim in (
        ("council", found.far_council, 1e-3, 3e-4),
        ("trust", found.far_trust, 5e-3, 2e-3),
    ):
        size = met.sizes[f"far_{kind}"]
        rate = share(opened, SHIPPED_FAR, questions * size.agencies)
        name = f"a {kind} elsewhere, of {size.children:,.0f} children"
        rows.append(Opens(name, "narrow", rate.rate, rate, most, aim))
    return [*rows, *_hosts(world, met)]


def _hosts(world: World, met: Met) -> Iterator[Opens]:
    """Yield what opens at hosts of one and of five million children.

    The figure is calculated from smaller hosts where there were none as large.
    """
    one, together = met.sizes["host"], met.sizes["all_hosts"]
    single = {key: mask for key, mask in met.meetings.host.items() if key[1] != ALL_HOSTS}
    joint = {key: mask for key, mask in met.meetings.host.items() if key[1] == ALL_HOSTS}
    questions = len(world.fair)
    of_one = Share(count(single, SHIPPED_FAR, world.fair), questions * one.agencies)
    of_all = Share(count(joint, SHIPPED_FAR, world.fair), questions)
    for million, share, children in ((1, of_one, one.children), (5, of_all, together.children)):
        name = f"a host elsewhere, of {million} million children"
        wanted = million * 1e6
        if children >= _NEARLY * wanted:
            yield Opens(name, "narrow", share.rate, share)
        else:
            rate = over(share.rate, wanted / children)
            yield Opens(name, "narrow", rate, share, extended=f"{children:,.0f} children, extended")


def others_of(world: World, queries: Iterable[int]) -> tuple[int, int]:
    """Count pairs of a question and a school, or a practice, of the area: not the child's own."""
    schools = practices = 0
    for query in queries:
        child = world.asking[query]
        area = world.people.areas[child.area]
        schools += len(area.schools) - (child.school is not None)
        practices += len(area.practices) - 1
    return schools, practices


@dataclass(frozen=True, slots=True)
class PerLookup:
    """Agencies that do not hold the child and are opened by one lookup, in the mean. ``schools``,
    ``practices``: how many of them an area has. ``in_mean_area``: reckoned for as many as an area
    of England has in the mean, council and trust with them.
    """

    in_area: float
    in_area_with_council_and_trust: float
    in_mean_area: float
    one_area_elsewhere: float
    schools: float
    practices: float


def per_lookup(world: World, met: Met) -> PerLookup:
    found, fair = met.meetings, world.fair
    questions = len(fair)
    local = count(found.school, WIDE, fair) + count(found.practice, WIDE, fair)
    upper = count(found.council, WIDE, fair) + count(found.trust, WIDE, fair)
    schools, practices = others_of(world, fair)
    mean = (
        Share(count(found.school, WIDE, fair), schools).rate * (SCHOOLS_OF_AREA - 1)
        + Share(count(found.practice, WIDE, fair), practices).rate * (PRACTICES_OF_AREA - 1)
        + upper / questions
    )
    areas = world.areas(near=False)
    far = sum(
        count(opened, SHIPPED_FAR, fair) for opened in (found.far_school, found.far_practice)
    ) / (questions * len(areas))
    councils = count(found.far_council, SHIPPED_FAR, fair)
    far += councils / (questions * met.sizes["far_council"].agencies)
    near = world.areas(near=True)
    return PerLookup(
        in_area=local / questions,
        in_area_with_council_and_trust=(local + upper) / questions,
        in_mean_area=mean,
        one_area_elsewhere=far,
        schools=sum(len(area.schools) for area in near) / len(near),
        practices=sum(len(area.practices) for area in near) / len(near),
    )
