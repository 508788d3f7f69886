"""The habits of the house that a machine can check: size, names, docstrings, packages."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from architecture.floors import floor_of

TREE = Path(__file__).resolve().parents[2]
PACKAGES: list[str] = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["tool"][
    "importlinter"
]["root_packages"]
PARTIES = [package for package in PACKAGES if package != "fingerpost"]
OTHER_FOLDERS = ["benchmarks", "deploy", "fuzz", "proto", "tests"]
GENERATED = TREE / "fingerpost" / "wire" / "v1"

MOST_LINES = 500
NAMES_OF_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}


def _modules(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (TREE / folder).rglob("*.py"))
    return sorted(path for path in found if not (path.parent == GENERATED and "_pb2" in path.name))


def _by_path(modules: list[Path]) -> list[object]:
    return [pytest.param(module, id=str(module.relative_to(TREE))) for module in modules]


ours = pytest.mark.parametrize("module", _by_path(_modules(*PACKAGES)))
everything = pytest.mark.parametrize("module", _by_path(_modules(*PACKAGES, *OTHER_FOLDERS)))


@everything
def test_a_module_is_small_enough_to_read(module: Path) -> None:
    """A file of tests is a list of cases, which nobody reads from end to end: it may be longer."""
    if module.name.startswith("test_"):
        return
    assert len(module.read_text("utf-8").splitlines()) <= MOST_LINES


@everything
def test_a_module_says_what_it_is_for(module: Path) -> None:
    names = {*module.relative_to(TREE).parent.parts, module.stem}
    assert not names & NAMES_OF_NOTHING


@everything
def test_a_module_opens_with_its_law(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text("utf-8")))


@ours
def test_a_module_stands_in_a_package(module: Path) -> None:
    """Without ``__init__.py`` the import contracts would not see it."""
    assert (module.parent / "__init__.py").is_file()


@ours
def test_a_type_that_is_not_checked_says_why(module: Path) -> None:
    ignored = [line for line in module.read_text("utf-8").splitlines() if "# type: ignore" in line]
    assert [each for each in ignored if not re.search(r"ignore\[[a-z-]+\]  # \w", each)] == []


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_says_what_it_knows_never_sees_and_trusts(party: str) -> None:
    law = ast.get_docstring(ast.parse((TREE / party / "__init__.py").read_text("utf-8"))) or ""
    starts = [line.split(":")[0] for line in law.splitlines()]
    assert [line for line in starts if line in {"Knows", "Never sees", "Trusts"}] == [
        "Knows",
        "Never sees",
        "Trusts",
    ]


@pytest.mark.parametrize("folder", ["fingerpost", "fingerpost/protocol", "fingerpost/wire"])
def test_what_everybody_loads_on_the_way_loads_nothing_itself(folder: str) -> None:
    """Python runs a package's ``__init__`` for each of its modules; the import contracts do not see
    that.
    """
    body = ast.parse((TREE / folder / "__init__.py").read_text("utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)


def _is_pure(module: Path) -> bool:
    inside = module.relative_to(TREE).with_suffix("").parts
    if inside[0] == "fingerpost":
        return inside[1] in {"protocol", "private"}
    return floor_of(".".join(inside)) == "rules"


PURE = [module for module in _modules(*PACKAGES) if _is_pure(module)]
CLOCKS = {"now", "today", "utcnow"}
BUILT_IN = {"__import__", "breakpoint", "eval", "exec", "input", "open", "print"}


def _impure(text: str) -> set[str]:
    """What the code needs no forbidden import for: ``datetime`` may be imported for its types."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case (
                ast.Call(func=ast.Attribute(attr=name))
                | ast.Attribute(value=ast.Name(id="date" | "datetime"), attr=name)
                | ast.Attribute(value=ast.Attribute(attr="date" | "datetime"), attr=name)
            ) if name in CLOCKS:
                found.add(name)
            case ast.Name(id=name) if name in BUILT_IN:
                found.add(name)
    return found


SERVICES = [
    module
    for module in _modules(*PARTIES)
    if floor_of(".".join(module.relative_to(TREE).with_suffix("").parts)) == "services"
]
GIVEN = re.compile(r"\b_?clock\.now\(")


def _impure_of_itself(text: str) -> set[str]:
    """Likewise, but a service may read the clock that it is given."""
    return _impure(GIVEN.sub("clock.moment(", text))


@pytest.mark.parametrize("module", _by_path(SERVICES))
def test_a_service_reads_the_clock_that_it_is_given_and_opens_no_file(module: Path) -> None:
    assert _impure_of_itself(module.read_text("utf-8")) == set()


@pytest.mark.parametrize("module", _by_path(PURE))
def test_a_rule_reads_no_clock_and_opens_no_file(module: Path) -> None:
    assert _impure(module.read_text("utf-8")) == set()


WRITES_JSON = re.compile(r"\bjson\.(?:dumps?|encode|Encoder)\b|\bprint_json\b")
SHOWN = [
    module
    for module in _modules(*PARTIES)
    if {"cli", "cli.py", "present", "match_tool", "importing"} & {*module.parts}
]


@pytest.mark.parametrize("module", _by_path(SHOWN))
def test_what_is_shown_writes_json_by_one_function(module: Path) -> None:
    """Attack: a name in JSON that steers the terminal. ``json_lines`` escapes what does."""
    assert WRITES_JSON.findall(module.read_text("utf-8")) == []


def test_command_lines_are_searched_for_json() -> None:
    assert {TREE / "broker/cli.py", TREE / "practitioner/cli/people.py"} <= {*SHOWN}
    planted = "msgspec.json.encode(a), json.dumps(b), json.dump(c, f), console.print_json(d)"
    assert len(WRITES_JSON.findall(planted)) == 4


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        ("moment = datetime.now(UTC)", "now"),
        ("moment = dt.datetime.utcnow()", "utcnow"),
        ("day = date.today()", "today"),
        ("moment = a_clock.now()", "now"),
        ("made: datetime = field(default_factory=datetime.now)", "now"),
        ("days = map(dt.date.today, ())", "today"),
        ("with open(path) as file: pass", "open"),
        ("print(child)", "print"),
        ("os = __import__('os')", "__import__"),
    ],
)
def test_a_planted_clock_or_file_is_caught(planted: str, name: str) -> None:
    assert _impure(planted) == {name}


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("now = self._clock.now()", set()),
        ("now = self.clock.now()", set()),
        ("now = datetime.now(UTC)", {"now"}),
        ("now = self._clock.now() or dt.datetime.now()", {"now"}),
        ("with open(path) as file: pass", {"open"}),
    ],
)
def test_a_planted_clock_of_a_service_is_caught(planted: str, found: set[str]) -> None:
    assert _impure_of_itself(planted) == found


def test_services_are_searched() -> None:
    assert {TREE / "broker/service.py", TREE / "agency_node/records/upkeep.py"} <= {*SERVICES}


def test_rules_of_parties_and_of_the_shared_package_are_searched() -> None:
    assert {TREE / "broker/admission.py", TREE / "fingerpost/protocol/ids.py"} <= {*PURE}
