"""The revisions of the node's two databases: the records, and the journal of what was asked."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic.operations import Operations

from fingerpost.runtime.database import Revision, replace_tables
from fingerpost.runtime.summed_rows import add_sum


def _records(op: Operations) -> None:
    """Agencies, their generations, sealed children and sealed blocks of tags."""
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


def _effort(op: Operations) -> None:
    """The effort of each block of tags, so that the report of a resumed import is complete."""
    for name in ("taken_over", "evaluated"):
        column = sa.Column(name, sa.Integer, nullable=False, server_default="0")
        op.add_column("tag_block", column)


def _own(op: Operations) -> None:
    """A keyed digest of the agency's own number of each child, to know when she first came."""
    column = sa.Column("own", sa.LargeBinary(16), nullable=False, server_default=sa.text("x''"))
    op.add_column("child", column)
    op.create_index("child_own", "child", ["generation", "own"])


def _digest(op: Operations) -> None:
    """A keyed digest of each complete generation. One of an earlier release has none, and needs a
    new import."""
    column = sa.Column("digest", sa.LargeBinary(32), nullable=False, server_default=sa.text("x''"))
    op.add_column("generation", column)


def _census(op: Operations) -> None:
    """The sealed counts of each generation, beside which the next export is held. One of an earlier
    release has none."""
    column = sa.Column("census", sa.LargeBinary, nullable=False, server_default=sa.text("x''"))
    op.add_column("generation", column)


def _quality(op: Operations) -> None:
    """How well the records of a generation can be found; none of an earlier release was judged."""
    op.add_column("generation", sa.Column("quality", sa.Integer, nullable=True))


def _marked(op: Operations) -> None:
    """How many marked records stand behind the children; none of an earlier release has any."""
    op.add_column("generation", sa.Column("marked", sa.Integer, nullable=True))


def _seen(op: Operations) -> None:
    """The hashes of all queries received, and until when each is kept."""
    op.create_table(
        "seen",
        sa.Column("query_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("keep_until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_seen_keep_until", "seen", ["keep_until"])


def _seen_named(op: Operations) -> None:
    """Keyed names in the place of the hashes, and times in steps of ten minutes."""
    replace_tables(op, "seen")
    op.create_table(
        "seen",
        sa.Column("name", sa.LargeBinary(32), primary_key=True),
        sa.Column("forget_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_seen_forget_at", "seen", ["forget_at"])


def _pages(op: Operations) -> None:
    """The pages of what opened. No number is given twice."""
    op.create_table(
        "page",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("tried", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )


def _complete_since(op: Operations) -> None:
    """Since when the hashes of queries are complete, where they have not been from the beginning;
    and the sum of all rows."""
    op.create_table("memory", sa.Column("complete_since", sa.Float, primary_key=True))
    add_sum(op)


RECORDS: Final[tuple[Revision, ...]] = (
    _records,
    _effort,
    _own,
    _digest,
    _census,
    _quality,
    _marked,
)
JOURNAL: Final[tuple[Revision, ...]] = (_seen, _seen_named, _pages, _complete_since)
