"""One process keeps a gateway's state, any number read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.federations import public, requester_key
from fakes.pepper_folder import pepper_files
from fakes.refusals import refused
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.locators import Pepper
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Epoch, Parameters
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.runtime.files import create_file
from practitioner.asking.kept_state import KeptPeppers

ME = MemberId("gateway")
DAY = 86_400
SEED = requester_key(EpochNumber(1)).private_bytes_raw()
NOW = 20_000 * DAY + 3600.0
ONE = EpochNumber(1)
PARAMETERS = Parameters(
    FederationId("demo"),
    1,
    1,
    MemberId("broker"),
    MemberId("issuer"),
    (MemberId("a"), MemberId("b")),
    (
        Epoch(
            ONE, int(NOW) - DAY, int(NOW) - DAY, int(NOW) + 90 * DAY, {}, public(requester_key(ONE))
        ),
    ),
)


def filled(folder: Path) -> PepperStore:
    store = PepperStore(pepper_files(folder), ME)
    keys = dict(store.prepare(PARAMETERS, NOW))
    pepper = Pepper(ONE, 19_999, bytes(range(32)))
    store.open(seal_pepper(pepper, ME, keys[ONE], SEED), NOW)
    return store


def test_a_reader_sees_what_the_keeper_keeps_and_leaves_it_alone(tmp_path: Path) -> None:
    folder = tmp_path / "peppers"
    store = filled(folder)
    (folder / ".1.20000.pepper.0011223344556677").write_bytes(b"half written")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    peppers = KeptPeppers(pepper_files(folder))
    with refused(Code.NOT_READY):
        peppers.pepper(ONE, 20_000)
    with refused(Code.NOT_READY):
        peppers.requester_key(ONE)
    peppers.reread()
    assert peppers.pepper(ONE, 20_000).value == store.pepper(ONE, 20_000).value
    assert peppers.requester_key(ONE).private_bytes_raw() == SEED
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    store.ratchet(PARAMETERS, NOW + DAY)
    peppers.reread()
    assert peppers.pepper(ONE, 20_001).value == store.pepper(ONE, 20_001).value
    assert peppers.requester_key(ONE).private_bytes_raw() == SEED
    with refused(Code.NOT_READY):
        peppers.pepper(ONE, 20_000)


def test_the_requesters_key_goes_with_its_epoch(tmp_path: Path) -> None:
    store = filled(tmp_path)
    peppers = KeptPeppers(pepper_files(tmp_path))
    peppers.reread()
    with refused(Code.NOT_READY):
        peppers.requester_key(EpochNumber(2))
    store.ratchet(PARAMETERS, NOW + 91 * DAY)
    peppers.reread()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("1.")] == []
    with refused(Code.NOT_READY):
        peppers.requester_key(ONE)


def test_an_erasure_of_the_requesters_key_under_way(tmp_path: Path) -> None:
    create_file(tmp_path / "1.requesters", b"")
    peppers = KeptPeppers(pepper_files(tmp_path))
    peppers.reread()
    with refused(Code.NOT_READY):
        peppers.requester_key(ONE)


@pytest.mark.parametrize(("seed", "mode"), [(SEED, 0o644), (SEED[:-1], 0o600), (SEED * 2, 0o600)])
def test_a_requesters_key_open_to_others_or_of_another_size_is_reported(
    tmp_path: Path, seed: bytes, mode: int
) -> None:
    pepper_files(tmp_path).write_requester_seed(ONE, seed)
    (tmp_path / "1.requesters").chmod(mode)
    with pytest.raises(Defect):
        KeptPeppers(pepper_files(tmp_path)).reread()


def test_two_days_of_one_epoch_and_an_erasure_under_way(tmp_path: Path) -> None:
    first = Pepper(ONE, 20_000, bytes(range(32)))
    pepper_files(tmp_path).write_pepper(first)
    pepper_files(tmp_path).write_pepper(first.next())
    create_file(tmp_path / "2.20000.pepper", b"")
    peppers = KeptPeppers(pepper_files(tmp_path))
    peppers.reread()
    assert peppers.pepper(ONE, 20_001).value == first.next().value
    with refused(Code.NOT_READY):
        peppers.pepper(EpochNumber(2), 20_000)


def test_a_pepper_that_others_can_read_is_reported(tmp_path: Path) -> None:
    pepper_files(tmp_path).write_pepper(Pepper(ONE, 20_000, bytes(range(32))))
    (tmp_path / "1.20000.pepper").chmod(0o644)
    with pytest.raises(Defect):
        KeptPeppers(pepper_files(tmp_path)).reread()


def test_a_pepper_that_is_wrong_by_one_bit_is_reported(tmp_path: Path) -> None:
    """With it all nodes would say "no", and the outcome would be complete."""
    path = tmp_path / "1.20000.pepper"
    pepper_files(tmp_path).write_pepper(Pepper(ONE, 20_000, bytes(range(32))))
    damaged = bytearray(path.read_bytes())
    damaged[5] ^= 4
    path.write_bytes(damaged)
    peppers = KeptPeppers(pepper_files(tmp_path))
    with pytest.raises(Defect):
        peppers.reread()
    with refused(Code.NOT_READY):
        peppers.pepper(ONE, 20_000)


@pytest.mark.parametrize("kept", ["1.requesters", "1.20000.pepper"])
def test_no_flipped_bit_makes_another_key_or_pepper(tmp_path: Path, kept: str) -> None:
    """A flipped bit of the requesters' key would have signed what no node accepts: all of them
    would have looked as if they did not answer."""
    filled(tmp_path)
    path = tmp_path / kept
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(Defect):
            KeptPeppers(pepper_files(tmp_path)).reread()


def test_the_key_of_another_epoch_under_this_ones_name_is_reported(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "1.requesters").rename(tmp_path / "2.requesters")
    with pytest.raises(Defect):
        KeptPeppers(pepper_files(tmp_path)).reread()


def test_no_folder_means_no_pepper(tmp_path: Path) -> None:
    peppers = KeptPeppers(pepper_files(tmp_path / "none"))
    peppers.reread()
    with refused(Code.NOT_READY):
        peppers.pepper(ONE, 20_000)
