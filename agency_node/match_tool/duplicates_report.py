"""Duplicates as JSON and CSV, for whoever mends the records, and as tables. Lines, ids, fields and levels: an id is a
number of the agency's own, and the files are personal data because of it; no other value of a record stands in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.answering.ruling import MOST_CANDIDATES
from agency_node.match_tool.duplicates import MOST_MEMBERS, Duplicates, Group, Pair
from agency_node.match_tool.evaluation_report import about, as_json, show_notes, versions
from agency_node.match_tool.tables import Table
from agency_node.match_tool.wording import field_words, level_words, number
from fingerpost.private.linkage import Comparison, Field, Level

DUPLICATES_SCHEMA: Final = "fingerpost-match/dedupe/1"
CSV_COLUMNS: Final = (
    "group",
    "standing",
    "line",
    "record_id",
    "other_line",
    "other_record_id",
    "decision",
    "bits",
    *(field.value for field in Field),
    "rule",
)
ASSERTED: Final = "asserted"
REVIEW: Final = "review"
_SHOWN: Final = 20
_AGREES: Final = (Level.EXACT, Level.EXACT_WEAK, Level.MISSING)


@dataclass(frozen=True, slots=True)
class Figures:
    """``records_in_groups``: of all groups. ``superfluous``: how many would go if each asserted group became one."""

    records: int
    groups: int
    groups_for_review: int
    records_in_groups: int
    superfluous: int
    possible_pairs: int
    comparisons: int
    records_beyond_limit: int


def figures(found: Duplicates, table: Table) -> Figures:
    return Figures(
        records=len(table.rows),
        groups=len(found.groups),
        groups_for_review=sum(not group.asserted for group in found.groups),
        records_in_groups=sum(len(group.members) for group in found.groups),
        superfluous=sum(len(group.members) - 1 for group in found.groups if group.asserted),
        possible_pairs=len(found.possible),
        comparisons=found.comparisons,
        records_beyond_limit=found.beyond_limit,
    )


def write_json(found: Duplicates, table: Table, *, upn: bool) -> bytes:
    counts = figures(found, table)
    return as_json(
        {
            "schema": DUPLICATES_SCHEMA,
            "upn": upn,
            "versions": versions(),
            "input": about(table),
            "counts": {name: getattr(counts, name) for name in Figures.__slots__},
            "groups": [
                {
                    "group": place,
                    "standing": _standing(group),
                    "wholly_compared": group.whole,
                    "records": [_record(table, member) for member in group.members],
                    "matches": [_pair(table, pair) for pair in group.matches],
                    "contradictions": [_pair(table, pair) for pair in group.contradictions],
                }
                for place, group in enumerate(found.groups, 1)
            ],
            "possible": [_pair(table, pair) for pair in found.possible],
        }
    )


def write_csv(found: Duplicates, table: Table) -> bytes:
    """A line for each pair: matches and contradictions of each group, then the possible pairs, which have no group."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for place, group in enumerate(found.groups, 1):
        for pair in (*group.matches, *group.contradictions):
            writer.writerow((place, _standing(group), *_cells(table, pair)))
    for pair in found.possible:
        writer.writerow(("", REVIEW, *_cells(table, pair)))
    return text.getvalue().encode("utf-8")


def show_duplicates(console: Console, found: Duplicates, table: Table) -> None:
    counts = figures(found, table)
    console.print(Text(f"{table.name}: {number(counts.records, 'record')}"))
    show_notes(console, (table,))
    if counts.records_beyond_limit:
        console.print(
            f"{number(counts.records_beyond_limit, 'record')} with keys shared by more than {MOST_CANDIDATES} "
            "others: only the likeliest of those were compared"
        )
    console.print(
        f"{number(counts.groups, 'group')} of records that match, with {number(counts.records_in_groups, 'record')}; "
        f"{counts.groups_for_review:,} of them for review"
    )
    console.print(f"{number(counts.possible_pairs, 'further pair')} that may be one child")
    if found.groups:
        console.print()
        console.print(_groups(found, table))
        _more(console, len(found.groups), "groups")
    if found.possible:
        console.print()
        console.print(_possible(found, table))
        _more(console, len(found.possible), "pairs")


