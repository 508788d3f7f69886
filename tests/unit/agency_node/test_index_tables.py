"""The locator index: what is found, for whom, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.records.index import CHUNK, LocatorIndex, Want
from agency_node.records.ports import Effort
from agency_node.records.records import ChildRecord, Involvement, RecordId
from fakes.import_world import ELM, OAK
from fakes.node_records import MemoryRecords
from fakes.refusals import refused
from fingerpost.private.demographics import Demographics
from fingerpost.private.locators import Pepper, locator
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber

ONE, TWO = EpochNumber(1), EpochNumber(2)
TODAY = 20_833
PEPPER = Pepper(ONE, TODAY, bytes(range(32)))
SLOT = TODAY * 144 + 5
DUE = frozenset({(ONE, SLOT)})


def tag(name: object) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()


def where(name: object, slot: int = SLOT, pepper: Pepper = PEPPER) -> bytes:
    return locator(pepper.slot_key(slot), tag(name))


def child(number: int) -> ChildRecord:
    involvement = Involvement(
        Kind.GP,
        InvolvementStatus.OPEN,
        "",
        "",
        "111",
        "",
        "",
        "",
        0,
        False,
        False,
        False,
        False,
        None,
    )
    return ChildRecord(RecordId(number), Demographics(), (involvement,))


def put(records: MemoryRecords, names: Sequence[Sequence[object]], agency: AgencyId = OAK) -> None:
    """A generation whose children have tags of these names, in epoch ONE."""
    children = [child(n) for n in range(len(names))]
    records.put(agency, children, {ONE: [[tag(name) for name in of] for of in names]})


@pytest.fixture
def records() -> MemoryRecords:
    return MemoryRecords((OAK, ELM))


@pytest.fixture
def index(records: MemoryRecords) -> LocatorIndex:
    return LocatorIndex(records, lambda: None)


def test_a_query_finds_the_records_of_its_locators(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    put(records, [["a", "b"], ["c"], []])
    assert index.prepare([Want(OAK, PEPPER, SLOT)], DUE) == (OAK,)
    noise = [bytes([n]) * 16 for n in range(29)]
    hits = index.find(OAK, ONE, SLOT, [noise[0], where("c"), *noise[1:], where("b"), where("?")])
    assert [(h.position, h.tag, h.records, h.generation) for h in hits] == [
        (1, tag("c"), (RecordId(1),), 1),
        (30, tag("b"), (RecordId(0),), 1),
    ]
    ready = index.ready(OAK, ONE, SLOT)
    assert ready is not None
    assert (ready.number, index.keys()) == (1, 3)


def test_children_with_one_tag_are_one_hit(records: MemoryRecords, index: LocatorIndex) -> None:
    put(records, [["a", "twins"], ["twins", "b"], ["c"], ["twins"]])
    index.prepare([Want(OAK, PEPPER, SLOT)], DUE)
    [hit] = index.find(OAK, ONE, SLOT, [where("twins")])
    assert hit.records == (RecordId(0), RecordId(1), RecordId(3))
    assert hit.tag == tag("twins")


def test_nothing_is_found_through_another_agency(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    put(records, [["a"]])
    put(records, [["b"]], ELM)
    index.prepare([Want(agency, PEPPER, SLOT) for agency in (OAK, ELM)], DUE)
    assert index.find(OAK, ONE, SLOT, [where("b")]) == ()
    assert index.find(ELM, ONE, SLOT, [where("a")]) == ()
    assert len(index.find(ELM, ONE, SLOT, [where("b")])) == 1


def test_what_is_not_built_is_not_ready_and_never_a_no(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    put(records, [["a"]])
    index.prepare([Want(OAK, PEPPER, SLOT), Want(ELM, PEPPER, SLOT)], DUE)
    for agency, epoch, slot in ((ELM, ONE, SLOT), (OAK, TWO, SLOT), (OAK, ONE, SLOT + 1)):
        assert index.ready(agency, epoch, slot) is None
        with refused(Code.NOT_READY):
            index.find(agency, epoch, slot, [where("a")])


def test_a_slot_has_locators_of_its_own(records: MemoryRecords, index: LocatorIndex) -> None:
    put(records, [["a"]])
    due = {(ONE, SLOT), (ONE, SLOT + 1)}
    index.prepare([Want(OAK, PEPPER, slot) for slot in (SLOT, SLOT + 1)], due)
    assert index.find(OAK, ONE, SLOT + 1, [where("a")]) == ()
    assert len(index.find(OAK, ONE, SLOT + 1, [where("a", SLOT + 1)])) == 1


def test_an_older_generation_answers_until_the_newer_is_tagged(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    want = [Want(OAK, PEPPER, SLOT)]
    put(records, [["a"]])
    index.prepare(want, DUE)
    assert index.prepare(want, DUE) == ()
    records.put(OAK, [child(0)], {})
    assert index.prepare(want, DUE) == ()
    assert [h.generation for h in index.find(OAK, ONE, SLOT, [where("a")])] == [1]
    records.put_tags(OAK, 2, ONE, 0, [[tag("b")]], Effort())
    assert index.prepare(want, DUE) == (OAK,)
    assert index.find(OAK, ONE, SLOT, [where("a")]) == ()
    assert [h.generation for h in index.find(OAK, ONE, SLOT, [where("b")])] == [2]
    assert index.in_use() == {OAK: 2}


def test_while_a_newer_generation_is_read_the_older_answers(records: MemoryRecords) -> None:
    """Asked at every pause: never nothing, never half."""
    names = [[f"{n}-{k}" for k in range(16)] for n in range(CHUNK // 4)]
    put(records, names)
    answers: list[int] = []

    def ask() -> None:
        if tables.ready(OAK, ONE, SLOT) is not None:
            [hit] = tables.find(OAK, ONE, SLOT, [where("0-0")])
            answers.append(hit.generation)

    tables = LocatorIndex(records, ask)
    want = [Want(OAK, PEPPER, SLOT)]
    tables.prepare(want, DUE)
    put(records, names)
    tables.prepare(want, DUE)
    ask()
    assert answers[-1] == 2
    assert set(answers[:-1]) == {1}
    assert len(answers) > 4


def test_a_table_outlives_its_pepper_but_not_its_slot(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    put(records, [["a"]])
    last = (TODAY + 1) * 144 - 1
    tomorrow = PEPPER.next()
    index.prepare([Want(OAK, PEPPER, last)], {(ONE, last)})
    due = {(ONE, last), (ONE, last + 1)}
    index.prepare([Want(OAK, tomorrow, last + 1)], due)
    assert len(index.find(OAK, ONE, last, [where("a", last)])) == 1
    assert len(index.find(OAK, ONE, last + 1, [where("a", last + 1, tomorrow)])) == 1
    index.prepare([Want(OAK, tomorrow, last + 1)], {(ONE, last + 1)})
    assert index.ready(OAK, ONE, last) is None
    index.prepare([], set())
    assert index.keys() == 0


def test_a_generation_that_goes_away_meanwhile_is_no_fault(records: MemoryRecords) -> None:
    names = [[f"{n}-{k}" for k in range(20)] for n in range(CHUNK // 8)]
    put(records, names)

    class Leaving(MemoryRecords):
        """Deletes the generation after the first of its tags was read."""

        def tags(
            self, agency: AgencyId, generation: int, epoch: EpochNumber
        ) -> Iterator[tuple[RecordId, bytes]]:
            yield next(super().tags(agency, generation, epoch))
            self.delete_before(agency, generation + 1)
            raise Refused(Code.NOT_READY, "tags")

    leaving = Leaving((OAK,))
    put(leaving, names)
    index = LocatorIndex(leaving, lambda: None)
    assert index.prepare([Want(OAK, PEPPER, SLOT)], DUE) == ()
    assert leaving.generation(OAK) is None
    assert index.ready(OAK, ONE, SLOT) is None


@given(
    st.lists(st.lists(st.integers(0, 40), max_size=6, unique=True), max_size=12),
    st.lists(st.integers(0, 60), max_size=32),
)
def test_find_agrees_with_a_plain_search(names: list[list[int]], asked: list[int]) -> None:
    records = MemoryRecords((OAK,))
    put(records, names)
    index = LocatorIndex(records, lambda: None)
    index.prepare([Want(OAK, PEPPER, SLOT)], DUE)
    hits = index.find(OAK, ONE, SLOT, [where(name) for name in asked])
    assert {h.position: {r.value for r in h.records} for h in hits} == {
        position: {n for n, of in enumerate(names) if name in of}
        for position, name in enumerate(asked)
        if any(name in of for of in names)
    }


def test_many_keys_are_cut_into_shards_and_all_found(
    records: MemoryRecords, index: LocatorIndex
) -> None:
    children = 900
    put(records, [[f"{n}-{k}" for k in range(20)] for n in range(children)])
    index.prepare([Want(OAK, PEPPER, SLOT)], DUE)
    assert index.keys() == 20 * children
    asked = [where(f"{n}-{n % 20}") for n in range(children)]
    hits = index.find(OAK, ONE, SLOT, asked)
    assert [h.records for h in hits] == [(RecordId(n),) for n in range(children)]
