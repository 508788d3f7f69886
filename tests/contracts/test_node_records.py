"""The node's records: one suite, in a database and in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from agency_node.records.ports import TAG_BLOCK, Child, Effort, Imports, Records, Standing
from agency_node.records.records import Doubt, Origin, RecordId
from agency_node.records.store.imports import SqlImports
from agency_node.records.store.records import open_records
from fakes.import_world import ELM, ELSEWHERE, OAK, data_keys
from fakes.node_records import MemoryRecords, an_involvement
from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import NORMALISATION_VERSION as VERSION
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol.codes import InvolvementStatus, Kind, Quality
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.witness import WitnessFolder

ONE, TWO = EpochNumber(1), EpochNumber(2)
NOW = 1_000_000


@dataclass
class Store:
    records: Records
    imports: Imports


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        memory = MemoryRecords((OAK, ELM))
        yield Store(memory, memory)
        return
    records = open_records(
        tmp_path / "records.sqlite", data_keys(), WitnessFolder(tmp_path / "witness")
    )
    yield Store(records, SqlImports(records))
    records.close()


def a_child(number: int) -> Child:
    involvement = an_involvement(
        Kind.GP,
        status=InvolvementStatus.RECENT,
        desk_email="",
        ooh_phone="111",
        hours=(OpeningHours(days=31, opens=540, closes=1020),),
        lead=True,
        shielded=number % 2 == 1,
        ended_on=date(2026, 12, 31),
    )
    who = Demographics(
        forename=f"Child{number}",
        surname="Ashgrove",
        other_names=(OtherName("", "Oldname"),),
        dob=date(2015, 2, 3),
        sex=Sex.FEMALE,
        postcode="WX1 1QD",
    )
    mark, own = number.to_bytes(16, "big"), b"own".ljust(12) + number.to_bytes(4, "big")
    return Child(who, (involvement,), mark, own, Origin(NOW, Doubt(0)), f"OAK-{number}")


def some_tags(seed: int, children: int) -> list[tuple[bytes, ...]]:
    """A child has as many tags as her number modulo 3."""
    return [
        tuple(bytes([seed, n % 256, k]).ljust(32, b".") for k in range(n % 3))
        for n in range(children)
    ]


def stage(store: Store, children: int = 3, source: bytes = b"a" * 32) -> int:
    made = store.imports.begin(
        OAK, source, as_of=50, normalisation_version=VERSION, upn=True, now=60
    )
    store.imports.add(OAK, made.number, 0, [a_child(n) for n in range(children)])
    store.imports.close_staging(OAK, made.number)
    return made.number


def tag(store: Store, number: int, epoch: EpochNumber, children: int, seed: int = 1) -> None:
    tags = some_tags(seed, children)
    for first in range(0, children, TAG_BLOCK):
        store.imports.put_tags(OAK, number, epoch, first, tags[first : first + TAG_BLOCK], Effort())


def complete(store: Store, children: int = 3, seed: int = 1) -> int:
    number = stage(store, children=children)
    tag(store, number, ONE, children, seed)
    store.imports.complete(OAK, number, 70)
    return number


def ready(store: Store) -> int | None:
    """The generation that is ready for the first epoch."""
    found = store.records.ready(OAK, ONE)
    return found.number if found else None


def test_a_node_that_never_imported_has_nothing(store: Store) -> None:
    assert store.records.agencies() == (ELM, OAK)
    assert store.records.generation(OAK) is None
    assert store.records.ready(OAK, ONE) is None


def test_nothing_shows_before_completion(store: Store) -> None:
    number = stage(store)
    tag(store, number, ONE, 3)
    assert store.records.generation(OAK) is None
    assert store.records.ready(OAK, ONE) is None
    with refused(Code.NOT_READY):
        store.records.child(OAK, number, RecordId(0))
    with pytest.raises(Refused):
        store.records.tags(OAK, number, ONE)


def test_a_completed_generation_shows_as_it_was_staged(store: Store) -> None:
    number = complete(store)
    found = store.records.generation(OAK)
    assert found is not None
    assert (found.number, found.as_of, found.completed_at) == (number, 50, 70)
    assert (found.normalisation_version, found.children) == (VERSION, 3)
    for n in range(3):
        child = store.records.child(OAK, number, RecordId(n))
        assert child.id == RecordId(n)
        assert child.demographics == a_child(n).demographics
        assert child.involvements == a_child(n).involvements
        assert child.local_id == f"OAK-{n}"


def test_tags_come_in_the_order_of_the_records(store: Store) -> None:
    children = TAG_BLOCK + 7
    number = complete(store, children)
    expected = [(RecordId(n), t) for n, ts in enumerate(some_tags(1, children)) for t in ts]
    assert list(store.records.tags(OAK, number, ONE)) == expected


def test_a_generation_is_ready_only_for_epochs_that_are_fully_tagged(store: Store) -> None:
    children = TAG_BLOCK + 1
    number = stage(store, children=children)
    store.imports.put_tags(OAK, number, ONE, 0, some_tags(1, children)[:TAG_BLOCK], Effort())
    store.imports.complete(OAK, number, 70)
    assert store.records.generation(OAK) is not None
    assert store.records.ready(OAK, ONE) is None
    assert store.imports.untagged(OAK, number, ONE) == (TAG_BLOCK,)
    assert store.imports.untagged(OAK, number, TWO) == (0, TAG_BLOCK)
    with pytest.raises(Refused):
        store.records.tags(OAK, number, ONE)
    store.imports.put_tags(
        OAK, number, ONE, TAG_BLOCK, some_tags(1, children)[TAG_BLOCK:], Effort()
    )
    assert store.records.ready(OAK, ONE) == store.records.generation(OAK)
    assert store.records.ready(OAK, TWO) is None


def test_what_tagging_took_is_summed_over_its_runs(store: Store) -> None:
    children = TAG_BLOCK + 1
    number = stage(store, children=children)
    assert store.imports.effort(OAK, number, ONE) == Effort(0, 0)
    tags = some_tags(1, children)
    store.imports.put_tags(OAK, number, ONE, 0, tags[:TAG_BLOCK], Effort(200, 400))
    store.imports.put_tags(OAK, number, ONE, 0, tags[:TAG_BLOCK], Effort(9, 9))  # changes nothing
    store.imports.put_tags(OAK, number, ONE, TAG_BLOCK, tags[TAG_BLOCK:], Effort(0, 7))
    assert store.imports.effort(OAK, number, ONE) == Effort(200, 407)
    assert store.imports.effort(OAK, number, TWO) == Effort(0, 0)


def test_the_older_generation_stays_ready_while_the_newer_is_not(store: Store) -> None:
    old = complete(store)
    new = stage(store, source=b"b" * 32)
    before = store.records.ready(OAK, ONE)
    assert ready(store) == old
    store.imports.complete(OAK, new, 80)
    assert store.records.ready(OAK, ONE) == before
    tag(store, new, ONE, 3)
    assert ready(store) == new


def test_what_was_made_under_another_normalisation_is_ready_for_nothing(store: Store) -> None:
    """Its keys meet nobody's: an answer from it would be "no" for every child. And one from before
    it knows less.
    """
    complete(store)
    made = store.imports.begin(
        OAK, bytes(32), as_of=50, normalisation_version=VERSION + 1, upn=True, now=60
    )
    store.imports.add(OAK, made.number, 0, [a_child(0)])
    store.imports.close_staging(OAK, made.number)
    tag(store, made.number, ONE, 1)
    found = store.imports.complete(OAK, made.number, 70)
    assert store.records.generation(OAK) == found
    assert store.records.ready(OAK, ONE) is None
    assert store.imports.standings()[OAK] == Standing(found, {})
    sound = complete(store)
    assert ready(store) == sound


def test_a_store_that_was_not_put_back_is_not_behind(store: Store) -> None:
    assert not store.imports.behind(OAK)
    with pytest.raises(Defect):
        store.imports.adopt(OAK)
    number = complete(store)
    assert not store.imports.behind(OAK)
    assert store.imports.adopt(OAK).number == number
    assert store.records.ready(OAK, ONE) is not None


def test_tags_are_stored_once(store: Store) -> None:
    number = complete(store)
    before = list(store.records.tags(OAK, number, ONE))
    tag(store, number, ONE, 3, seed=9)
    assert list(store.records.tags(OAK, number, ONE)) == before


@pytest.mark.parametrize("quality", [None, Quality.POOR])
def test_a_generation_keeps_how_well_its_records_can_be_found(
    store: Store, quality: Quality | None
) -> None:
    made = store.imports.begin(
        OAK,
        b"a" * 32,
        as_of=50,
        normalisation_version=VERSION,
        upn=True,
        now=60,
        quality=quality,
    )
    store.imports.add(OAK, made.number, 0, [a_child(0)])
    store.imports.close_staging(OAK, made.number)
    assert store.imports.complete(OAK, made.number, 70).quality is quality
    found = store.records.generation(OAK)
    assert found is not None
    assert found.quality is quality
    assert not store.imports.behind(OAK)


def test_staging_goes_on_where_it_was(store: Store) -> None:
    made = store.imports.begin(
        OAK, b"a" * 32, as_of=50, normalisation_version=VERSION, upn=True, now=60
    )
    store.imports.add(OAK, made.number, 0, [a_child(0)])
    found = store.imports.staged(OAK, b"a" * 32)
    assert found is not None
    assert (found.number, found.children, found.whole, found.upn) == (made.number, 1, False, True)
    assert store.imports.staged(OAK, b"b" * 32) is None
    assert store.imports.staged(ELM, b"a" * 32) is None
    with pytest.raises(Defect):
        store.imports.add(OAK, made.number, 0, [a_child(0)])
    with pytest.raises(Defect):
        store.imports.add(OAK, made.number, 2, [a_child(2)])
    with pytest.raises(Defect):
        store.imports.complete(OAK, made.number, 70)
    store.imports.add(OAK, made.number, 1, [a_child(1)])
    store.imports.close_staging(OAK, made.number)
    with pytest.raises(Defect):
        store.imports.add(OAK, made.number, 2, [a_child(2)])
    assert store.imports.complete(OAK, made.number, 70).children == 2


def test_the_counts_of_a_generation_are_kept_with_it(store: Store) -> None:
    for number, counts in enumerate((b"", b"counts", b"others"), 1):
        made = store.imports.begin(
            OAK,
            bytes([number]) * 32,
            as_of=NOW,
            normalisation_version=VERSION,
            upn=False,
            now=NOW,
        )
        store.imports.close_staging(OAK, made.number, counts)
        store.imports.complete(OAK, made.number, NOW)
    assert [store.imports.census(OAK, n) for n in (1, 2, 3)] == [b"", b"counts", b"others"]
    store.imports.delete_before(OAK, 3)
    with refused(Code.NOT_READY):
        store.imports.census(OAK, 2)
    with refused(Code.NOT_READY):
        store.imports.census(ELM, 3)


def test_another_source_begins_anew_and_numbers_are_never_used_twice(store: Store) -> None:
    first = stage(store)
    second = stage(store, source=b"b" * 32)
    assert second > first
    assert store.imports.staged(OAK, b"a" * 32) is None
    with pytest.raises(Refused):
        store.imports.plan(OAK, first)
    store.imports.complete(OAK, second, 70)
    assert store.imports.delete_before(OAK, second + 1) == 1
    assert stage(store, source=b"c" * 32) > second


def test_what_is_deleted_is_gone_and_the_rest_stays(store: Store) -> None:
    old = complete(store)
    new = complete(store, children=2)
    assert store.imports.delete_before(OAK, new) == 1
    assert store.imports.delete_before(OAK, new) == 0
    with refused(Code.NOT_READY):
        store.records.child(OAK, old, RecordId(0))
    assert store.records.child(OAK, new, RecordId(1)).id == RecordId(1)


def test_tags_of_unchanged_children_are_taken_over(store: Store) -> None:
    children = TAG_BLOCK + 5
    complete(store, children)
    new = stage(store, source=b"b" * 32)
    marks = [a_child(n).mark for n in (TAG_BLOCK + 2, 1, 999)]
    tags = some_tags(1, children)
    found = store.imports.earlier_tags(OAK, new, ONE, marks)
    assert found == (tags[TAG_BLOCK + 2], tags[1], None)
    assert store.imports.earlier_tags(OAK, new, TWO, marks) == (None, None, None)
    assert store.imports.earlier_tags(ELM, 5, ONE, marks) == (None, None, None)


def test_tags_of_an_epoch_that_is_over_are_forgotten(store: Store) -> None:
    number = complete(store)
    tag(store, number, TWO, 3)
    store.imports.forget_epochs([TWO])
    assert store.records.ready(OAK, ONE) is None
    assert store.records.ready(OAK, TWO) is not None


def test_nothing_of_one_agency_is_reached_through_another(store: Store) -> None:
    number = complete(store)
    assert store.records.generation(ELM) is None
    with pytest.raises(Refused):
        store.records.child(ELM, number, RecordId(0))
    with pytest.raises(Refused):
        store.imports.plan(ELM, number)
    assert store.imports.mark(OAK, [b"x"]) != store.imports.mark(ELM, [b"x"])
    assert store.imports.source(OAK, b"x") != store.imports.source(ELM, b"x")


def test_an_agency_of_another_node_is_refused(store: Store) -> None:
    for ask in (
        lambda: store.records.generation(ELSEWHERE),
        lambda: store.records.ready(ELSEWHERE, ONE),
        lambda: store.records.child(ELSEWHERE, 1, RecordId(0)),
        lambda: store.records.tags(ELSEWHERE, 1, ONE),
        lambda: store.imports.staged(ELSEWHERE, bytes(32)),
        lambda: store.imports.mark(ELSEWHERE, [b"x"]),
    ):
        with refused(Code.NOT_ALLOWED):
            ask()


def test_marks_tell_inputs_apart_by_content_and_order(store: Store) -> None:
    one, other = os.urandom(40), os.urandom(40)
    mark = store.imports.mark
    assert len(mark(OAK, [one])) == 16
    assert mark(OAK, [one, other]) == mark(OAK, [one, other])
    distinct = {mark(OAK, xs) for xs in ([one], [other], [one, other], [other, one], [one + other])}
    assert len(distinct) == 5


def test_a_record_is_found_by_what_its_own_number_is_made_of(store: Store) -> None:
    number = complete(store, TAG_BLOCK + 3)
    of = {f"Child{n}": a_child(n).own for n in (1, TAG_BLOCK + 2)}
    found = store.imports.with_own(OAK, number, lambda child: of.get(child.forename, b"none"))
    assert [record.value for record, _ in found] == [1, TAG_BLOCK + 2]
    assert [child.forename for _, child in found] == list(of)
    assert store.imports.with_own(OAK, number, lambda _: b"") == ()
    with refused(Code.NOT_READY):
        store.imports.with_own(OAK, number + 1, lambda _: b"")


def test_an_import_without_children_is_ready_at_once(store: Store) -> None:
    number = stage(store, children=0)
    done = store.imports.complete(OAK, number, 70)
    assert store.records.ready(OAK, ONE) == done
    assert list(store.records.tags(OAK, number, ONE)) == []


def test_standings_say_for_all_agencies_what_is_said_for_each(store: Store) -> None:
    assert store.imports.standings()[OAK] == Standing(None, {})
    old = complete(store, TAG_BLOCK + 1)
    tag(store, old, TWO, TAG_BLOCK + 1)
    new = complete(store)
    stage(store, source=b"c" * 32)
    standing = store.imports.standings()[OAK]
    assert standing.newest == store.records.generation(OAK)
    assert {e: g.number for e, g in standing.ready.items()} == {ONE: new, TWO: old}
    for epoch in (ONE, TWO):
        assert standing.ready[epoch] == store.records.ready(OAK, epoch)
    assert store.imports.standings()[ELM] == Standing(None, {})


def first_seen(store: Store, number: int) -> list[int]:
    return [store.records.child(OAK, number, RecordId(n)).origin.first_seen for n in range(3)]


@pytest.mark.parametrize("known_by", ["mark", "own"])
def test_a_child_is_first_seen_when_she_first_came(store: Store, known_by: str) -> None:
    """By her keys, or by the agency's own number; the one that changed does not matter."""
    complete(store)
    children = [a_child(n) for n in range(3)]
    later = Origin(NOW + 50, Doubt.TYPED)
    again = [
        replace(child, origin=later, own=bytes([n]) * 16)
        if known_by == "mark"
        else replace(child, origin=later, mark=bytes([n]) * 16)
        for n, child in enumerate(children[:2])
    ]
    again.append(replace(children[2], origin=later, mark=b"m" * 16, own=b"o" * 16))
    made = store.imports.begin(
        OAK, b"b" * 32, as_of=50, normalisation_version=VERSION, upn=True, now=60
    )
    store.imports.add(OAK, made.number, 0, again)
    store.imports.close_staging(OAK, made.number)
    store.imports.complete(OAK, made.number, 80)
    assert first_seen(store, made.number) == [NOW, NOW, NOW + 50]
    assert store.records.child(OAK, made.number, RecordId(0)).origin.doubts is Doubt.TYPED


