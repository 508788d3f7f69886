"""Make worker processes that end with their parent.

A worker holds secrets (epoch keys, blocking keys). A parent that is killed cannot stop its workers,
so each of them watches its parent.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from typing import Any, Final

NICENESS: Final = 10


def begin() -> None:
    """Prepare a worker; call this first in it.

    An interrupt at the terminal reaches all processes of the terminal; only the parent acts on it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def pool(workers: int, start: Callable[[], None] = begin) -> ProcessPoolExecutor:
    """Return an executor of ``workers`` new processes, each of which calls ``start`` first.

    They are spawned and not forked: a fork would copy the parent's secrets, sockets and locks.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=start)


def beside(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a new process that calls ``target``, which calls ``begin`` first.

    Args:
        arguments: what it is given. They cross to the new process; a socket is handed over open.
    """
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def lower_priority() -> None:
    """Let all else on the machine come before this thread (Linux) or process (elsewhere).

    Where a sandbox forbids it, the priority stays: only how soon others have the core depends on
    it.
    """
    with contextlib.suppress(PermissionError):
        os.nice(NICENESS)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
