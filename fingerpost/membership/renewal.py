"""A member's certificate, which the member renews at half its life.

Law: a request is signed by the member's signing key, which the member list holds, and needs no
certificate. So a certificate that expired over a weekend can be renewed, and the first one is
requested like every other. A new certificate is checked before it replaces one that works: the
issuer is trusted to make certificates, not to be right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from fingerpost.membership.credentials import MemberKeys
from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import CertifyStatement, write_certify
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_file
from fingerpost.runtime.identity import Identity, subject_names
from fingerpost.runtime.tls import CERTIFICATE_BYTES, make_csr, make_key

Certify = Callable[[bytes], Awaitable[bytes]]
"""Sends a signed certify statement and returns a certificate and its chain in PEM. Raises
``Refused``.
"""

RENEWAL_EVENTS: Final[Mapping[str, frozenset[str]]] = {"certificate.renewed": frozenset()}
"""Events for the log catalogue of each party that renews."""

CHAIN_BYTES: Final = 32 * 1024
LOOK_SECONDS: Final = 60.0
LOOK_JITTER_SECONDS: Final = 240.0  # spreads the members after an outage of the issuer
_LONGEST_SECONDS: Final = limits.CERTIFICATE_DAYS * limits.DAY + limits.CLOCK_SKEW_SECONDS
"""The issuer dates certificates back by the clock skew."""


def due(not_before: float, not_after: float, now: float) -> bool:
    """Return whether half of the life is over. The rest is enough for an issuer that is away for
    days.

    A certificate that is not valid yet is due, too: this clock, or the issuer's, was ahead when it
    was made.
    """
    return not not_before <= now < not_before + (not_after - not_before) / 2


async def renew(
    keys: MemberKeys,
    identity: Identity,
    authority: Path,
    certify: Certify,
    now: float,
    nonce: bytes,
) -> None:
    """Get a certificate for a new TLS key and install both.

    Args:
        nonce: 32 random bytes.

    Raises:
        Refused: by the issuer, or its certificate does not pass ``require_certificate``; the pair
            in use stays.
        Defect: ``authority`` or the folder of keys fails.
    """
    roots = await asyncio.to_thread(read_file, authority, most=CERTIFICATE_BYTES)
    key = make_key()
    statement = CertifyStatement(
        identity.federation, identity.member, int(now), nonce, make_csr(key, identity)
    )
    chain = await certify(write_certify(statement, keys.signing_key))
    require_certificate(chain, statement.certificate_request, identity, roots, now)
    await asyncio.to_thread(keys.install, key, chain)


def require_certificate(
    chain: bytes, request: bytes, identity: Identity, authority: bytes, now: float
) -> None:
    """Require that the chain certifies the requested key for exactly ``identity``, valid at
    ``now``.

    Args:
        chain: PEM, leaf first.
        request: PKCS 10, DER.
        authority: PEM.

    Raises:
        Refused: MALFORMED (form, another key, other names), NOT_FRESH (it lives longer than the
            protocol allows), BAD_SIGNATURE (it does not verify, or is not yet or no longer valid).
        Defect: ``authority`` is no certificate.
    """
    certificates = _certificates(chain)
    leaf = certificates[0]
    if leaf.public_key() != x509.load_der_x509_csr(request).public_key():
        raise Refused(Code.MALFORMED, "certificate of another key")
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        raise Refused(Code.MALFORMED, "names in the certificate") from None
    if names != subject_names(identity):
        raise Refused(Code.MALFORMED, "names in the certificate")
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    if life.total_seconds() > _LONGEST_SECONDS:
        raise Refused(Code.NOT_FRESH, "certificate lives too long")
    try:
        roots = Store(x509.load_pem_x509_certificates(authority))
    except ValueError:
        raise Defect("the certificate authority is not in PEM") from None
    verifier = (
        PolicyBuilder()
        .store(roots)
        .time(datetime.fromtimestamp(int(now), UTC))
        .build_server_verifier(x509.DNSName(identity.server_name))
    )
    try:
        verifier.verify(leaf, certificates[1:])
    except VerificationError:
        raise Refused(Code.BAD_SIGNATURE, "certificate") from None


def _certificates(chain: bytes) -> list[x509.Certificate]:
    if len(chain) > CHAIN_BYTES:
        raise Refused(Code.MALFORMED, "certificate chain too long")
    try:
        found = x509.load_pem_x509_certificates(chain)
    except ValueError:
        raise Refused(Code.MALFORMED, "certificate chain") from None
    if not 1 <= len(found) <= 4:
        raise Refused(Code.MALFORMED, "certificate chain")
    return found


async def renew_if_due(
    keys: MemberKeys, identity: Identity, authority: Path, certify: Certify, env: Env
) -> None:
    """Renew the certificate if half of its life is over, or get the first one.

    Raises:
        Refused, Defect: as ``renew``.
    """
    now, lifetime = env.clock.now(), keys.lifetime()
    if lifetime is None or due(*lifetime, now):
        nonce = env.random_bytes(limits.NONCE_BYTES)
        await renew(keys, identity, authority, certify, now, nonce)
        env.log.info("certificate.renewed")
