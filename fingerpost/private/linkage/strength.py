"""Whether a question is about one child, and how good the odds are that the child is found.

The fields of the question are judged alone, before any record is seen, and the reasons are given in
plain words. A question that cannot be about one child is refused before it leaves (attack: fishing
among many).

Invariants: pure; the reasons are fixed sentences without a value of a field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final

from fingerpost.private.linkage.blocking_keys import blocking_keys
from fingerpost.private.linkage.blocking_rules import Scope, Side
from fingerpost.private.linkage.name_tables import forename_bits, surname_bits
from fingerpost.private.linkage.names import daily_names
from fingerpost.private.linkage.normal_form import Certainty, NormalForm
from fingerpost.protocol.errors import Code, Refused

_COMMON_PAIR_BITS: Final = 16.0

ADD_SOMETHING: Final = (
    "Too little was given to ask about one child. Give a date of birth or a full postcode with a"
    " forename and a surname, or the NHS number with one of them."
)
NUMBER_ALONE: Final = (
    "Only a number was given. A wrong number cannot be noticed; add a name and a date of birth."
)
NO_DATE: Final = "Without a date of birth only records with the same postcode can be found."
NEW_YEAR: Final = (
    "1 January is often written when only the year is known; such records are hard to tell apart."
)
MONTH_START: Final = "The first of a month is sometimes written when only the month is known."
NO_FORENAME: Final = (
    "Without a forename a brother or sister cannot be told from the child, so no match can be sure."
)
ONE_NAME: Final = (
    "Only one name was given. Records with a forename and a surname may not be found; add the"
    " other name, a postcode or the NHS number."
)
COMMON_NAME: Final = (
    "Many children have this name. Add a postcode or the NHS number to tell them apart."
)


@unique
class StrengthLevel(IntEnum):
    """How good the odds are; a REFUSED question is not sent."""

    REFUSED = 1
    POOR = 2
    GOOD = 3


@dataclass(frozen=True, slots=True)
class Strength:
    """The level, and why it is not better; the requester may be shown the reasons as they are."""

    level: StrengthLevel
    reasons: tuple[str, ...]


def assess(form: NormalForm) -> Strength:
    """Return the strength of a question."""
    if not _is_about_one_child(form):
        return Strength(StrengthLevel.REFUSED, (ADD_SOMETHING,))
    reasons: list[str] = []
    numbered = form.health_number is not None
    both_names = form.has_forename and form.has_surname
    if numbered and not (form.birth or form.has_forename or form.has_surname):
        return Strength(StrengthLevel.POOR, (NUMBER_ALONE,))
    if not numbered:
        if form.birth is None:
            reasons.append(NO_DATE)
        elif form.birth.certainty is Certainty.NEW_YEAR:
            reasons.append(NEW_YEAR)
        if not form.has_forename:
            reasons.append(NO_FORENAME)
        elif not form.has_surname:
            reasons.append(ONE_NAME)
        if both_names and not _has_place(form) and _is_common(form):
            reasons.append(COMMON_NAME)
    if reasons:
        return Strength(StrengthLevel.POOR, tuple(reasons))
    if not numbered and form.birth and form.birth.certainty is Certainty.MONTH_START:
        return Strength(StrengthLevel.GOOD, (MONTH_START,))
    return Strength(StrengthLevel.GOOD, ())


def require_answerable(form: NormalForm) -> None:
    """Refuse a question that is not about one child.

    Raises:
        Refused: WEAK_INPUT, too little was given.
    """
    if assess(form).level is StrengthLevel.REFUSED:
        raise Refused(Code.WEAK_INPUT, "demographics")


def _is_about_one_child(form: NormalForm) -> bool:
    """Return whether a number is given, or enough of names, date and full postcode.

    Enough are two names with a date or a postcode, or a full date with a name or a postcode. 1
    January counts as a year only: a year and one name are refused.
    """
    if form.health_number is not None:
        return True
    home = form.postcode is not None and form.postcode.full is not None
    dated = form.birth is not None and not form.birth.weak
    one_name = form.has_forename or form.has_surname
    both_names = form.has_forename and form.has_surname
    enough = (
        (
            both_names and (form.birth is not None or home)
        )  # a year of birth will do beside two names
        or (dated and (one_name or home))
    )
    # A question without a single key would reach nobody.
    return enough and bool(blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE))


def _has_place(form: NormalForm) -> bool:
    return form.postcode is not None and bool(form.postcode.outcode)


def _is_common(form: NormalForm) -> bool:
    present = form.names[0]
    forename = next(iter(daily_names(present)), "")
    return forename_bits(forename) + surname_bits(present.surname) < _COMMON_PAIR_BITS
