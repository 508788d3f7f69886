"""Blocking keys: bounds, order, weak rules, and which children share one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from fingerpost.private.demographics import Demographics, OtherName, PartialDate, Sex
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    RULE_DEFINITIONS,
    BlockingKey,
    BlockingRule,
    Scope,
    Side,
    blocking_keys,
    normalise,
    oprf_input,
    wide_keys,
)
from fingerpost.private.linkage.blocking_keys import MOST_KEYS, key_parts
from fingerpost.private.linkage.blocking_rules import FAR, RETIRED, Meets
from fingerpost.private.linkage.golden_cases import CASES
from fingerpost.protocol.errors import Defect
from unit.fingerpost.private.linkage.children import child as a_child
from unit.fingerpost.private.linkage.children import keys_of, pairs, shared

USUAL_NAMES = ("", "Tamsin", "Baby of Sarah", "Muhammad Yusuf", "Anne-Marie", "O'Brien")
NAMES = st.one_of(
    st.sampled_from([*USUAL_NAMES, "van der Berg-Smith"]),
    st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs"]), max_size=30),
)
CHILDREN = st.builds(
    Demographics,
    forename=NAMES,
    middle_names=NAMES,
    surname=NAMES,
    other_names=st.lists(st.builds(OtherName, NAMES, NAMES), max_size=3).map(tuple),
    dob=st.none() | st.dates(),
    sex=st.none() | st.sampled_from(Sex),
    postcode=st.sampled_from(["", "LS6 2AB", "L6S 2AB", "LS6", "ZZ99 3VZ", "0X1 2JD", "nonsense"]),
    health_number=st.sampled_from(["", "9434765919", "1111111111"]),
    upn=st.sampled_from(["", "A950000178301"]),
)


def rules_shared(
    asked: Demographics, record: Demographics, scope: Scope = Scope.NARROW
) -> set[BlockingRule]:
    return {key.rule for key in shared(asked, record, scope)}


@given(CHILDREN, st.sampled_from(Side), st.sampled_from(Scope), st.booleans())
@settings(max_examples=300)
def test_keys_are_bounded_distinct_and_the_same_each_time(
    child: Demographics, side: Side, scope: Scope, upn: bool
) -> None:
    keys = keys_of(child, side, scope, upn=upn)
    assert len(keys) <= MOST_KEYS[side]
    assert len(set(keys)) == len(keys)
    assert keys == keys_of(child, side, scope, upn=upn)
    assert all(key.value.isascii() and b"||" not in b"|" + key.value + b"|" for key in keys)


HOMES = st.lists(st.sampled_from(["LS6 2AB", "SW1A 1AA", "LS7 3XY"]), max_size=3).map(tuple)


@given(CHILDREN, HOMES, st.booleans())
@examples(40)
def test_the_keys_of_both_sides_together_are_those_of_each(
    child: Demographics, homes: tuple[str, ...], upn: bool
) -> None:
    form = normalise(replace(child, former_postcodes=homes))
    record, query = (
        blocking_keys(form, side=side, scope=Scope.WIDE, upn=upn)
        for side in (Side.RECORD, Side.QUERY)
    )
    assert wide_keys(form, upn=upn) == (record, query)


@given(CHILDREN, st.sampled_from(Side))
def test_narrow_keys_are_the_base_set_and_a_record_carries_them(
    child: Demographics, side: Side
) -> None:
    narrow = keys_of(child, side, Scope.NARROW)
    base = {c.rule for c in RULE_DEFINITIONS if c.scope is Scope.NARROW}
    assert {key.rule for key in narrow} <= base
    # The last keys of NK may be dropped, and weak rules behind wide ones; nothing else of the base
    # set is.
    before = next(n for n, c in enumerate(RULE_DEFINITIONS) if c.scope is Scope.WIDE)
    lasts = {c.rule for c in RULE_DEFINITIONS[:before]} - {BlockingRule.NK}
    lasting = [key for key in narrow if key.rule in lasts]
    lasting += [key for key in narrow if key.rule is BlockingRule.NK][:4]
    assert set(lasting) <= set(keys_of(child, side))


def test_most_keys_are_what_the_wire_carries() -> None:
    assert MOST_KEYS == {Side.QUERY: 32, Side.RECORD: 25}


def test_every_rule_gives_enough_bits_or_is_bound_to_the_home_or_weak() -> None:
    of_tamsin = key_parts(normalise(TAMSIN))
    for definition in RULE_DEFINITIONS:
        number = definition.rule in (BlockingRule.NHS, BlockingRule.UPN)
        at_home = definition.places(of_tamsin) == of_tamsin.at_home
        weak = definition.meets is not Meets.ALWAYS
        assert definition.least_bits >= 25.0 or number or at_home or weak, definition.rule
        far = definition.least_bits >= FAR or definition.scope is Scope.WIDE
        assert far or number or at_home or weak


def test_every_rule_stands_once_in_the_table() -> None:
    assert sorted(c.rule for c in RULE_DEFINITIONS) == sorted(BlockingRule)


@given(CHILDREN)
def test_no_key_without_a_number_rests_on_one_part(child: Demographics) -> None:
    form = normalise(child)
    for key in keys_of(child):
        if key.rule not in (BlockingRule.NHS, BlockingRule.UPN):
            assert key.value.count(b"|") >= 1
    nameless = not (form.has_forename or form.has_surname)
    if (form.birth is None) + nameless + (form.postcode is None) >= 2:
        # Rare names alone open, only where a side has no date, or with an initial no place.
        assert {k.rule for k in keys_of(child, Side.QUERY)} <= {
            BlockingRule.NHS,
            BlockingRule.NAMES_MIDDLE,
            BlockingRule.NO_DATE_NAMES_Q,
            BlockingRule.NO_DATE_NAMES_R,
            BlockingRule.NO_DATE_NAMES_MIDDLE_Q,
            BlockingRule.NO_DATE_NAMES_MIDDLE_R,
            BlockingRule.NO_PLACE_NAMES_MIDDLE_Q,
            BlockingRule.NO_PLACE_NAMES_MIDDLE_R,
        }


def test_the_number_comes_first() -> None:
    assert keys_of(CASES["NHS number"], Side.QUERY)[0] == BlockingKey(
        BlockingRule.NHS, b"1|9434765919"
    )


def test_the_pupil_number_needs_an_agreement() -> None:
    without = keys_of(CASES["UPN"], Side.QUERY, Scope.NARROW)
    with_it = keys_of(CASES["UPN"], Side.QUERY, Scope.NARROW, upn=True)
    assert BlockingRule.UPN not in {key.rule for key in without}
    assert with_it[0].rule is BlockingRule.UPN


TAMSIN = a_child("Tamsin", sex=Sex.FEMALE, postcode="LS6 2AB")
DATELESS = a_child("Tamsin", dob=None, postcode="LS6 2AB")
NAMELESS = a_child("Baby")


def test_weak_rules_are_not_shared_by_complete_children() -> None:
    weak = {c.rule for c in RULE_DEFINITIONS if c.meets}
    assert weak
    assert not rules_shared(TAMSIN, TAMSIN, Scope.WIDE) & weak


@pytest.mark.parametrize("lacking", [DATELESS, NAMELESS])
def test_weak_rules_meet_where_either_side_lacks_the_field(lacking: Demographics) -> None:
    weak = {c.rule for c in RULE_DEFINITIONS if c.meets}
    assert rules_shared(lacking, TAMSIN, Scope.WIDE) & weak
    assert rules_shared(TAMSIN, lacking, Scope.WIDE) & weak
    assert not rules_shared(lacking, TAMSIN, Scope.NARROW) & weak


NAMES_MEET = pairs("""
O'Brien = OBrien; O'Brien = O Brien; ü = ue for ü; ø = o for ø; ł = l for ł; ß = ss for ß;
æ = ae for æ; ı = i for ı; Mac = M'; van der = Berg; de = D'; double-barrelled = half dropped;
double-barrelled turned = double-barrelled; two surnames = first of two surnames;
Anne-Marie = Annemarie; fields swapped = fields straight; family name first = family name last;
Western forename beside = without Western forename; FNU = LNU; FNU = name twice;
Kaur as surname = Kaur between; Somali three-part = Somali grandfather dropped;
Muhammad first = Muhammad dropped; Muhammad first = Muhammad alone; Abdul apart = Abdurrehman;
-ova = -ov; Kasia = Katarzyna; Kuba = Jakub; Bob = Robert; Hussain = Hossein; Qureshi = Koreshi;
Niamh = Neve; Wojciech = Voytek; Catherine = Katherine; Philip = Filip;
day and month = century slip; fields straight = moved; fields straight = former name
""")
OTHERS_MEET = [
    ("day and month", "month and day", BlockingRule.DM),
    ("day and month", "no date", BlockingRule.BEGINNINGS_HOME),
    ("1 January", "the year known", BlockingRule.BEGINNINGS_HOME),
    ("postcode lower case", "postcode transposed", BlockingRule.DPA),
    ("Baby of Sarah", "fields straight", BlockingRule.DPA),
    ("girl", "fields straight", BlockingRule.DPA),
    ("NHS number", "number on a stranger", BlockingRule.NHS),
]


@pytest.mark.parametrize(
    ("asked", "record", "rule"),
    [*((asked, record, BlockingRule.NK) for asked, record in NAMES_MEET), *OTHERS_MEET],
)
def test_the_trap_shares_a_key_of_the_base_set(asked: str, record: str, rule: BlockingRule) -> None:
    assert rule in rules_shared(CASES[asked], CASES[record])
    assert rule in rules_shared(CASES[record], CASES[asked])


def test_a_first_of_january_gives_no_key_without_a_name() -> None:
    assert BlockingRule.DPA not in {key.rule for key in keys_of(CASES["1 January"])}


def bindings(forename: str, surname: str, rule: BlockingRule, postcode: str) -> set[int]:
    """Return how many parts the keys of a rule have."""
    keys = keys_of(a_child(forename, surname, postcode=postcode))
    return {key.value.count(b"|") for key in keys if key.rule is rule}


@pytest.mark.parametrize("rule", [BlockingRule.NK, BlockingRule.NAMES_YEAR_MONTH])
def test_common_names_are_bound_to_a_place_where_uncommon_ones_are_not(rule: BlockingRule) -> None:
    common = bindings("Muhammad", "Khan", rule, "B8 1AB")
    assert common == {n + 1 for n in bindings("Tamsin", "Ashdown", rule, "B8 1AB")}


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("Muhammad", "Muhsin", False),  # brothers: many names begin so
        ("Oluwaseun", "Oluwadamilola", False),
        ("Zi Xuan", "Zi Han", False),
        ("Harpreet", "Harjit", False),
        ("Tamsin", "Tamsyn", True),  # one child, written in two ways
        ("Tamsin", "Tam", True),
        ("Zi Xuan", "Zixuan", True),
        ("Muhammad", "Mohamed", True),
    ],
)
def test_brothers_and_sisters_at_home_share_no_common_beginning_of_a_name(
    one: str, other: str, *, is_shared: bool
) -> None:
    """Their dates of birth are not in the key, so the name must tell them apart."""
    home: dict[str, Any] = {"postcode": "LS6 2AB", "sex": Sex.MALE}
    asked = a_child(one, **home)
    record = a_child(other, **home | {"dob": date(2011, 7, 28)})
    found = BlockingRule.BEGINNINGS_HOME in rules_shared(asked, record)
    assert found is is_shared


def test_a_surname_and_a_date_open_for_the_same_sex_or_where_a_side_has_none() -> None:
    girl, renamed = (a_child(name, sex=Sex.FEMALE) for name in ("Tamsin", "Bea"))
    assert BlockingRule.SURNAME_DATE in rules_shared(girl, renamed, Scope.WIDE)
    assert BlockingRule.SURNAME_DATE in rules_shared(girl, replace(renamed, sex=None), Scope.WIDE)
    boy = replace(renamed, sex=Sex.MALE)
    assert BlockingRule.SURNAME_DATE not in rules_shared(girl, boy, Scope.WIDE)


def test_a_child_of_common_name_without_a_place_is_found_all_the_same() -> None:
    placed = a_child("Muhammad", "Khan", postcode="B8 1AB")
    nowhere = replace(placed, postcode="")
    assert not bindings("Muhammad", "Khan", BlockingRule.NK, "")
    assert rules_shared(nowhere, placed) == {
        BlockingRule.NO_PLACE_NAMES_DATE_Q,
        BlockingRule.NO_PLACE_SOUNDS_DATE_Q,
    }
    assert BlockingRule.NO_PLACE_NAMES_DATE_R in rules_shared(placed, nowhere)
    assert not {k for k in rules_shared(placed, placed) if k.name.startswith("NO_")}
    elsewhere = replace(placed, postcode="LS6 2AB")
    assert not rules_shared(placed, elsewhere)


OLIVER = a_child("Oliver", "Smith", middle_names="Grace", postcode="LS6 2AB")
OF_COMMON_NAMES = {
    "NO_PLACE_BEGINNINGS_DATE",
    "NO_PLACE_NAMES_YEAR_DAY",
    "NO_PLACE_NAMES_MONTH_DAY",
}
LEAH = a_child("Leah", "Walker", middle_names="Grace", sex=Sex.FEMALE, postcode="LS6 2AB")


def meets(rule: BlockingRule, asked: Demographics, record: Demographics) -> bool:
    """Return whether two would share a key of a rule if there were room for it."""
    made = next(c for c in RULE_DEFINITIONS if c.rule is rule)
    values = []
    for child, side in ((asked, Side.QUERY), (record, Side.RECORD)):
        of = key_parts(normalise(child))
        values.append(set(made.values(of)) if made.applies_to(side, of) else set())
    return not values[0].isdisjoint(values[1])


@pytest.mark.parametrize(
    ("otherwise", "name"),
    [
        ({"surname": "Trent"}, "NO_PLACE_FORENAME_DATE"),
        ({"forename": "Jack", "surname": "Trent"}, "NO_PLACE_FORENAME_MIDDLE_DATE"),
        ({"forename": "Ida"}, "NO_PLACE_SURNAME_DATE"),
        ({"forename": "Oliva", "surname": "Smithson"}, "NO_PLACE_BEGINNINGS_DATE"),
        ({"forename": "Emily", "surname": "Halker"}, "NO_PLACE_ENDINGS_DATE"),
        ({"dob": date(2009, 11, 27)}, "NO_PLACE_NAMES_MIDDLE"),
        ({"dob": date(2014, 8, 9)}, "NO_PLACE_NAMES_YEAR_DAY"),
        ({"dob": date(2013, 3, 9)}, "NO_PLACE_NAMES_MONTH_DAY"),
        ({"dob": date(2014, 3, 21)}, "NO_PLACE_NAMES_YEAR_MONTH"),
        ({"dob": None}, "NO_DATE_NAMES_MIDDLE"),
    ],
)
def test_a_field_that_is_wrong_is_borne_where_another_lacks(
    otherwise: dict[str, str | date | None], name: str
) -> None:
    """By either side, near by only; and a weak rule opens for no two complete children."""
    child = OLIVER if name in OF_COMMON_NAMES else LEAH
    if name == "NO_PLACE_SURNAME_DATE":
        child = replace(LEAH, surname="Sutton")  # Walker has too few bits for it
    record = replace(child, forename=str(otherwise.get("forename", child.forename)))
    if "forename" in otherwise and "surname" not in otherwise:
        record = child
    other = replace(child, **otherwise)  # type: ignore[arg-type]  # one field each, of its type
    lacking = replace(other, postcode="") if name.startswith("NO_PLACE") else other
    assert meets(BlockingRule[f"{name}_Q"], lacking, record)
    assert meets(BlockingRule[f"{name}_R"], record, lacking)
    complete = replace(other, surname=other.surname or "Walker", dob=other.dob or LEAH.dob)
    for half in "QR":
        assert not meets(BlockingRule[f"{name}_{half}"], complete, record)
        assert not meets(BlockingRule[f"{name}_{half}"], record, complete)


def test_two_that_lack_the_field_meet_in_one_half_of_a_weak_rule() -> None:
    """A record that lacks it has no key in the other half, where only complete ones are asked."""
    one = replace(LEAH, postcode="")
    other = replace(one, surname="Trent")
    assert meets(BlockingRule.NO_PLACE_FORENAME_DATE_R, one, other)
    assert not meets(BlockingRule.NO_PLACE_FORENAME_DATE_Q, one, other)
    assert not [
        k for k in keys_of(one) if k.rule.name.startswith("NO_PLACE") and k.rule.name[-1] == "Q"
    ]


def test_a_place_that_lacks_on_either_side_and_a_new_surname_are_borne_within_the_bounds() -> None:
    record = replace(LEAH, middle_names="")
    lacking = replace(record, surname="Trent", postcode="")
    assert rules_shared(lacking, record, Scope.WIDE) == {BlockingRule.NO_PLACE_FORENAME_DATE_Q}
    assert rules_shared(record, lacking, Scope.WIDE) == {BlockingRule.NO_PLACE_FORENAME_DATE_R}
    assert not rules_shared(lacking, record)


def test_names_and_an_initial_open_near_by_whatever_the_date() -> None:
    rare = replace(LEAH, forename="Thessaly", surname="Brackenwood")
    other_date = replace(rare, dob=date(2009, 11, 27), postcode="LS9 4XY")
    assert rules_shared(rare, other_date, Scope.WIDE) == {BlockingRule.NAMES_MIDDLE}
    assert not rules_shared(rare, other_date)
    assert not rules_shared(rare, replace(other_date, middle_names="Rose"), Scope.WIDE)
    common = replace(other_date, forename="Leah", surname="Walker")
    assert not rules_shared(LEAH, common, Scope.WIDE)


KHAN = a_child("Muhammad", "Khan", sex=Sex.MALE, postcode="RG3 2AB")


@pytest.mark.parametrize(
    ("otherwise", "rule"),
    [
        # The letters of another area: all else agrees, and the names are common.
        ({"postcode": "DG3 2AB"}, BlockingRule.NAMES_INCODE_DATE),
        # A slip in the date, and one of the names is another.
        ({"surname": "Sadler", "day": 21}, BlockingRule.FORENAME_HOME_YEAR_MONTH),
        ({"surname": "Sadler", "month": 8}, BlockingRule.FORENAME_HOME_YEAR_DAY),
        ({"forename": "Bilal", "day": 21}, BlockingRule.SURNAME_HOME_YEAR_MONTH),
        ({"forename": "Bilal", "month": 8}, BlockingRule.SURNAME_HOME_YEAR_DAY),
        ({"forename": "Mohsin", "surname": "Kamal", "year": 2013}, "INITIALS_HOME_MONTH_DAY"),
    ],
)
def test_two_fields_that_are_wrong_at_once_are_borne(
    otherwise: dict[str, Any], rule: BlockingRule | str
) -> None:
    of_date = {part: otherwise.pop(part) for part in ("year", "month", "day") if part in otherwise}
    assert isinstance(KHAN.dob, date)
    asked = replace(KHAN, dob=KHAN.dob.replace(**of_date), **otherwise)
    wanted = BlockingRule[rule] if isinstance(rule, str) else rule
    assert wanted in rules_shared(asked, KHAN, Scope.WIDE)
    assert wanted in rules_shared(KHAN, asked, Scope.WIDE)
    far = "SURNAME_HOME" not in wanted.name  # every twin opens these: not far away
    assert (wanted in rules_shared(asked, KHAN)) is far


def test_a_child_of_common_name_who_moved_is_found_by_an_initial() -> None:
    record = a_child("Oliver", "Khan", middle_names="R", postcode="RG3 2AB")
    moved = replace(record, postcode="LS6 4XY")
    assert rules_shared(moved, record) == {BlockingRule.NAMES_MIDDLE_DATE}
    assert not rules_shared(replace(moved, middle_names="T"), record)


def test_a_year_of_birth_with_names_that_sound_alike_opens_near_by() -> None:
    record = a_child("Thessaly", "Brackenwood", postcode="LS9 4XY")
    asked = replace(record, surname="Brackenwoode", dob=PartialDate(2014), postcode="LS6 2AB")
    assert BlockingRule.NO_DATE_SOUNDS_YEAR_Q in rules_shared(asked, record, Scope.WIDE)
    about = replace(asked, dob=PartialDate(2015, about=True))
    assert BlockingRule.NO_DATE_SOUNDS_YEAR_Q in rules_shared(about, record, Scope.WIDE)
    other = replace(asked, dob=PartialDate(2012))
    assert BlockingRule.NO_DATE_SOUNDS_YEAR_Q not in rules_shared(other, record, Scope.WIDE)


def test_a_retired_number_is_not_used_again() -> None:
    assert RETIRED.isdisjoint(BlockingRule)


def test_an_initial_that_half_a_community_bears_is_none() -> None:
    for middle in ("Kaur", "Muhammad", "Sandhu"):
        jasleen = a_child("Jasleen", "Sandhu", middle_names=middle)
        assert not key_parts(normalise(jasleen)).forename_and_middle
    jasleen = a_child("Jasleen", "Sandhu", middle_names="Kaur Amrit")
    assert [p.texts[1] for p in key_parts(normalise(jasleen)).forename_and_middle] == ["a"]


def test_a_child_of_many_names_keeps_wide_rules() -> None:
    more = {"sex": Sex.MALE, "postcode": "B8 1AB", "health_number": "9434765919"}
    rules = {key.rule for key in keys_of(a_child("Muhammad Ali", "Hussain Khan", **more))}
    wide = {c.rule for c in RULE_DEFINITIONS if c.scope is Scope.WIDE and c.meets is Meets.ALWAYS}
    assert len(rules & wide) >= 3


def test_initials_are_no_rare_names() -> None:
    keys = keys_of(a_child("J", "Smith", postcode="B8 1AB"))
    assert {k.value.count(b"|") for k in keys if k.rule is BlockingRule.NK} == {3}
    assert BlockingRule.FORENAME_DATE not in {k.rule for k in keys if k.value.count(b"|") == 1}


def test_an_oprf_input_is_length_prefixed() -> None:
    key = BlockingKey(BlockingRule.NHS, b"1|9434765919")
    expected = "000d66696e676572706f73742f76310002000300020001000c" + key.value.hex()
    assert oprf_input(key, NORMALISATION_VERSION).hex() == expected


KEYS = st.builds(BlockingKey, st.sampled_from(BlockingRule), st.binary(max_size=40))


@given(KEYS, KEYS)
def test_two_keys_never_give_one_input(one: BlockingKey, other: BlockingKey) -> None:
    assert (oprf_input(one, 1) == oprf_input(other, 1)) == (one == other)
    assert oprf_input(one, 1) != oprf_input(one, 2)


def test_what_does_not_fit_an_input_is_our_defect() -> None:
    with pytest.raises(Defect):
        oprf_input(BlockingKey(BlockingRule.NK, b"x" * 70_000), 1)
    with pytest.raises(Defect):
        oprf_input(BlockingKey(BlockingRule.NK, b"x"), 70_000)


def test_a_key_is_not_printed() -> None:
    assert "9434765919" not in repr(BlockingKey(BlockingRule.NHS, b"1|9434765919"))
