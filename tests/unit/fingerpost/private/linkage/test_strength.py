"""Which questions are about one child."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, OtherName, PartialDate, Sex
from fingerpost.private.linkage import (
    Decision,
    Scope,
    Side,
    StrengthLevel,
    Unused,
    WeakRule,
    assess,
    blocking_keys,
    compare,
    is_found_twice,
    normalise,
    quality_of,
    require_answerable,
    unused,
)
from fingerpost.private.linkage.strength import (
    ADD_SOMETHING,
    COMMON_NAME,
    FEWEST_JUDGED,
    NEW_YEAR,
    NO_DATE,
    NO_FORENAME,
    NOT_SURE,
    NUMBER_ALONE,
    ONE_NAME,
)
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Code

NUMBER = "9434765919"
DOB, NEW_YEARS_DAY, LATELY = date(2014, 3, 9), date(2014, 1, 1), date(2026, 3, 9)
PLACED = {"dob": DOB, "postcode": "LS6 2AB"}
REFUSED, POOR = StrengthLevel.REFUSED, StrengthLevel.POOR


@pytest.mark.parametrize(
    ("fields", "level", "reason"),
    [
        ({}, REFUSED, ADD_SOMETHING),
        ({"forename": "Tamsin", "dob": NEW_YEARS_DAY}, REFUSED, ADD_SOMETHING),
        ({"forename": "Tamsin", "surname": "Ashdown"}, REFUSED, ADD_SOMETHING),
        ({"dob": DOB}, REFUSED, ADD_SOMETHING),
        ({"postcode": "LS6 2AB", "surname": "Ashdown"}, REFUSED, ADD_SOMETHING),
        ({"health_number": "1111111111"}, REFUSED, ADD_SOMETHING),
        ({"health_number": NUMBER}, REFUSED, NUMBER_ALONE),
        ({"forename": "Tamsin", "dob": DOB}, POOR, ONE_NAME),
        ({"dob": DOB, "postcode": "LS6 2AB"}, POOR, NO_FORENAME),
        ({"forename": "Baby", "surname": "Ashdown", **PLACED, "dob": LATELY}, POOR, NO_FORENAME),
        ({"forename": "Tamsin", "surname": "Ashdown", "postcode": "LS6 2AB"}, POOR, NO_DATE),
        ({"forename": "Tamsin", "surname": "Ashdown", "dob": NEW_YEARS_DAY}, POOR, NEW_YEAR),
        ({"forename": "Muhammad", "surname": "Khan", "dob": DOB}, POOR, COMMON_NAME),
    ],
)
def test_weak_questions_are_named(
    fields: dict[str, object], level: StrengthLevel, reason: str
) -> None:
    judged = assess(normalise(Demographics(**fields)))  # type: ignore[arg-type]
    assert judged.level is level
    assert reason in judged.reasons


@pytest.mark.parametrize(
    "child",
    [
        Demographics(forename="Tamsin", surname="Ashdown", dob=DOB),
        Demographics(forename="Muhammad", surname="Khan", dob=DOB, postcode="B8 1AB"),
        Demographics(surname="Ashdown", dob=DOB, health_number="9434765919"),
    ],
)
def test_a_good_question_has_nothing_to_complain_of(child: Demographics) -> None:
    judged = assess(normalise(child))
    assert unused(child, normalise(child), upn=True) == ()
    assert (judged.level, judged.reasons) == (StrengthLevel.GOOD, ())
    require_answerable(normalise(child))


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"health_number": "943 476 5918"}, Unused.NUMBER_UNREAD),
        ({"postcode": "nonsense"}, Unused.POSTCODE_UNREAD),
        ({"postcode": "NFA 000"}, Unused.POSTCODE_UNREAD),
        ({"postcode": "LS6 2A"}, Unused.POSTCODE_AS_TYPED),
        ({"postcode": "75008"}, Unused.POSTCODE_AS_TYPED),
        ({"upn": "A12"}, Unused.UPN_UNREAD),
        ({"former_postcodes": ("LS6 2AB", "nonsense")}, Unused.FORMER_UNREAD),
        ({"forename": "Unknown"}, Unused.FORENAME_UNREAD),
        ({"forename": "Baby", "dob": date(2026, 3, 9)}, Unused.FORENAME_UNREAD),
        ({"middle_names": "N/A"}, Unused.MIDDLE_NAMES_UNREAD),
        ({"surname": "Not known"}, Unused.SURNAME_UNREAD),
        ({"other_names": (OtherName("Unknown", ""),)}, Unused.OTHER_NAME_UNREAD),
        ({"dob": date(1900, 1, 1)}, Unused.DATE_UNREAD),
    ],
)
def test_what_was_given_and_finds_nobody_is_said(given: dict[str, Any], part: Unused) -> None:
    fields = {"forename": "Tamsin", "surname": "Ashdown", "dob": DOB, **given}
    child = Demographics(**fields)
    assert unused(child, normalise(child), upn=True) == (part,)
    assert part.field in fields


def test_a_pupil_number_is_used_only_where_agreements_let_it() -> None:
    child = Demographics(forename="Tamsin", surname="Ashdown", dob=DOB, upn="A950000178301")
    form = normalise(child)
    assert unused(child, form, upn=True) == ()
    assert unused(child, form, upn=False) == (Unused.UPN_NOT_AGREED,)


@pytest.mark.parametrize(
    ("forename", "surname"),
    [("FNU", "Ahmadzai"), ("Jennifer", "Null"), ("Baby", "Quillfeather"), ("Tamsin Ashdown", "")],
)
def test_a_name_that_is_used_somehow_is_not_called_unused(forename: str, surname: str) -> None:
    child = Demographics(forename=forename, surname=surname, dob=DOB)
    said = unused(child, normalise(child), upn=True)
    assert Unused.SURNAME_UNREAD not in said
    assert Unused.FORENAME_UNREAD not in said


@pytest.mark.parametrize(
    "fields", [{}, {"postcode": "LS6 2AB"}, {"sex": Sex.FEMALE}, {"forename": "Unknown"}]
)
def test_a_number_alone_is_refused_with_what_is_missing(fields: dict[str, Any]) -> None:
    """A wrong digit would find another child, or nobody, and nothing could show it."""
    form = normalise(Demographics(health_number=NUMBER, **fields))
    with refused(Code.WEAK_INPUT, WeakRule.NUMBER_ALONE):
        require_answerable(form)
    assert assess(form).level is REFUSED


def test_a_refusal_has_a_code_and_no_value() -> None:
    with refused(Code.WEAK_INPUT) as caught:
        require_answerable(normalise(Demographics(forename="Tamsin", dob=NEW_YEARS_DAY)))
    assert "tamsin" not in str(caught.value).lower()


def test_what_is_not_refused_has_a_key_to_be_found_by() -> None:
    for child in (
        Demographics(forename="Tamsin", dob=DOB),
        Demographics(surname="Ashdown", dob=DOB),
        Demographics(dob=DOB, postcode="LS6 2AB"),
        Demographics(surname="Ashdown", health_number="9434765919"),
    ):
        form = normalise(child)
        require_answerable(form)
        assert blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE)


# ---- whether a record could match for sure -------------------------------------------------------

YEAR, MONTH, ABOUT = PartialDate(2014), PartialDate(2014, 3), PartialDate(2014, about=True)
NAMES = {"forename": "Tamsin", "surname": "Ashdown"}
FIELDS = {
    "forename": st.sampled_from(["", "Tamsin", "T", "Muhammad", "Baby"]),
    "middle_names": st.sampled_from(["", "Rose", "R"]),
    "surname": st.sampled_from(["", "Ashdown", "Khan"]),
    "dob": st.sampled_from([None, DOB, NEW_YEARS_DAY, YEAR, MONTH, ABOUT]),
    "sex": st.sampled_from([None, Sex.FEMALE]),
    "postcode": st.sampled_from(["", "LS6", "LS6 2AB"]),
    "health_number": st.sampled_from(["", NUMBER]),
}


@pytest.mark.parametrize(
    "fields",
    [
        {"surname": "Ashdown", "health_number": NUMBER},
        {**NAMES, "dob": YEAR},
        {**NAMES, "dob": MONTH, "postcode": "LS6"},
        {"forename": "Tamsin", "dob": DOB},
        {"surname": "Ashdown", **PLACED},
        {"forename": "Muhammad", "surname": "Khan", "dob": NEW_YEARS_DAY},
    ],
)
def test_what_no_record_can_match_for_sure_is_said(fields: dict[str, object]) -> None:
    """Whoever knows the child has nothing to disclose then, which is no "no"."""
    judged = assess(normalise(Demographics(**fields)))  # type: ignore[arg-type]
    assert (judged.level, judged.sure) == (POOR, False)
    assert NOT_SURE in judged.reasons


@given(asked=st.fixed_dictionaries(FIELDS), record=st.fixed_dictionaries(FIELDS))
def test_a_question_that_a_record_matches_was_sure(
    asked: dict[str, Any], record: dict[str, Any]
) -> None:
    question = normalise(Demographics(**asked))
    # The record says what was asked, and what was not.
    fuller = normalise(Demographics(**{field: asked[field] or record[field] for field in FIELDS}))
    if compare(question, fuller).decision is Decision.MATCH:
        judged = assess(question)
        assert judged.sure or judged.level is REFUSED


# ---- how well records can be found ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "twice"),
    [
        ({"forename": "Tamsin", "surname": "Ashdown", **PLACED}, True),
        ({"forename": "Tamsin", "surname": "Ashdown", "postcode": "LS6 2AB"}, False),
        ({"surname": "Ashdown", **PLACED}, False),
        ({"surname": "Ashdown", "health_number": "9434765919", **PLACED}, True),
        ({"forename": "Muhammad", "surname": "Khan", "dob": DOB}, False),
        ({"forename": "Tamsin", "surname": "Ashdown", "dob": NEW_YEARS_DAY}, False),
    ],
    ids=["whole", "no date", "no forename", "a number besides", "common, no home", "a year alone"],
)
def test_a_record_is_found_twice_by_strong_rules_alone(fields: dict[str, Any], twice: bool) -> None:
    form = normalise(Demographics(**fields))
    keys = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE)
    assert keys, "it is found, all the same"
    assert is_found_twice(keys) is twice


@pytest.mark.parametrize(
    ("found", "records", "quality"),
    [
        (100, 100, Quality.GOOD),
        (95, 100, Quality.GOOD),
        (94, 100, Quality.FAIR),
        (80, 100, Quality.FAIR),
        (79, 100, Quality.POOR),
        (0, FEWEST_JUDGED, Quality.POOR),
        (FEWEST_JUDGED - 1, FEWEST_JUDGED - 1, None),
        (0, 0, None),
    ],
)
def test_an_import_has_one_of_few_classes(
    found: int, records: int, quality: Quality | None
) -> None:
    assert quality_of(found, records) is quality
