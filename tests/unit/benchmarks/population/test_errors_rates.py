"""Each knob by itself: it happens at its rate, to the field it is about, and nothing else
happens.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.population.child import Child
from benchmarks.population.errors import RATES, ErrorModel, Holder
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics, Sex

RECORDS = 1500
RATE = 0.3
TRUE = ErrorModel()

GIRL = Child(
    id=4, family=2, birth=3, group="british", area=1, practice=2, school=3, forename="Catherine",
    known_as="", middle_names="Grace", surname="Stephens", former_surname="", born=date(2014, 3, 9),
    sex=Sex.FEMALE, postcode="LS1 5BA", former_postcode="", health_number="9434765919",
    upn="A950000178301",
)  # fmt: skip
BROTHER = replace(GIRL, id=5, birth=4, health_number="9434765870")
# A child that the thing can happen to, where it cannot happen to everybody.
CAN = {
    "transliteration": replace(GIRL, forename="Hussain", surname="Smith"),
    "known_as": replace(GIRL, known_as="Cat"),
    "known_as_listed": replace(GIRL, known_as="Cat"),
    "newborn_placeholder": replace(GIRL, born=date(2026, 7, 1)),
    "former_surname": replace(GIRL, former_surname="Jones"),
    "former_surname_listed": replace(GIRL, former_surname="Jones"),
    "part_dropped": replace(GIRL, surname="Smith-Jones"),
    "parts_joined": replace(GIRL, surname="Garcia Lopez"),
    "parts_turned": replace(GIRL, forename="Lily-Mae"),
    "mark_dropped": replace(GIRL, surname="O'Brien"),
    "diacritics_dropped": replace(GIRL, surname="Wójcik"),
    "diacritics_garbled": replace(GIRL, surname="Wójcik"),
    "honorific_dropped": replace(GIRL, middle_names="Kaur", surname="Gill"),
    "honorific_moved": replace(GIRL, middle_names="Kaur", surname="Gill"),
    "honorific_short": replace(GIRL, forename="Muhammad Yusuf"),
    "patronymic_moved": replace(GIRL, forename="Hodan", middle_names="Abdi", surname="Warsame"),
    "gendered_ending": replace(GIRL, surname="Kowalska"),
    "family_first": replace(GIRL, forename="Wei", surname="Chen"),
    "former_postcode": replace(GIRL, former_postcode="LS2 9JT"),
}
HELD_BY = {
    "newborn_placeholder": Holder.HEALTH,
    "nhs_missing_health": Holder.HEALTH,
    "nhs_missing_elsewhere": Holder.OTHER,
    "upn_missing_school": Holder.SCHOOL,
}
# The knobs that are about some fields, where their names do not say which.
KNOBS_OF = {
    "forename": "nickname initial transliteration known_as parts_turned honorific_short",
    "middle_names": "middle_missing middle_initial honorific_dropped",
    "surname": "other_parent part_dropped parts_joined mark_dropped gendered_ending "
    "diacritics_dropped diacritics_garbled",
    "other_names": "known_as_listed former_surname_listed",
    "forename middle_names": "middle_in_forename middle_as_forename newborn_placeholder",
    "forename surname": "family_first swapped one_field",
    "middle_names surname": "honorific_moved patronymic_moved",
    "forename middle_names surname": "typing heard capitals",
    "postcode": "second_home",
}
FIELDS_OF = {knob: fields for fields, knobs in KNOBS_OF.items() for knob in knobs.split()}
FIELD_BY_WORD = {
    "forename": "forename", "surname": "surname", "date": "dob", "postcode": "postcode",
    "sex": "sex", "nhs": "health_number", "upn": "upn",
}  # fmt: skip
FIELDS = (
    "forename", "middle_names", "surname", "other_names", "dob", "sex", "postcode", "health_number",
    "upn",
)  # fmt: skip


def records(child: Child, model: ErrorModel, holder: Holder) -> list[Demographics]:
    chance = random.Random(7)
    return [
        write_record(child, model, chance, holder=holder, siblings=(child, BROTHER))
        for _ in range(RECORDS)
    ]


def fields_of(knob: str) -> set[str]:
    if knob in FIELDS_OF:
        return set(FIELDS_OF[knob].split())
    return {FIELD_BY_WORD[word] for word in knob.split("_") if word in FIELD_BY_WORD}


@pytest.mark.parametrize("knob", RATES)
def test_a_knob_does_what_it_says_at_its_rate(knob: str) -> None:
    child, holder = CAN.get(knob, GIRL), HELD_BY.get(knob, Holder.COUNCIL)
    right = records(child, TRUE, holder)[0]
    model = ErrorModel(**{knob: RATE})  # type: ignore[arg-type]
    changed = [
        {field for field in FIELDS if getattr(record, field) != getattr(right, field)}
        for record in records(child, model, holder)
    ]
    assert set().union(*changed) == fields_of(knob)
    # Typing and hearing befall forename, middle name and surname, each by itself.
    names = 3 if knob in ("typing", "heard") else 1
    expected = 1 - (1 - RATE) ** names
    share = sum(map(bool, changed)) / RECORDS
    assert abs(share - expected) < 0.05


def test_without_errors_the_record_is_the_child() -> None:
    record = write_record(GIRL, TRUE, random.Random(1))
    assert (record.forename, record.middle_names, record.surname, record.other_names) == (
        "Catherine", "Grace", "Stephens", (),
    )  # fmt: skip
    assert (record.dob, record.sex, record.postcode) == (GIRL.born, Sex.FEMALE, "LS1 5BA")
    assert (record.health_number, record.upn) == (GIRL.health_number, GIRL.upn)


@pytest.mark.parametrize(
    ("holder", "held"), [(Holder.SCHOOL, True), (Holder.COUNCIL, True), (Holder.HEALTH, False)]
)
def test_who_keeps_pupil_numbers(holder: Holder, held: bool) -> None:
    assert bool(write_record(GIRL, TRUE, random.Random(1), holder=holder).upn) is held


def test_two_records_of_one_child_are_spoiled_independently() -> None:
    model = ErrorModel(typing=0.3)
    chance = random.Random(3)
    wrong = [
        tuple(write_record(GIRL, model, chance).surname != GIRL.surname for _ in range(2))
        for _ in range(3000)
    ]
    assert abs(sum(map(all, wrong)) / 3000 - 0.09) < 0.02


def test_a_name_beside_has_the_errors_of_the_field_it_shares() -> None:
    model = ErrorModel(typing=0.5, known_as_listed=1.0)
    child, chance = replace(GIRL, known_as="Cat"), random.Random(3)
    records = [write_record(child, model, chance) for _ in range(300)]
    assert all(record.other_names[0].surname == record.surname for record in records)
    wrong = sum(record.other_names[0].forename != "Cat" for record in records)
    assert abs(wrong / 300 - 0.5) < 0.1
