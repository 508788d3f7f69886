"""The figure by which key holders bound indexing is that of the blocking rules in force."""

from __future__ import annotations

import pytest

from benchmarks.keys_a_child import Keys, hundredths, measure
from fingerpost.protocol import limits

CHILDREN = 2_000


@pytest.fixture(scope="module")
def measured() -> tuple[Keys, ...]:
    return measure(CHILDREN)


def test_the_parameter_is_what_the_rules_in_force_make(measured: tuple[Keys, ...]) -> None:
    """When this fails, blocking rules have changed: run ``python -m benchmarks.keys_a_child`` and
    take its figure over, here, in the documents and in the parameters of each federation.
    """
    found, error = hundredths(measured), max(keys.error for keys in measured)
    assert abs(found - limits.KEYS_PER_CHILD_HUNDREDTHS) <= 100 * 4 * error + 1


def test_a_rule_more_or_less_would_be_noticed(measured: tuple[Keys, ...]) -> None:
    """A rule gives most records about one key."""
    assert all(100 * 4 * keys.error + 1 < 50 for keys in measured)


def test_no_record_has_more_keys_than_its_bound(measured: tuple[Keys, ...]) -> None:
    assert all(keys.most <= limits.BULK_KEYS_PER_CHILD for keys in measured)
