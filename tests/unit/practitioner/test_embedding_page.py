"""docs/embedding.md holds together with the code."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from fingerpost.private.purpose_rules import Justification, PurposeRule, lacking
from fingerpost.protocol.codes import Role
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row
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


def justification_of(code: str) -> Justification:
    """What the code of the page states."""
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - imports and definitions of our own page
    (call,) = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Justification"
    ]
    stated = eval(ast.unparse(call), names)  # noqa: S307 - the same
    assert isinstance(stated, Justification)
    return stated


def test_the_code_of_the_page_states_what_its_purpose_takes() -> None:
    code = "".join(blocks("python"))
    stated = justification_of(code)
    terms = row(TERMS, stated.purpose, Role.SOCIAL_WORKER)
    assert terms is not None
    assert lacking(stated, terms, int(time.time())) == []
    less = re.sub(r"facts=.*\n", "", code)
    assert lacking(justification_of(less), terms, int(time.time())) == [
        PurposeRule.STRATEGY_DISCUSSION
    ]


def test_the_child_of_the_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    (child_of_page,) = blocks("json")
    data = child_of_page.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    child = parsing.read_child(parsing.STDIN)
    assert (child.surname, child.other_names[0].surname) == ("Okafor", "Bello")


def test_every_setting_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {field.name for field in msgspec.structs.fields(GatewaySettings)} <= named
