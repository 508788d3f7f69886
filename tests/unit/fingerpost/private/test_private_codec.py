"""Sealed messages between bytes and values: round trips, bounds, and what protobuf lets pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.handles import NO_PROOF, a_counting
from fakes.refusals import refused
from fingerpost.private.codec import (
    FACTS_BYTES,
    read_demographics,
    read_facts,
    read_inner,
    read_part,
    require_room,
    write_demographics,
    write_facts,
    write_inner,
    write_part,
)
from fingerpost.private.demographics import Demographics, ExpectedDate, OtherName
from fingerpost.private.justification import (
    AgreedBy,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Inner
from fingerpost.private.sealing import pad
from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import write_envelope
from fingerpost.protocol.codes import Cannot, Purpose, Quality, Status, WideningReason
from fingerpost.protocol.envelope import Envelope, PayloadType
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.limits import (
    APPROVAL_BYTES,
    APPROVALS,
    INNER_BYTES,
    PASSPORT_BYTES,
    QUESTION_CHILD_BYTES,
)
from fingerpost.protocol.messages import LARGEST
from fingerpost.wire.v1 import private_pb2 as pb
from fingerpost.wire.v1 import query_pb2
from unit.fingerpost.private.a_lookup import ASKING, GATEWAY, SCHOOL, a_child, a_lookup
from unit.fingerpost.private.private_strategies import answer_parts, demographics, facts, inners
from vectors.message_vectors import an_answer

HASH = bytes(range(32))
TODAY = date(2026, 3, 2)
LAST = 253_402_300_799  # the last second of the year 9999


@settings(max_examples=60)
@given(demographics)
def test_demographics_survive_the_journey(d: Demographics) -> None:
    assert read_demographics(write_demographics(d)) == d


@settings(max_examples=60)
@given(inners)
def test_an_inner_part_survives_the_journey(inner: Inner) -> None:
    if len(write_demographics(inner.demographics)) <= QUESTION_CHILD_BYTES:
        assert read_inner(write_inner(inner, HASH)) == (HASH, inner)
    else:
        for write in (lambda: write_inner(inner, HASH), lambda: require_room(inner.demographics)):
            with refused(Code.MALFORMED):
                write()


def test_the_largest_question_fits_with_room_for_approvals() -> None:
    """Too much is refused before anything leaves, and never when the query is sealed."""
    stated = Facts(
        reason=max(Reason),
        engagement=max(Engagement),
        informed=max(Informed),
        agreed_by=max(AgreedBy),
        agreed_on=TODAY,
        requested_by=AgencyId("e08000001." + "a" * 40),
        lead_since=TODAY,
        strategy_discussion=StrategyDiscussion(TODAY),
        arrived_at=LAST,
        joined_on=TODAY,
        origin=max(Origin),
        not_hiding=True,
        reported_by=max(ReportedBy),
        checked=True,
        missing_since=LAST,
        renewed_at=LAST,
        renewed_by="r" * 64,
        notified_on=TODAY,
        nobody_nearer=True,
        reviewer="r" * 64,
        call_back=AgencyId("e08000001." + "a" * 40),
    )
    child = Demographics(
        forename="f" * 100,
        middle_names="m" * 100,
        surname="s" * 100,
        other_names=(OtherName("f" * 80, "s" * 80),),
        dob=ExpectedDate(TODAY),
        postcode="LS10 2AB  ",
        former_postcodes=("LS10 2AB  ",) * 3,
    )
    spare = QUESTION_CHILD_BYTES - len(write_demographics(child))
    assert 0 <= spare < 50
    inner = Inner(
        agency=AgencyId("e08000001." + "a" * 40),
        gateway=MemberId("g" * 40),
        passport_token="a" * PASSPORT_BYTES,
        justification=Justification(
            max(Purpose),
            "R" * 64,
            max(WideningReason),
            stated,
            (bytes(APPROVAL_BYTES),) * APPROVALS,
        ),
        demographics=child,
        counting=a_counting(),
        handle_proof=NO_PROOF,
    )
    envelope = Envelope(PayloadType.INNER, write_inner(inner, HASH), "", bytes(64))
    assert len(pad(write_envelope(envelope) + bytes(spare), INNER_BYTES, "")) == INNER_BYTES


@settings(max_examples=200)
@given(facts)
def test_facts_survive_the_journey(stated: Facts) -> None:
    payload = write_facts(stated)
    assert len(payload) <= FACTS_BYTES
    assert read_facts(payload) == stated


@settings(max_examples=60)
@given(answer_parts())
def test_an_answer_survives_the_journey(part: AnswerPart) -> None:
    assert read_part(write_part(part)) == part


@given(st.binary(max_size=300))
def test_noise_is_refused_or_means_the_same_again(noise: bytes) -> None:
    """No reader raises anything but a refusal, whatever the bytes."""
    for read, write in ((read_demographics, write_demographics), (read_facts, write_facts)):
        again: Any = write
        try:
            found = read(noise)
        except Refused as refusal:
            assert refusal.code is Code.MALFORMED
        else:
            assert read(again(found)) == found
    readers: tuple[Callable[[bytes], object], ...] = (read_inner, read_part)
    for reader in readers:
        try:
            reader(noise)
        except Refused as refusal:
            assert refusal.code is Code.MALFORMED


def _refused(read: Any, payload: bytes) -> str:
    with refused(Code.MALFORMED) as caught:
        read(payload)
    return caught.value.what


def _inner(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "core_hash": HASH,
        "agency": ASKING.value,
        "gateway": GATEWAY.value,
        "passport": "a.b.c",
        "purpose": 1,
        "demographics": pb.Demographics(forename="Anna"),
        "counting": query_pb2.Counting(lookup=bytes(16), allowance=1, salt=bytes(32)),
        "handle_proof": pb.HandleProof(day_key=bytes(32), path=bytes(320)),
    }
    return pb.Inner(**fields | changes).SerializeToString()


def _said(**changes: Any) -> pb.AgencyAnswer:
    usual: dict[str, Any] = {
        "agency": "e08000001.a",
        "status": 1,
        "generation": 1,
        "as_of": 1,
        "commitment": bytes(32),
    }
    return pb.AgencyAnswer(**usual | changes)


def _involved(*pointers: pb.Pointer, status: int = 1) -> pb.AgencyAnswer:
    return _said(status=status, pointers=pointers)


def _part(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "query_hash": HASH,
        "node": "node-1",
        "parts": 1,
        "agencies": [_involved(pb.Pointer(kind=1, status=1))],
        "note_secret": bytes(32),
    }
    return pb.AnswerPart(**fields | changes).SerializeToString()


def _stating(**fields: Any) -> dict[str, Any]:
    return {"facts": pb.Facts(**fields)}


def _child(**fields: Any) -> dict[str, Any]:
    return {"demographics": pb.Demographics(**fields)}


def _pointing(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"kind": 1, "status": 1}
    return {"agencies": [_involved(pb.Pointer(**usual | changes))]}


TOO_MANY = [_said(agency=f"e08000001.{i:03}", status=2) for i in range(65)]


def test_the_smallest_ones_are_taken() -> None:
    _, inner = read_inner(_inner())
    assert inner.justification == Justification(Purpose.S47_ENQUIRY)
    assert (inner.agency, inner.gateway) == (ASKING, GATEWAY)
    assert read_part(_part()).agencies


@pytest.mark.parametrize(
    "change",
    [
        {"core_hash": b""},
        {"core_hash": bytes(33)},
        {"agency": ""},
        {"agency": "E08000001.council"},
        {"agency": "e08000001"},
        {"gateway": ""},
        {"gateway": "../gateway"},
        {"gateway": "g" * 41},
        {"passport": ""},
        {"passport": "a" * 1537},
        {"passport": "é"},
        {"purpose": 0},
        {"purpose": max(Purpose) + 1},
        {"reason_reference": "mother is at risk"},
        {"reason_reference": "x" * 65},
        {"approvals": [b"x" * 401]},
        {"approvals": [b""]},
        {"approvals": [b"x", b"y", b"z"]},
        {"widened_because": 6},
        {"widened_because": 2**32 - 1},
        _stating(reason=5),
        _stating(reason=max(Reason) + 1),
        _stating(reason=2**32 - 1),
        _stating(informed=3),
        _stating(informed=max(Informed) + 1),
        _stating(reported_by=max(ReportedBy) + 1),
        _stating(agreed_on="20260302"),
        _stating(agreed_on="2026-W10-1"),
        _stating(agreed_on="2026-02-30"),
        _stating(agreed_on="not-yet"),
        _stating(agreed_on="٢٠٢٦-03-02"),
        _stating(agreed_on="2026-03-02T00:00"),
        _stating(strategy_discussion="20260302"),
        _stating(strategy_discussion="not-yet"),
        _stating(discussion_awaited_since="none"),
        _stating(strategy_discussion="2026-03-02", discussion_awaited_since="2026-03-02"),
        _stating(reviewer="not an account"),
        _stating(reviewer="a" * 65),
        _stating(notified_on="0000-01-01"),
        _stating(notified_on="2/3/2026"),
        _stating(arrived_at=LAST + 1),
        _stating(missing_since=LAST + 1),
        _stating(missing_since=2**64 - 1),
        _stating(renewed_at=LAST + 1),
        _stating(renewed_by="not an account"),
        _stating(requested_by="the council"),
        _stating(engagement=max(Engagement) + 1),
        _stating(agreed_by=max(AgreedBy) + 1),
        _stating(origin=max(Origin) + 1),
        _stating(joined_on="2026-W10-1"),
        _stating(lead_since="2026-02-30"),
        {"counting": query_pb2.Counting(lookup=bytes(15), allowance=1, salt=bytes(32))},
        {"counting": query_pb2.Counting(lookup=bytes(16), allowance=0, salt=bytes(32))},
        {"counting": query_pb2.Counting(lookup=bytes(16), allowance=4, salt=bytes(32))},
        {"counting": query_pb2.Counting(lookup=bytes(16), allowance=1)},
        {"handle_proof": pb.HandleProof(day_key=bytes(31), path=bytes(320))},
        {"handle_proof": pb.HandleProof(day_key=bytes(32), path=bytes(321))},
        {"handle_proof": pb.HandleProof(day_key=bytes(32), path=bytes(352))},
        _child(forename="a" * 101),
        _child(surname="a\nb"),
        _child(sex=3),
        _child(dob="20150228"),
        _child(dob="2015-W09-6"),
        _child(dob="2015-02-29"),
        _child(dob="2015-02-28T00:00"),
        _child(dob="٢٠١٥-02-28"),
        _child(dob="0000-01-01"),
        _child(other_names=[pb.OtherName(surname="x")] * 9),
        _child(health_number="1" * 21),
        _child(dob="about 2014-03"),
        _child(dob="due 2027"),
        _child(dob="2014-13"),
        _child(dob="due 2027-02-01", health_number="9434765919"),
        _child(dob="due 2027-02-01", sex=1),
        _child(former_postcodes=["LS6 2AB"] * 4),
        _child(former_postcodes=[""]),
        _child(surname="x" * 100, other_names=[pb.OtherName(surname="x" * 100)] * 7),
        _child(number_scheme=1),
        _child(health_number="9434765919", number_scheme=2),
        _child(health_number="9434765919", number_scheme=5),
    ],
    ids=lambda change: str(change).replace("\n", " ")[:40],
)
def test_inner_parts_out_of_bounds(change: dict[str, Any]) -> None:
    _refused(read_inner, _inner(**change))


def test_a_reason_to_widen_is_read_and_its_absence_takes_no_room() -> None:
    assert read_inner(_inner())[1].justification.widened_because is None
    for reason in WideningReason:
        written = _inner(widened_because=reason.value)
        assert len(written) == len(_inner()) + 2
        assert read_inner(written)[1].justification.widened_because is reason


def test_a_reason_that_is_none_has_one_form() -> None:
    """A zero that is written out would be a second form of the same message."""
    _refused(read_inner, _inner() + b"\x38\x00")


EVERY_FACT = Facts(
    reason=Reason.IMMEDIATE_DANGER,
    engagement=Engagement.CONTACTED,
    informed=Informed.NOT_REACHED,
    agreed_by=AgreedBy.YOUNG_ADULT,
    agreed_on=date(2026, 3, 2),
    requested_by=AgencyId(f"e08000025.{'c' * 40}"),
    lead_since=date(2026, 3, 5),
    strategy_discussion=StrategyDiscussion(date(2026, 3, 3)),
    arrived_at=LAST,
    joined_on=date(2026, 3, 6),
    origin=Origin.POSTCODE,
    not_hiding=True,
    reported_by=ReportedBy.PUBLIC,
    checked=True,
    missing_since=LAST,
    renewed_at=LAST,
    renewed_by="m" * 64,
    notified_on=date(2026, 3, 4),
    nobody_nearer=True,
    reviewer="r" * 64,
    call_back=AgencyId(f"e08000025.{'c' * 40}"),
)


def test_every_fact_at_its_bound_has_its_room_and_one_spelling() -> None:
    written = pb.Facts.FromString(write_facts(EVERY_FACT))
    assert written == pb.Facts(
        reason=23,
        engagement=4,
        informed=14,
        agreed_by=3,
        agreed_on="2026-03-02",
        requested_by=f"e08000025.{'c' * 40}",
        lead_since="2026-03-05",
        strategy_discussion="2026-03-03",
        arrived_at=LAST,
        joined_on="2026-03-06",
        origin=3,
        not_hiding=True,
        reported_by=8,
        checked=True,
        missing_since=LAST,
        renewed_at=LAST,
        renewed_by="m" * 64,
        notified_on="2026-03-04",
        nobody_nearer=True,
        reviewer="r" * 64,
        call_back=f"e08000025.{'c' * 40}",
    )
    every = set(pb.Facts.DESCRIPTOR.fields_by_name)
    assert {field.name for field, _ in written.ListFields()} == every - {"discussion_awaited_since"}
    assert read_facts(write_facts(EVERY_FACT)) == EVERY_FACT


def test_a_discussion_that_was_not_held_differs_from_one_that_was_not_stated() -> None:
    assert write_facts(Facts()) == b""
    assert read_facts(b"") == Facts()
    awaited = Facts(strategy_discussion=StrategyDiscussion(awaited_since=date(2026, 3, 3)))
    written = pb.Facts.FromString(write_facts(awaited))
    assert (written.strategy_discussion, written.discussion_awaited_since) == ("", "2026-03-03")
    assert read_facts(write_facts(awaited)) == awaited != Facts()


@pytest.mark.parametrize(
    "field",
    [
        {"reason": Reason.SAID_BY_CHILD},
        {"informed": Informed.FAMILY},
        {"agreed_on": date(2026, 3, 2)},
        {"strategy_discussion": StrategyDiscussion(date(2026, 3, 2))},
        {"strategy_discussion": StrategyDiscussion(awaited_since=date(2026, 3, 2))},
        {"reviewer": "manager-1"},
        {"arrived_at": 1},
        {"reported_by": ReportedBy.PARENT},
        {"checked": True},
        {"notified_on": date(2026, 3, 2)},
        {"engagement": Engagement.PRESENT},
        {"agreed_by": AgreedBy.PARENT},
        {"requested_by": AgencyId("e08000025.council")},
        {"lead_since": date(2026, 3, 2)},
        {"joined_on": date(2026, 3, 2)},
        {"origin": Origin.SCHOOL},
        {"not_hiding": True},
        {"missing_since": 1},
        {"renewed_at": 1},
        {"renewed_by": "manager-1"},
        {"nobody_nearer": True},
        {"call_back": AgencyId("e08000025.council")},
    ],
    ids=lambda field: next(iter(field)),
)
def test_no_fact_is_lost_on_the_way_in_a_query(field: dict[str, Any]) -> None:
    inner = a_lookup(facts=Facts(**field)).inner
    assert read_inner(write_inner(inner, HASH))[1].justification.facts == Facts(**field)


@pytest.mark.parametrize(
    "beyond",
    [
        {"arrived_at": LAST + 1},
        {"arrived_at": -1},
        {"missing_since": LAST + 1},
        {"missing_since": -1},
        {"renewed_at": LAST + 1},
        {"renewed_at": -1},
        {"renewed_by": "not an account"},
    ],
    ids=str,
)
def test_facts_out_of_their_bounds_cannot_be_made(beyond: dict[str, int]) -> None:
    with refused(Code.MALFORMED):
        replace(EVERY_FACT, **beyond)  # type: ignore[arg-type]  # a dict of numbers


@pytest.mark.parametrize(
    ("status", "reason"),
    [(1, None), (2, None), (3, None), *((4, reason) for reason in Cannot)],
)
def test_an_agency_that_cannot_answer_says_why(status: int, reason: Cannot | None) -> None:
    said = _said(status=status, reason=reason or 0)
    (read,) = read_part(_part(agencies=[said])).agencies
    assert read.reason is reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [(1, 1), (2, 2), (3, 3), (4, 0), (4, max(Cannot) + 1), (4, 2**32 - 1)],
)
def test_a_reason_goes_with_that_status_alone(status: int, reason: int) -> None:
    said = _said(status=status, reason=reason)
    _refused(read_part, _part(agencies=[said]))


@pytest.mark.parametrize(
    "change",
    [
        {"query_hash": bytes(31)},
        {"node": "Node"},
        {"node": ""},
        {"parts": 0},
        {"part": 1},
        {"parts": 1025},
        {"metadata_version": 2**40},
        {"agencies": [_involved(pb.Pointer(kind=1, status=1), status=2)]},
        {"agencies": [_said(status=0)]},
        {"agencies": [_said(status=5)]},
        {"agencies": [_said(status=6)]},
        {"agencies": [_said(agency="nobody", status=1)]},
        {"agencies": [_said(status=1)] * 2},
        {"agencies": [_said(agency=f"e08000001.{name}", status=1) for name in "ba"]},
        {"agencies": TOO_MANY},
        {"agencies": [_said(status=1, as_of=2**40)]},
        {"agencies": [_involved(*[pb.Pointer(kind=1, status=1)] * 5)]},
        _pointing(kind=18),
        _pointing(kind=101),
        _pointing(status=0),
        _pointing(hours=[pb.OpeningHours(days=0, opens=1, closes=2)]),
        _pointing(hours=[pb.OpeningHours(days=1, opens=2**31, closes=2)]),
        _pointing(hours=[pb.OpeningHours(days=1, opens=1, closes=2)] * 2),
        _pointing(desk=5),
        _pointing(staffed_until=2**40),
        {"agencies": [_said(status=2, commitment=bytes(31))]},
        {"agencies": [_said(status=2, commitment=b"")]},
        {"agencies": [_said(status=2, as_of=0)]},
        {"agencies": [_said(status=1, generation=0)]},
        _pointing(desk_phone="ring"),
        _pointing(worker_name="a\tb"),
        _pointing(desk_email="x"),
        _pointing(kind=0, worker_name="Anna"),
        _pointing(kind=0, worker_role="Nurse"),
        _pointing(kind=0, lead_practitioner=True),
        _pointing(kind=0, early_help_assessment=True),
    ],
    ids=lambda change: str(change).replace("\n", " ")[:60],
)
def test_answers_out_of_bounds(change: dict[str, Any]) -> None:
    _refused(read_part, _part(**change))


UNKNOWN_FIELD = bytes([0xF8, 0x01, 0x01])  # number 31, varint 1


@pytest.mark.parametrize(
    ("read", "payload"),
    [
        (read_inner, _inner()),
        (read_part, _part()),
        (read_demographics, write_demographics(a_child())),
        (read_facts, write_facts(EVERY_FACT)),
    ],
    ids=["inner", "part", "demographics", "facts"],
)
def test_fields_of_no_contract_are_refused(read: Any, payload: bytes) -> None:
    read(payload)
    assert "unknown field" in _refused(read, payload + UNKNOWN_FIELD)


def test_fields_of_no_contract_are_refused_deeper_down() -> None:
    child = pb.Demographics.FromString(b"\x0a\x01A" + UNKNOWN_FIELD)
    assert "unknown field" in _refused(read_inner, _inner(demographics=child))
    stated = pb.Facts.FromString(b"\x08\x01" + UNKNOWN_FIELD)
    assert "unknown field" in _refused(read_inner, _inner(facts=stated))


def test_an_answer_states_its_quality_from_the_second_revision_on() -> None:
    part = replace(
        an_answer(),
        agencies=tuple(replace(each, quality=Quality.FAIR) for each in an_answer().agencies),
    )
    payload = write_part(part, limits.SECOND_REVISION)
    assert read_part(payload, limits.SECOND_REVISION) == part
    assert "later revision" in _refused(read_part, payload)
    with refused(Code.UNSUPPORTED):
        write_part(part)


def test_who_answers_from_no_records_states_no_quality() -> None:
    with refused(Code.MALFORMED):
        AgencyAnswer(SCHOOL, Status.TRY_AGAIN, 0, 0, quality=Quality.GOOD)
    agency = pb.AgencyAnswer(agency=SCHOOL.value, status=Status.TRY_AGAIN.value, quality=1)
    agency.commitment = bytes(32)
    message = pb.AnswerPart.FromString(_part())
    del message.agencies[:]
    message.agencies.append(agency)
    payload = message.SerializeToString(deterministic=True)
    assert "quality" in _refused(partial(read_part, revision=2), payload)


def test_messages_over_their_size_are_refused() -> None:
    assert "too long" in _refused(read_inner, bytes(INNER_BYTES + 1))
    assert "too long" in _refused(read_part, bytes(LARGEST.plain_bytes + 1))
    assert "too long" in _refused(read_demographics, bytes(16_385))
    assert "too long" in _refused(read_facts, bytes(FACTS_BYTES + 1))


def an_inner(token: str, why: Justification, child: Demographics) -> Inner:
    return Inner(ASKING, GATEWAY, token, why, child, a_counting(), NO_PROOF)


def test_text_without_utf8_is_refused_both_ways() -> None:
    lone = Demographics(surname="Be\ud800ll")
    with refused(Code.MALFORMED) as caught:
        write_demographics(lone)
    assert "ll" not in caught.value.what
    inner = an_inner("a.b.c", Justification(Purpose.EARLY_HELP), lone)
    with refused(Code.MALFORMED):
        write_inner(inner, HASH)
    _refused(read_demographics, b"\x0a\x02\xc3\x28")


def test_nothing_of_a_person_is_printed() -> None:
    why = Justification(Purpose.EARLY_HELP, "REF-9", facts=EVERY_FACT)
    inner = an_inner("secret.pass.port", why, a_child())
    part = read_part(_part())
    pointer = replace(part.pointers[0], worker_name="Anna Bell", desk_phone="0121")
    discussion = EVERY_FACT.strategy_discussion
    shown = (inner, part, pointer, part.agencies[0], a_child(), why, EVERY_FACT, discussion)
    texts = [repr(v) for v in shown]
    assert texts == [
        "Inner(…)",
        "AnswerPart(node-1, part 0 of 1)",
        "Pointer(…)",
        "AgencyAnswer(e08000001.a)",
        "Demographics(…)",
        "Justification(EARLY_HELP)",
        "Facts(…)",
        "StrategyDiscussion(…)",
    ]
