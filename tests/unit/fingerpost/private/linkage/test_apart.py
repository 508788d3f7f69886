"""Whoever is said to be apart is another child by the comparison, too."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import Apart, Decision, Field, Level, compare, normalise
from fingerpost.private.linkage.golden_cases import CASES
from unit.fingerpost.private.linkage.children import child
from unit.fingerpost.private.linkage.families import Record, recorded_families

FORMS = [normalise(each) for each in list(CASES.values())[::3]]
NO_NAME = (Level.DIFFERENT, Level.MISSING)


def require_sound(one: Demographics, other: Demographics, *, upn: bool = True) -> None:
    asked, record = normalise(one), normalise(other)
    if not Apart(asked, upn=upn).from_her(record):
        return
    compared = compare(asked, record, upn=upn)
    levels = {each.field: each.level for each in compared.evidence}
    assert compared.decision is Decision.DIFFERENT
    assert levels[Field.FORENAME] in NO_NAME
    assert levels[Field.SURNAME] in NO_NAME


def test_nobody_is_left_out_whom_the_comparison_links() -> None:
    left_out = 0
    for asked in FORMS:
        apart = Apart(asked, upn=True)
        for record in FORMS:
            if apart.from_her(record):
                left_out += 1
                assert compare(asked, record, upn=True).decision is Decision.DIFFERENT
    assert left_out > len(FORMS) ** 2 // 10, "it saves something"


@given(recorded_families())
@examples(40)
def test_no_record_of_a_family_is_left_out_that_may_be_the_childs(
    family: tuple[Record, ...],
) -> None:
    for one, other in product(family, repeat=2):
        require_sound(one.fields, other.fields)


WORDS = st.sampled_from(["Tamsin", "Thomasin", "Smith-Jones", "Smithjones", "K", "Kaur", "de Vere"])


@given(*[st.tuples(WORDS, WORDS, WORDS, WORDS)] * 2)
@examples(40)
def test_names_that_have_moved_between_fields_are_met(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    asked, record = (
        child(
            first,
            surname,
            middle_names=middle,
            other_names=(OtherName(alias, surname),),
            dob=None,
            postcode="LS6 2AB",
        )
        for first, middle, surname, alias in (one, other)
    )
    require_sound(asked, record)


@pytest.mark.parametrize("number", [{"health_number": "9434765919"}, {"upn": "A950000178301"}])
def test_a_number_that_agrees_is_never_apart(number: dict[str, str]) -> None:
    one = child("Tamsin", **number)
    other = replace(child("Oswin", "Brackenwood", **number), dob=None)
    assert not Apart(normalise(one), upn=True).from_her(normalise(other))


def test_a_short_further_name_does_not_hide_that_others_begin_alike() -> None:
    both = {"dob": None, "sex": Sex.FEMALE}
    one = child("Tamsin", "", middle_names="K Rose", postcode="LS6 2AB", **both)
    other = child("", "Oswin", middle_names="Ruth", postcode="LS6 3AB", **both)
    linked = compare(normalise(one), normalise(other))
    assert linked.decision is Decision.POSSIBLE
    assert not Apart(normalise(one)).from_her(normalise(other))
