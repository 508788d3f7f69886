"""How well two files match, where it is known who is who (``docs/matching-tools.md``).

Pure, except for the clock, which is an argument. The left records ask, the right ones are recorded;
keys, bounds, comparison, thresholds and the choice among several records are those of a node. Where
both files are one, a record is not compared with itself, and of two records the earlier one asks.
Memory: the normal forms and keys of the right file; the left records are taken one at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, unique
from typing import Final

from agency_node.importing.quality.recorded import Recorded, Watch, unwatched, watched
from agency_node.match_tool.reports import as_csv
from agency_node.match_tool.tables import BadInput, Row
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Decision, Scope, Side, blocking_keys, compare, normalise
from fingerpost.private.linkage.comparison import Ruling

SLIP_COLUMNS: Final = ("left_id", "right_id", "what")


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares from 0 to 1; None where there is nothing that they could be a share of."""

    precision: float | None
    recall: float | None
    f1: float | None

    @staticmethod
    def of(*, right: int, said: int, true: int) -> Quality:
        """Return the shares where ``right`` of ``said`` are right and ``true`` are to be found."""
        return Quality(_share(right, said), _share(right, true), _share(2 * right, said + true))


@dataclass(frozen=True, slots=True)
class Timing:
    """``seconds``: the whole, without the reading of files. The others: None for no work."""

    seconds: float
    ms_per_child: float | None
    ms_per_comparison: float | None


@dataclass(slots=True)
class Counts:
    """What the shares are shares of. A pair is a left and a right record."""

    left: int
    right: int
    left_with_partner: int = 0
    left_without_keys: int = 0
    right_without_keys: int = 0
    true_pairs: int = 0
    true_pairs_opened: int = 0
    true_pairs_beyond_limit: int = 0
    opened_pairs: int = 0
    pairs_beyond_limit: int = 0
    comparisons: int = 0
    match_pairs: int = 0
    true_match_pairs: int = 0
    possible_pairs: int = 0
    true_possible_pairs: int = 0
    left_with_best: int = 0
    left_with_true_best: int = 0
    left_without_partner_opened: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures. ``same_file``: both sides are the same records."""

    scope: Scope
    upn: bool
    same_file: bool
    counts: Counts
    keys_per_record: float | None
    keys_per_query: float | None
    timing: Timing

    @property
    def unlock_recall(self) -> float | None:
        return _share(self.counts.true_pairs_opened, self.counts.true_pairs)

    @property
    def opened_without_partner(self) -> float | None:
        counts = self.counts
        return _share(counts.left_without_partner_opened, counts.left - counts.left_with_partner)

    @property
    def wrong_pairs_opened(self) -> int:
        return self.counts.opened_pairs - self.counts.true_pairs_opened

    @property
    def wrong_pairs_per_left_record(self) -> float | None:
        return _share(self.wrong_pairs_opened, self.counts.left)

    @property
    def decision(self) -> Quality:
        """Of the pairs that reach the threshold: as a match, or for a person to look at."""
        counts = self.counts
        return Quality.of(
            right=counts.true_match_pairs + counts.true_possible_pairs,
            said=counts.match_pairs + counts.possible_pairs,
            true=counts.true_pairs,
        )

    @property
    def answered(self) -> Quality:
        """Of the pairs that a node answers with a pointer: MATCH by its ruling."""
        counts = self.counts
        return Quality.of(
            right=counts.true_match_pairs, said=counts.match_pairs, true=counts.true_pairs
        )

    @property
    def possible_share(self) -> float | None:
        """Of the true pairs: those that reach the threshold and are not answered."""
        return _share(self.counts.true_possible_pairs, self.counts.true_pairs)

    @property
    def wrong_pairs_possible(self) -> int:
        return self.counts.possible_pairs - self.counts.true_possible_pairs

    @property
    def best_candidate(self) -> Quality:
        counts = self.counts
        return Quality.of(
            right=counts.left_with_true_best,
            said=counts.left_with_best,
            true=counts.left_with_partner,
        )


@unique
class What(Enum):
    """What went wrong with a pair, or is left for a person. The value is the name in the file."""

    MISSED = "missed"
    WRONG_MATCH = "wrong match"
    WRONG_POSSIBLE = "wrong possible"
    TRUE_POSSIBLE = "true possible"


@dataclass(frozen=True, slots=True)
class Slip:
    """One such pair. ``left``, ``right``: positions in the two tables."""

    left: int
    right: int
    what: What


def evaluate(
    left: Sequence[Row],
    right: Sequence[Row],
    truth: Collection[tuple[str, str]],
    *,
    scope: Scope,
    upn: bool = False,
    watch: Watch = unwatched,
    clock: Callable[[], float] = time.perf_counter,
    slips: list[Slip] | None = None,
) -> Evaluation:
    """Measure how well the left records find the right ones.

    Args:
        truth: Pairs of a left and a right id.
        scope: What the left records ask with. The right ones are recorded wide, as every record is.
        upn: Whether the agreement lets the pupil number be used.
        slips: Takes the pairs that went wrong or are left for a person.

    Raises:
        BadInput: An id is there twice, a true pair names a record that is in neither table, or (in
            one table) pairs a record with itself.
    """
    _read_tables()
    started = clock()
    places = _places(right, "right")
    same = _is_same(left, right, places)
    partners = _partners(truth, _places(left, "left"), places, same=same)
    recorded = Recorded.of(right, upn=upn, watch=watch)
    prepared, comparing, keys_asked = clock() - started, 0.0, 0
    counts = Counts(
        len(left),
        len(right),
        left_with_partner=len(partners),
        right_without_keys=recorded.without_keys,
        # In one table each pair stands with both of its records.
        true_pairs=sum(map(len, partners.values())) // (2 if same else 1),
    )
    for position, row in watched(left, "Asking", watch):
        began = clock()
        form = normalise(row.demographics)
        keys = blocking_keys(form, side=Side.QUERY, scope=scope, upn=upn)
        prepared += clock() - began
        keys_asked += len(keys)
        counts.left_without_keys += not keys
        opened = recorded.opened(keys)
        own = places[row.id] if same else -1
        opened.pop(own, None)
        chosen = recorded.likely(opened)
        began = clock()
        ruled = recorded.rule(form, chosen)
        comparing += clock() - began
        asked = _Asked(position, own + 1, opened.keys(), ruled, partners.get(position, frozenset()))
        asked.count(counts, recorded.ids)
        if slips is not None:
            slips += asked.slips()
    timing = Timing(
        clock() - started,
        _share(1000 * prepared, len(left) + len(right)),
        _share(1000 * comparing, counts.comparisons),
    )
    record_keys, query_keys = _share(recorded.keys, len(right)), _share(keys_asked, len(left))
    return Evaluation(scope, upn, same, counts, record_keys, query_keys, timing)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one left record met.

    ``first``: the first position that makes a pair with it. Where both files are one, the records
    before it, and itself, do not. ``ruled``: those of ``opened`` that were compared.
    """

    position: int
    first: int
    opened: Collection[int]
    ruled: Mapping[int, Ruling]
    partners: frozenset[int]

    def count(self, counts: Counts, ids: Sequence[str]) -> None:
        pairs = {position for position in self.opened if position >= self.first}
        beyond = pairs.difference(self.ruled)
        counts.opened_pairs += len(pairs)
        counts.true_pairs_opened += len(pairs & self.partners)
        counts.pairs_beyond_limit += len(beyond)
        counts.true_pairs_beyond_limit += len(beyond & self.partners)
        counts.left_without_partner_opened += bool(self.opened) and not self.partners
        counts.comparisons += len(self.ruled)
        for position in pairs.intersection(self.ruled):
            true, decision = position in self.partners, self.ruled[position].decision
            if decision is Decision.MATCH:
                counts.match_pairs += 1
                counts.true_match_pairs += true
            elif decision is Decision.POSSIBLE:
                counts.possible_pairs += 1
                counts.true_possible_pairs += true
        best = self._best(ids)
        if best is not None:
            counts.left_with_best += 1
            counts.left_with_true_best += best in self.partners

    def _best(self, ids: Sequence[str]) -> int | None:
        """Return the best candidate of all, itself apart.

        A match comes first: a twin who is held back may have a higher sum than the child.
        """
        linked = [n for n, one in self.ruled.items() if one.decision is not Decision.DIFFERENT]

        def rank(position: int) -> tuple[bool, float, str]:
            one = self.ruled[position]
            return one.decision is not Decision.MATCH, -one.compared.weight, ids[position]

        return min(linked, key=rank, default=None)

    def slips(self) -> Iterator[Slip]:
        found = set()
        for position, one in self.ruled.items():
            if position < self.first or one.decision is Decision.DIFFERENT:
                continue
            found.add(position)
            true, sure = position in self.partners, one.decision is Decision.MATCH
            if true and not sure:
                yield Slip(self.position, position, What.TRUE_POSSIBLE)
            elif not true:
                what = What.WRONG_MATCH if sure else What.WRONG_POSSIBLE
                yield Slip(self.position, position, what)
        for position in sorted(self.partners - found):
            if position >= self.first:
                yield Slip(self.position, position, What.MISSED)


