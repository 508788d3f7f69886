"""A certificate authority for tests that speak real TLS on loopback.

Law: certificates as the issuer makes them (ECDSA P-256, seven days, the names of one identity) on
real time, since TLS reads the machine's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fingerpost.runtime.files import create_file
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.runtime.tls import ClientTls, ServerTls, make_csr, make_key

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, repr=False)
class Papers:
    """A certificate chain and its key, in PEM."""

    chain: bytes
    key: bytes

    def write(self, folder: Path) -> Path:
        """As ``tls.pem`` and ``tls.key`` into the folder, which is returned."""
        folder.mkdir(exist_ok=True)
        (folder / "tls.pem").write_bytes(self.chain)
        (folder / "tls.key").unlink(missing_ok=True)
        create_file(folder / "tls.key", self.key)
        return folder


@dataclass(frozen=True)
class FakeAuthority:
    """A certificate authority in a folder, and the files of those it certifies."""

    folder: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, folder: Path) -> Self:
        folder.mkdir()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        made = cls(folder, name, ec.generate_private_key(ec.SECP256R1()))
        public = made.key.public_key()
        builder = (
            made._builder(public)
            .subject_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS_CERTIFICATES, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        made.file.write_bytes(builder.sign(made.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return made

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def _builder(
        self,
        key: ec.EllipticCurvePublicKey,
        starts_in: timedelta = timedelta(days=-1),
        ends_in: timedelta = timedelta(days=6),
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC).replace(microsecond=0)
        return x509.CertificateBuilder(
            issuer_name=self.name,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now + starts_in,
            not_valid_after=now + ends_in,
        )

    def issue(
        self,
        identity: Identity,
        *,
        names: x509.SubjectAlternativeName | None = None,
        **validity: timedelta,
    ) -> Papers:
        """Certify a new key as the issuer does; other ``names`` than its own, and another validity,
        are for attacks.

        RFC 5280, section 4.2.1.1, demands the identifier of the authority's key, and so does TLS in
        Python 3.13.
        """
        key = make_key()
        public_key = x509.load_der_x509_csr(make_csr(key, identity)).public_key()
        assert isinstance(public_key, ec.EllipticCurvePublicKey)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            self._builder(public_key, **validity)
            .subject_name(x509.Name([]))
            .add_extension(names or subject_names(identity), critical=True)
            .add_extension(identifier, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Papers(certificate.public_bytes(Encoding.PEM), key)

    def certify(self, identity: Identity, names: x509.SubjectAlternativeName | None = None) -> Path:
        """A folder with new papers."""
        papers = self.issue(identity, names=names)
        return papers.write(self.folder / f"{identity.member}-{identity.party.value}")

    def server(self, identity: Identity) -> ServerTls:
        folder = self.certify(identity)
        return ServerTls(folder / "tls.pem", folder / "tls.key", self.file)

    def client(
        self, identity: Identity, names: x509.SubjectAlternativeName | None = None
    ) -> ClientTls:
        folder = self.certify(identity, names)
        return ClientTls(folder / "tls.pem", folder / "tls.key", self.file)
