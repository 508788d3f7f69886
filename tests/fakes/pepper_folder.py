"""A folder of peppers with its witness beside it."""

from __future__ import annotations

from pathlib import Path

from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.runtime.witness import WitnessFolder


def pepper_files(folder: Path) -> PepperFiles:
    return PepperFiles(folder, WitnessFolder(folder.with_name(f"{folder.name}-witness")))
