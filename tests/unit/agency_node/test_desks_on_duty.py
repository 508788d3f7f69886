"""Whom to ring at an agency at a given moment: every rung, every kind of day, and the clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.desks.calendar import (
    EVERY_DAY,
    BankHolidays,
    Calendar,
    Terms,
    terms_between,
    terms_of,
    warning,
)
from agency_node.desks.duty import (
    EDUCATION_DESK,
    AgencyDesks,
    OnDuty,
    Why,
    as_of_now,
    has_left,
    on_duty,
)
from agency_node.desks.service import NOTHING_KNOWN, Desks, agency_desks, warnings
from agency_node.records.records import Involvement
from fakes.node_records import an_involvement
from fakes.node_world import COUNCIL, HERE, POLICE, SCHOOL, a_federation
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol.codes import CoarseKind, DeskKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.feed_age import Holiday

LONDON = ZoneInfo("Europe/London")
OFFICE = (OpeningHours(31, 540, 1020),)
TERM_OFFICE = (OpeningHours(31, 540, 1020, term_time=True),)
LATE = (OpeningHours(127, 480, 1200),)
ALWAYS = (OpeningHours(127, 0, 1440),)
NIGHTS = (OpeningHours(127, 1020, 540),)
HERS, TEAM, DUTY, NIGHT = "01632 960001", "01632 960002", "01632 960003", "01632 960004"
LISTED, EDUCATION = "01632 960005", "01632 960006"
TERMS = terms_of([(date(2026, 9, 2), date(2026, 10, 23)), (date(2026, 11, 2), date(2026, 12, 18))])
IN_TERMS = Calendar(terms=TERMS, in_terms=True)


def at(day: str, clock: str = "12:00", fold: int = 0) -> float:
    """A moment by the wall clock of England."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=LONDON, fold=fold).timestamp()


def full(**changes: object) -> Involvement:
    """A row that names every desk: the practitioner's, her team's, the duty desk, the night's."""
    made: dict[str, object] = {
        "worker_phone": HERS,
        "worker_hours": (OpeningHours(3, 540, 1020),),
        "desk_phone": TEAM,
        "desk": DeskKind.TEAM,
        "hours": OFFICE,
        "duty_phone": DUTY,
        "duty_hours": LATE,
        "ooh_phone": NIGHT,
    }
    return an_involvement(**(made | changes))  # type: ignore[arg-type]  # fields by name


AGENCY = AgencyDesks(EVERY_DAY, LISTED)

TUESDAY, THURSDAY, SATURDAY, SUNDAY = "2026-11-24", "2026-11-26", "2026-11-28", "2026-11-29"
GOOD_FRIDAY, EASTER_MONDAY = "2026-04-03", "2026-04-06"


@pytest.mark.parametrize(
    ("day", "clock", "number", "kind", "until", "why"),
    [
        (TUESDAY, "12:00", HERS, DeskKind.WORKER, (TUESDAY, "17:00"), Why.STAFFED),
        (TUESDAY, "09:00", HERS, DeskKind.WORKER, (TUESDAY, "17:00"), Why.STAFFED),
        (TUESDAY, "08:59", DUTY, DeskKind.DUTY, (TUESDAY, "20:00"), Why.STAFFED),
        (TUESDAY, "17:00", DUTY, DeskKind.DUTY, (TUESDAY, "20:00"), Why.STAFFED),
        (THURSDAY, "12:00", TEAM, DeskKind.TEAM, (THURSDAY, "17:00"), Why.STAFFED),
        (SATURDAY, "12:00", DUTY, DeskKind.DUTY, (SATURDAY, "20:00"), Why.STAFFED),
        (TUESDAY, "02:00", NIGHT, DeskKind.OUT_OF_HOURS, (TUESDAY, "08:00"), Why.OUT_OF_HOURS),
        (TUESDAY, "20:00", NIGHT, DeskKind.OUT_OF_HOURS, ("2026-11-25", "08:00"), Why.OUT_OF_HOURS),
        (SUNDAY, "02:00", NIGHT, DeskKind.OUT_OF_HOURS, (SUNDAY, "08:00"), Why.OUT_OF_HOURS),
        (EASTER_MONDAY, "12:00", DUTY, DeskKind.DUTY, (EASTER_MONDAY, "20:00"), Why.STAFFED),
    ],
)
def test_the_order_of_the_desks(
    day: str, clock: str, number: str, kind: DeskKind, until: tuple[str, str], why: Why
) -> None:
    found = on_duty(full(), AGENCY, at(day, clock))
    assert found.desk is not None
    assert (found.desk.phone, found.desk.kind, found.until, found.why) == (
        number,
        kind,
        at(*until),
        why,
    )


