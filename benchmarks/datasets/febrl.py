"""FEBRL 1 to 3 as tables: invented Australians with invented mistakes (``deploy.invented.febrl``).

The sets were made for finding duplicates within one file. There are two layouts:

- two files: the original records are ``left``, the duplicates ``right``; the truth is each
  duplicate with its original. Every record is used, and no person is on the left twice. Pairs of
  two duplicates are not asked for.
- one file: both files are the whole set, in the published order; the truth is every pair within a
  person once, the earlier record first. Published figures count these pairs. A program that reads
  equal ids on both sides must ask about each pair once and about no record with itself.

A date that is in no calendar (month 13) becomes empty, and sex is not known. With
``identifiers`` the social security number becomes a health number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from benchmarks.datasets import english
from benchmarks.datasets.tables import Pair, Row, Tables
from deploy.invented.dates import day_of_digits
from deploy.invented.febrl import FebrlRecord


def tables(
    published: Sequence[FebrlRecord], *, identifiers: bool, postcodes: str, within_one: bool
) -> Tables:
    """Return the tables of one data set.

    Args:
        postcodes: ``raw`` or ``english``.
        within_one: Whether the layout is that of one file.
    """
    originals = {one.person: one for one in published if one.duplicate is None}
    in_english = postcodes == "english"
    rows = [row(one, originals[one.person], identifiers, in_english) for one in published]
    if within_one:
        return Tables(rows, rows, pairs_within(published))
    both = list(zip(published, rows, strict=True))
    return Tables(
        [row for one, row in both if one.duplicate is None],
        [row for one, row in both if one.duplicate is not None],
        [
            (originals[one.person].rec_id, one.rec_id)
            for one in published
            if one.duplicate is not None
        ],
    )


def row(one: FebrlRecord, original: FebrlRecord, identifiers: bool, in_english: bool) -> Row:
    return Row(
        record_id=one.rec_id,
        forename=one.forename,
        surname=one.surname,
        dob=calendar_date(one.born),
        postcode=english.postcode(one.postcode) if in_english else one.postcode,
        health_number=english.health_number(one.number, original.number) if identifiers else "",
    )


def calendar_date(digits: str) -> str:
    """Return ``YYYYMMDD`` as an ISO date, or empty text if no calendar has it."""
    day = day_of_digits(digits)
    return "" if day is None else day.isoformat()


def pairs_within(published: Sequence[FebrlRecord]) -> list[Pair]:
    earlier: defaultdict[int, list[str]] = defaultdict(list)
    pairs = []
    for one in published:
        known = earlier[one.person]
        pairs += [(other, one.rec_id) for other in known]
        known.append(one.rec_id)
    return pairs
