"""The revisions of what a node keeps of knocks."""

from __future__ import annotations

from typing import Final

from alembic.operations import Operations

from fingerpost.runtime.database import Revision
from fingerpost.runtime.sealed_rows import make_sealed_table


def _notices(op: Operations) -> None:
    """A row for each lookup that opened at an agency."""
    make_sealed_table(op, "notice")


def _deliveries(op: Operations) -> None:
    """How messages to desks went."""
    make_sealed_table(op, "delivery")


NOTICES: Final[tuple[Revision, ...]] = (_notices, _deliveries)
