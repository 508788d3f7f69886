"""Outcomes: sealed for a week, for who asked, then only their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, select, update

from fakes.gateway_outcomes import ASKED_AT, DAY, large
from fakes.refusals import refused
from fingerpost.protocol.codes import WideningReason
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import WitnessFolder
from practitioner.asking.document import document, write
from practitioner.asking.migrations import REVISIONS
from practitioner.asking.outcome import Widened
from practitioner.asking.outcomes_store import SqlOutcomes, forgotten_at, hash_of, outcomes
from practitioner.asking.plan import WITHIN_SECONDS, LookupRule
from unit.practitioner.gateway_desk import QUESTION, ann

SESSION = ann(ASKED_AT)
KEY = bytes(range(32))
WEEK = 7 * DAY


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_migrated(tmp_path / "outcomes.sqlite", REVISIONS)
    yield opened
    opened.dispose()


@pytest.fixture
def witness(tmp_path_factory: pytest.TempPathFactory) -> WitnessFolder:
    return WitnessFolder(tmp_path_factory.mktemp("witness"))


@pytest.fixture
def store(engine: Engine, witness: WitnessFolder) -> SqlOutcomes:
    return SqlOutcomes(engine, KEY, witness)


async def two_kept(store: SqlOutcomes) -> tuple[str, str]:
    """The operations of two outcomes that are kept."""
    one, other = large(), replace(large(), operation="00000000000000aa")
    for found in (one, other):
        await store.keep(SESSION, QUESTION, found)
    return one.operation, other.operation


def put_in_place(
    engine: Engine, column: Column[Any], one: str, into: Column[Any], other: str
) -> None:
    """Write what one outcome's column holds into a column of another."""
    with engine.begin() as connection:
        held = connection.execute(select(column).where(outcomes.c.operation == one)).scalar_one()
        place = update(outcomes).where(outcomes.c.operation == other)
        connection.execute(place.values({into: held}))


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_an_outcome_is_shown_again_as_it_was(store: SqlOutcomes) -> None:
    found = large()
    await store.keep(SESSION, QUESTION, found)
    shown = store.show(SESSION, found.operation, ASKED_AT + WEEK - 1)
    assert shown == document(found, forgotten_at(found))
    assert shown.forgotten_at == "2026-11-30T02:13:20Z"


async def test_it_is_hers_alone(store: SqlOutcomes) -> None:
    found = large()
    await store.keep(SESSION, QUESTION, found)
    colleague = replace(SESSION, subject="bob")
    namesake = replace(SESSION, agency=AgencyId("e99000001.oak"))
    for session, operation in (
        (colleague, found.operation),
        (namesake, found.operation),
        (SESSION, "0000000000000000"),
    ):
        with refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME):
            store.show(session, operation, ASKED_AT + 1)


async def test_after_a_week_its_hash_alone_is_left(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    found = large()
    await store.keep(SESSION, QUESTION, found)
    assert store.forget_due(ASKED_AT + WEEK - 1) == 0
    # Due, though nobody has come by to forget it yet.
    with refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME):
        store.show(SESSION, found.operation, ASKED_AT + WEEK)
    with engine.connect() as connection:
        sealed = connection.execute(select(outcomes.c.sealed)).scalar_one()
    assert store.forget_due(ASKED_AT + WEEK) == 1
    assert store.forget_due(ASKED_AT + WEEK) == 0
    with engine.connect() as connection:
        row = connection.execute(select(outcomes)).one()
    assert row.sealed is None
    assert row.hash == hash_of(write(document(found, forgotten_at(found))))
    engine.dispose()
    held = content(tmp_path)
    assert sealed[:64] not in held
    assert sealed[-64:] not in held


async def test_the_file_discloses_no_contact(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    await store.keep(SESSION, QUESTION, large())
    engine.dispose()
    held = content(tmp_path)
    for hidden in (b"Okonkwo", b"INVOLVED", b"Saltmarsh", b"020 7946", b"Umberleigh", b"AB1 2CD"):
        assert hidden not in held


async def test_what_was_changed_or_moved_does_not_open(
    store: SqlOutcomes, engine: Engine, witness: WitnessFolder
) -> None:
    one, other = await two_kept(store)
    put_in_place(engine, outcomes.c.sealed, one, outcomes.c.sealed, other)
    with pytest.raises(Defect, match="outcome key"):
        store.show(SESSION, other, ASKED_AT + 1)
    with pytest.raises(Defect, match="outcome key"):
        SqlOutcomes(engine, bytes(32), witness).show(SESSION, one, ASKED_AT + 1)


def test_a_key_of_another_size_is_refused(engine: Engine, witness: WitnessFolder) -> None:
    with pytest.raises(Defect):
        SqlOutcomes(engine, bytes(16), witness)


# ---- second rounds -------------------------------------------------------------------------------


async def test_then_it_is_forgotten_and_the_outcome_is_not(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    found = large()
    await store.keep(SESSION, QUESTION, found)
    with engine.connect() as connection:
        sealed = connection.execute(select(outcomes.c.question)).scalar_one()
    assert store.forget_due(ASKED_AT + WITHIN_SECONDS - 1) == 0
    await store.first(SESSION, found.operation, ASKED_AT + 1)
    assert store.forget_due(ASKED_AT + WITHIN_SECONDS) == 0, "no outcome was due"
    with refused(Code.NOT_ALLOWED, LookupRule.FIRST_TOO_OLD):
        await store.first(SESSION, found.operation, ASKED_AT + 1)
    assert store.show(SESSION, found.operation, ASKED_AT + WITHIN_SECONDS).operation
    engine.dispose()
    assert sealed[12:76] not in content(tmp_path)


async def test_a_second_round_is_shown_as_one(store: SqlOutcomes) -> None:
    after = Widened("00000000000000aa", WideningReason.RECENT_MOVE)
    found = replace(large(), widened=after)
    await store.keep(SESSION, QUESTION, found)
    shown = store.show(SESSION, found.operation, ASKED_AT + 1).widened
    assert shown is not None
    assert (shown.after, shown.because) == ("00000000000000aa", "RECENT_MOVE")


async def test_a_question_opens_in_no_other_place(store: SqlOutcomes, engine: Engine) -> None:
    one, other = await two_kept(store)
    for moved in (outcomes.c.question, outcomes.c.sealed):
        put_in_place(engine, moved, one, outcomes.c.question, other)
        with pytest.raises(Defect, match="outcome key"):
            await store.first(SESSION, other, ASKED_AT + 1)


async def test_outcomes_kept_by_the_release_before_are_shown_and_not_asked_again(
    store: SqlOutcomes, engine: Engine
) -> None:
    await store.keep(SESSION, QUESTION, large())
    with engine.begin() as connection:
        connection.execute(update(outcomes).values(question=None))
    store.adopt()
    shown = store.show(SESSION, large().operation, ASKED_AT + 1)
    assert shown.operation == large().operation
    with refused(Code.NOT_ALLOWED, LookupRule.FIRST_TOO_OLD):
        await store.first(SESSION, large().operation, ASKED_AT + 1)
