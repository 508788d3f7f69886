"""The files that governance keeps: areas and agencies (TOML), the register of agencies not
connected (CSV).

A file is read whole and strictly, or refused whole; a wrong row is named by its number. What is
read here need not be consistent: ``checks`` judges the draft that it goes into.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import msgspec

from authority import changes
from authority.draft import Draft
from fingerpost.protocol.codes import AgencyKind, CoarseKind
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, NotConnected, PublicFigure
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import read_file

REGISTER_BYTES: Final = 64 * 1024 * 1024
COLUMNS: Final = ("area", "name", "kind", "telephone", "services")


class FigureEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``children``, where the number is published (``source``), and when (``published``)."""

    children: Annotated[int, msgspec.Meta(ge=1, le=20_000_000)]
    source: str
    published: str


class AgencyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``services``: names of coarse kinds, such as ``EDUCATION``. ``seconded_to``: the councils in
    whose multi-agency safeguarding hub its people work. ``public_figure``: what is published about
    the number of its children. Gateways and passport keys come by enrolment.
    """

    id: AgencyId
    name: str
    kind: AgencyKind
    node: MemberId
    services: tuple[str, ...] = ()
    duty_desk: str = ""
    large: bool = False
    seconded_to: tuple[AgencyId, ...] = ()
    public_figure: FigureEntry | None = None


class AreaEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``serving``: agencies of other areas that serve this one too."""

    code: AreaCode
    name: str
    neighbours: tuple[AreaCode, ...] = ()
    serving: tuple[AgencyId, ...] = ()
    agencies: tuple[AgencyEntry, ...] = ()


class AreasFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    areas: tuple[AreaEntry, ...]


def read_areas(path: Path) -> tuple[AreaEntry, ...]:
    """Read areas and agencies. Raises ``Defect``."""
    return settings.load(path, AreasFile).areas


def merge_areas(draft: Draft, entries: tuple[AreaEntry, ...]) -> Draft:
    """Add and replace areas and agencies; remove nothing. Areas come first, so the order of entries
    does not matter.

    Raises:
        Defect: an agency under an area that is not its home, a neighbour or agency that is not
            listed.
    """
    for entry in entries:
        draft = changes.add_area(draft, entry.code, entry.name)
    for entry in entries:
        for agency in entry.agencies:
            if agency.id.area != entry.code:
                raise Defect(f"{agency.id} is listed under {entry.code}, not its home area")
            draft = changes.add_agency(draft, to_agency(agency))
    for entry in entries:
        draft = changes.join_areas(draft, entry.code, entry.neighbours)
        for served_by in entry.serving:
            draft = changes.serve(draft, served_by, (entry.code,))
    return draft


def to_agency(entry: AgencyEntry) -> Agency:
    """Return the agency. Raises ``Defect``."""
    return Agency(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        node=entry.node,
        services=coarse_kinds(entry.services, str(entry.id)),
        duty_desk=entry.duty_desk,
        large=entry.large,
        seconded_to=entry.seconded_to,
        public_figure=_figure(entry),
    )


def _figure(entry: AgencyEntry) -> PublicFigure | None:
    figure = entry.public_figure
    if figure is None:
        return None
    try:
        return PublicFigure(figure.children, figure.source, date.fromisoformat(figure.published))
    except ValueError:
        raise Defect(f"{entry.id}: published: expected a day, such as 2026-01-31") from None


def coarse_kinds(names: tuple[str, ...], where: str) -> tuple[CoarseKind, ...]:
    """Return the kinds by their names. Raises ``Defect``, naming ``where``."""
    try:
        return tuple(CoarseKind[name] for name in names)
    except KeyError:
        raise Defect(f"{where}: a service that the code lists do not have") from None


def read_register(path: Path) -> dict[AreaCode, tuple[NotConnected, ...]]:
    """Return the agencies that are not connected, by area.

    The file is CSV in UTF-8 with the columns ``area, name, kind, telephone, services`` (coarse
    kinds, separated by ``;``).

    Raises:
        Defect: the form is wrong; it names the row.
    """
    try:
        text = read_file(path, most=REGISTER_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Defect(f"{path}: not UTF-8") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise Defect(f"{path}: the first line must be {','.join(COLUMNS)}")
    found: dict[AreaCode, list[NotConnected]] = {}
    try:
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            area, entry = _row(row, where)
            found.setdefault(area, []).append(entry)
    except csv.Error:
        raise Defect(f"{path}: not CSV after line {rows.line_num}") from None
    return {area: tuple(entries) for area, entries in found.items()}


def _row(row: dict[str | None, str | None], where: str) -> tuple[AreaCode, NotConnected]:
    if None in row or None in row.values():
        raise Defect(f"{where}: not {len(COLUMNS)} columns")
    cells = {str(name): (cell or "").strip() for name, cell in row.items()}
    try:
        area = AreaCode(cells["area"].lower())
    except Refused:
        raise Defect(f"{where}: not an area's code") from None
    try:
        kind = AgencyKind(cells["kind"])
    except ValueError:
        raise Defect(f"{where}: not a kind of agency") from None
    if not 1 <= len(cells["name"]) <= 120:
        raise Defect(f"{where}: a name has 1 to 120 characters")
    names = tuple(name.strip() for name in cells["services"].split(";") if name.strip())
    services = coarse_kinds(names, where)
    return area, NotConnected(cells["name"], kind, cells["telephone"], services)
