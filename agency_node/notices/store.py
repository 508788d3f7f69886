"""``notices.ports.NoticesStore`` in a database.

All rows are sealed at one size, and there are as many as lookups that opened in 90 days. An
attacker who can change the file can lose knocks, so that a desk is not told: the lookups stand in
the agency's log all the same. One who reads it with the key learns how soon which lookup was to be
told of, and from which area it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Engine, func, select, table

from agency_node.notices.lanes import Lane
from agency_node.notices.migrations import NOTICES
from agency_node.notices.ports import KEPT_SECONDS, Channel, Delivery, Notice, Outcome, Reply
from agency_node.reading.ports import Rest, in_steps, never_rest
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import empty_journal, open_migrated, reading
from fingerpost.runtime.sealed_rows import SealedTable

ROW_SIZES: Final = (256,)


class _Notice(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: bytes
    agency: str
    lane: int
    at: int
    child: bytes
    area: str
    told_at: int
    seen_at: int
    outcome: int

    def __repr__(self) -> str:
        return "_Notice(…)"


class _Delivery(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    agency: str
    channel: int
    reply: int
    failures: int
    not_before: int
    taken_at: int
    failing_since: int

    def __repr__(self) -> str:
        return "_Delivery(…)"


class SqlNotices:
    """Implements ``ports.NoticesStore``. Raises ``StoreFailed``, a ``Defect``."""

    def __init__(self, engine: Engine, key: bytes) -> None:
        """``key``: 32 bytes, secret; the keys of the table are derived from it."""
        self._engine = engine
        self._notices = SealedTable("notice", _Notice, key, ROW_SIZES)
        self._deliveries = SealedTable("delivery", _Delivery, key, ROW_SIZES)
        with reading(engine) as connection:
            self._notices.require_key(connection)

    def add(self, notices: Sequence[Notice]) -> None:
        with self._engine.begin() as connection:
            for each in notices:
                if self._notices.get(connection, *_parts(each)) is None:
                    self._notices.put(connection, _written(each), *_parts(each))

    def all(self, rest: Rest = never_rest) -> tuple[Notice, ...]:
        with reading(self._engine) as connection:
            return tuple(_read(row) for row in in_steps(self._notices.each(connection), rest))

    def of(self, agency: AgencyId) -> tuple[Notice, ...]:
        found = (each for each in self.all() if each.agency == agency)
        return tuple(sorted(found, key=lambda each: (-each.at, each.query)))

    def count(self) -> int:
        query = select(func.count()).select_from(table("notice"))
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def change(self, notices: Sequence[Notice], change: Callable[[Notice], Notice]) -> None:
        with self._engine.begin() as connection:
            for each in notices:
                row = self._notices.get(connection, *_parts(each))
                if row is not None:
                    self._notices.put(connection, _written(change(_read(row))), *_parts(each))

    def deliveries(self) -> tuple[Delivery, ...]:
        with reading(self._engine) as connection:
            return tuple(map(_delivery, self._deliveries.records(connection)))

    def keep_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        with self._engine.begin() as connection:
            for each in deliveries:
                row = _Delivery(
                    each.agency.value,
                    each.channel.value,
                    each.reply.value,
                    each.failures,
                    each.not_before,
                    each.taken_at,
                    each.failing_since,
                )
                parts = each.agency.value.encode("ascii"), bytes([each.channel.value])
                self._deliveries.put(connection, row, *parts)

    def forget_due(self, reached: float) -> None:
        with self._engine.begin() as connection:
            for row in self._notices.records(connection):
                if row.at <= int(reached) - KEPT_SECONDS:
                    self._notices.remove(connection, *_parts(_read(row)))
        empty_journal(self._engine)  # it still holds the pages as they were

    def close(self) -> None:
        self._engine.dispose()


def _parts(notice: Notice) -> tuple[bytes, ...]:
    return notice.query, notice.agency.value.encode("ascii")


def _written(notice: Notice) -> _Notice:
    return _Notice(
        notice.query,
        notice.agency.value,
        notice.lane.value,
        notice.at,
        notice.child,
        notice.area,
        notice.told_at,
        notice.seen_at,
        notice.outcome.value if notice.outcome else 0,
    )


def _read(row: _Notice) -> Notice:
    return Notice(
        row.query,
        AgencyId(row.agency),
        Lane(row.lane),
        row.at,
        row.child,
        row.area,
        row.told_at,
        row.seen_at,
        Outcome(row.outcome) if row.outcome else None,
    )


def _delivery(row: _Delivery) -> Delivery:
    return Delivery(
        AgencyId(row.agency),
        Channel(row.channel),
        Reply(row.reply),
        row.failures,
        row.not_before,
        row.taken_at,
        row.failing_since,
    )


def open_notices(path: Path, key: bytes) -> SqlNotices:
    """Open the notices in SQLite at ``path``, made and migrated. Raises ``Defect``."""
    return SqlNotices(open_migrated(path, NOTICES), key)
