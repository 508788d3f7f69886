"""Epochs and their secrets: who gets the pepper of which day, and who the requesters' key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from authority import changes
from authority.epochs import Sealed, Times
from fakes.federations import public
from fakes.refusals import refused
from fingerpost.private.locators import Pepper
from fingerpost.private.pepper_sealing import open_pepper, open_requester_seed
from fingerpost.protocol import federation_files as files
from fingerpost.protocol import limits
from fingerpost.protocol.codec.statements import EpochKeyStatement, write_epoch_key
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import day_of
from unit.authority.conftest import (
    BROKER,
    DAY,
    EPOCH,
    FEDERATION,
    GATEWAY,
    HOLDERS,
    NODE,
    PlainClient,
    World,
    leave_at_issuer,
)


def open_first(world: World) -> Sealed:
    """Open the first epoch, which starts now."""
    now = int(world.now)
    return world.ceremony.open_epoch(EPOCH, Times(now, now, now + 90 * DAY), world.now)


def opened(world: World, member: MemberId, number: EpochNumber = EPOCH) -> Pepper:
    return open_pepper(world.ceremony.draft().peppers[number, member], world.receiving[member])


def seed_of(world: World, member: MemberId, number: EpochNumber = EPOCH) -> bytes:
    """What a member received beside the pepper of an epoch."""
    sealed = world.ceremony.draft().peppers[number, member]
    return open_requester_seed(sealed, world.receiving[member])


def listed_key(world: World, number: EpochNumber = EPOCH) -> bytes:
    """The key under which members verify the queries of an epoch."""
    epochs = world.ceremony.draft().parameters.epochs
    return next(epoch.requester_key for epoch in epochs if epoch.number == number)


def public_of(seed: bytes) -> bytes:
    return public(Ed25519PrivateKey.from_private_bytes(seed))


def offline(world: World) -> list[str]:
    return sorted(path.name for path in (world.folder / "offline" / "peppers").iterdir())


def deposit_all(world: World, epoch: EpochNumber = EPOCH) -> None:
    world.deposit_holders(epoch)
    world.deposit_receiving(NODE, epoch=epoch)
    world.deposit_receiving(GATEWAY, epoch=epoch)


@pytest.fixture
def running(published: World) -> World:
    deposit_all(published)
    open_first(published)
    published.publish()
    return published


def test_node_and_gateway_open_the_same_pepper(running: World, client: PlainClient) -> None:
    found = []
    for member in (NODE, GATEWAY):
        data = client.read(files.pepper_path(EPOCH, member))
        found.append(open_pepper(files.read_pepper(data), running.receiving[member]))
    assert found[0].value == found[1].value
    today = day_of(running.now)
    assert found[0].at(today).day == today
    parameters = client.read(files.PARAMETERS)
    (epoch,) = files.read_parameters(parameters).epochs
    assert epoch.holder_keys == {h: bytes([n + 1, 1]) * 16 for n, h in enumerate(HOLDERS)}


def test_every_gateway_gets_the_requesters_key_and_no_node_does(
    published: World, tmp_path: Path
) -> None:
    """Attack: a node makes queries of its own to probe another's index."""
    second = MemberId("gateway-2")
    published.enrol(second, Party.GATEWAY, lookups_per_day=5)
    deposit_all(published)
    published.deposit_receiving(second)
    open_first(published)
    published.publish()
    seed = published.ceremony.vault.requester_seed(EPOCH)
    assert len(seed) == 32
    assert seed_of(published, GATEWAY) == seed_of(published, second) == seed
    assert seed_of(published, NODE) == b""
    listed = published.client(tmp_path / "client").read(files.PARAMETERS)
    (epoch,) = files.read_parameters(listed).epochs
    assert epoch.requester_key == public_of(seed)
    for file in (published.folder / "repository").rglob("*"):
        assert file.is_dir() or not {seed, seed.hex().encode()} & {file.read_bytes()}


