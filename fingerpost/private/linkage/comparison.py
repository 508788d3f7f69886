"""Whether records are about the same child: the same, perhaps the same, or different.

``best_naming`` reads the names in their best order; ``compare`` adds the bits of all fields
(``agreement``) and applies the threshold and the rules that no sum may overrule;
``decide`` rules on several records that a question opened.

Invariants: pure and symmetric; evidence names fields and levels, never a value.

The rules, each for a child whom it protects:

* A clearly different forename is never a match, at most POSSIBLE: twins agree in all else.
* A household (surname, postcode, date) without a forename to compare is never a match, unless one
  side is an expected date that can be of the other's pregnancy: no brother or sister is born then.
* Names alone, in whatever town, are never a match, nor are a forename and a date: many share them.
  Without a date or a place that agrees they are no link either, unless they are rare.
* Brothers and sisters share home and surname and are called alike: another date of birth with
  anything but the same forename is at most POSSIBLE.
* An identifier that nothing else confirms is POSSIBLE: it may be a sibling's number on the wrong
  child.
* Another date, or none to compare, without a forename that surely agrees is another child, or a
  brother or sister. So is another forename with another middle name, where no household agrees: a
  side without a postcode has none that could.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from fingerpost.private.linkage.agreement import (
    Field,
    Level,
    Weights,
    better,
    birth_level,
    born_in_other_years,
    equal_level,
    home_level,
    number_level,
    shipped_weights,
    upn_level,
)
from fingerpost.private.linkage.name_agreement import (
    SURE_NAME,
    clearly_two_names,
    forename_level,
    is_one_name,
    middle_level,
    surname_level,
    word_level,
)
from fingerpost.private.linkage.name_tables import (
    canonical,
    forename_bits,
    surname_bits,
    word_lists,
)
from fingerpost.private.linkage.names import Name, daily_names
from fingerpost.private.linkage.normal_form import NormalForm

MOST_CANDIDATES: Final = 32
"""Records compared for one query at one agency. More share a key only where an export is full of
doubles."""
COMPARISON_VERSION: Final = 3
"""It is local to a node: two nodes may differ in it, because no key depends on it."""

_LIKE_NAME: Final = (Level.EXACT, Level.VARIANT, Level.PART, Level.NEAR)
_SAME_DATE: Final = (Level.EXACT, Level.EXACT_WEAK, Level.SWAPPED, Level.CENTURY, Level.ONE_DIGIT)
_OTHER_DATE: Final = (Level.DIFFERENT, Level.TWO_PARTS, Level.CLOSE)
_NO_DATE: Final = (
    Level.MISSING, Level.DIFFERENT, Level.DIFFERENT_WEAK, Level.CLOSE, Level.YEAR, Level.ABOUT,
)  # fmt: skip
_NO_PLACE: Final = (Level.MISSING, Level.DIFFERENT)
_VERY_DATE: Final = (Level.EXACT, Level.EXACT_WEAK, Level.SWAPPED, Level.CENTURY)
_SAME_HOME: Final = (Level.EXACT, Level.NEAR, Level.FORMER)
_FAR_LIKELIER: Final = 2.5  # in bits: Taylor, Ali and Warsame are forenames too


class Finding(NamedTuple):
    """The level of one field, and its bits. It holds no value of the field."""

    field: Field
    level: Level
    weight: float


@unique
class Decision(Enum):
    """POSSIBLE is for a person to look at; it is never answered as a match."""

    MATCH = "match"
    POSSIBLE = "possible"
    DIFFERENT = "different"


@unique
class Rule(Enum):
    """A rule that no sum may overrule; it protects another child from being taken for this one."""

    OTHER_CHILD = "another date of birth, or none to compare, and no forename that surely agrees"
    OTHER_NAMES = (
        "another forename and another middle name, and no home and surname that both agree"
    )
    OTHER_FORENAME = "another forename: twins agree in all else"
    TWO_NAMES = (
        "two forenames that only look alike, or two sexes: brothers and sisters are called alike"
    )
    OTHER_OF_A_BIRTH = "twin 1 is not twin 2"
    NO_FORENAME = "no forename that agrees: what agrees is the household"
    NAMES_ALONE = "names alone, or a forename and a date, are shared by many"
    OTHER_DATE = "another date of birth: brothers and sisters are called alike"
    NUMBER_ALONE = "nothing but the number agrees: it may be another child's"
    OTHER_NUMBER = "two numbers of one kind"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The decision, the sum in bits and the evidence for it.

    ``by_sum`` is the decision by the sum alone; ``rule`` is the first rule that forbids a match,
    whether the sum came that far or not.
    """

    decision: Decision
    weight: float
    evidence: tuple[Finding, ...]
    by_sum: Decision
    rule: Rule | None

    @property
    def held_by(self) -> Rule | None:
        """The rule that lowered the decision of the sum, if one did."""
        return self.rule if self.decision is not self.by_sum else None

    @property
    def linked(self) -> bool:
        """Whether the threshold is reached, as a match or for a person to look at."""
        return self.decision is not Decision.DIFFERENT


