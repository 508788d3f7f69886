"""A second person's approval holds for what she approved, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fakes.approved import an_approval, own_key
from fakes.federations import EVERY_CODE
from fakes.justified import justified
from fakes.refusals import refused
from fingerpost.private.approvals import ApprovalRule, ToApprove, approvers, require_approved
from fingerpost.private.codec import (
    read_approval,
    read_signed_approval,
    write_approval,
    write_signed_approval,
)
from fingerpost.private.messages import Approval
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Role
from fingerpost.protocol.envelope import PayloadType, pre_authentication_encoding
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.ids import AgencyId
from unit.fingerpost.private.a_lookup import ASKING, NOW, a_child, federation, key_of

COUNCIL = federation().agency(ASKING)
PASSPORTS = key_of("passports")
OF = ToApprove(ASKING, "account-17", justified(Purpose.PRACTICE_REVIEW, now=NOW), a_child())
GIVEN = an_approval(OF, PASSPORTS, NOW)


def require(of: ToApprove = OF, *given_: bytes, at: int = NOW) -> tuple[Approval, ...]:
    why = replace(of.justification, approvals=given_ or (GIVEN,))
    return require_approved(replace(of, justification=why), COUNCIL, EVERY_CODE, at)


def changed(**why: Any) -> ToApprove:
    return replace(OF, justification=replace(OF.justification, **why))


def test_it_holds_for_its_question_for_24_hours() -> None:
    for at in (NOW - limits.CLOCK_SKEW_SECONDS, NOW, NOW + limits.APPROVAL_SECONDS - 1):
        (approval,) = require(at=at)
        assert (approval.approver, approval.role) == ("manager-1", Role.TEAM_MANAGER)
    assert require_approved(OF, COUNCIL, EVERY_CODE, NOW) == (), "none was sent"
    why = replace(OF.justification, approvals=(GIVEN,))
    assert approvers(why) == ("manager-1",)


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        (replace(OF, demographics=replace(a_child(), forename="Zoe")), ApprovalRule.CHILD),
        (replace(OF, demographics=replace(a_child(), dob=date(2015, 2, 27))), ApprovalRule.CHILD),
        (replace(OF, subject="account-18"), ApprovalRule.REQUEST),
        (replace(OF, agency=AgencyId("e08000001.oak-primary")), ApprovalRule.REQUEST),
        (changed(reason_reference="ref-2"), ApprovalRule.REQUEST),
        (changed(purpose=Purpose.S47_ENQUIRY), ApprovalRule.REQUEST),
        (
            changed(facts=replace(OF.justification.facts, notified_on=date(2026, 3, 1))),
            ApprovalRule.REQUEST,
        ),
        (replace(OF, subject="MANAGER-1"), ApprovalRule.OWN),
    ],
)
def test_it_holds_for_nothing_else(of: ToApprove, rule: Rule) -> None:
    """Attack: the second person is shown one child, and another is asked about."""
    with refused(Code.NOT_ALLOWED, rule):
        require(of)


@pytest.mark.parametrize("at", [NOW - limits.CLOCK_SKEW_SECONDS - 1, NOW + limits.APPROVAL_SECONDS])
def test_it_is_not_kept_for_later(at: int) -> None:
    with refused(Code.NOT_ALLOWED, ApprovalRule.TIME):
        require(at=at)


def test_it_ends_with_training_or_vetting() -> None:
    early = an_approval(OF, PASSPORTS, NOW, ends=NOW + 100)
    assert require(OF, early, at=NOW + 99)
    with refused(Code.NOT_ALLOWED, ApprovalRule.TIME):
        require(OF, early, at=NOW + 100)


def test_who_may_not_ask_may_not_approve() -> None:
    for role in (Role.SOCIAL_WORKER, Role.GP, Role.NODE_ADMIN):
        with refused(Code.NOT_ALLOWED, ApprovalRule.ROLE):
            require(OF, an_approval(OF, PASSPORTS, NOW, role=role))


def test_two_approvals_are_of_two_people() -> None:
    second = an_approval(OF, PASSPORTS, NOW, approver="manager-2", salt=bytes(16))
    assert [a.approver for a in require(OF, GIVEN, second)] == ["manager-1", "manager-2"]
    twice = an_approval(OF, PASSPORTS, NOW, approver="Manager-1", salt=bytes(16))
    with refused(Code.NOT_ALLOWED, ApprovalRule.TWICE):
        require(OF, GIVEN, twice)
    of_another = an_approval(changed(reason_reference="x"), PASSPORTS, NOW, approver="manager-2")
    with refused(Code.NOT_ALLOWED, ApprovalRule.REQUEST):
        require(OF, GIVEN, of_another)


def test_nobody_approves_herself() -> None:
    for account in ("account-17", "Account-17"):
        with refused(Code.NOT_ALLOWED, ApprovalRule.OWN):
            an_approval(OF, PASSPORTS, NOW, approver=account)


# ---- forged --------------------------------------------------------------------------------------


def forged(
    by_person: Callable[[bytes], bytes] | None = None,
    by_agency: Callable[[bytes], bytes] | None = None,
    **changes: Any,
) -> bytes:
    """GIVEN with changes, signed by those who are not named otherwise."""
    statement = write_approval(replace(read_approval(read_signed_approval(GIVEN)[0]), **changes))

    def signed(type_: PayloadType, key: Ed25519PrivateKey) -> bytes:
        return key.sign(pre_authentication_encoding(type_, statement))

    person = signed(PayloadType.APPROVAL, own_key("manager-1"))
    agency = signed(PayloadType.APPROVER, PASSPORTS)
    return write_signed_approval(
        statement,
        by_person(statement) if by_person else person,
        by_agency(statement) if by_agency else agency,
    )


def signs(key: Ed25519PrivateKey, type_: PayloadType) -> Callable[[bytes], bytes]:
    return lambda statement: key.sign(pre_authentication_encoding(type_, statement))


def test_without_either_signature_it_is_none() -> None:
    """Attacks: the requester signs with a key of her own; the agency alone invents a person's
    consent under a key that is hers; one signature is shown in the place of the other."""
    assert require(OF, forged())
    for wrong, what in (
        (forged(by_person=signs(own_key("account-17"), PayloadType.APPROVAL)), "approval"),
        (forged(by_person=signs(PASSPORTS, PayloadType.APPROVAL)), "approval"),
        (forged(by_person=signs(own_key("manager-1"), PayloadType.APPROVER)), "approval"),
        (forged(by_agency=signs(own_key("manager-1"), PayloadType.APPROVER)), "approver"),
        (forged(by_agency=signs(key_of("other agency"), PayloadType.APPROVER)), "approver"),
        (forged(by_agency=signs(PASSPORTS, PayloadType.APPROVAL)), "approver"),
    ):
        with refused(Code.BAD_SIGNATURE, what):
            require(OF, wrong)


def test_no_byte_of_it_can_be_changed() -> None:
    data = bytearray(GIVEN)
    for place in range(len(data)):
        data[place] ^= 1
        with pytest.raises(Refused):
            require(OF, bytes(data))
        data[place] ^= 1


@given(st.binary(min_size=1, max_size=limits.APPROVAL_BYTES))
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        require(OF, data)


def test_the_largest_fits() -> None:
    longest = an_approval(
        OF, PASSPORTS, 2**37, approver="a" * 64, role=Role.FEDERATION_OPERATOR, ends=2**38
    )
    assert len(longest) <= limits.APPROVAL_BYTES


def test_neither_child_nor_request_can_be_read_from_it() -> None:
    assert OF.child(bytes(16)) != OF.child(bytes(range(16)))
    for text in ("Müller", "account-17", "ref-1", ASKING.value):
        assert text.encode() not in GIVEN
    assert repr(OF) == "ToApprove(…)"
    assert repr(require()[0]) == "Approval(…)"
