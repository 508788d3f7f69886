"""``asking.ports.Outcomes``: one suite, on SQLite and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.gateway_outcomes import ASKED_AT, large
from fakes.simulated_gateway import MemoryOutcomes
from fingerpost.protocol.codes import Reach, WideningReason
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import open_migrated
from fingerpost.runtime.witness import WitnessFolder
from practitioner.asking.migrations import REVISIONS
from practitioner.asking.outcome import Widened
from practitioner.asking.outcomes_store import SqlOutcomes
from practitioner.asking.plan import WITHIN_SECONDS, LookupRule
from practitioner.asking.ports import Outcomes
from practitioner.sign_in.rules import Session
from unit.practitioner.gateway_desk import QUESTION, ann

SESSION = ann(ASKED_AT)
OPERATION = large().operation
SECOND, THIRD = "00000000000000bb", "00000000000000cc"

Open = Callable[[], Outcomes]


@pytest.fixture(params=["memory", "sqlite"])
def open_(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the store; a second time, as another process of the gateway does."""
    if request.param == "memory":
        memory = MemoryOutcomes()
        yield lambda: memory
        return
    witness = WitnessFolder(tmp_path / "witness")
    engine = open_migrated(tmp_path / "outcomes.sqlite", REVISIONS)
    yield lambda: SqlOutcomes(engine, bytes(range(32)), witness)
    engine.dispose()


@pytest.fixture
async def store(open_: Open) -> Outcomes:
    """With one outcome in it."""
    opened = open_()
    await opened.keep(SESSION, QUESTION, large())
    return opened


def refused(rule: LookupRule) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(
        Refused, check=lambda error: error.code is Code.NOT_ALLOWED and error.rule is rule
    )


async def test_what_was_asked_is_at_hand_for_a_day(store: Outcomes) -> None:
    first = await store.first(SESSION, OPERATION, ASKED_AT + WITHIN_SECONDS - 1)
    assert first.question == replace(QUESTION, reach=Reach.AREA), "as far as it went, written out"
    assert (first.asked_at, first.whole, first.spent) == (ASKED_AT, True, False)
    assert len(first.gaps) == sum(each.lacks_answer for each in large().agencies) > 0
    assert not first.none_named_itself


@pytest.mark.parametrize(
    ("session", "operation"),
    [
        (replace(SESSION, subject="bob"), OPERATION),
        (replace(SESSION, agency=AgencyId("e99000001.oak")), OPERATION),
        (SESSION, "0000000000000000"),
    ],
    ids=["another subject", "another agency", "no lookup"],
)
async def test_a_first_lookup_is_hers_alone(
    store: Outcomes, session: Session, operation: str
) -> None:
    with refused(LookupRule.NO_SUCH_OUTCOME):
        await store.first(session, operation, ASKED_AT + 1)
    with refused(LookupRule.SECOND_TAKEN):
        await store.spend(session, operation, SECOND)
    assert not (await store.first(SESSION, OPERATION, ASKED_AT + 1)).spent


async def test_a_lookup_has_one_second_round(store: Outcomes, open_: Open) -> None:
    await store.spend(SESSION, OPERATION, SECOND)
    assert (await store.first(SESSION, OPERATION, ASKED_AT + 1)).spent
    elsewhere = open_()
    with refused(LookupRule.SECOND_TAKEN):
        await elsewhere.spend(SESSION, OPERATION, THIRD)
    await store.give_back(SESSION, OPERATION, THIRD)  # not its own: no effect
    assert (await store.first(SESSION, OPERATION, ASKED_AT + 1)).spent
    await store.give_back(SESSION, OPERATION, SECOND)
    await elsewhere.spend(SESSION, OPERATION, THIRD)


async def test_a_second_round_has_none_itself(store: Outcomes) -> None:
    second = replace(
        large(), operation=SECOND, widened=Widened(OPERATION, WideningReason.RECENT_MOVE)
    )
    await store.keep(SESSION, QUESTION, second)
    assert (await store.first(SESSION, SECOND, ASKED_AT + 1)).spent
