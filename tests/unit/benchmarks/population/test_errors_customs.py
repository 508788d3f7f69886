"""What befalls the parts of a name; and that no group of children is treated in its own way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from benchmarks.population import customs
from benchmarks.population.child import Child
from benchmarks.population.customs import Name
from benchmarks.population.errors import BAD, ErrorModel
from benchmarks.population.names import Names
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Sex

DRAWS = 300
GIRL = Child(
    id=4, family=2, birth=3, group="british", area=1, practice=2, school=3, forename="Hodan",
    known_as="Hoda", middle_names="Abdi", surname="Warsame", former_surname="Jama",
    born=date(2025, 12, 3), sex=Sex.FEMALE, postcode="LS1 5BA", former_postcode="LS2 9JT",
    health_number="9434765919", upn="A950000178301",
)  # fmt: skip


def outcomes(name: Name, **knobs: float) -> set[Name]:
    chance, model = random.Random(5), ErrorModel(**knobs)  # type: ignore[arg-type]
    return {customs.by_custom(name, model, chance) for _ in range(DRAWS)}


@pytest.mark.parametrize(
    ("surname", "knob", "expected"),
    [
        ("Smith-Jones", "part_dropped", {"Smith", "Jones"}),
        ("Smith-Jones", "parts_joined", {"Smith Jones", "SmithJones"}),
        ("Garcia Lopez", "parts_turned", {"Lopez Garcia"}),
        ("O'Brien", "mark_dropped", {"OBrien", "O Brien", "Brien"}),
        ("McDonald", "mark_dropped", {"MacDonald", "Mc Donald"}),
        ("de Souza", "mark_dropped", {"Souza", "desouza", "de-Souza"}),
        ("Al-Hassan", "mark_dropped", {"Hassan", "Alhassan", "Al Hassan"}),
        ("Wójcik", "diacritics_dropped", {"Wojcik"}),
        ("Wójcik", "diacritics_garbled", {"W?jcik", "WÃ³jcik"}),
        ("Kowalska", "gendered_ending", {"Kowalski"}),
        ("Petrov", "gendered_ending", {"Petrova"}),
        ("Kazlauskaitė", "gendered_ending", {"Kazlauskas"}),
        ("Villanueva", "gendered_ending", {"Villanueva"}),
        ("Smith", "part_dropped", {"Smith"}),
        ("de Souza", "part_dropped", {"de Souza"}),
        ("Smith", "mark_dropped", {"Smith"}),
    ],
)
def test_parts_of_a_surname(surname: str, knob: str, expected: set[str]) -> None:
    assert {name.surname for name in outcomes(Name("Eva", "", surname), **{knob: 1.0})} == expected


@pytest.mark.parametrize(
    ("name", "knob", "expected"),
    [
        (Name("Simran", "Kaur", "Gill"), "honorific_dropped", {Name("Simran", "", "Gill")}),
        (
            Name("Simran", "Kaur", "Gill"),
            "honorific_moved",
            {Name("Simran", "Gill", "Kaur"), Name("Simran", "", "Kaur")},
        ),
        (Name("Rahima", "Akter", "Begum"), "honorific_moved", {Name("Rahima", "Begum", "Akter")}),
        (Name("Rahima", "Alam", "Begum"), "honorific_moved", {Name("Rahima", "Begum", "Alam")}),
        (Name("Simran", "", "Kaur"), "honorific_dropped", {Name("Simran", "", "Kaur")}),
        (Name("Muhammad Yusuf", "", "Khan"), "honorific_dropped", {Name("Yusuf", "", "Khan")}),
        (Name("Muhammad Ali", "", "Khan"), "honorific_moved", {Name("Ali", "Muhammad", "Khan")}),
        (Name("Muhammad", "Yusuf", "Khan"), "honorific_dropped", {Name("Yusuf", "", "Khan")}),
        (Name("Muhammad", "", "Khan"), "honorific_dropped", {Name("Muhammad", "", "Khan")}),
        (Name("Hodan", "Abdi", "Warsame"), "patronymic_moved", {Name("Hodan", "", "Abdi")}),
        (Name("Hodan", "Eva", "Warsame"), "patronymic_moved", {Name("Hodan", "Eva", "Warsame")}),
        (Name("Wei", "", "Chen"), "family_first", {Name("Chen", "", "Wei")}),
    ],
)  # fmt: skip
def test_customs(name: Name, knob: str, expected: set[Name]) -> None:
    assert outcomes(name, **{knob: 1.0}) == expected


def test_muhammad_is_shortened_before_the_call_name() -> None:
    shorts = {
        name.forename for name in outcomes(Name("Muhammad Ali", "", "Khan"), honorific_short=1.0)
    }
    assert {"Md Ali", "Mohd Ali"} <= shorts


def test_the_other_parent_has_a_name_of_the_same_origin() -> None:
    chance, always = random.Random(1), ErrorModel(other_parent=1.0)
    found = {
        write_record(replace(GIRL, group="tamil"), always, chance).surname for _ in range(DRAWS)
    }
    assert len(found) > 20
    assert found <= set(Names.builtin().group("tamil").surnames.names)


@pytest.mark.parametrize("group", ["somali", "polish", "no such group"])
def test_a_childs_group_decides_nothing_else(group: str) -> None:
    model = replace(BAD, other_parent=0.0)
    for seed in range(200):
        one = write_record(GIRL, model, random.Random(seed))
        assert write_record(replace(GIRL, group=group), model, random.Random(seed)) == one
