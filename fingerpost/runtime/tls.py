"""TLS between the parties: keys, requests and the credentials of servers and clients.

Law: both sides show a certificate of the federation's authority, TLS 1.3 only (the package says
how). ``identity`` has the names in a certificate.

Keys are ECDSA P-256, since gRPC's TLS does not take Ed25519. The key exchange is X25519MLKEM768 by
default. An attacker who can write the authority's file decides whom this process trusts; an
attacker who reads the key file can act as this process until the certificate ends.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import read_file, read_secret
from fingerpost.runtime.identity import Identity, subject_names

CERTIFICATE_BYTES: Final = 64 * 1024
KEY_BYTES: Final = 8 * 1024


def make_key() -> bytes:
    """Make a private key for TLS: ECDSA P-256, PKCS 8 in PEM, for ``create_file``."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_csr(key_pem: bytes, identity: Identity) -> bytes:
    """Return a certificate signing request (PKCS 10, DER).

    The issuer takes only the key from it, and the names from the member list.
    """
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = request.add_extension(subject_names(identity), critical=True)
    return request.sign(read_private_key(key_pem), hashes.SHA256()).public_bytes(Encoding.DER)


def certificate_lifetime(cert_pem: bytes) -> tuple[float, float]:
    """Return (not before, not after) of the first certificate, UNIX seconds.

    Raises:
        Defect: there is none.
    """
    certificate = read_certificate(cert_pem)
    return (
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
    )


@dataclass(frozen=True, slots=True)
class _Files:
    """The certificate chain of a process, its key, and the federation's authority (PEM)."""

    certificate: Path
    key: Path
    authority: Path


class ServerTls(_Files):
    """The files of a server."""

    __slots__ = ()

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials that demand a client certificate of the authority.

        The files are read again at a handshake when they have changed. While they do not fit
        together, because only one of them is replaced yet, the last that did stay in use.

        Raises:
            Defect: the files cannot be read, or do not fit together.
        """
        return _Reloading(self, demand=True).credentials()

    def without_client_certificates(self) -> grpc.ServerCredentials:
        """Return credentials that demand no client certificate, for the issuer alone.

        A member that renews an expired certificate has none to show; the signature on its request
        authenticates it.

        Raises:
            Defect: as ``credentials``.
        """
        return _Reloading(self, demand=False).credentials()


class ClientTls(_Files):
    """The files of a client."""

    __slots__ = ()

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files now and return the credentials.

        A channel keeps them: make a new channel for each connection that is to show a renewed
        certificate.

        Raises:
            Defect: the files cannot be read, or do not fit together.
        """
        chain, key, authority = _read_files(self)
        return grpc.ssl_channel_credentials(authority, key, chain)


@dataclass(frozen=True, slots=True)
class AuthorityOnly:
    """A client of the issuer that shows no certificate: it has none yet, or none any more."""

    authority: Path

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials. Raises ``Defect`` when the file holds no certificate."""
        return grpc.ssl_channel_credentials(_read_certificates(self.authority))


class _Reloading:
    """Gives gRPC the content of the files at a handshake when they have changed."""

    def __init__(self, files: ServerTls, *, demand: bool) -> None:
        self._files = files
        self._demand = demand
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._initial = self._read()

    def credentials(self) -> grpc.ServerCredentials:
        return grpc.dynamic_ssl_server_credentials(
            self._initial,
            self._fetch,  # type: ignore[arg-type]  # None means "unchanged"; the stubs lack it
            require_client_authentication=self._demand,
        )

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the files if they have changed. gRPC calls it at each handshake, from its threads.

        It must not raise.
        """
        with self._lock:
            stamp = self._stamp()
            if stamp == self._seen:
                return None
            try:
                fresh = self._read()
            except Defect:
                return None  # tried again at the next handshake
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


def _read_files(files: _Files) -> tuple[bytes, bytes, bytes]:
    """Return certificate chain, key and authority.

    Raises:
        Defect: one cannot be read, or certificate and key do not fit.
    """
    chain = _read_certificates(files.certificate)
    key = read_secret(files.key, most=KEY_BYTES, setting="TLS key")
    if (
        read_certificate(chain, files.certificate).public_key()
        != read_private_key(key, files.key).public_key()
    ):
        raise Defect(f"{files.certificate}: not a certificate of the key in {files.key}")
    return chain, key, _read_certificates(files.authority)


def _read_certificates(path: Path) -> bytes:
    data = read_file(path, most=CERTIFICATE_BYTES)
    read_certificate(data, path)
    return data


def read_certificate(pem: bytes, file: object = "TLS certificate") -> x509.Certificate:
    """Return the first certificate of ``pem``.

    Raises:
        Defect: there is none; it names the file.
    """
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except (ValueError, IndexError):
        raise Defect(f"{file}: not a certificate in PEM") from None


def read_private_key(pem: bytes, file: object = "TLS key") -> ec.EllipticCurvePrivateKey:
    """Return a key that ``make_key`` made.

    Raises:
        Defect: it is another; it names the file.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, InternalError):
        raise Defect(f"{file}: not a private key in PEM") from None
    except UnsupportedAlgorithm:
        raise Defect(f"{file}: not a key of ECDSA P-256") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Defect(f"{file}: not a key of ECDSA P-256")
    return key