def test_a_bank_holiday_has_the_hours_of_a_sunday_unless_the_agency_says_otherwise() -> None:
    row = full(worker_phone="", duty_phone="")
    for day in (GOOD_FRIDAY, EASTER_MONDAY, "2026-12-25", "2026-12-28"):
        found = on_duty(row, AGENCY, at(day))
        assert found.why is Why.OUT_OF_HOURS, day
    assert on_duty(row, AGENCY, at(GOOD_FRIDAY)).until == at("2026-04-07", "09:00")
    usual = replace(AGENCY, calendar=Calendar(BankHolidays.AS_USUAL))
    assert on_duty(row, usual, at(GOOD_FRIDAY)).why is Why.STAFFED


def test_a_closed_day_is_closed_for_all_desks_and_the_night_before_ends_in_its_morning() -> None:
    shut = replace(AGENCY, calendar=Calendar(closed=frozenset({date(2026, 11, 24)})))
    assert on_duty(full(), shut, at(TUESDAY)).why is Why.OUT_OF_HOURS
    nights = full(desk_phone=NIGHT, hours=NIGHTS, desk=DeskKind.OUT_OF_HOURS, ooh_phone="")
    assert on_duty(nights, shut, at(TUESDAY, "08:00")).until == at(TUESDAY, "09:00")


def test_a_desk_that_is_always_staffed_has_no_end() -> None:
    found = on_duty(
        full(desk_phone=TEAM, hours=ALWAYS, worker_phone=""), AGENCY, at(SUNDAY, "02:00")
    )
    assert (found.until, found.why) == (0, Why.STAFFED)


def test_a_desk_that_closes_when_it_opens_is_staffed_for_a_day() -> None:
    row = full(desk_phone=TEAM, hours=(OpeningHours(2, 540, 540),), worker_phone="", duty_phone="")
    for day, clock in ((TUESDAY, "09:00"), ("2026-11-25", "08:59")):
        found = on_duty(row, AgencyDesks(), at(day, clock))
        assert (found.why, found.until) == (Why.STAFFED, at("2026-11-25", "09:00"))


# ---- hours that are not known --------------------------------------------------------------------


def test_where_hours_are_not_stated_the_order_holds_in_usual_office_hours_alone() -> None:
    row = full(hours=(), worker_hours=(), duty_hours=())
    by_day = on_duty(row, AGENCY, at(TUESDAY))
    assert by_day.desk is not None
    assert (by_day.desk.phone, by_day.until, by_day.why) == (HERS, 0, Why.USUAL_HOURS)
    for day, clock in ((TUESDAY, "07:59"), (TUESDAY, "18:00"), (SUNDAY, "12:00")):
        night = on_duty(row, AGENCY, at(day, clock))
        assert night.desk is not None
        assert (night.desk.phone, night.until, night.why) == (NIGHT, 0, Why.OUT_OF_HOURS)
    assert on_duty(row, AGENCY, at(EASTER_MONDAY)).why is Why.OUT_OF_HOURS


def test_usual_office_hours_are_eight_to_six_from_monday_to_friday() -> None:
    row = full(hours=(), worker_hours=(), duty_hours=())
    for day in ("2026-11-23", "2026-11-27"):
        for clock in ("08:00", "17:59"):
            assert on_duty(row, AGENCY, at(day, clock)).why is Why.USUAL_HOURS
        for clock in ("07:59", "18:00"):
            assert on_duty(row, AGENCY, at(day, clock)).why is Why.OUT_OF_HOURS
    assert on_duty(row, AGENCY, at(SATURDAY)).why is Why.OUT_OF_HOURS


def test_the_duty_desk_of_the_member_list_is_rung_before_a_desk_that_is_closed() -> None:
    row = full(worker_phone="", duty_phone="", ooh_phone="")
    evening = on_duty(row, AGENCY, at(TUESDAY, "17:30"))
    night = on_duty(row, AGENCY, at(TUESDAY, "02:00"))
    for found, why in ((evening, Why.USUAL_HOURS), (night, Why.LAST_RESORT)):
        assert found.desk is not None
        assert (found.desk.phone, found.desk.kind, found.why) == (LISTED, DeskKind.DUTY, why)
        assert found.until == 0


