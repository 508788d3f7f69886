"""Accounts and sessions: both factors, once, and not by guessing."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import argon2
import pyotp
import pytest

from fakes import passwords
from fakes.party_folder import COUNCIL
from fakes.refusals import refused
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Rule
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import WitnessFolder
from practitioner.sign_in import accounts as store
from practitioner.sign_in import rules
from practitioner.sign_in.accounts import ACCOUNT_SIZES, SESSION_SIZES, Accounts
from practitioner.sign_in.migrations import REVISIONS
from practitioner.sign_in.rules import Account, Session, SignInRule
from practitioner.wiring import People

NOW = 1_800_000_000.0
YEAR = 365 * 86_400
PASSWORD = "correct horse battery"
HELD = Entitlement(int(NOW) + YEAR, int(NOW) + 2 * YEAR)
ANN = Account(COUNCIL, "ann", "Ann Smith", Role.SOCIAL_WORKER, HELD)


@pytest.fixture
def accounts(people: People) -> Accounts:
    return people.accounts


def code(secret: str, at: float = NOW) -> str:
    return pyotp.TOTP(secret).at(int(at))


@pytest.fixture
def secret(accounts: Accounts) -> str:
    """The secret of Ann's account."""
    return accounts.add(ANN, PASSWORD)


def signed_in(accounts: Accounts, one_time: str, at: float = NOW) -> tuple[str, Session]:
    """Ann's token and session."""
    return accounts.sign_in(COUNCIL, "ann", PASSWORD, one_time, at)


def refusal(accounts: Accounts, password: str, one_time: str, at: float = NOW) -> Rule | None:
    with refused(Code.SIGN_IN) as caught:
        accounts.sign_in(COUNCIL, "ann", password, one_time, at)
    return caught.value.rule


def test_both_factors_make_a_session(accounts: Accounts, secret: str) -> None:
    token, session = signed_in(accounts, code(secret))
    assert (session.agency, session.subject, session.role) == (COUNCIL, "ann", Role.SOCIAL_WORKER)
    assert session.acr is Acr.PASSWORD_TOTP
    assert session.auth_time == int(NOW)
    assert session.entitlement == HELD
    assert accounts.resume(token, NOW + 60) == session


def test_a_clock_that_is_set_back_for_a_while_ends_no_session(
    accounts: Accounts, secret: str
) -> None:
    """It is said what is wrong, and she goes on once it is right."""
    token, session = signed_in(accounts, code(secret))
    with refused(Code.SIGN_IN, SignInRule.CLOCK_BEHIND):
        accounts.resume(token, NOW - 100 * 86_400)
    assert accounts.resume(token, NOW + 60) == session


def test_one_factor_alone_does_not_and_it_is_not_said_which(
    accounts: Accounts, secret: str
) -> None:
    assert refusal(accounts, "wrong horse battery", code(secret)) is SignInRule.WRONG
    assert refusal(accounts, PASSWORD, "000000") is SignInRule.WRONG
    assert refusal(accounts, PASSWORD, "") is SignInRule.WRONG
    with refused(Code.SIGN_IN, SignInRule.WRONG):
        accounts.sign_in(COUNCIL, "nobody", PASSWORD, code(secret), NOW)


def test_an_account_of_another_agency_is_another_account(accounts: Accounts, secret: str) -> None:
    with refused(Code.SIGN_IN):
        accounts.sign_in(AgencyId("e99000001.oak"), "ann", PASSWORD, code(secret), NOW)


@pytest.mark.parametrize("off", [-30, 0, 30])
def test_a_code_counts_within_a_step(accounts: Accounts, secret: str, off: int) -> None:
    signed_in(accounts, code(secret, NOW + off))


@pytest.mark.parametrize("off", [-60, 60])
def test_a_code_of_another_time_does_not(accounts: Accounts, secret: str, off: int) -> None:
    refusal(accounts, PASSWORD, code(secret, NOW + off))


def test_a_code_counts_once_and_so_do_all_before_it(accounts: Accounts, secret: str) -> None:
    signed_in(accounts, code(secret))
    assert refusal(accounts, PASSWORD, code(secret), NOW + 1) is SignInRule.WRONG
    assert refusal(accounts, PASSWORD, code(secret, NOW - 30), NOW + 2) is SignInRule.WRONG
    signed_in(accounts, code(secret, NOW + 30), NOW + 30)


def test_guesses_make_the_account_wait_even_for_the_right_one(
    accounts: Accounts, secret: str
) -> None:
    for _ in range(4):
        refusal(accounts, "wrong horse battery", "000000")
    assert refusal(accounts, PASSWORD, code(secret)) is SignInRule.WAITING
    signed_in(accounts, code(secret, NOW + 3), NOW + 3)
    # Success takes the failures back: the next three are free again.
    for _ in range(3):
        assert refusal(accounts, PASSWORD, "000000", NOW + 40) is SignInRule.WRONG


