"""The threat model names tests, not hopes: each test it names exists, and each claim in it names
one.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
THREATS = (TREE / "docs" / "threat-model.md").read_text("utf-8")
WEAKNESSES = (TREE / "docs" / "known-weaknesses.md").read_text("utf-8")

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+(?:::\w+)?)`")
GUARANTEES = [f"G{n}" for n in range(1, 9)]


def named(text: str) -> list[tuple[str, str]]:
    return NAMED.findall(text)


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", THREATS, re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def claims(title: str) -> list[str]:
    """Each with the indented lines that belong to it."""
    return re.findall(r"^- .*(?:\n  .*)*", section(title), re.MULTILINE)


@functools.cache
def collected(path: Path) -> frozenset[str]:
    """Names that pytest would collect: functions, classes (a state machine gives one, too), and
    their methods.
    """
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                methods = [
                    m.name for m in body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)
                ]
                found |= {name, *(f"{name}::{m}" for m in methods if m.startswith("test_"))}
            case _:
                continue
    return frozenset(name for name in found if name.startswith(("test_", "Test")))


@pytest.mark.parametrize(("path", "name"), sorted(set(named(THREATS + WEAKNESSES))))
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert (TREE / path).is_file(), path
    assert name in collected(TREE / path)


@pytest.mark.parametrize("title", ["Guarantees", "Attacks"])
def test_each_claim_names_the_test_that_shows_it(title: str) -> None:
    assert len(claims(title)) > 10
    assert [claim for claim in claims(title) if not named(claim)] == []


@pytest.mark.parametrize("guarantee", GUARANTEES)
def test_each_guarantee_has_a_section_of_its_own(guarantee: str) -> None:
    titles = re.findall(r"^### (G\d)", section("Guarantees"), re.MULTILINE)
    assert titles.count(guarantee) == 1


def test_a_name_that_is_no_test_would_be_noticed() -> None:
    """The search finds what is written as the page writes it, and believes no other name."""
    assert named("shown by `tests/a_b/test_c.py::test_d` and more") == [
        ("tests/a_b/test_c.py", "test_d")
    ]
    here = collected(Path(__file__))
    assert "test_a_test_that_is_named_exists" in here
    assert "named" not in here
    assert "test_that_nobody_wrote" not in here
