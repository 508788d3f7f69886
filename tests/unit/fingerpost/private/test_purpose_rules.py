"""The table of purposes, row by row, written out from the law and not from the code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.purpose_rules import (
    Justification,
    reaches_allowed,
    require_in_force,
    require_permitted,
    widening_reasons,
)
from fingerpost.protocol.codes import (
    PURPOSES,
    WIDENING_WORDS,
    Kind,
    Purpose,
    Reach,
    Role,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import CodeLists
from fingerpost.protocol.messages import KeySet

A, N, X, R = Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NAMED, Reach.NATIONAL_RING

UNSURE = {1, 2, 3, 4}
DIRECTED = {1, 2, 3, 4, 5}

# purpose: reaches, reason reference wanted, approver wanted, numbers of the reasons to widen
TABLE: dict[Purpose, tuple[set[Reach], bool, bool, set[int]]] = {
    Purpose.S47_ENQUIRY: ({A, N, X}, False, False, DIRECTED),
    Purpose.EMERGENCY_PROTECTION: ({A, N, X, R}, False, False, DIRECTED),
    Purpose.REFERRAL_TRIAGE: ({A, N}, True, False, UNSURE),
    Purpose.S17_ASSESSMENT: ({A}, True, False, set()),
    Purpose.EARLY_HELP: ({A}, True, False, set()),
    Purpose.CLA_CARE: ({X}, False, False, set()),
    Purpose.TRANSFER_IN: ({X}, False, False, UNSURE),
    Purpose.MISSING_CHILD: ({A, N, X, R}, True, False, UNSURE),
    Purpose.URGENT_CARE: ({A, N}, True, False, UNSURE),
    Purpose.EXPLOITATION: ({A, N, X, R}, False, True, DIRECTED),
    Purpose.CHILD_DEATH: ({A, N, X, R}, True, False, UNSURE),
    Purpose.PRACTICE_REVIEW: ({X}, False, True, set()),
}


def _permit(
    purpose: Purpose,
    reach: Reach,
    key_set: KeySet = KeySet.NARROW,
    *,
    reference: str = "REF-1",
    approver: str = "account-2",
    because: WideningReason | None = None,
) -> None:
    require_permitted(
        Justification(purpose, reference, approver, because), reach, key_set, subject="account-1"
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
    reaches, reference, approver, _ = TABLE[purpose]
    for reach in reaches:
        assert _refused(purpose, reach, reference="") == reference
        assert _refused(purpose, reach, approver="") == approver


@pytest.mark.parametrize("purpose", Purpose)
def test_nobody_approves_herself(purpose: Purpose) -> None:
    for reach in TABLE[purpose][0]:
        assert _refused(purpose, reach, approver="account-1")


# ---- wide keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", Purpose)
def test_wide_keys_without_a_reason_stay_at_home(purpose: Purpose) -> None:
    for reach in TABLE[purpose][0]:
        assert _refused(purpose, reach, KeySet.WIDE) == (reach is not A)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("because", WideningReason)
def test_who_may_widen_and_why(purpose: Purpose, because: WideningReason) -> None:
    reaches, _, _, reasons = TABLE[purpose]
    assert (because in widening_reasons(purpose)) == (because.value in reasons)
    for reach in reaches - {A}:
        may = because.value in reasons and reach is not R
        assert _refused(purpose, reach, KeySet.WIDE, because=because) == (not may)


def test_a_purpose_that_asks_its_own_area_alone_has_nothing_to_widen() -> None:
    for purpose, (reaches, _, _, reasons) in TABLE.items():
        assert reasons == set() or reaches != {A}, purpose


@given(
    purpose=st.sampled_from(Purpose),
    reach=st.sampled_from(Reach),
    key_set=st.sampled_from(KeySet),
    because=st.none() | st.sampled_from(WideningReason),
)
def test_wide_keys_go_beyond_the_own_area_for_a_reason_and_a_reason_goes_with_nothing_else(
    purpose: Purpose, reach: Reach, key_set: KeySet, because: WideningReason | None
) -> None:
    """The whole rule, from the outside."""
    reaches, _, _, reasons = TABLE[purpose]
    beyond = key_set is KeySet.WIDE and reach is not A
    if beyond:
        allowed = reach in {N, X} and because is not None and because.value in reasons
    else:
        allowed = because is None
    assert _refused(purpose, reach, key_set, because=because) == (
        not (allowed and reach in reaches)
    )


def test_reasons_have_stable_numbers_and_words() -> None:
    assert {reason.name: reason.value for reason in WideningReason} == {
        "NO_UNIVERSAL_SERVICE_NAMED": 1,
        "OTHER_NAME_LIKELY": 2,
        "DATE_OF_BIRTH_UNCERTAIN": 3,
        "RECENT_MOVE": 4,
        "DIRECTED_BY_STRATEGY_DISCUSSION": 5,
    }
    assert set(WIDENING_WORDS) == set(WideningReason)
    assert len(set(WIDENING_WORDS.values())) == len(WideningReason)


def test_only_what_governance_has_put_in_force() -> None:
    lists = CodeLists(
        1, frozenset({Purpose.EARLY_HELP}), frozenset({Role.MIDWIFE}), frozenset(Kind)
    )
    require_in_force(Purpose.EARLY_HELP, Role.MIDWIFE, lists)
    for purpose, role in [(Purpose.CLA_CARE, Role.MIDWIFE), (Purpose.EARLY_HELP, Role.GP)]:
        with refused(Code.NOT_ALLOWED):
            require_in_force(purpose, role, lists)


def test_a_justification_shows_its_purpose_alone() -> None:
    shown = repr(Justification(Purpose.S47_ENQUIRY, "MASH-2024-1", "jane.doe"))
    assert shown == "Justification(S47_ENQUIRY)"
