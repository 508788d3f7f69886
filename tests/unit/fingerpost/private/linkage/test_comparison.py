"""Comparison: who is one child, who may be, and the children whom no sum may confuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import Decision, Field, Level, Rule, compare, normalise
from fingerpost.private.linkage.agreement import Level as FieldLevel
from fingerpost.private.linkage.agreement import shipped_weights
from fingerpost.private.linkage.golden_cases import CASES
from fingerpost.private.linkage.name_agreement import word_level
from unit.fingerpost.private.linkage.children import child, pairs

FORENAMES = [
    "Harriet", "Jemima", "Ella", "Bella", "Jack", "Harry", "Daniel", "Danielle", "Jaden",
    "Kaden", "Alfie", "Freddie", "Daisy", "Maisie", "Amelia", "Emilia", "Zain", "Zainab",
    "Aaliyah", "Amirah", "Oliver", "Olivia", "Tamsin", "Rowan", "Muhammad", "Yusuf",
    "Ibrahim",
]  # fmt: skip
PLAIN = st.sampled_from(FORENAMES)
SURNAMES = st.sampled_from(["Ashdown", "Khan", "Smith", "van der Berg", "Hartley-Voss", "Kaur", ""])
DATES = st.dates(date(2007, 1, 1), date(2024, 12, 31))
POSTCODES = st.sampled_from(["LS6 2AB", "LS6 2BA", "BS3 1QF", "LS6", ""])
NUMBERS = st.sampled_from(["", "943 476 5919", "401 023 2137"])
CHILDREN = st.builds(
    Demographics,
    forename=st.one_of(PLAIN, st.just(""), st.builds("{} {}".format, PLAIN, PLAIN)),
    middle_names=st.one_of(st.just(""), PLAIN),
    surname=SURNAMES,
    dob=st.none() | DATES,
    sex=st.none() | st.sampled_from(Sex),
    postcode=POSTCODES,
    health_number=NUMBERS,
)


def said(asked: Demographics, record: Demographics) -> Decision:
    return compare(normalise(asked), normalise(record)).decision


@given(CHILDREN, CHILDREN)
@settings(max_examples=400)
def test_comparison_is_symmetric_and_repeatable(one: Demographics, other: Demographics) -> None:
    a, b = normalise(one), normalise(other)
    there, back = compare(a, b), compare(b, a)
    assert (there.decision, there.weight) == (back.decision, back.weight)
    assert there == compare(a, b)
    assert there.weight == pytest.approx(sum(f.weight for f in there.evidence), abs=1e-5)


@given(CHILDREN, PLAIN, DATES)
def test_a_complete_child_matches_itself(child: Demographics, forename: str, dob: date) -> None:
    whole = replace(
        child, forename=forename, surname=child.surname or "Ashdown", dob=dob, postcode="LS6 2AB"
    )
    assert said(whole, whole) is Decision.MATCH


@given(
    PLAIN, PLAIN, SURNAMES, DATES, POSTCODES, NUMBERS, st.none() | st.sampled_from(Sex),
    st.none() | st.sampled_from(Sex), st.sampled_from(["", "Rose"]),
)  # fmt: skip
@settings(max_examples=400)
def test_twins_never_match(
    one: str, other: str, surname: str, dob: date, postcode: str, number: str,
    sex: Sex | None, other_sex: Sex | None, middle: str,
) -> None:  # fmt: skip
    """Equal in everything but the forename, even with one number on both."""
    assume(one != other)
    twin = Demographics(one, middle, surname, (), dob, sex, postcode, health_number=number)
    assert said(twin, replace(twin, forename=other, sex=other_sex)) is not Decision.MATCH


@given(PLAIN, PLAIN, PLAIN)
def test_twins_called_muhammad_differ_by_the_daily_name(one: str, two: str, sur: str) -> None:
    assume(word_level(one.lower(), two.lower()) is FieldLevel.DIFFERENT)
    assume("Muhammad" not in (one, two))
    twin = child(f"Muhammad {one}", sur, postcode="B8 1AB", sex=Sex.MALE)
    assert said(twin, replace(twin, forename=f"Mohammed {two}")) is not Decision.MATCH


@given(PLAIN, PLAIN, SURNAMES, DATES, st.integers(300, 4000), POSTCODES)
def test_brothers_and_sisters_never_match(
    one: str, other: str, surname: str, dob: date, days: int, postcode: str
) -> None:
    assume(one != other)
    elder = child(one, surname, dob=dob, postcode=postcode)
    younger = replace(elder, forename=other, dob=dob + timedelta(days=days))
    assert said(elder, younger) is not Decision.MATCH


@given(PLAIN, SURNAMES, POSTCODES)
def test_a_household_without_a_forename_never_matches(
    one: str, surname: str, postcode: str
) -> None:
    named = child(one, surname, postcode=postcode)
    for nobody in ("", "Baby of Sarah"):
        assert said(named, replace(named, forename=nobody)) is not Decision.MATCH


@pytest.mark.parametrize(
    ("one", "other"),
    pairs("""
