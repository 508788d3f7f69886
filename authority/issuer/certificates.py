"""The federation's certificate authority: its own certificate, and those of members.

Names come from the member list, never from a request: only the key of a request is used, and a
request for any other name than the member's own is refused. A certificate lives at most 7 days, so
that a stolen one expires by itself.

Source: RFC 5280; SPIFFE X.509-SVID (one URI name, no subject).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import FederationId
from fingerpost.runtime import tls
from fingerpost.runtime.files import create_file, read_file, read_secret
from fingerpost.runtime.identity import Identity, subject_names

AUTHORITY_DAYS: Final = 3650
KEY_FILE_BYTES: Final = 4096
LIFETIME: Final = timedelta(days=limits.CERTIFICATE_DAYS)
BACKDATE: Final = timedelta(seconds=limits.CLOCK_SKEW_SECONDS)


@dataclass(frozen=True, slots=True, repr=False)
class CertificateAuthority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """``pem``: the certificate and the authority's. ``not_after``: UNIX seconds."""

    pem: bytes
    serial: int
    not_after: int


def make_authority(
    key_path: Path, certificate_path: Path, federation: FederationId, now: float
) -> None:
    """Make a new key in a new file, and its certificate. Raises ``Defect`` when a file exists."""
    pem = tls.make_key()
    key = tls.read_private_key(pem)
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"{federation} certificate authority")]
    )
    start = _time(now)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATE)
        .not_valid_after(start + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    create_file(key_path, pem)
    create_file(certificate_path, certificate.public_bytes(Encoding.PEM), mode=0o644)


def load_authority(key_path: Path, certificate_path: Path) -> CertificateAuthority:
    """Load key and certificate.

    Raises:
        Defect: one is missing, open to others, or they do not belong together.
    """
    pem = read_secret(key_path, most=KEY_FILE_BYTES, setting="certificate authority key")
    key = tls.read_private_key(pem, key_path)
    certificate = tls.read_certificate(
        read_file(certificate_path, most=tls.CERTIFICATE_BYTES), certificate_path
    )
    if certificate.public_key() != key.public_key():
        raise Defect(f"{certificate_path}: not the certificate of the key in {key_path}")
    return CertificateAuthority(key, certificate)


def requested_key(request: bytes, identity: Identity) -> ec.EllipticCurvePublicKey:
    """Return the key of a certificate request (PKCS #10, DER) that asks for ``identity`` and
    nothing else.

    Raises:
        Refused: MALFORMED (form, kind of key, another extension), BAD_SIGNATURE (the sender does
            not hold the key), NOT_ALLOWED (another name).
    """
    try:
        parsed = x509.load_der_x509_csr(request)
        key = parsed.public_key()
        extensions = list(parsed.extensions)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise Refused(Code.MALFORMED, "certificate request") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Refused(Code.MALFORMED, "certificate request: key")
    try:
        signed = parsed.is_signature_valid
    except (UnsupportedAlgorithm, InvalidSignature):
        signed = False
    if not signed:
        raise Refused(Code.BAD_SIGNATURE, "certificate request")
    if len(extensions) != 1:
        raise Refused(Code.MALFORMED, "certificate request: extensions")
    if extensions[0].value != subject_names(identity) or len(parsed.subject):
        raise Refused(Code.NOT_ALLOWED, "certificate request: names")
    return key


def issue(
    authority: CertificateAuthority,
    key: ec.EllipticCurvePublicKey,
    identity: Identity,
    now: float,
    lifetime: timedelta = LIFETIME,
) -> Issued:
    """Return a certificate for both ends of a connection, valid from a clock skew ago.

    Raises:
        Defect: a life longer than ``LIFETIME``.
    """
    if not timedelta(0) < lifetime <= LIFETIME:
        raise Defect("a certificate lives at most 7 days")
    start = _time(now)
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    end = min(start + lifetime, authority.certificate.not_valid_after_utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATE)
        .not_valid_after(end)
        .add_extension(subject_names(identity), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(both, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM) + authority.pem
    return Issued(pem, certificate.serial_number, int(end.timestamp()))


def _usage(*, authority: bool) -> x509.KeyUsage:
    """Return the use of the authority's key, which signs certificates, or of a member's."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _time(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), UTC)