@pytest.mark.parametrize("ahead", [2 * limits.DAY, 100 * limits.DAY])
def test_a_clock_that_was_ahead_locks_nobody_out(
    accounts: Accounts, secret: str, ahead: int
) -> None:
    """No code is right by such a clock, so everybody tries again and again."""
    for _ in range(4):
        refusal(accounts, PASSWORD, code(secret), NOW + ahead)
    signed_in(accounts, code(secret))


def test_the_longest_wait_holds_though_the_clock_is_put_right_by_a_little(
    accounts: Accounts, secret: str
) -> None:
    at = NOW
    for _ in range(20):
        refusal(accounts, "wrong horse battery", "000000", at)
        at += rules.LONGEST_WAIT_SECONDS + 1
    last = at - rules.LONGEST_WAIT_SECONDS - 1
    early = last - limits.CLOCK_SKEW_SECONDS
    assert refusal(accounts, PASSWORD, code(secret, early), early) is SignInRule.WAITING


def test_many_guesses_at_once_count_each(accounts: Accounts) -> None:
    accounts.add(ANN, PASSWORD)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: refusal(accounts, "wrong", "000000"), range(8)))
    # The fourth failure begins the wait, so no more than four were looked at.
    assert said.count(SignInRule.WRONG) == 4
    assert said.count(SignInRule.WAITING) == 4


def test_training_that_is_over_is_named_to_who_proved_herself_only(
    accounts: Accounts,
) -> None:
    soon = replace(HELD, training_until=int(NOW) + 100)
    secret = accounts.add(replace(ANN, entitlement=soon), PASSWORD)
    assert refusal(accounts, "wrong horse battery", code(secret)) is SignInRule.WRONG
    assert refusal(accounts, PASSWORD, code(secret)) is SignInRule.TRAINING_OVER


LAPSED = replace(HELD, training_until=int(NOW) - 9 * 86_400)
MO = replace(ANN, subject="mo", name="Mo Hale", role=Role.TEAM_MANAGER)


def test_a_manager_lets_somebody_ask_until_14_days_after_her_training(accounts: Accounts) -> None:
    secret = accounts.add(replace(ANN, entitlement=LAPSED), PASSWORD)
    accounts.add(MO, PASSWORD)
    assert refusal(accounts, PASSWORD, code(secret)) is SignInRule.TRAINING_OVER
    accounts.renew(COUNCIL, "ann", accounts.to_grant(COUNCIL, "ann", "Mo", NOW))
    _, session = signed_in(accounts, code(secret, NOW + 30), NOW + 30)
    assert session.entitlement == replace(LAPSED, training_grace_by="mo")
    with refused(Code.NOT_ALLOWED, SignInRule.GRANTED):
        accounts.to_grant(COUNCIL, "ann", "mo", NOW)
    after = NOW + 5 * 86_400
    assert refusal(accounts, PASSWORD, code(secret, after), after) is SignInRule.TRAINING_OVER
    accounts.renew(COUNCIL, "ann", HELD)
    _, session = signed_in(accounts, code(secret, after + 30), after + 30)
    assert session.entitlement == HELD


def test_a_grace_ends_with_its_managers_account(accounts: Accounts) -> None:
    secret = accounts.add(replace(ANN, entitlement=LAPSED), PASSWORD)
    accounts.add(MO, PASSWORD)
    accounts.renew(COUNCIL, "ann", accounts.to_grant(COUNCIL, "ann", "mo", NOW))
    token, _ = signed_in(accounts, code(secret))
    accounts.disable(COUNCIL, "mo")
    with refused(Code.SIGN_IN, SignInRule.TRAINING_OVER):
        accounts.resume(token, NOW + 60)
    assert refusal(accounts, PASSWORD, code(secret, NOW + 60), NOW + 60) is SignInRule.TRAINING_OVER


def test_a_guess_costs_64_mebibytes_and_three_passes() -> None:
    """RFC 9106, section 4, the second recommended option."""
    cost = passwords.SHIPPED
    assert (cost.type, cost.version) == (argon2.Type.ID, 0x13)
    assert (cost.time_cost, cost.memory_cost, cost.parallelism) == (3, 64 * 1024, 4)
    assert (cost.salt_len, cost.hash_len) == (16, 32)


