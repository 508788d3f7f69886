"""Children of one birthday, tables of pairs, and the keys that two children share."""

from __future__ import annotations

from datetime import date
from typing import Any

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import BlockingKey, Scope, Side, blocking_keys, normalise

BORN = date(2014, 3, 9)


def child(forename: str, surname: str = "Ashdown", **fields: Any) -> Demographics:
    """A child born on 9 March 2014, where ``fields`` say nothing else."""
    return Demographics(forename=forename, surname=surname, **{"dob": BORN} | fields)


def keys_of(
    one: Demographics, side: Side = Side.RECORD, scope: Scope = Scope.WIDE, *, upn: bool = False
) -> tuple[BlockingKey, ...]:
    return blocking_keys(normalise(one), side=side, scope=scope, upn=upn)


def shared(
    asked: Demographics, record: Demographics, scope: Scope = Scope.NARROW
) -> set[BlockingKey]:
    """The keys by which a question about one opens a record of the other."""
    return set(keys_of(asked, Side.QUERY, scope)) & set(keys_of(record))


def pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a table such as ``bob = robert; liz = elizabeth``."""
    found = [tuple(word.strip() for word in pair.split("=")) for pair in text.split(";")]
    return [(one, other) for one, other in found]
