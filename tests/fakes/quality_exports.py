"""Exports for the quality report: sound children, to which a test adds one fault."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from agency_node.importing.importer import assess_file
from agency_node.importing.quality.document import QualityReport
from agency_node.importing.sources.columns import Columns
from agency_node.importing.staging import Options, SourceFile
from fakes.import_world import AS_OF, OAK

NOW = 1_800_000_000 + 0.0
"""15 January 2027, the day after the export."""
COLUMNS = (
    *("local_id", "health_number", "number_scheme", "upn", "forename", "middle_names", "surname"),
    *("aliases", "dob", "dob_precision", "sex", "postcode", "former_postcodes", "kind", "status"),
    *("start", "end", "worker_name", "worker_role", "desk_phone", "desk_email", "ooh_phone"),
    *("hours", "desk", "staffed_until", "sensitive", "shield"),
)
_FORENAMES = ("Quillon", "Zephyrine", "Oswin", "Marigold", "Thessaly", "Peregrine", "Isolde")
_SURNAMES = ("Brackenwood", "Fenwickson", "Tarrowby", "Hollingshade", "Umberleigh")
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
Row = dict[str, str]


def health_number(number: int) -> str:
    """A number of the NHS's range whose check digit holds."""
    for step in range(10):
        body = f"44{number:06}{step}"
        rest = sum(int(d) * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
        if rest != 1:
            return f"{body}{(11 - rest) % 11}"
    raise AssertionError("one of ten has a check digit")


def upn(number: int) -> str:
    body = f"{number:011}0"
    total = sum(int(d) * w for d, w in zip(body, range(2, 14), strict=True))
    return _UPN_LETTERS[total % 23] + body


def sound(number: int, **fields: str) -> Row:
    """A row in which nothing is wrong."""
    return {
        "local_id": f"LOCAL-{number}",
        "health_number": health_number(number),
        "upn": upn(number),
        "forename": _FORENAMES[number % len(_FORENAMES)],
        "surname": _SURNAMES[number % len(_SURNAMES)],
        "dob": f"{2010 + number % 9}-{1 + number % 12:02}-{2 + number % 27:02}",
        "sex": "FM"[number % 2],
        "postcode": f"LS{1 + number % 19} {number // 19 % 10}QD",
        "kind": "EDU_SCHOOL",
        "status": "OPEN",
        "start": "2024-09-02",
        "worker_name": "Ottoline Vance",
        "worker_role": "Designated lead",
        "desk_phone": "01632 960001",
        "desk_email": "lead@oak.example",
        "hours": "Mon–Fri 08:30–17:00",
    } | fields


def content(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode()


def assessed(
    rows: Sequence[Mapping[str, str]],
    *,
    columns: Sequence[str] = COLUMNS,
    as_of: date = AS_OF,
    upn: bool = False,
    now: float = NOW,
) -> QualityReport:
    """The quality report of a file with these rows, before it is imported."""
    return assessed_file(content(rows, columns), as_of=as_of, upn=upn, now=now)


def assessed_file(
    data: bytes, *, as_of: date = AS_OF, upn: bool = False, now: float = NOW
) -> QualityReport:
    """The quality report of a file with this content."""
    options = Options(as_of, Columns({}), upn)
    return assess_file(OAK, SourceFile(data, bytes(32), AS_OF), options, None, now)
