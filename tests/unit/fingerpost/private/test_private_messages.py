"""The bounds of answers and pointers, field by field: the largest is taken, one more is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fakes.refusals import refused
from fingerpost.private.messages import AgencyAnswer, AnswerPart, OpeningHours, Pointer
from fingerpost.protocol.codes import Cannot, CoarseKind, DeskKind, InvolvementStatus, Status
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import AgencyId, MemberId

AGENCY = AgencyId("e08000001.oak-primary")
POINTER = Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN)
HOURS = tuple(OpeningHours(31, 540 + n, 1020) for n in range(9))
CANNOT = {"status": Status.CANNOT_ANSWER, "reason": Cannot.FAULT}
ANSWER = AgencyAnswer(AGENCY, Status.INVOLVED, 1, 1)
MANY = tuple(
    AgencyAnswer(AgencyId(f"e08000001.a{i:03}"), Status.NOTHING_TO_DISCLOSE, 1, 1)
    for i in range(65)
)
POINTED = replace(ANSWER, pointers=(POINTER,))
PART = AnswerPart(bytes(32), MemberId("node-1"), 1, 0, 1, (POINTED,), bytes(32))

POINTING = {"pointers": (POINTER,)}


def pointing(pointers: int, others: int = 0) -> tuple[AgencyAnswer, ...]:
    """An agency with so many pointers, and so many without."""
    return (*MANY[:others], replace(ANSWER, pointers=(POINTER,) * pointers))


@pytest.mark.parametrize(
    ("value", "taken", "beyond"),
    [
        (POINTER, {"worker_role": "é" * 60}, {"worker_role": "e" * 61}),
        (POINTER, {"worker_name": "é" * 80}, {"worker_name": "e" * 81}),
        (POINTER, {"hours": HOURS[:8]}, {"hours": HOURS[:9]}),
        (POINTER, {"hours": HOURS[:2]}, {"hours": HOURS[1::-1]}),
        (POINTER, {"hours": HOURS[:1]}, {"hours": HOURS[:1] * 2}),
        (HOURS[0], {"days": 127}, {"days": 128}),
        (HOURS[0], {"days": 1}, {"days": 0}),
        (HOURS[0], {"opens": 1439}, {"opens": 1440}),
        (HOURS[0], {"opens": 0, "closes": 1440}, {"closes": 1441}),
        (HOURS[0], {"closes": 0}, {"closes": -1}),
        (POINTER, {"staffed_until": 253_402_300_799}, {"staffed_until": 253_402_300_800}),
        (POINTER, {"kind": None, "desk": DeskKind.DUTY}, {"staffed_until": -1}),
        (POINTER, {"worker_role": "ễ" * 40}, {"worker_role": "ễ" * 41}),  # by bytes
        (POINTER, {"worker_name": "ễ" * 53}, {"worker_name": "ễ" * 54}),
        (POINTER, {"desk_phone": "0" * 24}, {"desk_phone": "0" * 25}),
        (POINTER, {"out_of_hours_phone": "0" * 24}, {"out_of_hours_phone": "ring the desk"}),
        (POINTER, {"desk_email": "a@b.uk"}, {"desk_email": "a at b"}),
        (POINTER, {"as_of": 253_402_300_799}, {"as_of": 253_402_300_800}),
        (POINTER, {"as_of": 0}, {"as_of": -1}),
        (POINTER, {"kind": None}, {"kind": None, "worker_name": "Anna"}),
        (POINTER, {"kind": None, "desk_phone": "1"}, {"kind": None, "worker_role": "Nurse"}),
        (POINTER, {"lead_practitioner": True}, {"kind": None, "lead_practitioner": True}),
        (POINTER, {"early_help_assessment": True}, {"kind": None, "early_help_assessment": True}),
        (ANSWER, {"generation": 2**40 - 1}, {"generation": 2**40}),
        (ANSWER, {"status": Status.TRY_AGAIN, "generation": 0}, {"generation": 0}),
        (ANSWER, {"status": Status.TRY_AGAIN, "as_of": 0}, {"as_of": 0}),
        (ANSWER, CANNOT | {"generation": 0, "as_of": 0}, CANNOT | {"generation": -1}),
        (ANSWER, {"commitment": b"c" * 32}, {"commitment": b""}),
        (ANSWER, {"commitment": bytes(32)}, {"commitment": bytes(33)}),
        (ANSWER, {"as_of": 253_402_300_799}, {"as_of": 253_402_300_800}),
        (ANSWER, CANNOT, CANNOT | {"reason": None}),
        (ANSWER, {"status": Status.TRY_AGAIN}, {"reason": Cannot.VERSION}),
        (ANSWER, {"reason": None}, {"status": Status.TRY_AGAIN, "reason": Cannot.NOT_READY}),
        (
            ANSWER,
            {"status": Status.NOTHING_TO_DISCLOSE},
            {"status": Status.NOTHING_TO_DISCLOSE, "reason": Cannot.TOO_OLD},
        ),
        (ANSWER, CANNOT, {"status": Status.NO_REPLY}),
        (ANSWER, CANNOT, CANNOT | {"status": Status.NO_REPLY}),
        (ANSWER, {"status": Status.TRY_AGAIN}, {"status": Status.NOT_CONNECTED}),
        (PART, {"metadata_version": 2**40 - 1}, {"metadata_version": 2**40}),
        (PART, {"part": 1023, "parts": 1024}, {"part": 1024, "parts": 1025}),
        (PART, {"parts": 2}, {"part": 1}),
        (PART, {"part": 0}, {"part": -1}),
        (PART, {"query_hash": bytes([1]) * 32}, {"query_hash": bytes(31)}),
        (ANSWER, {"pointers": (POINTER,)}, POINTING | {"status": Status.NOTHING_TO_DISCLOSE}),
        (ANSWER, {"pointers": ()}, POINTING | {"status": Status.TRY_AGAIN}),
        (ANSWER, {"pointers": ()}, POINTING | CANNOT),
        (PART, {"agencies": pointing(4)}, {"agencies": pointing(5)}),
        (PART, {"agencies": pointing(8, 1)}, {"agencies": pointing(9, 1)}),
        (PART, {"agencies": pointing(8, 63)}, {"agencies": pointing(9, 63)}),
        (PART, {"agencies": MANY[:64]}, {"agencies": MANY}),
        (PART, {"agencies": MANY[:2]}, {"agencies": MANY[1::-1]}),
        (PART, {"agencies": ()}, {"agencies": (ANSWER, ANSWER)}),
    ],
)
def test_bounds(value: Any, taken: dict[str, Any], beyond: dict[str, Any]) -> None:
    for name, expected in taken.items():
        assert getattr(replace(value, **taken), name) == expected
    with refused(Code.MALFORMED):
        replace(value, **beyond)


def test_a_pointer_of_an_agency_that_is_not_involved_has_no_place() -> None:
    with refused(Code.MALFORMED):
        replace(POINTED, status=Status.NOTHING_TO_DISCLOSE)