def compare(asked: NormalForm, record: NormalForm, *, upn: bool = False) -> Comparison:
    """Compare a question with a record. It is symmetric and takes about 0.1 ms.

    Args:
        asked: The normal form of the child asked about.
        record: The normal form of the child recorded.
        upn: Whether the agreement lets the pupil number be used; it is never used otherwise.
    """
    weights = shipped_weights()
    naming = best_naming(asked, record, weights)
    levels = {
        Field.MIDDLE: middle_level(asked.names[0], record.names[0]),
        Field.BIRTH: birth_level(asked.birth, record.birth),
        Field.SEX: equal_level(asked.sex, record.sex),
        Field.POSTCODE: home_level(asked, record),
        Field.HEALTH_NUMBER: number_level(asked.health_number, record.health_number),
        Field.UPN: upn_level(asked.upn, record.upn) if upn else Level.MISSING,
    }
    findings = naming.findings + tuple(
        Finding(field, level, weights.of(field, level)) for field, level in levels.items()
    )
    weight = round(sum(finding.weight for finding in findings), 6)
    said = Decision.DIFFERENT
    if weight >= weights.match:
        said = Decision.MATCH
    elif weight >= weights.possible:
        said = Decision.POSSIBLE
    identified = Level.EXACT in (levels[Field.HEALTH_NUMBER], levels[Field.UPN])
    if identified and said is Decision.DIFFERENT:
        said = Decision.POSSIBLE  # a number that may be somebody else's is for a person to look at
    rule = _rule(naming, levels, asked, record, weight < weights.match_away)
    most = Decision.MATCH
    nowhere = levels[Field.BIRTH] in _NO_DATE and levels[Field.POSTCODE] in _NO_PLACE
    alone = rule is Rule.NAMES_ALONE and nowhere and weight < weights.alone
    if (alone or rule in (Rule.OTHER_CHILD, Rule.OTHER_NAMES)) and not identified:
        most = Decision.DIFFERENT
    elif rule is not None:
        most = Decision.POSSIBLE
    return Comparison(_lower(said, most), weight, findings, said, rule)


class Ordered(Protocol):
    """A record's id: ids have an order."""

    def __lt__(self, other: Any, /) -> bool: ...


_Id = TypeVar("_Id", bound=Ordered)


@dataclass(frozen=True, slots=True)
class Ruling:
    """``decision`` is what the record is beside the others; ``compared`` is what it is alone."""

    compared: Comparison
    decision: Decision


def likeliest(shared: Mapping[_Id, int]) -> list[_Id]:
    """Return the records that share most keys, the most first, at most ``MOST_CANDIDATES``.

    Among equals the order is that of ids: if an export is so full of doubles that some are left
    out, the child is not.
    """
    return sorted(shared, key=lambda one: (-shared[one], one))[:MOST_CANDIDATES]


