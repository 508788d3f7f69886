"""The meter in SQLite: what each member has had evaluated in each period.

A meter that was put back, or changed by anything but its program, would give a member more
evaluations than its quota. It is refused (``runtime.summed_rows``) until a person adopts it, on
record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, Row, column, select, table, tuple_

from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Workload
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.summed_rows import Change, SummedRows
from fingerpost.runtime.witness import Adopted, RecordAdoption, WitnessFolder, unrecorded
from key_holder.migrations import REVISIONS
from key_holder.quota import Allowance, Count, Period

# The table as ``migrations`` makes it.
counts = table(
    "counts",
    *map(column, ("member", "workload", "number", "rules", "week")),
    *map(column, ("elements", "growth", "refused")),
)
_C: Final = counts.c
_KEY: Final = (_C.member, _C.workload, _C.number, _C.rules, _C.week)
METER: Final = "meter"
"""The name of its witness."""
KEEP_EPOCHS: Final = 8
KEEP_WEEKS: Final = 60


class SqlMeter:
    """Implements ``ports.Meter``.

    Raises:
        PutBack: from ``charge``: the meter is not the newest that was written.
    """

    def __init__(self, engine: Engine, witness: WitnessFolder) -> None:
        self._rows = SummedRows(
            engine,
            [counts],
            witness.of(METER),
            what="the meter",
            remedy="Adopt it: fingerpost-key-holder adopt-meter",
        )

    @classmethod
    @contextmanager
    def open(cls, path: Path, witness: WitnessFolder, *, adopt: bool = False) -> Iterator[Self]:
        """Open the meter at ``path``, made and migrated.

        Args:
            adopt: the caller adopts it. Otherwise it must be the newest that was written.

        Raises:
            PutBack: it is not.
            Defect: it does not open.
        """
        engine = open_migrated(path, REVISIONS)
        try:
            meter = cls(engine, witness)
            if not adopt:
                meter.require_whole()
            yield meter
        finally:
            engine.dispose()

    def require_whole(self) -> None:
        """Raises ``PutBack``: the meter is not the newest that was written."""
        self._rows.require_whole()

    def adopt(self, record: RecordAdoption = unrecorded) -> Adopted:
        """Accept the meter as it is."""
        return self._rows.adopt(record)

    def charge(self, member: MemberId, allowance: Allowance, amount: int) -> None:
        period, refusal = allowance.period, None
        with self._rows.changing() as change:
            known = _known(change.connection, member, period)
            new = all(each.period != period for each in known)
            try:
                count = allowance.charge(known, amount)
            except Refused as refused:
                refusal = refused
                count = allowance.refuse(known)
            if new or count not in known:  # a second refusal costs no write
                _put(change, member, count)
            if new:
                _forget(change, member, period)
        if refusal is not None:
            raise refusal

    def counted(self) -> Mapping[MemberId, tuple[Count, ...]]:
        with reading(self._rows.engine) as connection:
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


def _put(change: Change, member: MemberId, count: Count) -> None:
    period = count.period
    key = (member.value, period.workload.value, period.number, period.rules, period.week)
    change.delete(counts, tuple_(*_KEY) == key)
    values = (*key, count.elements, count.growth, int(count.refused))
    change.insert(counts, [dict(zip(counts.c.keys(), values, strict=True))])


def _forget(change: Change, member: MemberId, period: Period) -> None:
    """Delete what no quota and no report needs any more: of bulk by epochs and not by the clock,
    since a wrong clock must not make a node one that begins.
    """
    mine = (_C.member == member.value) & (_C.workload == period.workload.value)
    if period.workload is Workload.BULK:
        old = _C.number <= period.number - KEEP_EPOCHS
    else:
        old = _C.week <= period.week - KEEP_WEEKS
    change.delete(counts, mine & old)
