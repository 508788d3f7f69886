"""Sealed messages between bytes and values: round trips, bounds, and what protobuf lets pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.private.codec import (
    read_demographics,
    read_inner,
    read_part,
    write_demographics,
    write_inner,
    write_part,
)
from fingerpost.private.demographics import Demographics
from fingerpost.private.messages import AnswerPart, Inner
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol.codes import Purpose, WideningReason
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.limits import INNER_BYTES
from fingerpost.wire.v1 import private_pb2 as pb
from unit.fingerpost.private.a_lookup import a_child
from unit.fingerpost.private.private_strategies import answer_parts, demographics, inners

HASH = bytes(range(32))


@settings(max_examples=60)
@given(demographics)
def test_demographics_survive_the_journey(d: Demographics) -> None:
    assert read_demographics(write_demographics(d)) == d


@settings(max_examples=60)
@given(inners)
def test_an_inner_part_survives_the_journey(inner: Inner) -> None:
    payload = write_inner(inner, HASH)
    if len(payload) <= INNER_BYTES:
        assert read_inner(payload) == (HASH, inner)
    else:
        assert _refused(read_inner, payload)


@settings(max_examples=60)
@given(answer_parts())
def test_an_answer_survives_the_journey(part: AnswerPart) -> None:
    assert read_part(write_part(part)) == part


@given(st.binary(max_size=300))
def test_noise_is_refused_or_means_the_same_again(noise: bytes) -> None:
    """No reader raises anything but a refusal, whatever the bytes."""
    try:
        found = read_demographics(noise)
    except Refused as refusal:
        assert refusal.code is Code.MALFORMED
    else:
        assert read_demographics(write_demographics(found)) == found
    for read in (read_inner, read_part):
        try:
            read(noise)
        except Refused as refusal:
            assert refusal.code is Code.MALFORMED


def _refused(read: Any, payload: bytes) -> str:
    with refused(Code.MALFORMED) as caught:
        read(payload)
    return caught.value.what


def _inner(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "core_hash": HASH,
        "passport": "a.b.c",
        "purpose": 1,
        "demographics": pb.Demographics(forename="Anna"),
    }
    return pb.Inner(**fields | changes).SerializeToString()


def _part(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "query_hash": HASH,
        "node": "node-1",
        "parts": 1,
        "agencies": [pb.AgencyAnswer(agency="e08000001.a", status=1)],
        "pointers": [pb.Pointer(agency="e08000001.a", kind=1, status=1)],
    }
    return pb.AnswerPart(**fields | changes).SerializeToString()


def _child(**fields: Any) -> dict[str, Any]:
    return {"demographics": pb.Demographics(**fields)}


def _pointing(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"agency": "e08000001.a", "kind": 1, "status": 1}
    return {"pointers": [pb.Pointer(**usual | changes)]}


TOO_MANY = [pb.AgencyAnswer(agency=f"e08000001.{i:03}", status=2) for i in range(65)]


def test_the_smallest_ones_are_taken() -> None:
    assert read_inner(_inner())[1].justification.purpose is Purpose.S47_ENQUIRY
    assert read_part(_part()).agencies


@pytest.mark.parametrize(
    "change",
    [
        {"core_hash": b""},
        {"core_hash": bytes(33)},
        {"passport": ""},
        {"passport": "a" * 1537},
        {"passport": "é"},
        {"purpose": 0},
        {"purpose": 13},
        {"reason_reference": "mother is at risk"},
        {"reason_reference": "x" * 65},
        {"approver": "anna@council"},
        {"widened_because": 6},
        {"widened_because": 2**32 - 1},
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
        _child(nhs_number="1" * 21),
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
        {"agencies": []},  # leaves a pointer without its agency
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=2)]},  # likewise
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=0)]},
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=5)], "pointers": []},
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=6)], "pointers": []},
        {"agencies": [pb.AgencyAnswer(agency="nobody", status=1)]},
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=1)] * 2},
        {"agencies": [pb.AgencyAnswer(agency=f"e08000001.{name}", status=1) for name in "ba"]},
        {"agencies": TOO_MANY, "pointers": []},
        {"agencies": [pb.AgencyAnswer(agency="e08000001.a", status=1, as_of=2**40)]},
        {"pointers": [pb.Pointer(agency="e08000001.a", kind=1, status=1)] * 9},
        _pointing(agency="e08000001.b"),
        _pointing(kind=18),
        _pointing(kind=101),
        _pointing(status=0),
        _pointing(hours="x" * 61),
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
    ],
    ids=["inner", "part", "demographics"],
)
def test_fields_of_no_contract_are_refused(read: Any, payload: bytes) -> None:
    read(payload)
    assert "unknown field" in _refused(read, payload + UNKNOWN_FIELD)


def test_fields_of_no_contract_are_refused_deeper_down() -> None:
    child = pb.Demographics.FromString(b"\x0a\x01A" + UNKNOWN_FIELD)
    assert "unknown field" in _refused(read_inner, _inner(demographics=child))


def test_messages_over_their_size_are_refused() -> None:
    assert "too long" in _refused(read_inner, bytes(INNER_BYTES + 1))
    assert "too long" in _refused(read_part, bytes(10_241))
    assert "too long" in _refused(read_demographics, bytes(16_385))


def test_text_without_utf8_is_refused_both_ways() -> None:
    lone = Demographics(surname="Be\ud800ll")
    with refused(Code.MALFORMED) as caught:
        write_demographics(lone)
    assert "ll" not in caught.value.what
    inner = Inner("a.b.c", Justification(Purpose.EARLY_HELP), lone)
    with refused(Code.MALFORMED):
        write_inner(inner, HASH)
    _refused(read_demographics, b"\x0a\x02\xc3\x28")


def test_nothing_of_a_person_is_printed() -> None:
    inner = Inner(
        "secret.pass.port", Justification(Purpose.EARLY_HELP, "REF-9", "account-9"), a_child()
    )
    part = read_part(_part())
    pointer = replace(part.pointers[0], worker_name="Anna Bell", desk_phone="0121")
    texts = [repr(v) for v in (inner, part, pointer, part.agencies[0], a_child())]
    assert texts == [
        "Inner(…)",
        "AnswerPart(node-1, part 0 of 1)",
        "Pointer(…)",
        "AgencyAnswer(e08000001.a)",
        "Demographics(…)",
    ]
