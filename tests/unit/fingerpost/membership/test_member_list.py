"""A member gets whole lists, newest first, and keeps the last one over a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.federations import NOW, without
from fakes.member_list import NODE, untrusted
from fakes.refusals import refused
from fakes.repository import BROKER, DAY, GATEWAY, NORTH, SOUTH, FakeRepository, Keys, listed
from fingerpost.membership.member_list import MemberList, MemberListClient
from fingerpost.protocol import federation_files as ff
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from unit.fingerpost.membership.conftest import World, nobody

TEN_MINUTES = 600


class TestRefresh:
    def test_gives_all_that_was_signed(self, world: World) -> None:
        federation = world.refresh()
        wanted = listed(NOW)
        assert federation.parameters == wanted.parameters
        assert federation.code_lists == wanted.code_lists
        assert list(federation.members.items()) == sorted(wanted.members.items())
        assert list(federation.areas.items()) == list(wanted.areas.items())
        assert federation.deny == DenyList()
        assert federation.version == 1

    def test_lasts_as_long_as_the_metadata_that_ends_first(self, world: World) -> None:
        assert world.refresh().valid_until == NOW + DAY
        # 89.5 days on, targets and bins (90 days) end before the timestamp does; the snapshot was
        # renewed.
        later = NOW + 89.5 * DAY
        world.repository.deny(DenyList(), now=later)
        assert world.refresh(later).valid_until == NOW + 90 * DAY

    def test_asks_for_root_and_timestamp_alone_while_nothing_changed(self, world: World) -> None:
        first = world.refresh()
        world.repository.fetched.clear()
        assert world.refresh(NOW + 15) is first
        assert world.repository.fetched == ["metadata/2.root.json", "metadata/timestamp.json"]

    def test_a_new_timestamp_extends_the_list_it_knows(self, world: World) -> None:
        first = world.refresh()
        world.repository.tick(NOW + TEN_MINUTES)
        world.repository.fetched.clear()
        second = world.refresh(NOW + TEN_MINUTES)
        signed = NOW + TEN_MINUTES
        assert second == replace(first, valid_until=signed + DAY, signed_at=signed)
        assert len(world.repository.fetched) == 2

    def test_a_new_timestamp_does_not_outlast_what_it_covers(self, world: World) -> None:
        later = NOW + 29.5 * DAY
        world.repository.tick(NOW + 29 * DAY)
        world.refresh(NOW + 29 * DAY)
        world.repository.tick(later)
        assert world.refresh(later).valid_until == NOW + 30 * DAY  # snapshot and deny-list

    def test_a_deny_list_that_ends_first_ends_the_list(self, world: World) -> None:
        content = {ff.DENY_LIST: ff.write_deny_list(DenyList())}
        world.repository._put_targets(
            "deny-list", content, world.repository.keys.online, DAY + 1200
        )
        world.repository.snapshot()
        assert world.refresh().valid_until == NOW + DAY
        world.repository.tick(NOW + 900)
        assert world.refresh(NOW + 900).valid_until == NOW + DAY + 900
        world.repository.tick(NOW + 1800)
        assert world.refresh(NOW + 1800).valid_until == NOW + DAY + 1200

    def test_fetches_only_the_files_that_changed(self, world: World) -> None:
        world.refresh()
        areas = listed(NOW).areas
        area = replace(areas[NORTH], name="Another name")
        world.repository.fetched.clear()
        world.publish(areas={**areas, NORTH: area})
        assert world.refresh().areas[area.code] == area
        targets = [path for path in world.repository.fetched if path.startswith("targets/")]
        assert targets == [f"targets/areas/{area.code}.json"]

    def test_a_suspension_arrives_with_three_small_files(self, world: World) -> None:
        world.refresh().member(NODE, Party.NODE)
        world.repository.suspend(NODE, agencies=[AgencyId("e08000026.council")])
        world.repository.fetched.clear()
        federation = world.refresh()
        with refused(Code.NOT_A_MEMBER):
            federation.member(NODE, Party.NODE)
        with refused(Code.NOT_A_MEMBER):
            federation.agency(AgencyId("e08000026.council"))
        assert world.repository.fetched[1:] == [
            "metadata/timestamp.json",
            "metadata/snapshot.json",
            "metadata/deny-list.json",
            "targets/deny-list.json",
        ]

    def test_forgets_files_that_two_lists_running_do_not_name(self, world: World) -> None:
        def held() -> int:
            return len(list((world.folder / "list" / "files").iterdir()))

        world.refresh()
        before = held()
        for number in range(4):
            world.repository.suspend(MemberId(f"member-{number}"))
            world.refresh()
        assert held() == before + 1

    def test_gives_the_mirror_s_refusal_when_it_cannot_be_asked(self, world: World) -> None:
        with refused(Code.UNAVAILABLE, "no network"):
            world.reader(fetch=nobody).refresh(NOW)

    def test_a_defect_of_our_own_stays_one(self, world: World) -> None:
        def fetch(path: str) -> bytes:
            raise Defect("certificate file")

        with pytest.raises(Defect, match="certificate file"):
            world.reader(fetch=fetch).refresh(NOW)

    def test_needs_a_root(self, world: World) -> None:
        with pytest.raises(Defect):
            MemberListClient(
                world.folder / "list", world.folder / "none.json", world.repository.fetch
            )


def parameters_with(**changed: MemberId) -> bytes:
    return ff.write_parameters(replace(listed().parameters, **changed))  # type: ignore[arg-type]


KNOWN = listed().code_lists
NEWER_CODE_LISTS = ff.write_code_lists(replace(KNOWN, version=KNOWN.version + 1))


class TestContradictions:
    """All who must sign have signed, and still the files do not make one federation."""

    @pytest.mark.parametrize(
        ("path", "content", "what"),
        [
            (ff.member_path(NODE), ff.write_member(listed().members[BROKER]), "another name"),
            (ff.area_path(NORTH), ff.write_area(listed().areas[SOUTH]), "another code"),
            (ff.CODE_LISTS, NEWER_CODE_LISTS, "another version"),
            (ff.PARAMETERS, parameters_with(broker=NODE), "no such member"),
            (ff.PARAMETERS, parameters_with(issuer=MemberId("nobody")), "no such member"),
            (ff.INDEX, b'{"areas": [], "members": ["b", "a"]}', "index.members"),
            (ff.INDEX, b'{"areas": [], "members": ["a", "a"]}', "index.members"),
            (ff.INDEX, b'{"areas": [], "members": ["../../x"]}', "MemberId"),
            (ff.INDEX, b'{"areas": [], "members": [], "more": []}', "index file"),
            (ff.member_path(NODE), b"[" * 100_000, "member file"),
        ],
    )
    def test_fail_the_refresh(self, world: World, path: str, content: bytes, what: str) -> None:
        first = world.refresh()
        world.publish_with(path, content)
        untrusted(world.refresh, what)
        assert world.client.load(NOW) == first

    def test_a_file_may_be_as_long_as_a_message_and_no_longer(self, world: World) -> None:
        node = ff.write_member(listed().members[NODE])
        world.publish_with(ff.member_path(NODE), node + b" " * (512 * 1024 - len(node)))
        world.refresh()
        world.publish_with(ff.member_path(NODE), node + b" " * (512 * 1024 + 1 - len(node)))
        untrusted(world.refresh, "length")


class TestRestart:
    def test_the_last_good_list_needs_no_network(self, world: World) -> None:
        first = world.refresh()
        assert world.restarted().load(NOW + DAY - 1) == first

    def test_it_ends_when_it_would_have_ended(self, world: World) -> None:
        world.refresh()
        untrusted(lambda: world.restarted().load(NOW + DAY), "ExpiredMetadataError")

    def test_there_is_none_before_the_first(self, world: World) -> None:
        untrusted(lambda: world.restarted().load(NOW), "no list is kept")

    def test_a_refresh_that_stopped_half_way_leaves_the_last_good_one(self, world: World) -> None:
        first = world.refresh()
        world.publish(members=without(listed(NOW), GATEWAY).members)
        missing = world.repository.files.pop("targets/index.json")
        untrusted(world.refresh)
        assert world.restarted().load(NOW) == first
        world.repository.files["targets/index.json"] = missing
        assert len(world.refresh().members) == 6

    def test_the_disk_is_believed_no_more_than_the_mirror(self, world: World) -> None:
        world.refresh()
        restarted = world.restarted()
        kept = world.folder / "list" / "last-good"
        whole = kept.read_bytes()
        for tampered in (b"", b"\x80", whole[:-10], whole.replace(b"node-north", b"node-nortt")):
            kept.write_bytes(tampered)
            if tampered != whole:
                untrusted(lambda: restarted.load(NOW))
        kept.write_bytes(whole)
        node = ff.write_member(listed(NOW).members[NODE])
        for file in (world.folder / "list" / "files").iterdir():
            if file.read_bytes() == node:
                file.write_bytes(node.replace(b"An organisation", b"My organisation"))
        untrusted(lambda: restarted.load(NOW))
        assert world.refresh().members[NODE].organisation == "An organisation"

    def test_a_list_of_another_federation_does_not_open(self, world: World) -> None:
        world.refresh()
        (world.folder / "other").mkdir()
        other = FakeRepository(world.folder / "other", NOW)
        untrusted(lambda: MemberListClient(world.folder / "list", other.root, nobody).load(NOW))

    def test_after_a_root_has_changed(self, world: World) -> None:
        world.repository.rotate_root(Keys(root=world.repository.keys.root))
        world.repository.rotate_root(Keys(root=world.repository.keys.root))
        world.publish()
        first = world.refresh()
        assert world.restarted().load(NOW) == first


class TestPeppers:
    def test_one_s_own_are_kept_and_no_others(self, world: World) -> None:
        mine = SealedPepper(EpochNumber(3), NODE, 20_000, b"sealed to me")
        theirs = SealedPepper(EpochNumber(4), MemberId("node-south"), 20_000, b"sealed to them")
        world.publish(peppers=[mine, theirs])
        assert world.client.sealed_pepper(EpochNumber(3)) is None
        world.refresh()
        assert world.client.sealed_pepper(EpochNumber(3)) == mine
        assert world.client.sealed_pepper(EpochNumber(4)) is None
        assert not [p for p in world.repository.fetched if "node-south" in p and "pepper" in p]

    def test_one_under_my_name_that_is_not_mine_fails_the_refresh(self, world: World) -> None:
        theirs = SealedPepper(EpochNumber(3), MemberId("node-south"), 20_000, b"sealed")
        world.publish_with(ff.pepper_path(EpochNumber(3), NODE), ff.write_pepper(theirs))
        untrusted(world.refresh, "another name")


class TestMemberList:
    def test_there_is_none_at_first(self) -> None:
        untrusted(lambda: MemberList().current)

    def test_an_expired_one_is_not_given(self, world: World) -> None:
        members = MemberList()
        members.update(world.refresh())
        assert members.at(NOW) is members.current
        untrusted(lambda: members.at(NOW + DAY))

    def test_subscribers_hear_of_changes_until_they_leave(self, world: World) -> None:
        members = MemberList()
        heard: list[Federation] = []
        leave = members.subscribe(heard.append)
        first = world.refresh()
        assert members.update(first)
        assert not members.update(first)
        world.repository.suspend(NODE)
        members.update(world.refresh())
        assert [f.version for f in heard] == [1, 2]
        leave()
        leave()
        world.repository.suspend(MemberId("node-south"))
        members.update(world.refresh())
        assert len(heard) == 2

    def test_a_subscriber_that_fails_does_not_keep_it_from_the_others(self, world: World) -> None:
        members = MemberList()
        heard: list[Federation] = []

        def fail(_: Federation) -> None:
            raise Defect("mine")

        members.subscribe(heard.append)
        members.subscribe(fail)
        members.subscribe(heard.append)
        with pytest.raises(Defect, match="mine"):
            members.update(world.refresh())
        assert len(heard) == 2
        assert members.current is heard[0]
