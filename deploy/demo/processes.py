"""The processes of the demonstration: started, watched, stopped by their ids.

What a process writes goes into a file beside its state; when it dies, its last lines are shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.patience import LOOK_SECONDS, Patience, Stuck
from fingerpost.runtime.health import probe

STOP_SECONDS = 10.0
"""At the end of the demonstration: a process that has not ended by then is killed, and its state is
removed.
"""
PAUSE_SECONDS = 0.1
BIN = Path(sys.executable).parent


class Died(Exception):
    """A process ended by itself, or a command failed."""


@dataclass(slots=True)
class Process:
    """A party's program while it runs. ``health``: its socket, if it has one."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path
    health: Path | None

    def require_alive(self) -> None:
        """Raise ``Died``, with the last lines that it wrote, if it has ended."""
        status = self.process.poll()
        if status is not None:
            last = self.output.read_text(errors="replace").splitlines()[-8:]
            raise Died(f"{self.name} ended with status {status}:\n" + "\n".join(last))


class Processes:
    """All processes of the demonstration; as a context manager it leaves none behind."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, Process] = {}

    def __enter__(self) -> Processes:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._running.values():
            each.process.terminate()
        for each in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.process.wait(STOP_SECONDS)
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, name: str, command: str, *arguments: str, health: Path | None) -> None:
        output = self._logs / f"{name}.log"
        with output.open("ab") as file:
            process = subprocess.Popen(
                [str(BIN / command), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._running[name] = Process(name, process, output, health)

    def stop(self, name: str) -> None:
        """End one in good order. Raises ``Stuck``."""
        stopped = self._running.pop(name)
        stopped.process.terminate()
        patience = Patience(f"{name} to end")
        while stopped.process.poll() is None:
            patience.require_movement()
            time.sleep(PAUSE_SECONDS)

    def require_alive(self) -> None:
        """Raises ``Died``."""
        for each in self._running.values():
            each.require_alive()

    def pause(self, patience: Patience, state: object, seconds: float = PAUSE_SECONDS) -> None:
        """Wait a moment for what ``patience`` is about. Raises ``Died``, ``Stuck``."""
        self.require_alive()
        patience.require_movement(state)
        time.sleep(seconds)

    def wait_until_healthy(self, names: Iterable[str]) -> None:
        """Wait until all of them serve.

        Raises:
            Died: A process ended.
            Stuck: Nothing moves any more.
        """
        waiting = [self._running[name] for name in names]
        patience = Patience("processes to serve")
        while waiting := [each for each in waiting if not _serves(each)]:
            self.pause(patience, f"{', '.join(each.name for each in waiting)} does not serve")


def _serves(process: Process) -> bool:
    return process.health is None or asyncio.run(probe(process.health))


def run(
    command: str, *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end and return what it wrote. Raises ``Stuck``, once it is ended."""
    program = [str(BIN / command), *arguments]
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        patience = Patience(f"`{command} {arguments[0]}` to end", worker=process.pid)
        given: str | None = stdin
        while True:
            try:
                out, err = process.communicate(given, timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                given = None  # it is sent once
                try:
                    patience.require_movement()
                except Stuck:
                    process.kill()
                    raise
            else:
                return subprocess.CompletedProcess(program, process.returncode, out, err)
