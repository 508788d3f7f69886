"""An error of fsync is final for a store: nothing relies on what the kernel may have dropped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import failing_syncs

PROGRAM = """
import sys
from pathlib import Path
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.database import StoreFailed, open_sqlite, reading
from fingerpost.runtime.files import create_file

folder, marker = Path(sys.argv[1]), Path(sys.argv[2])
engine = open_sqlite(folder / "store.sqlite")

def write(number):
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO t VALUES ({number})")

with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE t (a)")
write(1)
marker.touch()
try:
    write(2)
except StoreFailed as failed:
    print("failed", failed.fatal)
try:
    create_file(folder / "key", b"secret")
except Defect:
    print("no file", not any(folder.glob("*key*")))
marker.unlink()
for again in (lambda: write(3), lambda: reading(engine).__enter__()):
    try:
        again()
    except StoreFailed as failed:
        print("failed before" in str(failed), failed.fatal)
"""


def test_a_store_whose_sync_failed_is_not_used_again(tmp_path: Path) -> None:
    made = failing_syncs.library(tmp_path)
    if made is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path / "stores"
    folder.mkdir(mode=0o700)
    marker = tmp_path / "failing"
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, marker],
        env={**os.environ, **failing_syncs.environment(made, marker)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.splitlines() == ["failed True", "no file True", "True True", "True True"], (
        found.stderr
    )
