"""The table of purposes, row by row, written out from the law and not from the code."""

from __future__ import annotations

import pytest

from fingerpost.private.purpose_rules import (
    reaches_allowed,
    require_in_force,
    require_permitted,
)
from fingerpost.protocol.codes import PURPOSES, Kind, Purpose, Reach, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.messages import KeySet

A, N, X, R = Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NAMED, Reach.NATIONAL_RING

# purpose: reaches, reason reference wanted, approver wanted
TABLE: dict[Purpose, tuple[set[Reach], bool, bool]] = {
    Purpose.S47_ENQUIRY: ({A, N, X}, False, False),
    Purpose.EMERGENCY_PROTECTION: ({A, N, X, R}, False, False),
    Purpose.REFERRAL_TRIAGE: ({A, N}, True, False),
    Purpose.S17_ASSESSMENT: ({A}, True, False),
    Purpose.EARLY_HELP: ({A}, True, False),
    Purpose.CLA_CARE: ({X}, False, False),
    Purpose.TRANSFER_IN: ({X}, False, False),
    Purpose.MISSING_CHILD: ({A, N, X, R}, True, False),
    Purpose.URGENT_CARE: ({A, N}, True, False),
    Purpose.EXPLOITATION: ({A, N, X, R}, False, True),
    Purpose.CHILD_DEATH: ({A, N, X, R}, True, False),
    Purpose.PRACTICE_REVIEW: ({X}, False, True),
}


def _permit(
    purpose: Purpose,
    reach: Reach,
    key_set: KeySet = KeySet.NARROW,
    *,
    reference: str = "REF-1",
    approver: str = "account-2",
) -> None:
    require_permitted(
        purpose,
        reach,
        key_set,
        reason_reference=reference,
        approver=approver,
        subject="account-1",
    )


def _refused(*args: object, **kwargs: object) -> bool:
    try:
        _permit(*args, **kwargs)  # type: ignore[arg-type]
    except Refused as refused:
        assert refused.code is Code.NOT_ALLOWED
        return True
    return False


def test_every_purpose_is_in_the_table() -> None:
    assert set(TABLE) == set(Purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_reach(purpose: Purpose) -> None:
    allowed = TABLE[purpose][0]
    assert reaches_allowed(purpose) == allowed
    assert PURPOSES[purpose].default_reach in allowed
    for reach in Reach:
        assert _refused(purpose, reach) == (reach not in allowed)


@pytest.mark.parametrize("purpose", Purpose)
def test_reference_and_approver(purpose: Purpose) -> None:
    reaches, reference, approver = TABLE[purpose]
    for reach in reaches:
        assert _refused(purpose, reach, reference="") == reference
        assert _refused(purpose, reach, approver="") == approver


@pytest.mark.parametrize("purpose", Purpose)
def test_nobody_approves_herself(purpose: Purpose) -> None:
    for reach in TABLE[purpose][0]:
        assert _refused(purpose, reach, approver="account-1")


@pytest.mark.parametrize("purpose", Purpose)
def test_wide_keys_stay_near(purpose: Purpose) -> None:
    for reach in TABLE[purpose][0]:
        assert _refused(purpose, reach, KeySet.WIDE) == (reach not in {A, X})


def test_only_what_governance_has_put_in_force() -> None:
    lists = CodeLists(
        1, frozenset({Purpose.EARLY_HELP}), frozenset({Role.MIDWIFE}), frozenset(Kind)
    )
    require_in_force(Purpose.EARLY_HELP, Role.MIDWIFE, lists)
    for purpose, role in [(Purpose.CLA_CARE, Role.MIDWIFE), (Purpose.EARLY_HELP, Role.GP)]:
        with pytest.raises(Refused) as refused:
            require_in_force(purpose, role, lists)
        assert refused.value.code is Code.NOT_ALLOWED
