"""The issuer's settings, and the file that a founding writes for it.

Whoever can change this file can have the issuer sign another folder's list with the federation's
online keys. That admits nobody, since the offline signatures are checked against ``trusted_root``;
it could withhold changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from fingerpost.protocol.ids import Address, FederationId, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import create_file

SETTINGS: Final = "issuer.toml"


class KeyFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each 0600, but for ``certificate``. ``audit``: 32 bytes."""

    certificate_authority: Path
    certificate: Path
    snapshot: Path
    timestamp: Path
    deny_list: Path
    audit: Path


class IssuerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``state``: a folder of this process alone (audit log, its own certificate). ``deny_list``:
    who is out, 0600. ``witness``: a folder on another disk and in another backup than the rest; it
    shows when an earlier copy of the deny-list is put back. ``health``: a Unix socket
    for the container's health check."""

    federation: FederationId
    member: MemberId
    listen: settings.HostPort
    repository: Path
    inbox: Path
    state: Path
    trusted_root: Path
    deny_list: Path
    witness: Path
    keys: KeyFiles
    health: Path | None = None


def read_settings(path: Path) -> IssuerSettings:
    """Read the settings. Raises ``Defect``."""
    return settings.load(path, IssuerSettings)


def write_settings(path: Path, federation: FederationId, member: MemberId, listen: Address) -> None:
    """Write settings for the folder that a founding makes.

    Raises:
        Defect: the file exists.
    """
    made = IssuerSettings(
        federation=federation,
        member=member,
        listen=str(listen),
        repository=Path("../repository"),
        inbox=Path("../inbox"),
        state=Path("state"),
        trusted_root=Path("root.json"),
        deny_list=Path("deny-list.json"),
        witness=Path("../witness"),
        keys=KeyFiles(
            certificate_authority=Path("ca.pem"),
            certificate=Path("ca-certificate.pem"),
            snapshot=Path("snapshot.pem"),
            timestamp=Path("timestamp.pem"),
            deny_list=Path("deny-list.pem"),
            audit=Path("audit.key"),
        ),
        health=Path("state/health.sock"),
    )
    create_file(path, settings.written(made, path.parent))
