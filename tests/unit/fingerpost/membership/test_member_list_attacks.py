"""A mirror can withhold the list, and nothing else; nor can whoever holds too few keys."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.federations import NOW
from fakes.member_list import NODE, untrusted
from fakes.repository import DAY, FakeRepository, Keys, Listed, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.protocol import federation_files as ff
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.ids import AreaCode


class TestAttacks:
    """What whoever carries the files, or holds too few keys, may try."""

    def test_an_older_list_is_not_taken_back(
        self, client: MemberListClient, repository: FakeRepository, tmp_path: Path
    ) -> None:
        client.refresh(NOW)
        old = dict(repository.files)
        repository.suspend(NODE)
        newer = client.refresh(NOW)
        repository.files = old
        untrusted(lambda: client.refresh(NOW), "BadVersionNumberError")
        again = MemberListClient(tmp_path / "list", repository.root, repository.fetch)
        untrusted(lambda: again.refresh(NOW), "BadVersionNumberError")
        assert again.load(NOW) == newer

    def test_a_frozen_list_runs_out(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        federation = client.refresh(NOW)
        client.refresh(NOW + DAY - 1)
        federation.require_current(NOW + DAY - 1)
        untrusted(lambda: client.refresh(NOW + DAY), "ExpiredMetadataError")
        untrusted(lambda: federation.require_current(NOW + DAY))

    def test_time_is_the_one_given(self, client: MemberListClient) -> None:
        untrusted(lambda: client.refresh(NOW + 366 * DAY), "ExpiredMetadataError")
        client.refresh(NOW)

    @pytest.mark.parametrize("role", ["targets", "governance", "online"])
    def test_somebody_else_signs(
        self, client: MemberListClient, repository: FakeRepository, role: str
    ) -> None:
        first = client.refresh(NOW)
        theirs = getattr(Keys(), role)
        repository.keys = replace(repository.keys, **{role: theirs})
        repository.publish(*listed(NOW).parts)
        untrusted(lambda: client.refresh(NOW), "UnsignedMetadataError")
        assert client.load(NOW) == first

    @pytest.mark.parametrize("role", ["targets", "governance"])
    def test_one_of_two_signs_alone(
        self, client: MemberListClient, repository: FakeRepository, role: str
    ) -> None:
        one = getattr(repository.keys, role)[:1]
        repository.keys = replace(repository.keys, **{role: one})
        repository.publish(*listed(NOW).parts)
        untrusted(lambda: client.refresh(NOW), "UnsignedMetadataError")

    @pytest.mark.parametrize("role", ["targets", "governance"])
    def test_one_of_two_signs_twice(
        self, client: MemberListClient, repository: FakeRepository, role: str
    ) -> None:
        one = getattr(repository.keys, role)[:1] * 2
        repository.keys = replace(repository.keys, **{role: one})
        repository.publish(*listed(NOW).parts)
        untrusted(lambda: client.refresh(NOW))

    def test_the_target_keys_lengthen_the_code_lists(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        repository.keys = replace(repository.keys, governance=repository.keys.targets)
        repository.publish(*listed(NOW).parts)
        untrusted(lambda: client.refresh(NOW), "UnsignedMetadataError")

    def test_the_deny_list_under_a_key_that_is_not_its_own(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        online = repository.keys.online
        repository.suspend(NODE)
        client.refresh(NOW)
        repository.keys = replace(repository.keys, online=Keys().online)
        repository._put_targets(
            "deny-list", {ff.DENY_LIST: ff.write_deny_list(DenyList())}, repository.keys.online, DAY
        )
        repository.keys = replace(repository.keys, online=online)
        repository.snapshot()
        untrusted(lambda: client.refresh(NOW), "UnsignedMetadataError")
        assert NODE in client.load(NOW).deny.members

    def test_the_online_key_names_a_member(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        """The issuer's key may sign one path. What else it signs, nobody looks for there."""
        stranger = replace(listed(NOW).members[4], signing_key=bytes(32))
        content = {
            ff.DENY_LIST: ff.write_deny_list(DenyList()),
            ff.member_path(NODE): ff.write_member(stranger),
        }
        repository._put_targets("deny-list", content, repository.keys.online, DAY)
        repository.files[f"targets/{ff.member_path(NODE)}"] = ff.write_member(
            listed(NOW).members[4]
        )
        repository.snapshot()
        assert client.refresh(NOW).members[NODE] == listed(NOW).members[4]

    def test_the_keys_that_a_new_root_drops(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        client.refresh(NOW)
        old = repository.keys
        new = Keys(root=old.root)
        repository.rotate_root(new)
        repository.publish(*listed(NOW).parts)
        assert client.refresh(NOW).version == 2
        repository.keys = replace(new, online=old.online)
        repository.suspend(NODE)
        untrusted(lambda: client.refresh(NOW), "UnsignedMetadataError")

    def test_a_root_that_the_old_root_did_not_sign(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        client.refresh(NOW)
        repository._trusted = Keys()
        repository.rotate_root(Keys())
        untrusted(lambda: client.refresh(NOW))

    @pytest.mark.parametrize("damage", ["dropped", "truncated", "empty", "five_megabytes", "other"])
    def test_a_file_that_is_not_what_was_signed(
        self, client: MemberListClient, repository: FakeRepository, tmp_path: Path, damage: str
    ) -> None:
        first = client.refresh(NOW)
        repository.publish(*listed(NOW + DAY).parts)
        new = dict(repository.files)
        for path in sorted(new):
            if path in {"metadata/root.json", "metadata/1.root.json"}:
                continue  # nobody asks for it: the one in hand is trusted
            repository.files = dict(new)
            if damage == "dropped":
                del repository.files[path]
            else:
                repository.files[path] = {
                    "truncated": new[path][: len(new[path]) // 2],
                    "empty": b"",
                    "five_megabytes": new[path] + b" " * 5_000_000,
                    "other": new["targets/deny-list.json"].replace(b"{", b"{ "),
                }[damage]
            fresh = MemberListClient(
                tmp_path / path.replace("/", "-"), repository.root, repository.fetch
            )
            untrusted(lambda client=fresh: client.refresh(NOW))  # type: ignore[misc]
        assert client.load(NOW) == first

    def test_a_list_that_names_what_it_lacks(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        for path in (
            ff.member_path(NODE),
            ff.area_path(AreaCode("e08000025")),
            ff.PARAMETERS,
            ff.CODE_LISTS,
            ff.INDEX,
        ):
            repository.publish(*listed(NOW).parts)
            lacking = {p: c for p, c in repository._targets.items() if p != path}
            repository.publish_files(lacking, DenyList())
            untrusted(lambda: client.refresh(NOW), "a file is missing")


class TestMixtures:
    @given(st.data())
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_old_and_new_files_never_make_a_third_list(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        old, new = two_lists()
        paths = sorted({*old, *new})
        from_new = data.draw(st.sets(st.sampled_from(paths)))
        mixed = {p: source[p] for p in paths if p in (source := new if p in from_new else old)}
        folder = tmp_path_factory.mktemp("mixed")
        client = client_of(folder, mixed)
        try:
            federation = client.refresh(NOW)
        except Refused as refused:
            assert refused.code is Code.UNTRUSTED_METADATA
        else:
            assert len(federation.members) == (7 if federation.version == 1 else 6)
            assert federation.areas[AreaCode("e08000025")].name == f"version {federation.version}"

    @given(st.data())
    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
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


_LISTS: list[dict[str, bytes]] = []


def two_lists() -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Made once: two versions that differ in an area and a member. The root is beside them."""
    if not _LISTS:
        with tempfile.TemporaryDirectory() as folder:
            repository = FakeRepository(Path(folder), NOW)
        wanted = listed(NOW)

        def version(number: int) -> Listed:
            area = replace(wanted.areas[0], name=f"version {number}")
            return replace(
                wanted,
                areas=(area, wanted.areas[1]),
                members=wanted.members if number == 1 else wanted.members[:-1],
            )

        for number in (1, 2):
            repository.publish(*version(number).parts)
            _LISTS.append(dict(repository.files))
    return _LISTS[0], _LISTS[1]


def client_of(folder: Path, files: dict[str, bytes]) -> MemberListClient:
    def fetch(path: str) -> bytes:
        try:
            return files[path]
        except KeyError:
            raise Refused(Code.NOT_ALLOWED, "path") from None

    folder.mkdir(exist_ok=True)
    (folder / "root.json").write_bytes(two_lists()[0]["metadata/1.root.json"])
    return MemberListClient(folder / "list", folder / "root.json", fetch)
