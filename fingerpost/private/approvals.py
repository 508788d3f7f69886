"""A second person's approval of one question: made at her own sign-in, checked wherever it opens.

Law: an approval holds for one child, one requester, one purpose with its reference and facts, and
for 24 hours at most. It travels inside the question, so it cannot sign the question itself; it
binds what the question asks by two salted digests, which gateway and nodes compute again from what
they have. A retry within its time needs no new one; another child, another purpose, other facts or
another requester do.

    request = SHA-256(prefixed("fingerpost/v1 approval request", salt, agency, account, purpose,
                               reference, facts))
    child   = SHA-256(prefixed("fingerpost/v1 approval child", salt, demographics))

Two keys sign the same bytes: the second person's, which only her sign-in has, and the agency's
passport key, which vouches that this key is hers, and that she is trained, vetted and in this role.
Attacks: a requester approves herself, under her own account or another's; she shows one child to
the second person and asks about another; she keeps an approval for later. Whoever holds the
passport key can still invent the second person: that is the agency's own affair, as with passports.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import unique

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.private.codec import (
    read_approval,
    read_signed_approval,
    write_approval,
    write_demographics,
    write_facts,
    write_signed_approval,
)
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Justification
from fingerpost.private.messages import Approval
from fingerpost.private.purpose_rules import terms_in_force
from fingerpost.private.sealing import prefixed
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Role
from fingerpost.protocol.envelope import PayloadType, pre_authentication_encoding
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import Agency, CodeLists
from fingerpost.protocol.ids import AgencyId


@unique
class ApprovalRule(Rule):
    """What an approval must keep to."""

    OWN = "approver is the requester"
    TWICE = "two approvals of one person"
    CHILD = "approval of another child"
    REQUEST = "approval of another request"
    TIME = "approval not within its time"
    ROLE = "role of the approver"


@dataclass(frozen=True, slots=True, repr=False)
class ToApprove:
    """What an approval is of: who asks, why, and about whom."""

    agency: AgencyId
    subject: str
    justification: Justification
    demographics: Demographics

    def __repr__(self) -> str:
        return "ToApprove(…)"

    def request(self, salt: bytes) -> bytes:
        """Return the digest of who asks and why, 32 bytes."""
        why = self.justification
        return _digest(
            b"fingerpost/v1 approval request",
            salt,
            self.agency.value.encode("ascii"),
            self.subject.lower().encode("ascii"),
            why.purpose.value.to_bytes(4, "big"),
            why.reason_reference.encode("ascii"),
            write_facts(why.facts),
        )

    def child(self, salt: bytes) -> bytes:
        """Return the digest of the child, 32 bytes."""
        return _digest(b"fingerpost/v1 approval child", salt, write_demographics(self.demographics))


def approve(
    of: ToApprove,
    *,
    approver: str,
    role: Role,
    person_key: Ed25519PrivateKey,
    passport_key: Ed25519PrivateKey,
    now: int,
    ends: int,
    salt: bytes,
) -> bytes:
    """Return a signed approval, at most ``limits.APPROVAL_BYTES``.

    Args:
        of: the question.
        approver: the second person's account. The caller has seen to her sign-in.
        role: hers.
        person_key: the key of her sign-in.
        passport_key: her agency's.
        now: in seconds since 1970 UTC.
        ends: when her training or vetting ends; the approval ends then at the latest.
        salt: 16 random bytes.

    Raises:
        Refused: NOT_ALLOWED, she is the requester; MALFORMED, a value is out of its bounds.
    """
    if approver.lower() == of.subject.lower():
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.OWN)
    statement = write_approval(
        Approval(
            approver=approver,
            role=role,
            key=person_key.public_key().public_bytes_raw(),
            approved_at=now,
            expires_at=min(now + limits.APPROVAL_SECONDS, ends),
            salt=salt,
            request=of.request(salt),
            child=of.child(salt),
        )
    )
    return write_signed_approval(
        statement,
        person_key.sign(pre_authentication_encoding(PayloadType.APPROVAL, statement)),
        passport_key.sign(pre_authentication_encoding(PayloadType.APPROVER, statement)),
    )


def require_approved(
    of: ToApprove, asking: Agency, code_lists: CodeLists, at: int
) -> tuple[Approval, ...]:
    """Return the approvals of a question, once each of them holds. It has none where none is sent:
    whether its purpose takes one is the matter of ``purpose_rules``.

    Args:
        of: the question, as it was opened.
        asking: the requester's agency, as the member list has it.
        code_lists: as governance signed them.
        at: when the query was made, in seconds since 1970 UTC. The same moment counts at the
            requester and at every node.

    Raises:
        Refused: MALFORMED; BAD_SIGNATURE, the person's or the agency's; NOT_ALLOWED, naming the
            rule.
    """
    found = tuple(_verified(signed, asking) for signed in of.justification.approvals)
    for approval in found:
        _require_of(of, approval, asking, code_lists, at)
    if len({approval.approver.lower() for approval in found}) < len(found):
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.TWICE)
    return found


def approvers(justification: Justification) -> tuple[str, ...]:
    """Return the accounts that the approvals state. They were verified before, or nothing may
    depend on them."""
    statements = (read_signed_approval(signed)[0] for signed in justification.approvals)
    return tuple(read_approval(statement).approver for statement in statements)


def _verified(signed: bytes, asking: Agency) -> Approval:
    """Return the statement, once both signatures over it hold."""
    statement, by_person, by_agency = read_signed_approval(signed)
    _require_signed(asking.passport_key, by_agency, PayloadType.APPROVER, statement)
    approval = read_approval(statement)
    _require_signed(approval.key, by_person, PayloadType.APPROVAL, statement)
    return approval


def _require_signed(key: bytes, signature: bytes, type_: PayloadType, statement: bytes) -> None:
    try:
        encoded = pre_authentication_encoding(type_, statement)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, encoded)
    except (InvalidSignature, ValueError):
        raise Refused(Code.BAD_SIGNATURE, type_.name.lower()) from None


def _require_of(
    of: ToApprove, approval: Approval, asking: Agency, code_lists: CodeLists, at: int
) -> None:
    if approval.approver.lower() == of.subject.lower():
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.OWN)
    if approval.child != of.child(approval.salt):
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.CHILD)
    if approval.request != of.request(approval.salt):
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.REQUEST)
    if not approval.approved_at - limits.CLOCK_SKEW_SECONDS <= at < approval.expires_at:
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.TIME)
    try:
        # Whoever may ask for the purpose herself may approve.
        terms_in_force(of.justification.purpose, approval.role, asking, code_lists)
    except Refused:
        raise Refused(Code.NOT_ALLOWED, ApprovalRule.ROLE) from None


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(prefixed(*parts)).digest()
