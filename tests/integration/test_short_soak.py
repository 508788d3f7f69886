"""The short form of each scenario of the soak: a federation of processes, one or two faults of each
kind, no false "no" and no lost record.
"""

from __future__ import annotations

import pytest

import soak.full_disks
import soak.kills
import soak.load
import soak.network_cuts
import soak.rollbacks
import soak.stops  # noqa: F401 - each registers its scenario
from soak.framework import Run, perform

pytestmark = pytest.mark.slow

SHORT = {
    "kills": 3,
    "stops": 2,
    "rollbacks": 2,
    "network-cuts": 2,
    "full-disks": 2,
    "load": 1,
}
"""Trials, each of another party."""


@pytest.mark.parametrize(("name", "trials"), SHORT.items())
async def test_no_false_no_and_no_lost_record(name: str, trials: int) -> None:
    run = Run(name, seed=1, minutes=60, trials=trials)
    row = await perform(run)
    if row.note.startswith("not run"):
        pytest.skip(row.note)
    assert not row.failed, row.note
    assert (run.false, run.lost) == ([], [])
    assert row.trials == trials
    assert row.whole > trials
