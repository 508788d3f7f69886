"""The measurement of silences: what it asks is what it says, and its score."""

from __future__ import annotations

import math

import pytest

from agency_node.answering.matching import Finding
from fakes.node_world import SCHOOL, NodeWorld
from fingerpost.protocol.codes import Purpose, Status
from soak.silences import REASONS, TICK, UNKNOWN, Asked, child_of, features, rows, school, welch

FINDINGS = {
    "shielded": Finding.MATCH,
    "sensitive": Finding.MATCH,
    "possible": Finding.POSSIBLE,
    "not-permitted": Finding.MATCH,
}


@pytest.mark.parametrize("kind", [UNKNOWN, *REASONS])
def test_each_class_is_a_silence_for_its_own_reason(kind: str) -> None:
    world = NodeWorld()
    world.put_all({SCHOOL: school()})
    words = world.words(world.query(child_of(kind), purpose=Purpose.S17_ASSESSMENT))
    assert set(words.values()) == {Status.NOTHING_TO_DISCLOSE}
    found = [entry.examined.finding for entry in world.entries]
    assert found == ([] if kind == UNKNOWN else [FINDINGS[kind]])


def test_the_score_is_welchs() -> None:
    one, other = [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0]
    assert welch(one, other) == pytest.approx(-1.5 / math.sqrt(5 / 3 / 4 + 4 / 3))
    assert welch(one, one) == 0.0
    assert welch([2.0, 2.0], [2.0, 2.0]) == 0.0
    assert welch([3.0, 3.0], [2.0, 2.0]) == math.inf


def test_a_reason_that_takes_longer_fails_and_the_others_do_not() -> None:
    asked, arrived = [], {}
    for number in range(400):
        for place, kind in enumerate((UNKNOWN, *REASONS)):
            hash_ = f"{kind} {number}".encode()
            asked.append(Asked(kind, hash_, 10.0 + number))
            late = 0.002 if kind == "shielded" else 0.0
            arrived[hash_] = 10.3 + number + late + (number * 7 + place) % 13 * 0.0001
    found = {row.name: row.failed for row in rows(asked, arrived)}
    assert found == {f"silences {kind}": kind == "shielded" for kind in REASONS}


def test_an_answer_that_did_not_come_is_a_gap() -> None:
    assert features(Asked(UNKNOWN, b"1", 1.0), {}) is None
    time, behind, phase = features(Asked(UNKNOWN, b"1", 1.01), {b"1": 1.33}) or (0.0, 0.0, 0.0)
    assert time == pytest.approx(0.32)
    assert behind == pytest.approx(0.28)
    assert phase == pytest.approx(1.33 % TICK)


def test_a_run_without_answers_says_so() -> None:
    found = list(rows([Asked(kind, b"", 1.0) for kind in (UNKNOWN, *REASONS)], {}))
    assert [row.failed for row in found] == [True] * len(REASONS)
    assert {row.note for row in found} == {"too few answers came"}
