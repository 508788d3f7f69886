"""The passport desk: what a session allows, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.party_folder import COUNCIL
from fakes.refusals import refused
from fingerpost.private.passport import Entitlement, read
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, FederationId
from fingerpost.protocol.messages import day_of
from practitioner.asking.desk import PassportDesk, listed_keys, make_passport_key, read_passport_key
from practitioner.sign_in.rules import Session
from unit.practitioner.gateway_desk import ann

NOW = 1_800_000_000
FEDERATION = FederationId("demo")
SESSION = ann(NOW - 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("desk")
    make_passport_key(made / "passport.secret", COUNCIL)
    return made


@pytest.fixture(scope="module")
def desk(folder: Path) -> PassportDesk:
    key = read_passport_key(folder / "passport.secret")
    return PassportDesk(FEDERATION, {COUNCIL: key})


@given(
    training=st.integers(min_value=-1000, max_value=10**7),
    vetting=st.integers(min_value=-1000, max_value=10**7),
    signed_in=st.integers(min_value=-10, max_value=14 * 3600),
)
def test_a_passport_is_one_that_every_node_takes_or_there_is_none(
    folder: Path, training: int, vetting: int, signed_in: int
) -> None:
    key = read_passport_key(folder / "passport.secret")
    held = Entitlement(NOW + training, NOW + vetting)
    session = replace(SESSION, entitlement=held, auth_time=NOW - signed_in)
    try:
        issued = PassportDesk(FEDERATION, {COUNCIL: key}).issue(session, NOW + 0.7)
    except Refused as refusal:
        assert refusal.code is Code.SIGN_IN
        margin = limits.QUERY_LIFE_SECONDS + 2 * limits.CLOCK_SKEW_SECONDS
        assert min(training, vetting) <= margin + 1 or not 0 <= signed_in < 12 * 3600
        return
    passport = read(
        issued.token,
        federation=FEDERATION,
        agency=COUNCIL,
        passport_key=key.public_key().public_bytes_raw(),
        now=NOW + 1,
    )
    assert passport == issued.passport
    assert passport.cnf == issued.key.public_key().public_bytes_raw()
    assert passport.expires_at - NOW in range(limits.QUERY_LIFE_SECONDS, 601)
    assert passport.expires_at < NOW + min(training, vetting)
    who = (passport.subject, passport.role, passport.acr)
    assert who == ("ann", Role.SOCIAL_WORKER, Acr.PASSWORD_TOTP)


def test_each_lookup_has_a_key_of_its_own(desk: PassportDesk) -> None:
    one, other = desk.issue(SESSION, NOW), desk.issue(SESSION, NOW)
    assert one.passport.cnf != other.passport.cnf
    assert one.passport.jti != other.passport.jti


def test_no_passport_of_an_agency_that_does_not_ask_here(desk: PassportDesk) -> None:
    with refused(Code.SIGN_IN):
        desk.issue(replace(SESSION, agency=AgencyId("e99000001.oak")), NOW)


def test_the_handle_is_hers_for_a_day(desk: PassportDesk, folder: Path) -> None:
    morning = NOW // limits.DAY * limits.DAY
    session = replace(SESSION, auth_time=morning)

    def handle(session: Session, at: int) -> str:
        return desk.issue(session, at).handle.value

    today = handle(session, morning)
    assert today == handle(replace(session, name="Other"), morning + 9 * 3600)
    assert today == handle(replace(session, subject="ANN"), morning)
    others = {
        handle(replace(session, auth_time=morning + limits.DAY), morning + limits.DAY),
        handle(replace(session, subject="bob"), morning),
    }
    assert len(others | {today}) == 3


def test_the_handle_follows_from_what_the_member_list_says(
    desk: PassportDesk, folder: Path
) -> None:
    listed = listed_keys(folder / "passport.secret", COUNCIL)
    issued = desk.issue(SESSION, NOW)
    day = day_of(NOW)
    assert issued.handle_proof.handle(listed.handle_root, "ann", day) == issued.handle
    for root, at in ((bytes(32), day), (listed.handle_root, day + 1)):
        with refused(Code.BAD_COMMITMENT):
            issued.handle_proof.handle(root, "ann", at)


def test_a_passport_key_is_made_once_and_read_by_its_owner_only(folder: Path) -> None:
    path = folder / "passport.secret"
    with pytest.raises(Defect):
        make_passport_key(path, COUNCIL)
    path.chmod(0o640)
    with pytest.raises(Defect):
        read_passport_key(path)
    path.chmod(0o600)
    other = folder / "other"
    other.write_bytes(b"-----BEGIN NOTHING-----\n")
    other.chmod(0o600)
    with pytest.raises(Defect, match="not a private key"):
        read_passport_key(other)
