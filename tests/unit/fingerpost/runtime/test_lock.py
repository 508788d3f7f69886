"""One process at a time: the lock is held, told, and goes with whoever held it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.lock import alone

HOLD = (
    "import sys, time; from pathlib import Path; from fingerpost.runtime.lock import alone\n"
    "with alone(Path(sys.argv[1]), 'taken'):\n"
    "    print('held', flush=True); time.sleep(60)"
)


def test_a_second_one_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    lock = tmp_path / "state" / "a.lock"
    with alone(lock, "taken"):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700
        with pytest.raises(Defect, match=r"^taken$"), alone(lock, "taken"):
            pass
    with alone(lock, "taken"):
        pass


def test_it_goes_with_a_process_that_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Defect, match="taken"), alone(lock, "taken"):
            pass
        other.kill()
        other.wait()
    with alone(lock, "taken"):
        pass


def test_a_lock_that_is_a_link_is_none(tmp_path: Path) -> None:
    """Attack: a link in the lock's place, to a file that opening would make."""
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Defect, match="cannot be opened"), alone(tmp_path / "a.lock", "taken"):
        pass
    assert not (tmp_path / "elsewhere").exists()
