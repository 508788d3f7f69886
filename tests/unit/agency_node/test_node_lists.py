"""By which member list a node judges a query."""

from __future__ import annotations

from dataclasses import replace

from agency_node.answering.admission import LIST_HELD_SECONDS, Lists
from fakes.federations import NOW
from fakes.node_world import COUNCIL, a_federation
from fingerpost.protocol.federation import DenyList

FIRST = a_federation()
SECOND = replace(FIRST, version=FIRST.version + 1)
THIRD = replace(FIRST, version=FIRST.version + 2)


def test_the_newest_counts_for_as_long_as_it_is_that() -> None:
    lists = Lists()
    assert lists.of(FIRST.version, NOW) is None
    lists.note(FIRST, NOW)
    assert lists.of(FIRST.version, NOW + 10**9) is FIRST
    assert lists.of(SECOND.version, NOW) is None


def test_a_list_that_was_replaced_counts_for_three_minutes() -> None:
    lists = Lists()
    lists.note(FIRST, NOW)
    lists.note(SECOND, NOW + 100)
    assert lists.of(FIRST.version, NOW + 100 + LIST_HELD_SECONDS - 1) == FIRST
    assert lists.of(FIRST.version, NOW + 100 + LIST_HELD_SECONDS) is None
    assert lists.of(SECOND.version, NOW + 100) is SECOND


def test_several_lists_within_three_minutes_all_count() -> None:
    lists = Lists()
    for seconds, federation in enumerate((FIRST, SECOND, THIRD)):
        lists.note(federation, NOW + seconds)
    assert [lists.of(each.version, NOW + 3) for each in (FIRST, SECOND, THIRD)] == [
        FIRST,
        SECOND,
        THIRD,
    ]


def test_whoever_is_denied_now_is_denied_in_each() -> None:
    lists = Lists()
    denied = DenyList(agencies=frozenset({COUNCIL}))
    lists.note(FIRST, NOW)
    lists.note(replace(SECOND, deny=denied), NOW + 1)
    before = lists.of(FIRST.version, NOW + 2)
    assert before is not None
    assert before.deny == denied
    lists.note(THIRD, NOW + 2)  # reinstated
    assert lists.of(FIRST.version, NOW + 3) == FIRST
    assert lists.of(SECOND.version, NOW + 3) == SECOND


def test_a_later_expiry_alone_replaces_nothing() -> None:
    lists = Lists()
    lists.note(FIRST, NOW)
    renewed = replace(FIRST, valid_until=FIRST.valid_until + 600)
    lists.note(renewed, NOW + 1)
    assert lists.of(FIRST.version, NOW + 1) is renewed
