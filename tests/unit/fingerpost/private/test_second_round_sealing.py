"""The reason of a second round, sealed: others see nothing of it, and who opens it reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.federations import anything
from fakes.refusals import refused
from fingerpost.private.purpose_rules import PurposeRule
from fingerpost.private.query_sealing import open_query, verify_inner
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.errors import Code
from fingerpost.protocol.messages import KeySet
from unit.fingerpost.private.a_lookup import NOW, Lookup, a_lookup, federation, received


def widened(because: WideningReason | None, **inner: object) -> Lookup:
    lookup = a_lookup(widened_because=because, **inner)
    return replace(lookup, public=replace(lookup.public, key_set=KeySet.WIDE))


@pytest.mark.parametrize("because", WideningReason)
def test_why_a_second_round_widens_is_for_who_opens_it(because: WideningReason) -> None:
    """Of one randomness, two reasons differ in what is sealed and signed alone."""
    lookup = widened(because)
    query = received(lookup.sealed().wire)
    assert len(query.wire) == limits.QUERY_BYTES
    opened = open_query(query, lookup.position(query), lookup.openings[0].wrap_secret)
    assert (
        verify_inner(opened, query, federation(), now=NOW).justification.widened_because is because
    )
    other = received(widened(WideningReason(because % 5 + 1)).sealed().wire)
    assert (query.core, query.wraps) == (other.core, other.wraps)
    assert query.sealed != other.sealed


def test_a_first_lookup_has_the_same_size_and_gives_no_reason() -> None:
    lookup = a_lookup()
    query = received(lookup.sealed().wire)
    assert len(query.wire) == limits.QUERY_BYTES
    opened = open_query(query, lookup.position(query), lookup.openings[0].wrap_secret)
    assert verify_inner(opened, query, federation(), now=NOW).justification.widened_because is None


@pytest.mark.parametrize(
    ("lookup", "rule"),
    [
        (widened(None), PurposeRule.WIDE_WITHOUT_REASON),
        (
            replace(
                widened(WideningReason.RECENT_MOVE, purpose=Purpose.S17_ASSESSMENT),
                terms=anything(Purpose.S17_ASSESSMENT),
            ),
            PurposeRule.MAY_NOT_WIDEN,
        ),
        (
            widened(WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION, purpose=Purpose.MISSING_CHILD),
            PurposeRule.REASON,
        ),
    ],
    ids=["no reason", "a purpose that may not", "a reason of another purpose"],
)
def test_what_every_node_would_refuse_is_not_sealed(lookup: Lookup, rule: PurposeRule) -> None:
    with refused(Code.NOT_ALLOWED, rule):
        lookup.sealed()


@pytest.mark.parametrize(
    ("key_set", "reach"),
    [
        (KeySet.NARROW, Reach.AREA_AND_NEIGHBOURS),
        (KeySet.NARROW, Reach.AREA),
        (KeySet.WIDE, Reach.AREA),
    ],
)
def test_a_reason_goes_with_a_second_round_and_with_nothing_else(
    key_set: KeySet, reach: Reach
) -> None:
    lookup = a_lookup(widened_because=WideningReason.RECENT_MOVE)
    lookup = replace(lookup, public=replace(lookup.public, key_set=key_set, reach=reach))
    with refused(Code.NOT_ALLOWED, PurposeRule.NOTHING_WIDENED):
        lookup.sealed()
