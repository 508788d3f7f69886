"""The import contracts hold on the tree as it is, and each of them bites.

A contract that cannot fail proves nothing: for each one in ``pyproject.toml`` a violation is
planted in a copy of the tree, and the contract must be found broken. A contract without a planted
violation fails.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from architecture.floors import FLOORS

pytestmark = pytest.mark.slow

TREE = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS: list[str] = [contract["name"] for contract in CONFIGURATION["contracts"]]
_VERDICT = re.compile(r"^(?P<name>.+?) (?P<verdict>KEPT|BROKEN)\b", re.MULTILINE)

# A violation: lines added to modules, which are made where they do not exist.
Violation = Mapping[str, str]

PLANTED: Mapping[str, tuple[Violation, ...]] = {
    "Parties meet only on the wire": (
        {"broker/__init__.py": "import agency_node"},
        {"practitioner/__init__.py": "from broker import planted", "broker/planted.py": ""},
        {"fingerpost/protocol/ids.py": "import authority"},
    ),
    "Inside the shared package: membership over audit over runtime, and over private, "
    "over protocol, over wire": (
        {"fingerpost/protocol/ids.py": "import fingerpost.private"},
        {"fingerpost/private/demographics.py": "import fingerpost.runtime"},
        {"fingerpost/wire/v1/__init__.py": "import fingerpost.protocol.ids"},
        {"fingerpost/private/planted.py": "import fingerpost.runtime.clock"},
        {"fingerpost/runtime/planted.py": "from fingerpost import audit"},
        {"fingerpost/audit/planted.py": "from fingerpost import membership"},
        {"fingerpost/helpers.py": '"""A room that nobody planned."""'},
    ),
    "The protocol does no I/O and reads no clock": (
        {"fingerpost/protocol/ids.py": "import socket"},
        {"fingerpost/protocol/ids.py": "from time import time"},
        {"fingerpost/protocol/planted.py": "import os.path"},
        {"fingerpost/protocol/codec/queries.py": "import grpc"},
    ),
    "The broker is blind": (
        {"broker/__init__.py": "import fingerpost.private"},
        {"broker/__init__.py": "from fingerpost.private.demographics import Demographics"},
        {"broker/planted.py": "from fingerpost.wire.v1 import private_pb2"},
        {
            "broker/planted.py": "import fingerpost.runtime.planted",
            "fingerpost/runtime/planted.py": "import fingerpost.private.demographics",
        },
    ),
    "A key holder learns no name and no record": (
        {"key_holder/__init__.py": "import fingerpost.private.demographics"},
        {"key_holder/planted.py": "from fingerpost.wire.v1 import private_pb2"},
        {
            "key_holder/planted.py": "import fingerpost.runtime.planted",
            "fingerpost/runtime/planted.py": "import fingerpost.private.demographics",
        },
    ),
    "The OPRF reads no person": (
        {"fingerpost/private/oprf.py": "import fingerpost.private.demographics"},
        {"fingerpost/private/__init__.py": "import fingerpost.private.demographics"},
        {"fingerpost/private/oprf.py": "from fingerpost.wire.v1 import private_pb2"},
    ),
    "What reads a person has no socket, no store, no clock and no log": (
        {"fingerpost/private/demographics.py": "import logging"},
        {"fingerpost/private/planted.py": "import sqlalchemy.orm"},
        {"fingerpost/private/planted.py": "from time import monotonic"},
        {"fingerpost/private/planted.py": "from pathlib import Path"},
        {"fingerpost/private/linkage/comparison.py": "import sys"},
        {"fingerpost/private/query_sealing.py": "import secrets"},
    ),
    "Protobuf stops at the codec and the gRPC edge": (
        {"broker/__init__.py": "from fingerpost.wire.v1 import query_pb2"},
        {"fingerpost/protocol/ids.py": "from google.protobuf.message import Message"},
        {"fingerpost/private/demographics.py": "from fingerpost.wire.v1 import private_pb2"},
        {"fingerpost/runtime/planted.py": "import google.protobuf"},
    ),
    "Command lines are parsed in a cli and nowhere else": (
        {"broker/wiring.py": "import typer"},
        {"fingerpost/runtime/run.py": "from typer import Exit"},
        {"key_holder/service.py": "from fingerpost.membership import commands"},
        {"agency_node/records/upkeep.py": "from fingerpost.runtime.listing import a_console"},
    ),
    "Inside the authority: commands over the ceremony over changes over the repository": (
        {"authority/repository.py": "from authority import ceremony"},
        {"authority/checks.py": "from authority import publishing"},
        {"authority/planted.py": ""},
    ),
    "The issuer can admit nobody": (
        {"authority/issuer/service.py": "from authority import publishing"},
        {"authority/issuer/planted.py": "from authority.vault import planted"},
        {"authority/issuer/online.py": "from authority import ceremony"},
    ),
    "Inside the issuer: wiring over adaptors over service over rules": (
        {"authority/issuer/service.py": "from authority.issuer import grpc_server"},
        {"authority/issuer/rules.py": "from authority.issuer import online"},
        {"authority/issuer/planted.py": ""},
    ),
    "The authority reads no person": (
        {"authority/epochs.py": "from fingerpost.private.demographics import Demographics"},
        {"authority/issuer/service.py": "import fingerpost.private.linkage"},
        {"authority/vault.py": "from fingerpost.private import messages"},
    ),
    "Inside every party: command lines over wiring over drivers over services over rules": (
        {"broker/service.py": "from broker import store"},
        {"broker/admission.py": "from broker.service import planted"},
        {"key_holder/vault.py": "from key_holder import wiring"},
        {"key_holder/quota.py": "from key_holder import service"},
        {"agency_node/answering/service.py": "from agency_node.records import store"},
        {"agency_node/records/planted.py": "from agency_node.records import upkeep"},
        {"practitioner/asking/client.py": "from practitioner.asking import grpc_broker"},
        {"practitioner/wiring.py": "from practitioner.cli import running"},
        {"broker/grpc_nodes.py": "from broker import store"},
        {"agency_node/records/tag_workers.py": "from agency_node.records.store import seen"},
        {"practitioner/asking/desk.py": "from practitioner.asking import audit"},
        {"broker/migrations.py": "from broker import store"},
        {"practitioner/asking/plan.py": "from practitioner import open_gateway"},
    ),
    "No two modules, rooms or parties import each other": (
        {
            "broker/quota.py": "from broker import replay",
            "broker/replay.py": "from broker import quota",
        },
        {
            "agency_node/records/records.py": "from agency_node.records import sealing",
            "agency_node/records/sealing.py": "from agency_node.records import records",
        },
        {"fingerpost/runtime/files.py": "from fingerpost.runtime import tls"},
    ),
    "Rooms of the agency node import downwards only": (
        {
            "agency_node/records/index.py": "from agency_node.answering import planted",
            "agency_node/answering/planted.py": "",
        },
        {"agency_node/importing/planted.py": "from agency_node.answering import ticks"},
        {"agency_node/planted.py": ""},
    ),
    "What reads the node's stream reads no person": (
        {"agency_node/reading/__init__.py": "import fingerpost.private.demographics"},
        {"agency_node/reading/planted.py": "from fingerpost.audit import log"},
        {
            "agency_node/reading/planted.py": "import fingerpost.runtime.planted",
            "fingerpost/runtime/planted.py": "import fingerpost.private.demographics",
        },
    ),
    "Rooms of the gateway import downwards only": (
        {"practitioner/sign_in/planted.py": "from practitioner.asking import outcome"},
        {"practitioner/asking/planted.py": "from practitioner.present import words"},
        {"practitioner/planted.py": ""},
    ),
    "A service drives ports and knows no transport and no storage": (
        {"key_holder/service.py": "import grpc.aio"},
        {"key_holder/ports.py": "from sqlalchemy import Engine"},
        {"broker/service.py": "from fingerpost.runtime.database import open_sqlite"},
        {"broker/lookup.py": "import time"},
        {"broker/planted.py": "import sqlalchemy"},
        {"agency_node/answering/service.py": "import sqlalchemy"},
        {"practitioner/asking/client.py": "from fingerpost.runtime.rpc import connect"},
        {"broker/service.py": "from fingerpost.runtime.files import replace_file"},
        {"key_holder/service.py": "from fingerpost.membership import rpc_channel"},
        {"agency_node/importing/staging.py": "import random"},
    ),
    "Rules are pure in every party": (
        {"key_holder/quota.py": "import time"},
        {"key_holder/planted.py": "import asyncio"},
        {"practitioner/present/planted.py": "import socket"},
        {"authority/planted.py": "import os"},
        {"key_holder/epochs.py": "import secrets"},
        {"broker/admission.py": "import asyncio"},
        {"authority/checks.py": "from pathlib import Path"},
        {"agency_node/answering/disclosure.py": "import time"},
        {"practitioner/asking/outcome.py": "import random"},
        {"key_holder/epochs.py": "from os import environ"},
        {"broker/admission.py": "from fingerpost.runtime.clock import SystemClock"},
        {"practitioner/asking/plan.py": "from fingerpost.runtime import logs"},
        {"agency_node/answering/matching.py": "from fingerpost.membership import peppers"},
        {"authority/checks.py": "import importlib"},
        # Names of modules that stand on another floor, in another party or room.
        {"broker/index.py": "import secrets"},
        {"key_holder/desk.py": "import sqlalchemy"},
        {"practitioner/present/audit.py": "import os"},
        {"agency_node/answering/report.py": "import threading"},
    ),
}


def _lint(tree: Path) -> tuple[dict[str, str], str]:
    """What import-linter says of each contract in ``tree``, and all that it prints."""
    lint = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=tree,
        env={"PATH": "", "NO_COLOR": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    verdicts = {found["name"]: found["verdict"] for found in _VERDICT.finditer(lint.stdout)}
    assert list(verdicts) == CONTRACTS, lint.stdout + lint.stderr
    assert lint.returncode == (1 if "BROKEN" in verdicts.values() else 0)
    return verdicts, lint.stdout


def _plant(violation: Violation, tree: Path) -> None:
    for path, line in violation.items():
        with (tree / path).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")


_ONE_AFTER_ANOTHER: Final = """
import contextlib, io, json, pathlib, sys
from importlinter import configuration
from importlinter.application import use_cases

