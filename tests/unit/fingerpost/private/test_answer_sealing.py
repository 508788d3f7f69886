"""An answer reaches the requester whole and of its node, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from fakes.refusals import refused
from fingerpost.private.codec import write_part
from fingerpost.private.messages import AgencyAnswer, AnswerPart, OpeningHours, Pointer
from fingerpost.private.query_sealing import open_answer, seal_answer
from fingerpost.private.sealing import LENGTH_BYTES, HybridKey, pad, prefixed, seal
from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import write_envelope
from fingerpost.protocol.codes import (
    AgencyKind,
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Quality,
    Reach,
    Status,
)
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Agency, DenyList, Federation, parts_of
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import (
    LARGEST,
    SIZE_CLASSES,
    NodeAnswer,
    SealedAnswer,
    SizeClass,
    size_class,
)
from unit.fingerpost.private.a_lookup import (
    AREA,
    GATEWAY,
    NODE,
    OTHER_NODE,
    POLICE,
    federation,
    key_of,
    seeded,
)
from unit.fingerpost.private.private_strategies import answer_parts
from vectors.message_vectors import an_answer

REPLY_KEY = HybridKey.generate(seeded("reply key"))
HASH = seeded("query hash")(32)
FEDERATION = federation()
ASKED = FEDERATION.agencies_in_reach(AREA, Reach.AREA_AND_NEIGHBOURS)
PART = an_answer()
LATEST = 253_402_300_799
OF_TWO = size_class(len(PART.agencies))


ALL_ON_THE_OTHER = tuple(replace(agency, node=OTHER_NODE) for agency in ASKED)


def _sealed(part: AnswerPart = PART, key: str = NODE.value) -> SealedAnswer:
    return seal_answer(part, REPLY_KEY.public_key, key_of(key))


def _open(
    sealed: bytes,
    *,
    node: MemberId = NODE,
    part: int = 0,
    query_hash: bytes = HASH,
    known: Federation = FEDERATION,
    asked: tuple[Agency, ...] = ASKED,
) -> AnswerPart:
    return open_answer(
        NodeAnswer(node, part, sealed),
        query_hash=query_hash,
        reply_key=REPLY_KEY,
        federation=known,
        asked=asked,
    )


def test_what_was_sealed_is_read() -> None:
    sealed = _sealed()
    assert (sealed.query_hash, sealed.part) == (HASH, 0)
    assert _open(sealed.sealed) == PART


def test_a_yes_a_no_and_a_cannot_have_one_size() -> None:
    nothing, cannot = (
        replace(
            PART,
            agencies=tuple(
                replace(a, status=status, reason=why, pointers=()) for a in PART.agencies
            ),
        )
        for status, why in (
            (Status.NOTHING_TO_DISCLOSE, None),
            (Status.CANNOT_ANSWER, Cannot.TOO_OLD),
        )
    )
    sizes = {len(_sealed(part).sealed) for part in (PART, nothing, cannot)}
    assert sizes == {OF_TWO.sealed_bytes}


@settings(max_examples=40, deadline=None)
@given(answer_parts())
def test_the_size_follows_from_how_many_agencies_whatever_they_say(part: AnswerPart) -> None:
    silent = replace(
        part,
        agencies=tuple(
            AgencyAnswer(each.agency, Status.NOTHING_TO_DISCLOSE, 1, 1) for each in part.agencies
        ),
    )
    sizes = {len(_sealed(each).sealed) for each in (part, silent)}
    assert sizes == {size_class(len(part.agencies)).sealed_bytes}


@pytest.mark.parametrize("letter", ["é", "ž", "\u0308"])
@pytest.mark.parametrize("of", SIZE_CLASSES)
def test_the_largest_answer_of_each_class_fits_and_little_is_left(
    of: SizeClass, letter: str
) -> None:
    """As many agencies of the longest id as the class has, and as many pointers with every field at
    its bound, of a node with the longest id."""
    pointer = Pointer(
        CoarseKind.VOLUNTARY_SECTOR,
        InvolvementStatus.PLANNED,
        worker_role=letter * 60,
        worker_name=letter * 80,
        desk_phone="0" * 24,
        desk_email="a" * 84 + "@council.example",
        out_of_hours_phone="0" * 24,
        hours=tuple(OpeningHours(127, 1439, n, term_time=True) for n in range(1433, 1441)),
        as_of=LATEST,
        lead_practitioner=True,
        early_help_assessment=True,
        desk=DeskKind.OUT_OF_HOURS,
        staffed_until=LATEST,
        number_reported_wrong=True,
    )
    assert len(pointer.desk_email) == 100
    answers = [
        AgencyAnswer(
            AgencyId(f"e08000001.{n:02}" + "a" * 38),
            status,
            2**40 - 1,
            LATEST,
            why,
            mine,
            commitment=b"c" * 32,
            quality=Quality.POOR if status is Status.INVOLVED else None,
        )
        for n, (status, why, mine) in enumerate(
            # One pointer each, which gives most lengths, and what an agency without one may say.
            [(Status.INVOLVED, None, (pointer,))] * (min(of.agencies, of.pointers) - 1)
            + [(Status.INVOLVED, None, (pointer,) * max(1, of.pointers - of.agencies + 1))]
            + [(Status.CANNOT_ANSWER, Cannot.FAULT, ())] * max(0, of.agencies - of.pointers)
        )
    ]
    part = AnswerPart(
        query_hash=bytes([255]) * 32,
        node=MemberId("n" * 40),
        metadata_version=2**40 - 1,
        part=1023,
        parts=1024,
        agencies=tuple(answers),
        note_secret=bytes([255]) * 32,
    )
    assert (len(part.agencies), len(part.pointers)) == (of.agencies, of.pointers)
    newest = limits.REVISIONS[-1]
    assert (
        len(seal_answer(part, REPLY_KEY.public_key, key_of("n"), newest).sealed) == of.sealed_bytes
    )
    payload = write_part(part, newest)
    envelope = write_envelope(sign(PayloadType.ANSWER, payload, "n" * 40, key_of("n")))
    assert of.plain_bytes - LENGTH_BYTES - len(envelope) < 64, "no class is larger than it must be"


# ---- on the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [0, 1087, 1088, 1119, 1120, 5000, OF_TWO.sealed_bytes - 1])
def test_no_byte_may_be_altered_on_the_way(position: int) -> None:
    sealed = bytearray(_sealed().sealed)
    sealed[position] ^= 1
    with refused(Code.BAD_SEAL):
        _open(bytes(sealed))


def test_noise_in_an_answers_place() -> None:
    with refused(Code.BAD_SEAL):
        _open(seeded("noise")(OF_TWO.sealed_bytes))


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"query_hash": bytes(32)}, Code.BAD_SEAL),
        ({"part": 1}, Code.MALFORMED),
        ({"part": -1}, Code.MALFORMED),
        ({"node": OTHER_NODE, "asked": ALL_ON_THE_OTHER}, Code.BAD_SEAL),
        ({"node": GATEWAY}, Code.NOT_A_MEMBER),
        ({"node": MemberId("nobody")}, Code.NOT_A_MEMBER),
        (
            {"known": replace(FEDERATION, deny=DenyList(members=frozenset({NODE})))},
            Code.NOT_A_MEMBER,
        ),
    ],
    ids=["query", "part", "no part", "node", "gateway", "nobody", "denied node"],
)
def test_an_answer_opens_for_its_own_query_part_and_node_alone(
    other: dict[str, Any], code: Code
) -> None:
    with refused(code):
        _open(_sealed().sealed, **other)


# ---- a member that cheats ------------------------------------------------------------------------


def _handmade(
    part: AnswerPart = PART,
    *,
    key: str = NODE.value,
    signer: str = NODE.value,
    type_: PayloadType = PayloadType.ANSWER,
    node: MemberId = NODE,
    number: int = 0,
    size: int = OF_TWO.plain_bytes,
    tail: bytes = b"",
) -> bytes:
    """An answer sealed by hand as ``node``'s part ``number``, whatever it says inside."""
    plain = pad(write_envelope(sign(type_, write_part(part), signer, key_of(key))), size, "x")
    plain = plain[: len(plain) - len(tail)] + tail
    info = prefixed(b"answer", HASH, node.value.encode(), number.to_bytes(4, "big"))
    return seal(REPLY_KEY.public_key, info, plain)


