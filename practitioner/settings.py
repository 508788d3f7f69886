"""The gateway's settings file. Unknown settings are fatal; every path is explicit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from fingerpost.membership.membership import Places
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId


class AgencySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agency that asks through this gateway.

    * ``passport_key``: secret file (Ed25519, PKCS #8 PEM); who reads it can speak for every
      practitioner of the agency, and links the daily pseudonyms that the broker sees.
    * ``audit``: its chained log; changing it is seen.
    """

    id: AgencyId
    passport_key: Path
    audit: Path


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The gateway's settings, each with what an attacker who can change or read it could do.

    * ``places``: see ``membership.Places``.
    * ``peppers``: folder; reading it, with both key holders, tests guesses against recorded queries
      of that day.
    * ``accounts``: SQLite file of the practitioners; changing it lets somebody in.
    * ``account_key``: 32-byte secret file; seals the one-time-password secrets in ``accounts``.
    * ``outcomes``: SQLite file of the last seven days' outcomes, sealed under ``outcome_key``.
    * ``audit_key``: 32-byte secret file; reading it opens the audit's bodies.
    * ``health``: a local socket for the health check of ``fingerpost serve``.
    * ``upn_keys``: whether the agreement lets pupil numbers be used for matching.
    """

    places: Places
    agencies: tuple[AgencySettings, ...]
    peppers: Path
    accounts: Path
    account_key: Path
    outcomes: Path
    outcome_key: Path
    audit_key: Path
    health: Path
    upn_keys: bool = False

    def __post_init__(self) -> None:
        """What types cannot say. Raises ``Defect``."""
        if not self.agencies:
            raise Defect("agencies: at least one must ask through this gateway")
        if len({each.id for each in self.agencies}) != len(self.agencies):
            raise Defect("agencies: one is listed twice")
        if len(set(self.data)) != len(self.data):
            raise Defect("accounts, outcomes and audit logs: each needs a file of its own")
        if len(set(self.keys.values())) != len(self.keys):
            raise Defect("secret files: each key needs a file of its own")

    def agency(self, agency: AgencyId) -> AgencySettings:
        """Return an agency's settings. Raises ``Defect`` for one that does not ask through this
        gateway."""
        for each in self.agencies:
            if each.id == agency:
                return each
        raise Defect(f"{agency} does not ask through this gateway")

    @property
    def data(self) -> tuple[Path, ...]:
        """What the keys open."""
        return (self.accounts, self.outcomes, *(each.audit for each in self.agencies))

    @property
    def keys(self) -> Mapping[str, Path]:
        """Each key's file by the name of its setting."""
        return {
            "account_key": self.account_key,
            "outcome_key": self.outcome_key,
            "audit_key": self.audit_key,
            **{f"passport_key of {each.id}": each.passport_key for each in self.agencies},
        }

    @property
    def generations(self) -> Path:
        """What is remembered of each agency's records, beside the outcomes and under their key."""
        return self.outcomes.with_name(self.outcomes.name + ".generations")

    @property
    def notes(self) -> Path:
        """The notes of the last seven days' lookups, beside the outcomes and under their key."""
        return self.outcomes.with_name(self.outcomes.name + ".notes")

    @property
    def lock(self) -> Path:
        """The lock of the process that keeps peppers, certificate and member list.

        It is beside the folder of peppers, which has no other file.
        """
        return self.peppers.with_name(self.peppers.name + ".lock")
