"""A copy of the tree in which one mutant after another is tried.

The copy is a process of its own with the libraries loaded. For each mutant it writes the changed
file, forks, and runs pytest in the child, so that a try costs no start of Python. The file is put
back afterwards; the tree that the copy was made from is never touched.

``python -m mutants.bench``, in the copy, is that process: a line of JSON in, a line out.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

TREE: Final = Path(__file__).resolve().parents[2]
LEAST_SECONDS: Final = 15
TIMES: Final = 6
"""A try may take so many times as long as the tests take without a change, in seconds of the
processor; one that takes longer hangs, which a test would notice."""
ASLEEP_SECONDS: Final = 240
"""A try that waits for ever uses no processor. It is ended after so long."""


class Ended(enum.StrEnum):
    KILLED = "killed"
    HUNG = "hung"
    SURVIVED = "survived"


class Bench:
    """See the module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(listed, cwd=TREE, text=True).splitlines():
            if (TREE / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TREE / name, folder / name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mutants.bench"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder}:{folder / 'tests'}"},
        )
        self._usual: dict[tuple[str, ...], float] = {}
        """Seconds of the processor that tests take without a change."""

    def close(self) -> None:
        self._process.communicate()

    def require_passing(self, tests: Sequence[str]) -> None:
        """Run the tests without a change, which also measures them.

        Raises:
            RuntimeError: they fail.
        """
        if tuple(tests) not in self._usual:
            code, used, output = self._run(tests, 3600)
            if code != 0:
                raise RuntimeError(f"without a change, {' '.join(tests)} fails ({code}):\n{output}")
            self._usual[tuple(tests)] = used

    def tried(self, path: str, text: str, tests: Sequence[str]) -> Ended:
        """Return what the tests say of the tree in which the file ``path`` reads ``text``."""
        self.require_passing(tests)
        limit = LEAST_SECONDS + TIMES * self._usual[tuple(tests)]
        with self._changed(self.folder / path, text):
            code, _, _ = self._run(tests, int(limit))
        if code == 0:
            return Ended.SURVIVED
        return Ended.HUNG if code < 0 else Ended.KILLED

    @contextmanager
    def _changed(self, file: Path, text: str) -> Iterator[None]:
        original, stat = file.read_bytes(), file.stat()
        file.write_text(text, "utf-8")
        # Python trusts what it compiled earlier by the file's time and size, which could agree.
        os.utime(file, (stat.st_atime, stat.st_mtime + 3600))
        try:
            yield
        finally:
            file.write_bytes(original)
            os.utime(file, (stat.st_atime, stat.st_mtime))

    def _run(self, tests: Sequence[str], seconds: int) -> tuple[int, float, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tests": list(tests), "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said["code"], said["used"], said["output"]


@contextmanager
def bench() -> Iterator[Bench]:
    """Raises ``RuntimeError``: see ``Bench``."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    made = Bench(folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


# ---- in the copy -------------------------------------------------------------------------------


def _load_libraries() -> None:
    """What nearly all tests load anyway, and nothing whose mutants are tried."""
    import fingerpost.runtime  # noqa: F401 - before gRPC, as everywhere

    libraries = (
        "pytest hypothesis pytest_asyncio msgspec sqlalchemy structlog jwt tuf.api.metadata "
        "cryptography.hazmat.primitives.asymmetric.x25519 google.protobuf.message "
        "cryptography.hazmat.primitives.ciphers.aead securesystemslib.signer"
    )
    for name in libraries.split():
        __import__(name)


def _in_the_child(tests: Sequence[str], seconds: int, output: Path) -> int:
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(ASLEEP_SECONDS)  # nothing handles it: it ends the process
    import pytest

    quiet = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:randomly", "-p", "no:xdist"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins are loaded already
    return int(pytest.main([*quiet, *tests]))


def _serve() -> None:
    _load_libraries()
    output = Path(tempfile.mkdtemp(prefix="mutants-")) / "output"
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 3
            try:
                code = _in_the_child(asked["tests"], asked["seconds"], output)
            except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on below
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status, used = os.wait4(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests left behind
        last = output.read_text(errors="replace")[-2000:]
        sys.stdout.write(
            json.dumps(
                {
                    "code": os.waitstatus_to_exitcode(status),
                    "used": used.ru_utime + used.ru_stime,
                    "output": last,
                }
            )
            + "\n"
        )
        sys.stdout.flush()
    shutil.rmtree(output.parent)


if __name__ == "__main__":
    _serve()