def test_nobody_else_gets_a_pepper(running: World) -> None:
    assert set(running.ceremony.draft().peppers) == {(EPOCH, NODE), (EPOCH, GATEWAY)}


def test_a_member_without_a_receiving_key_is_named(published: World) -> None:
    published.deposit_holders()
    published.deposit_receiving(NODE)
    sealed = open_first(published)
    assert sealed.members == (NODE,)
    assert sealed.lacking == (GATEWAY,)


def test_an_epoch_without_both_holders_keys_is_refused(published: World) -> None:
    published.deposit(HOLDERS[0], bytes(32))
    with pytest.raises(Defect, match="holder-b"):
        open_first(published)
    assert offline(published) == []


def test_one_key_for_both_holders_is_refused(published: World) -> None:
    for holder in HOLDERS:
        published.deposit(holder, b"k" * 32)
    with pytest.raises(Defect, match="one and the same"):
        open_first(published)


def test_late_joiners_get_the_current_day_and_never_an_earlier_one(running: World) -> None:
    late = MemberId("gateway-2")
    running.enrol(late, Party.GATEWAY, lookups_per_day=5)
    key = running.deposit_receiving(late)
    then = running.now + 3 * DAY
    (sealed,) = running.ceremony.seal_late(then)
    assert sealed.members == (late,)
    pepper = open_pepper(running.ceremony.draft().peppers[EPOCH, late], key)
    assert seed_of(running, late) == seed_of(running, GATEWAY)
    assert pepper.day == day_of(then - limits.PREVIOUS_SLOT_HELD_SECONDS)
    assert pepper == opened(running, NODE).at(pepper.day)
    with refused(Code.NOT_READY):
        pepper.at(day_of(running.now) - 1)


def test_the_vault_forgets_days_that_are_over(running: World) -> None:
    vault = running.ceremony.vault
    path = running.folder / "offline" / "peppers" / "1.pepper"
    first = path.read_bytes()
    today = day_of(running.now)
    assert vault.on(EPOCH, today + 5, today + 5).day == today + 5
    assert path.read_bytes() != first
    assert vault.on(EPOCH, today, today).day == today + 5  # no way back
    assert opened(running, NODE).at(today + 5).value in path.read_bytes()


@pytest.mark.parametrize("days", [1, None])
def test_the_vault_leaves_no_second_name_of_a_pepper_that_it_forgets(
    running: World, days: int | None
) -> None:
    """A crash while a pepper is created, or replaced, leaves one."""
    pepper = running.folder / "offline" / "peppers" / "1.pepper"
    second = pepper.with_name(".1.pepper.0123456789abcdef")
    second.hardlink_to(pepper)
    if days is None:
        running.ceremony.vault.forget(EPOCH)
        assert offline(running) == []
    else:
        later = day_of(running.now) + days
        running.ceremony.vault.on(EPOCH, later, later)
        assert not second.exists()


@pytest.mark.parametrize("days", [3, 200])
def test_an_offline_machine_whose_clock_is_ahead_erases_nothing(running: World, days: int) -> None:
    """It would have taken the peppers of running epochs from every member that joins later."""
    folder = running.folder / "offline" / "peppers"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    running.ceremony.seal_late(running.now + days * DAY)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    late = MemberId("gateway-2")
    running.enrol(late, Party.GATEWAY, lookups_per_day=5)
    running.deposit_receiving(late)
    (sealed,) = running.ceremony.seal_late(running.now)
    assert sealed.members == (late,)
    assert opened(running, late) == opened(running, NODE)


