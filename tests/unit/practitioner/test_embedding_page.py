"""docs/embedding.md holds together with the code."""

from __future__ import annotations

import ast
import importlib
import io
import re
from pathlib import Path

import msgspec
import pytest

import practitioner
from practitioner.cli import parsing
from practitioner.settings import GatewaySettings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "embedding.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_what_the_example_imports_is_there() -> None:
    tree = ast.parse(block("python"))
    named = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            module = importlib.import_module(str(statement.module))
            for alias in statement.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{statement.module}.{alias.name}")
                named += 1
    assert named >= 8
    assert set(practitioner.__all__) >= {"Client", "Question", "Session", "open_gateway"}


def test_the_attributes_of_the_example_are_there() -> None:
    from practitioner.asking.client import Client
    from practitioner.asking.outcome import AgencyOutcome, Outcome
    from practitioner.sign_in.accounts import Reception
    from practitioner.wiring import Gateway, People

    fields = {
        name
        for type_ in (Gateway, People, Outcome, AgencyOutcome)
        for name in type_.__dataclass_fields__
    }
    text = block("python")
    assert {"client", "people", "reception", "agencies", "not_connected", "pointers"} <= fields
    assert "gateway.people.reception.resume" in text
    assert callable(Reception.resume)
    assert callable(Client.lookup)


def test_the_child_of_the_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = block("json").encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    child = parsing.read_child(parsing.STDIN)
    assert (child.surname, child.other_names[0].surname) == ("Okafor", "Bello")


def test_every_setting_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {field.name for field in msgspec.structs.fields(GatewaySettings)} <= named
