"""Whatever the width, what is listed stands there whole."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fingerpost.runtime.listing import a_console, show_block, show_list

HASH = "8f2ab1c0d3e4" * 5 + "90ab"
AGENCY = "e99000001.st-margarets-and-all-saints-primary-federation"
COLUMNS = ("No.", "Agency", "Query", "Why")
ROWS = (
    ("1", AGENCY, HASH, "a reason that is said in several words and goes on"),
    ("2", "e99000001.oak", HASH[::-1], ""),
)


def printed(
    rows: tuple[tuple[str, ...], ...], width: int, *, columns: tuple[str, ...] = COLUMNS
) -> str:
    console = Console(width=width, file=io.StringIO(), markup=False, color_system=None)
    show_list(console, columns, rows, prose=("Why",))
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return written


@pytest.mark.parametrize("width", [20, 60, 80, 120, 160, 200, 100_000])
def test_no_id_is_cut_or_broken_at_any_width(width: int) -> None:
    text = printed(ROWS, width)
    for row in ROWS:
        for cell in row[:3]:
            assert cell in text
    words = text.replace("│", " ").split()
    for word in ROWS[0][3].split():
        assert word in words


@given(
    rows=st.lists(
        st.tuples(
            st.text("abcé名", max_size=30),
            st.text("ab ", max_size=90),
            st.text("xyz", max_size=70),
        ),
        max_size=4,
    ),
    width=st.integers(min_value=20, max_value=250),
)
def test_every_word_stands_there_whole(rows: list[tuple[str, ...]], width: int) -> None:
    columns = ("One", "Why", "Three")
    shown = printed(tuple(rows), width, columns=columns)
    words = shown.replace("│", " ").split()
    for row in rows:
        for cell in row:
            for word in cell.split():
                assert word in words
    if "┏" in shown:
        assert max(map(len, shown.splitlines())) <= width


def test_where_it_fits_it_is_a_table_and_else_a_block_an_item() -> None:
    assert "┏" in printed(ROWS, 200)
    assert "┏" in printed(ROWS, 162)  # the reason is wrapped
    narrow = printed(ROWS, 80).splitlines()
    assert narrow == [
        "No.     1",
        f"Agency  {AGENCY}",
        f"Query   {HASH}",
        "Why     a reason that is said in several words and goes on",
        "",
        "No.     2",
        "Agency  e99000001.oak",
        f"Query   {HASH[::-1]}",
    ]


def test_a_block_wraps_prose_below_itself() -> None:
    console = Console(width=34, file=io.StringIO(), color_system=None)
    show_block(console, [("Why", "a reason that is said in several words"), ("Id", HASH)], indent=2)
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "  Why  a reason that is said in",
        "       several words",
        f"  Id   {HASH}",
    ]


def test_nothing_listed_steers_the_terminal_or_is_taken_for_markup() -> None:
    text = printed((("1", "x", "\x1b[31mred\u202e", "[bold]loud[/bold]"),), 200)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]loud[/bold]" in text


def test_nothing_is_said_to_be_nothing() -> None:
    assert printed((), 80) == "Nothing to list.\n"


def test_what_goes_to_no_terminal_has_long_lines_unless_a_width_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show_list(a_console(), COLUMNS, ROWS)
    row = capsys.readouterr().out.splitlines()[3]
    assert all(cell in row for cell in ROWS[0])
    monkeypatch.setenv("COLUMNS", "80")
    assert a_console().width == 80
