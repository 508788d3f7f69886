"""From the normal form to the blocking keys: the bounded, ordered set that a child is found by.

``key_parts`` makes the parts that rules combine, ``blocking_keys`` applies the rules of
``blocking_rules`` within the bounds, ``oprf_input`` encodes a key. Both sides of a lookup make
their parts alike, and the bits of a part depend on its text alone, so that two sides that hold the
same text bind a key to the same place.

Bits are logarithms to base 2 of "one child in how many has this part". Those of names come from the
table of frequent names; those of dates and places assume children evenly spread over 18 years, over
2,300 outcodes in 110 postcode areas and, within one council's area, over some ten outcodes of four
sectors each.

Invariants: pure; a query has at most 32 keys, a record at most 25; no key twice; order and choice
depend on the form alone; a key never leaves this process except blinded, and is never printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import islice, product
from typing import Final, NamedTuple

from fingerpost.private.demographics import PartialDate, Sex
from fingerpost.private.linkage.blocking_rules import (
    RULE_DEFINITIONS,
    BlockingRule,
    Part,
    Parts,
    RuleDefinition,
    Scope,
    Side,
)
from fingerpost.private.linkage.name_tables import (
    INITIAL_BITS,
    UNLISTED_FORENAME_BITS,
    Rarity,
    canonical,
    fold,
    forename_bits,
    formal,
    formal_names,
    phonetic,
    rarities,
    shortened,
    telling_beginning,
    word_lists,
)
from fingerpost.private.linkage.names import Name, daily_names, middle_initial
from fingerpost.private.linkage.normal_form import (
    NORMALISATION_VERSION,
    BirthDate,
    Born,
    Certainty,
    NormalForm,
    Postcode,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect

MOST_KEYS: Final = {Side.QUERY: limits.LOCATORS, Side.RECORD: limits.BULK_KEYS_PER_CHILD}
DATE_BITS: Final = 12.7

_YEAR_BITS: Final = 4.2
_YEAR_MONTH_BITS: Final = 7.8
_NEAR_DUE_DAYS: Final = (0, -21, 21, -49, -77)
"""Days from the one on which a child is expected, the likeliest first, of whose months keys are
made: most children are born in one of them, and an expected date is seldom moved further."""
_WEAK_DATE_BITS: Final = 5.0  # 1 January: a year, and that no more was known
_NUMBER_BITS: Final = 40.0
_SEX_BITS: Final = 1.0
_LETTER: Final = {Sex.FEMALE: "f", Sex.MALE: "m"}
_NOTHING: Final = (Part((), 0.0),)
_DOMAIN: Final = b"fingerpost/v1"
_MARKED_DOMAIN: Final = b"fingerpost/v1 marked"
_FIRST_KEYS: Final = 5
"""So many keys of a rule keep the rule's place in the order; further ones stand behind all rules.
Two given names and two surnames make five pairs of NK: the first with the whole surname, and each
with each."""
_MOST_OF_OTHERS: Final = 4
_MOST_OF_A_RULE: Final = {
    BlockingRule.NK: 12,
    BlockingRule.SW: 2,
    # What finds a child of common names without a place, or with a wrong one, must not push out the
    # keys by which all others are found.
    BlockingRule.NAMES_INCODE_DATE: 1,
    BlockingRule.NO_PLACE_NAMES_DATE_Q: 1,
    BlockingRule.NO_PLACE_NAMES_DATE_R: 1,
    BlockingRule.NO_PLACE_SOUNDS_DATE_Q: 1,
    BlockingRule.NO_PLACE_SOUNDS_DATE_R: 1,
}

_LETTERS_OF_A_BEGINNING: Final = 3
_OF_FORMER_HOMES: Final = (BlockingRule.NK, BlockingRule.DPA, BlockingRule.BEGINNINGS_HOME)
"""What finds a child where she lived before by her names, without a name, and with a wrong date."""
_MOST_OF_FORMER_HOMES: Final = {Side.QUERY: 12, Side.RECORD: 6}
"""In a record they take the place of the last rules, for questions that lack a field."""

_Pair = tuple[str, str]


class BlockingKey(NamedTuple):
    """What a blocking rule makes of a child: few other children share it. It is personal data."""

    rule: BlockingRule
    value: bytes

    def __repr__(self) -> str:
        return f"BlockingKey({self.rule.name}, …)"


def blocking_keys(
    form: NormalForm, *, side: Side, scope: Scope, upn: bool = False
) -> tuple[BlockingKey, ...]:
    """Return the keys of a child, the strongest first, within the bounds of ``MOST_KEYS``.

    A record takes ``Scope.WIDE``, which contains the narrow keys, so that it is found by either.

    Args:
        form: The child's normal form.
        side: Whether a query or a record is made.
        scope: How far the query may go.
        upn: Whether the agreement lets the pupil number be used; it is never used otherwise.
    """
    return _Child(form).keys(side, scope, upn=upn)


def wide_keys(
    form: NormalForm, *, upn: bool
) -> tuple[tuple[BlockingKey, ...], tuple[BlockingKey, ...]]:
    """Return the wide keys of a child as a record, and as a query: each as ``blocking_keys``
    returns it. What both have in common, and most is, is made once.
    """
    child = _Child(form)
    return (
        child.keys(Side.RECORD, Scope.WIDE, upn=upn),
        child.keys(Side.QUERY, Scope.WIDE, upn=upn),
    )


def _first_alike(definition: RuleDefinition) -> BlockingRule:
    """Return the first rule that combines the same: of the two rules of a field that one side
    lacks, the first.
    """
    sides = {name: getattr(definition, name) for name in ("rule", "meets", "lacks")}
    return next(each.rule for each in RULE_DEFINITIONS if replace(each, **sides) == definition)


_RULES: Final = tuple(
    (definition, _first_alike(definition), _MOST_OF_A_RULE.get(definition.rule, _MOST_OF_OTHERS))
    for definition in RULE_DEFINITIONS
)
"""Each rule, the first that makes the same values, and how many of them."""


class _Child:
    """The keys of one child. What rules combine is made once, when it is first wanted."""

    __slots__ = ("_form", "_made", "_parts")

    def __init__(self, form: NormalForm) -> None:
        self._form = form
        self._parts = key_parts(form)
        self._made: dict[BlockingRule, list[bytes]] = {}

    def keys(self, side: Side, scope: Scope, *, upn: bool) -> tuple[BlockingKey, ...]:
        """Return what ``blocking_keys`` does."""
        parts, made, bound = self._parts, self._made, MOST_KEYS[side]
        first: dict[BlockingKey, None] = {}
        behind: list[BlockingKey] = []
        for definition, alike, most in _RULES:
            rule = definition.rule
            if rule is BlockingRule.NO_PLACE_NAMES_DATE_Q:  # behind all strong narrow rules
                of_homes = [key for key in self._of_former_homes(side) if key not in first]
                first.update(dict.fromkeys(of_homes[: _MOST_OF_FORMER_HOMES[side]]))
            if definition.scope > scope or (rule is BlockingRule.UPN and not upn):
                continue
            if definition.lacks is not None and not definition.applies_to(side, parts):
                continue
            values = made.get(alike)
            if values is None:
                values = made[alike] = [
                    _value(texts) for texts in islice(definition.values(parts), most)
                ]
            if not values:
                continue
            for place, value in enumerate(values):
                if place < _FIRST_KEYS:
                    first[BlockingKey(rule, value)] = None
                else:
                    behind.append(BlockingKey(rule, value))
            if len(first) >= bound:
                break  # whatever follows stands behind these
        return tuple(dict.fromkeys((*first, *behind)))[:bound]

    def _of_former_homes(self, side: Side) -> Iterator[BlockingKey]:
        """Yield the keys that the child has at her former homes, the latest home first; in a
        question those of her other names before all, as who was renamed is recorded there."""
        form, parts = self._form, [self._parts]
        if side is Side.QUERY and form.former_postcodes and len(form.names) > 1:
            parts.insert(0, key_parts(replace(form, names=form.names[1:])))
        for names, former in product(parts, form.former_postcodes):
            there = names._replace(**_places(former))
            for definition in RULE_DEFINITIONS:
                if definition.rule in _OF_FORMER_HOMES:
                    for texts in islice(definition.values(there), 2):
                        yield BlockingKey(definition.rule, _value(texts))


def _value(texts: tuple[str, ...]) -> bytes:
    return "|".join(texts).encode("ascii")


def oprf_input(key: BlockingKey, version: int, *, marked: bool = False) -> bytes:
    """Return the bytes that are blinded: domain, normalisation version, rule number and value.

    Each part stands behind its length (two bytes, big-endian), so that no two inputs run together;
    version and rule number are two bytes, big-endian.

    Args:
        marked: Of a marked record (``marked``). It has a domain of its own, so that no input of it
            is that of a child, whatever their fields.

    Raises:
        Defect: A part does not fit two bytes of length.
    """
    before = _before_value(_MARKED_DOMAIN if marked else _DOMAIN, key.rule, version)
    return before + _two_bytes(len(key.value)) + key.value


def oprf_inputs(keys: Iterable[BlockingKey], *, marked: bool = False) -> tuple[bytes, ...]:
    """Return the OPRF input of each key, of this release's normalisation version."""
    return tuple(oprf_input(key, NORMALISATION_VERSION, marked=marked) for key in keys)


