"""A school's Common Transfer File.

Source: Department for Education, Common transfer file, specification 24. The file says who is a
pupil and since when; whom to ring at the school is stated beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from xml.etree import ElementTree as ET

from deploy.demo.people.agencies import Agency

_AUTHORITY, _SCHOOL = "990", "4001"
"""Numbers of an authority and a school that there are not."""
_STATED: Final = (
    *("kind", "worker_name", "worker_role"),
    *("desk_phone", "desk_email", "hours"),
)


def options(rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return what is stated beside the file: it is the same for all rows of a school."""
    return tuple(part for name in _STATED for part in ("--set", f"{name}={rows[0][name]}"))


def content(agency: Agency, rows: Sequence[Mapping[str, str]], made_on: date) -> bytes:
    file = ET.Element("CTfile")
    header = _with(file, "Header")
    _texts(header, DocumentName="Common Transfer File", CTFversion="24.0")
    _texts(header, DateTime=f"{made_on}T06:30:00")
    source = _texts(_with(header, "SourceSchool"), LEA=_AUTHORITY, Estab=_SCHOOL)
    _texts(source, SchoolName=agency.name)
    pupils = _with(file, "CTFpupilData")
    for row in rows:
        _add_pupil(pupils, row)
    ET.indent(file)
    made: bytes = ET.tostring(file, encoding="utf-8", xml_declaration=True)
    return made


def _add_pupil(pupils: ET.Element, row: Mapping[str, str]) -> None:
    pupil = _texts(_with(pupils, "Pupil"), UPN=row["upn"], Surname=row["surname"])
    _texts(pupil, Forename=row["forename"], DOB=row["dob"], Sex=row["sex"] or "U")
    former, _, surname = row["aliases"].rpartition(" ")
    details = _with(pupil, "BasicDetails")
    _texts(details, FormerSurname=surname, FormerForename=former)
    _texts(details, MiddleNames=row["middle_names"])
    _texts(_with(pupil, "Address"), PostCode=row["postcode"])
    time = _with(_with(pupil, "SchoolHistory"), "School")
    _texts(time, LEA=_AUTHORITY, Estab=_SCHOOL, EntryDate=row["start"], LeavingDate=row["end"])


def _with(element: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(element, name)


def _texts(element: ET.Element, **texts: str) -> ET.Element:
    """Add an element for each text that is not empty, and return the element around them."""
    for name, text in texts.items():
        if text:
            _with(element, name).text = text
    return element