def test_nothing_is_sealed_by_a_clock_that_is_behind_the_pepper(running: World) -> None:
    """Members could not turn the pepper back to the day that they need."""
    late = MemberId("gateway-2")
    running.enrol(late, Party.GATEWAY, lookups_per_day=5)
    running.deposit_receiving(late)
    running.refresh(running.now + DAY)
    running.ceremony.seal_late(running.now + DAY)
    running.deposit_receiving(NODE, at=running.now + 60)
    before = running.ceremony.draft()
    with pytest.raises(
        Defect, match="begins on a later day than it is needed: the clock went back"
    ):
        running.ceremony.seal_late(running.now)
    assert running.ceremony.draft() == before
    (sealed,) = running.ceremony.seal_late(running.now + DAY)
    assert sealed.members == (NODE,)


def test_a_second_pepper_for_an_epoch_is_refused(running: World) -> None:
    with pytest.raises(Defect):
        running.ceremony.vault.create(Pepper(EPOCH, day_of(running.now), bytes(32)))


def test_a_member_that_lost_its_receiving_key_is_sealed_to_anew(running: World) -> None:
    before = running.ceremony.draft().peppers[EPOCH, NODE]
    (nothing,) = running.ceremony.seal_late(running.now)
    assert nothing.members == ()
    key = running.deposit_receiving(NODE, at=running.now + 60)
    (sealed,) = running.ceremony.seal_late(running.now + 60)
    assert sealed.members == (NODE,)
    after = running.ceremony.draft().peppers[EPOCH, NODE]
    assert after != before
    assert open_pepper(after, key).value


def test_who_is_suspended_gets_no_pepper(running: World) -> None:
    """Attack: a stolen node asks for the next epoch."""
    running.suspend(NODE)
    second = EpochNumber(2)
    deposit_all(running, second)
    start = int(running.now) + 10 * DAY
    sealed = running.ceremony.open_epoch(second, Times.usual(start), running.now)
    assert sealed.members == (GATEWAY,)
    assert (second, NODE) not in running.ceremony.draft().peppers


def test_a_tampered_deposit_is_as_if_it_were_not_there(published: World) -> None:
    """Attack: a stolen issuer puts its own receiving key in a member's place."""
    published.deposit_holders()
    published.deposit_receiving(NODE)
    statement = EpochKeyStatement(FEDERATION, NODE, EPOCH, bytes(1216), int(published.now))
    envelope = write_epoch_key(statement, published.keys[GATEWAY])
    (published.folder / "inbox" / "1" / "node-1.envelope").write_bytes(envelope)
    sealed = open_first(published)
    assert NODE in sealed.lacking
    assert (EPOCH, NODE) not in published.ceremony.draft().peppers


def test_a_deposit_for_another_epoch_under_this_ones_name_is_not_used(published: World) -> None:
    published.deposit_holders()
    envelope = published.deposit(NODE, bytes(1216), epoch=EpochNumber(2))
    (published.folder / "inbox" / "1" / "node-1.envelope").write_bytes(envelope)
    sealed = open_first(published)
    assert NODE in sealed.lacking


def test_a_receiving_key_that_is_no_key_harms_only_its_member(published: World) -> None:
    published.deposit_holders()
    published.deposit(NODE, b"\xff" * 1216)
    published.deposit_receiving(GATEWAY)
    sealed = open_first(published)
    assert sealed.members == (GATEWAY,)
    assert sealed.lacking == (NODE,)


@pytest.mark.parametrize(
    ("member", "key", "federation"),
    [
        (BROKER, bytes(32), "pilot"),  # brokers have no epoch key
        (NODE, bytes(32), "pilot"),  # a key holder's kind of key
        (HOLDERS[0], bytes(1216), "pilot"),
        (NODE, bytes(1216), "other"),
    ],
)
def test_deposits_that_are_not_ones_to_make_are_refused(
    published: World, member: MemberId, key: bytes, federation: str
) -> None:
    statement = EpochKeyStatement(FederationId(federation), member, EPOCH, key, int(published.now))
    with refused(Code.NOT_ALLOWED):
        leave_at_issuer(published.ceremony, write_epoch_key(statement, published.keys[member]))


