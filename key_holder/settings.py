"""The key holder's settings file. An unknown setting is refused; every path is explicit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.runtime.settings import HostPort


class KeyHolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings, each with what an attacker could do who can change or read it.

    * ``places``: see ``membership.Places``.
    * ``listen``: ``host:port``. Changing it denies service.
    * ``vault``: the folder of the epoch keys. Whoever reads it can test guesses, with the other
      holder's keys and a member's pepper.
    * ``meter``: an SQLite file. Changing it widens quotas; the audit log still shows the
      evaluations.
    * ``audit``: the SQLite file of the chained log. A change is seen.
    * ``audit_key``: a file with a 32-byte secret. Whoever reads it can open audit bodies; a key
      holder writes none.
    * ``health``: a local socket for the health check.
    * ``workers``: how many processes evaluate.
    """

    places: Places
    listen: HostPort
    vault: Path
    meter: Path
    audit: Path
    audit_key: Path
    health: Path
    workers: int = 1

    @property
    def keys(self) -> Mapping[str, Path]:
        """Each key's file by the name of its setting."""
        return {"audit_key": self.audit_key}

    @property
    def data(self) -> tuple[Path, ...]:
        """What the keys open."""
        return (self.meter, self.audit)

    @property
    def lock(self) -> Path:
        """The lock of the one process that runs on this vault.

        It is beside the folder of the vault, which has no other file.
        """
        return self.vault.with_name(self.vault.name + ".lock")
