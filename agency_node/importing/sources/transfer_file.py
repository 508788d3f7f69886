"""The Common Transfer File (CTF), in which schools of England and Wales hand pupils on. Pure.

Law: whatever stands among the pupils is a row, with cells or with the reason why there are none.
What an element says of a pupil is read where it stands once, and else refuses her row.

The format has no element that says that a child is protected, so no row is shielded by it. A pupil
whose history has an end at the school that made the file is not open.

Source: Department for Education, Common transfer file, specifications 15 to 24. From 23 on the
element ``Gender`` is ``Sex``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from agency_node.importing.sources.elements import read_elements
from agency_node.importing.sources.faults import RefusedFile, RowFault
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.table import Row, Table
from fingerpost.runtime.screen_text import counted

_PUPILS: Final = "/ctfile/ctfpupildata"
_PUPIL: Final = f"{_PUPILS}/pupil"
_SCHOOL: Final = f"{_PUPIL}/schoolhistory/school"
_SOURCE: Final = "/ctfile/header/sourceschool"
_IDS: Final = ("lea", "estab", "urn")
_OF_A_PUPIL: Final[Mapping[str, str]] = {
    "upn": "upn",
    "surname": "surname",
    "forename": "forename",
    "dob": "dob",
    "sex": "sex",
    "gender": "gender",
    "middlenames": "middle_names",
    "preferredsurname": "preferred_surname",
    "preferredforename": "preferred_forename",
    "formersurname": "former_surname",
    "formerforename": "former_forename",
}
_FIELDS: Final[Mapping[str, str]] = {
    "/ctfile/header/datetime": "made",
    **{f"{_SOURCE}/{name}": name for name in _IDS},
    **{f"{_PUPIL}/{name}": column for name, column in _OF_A_PUPIL.items()},
    **{f"{_PUPIL}/basicdetails/{name}": column for name, column in _OF_A_PUPIL.items()},
    f"{_PUPIL}/address/postcode": "postcode",
    f"{_PUPIL}/address/bs7666address/postcode": "postcode",
    **{f"{_SCHOOL}/{name}": name for name in _IDS},
    f"{_SCHOOL}/entrydate": "start",
    f"{_SCHOOL}/leavingdate": "end",
    f"{_SCHOOL}/leavingreason": "left",
}
"""What is read, by the place of its element. All else is left out: attendance, needs, results."""
_ALWAYS: Final = ("local_id", "upn", "status", "start", "end")
_NEEDED: Final = ("surname", "forename", "dob")
_COLUMNS: Final = (
    *_ALWAYS,
    *_NEEDED,
    *("sex", "middle_names", "preferred_surname", "preferred_forename"),
    *("former_surname", "former_forename", "postcode", "former_postcodes"),
)

_Ids = frozenset[tuple[str, ...]]


def read_transfer_file(text: str) -> Table:
    """Read a CTF: one row for each pupil, whose number is her place in the file.

    A column that is empty for all pupils is not there, so that a file without surnames is refused
    as one without that column.

    Raises:
        RefusedFile: as ``read_elements``.
    """
    read = _Reader()
    read_elements(text, read)
    own = _ids(read.header)
    cells = [pupil.cells(own) for pupil in read.pupils]
    had = {column for found in cells for column, text in found.items() if text}
    columns = tuple(c for c in _COLUMNS if c in _ALWAYS or c in had or not cells)
    rows = [
        pupil.row(number, found, columns)
        for number, (pupil, found) in enumerate(zip(read.pupils, cells, strict=True), 1)
    ]
    known = sum(bool(pupil.times(own)) for pupil in read.pupils)
    remarks = (
        "Common Transfer File, each line a pupil, counted from 1",
        f"of {counted(len(rows), 'pupil')}, {counted(known, 'has', 'have')} this school in their "
        "history",
    )
    return Table(columns, lambda: iter(rows), remarks, _day(read.header.get("made", "")))


@dataclass(slots=True, repr=False)
class _Pupil:
    """A pupil while she is read: her texts by column, her schools, and what is wrong."""

    reason: Reason | None = None
    column: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    schools: list[dict[str, str]] = field(default_factory=list)

    def times(self, own: _Ids) -> list[dict[str, str]]:
        """Return her times at the school that made the file."""
        return [school for school in self.schools if own & _ids(school)]

    def cells(self, own: _Ids) -> dict[str, str]:
        """Return her cells. Of several times at the school, one without an end counts, or else the
        last.
        """
        found = dict(self.texts)
        gender = found.pop("gender", "")
        if gender and not found.get("sex"):
            found["sex"] = gender
        time = max(self.times(own), key=_until, default={})
        over = time.get("left") and not time.get("end")
        return found | {
            "local_id": "".join(found.get("upn", "").split()).upper(),
            "status": "CLOSED" if over else "OPEN",
            "start": time.get("start", ""),
            "end": time.get("end", ""),
        }

    def row(self, number: int, cells: Mapping[str, str], columns: Sequence[str]) -> Row:
        text = "\t".join(self.texts.values())
        if self.reason is not None:
            return Row(number, self.reason, text, self.column)
        missing = tuple(
            RowFault(number, column, Reason.ELEMENT_MISSING)
            for column in _NEEDED
            if column in columns and not cells.get(column)
        )
        return Row(number, tuple(cells.get(column, "") for column in columns), text, "", missing)

    def fault(self, reason: Reason, key: str) -> None:
        if self.reason is None:
            self.reason, self.column = reason, key if key in _COLUMNS else ""


class _Reader:
    """Implements ``elements.Elements``."""

    def __init__(self) -> None:
        self.header: dict[str, str] = {}
        self.pupils: list[_Pupil] = []
        self._pupil = _Pupil()

    def root(self, name: str) -> None:
        if name != "ctfile":
            raise RefusedFile(Reason.XML_OTHER)

    def is_read(self, place: str) -> bool:
        return place in _FIELDS

    def opened(self, place: str, above: str, name: str) -> None:
        if above == _PUPILS or name == "pupil":
            found = _Pupil(None if place == _PUPIL else Reason.NOT_A_PUPIL)
            self.pupils.append(found)
            if above == _PUPILS:
                self._pupil = found
        elif place == _SCHOOL:
            self._pupil.schools.append({})

    def closed(self, place: str, text: str) -> None:
        key = _FIELDS[place]
        if not place.startswith(_PUPIL):
            self.header.setdefault(key, text)
            return
        into = self._pupil.schools[-1] if place.startswith(_SCHOOL) else self._pupil.texts
        had = into.get(key)
        if not had:
            into[key] = text
        elif text in ("", had):
            return
        elif key == "postcode":  # of a second address, which may find her as well
            into["former_postcodes"] = ";".join(filter(None, (into.get("former_postcodes"), text)))
        else:
            self._pupil.fault(Reason.ELEMENT_NOT_READ, key)

    def holds_others(self, place: str) -> None:
        if place.startswith(_PUPIL):
            self._pupil.fault(Reason.ELEMENT_NOT_READ, _FIELDS.get(place, ""))


def _until(time: Mapping[str, str]) -> tuple[str, bool]:
    return time.get("end") or "~", not time.get("left")


def _ids(school: Mapping[str, str]) -> _Ids:
    """Return by what a school is known: its number in its authority, and its national one."""
    lea, estab, urn = (school.get(name, "") for name in _IDS)
    return frozenset(filter(all, ((lea, estab), (urn,))))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
