"""The meter in SQLite: what each member has had evaluated in each period.

An attacker who can change this file can give a member more evaluations than its quota. The audit
log, which is chained, still shows them.
"""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, select, update
from sqlalchemy.dialects.sqlite import insert

from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId

metadata = MetaData()
meter = Table(
    "meter",
    metadata,
    Column("member", String(40), primary_key=True),
    Column("period", String(40), primary_key=True),
    Column("elements", Integer, nullable=False),
)


class SqlMeter:
    """Implements ``ports.Meter``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def charge(self, member: MemberId, period: str, amount: int, most: int) -> None:
        row = (meter.c.member == member.value) & (meter.c.period == period)
        with self._engine.begin() as connection:
            used = connection.execute(select(meter.c.elements).where(row)).scalar_one_or_none()
            if (used or 0) + amount > most:
                raise Refused(Code.QUOTA, "evaluations")
            if used is None:
                connection.execute(
                    insert(meter).values(member=member.value, period=period, elements=amount)
                )
            else:
                connection.execute(update(meter).where(row).values(elements=used + amount))
