"""The hashes of all queries that came, and until when each is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "seen",
        sa.Column("query_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("keep_until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_seen_keep_until", "seen", ["keep_until"])
