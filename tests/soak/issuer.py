"""The folder of an issuer: a repository that offline keys have signed, and the keys that sign
online, as a founding leaves them. The issuer's own command does the rest.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authority.issuer.online import deny_list_record
from authority.issuer.settings import SETTINGS, IssuerSettings, read_settings, write_settings
from authority.repository import DENY_LIST, SNAPSHOT, TIMESTAMP
from fakes.certificates import FakeAuthority
from fakes.repository import FakeRepository
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.federation_files import write_deny_list
from fingerpost.protocol.ids import Address
from fingerpost.runtime.files import KEY_BYTES, create_file
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder

ONLINE: Final = "online"
SIGNED_ONLINE: Final = frozenset(
    {f"metadata/{role}.json" for role in (SNAPSHOT, TIMESTAMP, DENY_LIST)}
    | {"targets/deny-list.json"}
)
"""What the issuer makes for itself."""


def lay_out(
    home: Path, repository: FakeRepository, authority: FakeAuthority, me: Identity, address: str
) -> IssuerSettings:
    """Make the folder, which may be there already, of an issuer that suspends nobody.

    Args:
        repository: what it has published. Its keys sign from now on by the issuer's hand alone.
    """
    online = home / ONLINE
    for folder in (online / "state", home / "inbox"):
        folder.mkdir(mode=0o700, parents=True)
    for path, content in repository.files.items():
        if path not in SIGNED_ONLINE:
            file = home / "repository" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    (signer,) = repository.keys.online
    for name in ("snapshot.pem", "timestamp.pem", "deny-list.pem"):
        create_file(online / name, signer.private_bytes)
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    create_file(online / "ca.pem", key)
    create_file(online / "ca-certificate.pem", authority.file.read_bytes(), mode=0o644)
    create_file(online / "root.json", repository.root.read_bytes(), mode=0o644)
    create_file(online / "audit.key", os.urandom(KEY_BYTES))
    write_settings(online / SETTINGS, me.federation, me.member, Address(address))
    found = read_settings(online / SETTINGS)
    record = deny_list_record(found.deny_list, WitnessFolder(found.witness))
    record.write(write_deny_list(DenyList()))
    return found
