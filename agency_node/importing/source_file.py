"""An export on the disk. It is read once, so that what was hashed is what is parsed, and deleted on
request.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agency_node.importing.sources.reasons import Reason, RefusedFile
from agency_node.importing.staging import SourceFile
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import sync_folder

MOST_BYTES: Final = 512 * 1024 * 1024
_MANY_TEXTS: Final = (b"\xff\xfe", b"\xfe\xff")  # UTF-16


def read_source(path: Path) -> SourceFile:
    """Read a file.

    Raises:
        Defect: it cannot be read, or is too large.
        RefusedFile: it is not a text in UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
            written = os.fstat(file.fileno()).st_mtime
    except OSError as error:
        raise Defect(f"{path}: cannot be read ({type(error).__name__})") from None
    if len(content) > MOST_BYTES:
        raise Defect(f"{path}: more than {MOST_BYTES} bytes")
    if content.startswith(_MANY_TEXTS):
        raise RefusedFile(Reason.NOT_UTF8)
    if b"\0" in content:
        raise RefusedFile(Reason.NOT_TEXT)
    made_on = datetime.fromtimestamp(written, UTC).date()
    return SourceFile(content, hashlib.sha256(content).digest(), made_on)


def dispose(path: Path) -> None:
    """Delete the export, durably on return. Raises ``Defect``.

    On a medium that keeps old blocks, only an encrypted disk makes the content unreadable.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Defect(f"{path}: cannot be deleted ({type(error).__name__})") from None
    sync_folder(path.parent)
