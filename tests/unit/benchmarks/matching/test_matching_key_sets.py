"""Sets of keys for measurement hold what the product's own keys hold."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from benchmarks.matching import sets
from benchmarks.matching.candidates import Candidate
from benchmarks.matching.candidates import keys as candidate_keys
from benchmarks.matching.sets import (
    BOUNDS,
    NARROW,
    WIDE,
    Bounded,
    bound,
    by_bound,
    recalled,
    shipped,
)
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import RULE_DEFINITIONS, Scope, Side, blocking_keys, normalise
from fingerpost.private.linkage.blocking_keys import key_parts
from fingerpost.private.linkage.blocking_rules import FAR
from fingerpost.private.linkage.normal_form import NormalForm

CHILDREN = build(400, seed=9, names=Names.builtin()).children


def forms(seed: int, children: list[Child] | None = None) -> list[NormalForm]:
    chance = Random(seed)
    return [normalise(write_record(c, BAD, chance)) for c in children or CHILDREN]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_question_has_the_keys_that_it_asks_with(scope: Scope) -> None:
    wanted = {Scope.NARROW: NARROW, Scope.WIDE: WIDE}[scope]
    for form in forms(1)[:100]:
        asked = {key for key, mask in shipped(form, Side.QUERY).items() if mask & wanted}
        assert asked == set(blocking_keys(form, side=Side.QUERY, scope=scope))


def test_a_record_is_found_by_either() -> None:
    for form in forms(2)[:100]:
        recorded = shipped(form, Side.RECORD)
        assert set(recorded) == set(blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE))
        assert set(recorded.values()) <= {NARROW | WIDE}


@pytest.mark.parametrize("bits", BOUNDS)
def test_values_under_each_bound_are_those_of_a_rule_with_that_bound(bits: float) -> None:
    wanted = 1 << BOUNDS.index(bits)
    seen = 0
    for form in forms(3)[:150]:
        of = key_parts(form)
        for definition in RULE_DEFINITIONS:
            bounded = Bounded(definition.least_bits == FAR, definition.below_bits == FAR)
            moved = replace(
                definition,
                least_bits=bits if bounded.least else definition.least_bits,
                below_bits=bits if bounded.below else definition.below_bits,
            )
            found = {value for value, mask in sets.values(definition, bounded, of) if mask & wanted}
            assert found == set(moved.values(of))
            seen += len(found)
    assert seen > 1000


@pytest.mark.parametrize("side", list(Side))
def test_the_shipped_bound_gives_the_shipped_narrow_keys_without_numbers(side: Side) -> None:
    """But for what a limit on the number of keys drops, and a record's wide keys."""
    narrow = {c.rule for c in RULE_DEFINITIONS if c.scope is Scope.NARROW}
    for form in forms(4)[:150]:
        bare = replace(form, health_number=None, upn=None)
        here = {
            key[1]
            for key, mask in by_bound(form, side).items()
            if isinstance(key, tuple) and mask & bound(FAR)
        }
        theirs = {
            tuple(key.value.decode().split("|"))
            for key in blocking_keys(bare, side=side, scope=Scope.WIDE)
            if key.rule in narrow
        }
        assert theirs <= here


def test_numbers_that_two_populations_drew_open_nothing() -> None:
    one, other = (write_record(child, TYPICAL, Random(5)) for child in (CHILDREN[0], CHILDREN[300]))
    stranger = replace(other, health_number=one.health_number, upn=one.upn)
    assert recalled(normalise(one), normalise(stranger), by_bound) == 0


def test_a_child_is_recalled_and_a_tighter_bound_recalls_no_more() -> None:
    loosest = tightest = 0
    for one, other in zip(forms(6), forms(7), strict=True):
        opened = recalled(one, other, by_bound)
        loosest += bool(opened & bound(0.0))
        tightest += bool(opened & bound(BOUNDS[-1]))
    assert len(CHILDREN) * 0.9 < loosest <= len(CHILDREN)
    assert 0 < tightest <= loosest


def test_what_opens_opens_by_a_key_of_both_sides() -> None:
    candidates = [Candidate(rule.rule.name, (rule,)) for rule in RULE_DEFINITIONS]
    for one, other in zip(forms(8)[:100], forms(9)[:100], strict=True):
        if recalled(one, other, shipped) & WIDE:
            asked = set(candidate_keys(candidates, one, Side.QUERY))
            assert asked & set(candidate_keys(candidates, other, Side.RECORD))
