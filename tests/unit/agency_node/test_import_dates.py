"""Dates in every form that systems write, and the order of a column, which is never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.sources.dates import (
    Dates,
    Judge,
    Order,
    Years,
    is_no_date,
    meanings,
    stands_for_none,
)
from agency_node.importing.sources.faults import FileFault
from agency_node.importing.sources.judging import years_of
from agency_node.importing.sources.reasons import Reason
from fakes.import_world import AS_OF

DAY = date(2011, 11, 19)
OF_BIRTH = years_of("dob", AS_OF)


@pytest.mark.parametrize(
    "text",
    [
        *("2011-11-19", "2011/11/19", "2011.11.19", "2011-11-19T00:00:00", "20111119"),
        *("2011-11-19 00:00:00.000", "2011-11-19T00:00:00Z", "2011-11-19T00:00:00+00:00"),
        *("2011-11-19T14:35:00+01:00", "2011-11-19 00:00:00.0000000 +00:00", "20111119000000"),
        *("20111119T000000", "19112011", "19/11/2011", "19.11.2011", "19-11-2011", "19 11 2011"),
        *("19/11/2011 00:00:00", "19/11/2011 00:00", "19/11/2011, 12:00 am", "19/11/11"),
        *("19-Nov-2011", "19-NOV-11", "19 November 2011", "19th November 2011", "19 Nov. 2011"),
        *("Sat 19 Nov 2011", "Saturday, 19 November 2011", "Nov 19, 2011", "November 19 2011"),
        *("19NOV2011", "2011-Nov-19", "19-NOV-11 12.00.00.000000 AM", "40866", "40866.0"),
        *("19 / 11 / 2011", "2011-11-19T22:30:00Z"),
    ],
)
def test_one_day_in_many_forms(text: str) -> None:
    assert Dates(Order.DAY_FIRST, OF_BIRTH).read(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        *("", "2011", "2011-11", "191111", "2011-13-19", "31/02/2015", "19/11/85", "1/2/3", "9.9"),
        *("19 Smarch 2011", "19/11/2011 or so", "2011-11-19T", "123/11/2011", "99999", "4086"),
        *("2011-11-193", "19/11/211", "19//11/2011", "00000000", "20112011111"),
    ],
)
def test_what_is_no_day(text: str) -> None:
    assert Dates(Order.DAY_FIRST, OF_BIRTH).read(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2011-07-18T23:00:00Z", date(2011, 7, 19)),
        ("18/07/2011 23:00:00 +00:00", date(2011, 7, 19)),
        ("2011-07-18T11:00:00 PM UTC", date(2011, 7, 19)),
        ("2011-07-18T23:00:00+01:00", date(2011, 7, 18)),
        ("2011-07-18T23:00:00", date(2011, 7, 18)),
        ("2011-01-18T23:00:00Z", date(2011, 1, 18)),
        ("2011-03-26T23:00:00Z", date(2011, 3, 26)),
        ("2011-03-27T23:00:00Z", date(2011, 3, 28)),
        ("2011-10-29T23:00:00Z", date(2011, 10, 30)),
        ("2011-10-30T23:00:00Z", date(2011, 10, 30)),
    ],
)
def test_midnight_of_a_summers_day_in_utc_is_that_day(text: str, day: date) -> None:
    """A system that keeps times in UTC writes the birthdays of summer as the evening before."""
    assert Dates(Order.DAY_FIRST).read(text) == day


def test_a_year_of_two_digits_is_one_of_childhood() -> None:
    dates = Dates(Order.DAY_FIRST, OF_BIRTH)
    assert dates.read("03/04/15") == date(2015, 4, 3)
    assert dates.read("03/04/99") == date(1999, 4, 3)
    assert dates.read("03/04/27") == date(2027, 4, 3)
    assert dates.read("03/04/28") is None
    assert dates.read("03/04/95") is None
    assert Years(1996, 2027).of("96") == 1996


@pytest.mark.parametrize(
    "text",
    ["", "NULL", "n/a", "-", "00/00/0000", "0000-00-00", "0000-00-00 00:00:00", "0", "unknown"],
)
def test_words_for_no_date(text: str) -> None:
    assert is_no_date(text)


def test_days_that_stand_for_none() -> None:
    assert stands_for_none(date(1900, 1, 1))
    assert stands_for_none(date(9999, 12, 31))
    assert not stands_for_none(date(2015, 1, 1))
    assert not is_no_date("01/01/2015")


def verdict(texts: Sequence[str], stated: Order | None = None) -> Dates | FileFault:
    judge = Judge("dob", OF_BIRTH, stated)
    for text in texts:
        judge.add(text)
    return judge.verdict()


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["03/04/2015"], Reason.DATE_ORDER_NOT_SHOWN),
        (["03/04/2015", "2015-04-30", "", "unknown"], Reason.DATE_ORDER_NOT_SHOWN),
        (["03/04/15", "19/11/11"], Reason.DATE_ORDER_NOT_SHOWN),  # or 2019-11-11
        (["11/19/2011"], Reason.DATES_NOT_DAY_FIRST),
        (["11/19/2011", "03/04/2015"], Reason.DATES_NOT_DAY_FIRST),
        (["11/19/2011", "19/11/2011"], Reason.DATES_OF_TWO_ORDERS),
        (["11/19/2011", "19/11/2011", "03/04/2015"], Reason.DATES_OF_TWO_ORDERS),
        (["2015-04-03", "2011-03-07", "19/11/2011", "30/04/2015"], Reason.DATES_OF_TWO_ORDERS),
    ],
)
def test_a_column_that_does_not_show_its_order_refuses_the_file(
    texts: list[str], reason: Reason
) -> None:
    found = verdict(texts)
    assert isinstance(found, FileFault)
    assert (found.reason, found.column) == (reason, "dob")
    assert "99/99/99" in found.shapes[0]
    assert "--dates" in reason.remedy


@pytest.mark.parametrize(
    "texts",
    [
        ["19/11/2011"],
        ["19/11/2011", "03/04/2015"],
        ["31/12/15", "03/04/15"],
        ["05/05/2015"],
        ["2015-04-03", "20150403", "3 April 2015"],
        ["19/11/2011", "99/99/2011", "unknown"],
        ["2015-04-03", "2011-03-27", "19/11/2011"],
        [],
    ],
)
def test_a_column_that_shows_its_order_is_read(texts: list[str]) -> None:
    assert verdict(texts) == Dates(Order.DAY_FIRST, OF_BIRTH)


def test_what_is_stated_holds_unless_the_column_shows_another_order() -> None:
    assert verdict(["03/04/2015"], Order.MONTH_FIRST) == Dates(Order.MONTH_FIRST, OF_BIRTH)
    both = verdict(["19/11/2011", "11/19/2011"], Order.DAY_FIRST)
    assert both == Dates(Order.DAY_FIRST, OF_BIRTH)
    found = verdict(["11/19/2011", "03/04/2015"], Order.DAY_FIRST)
    assert isinstance(found, FileFault)
    assert found.reason is Reason.DATES_CONTRADICT_ORDER


FORMS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y", "%m/%d/%y", "%y-%m-%d", "%Y-%m-%d", "%Y%m%d",
    "%d%m%Y", "%d-%b-%Y", "%d %B %Y", "%d/%m/%Y 00:00:00", "%Y-%m-%dT00:00:00Z", "%b %d, %Y",
)  # fmt: skip
days = st.dates(AS_OF - timedelta(days=25 * 365), AS_OF)


@given(st.lists(days, min_size=1, max_size=40), st.sampled_from(FORMS))
def test_a_column_of_one_form_is_read_exactly_or_refused(column: list[date], form: str) -> None:
    texts = [day.strftime(form) for day in column]
    found = verdict(texts)
    if isinstance(found, FileFault):
        assert "%b" not in form
        assert "%B" not in form
        assert form != "%Y%m%d"
        return
    assert [found.read(text) for text in texts] == column


@given(st.lists(st.tuples(days, st.sampled_from(FORMS)), max_size=30))
def test_a_column_of_mixed_forms_is_never_read_in_two_orders(
    column: list[tuple[date, str]],
) -> None:
    texts = [day.strftime(form) for day, form in column]
    found = verdict(texts)
    if isinstance(found, Dates):
        for (day, form), text in zip(column, texts, strict=True):
            if not form.startswith(("%m", "%y")):
                assert found.read(text) == day


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_none(text: str) -> None:
    assert len(set(meanings(text, OF_BIRTH).values())) <= 3
