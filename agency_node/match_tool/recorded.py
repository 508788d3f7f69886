"""A file as a node would hold it: the normal form of each record, and an index of the wide keys of all. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from agency_node.match_tool.key_index import KeyIndex
from agency_node.match_tool.tables import Row
from fingerpost.private.linkage import NormalForm, Scope, Side, blocking_keys, normalise

Watch = Callable[[str, int, int], None]
"""Told of progress: what is done, how much of it, of how much."""

TOLD_EVERY: Final = 500


def unwatched(_doing: str, _done: int, _of: int) -> None:
    """Nobody looks."""


class Recorded:
    """``keys``: of all records together. A record takes the wide keys, which contain the narrow ones."""

    def __init__(self, rows: Sequence[Row], *, upn: bool, watch: Watch) -> None:
        self.ids = [row.id for row in rows]
        self.forms: list[NormalForm] = []
        self.index = KeyIndex()
        self.keys = self.without_keys = 0
        for position, row in enumerate(rows):
            if position % TOLD_EVERY == 0:
                watch("Making keys", position, len(rows))
            form = normalise(row.demographics)
            keys = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
            self.forms.append(form)
            self.index.add(position, keys)
            self.keys += len(keys)
            self.without_keys += not keys
        self.index.close()
        watch("Making keys", len(rows), len(rows))
