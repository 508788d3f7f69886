"""The run loop: a process from its first signal handler to its exit code.

Law: only this module, and the status table of ``rpc``, catch every exception. Here an exception
ends the process or one turn of a loop, and is written by type alone. Time and randomness are
arguments, so that the loops run in tests as they run in production.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import fingerpost.runtime
from fingerpost.protocol.errors import Defect, NoRoom, Refused
from fingerpost.runtime import logs
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.database import StoreFailed
from fingerpost.runtime.logs import Logger

STOPPED: Final = 0
CRASHED: Final = 1
DEFECTIVE: Final = 2
STEADY_SECONDS: Final = 30.0
"""A connection that lasted longer was no failure: the next wait is the shortest again."""

Task = Callable[[], Awaitable[None]]
Random = Callable[[], float]
"""Uniform in [0, 1), e.g. ``random.SystemRandom().random``."""


class Opened(Protocol):
    """A party that its ``wiring.open`` has opened, with the tasks that it needs, by name."""

    def tasks(self) -> Mapping[str, Task]: ...


Stop = asyncio.Event
"""The request that the process end; it is set by a signal."""


def run(main: Callable[[Stop], Awaitable[None]], *, party: str, program: str) -> int:
    """Run a process until SIGTERM or SIGINT asks ``main`` to stop; a second signal cancels it.

    ``main`` loads its settings, configures the logs of ``party`` and returns once stopped. Messages
    begin with ``program``, the name that the operator types.

    Returns:
        0: it was stopped. 1: it was ended by another party's refusal (the message gives text, code
        and rule, all constants of our source, and who was asked), found no room on its disk, or
        crashed (the message gives the type of the exception); a new start may succeed. 2: any
        other ``Defect``, such as a wrong setting (the message is its text, made for the operator).
    """
    logs.take_over(party)
    try:
        _require_tls_1_3()
        asyncio.run(_until_stopped(main, party))
    except Defect as defect:
        _note(party, defect)
        sys.stderr.write(f"{program}: {defect}\n")
        return CRASHED if isinstance(defect, NoRoom) else DEFECTIVE
    except asyncio.CancelledError:
        return STOPPED  # by a second signal
    except Refused as refused:
        _note(party, refused)
        sys.stderr.write(f"{program}: ended. {refusal_text(refused)} It may be started again.\n")
        return CRASHED
    except Exception as error:  # noqa: BLE001 - the last resort of the process
        _note(party, error)
        sys.stderr.write(f"{program}: crashed ({logs.error_name(error)})\n")
        return CRASHED
    return STOPPED


def refusal_text(refused: Refused) -> str:
    """Return a refusal for the operator: its text, code and rule, and who was asked at which
    address.
    """
    asked = f" Asked: {refused.asked}." if refused.asked else ""
    return f"{refused.public_text} ({refused.code.value}: {refused.what}){asked}"


def _require_tls_1_3() -> None:
    if not fingerpost.runtime.TLS_1_3_ONLY:
        raise Defect("gRPC was loaded before fingerpost.runtime: TLS 1.2 is not disabled")


async def _until_stopped(main: Callable[[Stop], Awaitable[None]], party: str) -> None:
    stop = Stop()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def on_signal() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    await main(stop)
    with contextlib.suppress(Defect):
        logs.get_logger(party).info("process.stopped")


def _note(party: str, error: BaseException) -> None:
    with contextlib.suppress(Defect):  # the error may come before there is a log
        logs.get_logger(party).error("process.crashed", error=error)


async def serve(party: AbstractAsyncContextManager[Opened], stop: Stop, log: Logger) -> None:
    """Open a party, run its tasks until ``stop``, and close it.

    Raises:
        Defect, Refused: as its ``open`` does, and as ``supervise``.
    """
    async with party as opened:
        await supervise(stop, opened.tasks(), log)


async def supervise(stop: Stop, tasks: Mapping[str, Task], log: Logger) -> None:
    """Run the parts of a process side by side until ``stop``, then cancel and await them all.

    Raises:
        Defect: a part ended by itself. A process must not continue without one of its parts.
        Exception: what a part raised; the others were cancelled first.
    """
    log.info("process.started")

    async def part(name: str, task: Task) -> None:
        await task()
        raise Defect(f"the task {name} ended by itself")

    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(part(name, task)) for name, task in tasks.items()]
            await stop.wait()
            for task in running:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return one exception of a group: a defect if there is one."""
    defects, others = errors.split(Defect)
    group = defects if defects is not None else others
    error: BaseException = group if group is not None else errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def every(
    seconds: float,
    jitter: float,
    func: Task,
    clock: Clock,
    *,
    random: Random,
    log: Logger,
    name: str,
) -> None:
    """Call ``func`` now, and again ``seconds`` plus up to ``jitter`` after each end, for ever.

    An error is logged by type and the loop goes on, save for ``StoreFailed``, which is raised.
    """
    while True:
        await _attempt(func, log, name)
        await clock.sleep_until(clock.monotonic() + seconds + random() * jitter)


async def reconnect(attempt: Task, clock: Clock, *, random: Random, log: Logger, name: str) -> None:
    """Call ``attempt``, which returns or raises once its connection is lost, again and again.

    Between attempts it waits as ``Backoff`` says. After an attempt that lasted longer than
    ``STEADY_SECONDS`` it starts from the shortest wait again. Errors are treated as in ``every``.
    """
    backoff = Backoff()
    while True:
        began = clock.monotonic()
        await _attempt(attempt, log, name)
        if clock.monotonic() - began > STEADY_SECONDS:
            backoff.reset()
        await clock.sleep_until(clock.monotonic() + backoff.next(random()))


async def _attempt(func: Task, log: Logger, name: str) -> None:
    try:
        await func()
    except StoreFailed:
        raise
    except Exception as error:  # noqa: BLE001 - one turn of a loop must not end the loop
        log.warning("task.failed", task=name, error=error)


class Backoff:
    """The wait after the n-th failure: between ``least`` seconds and a ceiling that is ``first``
    at the first, and doubles up to ``most``.

    A party that comes back is wanted at once, so the longest wait is short. Full jitter spreads
    those who wait for it: of 10,000 nodes some 2,300 a second try to connect.
    """

    least: Final = 0.5
    first: Final = 1.5
    most: Final = 5.0

    def __init__(self) -> None:
        self._ceiling: float = self.first

    def next(self, random: float) -> float:
        """Return the seconds to wait; ``random`` is uniform in [0, 1)."""
        ceiling = self._ceiling
        self._ceiling = min(self.most, 2 * ceiling)
        return self.least + random * (ceiling - self.least)

    def reset(self) -> None:
        self._ceiling = self.first
