"""The meter in SQLite: what each member has had evaluated in each period.

An attacker who can change this file can give a member more evaluations than its quota. The audit
log, which is chained, still shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, column, delete, select, table
from sqlalchemy.dialects import sqlite

from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.database import reading
from key_holder.quota import Allowance, Count, Period

# The table as ``migrations`` makes it.
counts = table(
    "counts",
    *map(column, ("member", "workload", "number", "rules", "week")),
    *map(column, ("elements", "growth", "refused")),
)
_C: Final = counts.c
_KEY: Final = (_C.member, _C.workload, _C.number, _C.rules, _C.week)
KEEP_EPOCHS: Final = 8
KEEP_WEEKS: Final = 60


class SqlMeter:
    """Implements ``ports.Meter``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def charge(self, member: MemberId, allowance: Allowance, amount: int) -> None:
        period, refusal = allowance.period, None
        with self._engine.begin() as connection:
            known = _known(connection, member, period)
            new = all(each.period != period for each in known)
            try:
                count = allowance.charge(known, amount)
            except Refused as refused:
                refusal = refused
                count = allowance.refuse(known)
            if new or count not in known:  # a second refusal costs no write
                _put(connection, member, count)
            if new:
                _forget(connection, member, period)
        if refusal is not None:
            raise refusal

    def counted(self) -> Mapping[MemberId, tuple[Count, ...]]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(counts).order_by(*_KEY)).all()
        found: dict[MemberId, tuple[Count, ...]] = {}
        for row in rows:
            member = MemberId(row.member)
            found[member] = (*found.get(member, ()), _count(row))
        return found


def _known(connection: Connection, member: MemberId, period: Period) -> list[Count]:
    """Return the counts of a member that a quota depends on."""
    mine = (_C.member == member.value) & (_C.workload == period.workload.value)
    if period.workload is Workload.LOOKUP:
        mine &= _C.number == period.number
    return [_count(row) for row in connection.execute(select(counts).where(mine))]


def _count(row: Row[Any]) -> Count:
    period = Period(Workload(row.workload), row.number, row.rules, row.week)
    return Count(period, row.elements, row.growth, bool(row.refused))


def _put(connection: Connection, member: MemberId, count: Count) -> None:
    period = count.period
    changed = {"elements": count.elements, "growth": count.growth, "refused": count.refused}
    connection.execute(
        sqlite.insert(counts)
        .values(
            member=member.value,
            workload=period.workload.value,
            number=period.number,
            rules=period.rules,
            week=period.week,
            **changed,
        )
        .on_conflict_do_update(index_elements=_KEY, set_=changed)
    )


def _forget(connection: Connection, member: MemberId, period: Period) -> None:
    """Delete what no quota and no report needs any more: of bulk by epochs and not by the clock,
    since a wrong clock must not make a node one that begins.
    """
    mine = (_C.member == member.value) & (_C.workload == period.workload.value)
    if period.workload is Workload.BULK:
        old = _C.number <= period.number - KEEP_EPOCHS
    else:
        old = _C.week <= period.week - KEEP_WEEKS
    connection.execute(delete(counts).where(mine & old))
