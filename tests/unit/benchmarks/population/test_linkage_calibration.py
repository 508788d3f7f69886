"""How often pairs of records disagree, over a whole population: what the presets promise."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from benchmarks.population.customs import plain
from benchmarks.population.errors import BAD, CLEAN, TYPICAL, ErrorModel
from benchmarks.population.linkage import linkage
from benchmarks.population.names import Names
from benchmarks.population.population import Population, build

CHILDREN = 6000
FIELDS = ("forename", "surname", "dob", "sex", "postcode")


@cache
def population() -> Population:
    return build(CHILDREN, 1, Names.builtin())


def disagreeing(model: ErrorModel) -> dict[str, float]:
    """Share of pairs where both records have the field and it differs by more than its form."""
    made = linkage(population().children, model, 1, 1.0)
    left, right = dict(made.left), dict(made.right)
    found: Counter[str] = Counter()
    for a, b in made.truth:
        for field in FIELDS:
            one, other = (_form(getattr(record, field)) for record in (left[a], right[b]))
            found[field] += bool(one and other and one != other)
    return {field: found[field] / len(made.truth) for field in FIELDS}


def _form(value: object) -> object:
    if isinstance(value, str):
        return plain(value).lower().replace(" ", "").replace("-", "")
    return value


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("forename", 0.03, 0.11),
        ("surname", 0.03, 0.08),
        ("dob", 0.008, 0.022),
        ("sex", 0.001, 0.01),
        ("postcode", 0.12, 0.20),
    ],
)
def test_typical_is_of_the_order_that_studies_report(field: str, least: float, most: float) -> None:
    assert least < typical()[field] < most


@cache
def typical() -> dict[str, float]:
    return disagreeing(TYPICAL)


def test_most_disagreeing_postcodes_of_typical_are_of_moves() -> None:
    moved = disagreeing(ErrorModel(former_postcode=TYPICAL.former_postcode))
    assert {field for field, share in moved.items() if share} == {"postcode"}
    assert 0.09 < moved["postcode"] < 0.15


def test_bad_is_two_to_four_times_typical_where_things_can_happen_more_often() -> None:
    bad = disagreeing(BAD)
    for field in ("forename", "surname", "dob"):
        assert 1.8 < bad[field] / typical()[field] < 4.2


def test_clean_pairs_never_disagree() -> None:
    assert set(disagreeing(CLEAN).values()) == {0}
