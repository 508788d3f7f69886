"""A broker in this process, by itself or with nodes and gateways, for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fakes.broker_running import Running, running


@pytest.fixture
async def world() -> AsyncIterator[Running]:
    async with running() as made:
        yield made
