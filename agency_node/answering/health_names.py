"""The names in a node's health check, by which other processes ask what it answers from. Pure."""

from __future__ import annotations

from typing import Final

from fingerpost.protocol.ids import AgencyId

STREAM_HEALTH: Final = "stream"
"""The name of the stream to the broker; each agency has its id as its name."""


def import_health(agency: AgencyId, generation: int) -> str:
    """Return the name of the import that an agency answers from now."""
    return f"{agency} import {generation}"


def records_health(agency: AgencyId) -> str:
    """Return the name of an agency's records: they serve until half of their greatest age is
    over."""
    return f"{agency} records"


def marked_health(agency: AgencyId) -> str:
    """Return the name of an agency's marked records: they serve when the last test found all of
    them. Before the first test there is no such name."""
    return f"{agency} marked records"


def agreement_health(agency: AgencyId, version: str) -> str:
    """Return the name of the agreement that an agency answers by: it serves while the agreement is
    in force."""
    return f"{agency} agreement {version}"


def settings_health(digest: str) -> str:
    """Return the name of the settings that the process was started with.

    Args:
        digest: of the settings, as ``NodeSettings.digest``.
    """
    return f"settings {digest}"