Reagan = Teagan; Mahad = Fahad; Lilly-Mai = Jai; Oluwaseun = Oluwaseyi; Mary Jane = Mary Kate
"""),
)
def test_twins_with_rhyming_or_shared_names_never_match(one: str, other: str) -> None:
    twin = child(one, postcode="LS6 2AB", sex=Sex.MALE)
    assert said(twin, replace(twin, forename=other)) is not Decision.MATCH


def test_names_alone_never_match() -> None:
    dateless = child("Tamsin", dob=None, postcode="LS6 2AB")
    assert said(dateless, child("Tamsin", postcode="LS6 9ZZ")) is not Decision.MATCH


@pytest.mark.parametrize("record", ["number on a stranger", "number alone"])
def test_a_number_that_nothing_bears_out_goes_to_review(record: str) -> None:
    assert said(CASES["NHS number"], CASES[record]) is Decision.POSSIBLE


def test_conflicting_numbers_lower_strongly() -> None:
    same = compare(normalise(CASES["fields straight"]), normalise(CASES["fields straight"]))
    conflict = compare(normalise(CASES["NHS number"]), normalise(CASES["another NHS number"]))
    assert conflict.weight <= same.weight - 8
    typo = replace(CASES["another NHS number"], forename="Tasmin")
    assert said(CASES["NHS number"], typo) is Decision.POSSIBLE


def test_numbers_of_two_schemes_do_not_conflict() -> None:
    comparison = compare(normalise(CASES["NHS number"]), normalise(CASES["CHI number"]))
    levels = {finding.field: finding.level for finding in comparison.evidence}
    assert levels[Field.HEALTH_NUMBER] is Level.MISSING


@pytest.mark.parametrize(
    ("asked", "record"),
    pairs("""
