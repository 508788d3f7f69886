"""How fields, levels, decisions and notes are called before a data manager. Words only: no rule and no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agency_node.match_tool.notes import Note
from fingerpost.private.linkage import BlockingRule, Decision, Field, Level

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "middle": "middle names",
        "birth": "date of birth",
        "health_number": "NHS number",
        "upn": "UPN",
    }
)
"""Those that are not called by their own name."""

LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "exact": "the same",
        "exact_weak": "the same 1 January",
        "variant": "another form of one name",
        "part": "a part of it agrees",
        "near": "a typing error apart",
        "swapped": "day and month swapped",
        "century": "another century",
        "one_digit": "one digit apart",
        "two_parts": "two of day, month, year agree",
        "close": "within a month",
        "sector": "the same sector",
        "outcode": "the same outcode",
        "loose": "alike",
        "initial": "an initial agrees",
        "partial": "one agrees, another contradicts",
        "different": "different",
        "different_weak": "different, one a 1 January",
        "missing": "missing or not valid on a side",
    }
)

DECISIONS: Final[Mapping[Decision, str]] = MappingProxyType(
    {
        Decision.MATCH: "MATCH: one child",
        Decision.POSSIBLE: "POSSIBLE: for a person to look at; never answered as a match",
        Decision.DIFFERENT: "DIFFERENT: not taken for one child",
    }
)

_GAPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "NO_PLACE": "usable postcode",
        "NO_DATE": "usable date of birth",
        "NO_FORENAME": "usable forename",
        "NO_SURNAME": "usable surname",
    }
)
_SIDES: Final[Mapping[str, str]] = MappingProxyType({"_Q": "left", "_R": "right"})


@dataclass(frozen=True, slots=True)
class Gap:
    """What a weak kind of key is for: the side that lacks a field, and the field. The left side asks."""

    side: str
    field: str


NOTES: Final[Mapping[Note, str]] = MappingProxyType(
    {
        Note.DATE_MENDED: "day and month stood in each other's place and were put right",
        Note.DATE_LEFT_OUT: "no date; left out",
        Note.SEX_LEFT_OUT: "could not be read; left out",
        Note.TOO_LONG_LEFT_OUT: "too long; left out",
        Note.TOO_MANY_NAMES_LEFT_OUT: "more than eight; all left out",
        Note.CONTROL_CHARACTERS_LEFT_OUT: "with characters that cannot be printed; left out",
        Note.NUMBER_NOT_VALID: "not valid (length, form or check digit); not used",
    }
)


def gap_of(kind: BlockingRule) -> Gap | None:
    """``None`` for a kind by which complete records meet."""
    for prefix, field in _GAPS.items():
        if kind.name.startswith(f"{prefix}_"):
            return Gap(_SIDES[kind.name[-2:]], field)
    return None


def number(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def field_words(field: Field) -> str:
    return FIELDS.get(field.value, field.value.replace("_", " "))


def level_words(level: Level) -> str:
    return LEVELS.get(level.value, level.value.replace("_", " "))
