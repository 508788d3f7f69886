"""Each claim of the threat model has a mutation that its test must notice, and each mutation still
fits the code.

``make mutants`` runs them; here is only that there is something to run.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections import Counter
from pathlib import Path

import pytest

from architecture.test_threat_model import claims, collected, named
from mutants.bench import Ended, bench, load_without
from mutants.claims import CLAIMS, NO_MUTATION
from mutants.modules import REVIEWED, TESTS
from mutants.mutation import Mutation
from mutants.mutators import mutants

TREE = Path(__file__).resolve().parents[2]
NOTICED = {each.test for each in CLAIMS} | NO_MUTATION.keys()


@pytest.mark.parametrize("title", ["Guarantees", "Attacks"])
def test_each_claim_has_a_mutation_or_a_reason_why_none_can_break_it(title: str) -> None:
    """Add one under tests/mutants: what breaks the claim, and its test that then fails."""
    without = [
        claim
        for claim in claims(title)
        if NOTICED.isdisjoint(f"{path}::{name}" for path, name in named(claim))
    ]
    assert without == []


@pytest.mark.parametrize("mutation", CLAIMS, ids=lambda each: each.test.rpartition("::")[2])
def test_a_mutation_fits_the_code_and_names_a_test(mutation: Mutation) -> None:
    """Where the code has changed, change the entry under tests/mutants with it."""
    text = (TREE / mutation.path).read_text("utf-8")
    for before, after in mutation.changes:
        assert text.count(before) == 1, before
        assert before != after
    if mutation.path.endswith(".py"):
        ast.parse(mutation.mutated(TREE))
    path, _, name = mutation.test.partition("::")
    assert name in collected(TREE / path)


def test_no_test_is_named_twice_for_one_change() -> None:
    twice = Counter((each.test, each.path, each.changes) for each in CLAIMS)
    assert [key for key, count in twice.items() if count > 1] == []


def test_modules_and_tests_of_the_table_exist() -> None:
    assert [path for path in TESTS if not (TREE / path).is_file()] == []
    tests = {test for tests in TESTS.values() for test in tests}
    assert [test for test in sorted(tests) if not (TREE / test).is_file()] == []


def test_each_reviewed_mutant_is_still_made_and_says_why_it_does_no_harm() -> None:
    assert REVIEWED.keys() <= TESTS.keys()
    for path, reviewed in REVIEWED.items():
        made = {each.place for each in mutants((TREE / path).read_text("utf-8"))}
        assert reviewed.keys() <= made, path
        assert all(len(reason) > 20 for reason in reviewed.values())


# ---- the mutators ------------------------------------------------------------------------------

CHANGED = {
    "if a < b: pass": {"if a <= b: pass", "if not (a < b): pass"},
    "x = a and b or c": {"x = a or b or c", "x = a and b and c"},
    "x = a not  in b": {"x = a in b"},
    "x = a is  not b": {"x = a is b"},
    "x = not a": {"x = a"},
    "x = (a) <= (b)  # é": {"x = (a) < (b)  # é"},
    "x = 'é' == b": {"x = 'é' != b"},
    "x = 7": {"x = 8", "x = 6"},
    "x = True": {"x = False"},
    "x = a + b": {"x = a - b"},
    "x = all(a)": {"x = any(a)"},
    "require_new(a)": {"pass"},
    "async def f():\n    await f()": {"async def f():\n    pass"},
    "def f():\n    raise E": {"def f():\n    pass"},
    "def f():\n    for a in b:\n        return a\n    return c": {
        "def f():\n    for a in b:\n        pass\n    return c"
    },
    "x = b if a else c": {"x = b if not (a) else c"},
    # What only speaks stays as it is.
    '"""Seven < 8."""': set(),
    "x: Annotated[int, Meta(le=7)]": set(),
    "x = f'{a + 1}'": set(),
}


@pytest.mark.parametrize("source", CHANGED)
def test_every_small_fault_is_made_and_nothing_else(source: str) -> None:
    assert {each.text for each in mutants(source)} == CHANGED[source]


def test_a_mutant_says_where_it_is() -> None:
    (mutant,) = mutants("a = b\n\nif_new = c  # why\nx = a < b\n")
    assert (mutant.line, mutant.before, mutant.after) == (4, "<", "<=")
    assert mutant.place == "< -> <= | x = a <= b"


# ---- the bench ---------------------------------------------------------------------------------


def test_what_has_anything_of_a_changed_module_is_not_loaded_before_a_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the mutant would not be what runs, and would survive."""
    sources = {
        "mutant_itself": "",
        "mutant_taken": "from mutant_itself import __name__ as taken",
        "mutant_tried": "try:\n    import mutant_taken\nexcept BaseException as e:\n    raise e",
        "mutant_in_vain": "try:\n    import mutant_itself\nexcept Exception:\n    pass",
        "mutant_apart": "import json",
        "mutant_pack.part": "",
        "mutant_pack": "import mutant_pack.part, mutant_itself",
    }
    (tmp_path / "mutant_pack").mkdir()
    for name, source in sources.items():
        path = "mutant_pack/__init__" if name == "mutant_pack" else name.replace(".", "/")
        (tmp_path / f"{path}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        load_without("mutant_itself", sources)
        assert sources.keys() & sys.modules.keys() == {"mutant_apart"}
        importlib.import_module("mutant_tried")
        assert "mutant_itself" in sys.modules
    finally:
        for name in sources:
            sys.modules.pop(name, None)


def test_a_mutant_is_killed_by_its_test_and_a_comment_by_none() -> None:
    path, test = (
        "fingerpost/protocol/caseload.py",
        "tests/unit/fingerpost/protocol/test_caseload.py",
    )
    source = (TREE / path).read_text("utf-8")
    before = "        if total > bounds.most:\n"
    at = source[: source.index(before)].count("\n") + 1
    with bench() as made:
        mutant = source.replace(before, "        if False:\n")
        assert made.tried(path, mutant, (test,), at) is Ended.KILLED
        assert made.tried(path, source + "# The end.\n", (test,)) is Ended.SURVIVED
