"""How much a name tells: bits of a forename or surname, from a coarse shipped table.

What lives here: the lookup, by canonical and by folded spelling. Invariants: a bit count depends on
the spelling that is compared only, so that both sides of a lookup, holding the same name, get the same
figure; the table is part of the digest of tables. A name that is not listed counts as uncommon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from fingerpost.private.identity.variants import canonical, fold, read_table

UNLISTED_FORENAME_BITS: Final = 9.0
UNLISTED_SURNAME_BITS: Final = 10.5
YEAR_MONTH_BITS: Final = 7.8
"""log2 of the months of eighteen years; the next two likewise."""
YEAR_DAY_BITS: Final = 9.1
MONTH_DAY_BITS: Final = 8.5


def forename_bits(name: str) -> float:
    return _forenames().get(canonical(name), UNLISTED_FORENAME_BITS)


def surname_bits(name: str) -> float:
    return _surnames().get(canonical(name), UNLISTED_SURNAME_BITS)


def folded_pair_bits(one: str, other: str) -> float:
    """Of two folded names, whichever is the forename: the fewest bits of both readings."""
    forenames, surnames = _folded_forenames(), _folded_surnames()
    readings = (
        forenames.get(a, UNLISTED_FORENAME_BITS) + surnames.get(b, UNLISTED_SURNAME_BITS)
        for a, b in ((one, other), (other, one))
    )
    return min(readings)


@cache
def _forenames() -> Mapping[str, float]:
    return _bits("forenames")


@cache
def _surnames() -> Mapping[str, float]:
    return _bits("surnames")


def _bits(table: str) -> Mapping[str, float]:
    bands: dict[str, list[str]] = read_table("frequent_names.json")[table]
    return MappingProxyType(
        {
            canonical(name): math.log2(int(band.removeprefix("1/")))
            for band, names in bands.items()
            for name in names
        }
    )


@cache
def _folded_forenames() -> Mapping[str, float]:
    return _folded(_forenames())


@cache
def _folded_surnames() -> Mapping[str, float]:
    return _folded(_surnames())


def _folded(table: Mapping[str, float]) -> Mapping[str, float]:
    folded: dict[str, float] = {}
    for name, bits in table.items():
        spelt = fold(name)
        folded[spelt] = min(bits, folded.get(spelt, bits))
    return MappingProxyType(folded)
