"""The choice of keys by budget, on problems small enough to be solved by trying everything."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from benchmarks.matching.solver import Exposure, Mask, Problem, Recall, solve

A, B, C, D = 1, 2, 4, 8
NAMES = ("A", "B", "C", "D")


def a_problem(
    pairs: dict[Mask, int],
    queries: dict[Mask, int],
    most: float,
    *,
    keys: tuple[float, ...] = (1, 1, 1, 1),
    most_keys: float = 4,
    always: Mask = 0,
    never: Mask = 0,
) -> Problem:
    return Problem(
        NAMES, [Recall("true", 1, pairs)], [Exposure("far", most, queries)], keys, most_keys,
        always, never,
    )  # fmt: skip


def best_of_all(problem: Problem) -> float:
    """By trying every set."""
    return max(
        problem.recall(chosen)
        for chosen in range(1 << len(problem.candidates))
        if problem.strain(chosen) <= 1 and chosen & problem.always == problem.always
        and not chosen & problem.never
    )  # fmt: skip


def test_recall_is_a_weighted_mean_over_data_sets() -> None:
    problem = Problem(
        NAMES, [Recall("one", 3, {A: 1, 0: 1}), Recall("other", 1, {A: 1})], [], (1, 1, 1, 1), 9
    )
    assert problem.recall(A) == pytest.approx((3 * 0.5 + 1.0) / 4)
    assert problem.recall(B) == 0


def test_strain_is_that_of_the_scarcest_budget() -> None:
    problem = a_problem({A: 1}, {A: 1, 0: 99}, most=0.02, most_keys=10)
    assert problem.strain(A) == pytest.approx(0.5)
    tight = a_problem({A: 1}, {0: 1}, most=0.02, keys=(3, 1, 1, 1), most_keys=4)
    assert tight.strain(A) == pytest.approx(0.75)


def test_what_finds_most_within_the_budget_is_chosen() -> None:
    # A finds most but exposes too much; B and C together find all that A does.
    problem = a_problem({A | B: 5, A | C: 4, D: 1}, {A: 10, B: 1, C: 1, D: 1, 0: 987}, most=0.005)
    choice = solve(problem)
    assert problem.names(choice.chosen) == ["B", "C", "D"]
    assert choice.recall == 1.0
    assert choice.strain <= 1.0


def test_an_exchange_mends_a_greedy_first_step() -> None:
    # A is the greedy choice, since its gain for its exposure is best; there is room for two keys
    # alone, B and C.
    pairs = {A | B: 3, A | C: 3, B: 2, C: 2}
    problem = a_problem(pairs, {0: 1}, most=0.5, most_keys=2)
    choice = solve(problem)
    assert problem.names(choice.chosen) == ["B", "C"]
    assert [step.added for step in choice.steps if step.removed == "A"]


def test_what_another_candidate_finds_too_is_left_out() -> None:
    problem = a_problem({A | B: 9, A: 1}, {0: 1}, most=0.5)
    assert problem.names(solve(problem).chosen) == ["A"]


def test_always_and_never_are_kept() -> None:
    problem = a_problem({A | B | C: 9, D: 1}, {0: 1}, most=0.5, always=B, never=D)
    choice = solve(problem)
    assert choice.chosen & B
    assert not choice.chosen & D


def test_nothing_is_chosen_where_everything_exposes_too_much() -> None:
    problem = a_problem({A: 1}, {A | B | C | D: 1}, most=0.5)
    assert solve(problem).chosen == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_is_close_to_the_best_of_all_sets(seed: int) -> None:
    chance = Random(seed)
    pairs = Counter(chance.choice((A, B, C, D, A | B, B | C, C | D)) for _ in range(60))
    queries = Counter({mask: chance.randrange(1, 6) for mask in (A, B, C, D)})
    queries[0] = 1000
    problem = a_problem(pairs, queries, most=0.006, most_keys=3)
    choice = solve(problem)
    assert problem.strain(choice.chosen) <= 1
    assert choice.recall >= 0.9 * best_of_all(problem)
    # No single exchange betters it.
    for out in (A, B, C, D):
        for other in (A, B, C, D):
            if choice.chosen & out and not choice.chosen & other:
                exchanged = choice.chosen & ~out | other
                if problem.strain(exchanged) <= 1:
                    assert problem.recall(exchanged) <= choice.recall + 1e-4
