"""Children who are in one agency's file more than once: the search, and its report.

The search is pure. Two records are compared where a question about one would open the other, as at
a node. Records that match, directly or through others, are one group. A group is for review, and
asserts nothing, when the comparison finds that two of its records are two children: a chain of
similar records must not make one child of twins.

A report holds lines, ids, fields and levels, and no other value of a record. An id is the agency's
own number, so the files are personal data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from rich.console import Console
from rich.table import Table as Screen
from rich.text import Text

from agency_node.match_tool.recorded import Recorded, Watch, counted, unwatched
from agency_node.match_tool.reports import (
    LEVELS,
    about,
    as_csv,
    as_json,
    field_words,
    number,
    show_notes,
    versions,
)
from agency_node.match_tool.tables import Row, Table
from fingerpost.private.linkage import (
    Comparison,
    Decision,
    Field,
    Level,
    Rule,
    Scope,
    Side,
    blocking_keys,
    compare,
)
from fingerpost.private.linkage.comparison import MOST_CANDIDATES

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
MOST_MEMBERS: Final = 64
"""The most records of a group of which all pairs are compared. A larger group is for review."""

_REVIEW: Final = "review"
_SHOWN: Final = 20
_AGREES: Final = (Level.EXACT, Level.EXACT_WEAK, Level.MISSING)

_TWO_CHILDREN: Final = (
    Rule.OTHER_CHILD,
    Rule.OTHER_NAMES,
    Rule.OTHER_FORENAME,
    Rule.TWO_NAMES,
    Rule.OTHER_OF_A_BIRTH,
)
"""Rules that say that there are two children, and not that too little is known."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records by position, the earlier first."""

    first: int
    second: int
    compared: Comparison


@dataclass(frozen=True, slots=True)
class Group:
    """Records that match, by position.

    ``contradictions``: pairs that are two children. ``whole``: all pairs were compared.
    """

    members: tuple[int, ...]
    matches: tuple[Pair, ...]
    contradictions: tuple[Pair, ...]
    whole: bool

    @property
    def asserted(self) -> bool:
        return self.whole and not self.contradictions

    @property
    def standing(self) -> str:
        return "asserted" if self.asserted else _REVIEW


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found in one file.

    ``possible``: pairs for review that are not of one group, the likeliest first. ``beyond_limit``:
    records that share a key with more others than were compared.
    """

    groups: tuple[Group, ...]
    possible: tuple[Pair, ...]
    comparisons: int
    beyond_limit: int


def find_duplicates(
    rows: Sequence[Row], *, upn: bool = False, watch: Watch = unwatched
) -> Duplicates:
    """Find the children who are in one file more than once.

    Args:
        rows: The records. Their ids must differ.
        upn: Whether the pupil number may be used.
    """
    search = _Search(Recorded(rows, upn=upn, watch=watch), upn=upn)
    for position, _ in counted(rows, "Comparing", watch):
        search.ask(position)
    matches = [p for p in search.pairs.values() if p.compared.decision is Decision.MATCH]
    groups = [search.group(tuple(members), found) for members, found in _joined(matches)]
    groups.sort(key=lambda group: group.members)
    home = {member: n for n, group in enumerate(groups) for member in group.members}
    apart = [
        pair
        for pair in search.pairs.values()
        if pair.compared.decision is Decision.POSSIBLE
        and (pair.first not in home or home[pair.first] != home.get(pair.second))
    ]
    apart.sort(key=lambda pair: (-pair.compared.weight, pair.first, pair.second))
    return Duplicates(tuple(groups), tuple(apart), search.comparisons, search.beyond_limit)


class _Search:
    """A search. ``pairs``: those found so far that match or are possible."""

    def __init__(self, recorded: Recorded, *, upn: bool) -> None:
        self._recorded = recorded
        self._upn = upn
        self.pairs: dict[tuple[int, int], Pair] = {}
        self.comparisons = self.beyond_limit = 0

    def ask(self, position: int) -> None:
        """Compare the record with those that a question about it would open."""
        form = self._recorded.forms[position]
        keys = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=self._upn)
        opened = self._recorded.opened(keys)
        opened.pop(position, None)
        chosen = self._recorded.likely(opened)
        self.beyond_limit += len(chosen) < len(opened)
        for other in chosen:
            first, second = min(position, other), max(position, other)
            if (first, second) not in self.pairs:
                pair = self._compare(first, second)
                if pair.compared.decision is not Decision.DIFFERENT:
                    self.pairs[first, second] = pair

    def group(self, members: tuple[int, ...], matches: Sequence[Pair]) -> Group:
        """Compare all members with each other, if they are not too many."""
        whole = len(members) <= MOST_MEMBERS
        known = {(pair.first, pair.second): pair for pair in matches}
        contradictions = []
        for first, second in combinations(members, 2) if whole else ():
            if (first, second) in known:
                continue
            pair = self.pairs.get((first, second)) or self._compare(first, second)
            if _two_children(pair.compared):
                contradictions.append(pair)
        in_order = sorted(matches, key=lambda pair: (pair.first, pair.second))
        return Group(members, tuple(in_order), tuple(contradictions), whole)

    def _compare(self, first: int, second: int) -> Pair:
        self.comparisons += 1
        one, other = self._recorded.forms[first], self._recorded.forms[second]
        return Pair(first, second, compare(one, other, upn=self._upn))


def _two_children(compared: Comparison) -> bool:
    """Return whether these are two children, and not one child of whom too little is known.

    A rule of two children counts whatever the sum is: too little may be known of twins for any sum
    to come near a match.
    """
    return compared.decision is Decision.DIFFERENT or compared.rule in _TWO_CHILDREN


def _joined(matches: Sequence[Pair]) -> list[tuple[list[int], list[Pair]]]:
    """Return the groups of records that matches connect, each with its matches."""
    group_of: dict[int, set[int]] = {}
    for pair in matches:
        one = group_of.setdefault(pair.first, {pair.first})
        other = group_of.setdefault(pair.second, {pair.second})
        if one is not other:
            small, large = sorted((one, other), key=len)
            large |= small
            group_of.update(dict.fromkeys(small, large))
    found: dict[int, list[Pair]] = defaultdict(list)
    for pair in matches:
        found[id(group_of[pair.first])].append(pair)
    return [(sorted(group_of[pairs[0].first]), pairs) for pairs in found.values()]


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
                    "standing": group.standing,
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
        (place, group.standing, *_cells(table, pair))
        for place, group in enumerate(found.groups, 1)
        for pair in (*group.matches, *group.contradictions)
    )
    others = (("", _REVIEW, *_cells(table, pair)) for pair in found.possible)
    return as_csv(CSV_COLUMNS, (*in_groups, *others))


def show_duplicates(console: Console, found: Duplicates, table: Table) -> None:
    counts = _figures(found, table)
    console.print(f"{table.name}: {number(counts['records'], 'record')}")
    show_notes(console, (table,))
    if found.beyond_limit:
        console.print(
            f"{number(found.beyond_limit, 'record')} with keys shared by more than "
            f"{MOST_CANDIDATES} others: only the likeliest of those were compared"
        )
    console.print(
        f"{number(counts['groups'], 'group')} of records that match, with "
        f"{number(counts['records_in_groups'], 'record')}; "
        f"{counts['groups_for_review']:,} of the groups for review"
    )
    console.print(f"{number(len(found.possible), 'further pair')} that may be one child")
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
    for count, what in (
        (len(group.contradictions), "pairs that are two children"),
        (len(group.members), "records"),
    ):
        if count > _SHOWN:
            yield f"… and {count - _SHOWN} {what} more in this group"
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
