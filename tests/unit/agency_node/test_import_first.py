"""What a file shows by itself and stops nothing: a column that was sorted without the others, words
of a flag that mean the reverse, nobody flagged. And what shows that rows are missing at its end.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from random import Random

import pytest

from agency_node.importing.first_import import doubts_about
from agency_node.importing.misread import Earlier, findings
from agency_node.importing.sampled import compared
from agency_node.importing.source_file import sheets_of
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.proposing import propose
from agency_node.importing.sources.reading import AS_IT_IS, Reading
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.workbook import Sheet
from agency_node.importing.staging import Options, Readied, held_beside, make_ready
from deploy.invented.workbooks import xlsx
from fakes.import_world import AS_OF, left_by
from fakes.invented_exports import Grid, children
from unit.agency_node.test_import_misread import COLUMNS, ready, stops, taken
from unit.agency_node.test_import_moved import people

SEEDS = range(6)
UNBOUNDED = "no_end"


def text(grid: Grid, foot: str = "") -> bytes:
    rows = [grid.header, *(line.cells for line in grid.lines)]
    return "".join(f"{','.join(cells)}\n" for cells in rows).encode() + foot.encode()


def read(content: bytes | Sequence[Sheet], reading: Reading = AS_IT_IS) -> Readied:
    options = Options(AS_OF, Columns(), upn=False, reading=reading)
    return make_ready(b"\0".join, content, options)


def doubted(content: bytes, earlier: Earlier | None = None) -> set[str]:
    return {each.name for each in doubts_about(read(content).facts, earlier)} - {UNBOUNDED}


def some(seed: int, count: int = 30) -> Grid:
    grid = children(Random(seed), count)
    grid.lines[1].cells[grid.place("shield")] = "yes"
    grid.lines[2].cells[grid.place("sensitive")] = "yes"
    return grid


def test_the_rows_of_a_file_that_shows_no_end_are_to_be_counted() -> None:
    """A file that was cut off between two lines looks like a whole one."""
    grid = some(1)
    facts = read(text(grid)[: len(text(grid)) // 2].rpartition(b"\n")[0] + b"\n").facts
    (said,) = [each for each in doubts_about(facts, None) if each.name == UNBOUNDED]
    assert 10 < facts.rows < 20
    assert f"number of rows: {facts.rows}" in said.words
    assert said.remedy == (
        "compare this number with the count of your own system, or state that count with --rows"
    )


@pytest.mark.parametrize(("rows", "stopped"), [(29, True), (30, False), (31, True)])
def test_a_number_of_rows_that_was_stated_is_that_of_the_file(rows: int, stopped: bool) -> None:
    """Too many are as wrong as too few: the number, or the file, is another one."""
    options = Options(AS_OF, Columns(), upn=False, rows=rows)
    facts = make_ready(b"\0".join, text(some(1)), options).facts
    assert [each.name for each in findings(facts, None)] == ["stated_rows"] * stopped
    assert UNBOUNDED not in {each.name for each in doubts_about(facts, None)}


def test_a_file_that_shows_its_end_or_has_one_before_it_needs_no_count() -> None:
    grid = some(1)
    whole = read(text(grid)).facts
    counted = read(text(grid, f"Total: {whole.rows}\n")).facts
    lines = [grid.header, *(line.cells for line in grid.lines)]
    book = read(sheets_of(xlsx({"Pupils": lines}))).facts
    earlier = Earlier(whole.children, AS_OF, None)
    for facts, before in ((counted, None), (book, None), (whole, earlier)):
        assert UNBOUNDED not in {each.name for each in doubts_about(facts, before)}


@pytest.mark.parametrize("column", ["", "local_id", "surname", "dob", "postcode"])
def test_a_sound_export_in_the_order_of_one_column_is_not_doubted(column: str) -> None:
    for seed in SEEDS:
        grid = some(seed)
        if column:
            grid.lines.sort(key=lambda line: line.cells[grid.place(column)])
        assert not doubted(text(grid))


@pytest.mark.parametrize("column", ["forename", "surname", "dob", "sex", "postcode"])
@pytest.mark.parametrize("down", [False, True])
def test_a_column_that_was_sorted_without_the_others_is_doubted(column: str, down: bool) -> None:
    for seed in SEEDS:
        grid = some(seed)
        grid.set_column(column, sorted(grid.column(column), reverse=down))
        assert f"sorted:{column}" in doubted(text(grid))


def test_numbers_that_were_sorted_without_their_children_are_doubted() -> None:
    grid = some(1)
    grid.lines.sort(key=lambda line: line.cells[grid.place("surname")])
    grid.set_column("local_id", sorted(grid.column("local_id")))
    assert doubted(text(grid)) == {"sorted:surname"}


def test_where_the_rows_are_in_no_order_the_sex_of_names_shows_it() -> None:
    """Nothing is in order but the part that was sorted."""
    for seed in range(3):
        grid = some(seed, 120)
        Random(seed).shuffle(grid.lines)
        assert not doubted(text(grid))
        grid.set_column("sex", Random(seed).sample(grid.column("sex"), 120))
        assert doubted(text(grid)) == {"apart:sex"}


def test_beside_an_earlier_import_the_order_says_nothing() -> None:
    earlier, grid = left_by(read(text(some(1)))), some(1)
    grid.set_column("dob", sorted(grid.column("dob")))
    assert not doubted(text(grid), earlier)


def test_flags_whose_words_mean_the_reverse_or_that_nobody_has_are_doubted() -> None:
    grid = some(1)
    turned = ["no" if flag == "yes" else "yes" for flag in grid.column("sensitive")]
    grid.set_column("sensitive", turned)
    assert doubted(text(grid)) == {"most:sensitive"}
    for flag in ("sensitive", "shield"):
        grid.set_column(flag, ["no"] * len(turned))
    assert doubted(text(grid)) == {"unflagged:sensitive", "unflagged:shield"}


@pytest.mark.parametrize("column", ["forename", "surname", "dob", "postcode"])
def test_a_detail_that_most_children_lack_is_said(column: str) -> None:
    grid = some(1)
    cells = grid.column(column)
    grid.set_column(column, [cell if n < 15 else "" for n, cell in enumerate(cells)])
    assert not doubted(text(grid))
    grid.set_column(column, [cell if n < 14 else "" for n, cell in enumerate(cells)])
    assert doubted(text(grid)) == {f"lacking:{column}"}


# ---- rows that are missing at the end ------------------------------------------------------------


def found(
    content: bytes | Sequence[Sheet], earlier: Earlier | None = None, reading: Reading = AS_IT_IS
) -> set[str]:
    return {each.name for each in findings(read(content, reading).facts, earlier)}


@pytest.mark.parametrize(
    "foot",
    [
        *("Total: 30", "Total,30", "30 pupils", "Number of pupils: 30", "Rows: 30", "Count: 30"),
        *("(30 rows)", "(30 rows affected)", "30 rows selected.", "*** 30 records ***"),
    ],
)
def test_a_file_with_fewer_rows_than_its_foot_counts_stops_the_import(foot: str) -> None:
    grid = some(1)
    assert not found(text(grid, foot))
    del grid.lines[11]
    assert found(text(grid, foot)) == {"foot_count"}
    assert not found(text(grid, "Total hours: 30")), "it counts something else"
    assert not found(text(grid, "Printed 30")), "it counts something else"


@pytest.mark.parametrize(
    "foot", [["Total", "30"], ["1,030 pupils"], ["(1,030 rows affected)"], ["Total: 1,030"]]
)
def test_the_foot_of_a_workbook_counts_its_rows(foot: list[str]) -> None:
    grid = some(1)
    rows = [grid.header, *(line.cells for line in grid.lines[:-1]), foot]
    assert found(sheets_of(xlsx({"Pupils": rows}))) == {"foot_count"}


@pytest.mark.parametrize(
    "content",
    [
        lambda grid, foot: text(grid, f"({foot} rows affected)"),
        lambda grid, foot: sheets_of(
            xlsx({"Pupils": [grid.header, *(line.cells for line in grid.lines), [f"{foot} rows"]]})
        ),
    ],
    ids=["text", "workbook"],
)
def test_a_foot_that_counts_the_header_is_stated_once(
    content: Callable[[Grid, int], bytes | Sequence[Sheet]],
) -> None:
    grid, stated = some(1), Reading(foot_counts_header=True)
    assert found(content(grid, 31)) == {"foot_count"}
    assert not found(content(grid, 31), reading=stated)
    assert found(content(grid, 32), reading=stated) == {"foot_count"}, "a row is missing"


def test_a_mapping_that_counts_the_header_is_proposed_and_asks_for_a_look() -> None:
    proposed = tomllib.loads(propose(text(some(1), "Total: 31"), AS_IT_IS, AS_OF))
    assert proposed["foot_counts_header"] is True
    assert [each for each in proposed["confirm"] if each.startswith("foot_counts_header")]
    for foot in ("Total: 30", "Total: 32", ""):
        assert "foot_counts_header" not in propose(text(some(1), foot), AS_IT_IS, AS_OF)


def kept(content: bytes) -> Earlier:
    readied = read(content)
    assert not findings(readied.facts, None)
    return left_by(readied)


def test_a_foot_that_is_gone_was_cut_off() -> None:
    last = kept(text(some(1), "Total: 30\n"))
    assert found(text(some(1)), last) == {"foot_gone"}
    assert not found(text(some(1)), kept(text(some(1)))), "it never had one"


@pytest.mark.parametrize("count", [30, 120])
def test_a_file_that_lost_a_block_of_lines_stops_the_second_import(count: int) -> None:
    rows = people(0, count)
    last = taken(rows)
    assert "block" in stops(rows[: count - count // 4], last)
    assert "block" in stops([*people(count, count + 3), *rows[: count - count // 4]], last)
    assert "block" in stops([*rows[: count // 2], *rows[count // 2 + count // 3 :]], last)
    assert not stops(rows[:-2], last), "two may have left"
    assert not stops([row for n, row in enumerate(rows) if n % 4], last), "they were anywhere"
    assert not stops(rows[count // 4 :], last), "the first ones have left"


@pytest.mark.parametrize(
    "fields",
    [{"status": "PERHAPS"}, {"status": "CLOSED", "start": "2022-01-01", "end": "2025-01-05"}],
    ids=["refused", "no longer current"],
)
def test_a_block_of_rows_that_are_there_and_left_out_is_none_that_is_missing(
    fields: dict[str, str],
) -> None:
    """Else four rows that are refused, or those who left a year ago, would stop all others."""
    rows = people(0, 60)
    last = taken(rows)
    assert not stops([*rows[:-4], *(row | fields for row in rows[-4:])], last)
    assert "block" in stops([*rows[:-9], *(row | fields for row in rows[-4:])], last)


# ---- children who were sensitive -----------------------------------------------------------------


def of_whom(*sensitive: int) -> list[dict[str, str]]:
    """Twenty children, of whom these are sensitive."""
    rows = enumerate(people(0, 20))
    return [{**row, "sensitive": "yes" if n in sensitive else "no"} for n, row in rows]


def test_a_child_who_is_no_longer_sensitive_is_named() -> None:
    last, now = taken(of_whom(3)), ready(of_whom())
    assert not stops(of_whom(), last)
    assert [(each.line, each.column, each.reason) for each in held_beside(now, last).remarks] == [
        (5, "sensitive", Reason.NO_LONGER_SENSITIVE)
    ]
    assert held_beside(now, None) == now


def test_two_children_at_once_who_are_no_longer_sensitive_stop_the_import() -> None:
    last = taken(of_whom(3, 9))
    assert set(stops(of_whom(4, 10), last)) == {"fell:sensitive"}, "as many, and other children"
    assert set(stops(of_whom(), last)) == {"fell:sensitive"}


def test_children_whose_kinds_are_no_longer_sensitive_are_named_and_stop_the_import() -> None:
    """A word of the kinds was mapped anew, or that column was sorted without the others."""
    rows = people(0, 20)
    before = [row | {"kind": "MENTAL_HEALTH"} if n in {3, 9} else row for n, row in enumerate(rows)]
    last = taken(before)
    assert set(stops(rows, last)) == {"fell:sensitive"}
    assert [each.line for each in held_beside(ready(rows), last).remarks] == [5, 11]
    flagged = [
        row | {"kind": "EDU_SCHOOL", "sensitive": "yes"} if row["kind"] == "MENTAL_HEALTH" else row
        for row in before
    ]
    assert not stops(flagged, last), "the flag says it now"
    assert not stops(before, taken(flagged)), "the kind says it now"


def test_a_column_of_one_sensitive_child_that_is_no_longer_there_stops_the_import() -> None:
    without = [column for column in COLUMNS if column != "sensitive"]
    assert set(stops(of_whom(), taken(of_whom(3)), without)) == {"fell:sensitive"}
    assert not stops(of_whom(), taken(of_whom()), without), "nobody was"


def test_a_sample_of_an_earlier_release_says_nothing_of_flags() -> None:
    last = taken(of_whom(3, 9))
    assert last.census is not None
    older = {number: details[:12] for number, details in last.census.sample.items()}
    found = compared(older, ready(of_whom()).facts.sample)
    assert (found.lifted, found.were_sensitive, found.changed["surname"]) == ((), 0, (0, 20))
