"""A member's signing key, which lasts, and its TLS certificates, which change, in a folder of its
own.

Law: keys are made where they are used, in files of mode 0600, and never leave the machine. The
signing key (Ed25519) is made once: it is the member, and nothing here overwrites it. A new TLS key
is made for each certificate. Key and certificate are replaced together, so that no reader gets a
new key with an old certificate.

    signing.key               PKCS 8 in PEM
    tls/<n>/key.pem, certificate.pem
    tls/current               a link to the newest <n>, put in place by renaming
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.membership.signing_keys import make_signing_key, read_signing_key
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import create_file, or_defect, sync_folder
from fingerpost.runtime.tls import ClientTls, ServerTls, certificate_lifetime

SIGNING_KEY: Final = "signing.key"
_CURRENT: Final = "current"
_CERTIFICATE: Final = "certificate.pem"
_KEY: Final = "key.pem"


@dataclass(frozen=True, slots=True, repr=False)
class MemberKeys:
    """The keys of a member.

    ``certificate`` and ``key`` are the paths of the newest pair; before the first certificate no
    file is there.
    """

    folder: Path
    signing_key: Ed25519PrivateKey

    @classmethod
    def load(cls, folder: Path) -> MemberKeys:
        """Load the keys.

        Raises:
            Defect: there is no signing key, it is open to others, or it is not an Ed25519 key.
        """
        return cls(folder, read_signing_key(folder / SIGNING_KEY, setting="signing key"))

    def __repr__(self) -> str:
        return f"MemberKeys({self.public_key.hex()[:16]}…)"

    @property
    def public_key(self) -> bytes:
        """The raw public key, 32 bytes, as the member list holds it."""
        return self.signing_key.public_key().public_bytes_raw()

    @property
    def certificate(self) -> Path:
        return self.folder / "tls" / _CURRENT / _CERTIFICATE

    @property
    def key(self) -> Path:
        return self.folder / "tls" / _CURRENT / _KEY

    def server_tls(self, authority: Path) -> ServerTls:
        """Return the files for a server, which uses a pair that is installed later from the next
        handshake on.
        """
        return ServerTls(self.certificate, self.key, authority)

    def client_tls(self, authority: Path) -> ClientTls:
        """Return the files for a client; each call of ``credentials`` reads the pair that is newest
        then.
        """
        return _NewestPair(self.certificate, self.key, authority)

    def lifetime(self) -> tuple[float, float] | None:
        """Return (not before, not after) of the newest certificate, UNIX seconds; None before the
        first.

        Raises:
            Defect: the file cannot be read, or holds no certificate.
        """
        with or_defect(f"{self.certificate}: cannot be read"):
            try:
                return certificate_lifetime(self.certificate.read_bytes())
            except FileNotFoundError:
                return None

    def install(self, key_pem: bytes, chain_pem: bytes) -> None:
        """Put a new pair in force, durably, both or neither. Blocking.

        Raises:
            Defect: the folder cannot be written; the earlier pair stays in force.
        """
        tls = self.folder / "tls"
        tls.mkdir(mode=0o700, exist_ok=True)
        numbers = [int(path.name) for path in tls.iterdir() if path.name.isdecimal()]
        fresh = tls / f"{max(numbers, default=0) + 1:06}"
        link = tls / f".{secrets.token_hex(8)}"
        try:
            with or_defect(f"{tls}: cannot be written"):
                fresh.mkdir(mode=0o700)
                create_file(fresh / _KEY, key_pem)
                create_file(fresh / _CERTIFICATE, chain_pem)
                link.symlink_to(fresh.name)
                link.replace(tls / _CURRENT)
                sync_folder(tls)
        except Defect:
            link.unlink(missing_ok=True)
            raise
        # The earlier pair stays until the next change: a client may be reading it at this moment.
        for number in sorted(numbers)[:-1]:
            shutil.rmtree(tls / f"{number:06}", ignore_errors=True)


def make_member_keys(folder: Path) -> MemberKeys:
    """Make the signing key of a new member.

    Raises:
        Defect: there is one already (a member that loses its key must be enrolled anew), or it
            cannot be written.
    """
    with or_defect(f"{folder}: cannot be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return MemberKeys(folder, make_signing_key(folder / SIGNING_KEY))


class _NewestPair(ClientTls):
    """Follows the link once, so that key and certificate come from the same pair."""

    __slots__ = ()

    def credentials(self) -> grpc.ChannelCredentials:
        try:
            pair = self.certificate.parent.resolve(strict=True)
        except OSError:
            raise Defect(f"{self.certificate}: there is no certificate yet") from None
        return ClientTls(
            pair / self.certificate.name, pair / self.key.name, self.authority
        ).credentials()
