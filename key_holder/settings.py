"""The key holder's settings file. Unknown settings are fatal; every path is explicit."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.runtime.settings import HostPort


class KeyHolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each with what an attacker who can change (or read) it could do.

    * ``places``: see ``membership.Places``.
    * ``listen``: ``host:port``; changing it denies service.
    * ``vault``: folder of the epoch keys; reading it, together with the other holder's and a member's pepper,
      tests guesses.
    * ``meter``: SQLite file; changing it widens quotas (the audit log still shows the evaluations).
    * ``audit``: SQLite file of the chained log; changing it is seen.
    * ``audit_key``: 32-byte secret file; reading it opens audit bodies (a key holder writes none).
    * ``health``: a local socket for the health check.
    * ``workers``: processes that evaluate.
    """

    places: Places
    listen: HostPort
    vault: Path
    meter: Path
    audit: Path
    audit_key: Path
    health: Path
    workers: int = 1
