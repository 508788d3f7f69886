"""Who and what is searched for in a log: what is found, what is not, and what cannot be told."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerpost.audit.search import (
    Criteria,
    Said,
    Sought,
    SoughtChild,
    Tally,
    Unread,
    is_called,
    require_enough,
    search,
)
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics, OtherName, PartialDate
from fingerpost.private.linkage import Decision
from fingerpost.protocol.errors import Defect

MAYA = Demographics(
    forename="Maya",
    middle_names="Ngozi",
    surname="Okafor",
    other_names=(OtherName("Maya", "Bello"),),
    dob=date(2017, 3, 9),
    postcode="LS6 2AB",
    health_number="943 476 5919",
)


def like(known: str) -> Decision:
    """A child of a log, by the name of how she resembles the one who is searched for."""
    return Decision[known]


# ---- what cannot be read is not a no -------------------------------------------------------------

people = st.lists(st.sampled_from(("ann", "bob", "Ann Smith")), max_size=2).map(tuple)
said = st.builds(
    Said,
    at=st.integers(0, 4),
    agency=st.none() | st.sampled_from(("oak", "elm")),
    people=people,
    named=st.booleans(),
    purpose=st.none() | st.sampled_from(("S47_ENQUIRY", "CLA_CARE")),
    children=st.none() | st.lists(st.sampled_from([d.name for d in Decision]), max_size=2),
    unread=st.sampled_from(Unread),
)
criteria = st.builds(
    Criteria,
    since=st.integers(0, 2),
    until=st.integers(3, 5),
    person=st.sampled_from(("", "ann")),
    agency=st.sampled_from(("", "oak")),
    purpose=st.sampled_from(("", "S47_ENQUIRY")),
)


def completed(lookup: Said[str]) -> list[Said[str]]:
    """Everything that the lookup may have said, as far as it matters."""
    agencies = (lookup.agency,) if lookup.agency else ("oak", "elm")
    purposes = (lookup.purpose,) if lookup.purpose else ("S47_ENQUIRY", "CLA_CARE")
    more: tuple[tuple[str, ...], ...] = ((),) if lookup.named else ((), ("ann",))
    children = (
        [lookup.children] if lookup.children is not None else [[each.name] for each in Decision]
    )
    return [
        Said(lookup.at, agency, (*lookup.people, *others), True, purpose, known)
        for agency, purpose, others, known in product(agencies, purposes, more, children)
    ]


@given(criteria, st.booleans(), said)
def test_a_verdict_holds_whatever_could_not_be_read(
    wanted: Criteria, by_child: bool, lookup: Said[str]
) -> None:
    sought: Sought[str] = Sought(wanted, like if by_child else None)
    judged = sought.judge(lookup)
    possible = {sought.judge(each) for each in completed(lookup)}
    assert not any(isinstance(each, Unread) for each in possible)
    if isinstance(judged, Unread):
        assert judged is lookup.unread
        assert len(possible) > 1, "it could be told"
    else:
        assert possible == {judged}


def test_what_is_found_and_what_could_not_be_searched_is_counted() -> None:
    sought: Sought[str] = Sought(Criteria(0, 9, person="ann"))
    known: Said[str] = Said(1, "oak", ("ann",), True, "CLA_CARE", [])
    hidden: Said[str] = Said(1, None, (), False, "CLA_CARE", [], Unread.NOT_SHOWN)
    of_a_month: Said[str] = Said(1, None, (), False, None, None, Unread.FORGOTTEN)
    lookups = [("a", known), ("b", hidden), ("c", of_a_month), ("d", hidden)]
    lookups += [("e", replace(known, people=("bob",))), ("f", replace(known, at=9))]
    tally = Tally()
    assert [name for name, _ in search(lookups, sought, tally)] == ["a"]
    assert not tally.whole
    assert tally.words() == (
        "1 lookup found. 1 lookup could not be searched: of a month that was forgotten. 2 lookups "
        "could not be searched: of which the requester is not shown "
        "(inbox open --reveal shows one)."
    )
    assert Tally(2).whole
    assert Tally(2).words() == "2 lookups found."


# ---- people --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wanted", "called"),
    [
        ("j.reed", "J.Reed", True),
        ("j.reed", "j.ree", False),
        ("Siân O’Neill-Brontë", "sian oneill", True),
        ("Siân O’Neill-Brontë", "Bronte", True),
        ("Siân O’Neill-Brontë", "O'Neill Sian", True),
        ("Siân O’Neill-Brontë", "Neill", False),
        ("Siân O’Neill-Brontë", "Sian Bronte Jones", False),
        ("Jo Reed", "Jo Reeds", False),
        ("Jo Reed", "-", False),
        ("Jo Reed", " ", False),
    ],
)
def test_a_person_is_met_by_account_or_by_words_of_the_name(
    name: str, wanted: str, called: bool
) -> None:
    assert is_called(name, wanted) is called


# ---- children ------------------------------------------------------------------------------------


def likeness(typed: Demographics, recorded: Demographics) -> Decision:
    return SoughtChild([typed], upn=False).likeness(write_demographics(recorded))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (MAYA, Decision.MATCH),
        (replace(MAYA, other_names=(), middle_names="", health_number=""), Decision.MATCH),
        (Demographics(forename="Maia", surname="Okafor", dob=date(2017, 3, 9)), Decision.MATCH),
        (Demographics(surname="Okafor", dob=date(2017, 3, 9)), Decision.POSSIBLE),
        (Demographics(forename="Maya", surname="Okafor", dob=PartialDate(2017)), Decision.POSSIBLE),
        (Demographics(dob=date(2017, 3, 9), postcode="LS6 2AB"), Decision.POSSIBLE),
        (Demographics(forename="Tom", surname="Reed", dob=date(2015, 1, 2)), Decision.DIFFERENT),
    ],
)
def test_a_child_is_met_as_in_every_lookup(typed: Demographics, found: Decision) -> None:
    assert likeness(typed, MAYA) is found


GIVEN = [each.name for each in fields(Demographics) if getattr(MAYA, each.name)]


@settings(max_examples=60)
@given(st.sets(st.sampled_from(GIVEN)))
def test_who_says_all_that_was_typed_is_never_missed(kept: set[str]) -> None:
    """Whatever part of a child an officer knows: either it is too little, and she is told so, or
    the lookup is found."""
    typed = Demographics(**{name: getattr(MAYA, name) for name in kept})
    try:
        require_enough(typed)
    except Defect:
        return
    assert likeness(typed, MAYA) is not Decision.DIFFERENT


def test_too_little_is_refused_with_what_is_missing() -> None:
    with pytest.raises(Defect, match="Too little was given"):
        require_enough(Demographics(surname="Okafor"))
    with pytest.raises(Defect, match="Only a number was given"):
        require_enough(Demographics(health_number="943 476 5919"))


def test_a_child_with_two_forms_is_met_in_either() -> None:
    adopted = Demographics(forename="Mary", surname="Reed", dob=date(2017, 3, 9))
    sought = SoughtChild([MAYA, adopted], upn=False)
    assert sought.likeness(write_demographics(adopted)) is Decision.MATCH
    assert sought.likeness(write_demographics(MAYA)) is Decision.MATCH


# ---- what is recorded ----------------------------------------------------------------------------


def test_a_search_is_recorded_with_what_was_searched_for_in_the_body_alone() -> None:
    wanted = Criteria(0, 9, person="Ann Smith", child=MAYA)
    assert wanted.by == "person child"
    assert Criteria(0, 9).by == "time"
    body = json.loads(wanted.written())
    assert body["child"]["surname"] == "Okafor"
    assert body["person"] == "Ann Smith"
    lookup = Said(1, "oak", ("Ann Smith",), True, "CLA_CARE", [MAYA])
    sought = SoughtChild([MAYA], upn=False)
    for text in (repr(wanted), repr(Sought(wanted)), repr(sought), repr(lookup)):
        assert "Okafor" not in text
        assert "Ann" not in text
