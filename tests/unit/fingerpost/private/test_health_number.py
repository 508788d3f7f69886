"""Health numbers: the check digit, the scheme that follows from the digits, and contradictions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, Scheme, read_health_number
from fingerpost.private.linkage import Scope, Side, blocking_keys, normalise
from fingerpost.protocol.errors import Code

NUMBERS = {
    Scheme.NHS: "943 476 5919",
    Scheme.CHI: "010 101 0117",
    Scheme.HC: "320 000 0031",
    Scheme.TEST: "999 000 0018",
}
LIKE_A_DAY = "301 100 0018"


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("943 476 5919", Scheme.NHS),
        ("943-476-5919", Scheme.NHS),
        ("401 023 2137", Scheme.NHS),
        ("999 000 0018", Scheme.TEST),
        ("0101010117", Scheme.CHI),
        ("320 000 0031", Scheme.HC),
    ],
)
def test_a_number_keeps_its_scheme(text: str, scheme: Scheme) -> None:
    number = read_health_number(text)
    assert number is not None
    assert number.scheme is scheme
    assert len(number.digits) == 10


@pytest.mark.parametrize("digit", "0123456789")
def test_repeated_digits_are_refused(digit: str) -> None:
    assert read_health_number(digit * 10) is None


@given(st.integers(0, 10**9 - 1), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(nine: int, position: int, step: int) -> None:
    digits = f"{nine:09}"
    valid = [n for c in "0123456789" if (n := read_health_number(digits + c))]
    assert len(valid) <= 1
    for number in valid:
        wrong = str((int(digits[position]) + step) % 10)
        changed = number.digits[:position] + wrong + number.digits[position + 1 :]
        assert read_health_number(changed) is None


@pytest.mark.parametrize("text", ["943476591", "94347659190", "943476591X", "９434765919", ""])
def test_what_is_not_ten_digits_is_no_number(text: str) -> None:
    assert read_health_number(text) is None


@pytest.mark.parametrize("stated", Scheme)
@pytest.mark.parametrize("scheme", Scheme)
def test_a_number_of_another_scheme_than_stated_is_refused(scheme: Scheme, stated: Scheme) -> None:
    if scheme in (stated, Scheme.TEST):
        child = Demographics(health_number=NUMBERS[scheme], number_scheme=stated)
        assert child.number_scheme is stated
        return
    with refused(Code.MALFORMED) as caught:
        Demographics(health_number=NUMBERS[scheme], number_scheme=stated)
    assert caught.value.what == "number_scheme"


def test_a_scheme_without_a_number_is_refused() -> None:
    with refused(Code.MALFORMED):
        Demographics(number_scheme=Scheme.NHS)


def test_england_gives_out_numbers_that_begin_like_a_day_of_birth() -> None:
    for scheme in (Scheme.NHS, Scheme.CHI):
        Demographics(health_number=LIKE_A_DAY, number_scheme=scheme)
    with refused(Code.MALFORMED):
        Demographics(health_number=LIKE_A_DAY, number_scheme=Scheme.HC)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_statement_changes_no_key(scheme: Scheme) -> None:
    stated = normalise(Demographics(health_number=NUMBERS[scheme], number_scheme=scheme))
    silent = normalise(Demographics(health_number=NUMBERS[scheme]))
    for side in Side:
        keys = [blocking_keys(form, side=side, scope=Scope.WIDE) for form in (stated, silent)]
        assert keys[0] == keys[1] != ()
