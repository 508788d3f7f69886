"""A member gets whole lists, newest first, and keeps the last one over a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fakes.federations import NOW
from fakes.member_list import NODE, untrusted
from fakes.repository import DAY, FakeRepository, Keys, listed
from fingerpost.membership.member_list import MemberList, MemberListClient
from fingerpost.protocol import federation_files as ff
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, MemberId

TEN_MINUTES = 600


class TestRefresh:
    def test_gives_all_that_was_signed(self, client: MemberListClient) -> None:
        federation = client.refresh(NOW)
        wanted = listed(NOW)
        assert federation.parameters == wanted.parameters
        assert federation.code_lists == wanted.code_lists
        assert tuple(federation.members.values()) == tuple(
            sorted(wanted.members, key=lambda m: m.id)
        )
        assert tuple(federation.areas.values()) == wanted.areas
        assert federation.deny == DenyList()
        assert federation.version == 1

    def test_lasts_as_long_as_the_metadata_that_ends_first(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        assert client.refresh(NOW).valid_until == NOW + DAY
        # 89.5 days on, targets and bins (90 days) end before the timestamp does; the snapshot was
        # renewed.
        later = NOW + 89.5 * DAY
        repository.now = later
        repository.deny(DenyList())
        assert client.refresh(later).valid_until == NOW + 90 * DAY

    def test_asks_for_a_new_root_and_timestamp_alone_while_nothing_has_changed(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        first = client.refresh(NOW)
        repository.fetched.clear()
        assert client.refresh(NOW + 15) is first
        assert repository.fetched == ["metadata/2.root.json", "metadata/timestamp.json"]

    def test_a_new_timestamp_extends_the_list_it_knows(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        first = client.refresh(NOW)
        repository.tick(NOW + TEN_MINUTES)
        repository.fetched.clear()
        second = client.refresh(NOW + TEN_MINUTES)
        assert second == replace(first, valid_until=NOW + TEN_MINUTES + DAY)
        assert len(repository.fetched) == 2

    def test_a_new_timestamp_does_not_outlast_what_it_covers(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        later = NOW + 29.5 * DAY
        repository.tick(NOW + 29 * DAY)
        client.refresh(NOW + 29 * DAY)
        repository.tick(later)
        assert client.refresh(later).valid_until == NOW + 30 * DAY  # snapshot and deny-list

    def test_a_deny_list_that_ends_first_ends_the_list(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        content = {ff.DENY_LIST: ff.write_deny_list(DenyList())}
        repository._put_targets("deny-list", content, repository.keys.online, DAY + 1200)
        repository.snapshot()
        assert client.refresh(NOW).valid_until == NOW + DAY
        repository.tick(NOW + 900)
        assert client.refresh(NOW + 900).valid_until == NOW + DAY + 900
        repository.tick(NOW + 1800)
        assert client.refresh(NOW + 1800).valid_until == NOW + DAY + 1200

    def test_fetches_only_the_files_that_changed(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        client.refresh(NOW)
        wanted = listed(NOW)
        area = replace(wanted.areas[0], name="Another name")
        repository.fetched.clear()
        repository.publish(*replace(wanted, areas=(area, wanted.areas[1])).parts)
        assert client.refresh(NOW).areas[area.code] == area
        targets = [path for path in repository.fetched if path.startswith("targets/")]
        assert targets == [f"targets/areas/{area.code}.json"]

    def test_a_suspension_arrives_with_three_small_files(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        client.refresh(NOW).member(NODE, Party.NODE)
        repository.suspend(NODE, agencies=[AgencyId("e08000026.council")])
        repository.fetched.clear()
        federation = client.refresh(NOW)
        with pytest.raises(Refused):
            federation.member(NODE, Party.NODE)
        with pytest.raises(Refused):
            federation.agency(AgencyId("e08000026.council"))
        assert repository.fetched[1:] == [
            "metadata/timestamp.json",
            "metadata/snapshot.json",
            "metadata/deny-list.json",
            "targets/deny-list.json",
        ]

    def test_forgets_files_that_two_lists_running_do_not_name(
        self, client: MemberListClient, repository: FakeRepository, tmp_path: Path
    ) -> None:
        def held() -> int:
            return len(list((tmp_path / "list" / "files").iterdir()))

        client.refresh(NOW)
        before = held()
        for number in range(4):
            repository.suspend(MemberId(f"member-{number}"))
            client.refresh(NOW)
        assert held() == before + 1

    def test_says_what_the_mirror_said_when_it_cannot_be_asked(
        self, repository: FakeRepository, tmp_path: Path
    ) -> None:
        def fetch(path: str) -> bytes:
            raise Refused(Code.UNAVAILABLE, "broker")

        with pytest.raises(Refused, match="unavailable: broker"):
            MemberListClient(tmp_path / "list", repository.root, fetch).refresh(NOW)

    def test_a_defect_of_our_own_stays_one(
        self, repository: FakeRepository, tmp_path: Path
    ) -> None:
        def fetch(path: str) -> bytes:
            raise Defect("certificate file")

        with pytest.raises(Defect, match="certificate file"):
            MemberListClient(tmp_path / "list", repository.root, fetch).refresh(NOW)

    def test_needs_a_root(self, tmp_path: Path, repository: FakeRepository) -> None:
        with pytest.raises(Defect):
            MemberListClient(tmp_path / "list", tmp_path / "none.json", repository.fetch)


def publish_with(repository: FakeRepository, path: str, content: bytes) -> None:
    repository.publish(*listed(NOW).parts)
    repository.publish_files({**repository._targets, path: content}, DenyList())


class TestContradictions:
    """Signed by all who must sign, and still not one federation."""

    @pytest.mark.parametrize(
        ("path", "content", "what"),
        [
            (ff.member_path(NODE), ff.write_member(listed().members[0]), "another name"),
            (ff.area_path(AreaCode("e08000025")), ff.write_area(listed().areas[1]), "another code"),
            (
                ff.CODE_LISTS,
                ff.write_code_lists(replace(listed().code_lists, version=2)),
                "another version",
            ),
            (
                ff.PARAMETERS,
                ff.write_parameters(replace(listed().parameters, broker=NODE)),
                "no such member",
            ),
            (
                ff.PARAMETERS,
                ff.write_parameters(replace(listed().parameters, issuer=MemberId("nobody"))),
                "no such member",
            ),
            (ff.INDEX, b'{"areas": [], "members": ["b", "a"]}', "index.members"),
            (ff.INDEX, b'{"areas": [], "members": ["a", "a"]}', "index.members"),
            (ff.INDEX, b'{"areas": [], "members": ["../../x"]}', "MemberId"),
            (ff.INDEX, b'{"areas": [], "members": [], "more": []}', "index file"),
            (ff.member_path(NODE), b"[" * 100_000, "member file"),
        ],
    )
    def test_fail_the_refresh(
        self,
        client: MemberListClient,
        repository: FakeRepository,
        path: str,
        content: bytes,
        what: str,
    ) -> None:
        first = client.refresh(NOW)
        publish_with(repository, path, content)
        untrusted(lambda: client.refresh(NOW), what)
        assert client.load(NOW) == first

    def test_a_file_may_be_as_long_as_a_message_and_no_longer(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        node = ff.write_member(listed().members[4])
        publish_with(repository, ff.member_path(NODE), node + b" " * (512 * 1024 - len(node)))
        client.refresh(NOW)
        publish_with(repository, ff.member_path(NODE), node + b" " * (512 * 1024 + 1 - len(node)))
        untrusted(lambda: client.refresh(NOW), "length")


def nobody(path: str) -> bytes:
    raise Refused(Code.UNAVAILABLE, "no network")


class TestRestart:
    @pytest.fixture
    def restarted(self, tmp_path: Path, repository: FakeRepository) -> MemberListClient:
        return MemberListClient(tmp_path / "list", repository.root, nobody, NODE)

    def test_the_last_good_list_needs_no_network(
        self, client: MemberListClient, restarted: MemberListClient
    ) -> None:
        assert restarted_from(client, restarted, NOW + DAY - 1) == client.refresh(NOW)

    def test_it_ends_when_it_would_have_ended(
        self, client: MemberListClient, restarted: MemberListClient
    ) -> None:
        client.refresh(NOW)
        untrusted(lambda: restarted.load(NOW + DAY), "ExpiredMetadataError")

    def test_there_is_none_before_the_first(self, restarted: MemberListClient) -> None:
        untrusted(lambda: restarted.load(NOW), "no list is kept")

    def test_a_refresh_that_stopped_half_way_leaves_the_last_good_one(
        self, client: MemberListClient, restarted: MemberListClient, repository: FakeRepository
    ) -> None:
        first = client.refresh(NOW)
        wanted = listed(NOW)
        repository.publish(*replace(wanted, members=wanted.members[:-1]).parts)
        missing = repository.files.pop("targets/index.json")
        untrusted(lambda: client.refresh(NOW))
        assert restarted.load(NOW) == first
        repository.files["targets/index.json"] = missing
        assert len(client.refresh(NOW).members) == 6

    def test_the_disk_is_believed_no_more_than_the_mirror(
        self,
        client: MemberListClient,
        restarted: MemberListClient,
        repository: FakeRepository,
        tmp_path: Path,
    ) -> None:
        client.refresh(NOW)
        kept = tmp_path / "list" / "last-good"
        whole = kept.read_bytes()
        for tampered in (b"", b"\x80", whole[:-10], whole.replace(b"node-north", b"node-nortt")):
            kept.write_bytes(tampered)
            if tampered != whole:
                untrusted(lambda: restarted.load(NOW))
        kept.write_bytes(whole)
        node = ff.write_member(listed(NOW).members[4])
        for file in (tmp_path / "list" / "files").iterdir():
            if file.read_bytes() == node:
                file.write_bytes(node.replace(b"An organisation", b"My organisation"))
        untrusted(lambda: restarted.load(NOW))
        assert client.refresh(NOW).members[NODE].organisation == "An organisation"

    def test_a_list_of_another_federation_does_not_open(
        self, client: MemberListClient, tmp_path: Path
    ) -> None:
        client.refresh(NOW)
        (tmp_path / "other").mkdir()
        other = FakeRepository(tmp_path / "other", NOW)
        untrusted(lambda: MemberListClient(tmp_path / "list", other.root, nobody).load(NOW))

    def test_after_a_root_has_changed(
        self, client: MemberListClient, restarted: MemberListClient, repository: FakeRepository
    ) -> None:
        repository.rotate_root(Keys(root=repository.keys.root))
        repository.rotate_root(Keys(root=repository.keys.root))
        repository.publish(*listed(NOW).parts)
        assert restarted_from(client, restarted, NOW) == client.refresh(NOW)


def restarted_from(client: MemberListClient, restarted: MemberListClient, now: float) -> Federation:
    client.refresh(NOW)
    return restarted.load(now)


class TestPeppers:
    def test_one_s_own_are_kept_and_no_others(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        mine = SealedPepper(EpochNumber(3), NODE, 20_000, b"sealed to me")
        theirs = SealedPepper(EpochNumber(4), MemberId("node-south"), 20_000, b"sealed to them")
        repository.publish(*listed(NOW).parts, peppers=[mine, theirs])
        assert client.sealed_pepper(EpochNumber(3)) is None
        client.refresh(NOW)
        assert client.sealed_pepper(EpochNumber(3)) == mine
        assert client.sealed_pepper(EpochNumber(4)) is None
        assert not [
            path for path in repository.fetched if "node-south" in path and "pepper" in path
        ]

    def test_one_under_my_name_that_is_not_mine_fails_the_refresh(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        theirs = SealedPepper(EpochNumber(3), MemberId("node-south"), 20_000, b"sealed")
        publish_with(repository, ff.pepper_path(EpochNumber(3), NODE), ff.write_pepper(theirs))
        untrusted(lambda: client.refresh(NOW), "another name")


class TestMemberList:
    def test_there_is_none_at_first(self) -> None:
        untrusted(lambda: MemberList().current)

    def test_an_expired_one_is_not_given(self, client: MemberListClient) -> None:
        members = MemberList()
        members.update(client.refresh(NOW))
        assert members.at(NOW) is members.current
        untrusted(lambda: members.at(NOW + DAY))

    def test_subscribers_hear_of_changes_until_they_leave(
        self, client: MemberListClient, repository: FakeRepository
    ) -> None:
        members = MemberList()
        heard: list[Federation] = []
        leave = members.subscribe(heard.append)
        first = client.refresh(NOW)
        assert members.update(first)
        assert not members.update(first)
        repository.suspend(NODE)
        members.update(client.refresh(NOW))
        assert [f.version for f in heard] == [1, 2]
        leave()
        leave()
        repository.suspend(MemberId("node-south"))
        members.update(client.refresh(NOW))
        assert len(heard) == 2

    def test_a_subscriber_that_fails_does_not_keep_it_from_the_others(
        self, client: MemberListClient
    ) -> None:
        members = MemberList()
        heard: list[Federation] = []

        def fail(_: Federation) -> None:
            raise Defect("mine")

        members.subscribe(heard.append)
        members.subscribe(fail)
        members.subscribe(heard.append)
        with pytest.raises(Defect, match="mine"):
            members.update(client.refresh(NOW))
        assert len(heard) == 2
        assert members.current is heard[0]
