"""Brothers, sisters and twins, whatever is written about them: never taken for one another, and
never lost.

The laws are held against invented families, and each says exactly where it ends. Two names are *one
name* where one is the same as the other, another spelling or a nickname of it, or a typing error of
it (``families.one_name``); a child is *called* by the forename, a first Muhammad apart.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from itertools import combinations

import msgspec
import pytest
from hypothesis import assume, given

from agency_node.answering.matching import Finding
from agency_node.match_tool.duplicates import find_duplicates
from agency_node.match_tool.tables import Row
from effort import examples
from fakes.justified import justified
from fakes.wexcombe import AREAS, COUNCIL, ELM, NODES, OAK, SCHOOLS, child, known_holders, of, row
from federation import World
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import Comparison, Decision, Rule, compare, normalise
from fingerpost.protocol.codes import Kind, Purpose, Status
from practitioner.asking.outcome import Outcome, Question
from unit.fingerpost.private.linkage.children import child as a_child
from unit.fingerpost.private.linkage.children import pairs, shared
from unit.fingerpost.private.linkage.families import (
    NO_NAME,
    NUMBERS,
    Record,
    households,
    looks_like,
    may_be_one,
    recorded_families,
)


def compared(one: Demographics, other: Demographics) -> Comparison:
    return compare(normalise(one), normalise(other))


# ---- one household, another forename -------------------------------------------------------------


@given(households())
@examples(400)
def test_another_forename_in_a_household_is_never_a_match_and_never_lost(
    two: tuple[Demographics, Demographics],
) -> None:
    """Whatever else agrees, an equal number included."""
    assert compared(*two).decision is Decision.POSSIBLE


@given(households())
@examples(250)
def test_another_forename_in_a_household_is_opened(two: tuple[Demographics, Demographics]) -> None:
    """By every question, where the sexes do not differ, and the date is not a 1 January, which says
    a year only: what year, sex and home give is too little for a key."""
    one, other = two
    assume(one.sex is other.sex or None in (one.sex, other.sex))
    assert isinstance(one.dob, date)
    assume((one.dob.month, one.dob.day) != (1, 1))
    assert shared(one, other)
    assert shared(other, one)


@pytest.mark.parametrize(
    ("family", "one", "other"),
    [
        ("Nguyen", "Xuan", "Thuy"),
        ("Nguyen", "Van An", "Thi Lan"),
        ("Li", "Xin", "Yi"),
        ("Khan", "Bilal", "Safiya"),
        ("Smith", "Ella", "Harriet"),
    ],
)
@pytest.mark.parametrize("number", ["", NUMBERS[0]])
def test_twins_whose_family_name_stands_first_on_both_sides_never_match(
    family: str, one: str, other: str, number: str
) -> None:
    """Where the names are known, the surname in the forename's field is no forename that agrees."""
    first = a_child(family, one, postcode="LS6 2AB", health_number=number)
    assert compared(first, replace(first, surname=other)).decision is Decision.POSSIBLE
    assert compared(first, first).decision is Decision.MATCH


# ---- brothers and sisters ------------------------------------------------------------------------


def are_two(one: Record, other: Record) -> bool:
    """Whether two records, of two children, must not match. Not where

    * the first name by which one is called, or all of them in one word, is one name with any given
      name of the other;
    * they hold one number, and no forename on a side, or two that look alike and are not both
      known: then the number is all there is to go by;
    * both have forename and surname in each other's field: no file says so (known names are kept
      apart all the same).
    """
    a, b = one.straight, other.straight
    if (one.swapped and other.swapped) or may_be_one(a, b):
        return False
    nameless = a.forename in NO_NAME or b.forename in NO_NAME
    return (
        a.health_number != b.health_number
        or not a.health_number
        or not (nameless or looks_like(a, b))
    )


@given(recorded_families())
@examples(400)
def test_no_brother_sister_or_twin_is_a_match(records: tuple[Record, ...]) -> None:
    for one, other in combinations(records, 2):
        if one.child != other.child and are_two(one, other):
            assert compared(one.fields, other.fields).decision is not Decision.MATCH


@given(recorded_families())
@examples(200)
def test_who_asks_and_who_is_recorded_makes_no_difference(records: tuple[Record, ...]) -> None:
    for one, other in combinations(records, 2):
        assert compared(one.fields, other.fields) == compared(other.fields, one.fields)


