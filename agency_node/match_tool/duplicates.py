"""Children who stand in one agency's file more than once.

Pure. Two records are held against each other where a question about one would open the other, as at a node. Records
that match are one group, however many steps it takes; but a group that holds two records of which the comparison says
that they are two children asserts nothing: a chain of likenesses must not make one child of twins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from agency_node.match_tool.recorded import TOLD_EVERY, Recorded, Watch, unwatched
from agency_node.match_tool.ruling import likely
from agency_node.match_tool.tables import Row
from fingerpost.private.linkage import (
    Comparison,
    Decision,
    Rule,
    Scope,
    Side,
    blocking_keys,
    compare,
)

MOST_MEMBERS: Final = 64
"""Of a group whose records are all held against each other. A larger one is for a person to look at."""

_TWO_CHILDREN: Final = (
    Rule.OTHER_CHILD,
    Rule.OTHER_NAMES,
    Rule.OTHER_FORENAME,
    Rule.TWO_NAMES,
    Rule.OTHER_OF_A_BIRTH,
)
"""Rules that speak of two children, and not of too little."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records by position, the earlier first."""

    first: int
    second: int
    compared: Comparison


@dataclass(frozen=True, slots=True)
class Group:
    """``contradictions``: pairs of it that are two children. ``whole``: all its pairs were compared."""

    members: tuple[int, ...]
    matches: tuple[Pair, ...]
    contradictions: tuple[Pair, ...]
    whole: bool

    @property
    def asserted(self) -> bool:
        return self.whole and not self.contradictions


@dataclass(frozen=True, slots=True)
class Duplicates:
    """``possible``: pairs for review, not both of one group, the likeliest first. ``beyond_limit``: records that share
    a key with more others than were compared."""

    groups: tuple[Group, ...]
    possible: tuple[Pair, ...]
    comparisons: int
    beyond_limit: int


def find_duplicates(
    rows: Sequence[Row], *, upn: bool = False, watch: Watch = unwatched
) -> Duplicates:
    """``upn``: whether the pupil number may be used. Ids must differ."""
    search = _Search(Recorded(rows, upn=upn, watch=watch), upn=upn)
    for position in range(len(rows)):
        if position % TOLD_EVERY == 0:
            watch("Comparing", position, len(rows))
        search.ask(position)
    watch("Comparing", len(rows), len(rows))
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
    """``pairs``: those found so far that match or may."""

    def __init__(self, recorded: Recorded, *, upn: bool) -> None:
        self._recorded = recorded
        self._upn = upn
        self.pairs: dict[tuple[int, int], Pair] = {}
        self.comparisons = self.beyond_limit = 0

    def ask(self, position: int) -> None:
        """As a question about this record would be met by the others."""
        form = self._recorded.forms[position]
        keys = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=self._upn)
        shared = self._recorded.index.shared(keys)
        shared.pop(position, None)
        chosen = likely(shared, self._recorded.ids)
        self.beyond_limit += len(chosen) < len(shared)
        for other in chosen:
            first, second = min(position, other), max(position, other)
            if (first, second) not in self.pairs:
                pair = self._compare(first, second)
                if pair.compared.decision is not Decision.DIFFERENT:
                    self.pairs[first, second] = pair

    def group(self, members: tuple[int, ...], matches: Sequence[Pair]) -> Group:
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
    """Whether the two are children of their own, and not one child of whom too little is known. A rule that speaks of
    two children does so whatever the sum: of twins too little may be known for any sum to come near a match."""
    return compared.decision is Decision.DIFFERENT or compared.rule in _TWO_CHILDREN


def _joined(matches: Sequence[Pair]) -> list[tuple[list[int], list[Pair]]]:
    """The records that hang together by matches, each group with its matches."""
    head: dict[int, int] = {}

    def find(member: int) -> int:
        while head.setdefault(member, member) != member:
            head[member] = member = head[head[member]]
        return member

    for pair in matches:
        one, other = sorted((find(pair.first), find(pair.second)))
        head[other] = one
    members: dict[int, list[int]] = {}
    for member in sorted(head):
        members.setdefault(find(member), []).append(member)
    found: dict[int, list[Pair]] = {}
    for pair in matches:
        found.setdefault(find(pair.first), []).append(pair)
    return [(members[root], found[root]) for root in members]
