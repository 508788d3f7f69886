"""The passport desk: it issues a passport for one lookup, with a key of its own.

An attacker who can use an agency's passport key speaks for all its practitioners. So each agency
has a file of its own for it, mode 0600, and the member list can withdraw the key at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.membership.signing_keys import make_signing_key, read_signing_key
from fingerpost.private import passport as passports
from fingerpost.private.passport import HandleKeys, Passport
from fingerpost.protocol import limits
from fingerpost.protocol.codec.enrolment import AgencyKeys
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, FederationId
from fingerpost.protocol.messages import day_of
from practitioner.asking.ports import Issued
from practitioner.sign_in.rules import Session, SignInRule, require_entitled


def make_passport_key(path: Path, agency: AgencyId) -> AgencyKeys:
    """Make a key for one agency, where it will be used, and return what the member list says of it.

    Raises:
        Defect: the file exists.
    """
    make_signing_key(path)
    return listed_keys(path, agency)


def listed_keys(path: Path, agency: AgencyId) -> AgencyKeys:
    """Return what the member list says of an agency with this passport key.

    Raises:
        Defect: see ``read_passport_key``.
    """
    key = read_passport_key(path)
    return AgencyKeys(_public(key), HandleKeys(key, agency).root)


def read_passport_key(path: Path) -> Ed25519PrivateKey:
    """Read an agency's key.

    Raises:
        Defect: it is missing, open to others, or not an Ed25519 key.
    """
    return read_signing_key(path, setting="passport_key")


class PassportDesk:
    """Implements ``ports.Desk``."""

    def __init__(
        self, federation: FederationId, keys: Mapping[AgencyId, Ed25519PrivateKey]
    ) -> None:
        self._federation = federation
        self._keys = keys
        self._handle_keys: dict[AgencyId, HandleKeys] = {}

    def issue(self, session: Session, now: float) -> Issued:
        """Issue a passport for one lookup; it ends with training or vetting at the latest.

        Raises:
            Refused: SIGN_IN, the session is too old, or training or vetting has run out.
        """
        key = self._keys.get(session.agency)
        if key is None:
            raise Refused(Code.SIGN_IN, SignInRule.OTHER_AGENCY)
        require_entitled(session.entitlement, now)
        if not 0 <= now - session.auth_time < passports.SIGN_IN_SECONDS:
            raise Refused(Code.SIGN_IN, SignInRule.SESSION_ENDED)
        issued_at = int(now)
        ends = session.entitlement.ends - limits.CLOCK_SKEW_SECONDS - 1
        expires_at = min(issued_at + limits.PASSPORT_SECONDS, ends)
        if expires_at < issued_at + limits.QUERY_LIFE_SECONDS:
            raise Refused(Code.SIGN_IN, SignInRule.ENDING)
        practitioner_key = Ed25519PrivateKey.generate()
        passport = Passport(
            agency=session.agency,
            subject=session.subject,
            name=session.name,
            role=session.role,
            acr=session.acr,
            auth_time=session.auth_time,
            issued_at=issued_at,
            expires_at=expires_at,
            jti=secrets.token_hex(16),
            cnf=_public(practitioner_key),
            entitlement=session.entitlement,
        )
        token = passports.issue(passport, self._federation, key)
        handles = self._handle_keys.get(session.agency)
        if handles is None:  # a host makes those of the agencies that ask
            handles = self._handle_keys[session.agency] = HandleKeys(key, session.agency)
        day = day_of(issued_at)
        proof = handles.proof(day)
        handle = proof.handle(handles.root, session.subject, day)
        return Issued(passport, token, practitioner_key, handle, proof)


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()
