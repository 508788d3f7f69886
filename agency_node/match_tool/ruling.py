"""The node's own ruling (``agency_node.answering.ruling``), on records that are known by their position in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agency_node.answering import ruling
from fingerpost.private.linkage import Comparison, Decision, NormalForm


@dataclass(frozen=True, slots=True)
class Ruled:
    """``decision``: what the node makes of it beside the others; ``compared`` is what it is alone."""

    position: int
    compared: Comparison
    decision: Decision


def likely(shared: Mapping[int, int], ids: Sequence[str]) -> list[int]:
    """As a node chooses; among equals by id, so that no figure depends on the order of a file."""
    by_id = {(ids[position], position): count for position, count in shared.items()}
    return [position for _, position in ruling.likely(by_id)]


def rule(
    asked: NormalForm, positions: Sequence[int], forms: Sequence[NormalForm], *, upn: bool
) -> list[Ruled]:
    ruled = ruling.rule(asked, [forms[position] for position in positions], upn=upn)
    return [
        Ruled(position, one.compared, one.decision)
        for position, one in zip(positions, ruled, strict=True)
    ]
