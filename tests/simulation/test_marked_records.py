"""What shows that an agency which answers "nothing to disclose" would have found a child.

An export goes through the node's own import, tags, tables and answers. Then something is damaged
that makes every answer a "nothing", and the node's test of its marked records shows it.
"""

from __future__ import annotations

import hashlib
import importlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agency_node.answering.self_test import AGAIN_SECONDS, Searched, SelfTest, SelfTested
from agency_node.importing import staging
from agency_node.importing.importer import Importer
from agency_node.records import tagging
from agency_node.records.sealing import DataKey
from agency_node.records.store.shields import FileShields
from agency_node.records.tagging import Tagger
from fakes.import_world import Seen, export, options, row
from fakes.node_world import (
    EPOCH,
    NODE,
    SCHOOL,
    NodeWorld,
    a_child,
    another_child,
    one_pepper,
)
from fakes.oprf_inputs import oprf_inputs
from fakes.simulated_holders import QuietLog
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.private.linkage import (
    NORMALISATION_VERSION,
    NormalForm,
    Side,
    marked,
    normalise,
)
from fingerpost.private.linkage.marked import marked_records
from fingerpost.private.locators import Pepper
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import KeySet
from fingerpost.runtime.witness import WitnessFolder

NOTHING, CANNOT, INVOLVED = Status.NOTHING_TO_DISCLOSE, Status.CANNOT_ANSWER, Status.INVOLVED


class PlainTags:
    """``records.ports.Tags``, as ``fakes.node_world`` makes them. ``keys`` are the holders'."""

    def __init__(self) -> None:
        self.keys = b"tag"
        self.asked: list[int] = []
        self.refuses = False

    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        if self.refuses:
            raise Refused(Code.UNAVAILABLE, "key holder")
        self.asked.append(len(inputs))
        return tuple(hashlib.sha256(self.keys + each).digest() for each in inputs)


class Kept:
    """``self_test.KeptTags`` and ``self_test.SelfTestRecord``."""

    def __init__(self) -> None:
        self.files: dict[bytes, tuple[bytes, ...]] = {}
        self.entries: list[SelfTested] = []
        self.full = False

    def read(self, name: bytes) -> tuple[bytes, ...]:
        return self.files.get(name, ())

    def keep(self, name: bytes, tags: tuple[bytes, ...]) -> None:
        self.files[name] = tags

    def tested(self, tested: SelfTested) -> bool:
        if not self.full:
            self.entries.append(tested)
        return not self.full


class Trial:
    """One agency on one node. ``await``: an import, a test."""

    def __init__(self, folder: Path) -> None:
        self.world = NodeWorld(mine=(SCHOOL,))
        members = self.world.current.members
        node = replace(members[NODE], declared_caseload=1000)
        self.world.current = replace(self.world.current, members={**members, NODE: node})
        self.tags, self.kept, self.log = PlainTags(), Kept(), QuietLog()
        self.tagger = Tagger(self.world.records, self.tags)
        shields = FileShields(
            folder / "shields", {SCHOOL: DataKey(SCHOOL, bytes(32))}, WitnessFolder(folder / "w")
        )
        self.importer = Importer(
            NODE,
            self.world.records,
            self.world.records,
            shields,
            self.tagger,
            self.world,
            self.world.clock,
        )
        self.restart()

    def restart(self) -> None:
        """The process begins again: what is on its disk stays."""
        world = self.world
        self.silenced: list[AgencyId] = []
        searched = Searched(
            {SCHOOL: False},
            world.records,
            world.index,
            world.peppers,
            world.shields.get,
            secrets.token_bytes,
        )
        self.test = SelfTest(
            searched,
            world,
            self._tagging,
            self.kept,
            self.kept,
            self.silenced.extend,
            world.clock,
            self.log,
        )
        world.node = world.made(missed=self.test.missed)

    @asynccontextmanager
    async def _tagging(self) -> AsyncIterator[Tagger]:
        yield self.tagger

    async def import_(self, *lines: str) -> None:
        await self.importer.run(SCHOOL, export(lines), options(), Seen())
        self.world.prepare()

    def ask(self, child: Demographics, **how: object) -> Status:
        query = self.world.query(child, key_set=KeySet.NARROW, **how)
        return self.world.words(query)[SCHOOL]

    def last(self) -> SelfTested:
        found = self.test.last(SCHOOL)
        assert found is not None
        return found


def line(number: int, child: Demographics, **fields: str) -> str:
    assert child.sex is not None
    stated = {
        "forename": child.forename,
        "surname": child.surname,
        "dob": written_birth(child.dob),
        "sex": child.sex.name[0],
        "postcode": child.postcode,
        "health_number": child.health_number,
    }
    return row(number, **{**stated, **fields})


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


