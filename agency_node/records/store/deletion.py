"""How rows go: a few in each transaction, so that no lock on the database lasts; gone for every reader before that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine, delete, select

from agency_node.records.store import tables
from fingerpost.protocol.ids import AgencyId, EpochNumber
from fingerpost.runtime.database import reading

_ROWS_AT_ONCE: Final = 1000


def sweep(engine: Engine, agency: AgencyId) -> None:
    """Deletes the rows of dropped generations, a few at a time."""
    dropped = select(tables.generation.c.id, tables.generation.c.children).where(
        tables.generation.c.agency == agency.value, tables.generation.c.dropped.is_(True)
    )
    with reading(engine) as connection:
        rows = connection.execute(dropped).all()
    for row in rows:
        for first in range(0, row.children, _ROWS_AT_ONCE):
            with engine.begin() as connection:
                connection.execute(
                    delete(tables.child).where(
                        tables.child.c.generation == row.id,
                        tables.child.c.record >= first,
                        tables.child.c.record < first + _ROWS_AT_ONCE,
                    )
                )
                connection.execute(
                    delete(tables.tag_block).where(
                        tables.tag_block.c.generation == row.id,
                        tables.tag_block.c.first_record >= first,
                        tables.tag_block.c.first_record < first + _ROWS_AT_ONCE,
                    )
                )
        with engine.begin() as connection:
            connection.execute(delete(tables.generation).where(tables.generation.c.id == row.id))


def forget_epochs(engine: Engine, keep: Sequence[EpochNumber]) -> None:
    """Deletes the tags of all other epochs."""
    block = tables.tag_block.c
    over = block.epoch.not_in([epoch.value for epoch in keep])
    keys = select(block.generation, block.epoch, block.first_record).where(over)
    while True:
        with engine.begin() as connection:
            some = connection.execute(keys.limit(_ROWS_AT_ONCE // 10)).all()
            for generation, epoch, first in some:
                connection.execute(
                    delete(tables.tag_block).where(
                        block.generation == generation,
                        block.epoch == epoch,
                        block.first_record == first,
                    )
                )
        if not some:
            return
