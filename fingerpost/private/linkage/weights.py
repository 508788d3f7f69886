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
from typing import Final

from fingerpost.private.linkage.levels import Level
from fingerpost.private.linkage.rarity import forename_bits, surname_bits
from fingerpost.private.linkage.variants import read_table

_LEAST_OF_A_NAME: Final = 0.5


@unique
class Field(Enum):
    FORENAME = "forename"
    MIDDLE = "middle"
    SURNAME = "surname"
    BIRTH = "birth"
    SEX = "sex"
    POSTCODE = "postcode"
    HEALTH_NUMBER = "health_number"
    UPN = "upn"


@dataclass(frozen=True, slots=True)
class Weights:
    """Bits by field and level, and the thresholds; ``match_away``: of a match that neither the home nor
    the very date bears out. Of names: bits less than the name itself tells,
    which are at most ``most_name_bits``, or, where two names differ, bits."""

    match: float
    match_away: float
    possible: float
    swapped_fields: float
    most_name_bits: float
    by_level: Mapping[tuple[Field, Level], float]

    def of(self, field: Field, level: Level) -> float:
        """Bits of a level; a missing field weighs nothing."""
        if level is Level.MISSING:
            return 0.0
        return self.by_level[field, level]

    def of_name(self, field: Field, level: Level, names: Iterable[str]) -> float:
        """Bits of an agreement on a name: those of the commonest of ``names``, less what the level falls
        short of the same name. What agrees at all never speaks against.
        """
        short = self.of(field, level)
        if level in (Level.MISSING, Level.DIFFERENT):
            return short
        bits_of = forename_bits if field is Field.FORENAME else surname_bits
        bits = min((bits_of(name) for name in names), default=self.most_name_bits)
        return max(_LEAST_OF_A_NAME, min(bits, self.most_name_bits) + short)


@cache
def shipped_weights() -> Weights:
    """The weights of this release."""
    table = read_table("weights.json")
    return Weights(
        match=table["match"],
        match_away=table["match_away"],
        possible=table["possible"],
        swapped_fields=table["swapped_fields"],
        most_name_bits=table["most_name_bits"],
        by_level={
            (field, Level(level)): float(bits)
            for field in Field
            for level, bits in table[field.value].items()
        },
    )
