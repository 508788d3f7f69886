"""Details that have come to other children, dates that have changed places, and files that were cut
off: every cell can be read, and the file is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.census import write_census
from agency_node.importing.misread import Earlier, census_of
from agency_node.importing.sampled import DETAILS, SAMPLED, Sampler, compared
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.staging import Unconfirmed, make_ready, require_confirmed
from agency_node.records.sealing import CENSUS_SIZES
from fakes.import_world import AS_OF, options
from fingerpost.private.demographics import Demographics
from unit.agency_node.test_import_misread import (
    COLUMNS,
    FORENAMES,
    SURNAMES,
    child,
    content,
    ready,
    stops,
    taken,
)

Rows = Sequence[Mapping[str, str]]


def people(first: int, last: int) -> list[dict[str, str]]:
    """Children of whom no two have a detail in common, and more than a sample of them."""
    return [
        child(
            n,
            forename=f"{FORENAMES[n % len(FORENAMES)]}{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}",
            surname=f"{SURNAMES[n % len(SURNAMES)]}{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}",
            dob=(date(2010, 1, 1) + timedelta(days=9 * n)).isoformat(),
            postcode=f"WX{1 + n % 19} {n % 10}{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}",
            start=(date(2025, 9, 1) + timedelta(days=n)).isoformat(),
        )
        for n in range(first, last)
    ]


def column_sorted(rows: Rows, column: str) -> list[dict[str, str]]:
    cells = sorted((r[column] for r in rows), reverse=True)
    return [{**r, column: cell} for r, cell in zip(rows, cells, strict=True)]


def column_moved(rows: Rows, column: str) -> list[dict[str, str]]:
    cells = [r[column] for r in rows]
    moved = [*cells[1:], cells[0]]
    return [{**r, column: cell} for r, cell in zip(rows, moved, strict=True)]


# ---- beside the last import ----------------------------------------------------------------------


@pytest.mark.parametrize("children", [8, 40, 300])
@pytest.mark.parametrize("column", ["forename", "surname", "dob", "postcode", "health_number"])
@pytest.mark.parametrize("moved", [column_sorted, column_moved])
def test_a_column_that_came_to_other_children_stops_the_import(
    moved: Callable[[Rows, str], Rows], column: str, children: int
) -> None:
    """Every cell can be read, every child has one, and it is another child's."""
    last = taken(people(0, children))
    found = stops(moved(people(0, children), column), last)[f"changed:{column}"]
    assert found.rows > 0.5 * found.of
    assert found.of <= min(children, SAMPLED)
    assert "sorted" in found.remedy


def test_without_an_earlier_import_nothing_shows_it() -> None:
    """Named among the known weaknesses."""
    assert not stops(column_moved(people(0, 40), "dob"))


def test_other_ways_to_write_a_value_are_no_change_of_it() -> None:
    last = taken(people(0, 60))
    written = [
        {
            **r,
            "forename": r["forename"].upper(),
            "surname": r["surname"].replace("-", " "),
            "postcode": r["postcode"].replace(" ", "").lower(),
        }
        for r in people(0, 60)
    ]
    assert not stops(written, last)


def test_families_move_and_people_marry() -> None:
    last = taken(people(0, 60))
    fifth = [{**r, "surname": "Wexley"} if n % 6 == 0 else r for n, r in enumerate(people(0, 60))]
    third = [{**r, "postcode": "WX1 1QD"} if n % 3 == 0 else r for n, r in enumerate(fifth)]
    assert not stops(third, last)


@pytest.mark.parametrize("new", [0, 30, 100])
def test_children_who_come_and_go_are_no_change(new: int) -> None:
    last = taken(people(0, 200))
    assert not stops(people(new, 200 + new), last)


def test_own_numbers_given_anew_are_noticed() -> None:
    """By her own number a child is hidden, and is met by her shield."""
    last = taken(people(0, 60))
    anew = [{**r, "local_id": f"N{n}"} for n, r in enumerate(people(0, 60))]
    found = stops(anew, last)
    assert set(found) == {"gone:local_id"}
    assert found["gone:local_id"].rows == found["gone:local_id"].of == 60
    accepted = taken(anew, last, options("gone:local_id"))
    assert not stops(anew, accepted), "the next night is as this one"


