"""How much a node may have evaluated: what an honest node needs passes, what a watcher needs does
not.
"""

from __future__ import annotations

from calendar import timegm
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import federations
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.caseload import Bounds, CaseloadRule, Used, bounds, keys_of, marked_keys
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import (
    SCHOOL_INTAKE,
    Area,
    Epoch,
    Federation,
    Member,
    Party,
    PublicFigure,
    Raise,
)
from fingerpost.protocol.ids import AreaCode, FederationId, MemberId

NODE = MemberId("node")
HERE = AreaCode("e99000001")
KEYS = 24
"""Of a record, in the mean."""
JUNE = date(2026, 6, 1)


def at(day: date) -> int:
    return timegm(day.timetuple())


def epoch(starts: date, number: int = 1) -> Epoch:
    return federations.epoch(number, at(starts))


def member(declared: int, **more: Any) -> Member:
    return federations.member(NODE, Party.NODE, declared_caseload=declared, **more)


def federation(node: Member, *kinds: AgencyKind, figures: tuple[int, ...] = ()) -> Federation:
    """``figures``: the agencies' public figures, 0 for none."""
    published = [PublicFigure(n, "A register", JUNE) if n else None for n in figures]
    published += [None] * (len(kinds) - len(published))
    agencies = tuple(
        federations.agency(HERE, f"agency-{n}", kind, NODE, public_figure=figure)
        for n, (kind, figure) in enumerate(zip(kinds, published, strict=True))
    )
    area = Area(HERE, "Here", agencies=agencies)
    common = federations.parameters(
        FederationId("test"), intakes=(SCHOOL_INTAKE,), keys_per_child_hundredths=100 * KEYS
    )
    return federations.federation(common, (area,), (node,))


def bounds_of(node: Member, *kinds: AgencyKind, now: date = JUNE, **more: Any) -> Bounds:
    starts = more.pop("starts", JUNE)
    known = federation(node, *kinds, **more)
    return bounds(known.parameters, node, known.hosted_by, epoch(starts), at(now))


def test_the_declared_caseload_and_a_quarter_more_in_an_epoch() -> None:
    found = bounds_of(member(1000))
    keys = found.declared - found.marked, found.most - found.marked
    assert keys == (1000 * KEYS, 1250 * KEYS)
    Used(None, 0, 0).and_now(found.most, found)
    with refused(Code.QUOTA, CaseloadRule.EPOCH):
        Used(None, 0, 0).and_now(found.most + 1, found)


@pytest.mark.parametrize("declared", [1, 1000])
def test_marked_records_take_no_room_from_children_and_give_none(declared: int) -> None:
    """A host of agencies with one child each can import them all, and not one child more."""
    school = AgencyKind.SCHOOL
    per_agency, of_node = 4 * limits.BULK_KEYS_PER_CHILD, 64
    for agencies in (0, 1, 50):
        found = bounds_of(member(declared), *[school] * agencies)
        assert found.marked == marked_keys(agencies) == agencies * per_agency + of_node
        assert found.most - found.marked == declared * KEYS * 5 // 4
        assert found.expected == found.declared == declared * KEYS + found.marked
        assert found.least_growth - found.marked == 10 * KEYS
        assert found.more_this_week == 0
        # In the middle of an epoch, by the first import after the node was brought to this release.
        Used(declared * KEYS, declared * KEYS, 0).and_now(found.marked, found)


def test_tagging_again_what_it_had_is_no_growth() -> None:
    found = bounds_of(member(1000))
    again = Used(before=900 * KEYS, total=0, growth=0).and_now(900 * KEYS, found)
    assert again.growth == 0


def test_42_copied_rows_are_more_than_a_full_node_of_100_may_add() -> None:
    """Attack: a node copies children it has nothing to do with, to see who asks about them."""
    found = bounds_of(member(100))
    full = Used(None, 0, 0).and_now(100 * KEYS, found)
    with refused(Code.QUOTA, CaseloadRule.EPOCH):
        full.and_now(42 * KEYS, found)
    full.and_now(25 * KEYS + found.marked, found)
    with refused(Code.QUOTA, CaseloadRule.EPOCH):
        full.and_now(25 * KEYS + found.marked + 1, found)


def test_a_node_that_declared_more_than_it_has_cannot_fill_up_at_once() -> None:
    """Attack: a node declares 1,000 children, has 100 of them for an epoch, and copies 900."""
    found = bounds_of(member(1000))
    had = Used(before=100 * KEYS, total=100 * KEYS, growth=0)
    grown = had.and_now(25 * KEYS, found)
    with refused(Code.QUOTA, CaseloadRule.WEEK):
        grown.and_now(1, found)
    next_week = replace(grown, growth=0)
    next_week.and_now(25 * KEYS, found)


