"""A school's Common Transfer File.

Source: Department for Education, Common transfer file, specification 24. The file says who is a
pupil and since when; whom to ring at the school is stated beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from xml.etree import ElementTree as ET

from deploy.demo.people.agencies import Agency
from deploy.demo.people.exports import Row

_AUTHORITY, _SCHOOL = "990", "4001"
"""Numbers of an authority and a school that there are not."""
_STATED: Final = ("kind", "worker_name", "worker_role", "desk_phone", "desk_email", "hours")


def options(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what is stated beside the file: it is the same for all rows of a school."""
    return tuple(part for name in _STATED for part in ("--set", f"{name}={rows[0][name]}"))


def content(agency: Agency, rows: Sequence[Row], made_on: date) -> bytes:
    file = ET.Element("CTfile")
    header = ET.SubElement(file, "Header")
    _texts(header, DocumentName="Common Transfer File", CTFversion="24.0")
    _texts(header, DateTime=f"{made_on}T06:30:00")
    source = ET.SubElement(header, "SourceSchool")
    _texts(source, LEA=_AUTHORITY, Estab=_SCHOOL, SchoolName=agency.name)
    pupils = ET.SubElement(file, "CTFpupilData")
    for row in rows:
        _add_pupil(pupils, row)
    ET.indent(file)
    made: bytes = ET.tostring(file, encoding="utf-8", xml_declaration=True)
    return made


def _add_pupil(pupils: ET.Element, row: Row) -> None:
    pupil = ET.SubElement(pupils, "Pupil")
    _texts(pupil, UPN=row["upn"], Surname=row["surname"], Forename=row["forename"])
    _texts(pupil, DOB=row["dob"], Sex=row["sex"] or "U")
    former, _, surname = row["aliases"].rpartition(" ")
    details = ET.SubElement(pupil, "BasicDetails")
    _texts(details, FormerSurname=surname, FormerForename=former, MiddleNames=row["middle_names"])
    _texts(ET.SubElement(pupil, "Address"), PostCode=row["postcode"])
    time = ET.SubElement(ET.SubElement(pupil, "SchoolHistory"), "School")
    _texts(time, LEA=_AUTHORITY, Estab=_SCHOOL, EntryDate=row["start"], LeavingDate=row["end"])


def _texts(element: ET.Element, **texts: str) -> None:
    """Add an element for each text that is not empty."""
    for name, text in texts.items():
        if text:
            ET.SubElement(element, name).text = text
