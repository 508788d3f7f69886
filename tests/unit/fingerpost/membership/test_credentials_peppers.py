"""Peppers come once an epoch and turn on every night; none of the past is left in the folder."""

from __future__ import annotations

import asyncio
import io
import random
import secrets
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.member_list import NODE as ME
from fakes.pepper_folder import pepper_files
from fakes.refusals import refused
from fakes.repository import DAY, listed
from fakes.simulated_holders import QuietLog
from fingerpost.membership import peppers
from fingerpost.membership.epoch_keys import earliest_day, epochs_to_prepare
from fingerpost.membership.member_list import MEMBER_LIST_EVENTS, MemberList
from fingerpost.membership.peppers import (
    PEPPER_EVENTS,
    PepperStore,
    PepperUpkeep,
    keep_peppers,
)
from fingerpost.private.locators import PEPPER_BYTES, Pepper
from fingerpost.private.pepper_sealing import new_pepper, seal_pepper
from fingerpost.private.sealing import HybridKey
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import day_of, day_of_slot, slots_to_hold
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import create_file, replace_file
from unit.fingerpost.membership.conftest import World

MIDNIGHT = (NOW // DAY + 1) * DAY
TODAY = day_of(NOW)
THREE, FOUR, FIVE = map(EpochNumber, (3, 4, 5))
PARAMETERS = listed(NOW).parameters  # epoch 3 runs for 3 days yet, 4 is announced


PEPPER = Pepper(THREE, TODAY, bytes(range(PEPPER_BYTES)))


SEED = bytes(range(100, 132))


def sealed_for(store: PepperStore, pepper: Pepper = PEPPER, seed: bytes = b"") -> SealedPepper:
    return seal_pepper(pepper, ME, dict(store.prepare(PARAMETERS, NOW))[pepper.epoch], seed)


def a_stranger_s_key() -> bytes:
    return HybridKey.generate(secrets.token_bytes).public_key


@contextmanager
def failing_erasures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(path: Path, data: bytes) -> None:
        assert not data
        raise Defect(f"{path}: the disk failed")

    with monkeypatch.context() as disk:
        disk.setattr(peppers, "replace_file", fail)
        yield


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "peppers"


@pytest.fixture
def store(folder: Path) -> PepperStore:
    return PepperStore(pepper_files(folder), ME)


class TestWhichEpochs:
    def test_those_announced_and_the_next(self) -> None:
        assert epochs_to_prepare(PARAMETERS, (), NOW) == (THREE, FOUR, FIVE)
        assert epochs_to_prepare(PARAMETERS, {FOUR}, NOW) == (THREE, FIVE)

    def test_the_first_before_any(self) -> None:
        none = replace(PARAMETERS, epochs=())
        assert epochs_to_prepare(none, (), NOW) == (EpochNumber(1),)
        assert PARAMETERS.next_epoch == FIVE

    def test_none_that_is_over(self) -> None:
        end = PARAMETERS.epochs[0].ends_at
        assert epochs_to_prepare(PARAMETERS, (), end + 179) == (THREE, FOUR, FIVE)
        assert epochs_to_prepare(PARAMETERS, (), end + 180) == (FOUR, FIVE)
        assert PARAMETERS.epochs[0].is_over(end + 180)


class TestReceiving:
    def test_a_key_is_made_once_for_its_owner(self, store: PepperStore, folder: Path) -> None:
        awaited = store.prepare(PARAMETERS, NOW)
        assert [epoch for epoch, _ in awaited] == [THREE, FOUR, FIVE]
        assert {len(key) for _, key in awaited} == {1216}
        assert names(folder) == ["3.key", "4.key", "5.key"]
        assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
        assert store.prepare(PARAMETERS, NOW) == awaited
        assert PepperStore(pepper_files(folder), ME).prepare(PARAMETERS, NOW) == awaited

    def test_what_arrives_is_kept_and_its_key_erased(
        self, store: PepperStore, folder: Path
    ) -> None:
        sealed = sealed_for(store)
        assert store.open(sealed, NOW)
        assert store.pepper(THREE, TODAY) == PEPPER
        assert names(folder) == [f"3.{TODAY}.pepper", "4.key", "5.key"]
        assert stat.S_IMODE((folder / f"3.{TODAY}.pepper").stat().st_mode) == 0o600
        assert [epoch for epoch, _ in store.prepare(PARAMETERS, NOW)] == [FOUR, FIVE]

    def test_it_is_opened_once(self, store: PepperStore) -> None:
        sealed = sealed_for(store)
        assert store.open(sealed, NOW)
        assert not store.open(sealed, NOW)

    def test_one_that_is_not_for_this_key(self, store: PepperStore, folder: Path) -> None:
        sealed_for(store)
        wrong = seal_pepper(PEPPER, ME, a_stranger_s_key())
        with refused(Code.BAD_SEAL):
            store.open(wrong, NOW)
        other_day = replace(sealed_for(store), day=TODAY + 1)
        with refused(Code.BAD_SEAL):
            store.open(other_day, NOW)
        assert names(folder) == ["3.key", "4.key", "5.key"]
        assert store.open(sealed_for(store), NOW)

    def test_one_that_is_not_awaited(self, store: PepperStore) -> None:
        key = a_stranger_s_key()
        mine, theirs = seal_pepper(PEPPER, ME, key), seal_pepper(PEPPER, MemberId("x"), key)
        with refused(Code.NOT_READY):
            store.open(mine, NOW)
        with refused(Code.NOT_ALLOWED):
            store.open(theirs, NOW)

    def test_late_in_the_epoch_only_today_s_is_kept(self, store: PepperStore, folder: Path) -> None:
        first = new_pepper(THREE, TODAY - 80, secrets.token_bytes)
        store.open(sealed_for(store, first), NOW)
        assert store.pepper(THREE, TODAY) == first.at(TODAY)
        with refused(Code.NOT_READY):
            store.pepper(THREE, TODAY - 1)
        assert f"3.{TODAY}.pepper" in names(folder)

    def test_before_the_epoch_its_first_day_is_kept(self, store: PepperStore, folder: Path) -> None:
        first = new_pepper(FOUR, TODAY + 3, secrets.token_bytes)
        store.open(sealed_for(store, first), NOW)
        store.ratchet(PARAMETERS, NOW)
        assert store.pepper(FOUR, TODAY + 3) == first
        with refused(Code.NOT_READY):
            store.pepper(FOUR, TODAY)
        assert f"4.{TODAY + 3}.pepper" in names(folder)


WEEK = 7 * DAY


class TestKeysThatWait:
    """A receiving key is of use to a thief for two weeks, however long it waits for its pepper."""

    def test_it_is_replaced_after_a_week_and_gone_after_two(
        self, store: PepperStore, folder: Path
    ) -> None:
        (first, *_) = (key for _, key in store.prepare(PARAMETERS, NOW))
        secret = (folder / "3.key").read_bytes()
        store.renew_keys(NOW + WEEK - DAY)
        assert dict(store.prepare(PARAMETERS, NOW))[THREE] == first
        store.renew_keys(NOW + WEEK)
        assert dict(store.prepare(PARAMETERS, NOW))[THREE] != first
        assert (folder / "3.earlier").read_bytes()[:100] == secret[:100]
        store.renew_keys(NOW + 2 * WEEK)
        assert secret[:32] not in b"".join(path.read_bytes() for path in folder.iterdir())

    def test_what_was_sealed_to_the_key_before_still_opens(
        self, store: PepperStore, folder: Path
    ) -> None:
        sealed = sealed_for(store, seed=SEED)
        store.renew_keys(NOW + WEEK)
        again = PepperStore(pepper_files(folder), ME)
        assert again.open(sealed, NOW)
        assert again.pepper(THREE, TODAY) == PEPPER
        assert (folder / "3.requesters").read_bytes().startswith(SEED)
        assert not [name for name in names(folder) if name in ("3.key", "3.earlier")]

    def test_what_was_sealed_to_the_newest_key_opens(self, store: PepperStore) -> None:
        store.prepare(PARAMETERS, NOW)
        store.renew_keys(NOW + WEEK)
        assert store.open(sealed_for(store), NOW)

    def test_a_key_of_a_fortnight_ago_opens_nothing(self, store: PepperStore) -> None:
        sealed = sealed_for(store)
        for weeks in (1, 2):
            store.renew_keys(NOW + weeks * WEEK)
        with refused(Code.BAD_SEAL):
            store.open(sealed, NOW)

    def test_all_goes_with_its_epoch(self, store: PepperStore, folder: Path) -> None:
        store.prepare(PARAMETERS, NOW)
        store.renew_keys(NOW + WEEK)
        store.ratchet(PARAMETERS, PARAMETERS.epochs[0].ends_at + 180)
        assert names(folder) == ["4.earlier", "4.key", "5.earlier", "5.key"]

    def test_a_crash_in_between_loses_no_key(
        self, store: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealed = sealed_for(store)

        def stop_at_the_key(path: Path, data: bytes) -> None:
            if path.suffix == ".key":
                raise KeyboardInterrupt
            replace_file(path, data)

        with monkeypatch.context() as stopped:
            stopped.setattr("fingerpost.membership.pepper_files.replace_file", stop_at_the_key)
            with pytest.raises(KeyboardInterrupt):
                store.renew_keys(NOW + WEEK)
        assert PepperStore(pepper_files(folder), ME).open(sealed, NOW)


class TestTurningOn:
    @pytest.fixture
    def held(self, store: PepperStore) -> PepperStore:
        store.open(sealed_for(store), NOW)
        return store

    def test_tomorrow_s_is_at_hand_before_midnight(self, held: PepperStore) -> None:
        held.ratchet(PARAMETERS, MIDNIGHT - 61)
        assert held.pepper(THREE, TODAY + 1) == PEPPER.next()
        assert held.pepper(THREE, TODAY) == PEPPER

    def test_yesterday_s_goes_with_its_last_slot(self, held: PepperStore, folder: Path) -> None:
        held.ratchet(PARAMETERS, MIDNIGHT + 179)
        assert held.pepper(THREE, TODAY) == PEPPER
        held.ratchet(PARAMETERS, MIDNIGHT + 180)
        with refused(Code.NOT_READY):
            held.pepper(THREE, TODAY)
        assert names(folder) == [f"3.{TODAY + 1}.pepper", "4.key", "5.key"]
        again = PepperStore(pepper_files(folder), ME)
        assert again.pepper(THREE, TODAY + 1) == PEPPER.next()
        assert PEPPER.value not in b"".join(p.read_bytes() for p in folder.iterdir())

    @given(st.integers(0, 2 * DAY))
    def test_all_slots_to_hold_have_their_pepper_whenever_it_turns(
        self, tmp_path_factory: pytest.TempPathFactory, seconds: int
    ) -> None:
        store = PepperStore(pepper_files(tmp_path_factory.mktemp("peppers")), ME)
        store.open(sealed_for(store), NOW)
        now = NOW + seconds
        store.ratchet(PARAMETERS, now)
        for slot in slots_to_hold(now):
            day = day_of_slot(slot)
            assert store.pepper(THREE, day).slot_key(slot) == PEPPER.at(day).slot_key(slot)
        assert earliest_day(now) == day_of_slot(slots_to_hold(now)[0])
        with refused(Code.NOT_READY):
            store.pepper(THREE, earliest_day(now) - 1)

    def test_after_days_off_it_catches_up(self, held: PepperStore, folder: Path) -> None:
        held.ratchet(PARAMETERS, NOW + 2 * DAY)
        assert f"3.{TODAY + 2}.pepper" in names(folder)

    @pytest.mark.parametrize("days", [1, 100])
    def test_what_could_not_be_erased_goes_with_the_next_turn(
        self, store: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch, days: int
    ) -> None:
        """A disk that fails for a moment, at midnight or when an epoch is over."""
        store.renew_keys(NOW + WEEK)
        sealed = sealed_for(store, seed=SEED)
        with failing_erasures(monkeypatch), pytest.raises(Defect):
            store.open(sealed, NOW)
        assert store.pepper(THREE, TODAY) == PEPPER
        with failing_erasures(monkeypatch), pytest.raises(Defect):
            store.ratchet(PARAMETERS, MIDNIGHT + 180 + (days - 1) * DAY)
        store.ratchet(PARAMETERS, MIDNIGHT + 180 + (days - 1) * DAY)
        left = [] if days > 1 else [f"3.{TODAY + 1}.pepper", "3.requesters"]
        assert [name for name in names(folder) if name.startswith("3.")] == left

    def test_nothing_is_left_of_an_epoch_once_over(self, held: PepperStore, folder: Path) -> None:
        end = PARAMETERS.epochs[0].ends_at
        held.ratchet(PARAMETERS, end + 179)
        held.pepper(THREE, day_of(end - 1))
        held.ratchet(PARAMETERS, end + 180)
        assert names(folder) == ["4.key", "5.key"]
        with refused(Code.NOT_READY):
            held.pepper(THREE, day_of(end))

    def test_nothing_is_left_of_an_epoch_older_than_all_announced(
        self, held: PepperStore, folder: Path
    ) -> None:
        only_four = replace(PARAMETERS, epochs=PARAMETERS.epochs[1:])
        held.ratchet(only_four, NOW)
        assert names(folder) == ["4.key", "5.key"]

    def test_an_epoch_that_is_not_named_for_a_while_is_not_lost(
        self, held: PepperStore, folder: Path
    ) -> None:
        held.ratchet(replace(PARAMETERS, epochs=()), NOW)
        held.pepper(THREE, TODAY)

    def test_keys_of_epochs_over_go(self, store: PepperStore, folder: Path) -> None:
        store.prepare(PARAMETERS, NOW)
        store.ratchet(PARAMETERS, PARAMETERS.epochs[0].ends_at + 180)
        assert names(folder) == ["4.key", "5.key"]


class TestRequestersKey:
    """A gateway receives the key that all gateways share beside the pepper of an epoch."""

    @pytest.fixture
    def held(self, store: PepperStore) -> PepperStore:
        store.open(sealed_for(store, seed=SEED), NOW)
        return store

    def test_it_is_kept_for_its_owner(self, held: PepperStore, folder: Path) -> None:
        path = folder / "3.requesters"
        assert names(folder) == [f"3.{TODAY}.pepper", "3.requesters", "4.key", "5.key"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes()[: len(SEED)] == SEED
        assert pepper_files(folder).read_requester_key(path).private_bytes_raw() == SEED
        assert held.pepper(THREE, TODAY) == PEPPER

    def test_a_node_has_none(self, store: PepperStore, folder: Path) -> None:
        store.open(sealed_for(store), NOW)
        assert names(folder) == [f"3.{TODAY}.pepper", "4.key", "5.key"]

    def test_it_stays_over_a_restart_and_every_night(self, held: PepperStore, folder: Path) -> None:
        again = PepperStore(pepper_files(folder), ME)
        again.ratchet(PARAMETERS, NOW + DAY)
        assert names(folder) == [f"3.{TODAY + 1}.pepper", "3.requesters", "4.key", "5.key"]
        assert (folder / "3.requesters").read_bytes()[: len(SEED)] == SEED

    def test_each_epoch_has_its_own(self, held: PepperStore, folder: Path) -> None:
        fourth = new_pepper(FOUR, TODAY, secrets.token_bytes)
        held.open(sealed_for(held, fourth, bytes(32)), NOW)
        assert (folder / "3.requesters").read_bytes()[: len(SEED)] == SEED
        assert (folder / "4.requesters").read_bytes()[:32] == bytes(32)
        held.ratchet(PARAMETERS, PARAMETERS.epochs[0].ends_at + 180)
        assert "3.requesters" not in names(folder)
        assert "4.requesters" in names(folder)

    @pytest.mark.parametrize("restarted", [False, True])
    def test_it_is_erased_with_its_epoch(
        self, held: PepperStore, folder: Path, restarted: bool
    ) -> None:
        store = PepperStore(pepper_files(folder), ME) if restarted else held
        end = PARAMETERS.epochs[0].ends_at
        store.ratchet(PARAMETERS, end + 179)
        assert "3.requesters" in names(folder)
        store.ratchet(PARAMETERS, end + 180)
        assert names(folder) == ["4.key", "5.key"]
        PepperStore(pepper_files(folder), ME).ratchet(PARAMETERS, end + 180)
        assert names(folder) == ["4.key", "5.key"]

    def test_it_is_erased_with_an_epoch_older_than_all_announced(
        self, held: PepperStore, folder: Path
    ) -> None:
        held.ratchet(replace(PARAMETERS, epochs=PARAMETERS.epochs[1:]), NOW)
        assert names(folder) == ["4.key", "5.key"]

    def test_it_is_erased_though_the_pepper_is_gone(self, folder: Path) -> None:
        """The power failed between the erasure of the one and that of the other."""
        folder.mkdir()
        pepper_files(folder).write_requester_seed(THREE, SEED)
        PepperStore(pepper_files(folder), ME).ratchet(
            PARAMETERS, PARAMETERS.epochs[0].ends_at + 180
        )
        assert names(folder) == []

    def test_an_erasure_that_was_interrupted_is_finished(
        self, held: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        end = PARAMETERS.epochs[0].ends_at + 180
        erase = peppers._erase

        def stop_at_the_key(path: Path) -> None:
            if path.name.endswith(".requesters"):
                raise KeyboardInterrupt
            erase(path)

        with monkeypatch.context() as stopped:
            stopped.setattr(peppers, "_erase", stop_at_the_key)
            with pytest.raises(KeyboardInterrupt):
                held.ratchet(PARAMETERS, end)
        assert "3.requesters" in names(folder)
        again = PepperStore(pepper_files(folder), ME)
        again.ratchet(PARAMETERS, end)
        assert names(folder) == ["4.key", "5.key"]
        (folder / "3.requesters").write_bytes(b"")  # as an erasure leaves it for a moment
        PepperStore(pepper_files(folder), ME)
        assert names(folder) == ["4.key", "5.key"]

    def test_it_is_received_again_where_the_pepper_was_not_yet_written(
        self, store: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The key that opens both is destroyed after both are on the disk."""
        sealed = sealed_for(store, seed=SEED)

        def stop_at_the_pepper(path: Path, data: bytes) -> None:
            if path.name.endswith(".pepper"):
                raise KeyboardInterrupt
            replace_file(path, data)

        with monkeypatch.context() as stopped:
            stopped.setattr("fingerpost.membership.pepper_files.replace_file", stop_at_the_pepper)
            with pytest.raises(KeyboardInterrupt):
                store.open(sealed, NOW)
        assert names(folder) == ["3.key", "3.requesters", "4.key", "5.key"]
        again = PepperStore(pepper_files(folder), ME)
        assert [epoch for epoch, _ in again.prepare(PARAMETERS, NOW)] == [THREE, FOUR, FIVE]
        assert again.open(sealed, NOW)
        assert again.pepper(THREE, TODAY) == PEPPER
        assert (folder / "3.requesters").read_bytes()[: len(SEED)] == SEED

    @pytest.mark.parametrize("size", [1, 31, 32, 33, 49])
    def test_a_file_of_another_size_stops_it(
        self, held: PepperStore, folder: Path, size: int
    ) -> None:
        (folder / "3.requesters").write_bytes(bytes(size))
        with pytest.raises(Defect):
            PepperStore(pepper_files(folder), ME)

    def test_a_file_open_to_others_stops_it(self, held: PepperStore, folder: Path) -> None:
        (folder / "3.requesters").chmod(0o640)
        with pytest.raises(Defect, match="open to group or others"):
            PepperStore(pepper_files(folder), ME)

    def test_a_number_that_is_no_epoch_stops_it(self, folder: Path) -> None:
        folder.mkdir()
        create_file(folder / "9999999999.requesters", SEED)
        with pytest.raises(Defect, match="not a number of an epoch"):
            PepperStore(pepper_files(folder), ME)

    def test_what_a_write_left_is_erased(self, folder: Path) -> None:
        folder.mkdir()
        (folder / ".3.requesters.0011223344556677").write_bytes(SEED)
        PepperStore(pepper_files(folder), ME)
        assert names(folder) == []

    def test_nothing_of_a_pepper_that_does_not_open_is_kept(
        self, store: PepperStore, folder: Path
    ) -> None:
        sealed_for(store)
        with refused(Code.BAD_SEAL):
            store.open(seal_pepper(PEPPER, ME, a_stranger_s_key(), SEED), NOW)
        with refused(Code.MALFORMED):
            store.open(sealed_for(store, Pepper(THREE, TODAY, bytes(32)), SEED), NOW)
        assert names(folder) == ["3.key", "4.key", "5.key"]


class TestStoppedHalfWay:
    """The power may fail between any two steps."""

    def test_opened_and_the_key_not_yet_destroyed(
        self, store: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealed = sealed_for(store)
        with monkeypatch.context() as stopped:
            stopped.setattr(peppers, "_erase", stop)
            with pytest.raises(KeyboardInterrupt):
                store.open(sealed, NOW)
        assert {"3.key", f"3.{TODAY}.pepper"} <= set(names(folder))
        again = PepperStore(pepper_files(folder), ME)
        assert "3.key" not in names(folder)
        assert again.pepper(THREE, TODAY) == PEPPER

    def test_turned_on_and_yesterday_s_not_yet_erased(
        self, store: PepperStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.open(sealed_for(store), NOW)
        with monkeypatch.context() as stopped:
            stopped.setattr(peppers, "_erase", stop)
            with pytest.raises(KeyboardInterrupt):
                store.ratchet(PARAMETERS, NOW + DAY)
        again = PepperStore(pepper_files(folder), ME)
        assert again.pepper(THREE, TODAY + 1) == PEPPER.next()
        assert names(folder) == [f"3.{TODAY + 1}.pepper", "4.key", "5.key"]

    def test_what_a_write_or_erasure_left_is_erased(self, store: PepperStore, folder: Path) -> None:
        (folder / f".3.{TODAY}.pepper.0011223344556677").write_bytes(bytes(32))
        (folder / "2.key").write_bytes(b"")
        PepperStore(pepper_files(folder), ME)
        assert names(folder) == []

    @pytest.mark.parametrize("name", ["3.key", "3.20000.pepper", "9999999999.key"])
    def test_a_file_that_is_no_secret_of_ours_stops_it(self, folder: Path, name: str) -> None:
        folder.mkdir()
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(b"short")
        with pytest.raises(Defect):
            PepperStore(pepper_files(folder), ME)

    @pytest.mark.parametrize("bit", [0, 100, 8 * PEPPER_BYTES - 1, 8 * PEPPER_BYTES, 383])
    def test_one_bit_that_turned_over_stops_it(
        self, store: PepperStore, folder: Path, bit: int
    ) -> None:
        """A pepper that is wrong by one bit finds nobody: every answer would be a "no"."""
        store.open(sealed_for(store), NOW)
        path = folder / f"3.{TODAY}.pepper"
        turned = bytearray(path.read_bytes())
        turned[bit // 8] ^= 1 << bit % 8
        path.write_bytes(turned)
        with pytest.raises(Defect, match="damaged"):
            PepperStore(pepper_files(folder), ME)

    @pytest.mark.parametrize("name", [f"3.{TODAY + 1}.pepper", f"4.{TODAY}.pepper"])
    def test_a_pepper_under_another_s_name_stops_it(
        self, store: PepperStore, folder: Path, name: str
    ) -> None:
        store.open(sealed_for(store), NOW)
        (folder / f"3.{TODAY}.pepper").rename(folder / name)
        with pytest.raises(Defect, match="damaged"):
            PepperStore(pepper_files(folder), ME)

    def test_zeros_are_nobody_s_pepper(self, store: PepperStore, folder: Path) -> None:
        for zeros in (Pepper(THREE, TODAY, bytes(32)), Pepper(THREE, TODAY - 1, bytes(32))):
            sealed = sealed_for(store, zeros)
            with refused(Code.MALFORMED):
                store.open(sealed, NOW)
        assert "3.key" in names(folder)
        with refused(Code.MALFORMED):
            pepper_files(folder).write_pepper(Pepper(THREE, TODAY, bytes(32)))
        # As somebody could write them who has the key of the checksums.
        path = folder / f"3.{TODAY}.pepper"
        create_file(path, pepper_files(folder)._checked(path, bytes(32)))
        with pytest.raises(Defect, match="no pepper"):
            PepperStore(pepper_files(folder), ME)

    def test_a_file_open_to_others_stops_it(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "3.20000.pepper").write_bytes(bytes(32))
        (folder / "3.20000.pepper").chmod(0o644)
        with pytest.raises(Defect, match="open to group or others"):
            PepperStore(pepper_files(folder), ME)


def stop(path: Path) -> None:
    raise KeyboardInterrupt


class Keeping:
    """A member that keeps its peppers beside a repository whose authority seals to what is
    deposited.
    """

    def __init__(self, world: World) -> None:
        self.clock = ManualClock(NOW)
        self.world = world
        self.members = MemberList()
        self.members.update(world.refresh())
        self.store = PepperStore(pepper_files(world.folder / "peppers"), ME)
        self.deposited: list[tuple[EpochNumber, bytes]] = []
        self.refuses: Code | None = None
        self.log = io.StringIO()
        catalogue = {**PEPPER_EVENTS, **MEMBER_LIST_EVENTS}
        log = logs.configure("test", catalogue, strict=True, stream=self.log, now=self.clock.now)
        env = Env(self.clock, log, random.Random(1).random)
        self._task = asyncio.ensure_future(
            keep_peppers(self.store, world.client, self.members, self.deposit, self.clock.now, env)
        )

    async def deposit(self, epoch: EpochNumber, public_key: bytes) -> None:
        if self.refuses is not None:
            raise Refused(self.refuses, "issuer")
        self.deposited.append((epoch, public_key))

    def publish(self, pepper: Pepper = PEPPER) -> None:
        key = dict(self.deposited)[pepper.epoch]
        self.world.publish(peppers=[seal_pepper(pepper, ME, key)])
        self.members.update(self.world.refresh(self.clock.now()))

    def awaited(self) -> dict[EpochNumber, bytes]:
        """The keys that are deposited now, or are to be."""
        return dict(self.store.prepare(PARAMETERS, self.clock.now()))

    async def asleep(self) -> None:
        async with asyncio.timeout(10):
            while self.clock.sleeping < 2:
                await self.clock.settle()

    async def run_for(self, seconds: float) -> None:
        await self.asleep()
        self.clock.advance(seconds)
        await self.asleep()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.fixture
async def keeping(world: World) -> AsyncIterator[Keeping]:
    made = Keeping(world)
    yield made
    await made.stop()


class TestKeeping:
    async def test_what_cannot_be_erased_keeps_no_pepper_out(
        self, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await keeping.asleep()
        keeping.publish()
        with failing_erasures(monkeypatch):
            (keeping.store._files.folder / "2.key").write_bytes(b"")
            keeping.store._earlier[EpochNumber(2)] = keeping.store._keys[THREE]
            await keeping.run_for(20)
        assert keeping.store.pepper(THREE, TODAY) == PEPPER

    async def test_from_deposit_to_pepper(self, keeping: Keeping) -> None:
        await keeping.asleep()
        assert [epoch for epoch, _ in keeping.deposited] == [THREE, FOUR, FIVE]
        keeping.publish()
        await keeping.run_for(20)
        assert keeping.store.pepper(THREE, TODAY) == PEPPER
        await keeping.run_for(MIDNIGHT + 200 - keeping.clock.now())
        with refused(Code.NOT_READY):
            keeping.store.pepper(THREE, TODAY)
        assert keeping.log.getvalue().count("pepper.opened") == 1

    async def test_keys_are_left_again_until_the_pepper_comes(self, keeping: Keeping) -> None:
        await keeping.run_for(400)
        assert len(keeping.deposited) == 3
        keeping.publish()
        await keeping.run_for(20)
        await keeping.run_for(6 * 3600)
        assert [epoch for epoch, _ in keeping.deposited[3:]] == [FOUR, FIVE]

    async def test_a_key_is_replaced_once_the_issuer_has_it(self, keeping: Keeping) -> None:
        await keeping.asleep()
        first = dict(keeping.deposited)
        keeping.refuses = Code.UNAVAILABLE
        keeping.clock.step_wall(WEEK)
        await keeping.run_for(301)
        keeping.world.repository.tick(keeping.clock.now())
        keeping.members.update(keeping.world.refresh(keeping.clock.now()))
        await keeping.run_for(301)
        assert keeping.awaited()[FIVE] == first[FIVE], "the issuer has no other"
        keeping.refuses = None
        for _ in range(3):
            await keeping.run_for(301)
        assert keeping.awaited()[FIVE] != first[FIVE]
        assert dict(keeping.deposited)[FIVE] == keeping.awaited()[FIVE]

    async def test_an_issuer_that_is_away_is_asked_again(self, keeping: Keeping) -> None:
        keeping.refuses = Code.UNAVAILABLE
        await keeping.asleep()
        keeping.refuses = None
        await keeping.run_for(301)
        assert [epoch for epoch, _ in keeping.deposited] == [THREE, FOUR, FIVE]

    async def test_yesterday_s_pepper_goes_though_the_list_ran_out(self, keeping: Keeping) -> None:
        await keeping.asleep()
        keeping.publish()
        await keeping.run_for(20)
        await keeping.run_for(2 * DAY)
        with refused(Code.UNTRUSTED_METADATA):
            keeping.members.at(keeping.clock.now())
        with refused(Code.NOT_READY):
            keeping.store.pepper(THREE, TODAY + 1)
        keeping.store.pepper(THREE, TODAY + 2)

    async def test_one_that_does_not_open_is_reported_once(self, keeping: Keeping) -> None:
        await keeping.asleep()
        sealed = seal_pepper(PEPPER, ME, a_stranger_s_key())
        keeping.world.publish(peppers=[sealed])
        keeping.members.update(keeping.world.refresh())
        for _ in range(3):
            await keeping.run_for(20)
        assert keeping.log.getvalue().count("pepper.not_opened") == 1
        keeping.publish()
        await keeping.run_for(20)
        assert keeping.store.pepper(THREE, TODAY) == PEPPER


async def test_processes_that_come_one_after_the_other_leave_a_key_once_in_six_hours(
    keeping: Keeping, tmp_path: Path
) -> None:
    await keeping.stop()
    left = tmp_path / "peppers.left"

    async def once() -> int:
        before = len(keeping.deposited)
        store, client, members = keeping.store, keeping.world.client, keeping.members
        upkeep = PepperUpkeep(
            store,
            client,
            members,
            keeping.deposit,
            keeping.clock.now,
            keeping.clock,
            QuietLog(),
            left,
        )
        await upkeep.tend()
        await upkeep.leave_keys()
        return len(keeping.deposited) - before

    assert [await once(), await once()] == [3, 0]
    left.write_bytes(b"damaged")
    assert [await once(), await once()] == [3, 0]
    keeping.clock.advance(6 * 3600)
    assert [await once(), await once()] == [3, 0]
    # A time that a clock ahead of the true time wrote does not hold a key back.
    keeping.clock.step_wall(-6 * 3600 - 1)
    assert await once() == 3
