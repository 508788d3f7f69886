"""What an agency answers about a child whom it does not hold, while it holds a hundred thousand
others: who is taken for her.

Her brothers and sisters, and her twin, are among the others as they are in life. Neither her
question nor any record has a number: a number would distinguish most of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from agency_node.importing.quality.recorded import Recorded
from agency_node.match_tool.tables import Row
from benchmarks.matching.intervals import Share
from benchmarks.matching.sets import without_numbers
from benchmarks.matching.world import SEED
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.names import Names
from benchmarks.population.population import build
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision, NormalForm, Scope, Side, blocking_keys, normalise

MOST: Final = 2e-3
_KIN: Final = ("a twin", "a brother or sister", "a child of another family")


@dataclass(frozen=True, slots=True)
class Absent:
    """Shares of the questions: any record opened, any said to be a match, any left possible; and
    with whom.
    """

    keys: str
    opened: Share
    matched: Share
    possible: Share
    matched_with: dict[str, Share]
    possible_with: dict[str, Share]


def absent(names: Names, records: int, asked: int) -> list[Absent]:
    people = build(records + asked, SEED + 60, names).children
    chance = Random(SEED + 60)
    away = set(chance.sample(range(len(people)), asked))
    held = [child for child in people if child.id not in away]
    rows = [Row(f"{child.id:09}", _written(child, chance)) for child in held]
    recorded = Recorded.of(rows, upn=False)
    questions = [
        (people[number], normalise(_written(people[number], chance))) for number in sorted(away)
    ]
    return [_asked(scope, questions, held, recorded) for scope in Scope]


def _written(child: Child, chance: Random) -> Demographics:
    return without_numbers(write_record(child, TYPICAL, chance))


def _asked(
    scope: Scope,
    questions: Sequence[tuple[Child, NormalForm]],
    held: Sequence[Child],
    recorded: Recorded,
) -> Absent:
    opened = 0
    said: Counter[tuple[Decision, str]] = Counter()
    for child, form in questions:
        found = recorded.opened(blocking_keys(form, side=Side.QUERY, scope=scope))
        opened += bool(found)
        ruled = recorded.rule(form, recorded.likely(found))
        for decision in (Decision.MATCH, Decision.POSSIBLE):
            kin = {_kin(child, held[n]) for n, one in ruled.items() if one.decision is decision}
            said.update((decision, who) for who in (*kin, *(["any"] if kin else [])))
    of = len(questions)
    matched, possible = (
        {who: Share(said[decision, who], of) for who in ("any", *_KIN)}
        for decision in (Decision.MATCH, Decision.POSSIBLE)
    )
    return Absent(
        scope.name.lower(),
        Share(opened, of),
        matched.pop("any"),
        possible.pop("any"),
        matched,
        possible,
    )


def _kin(child: Child, other: Child) -> str:
    if child.birth == other.birth:
        return _KIN[0]
    return _KIN[1] if child.family == other.family else _KIN[2]
