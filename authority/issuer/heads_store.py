"""The heads that members have left, in one SQLite file: envelopes as they came.

The issuer cannot read them, since each is sealed to its member. Whoever can change this file can
lose what was left, and can make nothing up: the member verifies its own signature. An earlier copy
that is put back, and a row that is changed or gone, are noticed (``runtime.summed_rows``) and
reported; the issuer goes on with what is there, since members must be able to leave more. What is
old is thinned out (``rules.outdated_heads``), so that the number of members bounds the file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import column, func, select, table

from authority.issuer.migrations import REVISIONS
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.database import open_migrated, reading
from fingerpost.runtime.summed_rows import SummedRows
from fingerpost.runtime.witness import Fault, PutBack, Witness

# The table as ``migrations`` makes it.
_HEADS: Final = table("heads", *map(column, ("member", "part", "issued_at", "envelope")))
_C: Final = _HEADS.c


class HeadsStore:
    """Implements ``service.Heads``. Thread-safe.

    The file is opened, or made, when it is first used: a full disk must not delay a suspension.

    Attributes:
        fault: why the file was not the newest when it was opened; None where it was.
    """

    def __init__(
        self, path: Path, witness: Witness, report: Callable[[Fault], object] | None = None
    ) -> None:
        """
        Args:
            report: is told the fault of a file that was put back, which is then gone on from.
                Without it, such a file is read and not written.
        """
        self.fault: Fault | None = None
        self._path = path
        self._witness = witness
        self._report = report
        self._opened: SummedRows | None = None
        self._opening = threading.Lock()

    @property
    def _rows(self) -> SummedRows:
        with self._opening:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def _open(self) -> SummedRows:
        engine = open_migrated(self._path, REVISIONS)
        rows = SummedRows(
            engine,
            [_HEADS],
            self._witness,
            what="the heads that members have left",
            remedy="The issuer goes on with what is there",
        )
        try:
            rows.require_whole()
        except PutBack as put_back:
            self.fault = put_back.fault
            if self._report is not None:
                rows.adopt()
                self._report(put_back.fault)
        except BaseException:
            engine.dispose()
            raise
        return rows

    def close(self) -> None:
        if self._opened is not None:
            self._opened.engine.dispose()

    def times(self, member: MemberId, part: int) -> tuple[int, ...]:
        query = select(_C.issued_at).where(_C.member == member.value, _C.part == part)
        with reading(self._rows.engine) as connection:
            return tuple(connection.execute(query.order_by(_C.issued_at)).scalars())

    def put(
        self, member: MemberId, part: int, issued_at: int, envelope: bytes, drop: Sequence[int]
    ) -> None:
        mine = (_C.member == member.value) & (_C.part == part)
        row = {"member": member.value, "part": part, "issued_at": issued_at, "envelope": envelope}
        with self._rows.changing() as change:
            change.delete(_HEADS, mine & _C.issued_at.in_(drop))
            change.insert(_HEADS, [row])

    def before(
        self, member: MemberId, part: int, before: int, most_bytes: int
    ) -> tuple[bytes, ...]:
        mine = (_C.member == member.value) & (_C.part == part) & (_C.issued_at < before)
        query = select(_C.envelope).where(mine).order_by(_C.issued_at.desc())
        found: list[bytes] = []
        with reading(self._rows.engine) as connection:
            for envelope in connection.execute(query).scalars():
                most_bytes -= len(envelope)
                if most_bytes < 0:
                    break
                found.append(envelope)
        return tuple(found)

    def newest(self) -> tuple[tuple[MemberId, int, int], ...]:
        """Return each member that has left something, how often, and when last."""
        query = select(_C.member, func.count(), func.max(_C.issued_at)).group_by(_C.member)
        with reading(self._rows.engine) as connection:
            rows = connection.execute(query.order_by(_C.member)).all()
        return tuple((MemberId(member), count, last) for member, count, last in rows)