@cache
def _before_value(domain: bytes, rule: int, version: int) -> bytes:
    parts = (domain, _two_bytes(version), _two_bytes(rule))
    return b"".join(_two_bytes(len(part)) + part for part in parts)


def _two_bytes(number: int) -> bytes:
    if not 0 <= number <= 0xFFFF:
        raise Defect("a part of an OPRF input does not fit two bytes")
    return number.to_bytes(2, "big")


def key_parts(form: NormalForm) -> Parts:
    """Return every part of a child that a rule can combine, each made once."""
    rare = rarities()
    present = form.names[0]
    given = [_spelt(name) for name in _called(present)]
    surname = _spelt(present.surname) if present.surname else ""
    surnames = tuple(dict.fromkeys([surname, *map(_spelt, present.surnames)])) if surname else ()
    forename = given[0] if given else ""
    main = _sorted_pair(forename, surname) if forename and surname else ()
    middle = middle_initial(present, forename)
    forename_code, surname_code = phonetic(forename), phonetic(surname)
    of_forename = rare.whole.forename(forename)
    both_bits = rare.whole.pair(*main) if main else 0.0
    code_bits = rare.sound.surname(surname_code)
    number, upn = form.health_number, form.upn
    sexes = tuple(
        Part((letter,), _SEX_BITS) for letter in ((_LETTER[form.sex],) if form.sex else ("f", "m"))
    )
    # Papers that have one name often have a year and no day.
    alone = isinstance(form.birth, BirthDate) and form.birth.weak and not form.newborn
    return Parts(
        health_number=_part(
            (str(int(number.scheme)), number.digits) if number else (), _NUMBER_BITS
        ),
        upn=_part((upn.text,) if upn and not upn.temporary else (), _NUMBER_BITS),
        every_pair=tuple(
            Part(pair, rare.whole.pair(*pair)) for pair in _pairs(form.names, alone=alone)
        ),
        both_names=_pair(_formal_pair(present, form.sex) if main else (), rare.formal),
        every_sound=tuple(
            Part(pair, rare.sound.pair(*pair)) for pair in _phonetic_pairs(form.names)
        ),
        beginnings=_pair(_sorted_pair(forename[:3], surname[:3]) if main else (), rare.beginning),
        telling_beginnings=_pair(
            _sorted_pair(telling_beginning(_first_part(given)), surname[:3]) if main else (),
            rare.beginning,
        ),
        initials=_part(_sorted_pair(forename[:1], surname[:1]), 2 * INITIAL_BITS),
        endings=_pair(_sorted_pair(forename[-3:], surname[-3:]) if main else (), rare.ending),
        forename=_part((forename,), of_forename),
        forename_beginning=_part((forename[:3],), rare.beginning.forename(forename[:3])),
        forename_and_middle=_part((forename, middle), of_forename + INITIAL_BITS),
        names_and_middle=_part((*main, middle) if main else (), both_bits + INITIAL_BITS),
        forename_and_surname_beginning=_part(
            (forename, surname[:3]), of_forename + rare.beginning.surname(surname[:3])
        ),
        surname=tuple(Part((name,), rare.whole.surname(name)) for name in surnames[:2]),
        surname_and_sex=tuple(
            Part((name, *sex.texts), rare.whole.surname(name) + sex.bits)
            for name in surnames[:2]
            for sex in sexes
        ),
        forename_sound=_part((forename_code,), rare.sound.forename(forename_code)),
        surname_sound=_part((surname_code,), code_bits),
        initial_and_sound=_part((forename[:1], surname_code), code_bits + INITIAL_BITS),
        sex=sexes,
        no_date=_NOTHING,
        nowhere=_NOTHING,
        **_dates(form.birth),
        **_places(form.postcode),
    )


