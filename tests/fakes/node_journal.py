"""A node's journal on the disk, as a test opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from agency_node.records.store.journal import SqlJournal, open_journal
from fakes.federations import NOW
from fakes.witnesses import witness_of

KEY: Final = bytes(range(32))


def journal_at(
    path: Path,
    *,
    reached: Callable[[], float] = lambda: NOW,
    now: float = NOW,
    adopt: bool = True,
) -> SqlJournal:
    """The journal at ``path``, with its witness beside it."""
    return open_journal(path, KEY, reached, witness_of(path), now, adopt=adopt)
