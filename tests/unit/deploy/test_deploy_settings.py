"""The sample settings: each is what its program would take, names every setting there is, and says
what it is worth.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agency_node import wiring as node_wiring
from agency_node.settings import NodeSettings
from authority import changes, checks, imports
from authority.draft import Draft
from authority.issuer.settings import IssuerSettings
from broker import wiring as broker_wiring
from broker.settings import BrokerSettings
from fakes.simulated_holders import QuietLog
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Member, Parameters, Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import create_file
from fingerpost.runtime.keys_apart import require_apart
from fingerpost.runtime.settings import load
from key_holder import wiring as key_holder_wiring
from key_holder.settings import KeyHolderSettings
from practitioner import wiring as gateway_wiring
from practitioner.settings import GatewaySettings

SETTINGS = Path(__file__).resolve().parents[3] / "deploy" / "settings"
TYPES: dict[str, type[msgspec.Struct]] = {
    "broker": BrokerSettings,
    "gateway": GatewaySettings,
    "issuer": IssuerSettings,
    "key-holder": KeyHolderSettings,
    "node": NodeSettings,
}
OPENED: dict[str, Any] = {
    "broker": broker_wiring.open,
    "gateway": gateway_wiring.open,
    "key-holder": key_holder_wiring.open,
    "node": node_wiring.open,
}
HANDED = Path("/run/credentials/unit.service")
samples = pytest.mark.parametrize("party", sorted(TYPES))


@pytest.fixture(autouse=True)
def handed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(HANDED))


def sample(party: str) -> Path:
    return SETTINGS / f"{party}.toml"


def whole(party: str) -> str:
    """The sample with what stands in it behind a # for those who need it."""
    return re.sub(r"(?m)^# (?=\[+[a-z.]+\]+$|[a-z_]+ = )", "", sample(party).read_text("utf-8"))


@pytest.fixture
def whole_file(party: str, tmp_path: Path) -> Path:
    written = tmp_path / "whole.toml"
    written.write_text(whole(party), "utf-8")
    return written


@samples
def test_a_sample_is_what_the_program_takes(party: str, whole_file: Path) -> None:
    load(sample(party), TYPES[party])
    load(whole_file, TYPES[party])


@samples
def test_a_sample_names_every_setting(party: str) -> None:
    """One that is left out because it has a default would be one that nobody knows of."""

    def require_named(type_: Any, given: Any, at: str) -> None:
        for field in msgspec.structs.fields(type_):
            assert field.encode_name in given, f"{at}{field.encode_name}"
            value = given[field.encode_name]
            inner = field.type
            for each in (inner, *getattr(inner, "__args__", ())):
                if isinstance(each, type) and issubclass(each, msgspec.Struct):
                    for item in value if isinstance(value, list) else [value]:
                        require_named(each, item, f"{at}{field.encode_name}.")

    require_named(TYPES[party], tomllib.loads(whole(party)), "")


@samples
def test_settings_of_a_sample_stand_under_a_comment(party: str) -> None:
    """Whatever stands together without a blank line opens with one; a second block of a kind needs
    no second word.
    """
    tables: set[str] = set()
    for block in sample(party).read_text("utf-8").split("\n\n"):
        lines = block.strip().splitlines()
        headers = {line for line in lines if line.startswith("[")}
        if headers & tables:
            continue
        tables |= headers
        rest = [line for line in lines if line not in headers and not _says_who_it_is(line)]
        assert not rest or rest[0].startswith("#"), rest[0]


def _says_who_it_is(line: str) -> bool:
    return line.partition("=")[0].strip() in {"federation", "member", "id"}


@samples
@pytest.mark.parametrize("line", ["surprise = 1", "[surprise]"])
def test_a_setting_too_many_would_be_noticed(party: str, line: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed.toml"
    changed.write_text(f"{line}\n" + sample(party).read_text("utf-8"), "utf-8")
    with pytest.raises(Defect):
        load(changed, TYPES[party])


@pytest.mark.parametrize("party", ["gateway", "node"])
def test_an_agency_that_stands_twice_is_told_with_the_file(party: str, tmp_path: Path) -> None:
    text = sample(party).read_text("utf-8")
    changed = tmp_path / "changed.toml"
    changed.write_text(text + text[text.index("[[agencies]]") :], "utf-8")
    with pytest.raises(Defect, match=rf"^{re.escape(str(changed))}: agencies: .*twice"):
        load(changed, TYPES[party])


@samples
def test_a_sample_shares_no_secret_between_two_purposes(party: str) -> None:
    def secrets_of(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [found for item in value.values() for found in secrets_of(item)]
        if isinstance(value, list):
            return [found for item in value for found in secrets_of(item)]
        is_secret = isinstance(value, str) and value.endswith((".secret", ".key"))
        return [value] if is_secret else []

    found = secrets_of(tomllib.loads(whole(party)))
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("party", sorted(OPENED))
def test_a_sample_keeps_keys_apart_from_data_and_is_no_trial(party: str, whole_file: Path) -> None:
    settings: Any = load(whole_file, TYPES[party])
    assert not settings.places.trial
    assert {key.parent for key in settings.keys.values()} == {HANDED}
    text = whole(party)
    assert text.count(".secret") - text.count("> oak-primary.secret") == len(settings.keys)
    data = [Path(line.split('"')[1]) for line in text.splitlines() if '= "/var/lib/' in line]
    require_apart(settings.keys, data, trial=False)


@pytest.mark.parametrize("party", sorted(OPENED))
async def test_no_party_starts_with_a_key_beside_its_data(
    party: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "keys"))
    changed = tmp_path / f"{party}.toml"
    changed.write_text(sample(party).read_text("utf-8").replace('"/', f'"{tmp_path}/'), "utf-8")
    settings: Any = load(changed, TYPES[party])
    (tmp_path / "keys").mkdir(mode=0o700)
    for key in settings.keys.values():
        create_file(key, bytes(32))
    for name in ("state", "vault"):
        (tmp_path / "var" / "lib" / f"fingerpost-{party}" / name).mkdir(mode=0o700, parents=True)
    with pytest.raises(Defect, match=r"^a\w+_key: .* lies beside the data that it opens"):
        async with OPENED[party](settings, Env.of_system(QuietLog())):
            pass


# ---- the authority's files ----------------------------------------------------------------------


def draft() -> Draft:
    nodes = ("council-node", "schools-host", "trust-node", "gp-host")
    members = {
        MemberId(name): Member(MemberId(name), Party.NODE, name, bytes([n]) * 32, 1000)
        for n, name in enumerate(nodes, 1)
    }
    parameters = Parameters(
        federation=FederationId("england-pilot"),
        code_list_version=1,
        normalisation_version=1,
        broker=MemberId("broker"),
        issuer=MemberId("issuer"),
        key_holders=(MemberId("holder-a"), MemberId("holder-b")),
        epochs=(),
    )
    return Draft(parameters, members, {}, {})


def test_the_sample_of_areas_and_the_register_go_into_a_draft() -> None:
    changed = imports.merge_areas(draft(), imports.read_areas(SETTINGS / "areas.toml"))
    changed = changes.cover(changed, imports.read_register(SETTINGS / "register.csv"))
    findings = checks.check(changed, 1_800_000_000)
    parties = {"broker", "issuer", "holder-a", "holder-b"}
    assert {f.where for f in findings if f.weight is checks.Weight.ERROR} == parties
    assert not [f for f in findings if f.where.startswith("e99")]
    agencies = [agency for area in changed.areas.values() for agency in area.agencies]
    assert any(agency.large for agency in agencies)
    assert any(area.serving and area.neighbours for area in changed.areas.values())
