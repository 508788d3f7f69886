"""Identifiers use the project's words: what the glossary has replaced does not come back."""

from __future__ import annotations

import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
SECTION = re.compile(
    r"^## Words that the code does not use\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE
)
RIGHT_IN_ANOTHER_SENSE = {"kernel", "service", "word"}
"""An operating system's kernel, a service for a child, a word of a name: only a reader can tell
them from the replaced sense."""


def replaced() -> list[str]:
    section = SECTION.search((TREE / "docs" / "glossary.md").read_text("utf-8"))
    assert section is not None
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", section[1], re.MULTILINE)
    return [word for word in rows if word not in {"not", *RIGHT_IN_ANOTHER_SENSE}]


def parts(identifier: str) -> str:
    """The words of an identifier with spaces between and around them: ``MatchKey`` is " match key
    ".
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier)
    return f" {' '.join(filter(None, spaced.lower().split('_')))} "


@cache
def identifiers() -> dict[str, str]:
    """Every identifier of the tree, with a file that has it. Generated code does not count."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=TREE, capture_output=True, text=True, check=True
    ).stdout.split()
    return {name: path for path in listed if "_pb2" not in path for name in _names(TREE / path)}


def _names(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.NAME:
                yield token.string
    yield path.stem


@pytest.mark.parametrize("word", replaced())
def test_a_replaced_word_is_in_no_identifier(word: str) -> None:
    found = {
        name: path for name, path in identifiers().items() if re.search(rf" {word}s? ", parts(name))
    }
    assert found == {}


def test_words_of_an_identifier_are_told_apart() -> None:
    assert parts("MatchKeys") == parts("match_keys") == " match keys "
    assert parts("MASTER_PIECE") == " master piece "
    assert len(identifiers()) > 5000
    assert {"match key", "asker"} <= set(replaced())
