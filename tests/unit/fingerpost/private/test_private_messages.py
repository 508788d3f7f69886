"""The bounds of answers and pointers, field by field: the largest is taken, one more is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fakes.refusals import refused
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Pointer
from fingerpost.protocol.codes import Cannot, CoarseKind, InvolvementStatus, Status
from fingerpost.protocol.errors import Code
from fingerpost.protocol.ids import AgencyId, MemberId

AGENCY = AgencyId("e08000001.oak-primary")
POINTER = Pointer(AGENCY, CoarseKind.EDUCATION, InvolvementStatus.OPEN)
CANNOT = {"status": Status.CANNOT_ANSWER, "reason": Cannot.FAULT}
ANSWER = AgencyAnswer(AGENCY, Status.INVOLVED, 1, 1)
MANY = tuple(
    AgencyAnswer(AgencyId(f"e08000001.a{i:03}"), Status.NOTHING_TO_DISCLOSE, 1, 1)
    for i in range(65)
)
PART = AnswerPart(bytes(32), MemberId("node-1"), 1, 0, 1, (ANSWER,), (POINTER,))


@pytest.mark.parametrize(
    ("value", "taken", "beyond"),
    [
        (POINTER, {"worker_role": "é" * 60}, {"worker_role": "e" * 61}),
        (POINTER, {"worker_name": "é" * 80}, {"worker_name": "e" * 81}),
        (POINTER, {"hours": "é" * 60}, {"hours": "e" * 61}),
        (POINTER, {"worker_role": "ễ" * 40}, {"worker_role": "ễ" * 41}),  # by bytes
        (POINTER, {"worker_name": "ễ" * 53}, {"worker_name": "ễ" * 54}),
        (POINTER, {"hours": "ễ" * 40}, {"hours": "ễ" * 41}),
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
        (ANSWER, {"generation": 0}, {"generation": -1}),
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
        (PART, {"pointers": (POINTER,) * 8}, {"pointers": (POINTER,) * 9}),
        (PART, {"agencies": MANY[:64], "pointers": ()}, {"agencies": MANY, "pointers": ()}),
        (PART, {"agencies": MANY[:2], "pointers": ()}, {"agencies": MANY[1::-1], "pointers": ()}),
        (PART, {"agencies": ()} | {"pointers": ()}, {"agencies": (ANSWER, ANSWER)}),
        (PART, {"pointers": ()}, {"agencies": MANY[:1]}),
    ],
)
def test_bounds(value: Any, taken: dict[str, Any], beyond: dict[str, Any]) -> None:
    for name, expected in taken.items():
        assert getattr(replace(value, **taken), name) == expected
    with refused(Code.MALFORMED):
        replace(value, **beyond)


def test_a_pointer_of_an_agency_that_is_not_involved_has_no_place() -> None:
    silent = replace(ANSWER, status=Status.NOTHING_TO_DISCLOSE)
    with refused(Code.MALFORMED):
        replace(PART, agencies=(silent,))