def decide(asked: NormalForm, forms: Sequence[NormalForm], *, upn: bool) -> list[Ruling]:
    """Return one ruling for each record that a question opened, in their order.

    Of several that match, the best stands with those that are doubles of it, and the others are
    for a person to look at: a child is not missed because another record resembles hers.

    Args:
        asked: The normal form of the child asked about.
        forms: Those of the records.
        upn: Whether the agreement lets the pupil number be used; it is never used otherwise.
    """
    compared = [compare(asked, form, upn=upn) for form in forms]
    matches = [n for n, one in enumerate(compared) if one.decision is Decision.MATCH]
    best = max(matches, key=lambda n: compared[n].weight, default=None)
    rulings = []
    for n, one in enumerate(compared):
        decision = one.decision
        if best is not None and decision is Decision.MATCH and n != best:
            double = compare(forms[best], forms[n], upn=upn).decision is Decision.MATCH
            decision = Decision.MATCH if double else Decision.POSSIBLE
        rulings.append(Ruling(one, decision))
    return rulings


def _rule(
    naming: Naming,
    levels: dict[Field, Level],
    asked: NormalForm,
    record: NormalForm,
    common: bool,
) -> Rule | None:
    """Return the first rule that forbids a match, whatever the sum.

    ``common``: the fields that agree are not so rare that they would be enough far from home.
    """
    birth = levels[Field.BIRTH]
    contradicted = Level.DIFFERENT in (levels[Field.SEX], levels[Field.MIDDLE])
    if naming.forename in (Level.DIFFERENT, Level.PARTIAL):
        # What is left is the household, and perhaps the year.
        other = birth in _OTHER_DATE or birth in _NO_DATE
    else:
        # Without a forename, with an initial or a like name, a close date may be an expected date
        # that was kept.
        other = naming.forename not in _LIKE_NAME and birth is Level.DIFFERENT
    # A digit or the whole date may be wrong, but then nothing else may contradict.
    doubtful = naming.forename not in _LIKE_NAME and birth not in _VERY_DATE
    if other or (doubtful and contradicted):
        return Rule.OTHER_CHILD
    if _other_names(naming, levels, asked, record):
        return Rule.OTHER_NAMES
    if naming.forename in (Level.DIFFERENT, Level.PARTIAL):
        return Rule.OTHER_FORENAME
    if naming.surname is Level.DIFFERENT and all(map(_family_name_first, (asked, record))):
        return Rule.OTHER_FORENAME  # "Nguyen, Xuan" and "Nguyen, Thuy" are twins
    # A sister called alike, or a typing error? Two known names, or two sexes, are two children.
    other_sex = levels[Field.SEX] is Level.DIFFERENT
    # PART: one is called by the other's middle name, which is a name and no likeness.
    named = (*SURE_NAME, Level.PART)
    if naming.forename not in named and (naming.two_names or other_sex):
        other = naming.two_names and birth is Level.DIFFERENT
        return Rule.OTHER_CHILD if other else Rule.TWO_NAMES
    if other_sex and levels[Field.MIDDLE] is Level.DIFFERENT:
        return Rule.TWO_NAMES
    daily = _daily_names(asked, record)
    if _shared_by_brothers(daily) and levels[Field.MIDDLE] in (Level.DIFFERENT, Level.LOOSE):
        return Rule.OTHER_FORENAME  # Muhammad Ali and Muhammad Umar: the second name is the name
    if len({asked.birth_order, record.birth_order} - {None}) == 2:
        return Rule.OTHER_OF_A_BIRTH
    if Level.EXACT in (levels[Field.HEALTH_NUMBER], levels[Field.UPN]):
        return None if _borne_out(naming, birth) else Rule.NUMBER_ALONE
    # Jaxon and Jaxson may be brothers of one day of the year, and so may Jake and Jacob.
    other_year = born_in_other_years(asked.birth, record.birth)
    alike = Rule.OTHER_DATE if other_year and naming.forename is not Level.EXACT else None
    return _rule_without_number(naming, levels, common, daily) or alike


def _other_names(
    naming: Naming, levels: dict[Field, Level], asked: NormalForm, record: NormalForm
) -> bool:
    """Return whether every name that the child could be called by is another, outside the
    household.

    That is a twin who moved, or a child next door. A child under new names at home, even with
    another sex, is for a person to look at.
    """
    if not naming.forename is levels[Field.MIDDLE] is Level.DIFFERENT:
        return False
    if levels[Field.POSTCODE] in _SAME_HOME and naming.surname is not Level.DIFFERENT:
        return False
    return not _names_in_another_order(asked.names[0], record.names[0])