def _dates(birth: Born | None) -> dict[str, tuple[Part, ...]]:
    """Return the parts that come from the date of birth, by name.

    A date known in part counts as lacking: it has its month at most. An expected date is one day,
    and the months about it.
    """
    parts: dict[str, tuple[Part, ...]] = dict.fromkeys(
        ("date", "day_and_month", "year_month", "year_day", "month_day", "year"), ()
    )
    if birth is None:
        return parts
    if isinstance(birth, PartialDate):
        years = (0, -1, 1) if birth.about else (0,)
        parts["year"] = tuple(
            Part((f"{(birth.year + off) % 100:02}",), _YEAR_BITS) for off in years
        )
        if birth.month is not None:
            parts["year_month"] = (_year_month(birth.year, birth.month),)
        return parts
    year, month, day = f"{birth.short_year:02}", f"{birth.month:02}", f"{birth.day:02}"
    parts["year"] = (Part((year,), _YEAR_BITS),)
    if birth.weak:
        parts["date"] = _part((year + month + day,), _WEAK_DATE_BITS)
        return parts
    parts["date"] = _part((year + month + day,), DATE_BITS)
    # Where the two cannot be swapped or are equal, the whole date says it already.
    if birth.day <= 12 and birth.day != birth.month:
        parts["day_and_month"] = _part((year, *sorted((day, month))), DATE_BITS - 1.0)
    parts["year_month"] = (_year_month(birth.year, birth.month),)
    if birth.certainty is Certainty.EXPECTED:
        near = [birth.as_date() + timedelta(days=off) for off in _NEAR_DUE_DAYS]
        months = dict.fromkeys(_year_month(day.year, day.month) for day in near)
        parts["year_month"] = tuple(months)
    parts["year_day"] = _part((year, day), 9.1)
    parts["month_day"] = _part((month, day), 8.5)
    return parts