def test_another_agency_of_the_host_has_known_nobody(store: Store) -> None:
    complete(store)
    later = Origin(NOW + 50, Doubt(0))
    number = stage_at(store, ELM, [replace(a_child(n), origin=later) for n in range(3)])
    origins = [store.records.child(ELM, number, RecordId(n)).origin for n in range(3)]
    assert origins == [later] * 3


def stage_at(store: Store, agency: AgencyId, children: list[Child]) -> int:
    made = store.imports.begin(
        agency, b"c" * 32, as_of=50, normalisation_version=VERSION, upn=True, now=60
    )
    store.imports.add(agency, made.number, 0, children)
    store.imports.close_staging(agency, made.number)
    return store.imports.complete(agency, made.number, 80).number


def test_marked_records_stand_behind_the_children_and_are_tagged_with_them(store: Store) -> None:
    children = TAG_BLOCK - 1
    made = store.imports.begin(
        OAK, b"m" * 32, as_of=50, normalisation_version=VERSION, upn=False, now=60
    )
    store.imports.add(OAK, made.number, 0, [a_child(n) for n in range(children)])
    marked = [replace(a_child(900 + n), own=b"") for n in range(2)]
    store.imports.close_staging(OAK, made.number, b"", marked)
    store.imports.close_staging(OAK, made.number, b"", marked)  # killed, and done again
    plan = store.imports.plan(OAK, made.number)
    assert (plan.children, plan.marked, plan.records) == (children, 2, children + 2)
    assert store.imports.untagged(OAK, made.number, ONE) == (0, TAG_BLOCK)
    assert len(store.imports.children(OAK, made.number, 0, 999)) == children + 2
    tag(store, made.number, ONE, children + 2)
    done = store.imports.complete(OAK, made.number, 70)
    assert (done.children, done.marked, done.records) == (children, 2, children + 2)
    assert store.records.ready(OAK, ONE) == done == store.imports.standings()[OAK].ready[ONE]
    last = store.records.child(OAK, made.number, RecordId(children + 1))
    assert (last.demographics, last.origin) == (marked[1].demographics, marked[1].origin)
    assert {record.value for record, _ in store.records.tags(OAK, made.number, ONE)} == {
        n for n in range(children + 2) if n % 3
    }
    store.imports.delete_before(OAK, made.number + 1)
    assert store.records.generation(OAK) is None


def test_an_agency_without_children_has_its_marked_records_tagged(store: Store) -> None:
    made = store.imports.begin(
        OAK, b"m" * 32, as_of=50, normalisation_version=VERSION, upn=False, now=60
    )
    store.imports.close_staging(OAK, made.number, b"", [a_child(1)])
    store.imports.complete(OAK, made.number, 70)
    assert ready(store) is None
    tag(store, made.number, ONE, 1)
    assert ready(store) == made.number