def _names_in_another_order(one: Name, other: Name) -> bool:
    """Return whether one is called by the second name (Peter J., Jonathan P.), or fields have
    moved."""
    called, others_called = daily_names(one)[:1], daily_names(other)[:1]
    if set(called) & set(other.surnames + other.middles) or set(others_called) & set(
        one.surnames + one.middles
    ):
        return True
    return _is_initial(called, other) and _is_initial(others_called, one)


def _is_initial(called: tuple[str, ...], name: Name) -> bool:
    """Return whether a daily name begins like a middle name of the other."""
    return any(first[0] == word[0] for first in called for word in name.middles)


def _family_name_first(form: NormalForm) -> bool:
    """Return whether the present name is far likelier with forename and surname swapped."""
    given, family = form.names[0].forenames, form.names[0].surnames
    if not given or not family:
        return False
    straight = min(map(forename_bits, given)) + min(map(surname_bits, family))
    turned = min(map(surname_bits, given)) + min(map(forename_bits, family))
    return straight - turned > _FAR_LIKELIER


def _borne_out(naming: Naming, birth: Level) -> bool:
    """Return whether more than the number agrees: alone, it may be another child's."""
    if naming.forename in _LIKE_NAME:
        return True
    # A brother has the surname too: without a forename the date must decide which of them it is.
    return (
        naming.forename in (Level.MISSING, Level.INITIAL, Level.LOOSE)
        and birth in _SAME_DATE
        and (naming.surname in _LIKE_NAME or naming.forename is Level.MISSING)
    )


def _daily_names(asked: NormalForm, record: NormalForm) -> set[str]:
    """Return the names that two children are called by, in one spelling."""
    one, other = (daily_names(form.names[0])[:1] for form in (asked, record))
    return {canonical(name) for name in one + other}


def _shared_by_brothers(daily: set[str]) -> bool:
    """Return whether both are called by one name that brothers share (Muhammad, Abdul)."""
    lists = word_lists()
    return len(daily) == 1 and bool(daily & (lists.first_not_daily | lists.given_heads))


def _rule_without_number(
    naming: Naming, levels: dict[Field, Level], common: bool, daily: set[str]
) -> Rule | None:
    """Return the rule where no more agrees than a household, or names that many share."""
    forename, birth = naming.forename, levels[Field.BIRTH]
    home, family = levels[Field.POSTCODE] in _SAME_HOME, naming.surname in _LIKE_NAME
    if forename is Level.MISSING and birth is Level.DUE and family:
        # An unborn child has no name yet, and the household has no other child of that pregnancy.
        return None if levels[Field.POSTCODE] is Level.EXACT else Rule.NO_FORENAME
    if forename not in _LIKE_NAME:
        return Rule.NO_FORENAME  # an initial, or something like the name, is no forename
    if not home and not (birth in _SAME_DATE and family):
        return Rule.NAMES_ALONE
    if not home and common:
        return Rule.NAMES_ALONE  # there are two Muhammad Khans of one birthday in England, and more
    if birth in (Level.DIFFERENT, Level.CLOSE):
        # Harry and Harrison, two years apart, are brothers; so are Muhammad and Muhammad; and two
        # children of a common name may live in one street.
        same = forename is Level.EXACT and family and levels[Field.POSTCODE] is Level.EXACT
        contradicted = Level.DIFFERENT in (levels[Field.SEX], levels[Field.MIDDLE])
        # Jaxon and Jaxson, Jake and Jacob, Muhammad and Muhammad: but Jaxon and Jxaon are one.
        shared = _shared_by_brothers(daily)
        two = shared or naming.two_names or forename is Level.VARIANT
        if birth is Level.DIFFERENT and (two or contradicted):
            return Rule.OTHER_CHILD
        if not same or len(daily) != 1 or shared or common or contradicted:
            return Rule.OTHER_DATE
    sure = forename in SURE_NAME and birth in _SAME_DATE
    if levels[Field.HEALTH_NUMBER] is Level.DIFFERENT and not sure:
        return Rule.OTHER_NUMBER
    return None


