"""Legal holds, the one reply, decisions on rights, and periods, at a gateway."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

import pytest

from fakes.gateway_outcomes import large
from fakes.justified import justified
from fakes.party_folder import COUNCIL
from fingerpost.membership.audit_commands import AFTERWARDS, NOTHING_GIVEN, REPLY
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach
from practitioner import wiring
from practitioner.asking.outcome import Question
from practitioner.cli.parsing import administrator
from practitioner.settings import GatewaySettings
from practitioner.wiring import open_audit, open_people
from unit.practitioner.gateway_desk import THESSALY, Desk, ann

TWO = ("--second", "head.okoro", "--why", "sar-2026-4")


@pytest.fixture
def number(gateway_settings: GatewaySettings) -> int:
    """Of the entry of a lookup that Ann made."""
    question = Question(THESSALY, justified(Purpose.S47_ENQUIRY), Reach.AREA)
    with open_people(gateway_settings) as people:

        async def recorded() -> None:
            await people.record.asked(ann(time.time()), question, "ab" * 8, time.time(), None)
            await people.record.close()

        asyncio.run(recorded())
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        return next(e.seq for e in log.show(0, 2**40, decrypt=False) if e.kind == "lookup.asked")


def test_the_reply_is_the_same_whatever_was_found(
    empty: Desk, gateway_settings: GatewaySettings, number: int
) -> None:
    """Attack: somebody reads from the words that something is kept back."""
    said = empty.run("audit", "reply", *TWO)
    assert said.status == 0, said.err
    assert said.out == f"{REPLY}\n\n{NOTHING_GIVEN}\n\n{AFTERWARDS}\n"
    given = empty.run("audit", "reply", *TWO, "--give", str(number)).out
    assert given.startswith(REPLY)
    assert given.endswith(f"{AFTERWARDS}\n")
    assert "SOCIAL_WORKER, S47_ENQUIRY" in given
    for name in ("Ann", "ann", "Umberleigh", "Thessaly"):
        assert name not in given
    with closing(open_audit(gateway_settings, COUNCIL)) as log:
        rights = [e for e in log.show(0, 2**40, decrypt=True) if e.kind == "audit.right"]
    assert [each.body for each in rights] == [b"", str(number).encode()]
    assert {dict(each.fields)["second"] for each in rights} == {"head.okoro"}


def test_what_is_no_lookup_is_not_given(empty: Desk, number: int) -> None:
    assert empty.run("audit", "hold", "--why", "inquiry-7").status == 0
    for entry in (number + 1, 999):
        told = empty.run("audit", "reply", *TWO, "--give", str(entry))
        assert told.status == 2
        assert REPLY not in told.out


def test_a_decision_on_a_right_takes_another_person(empty: Desk) -> None:
    right = ("audit", "right", "--right", "objection", "--decision", "upheld", "--why", "case-31")
    assert empty.run(*right, "--second", "head.okoro").out == "Recorded.\n"
    assert empty.run(*right, "--second", str(administrator())).status == 2


def test_under_a_hold_nothing_that_is_due_is_destroyed(
    empty: Desk, gateway_settings: GatewaySettings, number: int
) -> None:
    now = time.time()
    question = Question(THESSALY, justified(Purpose.S47_ENQUIRY), Reach.AREA)
    with open_people(gateway_settings) as people:
        asyncio.run(people.outcomes.keep(ann(now), question, large()))
        late = large().asked_at + 8 * limits.DAY
        number_of_hold = empty.run("audit", "hold", "--why", "inquiry-7").out.split()[2]
        assert wiring._forget_due(people, (COUNCIL,), late) == 0
        assert people.record.forget_due(COUNCIL, now + 5 * 366 * limits.DAY) == 0
        told = empty.run("audit", "forget", "--month", "2020-01", "--why", "period")
        assert "legal hold" in told.err
        assert empty.run("audit", "lift", "--hold", number_of_hold, *TWO).out == "Lifted.\n"
        assert wiring._forget_due(people, (COUNCIL,), late) == 1
        assert people.record.forget_due(COUNCIL, now + 5 * 366 * limits.DAY) == 1
