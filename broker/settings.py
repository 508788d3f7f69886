"""The broker's settings file. Unknown settings are fatal; every path is explicit; nothing has a default."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.runtime.settings import HostPort


class BrokerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each with what an attacker who can change (or read) it could do.

    * ``places``: see ``membership.Places``.
    * ``listen_nodes``, ``listen_askers``: ``host:port``; changing one denies service.
    * ``state``: folder of the replay set and the hash log. Changing it lets a query be offered to nodes again, which
      refuse it; what is missing from the log is seen. Reading it tells which agency asked when, and how far.
    * ``audit_key``: 32-byte secret file; reading it, with the log, tells which lookups one practitioner made within a
      day, not who that is.
    * ``health``: a local socket for the health check.
    """

    places: Places
    listen_nodes: HostPort
    listen_askers: HostPort
    state: Path
    audit_key: Path
    health: Path