def _lower(decision: Decision, ceiling: Decision) -> Decision:
    order = (Decision.DIFFERENT, Decision.POSSIBLE, Decision.MATCH)
    return min(decision, ceiling, key=order.index)


@dataclass(frozen=True, slots=True)
class Naming:
    """One reading of two children's names: straight, or with forename and surname swapped."""

    forename: Level
    surname: Level
    two_names: bool
    findings: tuple[Finding, ...]
    weight: float


def best_naming(asked: NormalForm, record: NormalForm, weights: Weights) -> Naming:
    """Return the best reading over present and other names, straight or with swapped fields.

    Where the present forenames are clearly two, an alias is compared with a present name only: two
    aliases that agree may be the mother's, or a name that a whole family was entered under.
    """
    present = forename_level(asked.names[0], record.names[0])
    two = present in (Level.DIFFERENT, Level.PARTIAL)
    readings = [
        reading
        for position, one in enumerate(asked.names)
        for other_position, other in enumerate(record.names)
        if not (two and position and other_position)
        for reading in _readings(one, other, weights)
    ]
    # Levels order equal sums, so that the order of the sides does not matter.
    return max(readings, key=lambda r: (r.weight, r.forename.value, r.surname.value, r.two_names))


def _readings(one: Name, other: Name, weights: Weights) -> list[Naming]:
    forename, surname = forename_level(one, other), surname_level(one, other)
    given = (*daily_names(one)[:1], *daily_names(other)[:1])
    family = tuple(name for name in (one.surname, other.surname) if name)
    if surname is Level.PART:
        family += one.surnames + other.surnames
    for single, whole in ((one, other), (other, one)):
        if is_one_name(single, whole):
            alone = (single.surname, whole.forename)
            return [_naming(word_level(*alone), Level.MISSING, alone, (), False, weights)]
    readings = [_naming(forename, surname, given, family, clearly_two_names(one, other), weights)]
    if forename in SURE_NAME or not one.forenames or not other.forenames:
        return readings
    crossed = (_crossed(one, other), _crossed(other, one))
    if Level.DIFFERENT not in crossed and crossed != (Level.MISSING, Level.MISSING):
        worse, best = crossed if better(*crossed) is crossed[1] else crossed[::-1]
        both = given + family
        two_names = clearly_two_names(one, _turned(other)) or clearly_two_names(_turned(one), other)
        swapped = _naming(worse, best, both, both, two_names, weights)
        first, second = swapped.findings
        moved = Finding(first.field, first.level, first.weight + weights.swapped_fields)
        readings.append(
            replace(
                swapped,
                findings=(moved, second),
                weight=swapped.weight + weights.swapped_fields,
            )
        )
    return readings


def _crossed(one: Name, other: Name) -> Level:
    """Return the level of the forename of one and the surname of the other.

    They are compared with the care that forenames need, because it is not known which of the two is
    in the wrong field, and twins must be kept apart there too.
    """
    if not one.forenames or not other.surnames:
        return Level.MISSING
    turned = _turned(other)
    level = word_level(*("".join(daily_names(name)) for name in (one, turned)))
    if level in (*SURE_NAME, Level.DIFFERENT):
        return level
    as_forename = forename_level(one, turned)
    if as_forename is Level.PARTIAL:
        return Level.DIFFERENT
    return as_forename if better(level, as_forename) is level else level


def _turned(name: Name) -> Name:
    """Return the name with its surname as the forename."""
    return Name(forenames=name.surnames)


def _naming(
    forename: Level,
    surname: Level,
    given: tuple[str, ...],
    family: tuple[str, ...],
    two_names: bool,
    weights: Weights,
) -> Naming:
    findings = (
        Finding(Field.FORENAME, forename, weights.of_name(Field.FORENAME, forename, given)),
        Finding(Field.SURNAME, surname, weights.of_name(Field.SURNAME, surname, family)),
    )
    weight = findings[0].weight + findings[1].weight
    return Naming(forename, surname, two_names, findings, weight)