async def test_a_sound_import_finds_all_and_its_no_stands(trial: Trial) -> None:
    await trial.import_(line(1, a_child()))
    await trial.test.tend()
    tested = trial.last()
    assert (tested.asked, tested.found, tested.slipped, tested.slipped_found) == (2, 2, 2, 2)
    assert trial.kept.entries == [tested]
    assert trial.log.events == ["marked.found"]
    assert trial.ask(a_child()) is INVOLVED
    assert trial.ask(another_child()) is NOTHING


# ---- damages -------------------------------------------------------------------------------------


def other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that imports makes its keys by other rules, under the number of these."""
    module = importlib.import_module("fingerpost.private.linkage.blocking_keys")
    monkeypatch.setattr(module, "NORMALISATION_VERSION", NORMALISATION_VERSION + 1)


def other_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that imports reads names and dates otherwise, as if all dates were misread."""

    def misread(child: Demographics) -> NormalForm:
        return normalise(replace(child, dob=None, surname=child.surname[::-1], health_number=""))

    for module in (staging, tagging, marked):
        monkeypatch.setattr(module, "normalise", misread)


@pytest.mark.parametrize("damage", [other_rules, other_tables])
async def test_keys_that_no_question_has_are_found_by_the_test(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, damage: Callable[[pytest.MonkeyPatch], None]
) -> None:
    damage(monkeypatch)
    await trial.import_(line(1, a_child()))
    monkeypatch.undo()
    assert trial.ask(a_child()) is NOTHING  # nobody can tell it from a "no"
    await trial.test.tend()
    assert trial.last().found == trial.last().slipped_found == 0
    assert trial.log.events == ["marked.missed"]
    assert trial.ask(a_child()) is CANNOT
    assert trial.ask(another_child()) is CANNOT
    # The next import mends it.
    await trial.import_(line(1, a_child()), line(3, a_child(), forename="Other", surname="Name"))
    await trial.test.tend()
    assert trial.last().all_found
    assert trial.ask(a_child()) is INVOLVED


async def test_tags_of_keys_that_the_holders_no_longer_have_are_found(trial: Trial) -> None:
    """They stay missed: an import takes over the tags of all who did not change."""
    right = trial.tags.keys
    trial.tags.keys = b"keys of before"
    await trial.import_(line(1, a_child()))
    trial.tags.keys = right
    assert trial.ask(a_child()) is NOTHING
    for more in ((), (line(2, another_child()),)):
        await trial.import_(line(1, a_child()), *more)
        await trial.test.tend()
        assert trial.last().found == 0
        assert trial.ask(a_child()) is CANNOT
    assert trial.ask(another_child()) is INVOLVED


async def test_a_table_that_was_made_with_another_pepper_is_found(trial: Trial) -> None:
    right = trial.world.peppers.first[EPOCH]
    trial.world.peppers.first[EPOCH] = Pepper(EPOCH, right.day, bytes(32))
    await trial.import_(line(1, a_child()))
    trial.world.peppers.first[EPOCH] = right
    assert trial.ask(a_child(), peppers=one_pepper(trial.world.clock.now())) is NOTHING
    await trial.test.tend()
    assert trial.last().found == 0
    assert trial.ask(a_child()) is CANNOT


def lose(trial: Trial, lost: Callable[[int], bool]) -> None:
    for table in trial.world.index._slots.values():
        for shard in range(len(table)):
            if lost(shard):
                table._shards[shard] = b""


async def test_a_table_without_entries_is_found(trial: Trial) -> None:
    await trial.import_(line(1, a_child()))
    lose(trial, lambda _: True)
    assert trial.ask(a_child()) is NOTHING
    await trial.test.tend()
    assert trial.last().found == 0
    assert trial.ask(a_child()) is CANNOT


@pytest.mark.parametrize("lost", range(4))
async def test_one_missing_shard_is_found_and_what_is_named_stands(trial: Trial, lost: int) -> None:
    """A child is found by her other keys, so no question would show it."""
    await trial.import_(line(1, a_child()))
    lose(trial, lambda shard: shard == lost)
    await trial.test.tend()
    assert not trial.last().all_found
    assert trial.ask(a_child()) is INVOLVED
    assert trial.ask(another_child()) is CANNOT


