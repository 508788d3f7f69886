"""The federation of most simulations, started, and the gateway of its council."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import COUNCIL, build
from federation import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = build()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def gateway(world: World) -> SimGateway:
    return world.gateway(COUNCIL)