def _year_month(year: int, month: int) -> Part:
    return Part((f"{year % 100:02}", f"{month:02}"), _YEAR_MONTH_BITS)


def _places(postcode: Postcode | None) -> dict[str, tuple[Part, ...]]:
    """Return the parts that come from the postcode, by name."""
    area = postcode.area if postcode else ""
    outcode = postcode.district if postcode else ""
    sector = (postcode.sector or "") if postcode else ""
    home = Part((postcode.sorted_characters if postcode else "",), 12.0)
    incode = Part((postcode.incode if postcode else "",), 11.0)
    return {
        "place": _part((area,), 6.0),
        "in_england": (*_NOTHING, Part((area,), 6.0), Part((outcode,), 11.0)),
        "in_the_area": (*_NOTHING, Part((outcode,), 3.3), Part((sector,), 5.3), home),
        "at_home": (home,),
        "by_incode": (incode,),
    }


def _part(texts: tuple[str, ...], bits: float) -> tuple[Part, ...]:
    """Return the part; nothing where the child lacks one of the texts."""
    return (Part(texts, bits),) if texts and all(texts) else ()


def _pair(texts: tuple[()] | _Pair, rare: Rarity) -> tuple[Part, ...]:
    return (Part(texts, rare.pair(*texts)),) if texts else ()


def _first_part(given: list[str]) -> str:
    """Return the first given name, with the next where it is a syllable: Zi Xuan, and not Zi."""
    if len(given) > 1 and len(given[0]) < _LETTERS_OF_A_BEGINNING:
        return given[0] + given[1]
    return given[0]


