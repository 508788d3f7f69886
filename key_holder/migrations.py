"""The revisions of the meter."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision
from fingerpost.runtime.summed_rows import add_sum


def _meter(op: Operations) -> None:
    """The meter: evaluated elements by member and period."""
    op.create_table(
        "meter",
        sa.Column("member", sa.String(40), primary_key=True),
        sa.Column("period", sa.String(40), primary_key=True),
        sa.Column("elements", sa.Integer, nullable=False),
    )


def _counts(op: Operations) -> None:
    """Counts by workload, epoch or day, blocking rules and week, in the place of the meter.

    What the meter held is not taken over: its periods had names and no weeks.
    """
    op.drop_table("meter")
    op.create_table(
        "counts",
        sa.Column("member", sa.String(40), primary_key=True),
        sa.Column("workload", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rules", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("week", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("elements", sa.BigInteger, nullable=False),
        sa.Column("growth", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
    )


REVISIONS: Final[tuple[Revision, ...]] = (_meter, _counts, add_sum)
