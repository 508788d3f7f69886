"""The revisions of the heads that members have left."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision
from fingerpost.runtime.summed_rows import add_sum


def _heads(op: Operations) -> None:
    """The envelopes, by member, part and time."""
    op.create_table(
        "heads",
        sa.Column("member", sa.String(40), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("issued_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
    )


REVISIONS: Final[tuple[Revision, ...]] = (_heads, add_sum)
