"""How often somebody is reached within two calls, with made desks of which some are stale.

    python -m benchmarks.desks

Each case is one agency's row with the desks that it states, and the truth: which numbers are alive
and who sits at them when. A requester asks at a moment, and rings the number that her outcome puts
first, then the next one that it gives. Compared are the row as it is recorded, whose hours alone
decide, and the row as the node states it when it answers (``agency_node.desks``).

Law: all shares are stated here and made up, except the one that is varied. The figures compare two
rules on the same cases; they are no forecast for real desks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from random import Random
from typing import Final

import msgspec

from agency_node.desks.calendar import Calendar, terms_of
from agency_node.desks.duty import LONDON, AgencyDesks, as_of_now, on_duty
from agency_node.records.records import Involvement
from benchmarks.matching.intervals import Share
from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.protocol.codes import CoarseKind, DeskKind, InvolvementStatus, Kind
from practitioner.asking.document import AgencyShown, pointer_shown
from practitioner.present.hours import dial

CALLS: Final = 2
STALE: Final = 0.08
HOURS_STATED: Final = 0.8
OWN_NUMBER: Final = 0.4
DUTY_STATED: Final = 0.5
NIGHT_STATED: Final = 0.6
LISTED: Final = 0.9
SCHOOLS: Final = 0.4
OFFICE: Final = (OpeningHours(31, 540, 1020),)
SCHOOL: Final = (OpeningHours(31, 480, 960),)
LATE: Final = (OpeningHours(127, 480, 1320),)
ALWAYS: Final = (OpeningHours(127, 0, 1440),)
TERMS: Final = terms_of(
    [
        (date(2027, 1, 4), date(2027, 2, 12)),
        (date(2027, 2, 22), date(2027, 3, 25)),
        (date(2027, 4, 12), date(2027, 5, 28)),
    ]
)
IN_TERMS: Final = Calendar(terms=TERMS, in_terms=True)
MOMENTS: Final = {
    "Tuesday 12:00": datetime(2027, 1, 19, 12, tzinfo=LONDON),
    "Tuesday 18:30": datetime(2027, 1, 19, 18, 30, tzinfo=LONDON),
    "Tuesday 02:00": datetime(2027, 1, 19, 2, tzinfo=LONDON),
    "Sunday 12:00": datetime(2027, 1, 24, 12, tzinfo=LONDON),
    "Easter Monday 12:00": datetime(2027, 3, 29, 12, tzinfo=LONDON),
    "half-term Tuesday 12:00": datetime(2027, 2, 16, 12, tzinfo=LONDON),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One row, its agency, and at which numbers somebody sits when (``staff``: hours by number).
    Numbers that are dead are not in ``staff``."""

    row: Involvement
    agency: AgencyDesks
    staff: Mapping[str, tuple[OpeningHours, ...]]


def cases(random: Random, count: int, stale: float) -> Iterator[Case]:
    """Yield made cases. Of each number, and of the practitioners, a share ``stale`` is stale: the
    number is dead, or she has left, which her agency's directory states.
    """
    for number in range(count):
        school = random.random() < SCHOOLS
        day = SCHOOL if school else OFFICE
        hers, team, duty, night, listed, education = (
            f"01632 9600{n}{number % 10}" for n in range(6)
        )
        left = random.random() < stale
        given = random.random() < OWN_NUMBER
        has_duty = not school and random.random() < DUTY_STATED
        has_night = not school and random.random() < NIGHT_STATED
        has_listed = random.random() < LISTED
        hours = day if random.random() < HOURS_STATED else ()
        row = Involvement(
            kind=Kind.EDU_SCHOOL if school else Kind.CSC_CIN,
            status=InvolvementStatus.OPEN,
            worker_name="Jo Reed",
            worker_role="",
            desk_phone=team,
            desk_email="",
            ooh_phone=night if has_night else "",
            hours=hours,
            as_of=0,
            lead=False,
            early_help=False,
            sensitive=False,
            shielded=False,
            ended_on=None,
            desk=DeskKind.TEAM,
            worker_phone=hers if given else "",
            worker_until=date(2026, 12, 31) if left else None,
            duty_phone=duty if has_duty else "",
            duty_hours=LATE if has_duty else (),
        )
        staff = {team: day, duty: LATE, night: ALWAYS, education: OFFICE}
        staff[listed] = day if school else LATE
        if not left:
            staff[hers] = day
        alive = {each: there for each, there in staff.items() if random.random() >= stale}
        calendar = IN_TERMS if school else Calendar()
        agency = AgencyDesks(
            calendar, listed if has_listed else "", education if school else "", school
        )
        yield Case(row, agency, alive)


