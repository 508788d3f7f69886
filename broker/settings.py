"""The broker's settings file. An unknown setting is refused; nothing has a default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.runtime.settings import HostPort


class BrokerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings, each with what an attacker could do who can change or read it.

    * ``places``: see ``membership.Places``.
    * ``listen_nodes``, ``listen_requesters``: ``host:port``. Changing one denies service.
    * ``state``: the folder of the replay set and the hash log. Changing it lets a query be offered
      to nodes again, which refuse it; a gap in the log is seen. Reading it shows which agency asked
      when, and how far.
    * ``audit_key``: a file with a 32-byte secret. Whoever reads it and the log can see which
      lookups one practitioner made within a day, but not who that is.
    * ``health``: a local socket for the health check.
    """

    places: Places
    listen_nodes: HostPort
    listen_requesters: HostPort
    state: Path
    audit_key: Path
    health: Path

    @property
    def keys(self) -> Mapping[str, Path]:
        """Each key's file by the name of its setting."""
        return {"audit_key": self.audit_key}

    @property
    def data(self) -> tuple[Path, ...]:
        """What the keys open."""
        return (self.state,)
