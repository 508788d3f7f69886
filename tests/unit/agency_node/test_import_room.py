"""An export for which the signed caseload has no room is refused before a tag is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agency_node.importing.room import Growth, NoRoom, require_room
from fakes import federations
from fakes.federations import NOW
from fakes.import_world import DAY, ELM, ME, OAK, Seen, World, a_federation, row
from fingerpost.protocol.federation import Raise
from unit.agency_node.test_import_cli import Desk, desk

__all__ = ["desk"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def declare(world: World, caseload: int, *raises: Raise) -> None:
    epochs = world.members.current.parameters.epochs
    world.members.current = a_federation(epochs, caseload=caseload, raises=raises)


async def test_a_node_indexes_a_quarter_more_than_it_declared_and_no_more(world: World) -> None:
    """All agencies of the node count together."""
    world.open_epoch()
    declare(world, 8)
    await world.import_([row(n) for n in range(6)], ELM)
    asked = world.quick.evaluated
    with pytest.raises(NoRoom) as caught:
        await world.import_([row(n) for n in range(5)])
    assert (caught.value.children, caught.value.room) == (11, 10)
    assert world.records.generation(OAK) is None
    assert world.quick.evaluated == asked
    await world.import_([row(n) for n in range(4)])


async def test_an_export_in_the_place_of_the_last_one_counts_once(world: World) -> None:
    world.open_epoch()
    declare(world, 8)
    await world.import_([row(n) for n in range(9)])
    await world.import_([row(n) for n in range(1, 10)])


async def test_a_raise_makes_room(world: World) -> None:
    world.open_epoch()
    today = datetime.fromtimestamp(NOW, UTC).date()
    declare(world, 8, Raise(4, today, today, "Takes on Elm"))
    await world.import_([row(n) for n in range(15)])
    with pytest.raises(NoRoom):
        await world.import_([row(n) for n in range(16)])


async def test_without_an_epoch_nothing_is_tagged_and_nothing_refused(world: World) -> None:
    declare(world, 8)
    await world.import_([row(n) for n in range(11)])


@pytest.mark.parametrize(
    ("before", "after", "much"),
    [(0, 900, False), (100, 125, False), (100, 126, True), (8, 18, False), (8, 19, True)],
    ids=["the first import", "a quarter", "more", "ten of few", "eleven of few"],
)
def test_growth_of_more_than_a_quarter_is_said(before: int, after: int, much: bool) -> None:
    known = a_federation((federations.epoch(1, NOW - DAY),))
    found = require_room(known, ME, before, after, NOW)
    assert (found.more, found.much) == (after - before, much)


async def test_the_operator_is_told_before_the_tagging(world: World) -> None:
    world.open_epoch()
    first, seen = Seen(), Seen()
    await world.import_([row(n) for n in range(4)], watch=first)
    assert first.growth is None
    await world.import_([row(n) for n in range(15)], watch=seen)
    assert seen.growth == Growth(more=11, usual=10)


def test_the_command_says_what_to_ask_for(desk: Desk) -> None:
    declare(desk.world, 8)
    said = desk.oak(desk.export("oak.csv", *(row(n) for n in range(11))), status=1)
    assert "would have 11 children" in said
    assert "has room for 10" in said
    assert "Nothing was changed" in said
    desk.oak(desk.export("oak.csv", row(1)))
    declare(desk.world, 100)
    grown = desk.oak(desk.export("oak.csv", *(row(n) for n in range(13))))
    assert "12 children more than this node had. From 10 more in a week on" in grown