def test_the_next_epoch_overlaps_and_the_old_one_is_forgotten(running: World) -> None:
    second = EpochNumber(2)
    running.deposit_holders(second)
    running.deposit_receiving(NODE, epoch=second)
    start = int(running.now) + 83 * DAY
    with pytest.raises(Defect, match="next epoch is 2"):
        running.ceremony.open_epoch(EPOCH, Times.usual(start), running.now)
    running.ceremony.open_epoch(second, Times.usual(start), running.now)
    draft = running.ceremony.draft()
    assert [e.number for e in draft.parameters.epochs] == [EPOCH, second]
    assert opened(running, NODE, second).day == day_of(start - 7 * DAY - 180)
    assert opened(running, NODE, second).value != draft.peppers[EPOCH, NODE].sealed
    assert listed_key(running) != listed_key(running, second)
    assert {"1.requesters", "2.requesters"} <= set(offline(running))
    running.refresh(running.now + 92 * DAY)
    running.ceremony.seal_late(running.now + 92 * DAY)
    draft = running.ceremony.draft()
    assert [e.number for e in draft.parameters.epochs] == [second]
    assert {number for number, _ in draft.peppers} == {second}
    assert not [name for name in offline(running) if name.startswith("1.")]
    assert not (running.folder / "inbox" / "1").exists()


def test_a_theft_brings_a_new_epoch_soon(running: World) -> None:
    second, third = EpochNumber(2), EpochNumber(3)
    running.deposit_holders(second)
    later = int(running.now) + 80 * DAY
    running.ceremony.open_epoch(second, Times.usual(later), running.now)
    running.deposit_holders(third)
    running.deposit_receiving(NODE, epoch=third)
    soon = int(running.now) + 3600
    replacing = Times(int(running.now), soon, soon + 90 * DAY)
    running.ceremony.replace_epoch(third, replacing, 1800, running.now)
    first, last = running.ceremony.draft().parameters.epochs
    assert (first.number, first.ends_at) == (EPOCH, soon + 1800)
    assert (last.number, last.starts_at) == (third, soon)
    assert not [name for name in offline(running) if name.startswith("2.")]
    assert opened(running, NODE, third).value
    assert listed_key(running, third) != listed_key(running)
    assert listed_key(running, third) == public_of(running.ceremony.vault.requester_seed(third))
    running.publish()


def test_a_replacing_epoch_may_not_use_a_number_again(running: World) -> None:
    soon = int(running.now) + 3600
    replacing = Times(soon, soon, soon + DAY)
    with pytest.raises(Defect, match="next epoch is 2"):
        running.ceremony.replace_epoch(EPOCH, replacing, 1800, running.now)


@pytest.mark.parametrize("wrong", [(5, 4, 9), (1, 5, 5), (1, 5, 4), (0, 0, 98 * DAY)])
def test_times_that_make_no_epoch_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(Defect):
        Times(*wrong)


def test_a_member_that_is_removed_takes_its_pepper_along(running: World) -> None:
    running.ceremony.change(lambda d: changes.remove_member(d, GATEWAY))
    assert set(running.ceremony.draft().peppers) == {(EPOCH, NODE)}


def test_the_vault_refuses_a_file_of_another_epoch(running: World) -> None:
    folder = running.folder / "offline" / "peppers"
    (folder / "1.pepper").rename(folder / "2.pepper")
    with pytest.raises(Defect, match="another epoch"):
        running.ceremony.vault.on(EpochNumber(2), day_of(running.now), 0)


def test_no_number_is_given_twice(running: World) -> None:
    running.refresh(running.now + 200 * DAY)
    running.ceremony.seal_late(running.now + 200 * DAY)
    draft = running.ceremony.draft()
    assert [e.number for e in draft.parameters.epochs] == [EPOCH]
    assert draft.peppers == {}
    assert offline(running) == []
    assert draft.parameters.next_epoch == EpochNumber(2)


