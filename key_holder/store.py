"""The meter in SQLite: what each member has had evaluated in each period.

An attacker who can change this file can give a member more evaluations than its quota. The audit
log, which is chained, still shows them.
"""

from __future__ import annotations

from sqlalchemy import Engine, column, insert, select, table, update

from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId

# The table as ``migrations`` makes it.
meter = table("meter", column("member"), column("period"), column("elements"))


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
