"""What was asked, sealed for a day, and which second round has been asked of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("outcomes", sa.Column("question", sa.LargeBinary, nullable=True))
    op.add_column("outcomes", sa.Column("second", sa.String(16), nullable=True))
