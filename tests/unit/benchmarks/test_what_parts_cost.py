"""What ``make bench`` measures can be measured: the invented children may be asked about and are
imported."""

from __future__ import annotations

from benchmarks.decisions import INVOLVEMENTS, decided
from benchmarks.indexing import import_seconds
from benchmarks.node_answers import QUERIES, answered


def test_a_node_answers_every_query_of_a_frame() -> None:
    (each,) = answered(agencies=1, count=2, share=0.02, frames=1)
    assert each[0] == QUERIES


async def test_an_export_is_imported_whole() -> None:
    children = 12
    _, elements = await import_seconds(children)
    assert elements >= 2 * children


def test_a_decision_that_is_measured_names_every_involvement() -> None:
    named = decided(INVOLVEMENTS)
    assert len(named.pointers) == INVOLVEMENTS
    assert named.withheld == 0