def _pairs(names: tuple[Name, ...], *, alone: bool) -> tuple[_Pair, ...]:
    """Return given name × part of the surname over all names, the likeliest first.

    ``alone``: a name in the surname's field may be the only one.
    """
    ranked: dict[_Pair, float] = {}
    for position, name in enumerate(names):
        given = tuple(_given_forms(name))
        family = tuple(_family_forms(name))
        # A person of one name, in whatever field, meets others of that name, and a record that has
        # it in both.
        if not family:
            family = given[:1]
        elif not given and alone:
            given = family[:1]
        # Of a surname in parts, the whole says where names are rare; for a second given name its
        # parts come first, because who has the whole has them too.
        whole = 1.5 if len(family) > 1 else 0.0
        for given_rank, forename in given:
            for family_rank, surname in family:
                if forename == surname and given_rank and family_rank:
                    continue  # one middle name, as a given name and as a father's
                pair = _sorted_pair(forename, surname)
                rank = given_rank + (family_rank or (whole if given_rank else 0)) + 2.0 * position
                ranked[pair] = min(rank, ranked.get(pair, rank))
    # A stable sort: equal ranks stay in the order of the fields.
    return tuple(sorted(ranked, key=ranked.__getitem__))


def _given_forms(name: Name) -> Iterator[tuple[int, str]]:
    """Return the names that a child may be called by, each with its rank: 0 is tried first.

    Nobody is called by Kaur or Begum alone. Two forenames are often written as one, which has its
    own rule (P33) where the beginning is as long, as has what is left of a name without its end.
    """
    called, movable = _called(name), word_lists().movable
    for position, word in enumerate(called):
        if not position or canonical(word) not in movable:
            yield position, _spelt(word)
    if len(name.forenames) > 1 and not movable.intersection(name.forenames[:2]):
        first, second = name.forenames[:2]
        yield 1 if len(first) < _LETTERS_OF_A_BEGINNING else 3, _spelt(first + second)
    for word in called[:1]:
        yield from ((1, _spelt(rest)) for rest in shortened(word) if not word.startswith(rest))
        for later, one in enumerate(formal_names(word) or formal_names(canonical(word))):
            yield 1 + later, fold(one)
    for position, word in enumerate(name.middles):
        if len(word) > 1 and canonical(word) not in movable:
            yield 2 + position, _spelt(word)


def _family_forms(name: Name) -> Iterator[tuple[int, str]]:
    """Return the surname, its parts and later names written as surnames, each with its rank."""
    if name.surname:
        yield 0, _spelt(name.surname)
    if name.surnames != (name.surname,):
        for position, word in enumerate(name.surnames):
            if len(word) > 1:
                yield 1 + (position > 1), _spelt(word)
    movable, patronymics = word_lists().movable, word_lists().patronymics
    for word in (*_called(name)[1:], *name.middles):
        if not name.surname or len(word) < 2:
            continue
        if word in movable or canonical(word) in movable:
            yield 2, _spelt(word)
        elif canonical(word) in patronymics or (
            _is_unlisted(word) and all(_is_unlisted(first) for first in _called(name)[:1])
        ):
            # A father's or grandfather's name. A common British middle name would be shared by
            # many.
            yield 4, _spelt(word)


def _is_unlisted(word: str) -> bool:
    return forename_bits(word) >= UNLISTED_FORENAME_BITS


def _called(name: Name) -> tuple[str, ...]:
    """Return the daily forenames first, then the rest of the forename field."""
    daily = daily_names(name)
    return daily + tuple(word for word in name.forenames if word not in daily)


def _phonetic_pairs(names: tuple[Name, ...]) -> tuple[_Pair, ...]:
    """Return the codes of forename and surname, then of the surname's parts and other names."""
    found: list[_Pair] = []
    parts: list[_Pair] = []
    for name in names:
        for forename in _called(name)[:1]:
            code = phonetic(_spelt(forename))
            if name.surname:
                found.append(_sorted_pair(code, phonetic(_spelt(name.surname))))
                if name.surnames != (name.surname,):
                    parts += (_sorted_pair(code, phonetic(_spelt(n))) for n in name.surnames)
    return tuple(dict.fromkeys(found + parts))


def _formal_pair(name: Name, sex: Sex | None) -> _Pair:
    """Return daily forename and whole surname by their formal names: Katie and Katherine agree.

    A surname has its formal name too, because fields are swapped.
    """
    letter = _LETTER[sex] if sex else ""
    return _sorted_pair(*(fold(formal(one, letter)) for one in (_called(name)[0], name.surname)))


def _spelt(name: str) -> str:
    """Return the spelling in a key."""
    return fold(canonical(name))


def _sorted_pair(a: str, b: str) -> _Pair:
    return (a, b) if a <= b else (b, a)
