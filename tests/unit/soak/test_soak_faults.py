"""What the faults of a soak do to a process or a file: a clock that is set, pages that are sampled,
a store that is put back.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from fakes import set_clock
from soak.flips import PAGE_BYTES, evenly
from soak.processes import TREE, environment
from soak.store_rollbacks import STORES, content, moved

DAY = 86_400
CLOCKS = """
import datetime, os, sys, time
for line in sys.stdin:
    print(time.time(), datetime.datetime.now().timestamp(), os.times().elapsed, time.monotonic())
    sys.stdout.flush()
"""


@pytest.mark.parametrize("days", [100, -8])
def test_the_clock_of_a_process_is_set_while_it_runs(tmp_path: Path, days: int) -> None:
    made = set_clock.library(tmp_path)
    if made is None:
        pytest.skip("there is no C compiler")
    file = tmp_path / "ahead"
    environment = {**os.environ, **set_clock.environment(made, file)}
    words = (sys.executable, "-c", CLOCKS)
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def looked() -> list[float]:
            process.stdin.write("\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            return [float(each) for each in process.stdout.readline().split()]  # type: ignore[union-attr]

        before, monotonic = time.time(), time.monotonic()
        right = looked()
        set_clock.set_ahead(file, days * DAY)
        wrong = looked()
        set_clock.set_ahead(file, 0)
        again = looked()
        process.stdin.close()
        took = time.time() - before + 1
    for clock in (0, 1):
        assert 0 <= right[clock] - before <= took
        assert 0 <= wrong[clock] - before - days * DAY <= took
        assert 0 <= again[clock] - before <= took
    assert monotonic <= right[3] <= wrong[3] <= again[3] <= monotonic + took


@pytest.mark.parametrize("size", [1, PAGE_BYTES, 3 * PAGE_BYTES, 3 * PAGE_BYTES + 5])
def test_every_page_is_sampled_as_often_as_every_other(size: int) -> None:
    places = list(evenly(size, random.Random(1)))
    assert sorted(places) == list(range(size))
    full = size // PAGE_BYTES
    tried: Counter[int] = Counter()
    for place in places:
        tried[place // PAGE_BYTES] += 1
        of_full = [tried[page] for page in range(full)]
        assert max(of_full, default=0) - min(of_full, default=0) <= 1


def test_a_database_is_put_back_with_its_write_ahead_log(tmp_path: Path) -> None:
    here, there = tmp_path / "here" / "a.sqlite", tmp_path / "there" / "a.sqlite"
    for path, files in ((here, ("", "-wal", "-shm")), (there, ("", "-wal"))):
        path.parent.mkdir()
        for end in files:
            path.with_name(path.name + end).write_text(f"{path.parent.name}{end}")
    moved(here, there)
    assert content(here) == {"a.sqlite": b"there", "a.sqlite-wal": b"there-wal"}
    assert content(there) == content(here)


def test_the_command_line_names_every_scenario() -> None:
    words = (sys.executable, "-m", "tests.soak", "--help")
    done = subprocess.run(
        words, env=environment(), cwd=TREE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in ("kills", "stops", "flips", "clocks", "store-rollbacks", "hostile-broker-timing"):
        assert name in "".join(done.stdout.split())


def test_each_store_stands_once_in_the_list() -> None:
    assert len({str(store) for store in STORES}) == len(STORES)
