"""Whether a question is good enough to be asked, about one child and with what odds; and how well
records can be found.

``assess`` judges the fields of a question alone, before any record is seen: whether it is about one
child, how good the odds are that the child is found, and whether any record could be a sure match.
A question that cannot be about one child is refused before it leaves (attack: fishing among many).
The reasons are fixed sentences without a value of a field.

Invariants: pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from enum import Enum, IntEnum, unique
from typing import Final, Self

from fingerpost.private.demographics import Demographics, OtherName, PartialDate
from fingerpost.private.linkage.blocking_keys import BlockingKey, blocking_keys
from fingerpost.private.linkage.blocking_rules import (
    RULE_DEFINITIONS,
    BlockingRule,
    Meets,
    Scope,
    Side,
)
from fingerpost.private.linkage.comparison import Decision, compare
from fingerpost.private.linkage.name_tables import forename_bits, surname_bits
from fingerpost.private.linkage.names import daily_names
from fingerpost.private.linkage.normal_form import (
    BirthDate,
    Certainty,
    NormalForm,
    normalise,
    read_postcode,
)
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Code, Refused, Rule

_COMMON_PAIR_BITS: Final = 16.0

ADD_SOMETHING: Final = (
    "Too little was given to ask about one child. Give a date of birth or a full postcode with a"
    " forename and a surname, or the NHS number with one of them. A number or a postcode that"
    " cannot be read does not count: check it."
)
NUMBER_ALONE: Final = (
    "Only a number was given. One wrong digit would find another child, or nobody. Give a forename,"
    " a surname or a date of birth with it."
)
NO_DATE: Final = "Without a date of birth only records with the same postcode can be found."
NEW_YEAR: Final = (
    "1 January is often written when only the year is known; such records are hard to tell apart."
)
MONTH_START: Final = "The first of a month is sometimes written when only the month is known."
PART_OF_DATE: Final = (
    "With a month or a year of birth alone, records are found by names and postcode. Give the full"
    " date if you can."
)
UNBORN: Final = (
    "An unborn child is found by the mother's surname, her full postcode in the United Kingdom and"
    " the expected date. One of the three is missing, or cannot be used."
)
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
NOT_SURE: Final = (
    "This is too little for a sure match: an agency that knows the child is likely to answer that"
    " it has nothing to disclose. Add what you can of both names, the full date of birth and the"
    " full postcode."
)


@unique
class Unused(Enum):
    """A part of a question that was given and finds nobody. The value is its stable name."""

    field: str
    words: str

    def __new__(cls, code: str, field: str, words: str) -> Self:
        found = object.__new__(cls)
        found._value_ = code
        found.field = field
        found.words = words
        return found

    NUMBER_UNREAD = (
        "number_unread",
        "health_number",
        "The NHS, CHI or H&C number was not used: its digits do not fit together. Check it.",
    )
    UPN_UNREAD = "upn_unread", "upn", "The UPN was not used: it cannot be read. Check it."
    UPN_TEMPORARY = (
        "upn_temporary",
        "upn",
        "The UPN was not used: it is a temporary one, which changes with the school.",
    )
    UPN_NOT_AGREED = (
        "upn_not_agreed",
        "upn",
        "The UPN was not used: your agency's agreement does not let it be used for matching.",
    )
    POSTCODE_UNREAD = (
        "postcode_unread",
        "postcode",
        "The postcode was not used: it cannot be read. Check it.",
    )
    POSTCODE_AS_TYPED = (
        "postcode_as_typed",
        "postcode",
        "The postcode does not have the form of a UK postcode: it only finds records that have it "
        "as you typed it. Check it.",
    )
    FORMER_UNREAD = (
        "former_unread",
        "former_postcodes",
        "A former postcode was not used: it cannot be read. Check it.",
    )
    FORENAME_UNREAD = (
        "forename_unread",
        "forename",
        "The forename was not used: it is a word that people enter for a missing name.",
    )
    MIDDLE_NAMES_UNREAD = (
        "middle_names_unread",
        "middle_names",
        "The middle names were not used: they are words that people enter for missing names.",
    )
    SURNAME_UNREAD = (
        "surname_unread",
        "surname",
        "The surname was not used: it is a word that people enter for a missing name.",
    )
    OTHER_NAME_UNREAD = (
        "other_name_unread",
        "other_names",
        "Another name was not used: it is a word that people enter for a missing name.",
    )
    DATE_UNREAD = (
        "date_unread",
        "dob",
        "The date of birth was not used: systems enter this date where they know none.",
    )


@unique
class WeakRule(Rule):
    """What a question must have to be about one child."""

    TOO_LITTLE = "too little about one child"
    NUMBER_ALONE = "a number alone"


FAR_RULES: Final = {
    definition.rule: definition.is_at_home
    for definition in RULE_DEFINITIONS
    if definition.scope is Scope.NARROW and definition.meets is Meets.ALWAYS
}
"""The rules that are used over the whole reach and need no side to lack a field, and whether each
is bound to the home."""
_GOOD_PERCENT: Final = 95
_FAIR_PERCENT: Final = 80
FEWEST_JUDGED: Final = 20
"""Of fewer records no class is stated: it would follow from one child or two."""


def is_found_twice(keys: Iterable[BlockingKey]) -> bool:
    """Return whether at least two strong rules find a record far away, so that one wrong field does
    not lose the child.

    Args:
        keys: of the record.
    """
    return ways_far({key.rule for key in keys}) > 1


def ways_far(rules: Set[BlockingRule]) -> int:
    """Return by how many strong rules a record is found far away. Those that are bound to the home
    count as one: a wrong postcode loses them all.

    Args:
        rules: of which the record has keys.
    """
    at_home = {rule for rule, bound in FAR_RULES.items() if bound and rule in rules}
    return len(rules & FAR_RULES.keys()) - max(0, len(at_home) - 1)


def quality_of(found_twice: int, records: int) -> Quality | None:
    """Return the class of an import, of whose ``records`` so many are ``is_found_twice``; None
    where there are too few to say."""
    if records < FEWEST_JUDGED:
        return None
    if 100 * found_twice >= _GOOD_PERCENT * records:
        return Quality.GOOD
    return Quality.FAIR if 100 * found_twice >= _FAIR_PERCENT * records else Quality.POOR


@unique
class StrengthLevel(IntEnum):
    """How good the odds are; a REFUSED question is not sent."""

    REFUSED = 1
    POOR = 2
    GOOD = 3


@dataclass(frozen=True, slots=True)
class Strength:
    """The level, and why it is not better; the requester may be shown the reasons as they are.

    ``sure``: a record that has all that the question says, and nothing else, would be a match.
    Where it would not, no answer to the question says that a child is not known.
    """

    level: StrengthLevel
    reasons: tuple[str, ...]
    sure: bool


def assess(form: NormalForm) -> Strength:
    """Return the strength of a question."""
    if weak := _weakness(form):
        return Strength(StrengthLevel.REFUSED, (_MISSING[weak],), sure=False)
    reasons: list[str] = []
    numbered = form.health_number is not None
    both_names = form.has_forename and form.has_surname
    if not numbered:
        if form.birth is None:
            reasons.append(NO_DATE)
        elif isinstance(form.birth, PartialDate):
            reasons.append(PART_OF_DATE)
        elif form.birth.certainty is Certainty.NEW_YEAR:
            reasons.append(NEW_YEAR)
        if form.is_unborn:
            if not (form.has_surname and _has_home(form)):
                reasons.append(UNBORN)
        elif not form.has_forename:
            reasons.append(NO_FORENAME)
        elif not form.has_surname:
            reasons.append(ONE_NAME)
        if both_names and not _has_place(form) and _is_common(form):
            reasons.append(COMMON_NAME)
    sure = compare(form, form).decision is Decision.MATCH
    if not sure:
        reasons.append(NOT_SURE)
    if reasons:
        return Strength(StrengthLevel.POOR, tuple(reasons), sure)
    birth = form.birth
    month_start = isinstance(birth, BirthDate) and birth.certainty is Certainty.MONTH_START
    if not numbered and month_start:
        return Strength(StrengthLevel.GOOD, (MONTH_START,), sure)
    return Strength(StrengthLevel.GOOD, (), sure)


def unused(given: Demographics, form: NormalForm, *, upn: bool) -> tuple[Unused, ...]:
    """Return what was given and finds nobody, in the order of the fields.

    Who mistypes a number must not believe that the child was looked for by it.

    Args:
        given: as typed.
        form: its normal form.
        upn: whether the agreement lets the pupil number be used.
    """
    alone = replace(given, other_names=())
    present = form.names if not given.other_names else normalise(alone).names
    surname_alone = normalise(Demographics(surname=given.surname)).names[0]
    named = any(name.forenames for name in present)
    family = any(name.surnames for name in (*present, surname_alone))
    place = form.postcode
    fields = {
        Unused.FORENAME_UNREAD: given.forename.strip() and not named,
        Unused.MIDDLE_NAMES_UNREAD: given.middle_names.strip()
        and not any(name.middles for name in present),
        Unused.SURNAME_UNREAD: given.surname.strip() and not family,
        Unused.OTHER_NAME_UNREAD: any(map(_names_nobody, given.other_names)),
        Unused.DATE_UNREAD: given.dob is not None and form.birth is None,
        Unused.POSTCODE_UNREAD: given.postcode.strip() and place is None,
        Unused.POSTCODE_AS_TYPED: place is not None and not place.has_shape,
        Unused.FORMER_UNREAD: any(
            text and read_postcode(text) is None for text in given.former_postcodes
        ),
        Unused.NUMBER_UNREAD: given.health_number.strip() and form.health_number is None,
        Unused.UPN_UNREAD: given.upn.strip() and form.upn is None,
        Unused.UPN_TEMPORARY: upn and form.upn is not None and form.upn.temporary,
        Unused.UPN_NOT_AGREED: not upn and form.upn is not None,
    }
    return tuple(each for each, is_unused in fields.items() if is_unused)


def _names_nobody(other: OtherName) -> bool:
    name = normalise(Demographics(forename=other.forename, surname=other.surname)).names[0]
    return not (name.forenames or name.surnames)


def require_answerable(form: NormalForm) -> None:
    """Refuse a question that is not about one child, or that a wrong digit would make one about
    another.

    Raises:
        Refused: WEAK_INPUT, naming what is missing (``WeakRule``).
    """
    if weak := _weakness(form):
        raise Refused(Code.WEAK_INPUT, weak)


def _weakness(form: NormalForm) -> WeakRule | None:
    if form.health_number is not None:
        named = form.has_forename or form.has_surname
        return None if named or form.birth is not None else WeakRule.NUMBER_ALONE
    return None if _is_about_one_child(form) else WeakRule.TOO_LITTLE


_MISSING: Final = {
    WeakRule.TOO_LITTLE: ADD_SOMETHING,
    WeakRule.NUMBER_ALONE: NUMBER_ALONE,
}


def _is_about_one_child(form: NormalForm) -> bool:
    """Return whether there is enough of names, date and full postcode.

    Enough are two names with a date or a postcode, or a full date with a name or a postcode. 1
    January counts as a year only: a year, or a month, and one name are refused.
    """
    home = _has_home(form)
    dated = isinstance(form.birth, BirthDate) and not form.birth.weak
    one_name = form.has_forename or form.has_surname
    both_names = form.has_forename and form.has_surname
    # A year of birth will do beside two names.
    enough = both_names and (form.birth is not None or home)
    enough = enough or (dated and (one_name or home))
    # A question without a single key would reach nobody.
    return enough and bool(blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE))


def _has_home(form: NormalForm) -> bool:
    return form.postcode is not None and form.postcode.full is not None


def _has_place(form: NormalForm) -> bool:
    return form.postcode is not None and bool(form.postcode.outcode)


def _is_common(form: NormalForm) -> bool:
    present = form.names[0]
    forename = next(iter(daily_names(present)), "")
    return forename_bits(forename) + surname_bits(present.surname) < _COMMON_PAIR_BITS
