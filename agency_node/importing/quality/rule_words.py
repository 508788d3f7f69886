"""The blocking rules in words for the people of an agency, in the order of their priority.

``docs/matching.md`` says what each combines exactly. A test holds the list to the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fingerpost.private.linkage import RULE_DEFINITIONS, BlockingRule
from fingerpost.private.linkage.blocking_rules import Meets

_STRONG: Final[Mapping[BlockingRule, str]] = {
    BlockingRule.NHS: "Health number",
    BlockingRule.UPN: "Pupil number",
    BlockingRule.NK: "Names, in all forms that are known, and date of birth",
    BlockingRule.DM: "Both names and date of birth, with day and month in either order",
    BlockingRule.SW: "Both names by their sound, and date of birth",
    BlockingRule.P33: "First three letters of both names, and date of birth",
    BlockingRule.DPA: "Sex, date of birth and home, without a name",
    BlockingRule.BEGINNINGS_HOME: "First letters of both names, sex and home, without a date",
    BlockingRule.NAMES_YEAR_DAY: "Both names, year and day, whatever the month",
    BlockingRule.NAMES_MONTH_DAY: "Both names, month and day, whatever the year",
    BlockingRule.FORENAME_HOME_YEAR_MONTH: "Start of the forename, home, year and month",
    BlockingRule.FORENAME_HOME_YEAR_DAY: "Start of the forename, home, year and day",
    BlockingRule.SURNAME_HOME_YEAR_MONTH: "Surname by its sound, home, year and month",
    BlockingRule.SURNAME_HOME_YEAR_DAY: "Surname by its sound, home, year and day",
    BlockingRule.INITIALS_HOME_MONTH_DAY: "First letters of both names, home, month and day",
    BlockingRule.NAMES_INCODE_DATE: "Common names, second half of the postcode, and date of birth",
    BlockingRule.NAMES_MIDDLE_DATE: "Common names, middle initial, and date of birth",
    BlockingRule.FORENAME_MIDDLE_DATE: "Forename, middle initial and date, whatever the surname",
    BlockingRule.ENDINGS_DATE: "Last three letters of both names, and date of birth",
    BlockingRule.NAMES_YEAR_MONTH: "Both names, year and month, whatever the day",
    BlockingRule.NAMES_MIDDLE: "Both names and middle initial, whatever the date",
    BlockingRule.FORENAME_DATE: "Forename and date of birth, whatever the surname",
    BlockingRule.SURNAME_DATE: "Surname, sex and date of birth, whatever the forename",
    BlockingRule.FORENAME_BEGINNING_DATE: "Forename, first three letters of the surname, and date",
}
_WEAK: Final[Mapping[str, str]] = {
    "NO_PLACE_NAMES_DATE": "Names, in all forms that are known, and date of birth",
    "NO_PLACE_SOUNDS_DATE": "Both names by their sound, and date of birth",
    "NO_DATE_NAMES": "Both names",
    "NO_DATE_SOUNDS_YEAR": "Both names by their sound, and the year",
    "NO_FORENAME_SURNAME_DATE": "Surname by its sound, and date of birth",
    "NO_DATE_INITIAL_SURNAME": "Initial, surname by its sound, and home",
    "NO_PLACE_FORENAME_DATE": "Forename and date of birth",
    "NO_PLACE_SURNAME_DATE": "Surname, sex and date of birth",
    "NO_SURNAME_FORENAME_DATE": "Forename by its sound, and date of birth",
    "NO_DATE_NAMES_MIDDLE": "Both names and middle initial",
    "NO_PLACE_NAMES_MIDDLE": "Both names and middle initial",
    "NO_PLACE_FORENAME_MIDDLE_DATE": "Forename, middle initial and date of birth",
    "NO_PLACE_BEGINNINGS_DATE": "First three letters of both names, and date of birth",
    "NO_PLACE_ENDINGS_DATE": "Last three letters of both names, and date of birth",
    "NO_PLACE_NAMES_YEAR_DAY": "Both names, year and day",
    "NO_PLACE_NAMES_MONTH_DAY": "Both names, month and day",
    "NO_PLACE_NAMES_YEAR_MONTH": "Both names, year and month",
}
_LACKING: Final[Mapping[str, str]] = {
    "NO_PLACE": "a postcode",
    "NO_DATE": "a date of birth",
    "NO_FORENAME": "a forename",
    "NO_SURNAME": "a surname",
}


def _words(rule: BlockingRule, meets: Meets) -> str:
    if meets is Meets.ALWAYS:
        return _STRONG[rule]
    name = rule.name.removesuffix("_Q").removesuffix("_R")
    lacks = next(what for prefix, what in _LACKING.items() if name.startswith(prefix))
    side = "the question" if meets is Meets.QUERY_LACKS else "the record"
    return f"{_WEAK[name]}, where {side} lacks {lacks}"


RULE_WORDS: Final[Mapping[BlockingRule, str]] = MappingProxyType(
    {each.rule: _words(each.rule, each.meets) for each in RULE_DEFINITIONS}
)
"""What each rule finds a child by."""
STRONG: Final = frozenset(_STRONG)
"""The rules that need no side to lack a field."""
