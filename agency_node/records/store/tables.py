"""The tables as the adaptor reads and writes them; the schema itself is made by the migrations.

An attacker who can change a row can make the node answer CANNOT_ANSWER, but cannot move or make a
sealed row. One who can read the file learns how many children an agency has, when it imported,
which of its records have the same mark, and how many keys a block of records took.

``generation.dropped``: no reader sees the generation any more. Its rows are deleted a few at a
time, so that no write lock is held for long.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata = MetaData()

agency = Table(
    "agency",
    metadata,
    Column("agency", String(50), primary_key=True),
    Column("key_check", LargeBinary(16), nullable=False),
    Column("last_generation", Integer, nullable=False),
)
generation = Table(
    "generation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("agency", String(50), ForeignKey("agency.agency"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("source", LargeBinary(32), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("completed_at", BigInteger, nullable=True),
    Column("normalisation_version", Integer, nullable=False),
    Column("upn", Boolean, nullable=False),
    Column("children", Integer, nullable=False),
    Column("whole", Boolean, nullable=False),
    Column("dropped", Boolean, nullable=False),
)
child = Table(
    "child",
    metadata,
    Column("generation", Integer, ForeignKey("generation.id"), primary_key=True),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("mark", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
tag_block = Table(
    "tag_block",
    metadata,
    Column("generation", Integer, ForeignKey("generation.id"), primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("first_record", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("taken_over", Integer, nullable=False),
    Column("evaluated", Integer, nullable=False),
)
