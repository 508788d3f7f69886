"""Snapshot, timestamp and deny-list: when they are signed, and what cannot hold them up or turn
them back.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from authority import charter, code_lists, roles
from authority.ceremony import Ceremony
from authority.charter import KeyEntry, Quorum
from authority.issuer import wiring
from authority.issuer.online import Refreshed
from fakes.refusals import refused
from fingerpost.membership.signing_keys import make_signing_key
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.witness import Fault
from unit.authority.conftest import DAY, HOME, NODE, SCHOOL, PlainClient, World


def test_a_suspension_is_published_at_once(published: World, client: PlainClient) -> None:
    everything = DenyList(frozenset({NODE}), frozenset({SCHOOL}), frozenset({0xABC}))
    assert published.online.change_deny_list(lambda _: everything, published.now).new_snapshot
    assert client.deny_list() == everything
    published.suspend()
    assert client.deny_list() == DenyList()


def test_a_suspension_outlives_a_publication(published: World, client: PlainClient) -> None:
    published.suspend(NODE)
    published.rename_home()
    published.publish()
    assert NODE in client.deny_list().members


def test_a_broken_list_does_not_hold_up_a_suspension(published: World, client: PlainClient) -> None:
    """Attack, or a copy that broke off: a file in the folder that does not verify."""
    client.get(files.area_path(HOME))  # has all bins that it needs
    (published.metadata / "bin-07.json").write_bytes(b"rubbish")
    done = published.suspend(NODE)
    assert done.refused is not None
    assert done.lists is None
    assert NODE in client.deny_list().members


def test_a_broken_list_does_not_stop_the_timestamp(published: World) -> None:
    (published.metadata / "targets.json").unlink()
    before = (published.metadata / "timestamp.json").read_bytes()
    done = published.refresh(published.now + 600)
    assert done.refused is not None
    assert done.new_timestamp
    assert not done.new_snapshot
    assert (published.metadata / "timestamp.json").read_bytes() != before


def test_the_timestamp_is_renewed_every_ten_minutes(published: World) -> None:
    for after, renewed in ((0, False), (599, False), (600, True), (601, False)):
        assert published.refresh(published.now + after).new_timestamp is renewed


def test_a_clock_that_went_back_still_signs(published: World) -> None:
    """The timestamp from the future is replaced, so that its age is never misjudged for long."""
    assert published.refresh(published.now - 3600).new_timestamp


def test_snapshot_and_deny_list_are_renewed_at_half_life(published: World) -> None:
    done = published.refresh(published.now + 8 * DAY)
    assert done.new_snapshot
    assert done.snapshot_version == 2
    assert not published.refresh(published.now + 8 * DAY).new_snapshot


def test_a_role_that_went_back_is_not_signed(published: World) -> None:
    """Attack: an earlier, properly signed bin is put back, in which a member is not removed yet."""
    name = roles.bin_of(files.area_path(HOME), published.ceremony.charter.bins)
    path = published.metadata / f"{name}.json"
    old = path.read_bytes()
    published.rename_home()
    published.publish()
    path.write_bytes(old)
    done = published.refresh()
    assert done.refused is not None
    assert "gone back" in done.refused.what
    assert not done.new_snapshot


def test_a_crash_after_the_record_mends_itself(published: World, client: PlainClient) -> None:
    published.record().write(files.write_deny_list(DenyList(frozenset({NODE}))))
    assert published.refresh().new_snapshot
    assert NODE in client.deny_list().members


def test_a_crash_after_the_target_mends_itself(published: World, client: PlainClient) -> None:
    target = published.folder / "repository" / "targets" / files.DENY_LIST
    data = files.write_deny_list(DenyList(frozenset({NODE})))
    published.record().write(data)
    target.write_bytes(data)
    published.refresh()
    assert client.get(files.DENY_LIST) == data


def test_a_deny_list_changed_in_the_repository_is_put_right(
    published: World, client: PlainClient
) -> None:
    """Attack: whoever can write to the repository, but not to the issuer's state, lets a member
    back in.
    """
    published.suspend(NODE)
    target = published.folder / "repository" / "targets" / files.DENY_LIST
    target.write_bytes(files.write_deny_list(DenyList()))
    published.refresh()
    assert NODE in client.deny_list().members


def test_without_its_record_the_issuer_signs_nothing(published: World) -> None:
    (published.folder / "online" / "deny-list.json").unlink()
    with pytest.raises(Defect):
        published.refresh()


def test_a_lost_snapshot_goes_on_from_the_version_members_saw(published: World) -> None:
    published.suspend(NODE)
    published.suspend(MemberId("other"))
    published.suspend()
    assert published.refresh().snapshot_version == 4
    (published.metadata / "snapshot.json").unlink()
    assert published.refresh().snapshot_version == 5


def test_a_forged_snapshot_on_disk_is_not_built_upon(published: World) -> None:
    path = published.metadata / "snapshot.json"
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":9'))
    with refused(Code.UNTRUSTED_METADATA):
        published.refresh()


def test_nothing_published_is_refused(world: World) -> None:
    with refused(Code.UNTRUSTED_METADATA):
        world.refresh()
    assert not (world.metadata / "timestamp.json").exists()


# ---- an earlier state that is put back -----------------------------------------------------------


def restored(world: World, *paths: str, witness: bool = True) -> World:
    """What of the repository is as it was before its newest signatures, which members have seen.

    Args:
        witness: whether it is still there; a backup does not have it.
    """
    copy = world.folder / "copy"
    shutil.copytree(world.folder / "repository", copy / "repository")
    for name in ("one", "other", "third"):
        world.suspend(MemberId(name))
    for path in paths:
        gone = world.folder / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        old = copy / path
        shutil.copytree(old, gone) if old.is_dir() else shutil.copy(old, gone)
    if not witness:
        shutil.rmtree(world.issuer_settings.witness)
        world.online.adopt_deny_list()
    return world


PUT_BACK = {
    "repository": {"snapshot", "timestamp", "deny-list"},
    "repository/metadata/snapshot.json": {"snapshot"},
    "repository/metadata/timestamp.json": {"timestamp"},
    "repository/metadata/deny-list.json": {"deny-list"},
}


@pytest.mark.parametrize("witness", [True, False])
@pytest.mark.parametrize("path", PUT_BACK)
def test_a_suspension_after_a_restore_reaches_those_who_saw_more(
    published: World, tmp_path: Path, path: str, witness: bool
) -> None:
    """No version is signed twice: whoever has the first of two would never fetch the second."""
    clients = [published.client(tmp_path / f"client-{number}") for number in range(4)]
    suspend = published.suspend
    seen = iter(clients)

    def seen_by_one_each(*members: MemberId) -> Refreshed:
        done = suspend(*members)
        next(seen).deny_list()
        return done

    published.suspend = seen_by_one_each  # type: ignore[method-assign]
    restored(published, path, witness=witness)
    later = published.now + 60
    done = published.online.change_deny_list(lambda _: DenyList(frozenset({NODE})), later)
    assert done.put_back.keys() >= PUT_BACK[path]
    for client in clients:
        assert client.deny_list().members == {NODE}
    assert published.online.refresh(later).put_back == {}


def test_without_its_witness_the_list_goes_on_above_what_may_have_been_signed(
    published: World,
) -> None:
    """One a second at most."""
    published.suspend(NODE)
    shutil.rmtree(published.issuer_settings.witness)
    published.online.adopt_deny_list()
    done = published.refresh(published.now + 100)
    assert done.snapshot_version == 103
    assert set(done.put_back.values()) == {Fault.UNWITNESSED}


def test_a_crash_before_the_mark_is_no_fault(published: World) -> None:
    """The file is written first."""
    folder = published.issuer_settings.witness
    marks = {path: path.read_bytes() for path in folder.glob("signed.*.mark")}
    published.suspend(NODE)
    for path, content in marks.items():
        path.write_bytes(content)
    done = published.refresh()
    assert (done.put_back, done.new_snapshot) == ({}, False)


def made(path: Path) -> KeyEntry:
    return KeyEntry(charter.public_of(make_signing_key(path)).hex(), path)


def quorum_made(world: World, role: str, keys: int) -> Quorum:
    """Make new keys in place of those of ``role``, all of which must sign."""
    paths = (world.folder / "offline" / f"{role}-{n}-new.pem" for n in range(keys))
    return Quorum(keys, tuple(made(path) for path in paths))


def renew_root(world: World, **changed: KeyEntry | Quorum | int) -> Ceremony:
    """Make a new root for the charter with these keys ``changed``, and open the ceremony again."""
    following = msgspec.structs.replace(world.ceremony.charter, **changed)
    assert world.ceremony.renew_root(following, world.now) == 2
    return Ceremony.open(world.folder)


def test_online_keys_are_changed_by_a_new_root(published: World, client: PlainClient) -> None:
    """The issuer's keys were stolen. The offline root names new ones, and versions go on."""
    client.get(files.PARAMETERS)
    fresh: dict[str, KeyEntry] = {}
    for name in ("snapshot", "timestamp", "deny_list"):
        path = published.folder / "online" / f"{name.replace('_', '-')}.pem"
        path.rename(path.with_suffix(".stolen"))
        fresh[name] = made(path)
    renew_root(published, **fresh).publish(published.now)
    done = published.refresh()
    assert done.refused is None
    assert done.snapshot_version == 2
    assert client.get(files.PARAMETERS) is not None


