"""When a gateway exchanges packets with a node, and which notes go first."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clock import ManualClock
from fakes.notes import MUST_SAY
from fakes.simulated_holders import QuietLog
from fingerpost.private.notes import URGENT, Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.packets import hour_of
from fingerpost.runtime.env import Env
from practitioner.asking.notes import KeptNote, Keyed, due, first, moment
from practitioner.wiring import EXCHANGE_SECONDS, Opened

NODES = st.sampled_from([MemberId("node-1"), MemberId("node-2"), MemberId("schools-host")])
KEYS = st.binary(min_size=32, max_size=32)
TIMES = st.integers(1_700_000_000, 2_000_000_000)
HOUR, DAY = limits.HOUR_SECONDS, limits.DAY
SCHOOL = AgencyId("e08000001.oak-primary")


def hours_of(key: bytes, node: MemberId, asked_at: int, step: int = HOUR) -> list[int]:
    """All hours with an exchange after one lookup, looked for in steps."""
    steps = range(asked_at - HOUR, asked_at + 8 * DAY, step)
    return [hour for at in steps for hour in due(key, node, asked_at, at, at + step)]


@given(KEYS, NODES, st.integers(0, 10**6))
def test_a_moment_lies_in_its_hour(key: bytes, node: MemberId, hour: int) -> None:
    assert hour_of(moment(key, node, hour)) == hour


@settings(max_examples=25)
@given(KEYS, NODES, TIMES)
def test_an_exchange_an_hour_for_a_day_and_then_one_a_day_to_the_seventh(
    key: bytes, node: MemberId, asked_at: int
) -> None:
    ages = [moment(key, node, hour) - asked_at for hour in hours_of(key, node, asked_at)]
    assert 23 <= len([age for age in ages if age <= DAY]) <= 25
    assert 5 <= len([age for age in ages if age > DAY]) <= 7
    assert all(0 < age <= 7 * DAY for age in ages)


@settings(max_examples=25)
@given(KEYS, NODES, TIMES, st.integers(1, 7))
def test_each_is_due_once_however_often_one_looks(
    key: bytes, node: MemberId, asked_at: int, quarters: int
) -> None:
    hours = hours_of(key, node, asked_at, quarters * 300)
    assert hours == sorted(set(hours)) == hours_of(key, node, asked_at)


@settings(max_examples=25)
@given(KEYS, NODES, TIMES, st.integers(1, 6 * DAY))
def test_a_second_lookup_moves_no_exchange_and_doubles_none(
    key: bytes, node: MemberId, asked_at: int, later: int
) -> None:
    """One stream for each gateway and node: it follows the newest lookup alone."""
    both = set(hours_of(key, node, asked_at)) | set(hours_of(key, node, asked_at + later))
    moments = [moment(key, node, hour) for hour in both]
    assert len(moments) == len({hour_of(at) for at in moments})


def test_the_moment_depends_on_key_node_and_hour() -> None:
    key, other = bytes(32), bytes([1]) * 32
    one, two = MemberId("node-1"), MemberId("node-2")
    within = {
        moment(key, one, 0) % HOUR,
        moment(other, one, 0) % HOUR,
        moment(key, two, 0) % HOUR,
        moment(key, one, 1) % HOUR,
    }
    assert len(within) == 4


async def test_a_gateway_looks_without_a_beat() -> None:
    """Attack: a node notes at which second of the beat packets come, and knows by it which of them
    are of one gateway."""
    clock, looks = ManualClock(), list[float]()

    async def step() -> None:
        looks.append(clock.monotonic())

    nothing: Any = SimpleNamespace(step=step, tasks=lambda stores: {})
    opened = Opened(Env(clock, QuietLog()), nothing, nothing, nothing, nothing, (), ())
    looking = asyncio.ensure_future(opened.tasks()["notes"]())
    await clock.run_for(6 * HOUR)
    looking.cancel()
    seconds = Counter(int(at % EXCHANGE_SECONDS) for at in looks)
    assert len(looks) > 1000
    assert all(seconds[each] > len(looks) / EXCHANGE_SECONDS / 2 for each in range(5))


# ---- which go first ------------------------------------------------------------------------------


def kept(number: int, kind: NoteKind, at: int) -> KeptNote:
    return KeptNote(
        "00" * 8, Note(number.to_bytes(8, "big"), kind, SCHOOL, at, **MUST_SAY.get(kind, {}))
    )


WAITING = st.lists(
    st.tuples(
        st.builds(kept, st.integers(0, 999), st.sampled_from(NoteKind), st.integers(0, 99)),
        st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.just(1)), max_size=4),
    ),
    max_size=30,
)


@given(WAITING)
def test_what_leaves_fits_and_nothing_that_fits_stays(
    waiting: list[tuple[KeptNote, list[Keyed]]],
) -> None:
    chosen = first(waiting)
    cells = sum(len(keys) for _, keys in chosen)
    assert cells <= limits.CELLS
    assert all(keys for _, keys in chosen)
    left = [(note, keys) for note, keys in waiting if keys and (note, keys) not in chosen]
    assert all(cells + len(keys) > limits.CELLS for _, keys in left)


def test_urgent_notes_go_first_then_the_oldest() -> None:
    keys = [(bytes(32), 1)]
    old = [(kept(n, NoteKind.SPOKE, n), keys) for n in range(16)]
    urgent = (kept(20, NoteKind.NUMBER_WRONG, 99), keys)
    chosen = [note for note, _ in first([*reversed(old), urgent])]
    assert chosen[0].note.kind in URGENT
    assert [note.note.at for note in chosen[1:]] == list(range(15))
