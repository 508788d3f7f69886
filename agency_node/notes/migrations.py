"""The revisions of the notes that a node keeps."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.protocol import limits
from fingerpost.runtime.database import Revision
from fingerpost.runtime.sealed_rows import make_sealed_table


def _notes(op: Operations) -> None:
    """Packets as they came, threads, and notes that came or wait."""
    op.create_table(
        "packet",
        sa.Column("salt", sa.LargeBinary(limits.PACKET_SALT_BYTES), primary_key=True),
        sa.Column("exchange", sa.LargeBinary(limits.EXCHANGE_BYTES), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("packet", sa.LargeBinary(limits.PACKET_BYTES), nullable=False),
        sa.Column("unread", sa.Boolean, nullable=False),
    )
    for name in ("thread", "came", "waiting"):
        make_sealed_table(op, name)


def _wrong_numbers(op: Operations) -> None:
    """Which numbers of the agencies' pointers were reported to be wrong."""
    make_sealed_table(op, "wrong_number")


NOTES: Final[tuple[Revision, ...]] = (_notes, _wrong_numbers)
