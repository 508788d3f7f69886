"""What the demonstration waits for: it gives up when nothing moves, and not because a machine is
slow.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from deploy.demo import processes
from deploy.demo.patience import Patience, Processor, Stuck, processor_of_tree


class Machine:
    """A clock, and processes that run for a share of the time that they want; ``pid`` 7 is a
    worker.
    """

    def __init__(self, share: float = 1.0) -> None:
        self.now = 100.0
        self.share = share
        self.worked = 0.0

    def processor(self, root: int) -> dict[int, Processor]:
        if root == 7:
            return {7: Processor(self.worked, 0.0)}
        return {1: Processor(self.now * self.share, self.now * (1 - self.share))}

    def patience(self, *, worker: int | None = None) -> Patience:
        return Patience(
            "the post", 60.0, worker=worker, clock=lambda: self.now, processor=self.processor
        )


def seconds_until_stuck(machine: Machine, patience: Patience, state: object) -> tuple[float, Stuck]:
    began = machine.now
    with pytest.raises(Stuck) as caught:
        while machine.now < began + 10_000:
            machine.now += 2.0
            patience.require_movement(state)
    return machine.now - began, caught.value


@pytest.mark.parametrize(("share", "seconds"), [(1.0, 60), (0.5, 120), (0.1, 600)])
def test_seconds_count_as_far_as_processes_run(share: float, seconds: float) -> None:
    machine = Machine(share)
    waited, stuck = seconds_until_stuck(machine, machine.patience(), "2 of 17 came")
    assert waited == pytest.approx(seconds, abs=4)
    assert str(stuck) == "waited for the post: 2 of 17 came; nothing moved for 60 s"


def test_every_movement_begins_the_wait_anew() -> None:
    machine = Machine()
    patience = machine.patience()
    for count in range(20):
        machine.now += 50.0
        patience.require_movement(count)
    assert seconds_until_stuck(machine, patience, 19)[0] == pytest.approx(60, abs=4)


def test_a_worker_that_works_is_waited_for_and_an_idle_one_is_not() -> None:
    machine = Machine()
    patience = machine.patience(worker=7)
    for _ in range(20):
        machine.now += 50.0
        machine.worked += 0.2
        patience.require_movement()
    assert seconds_until_stuck(machine, patience, "")[0] == pytest.approx(60, abs=4)


def test_without_figures_of_the_kernel_seconds_are_those_of_the_clock() -> None:
    now = [0.0]
    patience = Patience("x", 60.0, clock=lambda: now[0], processor=lambda _: {})
    now[0] = 59.0
    patience.require_movement()
    now[0] = 61.0
    with pytest.raises(Stuck):
        patience.require_movement()


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="no figures of the kernel")
def test_the_work_of_a_worker_s_own_children_is_seen() -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", script]) as child:
        try:
            while len(tree := processor_of_tree(os.getpid())) < 3 or not any(
                each.ran > 0.2 for pid, each in tree.items() if pid not in (os.getpid(), child.pid)
            ):
                assert child.poll() is None
        finally:
            for pid in processor_of_tree(child.pid):
                os.kill(pid, 9)


def test_a_process_that_ends_while_it_is_read_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder was listed, and is gone when its threads are."""
    for pid, parent in ((7, 1), (8, 7), (9, 7)):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a) S {parent}")
    (tmp_path / "9" / "task" / "91").mkdir(parents=True)
    (tmp_path / "9" / "task" / "91" / "schedstat").write_text("2000000000 1000000000 5")
    (tmp_path / "9" / "task" / "92").mkdir()  # a thread that has just ended
    monkeypatch.setattr("deploy.demo.patience._PROC", tmp_path)
    assert processor_of_tree(7) == {7: (0.0, 0.0), 8: (0.0, 0.0), 9: (2.0, 1.0)}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where ``processes.run`` finds the programs of the test."""
    monkeypatch.setattr(processes, "BIN", tmp_path)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o700)


def test_a_command_gets_its_input_and_gives_its_output(programs: Path) -> None:
    program(programs, "echoing", "cat; echo $1 >&2; exit 3")
    done = processes.run("echoing", "said", stdin="heard")
    assert (done.stdout, done.stderr, done.returncode) == ("heard", "said\n", 3)


def test_an_idle_command_is_ended(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "Patience", partial(Patience, seconds=0.5))
    program(programs, "sleeping", "exec sleep 600")
    with pytest.raises(Stuck, match="waited for `sleeping import` to end"):
        processes.run("sleeping", "import")


def test_a_process_that_ends_ends_the_wait_with_its_last_lines(programs: Path) -> None:
    program(programs, "ending", "echo the reason; exit 2")
    with processes.Processes(programs / "logs") as running:
        running.start("ending", "ending", health=programs / "health")
        with pytest.raises(processes.Died, match="ending ended with status 2:\nthe reason"):
            running.wait_until_healthy(["ending"])


def test_an_idle_process_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "Patience", partial(Patience, seconds=0.5))
    program(programs, "idle", "exec sleep 600")
    with processes.Processes(programs / "logs") as running:
        running.start("idle", "idle", health=programs / "health")
        with pytest.raises(Stuck, match="idle does not serve"):
            running.wait_until_healthy(["idle"])
