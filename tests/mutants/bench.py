"""A copy of the tree in which one mutant after another is tried.

For each file that is changed there is a process in the copy. It has loaded all that does not depend
on that file. For each mutant the changed file is written, the process forks, and the child loads
the rest and runs pytest: a try costs no start of Python, and every module that has anything of the
changed one is loaded anew. The file is put back afterwards; the tree that the copy was made from is
never touched.

In a try the tests that reach the changed line run first, since the first failure ends it; the
others follow. Examples that fail are not made shorter.

``python -m mutants.bench FILE``, in the copy, is that process: a line of JSON in, a line out.
"""

from __future__ import annotations

import contextlib
import enum
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest
    from coverage import Coverage

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
        self._path = ""
        self._process: subprocess.Popen[str] | None = None
        self._changes = 0
        self._usual: dict[tuple[str, ...], float] = {}
        """Seconds of the processor that tests take without a change."""

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
        self._process = None

    def tried(self, path: str, text: str, tests: Sequence[str], line: int = 0) -> Ended:
        """Return what the tests say of the tree in which the file ``path`` reads ``text``.

        Args:
            line: of the file, which was changed; 0 where it is not known.

        Raises:
            RuntimeError: they fail without a change.
        """
        self._begin(path)
        usual = self._usual.get(tuple(tests))
        if usual is None:
            code, usual, output = self._run(tests, 3600, line)
            if code != 0:
                raise RuntimeError(f"without a change, {' '.join(tests)} fails ({code}):\n{output}")
            self._usual[tuple(tests)] = usual
        with self._changed(self.folder / path, text):
            code, _, _ = self._run(tests, int(LEAST_SECONDS + TIMES * usual), line)
        if code == 0:
            return Ended.SURVIVED
        return Ended.HUNG if code < 0 else Ended.KILLED

    def _begin(self, path: str) -> None:
        """Let the process be one that has loaded nothing of the file."""
        if path == self._path:
            return
        self.close()
        self._path, self._usual = path, {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mutants.bench", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={
                **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
                "PYTHONPATH": f"{self.folder}:{self.folder / 'tests'}",
            },
        )

    @contextmanager
    def _changed(self, file: Path, text: str) -> Iterator[None]:
        original, stat = file.read_bytes(), file.stat()
        file.write_text(text, "utf-8")
        # Python trusts what it compiled earlier by the file's time and size. The size could agree.
        self._changes += 1
        os.utime(file, (stat.st_atime, stat.st_mtime + self._changes))
        try:
            yield
        finally:
            file.write_bytes(original)
            os.utime(file, (stat.st_atime, stat.st_mtime))

    def _run(self, tests: Sequence[str], seconds: int, line: int = 0) -> tuple[int, float, str]:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"tests": list(tests), "seconds": seconds, "line": line}
        self._process.stdin.write(json.dumps(asked) + "\n")
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


def load_libraries() -> None:
    """What nearly all tests load anyway, and nothing whose mutants are tried."""
    import fingerpost.runtime  # noqa: F401 - before gRPC, as everywhere

    libraries = (
        "pytest hypothesis pytest_asyncio msgspec sqlalchemy structlog jwt tuf.api.metadata "
        "cryptography.hazmat.primitives.asymmetric.x25519 google.protobuf.message "
        "cryptography.hazmat.primitives.ciphers.aead securesystemslib.signer"
    )
    for name in libraries.split():
        __import__(name)


class _Depends(BaseException):
    """A module cannot be loaded without the changed one. No module goes on after that."""


