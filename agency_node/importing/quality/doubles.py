"""Children who are in one agency's file more than once: the search. Pure.

Two records are compared where a question about one would open the other, as at a node. Records that
match, directly or through others, are one group. A group is for review, and asserts nothing, when
the comparison finds that two of its records are two children: a chain of similar records must not
make one child of twins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from agency_node.importing.quality.recorded import Recorded, Watch, unwatched, watched
from fingerpost.private.linkage import Comparison, Decision, Rule, compare

MOST_MEMBERS: Final = 64
"""The most records of a group of which all pairs are compared. A larger group is for review."""

_TWO_CHILDREN: Final = (
    Rule.OTHER_CHILD,
    Rule.OTHER_NAMES,
    Rule.OTHER_FORENAME,
    Rule.TWO_NAMES,
    Rule.OTHER_OF_A_BIRTH,
)
"""Rules that say that there are two children, and not that too little is known."""
_NOBODY: Final[Set[int]] = frozenset()


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


def doubles_among(
    recorded: Recorded, *, without: Set[int] = _NOBODY, watch: Watch = unwatched
) -> Duplicates:
    """Find the children who are among the records more than once.

    Args:
        recorded: The records, closed. Their ids must differ.
        without: The positions of records that are compared with nothing.
    """
    search = _Search(recorded, without)
    for position, _ in watched(recorded.forms, "Comparing", watch):
        if position not in without:
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

    def __init__(self, recorded: Recorded, without: Set[int]) -> None:
        self._recorded = recorded
        self._without = without
        self.pairs: dict[tuple[int, int], Pair] = {}
        self._different: set[tuple[int, int]] = set()
        self.comparisons = self.beyond_limit = 0

    def ask(self, position: int) -> None:
        """Compare the record with those that a question about it would open."""
        opened = self._recorded.opened_by(position)
        for other in [other for other in opened if other == position or other in self._without]:
            del opened[other]
        chosen = self._recorded.likely(opened)
        self.beyond_limit += len(chosen) < len(opened)
        for other in chosen:
            first, second = min(position, other), max(position, other)
            if (first, second) in self.pairs or (first, second) in self._different:
                continue  # the question about the other opened this one, too
            pair = self._compare(first, second)
            if pair.compared.decision is Decision.DIFFERENT:
                self._different.add((first, second))
            else:
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
        return Pair(first, second, compare(one, other, upn=self._recorded.upn))


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
