"""Families: sizes, spacing, twins; how their children are named."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from random import Random

import pytest

from benchmarks.population.families import Window, draw_births, mean_children
from benchmarks.population.forenames import Naming
from benchmarks.population.names import BRITISH, Names
from benchmarks.population.surnames import FamilyNames, child_surname, daughters_form, draw_family
from fingerpost.private.demographics import Sex

NAMES = Names.builtin()
WINDOW = Window.before(date(2026, 9, 1))
FAMILIES = [draw_births(WINDOW, 0.0, Random(seed)) for seed in range(6000)]


def family_of(group: str, **fields: object) -> FamilyNames:
    """A family with settled styles."""
    family = draw_family(NAMES.group(group), Random(1))
    settled = {"father": "Father", "mother": "Mother", "grandfather": "Grand", "double": False}
    for name, value in {**settled, **fields}.items():
        setattr(family, name, value)
    return family


def test_everybody_is_under_18() -> None:
    days = [birth.born for births in FAMILIES for birth in births]
    assert date(2008, 9, 2) <= min(days) <= date(2008, 12, 31)
    assert date(2026, 6, 1) <= max(days) <= date(2026, 8, 31)


def test_a_window_ends_on_a_leap_day_too() -> None:
    window = Window.before(date(2024, 2, 29))
    assert window.first == date(2006, 3, 1)


@pytest.mark.parametrize("large", [0.0, 0.5, 1.0])
def test_family_sizes(large: float) -> None:
    chance = Random(4)
    sizes = Counter(
        sum(len(birth.sexes) for birth in draw_births(WINDOW, large, chance)) for _ in range(6000)
    )
    children = sum(size * count for size, count in sizes.items())
    assert set(sizes) == {1, 2, 3, 4, 5}
    assert children / 6000 == pytest.approx(mean_children(large), rel=0.04)


def test_one_birth_in_seventy_is_of_twins_and_two_thirds_share_a_sex() -> None:
    chance = Random(5)
    births = [b for _ in range(40_000) for b in draw_births(WINDOW, 0.2, chance)]
    pairs = [b.sexes for b in births if len(b.sexes) == 2]
    assert sum(len(b.sexes) > 1 for b in births) / len(births) == pytest.approx(0.015, abs=0.002)
    assert sum(a is b for a, b in pairs) / len(pairs) == pytest.approx(2 / 3, abs=0.05)


def test_brothers_and_sisters_are_born_apart() -> None:
    for births in FAMILIES:
        for one, next_one in pairwise(births):
            assert (next_one.born - one.born).days >= 300


@pytest.mark.parametrize(
    ("style", "sex", "surname", "middle"),
    [
        (0.1, Sex.FEMALE, "Father", "Kaur"),
        (0.1, Sex.MALE, "Father", "Singh"),
        (0.7, Sex.FEMALE, "Kaur", ""),
        (0.7, Sex.MALE, "Singh", ""),
        (0.95, Sex.FEMALE, "Singh", ""),
    ],
)
def test_sikh_names(style: float, sex: Sex, surname: str, middle: str) -> None:
    assert child_surname(family_of("punjabi_sikh", style=style), sex, Random(1)) == (
        surname,
        middle,
    )


def test_somali_children_bear_father_s_and_grandfather_s_name() -> None:
    assert child_surname(family_of("somali", style=0.5), Sex.MALE, Random(1)) == ("Grand", "Father")
    assert child_surname(family_of("somali", style=0.1), Sex.MALE, Random(1)) == ("Father", "")


def test_two_surnames_stand_in_the_order_of_the_country() -> None:
    assert child_surname(family_of("spanish", style=0.1), Sex.MALE, Random(1))[0] == "Father Mother"
    assert (
        child_surname(family_of("portuguese", style=0.1), Sex.MALE, Random(1))[0] == "Mother Father"
    )


@pytest.mark.parametrize(
    ("fathers", "daughters"),
    [("Kowalski", "Kowalska"), ("Petrov", "Petrova"), ("Novák", "Nováková"), ("Nowak", "Nowak"),
     ("Kazlauskas", "Kazlauskaitė"), ("Butkus", "Butkutė"), ("Kalniņš", "Kalniņa")],
)  # fmt: skip
def test_daughters_forms(fathers: str, daughters: str) -> None:
    assert daughters_form(fathers) == daughters
    family = family_of("polish", father=fathers, mother=fathers, daughters_form=True)
    assert child_surname(family, Sex.FEMALE, Random(1))[0] == daughters
    assert child_surname(family, Sex.MALE, Random(1))[0] == fathers


def test_double_barrelled_children_mostly_agree() -> None:
    family = family_of(BRITISH, double=True, hyphen="-")
    chance = Random(2)
    borne = Counter(child_surname(family, Sex.MALE, chance)[0] for _ in range(2000))
    assert borne["Mother-Father"] > 1700
    assert borne["Father-Mother"] > 30
    assert borne["Father"] > 60


@pytest.mark.parametrize("group", [group.name for group in NAMES.groups])
def test_no_two_of_a_family_are_called_alike(group: str) -> None:
    of = NAMES.group(group)
    for seed in range(60):
        chance = Random(seed)
        naming = Naming(of, of, NAMES.group(BRITISH))
        called = []
        for place in range(5):
            sex = Sex.MALE if chance.random() < 0.5 else Sex.FEMALE
            names = naming.name(sex, place == 4, "", chance)
            called.append(names.known_as or names.forename)
            assert names.forename
        assert len(set(called)) == 5


def test_about_a_quarter_of_pakistani_boys_begin_with_muhammad() -> None:
    of = NAMES.group("pakistani_muslim")
    chance = Random(3)
    names = [
        Naming(of, of, NAMES.group(BRITISH)).name(Sex.MALE, False, "", chance).forename
        for _ in range(3000)
    ]
    share = sum(name.startswith(("Muh", "Moh")) for name in names) / 3000
    assert 0.18 < share < 0.3


def test_twins_are_named_alike_beyond_chance() -> None:
    of = NAMES.group(BRITISH)

    def alike(twin: bool) -> int:
        chance = Random(6)
        count = 0
        for _ in range(1500):
            naming = Naming(of, of, of)
            first = naming.name(Sex.FEMALE, False, "", chance).forename
            second = naming.name(Sex.FEMALE, twin, "", chance).forename
            count += first[0] == second[0]
        return count

    assert alike(twin=True) > 1.5 * alike(twin=False)
