"""What the running node does for its records, turn by turn, on a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from agency_node.records.index import LocatorIndex
from agency_node.records.records import RecordId
from agency_node.records.store import tables
from agency_node.records.tagging import Tagger
from agency_node.records.upkeep import (
    AGAIN_SECONDS,
    GRACE_SECONDS,
    UPKEEP_EVENTS,
    Upkeep,
    due_tables,
)
from fakes.federations import NOW
from fakes.import_world import DAY, ELM, FIRST, OAK, World, a_federation, options, row
from fakes.refusals import refused
from fakes.simulated_holders import Peppers, QuietLog
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.private.locators import Pepper, locator
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.protocol.messages import day_of, slot_of
from fingerpost.runtime.witness import Mark, WitnessFolder

SECOND = EpochNumber(2)
SLOT = slot_of(NOW)


@dataclass
class Node:
    world: World
    index: LocatorIndex
    peppers: Peppers
    upkeep: Upkeep
    log: QuietLog
    now: float = NOW

    async def turn(self, seconds: float = 0.0) -> None:
        """A turn ``seconds`` later, and whatever it began in the background."""
        self.now += seconds
        await self.upkeep.tend(self.now, self.now)
        if self.upkeep._background is not None:
            await asyncio.wait([self.upkeep._background])

    async def import_(self, *counts: int) -> None:
        """Import so many children, then so many, each time the whole export."""
        for count in counts:
            await self.world.import_([row(n) for n in range(count)])

    async def begin(self, *counts: int) -> None:
        """Open the first epoch and import so many children."""
        self.world.open_epoch()
        await self.import_(*counts)

    def kept(self) -> dict[int, int]:
        """Return each generation that is not deleted, with its number of children."""
        found = {}
        for number in range(1, 9):
            with suppress(Refused):
                found[number] = self.world.imports.plan(OAK, number).children
        return found

    def ready(
        self, slot: int = SLOT, epoch: EpochNumber = FIRST, agency: AgencyId = OAK
    ) -> int | None:
        """Return the number of the generation whose table is ready."""
        found = self.index.ready(agency, epoch, slot)
        return None if found is None else found.number

    def found(self, agency_tag: bytes, slot: int) -> int:
        pepper = self.peppers.pepper(FIRST, day_of(slot * 600))
        return len(self.index.find(OAK, FIRST, slot, [locator(pepper.slot_key(slot), agency_tag)]))


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    world = World(tmp_path)
    index = LocatorIndex(world.records, lambda: None)
    peppers = Peppers(
        {n: Pepper(n, day_of(NOW) - 3, bytes([n.value]) * 32) for n in (FIRST, SECOND)}
    )
    log = QuietLog()

    @asynccontextmanager
    async def tagging() -> AsyncIterator[Tagger]:
        yield world.tagger

    upkeep = Upkeep(world.records, world.imports, index, tagging, world.members, peppers, log)
    yield Node(world, index, peppers, upkeep, log)
    await upkeep.close()
    world.close()


async def test_after_an_import_the_tables_of_the_slot_are_there(node: Node) -> None:
    node.world.open_epoch()
    await node.turn()
    assert node.ready() is None
    await node.import_(3)
    await node.turn(5)
    _, tag = next(node.world.records.tags(OAK, 1, FIRST))
    assert node.found(tag, SLOT) == 1
    assert node.ready(agency=ELM) is None
    assert set(node.log.events) <= set(UPKEEP_EVENTS)


async def test_the_next_slot_is_there_before_it_may_be_asked(node: Node) -> None:
    await node.begin(1)
    last = (SLOT + 1) * 600 - 60.0
    await node.turn(last - 1 - NOW)
    assert node.ready(SLOT + 1) == 1
    assert node.ready() == 1
    await node.turn(60 + 181)
    assert node.ready() is None
    assert node.ready(SLOT + 1) == 1


async def test_at_midnight_the_day_s_last_slot_outlives_its_pepper(node: Node) -> None:
    await node.begin(1)
    midnight = (day_of(NOW) + 1) * DAY
    await node.turn(midnight - 1 - NOW)
    last = slot_of(midnight - 1)
    today = node.peppers.first[FIRST]
    node.peppers.first[FIRST] = today.at(day_of(midnight))
    await node.turn(2)
    assert node.ready(last) == 1
    assert node.ready(last + 1) == 1
    await node.turn(180)
    assert node.ready(last) is None


async def test_without_a_pepper_nothing_is_ready(node: Node) -> None:
    await node.begin(1)
    node.peppers.missing.add(FIRST)
    await node.turn()
    assert node.ready() is None
    node.peppers.missing.clear()
    await node.turn(5)
    assert node.ready() == 1


async def test_an_epoch_that_is_announced_is_tagged_and_indexed_in_time(node: Node) -> None:
    await node.begin(3)
    await node.turn()
    second = node.world.open_epoch(2, starts_in=3 * DAY)
    await node.turn(5)
    assert node.world.records.ready(OAK, SECOND) is not None
    await node.turn(5)
    assert node.ready(slot_of(node.now), SECOND) is None
    await node.turn(second.starts_at - 60 - node.now)
    assert node.ready(slot_of(second.starts_at), SECOND) == 1
    assert node.ready(slot_of(node.now)) == 1


async def test_records_from_before_the_first_epoch_are_tagged_when_it_comes(node: Node) -> None:
    await node.import_(2)
    await node.turn()
    assert node.world.records.ready(OAK, FIRST) is None
    node.world.open_epoch()
    await node.turn(5)
    await node.turn(5)
    assert node.ready() == 1


async def test_a_holder_that_refuses_is_asked_again_later(node: Node) -> None:
    await node.import_(2)
    node.world.open_epoch()
    node.world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    await node.turn()
    assert node.log.events[-1] == "tagging.stopped"
    node.world.quick.refuse = None
    await node.turn(AGAIN_SECONDS - 1)
    assert node.world.records.ready(OAK, FIRST) is None
    await node.turn(2)
    assert node.world.records.ready(OAK, FIRST) is not None


async def test_a_clock_that_was_ahead_at_a_refusal_puts_the_next_attempt_off_for_no_day(
    node: Node,
) -> None:
    await node.import_(2)
    node.world.open_epoch()
    node.world.quick.refuse = Refused(Code.UNSUPPORTED, "epoch")
    await node.turn(DAY - 3600)
    assert node.log.events[-1] == "tagging.stopped"
    node.world.quick.refuse = None
    await node.turn(3600 - DAY)
    assert node.world.records.ready(OAK, FIRST) is not None


async def test_an_older_generation_is_deleted_once_no_table_needs_it(node: Node) -> None:
    await node.begin(2)
    await node.turn()
    await node.import_(3)
    assert node.index.in_use() == {OAK: 1}
    await node.turn(5)
    assert node.index.in_use() == {OAK: 2}
    await node.turn(GRACE_SECONDS - 1)
    assert node.kept() == {1: 2, 2: 3}
    await node.turn(2)
    assert node.kept() == {2: 3}


async def test_what_a_table_answers_from_outlives_any_number_of_imports(node: Node) -> None:
    """Without the record behind a table, a known child could be distinguished from others."""
    await node.begin(2)
    await node.turn()
    await node.import_(3, 4, 5)
    assert node.index.in_use() == {OAK: 1}
    assert node.world.records.child(OAK, 1, RecordId(0)).involvements
    await node.turn(5)
    await node.turn(limits.SLOT_SECONDS - 1)
    assert node.world.records.child(OAK, 1, RecordId(0)).involvements
    await node.turn(2)
    assert node.kept() == {4: 5}


async def test_what_imports_left_while_no_node_ran_is_deleted_at_its_start(node: Node) -> None:
    await node.begin(2, 3, 4)
    await node.turn()
    await node.turn(GRACE_SECONDS)
    assert node.kept() == {3: 4}


async def test_what_could_still_be_answered_from_is_kept(node: Node) -> None:
    """The newest is not tagged, no table is built yet: the one before is all that the node has."""
    await node.begin(2)
    epochs = node.world.members.current.parameters.epochs
    node.world.members.current = a_federation(())
    await node.import_(3)
    node.world.members.current = a_federation(epochs)
    node.peppers.missing.add(FIRST)
    node.world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    await node.turn()
    await node.turn(GRACE_SECONDS + 1)
    node.peppers.missing.clear()
    await node.turn(5)
    assert node.ready(slot_of(node.now)) == 1


async def test_an_emptied_agency_keeps_nothing(node: Node) -> None:
    await node.begin(2)
    await node.turn()
    await node.world.import_([], how=options("shrunk"))
    await node.turn(5)
    await node.turn(GRACE_SECONDS + 1)
    assert node.kept() == {2: 0}


async def test_records_that_were_put_back_are_not_answered_from(node: Node, tmp_path: Path) -> None:
    await node.begin(2)
    witness = WitnessFolder(tmp_path / "witness").of(f"records.{OAK}")
    witness.note(Mark(2, bytes(32)))
    await node.turn()
    assert node.ready() is None
    assert node.log.events.count("records.behind") == 1
    await node.turn(GRACE_SECONDS)
    assert node.log.events.count("records.behind") == 1
    assert node.world.imports.adopt(OAK).number == 1
    await node.turn(5)
    assert node.ready(slot_of(node.now)) == 1


async def test_no_table_is_built_under_another_normalisation(node: Node) -> None:
    """After an upgrade, until the agency imports again: "cannot answer", and never "no"."""
    await node.begin(2)
    with node.world.records.engine.begin() as connection:
        connection.execute(
            update(tables.generation).values(normalisation_version=NORMALISATION_VERSION - 1)
        )
    await node.turn()
    assert node.ready() is None
    await node.import_(3)
    await node.turn(5)
    ready = node.index.ready(OAK, FIRST, SLOT)
    assert ready is not None
    assert ready.normalisation_version == NORMALISATION_VERSION


async def test_tags_of_an_epoch_that_is_over_are_forgotten(node: Node) -> None:
    first = node.world.open_epoch()
    node.world.open_epoch(2, starts_in=-DAY)
    await node.import_(2)
    await node.turn()
    later = node.world.members.current.parameters.epochs[1:]
    node.world.members.current = a_federation(later)
    await node.turn(5)
    assert node.world.records.ready(OAK, first.number) is None
    assert node.world.records.ready(OAK, SECOND) is not None


async def test_an_expired_member_list_is_no_reason_to_guess(node: Node) -> None:
    with refused(Code.UNTRUSTED_METADATA):
        await node.upkeep.tend(NOW + 200 * DAY, NOW)


async def test_tables_that_are_asked_now_come_first(node: Node) -> None:
    node.world.open_epoch()
    end = (SLOT + 1) * 600
    for now in (end - 100.0, end + 100.0):
        due = due_tables(node.world.members.current, now)
        assert due == ((FIRST, SLOT), (FIRST, SLOT + 1))
