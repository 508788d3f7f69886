"""The charter: who signs what in a federation, how many must sign, and for how long a signature
holds.

``authority.toml`` in the ceremony's folder, read strictly, holds public keys and the paths of
private ones. A path may lie on a removable medium that is there for the ceremony only. Whoever can
change this file before a ceremony can have the next root name other keys: the signatures of the
present root are what stops them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta
from securesystemslib.signer import CryptoSigner, SSlibKey

from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import FederationId
from fingerpost.runtime import settings
from fingerpost.runtime.files import create_file, replace_file

CHARTER: Final = "authority.toml"
BINS: Final = (2, 4, 8, 16, 32, 64, 128, 256)

_Hex = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$",
        description="64 hexadecimal digits in small letters, in quotation marks",
    ),
]
_Days = Annotated[int, Meta(ge=1, le=3650)]


class KeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``public``: raw Ed25519 public key in hexadecimal. ``file``: where the private half is when
    it is here.
    """

    public: _Hex
    file: Path

    @property
    def public_bytes(self) -> bytes:
        return bytes.fromhex(self.public)


class Quorum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``threshold`` of these keys must sign."""

    threshold: Annotated[int, Meta(ge=1, le=32)]
    keys: Annotated[tuple[KeyEntry, ...], Meta(min_length=1, max_length=32)]


class Validity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days after which a signature expires.

    Attributes:
        code_lists_days: for all that governance signs.
    """

    root_days: _Days = 730
    targets_days: _Days = 90
    code_lists_days: _Days = 730


class Charter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Offline: ``root`` names all keys; ``targets`` sign the member list; ``governance`` signs the
    code lists, and says whose keys sign the member list. Online: the other three, the issuer's.
    ``bins``: over how many files the member list is spread."""

    federation: FederationId
    bins: int
    root: Quorum
    targets: Quorum
    governance: Quorum
    snapshot: KeyEntry
    timestamp: KeyEntry
    deny_list: KeyEntry
    validity: Validity = Validity()

    def __post_init__(self) -> None:
        """Raise ``Defect``: a threshold that cannot be met, a key in two places, or bins that do
        not divide evenly.
        """
        if self.bins not in BINS:
            raise Defect(f"bins: expected one of {', '.join(map(str, BINS))}")
        seen: set[str] = set()
        for name, quorum in (
            ("root", self.root),
            ("targets", self.targets),
            ("governance", self.governance),
        ):
            if quorum.threshold > len(quorum.keys):
                raise Defect(
                    f"{name}: {quorum.threshold} of {len(quorum.keys)} keys can never sign"
                )
            _no_key_twice(seen, name, quorum.keys)
        # An online key that is also an offline one would let whoever takes the issuer admit
        # members.
        online = (self.snapshot, self.timestamp, self.deny_list)
        _no_key_twice(seen, "online keys", online)


def read_charter(path: Path) -> Charter:
    """Read the charter. Raises ``Defect``."""
    return settings.load(path, Charter)


def _no_key_twice(seen: set[str], name: str, entries: tuple[KeyEntry, ...]) -> None:
    for entry in entries:
        if entry.public in seen:
            raise Defect(f"{name}: a key that is listed twice, here or in another role")
        seen.add(entry.public)


def write_charter(path: Path, charter: Charter, *, replace: bool = False) -> None:
    """Write the charter, with key paths below its folder relative to it.

    Raises:
        Defect: the file exists and is not to be replaced.
    """
    head = b"# Who signs what. Public keys here; private keys in the files named, 0600.\n"
    data = head + settings.written(charter, path.parent)
    if replace:
        replace_file(path, data)
    else:
        create_file(path, data)


def are_here(quorum: Quorum) -> bool:
    """Return whether enough of the key files are here to sign."""
    return sum(entry.file.exists() for entry in quorum.keys) >= quorum.threshold


def signers(quorum: Quorum, name: str) -> tuple[CryptoSigner, ...]:
    """Return as many signers as the threshold requires, from the key files that are here.

    Raises:
        Defect: fewer are here than must sign; it names both numbers.
    """
    here = [entry for entry in quorum.keys if entry.file.exists()]
    if len(here) < quorum.threshold:
        raise Defect(
            f"{name}: {quorum.threshold} keys must sign and {len(here)} of their files are here"
        )
    return tuple(_load_signer(entry.file, entry.public_bytes) for entry in here[: quorum.threshold])


def _load_signer(path: Path, public: bytes) -> CryptoSigner:
    """Raise ``Defect`` when the file holds another key than the charter lists.

    Attack, or slip: a ceremony signed with a key that nobody trusts.
    """
    key = read_signing_key(path, setting="key file")
    if public_of(key) != public:
        raise Defect(f"{path}: not the key that the charter lists")
    return CryptoSigner(key)


def public_of(key: Ed25519PrivateKey) -> bytes:
    """Return the raw public key, 32 bytes."""
    return key.public_key().public_bytes_raw()


def tuf_key(public: bytes) -> SSlibKey:
    """Return the public key as TUF names it; its key id follows from the key."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))
