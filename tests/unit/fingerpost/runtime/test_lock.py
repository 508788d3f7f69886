"""One process at a time: the lock is held, names its holder, and goes with whoever held it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.lock import Held, alone, locked

HOLD = (
    "import sys, time; from pathlib import Path; from fingerpost.runtime.lock import locked\n"
    "with locked(Path(sys.argv[1]), note='other'):\n"
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
        with pytest.raises(Held, match=r"^other$"), locked(lock):
            pass
        other.kill()
        other.wait()
    with alone(lock, "taken"):
        pass


@pytest.mark.parametrize("note", ["serve", "upkeep", ""])
def test_the_lock_names_its_holder(tmp_path: Path, note: str) -> None:
    lock = tmp_path / "a.lock"
    for _ in range(2):  # what an earlier holder noted is gone
        with locked(lock, note=note):
            with pytest.raises(Held) as held, locked(lock, note="a later one"):
                pytest.fail("two hold one lock")
            assert held.value.note == note
    assert lock.read_bytes() == b""
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_one_that_waits_comes_after_the_holder(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.kill()  # it may still hold the lock when the wait begins
        with locked(lock, wait=True):
            other.wait()


def test_a_lock_needs_its_folder_unless_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(Defect, match="cannot be opened"), locked(tmp_path / "none" / "a.lock"):
        pytest.fail("held")


def test_a_refusal_is_not_what_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(Held), alone(tmp_path / "a.lock", "taken"):
        raise Held("of another lock")


def test_a_lock_that_is_a_link_is_none(tmp_path: Path) -> None:
    """Attack: a link in the lock's place, to a file that opening would make."""
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Defect, match="cannot be opened"), alone(tmp_path / "a.lock", "taken"):
        pass
    assert not (tmp_path / "elsewhere").exists()
