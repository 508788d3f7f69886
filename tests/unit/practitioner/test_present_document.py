"""The document for programs: closed, whole, and what docs/lookup-json.md says."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given

from fakes.gateway_outcomes import ASKED_AT, DAY, large
from fingerpost.protocol.codes import Cannot, CoarseKind, Status, WideningReason
from fingerpost.protocol.errors import Defect
from practitioner.asking.document import LookupDocument, document, read, write
from practitioner.asking.outcome import NotAsked, Outcome, ServiceCount, Widened
from unit.practitioner.outcome_strategies import HOSTILE, outcomes

LATER = ASKED_AT + 7 * DAY
PAGE = Path(__file__).resolve().parents[3] / "docs" / "lookup-json.md"


@given(found=outcomes(names=HOSTILE))
def test_every_agency_asked_stands_in_it_once_with_its_status(found: Outcome) -> None:
    shown = json.loads(write(document(found, LATER)))
    assert Counter(each["id"] for each in shown["agencies"]) == Counter(
        str(each.agency.id) for each in found.agencies
    )
    by_id = {each["id"]: each for each in shown["agencies"]}
    for each in found.agencies:
        told = by_id[str(each.agency.id)]
        assert told["status"] == each.status.name
        assert len(told["pointers"]) == len(each.pointers)
        if each.status is not Status.INVOLVED:
            assert told["pointers"] == []
    assert len(shown["not_connected"]) == len(found.not_connected)
    assert shown["complete"] is found.complete
    words = [each["status"] for each in shown["agencies"]]
    assert shown["complete"] is (words != [] and set(words) <= {"INVOLVED", "NOTHING_TO_DISCLOSE"})


@given(found=outcomes(names=HOSTILE))
def test_it_is_read_back_as_it_was_written(found: Outcome) -> None:
    shown = document(found, LATER)
    data = write(shown)
    assert read(data) == shown
    assert write(read(data)) == data


@given(found=outcomes())
def test_none_named_itself_is_never_said_beside_a_gap(found: Outcome) -> None:
    for service in document(found, LATER).services:
        if service.none_named_itself:
            assert service.named == 0
            assert service.answered == service.connected > 0


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"version": 8},
        {"surplus": 1},
        {"widened": {"after": "aa"}},
        {"widened": {"after": "aa", "because": "RECENT_MOVE", "note": "x"}},
        {"agencies": [{"id": "x"}]},
        {"complete": "yes"},
        {"operation": None},
    ],
)
def test_a_document_of_another_form_is_not_taken(change: dict[str, object]) -> None:
    raw = {**json.loads(write(document(large(), LATER))), **change}
    with pytest.raises(Defect):
        read(json.dumps(raw).encode())
    with pytest.raises(Defect):
        read(b"no JSON")


def test_a_second_round_says_after_which_lookup_and_why() -> None:
    after = Widened("00000000000000aa", WideningReason.DATE_OF_BIRTH_UNCERTAIN)
    shown = json.loads(write(document(replace(large(), widened=after), LATER)))
    assert shown["widened"] == {"after": "00000000000000aa", "because": "DATE_OF_BIRTH_UNCERTAIN"}
    assert json.loads(write(document(large(), LATER)))["widened"] is None


MONDAYS: Final = {"days": ["MON"], "opens": "09:00", "closes": "17:00", "term_time": False}
ADDED: Final[list[tuple[int, str, str, object, object]]] = [
    (2, "document", "widened", None, {"after": "aa", "because": "RECENT_MOVE"}),
    (3, "document", "kept", True, False),
    (3, "agencies", "cannot_answer", None, "TOO_OLD"),
    (4, "document", "own_record", None, "NEW_TODAY"),
    (4, "pointers", "opening", [], [MONDAYS]),
    (4, "pointers", "desk", None, "TEAM"),
    (4, "pointers", "staffed_until", None, "2027-01-15T08:00:00Z"),
    (4, "pointers", "number_reported_wrong", False, True),
    (5, "document", "not_used", [], [{"field": "upn", "reason": "upn_unread", "words": "x"}]),
    (5, "document", "call_back", None, {"name": "x", "telephone": ""}),
    (5, "agencies", "quality", None, "POOR"),
    (5, "agencies", "not_asked", None, "QUOTA"),
    (5, "services", "as_of", None, "2027-01-15T08:00:00Z"),
    (5, "services", "enough_connected", False, True),
    (6, "agencies", "missed", None, 0.25),
    (6, "agencies", "missed_at_worst", None, 0.25),
    (7, "document", "former_stated", False, True),
]
"""Since which version which part of a document has a field, what is read where an earlier one lacks
it, and what else it can say."""


def parts(raw: dict[str, Any], part: str) -> list[dict[str, Any]]:
    if part == "document":
        return [raw]
    if part == "pointers":
        return [pointer for each in raw["agencies"] for pointer in each["pointers"]]
    return list(raw[part])


def before(version: int, shown: LookupDocument) -> dict[str, Any]:
    """The document as a gateway of this version kept it."""
    raw: dict[str, Any] = json.loads(write(shown))
    for since, part, field, _, _ in ADDED:
        if version < since:
            for each in parts(raw, part):
                del each[field]
    return {**raw, "version": version}


DATED = ServiceCount(CoarseKind.EDUCATION, 3, 12, 3, 0, 1_800_000_000)
SHOWN = document(
    replace(
        large(),
        services=(DATED,),
        widened=Widened("00000000000000aa", WideningReason.RECENT_MOVE),
    ),
    LATER,
)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_documents_of_the_versions_before_are_read_while_they_are_kept(version: int) -> None:
    raw = before(version, SHOWN)
    again = json.loads(write(read(json.dumps(raw).encode())))
    for since, part, field, unsaid, _ in ADDED:
        if version < since:
            where = parts(again, part)
            assert [each.pop(field) for each in where] == [unsaid] * len(where)
    assert {**again, "version": version} == raw


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(("since", "part", "field", "_unsaid", "said"), ADDED)
def test_a_version_says_nothing_that_a_later_one_added(
    since: int, part: str, field: str, _unsaid: object, said: object, version: int
) -> None:
    raw = before(version, SHOWN)
    parts(raw, part)[0][field] = said
    if version < since:
        with pytest.raises(Defect):
            read(json.dumps(raw).encode())
    else:
        assert parts(json.loads(write(read(json.dumps(raw).encode()))), part)[0][field] == said


def test_a_service_is_as_old_as_the_oldest_records_of_its_answers() -> None:
    assert SHOWN.services[0].as_of == "2027-01-15T08:00:00Z"


def test_who_was_not_asked_stands_in_it_with_the_reason() -> None:
    found = large()
    unasked = replace(
        found.agencies[0], status=Status.NOT_ASKED, pointers=(), not_asked=NotAsked.QUOTA
    )
    told = document(replace(found, agencies=(unasked, *found.agencies[1:])), LATER)
    assert read(write(told)) == told
    shown = next(each for each in told.agencies if each.id == str(unasked.agency.id))
    assert (shown.status, shown.not_asked) == ("NOT_ASKED", "QUOTA")
    assert shown.lacks_answer
    assert not shown.is_gap
    assert not told.complete
    with pytest.raises(Defect):
        read(json.dumps(before(4, told)).encode())


@pytest.mark.parametrize("reason", Cannot)
def test_why_an_agency_cannot_answer_stands_beside_it_and_nowhere_else(reason: Cannot) -> None:
    found = large()
    silent = replace(found.agencies[0], status=Status.CANNOT_ANSWER, pointers=(), reason=reason)
    told = document(replace(found, agencies=(silent, *found.agencies[1:])), LATER)
    assert read(write(told)) == told
    by_id = {each.id: each.cannot_answer for each in told.agencies}
    assert by_id.pop(str(silent.agency.id)) == reason.name
    assert set(by_id.values()) == {None}


def test_not_connected_is_no_status_of_an_agency_that_was_asked() -> None:
    found = large()
    wrong = replace(found.agencies[0], status=Status.NOT_CONNECTED, pointers=())
    with pytest.raises(Defect):
        document(replace(found, agencies=(wrong,)), LATER)


def test_it_shows_no_person_in_its_repr() -> None:
    assert repr(document(large(), LATER)) == "LookupDocument(5f0c9a3e71d2b846)"


# ---- the page ------------------------------------------------------------------------------------


def test_the_example_on_the_page_is_a_document() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert write(read(example.encode())) == example.encode()


def test_the_page_names_every_field() -> None:
    schema = msgspec.json.schema(LookupDocument)
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text()))
    for type_ in schema["$defs"].values():
        assert set(type_["properties"]) <= named