def test_an_answer_by_hand_is_taken() -> None:
    """So that what follows fails for what it changes."""
    assert _open(_handmade()) == PART


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": OTHER_NODE.value}, Code.BAD_SIGNATURE),
        ({"key": GATEWAY.value}, Code.BAD_SIGNATURE),
        ({"signer": ""}, Code.BAD_SIGNATURE),
        ({"signer": OTHER_NODE.value, "key": OTHER_NODE.value}, Code.BAD_SIGNATURE),
        ({"type_": PayloadType.INNER}, Code.MALFORMED),
        ({"type_": PayloadType.QUERY}, Code.MALFORMED),
        ({"tail": b"\1"}, Code.BAD_SEAL),
        ({"size": OF_TWO.plain_bytes - 1}, Code.MALFORMED),
        ({"size": OF_TWO.plain_bytes + 1}, Code.MALFORMED),
        ({"size": size_class(1).plain_bytes}, Code.MALFORMED),
        ({"size": LARGEST.plain_bytes}, Code.MALFORMED),
    ],
    ids=str,
)
def test_an_envelope_that_is_not_the_nodes(change: dict[str, Any], code: Code) -> None:
    sealed = _handmade(**change)
    with refused(code):
        _open(sealed)


COUNCIL_SAYS, SCHOOL_SAYS = PART.agencies
POLICE_SAYS = AgencyAnswer(POLICE, Status.NOTHING_TO_DISCLOSE, 1, 1)
UNKNOWN_SAYS = replace(COUNCIL_SAYS, agency=AgencyId("e08000001.abc"))
WRONG_PARTS: dict[str, dict[str, Any]] = {
    "another query": {"query_hash": bytes(32)},
    "another node": {"node": OTHER_NODE},
    "more parts": {"parts": 2},
    "another part": {"part": 1, "parts": 2},
    "without the council": {"agencies": (SCHOOL_SAYS,)},
    "without the school": {"agencies": (COUNCIL_SAYS,)},
    "nobody": {"agencies": ()},
    "the police too": {"agencies": (COUNCIL_SAYS, SCHOOL_SAYS, POLICE_SAYS)},
    "somebody unknown": {"agencies": (UNKNOWN_SAYS, SCHOOL_SAYS)},
}