def test_a_pointer_is_never_lost() -> None:
    alone = full(worker_phone="", duty_phone="", ooh_phone="")
    closed = as_of_now(alone, AgencyDesks(), at(TUESDAY, "02:00"))
    assert (closed.desk_phone, closed.hours, closed.desk) == (TEAM, OFFICE, DeskKind.TEAM)
    nobody = full(worker_phone="", duty_phone="", ooh_phone="", desk_phone="")
    assert on_duty(nobody, AgencyDesks(), at(TUESDAY)) == OnDuty(None, 0, Why.NO_DESK)
    assert as_of_now(nobody, AgencyDesks(), at(TUESDAY)).desk_email == nobody.desk_email


def test_a_desk_has_not_ended_on_the_evening_of_its_last_day() -> None:
    tonight = int(at("2026-11-25", "00:00"))
    row = full(ooh_phone="", worker_phone="", duty_phone="", staffed_until=tonight)
    found = on_duty(row, AgencyDesks(), at(TUESDAY, "20:00"))
    assert (found.why, found.until) == (Why.CLOSED, 0)


def test_of_desks_that_are_closed_the_first_is_rung_later_and_one_that_ended_last() -> None:
    """With no desk out of hours; a last day that is still ahead is not the end."""
    ahead, over = int(at("2027-03-01", "00:00")), int(at("2026-11-24", "00:00"))
    row = full(ooh_phone="", staffed_until=ahead)
    first = on_duty(row, AgencyDesks(), at(SUNDAY, "02:00"))
    assert first.desk is not None
    assert (first.desk.phone, first.why, first.until) == (HERS, Why.CLOSED, 0)
    alone = full(ooh_phone="", worker_phone="", duty_phone="", staffed_until=ahead)
    assert on_duty(alone, AgencyDesks(), at(SUNDAY, "02:00")).until == 0
    ended = full(ooh_phone="", worker_phone="", staffed_until=over)
    later = on_duty(ended, AgencyDesks(), at(SUNDAY, "02:00"))
    assert later.desk is not None
    assert (later.desk.phone, later.why, later.until) == (DUTY, Why.CLOSED, 0)


def test_hours_of_a_desk_at_night_are_not_those_of_the_practitioner() -> None:
    hers = full(worker_hours=(), duty_phone="", ooh_phone="")
    by_team = on_duty(hers, AgencyDesks(), at(THURSDAY))
    assert by_team.desk is not None
    assert (by_team.desk.phone, by_team.why) == (HERS, Why.STAFFED)
    night = full(
        worker_hours=(),
        desk=DeskKind.OUT_OF_HOURS,
        desk_phone=NIGHT,
        hours=NIGHTS,
        duty_phone="",
        ooh_phone="",
    )
    by_day = on_duty(night, AgencyDesks(), at(THURSDAY))
    assert by_day.desk is not None
    assert (by_day.desk.phone, by_day.why) == (HERS, Why.USUAL_HOURS)
    at_two = as_of_now(night, AgencyDesks(), at(THURSDAY, "02:00"))
    assert (at_two.ooh_phone, at_two.desk) == (NIGHT, DeskKind.OUT_OF_HOURS)


def test_the_next_opening_is_looked_for_on_the_days_that_are_shown_and_one_more() -> None:
    """A desk of one day of the week, which is closed on the next of them."""
    for days, shut, opens in (
        (1, date(2026, 11, 30), at("2026-12-07", "09:00")),
        (2, date(2026, 12, 1), 0),
    ):
        row = full(worker_phone="", duty_phone="", hours=(OpeningHours(days, 540, 1020),))
        agency = AgencyDesks(Calendar(closed=frozenset({shut})))
        found = on_duty(row, agency, at(SUNDAY))
        assert (found.why, found.until) == (Why.OUT_OF_HOURS, opens)


def test_an_end_beyond_what_is_shown_is_none() -> None:
    row = full(desk_phone=TEAM, hours=ALWAYS, worker_phone="")
    for day, end in ((date(2026, 12, 2), 0), (date(2026, 12, 1), at("2026-12-01", "00:00"))):
        shut = AgencyDesks(Calendar(closed=frozenset({day})))
        assert on_duty(row, shut, at(TUESDAY)).until == end


