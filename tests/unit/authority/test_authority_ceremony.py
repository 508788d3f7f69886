"""The way from no keys at all to a list that a plain TUF client believes."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from authority import changes, founding
from authority.ceremony import Ceremony
from authority.charter import CHARTER, read_charter, write_charter
from authority.checks import Inconsistent
from authority.founding import Count
from fingerpost.membership.bundle import read_bundle
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from unit.authority.conftest import (
    DAY,
    GATEWAY,
    HOME,
    ISSUER,
    NODE,
    SCHOOL,
    PlainClient,
    World,
    plan,
)


def test_a_plain_client_reads_the_whole_list(published: World, client: PlainClient) -> None:
    draft = published.ceremony.draft()
    for member in draft.members.values():
        assert files.read_member(client.read(files.member_path(member.id))) == member
    for area in draft.areas.values():
        assert files.read_area(client.read(files.area_path(area.code))) == area
    assert set(files.read_index(client.read(files.INDEX)).members) == set(draft.members)
    code_lists = files.read_code_lists(client.read(files.CODE_LISTS))
    parameters = files.read_parameters(client.read(files.PARAMETERS))
    assert code_lists.version == parameters.code_list_version
    assert client.get("members/nobody.json") is None


def test_enrolment_gives_the_agency_its_gateway_and_passport_key(world: World) -> None:
    agency = changes.find_agency(world.ceremony.draft(), SCHOOL)
    assert agency.gateways == (GATEWAY,)
    assert (agency.passport_key, agency.handle_root) == (bytes(range(32)), b"h" * 32)
    assert changes.find_member(world.ceremony.draft(), NODE).declared_caseload == 900


def test_private_keys_are_for_their_owner_alone(founded: World) -> None:
    secret = [*founded.folder.rglob("*.pem"), *founded.folder.rglob("*.key")]
    private = [p for p in secret if "certificate" not in p.name]
    assert (
        len(private) == 3 + 3 + 3 + 3 + 4
    )  # root, targets, governance; online; CA, issuer, audit, witness
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE(founded.folder.stat().st_mode) == 0o700


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_issuers_folder_holds_no_offline_key(founded: World) -> None:
    offline = {path.read_bytes() for path in (founded.folder / "offline").rglob("*.pem")}
    online = contents(founded.folder / "online").values()
    assert len(offline) == 9
    assert not offline & set(online)


def test_a_founding_writes_over_nothing(founded: World) -> None:
    before = contents(founded.folder)
    with pytest.raises(Defect):
        founding.found(founded.folder, plan(), founded.now)
    assert contents(founded.folder) == before


@pytest.mark.parametrize("count", [Count(2, 3), Count(1, 0), Count(33, 1)])
def test_a_quorum_that_can_never_sign_is_refused(tmp_path: Path, count: Count) -> None:
    with pytest.raises(Defect):
        founding.found(tmp_path / "c", plan(root=count), 1_800_000_000.0)


def test_the_charter_survives_being_written(founded: World, tmp_path: Path) -> None:
    charter = read_charter(founded.folder / CHARTER)
    assert charter == founded.ceremony.charter
    write_charter(tmp_path / "copy.toml", charter)
    assert read_charter(tmp_path / "copy.toml") == charter
    with pytest.raises(Defect):
        write_charter(tmp_path / "copy.toml", charter)


def test_a_key_in_two_roles_is_refused(founded: World, tmp_path: Path) -> None:
    text = (founded.folder / CHARTER).read_text()
    charter = founded.ceremony.charter
    twice = text.replace(charter.snapshot.public, charter.targets.keys[0].public)
    (tmp_path / "c.toml").write_text(twice)
    with pytest.raises(Defect, match=r"c\.toml: online keys: .*twice"):
        read_charter(tmp_path / "c.toml")


def test_an_inconsistent_draft_is_not_published(founded: World) -> None:
    with pytest.raises(Inconsistent) as refused:
        founded.ceremony.publish(founded.now)
    where = {finding.where for finding in refused.value.findings}
    assert where == {"broker", "holder-a", "holder-b"}
    assert not list(founded.metadata.glob("bin-*.json"))


def test_too_few_keys_sign_nothing(world: World) -> None:
    for entry in world.ceremony.charter.targets.keys[:2]:
        entry.file.unlink()
    with pytest.raises(Defect, match="2 keys must sign and 1 of their files are here"):
        world.ceremony.publish(world.now)
    assert not list((world.folder / "repository" / "targets").rglob("*.json"))


def test_any_two_of_the_three_keys_may_sign(world: World, tmp_path: Path) -> None:
    world.ceremony.charter.targets.keys[0].file.unlink()
    world.publish()
    reader = world.client(tmp_path / "cache")
    assert reader.get(files.PARAMETERS) is not None


def test_a_key_file_with_another_key_is_refused(world: World) -> None:
    first, second, _ = world.ceremony.charter.targets.keys
    first.file.unlink()
    second.file.rename(first.file)
    with pytest.raises(Defect, match="not the key"):
        world.ceremony.publish(world.now)


def test_publishing_twice_signs_nothing_new(published: World) -> None:
    done = published.ceremony.publish(published.now)
    assert (done.roles, done.written, done.removed) == ((), 0, 0)
    assert not published.refresh().new_snapshot


def test_a_change_signs_only_its_bin(published: World, client: PlainClient) -> None:
    published.rename_home("Birmingham City")
    done = published.ceremony.publish(published.now)
    assert done.written == 1
    assert len(done.roles) == 1
    assert done.roles[0].startswith("bin-")
    assert published.refresh().snapshot_version == 2
    assert files.read_area(client.read(files.area_path(HOME))).name == "Birmingham City"


def test_what_leaves_the_draft_leaves_the_repository(published: World, client: PlainClient) -> None:
    extra = MemberId("gateway-2")
    published.enrol(extra, Party.GATEWAY)
    published.publish()
    assert client.get(files.member_path(extra)) is not None
    published.ceremony.change(lambda d: changes.remove_member(d, extra))
    published.publish()
    assert client.get(files.member_path(extra)) is None
    assert not (published.folder / "repository" / "targets" / files.member_path(extra)).exists()


def test_signatures_are_renewed_at_half_life(published: World) -> None:
    done = published.ceremony.publish(published.now + 46 * DAY)
    assert len(done.roles) == 16  # every bin, and nothing of governance's
    assert "targets" not in done.roles


def test_a_bundle_carries_root_authority_and_addresses(published: World, tmp_path: Path) -> None:
    made = published.ceremony.bundle(NODE, tmp_path / "bundle")
    read = read_bundle(tmp_path / "bundle")
    assert read == made
    assert read.fingerprint == made.fingerprint
    assert read.root == published.ceremony.trusted_root()
    assert read.party is Party.NODE
    assert read.addresses.issuer.member == ISSUER
    with pytest.raises(Defect):
        published.ceremony.bundle(NODE, tmp_path / "bundle")
    with pytest.raises(Defect):
        published.ceremony.bundle(MemberId("nobody"), tmp_path / "other")


def test_the_draft_survives_being_written(world: World) -> None:
    draft = world.ceremony.draft()
    world.ceremony.save(draft)
    assert world.ceremony.draft() == draft


def test_a_draft_file_under_another_name_is_refused(world: World) -> None:
    folder = world.folder / "draft" / "members"
    (folder / "node-2.json").write_bytes((folder / "node-1.json").read_bytes())
    with pytest.raises(Defect, match="node-1"):
        world.ceremony.draft()


def test_a_draft_beyond_the_bounds_is_not_written(world: World) -> None:
    draft = world.ceremony.draft()
    area = replace(draft.areas[HOME], name="x" * 121)
    with pytest.raises(Defect, match=str(HOME)):
        world.ceremony.save(replace(draft, areas={**draft.areas, HOME: area}))


def test_opening_what_is_no_ceremony_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Defect):
        Ceremony.open(tmp_path)


def test_what_governance_signed_is_renewed_when_its_keys_are_here(published: World) -> None:
    assert "targets" in published.ceremony.publish(published.now + 400 * DAY).roles


def test_without_its_keys_an_ageing_signature_of_governance_is_a_warning(published: World) -> None:
    for entry in published.ceremony.charter.governance.keys:
        entry.file.unlink()
    done = published.ceremony.publish(published.now + 400 * DAY)
    assert "targets" not in done.roles
    assert not {"root", "targets", "code-lists"} & {finding.where for finding in done.warnings}
    done = published.ceremony.publish(published.now + 700 * DAY)
    assert {"root", "targets", "code-lists"} <= {finding.where for finding in done.warnings}


def test_a_bin_whose_signature_broke_is_signed_anew(published: World, client: PlainClient) -> None:
    path = published.metadata / "bin-04.json"
    path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"00', 1))
    assert published.ceremony.publish(published.now).roles == ("bin-04",)
    assert published.refresh().refused is None
    assert client.get(files.PARAMETERS) is not None
