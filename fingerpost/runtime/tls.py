"""TLS between the parties: keys, requests and the credentials of servers and clients.

Law: both sides show a certificate of the federation's authority, TLS 1.3 only (how: see the
package). The names in a certificate are ``identity``'s matter.

Keys are ECDSA P-256, since gRPC's TLS does not take Ed25519. The group agreed is X25519MLKEM768 by
default. Whoever can write the authority's file decides whom this process believes; whoever reads
the key file can be this process until the certificate ends.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import read_secret
from fingerpost.runtime.identity import (
    Identity,
    Party,
    PeerIdentity,
    parse_spiffe_uri,
    peer_identity,
    spiffe_uri,
    subject_names,
)

__all__ = [
    "AuthorityOnly",
    "ClientTls",
    "Identity",
    "Party",
    "PeerIdentity",
    "ServerTls",
    "certificate_lifetime",
    "make_csr",
    "make_key",
    "not_after",
    "parse_spiffe_uri",
    "peer_identity",
    "spiffe_uri",
    "subject_names",
]

CERTIFICATE_BYTES: Final = 64 * 1024
KEY_BYTES: Final = 8 * 1024


def make_key() -> bytes:
    """A fresh private key for TLS: ECDSA P-256, PKCS 8 in PEM, for ``create_file``."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_csr(key_pem: bytes, identity: Identity) -> bytes:
    """A certificate signing request (PKCS 10, DER). The issuer takes the names from its own
    knowledge of the caller and from this only the key."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = request.add_extension(subject_names(identity), critical=True)
    return request.sign(_private_key(key_pem), hashes.SHA256()).public_bytes(Encoding.DER)


def certificate_lifetime(cert_pem: bytes) -> tuple[float, float]:
    """(not before, not after) of the first certificate, UNIX seconds. Raises ``Defect``."""
    certificate = _certificate(cert_pem)
    return (
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


def not_after(cert_pem: bytes) -> float:
    """When the first certificate ends, UNIX seconds. Raises ``Defect``."""
    return certificate_lifetime(cert_pem)[1]


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The files of a server: its certificate chain, its key, the federation's authority (PEM)."""

    certificate: Path
    key: Path
    authority: Path

    def credentials(self) -> grpc.ServerCredentials:
        """Credentials that demand a client certificate of the authority.

        The files are read again at a handshake when they have changed. While they do not fit
        together, as between the replacing of one and of the other, the last that did stay in use.

        Raises:
            Defect: the files cannot be read, or do not fit together.
        """
        return _Reloading(self, demand=True).credentials()

    def without_client_certificates(self) -> grpc.ServerCredentials:
        """For the issuer alone: whoever renews an ended certificate has none to show, and is
        authenticated by the signature on the request instead. Raises ``Defect``."""
        return _Reloading(self, demand=False).credentials()


@dataclass(frozen=True, slots=True)
class ClientTls:
    """The files of a client: its certificate chain, its key, the federation's authority (PEM)."""

    certificate: Path
    key: Path
    authority: Path

    def credentials(self) -> grpc.ChannelCredentials:
        """Read now. A channel keeps what it began with: make a new one for each connection that
        is to show a renewed certificate. Raises ``Defect``."""
        chain, key, authority = _read_files(self)
        return grpc.ssl_channel_credentials(authority, key, chain)


@dataclass(frozen=True, slots=True)
class AuthorityOnly:
    """A client that shows no certificate, for the issuer: it has none yet, or none any more."""

    authority: Path

    def credentials(self) -> grpc.ChannelCredentials:
        """Raises ``Defect``."""
        return grpc.ssl_channel_credentials(_read_certificates(self.authority))


class _Reloading:
    """Hands gRPC the files' content at a handshake, when it has changed."""

    def __init__(self, files: ServerTls, *, demand: bool) -> None:
        self._files = files
        self._demand = demand
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._initial = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        return grpc.dynamic_ssl_server_credentials(
            self._initial,
            self._fetch,  # type: ignore[arg-type]  # None means "unchanged"; the stubs forget it
            require_client_authentication=self._demand,
        )

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at each handshake, from its threads; must not raise."""
        with self._lock:
            stamp = self._stamp()
            if stamp == self._seen:
                return None
            try:
                fresh = self._read()
            except Defect:
                return None  # asked again at the next handshake
            self._seen = stamp
            return fresh

    def _read(self) -> grpc.ServerCertificateConfiguration:
        chain, key, authority = _read_files(self._files)
        return grpc.ssl_server_certificate_configuration(
            [(key, chain)], root_certificates=authority if self._demand else None
        )

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(
            _file_stamp(path)
            for path in (self._files.certificate, self._files.key, self._files.authority)
        )


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read_files(files: ServerTls | ClientTls) -> tuple[bytes, bytes, bytes]:
    """Certificate chain, key and authority, when certificate and key belong together."""
    chain = _read_certificates(files.certificate)
    key = read_secret(files.key, most=KEY_BYTES, setting="TLS key")
    if _certificate(chain).public_key() != _private_key(key).public_key():
        raise Defect(f"{files.certificate}: not a certificate of the key in {files.key}")
    return chain, key, _read_certificates(files.authority)


def _read_certificates(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(CERTIFICATE_BYTES + 1)
    except OSError as error:
        raise Defect(f"{path}: cannot be read ({type(error).__name__})") from None
    if len(data) > CERTIFICATE_BYTES:
        raise Defect(f"{path}: longer than {CERTIFICATE_BYTES} bytes")
    _certificate(data)
    return data


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError):
        raise Defect("not a certificate in PEM") from None


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise Defect("not a private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Defect("a TLS key must be ECDSA P-256")
    return key