# ---- who has left --------------------------------------------------------------------------------


@pytest.mark.parametrize("desk", [None, DeskKind.WORKER, DeskKind.TEAM, DeskKind.DUTY])
def test_who_has_left_is_not_shown_by_name_or_number(desk: DeskKind | None) -> None:
    last = date(2026, 11, 23)
    row = full(desk=desk, worker_until=last)
    on_her_last_day = as_of_now(row, AGENCY, at("2026-11-23", "23:59"))
    assert on_her_last_day.worker_name == "Robin Ferris"
    for clock in ("00:00", "02:00", "12:00", "18:00"):
        left = as_of_now(row, AGENCY, at(TUESDAY, clock))
        shown = repr([getattr(left, name) for name in left.__struct_fields__])
        assert "Robin Ferris" not in shown
        assert left.worker_role == ""
        assert HERS not in shown
        if desk in (None, DeskKind.WORKER):
            assert TEAM not in shown
            assert "desk@example.org" not in shown
    by_day = as_of_now(row, AGENCY, at(TUESDAY)).desk_phone
    assert by_day == (DUTY if desk in (None, DeskKind.WORKER) else TEAM)


@pytest.mark.parametrize(
    ("desk", "left", "shown"),
    [
        (DeskKind.WORKER, False, True),
        (DeskKind.WORKER, True, False),
        (None, True, False),
        (DeskKind.TEAM, True, True),
    ],
)
def test_the_address_of_a_desk_goes_with_who_alone_reads_it(
    desk: DeskKind | None, left: bool, shown: bool
) -> None:
    row = full(desk=desk, worker_until=date(2026, 11, 23) if left else None)
    assert bool(as_of_now(row, AGENCY, at(TUESDAY)).desk_email) is shown


def test_who_has_not_begun_is_not_shown_yet() -> None:
    row = full(worker_from=date(2026, 11, 25))
    assert as_of_now(row, AGENCY, at(TUESDAY)).worker_name == ""
    assert as_of_now(row, AGENCY, at("2026-11-25")).worker_name == "Robin Ferris"
    assert not has_left(full(), date(2026, 11, 24), clock=False)


def test_the_last_day_of_a_desk_is_its_last() -> None:
    row = full(worker_phone="", duty_phone="", staffed_until=int(at("2026-11-24", "00:00")))
    assert on_duty(row, AGENCY, at("2026-11-23")).why is Why.STAFFED
    after = on_duty(row, AGENCY, at(TUESDAY))
    assert after.desk is not None
    assert (after.desk.phone, after.why) == (LISTED, Why.USUAL_HOURS)
    alone = on_duty(row, AgencyDesks(), at(TUESDAY))
    assert alone.why is Why.OUT_OF_HOURS
    only = as_of_now(
        full(
            **{
                **dict.fromkeys(("worker_phone", "duty_phone", "ooh_phone"), ""),
                "staffed_until": int(at("2026-11-24", "00:00")),
            }
        ),
        AgencyDesks(),
        at(THURSDAY),
    )
    assert (only.desk_phone, only.staffed_until) == (TEAM, at(TUESDAY, "00:00"))


# ---- the clock of the node -----------------------------------------------------------------------


def test_a_clock_that_is_not_verified_names_the_duty_desk_and_nobody_who_may_have_left() -> None:
    unsure = replace(AGENCY, clock=False)
    found = as_of_now(full(worker_until=date(2030, 1, 1)), unsure, at(TUESDAY))
    assert (found.desk_phone, found.desk, found.hours) == (DUTY, DeskKind.DUTY, ())
    assert (found.worker_name, found.staffed_until, found.ooh_phone) == ("", 0, NIGHT)
    by_clock = on_duty(full(), unsure, at(TUESDAY))
    assert (by_clock.why, by_clock.until) == (Why.CLOCK, 0)
    listed = on_duty(full(duty_phone=""), unsure, at(TUESDAY))
    assert listed.desk is not None
    assert listed.desk.phone == LISTED
    alone = full(duty_phone="", worker_phone="")
    assert as_of_now(alone, replace(unsure, duty_desk=""), at(TUESDAY)).desk_phone == TEAM


# ---- terms of schools ----------------------------------------------------------------------------


