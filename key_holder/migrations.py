"""The revisions of the meter."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision


def _meter(op: Operations) -> None:
    """The meter: evaluated elements by member and period."""
    op.create_table(
        "meter",
        sa.Column("member", sa.String(40), primary_key=True),
        sa.Column("period", sa.String(40), primary_key=True),
        sa.Column("elements", sa.Integer, nullable=False),
    )


REVISIONS: Final[tuple[Revision, ...]] = (_meter,)