def test_offline_keys_are_changed_by_a_new_root(published: World, client: PlainClient) -> None:
    client.get(files.PARAMETERS)
    root = quorum_made(published, "root", 3)
    ceremony = renew_root(published, root=root)
    assert ceremony.charter.root == root
    updater = client.updater()
    updater.refresh()
    assert updater._trusted_set.root.version == 2
    # The next one needs the new keys, all three of them.
    root.keys[0].file.unlink()
    with pytest.raises(Defect):
        ceremony.renew_root(ceremony.charter, published.now)


def test_keys_of_the_list_are_changed_by_governance(published: World, client: PlainClient) -> None:
    client.get(files.PARAMETERS)
    ceremony = renew_root(published, targets=quorum_made(published, "targets", 2))
    assert len(ceremony.publish(published.now).roles) == 17
    assert published.refresh().refused is None
    assert client.get(files.member_path(NODE)) is not None


def test_new_governors_sign_the_code_lists_anew(published: World, client: PlainClient) -> None:
    client.get(files.CODE_LISTS)
    ceremony = renew_root(published, governance=quorum_made(published, "governance", 2))
    with pytest.raises(Defect, match="lack 2"):
        ceremony.publish(published.now)
    ceremony.propose(code_lists.everything(), published.now)
    assert ceremony.sign_proposal([e.file for e in ceremony.charter.governance.keys]) == 0
    ceremony.publish(published.now)
    assert published.refresh().refused is None
    assert client.get(files.CODE_LISTS) is not None


def test_more_bins_are_taken_up_and_fewer_refused(published: World, client: PlainClient) -> None:
    client.get(files.PARAMETERS)
    more = msgspec.structs.replace(published.ceremony.charter, bins=32)
    Ceremony(published.folder, more).publish(published.now)
    assert published.refresh().refused is None
    assert client.get(files.member_path(NODE)) is not None
    with pytest.raises(Defect, match="never fewer"):
        published.ceremony.publish(published.now)


def test_two_processes_take_turns(published: World) -> None:
    """The command line suspends beside the running issuer; each goes on from the other's work."""
    one = wiring.open_online(published.issuer_settings)
    two = wiring.open_online(published.issuer_settings)
    one.change_deny_list(lambda _: DenyList(frozenset({NODE})), published.now)
    school = frozenset({SCHOOL})
    done = two.change_deny_list(lambda deny: replace(deny, agencies=school), published.now)
    assert done.snapshot_version == 3
    assert one.deny_list() == two.deny_list()
    assert NODE in one.deny_list().members


def test_a_repository_that_is_gone_is_a_defect(published: World) -> None:
    online = published.online
    shutil.rmtree(published.folder / "repository")
    with pytest.raises(Defect):
        online.refresh(published.now)
