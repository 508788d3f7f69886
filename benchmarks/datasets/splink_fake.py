"""Splink's fake_1000 and fake_20000 as tables: invented people of England with invented mistakes
(MIT).

Names, date and a town, no sex. The first record of a person is ``left``, all later ones are
``right``; in the layout of one file all pairs within it are asked for, as published figures do
(see ``febrl``). The town becomes an outcode, one to a spelling, and with ``identifiers`` the e-mail
address becomes a health number, one to a spelling: both show that two texts are the same, no longer
that they are similar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks.datasets import english
from benchmarks.datasets.febrl import calendar_date
from benchmarks.datasets.tables import Pair, Row, Tables
from benchmarks.datasets.town import hashed

_AREAS = ("AL", "BA", "CB", "DN", "EX", "GL", "HU", "IP", "KT", "LE", "ME", "NN", "OX", "PE", "RG")
OUTCODES = tuple(f"{area}{district}" for area in _AREAS for district in range(1, 40))


def tables(
    rows: Sequence[Mapping[str, str]], *, identifiers: bool, places: str, within_one: bool
) -> Tables:
    """Return the tables of one data set.

    Args:
        places: ``raw`` or ``english``.
        within_one: Whether the layout is that of one file.
    """
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
        health_number=number_of(row["email"]) if identifiers else "",
    )


def number_of(address: str) -> str:
    """Return a health number for each spelling of an address, and none for an empty one."""
    for salt in range(5 if address else 0):
        number = english.health_number(str(hashed(f"{address}{salt}") % 10**8))
        if number:
            return number
    return ""
