"""The short form of the scenarios of the soak in which a machine fails its parties: network, disk,
clock. They stand apart so that two cores share the work.
"""

from __future__ import annotations

import pytest

import soak.clocks
import soak.failed_syncs
import soak.full_disks
import soak.load
import soak.network_cuts  # noqa: F401 - each registers its scenario
from integration.test_short_soak import require_honest

pytestmark = pytest.mark.slow

SHORT = {"network-cuts": 2, "full-disks": 2, "failed-syncs": 2, "clocks": 1, "load": 1}
"""Trials, each of another party."""


@pytest.mark.parametrize(("name", "trials"), SHORT.items())
async def test_no_false_no_and_no_lost_record(name: str, trials: int) -> None:
    await require_honest(name, trials)
