"""Dates, postcodes and numbers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fingerpost.private.linkage.normal_form import (
    BirthDate,
    Certainty,
    read_date,
    read_postcode,
    read_upn,
)


@pytest.mark.parametrize(
    "recorded",
    [
        date(1900, 1, 1),
        date(1899, 12, 30),
        date(1, 1, 1),
        date(9999, 12, 31),
        date(1753, 1, 1),
        None,
    ],
)
def test_a_date_that_stands_for_unknown_is_none(recorded: date | None) -> None:
    assert read_date(recorded) is None


@pytest.mark.parametrize(
    ("recorded", "certainty"),
    [
        (date(2014, 1, 1), Certainty.NEW_YEAR),
        (date(2014, 5, 1), Certainty.MONTH_START),
        (date(2014, 5, 2), Certainty.FULL),
    ],
)
def test_a_first_of_january_is_kept_but_weak(recorded: date, certainty: Certainty) -> None:
    birth = read_date(recorded)
    assert isinstance(birth, BirthDate)
    assert birth.as_date() == recorded
    assert birth.certainty is certainty
    assert birth.weak == (certainty is Certainty.NEW_YEAR)


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("ls6 2ab", "LS6 2AB"),
        (" LS62AB", "LS6 2AB"),
        ("SW1A 1AA", "SW1A 1AA"),
        ("M1 1AE", "M1 1AE"),
        ("S014 3AB", "SO14 3AB"),
        ("LS1O 2AB", "LS10 2AB"),
        ("0X1 2JD", "OX1 2JD"),
        ("1G1 2AB", "IG1 2AB"),
        ("LSI 2AB", "LS1 2AB"),
        ("LS6 OAB", "LS6 0AB"),
        ("LS6-2AB", "LS6 2AB"),
        ("GY1 1AA", "GY1 1AA"),
        ("JE2 3AB", "JE2 3AB"),
        ("IM1 2BB", "IM1 2BB"),
        ("BT1 5GS", "BT1 5GS"),
    ],
)
def test_a_postcode_has_one_form(typed: str, full: str) -> None:
    postcode = read_postcode(typed)
    assert postcode is not None
    assert postcode.full == full
    assert postcode.sector == full[:-2]


@pytest.mark.parametrize(
    "typed",
    [
        *("", "ZZ99 3VZ", "zz993cz", "BFPO 12", "BF1 2AA", "QQ"),
        *("UNKNOWN", "123", "99999", "0000", "none"),
    ],
)
def test_what_says_where_nobody_lives_is_no_postcode(typed: str) -> None:
    assert read_postcode(typed) is None


@pytest.mark.parametrize(
    ("typed", "area", "district"),
    [("4215", "42", "421"), ("90210", "90", "902"), ("LS6 2A", "LS", ""), ("LS6 2AB", "LS", "LS6")],
)
def test_a_code_of_another_country_or_a_broken_one_still_says_where(
    typed: str, area: str, district: str
) -> None:
    postcode = read_postcode(typed)
    assert postcode is not None
    assert (postcode.area, postcode.district) == (area, district)
    assert sorted(postcode.sorted_characters) == list(postcode.sorted_characters)


def test_an_outcode_alone_is_kept_as_such() -> None:
    postcode = read_postcode("ls6")
    assert postcode is not None
    assert (postcode.outcode, postcode.full, postcode.sorted_characters) == ("LS6", None, "")


def test_transposed_characters_still_say_where() -> None:
    typed, right = read_postcode("L6S 2AB"), read_postcode("LS6 2AB")
    assert typed is not None
    assert right is not None
    assert typed.full is None
    assert typed.sorted_characters == right.sorted_characters


@given(
    st.text(max_size=10) | st.from_regex(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}", fullmatch=True)
)
@example("LS6 2AB")
def test_any_text_is_read_or_not_but_never_fails(text: str) -> None:
    postcode = read_postcode(text)
    if postcode is not None and postcode.full is not None:
        assert read_postcode(postcode.full) == postcode


def test_a_upn_is_checked_by_its_letter() -> None:
    upn = read_upn("a950000178301")
    assert upn is not None
    assert (upn.text, upn.temporary) == ("A950000178301", False)
    assert read_upn("B950000178301") is None
    assert read_upn("A95000017830") is None
    assert read_upn("I950000178301") is None


def test_a_temporary_upn_is_marked() -> None:
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    found = [u for c in letters if (u := read_upn(c + "95000017830" + "B"))]
    assert [u.temporary for u in found] == [True]
