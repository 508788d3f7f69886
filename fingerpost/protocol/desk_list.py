"""The desks of one agency as a document that can be passed on: for its own directory on paper.

Law: it names desks, and no child and no practitioner. It is not signed: whoever prints it in a
directory has it from her own agency.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId

VERSION: Final = 1
MOST_DESKS: Final = 5_000
_Short = Annotated[str, Meta(max_length=200)]


class DeskEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One desk. ``name`` is a team or a service; numbers and ``hours`` may be empty."""

    name: _Short
    telephone: _Short
    hours: _Short
    duty_desk: _Short
    out_of_hours: _Short
    email: _Short


class DeskList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All desks of an agency, as of a day."""

    version: int
    agency: _Short
    as_of: date
    desks: Annotated[tuple[DeskEntry, ...], Meta(max_length=MOST_DESKS)]


def write_desks(agency: AgencyId, as_of: date, desks: tuple[DeskEntry, ...]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(DeskList(VERSION, str(agency), as_of, desks)))


def read_desks(data: bytes) -> DeskList:
    """Read what ``write_desks`` wrote.

    Raises:
        Defect: it does not have this form, or has another version.
    """
    try:
        found = msgspec.json.decode(data, type=DeskList)
    except msgspec.DecodeError:
        raise Defect("not a list of desks, as `fingerpost-node desks --out` writes it") from None
    if found.version != VERSION:
        raise Defect("a list of desks of another version")
    return found
