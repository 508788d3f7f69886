"""Enrolling, accounts, sign-in and running: what is said, the exit status, and what is kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from fakes.party_folder import COUNCIL, addresses_of, gateway_settings_file, hand_bundle
from fakes.repository import listed
from fingerpost.private.passport import Entitlement
from fingerpost.protocol.codec.enrolment import read_enrolment
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId
from fingerpost.runtime.identity import Identity
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_people
from unit.practitioner.gateway_desk import PASSWORD, Desk, Run

# ---- enrolment -----------------------------------------------------------------------------------


def test_enrol_makes_every_key_once_and_a_request_without_any(run: Run, tmp_path: Path) -> None:
    oak = AgencyId("e99000001.oak")
    settings = gateway_settings_file(tmp_path / "g", (COUNCIL, oak))
    request = tmp_path / "request"
    arguments = (
        *("enrol", "--settings", str(settings), "--federation", "demo", "--member", "gw-1"),
        *("--organisation", "Wexcombe", "--lookups-per-day", "500", "--request", str(request)),
    )
    told = run(*arguments)
    assert told.status == 0
    found = read_enrolment(request.read_bytes())
    assert found.party is Party.GATEWAY
    assert set(found.passport_keys) == {COUNCIL, oak}
    assert found.fingerprint in told.out
    secrets = sorted((tmp_path / "g").glob("*.secret"))
    assert len(secrets) == 5
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}
    for path in secrets:
        assert path.read_bytes() not in request.read_bytes()
    before = [path.read_bytes() for path in secrets]
    assert run(*arguments).status == 2  # a member's key is never written over
    assert [path.read_bytes() for path in secrets] == before


def test_enrol_does_not_take_an_empty_file_for_a_key(empty: Desk, tmp_path: Path) -> None:
    key = empty.settings.parent / "account.secret"
    key.write_bytes(b"")
    given = {"--federation": "demo", "--member": "gw-1", "--organisation": "W"}
    given |= {"--lookups-per-day": "5", "--request": str(tmp_path / "request")}
    told = empty.run("enrol", *(x for pair in given.items() for x in pair))
    assert told.status == 2
    assert f"account_key: {key} is empty" in told.err
    assert not (tmp_path / "request").exists()


@pytest.mark.parametrize("lookups", ["0", "-1"])
def test_enrol_asks_for_one_lookup_a_day_at_least(empty: Desk, lookups: str) -> None:
    told = empty.run("enrol", f"--lookups-per-day={lookups}")
    assert told.status == 2
    assert "--lookups-per-day" in told.err


@pytest.mark.parametrize("wrong", [("--federation", "De Mo"), ("--member", "gw 1")])
def test_ids_of_another_form_are_named(empty: Desk, wrong: tuple[str, str]) -> None:
    given = {"--federation": "demo", "--member": "gw-1", "--organisation": "W"}
    given |= {wrong[0]: wrong[1], "--lookups-per-day": "5", "--request": "r"}
    told = empty.run("enrol", *(x for pair in given.items() for x in pair))
    assert told.status == 2
    assert wrong[0] in told.err
    assert wrong[1] not in told.err


# ---- accounts and sign-in ------------------------------------------------------------------------


def test_that_there_is_no_account_yet_is_said(empty: Desk) -> None:
    told = empty.run("account", "list")
    assert (told.status, told.out) == (0, "")
    assert told.err == "No account was made yet: fingerpost account add makes one.\n"


def test_an_account_is_given_its_secret_once(empty: Desk) -> None:
    told = empty.add()
    assert told.status == 0
    assert "otpauth://totp/Fingerpost:" in told.out
    again = empty.add()
    assert (again.status, again.err) == (4, "fingerpost: There is such an account already.\n")
    listed = empty.run("account", "list")
    assert "SOCIAL_WORKER" in listed.out
    assert PASSWORD not in told.out + listed.out


def test_sign_in_keeps_a_session_that_only_its_owner_reads(desk: Desk) -> None:
    code = pyotp.TOTP(desk.secret).now()  # the same one twice, however long the first time takes
    assert desk.sign_in(code).status == 0
    assert desk.session.stat().st_mode & 0o777 == 0o600
    assert desk.sign_in(code).status == 4
    told = desk.as_ann("sign-out")
    assert told.status == 0
    assert not desk.session.exists()
    assert desk.lookup().status == 4


def test_a_session_that_others_can_read_is_not_used(desk: Desk) -> None:
    desk.sign_in()
    desk.session.chmod(0o644)
    told = desk.lookup()
    assert told.status == 2
    assert "0600" in told.err


def test_every_change_of_an_account_is_recorded_with_who_did_it(desk: Desk) -> None:
    at = ("--account", "ann")
    ends = ("--training-until", "2030-01-31", "--vetting-until", "2030-02-28")
    assert desk.run("account", "renew", *at, *ends).status == 0
    reset = desk.run("account", "reset", *at, "--password-stdin", "--json", stdin=f"{PASSWORD}\n")
    assert json.loads(reset.out)["secret"] != desk.secret
    assert desk.run("account", "disable", *at).status == 0
    assert desk.sign_in(pyotp.TOTP(json.loads(reset.out)["secret"]).now()).status == 4
    shown = desk.run("audit", "show", "--decrypt", "--why", "sar-2026-4").out
    for kind in ("account.added", "account.renewed", "account.reset", "account.disabled"):
        assert kind in shown
    assert shown.count("os-user:") == 5
    assert "session.refused" in shown
    assert "reason=account" in shown
    assert "Ann Smith" not in shown
    verified = desk.run("audit", "verify")
    assert verified.out.startswith("6 entries, whole.")


@pytest.mark.parametrize("by_herself", [False, True])
def test_a_grace_is_recorded_and_said_at_sign_in(
    desk: Desk, gateway_settings: GatewaySettings, tmp_path: Path, by_herself: bool
) -> None:
    made = desk.add("--account", "mo", "--json")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    over = midnight - timedelta(days=8)
    with open_people(gateway_settings) as people:
        people.accounts.renew(COUNCIL, "ann", Entitlement(int(over.timestamp()), 4_000_000_000))
    assert "training has run out" in desk.sign_in().err
    grant = ("account", "grace", "--account", "ann")
    own = ("--session", str(tmp_path / "mo"))
    assert desk.run(*grant, *own).status == 4, "nobody is signed in"
    if by_herself:
        typed = f"{PASSWORD}\n{pyotp.TOTP(json.loads(made.out)['secret']).now()}\n"
        came = desk.run("sign-in", "--account", "mo", "--password-stdin", *own, stdin=typed)
        assert came.status == 0
    told = desk.run(*grant, *(own if by_herself else ("--granted-by", "mo")))
    last = (over + timedelta(days=13)).date().isoformat()
    assert (told.status, told.out) == (0, f"This account can ask until {last}.\n")
    assert desk.run(*grant, "--granted-by", "mo").status == 4, "one grace a lapse"
    (recorded,) = (
        line for line in desk.run("audit", "show").out.splitlines() if "account.grace" in line
    )
    assert ("mo" if by_herself else "os-user:") in recorded
    assert "granted_by=mo" in desk.run("audit", "show").out
    assert f"grace until {last} by mo" in " ".join(desk.run("account", "list").out.split())
    later = desk.sign_in(pyotp.TOTP(desk.secret).at(datetime.now(UTC) + timedelta(seconds=30)))
    assert later.status == 0
    assert f"You can ask for 6 more days, until {last}." in later.err


def test_what_is_not_there_is_not_renewed_nor_recorded_as_renewed(desk: Desk) -> None:
    ends = ("--training-until", "2030-01-31", "--vetting-until", "2030-02-28")
    told = desk.run("account", "renew", "--account", "bob", *ends)
    assert told.status == 4
    shown = desk.run("audit", "show").out
    assert "account.renewed" not in shown


def test_dates_are_last_days(empty: Desk, gateway_settings: GatewaySettings) -> None:
    empty.add(until=date(2030, 1, 31))
    with open_people(gateway_settings) as people:
        (account,) = people.accounts.list()
    until = datetime.fromtimestamp(account.entitlement.training_until, UTC)
    assert until == datetime(2030, 2, 1, tzinfo=UTC)
    assert "2030-01-31" in empty.run("account", "list").out


@pytest.mark.parametrize("columns", ["60", "80", "120", None])
def test_accounts_are_listed_with_every_id_whole(empty: Desk, columns: str | None) -> None:
    subject = "anastasia.featherstonehaugh-cholmondeley"
    empty.add("--account", subject)
    listed = empty.run("account", "list", columns=columns).out
    for whole in (subject, str(COUNCIL), "SOCIAL_WORKER"):
        assert whole in listed


YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


@pytest.mark.parametrize("option", ["--training-until", "--vetting-until"])
def test_a_day_that_is_over_is_refused_when_it_is_written(
    empty: Desk, gateway_settings: GatewaySettings, option: str
) -> None:
    told = empty.add(option, YESTERDAY)
    assert told.status == 4
    assert told.err.startswith(f"fingerpost: {option}: that day is over")
    assert "otpauth" not in told.out
    with open_people(gateway_settings) as people:
        assert people.accounts.list() == ()


@pytest.mark.parametrize("option", ["--training-until", "--vetting-until"])
def test_a_day_that_is_over_is_refused_when_it_is_changed(
    desk: Desk, gateway_settings: GatewaySettings, option: str
) -> None:
    with open_people(gateway_settings) as people:
        before = people.accounts.list()
    ends = {"--training-until": "2099-01-31", "--vetting-until": "2099-01-31", option: YESTERDAY}
    at = ("--account", "ann")
    told = desk.run("account", "renew", *at, *(x for pair in ends.items() for x in pair))
    assert told.status == 4
    assert told.err.startswith(f"fingerpost: {option}: that day is over")
    with open_people(gateway_settings) as people:
        assert people.accounts.list() == before
    assert "account.renewed" not in desk.run("audit", "show").out


def test_an_account_whose_training_has_run_out_since_is_listed_as_such(
    desk: Desk, gateway_settings: GatewaySettings
) -> None:
    with open_people(gateway_settings) as people:
        people.accounts.renew(COUNCIL, "ann", Entitlement(1_700_000_000, 4_000_000_000))
    assert "the training is over" in desk.run("account", "list").out
    reset = ("account", "reset", "--account", "ann", "--password-stdin")
    told = desk.run(*reset, stdin=f"{PASSWORD}\n")
    assert told.status == 0
    assert told.err == "This account cannot sign in yet: the training is over.\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [("--role", "admin"), ("--training-until", "31.12.2030"), ("--agency", "e99000001.oak")],
)
def test_slips_are_said_in_one_line(empty: Desk, option: str, value: str) -> None:
    told = empty.add(option, value)
    assert told.status == 2
    assert told.err.startswith("fingerpost: ")
    assert told.err.count("\n") == 1


# ---- running -------------------------------------------------------------------------------------


def test_settings_are_checked(run: Run, tmp_path: Path) -> None:
    settings = gateway_settings_file(tmp_path / "g")
    text = settings.read_text()
    for wrong in (
        text.replace('outcome_key = "outcome.secret"\n', ""),
        'surplus = "x"\n' + text,
        text.replace('"outcome.secret"', '"audit.secret"'),
        text.replace('"outcomes.sqlite"', '"accounts.sqlite"'),
        text + text[text.index("[[agencies]]") :],
        "agencies = []\n" + text[: text.index("[[agencies]]")],
    ):
        settings.write_text(wrong)
        told = run("check", "--settings", str(settings))
        assert told.status == 2, wrong
        assert told.err.startswith("fingerpost: ")


def test_check_opens_bundle_keys_and_looks_at_the_health_folder(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "g"
    settings = gateway_settings_file(folder)
    names = ("--federation", "pilot", "--member", "gate", "--organisation", "Council")
    granted = ("--lookups-per-day", "9", "--request", str(tmp_path / "request"))
    assert run("enrol", "--settings", str(settings), *names, *granted).status == 0
    told = run("check", "--settings", str(settings))
    assert (told.status, told.err.split(":")[1]) == (2, " places.bundle")
    me = Identity(FederationId("pilot"), MemberId("gate"), Party.GATEWAY)
    made = hand_bundle(folder, me, addresses_of(listed().parameters))
    text = settings.read_text()
    line = next(line for line in text.splitlines() if line.startswith("health ="))
    settings.write_text(text.replace(line, 'health = "run/health"'))
    told = run("check", "--settings", str(settings))
    assert told.status == 0, told.err
    assert made.fingerprint in told.out
    assert f"health: the folder {folder / 'run'} does not exist" in told.err
    settings.write_text(settings.read_text().replace("trial = true", "trial = false"))
    told = run("check", "--settings", str(settings))
    assert told.status == 2
    assert "account_key" in told.err
    assert "lies beside the data" in told.err
    (folder / "credentials").rename(folder / "elsewhere")
    told = run("check", "--settings", str(settings))
    assert (told.status, told.err.split(":")[1]) == (2, " places.credentials")


def test_health_says_not_serving_when_nobody_serves(empty: Desk) -> None:
    told = empty.run("health")
    assert (told.status, told.out) == (1, "not serving\n")


def test_one_agencys_log_of_several_must_be_named(run: Run, tmp_path: Path) -> None:
    settings = gateway_settings_file(tmp_path / "g", (COUNCIL, AgencyId("e99000001.oak")))
    told = run("audit", "show", "--settings", str(settings))
    assert told.status == 2
    assert "--agency" in told.err