@pytest.mark.parametrize(
    ("one", "other"),
    pairs("""
Ella = Bella; Reagan = Teagan; Amandeep = Ramandeep; Mary Jane = Mary Kate;
Muhammad Ali = Muhammad Hamza; Hassan = Hussain
"""),
)
@pytest.mark.parametrize("number", ["", NUMBERS[0]])
def test_a_twin_called_alike_whose_fields_are_swapped_is_no_match(
    one: str, other: str, number: str
) -> None:
    twin = a_child(one, postcode="LS6 2AB", health_number=number)
    swapped = replace(twin, forename="Ashdown", surname=other)
    assert compared(twin, swapped).decision is Decision.POSSIBLE
    assert compared(replace(twin, forename=other), swapped).decision is Decision.MATCH


def test_names_that_rhyme_are_two_in_whatever_field() -> None:
    twin = a_child("Xavia", postcode="LS6 2AB")
    swapped = replace(twin, forename="Ashdown", surname="Zavia")
    assert compared(twin, swapped).decision is Decision.POSSIBLE


def test_no_surname_is_half_of_another() -> None:
    """Two words in each of four fields, of which one agrees crosswise."""
    one = a_child("Mary Jane", "Lily Rose")
    other = replace(one, forename="Lily Ross", surname="Mary Jana")
    for crosswise in (other, replace(other, surname="Mary Kate", forename="Lily Mae")):
        assert compared(one, crosswise) == compared(crosswise, one)


def test_an_initial_of_the_second_name_is_no_forename_that_agrees() -> None:
    devonte = a_child("Devonte R", health_number=NUMBERS[0])
    found = compared(devonte, replace(devonte, forename="Rowan"))
    assert (found.decision, found.rule) == (Decision.POSSIBLE, Rule.OTHER_FORENAME)


def test_servants_of_two_names_are_two() -> None:
    rahim = a_child("Abdul Rahim", "Khan", health_number=NUMBERS[0])
    assert compared(rahim, replace(rahim, forename="Abdul Rahman")).rule is Rule.TWO_NAMES
    assert compared(rahim, replace(rahim, forename="Abdulrahim")).decision is Decision.MATCH


@pytest.mark.parametrize("number", ["", NUMBERS[0]])
def test_two_names_of_several_words_are_held_word_against_word(number: str) -> None:
    yunus = a_child("Muhamma dYunus", postcode="LS6 2AB", health_number=number)
    assert compared(yunus, replace(yunus, forename="Muhammad Yusuf")).decision is Decision.POSSIBLE
    assert compared(yunus, replace(yunus, forename="Muhammad Yunus")).decision is Decision.MATCH


ELEANOR = a_child("Eleanor", middle_names="Grace", sex=Sex.FEMALE, postcode="LS6 2AB")


