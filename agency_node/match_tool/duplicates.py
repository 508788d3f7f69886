"""Children who are in one agency's file more than once: the report of the search
(``importing.quality.doubles``).

A report holds lines, ids, fields and levels, and no other value of a record. An id is the agency's
own number, so the files are personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.importing.quality.doubles import (
    MOST_MEMBERS,
    Duplicates,
    Group,
    Pair,
    doubles_among,
)
from agency_node.importing.quality.recorded import Recorded, Watch, unwatched
from agency_node.match_tool.reports import (
    LEVELS,
    about,
    as_csv,
    as_json,
    field_words,
    show_notes,
    versions,
)
from agency_node.match_tool.tables import Row, Table
from fingerpost.private.linkage import Comparison, Field, Level
from fingerpost.private.linkage.comparison import MOST_CANDIDATES
from fingerpost.runtime.screen_text import counted

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
_REVIEW: Final = "review"
_SHOWN: Final = 20
_AGREES: Final = (Level.EXACT, Level.EXACT_WEAK, Level.MISSING)


def find_duplicates(
    rows: Sequence[Row], *, upn: bool = False, watch: Watch = unwatched
) -> Duplicates:
    """Find the children who are in one file more than once.

    Args:
        rows: The records. Their ids must differ.
        upn: Whether the pupil number may be used.
    """
    return doubles_among(Recorded.of(rows, upn=upn, watch=watch), watch=watch)


def _standing(group: Group) -> str:
    return "asserted" if group.asserted else _REVIEW


def _figures(found: Duplicates, table: Table) -> dict[str, int]:
    """Return the figures of a report.

    ``superfluous``: how many records fewer there would be if each asserted group became one record.
    """
    return {
        "records": len(table.rows),
        "groups": len(found.groups),
        "groups_for_review": sum(not group.asserted for group in found.groups),
        "records_in_groups": sum(len(group.members) for group in found.groups),
        "superfluous": sum(len(group.members) - 1 for group in found.groups if group.asserted),
        "possible_pairs": len(found.possible),
        "comparisons": found.comparisons,
        "records_beyond_limit": found.beyond_limit,
    }


def write_json(found: Duplicates, table: Table, *, upn: bool) -> bytes:
    return as_json(
        {
            "schema": DUPLICATES_SCHEMA,
            "upn": upn,
            "versions": versions(),
            "input": about(table),
            "counts": _figures(found, table),
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
    """Write a line for each pair: those of each group, then the possible pairs, without group."""
    in_groups = (
        (place, _standing(group), *_cells(table, pair))
        for place, group in enumerate(found.groups, 1)
        for pair in (*group.matches, *group.contradictions)
    )
    others = (("", _REVIEW, *_cells(table, pair)) for pair in found.possible)
    return as_csv(CSV_COLUMNS, (*in_groups, *others))


def show_duplicates(console: Console, found: Duplicates, table: Table) -> None:
    counts = _figures(found, table)
    console.print(f"{table.name}: {counted(counts['records'], 'record')}")
    show_notes(console, (table,))
    if found.beyond_limit:
        console.print(
            f"{counted(found.beyond_limit, 'record')} with keys shared by more than "
            f"{MOST_CANDIDATES} others: only the likeliest of those were compared"
        )
    console.print(
        f"{counted(counts['groups'], 'group')} of records that match, with "
        f"{counted(counts['records_in_groups'], 'record')}; "
        f"{counts['groups_for_review']:,} of the groups for review"
    )
    console.print(f"{counted(len(found.possible), 'further pair')} that may be one child")
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
        name = str(place) if group.asserted else Text(f"{place}: {_REVIEW}", style="red")
        for member in group.members[:_SHOWN]:
            row = table.rows[member]
            screen.add_row(name, str(row.line), row.id, _beside(group, member, table))
            name = ""
        for sentence in _doubts(group, table):
            screen.add_row("", "", "", Text(sentence, style="red"))
        screen.add_section()
    return screen


def _beside(group: Group, member: int, table: Table) -> str:
    """Describe a member's strongest match among the records before it, or else among all."""
    if member == group.members[0]:
        return ""
    mine = [pair for pair in group.matches if member in (pair.first, pair.second)]
    before = [pair for pair in mine if pair.second == member]
    pair = max(before or mine, key=lambda found: found.compared.weight)
    other = pair.first if pair.second == member else pair.second
    return f"with line {table.rows[other].line}: {_differs(pair.compared)}"


def _doubts(group: Group, table: Table) -> Iterator[str]:
    for pair in group.contradictions[:_SHOWN]:
        one, other = table.rows[pair.first].line, table.rows[pair.second].line
        yield f"lines {one} and {other}: {_contradiction(pair)}"
    for count, single, several in (
        (len(group.contradictions), "pair that is two children", "pairs that are two children"),
        (len(group.members), "record", "records"),
    ):
        if count > _SHOWN:
            yield f"… and {counted(count - _SHOWN, single, several)} more in this group"
    if not group.whole:
        yield f"more than {MOST_MEMBERS} records: not all were compared with each other"


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
            "\n".join(str(row.line) for row in rows), "\n".join(row.id for row in rows), cell
        )
    return screen


def _more(console: Console, count: int, what: str) -> None:
    if count > _SHOWN:
        console.print(f"… and {count - _SHOWN:,} {what} more: --json or --csv writes them all")


def _differs(compared: Comparison) -> str:
    found = [
        f"{field_words(one.field)} {LEVELS[one.level]}"
        for one in compared.evidence
        if one.level not in _AGREES
    ]
    return "; ".join(found) or "all that both have agrees"


def _contradiction(pair: Pair) -> str:
    rule = pair.compared.rule
    return f"{_differs(pair.compared)} ({'two children' if rule is None else rule.value})"


def _record(table: Table, position: int) -> dict[str, object]:
    row = table.rows[position]
    return {"line": row.line, "record_id": row.id}


def _pair(table: Table, pair: Pair) -> dict[str, object]:
    return {
        "records": [_record(table, pair.first), _record(table, pair.second)],
        "decision": pair.compared.decision.value,
        "bits": round(pair.compared.weight, 1),
        "levels": {one.field.value: one.level.value for one in pair.compared.evidence},
        "rule": _rule(pair),
    }


def _cells(table: Table, pair: Pair) -> tuple[object, ...]:
    one, other = table.rows[pair.first], table.rows[pair.second]
    levels = {one.field: one.level.value for one in pair.compared.evidence}
    return (
        one.line,
        one.id,
        other.line,
        other.id,
        pair.compared.decision.value,
        f"{pair.compared.weight:.1f}",
        *(levels.get(field, "") for field in Field),
        _rule(pair),  # the CSV has an empty cell for None
    )


def _rule(pair: Pair) -> str | None:
    rule = pair.compared.rule
    return None if rule is None else rule.name.lower()
