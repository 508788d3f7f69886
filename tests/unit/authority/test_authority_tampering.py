"""What a thief, a mirror or a lone officer tries, judged by a plain TUF client that has none of our
code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from authority import roles
from authority.charter import Charter, KeyEntry
from authority.founding import found
from fakes.refusals import refused
from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Code
from unit.authority.conftest import HOME, NODE, PlainClient, World, plan


def sign_snapshot_of_what_lies_there(world: World) -> None:
    """Sign whatever is on disk with the issuer's own keys, as a stolen issuer can."""
    charter = world.ceremony.charter
    snapshot = Metadata[Snapshot].from_bytes((world.metadata / "snapshot.json").read_bytes()).signed
    path = world.metadata / "timestamp.json"
    timestamp = Metadata[Timestamp].from_bytes(path.read_bytes()).signed
    for name in list(snapshot.meta):
        data = (world.metadata / name).read_bytes()
        version = Metadata[Targets].from_bytes(data).signed.version
        snapshot.meta[name] = MetaFile.from_data(version, data, ["sha256"])
    snapshot.version += 1
    signed = roles.sign(snapshot, signers(charter.snapshot))
    (world.metadata / "snapshot.json").write_bytes(signed)
    timestamp.version += 1
    timestamp.snapshot_meta = MetaFile.from_data(snapshot.version, signed, ["sha256"])
    path.write_bytes(roles.sign(timestamp, signers(charter.timestamp)))


def signers(*entries: KeyEntry) -> list[CryptoSigner]:
    return [CryptoSigner(read_signing_key(each.file, setting="key file")) for each in entries]


@contextmanager
def forged(world: World, role: str, signed_by: Sequence[CryptoSigner]) -> Iterator[Targets]:
    """Publish the metadata of ``role`` as the block changes it. ``signed_by`` sign its next
    version, and a stolen issuer signs the rest.
    """
    path = world.metadata / f"{role}.json"
    found = Metadata[Targets].from_bytes(path.read_bytes()).signed
    yield found
    found.version += 1
    path.write_bytes(roles.sign(found, signed_by))
    sign_snapshot_of_what_lies_there(world)


def forge_member(world: World, signed_by: Sequence[CryptoSigner]) -> str:
    """Put another signing key into the node's file, and return its path."""
    draft = world.ceremony.draft()
    member = files.write_member(replace(draft.members[NODE], signing_key=bytes(32)))
    path = files.member_path(NODE)
    (world.folder / "repository" / "targets" / path).write_bytes(member)
    with forged(world, roles.bin_of(path, world.ceremony.charter.bins), signed_by) as role:
        role.targets[path] = TargetFile.from_data(path, member)
    return path


def test_the_forgery_would_work_with_enough_offline_keys(
    published: World, client: PlainClient
) -> None:
    """It shows that the refusals below are about the keys, and not about a slip in the forging."""
    path = forge_member(published, signers(*published.ceremony.charter.targets.keys[1:]))
    assert files.read_member(client.read(path)).signing_key == bytes(32)


TOO_LITTLE: dict[str, Callable[[Charter], list[CryptoSigner]]] = {
    "one key": lambda charter: signers(charter.targets.keys[0]),
    "one key twice": lambda charter: signers(charter.targets.keys[0]) * 2,
    "the online keys": lambda each: signers(each.snapshot, each.timestamp, each.deny_list),
    "governance": lambda charter: signers(*charter.governance.keys),
}


@pytest.mark.parametrize("case", TOO_LITTLE)
def test_the_list_needs_a_threshold_of_its_own_keys(
    published: World, client: PlainClient, case: str
) -> None:
    path = forge_member(published, TOO_LITTLE[case](published.ceremony.charter))
    with pytest.raises(UnsignedMetadataError):
        client.get(path)


def test_the_issuer_signs_no_snapshot_over_a_forgery(published: World) -> None:
    before = (published.metadata / "snapshot.json").read_bytes()
    forge_member(published, signers(published.ceremony.charter.targets.keys[0]))
    (published.metadata / "snapshot.json").write_bytes(before)
    done = published.refresh()
    assert done.refused is not None
    assert done.refused.code is Code.UNTRUSTED_METADATA
    assert (published.metadata / "snapshot.json").read_bytes() == before


def test_a_flipped_byte_in_a_target_is_refused(published: World, client: PlainClient) -> None:
    path = published.folder / "repository" / "targets" / files.area_path(HOME)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(LengthOrHashMismatchError):
        client.get(files.area_path(HOME))


