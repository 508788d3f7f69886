"""The identity of a process: the names in its certificate.

Law: values and checks; no file, no clock. The identity is the SPIFFE URI in a certificate,
``spiffe://<federation>/<member>/<party>``, and nothing else: no common name, no address. gRPC lets
a client check only a DNS name, so the certificate holds the same identity a second time as
``<member>.<party>.<federation>.fingerpost``. The authority makes both from one ``Identity``, so
that a right member as the wrong party is refused.

The member list decides what the member may do, on each call and each message of a stream: a stream
outlives the certificate that opened it (``PeerIdentity.require_current``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cryptography import x509

from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Member, Party
from fingerpost.protocol.ids import FederationId, MemberId


@dataclass(frozen=True, slots=True)
class Identity:
    """A process of a federation, in one party's role."""

    federation: FederationId
    member: MemberId
    party: Party

    @property
    def uri(self) -> str:
        return f"spiffe://{self.federation}/{self.member}/{self.party.value}"

    @property
    def server_name(self) -> str:
        """The name that a client asks TLS to find in the server's certificate."""
        return f"{self.member}.{self.party.value}.{self.federation}.fingerpost"

    def at(self, address: str) -> str:
        """Return who is asked and where (host:port), for the operator: see ``Refused.asked``."""
        return f"{self.party.value} “{self.member}” at {address}"


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """The identity of the peer by its certificate. ``require_listed`` decides what it may do.

    Attributes:
        not_after: the end of the certificate, UNIX seconds.
        serial: the number of the certificate.
    """

    federation: FederationId
    member: MemberId
    party: Party
    not_after: float
    serial: int = 0

    @property
    def identity(self) -> Identity:
        return Identity(self.federation, self.member, self.party)

    def require_current(self, now: float) -> None:
        """Raise ``Refused(NOT_A_MEMBER)`` once the certificate has ended."""
        if now >= self.not_after:
            raise Refused(Code.NOT_A_MEMBER, "certificate has ended")


def parse_spiffe_uri(text: str) -> Identity:
    """Parse an identity. Raises ``Refused(NOT_A_MEMBER)`` for any other text."""
    parts = re.fullmatch(r"spiffe://([a-z0-9-]+)/([a-z0-9-]+)/([a-z-]+)", text)
    if parts is None:
        raise Refused(Code.NOT_A_MEMBER, "SPIFFE identity")
    try:
        return Identity(FederationId(parts[1]), MemberId(parts[2]), Party(parts[3]))
    except (Refused, ValueError):
        raise Refused(Code.NOT_A_MEMBER, "SPIFFE identity") from None


def subject_names(identity: Identity) -> x509.SubjectAlternativeName:
    """Return exactly the names that a certificate of this identity must have."""
    return x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(identity.uri), x509.DNSName(identity.server_name)]
    )


def peer_identity(auth_context: Mapping[str, Iterable[bytes]]) -> PeerIdentity:
    """Return the identity in the certificate that gRPC has verified against the authority.

    Raises:
        Refused(NOT_A_MEMBER): no TLS 1.3, no certificate, or not exactly the names of one identity.
    """
    if list(auth_context.get("ssl_tls_version", ())) != [b"TLSv1.3"]:
        raise Refused(Code.NOT_A_MEMBER, "TLS 1.3")
    certificates = list(auth_context.get("x509_pem_cert", ()))
    if len(certificates) != 1:
        raise Refused(Code.NOT_A_MEMBER, "certificate")
    try:
        certificate = x509.load_pem_x509_certificate(certificates[0])
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        raise Refused(Code.NOT_A_MEMBER, "certificate") from None
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1:
        raise Refused(Code.NOT_A_MEMBER, "SPIFFE identity")
    found = parse_spiffe_uri(uris[0])
    if names != subject_names(found):
        # A second name would let one certificate pass for two processes.
        raise Refused(Code.NOT_A_MEMBER, "names in the certificate")
    return PeerIdentity(
        found.federation,
        found.member,
        found.party,
        certificate.not_valid_after_utc.timestamp(),
        certificate.serial_number,
    )


def require_listed(
    federation: Federation, peer: PeerIdentity, parties: Collection[Party], now: float
) -> Member:
    """Return the peer as the member list has it now, in one of ``parties``.

    The calling code checks whether the list itself is current: an expired list must still be
    served.

    Raises:
        Refused: NOT_A_MEMBER, alike for another federation or party, a member that is not listed or
            is denied, and a certificate that has expired or is denied.
    """
    if peer.federation != federation.parameters.federation or peer.party not in parties:
        raise Refused(Code.NOT_A_MEMBER, "caller")
    peer.require_current(now)
    if peer.serial in federation.deny.certificates:
        raise Refused(Code.NOT_A_MEMBER, "certificate")
    return federation.member(peer.member, peer.party)
