"""The locator index: what is found, for whom, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.records.index import CHUNK, LocatorIndex, Want
from agency_node.records.ports import Effort, Hit
from agency_node.records.records import RecordId
from fakes.import_world import ELM, OAK
from fakes.node_records import MemoryRecords
from fakes.node_world import a_record
from fakes.refusals import refused
from fingerpost.private.demographics import Demographics
from fingerpost.private.locators import Pepper, locator
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber

ONE, TWO = EpochNumber(1), EpochNumber(2)
TODAY = 20_833
PEPPER = Pepper(ONE, TODAY, bytes(range(32)))
SLOT = TODAY * 144 + 5
WANT = Want(OAK, PEPPER, SLOT)


def tag(name: object) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()


def where(name: object, slot: int = SLOT, pepper: Pepper = PEPPER) -> bytes:
    return locator(pepper.slot_key(slot), tag(name))


class Tables:
    """The index of two agencies, and the records that it is made from."""

    def __init__(
        self, records: MemoryRecords | None = None, pause: Callable[[], None] = lambda: None
    ) -> None:
        self.records = records or MemoryRecords((OAK, ELM))
        self.index = LocatorIndex(self.records, pause)

    def put(self, *names: Sequence[object], agency: AgencyId = OAK) -> None:
        """A generation whose children have tags of these names, in epoch ONE."""
        children = [a_record(n, Demographics()) for n in range(len(names))]
        tags = [[tag(name) for name in of] for of in names]
        self.records.put(agency, children, {ONE: tags})

    def prepare(self, *wants: Want) -> tuple[AgencyId, ...]:
        """Make these tables, and drop all others."""
        return self.index.prepare(wants, {(want.epoch, want.slot) for want in wants})

    def find(self, *locators: bytes, agency: AgencyId = OAK, slot: int = SLOT) -> tuple[Hit, ...]:
        return self.index.find(agency, ONE, slot, locators)


@pytest.fixture
def tables() -> Tables:
    return Tables()


def test_a_query_finds_the_records_of_its_locators(tables: Tables) -> None:
    tables.put(["a", "b"], ["c"], [])
    assert tables.prepare(WANT) == (OAK,)
    noise = [bytes([n]) * 16 for n in range(29)]
    hits = tables.find(noise[0], where("c"), *noise[1:], where("b"), where("?"))
    assert [(h.position, h.tag, h.records, h.generation) for h in hits] == [
        (1, tag("c"), (RecordId(1),), 1),
        (30, tag("b"), (RecordId(0),), 1),
    ]
    ready = tables.index.ready(OAK, ONE, SLOT)
    assert ready is not None
    assert (ready.number, tables.index.keys()) == (1, 3)


def test_children_with_one_tag_are_one_hit(tables: Tables) -> None:
    tables.put(["a", "twins"], ["twins", "b"], ["c"], ["twins"])
    tables.prepare(WANT)
    [hit] = tables.find(where("twins"))
    assert hit.records == (RecordId(0), RecordId(1), RecordId(3))
    assert hit.tag == tag("twins")


def test_nothing_is_found_through_another_agency(tables: Tables) -> None:
    tables.put(["a"])
    tables.put(["b"], agency=ELM)
    tables.prepare(WANT, Want(ELM, PEPPER, SLOT))
    assert tables.find(where("b")) == ()
    assert tables.find(where("a"), agency=ELM) == ()
    assert len(tables.find(where("b"), agency=ELM)) == 1


def test_what_is_not_built_is_not_ready_and_never_a_no(tables: Tables) -> None:
    tables.put(["a"])
    tables.prepare(WANT, Want(ELM, PEPPER, SLOT))
    for agency, epoch, slot in ((ELM, ONE, SLOT), (OAK, TWO, SLOT), (OAK, ONE, SLOT + 1)):
        assert tables.index.ready(agency, epoch, slot) is None
        with refused(Code.NOT_READY):
            tables.index.find(agency, epoch, slot, [where("a")])


def test_a_slot_has_locators_of_its_own(tables: Tables) -> None:
    tables.put(["a"])
    tables.prepare(WANT, Want(OAK, PEPPER, SLOT + 1))
    assert tables.find(where("a"), slot=SLOT + 1) == ()
    assert len(tables.find(where("a", SLOT + 1), slot=SLOT + 1)) == 1


def test_an_older_generation_answers_until_the_newer_is_tagged(tables: Tables) -> None:
    tables.put(["a"])
    tables.prepare(WANT)
    assert tables.prepare(WANT) == ()
    tables.records.put(OAK, [a_record()], {})
    assert tables.prepare(WANT) == ()
    assert [h.generation for h in tables.find(where("a"))] == [1]
    tables.records.put_tags(OAK, 2, ONE, 0, [[tag("b")]], Effort())
    assert tables.prepare(WANT) == (OAK,)
    assert tables.find(where("a")) == ()
    assert [h.generation for h in tables.find(where("b"))] == [2]
    assert tables.index.in_use() == {OAK: 2}


def test_while_a_newer_generation_is_read_the_older_answers() -> None:
    """Asked at every pause: never nothing, never half."""
    names = [[f"{n}-{k}" for k in range(16)] for n in range(CHUNK // 4)]
    answers: list[int] = []

    def ask() -> None:
        if held.index.ready(OAK, ONE, SLOT) is not None:
            [hit] = held.find(where("0-0"))
            answers.append(hit.generation)

    held = Tables(pause=ask)
    for _ in range(2):
        held.put(*names)
        held.prepare(WANT)
    ask()
    assert answers[-1] == 2
    assert set(answers[:-1]) == {1}
    assert len(answers) > 4


def test_a_table_outlives_its_pepper_but_not_its_slot(tables: Tables) -> None:
    tables.put(["a"])
    last = (TODAY + 1) * 144 - 1
    tomorrow = PEPPER.next()
    tables.prepare(Want(OAK, PEPPER, last))
    first_of_tomorrow = Want(OAK, tomorrow, last + 1)
    tables.index.prepare([first_of_tomorrow], {(ONE, last), (ONE, last + 1)})
    assert len(tables.find(where("a", last), slot=last)) == 1
    assert len(tables.find(where("a", last + 1, tomorrow), slot=last + 1)) == 1
    tables.prepare(first_of_tomorrow)
    assert tables.index.ready(OAK, ONE, last) is None
    tables.prepare()
    assert tables.index.keys() == 0


def test_a_generation_that_goes_away_meanwhile_is_no_fault() -> None:
    class Leaving(MemoryRecords):
        """Deletes the generation after the first of its tags was read."""

        def tags(
            self, agency: AgencyId, generation: int, epoch: EpochNumber
        ) -> Iterator[tuple[RecordId, bytes]]:
            yield next(super().tags(agency, generation, epoch))
            self.delete_before(agency, generation + 1)
            raise Refused(Code.NOT_READY, "tags")

    tables = Tables(Leaving((OAK,)))
    tables.put(*([f"{n}-{k}" for k in range(20)] for n in range(CHUNK // 8)))
    assert tables.prepare(WANT) == ()
    assert tables.records.generation(OAK) is None
    assert tables.index.ready(OAK, ONE, SLOT) is None


@given(
    st.lists(st.lists(st.integers(0, 40), max_size=6, unique=True), max_size=12),
    st.lists(st.integers(0, 60), max_size=32),
)
def test_find_agrees_with_a_plain_search(names: list[list[int]], asked: list[int]) -> None:
    tables = Tables()
    tables.put(*names)
    tables.prepare(WANT)
    hits = tables.find(*(where(name) for name in asked))
    assert {h.position: {r.value for r in h.records} for h in hits} == {
        position: {n for n, of in enumerate(names) if name in of}
        for position, name in enumerate(asked)
        if any(name in of for of in names)
    }


def test_many_keys_are_cut_into_shards_and_all_found(tables: Tables) -> None:
    children = 900
    tables.put(*([f"{n}-{k}" for k in range(20)] for n in range(children)))
    tables.prepare(WANT)
    assert tables.index.keys() == 20 * children
    hits = tables.find(*(where(f"{n}-{n % 20}") for n in range(children)))
    assert [h.records for h in hits] == [(RecordId(n),) for n in range(children)]
