"""How well two files match, where it is known who is who: the figures that ``docs/matching-tools.md`` explains.

Pure but for the clock that comes in as an argument. The left records ask, the right ones are recorded; keys, bounds,
comparison, thresholds and the choice among several records are those of a node. Where both files are one, a record is
not held against itself, and of two records the earlier one asks.
Memory: the normal forms and keys of the right file, and what is asked one record at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from agency_node.match_tool.partners import is_same, partners_of, places_of
from agency_node.match_tool.recorded import TOLD_EVERY, Recorded, Watch, unwatched
from agency_node.match_tool.ruling import Ruled, likely, rule
from agency_node.match_tool.slips import Tell, slips_of, untold
from agency_node.match_tool.tables import Row
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision, Scope, Side, blocking_keys, compare, normalise


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares from 0 to 1; None where there is nothing that they could be a share of."""

    precision: float | None
    recall: float | None
    f1: float | None

    @staticmethod
    def of(*, right: int, said: int, true: int) -> Quality:
        """``right`` of ``said`` are right; ``true`` could have been."""
        return Quality(_share(right, said), _share(right, true), _share(2 * right, said + true))


@dataclass(frozen=True, slots=True)
class Timing:
    """``seconds``: the whole, reading of files apart. The others in milliseconds; None where nothing was done."""

    seconds: float
    ms_per_child: float | None
    ms_per_comparison: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the shares are shares of. Pairs are of a left and a right record."""

    left: int
    right: int
    left_with_partner: int
    left_without_keys: int
    right_without_keys: int
    true_pairs: int
    true_pairs_opened: int
    true_pairs_beyond_limit: int
    opened_pairs: int
    pairs_beyond_limit: int
    comparisons: int
    match_pairs: int
    true_match_pairs: int
    possible_pairs: int
    true_possible_pairs: int
    left_with_best: int
    left_with_true_best: int
    left_without_partner_opened: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``same_file``: both sides are the same records.

    ``decision``: of the pairs that reach the threshold, be it as a match or for a person to look at. ``answered``: of
    those that a node answers with a pointer, MATCH by its ruling. ``possible_share``: of the true pairs, those that
    reach the threshold and are not answered.
    """

    scope: Scope
    upn: bool
    same_file: bool
    unlock_recall: float | None
    opened_without_partner: float | None
    wrong_pairs_opened: int
    wrong_pairs_per_left_record: float | None
    decision: Quality
    answered: Quality
    possible_share: float | None
    wrong_pairs_possible: int
    best_candidate: Quality
    keys_per_record: float | None
    keys_per_query: float | None
    timing: Timing
    counts: Counts


def evaluate(
    left: Sequence[Row],
    right: Sequence[Row],
    truth: Collection[tuple[str, str]],
    *,
    scope: Scope,
    upn: bool = False,
    watch: Watch = unwatched,
    clock: Callable[[], float] = time.perf_counter,
    tell: Tell = untold,
) -> Evaluation:
    """``truth``: pairs of a left and a right id. ``scope``: what the left records ask with; the right ones are recorded
    wide, as every record is. ``upn``: whether the agreement lets the pupil number be used. ``tell``: of each pair that
    went wrong or is left for a person.

    Raises ``BadInput``: an id that is there twice, a true pair of which a record is in neither table, or (in one table)
    of a record with itself.
    """
    _read_tables()
    started = clock()
    places, left_places = places_of(right, "right"), places_of(left, "left")
    same = is_same(left, right, places)
    partners = partners_of(truth, left_places, places, same=same)
    recorded = Recorded(right, upn=upn, watch=watch)
    prepared = clock() - started
    tally = _Tally(right=recorded.ids)
    query_keys = without_keys = 0
    comparing = 0.0
    for position, row in enumerate(left):
        if position % TOLD_EVERY == 0:
            watch("Asking", position, len(left))
        began = clock()
        form = normalise(row.demographics)
        keys = blocking_keys(form, side=Side.QUERY, scope=scope, upn=upn)
        prepared += clock() - began
        query_keys += len(keys)
        without_keys += not keys
        shared = recorded.index.shared(keys)
        own = places[row.id] if same else None
        if own is not None:
            shared.pop(own, None)
        chosen = likely(shared, recorded.ids)
        began = clock()
        ruled = rule(form, chosen, recorded.forms, upn=upn)
        comparing += clock() - began
        mine = partners.get(position, frozenset())
        tally.add(shared.keys(), chosen, ruled, mine, own)
        for slip in slips_of(position, ruled, mine, _first(own)):
            tell(slip)
    watch("Asking", len(left), len(left))
    true = sum(len(found) for found in partners.values())
    if same:
        true //= 2  # each pair stands with both of its records
    return tally.evaluation(
        scope=scope,
        upn=upn,
        same=same,
        left=len(left),
        without_keys=(without_keys, recorded.without_keys),
        true=true,
        with_partner=len(partners),
        keys=(query_keys, recorded.keys),
        timing=Timing(
            clock() - started,
            _share(1000 * prepared, len(left) + len(right)),
            _share(1000 * comparing, tally.comparisons),
        ),
    )


