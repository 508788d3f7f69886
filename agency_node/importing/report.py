"""What an import came to: counts, and each row that was not taken with line and reason. Values; no
person in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from agency_node.importing.sources.reasons import RefusedRow, Remark
from agency_node.importing.staging import ManyRefused
from agency_node.records.tagging import Tagged
from fingerpost.protocol.ids import AgencyId


@dataclass(frozen=True, slots=True)
class ImportReport:
    """``rows``: lines of the file that are not blank. ``before``: children of the generation
    before, None for the first import. ``already``: this very file was imported before, and nothing
    was done."""

    agency: AgencyId
    generation: int
    as_of: int
    rows: int
    children: int
    involvements: int
    shielded: int
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]
    not_current: tuple[int, ...]
    before: int | None
    tagged: tuple[Tagged, ...]
    already: bool

    @property
    def rows_taken(self) -> int:
        return self.rows - len(self.refused) - len(self.not_current)


def write_report(report: ImportReport) -> bytes:
    """JSON, for whoever mends the export."""
    body = {
        "agency": str(report.agency),
        "generation": report.generation,
        "as_of": report.as_of,
        "already_imported": report.already,
        "rows": report.rows,
        "rows_taken": report.rows_taken,
        "children": report.children,
        "children_before": report.before,
        "involvements": report.involvements,
        "refused": [_finding(row) for row in report.refused],
        "remarks": [_finding(row) for row in report.remarks],
        "no_longer_current_lines": list(report.not_current),
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
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def write_refusal(agency: AgencyId, why: ManyRefused) -> bytes:
    """JSON likewise, of a file that was not imported because too many of its rows cannot be."""
    body = {
        "agency": str(agency),
        "imported": False,
        "rows": why.rows,
        "refused": [_finding(row) for row in why.refused],
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _finding(row: RefusedRow | Remark) -> dict[str, str | int]:
    return {
        "line": row.line,
        "column": row.column,
        "reason": row.reason.value,
        "words": row.words,
    }
