"""pseudopeople's sample population as tables; runs in the rivals' environment, which has the
package.

    PYTHON -m benchmarks.datasets.pseudopeople_sample --pair census-wic [--part tune] [--postcodes
    raw] --out FOLDER

Two data sets of one invented American town of some ten thousand people, each with the package's own
default noise and each with a seed of its own. The pairs:

- ``census-census``: the census of 2020 and that of 2030: ten years of moving between them;
- ``census-wic``: the census of 2030 and what a nutrition programme for small children recorded in
  2025 to 2030;
- ``census-survey``: the census of 2020 and two household surveys of all years, ACS and CPS;
- ``census-ssa``: the census of 2020 and the social security numbers' first issue until then: full
  middle names, no address.

In the sample every ZIP code is 00000, with noise. ``--postcodes raw`` leaves it so. ``english``
(the default) gives every address a postcode of an English town of 300, about fifteen households
each, and carries each wrong sign of the published code to the same place in it.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pseudopeople as psp

from benchmarks.datasets import english
from benchmarks.datasets.tables import Row, Tables, write
from benchmarks.datasets.town import address_code, carried, is_in, iso_date

_US_DATE = "%m/%d/%Y"


@dataclass(frozen=True, slots=True)
class Source:
    """One data set of the package; ``years`` None takes all there are."""

    generate: Callable[..., pd.DataFrame]
    date_format: str
    years: tuple[int, ...] | None
    only: tuple[str, str] | None = None


def _census(year: int) -> Source:
    return Source(psp.generate_decennial_census, _US_DATE, (year,))


_WIC = Source(psp.generate_women_infants_and_children, "%m%d%Y", tuple(range(2025, 2031)))
_ACS = Source(psp.generate_american_community_survey, _US_DATE, None)
_CPS = Source(psp.generate_current_population_survey, _US_DATE, None)
_SSA = Source(psp.generate_social_security, "%Y%m%d", (2020,), ("event_type", "creation"))

PAIRS: Mapping[str, tuple[tuple[Source, ...], tuple[Source, ...]]] = {
    "census-census": ((_census(2020),), (_census(2030),)),
    "census-wic": ((_census(2030),), (_WIC,)),
    "census-survey": ((_census(2020),), (_ACS, _CPS)),
    "census-ssa": ((_census(2020),), (_SSA,)),
}


@dataclass(frozen=True, slots=True, repr=False)
class Recorded:
    """A record, whose it is, and the person's surname without noise."""

    person: str
    family: str
    row: Row


def recorded(source: Source, seed: int, postcodes: str, prefix: str) -> list[Recorded]:
    records: list[Recorded] = []
    for year in source.years or (None,):
        noisy = source.generate(seed=seed, year=year)
        clean = source.generate(seed=seed, year=year, config=psp.NO_NOISE)
        if source.only:
            noisy = noisy[noisy[source.only[0]] == source.only[1]]
        families = {str(r["simulant_id"]): text(r, "last_name") for r in _records(clean)}
        homes = {text(r, "household_id"): address_code(place(r)) for r in _records(clean)}
        for r in _records(noisy):
            code = text(r, "zipcode")
            if postcodes == "english" and code:
                code = english.postcode(carried(homes[text(r, "household_id")], code))
            row = Row(
                record_id=f"{prefix}{year or 'all'}-{len(records)}",
                forename=text(r, "first_name"),
                middle_names=text(r, "middle_name") or text(r, "middle_initial"),
                surname=text(r, "last_name"),
                dob=iso_date(text(r, "date_of_birth"), source.date_format),
                sex=text(r, "sex"),
                postcode=code,
            )
            who = str(r["simulant_id"])
            records.append(Recorded(who, families[who], row))
    return records


def _records(frame: pd.DataFrame) -> Iterable[Mapping[str, object]]:
    found: list[Mapping[str, object]] = frame.to_dict("records")
    return found


def text(record: Mapping[str, object], column: str) -> str:
    value = record.get(column)
    return value.strip() if isinstance(value, str) else ""


def place(record: Mapping[str, object]) -> str:
    return " ".join(text(record, part) for part in ("street_number", "street_name", "unit_number"))


def tables(pair: str, part: str, postcodes: str) -> Tables:
    """Return the tables of one pair of data sets.

    Families stay together: which part a person is in follows from the surname first recorded,
    without noise.
    """
    sides = [
        [
            record
            for number, source in enumerate(sources)
            for record in recorded(source, seed, postcodes, f"{prefix}{number}-")
        ]
        for seed, (prefix, sources) in enumerate(zip("lr", PAIRS[pair], strict=True), start=1)
    ]
    family: dict[str, str] = {}
    for record in (*sides[0], *sides[1]):
        family.setdefault(record.person, record.family)
    left, right = ([r for r in side if is_in(part, family[r.person])] for side in sides)
    partners: defaultdict[str, list[str]] = defaultdict(list)
    for record in left:
        partners[record.person].append(record.row.record_id)
    truth = [(one, record.row.record_id) for record in right for one in partners[record.person]]
    return Tables([r.row for r in left], [r.row for r in right], truth)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pair", choices=PAIRS, required=True)
    parser.add_argument("--part", choices=("all", "tune", "judge"), default="all")
    parser.add_argument("--postcodes", choices=("raw", "english"), default="english")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    given = parser.parse_args()
    made = tables(given.pair, given.part, given.postcodes)
    write(made, given.out)
    print(f"{given.out}: {len(made.left)} × {len(made.right)}, {len(made.truth)} true pairs")


if __name__ == "__main__":
    main()