configuration.configure()
sys.path.insert(0, "")
options = use_cases.read_user_options()
use_cases._register_contract_types(options)
for contract in options.contracts_options:
    contract["id"] = contract["name"]
broken = []
for name, violation in json.load(sys.stdin):
    before = {}
    for path in map(pathlib.Path, violation):
        before[path] = path.read_bytes() if path.exists() else None
    for path, line in violation.items():
        with open(path, "a", encoding="utf-8") as module:
            module.write(f"\\n{line}\\n")
    with contextlib.redirect_stdout(io.StringIO()):
        report = use_cases.create_report(options, (name,), cache_dir="cache")
    broken.append(report.contains_failures)
    for path, content in before.items():
        path.unlink() if content is None else path.write_bytes(content)
json.dump(broken, sys.stdout)
"""
"""Plants each violation in turn in the tree where it runs, and looks at its own contract alone: a
process for each would mostly start Python."""


def _planted() -> list[tuple[str, Violation]]:
    return [(name, violation) for name in CONTRACTS for violation in PLANTED.get(name, ())]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, free to be spoilt."""
    for package in CONFIGURATION["root_packages"]:
        shutil.copytree(
            TREE / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(TREE / "pyproject.toml", tmp_path)
    (tmp_path / "tests" / "architecture").mkdir(parents=True)
    shutil.copy(TREE / "tests" / "architecture" / "floors.py", tmp_path / "tests" / "architecture")
    return tmp_path


def test_the_contracts_hold() -> None:
    verdicts, _ = _lint(TREE)
    assert {name for name, verdict in verdicts.items() if verdict == "BROKEN"} == set()


def test_a_planted_violation_of_every_contract_is_caught(copy: Path) -> None:
    assert set(PLANTED) == set(CONTRACTS), "each contract has a violation, and no other has"
    untouched: list[tuple[str, Violation]] = [(name, {}) for name in CONTRACTS]
    tried = [*untouched, *_planted(), *untouched]
    run = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_ANOTHER],
        cwd=copy,
        input=json.dumps(tried),
        env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    for (name, violation), broken in zip(tried, json.loads(run.stdout), strict=True):
        assert broken is bool(violation), (name, violation)


