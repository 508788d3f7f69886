"""The weight of an agreement in bits, by field, level and how common the value is.

What lives here: the table of weights and the rarity of names. What must not: decisions. Invariants:
the table is data of this package (``weights.json``), the same on every node.
Source: Fellegi and Sunter (1969): the weight is the logarithm to base 2 of how much likelier the level
is for two records of one child than for records of two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from functools import cache

from fingerpost.private.identity.levels import Level
from fingerpost.private.identity.rarity import forename_bits, surname_bits
from fingerpost.private.identity.variants import read_table


@unique
class Field(Enum):
    FORENAME = "forename"
    SURNAME = "surname"
    BIRTH = "birth"
    SEX = "sex"
    POSTCODE = "postcode"
    HEALTH_NUMBER = "health_number"
    UPN = "upn"


@dataclass(frozen=True, slots=True)
class Weights:
    """Bits by field and level, and the two thresholds."""

    match: float
    possible: float
    swapped_fields: float
    by_level: Mapping[tuple[Field, Level], float]

    def of(self, field: Field, level: Level) -> float:
        """Bits of a level; a missing field weighs nothing."""
        if level is Level.MISSING:
            return 0.0
        return self.by_level[field, level]

    def of_name(self, field: Field, level: Level, names: Iterable[str]) -> float:
        """Bits of an agreement on a name: the commonest of ``names`` limits what it can tell.

        The lower levels of a common name lose as much as its exact level does.
        """
        weight = self.of(field, level)
        if weight <= 0.0:
            return weight
        exact = self.by_level[field, Level.EXACT]
        bits_of = forename_bits if field is Field.FORENAME else surname_bits
        least = min((bits_of(name) for name in names), default=exact)
        return max(min(weight, 0.5), weight - max(0.0, exact - least))


@cache
def shipped_weights() -> Weights:
    """The weights of this release."""
    table = read_table("weights.json")
    return Weights(
        match=table["match"],
        possible=table["possible"],
        swapped_fields=table["swapped_fields"],
        by_level={
            (field, Level(level)): float(bits)
            for field in Field
            for level, bits in table[field.value].items()
        },
    )
