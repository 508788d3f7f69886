"""The witness of a store that a test opens by itself, beside the store."""

from __future__ import annotations

from pathlib import Path

from fingerpost.runtime.witness import Witness, WitnessFolder


def witness_in(folder: Path) -> WitnessFolder:
    """The witnesses of what lies in ``folder``."""
    return WitnessFolder(folder / "witness")


def witness_of(path: Path) -> Witness:
    """The witness of the log at ``path``."""
    return witness_in(path.parent).of(path.name)