fields swapped = fields straight; fields straight = typing error; fields straight = moved;
fields straight = former name; day and month = month and day; day and month = century slip;
double-barrelled = half dropped; Muhammad first = Muhammad dropped; Niamh = Neve; Bob = Robert;
Kaur as surname = Kaur between; family name first = family name last; girl = boy
"""),
)
def test_one_child_recorded_twice_matches(asked: str, record: str) -> None:
    assert said(CASES[asked], CASES[record]) is Decision.MATCH


@pytest.mark.parametrize(
    ("asked", "record", "decision"),
    [
        ("twin one", "twin two", Decision.POSSIBLE),
        ("twin called alike", "twin called alike two", Decision.POSSIBLE),
        ("twin boy", "twin girl", Decision.POSSIBLE),
        ("Muhammad twin one", "Muhammad twin two", Decision.POSSIBLE),
        ("named twin", "Twin 2", Decision.POSSIBLE),
        ("fields straight", "brother", Decision.DIFFERENT),
        ("number on a stranger", "fields straight", Decision.DIFFERENT),
    ],
)
def test_two_children_are_not_one(asked: str, record: str, decision: Decision) -> None:
    assert said(CASES[asked], CASES[record]) is decision


def test_a_common_name_weighs_less() -> None:
    def weight(forename: str, surname: str) -> float:
        form = normalise(child(forename, surname))
        return compare(form, form).weight

    assert weight("Muhammad", "Khan") < weight("Oliver", "Smith") < weight("Tamsin", "Ashdown")


@pytest.mark.parametrize("name", ["tamsin", "oliver", "muhammad", "smith", "ashdown"])
def test_better_levels_of_a_name_weigh_more(name: str) -> None:
    weights = shipped_weights()
    order = [Level.EXACT, Level.VARIANT, Level.NEAR, Level.LOOSE, Level.DIFFERENT]
    for field in (Field.FORENAME, Field.SURNAME):
        bits = [weights.of_name(field, level, [name]) for level in order]
        assert bits == sorted(bits, reverse=True)
        assert bits[-1] < 0 < bits[-2]
    assert weights.match > weights.possible > 0


SHORT = st.sampled_from(["", "A", "B", "A B", "Al", "Bo-A", "Tom", "Tomas", "S", "Smith", "Baby"])
SOME_PLACES = st.sampled_from(["", "LS6 2AB", "LS6 2BA", "LS6", "12345", "BD1 1AA"])
SOME_DATES = st.sampled_from(
    [None, date(2014, 3, 9), date(2014, 9, 3), date(2014, 1, 1), date(1914, 3, 9)]
)
SMALL = st.builds(
    Demographics,
    forename=SHORT,
    middle_names=SHORT,
    surname=SHORT,
    other_names=st.lists(st.builds(OtherName, SHORT, SHORT), max_size=1).map(tuple),
    dob=SOME_DATES,
    sex=st.none() | st.sampled_from(Sex),
    postcode=SOME_PLACES,
    health_number=st.sampled_from(["", "9434765919"]),
)


@given(SMALL, SMALL)
@settings(max_examples=500)
def test_any_two_children_can_be_compared_and_either_way_alike(
    one: Demographics, other: Demographics
) -> None:
    forms = normalise(one), normalise(other)
    forth, back = compare(*forms), compare(*reversed(forms))
    assert (forth.decision, forth.weight) == (back.decision, back.weight)
    assert forth.held_by == back.held_by
    assert {finding.field for finding in forth.evidence} == set(Field)


def bates(forename: str, surname: str = "Bates", **fields: Any) -> Demographics:
    """A child of one home and birthday, where ``fields`` say nothing else."""
    usual: dict[str, Any] = {"dob": date(2012, 10, 22), "postcode": "LS6 2AB"}
    return child(forename, surname, **usual | fields)


FAMILY = (OtherName("Family", "Bates"),)
LATER = date(2017, 1, 15)


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        # Two brothers whose recorded forename is a first name shared in the family.
        (bates("Muhammad", "Khaliq"), bates("Muhammad", "Khaliq", dob=LATER), Rule.OTHER_CHILD),
        # Twins whose names differ in the second name only.
        (
            bates("Muhammad", "Khan", middle_names="Ali"),
            bates("Muhammad", "Khan", middle_names="Umar"),
            Rule.OTHER_FORENAME,
        ),
        # Twins who were both entered under one other name.
        (
            bates("Oliver", other_names=FAMILY),
            bates("Jack", other_names=FAMILY),
            Rule.OTHER_FORENAME,
        ),
        # One letter is no forename.
        (bates("J"), bates("J"), Rule.NO_FORENAME),
        # A child of a common name and birthday, without a place.
        (bates("Muhammad", "Khan", postcode=""), bates("Muhammad", "Khan"), Rule.NAMES_ALONE),
        # A brother's number comes with the surname.
        (
            bates("T", health_number="9434765919", dob=None),
            bates("Tom", health_number="9434765919"),
            Rule.NUMBER_ALONE,
        ),
        # One common name twice in a street.
        (bates("Inaya", "Ali"), bates("Inaya", "Ali", dob=date(2015, 5, 31)), Rule.OTHER_DATE),
        # A middle name is another child's daily name.
        (bates("Oliver"), bates("Lucas", middle_names="Oliver", dob=LATER), Rule.OTHER_CHILD),
        # Brothers called alike, some years apart.
        (bates("Jaxon"), bates("Jaxson", dob=LATER), Rule.OTHER_CHILD),
        (bates("Jake"), bates("Jacob", dob=LATER), Rule.OTHER_CHILD),
        (bates("Ella"), bates("Bella", dob=LATER), Rule.OTHER_CHILD),
        # A name that is none is a typing error, and the date may be wrong besides.
        (bates("Peregrine"), bates("Peregrnie", dob=LATER), Rule.OTHER_DATE),
        # A household and another forename, where no date is known.
        (bates("Ida"), bates("Oscar", dob=None), Rule.OTHER_CHILD),
        # The name of a generation is shared by twins.
        (bates("Lok Hang", "Lin"), bates("Lok Hei", "Lin"), Rule.OTHER_FORENAME),
        (
            bates("Ethan", "Lin", middle_names="Lok Hang"),
            bates("Lok Hei", "Lin"),
            Rule.OTHER_FORENAME,
        ),
        # A girl and a boy born on one day, of one common name.
        (
            bates("Nana", middle_names="Yaa", sex=Sex.FEMALE, postcode="LS8 1AB"),
            bates("Nana", middle_names="Kwame", sex=Sex.MALE),
            Rule.TWO_NAMES,
        ),
        # One common name in another street, and not quite one date.
        (
            bates("Harry", "Brown"),
            bates("Harry", "Brown", dob=date(2012, 11, 22), postcode="LS8 1AB"),
            Rule.NAMES_ALONE,
        ),
    ],
)
def test_what_many_children_share_is_for_a_person_to_look_at(
    one: Demographics, other: Demographics, rule: Rule
) -> None:
    compared = compare(normalise(one), normalise(other))
    assert compared.decision is not Decision.MATCH
    assert compared.rule is rule


@pytest.mark.parametrize("forename", ["Baby", "T"])
def test_an_expected_date_kept_for_the_date_of_birth_is_not_lost(forename: str) -> None:
    born = bates("Tamsin", dob=date(2012, 10, 5))
    assert said(bates(forename), born) is Decision.POSSIBLE


def test_a_rare_name_a_digit_off_in_another_street_is_a_match() -> None:
    one = bates("Peregrine", "Thistlethwaite")
    other = replace(one, dob=date(2012, 10, 23), postcode="LS8 1AB")
    assert said(one, other) is Decision.MATCH


def test_evidence_holds_no_value_of_a_field() -> None:
    comparison = compare(normalise(CASES["NHS number"]), normalise(CASES["NHS number"]))
    printed = repr(comparison).lower()
    assert not any(part in printed for part in ("tamsin", "ashdown", "943476", "ls6"))
