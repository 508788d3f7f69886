"""The files that governance keeps: areas and agencies (TOML), the register of agencies not
connected (CSV).

A file is read whole and strictly, or refused whole. All wrong rows of the register are named at
once, each by line, column and reason; what its form proves is mended, and said. What is read here
need not be consistent: ``checks`` judges the draft that it goes into.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
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
from fingerpost.protocol.telephones import BadTelephone, read_telephone
from fingerpost.runtime import settings
from fingerpost.runtime.files import read_file

REGISTER_BYTES: Final = 64 * 1024 * 1024
COLUMNS: Final = ("area", "name", "kind", "telephone", "services")
_NAMED: Final = 50
"""Wrong rows that a refusal names."""


class FigureEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``children``, where the number is published (``source``), and when (``published``)."""

    children: Annotated[int, msgspec.Meta(ge=1, le=20_000_000)]
    source: str
    published: str


class AgencyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``services``: names of coarse kinds, such as ``EDUCATION``. ``seconded_to``: the councils in
    whose multi-agency safeguarding hub its people work. ``public_figure``: what is published about
    the number of its children. ``discreet_name``: shown in the place of a name that gives content
    away. Gateways and passport keys come by enrolment.
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
    discreet_name: str = ""


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
        discreet_name=entry.discreet_name,
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


@dataclass(frozen=True, slots=True)
class RegisterNote:
    """What is wrong with a row of the register, or what was mended in it. It holds no cell.

    Attributes:
        line: where the row ends; the header is line 1.
        column: empty when it is about the whole line.
    """

    line: int
    column: str
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.column} ' if self.column else ''}{self.words}"


def read_register(
    path: Path, mended: Callable[[RegisterNote], object] = repr
) -> dict[AreaCode, tuple[NotConnected, ...]]:
    """Return the agencies that are not connected, by area.

    The file is CSV in UTF-8, or in Windows-1252, with the columns ``area, name, kind, telephone,
    services`` (coarse kinds, separated by ``;``).

    Args:
        mended: is called with each thing that was mended.

    Raises:
        Defect: the form is wrong; it names all wrong rows, or the first of them.
    """
    text, other_encoding = _text(path)
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise Defect(f"{path}: the first line must be {','.join(COLUMNS)}")
    found: dict[AreaCode, list[NotConnected]] = {}
    faults: list[RegisterNote] = []
    notes: list[RegisterNote] = []
    try:
        for row in rows:
            try:
                area, entry = _row(row, rows.line_num, notes)
            except _BadRow as bad:
                faults.append(RegisterNote(rows.line_num, bad.column, bad.words))
            else:
                found.setdefault(area, []).append(entry)
                if other_encoding and not entry.name.isascii():
                    notes.append(RegisterNote(rows.line_num, "name", "was read as Windows-1252"))
    except csv.Error:
        faults.append(RegisterNote(rows.line_num, "", "is not CSV"))
    if faults:
        more = [f"and {len(faults) - _NAMED} more rows"] if len(faults) > _NAMED else []
        raise Defect(f"{path}: " + "; ".join([*map(str, faults[:_NAMED]), *more]))
    for note in notes:
        mended(note)
    return {area: tuple(entries) for area, entries in found.items()}


def _text(path: Path) -> tuple[str, bool]:
    """Return the text, and whether it is in Windows-1252. Raises ``Defect``."""
    data = read_file(path, most=REGISTER_BYTES)
    try:
        return data.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        pass
    lines = [line for line in data.splitlines() if not line.isascii()]
    broken = [line for line in lines if not _is(line, "utf-8")]
    if b"\0" in data or len(broken) < len(lines) or not all(_is(line, "cp1252") for line in broken):
        raise Defect(f"{path}: neither UTF-8 nor Windows-1252; save it as “CSV UTF-8”")
    return data.decode("cp1252"), True


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class _BadRow(Exception):
    """A row cannot be taken, because of one column, or as a whole (an empty ``column``)."""

    def __init__(self, column: str, words: str) -> None:
        super().__init__(words)
        self.column = column
        self.words = words


def _row(
    row: dict[str | None, str | None], line: int, notes: list[RegisterNote]
) -> tuple[AreaCode, NotConnected]:
    """Raises ``_BadRow``. What was mended goes to ``notes``."""
    if None in row or None in row.values():
        raise _BadRow("", f"does not have {len(COLUMNS)} columns")
    cells = {str(name): (cell or "").strip() for name, cell in row.items()}
    try:
        area = AreaCode(cells["area"].lower())
    except Refused:
        raise _BadRow("area", "is not an area's code") from None
    try:
        kind = AgencyKind(cells["kind"])
    except ValueError:
        raise _BadRow("kind", "is not a kind of agency") from None
    if not 1 <= len(cells["name"]) <= 120:
        raise _BadRow("name", "does not have 1 to 120 characters")
    if "\ufffd" in cells["name"] or not cells["name"].isprintable():
        raise _BadRow("name", "holds a character that was lost, or cannot be printed")
    names = tuple(name.strip() for name in cells["services"].split(";") if name.strip())
    try:
        services = coarse_kinds(names, "")
    except Defect:
        raise _BadRow("services", "names a service that the code lists do not have") from None
    number = ""
    if cells["telephone"]:
        try:
            telephone = read_telephone(cells["telephone"])
        except BadTelephone as bad:
            raise _BadRow("telephone", bad.fault.value) from None
        number = telephone.number
        if telephone.mended:
            notes.append(RegisterNote(line, "telephone", "was mended: compare it"))
    return area, NotConnected(cells["name"], kind, number, services)
