"""What each shipped rule is worth: the true pairs that it alone opens, and what it alone exposes.

    python -m benchmarks.matching.worth [--shared FOLDER] [--judge] [--areas 2] [--asked 6000]
                                        [--exposure] [--seed 12]

The sets are those that rules are chosen by, with ``--judge`` those that they are judged on, with
``--exposure`` none. Keys are the product's own, wide, within their bounds. Both halves of a rule
are one line. Figures are pairs, and questions opened at a trust of the area, in 10,000. It takes
some minutes.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from random import Random
from typing import Final

from agency_node.match_tool.tables import read_table, read_truth
from benchmarks.matching.exposure import index_of, meet
from benchmarks.matching.sets import recalled, without_numbers
from benchmarks.matching.solver import Mask
from benchmarks.matching.sources import RIVALS, Source, sources, tuned_on
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import CATCHMENT, build
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import (
    RULE_DEFINITIONS,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
)
from fingerpost.private.linkage.blocking_rules import RuleDefinition

SEED: Final = 12


def _rule_of(definition: RuleDefinition) -> str:
    name = definition.rule.name
    return name if definition.lacks is None else name[:-2]


RULES: Final = tuple(dict.fromkeys(map(_rule_of, RULE_DEFINITIONS)))
_BIT: Final = {each.rule: 1 << RULES.index(_rule_of(each)) for each in RULE_DEFINITIONS}


def by_rule(form: NormalForm, side: Side) -> dict[object, Mask]:
    """Return the wide keys of a child, each with the bit of its rule."""
    keys = blocking_keys(form, side=side, scope=Scope.WIDE)
    return {key: _BIT[key.rule] for key in keys}


def pairs_of(source: Source) -> Counter[Mask]:
    """Count the true pairs of a set by the rules that open them."""
    left, right = (read_table(source.folder / f"{side}.csv").rows for side in ("left", "right"))
    forms = [{row.id: normalise(row.demographics) for row in rows} for rows in (left, right)]
    truth = read_truth(source.folder / "truth.csv", left, right)
    return Counter(recalled(forms[0][one], forms[1][other], by_rule) for one, other in truth)


@dataclass(frozen=True, slots=True)
class Strangers:
    """Questions that records of other families, or of brothers and sisters, open at a trust of the
    area, by rules. ``home``: in the area of the child asked about; ``away``: in the other areas
    that were made, of which the trust has ``times`` as many.
    """

    home: Counter[Mask]
    away: Counter[Mask]
    times: float

    def opened(self, wanted: Mask = ~0) -> float:
        """Return how many are opened by any of the wanted rules."""
        return self._added(self.times, lambda mask: bool(mask & wanted))

    def only(self, rule: Mask) -> float:
        """Return how many are opened by one rule and by no other."""
        return self._added(self.times, lambda mask: mask == rule)

    @property
    def reach(self) -> float:
        """How far the interval of 95 per cent of all that are opened reaches to either side."""
        return 1.96 * sqrt(self._added(self.times**2, bool))

    def _added(self, times: float, counts: Callable[[Mask], bool]) -> float:
        home, away = (
            sum(count for mask, count in where.items() if counts(mask))
            for where in (self.home, self.away)
        )
        return home + times * away


def opened(areas: int, asked: int, names: Names, seed: int = SEED) -> tuple[Strangers, list[float]]:
    """Return how many questions records of other families, or of brothers and sisters, open at a
    trust of the area, by rules; and the keys of a record by rule.

    The children asked about live in all areas. What opens in the areas of a trust that are none of
    theirs is reckoned from those that there are.
    """
    people = build(areas * 50_000, seed, names)
    chance = Random(seed)
    asking: Sequence[Child] = chance.sample(people.children, asked)
    forms = [normalise(without_numbers(write_record(child, TYPICAL, chance))) for child in asking]
    found: dict[tuple[int, bool], Mask] = defaultdict(int)
    keys: Counter[Mask] = Counter()

    def keying(form: NormalForm, side: Side) -> Mapping[object, Mask]:
        made = by_rule(form, side)
        if side is Side.RECORD:
            keys.update(made.values())
        return made

    def note(query: int, record: Child, mask: Mask) -> None:
        if record.birth != asking[query].birth:
            found[query, record.area == asking[query].area] |= mask

    meet(index_of(forms, keying), people.children, keying, Random(seed + 1), note)
    home, away = (
        Counter(mask for (_, at_home), mask in found.items() if at_home is where)
        for where in (True, False)
    )
    of_a_record = [keys[1 << place] / len(people.children) for place in range(len(RULES))]
    return Strangers(home, away, (CATCHMENT - 1) / max(1, areas - 1)), of_a_record


def only(counts: Mapping[Mask, int], place: int) -> int:
    """Return how many open by one rule and by no other."""
    return counts.get(1 << place, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, help="a folder with linkage and frequencies")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--exposure", action="store_true")
    parser.add_argument("--areas", type=int, default=2)
    parser.add_argument("--asked", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=SEED, help="11: that by which rules are chosen")
    given = parser.parse_args()
    shared: Path | None = given.shared
    names = Names.from_folder(shared / "frequencies") if shared else Names.builtin()
    rivals = RIVALS.exists()
    found: list[Source] = []
    if given.judge:
        found = sources(names, shared, quick=False, rivals=rivals)
    elif not given.exposure:
        found = tuned_on(names, shared / "linkage" if shared else None, rivals=rivals)
    pairs: dict[str, Counter[Mask]] = {}
    for source in found:
        source.prepare()
        pairs[source.title] = pairs_of(source)
    strangers, keys = opened(given.areas, given.asked, names, given.seed)
    print("\n".join(table(pairs, strangers, given.asked, keys)))


def table(
    pairs: Mapping[str, Counter[Mask]],
    strangers: Strangers,
    asked: int,
    keys: Sequence[float],
) -> list[str]:
    lines = ["| rule | keys | exposed alone, exposed | " + " | ".join(pairs) + " |"]
    lines.append("|---" * (len(pairs) + 3) + "|")
    for place, rule in enumerate(RULES):
        alone, exposed = strangers.only(1 << place), strangers.opened(1 << place)
        cells = [f"{10_000 * only(c, place) / c.total():.0f}" for c in pairs.values()]
        shown = f"{10_000 * alone / asked:.1f}, {10_000 * exposed / asked:.1f}"
        lines.append(f"| {rule} | {keys[place]:.2f} | {shown} | " + " | ".join(cells) + " |")
    total = " | ".join(f"{1 - c[0] / c.total():.4f}" for c in pairs.values())
    rate, reach = (10_000 * each / asked for each in (strangers.opened(), strangers.reach))
    lines.append(f"| all | {sum(keys):.2f} | {rate:.1f} ± {reach:.1f} | {total} |")
    return lines


if __name__ == "__main__":
    main()