def test_a_school_is_rung_in_term_and_its_councils_education_desk_in_the_holidays() -> None:
    school = AgencyDesks(IN_TERMS, LISTED, EDUCATION)
    row = full(worker_phone="", duty_phone="", ooh_phone="")
    in_term = as_of_now(row, school, at("2026-10-23"))
    assert (in_term.desk_phone, in_term.worker_name) == (TEAM, "Robin Ferris")
    for day in ("2026-10-26", "2026-10-30"):
        found = as_of_now(row, school, at(day))
        assert (found.desk_phone, found.desk) == (EDUCATION, DeskKind.DUTY)
        assert (found.worker_name, found.worker_role) == ("", EDUCATION_DESK)
    without = as_of_now(row, replace(school, education_desk=""), at("2026-10-26"))
    assert (without.desk_phone, without.worker_role) == (LISTED, "Safeguarding lead")
    assert as_of_now(row, school, at("2026-11-02")).desk_phone == TEAM


def test_term_dates_that_have_run_out_name_the_duty_desk_and_lose_nothing() -> None:
    school = AgencyDesks(IN_TERMS, LISTED, EDUCATION)
    row = full(worker_phone="", duty_phone="", ooh_phone="")
    found = on_duty(row, school, at("2027-01-12"))
    assert found.desk is not None
    assert (found.desk.phone, found.why) == (LISTED, Why.TERMS)
    assert as_of_now(row, replace(school, duty_desk=""), at("2027-01-12")).desk_phone == TEAM
    flagged = full(hours=TERM_OFFICE, worker_phone="", duty_phone="", ooh_phone="")
    assert on_duty(flagged, AGENCY, at(TUESDAY)).why is Why.TERMS, "no terms are stated at all"
    known = replace(AGENCY, calendar=Calendar(terms=TERMS))
    assert on_duty(flagged, known, at(TUESDAY)).why is Why.STAFFED


def test_hours_leave_only_where_they_hold_as_long_as_an_outcome_is_shown() -> None:
    school = AgencyDesks(IN_TERMS, LISTED)
    row = full(worker_phone="", duty_phone="", ooh_phone="")
    early = as_of_now(row, school, at("2026-12-10"))
    last_week = as_of_now(row, school, at("2026-12-14"))
    assert (early.hours, last_week.hours) == (OFFICE, ())
    assert last_week.staffed_until == at("2026-12-14", "17:00")


def test_an_outcome_is_shown_on_eight_days() -> None:
    """The last day of term is the last of eight, and then one too early."""
    school = AgencyDesks(IN_TERMS, LISTED)
    row = full(worker_phone="", duty_phone="", ooh_phone="")
    assert as_of_now(row, school, at("2026-12-11")).hours == OFFICE
    assert as_of_now(row, school, at("2026-12-12")).hours == ()


# ---- the change of clocks ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 15), ("2026-10-24", 17), ("2026-11-28", 16)]
)
def test_a_night_is_an_hour_shorter_in_march_and_longer_in_october(day: str, hours: int) -> None:
    row = full(
        desk_phone=NIGHT,
        hours=NIGHTS,
        desk=DeskKind.OUT_OF_HOURS,
        ooh_phone="",
        worker_phone="",
        duty_phone="",
    )
    found = on_duty(row, AgencyDesks(), at(day, "17:00"))
    assert found.until - at(day, "17:00") == hours * 3600
    assert datetime.fromtimestamp(found.until, LONDON).hour == 9


def test_both_of_the_hours_that_come_twice_are_of_the_night() -> None:
    row = full(hours=(OpeningHours(127, 120, 1020),), worker_phone="", duty_phone="")
    for fold in (0, 1):
        found = on_duty(row, AgencyDesks(), at("2026-10-25", "01:30", fold))
        assert found.why is Why.OUT_OF_HOURS
        assert found.until == at("2026-10-25", "02:00")
    march = on_duty(row, AgencyDesks(), at("2026-03-29", "02:00"))
    assert march.until == at("2026-03-29", "17:00")


# ---- calendars -----------------------------------------------------------------------------------


