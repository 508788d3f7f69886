"""The revisions of the outcomes that a gateway keeps, and of its notes."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision, replace_tables
from fingerpost.runtime.sealed_rows import NAME_BYTES, make_sealed_table
from fingerpost.runtime.witnessed_rows import add_state


def _outcomes(op: Operations) -> None:
    """Outcomes: sealed for a week, then their hashes."""
    op.create_table(
        "outcomes",
        sa.Column("operation", sa.String(16), primary_key=True),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("kept_at", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
    )
    op.create_index("outcomes_by_age", "outcomes", ["kept_at"])


def _second_rounds(op: Operations) -> None:
    """What was asked, sealed for a day, and which second round has been asked of it."""
    op.add_column("outcomes", sa.Column("question", sa.LargeBinary, nullable=True))
    op.add_column("outcomes", sa.Column("second", sa.String(16), nullable=True))


def _seconds_apart(op: Operations) -> None:
    """Second rounds in a table of their own, which is read without reading what is sealed."""
    op.create_table(
        "second_rounds",
        sa.Column("operation", sa.String(16), primary_key=True),
        sa.Column("second", sa.String(16), nullable=False),
    )
    op.execute(
        "INSERT INTO second_rounds SELECT operation, second FROM outcomes WHERE second IS NOT NULL"
    )
    op.drop_column("outcomes", "second")


def _sealed(op: Operations) -> None:
    """Sealed rows, found by a keyed name, for a week; then the name of the document's hash."""
    replace_tables(op, "outcomes", "second_rounds")
    make_sealed_table(op, "lookups")
    op.create_table(
        "documents",
        sa.Column("name", sa.LargeBinary(NAME_BYTES), primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("question", sa.LargeBinary, nullable=False),
    )
    op.create_table("proofs", sa.Column("name", sa.LargeBinary(NAME_BYTES), primary_key=True))


def _notes(op: Operations) -> None:
    """Threads, which are read in the order in which they came, and notes."""
    op.create_table(
        "threads",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    make_sealed_table(op, "notes")


NOTES: Final[tuple[Revision, ...]] = (_notes,)
REVISIONS: Final[tuple[Revision, ...]] = (
    _outcomes,
    _second_rounds,
    _seconds_apart,
    add_state,
    _sealed,
)