def test_whoever_needs_a_grace_reviews_nobody(accounts: Accounts) -> None:
    accounts.add(replace(ANN, entitlement=replace(LAPSED, training_grace_by="mo")), PASSWORD)
    accounts.add(MO, PASSWORD)
    with refused(Code.NOT_ALLOWED, SignInRule.REVIEWER_ACCOUNT):
        accounts.usable(COUNCIL, "ann", NOW)


def test_training_that_runs_out_ends_the_session(accounts: Accounts) -> None:
    soon = replace(HELD, vetting_until=int(NOW) + 1000)
    secret = accounts.add(replace(ANN, entitlement=soon), PASSWORD)
    token, _ = signed_in(accounts, code(secret))
    with refused(Code.SIGN_IN, SignInRule.VETTING_OVER):
        accounts.resume(token, NOW + 900)
    accounts.renew(COUNCIL, "ann", HELD)
    assert accounts.resume(token, NOW + 900).entitlement == HELD


def test_disabling_ends_sessions_at_once(accounts: Accounts, secret: str) -> None:
    token, _ = signed_in(accounts, code(secret))
    accounts.disable(COUNCIL, "ann")
    with refused(Code.SIGN_IN):
        accounts.resume(token, NOW + 1)
    assert refusal(accounts, PASSWORD, code(secret, NOW + 30), NOW + 30) is SignInRule.DISABLED
    assert [each.disabled for each in accounts.list()] == [True]


def test_a_session_ends_idle_old_and_by_signing_out(accounts: Accounts, secret: str) -> None:
    token, _ = signed_in(accounts, code(secret))
    accounts.resume(token, NOW + 1700)
    accounts.resume(token, NOW + 3400)
    with refused(Code.SIGN_IN):
        accounts.resume(token, NOW + 3400 + 1800)
    assert accounts.sign_out(token) == (COUNCIL, "ann")
    assert accounts.sign_out(token) is None
    with refused(Code.SIGN_IN):
        accounts.resume(token, NOW + 3401)


def test_a_new_password_ends_the_old_one_and_the_sessions(accounts: Accounts, secret: str) -> None:
    token, _ = signed_in(accounts, code(secret))
    fresh = accounts.reset(COUNCIL, "ann", "another horse battery")
    with refused(Code.SIGN_IN, SignInRule.NO_SESSION):
        accounts.resume(token, NOW + 1)
    refusal(accounts, PASSWORD, code(fresh))
    refusal(accounts, "another horse battery", code(secret))
    accounts.sign_in(COUNCIL, "ann", "another horse battery", code(fresh), NOW)


