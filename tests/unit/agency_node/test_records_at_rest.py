"""What lies on the disk: nothing that names a child, nothing that opens with another key or in another place."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from agency_node.record_codec import read_child, write_child
from agency_node.records import ChildRecord, RecordId
from agency_node.sealing import DataKey
from agency_node.store import tables
from agency_node.store.records import open_records
from fakes.import_world import ELM, FIRST, OAK, World, data_keys, row
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.errors import Defect
from fingerpost.service.database import migrate, open_sqlite

LINES = [
    row(n, nhs_number="9434765919", upn="A950000178301", aliases="Quill Wood", middle_names="Jon")
    for n in range(30)
]
SECRETS = (
    *("Quillon", "Zephyrine", "Brackenwood", "Tarrowby", "Quill", "Ottoline", "Vance"),
    *("2010-01-01", "2011-02-02", "WX1 0QD", "WX2 1QD", "WX21QD", "9434765919", "A950000178301"),
    *("01632 960001", "lead@oak.example", "EDU_SCHOOL", "Designated"),
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def imported(world: World) -> None:
    world.open_epoch()
    await world.import_(LINES)
    await world.import_(LINES[:20], ELM)


async def test_no_child_is_found_in_any_file(world: World, tmp_path: Path) -> None:
    await imported(world)
    tags = {tag for _, tag in world.records.tags(OAK, 1, FIRST)}
    files = contents(tmp_path)
    assert world.path in files
    for content in files.values():
        for secret in SECRETS:
            for form in (secret, secret.upper(), secret.lower(), secret.replace(" ", "")):
                assert form.encode() not in content
                assert form.encode("utf-16-le") not in content
        assert not any(tag in content for tag in tags)
    world.close()
    assert world.path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0


async def test_the_search_would_find_them(world: World, tmp_path: Path) -> None:
    """The search above is worth something: unsealed, the same child is found."""
    await imported(world)
    child = world.records.child(OAK, 1, RecordId(0))
    plain = write_child(child.demographics, child.involvements)
    assert b"Quillon" in plain
    assert b"2010-01-01" in plain


def test_a_record_comes_back_from_its_bytes() -> None:
    with pytest.raises(Defect):
        read_child(b"\x92\xc4\x00\x90\x00")
    with pytest.raises(Defect):
        ChildRecord(RecordId(0), Demographics(), ())


async def test_another_key_is_noticed_at_the_start(world: World) -> None:
    await imported(world)
    world.close()
    with pytest.raises(Defect, match=str(OAK)):
        open_records(world.path, data_keys(random_bytes=7))
    swapped = data_keys()
    swapped[OAK] = DataKey(OAK, bytes([2]) * 32, secrets.token_bytes)
    with pytest.raises(Defect):
        open_records(world.path, swapped)
    open_records(world.path, data_keys()).close()


def generation_ids(connection: sa.Connection) -> dict[str, int]:
    rows = connection.execute(sa.select(tables.generation.c.agency, tables.generation.c.id))
    return {row.agency: row.id for row in rows}


async def test_a_row_in_another_s_place_does_not_open(world: World) -> None:
    await imported(world)
    child = tables.child.c

    def move(*, source: tuple[str, int], target: tuple[str, int]) -> None:
        with world.records.engine.begin() as connection:
            ids = generation_ids(connection)
            sealed = connection.execute(
                sa.select(child.sealed).where(
                    child.generation == ids[source[0]], child.record == source[1]
                )
            ).scalar_one()
            connection.execute(
                sa.update(tables.child)
                .where(child.generation == ids[target[0]], child.record == target[1])
                .values(sealed=sealed)
            )

    move(source=(str(OAK), 1), target=(str(OAK), 2))
    with pytest.raises(Defect):
        world.records.child(OAK, 1, RecordId(2))
    move(source=(str(OAK), 3), target=(str(ELM), 3))
    with pytest.raises(Defect):
        world.records.child(ELM, 1, RecordId(3))
    assert world.records.child(OAK, 1, RecordId(3)).id == RecordId(3)


async def test_tags_in_another_agency_s_place_do_not_open(world: World) -> None:
    await imported(world)
    block = tables.tag_block.c
    with world.records.engine.begin() as connection:
        ids = generation_ids(connection)
        sealed = connection.execute(
            sa.select(block.sealed).where(block.generation == ids[str(OAK)])
        ).scalar_one()
        connection.execute(
            sa.update(tables.tag_block)
            .where(block.generation == ids[str(ELM)])
            .values(sealed=sealed)
        )
    with pytest.raises(Defect):
        list(world.records.tags(ELM, 1, FIRST))
    assert list(world.records.tags(OAK, 1, FIRST))


async def test_a_generation_given_to_another_agency_does_not_open(world: World) -> None:
    await imported(world)
    with world.records.engine.begin() as connection:
        connection.execute(sa.delete(tables.tag_block))
        connection.execute(
            sa.update(tables.generation)
            .where(tables.generation.c.agency == str(OAK))
            .values(agency=str(ELM), number=9)
        )
    with pytest.raises(Defect):
        world.records.child(ELM, 9, RecordId(0))


async def test_deleted_generations_leave_no_rows(world: World) -> None:
    await imported(world)
    await world.import_([*LINES, row(90)])
    newest = world.records.generation(OAK)
    assert newest is not None
    world.imports.delete_before(OAK, newest.number)
    with world.records.engine.connect() as connection:
        ids = set(generation_ids(connection).values())
        for table in (tables.child, tables.tag_block):
            of = connection.execute(sa.select(table.c.generation).distinct()).scalars()
            assert set(of) <= ids
        assert len(ids) == 2


def test_the_tables_are_those_of_the_migrations(tmp_path: Path) -> None:
    engine = open_sqlite(tmp_path / "x.sqlite")
    migrate(engine, "agency_node.store.migrations")
    made = sa.MetaData()
    made.reflect(engine)
    for table in tables.metadata.sorted_tables:
        assert {c.name: c.nullable for c in made.tables[table.name].columns} == {
            c.name: c.nullable for c in table.columns
        }
        assert [c.name for c in made.tables[table.name].primary_key] == [
            c.name for c in table.primary_key
        ]
    engine.dispose()
