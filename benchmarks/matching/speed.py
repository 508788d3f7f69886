"""How many keys a record has, and how long a child's normal form and keys take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import mean, median
from typing import Final

from benchmarks.matching.world import SEED
from benchmarks.population.child import Child
from benchmarks.population.errors import TYPICAL
from benchmarks.population.spoiling import write_record
from fingerpost.private.linkage import Scope, Side, blocking_keys, normalise

_RUNS: Final = 5
_TIMED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Effort:
    """``most``: of one record; ``milliseconds``: for normal form and keys of one record, the median
    of several runs.
    """

    keys: float
    most: int
    asked_narrow: float
    asked_wide: float
    milliseconds: float


def effort(children: Sequence[Child], sample: int) -> Effort:
    chance = Random(SEED + 70)
    chosen = chance.sample(list(children), sample)
    records = [write_record(child, TYPICAL, chance) for child in chosen]
    forms = [normalise(record) for record in records]
    counts = [len(blocking_keys(f, side=Side.RECORD, scope=Scope.WIDE)) for f in forms]
    narrow, wide = (
        mean(len(blocking_keys(f, side=Side.QUERY, scope=scope)) for f in forms)
        for scope in (Scope.NARROW, Scope.WIDE)
    )
    times = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        for record in records[:_TIMED]:
            blocking_keys(normalise(record), side=Side.RECORD, scope=Scope.WIDE)
        times.append(1000 * (time.perf_counter() - started) / min(_TIMED, sample))
    return Effort(mean(counts), max(counts), narrow, wide, median(times))