@pytest.mark.parametrize("change", ["reset", "disable"])
def test_no_session_begins_with_what_was_taken_back_while_the_password_was_checked(
    accounts: Accounts, secret: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Attack: whoever has the old password signs in in the moment in which it is replaced."""
    verify = accounts._verify

    def meanwhile(stored: str, password: str) -> bool:
        right = verify(stored, password)
        if change == "reset":
            accounts.reset(COUNCIL, "ann", "another horse battery")
        else:
            accounts.disable(COUNCIL, "ann")
        return right

    monkeypatch.setattr(accounts, "_verify", meanwhile)
    rule = SignInRule.WRONG if change == "reset" else SignInRule.DISABLED
    assert refusal(accounts, PASSWORD, code(secret)) is rule
    with accounts._rows.reading() as connection:
        assert accounts._sessions.records(connection) == []


def test_a_reviewer_is_known_in_any_case_entitled_and_in_date(accounts: Accounts) -> None:
    soon = replace(HELD, vetting_until=int(NOW) + 1000)
    accounts.add(replace(ANN, entitlement=soon), PASSWORD)
    assert accounts.usable(COUNCIL, "Ann", NOW).subject == "ann"
    with refused(Code.NOT_ALLOWED, SignInRule.REVIEWER_ACCOUNT):
        accounts.usable(COUNCIL, "bob", NOW)
    with refused(Code.NOT_ALLOWED, SignInRule.REVIEWER_ACCOUNT):
        accounts.usable(COUNCIL, "ann", NOW + 1001)
    accounts.renew(COUNCIL, "ann", HELD)
    accounts.disable(COUNCIL, "ann")
    with refused(Code.NOT_ALLOWED, SignInRule.REVIEWER_ACCOUNT):
        accounts.usable(COUNCIL, "ann", NOW)


@pytest.mark.parametrize(
    ("changed", "password"),
    [
        ({"subject": "Ann"}, PASSWORD),
        ({"subject": "ann smith"}, PASSWORD),
        ({"name": "[red]Ann"}, PASSWORD),
        ({}, "too short"),
        ({}, "x" * 257),
    ],
)
def test_what_is_out_of_bounds_is_no_account(
    accounts: Accounts, changed: dict[str, str], password: str
) -> None:
    with refused(Code.MALFORMED):
        accounts.add(replace(ANN, **changed), password)  # type: ignore[arg-type]
    assert accounts.list() == ()


def test_an_account_is_added_once(accounts: Accounts) -> None:
    accounts.add(ANN, PASSWORD)
    with refused(Code.NOT_ALLOWED):
        accounts.add(ANN, PASSWORD)
    with refused(Code.NOT_ALLOWED):
        accounts.disable(COUNCIL, "bob")
    with refused(Code.NOT_ALLOWED):
        accounts.renew(COUNCIL, "bob", HELD)


def test_the_file_shows_nothing_of_an_account_or_a_session(tmp_path: Path) -> None:
    path = tmp_path / "accounts.sqlite"
    engine = open_migrated(path, REVISIONS)
    accounts = Accounts(engine, bytes(32), WitnessFolder(tmp_path / "witness"))
    secret = accounts.add(ANN, PASSWORD)
    token, _ = signed_in(accounts, code(secret))
    engine.dispose()
    held = b"".join(file.read_bytes() for file in tmp_path.glob("accounts*"))
    texts = (PASSWORD, secret, token, "Ann Smith", "SOCIAL_WORKER", COUNCIL.value, "argon2")
    for hidden in (*(text.encode() for text in texts), int(NOW).to_bytes(4, "big")):
        assert hidden not in held
    with closing(sqlite3.connect(path)) as connection:
        for table in ("accounts", "sessions"):
            ((row,),) = connection.execute(f"SELECT length(sealed) FROM {table}")  # noqa: S608
            assert row in (ACCOUNT_SIZES[0] + 28, SESSION_SIZES[0] + 28)
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_account_key_is_noticed(tmp_path: Path) -> None:
    engine = open_migrated(tmp_path / "accounts.sqlite", REVISIONS)
    witness = WitnessFolder(tmp_path / "witness")
    secret = Accounts(engine, bytes(32), witness).add(ANN, PASSWORD)
    with pytest.raises(Defect, match="wrong key"):
        Accounts(engine, b"\1" * 32, witness).sign_in(COUNCIL, "ann", PASSWORD, code(secret), NOW)
    engine.dispose()


def test_a_used_code_is_known_by_its_step_alone(accounts: Accounts, secret: str) -> None:
    """The first of two guards, without the one that stands where the session is written."""

    def step() -> int | None:
        with accounts._rows.reading() as connection:
            (kept,) = accounts._accounts.records(connection)
        return store._step_of(kept, code(secret), NOW)

    assert step() == int(NOW) // 30
    signed_in(accounts, code(secret))
    assert step() is None


def test_two_sign_ins_that_both_found_the_code_unused_make_one_session(
    accounts: Accounts, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second guard, without the first: both have looked before either has written."""
    found = int(NOW) // 30
    monkeypatch.setattr(store, "_step_of", lambda *_: found)
    signed_in(accounts, code(secret))
    assert refusal(accounts, PASSWORD, code(secret)) is SignInRule.WRONG


# ---- leavers -------------------------------------------------------------------------------------


def test_an_account_that_ended_is_no_account_and_its_name_is_never_given_again(
    accounts: Accounts, secret: str
) -> None:
    """Attack: who gets the name next sees the week's outcomes of who had it before."""
    token, _ = signed_in(accounts, code(secret))
    accounts.end(COUNCIL, "ann")
    assert accounts.list() == ()
    assert not accounts.knows(COUNCIL, "ann")
    with refused(Code.SIGN_IN, SignInRule.NO_SESSION):
        accounts.resume(token, NOW)
    assert refusal(accounts, PASSWORD, code(secret, NOW + 30), NOW + 30) is SignInRule.WRONG
    for change in (
        lambda: accounts.end(COUNCIL, "ann"),
        lambda: accounts.disable(COUNCIL, "ann"),
        lambda: accounts.renew(COUNCIL, "ann", HELD),
        lambda: accounts.reset(COUNCIL, "ann", PASSWORD),
    ):
        with refused(Code.NOT_ALLOWED, SignInRule.NO_ACCOUNT):
            change()
    with refused(Code.NOT_ALLOWED, SignInRule.NAME_SPENT):
        accounts.add(ANN, PASSWORD)


def test_of_an_account_that_ended_its_name_alone_is_kept(accounts: Accounts, secret: str) -> None:
    accounts.end(COUNCIL, "ann")
    with accounts._rows.reading() as connection:
        (kept,) = accounts._accounts.records(connection)
    assert (kept.name, kept.password_hash, kept.totp_secret) == ("", "", "")
    assert kept.disabled
