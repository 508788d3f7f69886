"""An officer's statement about a shield: signed at her own sign-in, checked at her agency's node.

Law: what exposes a child takes two officers of her agency, and each signs for herself. A statement
holds for one act of one agency, about one content, for one reason and for a day. It travels as a
file from the agency's gateway to its node, and nothing of it names a child: the content is a digest
that the node shows and computes again.

Two keys sign the same bytes, as for an approval: the officer's, which only her sign-in has, and the
agency's passport key, which vouches that this key is hers and that she is in this role. Attacks:
one operator types two names; a statement for one shield lifts another, or the same after more was
learned of its child; it is kept for later, or used twice. Whoever holds the passport key can still
invent an officer: that is the agency's own affair, as with passports.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum, unique
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.private.plain_text import require_account
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Role
from fingerpost.protocol.envelope import PayloadType, pre_authentication_encoding
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.ids import AgencyId

OFFICERS: Final = frozenset({Role.NODE_ADMIN, Role.DPO})
MOST_BYTES: Final = 2048
LIFE_SECONDS: Final = limits.DAY
CONTENT_BYTES: Final = 8
_WHY_CHARS: Final = 80


@unique
class Act(IntEnum):
    """What a statement is about. The value is signed."""

    LIFT = 1
    UNHIDE = 2
    REMOVE_REFUGE = 3


@unique
class OfficerRule(Rule):
    """What an officer's statement must keep to."""

    ROLE = "role of the officer"
    OTHER = "statement about something else"
    TIME = "statement not within its time"
    TWO = "two statements of one person"
    USED = "statement used before"


class Statement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an officer says. The order of the fields is that of the signed form.

    Attributes:
        content: the digest of what the act is about, ``CONTENT_BYTES``.
        why: a reference to the reason.
        officer: her account.
        key: that of her sign-in, 32 bytes.
        at: when she signed, in seconds since 1970 UTC.
    """

    agency: str
    act: int
    content: bytes
    why: str
    officer: str
    role: int
    key: bytes
    at: int

    def __repr__(self) -> str:
        return f"Statement({self.act})"


class _Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    statement: bytes
    by_officer: bytes
    by_agency: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_SIGNED: Final = msgspec.msgpack.Decoder(_Signed)
_STATEMENT: Final = msgspec.msgpack.Decoder(Statement)


def digest_of(said: Statement) -> bytes:
    """Return the digest by which a statement that was used is known, 16 bytes."""
    return hashlib.sha256(b"fingerpost/v1 officer used" + _ENCODER.encode(said)).digest()[:16]


def state(
    agency: AgencyId,
    act: Act,
    content: bytes,
    why: str,
    *,
    officer: str,
    role: Role,
    officer_key: Ed25519PrivateKey,
    passport_key: Ed25519PrivateKey,
    now: int,
) -> bytes:
    """Return a signed statement, at most ``MOST_BYTES``.

    Args:
        officer: her account. The caller has seen to her sign-in.
        officer_key: the key of her sign-in.
        passport_key: her agency's.
        now: in seconds since 1970 UTC.

    Raises:
        Refused: NOT_ALLOWED, she is no officer; MALFORMED, a value is out of its bounds.
    """
    said = Statement(
        agency.value,
        act.value,
        content,
        why,
        officer,
        role.value,
        officer_key.public_key().public_bytes_raw(),
        now,
    )
    _require_sound(said)
    statement = _ENCODER.encode(said)
    by_officer = officer_key.sign(pre_authentication_encoding(PayloadType.OFFICER, statement))
    vouched = pre_authentication_encoding(PayloadType.OFFICER_OF, statement)
    return _ENCODER.encode(_Signed(statement, by_officer, passport_key.sign(vouched)))


def verified(signed: bytes, agency: AgencyId, passport_key: bytes, now: float) -> Statement:
    """Return the statement, once both signatures over it hold, and an officer of this agency made
    it within the last day.

    Args:
        passport_key: of the agency, as the member list has it.
        now: in seconds since 1970 UTC.

    Raises:
        Refused: MALFORMED; BAD_SIGNATURE, the officer's or the agency's; NOT_ALLOWED, naming the
            rule.
    """
    if len(signed) > MOST_BYTES:
        raise Refused(Code.MALFORMED, "officer statement")
    try:
        parts = _SIGNED.decode(signed)
        _require_signed(passport_key, parts.by_agency, PayloadType.OFFICER_OF, parts.statement)
        said = _STATEMENT.decode(parts.statement)
    except msgspec.MsgspecError:
        raise Refused(Code.MALFORMED, "officer statement") from None
    _require_signed(said.key, parts.by_officer, PayloadType.OFFICER, parts.statement)
    _require_sound(said)
    if said.agency != agency.value:
        raise Refused(Code.NOT_ALLOWED, OfficerRule.OTHER)
    if not said.at - limits.CLOCK_SKEW_SECONDS <= now < said.at + LIFE_SECONDS:
        raise Refused(Code.NOT_ALLOWED, OfficerRule.TIME)
    return said


def require_two(statements: tuple[Statement, ...], act: Act, content: bytes, why: str) -> None:
    """Require two officers, each with a statement about this act, this content and this reason.

    Raises:
        Refused: NOT_ALLOWED, naming the rule.
    """
    if any((each.act, each.content, each.why) != (act.value, content, why) for each in statements):
        raise Refused(Code.NOT_ALLOWED, OfficerRule.OTHER)
    people = {each.officer.lower() for each in statements}
    keys = {each.key for each in statements}
    if not len(people) == len(keys) == len(statements) == 2:
        raise Refused(Code.NOT_ALLOWED, OfficerRule.TWO)


def _require_sound(said: Statement) -> None:
    if said.role not in OFFICERS:
        raise Refused(Code.NOT_ALLOWED, OfficerRule.ROLE)
    require_account(said.officer, "officer statement.officer")
    if said.act not in frozenset(Act) or len(said.content) != CONTENT_BYTES:
        raise Refused(Code.MALFORMED, "officer statement")
    if not 0 < len(said.why) <= _WHY_CHARS or not 0 <= said.at < limits.LATEST:
        raise Refused(Code.MALFORMED, "officer statement")


def _require_signed(key: bytes, signature: bytes, type_: PayloadType, statement: bytes) -> None:
    try:
        encoded = pre_authentication_encoding(type_, statement)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, encoded)
    except (InvalidSignature, ValueError):
        raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None
