"""A sealed pepper opens for one member, one epoch, one day; a gateway's brings a further key."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from fakes.refusals import refused
from fingerpost.private.pepper_sealing import (
    REQUESTER_SEED_BYTES,
    new_pepper,
    open_pepper,
    open_requester_seed,
    seal_pepper,
)
from fingerpost.private.sealing import HybridKey, prefixed, seal
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation_files import SealedPepper, read_pepper, write_pepper
from fingerpost.protocol.ids import EpochNumber, MemberId

MEMBER = MemberId("node-1")
KEY = HybridKey.generate(secrets.token_bytes)
PEPPER = new_pepper(EpochNumber(3), 20_000, secrets.token_bytes)
SEED = secrets.token_bytes(REQUESTER_SEED_BYTES)


def test_the_member_gets_the_pepper_through_its_file() -> None:
    file = write_pepper(seal_pepper(PEPPER, MEMBER, KEY.public_key))
    assert open_pepper(read_pepper(file), KEY) == PEPPER
    assert open_requester_seed(read_pepper(file), KEY) == b""


def test_a_gateway_gets_the_seed_of_the_requesters_key_beside_it() -> None:
    file = write_pepper(seal_pepper(PEPPER, MEMBER, KEY.public_key, SEED))
    assert open_pepper(read_pepper(file), KEY) == PEPPER
    assert open_requester_seed(read_pepper(file), KEY) == SEED
    assert SEED not in file
    assert SEED.hex().encode() not in file


@pytest.mark.parametrize("seed", [b"", SEED], ids=["node", "gateway"])
@pytest.mark.parametrize(
    "change",
    [{"epoch": EpochNumber(4)}, {"day": 20_001}, {"day": 19_999}, {"member": MemberId("node-2")}],
    ids=str,
)
def test_it_is_bound_to_epoch_day_and_member(change: dict[str, object], seed: bytes) -> None:
    sealed = seal_pepper(PEPPER, MEMBER, KEY.public_key, seed)
    other = replace(sealed, **change)  # type: ignore[arg-type]
    for read in (open_pepper, open_requester_seed):
        with refused(Code.BAD_SEAL):
            read(other, KEY)


def test_another_key_does_not_open_it() -> None:
    with refused(Code.BAD_SEAL):
        open_pepper(
            seal_pepper(PEPPER, MEMBER, KEY.public_key), HybridKey.generate(secrets.token_bytes)
        )


def test_a_pepper_of_another_size_is_refused() -> None:
    info = prefixed(
        b"fingerpost/v1 pepper", (3).to_bytes(4, "big"), (20_000).to_bytes(8, "big"), b"node-1"
    )
    for size in (0, 31, 33, 63, 65, 96):
        sealed = seal(KEY.public_key, info, bytes(size))
        for read in (open_pepper, open_requester_seed):
            with refused(Code.BAD_SEAL):
                read(SealedPepper(PEPPER.epoch, MEMBER, PEPPER.day, sealed), KEY)


def test_a_deposit_that_is_no_key_is_refused() -> None:
    with refused(Code.MALFORMED):
        seal_pepper(PEPPER, MEMBER, bytes(32))
