"""For every reason of silence, what an answer costs and shows is the same: size, status, journal,
statements, and the path of the code from the decision to the sealed answer.

Each reason is compared with the same question at the same node where nobody knows the child.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, event

from agency_node.answering.journal import Journal
from agency_node.answering.matching import Finding
from agency_node.records.meeting import Known
from agency_node.records.records import ChildRecord
from agency_node.records.shields import SetBy, Shield
from fakes.node_journal import journal_at
from fakes.node_records import an_involvement
from fakes.node_world import (
    MINE,
    NODE,
    SCHOOL,
    THERE,
    MemoryRecord,
    NodeWorld,
    a_child,
    a_federation,
    a_record,
)
from fingerpost.private.codec import write_demographics
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Reach, Status
from fingerpost.protocol.federation import Agency, Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import KeySet, size_class
from fingerpost.runtime.sealed_box import SealedBox

ELSEWHERE = AgencyId("e08000002.elm-primary")
WATCHED = (
    "agency_node/answering/journal.py",
    "agency_node/answering/service.py",
    "agency_node/records/store/journal.py",
    "fingerpost/runtime/sealed_box.py",
    "fingerpost/runtime/witnessed_rows.py",
)
"""The files of the path from the decision to the answer. How records are opened and compared is
another matter: that work is over before bytes move."""
LOOKS = frozenset(
    {"_look", "_slot_key", "_note_key", "_leaving", "_cannot", "<lambda>", "<genexpr>"}
)
"""What differs by nature: looking records up, and what is written of each that opened."""


@dataclass(frozen=True)
class Reason:
    """Why an agency says nothing: its records, and what is asked. ``at``: the agency."""

    finding: Finding
    records: Sequence[ChildRecord]
    asked: dict[str, Any]
    at: AgencyId = SCHOOL
    shield: bool = False


S47: dict[str, Any] = {"purpose": Purpose.S47_ENQUIRY}
TRIAGE: dict[str, Any] = {"purpose": Purpose.S17_ASSESSMENT}
REASONS = {
    "shielded row": Reason(Finding.MATCH, (a_record(0, None, an_involvement(shielded=True)),), S47),
    "shielded by a person": Reason(Finding.MATCH, (a_record(),), S47, shield=True),
    "sensitive service": Reason(
        Finding.MATCH, (a_record(0, None, an_involvement(Kind.MENTAL_HEALTH)),), S47
    ),
    "sensitive row": Reason(
        Finding.MATCH, (a_record(0, None, an_involvement(sensitive=True)),), S47
    ),
    "possible": Reason(
        Finding.POSSIBLE, (a_record(0, a_child(forename="Mary", health_number="")),), S47
    ),
    "not permitted": Reason(
        Finding.MATCH, (a_record(0, None, an_involvement(Kind.YOUTH_JUSTICE)),), TRIAGE
    ),
    "nobody vouches": Reason(
        Finding.REFUSED, (a_record(),), S47 | {"passport_key": Ed25519PrivateKey.generate()}
    ),
    "a place outside": Reason(
        Finding.MATCH,
        (a_record(),),
        {"purpose": Purpose.MISSING_CHILD, "reach": Reach.AREA_AND_NEIGHBOURS},
        ELSEWHERE,
    ),
    "a crowd of doubles": Reason(
        Finding.MATCH,
        tuple(a_record(n, None, an_involvement(shielded=True)) for n in range(8)),
        S47,
    ),
}


def federation() -> Federation:
    """With an agency of this node in the area next door."""
    found = a_federation()
    there = found.areas[THERE]
    elm = Agency(ELSEWHERE, "Elm", AgencyKind.SCHOOL, NODE)
    areas = {**found.areas, THERE: replace(there, agencies=(*there.agencies, elm))}
    return replace(found, areas=areas)


@dataclass(frozen=True)
class Shown:
    """What an answer showed and cost."""

    sizes: tuple[int, ...]
    statuses: frozenset[Status]
    statements: tuple[str, ...]
    written: tuple[int, ...]
    path: tuple[str, ...]


def answered(reason: Reason, folder: Path, *, known: bool) -> Shown:
    """One answer of a node whose journal is on the disk; the child is known, or nobody is."""
    folder.mkdir()
    statements: list[str] = []
    written: list[int] = []
    with closing(journal_at(folder / "journal.sqlite")) as store:

        def executing(_c: object, _u: object, text: str, values: Any, *_: object) -> None:
            statements.append(text)
            rows = values if isinstance(values, list) else [values]
            written.extend(len(each) for row in rows for each in row if isinstance(each, bytes))

        world = NodeWorld(
            current=federation(),
            mine=(*MINE, ELSEWHERE),
            journal=Journal(store, MemoryRecord(), SealedBox(bytes(range(32)))),
        )
        world.put_all({reason.at: reason.records} if known else {})
        if reason.shield and known:
            form = write_demographics(a_child())
            shield = Shield(1, SetBy.PERSON, 0, 2**40, "jo", "why", (), (form,))
            world.shields[reason.at] = Known([shield], upn=False)
        query = world.query(key_set=KeySet.NARROW, **reason.asked)
        path: list[str] = []
        event.listen(Engine, "before_cursor_execute", executing)
        try:
            answers = traced(lambda: world.node.answer([query.wire]), path)
        finally:
            event.remove(Engine, "before_cursor_execute", executing)
        parts = world.read(answers, query)[query.hash]
    statuses = frozenset(each.status for part in parts for each in part.agencies)
    sizes = tuple(len(answer.sealed) for answer in answers)
    assert all(part.pointers == () for part in parts)
    assert sizes == tuple(size_class(len(part.agencies)).sealed_bytes for part in parts)
    return Shown(sizes, statuses, tuple(statements), tuple(written), tuple(path))


def traced(func: Callable[[], Any], path: list[str]) -> Any:
    """Call a function, and note which functions of the watched files it calls, in order."""

    def noting(frame: FrameType, what: str, _: object) -> None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if what == "call" and file.endswith(WATCHED) and name not in LOOKS:
            path.append(f"{file.rpartition('/')[2]}:{name}")

    sys.setprofile(noting)
    try:
        return func()
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("why", REASONS)
def test_a_silence_shows_and_costs_what_an_unknown_child_does(why: str, tmp_path: Path) -> None:
    reason = REASONS[why]
    known = answered(reason, tmp_path / "known", known=True)
    unknown = answered(reason, tmp_path / "unknown", known=False)
    assert known.statuses == {Status.NOTHING_TO_DISCLOSE}
    assert known == unknown
    assert known.path
    assert known.statements


@pytest.mark.parametrize("why", REASONS)
def test_the_reason_is_the_one_that_is_meant(why: str) -> None:
    """So that the silence above has no other reason."""
    reason = REASONS[why]
    world = NodeWorld(current=federation(), mine=(*MINE, ELSEWHERE))
    world.put_all({reason.at: reason.records})
    if reason.shield:
        form = write_demographics(a_child())
        world.shields[reason.at] = Known(
            [Shield(1, SetBy.PERSON, 0, 2**40, "jo", "why", (), (form,))], upn=False
        )
    world.ask(world.query(key_set=KeySet.NARROW, **reason.asked))
    (entry,) = [each for each in world.entries if each.agency == reason.at]
    assert entry.examined.finding is reason.finding
    assert (entry.status, entry.disclosed) == (Status.NOTHING_TO_DISCLOSE, 0)


def test_what_is_disclosed_would_be_noticed(tmp_path: Path) -> None:
    """The comparison can fail: a child who is named has another status."""
    reason = Reason(Finding.MATCH, (a_record(),), S47)
    world = NodeWorld(current=federation(), mine=(*MINE, ELSEWHERE))
    world.put_all({SCHOOL: reason.records})
    (part,) = world.ask(world.query(**S47)).popitem()[1]
    assert Status.INVOLVED in {each.status for each in part.agencies}
