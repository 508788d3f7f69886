"""The desk directory: whom to ring at a team, a school or a worker, joined to the rows of any
export. Pure.

Law: a missing desk never loses a child, and a row that says whom to ring is not overruled. What a
row says of one thing (the desk by day, the duty desk, the desk out of hours, the practitioner)
stays together: the hours of one desk never stand beside the number of another, nor one
practitioner's number or last day beside another's name. A directory that says two things of one
desk, or that does not say whose number and days it has, or that hardly any row meets, refuses the
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.columns import Columns, column_of, squeezed
from agency_node.importing.sources.faults import FileFault, RefusedFile, RowFault
from agency_node.importing.sources.fields import BadField, read_email, read_telephone
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.table import Row, Table
from fingerpost.runtime.screen_text import counted

_DESK: Final = ("desk_phone", "desk_email", "hours", "desk", "staffed_until")
_OUT_OF_HOURS: Final = ("ooh_phone",)
_DUTY: Final = ("duty_phone", "duty_hours")
_WORKER: Final = ("worker_name", "worker_role")
_OF_A_WORKER: Final = ("worker_phone", "worker_hours", "worker_from", "worker_until")
"""Of the practitioner whom the row of the directory names: she must be the one of the export."""
CONTACT: Final = (*_DESK, *_DUTY, *_OUT_OF_HOURS, *_WORKER, *_OF_A_WORKER)
_FAULTS_SHOWN: Final = 20

Desk = Mapping[str, str]
"""Texts by column."""


@dataclass(frozen=True, slots=True)
class _Key:
    """Where the joining column stands in the directory, and in the export: there, one value for all
    rows may stand for it.
    """

    theirs: int
    ours: int | None
    constant: str

    def of(self, cells: Sequence[str]) -> str:
        return _folded(self.constant if self.ours is None else cells[self.ours])


def known(cells: Sequence[str]) -> int:
    """Return how many cells name what a directory says of a desk."""
    return sum(column_of(cell) in CONTACT for cell in cells)


def join(table: Table, directory: Table, columns: Columns, stated: str) -> Table:
    """Return the rows of the export with the desks of the directory.

    Args:
        columns: of the export.
        stated: the joining column, or empty: the one column of the directory that says nothing of
            a desk and stands in the export, too.

    Raises:
        RefusedFile: DESK_KEY_NOT_SHOWN, COLUMN_TWICE, DESK_ROW_NOT_READ, DESK_TWICE,
            WORKER_NOT_NAMED, DESKS_NOT_MET.
    """
    key = _key(table, directory, columns, stated)
    desks = desks_of(directory, key.theirs)
    rows = [row.cells for row in table.rows() if not isinstance(row.cells, Reason)]
    asked = {key.of(cells) for cells in rows} - {""}
    met = len(asked & desks.keys())
    if rows and (not met or 2 * met < len(asked)):
        raise RefusedFile(Reason.DESKS_NOT_MET, f"{met} of {len(asked)}")
    joined = _Joined(table, columns, key, desks)
    remark = f"desk directory with {counted(len(desks), 'desk')}, {met} of {len(asked)} met"
    return replace(table, header=joined.header, rows=joined, remarks=(*table.remarks, remark))


def of_directory(refused: RefusedFile) -> RefusedFile:
    """Return a refusal that says that it is about the directory."""
    return RefusedFile.of(
        [
            replace(fault, column=", ".join(filter(None, ("desk directory", fault.column))))
            for fault in refused.faults
        ]
    )


def _key(table: Table, directory: Table, columns: Columns, stated: str) -> _Key:
    found = []
    for theirs, written in enumerate(directory.header):
        is_stated = bool(stated) and squeezed(written) == squeezed(stated)
        if not written or (stated and not is_stated):
            continue
        if not stated and column_of(written) in CONTACT:
            continue
        ours, constant = _place(table.header, written, columns), columns.constants
        if ours is not None or column_of(written) in constant:
            found.append(_Key(theirs, ours, constant.get(column_of(written), "")))
    if len(found) != 1:
        raise RefusedFile(Reason.DESK_KEY_NOT_SHOWN)
    return found[0]


def _place(header: Sequence[str], written: str, columns: Columns) -> int | None:
    """Return where a column of the directory stands in the export, by its name or by ours."""
    ours = column_of(written)
    for place, name in enumerate(header):
        same = squeezed(name) == squeezed(written)
        if name and (same or (ours and columns.name_of(name) == ours)):
            return place
    return None


def desks_of(directory: Table, theirs: int) -> dict[str, Desk]:
    """Return what the directory says, by the folded text of the joining column."""
    names = [
        "" if place == theirs else column_of(written)
        for place, written in enumerate(directory.header)
    ]
    places = {name: place for place, name in enumerate(names) if name in CONTACT}
    faults = [FileFault(Reason.COLUMN_TWICE, name) for name in places if names.count(name) > 1]
    desks: dict[str, Desk] = {}
    for row in directory.rows():
        line = f"line {row.number}"
        if isinstance(row.cells, Reason) or not _folded(row.cells[theirs]):
            faults.append(FileFault(Reason.DESK_ROW_NOT_READ, line))
            continue
        desk = {name: clean(row.cells[place]) for name, place in places.items()}
        if column_of(directory.header[theirs]) == "worker_name":
            desk["worker_name"] = clean(row.cells[theirs])
        if any(desk.get(name) for name in _OF_A_WORKER) and not desk.get("worker_name"):
            faults.append(FileFault(Reason.WORKER_NOT_NAMED, line))
        if desks.setdefault(_folded(row.cells[theirs]), desk) != desk:
            faults.append(FileFault(Reason.DESK_TWICE, line))
    if faults:
        raise RefusedFile.of(faults[:_FAULTS_SHOWN])
    return desks


class _Joined:
    """The rows, joined. Each call begins anew."""

    def __init__(
        self, table: Table, columns: Columns, key: _Key, desks: Mapping[str, Desk]
    ) -> None:
        names = [columns.name_of(written) if written else "" for written in table.header]
        self._rows = table.rows
        self._key = key
        self._desks = desks
        self._own = {name: place for place, name in enumerate(names) if name and name in CONTACT}
        # A column that only joins is read here and nowhere else.
        self._kept = [n for n, name in enumerate(names) if n != key.ours or name is not None]
        said = {name for desk in desks.values() for name in desk}
        self._added = [name for name in CONTACT if name in said and name not in self._own]
        self.header = (*(table.header[place] for place in self._kept), *self._added)

    def __call__(self) -> Iterator[Row]:
        for row in self._rows():
            yield row if isinstance(row.cells, Reason) else self._joined(row, row.cells)

    def _joined(self, row: Row, cells: Sequence[str]) -> Row:
        says = {name: clean(cells[place]) for name, place in self._own.items()}
        desk, remarks = self._desks.get(self._key.of(cells)), row.remarks
        if desk is None and not _says_desk(says):
            remarks = (*remarks, RowFault(row.number, "desk_phone", Reason.NO_DESK))
        desk = desk or {}
        if _is_of_another(desk, says):
            remarks = (*remarks, RowFault(row.number, "worker_name", Reason.ANOTHER_WORKER))
        taken = says | {name: text for name, text in _offered(desk, says) if text}
        written = list(cells)
        for name, place in self._own.items():
            written[place] = taken[name]
        kept = (written[place] for place in self._kept)
        added = (taken.get(name, "") for name in self._added)
        return replace(row, cells=(*kept, *added), remarks=remarks)


def _offered(desk: Desk, says: Desk) -> Iterator[tuple[str, str]]:
    """Yield what the directory says of each thing of which the row says nothing."""
    for names, is_said in _THINGS:
        if not is_said(says):
            yield from ((name, desk.get(name, "")) for name in names)
    if not _is_of_another(desk, says):
        yield from ((name, desk.get(name, "")) for name in _OF_A_WORKER if not says.get(name))


def _is_of_another(desk: Desk, says: Desk) -> bool:
    """Return whether the directory says something of a practitioner other than the row's own."""
    theirs, ours = _folded(desk.get("worker_name", "")), _folded(says.get("worker_name", ""))
    return bool(ours and theirs != ours) and any(desk.get(name) for name in _OF_A_WORKER)


def _says_desk(says: Desk) -> bool:
    """Return whether a row has a number or an address that can be used."""
    phone, email = says.get("desk_phone", ""), says.get("desk_email", "")
    return _is_read(phone, read_telephone) or _is_read(email, read_email)


def _says_out_of_hours(says: Desk) -> bool:
    return _is_read(says.get("ooh_phone", ""), read_telephone)


def _says_duty(says: Desk) -> bool:
    return _is_read(says.get("duty_phone", ""), read_telephone)


def _says_worker(says: Desk) -> bool:
    return any(says.get(name) for name in _WORKER)


_THINGS: Final[tuple[tuple[tuple[str, ...], Callable[[Desk], bool]], ...]] = (
    (_DESK, _says_desk),
    (_DUTY, _says_duty),
    (_OUT_OF_HOURS, _says_out_of_hours),
    (_WORKER, _says_worker),
)


def _is_read(text: str, reader: Callable[[str], str]) -> bool:
    try:
        return bool(text and reader(text))
    except BadField:
        return False


def _folded(text: str) -> str:
    return " ".join(clean(text).casefold().split())