def test_terms_are_in_order_or_refused() -> None:
    assert TERMS.has(date(2026, 9, 1)) is None
    assert TERMS.has(date(2026, 9, 2)) is True
    assert TERMS.has(date(2026, 10, 24)) is False
    assert TERMS.has(date(2026, 11, 1)) is False
    assert TERMS.has(date(2026, 12, 18)) is True
    assert TERMS.has(date(2026, 12, 19)) is None
    one, two = (date(2026, 9, 2), date(2026, 10, 23)), (date(2026, 10, 23), date(2026, 12, 18))
    for terms in ([], [one, two], [two, one], [one[::-1]]):
        with pytest.raises(Defect, match="in order"):
            terms_of(terms)
    assert terms_of([one, (date(2026, 10, 24), date(2026, 12, 18))]).holidays == ()


def test_signed_holidays_say_the_terms_around_them() -> None:
    assert terms_between(()) is None
    terms = terms_between([Holiday(date(2026, 10, 26), date(2026, 10, 30))])
    assert terms is not None
    assert (terms.first, terms.last) == (date(2026, 8, 27), date(2026, 12, 29))
    assert [terms.has(date(2026, 10, day)) for day in (25, 26, 30, 31)] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-11-20", ""),
        ("2026-11-21", "end on"),
        ("2026-12-18", "end on"),
        ("2026-12-19", "ended"),
    ],
)
def test_an_operator_is_told_before_term_dates_run_out(today: str, said: str) -> None:
    found = warning(IN_TERMS, date.fromisoformat(today))
    assert said in found
    assert bool(found) is bool(said)
    assert warning(EVERY_DAY, date.fromisoformat(today)) == ""


# ---- what is known of the agencies of a node -----------------------------------------------------


def a_list(**council: object) -> Federation:
    """With school holidays, and a council whose duty desk is its education desk."""
    found = a_federation()
    here = found.areas[HERE]
    agencies = tuple(
        replace(each, **council) if each.id == COUNCIL else replace(each, duty_desk=LISTED)  # type: ignore[arg-type]  # fields by name
        for each in here.agencies
    )
    holidays = (Holiday(date(2026, 10, 26), date(2026, 10, 30)),)
    area = replace(here, agencies=agencies, school_holidays=holidays)
    return replace(found, version=found.version + 1, areas={**found.areas, HERE: area})


def test_what_the_member_list_and_the_settings_say_of_an_agency() -> None:
    education = (CoarseKind.EDUCATION_WELFARE,)
    listed = a_list(services=education, duty_desk=EDUCATION)
    found = agency_desks({SCHOOL: EVERY_DAY, COUNCIL: EVERY_DAY}, listed, clock=True)
    assert found.keys() == {SCHOOL, COUNCIL}
    assert (found[SCHOOL].education_desk, found[COUNCIL].education_desk) == (EDUCATION, "")
    assert (found[SCHOOL].calendar.in_terms, found[COUNCIL].calendar.in_terms) == (True, False)
    assert found[SCHOOL].duty_desk == LISTED
    own = agency_desks({SCHOOL: Calendar(terms=TERMS)}, listed, clock=True)
    assert own[SCHOOL].calendar.terms == TERMS
    boarding = agency_desks({SCHOOL: Calendar(open_in_holidays=True)}, listed, clock=True)
    assert not boarding[SCHOOL].calendar.in_terms
    bare = agency_desks({SCHOOL: EVERY_DAY}, a_federation(), clock=True)
    assert (bare[SCHOOL].calendar, bare[SCHOOL].education_desk) == (EVERY_DAY, "")
    front_door = agency_desks({SCHOOL: EVERY_DAY}, a_list(duty_desk=EDUCATION), clock=True)
    assert front_door[SCHOOL].education_desk == "", "a council without an education desk"


def test_a_number_that_no_pointer_can_carry_is_left_out() -> None:
    listed = a_list(duty_desk="ring the switchboard", services=(CoarseKind.EDUCATION_WELFARE,))
    found = agency_desks({SCHOOL: EVERY_DAY, COUNCIL: EVERY_DAY}, listed, clock=True)
    assert (found[COUNCIL].duty_desk, found[SCHOOL].education_desk) == ("", "")


def test_an_operator_is_told_of_each_agency_whose_calendar_runs_out() -> None:
    states = {SCHOOL: Calendar(terms=TERMS), COUNCIL: EVERY_DAY}
    known = agency_desks(states, a_federation(), clock=True)
    assert list(warnings(known, date(2026, 9, 30))) == []
    (said,) = warnings(known, date(2026, 12, 1))
    assert said.startswith(f"{SCHOOL}: the term dates end on 2026-12-18.")
    bare = agency_desks(dict.fromkeys(states, EVERY_DAY), a_federation(), clock=True)
    (said,) = warnings(bare, date(2026, 12, 1))
    assert said.startswith(f"{SCHOOL}: no term dates are stated")
    boarding = {SCHOOL: Calendar(open_in_holidays=True)}
    assert not list(warnings(agency_desks(boarding, a_federation(), clock=True), date(2026, 12, 1)))


