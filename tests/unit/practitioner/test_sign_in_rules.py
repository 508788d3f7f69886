"""When a sign-in holds."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from practitioner.sign_in import rules
from practitioner.sign_in.rules import Account, SignInRule

NOW = 1_800_000_000
LATER = NOW + 400 * limits.DAY


HELD = Entitlement(LATER, LATER)
ANN = Account(AgencyId("e99000001.council"), "ann", "Ann Smith", Role.SOCIAL_WORKER, HELD)


def test_a_trained_and_vetted_account_may_sign_in() -> None:
    rules.require_usable(ANN, NOW)


@pytest.mark.parametrize("field", ["training_until", "vetting_until"])
@given(before=st.integers(min_value=-limits.DAY, max_value=240))
def test_training_and_vetting_must_outlast_a_query_and_the_skew(field: str, before: int) -> None:
    def with_end(at: int) -> Account:
        return replace(ANN, entitlement=Entitlement(**{**asdict(HELD), field: at}))

    with refused(Code.SIGN_IN):
        rules.require_usable(with_end(NOW + before), NOW)
    rules.require_usable(with_end(NOW + 241), NOW)


@given(
    training=st.integers(min_value=-limits.DAY, max_value=limits.DAY),
    vetting=st.integers(min_value=-limits.DAY, max_value=limits.DAY),
)
def test_ends_are_written_down_just_when_they_let_somebody_sign_in(
    training: int, vetting: int
) -> None:
    entitlement = Entitlement(NOW + training, NOW + vetting)
    try:
        rules.require_entitled(entitlement, NOW)
    except Refused:
        with refused(Code.NOT_ALLOWED):
            rules.require_ahead(entitlement, NOW)
    else:
        rules.require_ahead(entitlement, NOW)


MANAGER = replace(ANN, subject="mo", role=Role.TEAM_MANAGER)
DAYS = st.integers(min_value=-20 * limits.DAY, max_value=2 * limits.DAY)


@given(training=DAYS, vetting=DAYS)
def test_a_grace_adds_14_days_to_training_and_none_to_vetting(training: int, vetting: int) -> None:
    lapsed = Entitlement(NOW + training, NOW + vetting, "mo")
    longer = Entitlement(NOW + training + 14 * limits.DAY, NOW + vetting)
    for entitlement, like in ((lapsed, longer), (replace(lapsed, training_grace_by=""), None)):
        like = like or Entitlement(NOW + training, NOW + vetting)
        try:
            rules.require_entitled(like, NOW)
        except Refused as expected:
            with refused(Code.SIGN_IN, expected.rule):
                rules.require_entitled(entitlement, NOW)
        else:
            rules.require_entitled(entitlement, NOW)
            assert rules.days_left(entitlement, NOW) in range(1, 17)


@given(training=DAYS, vetting=DAYS)
def test_a_grace_is_granted_just_where_it_lets_somebody_sign_in(
    training: int, vetting: int
) -> None:
    lapsed = Entitlement(NOW + training, NOW + vetting)
    granted = replace(lapsed, training_grace_by="mo")
    try:
        rules.require_lapsed(lapsed, NOW)
    except Refused:
        usable = rules.in_grace(granted, NOW)
        if usable:
            with refused(Code.SIGN_IN):
                rules.require_entitled(granted, NOW)
    else:
        with refused(Code.SIGN_IN, SignInRule.TRAINING_OVER):
            rules.require_entitled(lapsed, NOW)
        rules.require_entitled(granted, NOW)
        with refused(Code.SIGN_IN, SignInRule.TRAINING_OVER):
            rules.require_in_date(granted, NOW)
    with refused(Code.NOT_ALLOWED, SignInRule.GRANTED):
        rules.require_lapsed(granted, NOW)


def test_a_grace_rests_on_a_manager() -> None:
    rules.require_manager(MANAGER, ANN, NOW)


@pytest.mark.parametrize(
    "manager",
    [
        None,
        ANN,
        replace(MANAGER, disabled=True),
        replace(MANAGER, role=Role.CME_OFFICER),
        replace(MANAGER, entitlement=replace(HELD, training_until=NOW - 1)),
        replace(MANAGER, entitlement=Entitlement(NOW - 1, LATER, "ann")),
        replace(MANAGER, entitlement=replace(HELD, vetting_until=NOW - 1)),
    ],
    ids=["nobody", "herself", "disabled", "role", "training", "in grace herself", "vetting"],
)
def test_a_grace_rests_on_nobody_else(manager: Account | None) -> None:
    with refused(Code.NOT_ALLOWED, SignInRule.MANAGER):
        rules.require_manager(manager, ANN, NOW)


def test_a_disabled_account_may_not() -> None:
    with refused(Code.SIGN_IN):
        rules.require_usable(replace(ANN, disabled=True), NOW)


@given(failures=st.integers(min_value=0, max_value=10**6))
def test_waits_grow_and_end(failures: int) -> None:
    wait = max(0, rules.waits_until(failures, NOW) - NOW)
    following = max(0, rules.waits_until(failures + 1, NOW) - NOW)
    assert wait <= following <= rules.LONGEST_WAIT_SECONDS
    assert (wait == 0) is (failures <= rules.FREE_FAILURES)


def test_guessing_codes_is_hopeless() -> None:
    """Of a million codes three hold at a time; a year of guessing at the longest wait must stay
    below 4 in 100."""
    guesses = 365 * limits.DAY / rules.LONGEST_WAIT_SECONDS + 20
    assert guesses * 3 / 10**6 < 0.04


def test_a_code_counts_one_step_to_either_side() -> None:
    step = NOW // 30
    assert set(rules.code_steps(NOW)) == {step - 1, step, step + 1}


@pytest.mark.parametrize(
    ("auth_time", "last_used", "live"),
    [
        (NOW, NOW, True),
        (NOW - 12 * 3600 + 1, NOW - 1, True),
        (NOW - 12 * 3600, NOW - 1, False),
        (NOW - 3600, NOW - 1799, True),
        (NOW - 3600, NOW - 1800, False),
    ],
)
def test_a_session_is_short(auth_time: int, last_used: int, live: bool) -> None:
    if live:
        rules.require_live(auth_time, last_used, NOW)
    else:
        with refused(Code.SIGN_IN):
            rules.require_live(auth_time, last_used, NOW)


def test_an_account_shows_no_person() -> None:
    assert "Ann" not in repr(ANN)
    assert "ann" not in repr(ANN)
