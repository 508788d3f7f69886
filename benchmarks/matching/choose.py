"""Chooses the blocking rules: measures every candidate, then has the solver pick within budgets.

    python -m benchmarks.matching.choose [--shared FOLDER] [--areas 12] [--asked 16000]

``--shared`` as in ``run``; without it what is made alone is measured. The program prints the
two sets and how they came about. That is a proposal: what was decided stands in
``fingerpost.private.linkage.blocking_rules``, and why in docs/matching.md. It takes five minutes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.matching import labelled
from benchmarks.matching.agencies import Found, Meetings
from benchmarks.matching.candidates import Candidate, considered, keys
from benchmarks.matching.exposure import index_of, meet
from benchmarks.matching.solver import Choice, Exposure, Mask, Problem, Recall, solve
from benchmarks.matching.sources import Source, tuned_on
from benchmarks.population.child import Child
from benchmarks.population.errors import BAD, TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import NormalForm, Side, normalise

SEED = 11
"""The population that the choice is made on; what is shipped is judged on others."""

NEAR = 6
"""The first areas: where the asking children live, and what their trust serves. The rest are
far.
"""

FAR_BUDGETS = {"council": 6e-4, "far trust": 3e-3}
NEAR_BUDGETS = {"school": 1e-4, "practice": 2e-4, "trust": 1.9e-2}
"""Somewhat below the budgets; a school's and a practice's are set lower, because families are more
similar in life than here.
"""

NARROW_KEYS, WIDE_KEYS = 17.0, 25.0
"""Keys of a record in the mean. A record has 25 at most: the last rules are dropped first."""

KEPT = (
    "NK · date · england 26",
    "sounds · date · england 26",
    "beginnings · date · england 26",
    "names · day/month · england 26",
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
    "typed-choose": 1.5,
    "typed-numbers-choose": 0.5,
    "census-survey-choose": 1.5,
    "registers-choose": 1.0,
    "lookups-choose": 0.3,
    "england-areas-choose": 1.5,
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


def measure(names: Names, published: Sequence[Source], areas: int, asked_children: int) -> Measured:
    candidates = considered()
    people = build(areas * 50_000, SEED, names)
    chance = Random(SEED)
    near = [people.children[number] for area in people.areas[:NEAR] for number in area.children]
    asking = chance.sample(near, asked_children)
    met = _meet(asking, people.children, candidates)
    sample = chance.sample(people.children, asked_children)
    pairs = {source.name: labelled.published(source.folder, candidates) for source in published}
    if NO_PLACE.removesuffix(_UNPLACED) in pairs:
        folder = next(each.folder for each in published if NO_PLACE.startswith(each.name))
        pairs[NO_PLACE] = labelled.published(folder, candidates, placed=False)
    for name, model in (("typical", TYPICAL), ("bad", BAD)):
        pairs[name] = labelled.synthetic(sample, candidates, model, SEED + 2)
    schools, practices = len(people.areas[0].schools), len(people.areas[0].practices)
    return Measured(
        candidates,
        {
            "school": _padded(met.school, asked_children * (schools - 1)),
            "practice": _padded(met.practice, asked_children * (practices - 1)),
            "council": _padded(met.far_council, asked_children * (areas - NEAR)),
            "far trust": _padded(met.far_trust, asked_children),
            "trust": _padded(met.trust, asked_children),
        },
        pairs,
        _keys_of(sample, candidates),
    )


def _meet(
    asking: Sequence[Child], records: Iterable[Child], candidates: Sequence[Candidate]
) -> Meetings:
    """Return what opens at agencies that do not hold a child, by which candidates."""
    chance = Random(SEED)
    forms = [normalise(write_record(child, TYPICAL, chance)) for child in asking]
    met = Meetings()

    def keying(form: NormalForm, side: Side) -> dict[object, Mask]:
        return {key: 1 << key[0] for key in keys(candidates, form, side)}

    def note(query: int, record: Child, mask: Mask) -> None:
        met.note(asking[query], range(NEAR), query, record, mask)

    meet(index_of(forms, keying), records, keying, Random(SEED + 1), note)
    for (query, _), mask in met.far_council.items():
        met.far_trust[query, 0] |= mask
    return met


def _padded(found: Found, total: int) -> Counter[Mask]:
    """Return counts in which every agency asked counts once for every question, opened or not."""
    counts = Counter(found.values())
    counts[0] += total - counts.total()
    return counts


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
    """Return the problem of one set of keys.

    Args:
        always: Candidates that are in the set already.
        far: Whether only candidates that are bound for all of England, or to the home, may be
            chosen.
    """
    names = [candidate.name for candidate in measured.candidates]
    bound = ("england ", "home", "incode", "nowhere")
    never = [n for n in names if far and not any(word in n for word in bound)]
    never += [n for n in names if n.endswith("england")]  # bound to nothing: unequal
    places = {name: 1 << place for place, name in enumerate(names)}
    kept = always | sum(places[name] for name in KEPT)
    return Problem(
        candidates=names,
        recalls=[Recall(n, WEIGHTS[n], pairs) for n, pairs in measured.pairs.items()],
        exposures=[Exposure(n, most, measured.strangers[n]) for n, most in budgets.items()],
        keys=measured.keys,
        most_keys=most_keys,
        always=kept,
        never=sum(places[name] for name in set(never)) & ~always,
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
    parser.add_argument("--shared", type=Path, help="a folder with linkage and frequencies")
    parser.add_argument("--areas", type=int, default=12)
    parser.add_argument("--asked", type=int, default=16_000)
    arguments = parser.parse_args()
    shared: Path | None = arguments.shared
    names = Names.from_folder(shared / "frequencies") if shared else Names.builtin()
    published = tuned_on(names, shared / "linkage" if shared else None)
    for source in published:
        source.prepare()
    measured = measure(names, published, arguments.areas, arguments.asked)
    budgets = {**FAR_BUDGETS, **{name: 0.8 * most for name, most in NEAR_BUDGETS.items()}}
    narrow = problem(measured, budgets, NARROW_KEYS, 0, far=True)
    chosen = solve(narrow)
    report("narrow", narrow, chosen, 0)
    wide = problem(measured, NEAR_BUDGETS, WIDE_KEYS, chosen.chosen, far=False)
    report("wide", wide, solve(wide), chosen.chosen)


if __name__ == "__main__":
    main()