def write_slips(slips: Iterable[Slip], left: Sequence[Row], right: Sequence[Row]) -> bytes:
    """Write the pairs as CSV, in the order of the left records.

    It holds record ids, which are the agency's own numbers and personal data, and no other value.
    """
    rows = ((left[one.left].id, right[one.right].id, one.what.value) for one in slips)
    return as_csv(SLIP_COLUMNS, rows)


def _places(rows: Sequence[Row], side: str) -> dict[str, int]:
    """Return each record's position by its id. Raises ``BadInput``: an id is there twice."""
    places = {row.id: position for position, row in enumerate(rows)}
    if len(places) != len(rows):
        raise BadInput(f"the {side} records: an id is there twice")
    return places


def _is_same(left: Sequence[Row], right: Sequence[Row], places: Mapping[str, int]) -> bool:
    """Return whether the two are one table, in whatever order."""
    if left is right:
        return True
    return len(left) == len(right) and all(
        (place := places.get(row.id)) is not None and right[place] == row for row in left
    )


def _partners(
    truth: Collection[tuple[str, str]],
    left: Mapping[str, int],
    right: Mapping[str, int],
    *,
    same: bool,
) -> dict[int, frozenset[int]]:
    """Return the truth as positions: for each left record that has any, its right ones.

    Where both files are one, both records of a pair are partners.
    """
    found: dict[int, set[int]] = {}
    for one, other in truth:
        if one not in left or other not in right:
            raise BadInput("the truth names a record that is in neither table")
        if same and one == other:
            raise BadInput("both files hold the same records, and the truth pairs one with itself")
        found.setdefault(left[one], set()).add(right[other])
        if same:
            found.setdefault(left[other], set()).add(right[one])
    return {place: frozenset(others) for place, others in found.items()}


def _read_tables() -> None:
    """Make the rules read their own tables, which they do on first use, before time is taken."""
    nobody = normalise(Demographics(forename="Ann", surname="Other", dob=date(2015, 2, 3)))
    blocking_keys(nobody, side=Side.QUERY, scope=Scope.WIDE)
    compare(nobody, nobody)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