def test_a_small_node_may_grow_by_ten_children_a_week() -> None:
    found = bounds_of(member(100))
    most = 10 * KEYS + found.marked
    Used(before=4 * KEYS, total=4 * KEYS, growth=0).and_now(most, found)
    with refused(Code.QUOTA, CaseloadRule.WEEK):
        Used(before=4 * KEYS, total=4 * KEYS, growth=0).and_now(most + 1, found)


@pytest.mark.parametrize("share", [7, 3, 2], ids=["primary", "infant", "sixth form"])
def test_the_september_intake_passes_in_the_epoch_in_which_all_were_tagged(share: int) -> None:
    """A school's leavers are not seen by the holders: the new children come on top."""
    school, summer, autumn = AgencyKind.SCHOOL, date(2026, 7, 1), date(2026, 9, 4)
    summery = bounds_of(member(420), school, now=date(2026, 7, 2), starts=summer)
    tagged = Used(420 * KEYS, 0, 0).and_now(420 * KEYS, summery)
    found = bounds_of(member(420), school, now=autumn, starts=summer)
    after = tagged.and_now(420 * KEYS // share, found)
    # And later in the epoch, when the weeks of the intake are over, changed rows still pass.
    later = bounds_of(member(420), school, now=date(2026, 10, 17), starts=summer)
    replace(after, growth=0).and_now(20 * KEYS, later)


def test_half_a_caseload_in_a_week_of_another_season_needs_a_raise() -> None:
    school, winter = AgencyKind.SCHOOL, date(2027, 1, 20)
    starts = date(2027, 1, 1)
    tagged = Used(420 * KEYS, 420 * KEYS, 0)
    with refused(Code.QUOTA):
        tagged.and_now(210 * KEYS, bounds_of(member(420), school, now=winter, starts=starts))
    raised = member(420, raises=(Raise(210, winter, winter, "Takes on Elm Infants"),))
    found = bounds_of(raised, school, now=winter, starts=starts)
    assert tagged.and_now(210 * KEYS, found).total == 630 * KEYS


def test_a_raise_lasts_from_its_first_to_its_last_day() -> None:
    first, last = JUNE + timedelta(days=10), JUNE + timedelta(days=11)
    node = member(100, raises=(Raise(40, first, last, "Takes on Elm Infants"),))
    weekly = {
        day: bounds_of(node, now=JUNE + timedelta(days=day)).more_this_week for day in range(9, 13)
    }
    assert weekly == {9: 0, 10: 40 * KEYS, 11: 40 * KEYS, 12: 0}
    usual, widened = (n * KEYS * 5 // 4 + marked_keys(0) for n in (100, 140))
    of_epoch = {day: bounds_of(node, now=JUNE + timedelta(days=day)).most for day in (9, 10, 40)}
    assert of_epoch == {9: usual, 10: widened, 40: widened}
    next_epoch = bounds_of(node, starts=JUNE + timedelta(days=90), now=JUNE + timedelta(days=95))
    assert next_epoch.most == usual


def test_only_schools_take_in_and_of_a_mixed_host_as_many_as_is_published() -> None:
    september = date(2026, 9, 4)

    def more(*kinds: AgencyKind, figures: tuple[int, ...] = ()) -> int:
        found = bounds_of(member(1000), *kinds, now=september, figures=figures)
        return found.more_this_week // KEYS

    school, practice = AgencyKind.SCHOOL, AgencyKind.GP_PRACTICE
    assert more() == more(practice) == 0
    assert more(school) == more(school, school) == 500
    assert more(school, practice) == 0
    assert more(school, practice, figures=(300, 700)) == 150
    assert more(school, practice, figures=(9000, 700)) == 500


@given(
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**7),
    st.lists(st.integers(1, limits.BATCH_ELEMENTS), max_size=60),
)
def test_batches_never_pass_what_one_charge_could_not(
    declared: int, before: int | None, amounts: list[int]
) -> None:
    """Attack: many small requests, each of which looks harmless."""
    found = bounds_of(member(declared))
    used = Used(before, 0, 0)
    for amount in amounts:
        with suppress(Refused):
            used = used.and_now(amount, found)
    assert used.total <= found.most
    at_once = Used(before, 0, 0)
    if used.total:
        assert at_once.and_now(used.total, found) == used


def test_keys_are_rounded_up() -> None:
    parameters = federations.parameters(FederationId("test"), keys_per_child_hundredths=2401)
    assert keys_of(parameters, 0) == 0
    assert keys_of(parameters, 1) == 25
    assert keys_of(parameters, 100) == 2401
