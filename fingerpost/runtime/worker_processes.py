"""Make worker processes that end with their parent, and load nothing but their own work.

A worker holds secrets (epoch keys, blocking keys). A parent that is killed cannot stop its workers,
so each of them watches its parent.

Python's own processes of this kind load the program of their parent again: a second of a core for
each, and a command line that reads persons beside the keys of a process that reads none.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Final

NICENESS: Final = 10
_STARTING: Final = threading.Lock()
"""Held while a process starts without the program: of two at once, each would take what the other
has put in its place for the program, and leave it there."""


class _Spawned(SpawnProcess):
    """A process that is spawned without the program of its parent."""

    def start(self) -> None:
        # What a new process loads of its parent's program is read from this module, as it is now.
        with _STARTING:
            program = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = program


class _Spawning(SpawnContext):
    Process = _Spawned


# Spawned and not forked: a fork would copy the parent's secrets, sockets and locks.
_SPAWNING: Final = _Spawning()


def begin() -> None:
    """Prepare a worker; call this first in it.

    An interrupt at the terminal reaches all processes of the terminal; only the parent acts on it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def pool(workers: int, start: Callable[[], None] = begin) -> ProcessPoolExecutor:
    """Return an executor of ``workers`` new processes, each of which calls ``start`` first.

    What it is given to do is a function of a module that can be imported, not of the program.
    """
    return ProcessPoolExecutor(workers, mp_context=_SPAWNING, initializer=start)


def beside(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a new process that calls ``target``, which calls ``begin`` first.

    Args:
        arguments: what it is given. They cross to the new process; a socket is handed over open.
    """
    process = _SPAWNING.Process(target=target, args=arguments, daemon=True)
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
