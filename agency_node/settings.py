"""The node's settings file. Unknown settings are fatal; every path is explicit; nothing that
decides trust has a default.

Addresses of the broker and of the key holders are not settings: they come with the bundle, from the
authority.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


class AgencySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One agency of this node.

    * ``data_key``: secret file of 32 bytes; reading it together with the database opens this
      agency's records.
    * ``upn_keys``: whether the agreement lets the pupil number be used for matching.
    * ``dispose_source``: whether an export is deleted once it is imported whole.
    """

    id: AgencyId
    data_key: Path
    upn_keys: bool = False
    dispose_source: bool = False


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each with what an attacker who can change (or read) it could do.

    * ``places``: see ``membership.Places``.
    * ``state``: folder of this node alone. ``records.sqlite``: sealed rows (deleting it makes the
      node say that it cannot answer, never "no"; an older copy of it likewise, by
      ``records.witness`` beside it; an older copy of both together answers "no" for whoever came
      since); ``reports/``: import reports without persons; what the answering side keeps.
    * ``agencies``: whose records are answered from; leaving one out makes it "cannot answer".
    * ``audit_key``: 32-byte secret file; reading it opens the bodies of the audit log.
    * ``health``: a local socket for the health check.
    * ``workers``: processes that blind and unblind during an import.
    """

    places: Places
    state: Path
    agencies: tuple[AgencySettings, ...]
    audit_key: Path
    health: Path
    workers: int = 2

    def __post_init__(self) -> None:
        """Raises ``Defect``: no agency, one twice, one data key for two (attack: rows of one would
        open as the other's), or no worker."""
        ids = [agency.id for agency in self.agencies]
        if not ids or len(set(ids)) != len(ids):
            raise Defect("agencies: at least one, and none twice")
        if len({agency.data_key for agency in self.agencies}) != len(ids):
            raise Defect("agencies: each has a data key of its own")
        if not 1 <= self.workers <= 64:
            raise Defect("workers: 1 to 64")

    def agency(self, agency: AgencyId) -> AgencySettings:
        """Raises ``Defect`` for an agency that the file does not name."""
        for found in self.agencies:
            if found.id == agency:
                return found
        raise Defect(f"agencies: {agency} is not one of this node's")

    @property
    def records(self) -> Path:
        return self.state / "records.sqlite"

    @property
    def reports(self) -> Path:
        return self.state / "reports"