def test_the_planted_breach_of_an_unlisted_module_says_why_it_counts_as_a_rule(copy: Path) -> None:
    _plant({"broker/planted.py": "import os", "key_holder/planted.py": "import key_holder"}, copy)
    _, said = _lint(copy)
    for breach in (
        "broker.planted imports os, which is not for its floor (broker.planted",
        "key_holder.planted imports key_holder, which is on a higher floor (key_holder.planted",
    ):
        assert (
            f"{breach} counts as a rule, since no floor lists it in "
            "tests/architecture/floors.py: list it there if it is no rule)"
        ) in said


@pytest.mark.parametrize("listed", [name for names in FLOORS.values() for name in names])
def test_a_floor_lists_no_module_that_is_gone(listed: str) -> None:
    assert any(
        fnmatchcase(".".join(path.relative_to(TREE).with_suffix("").parts), listed)
        for package in CONFIGURATION["root_packages"]
        for path in (TREE / package).rglob("*")
    )


def test_the_protobuf_edge_goes_by_its_name() -> None:
    """Who may touch protobuf can be seen from the file's name, in every party."""
    edge = next(
        contract["ignore_imports"]
        for contract in CONFIGURATION["contracts"]
        if contract["name"] == "Protobuf stops at the codec and the gRPC edge"
    )
    for allowed in edge:
        importer = allowed.split(" -> ")[0].removesuffix(".**").rpartition(".")[2]
        assert re.fullmatch(r"codec|rpc(_[a-z_]+)?|grpc_[a-z_]+", importer), allowed
