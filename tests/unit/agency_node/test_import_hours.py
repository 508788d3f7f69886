"""Opening hours as agencies write them, read into their form: what is not understood is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.sources.opening_hours import read_hours
from fingerpost.private.hours_in_words import hours_in_words
from fingerpost.private.messages import ALL_DAYS, OpeningHours

WEEKDAYS = 31
OFFICE = OpeningHours(WEEKDAYS, 540, 1020)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("", ()),
        ("Mon–Fri 09:00–17:00", (OFFICE,)),
        ("Mon-Fri 9:00-17:00", (OFFICE,)),
        ("Monday to Friday, 09.00 to 17.00.", (OFFICE,)),
        ("Mon–Fri 08:00–16:30, term time", (OpeningHours(WEEKDAYS, 480, 990, True),)),
        ("Mon-Fri 8:00-16:30 in term-time only", (OpeningHours(WEEKDAYS, 480, 990, True),)),
        ("Sat–Mon 10:00–12:00", (OpeningHours(32 + 64 + 1, 600, 720),)),
        (
            "Mon–Thu 09:00–17:00, Fri 09:00–16:00",
            (OpeningHours(15, 540, 1020), OpeningHours(16, 540, 960)),
        ),
        ("every day 17:00–09:00", (OpeningHours(ALL_DAYS, 1020, 540),)),
        ("Sun 00:00–24:00", (OpeningHours(64, 0, 1440),)),
        ("every day, 24 hours", (OpeningHours(ALL_DAYS, 0, 1440),)),
        ("24/7", (OpeningHours(ALL_DAYS, 0, 1440),)),
        ("Sat, 24 hours", (OpeningHours(32, 0, 1440),)),
        ("Mon-Fri 8-4", (OpeningHours(WEEKDAYS, 480, 960),)),
        ("weekdays 9-5", (OFFICE,)),
        ("9-5 weekdays", (OFFICE,)),
        ("M-F 9am-5pm", (OFFICE,)),
        ("9am – 5pm, Monday – Friday", (OFFICE,)),
        ("Mon to Fri: 9 to 5", (OFFICE,)),
        ("Open Monday-Friday 9.00am - 5.00pm", (OFFICE,)),
        ("Monday to Friday (9 a.m. to 5 p.m.)", (OFFICE,)),
        ("0900-1700 Mon-Fri", (OFFICE,)),
        ("Mon-Fri 9:00-5:00", (OFFICE,)),
        ("Mon-Fri 09:00-5:00", (OFFICE,)),
        ("Mon-Fri 9am-5", (OFFICE,)),
        ("Mon-Fri 9-5pm", (OFFICE,)),
        ("Weds 8.30-4.30", (OpeningHours(4, 510, 990),)),
        ("Mon, Wed & Fri 9-12", (OpeningHours(21, 540, 720),)),
        ("Tuesdays 1-5", (OpeningHours(2, 780, 1020),)),
        ("Tue 12-4, Thurs noon to 4pm", (OpeningHours(2, 720, 960), OpeningHours(8, 720, 960))),
        (
            "Mon-Fri 9-12 and 1-5",
            (OpeningHours(WEEKDAYS, 540, 720), OpeningHours(WEEKDAYS, 780, 1020)),
        ),
        (
            "weekdays 8-6, weekends 10-4",
            (OpeningHours(WEEKDAYS, 480, 1080), OpeningHours(96, 600, 960)),
        ),
        ("Mon-Fri 8-8", (OpeningHours(WEEKDAYS, 480, 1200),)),
        ("Fri 6pm-midnight", (OpeningHours(16, 1080, 1440),)),
        ("daily 1pm-5", (OpeningHours(ALL_DAYS, 780, 1020),)),
        ("7 days a week 08:00-20:00", (OpeningHours(ALL_DAYS, 480, 1200),)),
    ],
)
def test_hours_that_are_read_whole(text: str, hours: tuple[OpeningHours, ...]) -> None:
    assert read_hours(text) == (hours, True)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("by arrangement", ()),
        ("Mon–Fri 6-10", ()),  # of the morning or of the evening
        ("Mon–Fri 8-11pm", ()),
        ("Mon–Fri 17:00–9:00", ()),
        ("Mon–Fri 8:30–04:30", ()),
        ("Mon–Fri 12-12", ()),
        ("9-5", ()),  # on which days?
        ("Mon–Fri", ()),
        ("Mon–Fri 9-5, 10-4 Sat", ()),
        ("Mon–Fri 9-5, closed for lunch 12-1", ()),
        ("Mon–Fri 9-5, lunch 12-1", ()),
        ("alternate Fridays 9-5", ()),
        ("1st Monday 9-5", ()),
        ("Mon–Fri 9-5 except bank holidays", ()),
        ("Mon–Fri 13pm–5pm", ()),
        ("monthly 9-5", ()),
        ("Mon–Fri 25:00–29:00", ()),
        ("Mon–Fri 09:00–24:30", ()),
        ("124 hoursworth", ()),
        ("Mon–Fri 09:00–17:00, ask for the duty officer", (OFFICE,)),
        ("Mon–Fri 09:00–17:00, not on Wednesdays", ()),
        ("Mon–Fri 09:00–17:00, closed Sat 10:00–12:00", ()),
        ("not 24 hours", ()),
        ("Mon–Fri 09:00–17:00" + " " * 160, ()),
        (
            ",".join(f"Mon 0{n}:00-0{n}:30" for n in range(9)),
            tuple(OpeningHours(1, 60 * n, 60 * n + 30) for n in range(8)),
        ),
    ],
)
def test_what_is_not_read_is_said(text: str, hours: tuple[OpeningHours, ...]) -> None:
    assert read_hours(text) == (hours, False)


@given(st.text(max_size=130))
def test_any_text_is_survived(text: str) -> None:
    found, _ = read_hours(text)
    assert len(found) <= 8


WRITTEN = st.sampled_from(("{}", "{}:00", "0{}:00", "{}am", "{}pm", "{}.30", "{} a.m.", "{}:30pm"))


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    WRITTEN,
    WRITTEN,
    st.sampled_from(("Mon–Fri {}", "{} weekdays")),
)
def test_no_desk_is_open_for_more_than_a_working_day_unless_its_hours_say_so(
    opens: int, closes: int, one: str, other: str, days: str
) -> None:
    """A wrong guess of morning or evening would show a desk as open that is closed all night."""
    text = days.format(f"{one.format(opens)}-{other.format(closes)}")
    found, _ = read_hours(text)
    written = (one.format(opens), other.format(closes))
    stated = all("m" in each or re.match(r"0|[0-9]{2}[:.]", each) for each in written)
    for each in found:
        assert each.days == WEEKDAYS
        if not stated:
            assert each.opens < each.closes
            assert each.closes - each.opens <= 14 * 60


@given(
    st.lists(
        st.builds(
            OpeningHours, st.integers(1, ALL_DAYS), st.integers(0, 1439), st.integers(0, 1440)
        ),
        min_size=1,
        max_size=3,
        unique=True,
    )
)
def test_hours_in_words_are_read_as_the_same_hours(hours: list[OpeningHours]) -> None:
    assert read_hours(hours_in_words(hours)) == (tuple(sorted(hours)), True)
