"""The revisions of a gateway's accounts and sessions."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision, replace_tables
from fingerpost.runtime.sealed_rows import make_sealed_table
from fingerpost.runtime.witnessed_rows import add_state


def _accounts(op: Operations) -> None:
    """Accounts and sessions."""
    op.create_table(
        "accounts",
        sa.Column("agency", sa.String(60), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("totp_sealed", sa.LargeBinary, nullable=False),
        sa.Column("totp_last_step", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("wait_until", sa.Integer, nullable=False),
        sa.Column("training_until", sa.Integer, nullable=False),
        sa.Column("vetting_until", sa.Integer, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("auth_time", sa.Integer, nullable=False),
        sa.Column("last_used", sa.Integer, nullable=False),
    )


def _sealed(op: Operations) -> None:
    """Sealed rows, found by a keyed name."""
    replace_tables(op, "accounts", "sessions")
    make_sealed_table(op, "accounts")
    make_sealed_table(op, "sessions")


REVISIONS: Final[tuple[Revision, ...]] = (_accounts, add_state, _sealed)
