"""The knobs: their bounds, the three settings, and the file that sets others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest

from benchmarks.population.errors import BAD, CLEAN, FORMS, PRESETS, RATES, TYPICAL, ErrorModel


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.5", None, True])
def test_a_rate_outside_0_and_1_is_refused(rate: object) -> None:
    with pytest.raises(ValueError, match="typing"):
        replace(TYPICAL, typing=rate)  # type: ignore[arg-type]


def test_typical_turns_every_knob() -> None:
    assert [name for name in RATES if getattr(TYPICAL, name) == 0] == []


def test_bad_is_about_three_times_typical() -> None:
    for name in RATES:
        usual, bad = getattr(TYPICAL, name), getattr(BAD, name)
        if name in FORMS:
            assert bad == usual
            continue
        assert usual < bad <= 1
        if usual <= 0.02:
            assert 2.9 < bad / usual <= 3


def test_clean_makes_no_error_and_leaves_numbers_where_they_are() -> None:
    turned = {name for name in RATES if getattr(CLEAN, name)}
    assert turned == {"nhs_missing_council", "nhs_missing_elsewhere", "upn_missing_council"}
    for name in turned:
        assert getattr(CLEAN, name) == getattr(TYPICAL, name)


def test_a_file_says_what_differs_from_typical(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"typing": 0.2, "until": "2025-01-31"}), encoding="utf-8")
    assert ErrorModel.read(path) == replace(TYPICAL, typing=0.2, until=date(2025, 1, 31))
    assert ErrorModel.named(str(path)) == ErrorModel.read(path)


def test_a_file_may_name_the_preset_it_differs_from(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"like": "clean", "swapped": 1}), encoding="utf-8")
    assert ErrorModel.read(path) == replace(CLEAN, swapped=1)


@pytest.mark.parametrize(
    "said", [{"typng": 0.1}, {"like": "worst"}, {"typing": 2}, {"of_date": 1}, [1]]
)
def test_what_a_file_may_not_say(tmp_path: Path, said: object) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(ValueError, match=r"knob|between|object"):
        ErrorModel.read(path)


@pytest.mark.parametrize("name", ["clean", "typical", "bad"])
def test_presets_go_by_name(name: str) -> None:
    assert ErrorModel.named(name) is PRESETS[name]


class Roll(Random):
    """Chance whose next number is known."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self._number = number

    def random(self) -> float:
        return self._number


def test_kinds_of_one_field_exclude_each_other_and_keep_their_rates() -> None:
    kinds = replace(CLEAN, date_digit=0.25, date_day=0.5).of["date"]
    assert [kinds.drawn(Roll(number)) for number in (0.0, 0.24, 0.25, 0.74, 0.75, 0.99)] == [
        "date_digit", "date_digit", "date_day", "date_day", "", "",
    ]  # fmt: skip
