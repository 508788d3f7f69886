"""Agencies, their generations, sealed children and sealed blocks of tags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("agency", sa.String(50), primary_key=True),
        sa.Column("key_check", sa.LargeBinary(16), nullable=False),
        sa.Column("last_generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "generation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("agency", sa.String(50), sa.ForeignKey("agency.agency"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("source", sa.LargeBinary(32), nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("completed_at", sa.BigInteger, nullable=True),
        sa.Column("normalisation_version", sa.Integer, nullable=False),
        sa.Column("upn", sa.Boolean, nullable=False),
        sa.Column("children", sa.Integer, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("dropped", sa.Boolean, nullable=False),
        sa.UniqueConstraint("agency", "number"),
    )
    op.create_table(
        "child",
        sa.Column("generation", sa.Integer, sa.ForeignKey("generation.id"), primary_key=True),
        sa.Column("record", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mark", sa.LargeBinary(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("child_mark", "child", ["generation", "mark"])
    op.create_table(
        "tag_block",
        sa.Column("generation", sa.Integer, sa.ForeignKey("generation.id"), primary_key=True),
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first_record", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
