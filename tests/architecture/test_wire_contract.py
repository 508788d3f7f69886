"""The generated wire package is what the contract says, and the contract is in the agreed style."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from proto import generate

TREE = Path(__file__).resolve().parents[2]


def _copy(tmp_path: Path) -> Path:
    shutil.copytree(TREE / generate.PACKAGE, tmp_path / generate.PACKAGE)
    return tmp_path


def test_the_generated_code_is_fresh() -> None:
    assert generate.contract()
    assert generate.stale() == [], "run make proto"


def test_a_file_edited_by_hand_is_noticed(tmp_path: Path) -> None:
    tree = _copy(tmp_path)
    edited = generate.PACKAGE / "v1" / "query_pb2.pyi"
    (tree / edited).write_bytes((tree / edited).read_bytes() + b"\n")
    assert generate.stale(tree) == [edited]


def test_a_file_too_few_and_a_file_too_many_are_noticed(tmp_path: Path) -> None:
    tree = _copy(tmp_path)
    missing, extra = (generate.PACKAGE / "v1" / name for name in ("query_pb2.py", "old_pb2.py"))
    (tree / missing).unlink()
    (tree / extra).touch()
    assert generate.stale(tree) == sorted([missing, extra])


def test_the_contract_is_in_the_agreed_style() -> None:
    lint = subprocess.run(
        [Path(sys.executable).parent / "buf", "lint", "proto"],
        cwd=TREE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr
