"""The table of kinds in docs/matching.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from fingerpost.private.linkage import RULE_DEFINITIONS

PAGE = Path(__file__).parents[2] / "docs" / "matching.md"
_KINDS = re.compile(r"[A-Z0-9_]+(, [A-Z0-9_]+)*")
_NUMBER = re.compile(r"[0-9]+")


def _rows() -> dict[str, tuple[str, str]]:
    """By kind, in the order of the page: what it says, and its set."""
    found: dict[str, tuple[str, str]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and _KINDS.fullmatch(cells[0]):
            found |= dict.fromkeys(cells[0].split(", "), (cells[2], cells[3]))
    return found


def test_every_kind_stands_on_the_page_with_its_bits_and_its_set() -> None:
    rows = _rows()
    kinds = {}
    for definition in RULE_DEFINITIONS:
        name = definition.rule.name
        kinds[name[:-2] if definition.lacks else name] = definition
    assert set(rows) == set(kinds)
    for name, definition in kinds.items():
        says, set_ = rows[name]
        assert set_ == definition.scope.name.lower(), name
        number = _NUMBER.search(says)
        by_home_or_number = says.startswith(("home", "where")) or not says
        assert bool(number) != by_home_or_number, name
        if number:
            assert int(number[0]) == definition.least_bits, name
