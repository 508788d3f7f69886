"""Which lookups may be challenged, until when an answer is due, and whose signature holds."""

from __future__ import annotations

from calendar import timegm
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.entries import BODY_VERSION, Body, HiddenRequester
from agency_node.inbox.challenging import ANSWER_WORKING_DAYS, answer_by, challenge_of
from agency_node.inbox.lookups import Lookup
from fakes.node_world import (
    COUNCIL,
    FEDERATION,
    GATEWAY,
    GATEWAY_KEY,
    NODE,
    NODE_KEY,
    POLICE,
    SCHOOL,
    a_federation,
)
from fakes.refusals import refused
from fingerpost.membership.challenges import (
    answers,
    digest,
    verified,
    verified_answer,
    verified_challenge,
)
from fingerpost.private.notes import Doubted, Explained
from fingerpost.protocol.codec.challenges import (
    CHALLENGE_BYTES,
    Challenge,
    ChallengeAnswer,
    write_challenge,
    write_challenge_answer,
)
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import AgencyId, FederationId
from unit.agency_node.test_inbox_exceptions import Logged

NOW = int(datetime(2026, 3, 5, 9, tzinfo=UTC).timestamp())
BODY = Body(BODY_VERSION, None, "", 1, ())
HIDDEN = HiddenRequester("Jo", "jo", str(COUNCIL), "Council", "", "", "", b"")


def entry(status: Status = Status.INVOLVED, number: int = 1, asking: str = str(COUNCIL)) -> Logged:
    fields: dict[str, str | int | bool] = {
        "asking": asking,
        "answer": status.name,
        "query": bytes([number]).hex() * 32,
    }
    return Logged(number, NOW, fields)


def challenge(lookup: Lookup, hidden: HiddenRequester | None = None) -> Challenge:
    return challenge_of(
        lookup,
        hidden,
        federation=FEDERATION,
        node=NODE,
        agency=SCHOOL,
        about=Doubted.REFERENCE,
        now=NOW,
    )


def test_a_lookup_that_named_the_agency_may_be_challenged() -> None:
    made = challenge(Lookup(BODY, [entry(Status.NOTHING_TO_DISCLOSE), entry(number=2)]))
    assert (made.asking, made.query) == (COUNCIL, bytes([2]) * 32)
    assert made.about == Doubted.REFERENCE


@pytest.mark.parametrize(
    "status", [Status.NOTHING_TO_DISCLOSE, Status.CANNOT_ANSWER, Status.TRY_AGAIN]
)
def test_where_nothing_was_disclosed_nobody_is_told_that_the_query_opened(status: Status) -> None:
    """Attack, and accident: a challenge by an agency that shields the child."""
    with pytest.raises(Defect, match="would show that you know the child"):
        challenge(Lookup(BODY, [entry(status)]))


def test_a_requester_who_is_not_shown_is_revealed_first() -> None:
    lookup = Lookup(BODY, [entry(asking="")])
    with pytest.raises(Defect, match="--reveal"):
        challenge(lookup)
    assert challenge(lookup, HIDDEN).asking == COUNCIL


def test_an_answer_is_due_after_five_working_days() -> None:
    """From a Thursday to the end of the next but one Thursday's eve, over Easter later."""
    assert ANSWER_WORKING_DAYS == 5
    assert answer_by(NOW) == timegm((2026, 3, 13, 0, 0, 0))
    maundy = int(datetime(2026, 4, 2, 9, tzinfo=UTC).timestamp())
    assert answer_by(maundy) == timegm((2026, 4, 14, 0, 0, 0))


# ---- signatures ----------------------------------------------------------------------------------

CHALLENGE = Challenge(FEDERATION, NODE, SCHOOL, COUNCIL, bytes(32), Doubted.WHOLE, NOW, NOW + 1)
ANSWER = ChallengeAnswer(FEDERATION, GATEWAY, COUNCIL, bytes(32), Explained.ON_RECORD, NOW)


def test_both_sides_read_what_was_signed() -> None:
    listed = a_federation()
    data = write_challenge(CHALLENGE, NODE_KEY)
    assert verified(data, listed) == verified_challenge(data, listed) == CHALLENGE
    answer = replace(ANSWER, challenge=digest(data))
    written = write_challenge_answer(answer, GATEWAY_KEY)
    assert verified(written, listed) == verified_answer(written, listed) == answer
    assert answers(answer, CHALLENGE, data)
    assert not answers(ANSWER, CHALLENGE, data)
    assert max(len(data), len(written)) < CHALLENGE_BYTES


def test_a_file_names_no_child_and_no_person() -> None:
    fields = {*msgspec.to_builtins(CHALLENGE), *msgspec.to_builtins(ANSWER)}
    assert fields == {
        *("federation", "node", "gateway", "agency", "asking", "query", "challenge"),
        *("about", "says", "made_at", "answer_by"),
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agency": POLICE}, Code.NOT_A_MEMBER),
        ({"agency": AgencyId("e99000001.nobody")}, Code.NOT_A_MEMBER),
        ({"federation": FederationId("another")}, Code.MALFORMED),
        ({"about": 99}, Code.MALFORMED),
    ],
)
def test_a_challenge_for_an_agency_of_another_node_is_refused(
    changes: dict[str, Any], code: Code
) -> None:
    """Attack: a node challenges in the name of an agency for which it does not answer."""
    data = write_challenge(replace(CHALLENGE, **changes), NODE_KEY)
    with refused(code):
        verified_challenge(data, a_federation())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asking": POLICE}, Code.NOT_A_MEMBER),
        ({"federation": FederationId("another")}, Code.MALFORMED),
        ({"says": 99}, Code.MALFORMED),
    ],
)
def test_an_answer_for_an_agency_of_another_gateway_is_refused(
    changes: dict[str, Any], code: Code
) -> None:
    data = write_challenge_answer(replace(ANSWER, **changes), GATEWAY_KEY)
    with refused(code):
        verified_answer(data, a_federation())


def test_no_other_key_signs_and_neither_file_passes_for_the_other() -> None:
    listed, other = a_federation(), Ed25519PrivateKey.generate()
    with refused(Code.BAD_SIGNATURE):
        verified_challenge(write_challenge(CHALLENGE, other), listed)
    with refused(Code.BAD_SIGNATURE):
        verified_answer(write_challenge_answer(ANSWER, other), listed)
    with refused(Code.NOT_A_MEMBER):
        verified_answer(write_challenge(CHALLENGE, NODE_KEY), listed)
    with refused(Code.NOT_A_MEMBER):
        verified_challenge(write_challenge_answer(ANSWER, GATEWAY_KEY), listed)


@pytest.mark.parametrize(
    "changes", [{"query": bytes(31)}, {"about": 0}, {"answer_by": NOW}, {"made_at": 0}]
)
def test_a_challenge_out_of_its_bounds_is_none(changes: dict[str, Any]) -> None:
    with refused(Code.MALFORMED):
        replace(CHALLENGE, **changes)


@pytest.mark.parametrize("changes", [{"challenge": b""}, {"says": 0}, {"made_at": 0}])
def test_an_answer_out_of_its_bounds_is_none(changes: dict[str, Any]) -> None:
    with refused(Code.MALFORMED):
        replace(ANSWER, **changes)
