"""How much a name tells: bits of a forename or surname, whole or coded, from a shipped table.

What lives here: the lookup, by canonical spelling and by what a blocking key holds of a name. Invariants:
a bit count depends on the text that is compared only, so that both sides of a lookup, holding the same
text, get the same figure; the table is part of the digest of tables. A name that is not listed counts
as uncommon. Names that are common in one community stand with their frequency there, because it is
there that their bearers are mistaken for one another.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from fingerpost.private.linkage.variants import canonical, fold, phonetic, read_table

UNLISTED_FORENAME_BITS: Final = 13.0
UNLISTED_SURNAME_BITS: Final = 13.0
INITIAL_BITS: Final = 3.5


@dataclass(frozen=True, slots=True)
class Rarity:
    """Bits by what a key holds of folded names: the whole, a code, a beginning."""

    forenames: Mapping[str, float]
    surnames: Mapping[str, float]
    unlisted_forename: float
    unlisted_surname: float

    def forename(self, text: str) -> float:
        if len(text) == 1:
            return INITIAL_BITS
        return self.forenames.get(text, self.unlisted_forename)

    def surname(self, text: str) -> float:
        if len(text) == 1:
            return INITIAL_BITS
        return self.surnames.get(text, self.unlisted_surname)

    def pair(self, one: str, other: str) -> float:
        """Of two, each in the role in which it is commoner: fields are swapped, a father's name stands now
        among the given names and now as the surname, and Kaur is either."""
        bits = min(self.forename(one), self.surname(one))
        if one == other:
            return bits  # a name written twice, or Kaur in two fields, tells no more than once
        return bits + min(self.forename(other), self.surname(other))


@dataclass(frozen=True, slots=True)
class Rarities:
    whole: Rarity
    sound: Rarity
    beginning: Rarity
    ending: Rarity


@cache
def rarities() -> Rarities:
    """Bits of a part that no listed name has are those of the many rare names that share it."""
    return Rarities(
        whole=_of_parts(lambda folded: folded, UNLISTED_FORENAME_BITS, UNLISTED_SURNAME_BITS),
        sound=_of_parts(phonetic, 9.0, 9.5),
        beginning=_of_parts(lambda folded: folded[:3], 9.5, 10.0),
        ending=_of_parts(lambda folded: folded[-3:], 9.0, 9.5),
    )


def forename_bits(name: str) -> float:
    return _forenames().get(canonical(name), UNLISTED_FORENAME_BITS)


def surname_bits(name: str) -> float:
    return _surnames().get(canonical(name), UNLISTED_SURNAME_BITS)


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


def _of_parts(part: Callable[[str], str], forename: float, surname: float) -> Rarity:
    return Rarity(
        _added(part, _forenames(), forename), _added(part, _surnames(), surname), forename, surname
    )


def _added(
    part: Callable[[str], str], names: Mapping[str, float], unlisted: float
) -> Mapping[str, float]:
    """Listed names that share a part add up, and so do those that no list has."""
    shares: defaultdict[str, float] = defaultdict(float)
    for name, bits in names.items():
        shares[part(fold(name))] += 2.0**-bits
    return {text: -math.log2(min(1.0, share + 2.0**-unlisted)) for text, share in shares.items()}
