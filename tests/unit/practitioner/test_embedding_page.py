"""docs/embedding.md holds together with the code."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from practitioner.cli import parsing
from practitioner.settings import GatewaySettings

TREE = Path(__file__).resolve().parents[3]
PAGE = (TREE / "docs" / "embedding.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def type_check(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    page = folder / "page.py"
    page.write_text(code)
    command = [sys.executable, "-m", "mypy", str(page)]
    return subprocess.run(
        command, cwd=TREE, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_code_of_the_page_fits_the_gateway(tmp_path: Path) -> None:
    checked = type_check("".join(blocks("python")), tmp_path)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (", Widened", ""),
        ("import WideningReason", "import Reason"),
        ("people.reception", "reception"),
        ("Widened(first.operation, ", "Widened("),
    ],
)
def test_a_fault_in_the_code_of_the_page_is_found(
    tmp_path: Path, written: str, instead: str
) -> None:
    code = "".join(blocks("python"))
    assert written in code
    assert type_check(code.replace(written, instead), tmp_path).returncode == 1


def test_the_child_of_the_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    (child_of_page,) = blocks("json")
    data = child_of_page.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    child = parsing.read_child(parsing.STDIN)
    assert (child.surname, child.other_names[0].surname) == ("Okafor", "Bello")


def test_every_setting_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {field.name for field in msgspec.structs.fields(GatewaySettings)} <= named
