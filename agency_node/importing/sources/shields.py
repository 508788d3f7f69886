"""Whom a line that cannot be read may shield. Pure.

Law: the safe side. Where the fields of such a line end cannot be told (a quotation mark is open, a byte is damaged), so
each of its cells may be the child's number, or of a number with commas a part of it: every child so named is withheld.
A line that names no child of the file might be about any of them, and then nothing can be taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from agency_node.importing.sources.reasons import Reason, RefusedFile


def doubtful(known: Iterable[str], unreadable: Iterable[tuple[int, str]]) -> frozenset[str]:
    """Those of the ``known`` local_ids that one of the ``unreadable`` lines (number and text) may be about.

    Raises ``RefusedFile(SHIELD_OF_NOBODY)`` for a line that names none.
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
    """What stands between commas, without quotation marks and outer spaces."""
    return frozenset(part.strip() for part in text.replace('"', "").split(","))
