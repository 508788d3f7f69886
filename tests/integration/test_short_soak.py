"""The short form of the scenarios of the soak in which a party ends or is put back, and how each
short form is judged: one or two faults of each kind, no false "no" and no lost record.
"""

from __future__ import annotations

import pytest

import soak.kills
import soak.rollbacks
import soak.stops
import soak.store_rollbacks  # noqa: F401 - each registers its scenario
from soak.framework import Run, perform

pytestmark = pytest.mark.slow

SHORT = {"kills": 3, "stops": 2, "rollbacks": 2, "store-rollbacks": 3}
"""Trials, each of another party."""


async def require_honest(name: str, trials: int) -> None:
    run = Run(name, seed=1, minutes=60, trials=trials)
    row = await perform(run)
    if row.note.startswith("not run"):
        pytest.skip(row.note)
    assert not row.failed, row.note
    assert (run.false, run.lost) == ([], [])
    assert row.trials == trials
    assert row.whole > trials


@pytest.mark.parametrize(("name", "trials"), SHORT.items())
async def test_no_false_no_and_no_lost_record(name: str, trials: int) -> None:
    await require_honest(name, trials)
