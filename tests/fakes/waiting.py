"""Waiting in a test for what has no event to wait for, such as the far end of a wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deploy.demo.patience import Patience

PAUSE_SECONDS = 0.005


async def until(holds: Callable[[], object]) -> None:
    """Return once ``holds``. A minute that this process could have used is too long; a busy machine
    is not.
    """
    patience = Patience("the condition of a test")
    while not holds():
        patience.require_movement()
        await asyncio.sleep(PAUSE_SECONDS)
