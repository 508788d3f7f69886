"""What each block of tags took, so that an import that was cut off is told whole."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("taken_over", "evaluated"):
        column = sa.Column(name, sa.Integer, nullable=False, server_default="0")
        op.add_column("tag_block", column)
