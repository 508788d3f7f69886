"""The quality report of an agency's last import, kept with the trend in the folder of the reports.

Law: one file for each agency, readable by its owner alone; it holds what the report holds, and of
the imports before counts only, of at most ``document.MOST_IMPORTS``. A kept file that cannot be
read is put aside and never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agency_node.importing.quality.document import QualityReport, following, read_report
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import or_defect, read_file, replace_file
from fingerpost.runtime.screen_text import json_lines

_MOST_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was kept. ``aside``: where an earlier file was put that could not be read."""

    path: Path
    report: QualityReport
    aside: Path | None = None


def quality_file(folder: Path, agency: AgencyId) -> Path:
    return folder / f"{agency}-quality.json"


def kept_report(folder: Path, agency: AgencyId) -> QualityReport | None:
    """Return the report of the last import; None where there is none yet.

    Raises:
        Defect: it cannot be read, or is of another agency; the message names the file.
    """
    path = quality_file(folder, agency)
    if not path.exists():
        return None
    try:
        report = read_report(read_file(path, most=_MOST_BYTES))
    except Defect as defect:
        named = str(defect)
        raise Defect(named if str(path) in named else f"{path}: {named}") from None
    if report.agency != str(agency):
        raise Defect(f"{path}: it is the quality report of another agency")
    return report


def keep_report(folder: Path, agency: AgencyId, report: QualityReport) -> Kept:
    """Keep the report of an import, with the trend. Raises ``Defect``: it cannot be written."""
    path, aside = quality_file(folder, agency), None
    try:
        earlier = kept_report(folder, agency)
    except Defect:
        earlier, aside = None, path.with_suffix(".unread")
        with or_defect(f"{path}: cannot be put aside"):
            path.replace(aside)
    report = following(earlier, report)
    with or_defect(f"{folder}: cannot be made"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, json_lines(report))
    return Kept(path, report, aside)