def test_a_change_is_accepted_once_and_not_kept() -> None:
    last = taken(people(0, 60))
    moved = column_moved(people(0, 60), "surname")
    accepted = taken(moved, last, options("changed:surname"))
    assert not stops(moved, accepted)
    assert set(stops(people(0, 60), accepted)) == {"changed:surname"}


NUMBERS = st.sets(st.integers(0, 400), max_size=200)


def drawn(numbers: set[int], surname: str) -> Mapping[bytes, bytes]:
    sampler = Sampler()
    for number in sorted(numbers):
        who = Demographics("Oswin", "", f"{surname}{number}", (), date(2015, 2, 3))
        sampler.add(f"L{number}", who, sensitive=number % 3 == 0)
    return sampler.sample()


@given(NUMBERS, NUMBERS)
def test_of_the_children_of_both_samples_every_change_is_counted(
    before: set[int], now: set[int]
) -> None:
    first, second = drawn(before, "Tarrowby"), drawn(now, "Fenwickson")
    assert len(first) == min(len(before), SAMPLED)
    found = compared(dict(first), dict(second))
    both = found.sought - found.gone
    assert both == len(first.keys() & second.keys())
    assert found.gone == 0 or not before <= now
    assert found.gone == found.sought or before & now
    assert found.changed["surname"] == (both, both)
    assert found.changed["dob"] == (0, both)
    assert found.changed["postcode"] == (0, 0)
    assert {*found.changed} == {*DETAILS}


def test_a_sample_holds_no_value_and_has_room() -> None:
    last = taken(people(0, 300))
    assert last.census is not None
    assert len(last.census.sample) == SAMPLED
    written = write_census(last.census)
    assert len(written) < CENSUS_SIZES[0]
    assert not any(name.encode() in written for name in (*FORENAMES, *SURNAMES, "2010", "WX1"))


# ---- by itself -----------------------------------------------------------------------------------


def test_dates_of_birth_and_of_the_start_that_have_changed_places() -> None:
    turned = [{**r, "dob": r["start"], "start": r["dob"]} for r in people(0, 20)]
    found = stops(turned)["before_birth"]
    assert (found.rows, found.of) == (20, 20)
    kept = taken(turned, None, options("before_birth"))
    assert not stops(turned, kept), "an agency that notes since when it has known the family"


def test_a_family_that_was_known_before_one_child_was_born_is_a_remark() -> None:
    rows = [*people(0, 20), child(21, dob="2024-05-01", start="2020-01-06")]
    assert not stops(rows)
    assert [(r.line, r.column) for r in ready(rows).remarks if r.reason is Reason.BEFORE_BIRTH] == [
        (22, "start")
    ]
    unborn = child(22, dob="2027-03-01", start="2026-12-01", health_number="", sex="")
    assert not ready([unborn]).remarks


def cut(text: bytes, last: Earlier | None = None) -> set[str]:
    readied = make_ready(lambda texts: b"", text, options())
    try:
        require_confirmed(readied, last, options())
    except Unconfirmed as why:
        return {found.name for found in why.found}
    return set()


def test_a_file_that_ends_within_a_row_is_cut_off() -> None:
    """What followed may be most of the agency's children."""
    whole = content(people(0, 30), [column for column in COLUMNS if column != "shield"])
    within = whole[: whole.rindex(b"EDU_SCHOOL") + 4]
    assert cut(whole) == set()
    assert cut(within) == {"cut_off"}
    assert cut(within + b"\n") == set(), "a row of its own fault, which the report names"


def test_a_file_that_ends_without_the_end_of_a_line_as_no_file_before_is_cut_off() -> None:
    """The last cell is a cell all the same."""
    whole = content(people(0, 30))
    last = taken(people(0, 30))
    assert cut(whole, last) == set()
    assert cut(whole[:-1], last) == {"line_end_gone"}
    facts = make_ready(lambda texts: b"", whole[:-1], options()).facts
    never = Earlier(30, AS_OF, census_of(facts, (), None))
    assert cut(whole[:-1], never) == set(), "its files never end so"
