"""The recorded vectors hold: made again they are the same, and what was sealed then opens now."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fakes.justified import justified
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.private.passport import read
from fingerpost.private.pepper_sealing import open_pepper, open_requester_seed
from fingerpost.private.query_sealing import open_answer, open_query, verify_inner
from fingerpost.private.sealing import HybridKey
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import NodeAnswer
from unit.fingerpost.private.a_lookup import (
    AREA,
    ASKING,
    FEDERATION,
    GATEWAY,
    NOW,
    a_child,
    a_passport,
    federation,
)
from vectors import message_vectors

MESSAGES: dict[str, Any] = json.loads(message_vectors.MESSAGES.read_text("utf-8"))
SEALED: dict[str, Any] = json.loads(message_vectors.SEALED.read_text("utf-8"))


@pytest.mark.parametrize("part", ["derivations", "messages", "query", "second round"])
def test_fixed_inputs_become_the_recorded_bytes(part: str) -> None:
    assert message_vectors.messages()[part] == MESSAGES[part]


def test_a_recorded_holder_key_is_derived() -> None:
    for recorded in MESSAGES["derivations"]["oprf"]:
        key = EvaluatorKey(bytes.fromhex(recorded["seed"]))
        assert key.public_key.hex() == recorded["public_key"]


QUERIES = [
    pytest.param(part, because, opening, id=f"{part} {opening['locator']}")
    for part, because in (("query", None), ("second round", WideningReason.OTHER_NAME_LIKELY))
    for opening in MESSAGES[part]["openings"]
]


@pytest.mark.parametrize(("part", "because", "opening"), QUERIES)
def test_the_recorded_query_opens(
    part: str, because: WideningReason | None, opening: dict[str, Any]
) -> None:
    recorded = MESSAGES[part]
    keys = {EpochNumber(recorded["epoch"]): bytes.fromhex(recorded["requester_key"])}
    query = read_query(base64.b64decode(recorded["wire"]), keys.__getitem__)
    assert query.hash.hex() == recorded["hash"]
    assert query.core.locators[opening["position"]].hex() == opening["locator"]
    opened = open_query(query, opening["position"], bytes.fromhex(opening["wrap_secret"]))
    assert (opened.inner.agency, opened.inner.gateway) == (ASKING, GATEWAY)
    question = verify_inner(opened, query, federation(), now=NOW)
    assert question.justification.facts == justified(Purpose.S47_ENQUIRY, now=NOW).facts
    assert (question.passport, question.demographics) == (a_passport(), a_child())
    assert question.justification.widened_because is because


def test_the_recorded_passport_is_read() -> None:
    recorded = MESSAGES["messages"]["passport"]
    passport = read(
        recorded["token"],
        federation=FEDERATION,
        agency=ASKING,
        passport_key=bytes.fromhex(recorded["passport_key"]),
        now=NOW,
    )
    assert passport == a_passport()


@pytest.mark.parametrize("which", ["pepper", "pepper of a gateway"])
def test_the_recorded_pepper_opens(which: str) -> None:
    recorded = SEALED[which]
    sealed = SealedPepper(
        EpochNumber(recorded["epoch"]),
        MemberId(recorded["member"]),
        recorded["day"],
        base64.b64decode(recorded["sealed"]),
    )
    key = HybridKey(bytes.fromhex(recorded["receiving_key"]))
    assert open_pepper(sealed, key).value.hex() == recorded["value"]
    assert open_requester_seed(sealed, key).hex() == recorded.get("requester_seed", "")


def test_the_recorded_answer_opens() -> None:
    recorded = SEALED["answer"]
    answer = NodeAnswer(
        MemberId(recorded["node"]), recorded["part"], base64.b64decode(recorded["sealed"])
    )
    known = federation()
    part = open_answer(
        answer,
        query_hash=bytes.fromhex(recorded["query_hash"]),
        reply_key=HybridKey(bytes.fromhex(recorded["reply_key"])),
        federation=known,
        asked=known.agencies_in_reach(AREA, Reach.AREA),
    )
    assert part == message_vectors.an_answer()
