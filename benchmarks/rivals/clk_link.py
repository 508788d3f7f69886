"""clkhash and anonlink as a competent user would run them: each record one Bloom filter, compared
by Dice's coefficient.

    PYTHON benchmarks/rivals/clk_link.py --left L.csv --right R.csv --truth T.csv --json OUT

This is the usual way of linking privately: whoever compares sees filters, no plaintext. The schema
follows clkhash's own tutorial on FEBRL: 1,024 bits, a fixed number of insertions for each feature,
names by bigrams, digits by place; a pair is a match at a coefficient of 0.8. Every left record is
compared with every right one, without blocks.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from itertools import repeat
from pathlib import Path
from unicodedata import combining, normalize

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from anonlink.candidate_generation import find_candidate_pairs
from anonlink.similarities import dice_coefficient
from bitarray import bitarray
from clkhash.clk import generate_clks
from clkhash.comparators import ExactComparison, NgramComparison
from clkhash.field_formats import BitsPerFeatureStrategy, FieldHashingProperties, StringSpec
from clkhash.schema import Schema

from benchmarks.datasets.tables import Row, Tables
from benchmarks.rivals.figures import Scored, in_order, is_one_file, run

THRESHOLD = 0.8
MOST_PARTNERS = 20
BITS = 1024
AT_ONCE = 2_000  # left records in one call
SECRET = "not secret here: nobody else compares"  # noqa: S105 (both sides of one program)

_BIGRAMS = NgramComparison(2)
_PLACES = NgramComparison(1, positional=True)
FEATURES = {
    "forename": (_BIGRAMS, 200),
    "middle_names": (_BIGRAMS, 50),
    "surname": (_BIGRAMS, 200),
    "dob": (_PLACES, 200),
    "sex": (ExactComparison(), 30),
    "postcode": (_BIGRAMS, 100),
    "health_number": (_PLACES, 200),
}


def schema(columns: Sequence[str]) -> Schema:
    """Return the schema of the columns that hold anything: an empty one would be the same
    everywhere.
    """
    fields = []
    for column in columns:
        comparison, bits = FEATURES[column]
        hashing = FieldHashingProperties(
            comparator=comparison, strategy=BitsPerFeatureStrategy(bits)
        )
        fields.append(StringSpec(column, hashing))
    return Schema(fields, BITS)


def tidied(column: str, text: str) -> str:
    """Return text in lower case without accents; dates and codes without separators."""
    plain = "".join(c for c in normalize("NFKD", text.lower()) if not combining(c))
    if column in ("dob", "postcode", "health_number"):
        return "".join(c for c in plain if c.isalnum())
    if column == "sex":
        return plain[:1]
    return " ".join("".join(c if c.isalnum() else " " for c in plain.replace("'", "")).split())


def filters(rows: Sequence[Row], columns: Sequence[str]) -> list[bitarray]:
    plain = [[tidied(column, getattr(row, column)) for column in columns] for row in rows]
    made: list[bitarray] = generate_clks(plain, schema(columns), SECRET, validate=False)
    return made


def alike(start: int, some: Sequence[bitarray], right: Sequence[bitarray]) -> list[Scored]:
    """Return pairs of left records with those most like them.

    Args:
        start: The number of the first of ``some``, the left records.
    """
    scores, _, (lefts, rights) = find_candidate_pairs(
        [some, right], dice_coefficient, THRESHOLD, MOST_PARTNERS
    )
    return [
        Scored(start + left, other, score)
        for score, left, other in zip(scores, lefts, rights, strict=True)
    ]


def link(tables: Tables) -> tuple[list[Scored], float, dict[str, object]]:
    started = time.perf_counter()
    one_file = is_one_file(tables)
    columns = [
        column
        for column in FEATURES
        if all(any(getattr(r, column) for r in rows) for rows in (tables.left, tables.right))
    ]
    left, right = filters(tables.left, columns), filters(tables.right, columns)
    starts = range(0, len(left), AT_ONCE)
    parts = [left[start : start + AT_ONCE] for start in starts]
    with ProcessPoolExecutor(min(len(starts), os.cpu_count() or 1)) as workers:
        found = [pair for part in workers.map(alike, starts, parts, repeat(right)) for pair in part]
    pairs = in_order(found, one_file)
    return (
        pairs,
        THRESHOLD,
        {
            "version": f"clkhash {version('clkhash')}, anonlink {version('anonlink')}",
            "pairs_scored": len(left) * len(right),
            "seconds": round(time.perf_counter() - started, 1),
            "columns": columns,
        },
    )


if __name__ == "__main__":
    run("clkhash and anonlink", link)