@pytest.mark.parametrize(
    ("step", "again"),
    [
        ("vault.Vault.create", "open"),
        ("vault.Vault.keep_requester_seed", "open"),
        ("vault.Vault.on", "open"),
        ("draft.write_draft", "open"),
        ("vault.Vault.record_sealed", "late"),
    ],
)
def test_an_opening_that_was_interrupted_goes_on(
    published: World, monkeypatch: pytest.MonkeyPatch, step: str, again: str
) -> None:
    deposit_all(published)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"authority.{step}", stop)
        with pytest.raises(KeyboardInterrupt):
            open_first(published)
    left = published.ceremony.vault.requester_seed(EPOCH)
    assert bool(left) is (step not in {"vault.Vault.create", "vault.Vault.keep_requester_seed"})
    if again == "open":
        open_first(published)
    else:
        published.ceremony.seal_late(published.now)
    published.publish()
    seed = published.ceremony.vault.requester_seed(EPOCH)
    assert left in {b"", seed}
    assert seed_of(published, GATEWAY) == seed
    assert listed_key(published) == public_of(seed)
    assert opened(published, NODE).value == opened(published, GATEWAY).value
    assert set(published.ceremony.vault.sealed_to(EPOCH)) == {NODE, GATEWAY}


def test_an_erasure_that_was_interrupted_leaves_no_secret(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    later = running.now + 200 * DAY
    running.refresh(later)
    with monkeypatch.context() as patched:
        patched.setattr("authority.vault.remove_unfinished", stop)
        with pytest.raises(KeyboardInterrupt):
            running.ceremony.seal_late(later)
    assert offline(running) == []
    (running.folder / "offline" / "peppers" / "1.pepper").write_bytes(bytes(40))
    running.ceremony.seal_late(later)  # found by the pepper, which is erased last
    assert offline(running) == []


@pytest.mark.parametrize("change", ["gone", "another's"])
def test_late_is_refused_on_a_machine_without_the_requesters_key(
    running: World, change: str
) -> None:
    """A gateway that got another key would make queries that everybody refuses."""
    late = MemberId("gateway-2")
    running.enrol(late, Party.GATEWAY, lookups_per_day=5)
    running.deposit_receiving(late)
    path = running.folder / "offline" / "peppers" / "1.requesters"
    seed = path.read_bytes()
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(bytes([seed[0] ^ 1]) + seed[1:])
    before = running.ceremony.draft()
    with pytest.raises(Defect, match="requesters' key of epoch 1 is not on this machine"):
        running.ceremony.seal_late(running.now)
    assert running.ceremony.draft() == before
    path.unlink(missing_ok=True)
    running.ceremony.vault.keep_requester_seed(EPOCH, seed)
    (sealed,) = running.ceremony.seal_late(running.now)
    assert sealed.members == (late,)


def test_a_seed_of_another_size_or_open_to_others_is_refused(running: World) -> None:
    path = running.folder / "offline" / "peppers" / "1.requesters"
    assert path.stat().st_mode & 0o777 == 0o600
    seed = path.read_bytes()
    path.write_bytes(seed[:31])
    with pytest.raises(Defect):
        running.ceremony.seal_late(running.now)
    path.write_bytes(seed)
    path.chmod(0o644)
    with pytest.raises(Defect):
        running.ceremony.seal_late(running.now)


def test_a_seed_is_made_once(running: World) -> None:
    vault = running.ceremony.vault
    seed = vault.requester_seed(EPOCH)
    vault.keep_requester_seed(EPOCH, bytes(32))
    assert vault.requester_seed(EPOCH) == seed
    assert vault.requester_seed(EpochNumber(2)) == b""


def test_a_pepper_of_an_earlier_attempt_that_begins_too_late_is_not_used(published: World) -> None:
    published.deposit_holders()
    published.ceremony.vault.create(Pepper(EPOCH, day_of(published.now) + 5, bytes(32)))
    with pytest.raises(Defect, match="begins on a later day"):
        open_first(published)
    assert published.ceremony.draft().parameters.epochs == ()
