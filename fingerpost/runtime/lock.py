"""One process at a time on one folder of state.

Attack, or rather accident: a unit started twice, a shell left open. Two nodes on one state would take turns at the
broker's stream and write one audit chain with two hands.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fingerpost.protocol.errors import Defect


@contextmanager
def alone(lock: Path, refusal: str) -> Iterator[None]:
    """Holds the lock (flock, mode 0600) in the block; it goes with the process, however that ends. Its folder is made
    where it is missing, mode 0700.

    Raises ``Defect`` with ``refusal`` where another process holds it; where it cannot be opened, too.
    """
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Defect(f"{lock}: cannot be opened ({type(error).__name__})") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Defect(refusal) from None
        yield
    finally:
        os.close(handle)
