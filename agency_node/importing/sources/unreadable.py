"""Which children a row that cannot be read may be about. Pure.

Law: such a row may shield any child whose own number stands in it (attack, and accident: a shield
in a row with an open quotation mark); where it names none, it might shield any child of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason

_BETWEEN: Final = re.compile(r"[,;\t|\n]")


def doubtful(known: Iterable[str], unreadable: Iterable[tuple[int, str]]) -> frozenset[str]:
    """Return the local_ids that a line which cannot be read may be about.

    Args:
        known: all local_ids of the file.
        unreadable: the lines, as number and text.

    Raises:
        RefusedFile: SHIELD_OF_NOBODY, a line contains none of the ``known`` local_ids.
    """
    by_part: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for local_id in known:
        parts = _parts(local_id)
        by_part.setdefault(min(parts), []).append((local_id, parts))
    found: set[str] = set()
    for number, line in unreadable:
        cells = _parts(line)
        about = [
            local_id
            for cell in cells
            for local_id, parts in by_part.get(cell, ())
            if parts <= cells
        ]
        if not about:
            raise RefusedFile(Reason.SHIELD_OF_NOBODY, f"line {number}")
        found.update(about)
    return frozenset(found)


def _parts(text: str) -> frozenset[str]:
    """Return the texts between separators, without quotation marks, as clean as cells are."""
    return frozenset(map(clean, _BETWEEN.split(text.replace('"', ""))))
