"""Processes of parties: started, faulted, and started again when they end, as systemd does.

Only processes that this module started are ever signalled, by their ids. None outlives the process
that started it, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.demo.patience import Patience, Stuck

TREE: Final = Path(__file__).resolve().parents[2]
WITH_PARENT: Final = Path(__file__).with_name("with_parent.py")
RESTART_SECONDS: Final = 0.3
LOOK_SECONDS: Final = 0.02
STILL_SECONDS: Final = 180.0
"""Longer than any party may take to come back."""


def python(*arguments: str) -> tuple[str, ...]:
    """Return the words that start Python as a process that ends with the calling one."""
    first = (sys.executable, "-I", "-S", str(WITH_PARENT), str(os.getpid()))
    return (*first, sys.executable, *arguments)


def end_in_order() -> None:
    """Treat SIGTERM as the keyboard's interrupt, so that no process and no mount is left behind."""

    def interrupted(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)


async def until(holds: Callable[[], object], what: str) -> None:
    """Return once ``holds``. Raises ``Stuck``: see ``deploy.demo.patience``."""
    patience = Patience(what, STILL_SECONDS)
    while not holds():
        patience.require_movement()
        await asyncio.sleep(LOOK_SECONDS)


def environment(**more: str) -> dict[str, str]:
    """Return what a process of this tree runs in."""
    return {**os.environ, "PYTHONPATH": f"{TREE}:{TREE / 'tests'}", **more}


class Party:
    """A party's process.

    Args:
        program: the arguments of Python.
        output: the file of what it writes, its earlier lives included.
        lines: given each line of its standard output; without it, that goes to ``output``.

    Attributes:
        more: variables of its environment, from its next start on.
        lives: how often it was started.
        ended: the exit status of each life that is over.
    """

    def __init__(
        self,
        name: str,
        program: Sequence[str],
        output: Path,
        lines: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.more: Mapping[str, str] = {}
        self.lives = 0
        self.ended: list[int] = []
        self.on_end: Callable[[], None] = lambda: None
        self._program = program
        self._output = output
        self._lines = lines
        self._wanted = False
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return self.name

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise Stuck(f"{self.name} does not run")
        return self._process.pid

    def written(self) -> str:
        """Return what it has written so far, its earlier lives included."""
        with contextlib.suppress(FileNotFoundError):
            return self._output.read_text(errors="replace")
        return ""

    def last_words(self) -> str:
        return "\n".join(self.written().splitlines()[-3:])

    async def up(self) -> None:
        """Start it, and again whenever it ends."""
        self._wanted = True
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        lives = self.lives
        await until(lambda: self.running or self.lives > lives, f"{self.name} to be started")

    async def down(self, number: int = signal.SIGKILL) -> None:
        """End it, and start it no more."""
        self._wanted = False
        if self.running:
            self._signal(signal.SIGCONT)
            self._signal(number)
        if self._keeping is not None:
            keeping = self._keeping
            await until(keeping.done, f"{self.name} to end")
            await keeping

    def kill(self) -> None:
        """As a crash; it is started again."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    async def tell(self, line: str) -> None:
        """Write a line to its input. One that has just ended hears nothing."""
        with contextlib.suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(line.encode() + b"\n")
                await self._process.stdin.drain()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.running:
                os.kill(self.pid, number)

    async def _keep(self) -> None:
        while self._wanted:
            await self._live()
            await asyncio.sleep(RESTART_SECONDS)

    async def _live(self) -> None:
        piped = self._lines is not None
        with self._output.open("ab") as file:
            self._process = await asyncio.create_subprocess_exec(
                *python(*self._program),
                stdin=asyncio.subprocess.PIPE if piped else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if piped else file,
                stderr=file,
                env=environment(**self.more),
                cwd=TREE,
            )
        self.lives += 1
        if self._lines is not None and self._process.stdout is not None:
            async for line in self._process.stdout:
                self._lines(line.decode())
        self.ended.append(await self._process.wait())
        self.on_end()


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the arguments with which Python runs a party's command line."""
    return ("-c", f"from {module} import main; main()", *arguments)
