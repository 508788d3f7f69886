"""Parts of a measurement in processes of their own, so that it uses every core.

Each process begins as a copy of this one (fork), so that a population that is there need not be
sent; only what a task returns comes back, pickled. A task that fails ends the measurement.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, TypeVar

T = TypeVar("T")


def apart(work: Sequence[Callable[[], T]], at_once: int | None = None) -> list[T]:
    """Return what each task returns, in the order given; at most ``at_once`` run together, by
    default one on each core.

    Raises ``ChildProcessError``: a task ended without an answer; its own words are on standard
    error.
    """
    gc.collect()
    gc.freeze()  # a collection in a copy would touch, and so double, everything that is shared
    found: dict[int, T] = {}
    waiting = list(enumerate(work))[::-1]
    running: dict[Connection, tuple[int, ForkProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (at_once or os.cpu_count() or 1):
                place, task = waiting.pop()
                ours, theirs = get_context("fork").Pipe(duplex=False)
                process = get_context("fork").Process(target=_answer, args=(task, theirs))
                process.start()
                theirs.close()
                running[ours] = place, process
            for end in wait(list(running)):
                assert isinstance(end, Connection)
                place, process = running.pop(end)
                found[place] = _received(end)
                process.join()
    finally:
        gc.unfreeze()
        for _, process in running.values():
            process.terminate()
    return [found[place] for place in range(len(work))]


def _answer(task: Callable[[], T], to: Connection) -> None:
    to.send(task())
    to.close()


def _received(end: Connection) -> Any:
    """What the other process sent; a pipe knows no type."""
    try:
        return end.recv()
    except EOFError:
        raise ChildProcessError("a part of a measurement failed, see above") from None
