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
from practitioner.asking.desk import PassportDesk, make_passport_key, read_passport_key
from unit.practitioner.gateway_desk import ann

NOW = 1_800_000_000
FEDERATION = FederationId("demo")
SESSION = ann(NOW - 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("desk")
    make_passport_key(made / "passport.secret")
    return made


@pytest.fixture(scope="module")
def desk(folder: Path) -> PassportDesk:
    key = read_passport_key(folder / "passport.secret")
    return PassportDesk(FEDERATION, {COUNCIL: key}, bytes(range(32)))


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
        issued = PassportDesk(FEDERATION, {COUNCIL: key}, bytes(32)).issue(session, NOW + 0.7)
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


def test_the_handle_is_hers_for_a_day(desk: PassportDesk) -> None:
    today = desk.handle_for(SESSION, 20_000)
    assert len(today) == 32
    assert today == desk.handle_for(replace(SESSION, auth_time=NOW, name="Other"), 20_000)
    others = {
        desk.handle_for(SESSION, 20_001),
        desk.handle_for(replace(SESSION, subject="bob"), 20_000),
        desk.handle_for(replace(SESSION, agency=AgencyId("e99000001.oak")), 20_000),
        PassportDesk(FEDERATION, {}, bytes(32)).handle_for(SESSION, 20_000),
    }
    assert len(others | {today}) == 5


def test_a_passport_key_is_made_once_and_read_by_its_owner_only(folder: Path) -> None:
    path = folder / "passport.secret"
    with pytest.raises(Defect):
        make_passport_key(path)
    path.chmod(0o640)
    with pytest.raises(Defect):
        read_passport_key(path)
    path.chmod(0o600)
    other = folder / "other"
    other.write_bytes(b"-----BEGIN NOTHING-----\n")
    other.chmod(0o600)
    with pytest.raises(Defect, match="not a private key"):
        read_passport_key(other)
