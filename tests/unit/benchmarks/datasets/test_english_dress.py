"""Foreign codes become English-shaped ones, one to one, with the errors where they were."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets import english
from fingerpost.private.demographics import read_health_number
from fingerpost.private.linkage.normal_form import read_postcode

DIGITS = "0123456789"


def test_every_four_digits_are_a_postcode_of_their_own() -> None:
    codes = {english.postcode("".join(d)) for d in itertools.product(DIGITS, repeat=4)}
    assert len(codes) == 10_000
    for code in codes:
        found = read_postcode(code)
        assert found is not None
        assert found.full == code


def test_five_digits_are_told_apart_too() -> None:
    codes = {english.postcode(f"{n:05}") for n in range(0, 100_000, 7)}
    assert len(codes) == len(range(0, 100_000, 7))
    assert all(read_postcode(code) for code in codes)


@pytest.mark.parametrize(
    ("published", "here"),
    [
        ("4511", "KA51 1AA"),
        ("4011", "KA1 1AA"),
        ("0000", "BA0 0AA"),
        ("45116", "KA51 1HA"),
        ("45O1", "KA5O 1AA"),
        ("4|116", "KA|1 1HA"),
        ("", ""),
        ("451", "451"),
        ("451167", "451167"),
        ("London", "London"),
    ],
)
def test_postcodes(published: str, here: str) -> None:
    assert english.postcode(published) == here


@given(st.text(DIGITS, min_size=4, max_size=4), st.integers(0, 3), st.sampled_from(DIGITS))
def test_one_wrong_digit_is_at_most_one_edit(code: str, place: int, digit: str) -> None:
    wrong = code[:place] + digit + code[place + 1 :]
    one, other = english.postcode(code), english.postcode(wrong)
    assert (one == other) == (code == wrong)
    assert _distance(one, other) <= 1


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@given(st.integers(0, 9_999_999))
def test_a_number_without_errors_is_valid_or_there_is_none(number: int) -> None:
    made = english.health_number(str(number))
    assert made == "" or read_health_number(made) is not None


def test_about_one_number_in_eleven_has_no_check_digit() -> None:
    none = sum(english.health_number(str(n)) == "" for n in range(1_100))
    assert 80 <= none <= 120


def test_a_wrong_digit_keeps_the_check_digit_of_the_right_number() -> None:
    right, wrong = english.health_number("5304218"), english.health_number("5304219", "5304218")
    assert right[-1] == wrong[-1]
    assert right[:-2] == wrong[:-2]
    assert read_health_number(right) is not None
    assert read_health_number(wrong) is None
