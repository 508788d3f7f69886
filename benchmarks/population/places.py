"""Where children live and who serves them: areas, outcodes, postcodes, schools, practices, and
where groups live.

An area is a council's: about 50,000 children, ten outcodes of five sectors on a ring, some 7,000
postcodes (seven children each, unevenly), a school for each 312 pupils (secondary schools five
times the size of primary ones), a practice for each 1,250 children. Smaller populations have
smaller areas, in the same proportions. Invariants: outcodes are of England and belong to one area;
everything drawn comes from the chance given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.population.names import Draw, Group

CHILDREN_OF_AREA: Final = 50_000
OUTCODES: Final = 10
SECTORS: Final = 5
_CHILDREN_OF_POSTCODE: Final = 7
_PUPILS_OF_SCHOOL: Final = 312
_CHILDREN_OF_PRACTICE: Final = 1_250
_SECONDARY: Final = 1 / 6  # of the schools
_PUPILS_OF_CHILDREN: Final = 14 / 18
# Postcode areas of England, without those that share districts with Wales or Scotland.
_LETTER_TEXT: Final = (
    "AL B BA BB BD BH BL BN BR BS CA CB CM CO CR CT CV CW DA DE DH DL DN DT DY E EN EX FY GL GU "
    "HA HD HG "
    "HP HU HX IG IP KT L LA LE LN LS LU M ME MK N NE NG NN NR NW OL OX PE PL PO PR RG RH RM S SE "
    "SG SK SL SM "
    "SN SO SP SR SS ST SW TA TF TN TQ TR TS TW UB W WA WD WF WN WR WS WV YO"
)
_LETTERS: Final = tuple(_LETTER_TEXT.split())
_UNIT_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
_FIRST_DISTRICTS: Final = range(1, 90, OUTCODES)
# How much of a group lives in areas from its emptiest to its fullest, for a group that lives very
# unevenly.
_UNEVEN: Final = (
    0.02, 0.03, 0.03, 0.04, 0.05, 0.06, 0.07, 0.09, 0.11, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.55,
    0.8, 1.3, 3.0, 14.0,
)  # fmt: skip
_ROUNDS: Final = 30


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """``groups``: for each outcode, which group a family there is of. ``primaries``,
    ``secondaries``, ``practices``: for each sector (outcode * SECTORS + place), which one a family
    there goes to; schools are numbered primary schools first.
    """

    number: int
    outcodes: tuple[str, ...]
    postcodes: tuple[tuple[str, ...], ...]
    weights: tuple[Draw[int], ...]
    groups: tuple[Draw[int], ...]
    primary_count: int
    secondary_count: int
    practice_count: int
    primaries: tuple[Draw[int], ...]
    secondaries: tuple[Draw[int], ...]
    practices: tuple[Draw[int], ...]


def plan_area(
    number: int,
    letters: str,
    children: int,
    shares: Sequence[float],
    groups: Sequence[Group],
    chance: Random,
) -> AreaPlan:
    """Draw an area.

    Args:
        letters: One of ``shuffled_letters``.
        children: About how many live there.
        shares: Of the families of the area, by group.
    """
    outcodes = tuple(f"{letters}{d}" for d in outcode_districts(number))
    each = max(SECTORS, children // _CHILDREN_OF_POSTCODE // OUTCODES)
    postcodes = tuple(_postcodes(outcode, each, chance) for outcode in outcodes)
    spreads = [group.spread for group in groups]
    of_outcode = settle([shares] * OUTCODES, spreads, chance)
    schools = max(2, round(children * _PUPILS_OF_CHILDREN / _PUPILS_OF_SCHOOL))
    secondary = max(1, round(schools * _SECONDARY))
    practices = max(1, round(children / _CHILDREN_OF_PRACTICE))
    return AreaPlan(
        number=number,
        outcodes=outcodes,
        postcodes=postcodes,
        weights=tuple(Draw.places([_block(chance) for _ in codes]) for codes in postcodes),
        groups=tuple(Draw.places(row) for row in of_outcode),
        primary_count=schools - secondary,
        secondary_count=secondary,
        practice_count=practices,
        primaries=_served(schools - secondary, 3, chance),
        secondaries=_served(secondary, 1, chance),
        practices=_served(practices, 2, chance),
    )


def outcode_districts(number: int) -> range:
    """Return the districts of the area with this number.

    Areas after the last letters begin at higher ones.

    Raises:
        ValueError: England's outcodes are used up.
    """
    block = number // len(_LETTERS)
    if block >= len(_FIRST_DISTRICTS):
        raise ValueError("more areas than outcodes")
    first = _FIRST_DISTRICTS[block]
    return range(first, first + OUTCODES)


def shuffled_letters(chance: Random) -> list[str]:
    letters = list(_LETTERS)
    chance.shuffle(letters)
    return letters


def settle(
    rows: Sequence[Sequence[float]], spreads: Sequence[float], chance: Random
) -> list[list[float]]:
    """Spread each group unevenly over places of equal size, keeping its share of the whole.

    ``rows``: for each place the shares of groups if all lived evenly. Weights are shuffled over the
    places, then rows and columns are scaled in turn until both add up.
    """
    places, kinds = len(rows), len(rows[0])
    uneven = [[share / sum(row) for share in row] for row in rows]
    targets = [sum(row[kind] for row in uneven) for kind in range(kinds)]
    for kind in range(kinds):
        order = list(range(places))
        chance.shuffle(order)
        for rank, place in enumerate(order):
            factor = _UNEVEN[(2 * rank + 1) * len(_UNEVEN) // (2 * places)] if places > 1 else 1.0
            uneven[place][kind] *= (1 - spreads[kind]) + spreads[kind] * factor
    for _ in range(_ROUNDS):
        for kind in range(kinds):
            total = sum(row[kind] for row in uneven)
            for row in uneven:
                row[kind] *= targets[kind] / total
        for row in uneven:
            total = sum(row)
            row[:] = [share / total for share in row]
    return uneven


def _postcodes(outcode: str, count: int, chance: Random) -> tuple[str, ...]:
    """Sector by sector: its sector follows from the place of a postcode in the tuple."""
    units = [a + b for a in _UNIT_LETTERS for b in _UNIT_LETTERS]
    digits = chance.sample(range(1, 10), SECTORS)
    codes: list[str] = []
    for sector in range(SECTORS):
        some = count * (sector + 1) // SECTORS - count * sector // SECTORS
        codes += (f"{outcode} {digits[sector]}{unit}" for unit in chance.sample(units, some))
    return tuple(codes)


def _block(chance: Random) -> float:
    """How many families live in a postcode, relative to others: a few are large blocks."""
    return (0.3 + 1.4 * chance.random()) * (5.0 if chance.random() < 0.04 else 1.0)


def _served(count: int, steepness: int, chance: Random) -> tuple[Draw[int], ...]:
    """Who of ``count`` agencies serves a family, for each sector: the near ones and the large ones
    first.
    """
    ring = OUTCODES * SECTORS
    sites = [int((number + chance.random()) * ring / count) % ring for number in range(count)]
    sizes = [0.4 + 1.6 * chance.random() * chance.random() for _ in range(count)]
    choices = []
    for sector in range(ring):
        weights = []
        for site, size in zip(sites, sizes, strict=True):
            apart = abs(site - sector)
            near = 1 + min(apart, ring - apart)
            weights.append(size / near**steepness)
        choices.append(Draw.places(weights))
    return tuple(choices)
