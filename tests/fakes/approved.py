"""Approvals of second persons, signed as a gateway has them signed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.approvals import ToApprove, approve
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Role
from fingerpost.protocol.ids import AgencyId


def own_key(account: str) -> Ed25519PrivateKey:
    """The key of a person's sign-in."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(account.encode()).digest())


def an_approval(of: ToApprove, passport_key: Ed25519PrivateKey, now: float, **other: Any) -> bytes:
    """By a team manager, for 24 hours; ``other`` are arguments of ``approve``."""
    account = other.get("approver", "manager-1")
    values: dict[str, Any] = {
        "approver": account,
        "role": Role.TEAM_MANAGER,
        "person_key": own_key(account),
        "passport_key": passport_key,
        "now": int(now),
        "ends": int(now) + limits.APPROVAL_SECONDS,
        "salt": bytes(range(16)),
    }
    return approve(of, **values | other)


def approved(
    why: Justification,
    child: Demographics,
    agency: AgencyId,
    subject: str,
    passport_key: Ed25519PrivateKey,
    now: float,
    **other: Any,
) -> Justification:
    """The justification with the approval of a lookup of ``subject`` about ``child``."""
    of = ToApprove(agency, subject, why, child)
    return replace(why, approvals=(an_approval(of, passport_key, now, **other),))
