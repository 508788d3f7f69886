"""The report of an import: counts, and line and reason of each row that was not taken. It holds
nothing about a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from agency_node.importing.sources.reasons import RowFault
from agency_node.importing.staging import ManyRefused
from agency_node.records.tagging import Tagged
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.screen_text import json_lines


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The report of an import that is complete.

    Attributes:
        rows: lines of the file that are not blank.
        not_current: the lines of involvements that are no longer current.
        before: children of the generation before, None for the first import.
        already: the same file was imported before, and nothing was done.
    """

    agency: AgencyId
    generation: int
    as_of: int
    rows: int
    children: int
    involvements: int
    shielded: int
    refused: tuple[RowFault, ...]
    remarks: tuple[RowFault, ...]
    not_current: tuple[int, ...]
    before: int | None
    tagged: tuple[Tagged, ...]
    already: bool

    @property
    def rows_taken(self) -> int:
        return self.rows - len(self.refused) - len(self.not_current)


def write_report(report: ImportReport) -> bytes:
    """Return the report as JSON, for the person who mends the export."""
    return json_lines(
        {
            "agency": str(report.agency),
            "generation": report.generation,
            "as_of": report.as_of,
            "already_imported": report.already,
            "rows": report.rows,
            "rows_taken": report.rows_taken,
            "children": report.children,
            "children_before": report.before,
            "involvements": report.involvements,
            "refused": _faults(report.refused),
            "remarks": _faults(report.remarks),
            "no_longer_current_lines": report.not_current,
            "tagged": [
                {
                    "epoch": t.epoch.value,
                    "children": t.children,
                    "taken_over": t.taken_over,
                    "evaluated_keys": t.evaluated,
                }
                for t in report.tagged
            ],
        }
    )


def write_refusal(agency: AgencyId, why: ManyRefused) -> bytes:
    """Return a report in JSON of a file that was not imported since too many rows were refused."""
    return json_lines(
        {
            "agency": str(agency),
            "imported": False,
            "rows": why.rows,
            "refused": _faults(why.refused),
        }
    )


def _faults(rows: Iterable[RowFault]) -> list[dict[str, object]]:
    return [{**asdict(row), "words": row.words} for row in rows]
