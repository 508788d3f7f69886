"""Nothing that others wrote steers a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.runtime.screen_text import Counted, counted, ended, json_lines, printable


@pytest.mark.parametrize(
    "steering",
    ["\x1b[2J", "\r", "\b", "\x9b31m", "\x7f", "\u202e", "\u2066", "\u200b", "\ud800", "\n"],
)
def test_what_steers_a_terminal_is_replaced(steering: str) -> None:
    shown = printable(f"Wexcombe{steering}School")
    assert shown.isprintable()
    assert shown.startswith("Wexcombe\ufffd")
    assert len(shown) == len(f"Wexcombe{steering}School")


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()))
def test_json_steers_no_terminal_and_means_the_same(value: dict[str, int]) -> None:
    lines = json_lines(value).decode()
    assert lines.replace("\n", "").isprintable()
    assert json.loads(lines) == value


def test_json_escapes_what_turns_the_direction_of_writing() -> None:
    shown = json_lines({"name": "Zoë \u202eSmith \U000e0041"})
    assert shown == '{\n  "name": "Zoë \\u202eSmith \\udb40\\udc41"\n}\n'.encode()


def test_what_is_kept_is_kept() -> None:
    assert printable("two\nlines\r", keep="\n") == "two\nlines\ufffd"


@given(st.text())
def test_letters_of_all_scripts_stay(text: str) -> None:
    assert printable(text).isprintable()
    assert printable("Zoë Ọlá 王 – [red]") == "Zoë Ọlá 王 – [red]"
    if text.isprintable():
        assert printable(text) == text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, ("0 rows were", "0 entries", "are 0 rows")),
        (1, ("1 row was", "1 entry", "is 1 row")),
        (2_000, ("2,000 rows were", "2,000 entries", "are 2,000 rows")),
    ],
)
def test_words_go_with_their_number(number: int, said: tuple[str, str, str]) -> None:
    template = "{rows:is # row|are # rows}"
    assert said == (
        counted(number, "row was", "rows were"),
        counted(number, "entry", "entries"),
        template.format(rows=Counted(number)),
    )
    assert counted(number, "row") == counted(number, "row", "rows")
    assert f"{Counted(number)}" == said[0].split()[0]


def test_a_sentence_has_one_sign_at_its_end() -> None:
    assert [ended(each) for each in ("Look", "Look.", "Look?")] == ["Look.", "Look.", "Look?"]
