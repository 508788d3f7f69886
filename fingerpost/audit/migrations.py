"""The revisions of an audit log.

The triggers stop a mistake of this program, not an attacker: the chain detects an attacker.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision, replace_tables


def _chain(op: Operations) -> None:
    """The chain and the months' keys."""
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Integer, nullable=False, index=True),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_month",
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=True),
        sa.Column("forgotten_at", sa.Integer, nullable=True),
    )
    _append_only(op)


def _sealed(op: Operations) -> None:
    """Entries and months of which nothing stands in the clear but their number and hash."""
    replace_tables(op, "audit_entry", "audit_month")
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_month_key",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    _append_only(op)


def _append_only(op: Operations) -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{action.lower()} BEFORE {action} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


REVISIONS: Final[tuple[Revision, ...]] = (_chain, _sealed)
