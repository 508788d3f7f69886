"""How long to wait for something that another process does: while it moves, and a while longer.

A fixed deadline fits one machine and one moment. Here the wait ends when nothing has moved for a
number of seconds, and a second counts only as far as the processes got the processor when they
wanted it: on a machine where they mostly queue for it, a minute lasts many minutes. The processor's
time is read from ``/proc``. Where the kernel does not report the queueing (``schedstat``), seconds
are those of the clock.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

STILL_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
_PROC: Final = Path("/proc")


class Stuck(Exception):
    """Something that was waited for did not come, and nothing moved any more."""


class Processor(NamedTuple):
    """Seconds that a process, all its threads together, has run on a processor and has queued for
    one.
    """

    ran: float
    queued: float


def processor_of_tree(root: int) -> dict[int, Processor]:
    """Return the processor time of the process ``root`` and of its descendants that are alive."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in _PROC.glob("[1-9]*"):
        try:
            # The name in brackets may hold anything; behind it come the state and the parent.
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children[parent].append(int(folder.name))
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        found[pid] = _processor_of(_PROC / str(pid) / "task")
    return found


def _processor_of(threads: Path) -> Processor:
    """Return the processor time of a process; none of what ends while it is read."""
    ran = queued = 0
    try:
        found = list(threads.iterdir())
    except OSError:
        return Processor(0.0, 0.0)
    for thread in found:
        try:
            nanoseconds = (thread / "schedstat").read_text().split()
        except OSError:
            continue
        ran, queued = ran + int(nanoseconds[0]), queued + int(nanoseconds[1])
    return Processor(ran / 1e9, queued / 1e9)


class Patience:
    """One wait. ``what`` names it in the message of ``Stuck``.

    ``seconds``: without any movement. ``worker``: the id of a process whose work, or that of its
    descendants, is a movement too. ``processor``: of a process and its descendants.
    """

    def __init__(
        self,
        what: str,
        seconds: float = STILL_SECONDS,
        *,
        worker: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[int], Mapping[int, Processor]] = processor_of_tree,
    ) -> None:
        self._what = what
        self._seconds = seconds
        self._worker = worker
        self._clock = clock
        self._processor = processor
        self._state: object = ""
        self._still = 0.0
        self._looked_at = clock()
        self._seen = processor(os.getpid())
        self._work = 0

    def require_movement(self, state: object = "") -> None:
        """Note how far it has come; another ``state`` than the last is a movement.

        Raises:
            Stuck: nothing has moved for the number of seconds; the message states ``state``.
        """
        now = self._clock()
        moved = state != self._state
        if not moved and now - self._looked_at < LOOK_SECONDS:
            return
        seen, work = self._processor(os.getpid()), self._tenths_of_work()
        self._still += (now - self._looked_at) * _share(self._seen, seen)
        if moved or work > self._work:
            self._still = 0.0
        self._state, self._looked_at, self._seen, self._work = state, now, seen, work
        if self._still > self._seconds:
            come = f": {state}" if state != "" else ""
            raise Stuck(f"waited for {self._what}{come}; nothing moved for {self._seconds:.0f} s")

    def _tenths_of_work(self) -> int:
        if self._worker is None:
            return 0
        return int(10 * sum(each.ran for each in self._processor(self._worker).values()))


def _share(before: Mapping[int, Processor], after: Mapping[int, Processor]) -> float:
    """Return which share of the time that the processes could have run they did run; 1 if none
    wanted to.
    """
    ran = queued = 0.0
    for pid, now in after.items():
        then = before.get(pid, now)
        ran += max(0.0, now.ran - then.ran)  # a thread that ended takes its time with it
        queued += max(0.0, now.queued - then.queued)
    return ran / (ran + queued) if ran + queued > 0 else 1.0