class _Without(MetaPathFinder):
    """While it stands first, the module ``name`` is not found."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == self._name:
            raise _Depends


def load_without(changed: str, names: Iterable[str]) -> None:
    """Load those modules that neither are the module ``changed`` nor load it.

    Python forgets a module that fails as it is loaded. So whoever has anything of the changed
    module is loaded by each try. What a package had loaded of itself by then is forgotten with it:
    Python would take it without the package.
    """
    without = _Without(changed)
    sys.meta_path.insert(0, without)
    try:
        for name in names:
            before = set(sys.modules)
            try:
                importlib.import_module(name)
            except (_Depends, Exception):  # noqa: BLE001 - what it raises, each try raises again
                for loaded in sorted(set(sys.modules) - before):  # a package before what it has
                    package = loaded.rpartition(".")[0]
                    if package and package not in sys.modules:
                        del sys.modules[loaded]
    finally:
        sys.meta_path.remove(without)


class _Tests:
    """A plugin of pytest for one run: the tests named ``first`` run first."""

    def __init__(self, first: Iterable[str] = (), coverage: Coverage | None = None) -> None:
        self._first = frozenset(first)
        self._coverage = coverage

    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("fails at once", phases=phases)
        settings.load_profile("fails at once")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.nodeid not in self._first)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if self._coverage is not None:
            self._coverage.switch_context(item.nodeid)


def _pytest(*arguments: str, plugin: _Tests) -> int:
    import pytest

    quiet = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:randomly", "-p", "no:xdist"]
    quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # plugins are loaded already
    return int(pytest.main([*quiet, *arguments], plugins=[plugin]))


class _Loaded:
    """The process for one file. ``path``: of the file, from the root of the tree."""

    def __init__(self, path: str, folder: Path) -> None:
        load_libraries()
        self._path = path
        self._module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._said, self._output = folder / "said", folder / "output"
        self._reaching: dict[tuple[str, ...], dict[int, list[str]]] = {}
        """By tests, for each line of the file those of them that reach it."""

    def run(self, tests: Sequence[str], seconds: int, line: int) -> dict[str, Any]:
        reaching = self._reaching.get(tuple(tests))
        if reaching is None:
            self._load(tests)
            if line:
                code, used = self._forked(lambda: self._measured(tests), seconds)
            else:
                code, used = self._forked(lambda: _pytest(*tests, plugin=_Tests()), seconds)
            said = json.loads(self._said.read_text()) if line and code == 0 else {}
            self._reaching[tuple(tests)] = {int(at): names for at, names in said.items()}
        else:
            plugin = _Tests(reaching.get(line, ()))
            code, used = self._forked(lambda: _pytest(*tests, plugin=plugin), seconds)
        output = self._output.read_text(errors="replace")[-2000:]
        return {"code": code, "used": used, "output": output}

    def _load(self, tests: Sequence[str]) -> None:
        """Load what the tests load and the file has no part in."""
        if not self._path.endswith(".py"):
            return  # nothing says who reads it
        code, _ = self._forked(lambda: self._collected(tests), 3600)
        if code == 0:
            load_without(self._module, json.loads(self._said.read_text()))
        if self._module in sys.modules:
            raise RuntimeError(f"{self._module} was loaded before it is changed")

    def _collected(self, tests: Sequence[str]) -> int:
        code = _pytest("--collect-only", *tests, plugin=_Tests())
        # Not what pytest loads itself, to rewrite its assertions.
        plain = (SourceFileLoader, ExtensionFileLoader)
        named = [
            name
            for name, module in sys.modules.items()
            if isinstance(getattr(getattr(module, "__spec__", None), "loader", None), plain)
        ]
        self._said.write_text(json.dumps(named))
        return code

    def _measured(self, tests: Sequence[str]) -> int:
        from coverage import Coverage

        coverage = Coverage(data_file=None, config_file=False, include=[self._path])
        coverage.start()
        code = _pytest(*tests, plugin=_Tests(coverage=coverage))
        coverage.stop()
        data = coverage.get_data()
        lines = {
            line: [name for name in names if name]  # the rest is reached as modules are loaded
            for file in data.measured_files()
            for line, names in data.contexts_by_lineno(file).items()
        }
        self._said.write_text(json.dumps(lines))
        return code

    def _forked(self, work: Callable[[], int], seconds: int) -> tuple[int, float]:
        """Return how a child ended that does the work, and its seconds of the processor."""
        child = os.fork()
        if child == 0:
            code = 3
            try:
                os.setsid()
                file = os.open(self._output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(file, 1)
                os.dup2(file, 2)
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
                # Nothing handles it: it ends the process.
                signal.alarm(max(ASLEEP_SECONDS, seconds))
                code = work()
            except BaseException:  # noqa: BLE001 - whatever it is, the child must not go on below
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status, used = os.wait4(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests left behind
        return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime


def _serve(path: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        loaded = _Loaded(path, Path(folder))
        for line in sys.stdin:
            said = loaded.run(**json.loads(line))
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