def _groups(found: Duplicates, table: Table) -> Screen:
    screen = Screen(title="Records that match", title_justify="left")
    screen.add_column("Group", justify="right")
    screen.add_column("Line", justify="right")
    screen.add_column("Record id", overflow="fold")
    screen.add_column("What does not simply agree")
    for place, group in enumerate(found.groups[:_SHOWN], 1):
        name = Text(str(place)) if group.asserted else Text(f"{place}: {REVIEW}", style="red")
        for member in group.members[:_SHOWN]:
            row = table.rows[member]
            screen.add_row(name, str(row.line), Text(row.id), _beside(group, member, table))
            name = Text("")
        for told in _doubts(group, table):
            screen.add_row("", "", "", Text(told, style="red"))
        screen.add_section()
    return screen


def _beside(group: Group, member: int, table: Table) -> Text:
    """Its strongest match among those before it in the group, or, where it has none, among all."""
    mine = [pair for pair in group.matches if member in (pair.first, pair.second)]
    before = [pair for pair in mine if pair.second == member]
    if member == group.members[0]:
        return Text("")
    pair = max(before or mine, key=lambda found: found.compared.weight)
    other = pair.first if pair.second == member else pair.second
    return Text(f"with line {table.rows[other].line}: {_differs(pair.compared)}")


def _doubts(group: Group, table: Table) -> Iterator[str]:
    for pair in group.contradictions[:_SHOWN]:
        one, other = table.rows[pair.first].line, table.rows[pair.second].line
        yield f"lines {one} and {other}: {_contradiction(pair)}"
    for count, what in (
        (len(group.contradictions), "pairs that are two children"),
        (len(group.members), "records"),
    ):
        if count > _SHOWN:
            yield f"… and {count - _SHOWN} {what} more in this group"
    if not group.whole:
        yield f"more than {MOST_MEMBERS} records: not all were held against each other"


def _possible(found: Duplicates, table: Table) -> Screen:
    screen = Screen(title="Pairs that may be one child", title_justify="left", show_lines=True)
    screen.add_column("Lines")
    screen.add_column("Record ids", overflow="fold")
    screen.add_column("What does not simply agree")
    for pair in found.possible[:_SHOWN]:
        rows = [table.rows[pair.first], table.rows[pair.second]]
        cell = Text(_differs(pair.compared))
        if pair.compared.rule is not None:
            cell.append(f"\n{pair.compared.rule.value}", style="dim")
        screen.add_row(
            Text("\n".join(str(row.line) for row in rows)),
            Text("\n".join(row.id for row in rows)),
            cell,
        )
    return screen


def _more(console: Console, count: int, what: str) -> None:
    if count > _SHOWN:
        console.print(f"… and {count - _SHOWN:,} {what} more: --json or --csv writes them all")


def _differs(compared: Comparison) -> str:
    found = [
        f"{field_words(one.field)} {level_words(one.level)}"
        for one in compared.evidence
        if one.level not in _AGREES
    ]
    return "; ".join(found) or "all that both have agrees"


def _contradiction(pair: Pair) -> str:
    rule = pair.compared.rule
    return f"{_differs(pair.compared)} ({'two children' if rule is None else rule.value})"


def _standing(group: Group) -> str:
    return ASSERTED if group.asserted else REVIEW


def _record(table: Table, position: int) -> dict[str, object]:
    row = table.rows[position]
    return {"line": row.line, "record_id": row.id}


def _pair(table: Table, pair: Pair) -> dict[str, object]:
    return {
        "records": [_record(table, pair.first), _record(table, pair.second)],
        "decision": pair.compared.decision.value,
        "bits": round(pair.compared.weight, 1),
        "levels": _levels(pair.compared),
        "rule": _rule(pair) or None,
    }


def _levels(compared: Comparison) -> Mapping[str, str]:
    return {one.field.value: one.level.value for one in compared.evidence}


def _cells(table: Table, pair: Pair) -> tuple[object, ...]:
    one, other = table.rows[pair.first], table.rows[pair.second]
    levels = _levels(pair.compared)
    return (
        one.line,
        one.id,
        other.line,
        other.id,
        pair.compared.decision.value,
        f"{pair.compared.weight:.1f}",
        *(levels.get(field.value, "") for field in Field),
        _rule(pair),
    )


def _rule(pair: Pair) -> str:
    rule = pair.compared.rule
    return "" if rule is None else rule.name.lower()
