"""``answering.ports.Record``: one suite, on the agencies' chained logs and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agency_node.answering.audit import AgencyLogs, log_path, open_log
from agency_node.answering.pages import Entry
from agency_node.answering.ports import Record
from fakes.node_world import SCHOOL, SURGERY, KnownChildren, MemoryRecord, NodeWorld, a_record
from fakes.witnesses import witness_in
from fingerpost.protocol.ids import AgencyId

KEY = bytes(range(32))
CHILDREN = KnownChildren()


class Recorded:
    """A record, how much each agency holds of it, and a fault that an agency's log can be given."""

    def __init__(
        self, record: Record, count: Callable[[AgencyId], int], spoil: Callable[[AgencyId], None]
    ) -> None:
        self.record, self.count, self.spoil = record, count, spoil


@pytest.fixture(params=["memory", "logs"])
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recorded]:
    if request.param == "memory":
        memory = MemoryRecord()
        yield Recorded(
            memory,
            lambda agency: sum(opening.agency == agency for opening in memory.openings),
            memory.broken.add,
        )
        return
    logs = AgencyLogs(tmp_path, KEY, witness_in(tmp_path), CHILDREN)

    def count(agency: AgencyId) -> int:
        with closing(open_log(tmp_path, agency, KEY, witness_in(tmp_path))) as log:
            return log.verify().entries

    yield Recorded(logs, count, lambda agency: log_path(tmp_path, agency).mkdir())
    logs.close()


def entries() -> list[Entry]:
    """What a school and a surgery that know the child record of one query."""
    world = NodeWorld()
    world.put_all({SCHOOL: [a_record()], SURGERY: [a_record()]})
    world.ask(world.query())
    return world.entries


def test_what_opened_is_recorded_on_return(recorded: Recorded) -> None:
    assert recorded.record.opened(CHILDREN.opened(entries())) == frozenset()
    assert (recorded.count(SCHOOL), recorded.count(SURGERY)) == (1, 1)
    assert recorded.record.opened(CHILDREN.opened(entries())) == frozenset()
    assert (recorded.count(SCHOOL), recorded.count(SURGERY)) == (2, 2)


def test_an_agency_whose_log_fails_is_named_and_the_others_are_written(recorded: Recorded) -> None:
    recorded.spoil(SCHOOL)
    assert recorded.record.opened(CHILDREN.opened(entries())) == {SCHOOL}
    assert recorded.count(SURGERY) == 1


def test_a_frame_in_which_nothing_opened_is_fine(recorded: Recorded) -> None:
    assert recorded.record.opened([]) == frozenset()


def test_what_may_be_there_already_is_there_once(recorded: Recorded) -> None:
    """An attempt was interrupted, nobody knows where."""
    some, others = CHILDREN.opened(entries()), CHILDREN.opened(entries())
    recorded.record.opened(some[:1])
    assert recorded.record.opened((*some, *others), tried=True) == frozenset()
    assert recorded.record.opened(some, tried=True) == frozenset()
    assert (recorded.count(SCHOOL), recorded.count(SURGERY)) == (2, 2)
