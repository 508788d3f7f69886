"""Two files of records and the truth: sizes, independence, what is written."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks.datasets import tables
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, CLEAN, TYPICAL, ErrorModel, Holder
from benchmarks.population.linkage import linkage, write_files
from fingerpost.private.demographics import Sex, written_birth


def a_child(n: int, chance: random.Random) -> Child:
    return Child(
        id=n, family=n // 2, birth=n // 2 if n % 20 < 2 else 100_000 + n,
        group=chance.choice(("a", "b")), area=0, practice=1, school=2,
        forename=chance.choice(("Anna", "Zoë", "Lily-Mae", "Muhammad Ali")),
        known_as=chance.choice(("", "Sam")), middle_names=chance.choice(("", "Grace Kaur")),
        surname=chance.choice(("Smith", "O'Brien", "Khan")),
        former_surname=chance.choice(("", "Wood")),
        born=date(2008, 9, 2) + timedelta(days=chance.randrange(6500)),
        sex=chance.choice(list(Sex)), postcode="LS6 2AB",
        former_postcode=chance.choice(("", "LS7 4BB")),
        health_number=f"4{n:09}", upn=f"A{n:012}",
    )  # fmt: skip


CHANCE = random.Random(2000)
CHILDREN = [a_child(n, CHANCE) for n in range(2000)]


def test_the_truth_names_the_same_child_on_both_sides() -> None:
    made = linkage(CHILDREN, BAD, 1)
    assert len(set(made.truth)) == len(made.truth)
    assert all(made.child_of[a].id == made.child_of[b].id for a, b in made.truth)
    lefts = {made.child_of[a].id for a, _ in made.left}
    rights = {made.child_of[b].id for b, _ in made.right}
    assert {made.child_of[a].id for a, _ in made.truth} == lefts & rights
    assert len(lefts) == len(made.left)
    assert lefts | rights == {child.id for child in CHILDREN}


@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.5, 1.0])
def test_overlap_is_the_share_of_children_on_both_sides(overlap: float) -> None:
    made = linkage(CHILDREN, CLEAN, 1, overlap)
    assert abs(len(made.truth) / len(CHILDREN) - overlap) < 0.04
    assert abs(len(made.left) - len(made.right)) < 0.06 * len(CHILDREN)


@pytest.mark.parametrize("overlap", [-0.1, 1.01])
def test_an_overlap_that_is_no_share_is_refused(overlap: float) -> None:
    with pytest.raises(ValueError, match="overlap"):
        linkage(CHILDREN, CLEAN, 1, overlap)


def test_the_same_seed_makes_the_same_files_and_another_seed_others() -> None:
    one, again, other = (linkage(CHILDREN, TYPICAL, seed) for seed in (1, 1, 2))
    assert (one.left, one.right, one.truth) == (again.left, again.right, again.truth)
    assert one.left != other.left


def test_a_record_does_not_depend_on_who_else_is_in_the_file() -> None:
    whole, part = linkage(CHILDREN, BAD, 1, 1.0), linkage(CHILDREN[500:], BAD, 1, 1.0)
    of_whole = {whole.child_of[n].id: record for n, record in whole.left}
    assert [of_whole[part.child_of[n].id] for n, _ in part.left] == [
        record for _, record in part.left
    ]


def test_ids_and_order_say_nothing_about_the_child() -> None:
    made = linkage(CHILDREN, CLEAN, 1, 1.0)
    same_place = sum(
        made.child_of[a].id == made.child_of[b].id
        for (a, _), (b, _) in zip(made.left, made.right, strict=True)
    )
    assert same_place < 10


def test_numbers_stand_where_their_holder_keeps_them() -> None:
    made = linkage(CHILDREN, TYPICAL, 1, 1.0, left=Holder.SCHOOL, right=Holder.HEALTH)
    assert sum(bool(record.upn) for _, record in made.left) > 0.97 * len(CHILDREN)
    assert sum(bool(record.health_number) for _, record in made.left) < 0.08 * len(CHILDREN)
    assert not any(record.upn for _, record in made.right)
    assert sum(bool(record.health_number) for _, record in made.right) > 0.97 * len(CHILDREN)


def test_a_siblings_number_is_one_of_her_siblings() -> None:
    made = linkage(CHILDREN, ErrorModel(nhs_sibling=1.0), 1, 1.0)
    number_of = {child.health_number: child for child in CHILDREN}
    for record_id, record in made.right:
        child, other = made.child_of[record_id], number_of[record.health_number]
        assert other.family == child.family
        assert other.id != child.id


def test_newborn_twins_are_numbered() -> None:
    infants = [replace(child, born=date(2026, 8, 1)) for child in CHILDREN[:2]]
    made = linkage(infants, ErrorModel(newborn_placeholder=1.0), 1, 1.0)
    assert {record.forename for _, record in made.right} == {"Twin 1", "Twin 2"}
    assert {record.forename for _, record in made.left} == {child.forename for child in infants}


def test_files_are_in_the_form_of_the_table_of_records(tmp_path: Path) -> None:
    made = linkage(CHILDREN, BAD, 1)
    write_files(tmp_path / "out", made)
    folder = tmp_path / "out"
    read = tables.read(folder / "left.csv", folder / "right.csv", folder / "truth.csv")
    assert (len(read.left), len(read.right)) == (len(made.left), len(made.right))
    assert list(read.truth) == made.truth
    for row, (record_id, record) in zip(read.left, made.left, strict=True):
        assert (row.record_id, row.surname) == (record_id, record.surname.strip())
        assert row.dob == written_birth(record.dob)
        assert row.sex == {None: "", Sex.FEMALE: "F", Sex.MALE: "M"}[record.sex]
        assert len(row.other_names.split(";")) == max(1, len(record.other_names))
    with (folder / "groups.csv").open(encoding="utf-8", newline="") as file:
        groups = list(csv.DictReader(file))
    assert [(g["left_id"], g["group"]) for g in groups] == [
        (n, made.child_of[n].group) for n, _ in made.left
    ]
