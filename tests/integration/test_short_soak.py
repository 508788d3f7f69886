"""The short form of the scenarios of the soak: each fault once in one federation, and one store put
back; no false "no" and no lost record. Wrong clocks, syncs and disks have tests of their own, too.
"""

from __future__ import annotations

import pytest

import soak.every_fault
import soak.store_rollbacks  # noqa: F401 - each registers its scenario
from soak.framework import Run, perform

pytestmark = pytest.mark.slow

SHORT = {"every-fault": 1, "store-rollbacks": 1}
"""Trials, of a scenario that does not end by itself."""


@pytest.mark.parametrize(("name", "trials"), SHORT.items())
async def test_no_false_no_and_no_lost_record(name: str, trials: int) -> None:
    run = Run(name, seed=1, minutes=60, trials=trials)
    row = await perform(run)
    assert not row.failed, row.note
    assert (run.false, run.lost) == ([], [])
    assert row.trials >= trials
    assert row.whole > row.trials
