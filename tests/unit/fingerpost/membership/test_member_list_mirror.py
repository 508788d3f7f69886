"""The broker hands on whole states: members that fetch from it end where the issuer's list is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.federations import NOW, without
from fakes.member_list import NODE
from fakes.refusals import refused
from fakes.repository import GATEWAY, FakeRepository, Keys, listed
from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.member_list_mirror import Mirror
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber
from unit.fingerpost.membership.conftest import nobody

PEPPER = SealedPepper(EpochNumber(3), NODE, 20_000, b"sealed to me")


@pytest.fixture
def repository(tmp_path: Path) -> FakeRepository:
    made = FakeRepository(tmp_path, NOW)
    made.publish(listed(NOW), peppers=[PEPPER])
    return made


@pytest.fixture
def mirror(tmp_path: Path, repository: FakeRepository) -> Mirror:
    return Mirror(tmp_path / "mirror", repository.root, repository.fetch)


@pytest.fixture
def member(tmp_path: Path, repository: FakeRepository, mirror: Mirror) -> MemberListClient:
    return MemberListClient(tmp_path / "member", repository.root, mirror.file, NODE)


def test_a_member_gets_the_same_list_and_pepper(mirror: Mirror, member: MemberListClient) -> None:
    assert mirror.refresh(NOW) == member.refresh(NOW)
    assert member.sealed_pepper(EpochNumber(3)) == PEPPER


def test_a_list_that_is_half_published_is_not_handed_on(
    mirror: Mirror, member: MemberListClient, repository: FakeRepository
) -> None:
    mirror.refresh(NOW)
    repository.publish(without(listed(NOW), GATEWAY), [PEPPER])
    index = repository.files.pop("targets/index.json")
    with refused(Code.UNTRUSTED_METADATA):
        mirror.refresh(NOW)
    assert len(member.refresh(NOW).members) == 7
    repository.files["targets/index.json"] = index
    mirror.refresh(NOW)
    assert len(member.refresh(NOW).members) == 6


def test_a_missing_pepper_fails_the_refresh(mirror: Mirror, repository: FakeRepository) -> None:
    del repository.files[f"targets/peppers/3/{NODE}.json"]
    with refused(Code.UNTRUSTED_METADATA):
        mirror.refresh(NOW)


def test_who_is_in_the_middle_of_the_list_before_can_go_on(
    mirror: Mirror, repository: FakeRepository, tmp_path: Path
) -> None:
    mirror.refresh(NOW)
    slow: list[str] = []

    def fetch(path: str) -> bytes:
        if path == "targets/deny-list.json":  # nearly the last: all before is of the list before
            repository.suspend(NODE)
            mirror.refresh(NOW)
        slow.append(path)
        return mirror.file(path)

    member = MemberListClient(tmp_path / "slow", repository.root, fetch, NODE)
    with refused(Code.UNTRUSTED_METADATA):
        member.refresh(NOW)
    slow.clear()
    assert member.refresh(NOW).version == 2
    assert not [path for path in slow if path.startswith(("targets/members", "targets/areas"))]


def test_after_a_restart_it_serves_what_it_last_served(
    mirror: Mirror, repository: FakeRepository, tmp_path: Path, member: MemberListClient
) -> None:
    mirror.refresh(NOW)

    again = Mirror(tmp_path / "mirror", repository.root, nobody)
    with refused(Code.NOT_READY):
        again.file("metadata/timestamp.json")
    again.load(NOW)
    assert again.file("metadata/timestamp.json") == repository.files["metadata/timestamp.json"]
    member = MemberListClient(tmp_path / "member", repository.root, again.file, NODE)
    assert member.refresh(NOW).version == 1
    assert member.sealed_pepper(EpochNumber(3)) == PEPPER


@pytest.mark.parametrize(
    "path",
    [
        "",
        "targets/",
        "targets/none.json",
        "index.json",
        "metadata/2.root.json",
        "metadata/../root.json",
        "targets/../last-good",
        "targets/metadata/timestamp.json",
    ],
)
def test_there_is_nothing_else(mirror: Mirror, path: str) -> None:
    mirror.refresh(NOW)
    with refused(Code.NOT_ALLOWED):
        mirror.file(path)


def test_a_member_with_an_older_root_than_the_broker_s_finds_its_way(
    repository: FakeRepository, tmp_path: Path
) -> None:
    for _ in range(2):
        repository.rotate_root(Keys(root=repository.keys.root))
    repository.publish(listed(NOW))
    newer = tmp_path / "newer-root.json"
    newer.write_bytes(repository.files["metadata/3.root.json"])
    mirror = Mirror(tmp_path / "mirror", newer, repository.fetch)
    mirror.refresh(NOW)
    member = MemberListClient(tmp_path / "member", repository.root, mirror.file, NODE)
    assert member.refresh(NOW).version == 2
    repository.rotate_root(Keys(root=repository.keys.root))
    repository.publish(listed(NOW))
    mirror.refresh(NOW)
    assert member.refresh(NOW).version == 3