@pytest.mark.parametrize("sex", [Sex.FEMALE, Sex.MALE, None])
def test_a_twin_of_other_names_is_seen_at_home_alone(sex: Sex | None) -> None:
    """Under new names at home a child may be herself, even with another sex; elsewhere a twin."""
    twin = replace(ELEANOR, forename="Tobias", middle_names="James", sex=sex)
    assert compared(ELEANOR, twin).decision is Decision.POSSIBLE
    for elsewhere in ("", "LS6 4XY", "M14 5TB"):
        apart = compared(ELEANOR, replace(twin, postcode=elsewhere))
        assert (apart.decision, apart.rule) == (Decision.DIFFERENT, Rule.OTHER_NAMES)
        # One name that may be another's, or a number, is enough to be looked at.
        assert compared(ELEANOR, replace(twin, postcode=elsewhere, middle_names="")).linked
        one, other = (replace(c, health_number=NUMBERS[0]) for c in (ELEANOR, twin))
        assert compared(one, replace(other, postcode=elsewhere)).decision is Decision.POSSIBLE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Peter", "J", "Wetherington"), ("Jonathan", "P", "Wetherington")),
        (("Kavitha", "T", "Selvarajah"), ("T", "Selvarajah", "Kavitha")),
        (("Chloe", "Wing Yan", "Chan"), ("Wingyan", "C", "Chan")),
        (("Emmanuel", "Kwabena", "Boateng"), ("Korku", "E", "Boateng")),
        (("Fatema", "Begum", "Miah"), ("Mitu", "Khatun", "Miah")),
    ],
)
def test_names_in_another_order_are_no_other_names(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """Called by the second name, with an initial of the first; fields moved round; words that many
    bear."""
    children = [a_child(f, s, middle_names=m) for f, m, s in (one, other)]
    assert compared(*children).decision is Decision.POSSIBLE


def test_a_name_that_only_an_alias_gives_is_compared_too() -> None:
    """The present name has no forename; the alias has."""
    one = Demographics("", "A", "", (OtherName("A B", ""),), date(2014, 3, 9))
    other = Demographics("B", "B", "B", (), date(2014, 3, 9))
    assert compared(one, other) == compared(other, one)
    assert compared(one, other).decision is not Decision.MATCH


def test_a_child_next_door_of_one_birthday_is_another() -> None:
    """Equal home, date and sex, and no name of hers: as in a hostel or a street of new houses."""
    near = replace(ELEANOR, forename="Tabitha", middle_names="Rose", surname="Marchbank")
    assert compared(ELEANOR, near).rule is Rule.OTHER_NAMES
    assert compared(ELEANOR, replace(near, middle_names="Gail")).linked


def test_a_number_and_a_date_do_not_bear_out_two_other_names() -> None:
    """A family name in the forename's field may look like a sister's forename."""
    swapped = a_child("Hartley-Voss", "Ella", health_number=NUMBERS[0])
    sister = replace(swapped, forename="Harriet", surname="Hartley-Voss")
    assert compared(swapped, sister).rule is Rule.NUMBER_ALONE


# ---- a file that holds them ----------------------------------------------------------------------


@given(recorded_families())
@examples(150)
def test_in_no_file_are_twins_taken_for_one(records: tuple[Record, ...]) -> None:
    """Of named records; what no name says may be either's."""
    rows = [Row(str(n), record.fields) for n, record in enumerate(records)]
    for group in find_duplicates(rows).groups:
        if not group.asserted:
            continue
        for first, second in combinations(group.members, 2):
            one, other = records[first], records[second]
            named = not {one.straight.forename, other.straight.forename} & set(NO_NAME)
            if one.child != other.child and named:
                assert not are_two(one, other) or looks_like(one.straight, other.straight)


# ---- a federation that asks ----------------------------------------------------------------------

TWINS_DESK = "01632 960777"


async def asked(
    who: Demographics, oak: tuple[Demographics, ...], elm: tuple[Demographics, ...]
) -> tuple[Outcome, World]:
    """OAK and ELM hold these children; whoever is not asked about has a desk of another number."""
    world = World(AREAS, NODES, holders=known_holders())
    for school, children in ((OAK, oak), (ELM, elm)):
        mine = row(Kind.EDU_SCHOOL)
        others = msgspec.structs.replace(mine, desk_phone=TWINS_DESK)
        held = [child(n, one, mine if one == who else others) for n, one in enumerate(children)]
        world.nodes[SCHOOLS].load(school, held)
    await world.start()
    try:
        gateway = world.gateway(COUNCIL)
        question = Question(who, justified(Purpose.S47_ENQUIRY))
        return await world.run(gateway.client.lookup(gateway.session, question)), world
    finally:
        await world.stop()


@given(households())
@examples(15)
def test_a_node_answers_for_the_child_and_never_for_the_twin(
    two: tuple[Demographics, Demographics],
) -> None:
    """OAK holds both, ELM holds the twin only, whom the question opens."""
    who, twin = two
    assume(shared(who, twin))
    outcome, world = asyncio.run(asked(who, oak=(twin, who), elm=(twin,)))
    assert of(outcome, OAK).status is Status.INVOLVED
    assert TWINS_DESK not in {pointer.desk_phone for pointer in of(outcome, OAK).pointers}
    assert of(outcome, ELM).status is Status.NOTHING_TO_DISCLOSE
    assert of(outcome, ELM).pointers == ()
    node = world.nodes[SCHOOLS]
    assert set(node.findings(ELM)) == {Finding.POSSIBLE}  # of a second round too
    for entry in node.entries:
        if entry.agency == OAK:
            assert [record.demographics for record in entry.examined.matched] == [who]
            assert [record.demographics for record in entry.examined.possible] == [twin]
