"""Read agreements from an agency's files, write the ready set, and keep every version that decided.

Law: an agreement that cannot be read is a fault, and never an agreement that permits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

from agency_node.policy.agreement import Agreement, read_agreement
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import or_defect, replace_file

READY: Final = "english_area.cedar"
SUFFIX: Final = ".cedar"


def load(path: Path) -> Agreement:
    """Return the agreement in a file, or in all files of a folder that end in ``.cedar``, in the
    order of their names.

    Raises:
        Defect: it is missing, cannot be read, or is no agreement.
    """
    return read_agreement(_text(path))


def ready(first: date, last: date) -> str:
    """Return the ready set for an English area, in force from the first day to the last."""
    text = files(__package__).joinpath(READY).read_text("utf-8")
    return text.replace("FIRST_DAY", str(first)).replace("LAST_DAY", str(last))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The agreements of a node's agencies, and why those of the others cannot be read."""

    agreements: Mapping[AgencyId, Agreement]
    failed: Mapping[AgencyId, Defect]


def load_all(paths: Mapping[AgencyId, Path]) -> Loaded:
    """Read the agreements of many agencies; a file that several share is read once."""
    read: dict[Path, Agreement | Defect] = {}
    for path in paths.values():
        if path not in read:
            try:
                read[path] = load(path)
            except Defect as defect:
                read[path] = defect
    found = {agency: read[path] for agency, path in paths.items()}
    return Loaded(
        {agency: each for agency, each in found.items() if isinstance(each, Agreement)},
        {agency: each for agency, each in found.items() if isinstance(each, Defect)},
    )


def keep(folder: Path, agreement: Agreement) -> None:
    """Keep a version under its name, so that what a rule said can be read later.

    Raises:
        Defect: it cannot be written.
    """
    place = folder / f"{agreement.version}{SUFFIX}"
    if not place.exists():
        with or_defect(f"{folder}: cannot be written"):
            folder.mkdir(mode=0o700, exist_ok=True)
        replace_file(place, agreement.text.encode())


def kept(folder: Path, version: str) -> Agreement | None:
    """Return a version that decided earlier; None where it is not there, or is not what it was."""
    try:
        found = load(folder / f"{version}{SUFFIX}")
    except Defect:
        return None
    return found if found.version == version else None


def _text(path: Path) -> str:
    try:
        parts = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        text = "\n".join(part.read_text("utf-8") for part in parts)
    except (OSError, UnicodeDecodeError):
        raise Defect(f"The agreement {path.name} cannot be read.") from None
    if not parts:
        raise Defect(f"The folder {path.name} has no agreement: no file ends in {SUFFIX}.")
    return text