@pytest.mark.parametrize(
    "name", ["targets", "snapshot", "timestamp", "deny-list", "code-lists", "bin-00"]
)
def test_a_flipped_byte_in_metadata_is_refused(
    published: World, client: PlainClient, name: str
) -> None:
    path = published.metadata / f"{name}.json"
    data = path.read_bytes()
    at = data.index(b'"version":') + len(b'"version":')
    path.write_bytes(data[:at] + b"7" + data[at + 1 :])
    wanted = {"deny-list": files.DENY_LIST, "code-lists": files.CODE_LISTS}.get(name)
    wanted = wanted or path_in(name, published)
    with pytest.raises(RepositoryError):
        client.get(wanted)


def path_in(name: str, world: World) -> str:
    """Return a path that a client looks for in that bin."""
    return next(
        path
        for path in (f"members/m{n}.json" for n in range(1000))
        if roles.bin_of(path, world.ceremony.charter.bins) == name or not name.startswith("bin-")
    )


def test_an_old_timestamp_is_refused(published: World, client: PlainClient) -> None:
    old = (published.metadata / "timestamp.json").read_bytes()
    published.rename_home()
    published.publish()
    client.get(files.PARAMETERS)
    (published.metadata / "timestamp.json").write_bytes(old)
    with pytest.raises(BadVersionNumberError):
        client.updater().refresh()


def test_an_old_snapshot_is_refused(published: World, client: PlainClient) -> None:
    """Attack: a mirror takes back a suspension by serving the snapshot from before it."""
    old = (published.metadata / "snapshot.json").read_bytes()
    deny = (published.metadata / "deny-list.json").read_bytes()
    published.suspend(NODE)
    (published.metadata / "snapshot.json").write_bytes(old)
    (published.metadata / "deny-list.json").write_bytes(deny)
    with pytest.raises(RepositoryError):
        client.updater().refresh()


def test_a_timestamp_of_yesterday_is_refused(world: World, tmp_path: Path) -> None:
    """Attack: a mirror that keeps everybody on an old list. Its power ends with the timestamp's 24
    hours.
    """
    yesterday = world.now - 25 * 3600
    world.publish(yesterday)
    reader = world.client(tmp_path / "cache")
    with pytest.raises(ExpiredMetadataError):
        reader.updater().refresh()


def test_a_bin_cannot_offer_code_lists_or_a_deny_list(
    published: World, client: PlainClient
) -> None:
    """Attack: the keys of the member list widen the purposes without governance, or let somebody
    back in.
    """
    charter = published.ceremony.charter
    for path, content in ((files.CODE_LISTS, b"{}"), (files.DENY_LIST, b'{"members":[]} ')):
        before = (published.folder / "repository" / "targets" / path).read_bytes()
        name = roles.bin_of(path, charter.bins)
        with forged(published, name, signers(*charter.targets.keys)) as role:
            role.targets[path] = TargetFile.from_data(path, content)
        assert client.get(path) == before


def test_code_lists_below_governances_threshold_are_refused_by_clients(
    published: World, client: PlainClient
) -> None:
    with forged(published, "code-lists", signers(published.ceremony.charter.governance.keys[0])):
        pass  # another version is enough
    with pytest.raises(UnsignedMetadataError):
        client.get(files.CODE_LISTS)


def test_another_federations_root_is_not_followed(
    published: World, client: PlainClient, tmp_path: Path
) -> None:
    other = found(tmp_path / "other", plan(), time.time())
    client.get(files.PARAMETERS)
    for name in ("2.root.json", "root.json"):
        (published.metadata / name).write_bytes(other.trusted_root())
    with pytest.raises(RepositoryError):
        client.updater().refresh()


def test_the_offline_half_refuses_a_repository_that_was_tampered_with(published: World) -> None:
    path = published.metadata / "bin-03.json"
    path.write_bytes(os.urandom(64))
    with refused(Code.UNTRUSTED_METADATA):
        published.ceremony.repository.read_lists(published.ceremony.trusted_root())


def test_the_keys_of_the_list_cannot_name_other_governors(
    published: World, client: PlainClient
) -> None:
    """Attack: a threshold of those who keep the list delegates the code lists to itself."""
    by = signers(*published.ceremony.charter.targets.keys)
    with forged(published, "targets", by) as role:
        assert role.delegations is not None
        assert role.delegations.roles is not None
        delegated = role.delegations.roles
        delegated["code-lists"].keyids = list(delegated["bin-00"].keyids)
    with pytest.raises(UnsignedMetadataError):
        client.updater().refresh()
