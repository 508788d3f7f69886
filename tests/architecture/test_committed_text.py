"""What is committed names nothing of the machine it was written on, and the locks lock.

A lock that names a host is a lock that somebody's network decides; a path of somebody's disk in a
text is a sentence that is true for one reader.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TREE = Path(__file__).resolve().parents[2]
REQUIREMENTS = sorted((TREE / "requirements").iterdir())
LOCKS = [path for path in REQUIREMENTS if path.suffix == ".txt"]
DEPENDENCIES: list[str] = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"][
    "dependencies"
]

NOT_COMMITTED = {
    ".git",
    ".venv",
    ".cache",
    ".hypothesis",
    "__pycache__",
    "build",
    "demo-output",
    "dist",
}
NOT_TEXT = {".db", ".der", ".gz", ".ico", ".jpg", ".png", ".pyc", ".whl", ".woff2", ".zip"}

# Options by which a requirement file names a host or a folder.
PLACES = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "-f ", "-i ")

# Put together here, so that this file does not hold what it looks for.
_SLASH = "/"
MACHINE_PATH = re.compile(
    rf"(?<![\w.}}$*-]){_SLASH}(?:work|tmp|root|home|Users|opt)(?:{_SLASH}[\w.-]|\b(?=[\s`'\"]))"
)
REGISTRY_HOST = re.compile(
    r"|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("debian", "org"),
            ("proxy", "golang"),
        )
    )
)
_LOCKED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)(?P<rest>.*)$")


def _texts() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(TREE):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_COMMITTED
            and not name.endswith(("_cache", ".egg-info"))
            and not (Path(folder, name) / "pyvenv.cfg").exists()
        ]
        # In a further worktree of git, .git is a file that names the place of the first.
        found += [
            Path(folder, name)
            for name in files
            if name not in NOT_COMMITTED and Path(name).suffix not in NOT_TEXT
        ]
    return sorted(found)


def _locked(lock: Path) -> dict[str, str]:
    return {
        found["name"]: found["version"]
        for line in lock.read_text("utf-8").splitlines()
        if (found := _LOCKED.match(line))
    }


@pytest.mark.parametrize("what", [MACHINE_PATH, REGISTRY_HOST], ids=["machine", "registry"])
def test_no_text_names_a_place_of_one_machine_or_a_registry(what: re.Pattern[str]) -> None:
    guilty = {
        str(path.relative_to(TREE)): found.group()
        for path in _texts()
        if (found := what.search(path.read_text("utf-8", errors="replace")))
    }
    assert guilty == {}


@pytest.mark.parametrize(
    "text", ["see /" + "work/main/x", "'/" + "tmp/x'", "=/" + "home/anna/x", "`/" + "opt/wheels`"]
)
def test_the_search_for_places_finds_them(text: str) -> None:
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.name))
def test_a_requirement_file_names_no_host_and_no_folder(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "://" not in text
    for option in PLACES:
        assert not re.search(rf"^{re.escape(option)}", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.name))
def test_a_lock_holds_exact_versions_with_hashes(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = [
        line for line in text.replace("\\\n", "").splitlines() if re.match(r"[a-zA-Z]", line)
    ]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


def test_what_the_programs_want_is_what_is_locked() -> None:
    locked = _locked(TREE / "requirements" / "runtime.txt")
    for text in DEPENDENCIES:
        wanted = Requirement(text)
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted.name} is not locked: run make lock"
        assert wanted.specifier.contains(version), f"{wanted.name} {version}: run make lock"


def test_the_locks_agree() -> None:
    """They are installed into one environment."""
    build, dev, runtime = (
        _locked(TREE / "requirements" / f"{name}.txt") for name in ("build", "dev", "runtime")
    )
    for first, second in ((build, dev), (build, runtime), (dev, runtime)):
        assert {n: v for n, v in first.items() if second.get(n, v) != v} == {}
