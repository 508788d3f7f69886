"""How much of a column was read is counted, and shapes say a form and never a value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.sources.shapes import ColumnFound, Tally, shape
from fakes.import_world import HEADER, read_lines, row


def test_a_shape_shows_the_form_of_a_text() -> None:
    assert shape("19/11/2011 00:00:00") == "99/99/9999 99:99:99"
    assert shape("03-Apr-2015") == "99-Aaa-9999"
    assert shape("1.23457E+11") == "9.99999A+99"
    assert shape("Ümber\u202f\x07ł") == "Aaaa… ?a"
    assert len(shape("1" * 500)) == 30


@given(st.text())
def test_a_shape_holds_nothing_of_the_text_but_marks(text: str) -> None:
    assert set(shape(text)) <= set("9Aa? …/.-:+,;()[]'\"&_#%*@|\\")


def test_what_was_read_of_each_column_is_counted() -> None:
    lines = [
        row(1, dob="unknown to us", desk_phone="ask", shield="F?", health_number="9434765918"),
        row(2, dob="unknown to us", postcode="none", health_number="9434765919"),
        row(3, dob="", upn="A950000178301"),
    ]
    found = read_lines([HEADER, *lines]).columns
    assert found["dob"] == ColumnFound(2, 0, (("aaa… aa aa", 2),))
    assert found["dob"].lost == 2
    assert found["desk_phone"] == ColumnFound(3, 2, (("aaa", 1),))
    assert found["shield"] == ColumnFound(1, 0, (("A?", 1),))
    assert found["postcode"] == ColumnFound(2, 2, (), unknown=1)
    assert found["health_number"] == ColumnFound(2, 1, (("9999999999", 1),))
    assert found["upn"] == ColumnFound(1, 1)
    assert found["end"] == ColumnFound(0, 0)
    assert set(found) == set(HEADER.split(","))


def test_only_some_shapes_of_a_column_of_free_text_are_kept() -> None:
    tally = Tally()
    for n in range(1000):
        tally.note("dob", "1" * (n % 30 + 1) + "/" * (n // 30 + 1), read=False)
    found = tally.found(("dob",))["dob"]
    assert (found.filled, found.read, len(found.shapes)) == (1000, 0, 3)
