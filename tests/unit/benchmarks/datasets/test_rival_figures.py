"""The figures of a rival are counted as ours are: by hand, and against a slow and plain count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets.tables import Row, Tables
from benchmarks.rivals.figures import (
    Figures,
    Scored,
    best_candidate,
    decision,
    figures,
    in_order,
    is_one_file,
    true_positions,
)

PAIRS = [
    Scored(0, 0, 0.9),
    Scored(0, 1, 0.8),
    Scored(1, 1, 0.7),
    Scored(2, 2, 0.4),
    Scored(3, 0, 0.95),
]
TRUTH = {(0, 0), (1, 1), (1, 2), (2, 2)}


def test_decision_counts_all_pairs_at_the_threshold_or_above() -> None:
    assert decision(PAIRS, TRUTH, 0.7) == Figures(precision=2 / 4, recall=2 / 4, f1=0.5)


def test_a_left_record_has_one_best_candidate() -> None:
    # 0 → 0 (right), 1 → 1 (right), 3 → 0 (wrong); 2 has none; three left records have a partner.
    assert best_candidate(PAIRS, TRUTH, 0.5) == figures(right=2, said=3, true=3)


def test_of_equal_candidates_the_first_is_taken() -> None:
    pairs = [Scored(0, 2, 0.8), Scored(0, 1, 0.8)]
    assert best_candidate(pairs, {(0, 1)}, 0.5).precision == 1


SCORED = st.lists(
    st.builds(Scored, st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.1, 0.4, 0.5, 0.9])),
    unique_by=lambda pair: (pair.left, pair.right),
)


@given(SCORED, st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_a_decision_is_as_a_plain_count_has_it(
    pairs: list[Scored], truth: set[tuple[int, int]]
) -> None:
    for threshold in (0.1, 0.4, 0.5, 0.9, 1.0):
        said = {(pair.left, pair.right) for pair in pairs if pair.score >= threshold}
        found = decision(pairs, truth, threshold)
        assert found.recall == pytest.approx(len(said & truth) / len(truth))
        assert found.precision == pytest.approx(len(said & truth) / len(said) if said else 1.0)


def test_nothing_said_and_nothing_asked() -> None:
    assert figures(0, 0, 5) == Figures(precision=1.0, recall=0.0, f1=0.0)
    assert figures(0, 0, 0) == Figures(precision=1.0, recall=1.0, f1=1.0)


def test_within_one_file_a_pair_counts_once_and_never_with_itself() -> None:
    pairs = [Scored(1, 0, 0.9), Scored(0, 1, 0.9), Scored(1, 1, 1.0), Scored(0, 2, 0.6)]
    assert in_order(pairs, one_file=True) == [Scored(0, 1, 0.9), Scored(0, 2, 0.6)]
    assert in_order(pairs, one_file=False) == pairs


def test_truth_by_position() -> None:
    left, right = [Row("a"), Row("b")], [Row("x"), Row("b")]
    assert true_positions(Tables(left, right, [("a", "b"), ("b", "x")])) == {(0, 1), (1, 0)}
    one = Tables(left, left, [("b", "a")])
    assert is_one_file(one)
    assert not is_one_file(Tables(left, right, []))
    assert true_positions(one) == {(0, 1)}