class _Tally:
    """The counts of all askers."""

    def __init__(self, right: Sequence[str]) -> None:
        self._right = right
        self._opened = self._true_opened = 0
        self._beyond = self._true_beyond = 0
        self._match = self._true_match = 0
        self._possible = self._true_possible = 0
        self._best = self._true_best = 0
        self._lonely_opened = 0
        self.comparisons = 0

    def add(
        self,
        opened: Collection[int],
        chosen: Sequence[int],
        ruled: Sequence[Ruled],
        partners: frozenset[int],
        own: int | None,
    ) -> None:
        """One asker. ``own``: its own place where both files are one."""
        first = _first(own)
        pairs = {position for position in opened if position >= first}
        self._opened += len(pairs)
        self._true_opened += len(pairs & partners)
        beyond = pairs.difference(chosen)
        self._beyond += len(beyond)
        self._true_beyond += len(beyond & partners)
        self._lonely_opened += bool(opened) and not partners
        self.comparisons += len(ruled)
        for one in ruled:
            if one.position < first:
                continue
            true = one.position in partners
            if one.decision is Decision.MATCH:
                self._match += 1
                self._true_match += true
            elif one.decision is Decision.POSSIBLE:
                self._possible += 1
                self._true_possible += true
        best = min(
            (one for one in ruled if one.decision is not Decision.DIFFERENT),
            key=self._rank,
            default=None,
        )
        if best is not None:
            self._best += 1
            self._true_best += best.position in partners

    def _rank(self, one: Ruled) -> tuple[bool, float, str]:
        """What is answered comes first: a twin who is held back may share more than the child herself."""
        not_sure = one.decision is not Decision.MATCH
        return (not_sure, -one.compared.weight, self._right[one.position])

    def evaluation(
        self,
        *,
        scope: Scope,
        upn: bool,
        same: bool,
        left: int,
        without_keys: tuple[int, int],
        true: int,
        with_partner: int,
        keys: tuple[int, int],
        timing: Timing,
    ) -> Evaluation:
        wrong = self._opened - self._true_opened
        right = len(self._right)
        return Evaluation(
            scope=scope,
            upn=upn,
            same_file=same,
            unlock_recall=_share(self._true_opened, true),
            opened_without_partner=_share(self._lonely_opened, left - with_partner),
            wrong_pairs_opened=wrong,
            wrong_pairs_per_left_record=_share(wrong, left),
            decision=Quality.of(
                right=self._true_match + self._true_possible,
                said=self._match + self._possible,
                true=true,
            ),
            answered=Quality.of(right=self._true_match, said=self._match, true=true),
            possible_share=_share(self._true_possible, true),
            wrong_pairs_possible=self._possible - self._true_possible,
            best_candidate=Quality.of(right=self._true_best, said=self._best, true=with_partner),
            keys_per_record=_share(keys[1], right),
            keys_per_query=_share(keys[0], left),
            timing=timing,
            counts=Counts(
                left=left,
                right=right,
                left_with_partner=with_partner,
                left_without_keys=without_keys[0],
                right_without_keys=without_keys[1],
                true_pairs=true,
                true_pairs_opened=self._true_opened,
                true_pairs_beyond_limit=self._true_beyond,
                opened_pairs=self._opened,
                pairs_beyond_limit=self._beyond,
                comparisons=self.comparisons,
                match_pairs=self._match,
                true_match_pairs=self._true_match,
                possible_pairs=self._possible,
                true_possible_pairs=self._true_possible,
                left_with_best=self._best,
                left_with_true_best=self._true_best,
                left_without_partner_opened=self._lonely_opened,
            ),
        )


def _first(own: int | None) -> int:
    """Where both files are one, only records later than itself make a pair with an asker."""
    return 0 if own is None else own + 1


def _read_tables() -> None:
    """The rules read tables of their own when they are first used: before the time is taken."""
    nobody = normalise(Demographics(forename="Ann", surname="Other", dob=date(2015, 2, 3)))
    blocking_keys(nobody, side=Side.QUERY, scope=Scope.WIDE)
    compare(nobody, nobody)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
