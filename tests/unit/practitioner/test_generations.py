"""What a gateway remembers of each agency's records: the rules, and the file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerpost.protocol.codes import Cannot, Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.witness import Fault, PutBack, WitnessFolder
from practitioner.asking import belief
from practitioner.asking.belief import believed, joined, newer
from practitioner.asking.concluding import merge
from practitioner.asking.generations_store import FileGenerations
from practitioner.asking.outcome import Answered

OAK, ELM = AgencyId("e99000001.oak"), AgencyId("e99000001.elm")
KEY = bytes(range(32))
NOW = 1_800_000_000.0


@given(st.sampled_from(Status), st.integers(0, 9), st.integers(0, 9))
def test_an_older_no_is_never_a_no(status: Status, generation: int, seen: int) -> None:
    answer = Answered(status, generation, 5)
    held = believed(answer, seen, too_old=False)
    if generation >= seen:
        assert held == answer
    assert held.status in (status, Status.CANNOT_ANSWER)
    if generation < seen and status in (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE):
        assert held.reason is Cannot.WENT_BACK
        assert held.status is not Status.NOTHING_TO_DISCLOSE


def test_beside_an_answer_that_is_believed_it_stays_known() -> None:
    for seen, too_old, why in ((2, False, Cannot.WENT_BACK), (0, True, Cannot.TOO_OLD)):
        back = believed(Answered(Status.INVOLVED, 1), seen, too_old=too_old)
        for order in ((back, Answered(Status.INVOLVED, 2)), (Answered(Status.INVOLVED, 2), back)):
            assert merge(order).reason is why
        no = believed(Answered(Status.NOTHING_TO_DISCLOSE, 1), seen, too_old=too_old)
        assert merge((no, no)).status is Status.CANNOT_ANSWER


@given(st.sampled_from(Status), st.integers(1, 2**33), st.booleans())
def test_a_no_from_records_that_are_too_old_is_never_a_no(
    status: Status, as_of: int, too_old: bool
) -> None:
    held = believed(Answered(status, 5, as_of), 5, too_old=too_old)
    usable = status in (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
    assert (held.reason is Cannot.TOO_OLD) is (usable and too_old)
    assert held.as_of == as_of
    if too_old:
        assert held.status is not Status.NOTHING_TO_DISCLOSE
    elif status is not Status.CANNOT_ANSWER:
        assert held.status is status


def test_what_is_remembered_is_usable_newer_and_not_from_beyond_tomorrow() -> None:
    def said(number: int, status: Status = Status.NOTHING_TO_DISCLOSE) -> list[Answered]:
        return [Answered(status, number), Answered(Status.NO_REPLY)]

    now = int(NOW)
    assert newer({OAK: said(now)}, {}, NOW) == {OAK: now}
    assert newer({OAK: said(now)}, {OAK: now}, NOW) == {}
    assert newer({OAK: said(now, Status.CANNOT_ANSWER)}, {}, NOW) == {}
    assert newer({OAK: said(now + 2 * 86_400)}, {}, NOW) == {}
    assert newer({OAK: []}, {}, NOW) == {}


def test_it_is_bounded_and_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(belief, "MOST_AGENCIES", 1)
    assert joined({OAK: 5}, {ELM: 6}) == {ELM: 6}
    assert joined({OAK: 5}, {OAK: 4}) == {OAK: 5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "generations"


@pytest.fixture
def store(path: Path) -> FileGenerations:
    return FileGenerations(path, KEY, WitnessFolder(path.parent / "witness"))


def newest(store: FileGenerations) -> Mapping[AgencyId, int]:
    return asyncio.run(store.newest())


def note(store: FileGenerations, seen: Mapping[AgencyId, int]) -> None:
    asyncio.run(store.note(seen))


def test_it_is_remembered_over_a_restart_and_sealed(store: FileGenerations, path: Path) -> None:
    assert newest(store) == {}
    note(store, {})
    assert not path.exists()
    note(store, {OAK: 5})
    note(store, {ELM: 6, OAK: 4})
    again = FileGenerations(path, KEY, WitnessFolder(path.parent / "witness"))
    assert newest(again) == {OAK: 5, ELM: 6}
    assert b"oak" not in path.read_bytes()
    with pytest.raises(Defect, match="key"):
        newest(FileGenerations(path, bytes(32), WitnessFolder(path.parent / "witness")))


def test_an_earlier_copy_is_refused_until_it_is_adopted(store: FileGenerations, path: Path) -> None:
    note(store, {OAK: 5})
    before = path.read_bytes()
    note(store, {OAK: 6})
    path.write_bytes(before)
    with pytest.raises(PutBack) as caught:
        newest(store)
    assert caught.value.fault is Fault.OLDER
    assert store.adopt().sound
    assert newest(store) == {OAK: 5}


def test_no_flipped_bit_makes_another_memory(store: FileGenerations, path: Path) -> None:
    note(store, {OAK: 5})
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(Defect):
            newest(store)
