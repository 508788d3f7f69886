"""Files that the tool writes: whole or not at all.

A file that names records is created with mode 0600 and never takes another's place: it may be the only copy of
somebody's review."""

from __future__ import annotations

import os
from pathlib import Path

from agency_node.match_tool.cells import BadInput
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import create_file, replace_file


def require_writable(path: Path, *inputs: Path) -> None:
    """Asked before the work, not after it. ``inputs``: files that it may not replace. Raises ``BadInput``."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BadInput(f"{path}: is no plain file; it is not replaced")
    if path.exists() and any(one.exists() and path.samefile(one) for one in inputs):
        raise BadInput(f"{path}: is read here; it is not replaced")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: the folder does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadInput(f"{path}: the folder is not this user's to write in")


def require_new(path: Path) -> None:
    """Raises ``BadInput`` also where the file is there already."""
    if path.exists() or path.is_symlink():
        raise BadInput(f"{path}: exists already; it is not overwritten")
    require_writable(path)


def replace(path: Path, data: bytes) -> None:
    """Figures without a person, for whoever may read the folder. Raises ``BadInput``."""
    try:
        replace_file(path, data, mode=0o644)
    except Defect as defect:
        raise BadInput(str(defect)) from None


def create(path: Path, data: bytes) -> None:
    """Mode 0600. Raises ``BadInput`` where it cannot be written, or came to be there meanwhile."""
    try:
        create_file(path, data)
    except Defect as defect:
        raise BadInput(str(defect)) from None
