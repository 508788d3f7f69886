"""The revisions of the replay set."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision


def _replay_set(op: Operations) -> None:
    """The replay set, and since when it is complete."""
    op.create_table("memory", sa.Column("complete_since", sa.Float, nullable=False))
    op.create_table(
        "seen",
        sa.Column("query_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("keep_until", sa.Integer, nullable=False),
    )
    op.create_index("ix_seen_keep_until", "seen", ["keep_until"])


REVISIONS: Final[tuple[Revision, ...]] = (_replay_set,)
