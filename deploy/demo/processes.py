"""The parties as processes of their own: started, watched, stopped by their ids.

What a process writes goes into a file beside its state; when one dies, its last lines are shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fingerpost.runtime.health import probe

START_SECONDS = 90.0
STOP_SECONDS = 10.0
BIN = Path(sys.executable).parent


class Died(Exception):
    """A party ended by itself."""


@dataclass(slots=True)
class Party:
    name: str
    process: subprocess.Popen[bytes]
    output: Path
    health: Path | None

    def require_alive(self) -> None:
        status = self.process.poll()
        if status is not None:
            last = self.output.read_text(errors="replace").splitlines()[-8:]
            raise Died(f"{self.name} ended with status {status}:\n" + "\n".join(last))


class Parties:
    """All processes of the demonstration; as a context manager it leaves none behind."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._parties: dict[str, Party] = {}

    def __enter__(self) -> Parties:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for party in self._parties.values():
            party.process.terminate()
        for party in self._parties.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                party.process.wait(STOP_SECONDS)
            if party.process.poll() is None:
                party.process.kill()
                party.process.wait()

    def __len__(self) -> int:
        return len(self._parties)

    def start(self, name: str, command: str, *arguments: str, health: Path | None) -> None:
        output = self._logs / f"{name}.log"
        with output.open("ab") as file:
            process = subprocess.Popen(
                [str(BIN / command), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._parties[name] = Party(name, process, output, health)

    def stop(self, name: str) -> None:
        party = self._parties.pop(name)
        party.process.terminate()
        party.process.wait(STOP_SECONDS)

    def require_alive(self) -> None:
        """Raises ``Died``."""
        for party in self._parties.values():
            party.require_alive()

    def wait_until_healthy(self, names: Iterable[str]) -> None:
        """Raises ``Died`` when one ends or does not serve within ``START_SECONDS``."""
        asyncio.run(self._wait([self._parties[name] for name in names]))

    async def _wait(self, waiting: list[Party]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while waiting:
            for party in tuple(waiting):
                party.require_alive()
                if party.health is None or await probe(party.health):
                    waiting.remove(party)
            if waiting and time.monotonic() > deadline:
                raise Died(f"{waiting[0].name} does not serve after {START_SECONDS:.0f} s")
            await asyncio.sleep(0.1)


def run(command: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """One command to its end, its output as text."""
    return subprocess.run(
        [str(BIN / command), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
