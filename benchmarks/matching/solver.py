"""Which blocking rules to use, by budget. Pure: measurements come in, a choice goes out.

A candidate is a bit. A true pair is the set of candidates by which it would open; a stranger is the
set by which a record of another child would open for a query. What is chosen finds a true pair if
the two share a bit, and exposes a query in the same way. The aim is the most recall, a weighted
mean over several data sets, while no exposure exceeds its budget and a record has no more keys than
it may.

The search is greedy by gain for the scarcest budget; then, as long as it helps, one candidate is
taken out or exchanged. It need not find the best set of all: it finds one that no single exchange
improves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Mask = int


@dataclass(frozen=True)
class Recall:
    """True pairs of one data set: how many open by which candidates. ``weight``: its share in the
    aim.
    """

    name: str
    weight: float
    pairs: Mapping[Mask, int]

    def of(self, chosen: Mask) -> float:
        return _share(self.pairs, chosen)


@dataclass(frozen=True)
class Exposure:
    """Queries at one kind of agency that does not hold the child: by which candidates strangers
    open them.

    ``most``: the budget, a share of the queries.
    """

    name: str
    most: float
    queries: Mapping[Mask, int]

    def of(self, chosen: Mask) -> float:
        return _share(self.queries, chosen)


@dataclass(frozen=True)
class Problem:
    """``keys``: of a record by each candidate, in the mean; ``most_keys``: for all of them
    together.
    """

    candidates: Sequence[str]
    recalls: Sequence[Recall]
    exposures: Sequence[Exposure]
    keys: Sequence[float]
    most_keys: float
    always: Mask = 0
    never: Mask = 0

    def names(self, chosen: Mask) -> list[str]:
        return [self.candidates[place] for place in _bits(chosen)]

    def recall(self, chosen: Mask) -> float:
        total = sum(recall.weight for recall in self.recalls)
        return sum(recall.weight * recall.of(chosen) for recall in self.recalls) / total

    def keys_of(self, chosen: Mask) -> float:
        return sum(self.keys[place] for place in _bits(chosen))

    def strain(self, chosen: Mask) -> float:
        """Return how much of the scarcest budget is used: 1 is all of it."""
        used = [exposure.of(chosen) / exposure.most for exposure in self.exposures]
        return max([*used, self.keys_of(chosen) / self.most_keys])


@dataclass
class Step:
    """One step of the search, for whoever wants to see why."""

    added: str
    removed: str
    recall: float
    strain: float


@dataclass
class Choice:
    chosen: Mask
    recall: float
    strain: float
    steps: list[Step] = field(default_factory=list)


def solve(problem: Problem) -> Choice:
    """Return a set within the budgets that no single addition, removal or exchange improves."""
    choice = Choice(problem.always, problem.recall(problem.always), problem.strain(problem.always))
    free = [
        1 << place
        for place in range(len(problem.candidates))
        if not (problem.always | problem.never) >> place & 1
    ]
    while _grow(problem, choice, free) or _exchange(problem, choice, free):
        pass
    _prune(problem, choice, free)
    return choice


def _grow(problem: Problem, choice: Choice, free: Sequence[Mask]) -> bool:
    best: tuple[float, Mask, float, float] | None = None
    for bit in free:
        if choice.chosen & bit:
            continue
        strain = problem.strain(choice.chosen | bit)
        gain = problem.recall(choice.chosen | bit) - choice.recall
        if strain > 1.0 or gain <= _LEAST_GAIN:
            continue
        worth = gain / (0.01 + max(0.0, strain - choice.strain))
        if best is None or worth > best[0]:
            best = (worth, bit, choice.recall + gain, strain)
    if best is None:
        return False
    _take(problem, choice, best[1], 0, best[2], best[3])
    return True


def _exchange(problem: Problem, choice: Choice, free: Sequence[Mask]) -> bool:
    """Make the best exchange of one for one that raises recall."""
    best: tuple[float, Mask, Mask, float] | None = None
    for out in free:
        if not choice.chosen & out:
            continue
        rest = choice.chosen & ~out
        for bit in free:
            if choice.chosen & bit:
                continue
            recall = problem.recall(rest | bit)
            if recall <= max(choice.recall + _LEAST_GAIN, best[0] if best else 0.0):
                continue
            strain = problem.strain(rest | bit)
            if strain <= 1.0:
                best = (recall, bit, out, strain)
    if best is None:
        return False
    _take(problem, choice, best[1], best[2], best[0], best[3])
    return True


def _prune(problem: Problem, choice: Choice, free: Sequence[Mask]) -> None:
    """Take out what adds nothing: it costs keys and exposure all the same."""
    for out in free:
        if choice.chosen & out:
            recall = problem.recall(choice.chosen & ~out)
            if choice.recall - recall <= _LEAST_GAIN:
                _take(problem, choice, 0, out, recall, problem.strain(choice.chosen & ~out))


def _take(
    problem: Problem, choice: Choice, added: Mask, removed: Mask, recall: float, strain: float
) -> None:
    choice.chosen = choice.chosen & ~removed | added
    choice.recall, choice.strain = recall, strain
    added_name, removed_name = (" ".join(problem.names(bit)) for bit in (added, removed))
    choice.steps.append(Step(added_name, removed_name, recall, strain))


_LEAST_GAIN = 5e-5


def _share(sets: Mapping[Mask, int], chosen: Mask) -> float:
    total = sum(sets.values())
    return sum(count for mask, count in sets.items() if mask & chosen) / total if total else 0.0


def _bits(mask: Mask) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
