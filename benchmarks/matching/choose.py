"""Chooses the blocking rules: measures every candidate, then lets the solver pick within the
budgets.

    python -m benchmarks.matching.choose [--names FOLDER] [--published FOLDER] [--areas 12] [--asked
    16000]

Prints the two sets and how they came about. What it prints is a proposal: what was decided stands
in ``fingerpost.private.linkage.blocking_rules``, and why in docs/matching.md. Takes five minutes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.matching.candidates import Candidate, considered, keys
from benchmarks.matching.exposure import Opened, ask, padded, scan
from benchmarks.matching.labelled import TUNED_ON, published, synthetic
from benchmarks.matching.solver import Choice, Exposure, Mask, Problem, Recall, solve
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import Side, normalise

SEED = 11
"""The population that the choice is made on; what is shipped is judged on others."""

NEAR = 6
"""The first areas: where the asking children live, and what their trust serves. The rest are
far.
"""

FAR_BUDGETS = {"council": 3e-4, "far trust": 2e-3}
NEAR_BUDGETS = {"school": 6e-5, "practice": 1e-4, "trust": 1e-2}
"""The budgets' aims; a school's and a practice's are set lower, because families are more similar
in life than here.
"""

NARROW_KEYS, WIDE_KEYS = 13.0, 23.5
"""Keys of a record in the mean, so that few records have more than the 25 that they may."""

KEPT = (
    "NK · date · england 28",
    "sounds · date · england 28",
    "beginnings · date · england 28",
    "names · day/month · england 28",
    "sex · date · home 24",
    "no place: · NK · date · nowhere 0",
    "no place: · sounds · date · nowhere 0",
)
"""Without these a spelling or a nickname that only a table knows, a day written for a month or a
child without a name would be missed, which the measured pairs hold too few of to show.
"""

_UNPLACED = " without postcodes"
NO_PLACE = "pseudopeople-census-census-tune" + _UNPLACED

WEIGHTS = {
    NO_PLACE: 0.5,
    "typical": 2.0,
    "bad": 2.0,
    "febrl1-self": 2.0,
    "fake_1000-self": 0.3,
    "pseudopeople-census-census-tune": 1.0,
    "pseudopeople-census-survey-tune": 0.5,
    "pseudopeople-census-wic-tune": 0.5,
}


@dataclass
class Measured:
    """``strangers``: by kind of agency, what opened there; ``keys``: of a record, by candidate, in
    the mean.
    """

    candidates: Sequence[Candidate]
    strangers: Mapping[str, Mapping[Mask, int]]
    pairs: Mapping[str, Mapping[Mask, int]]
    keys: Sequence[float]


def measure(names: Names, folder: Path | None, areas: int, asked_children: int) -> Measured:
    candidates = considered()
    people = build(areas * 50_000, SEED, names)
    chance = Random(SEED)
    near = [people.children[number] for area in people.areas[:NEAR] for number in area.children]
    asking = chance.sample(near, asked_children)
    opened = scan(
        ask(asking, range(NEAR), TYPICAL, SEED), people.children, candidates, TYPICAL, SEED + 1
    )
    sample = chance.sample(people.children, asked_children)
    pairs = {name: published(folder / name, candidates) for name in TUNED_ON} if folder else {}
    if folder:
        unplaced = folder / NO_PLACE.removesuffix(_UNPLACED)
        pairs[NO_PLACE] = published(unplaced, candidates, placed=False)
    for name, model in (("typical", TYPICAL), ("bad", BAD)):
        by_group = synthetic(sample, candidates, model, SEED + 2)
        pairs[name] = sum(by_group.values(), Counter())
    area = people.areas[0]
    return Measured(
        candidates,
        _strangers(opened, asked_children, len(area.schools), len(area.practices), areas - NEAR),
        pairs,
        _keys_of(sample, candidates),
    )


def _strangers(
    opened: Opened, asked: int, schools: int, practices: int, far: int
) -> dict[str, Counter[Mask]]:
    """An agency asked counts once for every query, opened or not."""
    return {
        "school": padded(opened.schools.values(), asked * (schools - 1)),
        "practice": padded(opened.practices.values(), asked * (practices - 1)),
        "council": padded(opened.council.values(), asked * far),
        "far trust": padded(opened.far_trust.values(), asked),
        "trust": padded(opened.trust.values(), asked),
    }


def _keys_of(sample: Sequence[Child], candidates: Sequence[Candidate]) -> list[float]:
    chance = Random(SEED + 4)
    counts: Counter[int] = Counter()
    for child in sample:
        form = normalise(write_record(child, TYPICAL, chance))
        counts.update(key[0] for key in keys(candidates, form, Side.RECORD))
    return [counts[place] / len(sample) for place in range(len(candidates))]


def problem(
    measured: Measured, budgets: Mapping[str, float], most_keys: float, always: Mask, far: bool
) -> Problem:
    """``far``: only candidates that are bound for all of England, or to the home."""
    names = [candidate.name for candidate in measured.candidates]
    bound = ("england ", "home", "nowhere")
    never = [n for n in names if far and not any(word in n for word in bound)]
    never += [n for n in names if n.endswith("england")]  # bound to nothing: unequal
    whole = Problem(
        candidates=names,
        recalls=[Recall(n, WEIGHTS[n], pairs) for n, pairs in measured.pairs.items()],
        exposures=[Exposure(n, most, measured.strangers[n]) for n, most in budgets.items()],
        keys=measured.keys,
        most_keys=most_keys,
    )
    return Problem(
        whole.candidates,
        whole.recalls,
        whole.exposures,
        whole.keys,
        whole.most_keys,
        always | (whole.mask(KEPT)),
        whole.mask(never) & ~always,
    )


def report(title: str, asked: Problem, choice: Choice, before: Mask) -> None:
    print(f"\n{title}: {asked.keys_of(choice.chosen):.1f} keys, strain {choice.strain:.2f}")
    for name in asked.names(choice.chosen & ~before):
        print(f"  {name}")
    for exposure in asked.exposures:
        print(f"  {exposure.name:36} {exposure.of(choice.chosen):.1e} of {exposure.most:.1e}")
    for recall in asked.recalls:
        print(f"  {recall.name:36} {recall.of(choice.chosen):.4f}, all {recall.of(~0):.4f}")
    for step in choice.steps:
        print(f"    + {step.added or '-'} - {step.removed or '-'}: {step.recall:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=Path, help="folder of uk_forename.csv, uk_surname.csv")
    parser.add_argument("--published", type=Path, help="folder of labelled pairs")
    parser.add_argument("--areas", type=int, default=12)
    parser.add_argument("--asked", type=int, default=16_000)
    arguments = parser.parse_args()
    names = Names.from_folder(arguments.names) if arguments.names else Names.builtin()
    measured = measure(names, arguments.published, arguments.areas, arguments.asked)
    budgets = {**FAR_BUDGETS, **{name: 0.8 * most for name, most in NEAR_BUDGETS.items()}}
    narrow = problem(measured, budgets, NARROW_KEYS, 0, far=True)
    chosen = solve(narrow)
    report("narrow", narrow, chosen, 0)
    wide = problem(measured, NEAR_BUDGETS, WIDE_KEYS, chosen.chosen, far=False)
    report("wide", wide, solve(wide), chosen.chosen)


if __name__ == "__main__":
    main()
