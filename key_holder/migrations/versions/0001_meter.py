"""The meter: evaluated elements by member and period."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "meter",
        sa.Column("member", sa.String(40), primary_key=True),
        sa.Column("period", sa.String(40), primary_key=True),
        sa.Column("elements", sa.Integer, nullable=False),
    )
