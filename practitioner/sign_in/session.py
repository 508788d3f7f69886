"""Who is asking: a practitioner who signed in, and what follows from that."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.passport import Entitlement, Passport
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.ids import AgencyId


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A sign-in that holds. ``subject`` is the account's opaque name within the agency; times are seconds since
    1970 UTC."""

    agency: AgencyId
    subject: str
    name: str
    role: Role
    acr: Acr
    auth_time: int
    entitlement: Entitlement

    def __repr__(self) -> str:
        return f"Session({self.agency}, {self.role.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A passport for one lookup, as value and as token, with the practitioner's key of this lookup (its cnf)."""

    passport: Passport
    token: str
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return "Issued(…)"
