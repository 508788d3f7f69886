"""A mirror, and whoever holds too few keys, can withhold the list and do nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.federations import NOW, without
from fakes.member_list import NODE, untrusted
from fakes.repository import DAY, GATEWAY, NORTH, FakeRepository, Keys, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.trusted_files import ListRule
from fingerpost.protocol import federation_files as ff
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Federation
from fingerpost.protocol.ids import AreaCode
from fingerpost.runtime.witness import WitnessFolder
from unit.fingerpost.membership.conftest import World

UNSIGNED = "UnsignedMetadataError"
WRONG_SIGNERS: dict[str, tuple[Callable[[Keys], Keys], str]] = {
    "targets by others": (lambda keys: replace(keys, targets=Keys().targets), UNSIGNED),
    "governance by others": (lambda keys: replace(keys, governance=Keys().governance), UNSIGNED),
    "online by others": (lambda keys: replace(keys, online=Keys().online), UNSIGNED),
    "targets by one": (lambda keys: replace(keys, targets=keys.targets[:1]), UNSIGNED),
    "governance by one": (lambda keys: replace(keys, governance=keys.governance[:1]), UNSIGNED),
    "targets by one twice": (lambda keys: replace(keys, targets=keys.targets[:1] * 2), ""),
    "governance by one twice": (lambda keys: replace(keys, governance=keys.governance[:1] * 2), ""),
    "governance by targets": (lambda keys: replace(keys, governance=keys.targets), UNSIGNED),
}


class TestAttacks:
    """What whoever carries the files, or holds too few keys, may try."""

    def test_an_older_list_is_not_taken_back(self, world: World) -> None:
        world.refresh()
        old = dict(world.repository.files)
        world.repository.suspend(NODE)
        newer = world.refresh()
        world.repository.files = old
        untrusted(world.refresh, ListRule.BACK.value)
        again = world.reader()
        untrusted(lambda: again.refresh(NOW), ListRule.BACK.value)
        assert again.load(NOW) == newer

    def test_an_older_list_is_not_taken_from_a_folder_that_was_put_back(self, world: World) -> None:
        """Attack: the folder of before a suspension is put back, and the broker serves the list of
        that time. What TUF remembers went back with it; the witness did not."""
        witness = WitnessFolder(world.folder / "witness").of("list")

        def reader() -> MemberListClient:
            fetch, root = world.repository.fetch, world.repository.root
            return MemberListClient(world.folder / "list", root, fetch, NODE, witness)

        reader().refresh(NOW)
        old = dict(world.repository.files)
        shutil.copytree(world.folder / "list", world.folder / "copy")
        world.repository.suspend(NODE)
        newer = reader().refresh(NOW)
        shutil.rmtree(world.folder / "list")
        (world.folder / "copy").rename(world.folder / "list")
        files, world.repository.files = world.repository.files, old
        untrusted(lambda: reader().refresh(NOW), ListRule.BACK.value)
        untrusted(lambda: reader().load(NOW), ListRule.BACK.value)
        world.repository.files = files
        assert reader().refresh(NOW) == newer

    def test_a_frozen_list_runs_out(self, world: World) -> None:
        federation = world.refresh()
        world.refresh(NOW + DAY - 1)
        federation.require_current(NOW + DAY - 1)
        untrusted(lambda: world.refresh(NOW + DAY), "ExpiredMetadataError")
        untrusted(lambda: federation.require_current(NOW + DAY))

    def test_time_is_the_one_given(self, world: World) -> None:
        untrusted(lambda: world.refresh(NOW + 366 * DAY), "ExpiredMetadataError")
        world.refresh()

    @pytest.mark.parametrize("case", WRONG_SIGNERS)
    def test_who_may_not_sign_is_not_believed(self, world: World, case: str) -> None:
        first = world.refresh()
        changed, why = WRONG_SIGNERS[case]
        world.repository.keys = changed(world.repository.keys)
        world.publish()
        untrusted(world.refresh, why)
        assert world.client.load(NOW) == first

    def test_the_deny_list_under_a_key_that_is_not_its_own(self, world: World) -> None:
        world.repository.suspend(NODE)
        world.refresh()
        none_denied = {ff.DENY_LIST: ff.write_deny_list(DenyList())}
        world.repository._put_targets("deny-list", none_denied, Keys().online, DAY)
        world.repository.snapshot()
        untrusted(world.refresh, UNSIGNED)
        assert NODE in world.client.load(NOW).deny.members

    def test_the_online_key_names_a_member(self, world: World) -> None:
        """The issuer's key may sign one path. A client looks for no other path there."""
        node, path = listed(NOW).members[NODE], ff.member_path(NODE)
        stranger = ff.write_member(replace(node, signing_key=bytes(32)))
        content = {ff.DENY_LIST: ff.write_deny_list(DenyList()), path: stranger}
        world.repository._put_targets("deny-list", content, world.repository.keys.online, DAY)
        world.repository.files[f"targets/{path}"] = ff.write_member(node)
        world.repository.snapshot()
        assert world.refresh().members[NODE] == node

    def test_the_keys_that_a_new_root_drops(self, world: World) -> None:
        world.refresh()
        old = world.repository.keys
        new = Keys(root=old.root)
        world.repository.rotate_root(new)
        world.publish()
        assert world.refresh().version == 2
        world.repository.keys = replace(new, online=old.online)
        world.repository.suspend(NODE)
        untrusted(world.refresh, UNSIGNED)

    def test_a_root_that_the_old_root_did_not_sign(self, world: World) -> None:
        world.refresh()
        world.repository._trusted = Keys()
        world.repository.rotate_root(Keys())
        untrusted(world.refresh)

    @pytest.mark.parametrize("damage", ["dropped", "truncated", "empty", "five_megabytes", "other"])
    def test_a_file_that_is_not_what_was_signed(self, world: World, damage: str) -> None:
        first = world.refresh()
        world.repository.publish(listed(NOW + DAY))
        new = dict(world.repository.files)
        for path in sorted(new):
            if path in {"metadata/root.json", "metadata/1.root.json"}:
                continue  # nobody asks for it: the one in hand is trusted
            world.repository.files = dict(new)
            if damage == "dropped":
                del world.repository.files[path]
            else:
                world.repository.files[path] = {
                    "truncated": new[path][: len(new[path]) // 2],
                    "empty": b"",
                    "five_megabytes": new[path] + b" " * 5_000_000,
                    "other": new["targets/deny-list.json"].replace(b"{", b"{ "),
                }[damage]
            fresh = world.reader(path.replace("/", "-"))
            untrusted(partial(fresh.refresh, NOW))
        assert world.client.load(NOW) == first

    def test_a_list_that_names_what_it_lacks(self, world: World) -> None:
        area = ff.area_path(AreaCode("e08000025"))
        for path in (ff.member_path(NODE), area, ff.PARAMETERS, ff.CODE_LISTS, ff.INDEX):
            world.publish()
            lacking = {p: c for p, c in world.repository._targets.items() if p != path}
            world.repository.publish_files(lacking, DenyList())
            untrusted(world.refresh, "a file is missing")


class TestMixtures:
    @given(st.data())
    @settings(max_examples=60)
    def test_old_and_new_files_never_make_a_third_list(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        old, new = two_lists()
        paths = sorted({*old, *new})
        from_new = data.draw(st.sets(st.sampled_from(paths)))
        mixed = {p: source[p] for p in paths if p in (source := new if p in from_new else old)}
        folder = tmp_path_factory.mktemp("mixed")
        try:
            federation = client_of(folder, mixed).refresh(NOW)
        except Refused as refused:
            assert refused.code is Code.UNTRUSTED_METADATA
        else:
            assert len(federation.members) == (7 if federation.version == 1 else 6)
            assert federation.areas[AreaCode("e08000025")].name == f"version {federation.version}"

    @given(st.data())
    @settings(max_examples=150)
    def test_a_changed_byte_changes_nothing_that_is_believed(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        _, new = two_lists()
        folder = tmp_path_factory.mktemp("changed")
        path = data.draw(st.sampled_from(sorted(p for p in new if "root" not in p)))
        at = data.draw(st.integers(0, len(new[path]) - 1))
        byte = data.draw(st.integers(0, 255))
        changed = new[path][:at] + bytes([byte]) + new[path][at + 1 :]
        try:
            federation = client_of(folder, {**new, path: changed}).refresh(NOW)
        except Refused as refused:
            assert refused.code is Code.UNTRUSTED_METADATA
        else:  # white space, or the signature of the third key
            assert federation == client_of(folder / "plain", new).refresh(NOW)


@cache
def two_lists() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return two versions that differ in an area and a member, with the root beside them."""
    with tempfile.TemporaryDirectory() as folder:
        repository = FakeRepository(Path(folder), NOW)
    wanted = listed(NOW)

    def version(number: int, federation: Federation) -> dict[str, bytes]:
        area = replace(wanted.areas[NORTH], name=f"version {number}")
        repository.publish(replace(federation, areas={**wanted.areas, NORTH: area}))
        return dict(repository.files)

    return version(1, wanted), version(2, without(wanted, GATEWAY))


def client_of(folder: Path, files: dict[str, bytes]) -> MemberListClient:
    def fetch(path: str) -> bytes:
        try:
            return files[path]
        except KeyError:
            raise Refused(Code.NOT_ALLOWED, "path") from None

    folder.mkdir(exist_ok=True)
    (folder / "root.json").write_bytes(two_lists()[0]["metadata/1.root.json"])
    return MemberListClient(folder / "list", folder / "root.json", fetch)
