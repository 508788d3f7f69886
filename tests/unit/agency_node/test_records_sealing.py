"""Sealed rows: each opens in its own place and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.records.records import ChildRecord, RecordId, write_child
from agency_node.records.sealing import DataKey, GenerationSeal
from fakes.import_world import ELM, OAK
from fakes.node_records import LONG_KNOWN, an_involvement
from fakes.node_world import a_child, a_record
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, EpochNumber

SECRET = bytes(range(32))
ONE = EpochNumber(1)


def a_seal(agency: AgencyId = OAK, generation: int = 1, secret: bytes = SECRET) -> GenerationSeal:
    return DataKey(agency, secret).generation(generation)


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_a_row_opens_in_its_place(plain: bytes, record: int) -> None:
    sealed = a_seal().seal_child(record, plain)
    assert a_seal().open_child(record, sealed) == plain


@pytest.mark.parametrize(
    "other",
    [a_seal(ELM), a_seal(generation=2), a_seal(secret=bytes(32))],
    ids=["agency", "generation", "key"],
)
def test_a_row_does_not_open_in_another_place(other: GenerationSeal) -> None:
    sealed = a_seal().seal_child(7, b"somebody")
    tags = a_seal().seal_tags(ONE, 0, [(bytes(32),)])
    with pytest.raises(Defect):
        other.open_child(7, sealed)
    with pytest.raises(Defect):
        other.open_tags(ONE, 0, tags)


def test_a_row_does_not_open_under_another_number() -> None:
    seal = a_seal()
    with pytest.raises(Defect):
        seal.open_child(8, seal.seal_child(7, b"somebody"))
    tags = seal.seal_tags(ONE, 256, [(bytes(32),)])
    for epoch, first in ((EpochNumber(2), 256), (ONE, 0)):
        with pytest.raises(Defect):
            seal.open_tags(epoch, first, tags)


def test_a_child_does_not_open_as_tags() -> None:
    seal = a_seal()
    with pytest.raises(Defect):
        seal.open_tags(ONE, 7, seal.seal_child(7, b"\0"))


@given(st.integers(0, 59), st.integers(1, 255))
def test_a_damaged_row_does_not_open(place: int, flip: int) -> None:
    sealed = bytearray(a_seal().seal_child(7, b"x" * 32))
    sealed[place] ^= flip
    with pytest.raises(Defect):
        a_seal().open_child(7, bytes(sealed))


@pytest.mark.parametrize("size", [0, 11, 12, 27])
def test_a_row_cut_short_does_not_open(size: int) -> None:
    with pytest.raises(Defect):
        a_seal().open_child(7, bytes(size))


def test_no_two_rows_are_sealed_alike() -> None:
    seal = a_seal()
    assert seal.seal_child(7, b"x") != seal.seal_child(7, b"x")


def test_a_child_with_many_involvements_is_no_longer_than_another() -> None:
    seal = a_seal()
    one, many = (write_child(a_child(), [an_involvement()] * count, LONG_KNOWN) for count in (1, 3))
    assert len(one) < len(many)
    assert len(seal.seal_child(7, one)) == len(seal.seal_child(7, many))


@given(st.lists(st.lists(st.binary(min_size=32, max_size=32), max_size=25), max_size=20))
def test_tags_come_back_as_they_were(tags: list[list[bytes]]) -> None:
    sealed = a_seal().seal_tags(ONE, 0, tags)
    assert a_seal().open_tags(ONE, 0, sealed) == tuple(map(tuple, tags))


def test_tags_of_another_size_are_a_defect() -> None:
    with pytest.raises(Defect):
        a_seal().seal_tags(ONE, 0, [(bytes(31),)])


def test_a_data_key_has_one_size_and_does_not_print() -> None:
    with pytest.raises(Defect):
        DataKey(OAK, bytes(31))
    key = DataKey(OAK, SECRET)
    assert SECRET.hex() not in repr(key)
    assert repr(key.generation(1)) == "GenerationSeal(…)"


def test_the_check_value_is_of_key_and_agency() -> None:
    values = {
        DataKey(agency, secret).check_value
        for agency in (OAK, ELM)
        for secret in (SECRET, bytes(32))
    }
    assert len(values) == 4


# ---- the values that are sealed -----------------------------------------------------------------


def test_a_record_shows_neither_the_child_nor_who_works_with_her() -> None:
    record = a_record(7)
    (row,) = record.involvements
    assert repr(record) == "ChildRecord(7)"
    assert repr(row) == "Involvement(…)"


@pytest.mark.parametrize("number", [-1, 2**32])
def test_a_records_number_fits_four_bytes(number: int) -> None:
    with pytest.raises(Defect):
        RecordId(number)


def test_a_record_without_an_involvement_is_none() -> None:
    with pytest.raises(Defect):
        ChildRecord(RecordId(0), a_child(), (), LONG_KNOWN)
