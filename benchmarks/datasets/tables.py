"""The table of records, and the truth beside it: two files of records, one of pairs.

The module has the columns, their order, writing and reading, for records of any source.
Invariants: a record's id is unique within its file; each pair of the truth names a left and a right
record that are there; a field may be empty, a date is ISO (``YYYY-MM-DD``) or empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from deploy.invented.tables import read_rows, write_rows

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One record, field by field as the table has them; ``other_names`` is joined by ``;``."""

    record_id: str
    forename: str = ""
    middle_names: str = ""
    surname: str = ""
    other_names: str = ""
    dob: str = ""
    sex: str = ""
    postcode: str = ""
    health_number: str = ""
    upn: str = ""


COLUMNS = tuple(field.name for field in fields(Row))
TRUTH_COLUMNS = ("left_id", "right_id")


@dataclass(frozen=True, slots=True, repr=False)
class Tables:
    """Two files to link and the pairs that are one person.

    Where ``left`` and ``right`` hold the same ids it is one file, to be searched for duplicates:
    then each pair is meant once, and the truth names it in the order of the file.
    """

    left: Sequence[Row]
    right: Sequence[Row]
    truth: Sequence[Pair]


class TableError(Exception):
    """The tables contradict themselves or are not in the form of the table of records."""


def check(tables: Tables) -> Tables:
    """Return the same tables.

    Raises:
        TableError: An invariant does not hold.
    """
    ids = []
    for rows in (tables.left, tables.right):
        ids.append({row.record_id for row in rows})
        if len(ids[-1]) != len(rows) or "" in ids[-1]:
            raise TableError("a record's id is missing or is twice in one file")
    if len(set(tables.truth)) != len(tables.truth):
        raise TableError("a pair is twice in the truth")
    if any(left not in ids[0] or right not in ids[1] for left, right in tables.truth):
        raise TableError("the truth names a record that is not there")
    return tables


def write(tables: Tables, folder: Path) -> None:
    """Write ``left.csv``, ``right.csv`` and ``truth.csv`` into ``folder``, which is made if need
    be.

    Raises:
        TableError: An invariant does not hold; nothing is written.
    """
    check(tables)
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "left.csv", COLUMNS, map(astuple, tables.left))
    write_rows(folder / "right.csv", COLUMNS, map(astuple, tables.right))
    write_rows(folder / "truth.csv", TRUTH_COLUMNS, tables.truth)


def read(left: Path, right: Path, truth: Path) -> Tables:
    """Return the tables of three files.

    Columns that are missing are read as empty, unknown ones are passed over.

    Raises:
        TableError: A file has no such column as is needed, or an invariant does not hold.
    """
    try:
        pairs = [(row["left_id"], row["right_id"]) for row in read_rows(truth)]
    except KeyError as error:
        raise TableError("the truth needs the columns left_id and right_id") from error
    return check(Tables(_rows(left), _rows(right), pairs))


def _rows(path: Path) -> list[Row]:
    rows = read_rows(path)
    if rows and "record_id" not in rows[0]:
        raise TableError(f"{path.name} has no column record_id")
    return [Row(**{name: (row.get(name) or "").strip() for name in COLUMNS}) for row in rows]
