"""What lies on the disk: nothing that names a child, nothing that opens with another key or in
another place.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from agency_node.importing.census import read_census
from agency_node.records.records import (
    ChildRecord,
    Doubt,
    Generation,
    Origin,
    RecordId,
    read_child,
    write_child,
)
from agency_node.records.sealing import DataKey
from agency_node.records.store import tables
from agency_node.records.store.migrations import RECORDS
from agency_node.records.store.records import open_records
from fakes.import_world import ELM, FIRST, OAK, World, data_keys, row
from fakes.node_records import LONG_KNOWN
from fakes.refusals import refused
from fingerpost.private.codec import write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import WitnessFolder

LINES = [
    row(
        n,
        local_id=f"OAK-PUPIL-{n}",
        health_number="9434765919",
        upn="A950000178301",
        aliases="Quill Wood",
        middle_names="Jon",
    )
    for n in range(30)
]
SECRETS = (
    *("Quillon", "Zephyrine", "Brackenwood", "Tarrowby", "Quill", "Ottoline", "Vance"),
    *("2010-01-01", "2011-02-02", "WX1 0QD", "WX2 1QD", "WX21QD", "9434765919", "A950000178301"),
    *("OAK-PUPIL", "01632 960001", "lead@oak.example", "EDU_SCHOOL", "Designated"),
)


def witness_of(world: World) -> WitnessFolder:
    return WitnessFolder(world.path.parent / "witness")


def mark_of(world: World) -> Path:
    """The file that holds what the witness saw of ``OAK``."""
    return world.path.parent / "witness" / f"records.{OAK}.mark"


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
    plain = write_child(child.demographics, child.involvements, child.origin, child.local_id)
    assert b"OAK-PUPIL-0" in plain
    assert b"Quillon" in plain
    assert b"2010-01-01" in plain


def test_a_record_comes_back_from_its_bytes() -> None:
    with pytest.raises(Defect):
        read_child(b"\x92\xc4\x00\x90\x00")
    earlier = msgspec.msgpack.encode([write_demographics(Demographics()), [], 7, 1])
    assert read_child(earlier)[2:] == (Origin(7, Doubt.TYPED), "")
    with pytest.raises(Defect):
        ChildRecord(RecordId(0), Demographics(), (), LONG_KNOWN)


async def test_another_key_is_noticed_at_the_start(world: World) -> None:
    await imported(world)
    world.close()
    with pytest.raises(Defect, match=str(OAK)):
        open_records(world.path, data_keys(random_bytes=7), witness_of(world))
    swapped = data_keys()
    swapped[OAK] = DataKey(OAK, bytes([2]) * 32)
    with pytest.raises(Defect):
        open_records(world.path, swapped, witness_of(world))
    open_records(world.path, data_keys(), witness_of(world)).close()


def generation_ids(connection: sa.Connection) -> dict[str, int]:
    rows = connection.execute(sa.select(tables.generation.c.agency, tables.generation.c.id))
    return {row.agency: row.id for row in rows}


Place = tuple[AgencyId, int]
"""An agency, and the number of a row in its generation."""


def move(world: World, table: sa.TableClause, number: str, source: Place, target: Place) -> None:
    """Put a sealed row in the place of another. ``number``: the column that numbers the rows."""
    with world.records.engine.begin() as connection:
        ids = generation_ids(connection)
        there, here = (
            sa.and_(table.c.generation == ids[agency.value], table.c[number] == row)
            for agency, row in (source, target)
        )
        sealed = connection.execute(sa.select(table.c.sealed).where(there)).scalar_one()
        connection.execute(sa.update(table).where(here).values(sealed=sealed))


async def test_a_row_in_another_s_place_does_not_open(world: World) -> None:
    await imported(world)
    for source, target in (((OAK, 1), (OAK, 2)), ((OAK, 3), (ELM, 3))):
        move(world, tables.child, "record", source, target)
        with pytest.raises(Defect):
            world.records.child(target[0], 1, RecordId(target[1]))
    assert world.records.child(OAK, 1, RecordId(3)).id == RecordId(3)


async def test_tags_in_another_agency_s_place_do_not_open(world: World) -> None:
    await imported(world)
    move(world, tables.tag_block, "first_record", (OAK, 0), (ELM, 0))
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
    engine = open_migrated(tmp_path / "x.sqlite", RECORDS)
    made = sa.MetaData()
    made.reflect(engine)
    for table in (tables.agency, tables.generation, tables.child, tables.tag_block):
        assert set(made.tables[table.name].c.keys()) == set(table.c.keys())
    engine.dispose()


# ---- put back from a copy -----------------------------------------------------------------------


def put_back(world: World, copy: Path) -> World:
    """The database, and not what lies beside it, is as it was when ``copy`` was made."""
    world.close()
    shutil.copy(copy, world.path)
    for beside in ("-wal", "-shm"):
        world.path.with_name(world.path.name + beside).unlink(missing_ok=True)
    again = World(world.path.parent, world.holders)
    again.members = world.members
    again.importer = replace(again.importer, members=world.members)
    return again


def ready(world: World) -> int | None:
    """Return the number of the generation that answers."""
    found = world.records.ready(OAK, FIRST)
    return None if found is None else found.number


async def copied(world: World, tmp_path: Path) -> tuple[World, Path]:
    """After a copy was made of ten children, fifteen were imported."""
    world.open_epoch()
    await world.import_(LINES[:10])
    world.close()
    copy = tmp_path / "copy"
    shutil.copy(world.path, copy)
    later = put_back(world, copy)
    await later.import_(LINES[:15])
    found = later.records.ready(OAK, FIRST)
    assert found is not None
    assert (found.number, found.children) == (2, 15)
    return later, copy


async def test_records_put_back_answer_only_after_an_import(world: World, tmp_path: Path) -> None:
    later, copy = await copied(world, tmp_path)
    again = put_back(later, copy)
    assert again.imports.behind(OAK)
    assert ready(again) is None
    standing = again.imports.standings()[OAK]
    assert (standing.behind, standing.ready) == (True, {})
    assert not again.imports.behind(ELM)
    report = await again.import_(LINES[:10])  # the very file that the copy was made of
    assert (report.already, report.generation) == (False, 3)
    assert ready(again) == 3
    again.close()


async def test_a_resumed_import_takes_no_number_that_was_used(world: World, tmp_path: Path) -> None:
    world.open_epoch()
    await world.import_(LINES[:10])
    world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    with refused(Code.QUOTA):
        await world.import_(LINES[:15])
    world.quick.refuse = None
    world.close()
    copy = tmp_path / "copy"
    shutil.copy(world.path, copy)
    later = put_back(world, copy)
    assert (await later.import_(LINES[:15])).generation == 2
    again = put_back(later, copy)
    assert (await again.import_(LINES[:15])).generation == 3
    assert ready(again) == 3
    again.close()


async def test_records_put_back_may_be_adopted(world: World, tmp_path: Path) -> None:
    later, copy = await copied(world, tmp_path)
    again = put_back(later, copy)
    assert again.imports.adopt(OAK).number == 1
    assert ready(again) == 1
    assert (await again.import_(LINES[:12])).generation == 3
    again.close()


async def test_another_import_of_that_number_is_behind_too(world: World, tmp_path: Path) -> None:
    later, copy = await copied(world, tmp_path)
    later.close()
    witness = mark_of(world)
    before = witness.read_bytes()
    witness.unlink()
    again = put_back(later, copy)
    await again.clock.run_for(5)
    await again.import_(LINES[:14])
    assert ready(again) == 2
    again.close()
    witness.write_bytes(before)
    other = World(world.path.parent)
    newest = other.records.generation(OAK)
    assert newest is not None
    assert newest.number == 2
    assert ready(other) is None
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE generation SET as_of = as_of + 100000 WHERE number = 1",
        "UPDATE generation SET completed_at = completed_at + 9 WHERE number = 1",
        "UPDATE generation SET digest = x'00' WHERE number = 1",
        "UPDATE generation SET quality = 1 WHERE number = 1",
        "UPDATE generation SET as_of = 'new' WHERE number = 1",
    ],
)
async def test_an_older_import_that_was_changed_is_not_answered_from(
    world: World, change: str
) -> None:
    """Attack: old records are made to look new. Only the newest import has a witness."""
    world.open_epoch()
    await world.import_(LINES[:10])
    await world.import_(LINES[:15])
    with world.records.engine.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM tag_block WHERE generation = (SELECT max(id) FROM generation)"
        )
    assert ready(world) == 1, "the newest is not tagged"
    with world.records.engine.begin() as connection:
        connection.exec_driver_sql(change)
    assert ready(world) is None
    standing = world.imports.standings()[OAK]
    assert (standing.ready, standing.behind) == ({}, False)


async def test_counts_in_another_s_place_are_none(world: World) -> None:
    """Attack: the counts of an import before the fall are put beside the one that fell."""
    await world.import_(LINES[:10])
    await world.import_(LINES[:15])
    assert read_census(world.imports.census(OAK, 1)).children == 10
    with world.records.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE generation SET census = (SELECT census FROM generation WHERE number = 1)"
        )
    assert world.imports.census(OAK, 1)
    assert world.imports.census(OAK, 2) == b""
    assert (await world.import_(LINES[:16])).children == 16, "an import mends it"


async def test_an_import_killed_before_its_witness_is_witnessed_by_the_next(world: World) -> None:
    world.open_epoch()
    await world.import_(LINES[:10])
    witness = mark_of(world)
    first = witness.read_bytes()
    assert witness.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) == 0
    await world.import_(LINES[:15])
    second = witness.read_bytes()
    witness.write_bytes(first)
    assert not world.imports.behind(OAK)
    assert (await world.import_(LINES[:15])).already
    assert witness.read_bytes() == second


async def test_records_without_a_witness_are_not_answered_from(world: World) -> None:
    """A whole machine put back from a backup, which leaves the witness out."""
    world.open_epoch()
    await world.import_(LINES[:10])
    world.close()
    mark_of(world).unlink()
    again = World(world.path.parent)
    assert again.imports.behind(OAK)
    assert ready(again) is None
    again.imports.adopt(OAK)
    assert ready(again) == 1
    again.close()


def test_a_witness_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness" / "witness.key").write_bytes(b"{")
    with pytest.raises(Defect, match="witness"):
        open_records(tmp_path / "records.sqlite", data_keys(), WitnessFolder(tmp_path / "witness"))


def test_the_digest_of_a_generation_of_an_earlier_release_is_what_it_was() -> None:
    """Else every agency would answer nothing from the upgrade until its next import."""
    before = {
        "number": 1,
        "as_of": 2,
        "completed_at": 3,
        "normalisation_version": 4,
        "children": 5,
    }
    generation = Generation(1, 2, 3, 4, 5)
    assert generation.stored() == msgspec.msgpack.encode(before)
    assert replace(generation, quality=Quality.POOR).stored() != generation.stored()
