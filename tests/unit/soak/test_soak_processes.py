"""No process of a soak outlives it, whether it is asked to end or killed."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.waiting import until
from soak.__main__ import measured, topics
from soak.processes import environment

SCENARIO = """
import asyncio, sys
from pathlib import Path
from soak.processes import Party
PROGRAM = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"
def said(line):
    print(line, end="", flush=True)
async def main():
    party = Party("sleeper", ("-c", PROGRAM), Path(sys.argv[1]) / "log", said)
    await party.up()
    await asyncio.Event().wait()
asyncio.run(main())
"""
MEASUREMENT = """
import sys
from soak.__main__ import measured
from soak.processes import end_in_order
end_in_order()
measured("measuring", "measuring", 1, 1)
"""
MEASURING = """
import os, subprocess, sys, time
from pathlib import Path
from soak.processes import python
def main():
    child = subprocess.Popen(python("-c", "import time; time.sleep(1000)"))
    try:
        print(child.pid, flush=True)
        time.sleep(1000)
    finally:
        Path(__file__).with_name("in-order").touch()
"""
COUNTING = """
import argparse
from soak.framework import Row, say
def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float)
    options.add_argument("--seed", type=int)
    options.add_argument("--trials", type=int, default=7)
    say(Row("counting", trials=options.parse_args().trials).line())
"""


def is_gone(process: int) -> bool:
    """Whether it has ended; nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def begun(program: str, folder: Path) -> tuple[subprocess.Popen[str], int]:
    """The program, and the process that it has started."""
    words = (sys.executable, "-c", program, str(folder))
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=environment(), cwd=folder
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_party_ends_with_the_soak(tmp_path: Path, number: signal.Signals) -> None:
    soak, party = begun(SCENARIO, tmp_path)
    assert not is_gone(party)
    soak.send_signal(number)
    soak.communicate()
    await until(lambda: is_gone(party))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_measurement_ends_with_the_soak(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "measuring.py").write_text(MEASURING)
    soak, node = begun(MEASUREMENT, tmp_path)
    assert not is_gone(node)
    soak.send_signal(number)
    soak.communicate()
    await until(lambda: is_gone(node))
    if number is not signal.SIGKILL:
        assert (tmp_path / "in-order").exists()


@pytest.mark.parametrize("trials", [None, 3])
def test_a_measurement_makes_as_many_trials_as_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trials: int | None
) -> None:
    """Each module of the soak that has a ``main`` of its own takes the same options."""
    (tmp_path / "counting.py").write_text(COUNTING)
    monkeypatch.chdir(tmp_path)
    rows = measured("counting", "counting", 1, 1, trials)
    assert [row.trials for row in rows] == [7 if trials is None else trials]


@pytest.mark.parametrize(("name", "module"), sorted(topics().items()))
def test_a_module_with_a_main_of_its_own_takes_the_number_of_trials(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--minutes", "1", "--seed", "1", "--trials", "many")
    monkeypatch.setattr(sys, "argv", [name, *options])
    with pytest.raises(SystemExit):
        importlib.import_module(module).main()
    assert "argument --trials: invalid int value: 'many'" in capsys.readouterr().err
