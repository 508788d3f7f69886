"""The report of an import, of a rehearsal, or of a file that was refused: counts, what was found,
and line and reason of each row that was not taken. It holds nothing about a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum, unique

from agency_node.importing.finding import Finding
from agency_node.importing.quality.document import QualityReport
from agency_node.importing.shielding import ShieldCounts
from agency_node.importing.sources.faults import FileFault, RefusedFile, RowFault
from agency_node.importing.sources.shapes import ColumnFound
from agency_node.importing.staging import Unconfirmed
from agency_node.records.tagging import Tagged
from fingerpost.protocol.codes import Quality
from fingerpost.protocol.feed_age import FeedLife
from fingerpost.protocol.ids import AgencyId


@unique
class Ending(Enum):
    """How the import of a file ended.

    WHOLE: every row was taken, or is no longer current. PARTIAL: some rows were left out, and each
    is named. REFUSED: nothing was changed, and the node answers from the import before.
    """

    WHOLE = "whole"
    PARTIAL = "partial"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The report of an import that is complete, or of a rehearsal of one.

    Attributes:
        generation: 0 for a rehearsal.
        rows: lines of the file that are not blank.
        not_current: the lines of involvements that are no longer current.
        before: children of the generation before, None for the first import.
        already: the same file was imported before, and nothing was done.
        columns: of each column of the file, how much of it was read.
        shields: what register and file made of each other.
        accepted: what would have stopped the import, by name, if nobody had accepted it.
        quality: how well the children can be found, as answers state it; None where they are too
            few to say.
        doubts: what somebody should look at, and may be right.
        about: what was concluded about the file (encoding, separator, sheet), in words.
        life: how long the agency may answer from it; None for a rehearsal, which has no member
            list.
        assessed: the quality report; None where nothing was imported.
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
    columns: Mapping[str, ColumnFound]
    shields: ShieldCounts
    accepted: tuple[str, ...] = ()
    quality: Quality | None = None
    about: tuple[str, ...] = ()
    doubts: tuple[Finding, ...] = ()
    life: FeedLife | None = None
    assessed: QualityReport | None = None

    @property
    def rows_taken(self) -> int:
        return self.rows - len(self.refused) - len(self.not_current) - self.shields.hidden

    @property
    def ending(self) -> Ending:
        return Ending.PARTIAL if self.refused else Ending.WHOLE

    @property
    def rehearsed(self) -> bool:
        return not self.generation


def report_document(report: ImportReport) -> dict[str, object]:
    """Return the report for a program, and for the person who mends the export."""
    return {
        "agency": str(report.agency),
        "ending": report.ending.value,
        "dry_run": report.rehearsed,
        "generation": report.generation or None,
        "as_of": report.as_of,
        "good_until": report.life.ends_at if report.life is not None else None,
        "already_imported": report.already,
        "file": report.about,
        "rows": report.rows,
        "rows_taken": report.rows_taken,
        "children": report.children,
        "children_before": report.before,
        "involvements": report.involvements,
        "quality": report.quality.name if report.quality else None,
        "shielded": report.shielded,
        "shields": asdict(report.shields),
        "findings": [],
        "accepted": report.accepted,
        "doubts": [_doubt(each) for each in report.doubts],
        "columns": _columns(report.columns),
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


def refusal_document(
    agency: AgencyId, why: RefusedFile | Unconfirmed, *, rehearsed: bool
) -> dict[str, object]:
    """Return the report of a file that was refused."""
    head: dict[str, object] = {
        "agency": str(agency),
        "ending": Ending.REFUSED.value,
        "dry_run": rehearsed,
    }
    if isinstance(why, RefusedFile):
        return {**head, "findings": [_file_fault(each) for each in why.faults]}
    readied = why.readied
    return {
        **head,
        "rows": readied.export.rows,
        "children": len(readied.children),
        "findings": [_finding(each) for each in why.found],
        "columns": _columns(readied.export.columns),
        "refused": _faults(readied.refused),
        "remarks": _faults(readied.remarks),
        "no_longer_current_lines": readied.export.not_current,
    }


def _file_fault(fault: FileFault) -> dict[str, object]:
    return {
        "rule": fault.reason.value,
        "column": fault.column,
        "words": fault.reason.words,
        "seen": fault.shapes,
        "remedy": fault.reason.remedy,
    }


def _finding(found: Finding) -> dict[str, object]:
    return {
        "rule": found.rule.value,
        "column": found.column,
        "words": found.words,
        "rows": found.rows,
        "of": found.of,
        "before": found.before,
        "forms": _forms(found.forms),
        "remedy": found.remedy,
        "accept": found.name,
    }


def _doubt(found: Finding) -> dict[str, object]:
    """It is held beside nothing, and there is nothing to accept."""
    said = _finding(found)
    return {name: said[name] for name in ("rule", "column", "words", "rows", "of", "remedy")}


def _columns(columns: Mapping[str, ColumnFound]) -> dict[str, object]:
    return {
        name: {
            "filled": found.filled,
            "read": found.read,
            "says_unknown": found.unknown,
            "not_read": _forms(found.shapes),
        }
        for name, found in columns.items()
    }


def _forms(forms: Iterable[tuple[str, int]]) -> list[dict[str, object]]:
    return [{"form": form, "rows": rows} for form, rows in forms]


def _faults(rows: Iterable[RowFault]) -> list[dict[str, object]]:
    return [{**asdict(row), "words": row.words} for row in rows]
