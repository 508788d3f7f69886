"""Work in processes of its own: in the order given, and never half."""

from __future__ import annotations

import os
from functools import partial

import pytest

from benchmarks.matching.apart import apart


def test_answers_come_in_the_order_of_the_work() -> None:
    assert apart([partial(pow, n, 2) for n in range(9)], at_once=2) == [n * n for n in range(9)]


def test_each_part_has_a_process_of_its_own() -> None:
    pids = apart([os.getpid] * 4, at_once=2)
    assert len(set(pids)) == 4
    assert os.getpid() not in pids


def test_a_part_that_fails_ends_it_all(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ChildProcessError):
        apart([partial(divmod, 1, 1), partial(divmod, 1, 0)], at_once=1)
    assert "ZeroDivisionError" in capfd.readouterr().err
