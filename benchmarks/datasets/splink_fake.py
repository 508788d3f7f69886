"""Splink's fake_1000 and fake_20000 as tables: invented people of England with invented mistakes
(MIT).

    python -m benchmarks.datasets.splink_fake --csv fake_1000.csv [--identifiers] [--places raw]
    [--self] --out FOLDER

Names, date and a town, no sex. The first record of a person is ``left``, all later ones are
``right``; ``--self`` asks for all pairs within the one file, as published figures do (see
``febrl``). The town becomes an outcode, one to a spelling, and with ``--identifiers`` the e-mail
address becomes a health number, one to a spelling: both show that two texts are the same, no longer
that they are similar.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.datasets import english
from benchmarks.datasets.febrl import calendar_date
from benchmarks.datasets.tables import Pair, Row, Tables, write
from benchmarks.datasets.town import hashed

_AREAS = ("AL", "BA", "CB", "DN", "EX", "GL", "HU", "IP", "KT", "LE", "ME", "NN", "OX", "PE", "RG")
OUTCODES = tuple(f"{area}{district}" for area in _AREAS for district in range(1, 40))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables(
    rows: Sequence[Mapping[str, str]], *, identifiers: bool, places: str, within_one: bool
) -> Tables:
    """``places``: ``raw`` or ``english``; ``within_one``: the layout ``--self``."""
    records = [record(row, identifiers, places == "english") for row in rows]
    known: defaultdict[str, list[str]] = defaultdict(list)
    pairs: list[Pair] = []
    left: list[Row] = []
    right: list[Row] = []
    for source, row in zip(rows, records, strict=True):
        earlier = known[source.get("cluster") or source["group"]]
        (right if earlier else left).append(row)
        pairs += [(one, row.record_id) for one in (earlier if within_one else earlier[:1])]
        earlier.append(row.record_id)
    return Tables(records, records, pairs) if within_one else Tables(left, right, pairs)


def record(row: Mapping[str, str], identifiers: bool, in_english: bool) -> Row:
    town = row["city"]
    return Row(
        record_id=row["unique_id"],
        forename=row["first_name"],
        surname=row["surname"],
        dob=calendar_date(row["dob"].replace("-", "")),
        postcode=OUTCODES[hashed(town) % len(OUTCODES)] if town and in_english else town,
        nhs_number=number_of(row["email"]) if identifiers else "",
    )


def number_of(address: str) -> str:
    """A health number for each spelling of an address; none for none."""
    for salt in range(5 if address else 0):
        number = english.health_number(str(hashed(f"{address}{salt}") % 10**8))
        if number:
            return number
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--identifiers", action="store_true")
    parser.add_argument("--places", choices=("raw", "english"), default="english")
    parser.add_argument("--self", dest="within_one", action="store_true", help="one file twice")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    given = parser.parse_args()
    made = tables(
        read_rows(given.csv),
        identifiers=given.identifiers,
        places=given.places,
        within_one=given.within_one,
    )
    write(made, given.out)
    print(f"{given.out}: {len(made.left)} × {len(made.right)}, {len(made.truth)} true pairs")


if __name__ == "__main__":
    main()
