"""Outcomes: sealed for a week, for who asked, then only the names of their hashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, update

from fakes.gateway_outcomes import ASKED_AT, DAY, large
from fakes.party_folder import COUNCIL
from fakes.refusals import refused
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import Status, WideningReason
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import WitnessFolder
from practitioner.asking.document import document, write
from practitioner.asking.migrations import REVISIONS
from practitioner.asking.outcome import AgencyOutcome, Widened
from practitioner.asking.outcomes_store import (
    SqlOutcomes,
    document_size,
    documents,
    forgotten_at,
    hash_of,
)
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


def put_in_place(engine: Engine, column: str, one: int, into: str, other: int) -> None:
    """Write what one outcome's column holds into a column of another, by the order of keeping."""
    with engine.begin() as connection:
        names = list(connection.execute(select(documents.c.name)).scalars())
        at = documents.c.name == names[one]
        held = connection.execute(select(documents.c[column]).where(at)).scalar_one()
        place = update(documents).where(documents.c.name == names[other])
        connection.execute(place.values({into: held}))


def sizes(engine: Engine) -> set[tuple[int, ...]]:
    """The lengths of every row of an outcome."""
    queries = (
        "SELECT length(sealed) FROM lookups",
        "SELECT length(document), length(question) FROM documents",
    )
    with engine.connect() as connection:
        return {tuple(row) for query in queries for row in connection.exec_driver_sql(query).all()}


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


async def test_after_a_week_the_name_of_its_hash_alone_is_left(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    found = large()
    await store.keep(SESSION, QUESTION, found)
    printed = write(document(found, forgotten_at(found)))
    assert store.is_genuine(printed)
    assert store.forget_due(ASKED_AT + WEEK - 1) == 0
    # Due, though nobody has come by to forget it yet.
    with refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME):
        store.show(SESSION, found.operation, ASKED_AT + WEEK)
    with engine.connect() as connection:
        sealed = connection.execute(select(documents.c.document)).scalar_one()
    assert store.forget_due(ASKED_AT + WEEK) == 1
    assert store.forget_due(ASKED_AT + WEEK) == 0
    assert sizes(engine) == set()
    assert store.is_genuine(printed)
    assert not store.is_genuine(printed + b" ")
    engine.dispose()
    held = content(tmp_path)
    assert sealed[:64] not in held
    assert sealed[-64:] not in held
    assert hash_of(printed) not in held


async def test_the_file_shows_nothing_of_a_lookup(
    store: SqlOutcomes, engine: Engine, tmp_path: Path
) -> None:
    await store.keep(SESSION, QUESTION, large())
    await store.spend(SESSION, large().operation, "00000000000000bb")
    engine.dispose()
    held = content(tmp_path)
    texts = ("Okonkwo", "INVOLVED", "Saltmarsh", "020 7946", "Umberleigh", "AB1 2CD")
    names = (large().operation, "00000000000000bb", SESSION.subject + "\0", COUNCIL.value)
    for hidden in (*(text.encode() for text in (*texts, *names)), ASKED_AT.to_bytes(4, "big")):
        assert hidden not in held


async def test_its_size_follows_from_how_many_were_asked(
    store: SqlOutcomes, engine: Engine
) -> None:
    """Neither from how many said yes, nor from the question, its age, or a second round."""
    all_say_yes = replace(large(), operation="00000000000000aa", agencies=yes(large().agencies))
    nobody = replace(large(), operation="00000000000000bb", agencies=no(large().agencies))
    short = replace(QUESTION, demographics=Demographics("A", "", "B", (), date(2017, 3, 9)))
    for found, question in ((large(), QUESTION), (all_say_yes, short), (nobody, QUESTION)):
        await store.keep(SESSION, question, found)
    one = sizes(engine)
    assert len(one) == 2, "one of each table"
    await store.spend(SESSION, large().operation, "00000000000000cc")
    store.forget_due(ASKED_AT + WITHIN_SECONDS)
    assert sizes(engine) == one


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_document_without_pointers_leaves_room_for_some(asked: int, not_connected: int) -> None:
    assert document_size(asked, not_connected) >= 32 * 1024 + 1024 * asked + 512 * not_connected


def yes(agencies: Sequence[AgencyOutcome]) -> tuple[AgencyOutcome, ...]:
    most = max((each.pointers for each in agencies), key=len)
    return tuple(
        replace(
            each,
            status=Status.INVOLVED,
            pointers=most,
            reason=None,
        )
        for each in agencies
    )


def no(agencies: Sequence[AgencyOutcome]) -> tuple[AgencyOutcome, ...]:
    nothing = Status.NOTHING_TO_DISCLOSE
    return tuple(replace(each, status=nothing, pointers=(), reason=None) for each in agencies)


async def test_what_was_changed_or_moved_does_not_open(
    store: SqlOutcomes, engine: Engine, witness: WitnessFolder
) -> None:
    one, other = await two_kept(store)
    put_in_place(engine, "document", 0, "document", 1)
    with pytest.raises(Defect, match="wrong"):
        store.show(SESSION, other, ASKED_AT + 1)
    with pytest.raises(Defect, match="wrong"):
        SqlOutcomes(engine, bytes(32), witness).show(SESSION, one, ASKED_AT + 1)


async def test_an_outcome_is_kept_once(store: SqlOutcomes) -> None:
    one, _ = await two_kept(store)
    with pytest.raises(Defect, match="once"):
        await store.keep(SESSION, QUESTION, replace(large(), operation=one))


async def test_an_outcome_whose_document_was_deleted_is_a_fault(
    store: SqlOutcomes, engine: Engine
) -> None:
    one, other = await two_kept(store)
    with engine.begin() as connection:
        connection.execute(delete(documents))
    for operation in (one, other):
        with pytest.raises(Defect, match="not the one that was kept"):
            store.show(SESSION, operation, ASKED_AT + 1)


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
        sealed = connection.execute(select(documents.c.question)).scalar_one()
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
    _, other = await two_kept(store)
    for moved in ("question", "document"):
        put_in_place(engine, moved, 0, "question", 1)
        with pytest.raises(Defect, match="wrong"):
            await store.first(SESSION, other, ASKED_AT + 1)
