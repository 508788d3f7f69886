"""The further kinds of records: what each slip changes, and that the two parts are apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from benchmarks.population.kinds import KINDS, Kind, Part, Slips, two_files
from benchmarks.population.linkage import Linkage
from benchmarks.population.names import Names
from fingerpost.private.demographics import Demographics, PartialDate

NAMES = Names.builtin()
FIELD_OF = {
    "typed": {"forename", "surname"},
    "heard": {"forename", "surname"},
    "short": {"forename"},
    "initial": {"forename"},
    "other_forename": {"forename", "middle_names"},
    "other_surname": {"surname"},
    "middle_missing": {"middle_names"},
    "date": {"dob"},
    "date_other": {"dob"},
    "date_missing": {"dob"},
    "postcode": {"postcode"},
    "postcode_area": {"postcode"},
    "postcode_missing": {"postcode"},
    "moved_near": {"postcode"},
    "moved_far": {"postcode"},
    "sex": {"sex"},
    "sex_missing": {"sex"},
    "number_digit": {"health_number"},
}


def made(kind: Kind, part: Part = Part.CHOOSE) -> Linkage:
    return two_files(replace(kind, people=60), part, NAMES)


def records(kind: Kind) -> dict[str, Demographics]:
    return dict(made(kind).left)


def test_every_slip_has_a_field_and_changes_no_other() -> None:
    plain = records(Kind(Slips(number_missing=0.0)))
    assert set(FIELD_OF) | {"number_missing"} == set(Slips.__dataclass_fields__)
    for name, wanted in FIELD_OF.items():
        slipped = records(Kind(replace(Slips(number_missing=0.0), **{name: 1.0})))
        changed = {
            field
            for record_id, record in slipped.items()
            for field in Demographics.__dataclass_fields__
            if getattr(record, field) != getattr(plain[record_id], field)
        }
        assert changed == wanted, name


def test_one_area_is_mistyped_for_another_of_one_length() -> None:
    plain = records(Kind(Slips()))
    for record_id, record in records(Kind(Slips(postcode_area=1.0))).items():
        before = plain[record_id].postcode
        assert record.postcode != before
        assert record.postcode[2:] == before[2:]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_the_same_each_time_and_its_parts_are_apart(name: str) -> None:
    one, again, judged = (
        made(KINDS[name], part) for part in (Part.CHOOSE, Part.CHOOSE, Part.JUDGE)
    )
    assert (one.left, one.right, one.truth) == (again.left, again.right, again.truth)
    assert len(one.truth) > 20
    assert {r.surname for _, r in one.left} != {r.surname for _, r in judged.left}


def test_the_judged_part_errs_more_and_lacks_as_much() -> None:
    slips = Slips(typed=0.1, date_missing=0.2, number_missing=1.0).times(1.5)
    assert slips.typed == pytest.approx(0.15)
    assert (slips.date_missing, slips.number_missing) == (0.2, 1.0)
    assert Slips(typed=0.9).times(2).typed == 1.0


def test_a_lookup_of_old_has_a_year_and_a_place() -> None:
    found = [record for _, record in made(KINDS["lookups"]).left]
    assert {type(record.dob) for record in found} <= {PartialDate, type(None)}
    assert not any(" " in record.postcode or record.health_number for record in found)


def test_grown_people_are_older_than_children() -> None:
    born = [record.dob for record in records(Kind(Slips(), grown=1.0)).values()]
    assert all(isinstance(day, date) and day < date(2009, 1, 1) for day in born)
