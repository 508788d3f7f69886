"""The tables as the adaptor reads and writes them; the schema itself is made by the migrations.

An attacker who can change a row can make the node answer CANNOT_ANSWER, but cannot move or make a
sealed row. One who can read the file learns how many children an agency has, when it imported,
which of its records have the same mark or own number, and how many keys a block of records took.
The length of a
row shows no more of a child than that she is not one of the few with very much on record.

``generation.dropped``: no reader sees the generation any more. Its rows are deleted a few at a
time, so that no write lock is held for long.
"""

from __future__ import annotations

from sqlalchemy import Boolean, column, table

agency = table("agency", *map(column, ("agency", "key_check", "last_generation")))
generation = table(
    "generation",
    *map(column, ("id", "agency", "number", "source", "as_of", "started_at", "completed_at")),
    *map(column, ("normalisation_version", "children", "marked", "digest", "census", "quality")),
    *(column(name, Boolean) for name in ("upn", "whole", "dropped")),
)
child = table("child", *map(column, ("generation", "record", "mark", "own", "sealed")))
tag_block = table(
    "tag_block",
    *map(column, ("generation", "epoch", "first_record", "sealed", "taken_over", "evaluated")),
)
