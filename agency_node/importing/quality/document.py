"""The quality report as a document: what the page shows, what a program reads, what is kept.

Law: counts, shares, lines of the file and words of our own; nothing that stood in a cell. Lines are
given of what the file itself shows, never of who is shielded or hidden, since the register may know
more than the file. ``docs/quality-report.md`` describes every field.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from fingerpost.protocol.errors import Defect

SCHEMA: Final = "fingerpost-node/quality/1"
MOST_LISTED: Final = 40
"""So many children or rows of a figure are listed by their lines."""
MOST_TOGETHER: Final = 8
"""So many lines are listed of records that belong together."""
MOST_IMPORTS: Final = 100
"""So many imports the trend remembers."""

Lines = tuple[tuple[int, ...], ...]
"""Lines of the file; those in one bracket belong together, as two records of one child."""


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of the rows of the file. Every row is in one of the four.

    Attributes:
        all: lines that are not blank.
        hidden: rows of hidden children, of whom nothing may be stored.
    """

    all: int
    taken: int
    refused: int
    not_current: int
    hidden: int


class Lost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that were refused for one reason in one column. ``reason``: its code."""

    reason: str
    column: str
    words: str
    rows: int
    lines: Lines


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault, counted.

    Attributes:
        code: the fault (``faults.Fault``).
        counted: "children" or "rows".
        count, of, share: how many have the fault, of how many; ``share`` from 0 to 1.
        children: the children whom it concerns.
        lines: the first of them.
    """

    code: str
    section: str
    words: str
    counted: str
    count: int
    of: int
    share: float
    children: int
    lines: Lines


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of all children have a field, or are found by a rule. ``name``: its code."""

    name: str
    words: str
    children: int
    share: float


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By how many rules children are found from far away: two or more, one, or none."""

    twice: int
    once: int
    near: int


class Withheld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About whom and what nothing is disclosed. There are no lines of them.

    Attributes:
        shielded: children.
        by_register: children whom the register shields though the file does not say so; None where
            a file was read without the register.
        sensitive_rows: rows of sensitive kinds, or marked so.
        only_sensitive: children of whom there is no other row.
        hidden_rows: rows that were left out, since nothing of their child may be stored.
    """

    shielded: int
    by_register: int | None
    sensitive_rows: int
    only_sensitive: int
    hidden_rows: int


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What would stop the import of the file, by the name by which it is accepted."""

    accept: str
    words: str
    remedy: str


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do.

    Attributes:
        code: the fault, or the reason of lost rows.
        children: whom it concerns; of lost rows, their number, since who they are about is not
            known.
    """

    code: str
    children: int
    words: str
    columns: tuple[str, ...]
    lines: Lines
    remedy: str
    gain: str


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One import of the trend. ``counts``: by fault, without those that nothing has."""

    generation: int
    made_on: date
    as_of: date
    rows: int
    refused: int
    children: int
    twice: int
    once: int
    near: int
    shielded: int
    counts: dict[str, int]


class QualityReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A quality report.

    Attributes:
        generation: the import; None where a file was read and not imported.
        made_on: the day of the report (UTC).
        as_of: the day of the export.
        good_until: the last day on which the agency may answer from it; None where the member list
            was not asked.
        children: who can be found, without hidden ones.
        quality: as answers state it: GOOD, FAIR, POOR, or None for too few children.
        compared: among how many children doubles were searched, the first of the file.
        trend: imports of this agency, the oldest first.
        to_do: in order of the children concerned.
    """

    schema: str
    agency: str
    generation: int | None
    made_on: date
    as_of: date
    good_until: date | None
    children: int
    rows: Rows
    quality: str | None
    stops: tuple[Stop, ...]
    lost: tuple[Lost, ...]
    fields: tuple[Share, ...]
    rules: tuple[Share, ...]
    found: Found
    withheld: Withheld
    figures: tuple[Figure, ...]
    compared: int
    trend: tuple[Point, ...]
    to_do: tuple[Step, ...]

    def figure(self, code: str) -> Figure:
        """Return the figure of a fault. Raises ``Defect``: there is none."""
        for figure in self.figures:
            if figure.code == code:
                return figure
        raise Defect("the quality report has no such figure")


def read_report(data: bytes) -> QualityReport:
    """Return the report. Raises ``Defect``: other bytes, or the report of another release."""
    try:
        report = msgspec.json.decode(data, type=QualityReport)
    except msgspec.MsgspecError:
        raise Defect("it is no quality report, or one of another release") from None
    if report.schema != SCHEMA:
        raise Defect("it is a quality report of another release")
    return report


def following(earlier: QualityReport | None, report: QualityReport) -> QualityReport:
    """Return the report of an import with the trend up to it.

    Args:
        earlier: what is kept of the imports before.
    """
    trend = () if earlier is None else earlier.trend
    if report.generation is None:
        return msgspec.structs.replace(report, trend=trend)
    point = Point(
        report.generation,
        report.made_on,
        report.as_of,
        report.rows.all,
        report.rows.refused,
        report.children,
        report.found.twice,
        report.found.once,
        report.found.near,
        report.withheld.shielded,
        {figure.code: figure.count for figure in report.figures if figure.count},
    )
    return msgspec.structs.replace(report, trend=(*trend, point)[-MOST_IMPORTS:])
