"""Which questions are about one child."""

from __future__ import annotations

from datetime import date

import pytest

from fakes.refusals import refused
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    Scope,
    Side,
    StrengthLevel,
    assess,
    blocking_keys,
    normalise,
    require_answerable,
)
from fingerpost.private.linkage.blocking_keys import (
    ADD_SOMETHING,
    COMMON_NAME,
    NEW_YEAR,
    NO_DATE,
    NO_FORENAME,
    NUMBER_ALONE,
    ONE_NAME,
)
from fingerpost.protocol.errors import Code

DOB, NEW_YEARS_DAY = date(2014, 3, 9), date(2014, 1, 1)
PLACED = {"dob": DOB, "postcode": "LS6 2AB"}
REFUSED, POOR = StrengthLevel.REFUSED, StrengthLevel.POOR


@pytest.mark.parametrize(
    ("given", "level", "reason"),
    [
        ({}, REFUSED, ADD_SOMETHING),
        ({"forename": "Tamsin", "dob": NEW_YEARS_DAY}, REFUSED, ADD_SOMETHING),
        ({"forename": "Tamsin", "surname": "Ashdown"}, REFUSED, ADD_SOMETHING),
        ({"dob": DOB}, REFUSED, ADD_SOMETHING),
        ({"postcode": "LS6 2AB", "surname": "Ashdown"}, REFUSED, ADD_SOMETHING),
        ({"nhs_number": "1111111111"}, REFUSED, ADD_SOMETHING),
        ({"nhs_number": "9434765919"}, POOR, NUMBER_ALONE),
        ({"forename": "Tamsin", "dob": DOB}, POOR, ONE_NAME),
        ({"dob": DOB, "postcode": "LS6 2AB"}, POOR, NO_FORENAME),
        ({"forename": "Baby", "surname": "Ashdown", **PLACED}, POOR, NO_FORENAME),
        ({"forename": "Tamsin", "surname": "Ashdown", "postcode": "LS6 2AB"}, POOR, NO_DATE),
        ({"forename": "Tamsin", "surname": "Ashdown", "dob": NEW_YEARS_DAY}, POOR, NEW_YEAR),
        ({"forename": "Muhammad", "surname": "Khan", "dob": DOB}, POOR, COMMON_NAME),
    ],
)
def test_weak_questions_are_named(
    given: dict[str, object], level: StrengthLevel, reason: str
) -> None:
    judged = assess(normalise(Demographics(**given)))  # type: ignore[arg-type]
    assert judged.level is level
    assert reason in judged.reasons


@pytest.mark.parametrize(
    "given",
    [
        Demographics(forename="Tamsin", surname="Ashdown", dob=DOB),
        Demographics(forename="Muhammad", surname="Khan", dob=DOB, postcode="B8 1AB"),
        Demographics(surname="Ashdown", dob=DOB, nhs_number="9434765919"),
    ],
)
def test_a_good_question_has_nothing_to_complain_of(given: Demographics) -> None:
    judged = assess(normalise(given))
    assert (judged.level, judged.reasons) == (StrengthLevel.GOOD, ())
    require_answerable(normalise(given))


def test_a_refusal_has_a_code_and_no_value() -> None:
    with refused(Code.WEAK_INPUT) as caught:
        require_answerable(normalise(Demographics(forename="Tamsin", dob=NEW_YEARS_DAY)))
    assert "tamsin" not in str(caught.value).lower()


def test_what_is_not_refused_has_a_key_to_be_found_by() -> None:
    for given in (
        Demographics(forename="Tamsin", dob=DOB),
        Demographics(surname="Ashdown", dob=DOB),
        Demographics(dob=DOB, postcode="LS6 2AB"),
        Demographics(nhs_number="9434765919"),
    ):
        form = normalise(given)
        require_answerable(form)
        assert blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE)
