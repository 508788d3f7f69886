"""The pairs that an evaluation counts as gone wrong, or left for a person, one by one: to be explained. Pure.

Record ids alone: numbers of the agency's own, personal data because of it; no other value of a record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from agency_node.match_tool.ruling import Ruled
from agency_node.match_tool.tables import Row
from fingerpost.private.linkage import Decision

CSV_COLUMNS: Final = ("left_id", "right_id", "what")


@unique
class What(Enum):
    """The value is the stable name in the file."""

    MISSED = "missed"
    WRONG_MATCH = "wrong match"
    WRONG_POSSIBLE = "wrong possible"
    TRUE_POSSIBLE = "true possible"


@dataclass(frozen=True, slots=True)
class Slip:
    """``left``, ``right``: places in the two tables."""

    left: int
    right: int
    what: What


Tell = Callable[[Slip], None]


def untold(_slip: Slip) -> None:
    """Nobody asked."""


def slips_of(
    left: int, ruled: Iterable[Ruled], partners: Collection[int], first: int
) -> Iterator[Slip]:
    """Of one asker. ``first``: places before it make their pair when they ask themselves."""
    found = set()
    for one in ruled:
        if one.position < first or one.decision is Decision.DIFFERENT:
            continue
        found.add(one.position)
        true, sure = one.position in partners, one.decision is Decision.MATCH
        if true and not sure:
            yield Slip(left, one.position, What.TRUE_POSSIBLE)
        elif not true:
            yield Slip(left, one.position, What.WRONG_MATCH if sure else What.WRONG_POSSIBLE)
    for place in sorted(partners):
        if place >= first and place not in found:
            yield Slip(left, place, What.MISSED)


def write_slips(slips: Iterable[Slip], left: Sequence[Row], right: Sequence[Row]) -> bytes:
    """CSV: a line for each pair, in the order of the left records."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    writer.writerows((left[one.left].id, right[one.right].id, one.what.value) for one in slips)
    return text.getvalue().encode("utf-8")