@pytest.mark.parametrize("change", WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_exactly_what_the_member_list_lets_expect(change: dict[str, Any]) -> None:
    sealed = _handmade(replace(PART, **change))
    with refused(Code.MALFORMED):
        _open(sealed)


def test_a_node_speaks_for_its_own_agencies_only() -> None:
    """Attack: a node says "nothing" for the police, whose own node has not answered."""
    liar = replace(PART, node=OTHER_NODE)
    honest = replace(liar, agencies=(POLICE_SAYS,))
    lie, truth = (
        _handmade(
            part,
            key=OTHER_NODE.value,
            signer=OTHER_NODE.value,
            node=OTHER_NODE,
            size=size_class(1).plain_bytes,
        )
        for part in (liar, honest)
    )
    with refused(Code.MALFORMED):
        _open(lie, node=OTHER_NODE)
    assert _open(truth, node=OTHER_NODE) == honest


def test_a_host_of_many_answers_in_parts() -> None:
    hosted = tuple(
        Agency(AgencyId(f"e08000001.s{i:03}"), "School", AgencyKind.SCHOOL, NODE)
        for i in range(130)
    )
    expected = parts_of(hosted, NODE)
    assert [len(ids) for ids in expected] == [64, 64, 2]
    for number, ids in enumerate(expected):
        said = tuple(AgencyAnswer(a, Status.NOTHING_TO_DISCLOSE, 1, 1) for a in ids)
        part = AnswerPart(HASH, NODE, 7, number, 3, said, bytes(32))
        assert _open(_sealed(part).sealed, part=number, asked=hosted) == part
        # the right agencies under the wrong number
        for other in {0, 1, 2} - {number}:
            another_size = 2 in {number, other}
            with refused(Code.MALFORMED if another_size else Code.BAD_SEAL):
                _open(_sealed(part).sealed, part=other, asked=hosted)
            moved = _sealed(replace(part, part=other)).sealed
            with refused(Code.MALFORMED):
                _open(moved, part=other, asked=hosted)
    beyond = _sealed(AnswerPart(HASH, NODE, 7, 3, 4, (), bytes(32))).sealed
    with refused(Code.MALFORMED):
        _open(beyond, part=3, asked=hosted)


def test_a_reply_key_that_is_none_is_refused() -> None:
    for public_key in (bytes(1216), b"\xff" * 1216, bytes(32)):
        with refused(Code.MALFORMED):
            seal_answer(PART, public_key, key_of(NODE.value))