def is_staffed(case: Case, number: str, at: datetime) -> bool:
    """Return whether somebody answers a number: the truth, whatever is recorded."""
    there = case.staff.get(number, ())
    calendar = replace(case.agency.calendar, in_terms=False)
    is_of_school = case.agency.school and number != case.agency.education_desk
    if is_of_school and calendar.is_term(at.date()) is not True:
        return False
    truth = msgspec.structs.replace(
        case.row,
        desk_phone=number,
        hours=there,
        desk=DeskKind.TEAM,
        ooh_phone="",
        worker_phone="",
        duty_phone="",
        worker_until=None,
    )
    found = on_duty(truth, AgencyDesks(calendar), at.timestamp())
    return bool(there) and found.why.name == "STAFFED"


def numbers_rung(case: Case, row: Involvement, at: datetime) -> list[str]:
    """Return the numbers that an outcome gives, in the order in which they are rung."""
    pointer = Pointer(
        CoarseKind.EDUCATION,
        row.status,
        worker_name=row.worker_name,
        desk_phone=row.desk_phone,
        out_of_hours_phone=row.ooh_phone,
        hours=row.hours,
        desk=row.desk,
        staffed_until=row.staffed_until,
    )
    shown = pointer_shown(pointer)
    listed = case.agency.duty_desk
    agency = AgencyShown("a", "A", "SCHOOL", "e99000001", "W", "INVOLVED", None, 1, listed, (), ())
    first = dial(agency, shown, at).number
    rest = (row.ooh_phone, listed, row.desk_phone)
    return [number for number in dict.fromkeys((first, *rest)) if number]


def reached(case: Case, row: Involvement, at: datetime) -> bool:
    return any(is_staffed(case, each, at) for each in numbers_rung(case, row, at)[:CALLS])


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one moment, in how many cases somebody was reached."""

    moment: str
    of: int
    recorded: int
    now: int
    possible: int


def measure(count: int, stale: float, seed: int) -> list[Measured]:
    """Measure all moments on the same cases.

    Args:
        stale: the share of numbers that are dead, and of practitioners who have left.
    """
    made = list(cases(Random(seed), count, stale))
    measured = []
    for moment, at in MOMENTS.items():
        recorded = sum(reached(case, case.row, at) for case in made)
        now = sum(
            reached(case, as_of_now(case.row, case.agency, at.timestamp()), at) for case in made
        )
        possible = sum(any(is_staffed(case, each, at) for each in _all(case)) for case in made)
        measured.append(Measured(moment, count, recorded, now, possible))
    return measured


def _all(case: Case) -> tuple[str, ...]:
    row, agency = case.row, case.agency
    numbers = (row.worker_phone, row.desk_phone, row.duty_phone, row.ooh_phone)
    return tuple(filter(None, (*numbers, agency.duty_desk, agency.education_desk)))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=4000)
    parser.add_argument("--stale", type=float, default=STALE)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(
        f"{given.cases} made desks, {given.stale:.0%} stale. Somebody is reached within two calls:"
    )
    print(f"{'':<26}{'as recorded':<24}{'as the node says':<24}{'any number given'}")
    for each in measure(given.cases, given.stale, given.seed):
        shares = (each.recorded, each.now, each.possible)
        told = (_percent(Share(n, each.of)) for n in shares)
        print(f"{each.moment:<26}" + "".join(f"{text:<24}" for text in told))


def _percent(share: Share) -> str:
    low, high = share.interval
    return f"{share.rate:.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
