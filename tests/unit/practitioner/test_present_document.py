"""The document for programs: closed, whole, and what docs/lookup-json.md says."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from fakes.gateway_outcomes import ASKED_AT, DAY, large
from fingerpost.protocol.codes import Cannot, Status, WideningReason
from fingerpost.protocol.errors import Defect
from practitioner.asking.document import LookupDocument, document, read, write
from practitioner.asking.outcome import Outcome, Widened
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
        {"version": 4},
        {"version": 1, "widened": {"after": "aa", "because": "RECENT_MOVE"}},
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


def before(version: int, shown: LookupDocument) -> dict[str, Any]:
    """The document as a gateway of an earlier version kept it."""
    raw: dict[str, Any] = json.loads(write(shown))
    for each in raw["agencies"]:
        del each["cannot_answer"]
    del raw["kept"]
    if version == 1:
        del raw["widened"]
    return {**raw, "version": version}


@pytest.mark.parametrize("version", [1, 2])
def test_documents_of_the_versions_before_are_read_while_they_are_kept(version: int) -> None:
    now = document(large(), LATER)
    assert read(json.dumps(before(version, now)).encode()) == now


def test_a_second_round_of_the_version_before_is_read() -> None:
    after = Widened("00000000000000aa", WideningReason.RECENT_MOVE)
    now = document(replace(large(), widened=after), LATER)
    assert read(json.dumps(before(2, now)).encode()) == now


@pytest.mark.parametrize("version", [1, 2])
def test_the_versions_before_do_not_say_why_an_agency_cannot_answer(version: int) -> None:
    raw = before(version, document(large(), LATER))
    raw["agencies"][0]["cannot_answer"] = "TOO_OLD"
    with pytest.raises(Defect):
        read(json.dumps(raw).encode())


@pytest.mark.parametrize("version", [1, 2])
def test_the_versions_before_have_no_outcome_that_was_not_kept(version: int) -> None:
    raw = {**before(version, document(large(), LATER)), "kept": False}
    with pytest.raises(Defect):
        read(json.dumps(raw).encode())


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
