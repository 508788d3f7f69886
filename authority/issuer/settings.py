"""The issuer's settings, and the file that a founding writes for it.

Whoever can change this file can have the issuer sign another folder's list with the federation's
online keys. That admits nobody, since the offline signatures are checked against ``trusted_root``;
it could withhold changes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.membership.bundle import Address
from fingerpost.protocol.ids import FederationId, MemberId
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
    who is out, 0600. ``health``: a Unix socket for the container's health check."""

    federation: FederationId
    member: MemberId
    listen: settings.HostPort
    repository: Path
    inbox: Path
    state: Path
    trusted_root: Path
    deny_list: Path
    keys: KeyFiles
    health: Path | None = None


def read_settings(path: Path) -> IssuerSettings:
    """Read the settings. Raises ``Defect``."""
    return settings.load(path, IssuerSettings)


def write_settings(path: Path, federation: FederationId, member: MemberId, listen: Address) -> None:
    """Write settings for the folder that a founding makes. Raises ``Defect`` when the file exists."""
    lines = [
        f"federation = {json.dumps(str(federation))}",
        f"member = {json.dumps(str(member))}",
        f"listen = {json.dumps(str(listen))}",
        'repository = "../repository"',
        'inbox = "../inbox"',
        'state = "state"',
        'trusted_root = "root.json"',
        'deny_list = "deny-list.json"',
        'health = "state/health.sock"',
        "",
        "[keys]",
        'certificate_authority = "ca.pem"',
        'certificate = "ca-certificate.pem"',
        'snapshot = "snapshot.pem"',
        'timestamp = "timestamp.pem"',
        'deny_list = "deny-list.pem"',
        'audit = "audit.key"',
    ]
    create_file(path, ("\n".join(lines) + "\n").encode())
