"""Whether the node that runs here was started with the settings as they stand now.

A node reads its settings once. An agency that is added later is not answered for, and one that is
taken out is answered for still, until the node is restarted; so commands say when that is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from agency_node.answering.health_names import settings_health
from agency_node.settings import NodeSettings
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.health import knows

RESTART: Final = "systemctl restart fingerpost-node"
CHANGED: Final = (
    "The running node was started with other settings, or by another release. What was changed "
    f"since holds once it is restarted: {RESTART}"
)
NOT_KNOWN: Final = (
    "the running node does not know this agency, which was added to the settings after it was "
    f"started. It answers nobody for it until it is restarted: {RESTART}"
)


async def is_due(settings: NodeSettings) -> bool:
    """Return whether a node runs here that was not started with these settings."""
    return await knows(settings.health, settings_health(settings.digest)) is False


async def not_known(settings: NodeSettings, agencies: Iterable[AgencyId]) -> frozenset[AgencyId]:
    """Return the agencies that the running node does not know; none where no node runs."""
    return frozenset(
        [agency for agency in agencies if await knows(settings.health, str(agency)) is False]
    )
