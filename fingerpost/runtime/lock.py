"""Locks between processes: files that one process at a time holds (flock).

They prevent an accident: a unit that is started twice, or a shell that is left open. Two nodes on
one state would take turns at the broker's stream and write one audit chain at the same time; two
processes that advanced the peppers of one folder would undo each other's work. A lock ends with its
process, however the process ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import or_defect

NOTE_BYTES: Final = 16


class Held(Exception):
    """Another process holds the lock.

    Attributes:
        note: the text that the holder wrote. Between taking the lock and writing it, the note is
            empty, or that of an earlier holder that was killed.
    """

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


@contextmanager
def locked(path: Path, *, note: str = "", wait: bool = False) -> Iterator[None]:
    """Hold the lock at ``path`` (mode 0600, made where it is missing) in the block.

    Args:
        note: the text for a process that finds the lock held, at most 16 characters of ASCII.
        wait: wait for the holder without a limit.

    Raises:
        Held: another process holds it, and ``wait`` is False.
        Defect: the file cannot be opened: there is no such folder, or a link is in its place.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with or_defect(f"{path}: cannot be opened"):
        handle = os.open(path, flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(os.pread(handle, NOTE_BYTES, 0).decode("ascii", "replace")) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode("ascii"), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


@contextmanager
def alone(lock: Path, refusal: str) -> Iterator[None]:
    """Hold the lock in the block; its folder is made where it is missing, mode 0700.

    Raises:
        Defect: another process holds it (the text is ``refusal``), or it cannot be opened.
    """
    with or_defect(f"{lock}: cannot be opened"):
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as opened:
        try:
            opened.enter_context(locked(lock))
        except Held:
            raise Defect(refusal) from None
        yield