async def test_a_damaged_record_is_found(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    await trial.import_(line(1, a_child()))
    (held,) = trial.world.records._complete(SCHOOL)
    held.marked[1] = replace(held.marked[1], demographics=a_child())
    await trial.test.tend()
    tested = trial.last()
    assert (tested.found, tested.slipped_found) == (1, 2)


async def test_all_that_is_not_disclosed_looks_the_same_also_then(trial: Trial) -> None:
    """G6: a child who is withheld is no other than one who is not there."""
    await trial.import_(
        line(1, a_child(), sensitive="true"), line(2, another_child(), shield="true")
    )
    trial.world.node = trial.world.made(missed=lambda agency, _: agency == SCHOOL)
    nobody = replace(another_child(), forename="Isidora", surname="Nettleship", health_number="")
    queries = [trial.world.query(child) for child in (a_child(), another_child(), nobody)]
    answers = [trial.world.node.answer([query.wire])[0] for query in queries]
    assert len({len(answer.sealed) for answer in answers}) == 1
    parts = [trial.world.read([a], q)[q.hash][0] for a, q in zip(answers, queries, strict=True)]
    assert len({replace(part, query_hash=bytes(32), note_secret=bytes(32)) for part in parts}) == 1
    assert parts[0].agencies[0].status is CANNOT


# ---- no child, no question from outside ----------------------------------------------------------


async def test_no_question_from_outside_opens_a_marked_record(trial: Trial) -> None:
    """Attack: a gateway asks for a marked record, with its keys, so that every agency records it
    and names somebody."""
    await trial.import_(line(1, a_child()))
    for each in marked_records(trial.world.current.parameters.federation):
        tags = [hashlib.sha256(b"tag" + x).digest() for x in each.asked_inputs()]
        assert trial.ask(each.asked, tags=tags) is NOTHING
        assert trial.ask(each.asked) is NOTHING
        assert trial.ask(a_child(), tags=tags) is NOTHING
    assert trial.world.entries == []


async def test_a_child_with_the_very_fields_of_a_marked_record_is_another(trial: Trial) -> None:
    asked = marked_records(trial.world.current.parameters.federation)[0].asked
    await trial.import_(line(1, asked))
    await trial.test.tend()
    assert trial.last().all_found
    assert trial.ask(asked) is INVOLVED
    (entry,) = trial.world.entries
    assert [each.id.value for each in entry.examined.matched] == [0]
    # And where the marked records are lost, she is not taken for one of them.
    (held,) = trial.world.records._complete(SCHOOL)
    for blocks in held.blocks.values():
        blocks[0] = (blocks[0][0], *((),) * limits.MARKED_RECORDS)
    trial.world.index._tags.clear()
    trial.world.index._slots.clear()
    trial.world.prepare()
    trial.restart()
    await trial.test.tend()
    assert trial.last().found == 0


# ---- each night ----------------------------------------------------------------------------------


async def test_it_runs_once_a_day_and_once_an_import(trial: Trial) -> None:
    await trial.import_(line(1, a_child()))
    for _ in range(3):
        await trial.test.tend()
    assert len(trial.kept.entries) == 1
    await trial.import_(line(1, a_child()), line(2, another_child()))
    for _ in range(3):
        await trial.test.tend()
    assert [each.generation for each in trial.kept.entries] == [1, 2]
    trial.world.clock.advance(limits.DAY)
    trial.world.current = replace(trial.world.current, valid_until=trial.world.clock.now() + 99)
    trial.world.prepare()
    for _ in range(3):
        await trial.test.tend()
    assert [each.generation for each in trial.kept.entries] == [1, 2, 2]


async def test_the_holders_are_asked_once_for_an_epoch(trial: Trial) -> None:
    await trial.import_(line(1, a_child()))
    imported = len(trial.tags.asked)
    for _ in range(3):
        trial.restart()
        await trial.test.tend()
    assert len(trial.tags.asked) == imported + 1
    assert trial.tags.asked[-1] <= limits.MARKED_QUESTION_KEYS
    assert len(trial.kept.entries) == 3


async def test_where_the_holders_refuse_nothing_is_said_to_be_missed(trial: Trial) -> None:
    """Attack: a holder that refuses would make every "no" a gap."""
    await trial.import_(line(1, a_child()))
    trial.tags.refuses = True
    await trial.test.tend()
    await trial.test.tend()
    assert trial.log.events == ["marked.not_asked"]
    assert trial.test.last(SCHOOL) is None
    assert trial.ask(another_child()) is NOTHING
    trial.tags.refuses = False
    trial.world.clock.advance(AGAIN_SECONDS)
    trial.world.prepare()
    await trial.test.tend()
    assert trial.last().all_found


async def test_records_of_an_earlier_release_are_not_tested(trial: Trial) -> None:
    trial.world.put_all()
    await trial.test.tend()
    assert trial.test.last(SCHOOL) is None
    assert trial.ask(a_child()) is NOTHING


async def test_an_agency_whose_log_cannot_be_written_is_silenced(trial: Trial) -> None:
    await trial.import_(line(1, a_child()))
    trial.kept.full = True
    await trial.test.tend()
    assert trial.silenced == [SCHOOL]


async def test_the_way_of_the_records_is_that_of_a_child(trial: Trial) -> None:
    """What the test leaves out of the common way would not be tested."""
    await trial.import_(line(1, a_child()))
    trial.world.shields[SCHOOL] = None  # the register cannot be read
    await trial.test.tend()
    assert trial.last().found == 0


def test_the_inputs_of_marked_records_are_no_child_s(trial: Trial) -> None:
    for each in marked_records(trial.world.current.parameters.federation):
        child = {*oprf_inputs(each.asked, Side.QUERY), *oprf_inputs(each.held, Side.RECORD)}
        assert child.isdisjoint((*each.asked_inputs(), *each.held_inputs()))
