"""A worker does not outlive its parent, not even one that was killed, and loads none of its
program.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from fingerpost.runtime.worker_processes import beside

PARENT = """
import os, time
import agency_node.cli
from fingerpost.runtime.worker_processes import pool
if __name__ == "__main__":
    worker = pool(1)
    print(worker.submit(os.getpid).result(), flush=True)
    print(worker.submit(eval, "' '.join(__import__('sys').modules)").result(), flush=True)
    print(__import__("sys").modules["__main__"].__file__, flush=True)
    time.sleep(60)
"""
"""A program that is a file, as one that is installed: Python loads such a file again."""


def is_alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_worker_loads_nothing_of_its_parents_program_and_ends_when_it_is_killed(
    tmp_path: Path,
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[4])}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_alive(worker)
        loaded = parent.stdout.readline().split()
        assert "fingerpost.runtime.worker_processes" in loaded
        assert not {"agency_node", "fingerpost.private", "typer"} & {*loaded}
        assert parent.stdout.readline().strip() == str(script)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_alive(worker) and time.monotonic() < deadline:
        os.sched_yield()
    assert not is_alive(worker)


def test_of_two_processes_that_start_at_once_none_keeps_the_program_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = sys.modules["__main__"]
    monkeypatch.setitem(sys.modules, "__main__", program)  # put back, whatever comes of it
    first, both, done = threading.Event(), threading.Event(), threading.Event()

    def start(_: SpawnProcess) -> None:
        assert sys.modules["__main__"] is not program
        if first.is_set():
            both.set()
            done.wait(5)
        first.set()
        both.wait(0.1)  # where one process waits for the other, nothing comes

    def start_second() -> None:
        first.wait(5)
        beside(print)

    monkeypatch.setattr(SpawnProcess, "start", start)
    second = threading.Thread(target=start_second)
    second.start()
    beside(print)
    done.set()
    second.join()
    assert sys.modules["__main__"] is program
