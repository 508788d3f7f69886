"""Outcomes: sealed for a week, then their hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
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
