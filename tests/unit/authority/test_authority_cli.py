"""The commands in the order of a first ceremony, as a person types them."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from authority import cli
from authority.ceremony import Ceremony
from authority.issuer import cli as issuer_cli
from fakes.refusals import refused
from fingerpost.membership.bundle import read_bundle
from fingerpost.protocol.codec.enrolment import AgencyKeys, EnrolmentRequest, write_enrolment
from fingerpost.protocol.codec.statements import EpochKeyStatement, write_epoch_key
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.feed_age import FOUNDING_AGES, FeedAge, Holiday
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, MemberId
from unit.authority.conftest import FEDERATION, World, leave_at_issuer

QUORUMS = [
    f"--{role}-{what}={n}"
    for role in ("root", "target", "governance")
    for what, n in (("keys", 2), ("threshold", 2))
]
CREATE = [
    "--federation=pilot",
    *QUORUMS,
    "--broker=broker",
    "--issuer=issuer",
    "--key-holder-a=holder-a",
    "--key-holder-b=holder-b",
    "--organisation=Operator",
    "--listen=127.0.0.1:7443",
]
REGISTER = "area,name,kind,telephone,services\ne08000025,Elm,SCHOOL,0121 496 0001,EDUCATION\n"
AREAS = """
[[areas]]
code = "e08000025"
name = "Birmingham"
[[areas.agencies]]
id = "e08000025.oak"
name = "Oak"
kind = "SCHOOL"
node = "node-1"
duty_desk = "0121 496 0000"
"""


def run(*arguments: object, app: object = cli.app, given: str | None = None) -> Result:
    typed = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, typed, input=given)  # type: ignore[arg-type]
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ok(*arguments: object, **options: object) -> str:
    result = run(*arguments, **options)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def ceremony(tmp_path: Path) -> Path:
    ok("create", tmp_path / "c", *CREATE)
    return tmp_path / "c"


def request_file(
    folder: Path, member: str, party: Party, **facts: Any
) -> tuple[Path, EnrolmentRequest, Ed25519PrivateKey]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    request = EnrolmentRequest(FEDERATION, MemberId(member), party, "Org", public, **facts)
    path = folder / f"{member}.enrolment"
    path.write_bytes(write_enrolment(request, key))
    return path, request, key


def test_a_first_ceremony(ceremony: Path, tmp_path: Path) -> None:
    settings = ceremony / "online" / "issuer.toml"
    (tmp_path / "areas.toml").write_text(AREAS)
    (tmp_path / "r.csv").write_text(REGISTER)
    ok("import-areas", ceremony, tmp_path / "areas.toml")
    ok("area", "add", ceremony, "e08000027", "--name=Dudley")
    ok("neighbours", ceremony, "e08000025", "e08000027")
    ok("agency", "add", ceremony, "e08000027.council", "--name=Council", "--kind=LOCAL_AUTHORITY",
       "--node=node-1", "--duty-desk=0121 2", "--service=CHILDRENS_SOCIAL_CARE")  # fmt: skip
    ok("agency", "serves", ceremony, "e08000027.council", "e08000025")
    ok("agency", "add", ceremony, "e08000027.surgery", "--name=Surgery", "--kind=GP_PRACTICE",
       "--node=node-1", "--duty-desk=0121 3", "--seconded-to=e08000027.council",
       "--discreet-name=Services of Dudley")  # fmt: skip
    (_, surgery) = Ceremony.open(ceremony).draft().areas[AreaCode("e08000027")].agencies
    assert surgery.seconded_to == (AgencyId("e08000027.council"),)
    assert surgery.discreet_name == "Services of Dudley"
    ok("hosting", ceremony, "node-1", "e08000025.oak", "e08000027.council")
    ok("coverage", "import", ceremony, tmp_path / "r.csv")
    assert run("check", ceremony).exit_code == 1

    keys: dict[str, Ed25519PrivateKey] = {}
    wanted: dict[str, tuple[Party, dict[str, Any]]] = {
        "broker": (Party.BROKER, {}),
        "holder-a": (Party.KEY_HOLDER, {}),
        "holder-b": (Party.KEY_HOLDER, {}),
        "node-1": (Party.NODE, {"declared_caseload": 500}),
        "gateway-1": (
            Party.GATEWAY,
            {"passport_keys": {AgencyId("e08000025.oak"): AgencyKeys(b"p" * 32, b"h" * 32)}},
        ),
    }
    for member, (party, facts) in wanted.items():
        path, request, keys[member] = request_file(tmp_path, member, party, **facts)
        ok("enrol", ceremony, path, "--fingerprint", request.fingerprint, "--lookups-per-day=50")
    assert "3 agencies have no public figure" in run("check", ceremony).output
    ok("caseload", "figure", ceremony, "e08000025.oak", "--children=400", "--source=A register",
       "--published=2026-01-15")  # fmt: skip
    ok("caseload", "declare", ceremony, "node-1", "--children=500",
       "--reason=The council and the surgery publish no number")  # fmt: skip
    assert "is consistent" in ok("check", ceremony)
    ok("parameters", ceremony, "--answer-delay-ms=400")
    assert "Snapshot 1" in ok("publish", ceremony, "--online")

    opened = Ceremony.open(ceremony)
    holders = {"holder-a": b"a" * 32, "holder-b": b"b" * 32}
    for member, key in holders.items():
        statement = EpochKeyStatement(FEDERATION, MemberId(member), EpochNumber(1), key, 1)
        leave_at_issuer(opened, write_epoch_key(statement, keys[member]))
    assert ok("epoch", "next", ceremony).strip() == "1"
    with pytest.raises(Defect, match="over already"):
        ok("epoch", "open", ceremony, 1, "--starts=2020-01-05", "--ends=2020-04-05")
    said = ok("epoch", "open", ceremony, 1, "--starts=2096-01-05", "--ends=2096-04-05T09:00")
    assert "2096-04-05 09:00 UTC" in said
    assert "gateway-1, node-1" in said
    ok("publish", ceremony)
    assert "snapshot 2, new" in ok("sign", "--settings", settings, app=issuer_cli.app)

    for mistyped in ("nod-1", "e08000025.oka"):
        with pytest.raises(Defect, match="nobody in the list"):
            ok("suspend", "--settings", settings, mistyped)
    assert "gone suspended" in ok("suspend", "--settings", settings, "gone", "--anyway")
    ok("reinstate", "--settings", settings, "gone")
    ok("suspend", "--settings", settings, "node-1")
    ok("suspend", "--settings", settings, "e08000025.oak", "--certificate=abc123")
    assert "1 member, 1 agency" in ok("show", ceremony)
    recorded = ok("audit", "show", "--settings", settings, app=issuer_cli.app)
    for subject in ("node-1", "e08000025.oak", "certificate:abc123"):
        assert f"deny_list.changed issuer denied=True subject={subject}" in recorded
    ok("reinstate", "--settings", settings, "node-1", "--certificate=abc123")
    with pytest.raises(Defect, match="not suspended"):
        run("reinstate", "--settings", settings, "node-1")
    assert run("suspend", "--settings", settings).exit_code == 2

    with pytest.raises(Defect, match="`fingerpost-authority addresses` states them"):
        run("bundle", ceremony, "node-1", tmp_path / "bundle")
    ok("addresses", ceremony, "--issuer=127.0.0.1:1", "--broker-nodes=127.0.0.1:2",
       "--broker-requesters=127.0.0.1:3", "--key-holder-a=127.0.0.1:4",
       "--key-holder-b=127.0.0.1:5")  # fmt: skip
    said = ok("bundle", ceremony, "node-1", tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.fingerprint in said
    assert str(bundle.addresses.key_holders[1].address) == "127.0.0.1:5"


def test_a_wrong_fingerprint_enrols_nobody(ceremony: Path, tmp_path: Path) -> None:
    path, _, _ = request_file(tmp_path, "node-1", Party.NODE)
    _, other, _ = request_file(tmp_path, "node-2", Party.NODE)
    with pytest.raises(Defect, match="fingerprint"):
        run("enrol", ceremony, path, "--fingerprint", other.fingerprint)
    assert run("enrol", ceremony, path, given="n\n").exit_code == 1
    assert MemberId("node-1") not in Ceremony.open(ceremony).draft().members
    assert run("enrol", ceremony, path, given="y\n").exit_code == 0
    assert MemberId("node-1") in Ceremony.open(ceremony).draft().members


def test_the_age_of_records_is_given_in_days_by_kind(ceremony: Path) -> None:
    founded = Ceremony.open(ceremony).draft().parameters.feed_ages
    assert founded == FOUNDING_AGES
    ok("parameters", ceremony, "--feed-days=SCHOOL=10", "--feed-days=POLICE=30")
    ok("parameters", ceremony, "--feed-days", "SCHOOL=15:term", "--feed-days=COLLEGE=20")
    ok("parameters", ceremony, "--answer-delay-ms=400")
    kept = Ceremony.open(ceremony).draft().parameters.feed_ages
    changed = {
        AgencyKind.SCHOOL: FeedAge(AgencyKind.SCHOOL, 15, term_time=True),
        AgencyKind.POLICE: FeedAge(AgencyKind.POLICE, 30),
        AgencyKind.COLLEGE: FeedAge(AgencyKind.COLLEGE, 20),
    }
    assert kept == tuple(changed.get(age.kind, age) for age in founded)


def test_school_holidays_are_noted_for_all_areas_or_for_some(ceremony: Path) -> None:
    home, other = AreaCode("e08000025"), AreaCode("e08000027")
    ok("area", "add", ceremony, home, "--name=Ash")
    ok("area", "add", ceremony, other, "--name=Beech")
    days = ("2027-07-22/2027-08-31", "2027-03-26/2027-04-09")
    easter = Holiday(date(2027, 3, 26), date(2027, 4, 9))
    summer = Holiday(date(2027, 7, 22), date(2027, 8, 31))

    def noted() -> list[tuple[Holiday, ...]]:
        areas = Ceremony.open(ceremony).draft().areas
        return [areas[area].school_holidays for area in (home, other)]

    assert "2 school holidays are noted for 2 areas" in ok("area", "holidays", ceremony, *days)
    assert noted() == [(easter, summer)] * 2
    ok("area", "holidays", ceremony, days[1], "--area", other)
    assert noted() == [(easter, summer), (easter,)]
    with pytest.raises(Defect, match="at most 70 days each"):
        ok("area", "holidays", ceremony, "2027-07-22/2028-08-31")
    with pytest.raises(Defect, match="no area"):
        ok("area", "holidays", ceremony, days[1], "--area", "e08000099")
    assert noted() == [(easter, summer), (easter,)]
    ok("area", "holidays", ceremony)
    assert noted() == [(), ()]


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_an_age_of_records_out_of_bounds_changes_nothing(ceremony: Path, days: int) -> None:
    before = Ceremony.open(ceremony).draft()
    with pytest.raises(Defect, match="out of bounds"):
        run("parameters", ceremony, f"--feed-days=SCHOOL={days}")
    assert Ceremony.open(ceremony).draft() == before


def test_terms_may_be_narrowed_and_never_widened(published: World, tmp_path: Path) -> None:
    lists = json.loads((published.folder / "repository/targets/code-lists.json").read_text())
    triage = next(t for t in lists["terms"] if t["purpose"] == "REFERRAL_TRIAGE")
    file = tmp_path / "lists.json"
    for takes in (["REFERENCE", "REASON", "INFORMED"], ["REFERENCE"]):
        triage["takes"] = takes
        file.write_text(json.dumps({**lists, "version": 3}))
        if len(takes) == 3:
            ok("code-lists", "propose", published.folder, file)
            continue
        with refused(Code.UNSUPPORTED):
            run("code-lists", "propose", published.folder, file)


def test_code_lists_need_governance(published: World) -> None:
    folder = published.folder
    said = ok("code-lists", "propose", folder, "--version=3")
    assert "2 signatures are needed" in said
    one, two, _ = published.ceremony.charter.governance.keys
    with pytest.raises(Defect, match="lack 2"):
        run("publish", folder)
    assert "1 signature is missing" in ok("code-lists", "sign", folder, "--key", one.file)
    with pytest.raises(Defect, match="lack 1"):
        run("publish", folder)
    assert "1 signature is missing" in ok("code-lists", "sign", folder, "--key", one.file)
    with pytest.raises(Defect, match="none of governance's"):
        run("code-lists", "sign", folder, "--key", published.ceremony.charter.targets.keys[0].file)
    ok("code-lists", "sign", folder, "--key", two.file)
    assert "Snapshot 2" in ok("publish", folder, "--online")
    with pytest.raises(Defect, match="no code lists"):
        run("code-lists", "sign", folder, "--key", two.file)


def test_code_lists_may_not_change_under_their_number(published: World, tmp_path: Path) -> None:
    lists = published.folder / "repository" / "targets" / "code-lists.json"
    shorter = re.sub(r',\s*"PREGNANCY"', "", lists.read_text())
    assert shorter != lists.read_text()
    (tmp_path / "shorter.json").write_text(shorter)
    ok("code-lists", "propose", published.folder, tmp_path / "shorter.json")
    governors = [a for e in published.ceremony.charter.governance.keys for a in ("--key", e.file)]
    ok("code-lists", "sign", published.folder, *governors)
    with pytest.raises(Defect, match="same version"):
        run("publish", published.folder)


def test_roots_are_renewed(published: World) -> None:
    said = ok("root", "renew", published.folder)
    assert "Root 2" in said
    assert (published.metadata / "2.root.json").exists()


def test_a_key_is_made_once(tmp_path: Path) -> None:
    said = ok("key", tmp_path / "k.pem")
    assert re.search(r'public = "[0-9a-f]{64}"', said)
    with pytest.raises(Defect):
        run("key", tmp_path / "k.pem")


@pytest.mark.parametrize(
    "arguments",
    [
        ["area", "add", "{}", "nowhere", "--name=x"],
        ["hosting", "{}", "Node", "e08000025.oak"],
        ["agency", "remove", "{}", "oak"],
        ["epoch", "open", "{}", "1", "--starts=yesterday"],
        ["parameters", "{}", "--feed-days=SCHOOL"],
        ["parameters", "{}", "--feed-days=SCHOOL=soon"],
        ["parameters", "{}", "--feed-days=CIRCUS=3"],
        ["parameters", "{}", "--feed-days==3"],
        ["parameters", "{}", "--feed-days=SCHOOL=14:weeks"],
        ["area", "holidays", "{}", "2027-07-22"],
        ["area", "holidays", "{}", "2027-07-22/August"],
        ["area", "holidays", "{}", "2027-07-22/2027-08-01/2027-08-31"],
        ["show", "{}/nowhere"],
    ],
)
def test_what_is_mistyped_is_a_usage_error(ceremony: Path, arguments: list[str]) -> None:
    assert run(*(a.format(ceremony) for a in arguments)).exit_code == 2


def test_a_refusal_is_one_line_and_an_exit_code(
    ceremony: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["fingerpost-authority", "publish", str(ceremony)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("fingerpost-authority: the draft is not consistent")
    assert error.count("\n") == 1


def test_the_audit_log_is_shown_and_verified(published: World) -> None:
    with published.issuer() as (issuer, _):
        published.suspend()
        (published.metadata / "snapshot.json").unlink()
        issuer.refresh(published.now)
    settings = published.folder / "online" / "issuer.toml"
    shown = ok("audit", "show", "--settings", settings, app=issuer_cli.app)
    assert "list.signed issuer version=2" in shown
    assert "1 entry, whole" in ok("audit", "verify", "--settings", settings, app=issuer_cli.app)