def test_desks_follow_the_member_list_and_the_clock() -> None:
    desks = Desks({SCHOOL: EVERY_DAY})
    assert desks.of(SCHOOL) == NOTHING_KNOWN
    desks.prepare(a_federation(), clock=True)
    assert (desks.of(SCHOOL).duty_desk, desks.of(SCHOOL).clock) == ("", True)
    desks.prepare(a_federation(), clock=False)
    assert not desks.of(SCHOOL).clock
    desks.prepare(a_list(), clock=True)
    assert desks.of(SCHOOL).duty_desk == LISTED
    assert desks.of(POLICE) == NOTHING_KNOWN


# ---- over all moments ----------------------------------------------------------------------------

moments = st.integers(int(at("2026-01-01")), int(at("2027-06-01")))
hours = st.sampled_from([(), OFFICE, TERM_OFFICE, LATE, ALWAYS, NIGHTS])
numbers = st.booleans()
rows = st.builds(
    lambda desk, row_hours, hers, duty, night, left: full(
        desk=desk,
        hours=row_hours,
        worker_phone=HERS if hers else "",
        duty_phone=DUTY if duty else "",
        ooh_phone=NIGHT if night else "",
        worker_until=left,
    ),
    st.none() | st.sampled_from(DeskKind),
    hours,
    numbers,
    numbers,
    numbers,
    st.none() | st.dates(date(2026, 1, 1), date(2027, 6, 1)),
)
agencies = st.builds(
    AgencyDesks,
    st.sampled_from([EVERY_DAY, IN_TERMS, Calendar(terms=TERMS)]),
    st.sampled_from(["", LISTED]),
    st.sampled_from(["", EDUCATION]),
    st.booleans(),
)


@given(rows, agencies, moments)
def test_at_every_moment_a_number_is_named_and_nobody_who_has_left(
    row: Involvement, agency: AgencyDesks, now: int
) -> None:
    found = as_of_now(row, agency, now)
    today = datetime.fromtimestamp(now, LONDON).date()
    gone = row.worker_until is not None and (row.worker_until < today or not agency.clock)
    others = row.duty_phone or row.ooh_phone or agency.duty_desk
    hers = row.desk in (None, DeskKind.WORKER)
    assert found.desk_phone or found.ooh_phone or (gone and hers and not others)
    if gone:
        assert found.worker_name == ""
        assert HERS not in (found.desk_phone, found.ooh_phone)
        assert not (hers and TEAM in (found.desk_phone, found.ooh_phone))
    assert found.staffed_until == 0 or found.staffed_until > now
    if found.desk is DeskKind.OUT_OF_HOURS:
        assert found.ooh_phone
    assert (found.worker_phone, found.duty_phone) == ("", "")


def test_a_day_is_in_term_by_the_days_that_are_known() -> None:
    terms = Terms(date(2026, 9, 1), date(2026, 9, 2), ())
    assert [terms.has(date(2026, 8, 31)), terms.has(date(2026, 9, 1))] == [None, True]


def test_a_day_in_one_of_several_holidays_is_not_in_term() -> None:
    terms = terms_of(
        [
            (date(2026, 9, 2), date(2026, 10, 23)),
            (date(2026, 11, 2), date(2026, 12, 18)),
            (date(2027, 1, 5), date(2027, 2, 12)),
        ]
    )
    days = (date(2026, 10, 26), date(2026, 12, 28), date(2026, 11, 2))
    assert [terms.has(day) for day in days] == [False, False, True]


def test_of_desks_of_which_nothing_is_known_the_first_is_rung() -> None:
    row = full(hours=(), worker_hours=(), duty_phone="", ooh_phone="")
    night = on_duty(row, AgencyDesks(), at(TUESDAY, "02:00"))
    unsure = on_duty(row, AgencyDesks(clock=False), at(TUESDAY))
    for found, why in ((night, Why.LAST_RESORT), (unsure, Why.CLOCK)):
        assert found.desk is not None
        assert (found.desk.phone, found.why) == (HERS, why)
