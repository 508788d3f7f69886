"""Outcomes: sealed for a week, for who asked, then only their hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from fakes.gateway_outcomes import ASKED_AT, DAY, large
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.service.database import migrate, open_sqlite
from practitioner.outcomes_store import SqlOutcomes, forgotten_at, hash_of, outcomes
from practitioner.present.document import document, write
from practitioner.session import Session

COUNCIL = AgencyId("e99000001.wexcombe-council")
SESSION = Session(
    COUNCIL, "ann", "Ann Smith", Role.SOCIAL_WORKER, Acr.PASSWORD_TOTP, ASKED_AT, 2**40, 2**40
)
KEY = bytes(range(32))
WEEK = 7 * DAY


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_sqlite(tmp_path / "outcomes.sqlite")
    migrate(opened, "practitioner.outcomes_migrations")
    yield opened
    opened.dispose()


@pytest.fixture
def store(engine: Engine) -> SqlOutcomes:
    return SqlOutcomes(engine, KEY)


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_an_outcome_is_shown_again_as_it_was(store: SqlOutcomes) -> None:
    found = large()
    await store.keep(SESSION, found)
    shown = store.show(SESSION, found.operation, ASKED_AT + WEEK - 1)
    assert shown == document(found, forgotten_at(found))
    assert shown.forgotten_at == "2026-11-30T02:13:20Z"


async def test_it_is_hers_alone(store: SqlOutcomes) -> None:
    found = large()
    await store.keep(SESSION, found)
    for other in (
        replace(SESSION, subject="bob"),
        replace(SESSION, agency=AgencyId("e99000001.oak")),
    ):
        with pytest.raises(Refused) as raised:
            store.show(other, found.operation, ASKED_AT + 1)
        assert (raised.value.code, raised.value.what) == (Code.NOT_ALLOWED, "outcome")
    with pytest.raises(Refused) as absent:
        store.show(SESSION, "0000000000000000", ASKED_AT + 1)
    assert absent.value.what == "outcome"


async def test_after_a_week_its_hash_alone_is_left(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    found = large()
    await store.keep(SESSION, found)
    assert store.forget_due(ASKED_AT + WEEK - 1) == 0
    # Due, though nobody has come by to forget it yet.
    with pytest.raises(Refused):
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


async def test_the_file_tells_no_contact(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    await store.keep(SESSION, large())
    engine.dispose()
    held = content(tmp_path)
    for hidden in (b"Okonkwo", b"INVOLVED", b"Saltmarsh", b"020 7946"):
        assert hidden not in held


async def test_what_was_changed_or_moved_does_not_open(store: SqlOutcomes, engine: Engine) -> None:
    one, other = large(), replace(large(), operation="00000000000000aa")
    await store.keep(SESSION, one)
    await store.keep(SESSION, other)
    with engine.begin() as connection:
        sealed = connection.execute(
            select(outcomes.c.sealed).where(outcomes.c.operation == one.operation)
        ).scalar_one()
        connection.execute(
            update(outcomes).where(outcomes.c.operation == other.operation).values(sealed=sealed)
        )
    with pytest.raises(Defect, match="outcome key"):
        store.show(SESSION, other.operation, ASKED_AT + 1)
    with pytest.raises(Defect, match="outcome key"):
        SqlOutcomes(engine, bytes(32)).show(SESSION, one.operation, ASKED_AT + 1)


def test_a_key_of_another_size_is_refused(engine: Engine) -> None:
    with pytest.raises(Defect):
        SqlOutcomes(engine, bytes(16))
