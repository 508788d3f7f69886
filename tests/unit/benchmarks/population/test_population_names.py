"""The lists of names: how they are read, how they fall, what a folder of frequencies changes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from benchmarks.population.names import BRITISH, Draw, Names, read_group

NAMES = Names.builtin()
GROUPS = Path(__file__).parents[4] / "benchmarks" / "population" / "data" / "groups"


def test_a_draw_gives_each_name_at_its_weight() -> None:
    draw = Draw(("often", "seldom"), (3.0, 1.0))
    chance = Random(1)
    counted = Counter(draw.one(chance) for _ in range(4000))
    assert draw.share("often") == pytest.approx(0.75)
    assert counted["often"] / 4000 == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(("names", "weights"), [((), ()), (("one",), (1.0, 2.0))])
def test_a_missing_weight_is_refused(names: tuple[str, ...], weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="a weight for each"):
        Draw(names, weights)


def test_the_groups_are_england_s() -> None:
    shares = {group.name: group.share for group in NAMES.groups}
    assert len(shares) >= 25
    assert sum(shares.values()) == pytest.approx(1.0)
    assert 0.6 < shares[BRITISH] < 0.72
    assert 0.04 < shares["pakistani_muslim"] < 0.07
    assert 0.01 < shares["polish"] < 0.03


@pytest.mark.parametrize("path", sorted(GROUPS.glob("*.json")), ids=lambda path: path.stem)
def test_a_file_names_its_source_and_no_name_twice(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "this project" in content["sources"]
    for key in ("forenames_f", "forenames_m", "surnames"):
        assert len(content[key]) == len(set(content[key])) >= 20, key
        for name in content[key]:
            assert name == name.strip()
            assert all(c.isalpha() or c in " -'" for c in name), name


def test_common_surnames_are_shared_by_several_in_a_hundred() -> None:
    for group, surname, low in (
        ("pakistani_muslim", "Khan", 0.06),
        ("hindu", "Patel", 0.06),
        ("somali", "Mohamed", 0.06),
        ("vietnamese", "Nguyen", 0.2),
        ("bangladeshi", "Miah", 0.05),
    ):
        assert NAMES.group(group).surnames.share(surname) > low, group
    assert 0.008 < NAMES.group(BRITISH).surnames.share("Smith") < 0.015


def test_the_british_tail_is_long() -> None:
    british = NAMES.group(BRITISH)
    assert len(british.surnames.names) > 1500
    assert len(british.female.names) > 500
    assert len(set(british.surnames.names)) == len(british.surnames.names)


def test_an_unknown_custom_is_refused(tmp_path: Path) -> None:
    content = json.loads((GROUPS / "polish.json").read_text(encoding="utf-8"))
    content["customs"]["unheard"] = 1
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(TypeError, match="unheard"):
        read_group(path)


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "uk_forename.csv").write_text(
        "name,p\noliver,0.5\nolivia,0.3\nharis,0.05\nmohamad,0.05\nembertina,0.06\nzorbex,0.04\n",
        encoding="utf-8",
    )
    (tmp_path / "uk_surname.csv").write_text(
        "surname,p\nsmith,0.7\nobrien,0.05\nlópez,0.05\nmcfoss,0.1\nhussein,0.1\n", encoding="utf-8"
    )
    return tmp_path


def test_british_names_come_from_a_folder(tmp_path: Path) -> None:
    names = Names.from_folder(_folder(tmp_path))
    british = names.group(BRITISH)
    assert british.surnames.names == ("Smith", "O'Brien", "McFoss")
    assert british.surnames.share("Smith") == pytest.approx(14 / 17)
    assert british.male.names == ("Oliver", "Zorbex")
    assert british.female.names == ("Olivia", "Embertina")


def test_a_folder_leaves_the_other_groups_alone(tmp_path: Path) -> None:
    names = Names.from_folder(_folder(tmp_path))
    assert names.group("somali").surnames.names == NAMES.group("somali").surnames.names
    assert [g.name for g in names.groups] == [g.name for g in NAMES.groups]
    with pytest.raises(KeyError):
        names.group("nowhere")
