"""Sound exports of invented children, in the forms in which systems write them.

A ``Grid`` is what a system knows; a ``Source`` writes it as a file and says on which lines of the
file each child stands, so that whoever damages either knows whom a report has to name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Final, Protocol

from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.reading import Reading
from deploy.invented.workbooks import Cell, xlsx
from fakes.import_world import AS_OF
from fakes.invented_names import names_of_a_class
from fingerpost.private.demographics import Demographics, Sex

COLUMNS: Final = (
    "local_id", "health_number", "upn", "forename", "middle_names", "surname", "dob", "sex",
    "postcode", "kind", "status", "start", "end", "worker_name", "worker_role", "desk_phone",
    "desk_email", "ooh_phone", "hours", "lead", "early_help", "sensitive", "shield",
)  # fmt: skip
DATES: Final = ("dob", "start", "end")
_FORENAMES: Final = (
    "Quillon", "Zéphyrine", "Marigold", "Peregrine", "Chloé", "Núria", "Oswin", "Thessaly",
    "Barnaby", "Siân", "Theodora", "René", "Lucía", "Ottilie", "Ignatius", "Zoë",
)  # fmt: skip
_SEXES: Final = dict(zip(_FORENAMES, "MFFMFFMFMFFMFFMF", strict=True))
_SURNAMES: Final = (
    "Brackenwood", "O'Fenwick", "Tarrowby-Hale", "Brontë", "Umberleigh", "Quillfeather", "Núñez",
    "Ashcombe", "Grönvold", "Hollingshade", "Ogilvie-Smith", "Vandersteen", "Müller", "Larkspur",
)  # fmt: skip
_MIDDLE: Final = ("", "", "", "Rose", "Emrys", "Jane")
_WORKERS: Final = ("Ms Ottoline Vance", "Mr Idris Okafor", "Duty team", "Dr Anneke Rowe")


@dataclass(slots=True)
class Line:
    """A row of the grid, and the place of the child whom it is about; None for nobody."""

    of: int | None
    cells: list[str]


@dataclass(slots=True)
class Grid:
    """The rows of an export, in our columns, with ISO dates and yes and no.

    ``total``: how many rows the system had when it began to write them, for the foot of a file.
    """

    header: list[str]
    lines: list[Line]
    total: int

    def place(self, column: str) -> int:
        return self.header.index(column)

    def column(self, column: str) -> list[str]:
        place = self.place(column)
        return [line.cells[place] for line in self.lines]

    def set_column(self, column: str, cells: Sequence[str]) -> None:
        place = self.place(column)
        for line, cell in zip(self.lines, cells, strict=True):
            line.cells[place] = cell

    def copy(self) -> Grid:
        lines = [Line(line.of, [*line.cells]) for line in self.lines]
        return Grid([*self.header], lines, self.total)


def health_number(number: int) -> str:
    """Of the range for tests; empty where it would have no check digit."""
    body = f"999{number:06}"
    rest = sum(int(d) * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
    return f"{body}{(11 - rest) % 11}" if rest != 1 else ""


def upn(number: int) -> str:
    """A pupil number with its check letter."""
    digits = f"950{number:09}"
    total = sum(int(d) * weight for weight, d in enumerate(digits, 2))
    return "ABCDEFGHJKLMNPQRTUVWXYZ"[total % 23] + digits


def children(random: Random, count: int) -> Grid:
    """Children of whom no two can be taken for each other."""
    chosen = names_of_a_class(random, _FORENAMES, _SURNAMES, count)
    lines = []
    for number, (first, last) in enumerate(chosen):
        own = random.randrange(10**6)
        born = AS_OF - timedelta(days=random.randrange(2 * 365, 17 * 365))
        ended = random.random() < 0.1
        begun = max(born, AS_OF - timedelta(days=random.randrange(30, 900)))
        over = AS_OF - timedelta(days=random.randrange(10, 200)) if ended else None
        row = dict.fromkeys(COLUMNS, "") | {
            "local_id": f"{number:03}{random.randrange(1000):03}",
            "health_number": health_number(own) if random.random() < 0.7 else "",
            "upn": upn(own) if random.random() < 0.5 else "",
            "forename": first,
            "middle_names": random.choice(_MIDDLE),
            "surname": last,
            "dob": born.isoformat(),
            "sex": _SEXES[first],
            "postcode": f"WX{random.randint(1, 19)} {random.randint(1, 9)}"
            f"{random.choice('ABDEFGHJ')}{random.choice('LNPQRSTUWXYZ')}",
            "kind": random.choice(("EDU_SCHOOL", "EDU_SCHOOL", "EDU_SCHOOL", "EARLY_HELP")),
            "status": "CLOSED" if ended else "OPEN",
            "start": min(begun, over or begun).isoformat(),
            "end": over.isoformat() if over else "",
            "worker_name": random.choice(_WORKERS),
            "worker_role": random.choice(("Designated lead", "Family worker")),
            "desk_phone": f"01632 96{random.randint(0, 3):04}",
            "desk_email": "lead@oak.example",
            "ooh_phone": "01632 960199",
            "hours": "Mon–Fri 08:30–16:30",
            "lead": "yes" if random.random() < 0.1 else "no",
            "early_help": "yes" if random.random() < 0.2 else "no",
            "sensitive": "yes" if random.random() < 0.06 else "no",
            "shield": "yes" if random.random() < 0.08 else "no",
        }
        lines.append(Line(number, [row[column] for column in COLUMNS]))
    return Grid([*COLUMNS], lines, len(lines))


def asked(grid: Grid) -> dict[int, Demographics]:
    """By place, what a practitioner knows of each child: no number."""
    found = {}
    for line in grid.lines:
        row = dict(zip(grid.header, line.cells, strict=True))
        if line.of is not None:
            found[line.of] = Demographics(
                forename=row["forename"],
                surname=row["surname"],
                dob=date.fromisoformat(row["dob"]),
                sex={"F": Sex.FEMALE, "M": Sex.MALE}[row["sex"]],
                postcode=row["postcode"],
            )
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file, whole lines, and whom they are about."""

    of: int | None
    content: bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file as a source wrote it, and what its operator stated about its form.

    ``encoding``: of the text; empty where the file is no text, and then ``parts`` is one part.
    ``rows``: by child, her lines in a file that is no text.
    """

    parts: Sequence[Part]
    encoding: str
    reading: Reading
    columns: Columns
    rows: Mapping[int, frozenset[int]] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"".join(part.content for part in self.parts)

    def lines_of(self) -> dict[int, frozenset[int]]:
        """By child, the lines of the file that are hers, as its reader counts them."""
        if not self.encoding:
            return dict(self.rows)
        found: dict[int, frozenset[int]] = {}
        number = 1
        for part in self.parts:
            text = part.content.decode(self.encoding, "replace")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            breaks = text.count("\n")
            last = number + breaks - (1 if text.endswith("\n") and breaks else 0)
            if part.of is not None:
                hers = frozenset(range(number, last + 1))
                found[part.of] = found.get(part.of, frozenset()) | hers
            number += breaks
        return found

    def with_parts(self, parts: Sequence[Part]) -> File:
        return replace(self, parts=parts)


class Source(Protocol):
    """One kind of file."""

    name: str

    def write(self, grid: Grid, random: Random) -> File:
        """Write the grid. The form follows from ``random`` alone, and not from the grid."""


_DATE_FORMS: Final = ("%Y-%m-%d", "%Y-%m-%d", "%d/%m/%Y", "%d-%b-%Y", "%d.%m.%Y", "%Y%m%d")
_NAMES_OF_COLUMNS: Final[Mapping[str, str]] = {
    "forename": "Legal Forename",
    "surname": "Last name",
    "dob": "Date of Birth",
    "postcode": "Home Postcode",
    "health_number": "NHS No",
    "sex": "Gender",
}


class Separated:
    """Texts with separators, in several encodings."""

    name = "separated text"

    def write(self, grid: Grid, random: Random) -> File:
        separator = random.choice(",,;\t|")
        end = random.choice(("\r\n", "\n", "\r"))
        encoding = random.choice(("utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"))
        form = random.choice(_DATE_FORMS)
        own_names = random.random() < 0.5
        above = random.choice(((), (), ("Pupils of Oak",)))
        below = random.choice(((), (), (f"Total: {grid.total}",)))
        last_end = random.random() < 0.8

        rows: list[tuple[int | None, str]] = [(None, text) for text in above]
        rows.append((None, _joined(_named(grid.header, own_names), separator)))
        rows += [
            (line.of, _joined(in_form(grid.header, line.cells, form), separator))
            for line in grid.lines
        ]
        rows += [(None, text) for text in below]
        last = len(rows) - 1
        texts = [(of, t + (end if n < last or last_end else "")) for n, (of, t) in enumerate(rows)]
        codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
        mark = {"utf-8-sig": "\ufeff", "utf-16": "\ufeff"}.get(encoding, "")
        parts = [Part(of, text.encode(codec, "replace")) for of, text in texts]
        if mark:
            parts[0] = Part(parts[0].of, mark.encode(codec) + parts[0].content)
        stated = Reading(
            "windows-1252" if encoding == "cp1252" else "",
            stated=Stated(Order.DAY_FIRST if form.startswith("%d") else None),
        )
        return File(parts, codec, stated, Columns())


class Workbook:
    """Excel workbooks of one sheet."""

    name = "workbook"

    def write(self, grid: Grid, random: Random) -> File:
        true_dates = random.random() < 0.6
        numbers = random.random() < 0.4
        above = random.choice((0, 0, 2))
        below = random.choice(((), ("Total", str(grid.total))))
        rows: list[list[Cell]] = [["Pupils of Oak"] for _ in range(above)]
        rows.append([*_named(grid.header, random.random() < 0.5)])
        lines: dict[int, frozenset[int]] = {}
        for line in grid.lines:
            cells: list[Cell] = [
                _cell(column, text, true_dates=true_dates, numbers=numbers)
                for column, text in zip(grid.header, line.cells, strict=False)
            ]
            cells += line.cells[len(grid.header) :]
            rows.append(cells)
            if line.of is not None:
                lines[line.of] = lines.get(line.of, frozenset()) | {len(rows)}
        rows.append([*below])
        content = xlsx({"Pupils": rows})
        return File([Part(None, content)], "", Reading(), Columns(), lines)


def in_form(header: Sequence[str], cells: Sequence[str], form: str) -> list[str]:
    """The cells of a row with its dates in another form; a cell that is no date stays."""
    return [
        _date_in(text, form) if column in DATES else text
        for column, text in zip(header, cells, strict=False)
    ] + [*cells[len(header) :]]


def _date_in(text: str, form: str) -> str:
    try:
        return date.fromisoformat(text).strftime(form)
    except ValueError:
        return text


def _named(header: Sequence[str], own_names: bool) -> list[str]:
    return [_NAMES_OF_COLUMNS.get(name, name) if own_names else name for name in header]


def _joined(cells: Sequence[str], separator: str) -> str:
    """A cell with more than the separator in it was written by damage and stays as it is."""
    return separator.join(_quoted(cell, separator) for cell in cells)


def _quoted(cell: str, separator: str) -> str:
    if cell.startswith(RAW):
        return cell.removeprefix(RAW)
    if any(c in cell for c in (separator, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


RAW: Final = "\ue000"
"""A cell that begins with it is written without quotation marks: as a system with a fault does."""


def _cell(column: str, text: str, *, true_dates: bool, numbers: bool) -> Cell:
    text = text.removeprefix(RAW)
    if column in DATES and true_dates:
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    if numbers and column in {"health_number"} and text.isdigit():
        return int(text)
    return text


SOURCES: Final[tuple[Source, ...]] = (Separated(), Workbook())
