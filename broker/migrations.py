"""The revisions of the replay set."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision, replace_tables
from fingerpost.runtime.summed_rows import add_sum


def _replay_set(op: Operations) -> None:
    """The replay set, and since when it is complete."""
    op.create_table("memory", sa.Column("complete_since", sa.Float, nullable=False))
    op.create_table(
        "seen",
        sa.Column("query_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("keep_until", sa.Integer, nullable=False),
    )
    op.create_index("ix_seen_keep_until", "seen", ["keep_until"])


def _sealed(op: Operations) -> None:
    """Sealed rows, found by a keyed name and forgotten by a time in steps of ten minutes."""
    replace_tables(op, "seen")
    op.create_table(
        "seen",
        sa.Column("name", sa.LargeBinary(32), primary_key=True),
        sa.Column("forget_at", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_seen_forget_at", "seen", ["forget_at"])


REVISIONS: Final[tuple[Revision, ...]] = (_replay_set, _sealed, add_sum)
