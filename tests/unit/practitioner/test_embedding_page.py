"""docs/embedding.md holds together with the code."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes.refusals import refused
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.justification import Facts, Justification
from fingerpost.private.messages import OpeningHours, Pointer
from fingerpost.private.purpose_rules import PurposeRule, lacking
from fingerpost.protocol.caseload import CaseloadRule
from fingerpost.protocol.codes import CoarseKind, InvolvementStatus, Purpose, Role
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row
from practitioner.asking.outcome import Again, AgencyOutcome, Outcome, Question, ServiceCount
from practitioner.asking.plan import LookupRule
from practitioner.cli.child import STDIN, read_child
from practitioner.present.refusals import BY_CODE, BY_RULE
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
    child = read_child(STDIN)
    assert (child.surname, child.other_names[0].surname) == ("Okafor", "Bello")


def test_every_setting_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert {field.name for field in msgspec.structs.fields(GatewaySettings)} <= named


# ---- the fields ----------------------------------------------------------------------------------

TABLES: dict[str, type] = {
    "`practitioner.Question`:": Question,
    "`fingerpost.private.demographics.Demographics`;": Demographics,
    "`fingerpost.private.demographics.OtherName`:": OtherName,
    "`practitioner.Justification`:": Justification,
    "`fingerpost.private.justification.Facts`;": Facts,
    "`practitioner.Again`,": Again,
    "`practitioner.Outcome`:": Outcome,
    "Each of `agencies`, an `AgencyOutcome`:": AgencyOutcome,
    "A pointer, `fingerpost.private.messages.Pointer`:": Pointer,
    "`fingerpost.private.messages.OpeningHours`,": OpeningHours,
    "Each of `services`, a `ServiceCount`:": ServiceCount,
}
"""What stands before each table of fields, and whose fields they are."""


def table_of(words: str) -> dict[str, tuple[str, str]]:
    """By field, its type and its bounds, as the first table after these words has them."""
    lines = PAGE[PAGE.index(f"\n{words}") :].splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("| field"))
    rows = takewhile(lambda line: line.startswith("|"), lines[first + 2 :])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name.strip("`"): (type_.strip("`"), bounds) for name, type_, _, bounds in cells}


@pytest.mark.parametrize("words", TABLES)
def test_every_field_is_on_the_page_in_its_order_with_its_type(words: str) -> None:
    of_code = {each.name: str(each.type).replace(" | ", " or ") for each in fields(TABLES[words])}
    of_page = {name: type_ for name, (type_, _) in table_of(words).items()}
    assert list(of_page.items()) == list(of_code.items())


HOURS = tuple(OpeningHours(1, n, 700) for n in range(9))


def pointer(**changes: Any) -> Pointer:
    return Pointer(CoarseKind.EDUCATION, InvolvementStatus.OPEN, **changes)


BOUNDS: list[tuple[type, str, int, Callable[[int], object]]] = [
    (Demographics, "forename", 100, lambda n: Demographics(forename="x" * n)),
    (Demographics, "middle_names", 100, lambda n: Demographics(middle_names="x" * n)),
    (Demographics, "surname", 100, lambda n: Demographics(surname="x" * n)),
    (
        Demographics,
        "other_names",
        8,
        lambda n: Demographics(other_names=(OtherName("Maya", "Bello"),) * n),
    ),
    (Demographics, "postcode", 10, lambda n: Demographics(postcode="x" * n)),
    (Demographics, "health_number", 20, lambda n: Demographics(health_number="1" * n)),
    (Demographics, "upn", 20, lambda n: Demographics(upn="1" * n)),
    (Demographics, "former_postcodes", 3, lambda n: Demographics(former_postcodes=("LS6",) * n)),
    (OtherName, "forename", 100, lambda n: OtherName("x" * n, "")),
    (OtherName, "surname", 100, lambda n: OtherName("", "x" * n)),
    (Justification, "reason_reference", 64, lambda n: Justification(Purpose.CLA_CARE, "x" * n)),
    (
        Justification,
        "approvals",
        2,
        lambda n: Justification(Purpose.CLA_CARE, approvals=(b"a",) * n),
    ),
    (
        Justification,
        "approvals",
        400,
        lambda n: Justification(Purpose.CLA_CARE, approvals=(b"a" * n,)),
    ),
    (Facts, "renewed_by", 64, lambda n: Facts(renewed_by="x" * n)),
    (Facts, "reviewer", 64, lambda n: Facts(reviewer="x" * n)),
    (Pointer, "worker_role", 60, lambda n: pointer(worker_role="x" * n)),
    (Pointer, "worker_name", 80, lambda n: pointer(worker_name="x" * n)),
    (Pointer, "desk_phone", 24, lambda n: pointer(desk_phone="1" * n)),
    (Pointer, "out_of_hours_phone", 24, lambda n: pointer(out_of_hours_phone="1" * n)),
    (Pointer, "desk_email", 100, lambda n: pointer(desk_email="x" * (n - 6) + "@oak.x")),
    (Pointer, "hours", 8, lambda n: pointer(hours=HOURS[:n])),
    (OpeningHours, "days", 127, lambda n: OpeningHours(n, 0, 0)),
    (OpeningHours, "opens", 1439, lambda n: OpeningHours(1, n, 0)),
    (OpeningHours, "closes", 1440, lambda n: OpeningHours(1, 0, n)),
]


@pytest.mark.parametrize(
    ("type_", "name", "most", "made"), BOUNDS, ids=lambda each: str(getattr(each, "__name__", each))
)
def test_a_bound_on_the_page_is_that_of_the_code(
    type_: type, name: str, most: int, made: Callable[[int], object]
) -> None:
    made(most)
    with refused(Code.MALFORMED):
        made(most + 1)
    (words,) = (words for words, each in TABLES.items() if each is type_)
    bounds = table_of(words)[name][1]
    told = table_of(words)[bounds.split("`")[1]][1] if bounds.startswith("as `") else bounds
    assert re.search(rf"\b{most:,}\b", told), told


# ---- refusals ------------------------------------------------------------------------------------


def rules() -> list[type[Rule]]:
    """Every enumeration of rules that a gateway can refuse by: all that it loads, but for that of
    key holders."""
    ours = ("fingerpost.", "practitioner.")
    found = [each for each in Rule.__subclasses__() if each.__module__.startswith(ours)]
    return [each for each in found if each is not CaseloadRule]


def test_every_enumeration_of_rules_is_on_the_page_and_where_it_says() -> None:
    found = re.findall(r"\| `([a-z_.]+)\.([A-Z][A-Za-z]+Rule)` \|", PAGE)
    assert {name for _, name in found} == {each.__name__ for each in rules()}
    for module, name in found:
        assert issubclass(getattr(import_module(module), name), Rule)


def test_every_code_is_on_the_page_with_a_next_step() -> None:
    table = PAGE[PAGE.index("| code | the practitioner's next step |") :].split("\n\n")[0]
    codes = re.findall(r"`([a-z_]+)`", table)
    assert sorted(codes) == sorted(code.value for code in Code)


def test_a_program_shows_the_words_of_the_command_line() -> None:
    """By the code of the page."""
    names: dict[str, Any] = {}
    exec("".join(blocks("python")), names)  # noqa: S102 - imports and definitions of our own page
    refusal = Refused(Code.NOT_ALLOWED, LookupRule.FIRST_HAS_GAPS)
    assert names["as_shown"](refusal) == {
        "code": "not_allowed",
        "rule": "FIRST_HAS_GAPS",
        "words": BY_RULE[LookupRule.FIRST_HAS_GAPS],
    }
    plain = Refused(Code.QUOTA, "lookups")
    assert names["as_shown"](plain) == {
        "code": "quota",
        "rule": "",
        "words": BY_CODE[Code.QUOTA],
    }


def test_the_words_need_no_command_line() -> None:
    """A case system that embeds the gateway loads no parser of command lines."""
    code = "import practitioner, sys; sys.exit('typer' in sys.modules or 'click' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=TREE, check=False)
    assert loaded.returncode == 0
