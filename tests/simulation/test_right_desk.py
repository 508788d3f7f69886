"""Whom a requester is told to ring, at the hours at which it matters: by night, on Sundays, bank
holidays and school holidays, after somebody has left, and when the clocks change.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from rich.console import Console

from agency_node.desks.calendar import Calendar, terms_of
from agency_node.desks.duty import EDUCATION_DESK
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    HERE,
    OAK,
    QUESTION,
    SCHOOLS,
    child,
    of,
    row,
)
from federation import World
from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.protocol import limits
from fingerpost.protocol.codes import CoarseKind, DeskKind, Kind, Status
from practitioner.asking.document import document
from practitioner.present.terminal import render

LONDON = ZoneInfo("Europe/London")
OFFICE = (OpeningHours(31, 540, 1020),)
HERS, TEAM, DUTY, NIGHT = "01632 960141", "01632 960142", "01632 960143", "01632 960144"
LISTED, EDUCATION = "01632 960145", "01632 960146"
TERMS = terms_of([(date(2027, 1, 4), date(2027, 2, 12)), (date(2027, 2, 22), date(2027, 3, 25))])
WORKER = row(
    Kind.CSC_CIN,
    worker_name="Pat Rowan",
    worker_phone=HERS,
    desk=DeskKind.TEAM,
    desk_phone=TEAM,
    hours=OFFICE,
    duty_phone=DUTY,
    duty_hours=(OpeningHours(127, 480, 1320),),
    ooh_phone=NIGHT,
)


def london(day: str, clock: str = "12:00", fold: int = 0) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=LONDON, fold=fold)


async def rung(world: World, when: datetime) -> tuple[Pointer, Pointer, str]:
    """Ask at that moment; the pointers of the council and of the school, and what is shown."""
    now = when.timestamp()
    world.clock.step_wall(now - world.clock.now())
    if now > world.current.parameters.epochs[-1].ends_at:
        world.open_epoch(2, now - limits.DAY, now + 30 * limits.DAY)
        world.current = replace(world.current, valid_until=now + limits.DAY)
    for node in world.nodes.values():
        for held in node.children:
            node.index(held, world.current.parameters.epochs[-1])
            node.as_of[held] = int(now) - 100
            node.completed_at[held] = int(now) - 50
        node.service.note_list(node.current)
    outcome = await world.gateway(COUNCIL).ask(QUESTION)
    assert of(outcome, COUNCIL).status is of(outcome, OAK).status is Status.INVOLVED
    console = Console(width=100, file=io.StringIO(), highlight=False, color_system=None)
    console.print(render(document(outcome, int(now) + 7 * limits.DAY), when, everything=False))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    (council,), (school,) = of(outcome, COUNCIL).pointers, of(outcome, OAK).pointers
    return council, school, shown


@pytest.fixture
def desks(world: World) -> World:
    """The council states all its desks; the school its own, its terms, and no other."""
    world.nodes[COUNCILS].load(COUNCIL, [child(0, AMINA, WORKER)])
    school = row(Kind.EDU_SCHOOL, desk_phone=TEAM, hours=OFFICE, ooh_phone="", worker_name="Mx Ash")
    world.nodes[SCHOOLS].load(OAK, [child(0, AMINA, school)])
    world.nodes[SCHOOLS].calendars[OAK] = Calendar(terms=TERMS)
    here = world.current.areas[HERE]
    numbers = {
        COUNCIL: {"duty_desk": EDUCATION, "services": (CoarseKind.EDUCATION_WELFARE,)},
        OAK: {"duty_desk": LISTED},
    }
    agencies = tuple(replace(each, **numbers.get(each.id, {})) for each in here.agencies)  # type: ignore[arg-type]  # fields by name
    world.change(areas={**world.current.areas, HERE: replace(here, agencies=agencies)})
    return world


def number(pointer: Pointer) -> str:
    """The number of the desk that is on duty."""
    night = pointer.desk is DeskKind.OUT_OF_HOURS
    return pointer.out_of_hours_phone if night else pointer.desk_phone


@pytest.mark.parametrize(
    ("when", "council", "until", "school"),
    [
        (london("2027-01-19"), HERS, london("2027-01-19", "17:00"), TEAM),
        (london("2027-01-20", "02:00"), NIGHT, london("2027-01-20", "08:00"), LISTED),
        (london("2027-01-24"), DUTY, london("2027-01-24", "22:00"), LISTED),
        (london("2027-01-24", "02:00"), NIGHT, london("2027-01-24", "08:00"), LISTED),
        (london("2027-03-29"), DUTY, london("2027-03-29", "22:00"), LISTED),
        (london("2027-02-16"), HERS, london("2027-02-16", "17:00"), EDUCATION),
        (london("2027-02-16", "02:00"), NIGHT, london("2027-02-16", "08:00"), EDUCATION),
        (london("2027-03-28", "00:59"), NIGHT, london("2027-03-28", "08:00"), LISTED),
        (london("2027-03-28", "02:00"), NIGHT, london("2027-03-28", "08:00"), LISTED),
        (london("2027-10-31", "01:30"), NIGHT, london("2027-10-31", "08:00"), LISTED),
        (london("2027-10-31", "01:30", 1), NIGHT, london("2027-10-31", "08:00"), LISTED),
    ],
    ids=[
        *("by-day", "at-night", "on-a-sunday", "on-a-sunday-at-night", "on-easter-monday"),
        *("in-half-term", "in-half-term-at-night", "before-march", "after-march"),
        *("october-first", "october-second"),
    ],
)
async def test_the_right_desk(
    desks: World, when: datetime, council: str, until: datetime, school: str
) -> None:
    at_council, at_school, shown = await rung(desks, when)
    assert number(at_council) == council
    assert at_council.staffed_until == until.timestamp()
    assert number(at_school) == school
    assert council in shown
    assert f"{until:%H:%M}" in shown, "the words are folded in a narrow column"
    assert (EDUCATION_DESK in shown) is (school == EDUCATION)
    assert ("Mx Ash" in shown) is (school != EDUCATION)


async def test_who_has_left_is_shown_to_nobody(desks: World) -> None:
    last = date(2027, 1, 18)
    gone = msgspec.structs.replace(WORKER, worker_until=last)
    desks.nodes[COUNCILS].load(COUNCIL, [child(0, AMINA, gone)])
    _, _, before = await rung(desks, london("2027-01-18"))
    pointer, _, after = await rung(desks, london("2027-01-19"))
    assert ("Pat Rowan" in before, HERS in before) == (True, True)
    assert ("Pat Rowan" in after, HERS in after) == (False, False)
    assert (pointer.desk_phone, pointer.desk, pointer.worker_name) == (TEAM, DeskKind.TEAM, "")


async def test_a_node_with_a_wrong_clock_names_the_duty_desk(desks: World) -> None:
    desks.nodes[COUNCILS].clock_agrees = False
    pointer, _, shown = await rung(desks, london("2027-01-19"))
    assert (pointer.desk_phone, pointer.desk, pointer.staffed_until) == (DUTY, DeskKind.DUTY, 0)
    assert "duty desk" in shown


async def test_terms_that_have_run_out_keep_the_school_and_name_its_duty_desk(desks: World) -> None:
    _, school, _ = await rung(desks, london("2027-04-13"))
    assert (school.desk_phone, school.desk, school.worker_name) == (
        LISTED,
        DeskKind.DUTY,
        "Mx Ash",
    )
