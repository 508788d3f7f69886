"""How long records are good, and the holidays in which a school's records grow no older."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.feed_age import (
    FOUNDING_AGES,
    TERM_TIME_KINDS,
    Holiday,
    are_a_calendar,
    feed_life,
)

DAY = limits.DAY
FIRST = date(2027, 1, 1)
EASTER = Holiday(date(2027, 3, 26), date(2027, 4, 9))
SUMMER = Holiday(date(2027, 7, 22), date(2027, 8, 31))
AUTUMN = Holiday(date(2027, 10, 25), date(2027, 10, 29))
YEAR = (EASTER, SUMMER, AUTUMN)


def at(day: date, hours: int = 0) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + 3600 * hours


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Holiday, ...]:
    found, day = [], FIRST
    for _ in range(draw(st.integers(0, 6))):
        day += timedelta(limits.TERM_DAYS + draw(st.integers(0, 60)))
        last = day + timedelta(draw(st.integers(0, limits.HOLIDAY_DAYS - 1)))
        found.append(Holiday(day, last))
        day = last + timedelta(1)
    return tuple(found)


MOMENTS = st.integers(at(FIRST) - 100 * DAY, at(FIRST) + 900 * DAY)
AGES = st.integers(1, 100).map(lambda days: days * DAY)


@st.composite
def around(draw: st.DrawFn) -> tuple[tuple[Holiday, ...], int, int]:
    """Holidays, and two moments around the beginning or the end of one: chance seldom meets it."""
    holidays = draw(calendars().filter(bool))
    edges = [edge for each in holidays for edge in (each.begins, each.ends)]
    at_edge = st.builds(int.__add__, st.sampled_from(edges), st.integers(-20, 5).map(DAY.__mul__))
    return holidays, draw(at_edge), draw(at_edge | MOMENTS)


@given(calendars())
def test_every_calendar_of_these_tests_is_one(holidays: tuple[Holiday, ...]) -> None:
    assert are_a_calendar(holidays)


@example(((EASTER,), at(date(2027, 3, 24)), at(date(2027, 3, 27))), 14 * DAY)
@given(around(), AGES)
def test_older_records_are_never_good_for_longer(
    drawn: tuple[tuple[Holiday, ...], int, int], age: int
) -> None:
    holidays, one, two = drawn
    older, younger = (feed_life(each, age, holidays) for each in sorted((one, two)))
    assert older.ends_at <= younger.ends_at
    assert older.ageing_at <= younger.ageing_at


@given(MOMENTS, MOMENTS, MOMENTS, AGES, calendars())
def test_what_was_too_old_once_stays_so(
    as_of: int, now: int, later: int, age: int, holidays: tuple[Holiday, ...]
) -> None:
    life, (now, later) = feed_life(as_of, age, holidays), sorted((now, later))
    assert life.is_over(later) or not life.is_over(now)
    assert life.is_ageing(later) or not life.is_ageing(now)
    assert life.is_ageing(now) or not life.is_over(now)


@given(MOMENTS, AGES, calendars())
def test_holidays_only_extend(as_of: int, age: int, holidays: tuple[Holiday, ...]) -> None:
    plain, extended = feed_life(as_of, age, ()), feed_life(as_of, age, holidays)
    assert plain.ends_at == as_of + age <= extended.ends_at
    assert plain.ageing_at == as_of + age // 2 <= extended.ageing_at


@given(MOMENTS, AGES, calendars())
def test_a_warning_comes_half_of_the_age_ahead(
    as_of: int, age: int, holidays: tuple[Holiday, ...]
) -> None:
    life = feed_life(as_of, age, holidays)
    assert life.ends_at - life.ageing_at >= age // 2


@given(MOMENTS, AGES, calendars())
def test_no_more_days_of_term_count_than_the_age_has(
    as_of: int, age: int, holidays: tuple[Holiday, ...]
) -> None:
    """Counted second by second of the days: what is good is younger in term time, or by the
    calendar."""
    ends_at = feed_life(as_of, age, holidays).ends_at
    in_holidays = sum(
        max(0, min(each.ends, ends_at) - max(each.begins, as_of)) for each in holidays
    )
    assert ends_at - as_of - in_holidays <= age or ends_at == as_of + age


@given(around(), AGES)
def test_no_extension_outlasts_the_change_of_the_school_year(
    drawn: tuple[tuple[Holiday, ...], int, int], age: int
) -> None:
    holidays, as_of, _ = drawn
    ends_at = feed_life(as_of, age, holidays).ends_at
    changes = [each.ends for each in holidays if each.days > limits.LONG_HOLIDAY_DAYS]
    after = next((each for each in changes if each > as_of), None)
    assert after is None or ends_at <= max(after, as_of + age)


@pytest.mark.parametrize(
    ("as_of", "good_until"),
    [
        pytest.param(at(date(2027, 2, 1)), at(date(2027, 2, 15)), id="in term"),
        pytest.param(at(date(2027, 3, 12)), EASTER.ends, id="used up as the holidays begin"),
        pytest.param(at(date(2027, 3, 11)), at(date(2027, 3, 25)), id="used up the day before"),
        pytest.param(at(date(2027, 3, 22)), EASTER.ends + 10 * DAY, id="four days before Easter"),
        pytest.param(at(date(2027, 4, 1)), EASTER.ends + 14 * DAY, id="within Easter"),
        pytest.param(at(date(2027, 7, 21)), SUMMER.ends, id="the last day of a school year"),
        pytest.param(at(date(2027, 8, 10)), SUMMER.ends, id="early in the summer"),
        pytest.param(at(date(2027, 8, 30)), at(date(2027, 9, 13)), id="late in the summer"),
        pytest.param(at(date(2027, 10, 20)), at(date(2027, 11, 8)), id="across a week in autumn"),
        pytest.param(at(date(2028, 1, 3)), at(date(2028, 1, 17)), id="after all holidays listed"),
    ],
)
def test_a_fortnight_of_a_school(as_of: int, good_until: int) -> None:
    life = feed_life(as_of, 14 * DAY, YEAR)
    assert life.ends_at == good_until
    assert not life.is_over(good_until)
    assert life.is_over(good_until + 0.5)
    assert at(life.last_day) + DAY == good_until


def test_who_keeps_records_of_the_last_school_year_is_warned_in_the_holidays() -> None:
    life = feed_life(at(date(2027, 7, 21)), 14 * DAY, YEAR)
    assert life.ageing_at == SUMMER.ends - 7 * DAY


@pytest.mark.parametrize(
    ("holidays", "sound"),
    [
        ((), True),
        (YEAR, True),
        ((SUMMER, EASTER), False),
        ((SUMMER, SUMMER), False),
        ((Holiday(date(2027, 8, 31), date(2027, 7, 22)),), False),
        ((Holiday(date(2027, 7, 22), date(2028, 8, 31)),), False),
        ((Holiday(FIRST, FIRST + timedelta(limits.HOLIDAY_DAYS - 1)),), True),
        ((Holiday(FIRST, FIRST + timedelta(limits.HOLIDAY_DAYS)),), False),
        ((Holiday(FIRST, FIRST), Holiday(FIRST + timedelta(8), FIRST + timedelta(8))), True),
        ((Holiday(FIRST, FIRST), Holiday(FIRST + timedelta(7), FIRST + timedelta(8))), False),
    ],
)
def test_a_calendar_is_in_order_and_has_terms(holidays: Sequence[Holiday], sound: bool) -> None:
    assert are_a_calendar(holidays) is sound


def test_a_federation_begins_with_an_age_for_every_kind() -> None:
    assert [age.kind for age in FOUNDING_AGES] == list(AgencyKind)
    days = {age.kind: age.days for age in FOUNDING_AGES}
    for kind in (AgencyKind.LOCAL_AUTHORITY, AgencyKind.NHS_TRUST, AgencyKind.POLICE):
        assert days[kind] == 7
    assert days[AgencyKind.SCHOOL] == days[AgencyKind.GP_PRACTICE] == 14
    assert days[AgencyKind.VCS] == 60
    assert {age.kind for age in FOUNDING_AGES if age.term_time} < TERM_TIME_KINDS
