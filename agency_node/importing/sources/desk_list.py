"""A desk directory read by itself: which desks it has, and what is stale in it. Pure.

Law: it is read as an import reads it, so that what is shown here is what an import would store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from agency_node.importing.sources import desks
from agency_node.importing.sources.child_row import ChildRow, How
from agency_node.importing.sources.columns import Columns, Layout, column_of, squeezed
from agency_node.importing.sources.faults import RefusedFile, RowFault
from agency_node.importing.sources.judging import Stated, judge
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.shapes import Tally
from agency_node.importing.sources.table import Table
from agency_node.records.records import Involvement

_BARE = {"kind": "EDU_SCHOOL", "status": "OPEN"}
"""What an involvement has and a desk has not. Neither says whom to ring."""


@dataclass(frozen=True, slots=True, repr=False)
class ListedDesk:
    """One line of a directory. ``name``: what its joining column says. ``row``: whom to ring."""

    line: int
    name: str
    row: Involvement

    def stale(self, today: date) -> str:
        """Return what is out of date; empty for nothing. It names no practitioner."""
        said = []
        if self.row.worker_until is not None and self.row.worker_until < today:
            said.append(f"practitioner left on {self.row.worker_until}")
        if self.row.staffed_until:
            last = datetime.fromtimestamp(self.row.staffed_until - 1, UTC).date()
            if last < today:
                said.append(f"desk not staffed since {last}")
        return "; ".join(said)

    def __repr__(self) -> str:
        return f"ListedDesk(line {self.line})"


def list_desks(
    directory: Table, key: str, *, as_of: date, stated: Stated
) -> tuple[tuple[ListedDesk, ...], tuple[RowFault, ...]]:
    """Return the desks of a directory, and what of them could not be read.

    Args:
        key: the column by which exports are joined; empty for the first that is none of a desk.

    Raises:
        RefusedFile: as an import that is joined with it.
    """
    place = _place(directory.header, key)
    names = tuple(
        "" if n == place and column_of(written) != "worker_name" else column_of(written)
        for n, written in enumerate(directory.header)
    )
    names = tuple(name if name in desks.CONTACT else "" for name in names)
    desks.desks_of(directory, place)
    layout = Layout(names, frozenset(), Columns())
    dates = judge(directory, layout, as_of, stated)
    remarks: list[RowFault] = []
    found = tuple(_listed(directory, layout, place, How(dates, stated, as_of), remarks))
    return found, tuple(remarks)


def _listed(
    directory: Table, layout: Layout, place: int, how: How, remarks: list[RowFault]
) -> Iterator[ListedDesk]:
    tally = Tally()
    for row in directory.rows():
        if isinstance(row.cells, Reason):  # refused before
            continue
        cells: Mapping[str, str] = {**_BARE, **layout.cells(row.cells)}
        read = ChildRow(row.number, cells, how, remarks, tally)
        involvement, _ = read.involvement(None, shielded=False)
        yield ListedDesk(row.number, row.cells[place].strip(), involvement)


def _place(header: Sequence[str], key: str) -> int:
    wanted = [
        n
        for n, written in enumerate(header)
        if written
        and (squeezed(written) == squeezed(key) if key else column_of(written) not in desks.CONTACT)
    ]
    if not wanted:
        raise RefusedFile(Reason.DESK_KEY_NOT_SHOWN)
    return wanted[0]
