"""The replay set, and since when it is complete."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("memory", sa.Column("complete_since", sa.Float, nullable=False))
    op.create_table(
        "seen",
        sa.Column("query_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("keep_until", sa.Integer, nullable=False),
    )
    op.create_index("ix_seen_keep_until", "seen", ["keep_until"])
