"""Pseudonyms of practitioners, and how their queries count."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fingerpost.private.passport import HandleKeys, HandleProof
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Allowance
from fingerpost.protocol.ids import AgencyId, Handle
from fingerpost.protocol.messages import Counting, day_of

NO_PROOF: Final = HandleProof(bytes(32), (bytes(32),) * limits.HANDLE_PATH)
"""Of no agency's keys."""


def a_counting(lookup: bytes | None = None, allowance: Allowance = Allowance.ORDINARY) -> Counting:
    """Of a lookup of its own, where none is given."""
    number = secrets.token_bytes(limits.COUNTING_BYTES) if lookup is None else lookup
    return Counting(number, allowance, secrets.token_bytes(limits.SALT_BYTES))


def handle_root(passport_key: Ed25519PrivateKey, agency: AgencyId) -> bytes:
    return _keys(passport_key.private_bytes_raw(), agency).root


def pseudonym(
    passport_key: Ed25519PrivateKey, agency: AgencyId, subject: str, at: float
) -> tuple[Handle, HandleProof]:
    """An account's at a moment, with what proves it."""
    keys = _keys(passport_key.private_bytes_raw(), agency)
    proof = keys.proof(day_of(at))
    return proof.handle(keys.root, subject, day_of(at)), proof


@lru_cache(maxsize=200)
def _keys(seed: bytes, agency: AgencyId) -> HandleKeys:
    return HandleKeys(Ed25519PrivateKey.from_private_bytes(seed), agency)
