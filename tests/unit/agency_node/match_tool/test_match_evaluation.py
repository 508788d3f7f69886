"""Every figure of an evaluation, computed by hand for six children, and the rules that hold for any
files.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering import matching
from agency_node.importing.quality.recorded import KeyIndex, Recorded, key_number
from agency_node.match_tool.evaluation import Evaluation, Quality, Slip, What, evaluate
from agency_node.match_tool.tables import BadInput, Row
from agency_node.records.records import ChildRecord, Involvement, RecordId
from effort import examples
from fakes.node_records import LONG_KNOWN
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    BlockingKey,
    BlockingRule,
    Decision,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)
from fingerpost.private.messages import Question
from unit.agency_node.match_tool.match_children import (
    BARNABY,
    BOTH_TWINS,
    GENEVIEVE,
    LEFT,
    MONTGOMERY,
    RIGHT,
    ROSALIND,
    TRUTH,
    children,
)


def figures(
    left: Sequence[Row] = LEFT,
    right: Sequence[Row] = RIGHT,
    truth: Sequence[tuple[str, str]] = TRUTH,
    scope: Scope = Scope.WIDE,
    upn: bool = False,
) -> Evaluation:
    return evaluate(left, right, truth, scope=scope, upn=upn, clock=lambda: 0.0)


def rows(letter: str, children: Sequence[Demographics]) -> list[Row]:
    return [Row(f"{letter}{n:02}", one) for n, one in enumerate(children)]


# ---- by hand -----------------------------------------------------------------------------------


def test_three_of_four_true_pairs_share_a_key() -> None:
    found = figures()
    assert found.unlock_recall == 3 / 4
    assert (found.counts.true_pairs_opened, found.counts.true_pairs) == (3, 4)


def test_a_twin_opens_for_a_child_without_partner() -> None:
    found = figures()
    assert found.opened_without_partner == 1 / 2  # Henrietta's does, Montgomery's does not
    assert found.wrong_pairs_opened == 2  # hers, and Rosalind's twin
    assert found.wrong_pairs_per_left_record == 2 / 6
    assert found.counts.opened_pairs == 5


def test_the_decision_is_what_reaches_the_threshold() -> None:
    found = figures()
    # Barnaby, Rosalind and Isolde with theirs; wrongly Rosalind and Henrietta with a twin.
    assert found.decision == Quality(precision=3 / 5, recall=3 / 4, f1=2 * 3 / (5 + 4))


def test_what_is_answered_is_a_match() -> None:
    found = figures()
    assert found.answered == Quality(precision=1.0, recall=2 / 4, f1=2 * 2 / (2 + 4))
    assert found.possible_share == 1 / 4  # Isolde, who is called Philippa
    assert found.wrong_pairs_possible == 2  # both twins
    assert found.counts.comparisons == 5


def test_the_best_candidate_may_be_possible_only() -> None:
    found = figures()
    # Barnaby, Rosalind and Isolde have theirs; Henrietta is given her twin; Theodora is not found.
    assert found.best_candidate == Quality(precision=3 / 4, recall=3 / 4, f1=3 / 4)
    assert (found.counts.left_with_best, found.counts.left_with_partner) == (4, 4)


def test_keys_are_counted_as_the_parties_make_them() -> None:
    for scope in Scope:
        asked, recorded = (
            sum(len(blocking_keys(normalise(r.demographics), side=side, scope=by)) for r in rows)
            for rows, side, by in ((LEFT, Side.QUERY, scope), (RIGHT, Side.RECORD, Scope.WIDE))
        )
        found = figures(scope=scope)
        assert found.keys_per_query == asked / 6
        assert found.keys_per_record == recorded / 6


def test_narrow_keys_open_no_more_than_wide_ones() -> None:
    narrow, wide = figures(scope=Scope.NARROW), figures()
    assert narrow.counts.opened_pairs <= wide.counts.opened_pairs
    assert narrow.scope is Scope.NARROW


def test_the_pupil_number_is_a_key_only_where_it_may_be() -> None:
    left = [Row("1", Demographics(forename="Rosalind", upn="A950000178301"))]
    right = [Row("2", Demographics(surname="Ashcombe", upn="A950000178301"))]
    for upn, recall in ((False, 0.0), (True, 1.0)):
        assert figures(left, right, [("1", "2")], upn=upn).unlock_recall == recall


def test_the_pupil_number_is_compared_only_where_it_may_be() -> None:
    barnaby = replace(BARNABY, upn="A950000178301")
    left = [Row("1", replace(barnaby, postcode="", dob=None))]
    right = [Row("2", replace(barnaby, postcode="YO1 7HH"))]
    for upn, recall in ((False, 0.0), (True, 1.0)):
        assert figures(left, right, [("1", "2")], upn=upn).answered.recall == recall


def test_the_best_candidate_is_answered_before_it_is_possible() -> None:
    number = "9434765919"
    asked = replace(ROSALIND, health_number=number)
    moved = replace(ROSALIND, postcode="LS6 2AB")
    mistaken = replace(GENEVIEVE, health_number=number)  # her twin, with her number: a higher sum
    forms = [normalise(each) for each in (asked, moved, mistaken)]
    assert compare(forms[0], forms[1]).weight < compare(forms[0], forms[2]).weight
    found = figures([Row("L", asked)], [Row("a", mistaken), Row("b", moved)], [("L", "b")])
    assert found.best_candidate == Quality(1.0, 1.0, 1.0)


def test_shares_of_nothing_are_none() -> None:
    found = figures((LEFT[0],), (), ())
    assert found.unlock_recall is None
    assert found.opened_without_partner == 0.0
    assert found.decision == found.answered == Quality(None, None, None)
    assert found.best_candidate == Quality(None, None, None)
    assert found.keys_per_record is None
    every_one_has_a_partner = figures(LEFT[:1], RIGHT[:1], TRUTH[:1])
    assert every_one_has_a_partner.opened_without_partner is None


def test_a_child_with_several_partners_counts_once_among_candidates() -> None:
    right = (Row("R1", BARNABY), Row("R2", BARNABY))
    found = figures(LEFT[:1], right, (("L1", "R1"), ("L1", "R2")))
    assert found.decision == found.answered == Quality(1.0, 1.0, 1.0)
    assert found.counts.true_pairs == 2
    assert found.counts.left_with_partner == 1
    assert found.best_candidate == Quality(1.0, 1.0, 1.0)


def test_more_records_than_a_node_compares() -> None:
    right = rows("R", [BARNABY] * 40)
    found = figures(LEFT[:1], right, [("L1", row.id) for row in right])
    assert found.unlock_recall == 1.0
    assert found.counts.pairs_beyond_limit == found.counts.true_pairs_beyond_limit == 8
    assert found.decision == found.answered == Quality(1.0, 32 / 40, 2 * 32 / (32 + 40))


def test_time_is_that_of_the_clock() -> None:
    ticks = iter(range(1000))
    found = evaluate(LEFT, RIGHT, TRUTH, scope=Scope.WIDE, clock=lambda: float(next(ticks)))
    # Start, made ready, four looks for each of six who ask, end: 27 looks, 26 seconds.
    assert found.timing.seconds == 26.0
    assert found.timing.ms_per_child == 1000 * (1 + 6) / 12
    assert found.timing.ms_per_comparison == 1000 * 6 / 5


# ---- one file ----------------------------------------------------------------------------------

ONE_FILE = (Row("a", BARNABY), Row("b", ROSALIND), Row("c", BARNABY), Row("d", GENEVIEVE))


def test_in_one_file_no_record_meets_itself_and_each_pair_counts_once() -> None:
    found = figures(ONE_FILE, ONE_FILE, (("a", "c"),))
    assert found.same_file
    assert found.unlock_recall == 1.0
    assert found.counts.opened_pairs == 2  # both Barnabys, and the twins
    assert found.wrong_pairs_opened == 1
    assert found.opened_without_partner == 1.0  # each twin opens the other
    assert found.answered == Quality(1.0, 1.0, 1.0)
    assert found.decision == Quality(1 / 2, 1.0, 2 / 3)  # the twins reach the threshold
    assert found.counts.left_with_partner == 2
    assert found.best_candidate == Quality(2 / 4, 1.0, 2 * 2 / (4 + 2))


def test_one_file_is_known_by_its_content_in_any_order() -> None:
    again = tuple(Row(row.id, replace(row.demographics), line=9) for row in reversed(ONE_FILE))
    found = figures(ONE_FILE, again, (("c", "a"), ("a", "c")))
    assert found.same_file
    assert found.counts.true_pairs == 1
    assert found.counts.opened_pairs == 2


def test_equal_ids_with_another_content_are_two_files() -> None:
    other = (*ONE_FILE[:3], Row("d", BARNABY))
    assert not figures(ONE_FILE, other, (("a", "a"),)).same_file


# ---- what cannot be judged ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "truth"),
    [
        ((*LEFT, LEFT[0]), RIGHT, TRUTH),
        (LEFT, (*RIGHT, RIGHT[0]), TRUTH),
        (LEFT, RIGHT, (("L1", "R9"),)),
        (LEFT, RIGHT, (("R1", "L1"),)),
        (ONE_FILE, ONE_FILE, (("a", "a"),)),
    ],
)
def test_what_cannot_be_judged_is_refused(
    left: Sequence[Row], right: Sequence[Row], truth: Sequence[tuple[str, str]]
) -> None:
    with pytest.raises(BadInput):
        figures(left, right, truth)


# ---- for any files -----------------------------------------------------------------------------


@given(
    left=st.lists(children(), max_size=6),
    right=st.lists(children(), max_size=6),
    seed=st.integers(0, 999),
)
@examples(40)
def test_no_figure_depends_on_the_order_of_rows(
    left: list[Demographics], right: list[Demographics], seed: int
) -> None:
    chance = random.Random(seed)
    lefts, rights = rows("L", left), rows("R", right)
    truth = [(a.id, b.id) for a in lefts for b in rights if chance.random() < 0.3]
    found = figures(lefts, rights, truth)
    for some in (lefts, rights, truth):
        chance.shuffle(some)
    assert figures(lefts, rights, truth) == found


@given(left=st.lists(children(), max_size=6), right=st.lists(children(), max_size=6))
@examples(40)
def test_counts_agree_with_each_other(left: list[Demographics], right: list[Demographics]) -> None:
    lefts, rights = rows("L", left), rows("R", right)
    found = figures(lefts, rights, [(a.id, b.id) for a in lefts for b in rights])
    counts = found.counts
    assert (found.decision.recall or 0) >= (found.answered.recall or 0)
    assert counts.true_pairs_opened == counts.opened_pairs <= counts.true_pairs
    assert counts.match_pairs + counts.possible_pairs <= counts.opened_pairs
    assert counts.true_match_pairs == counts.match_pairs
    assert counts.left_with_true_best == counts.left_with_best <= counts.left


INVOLVEMENT = cast(Involvement, object())  # of no interest to who is who


@given(asked=children(), recorded=st.lists(children(), min_size=1, max_size=7))
@examples(150)
def test_the_ruling_is_that_of_a_node(asked: Demographics, recorded: list[Demographics]) -> None:
    form = normalise(asked)
    keys = frozenset(blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE))
    file = Recorded.of(rows("", recorded), upn=False)
    opened = file.opened(keys)
    ruled = file.rule(form, file.likely(opened))

    in_order = sorted(opened, key=lambda position: (-opened[position], position))
    records = [ChildRecord(RecordId(n), recorded[n], (INVOLVEMENT,), LONG_KNOWN) for n in in_order]
    examined = matching._decide(cast(Question, None), form, keys, records, False)
    for decision, there in (
        (Decision.MATCH, examined.matched),
        (Decision.POSSIBLE, examined.possible),
    ):
        here = {position for position, one in ruled.items() if one.decision is decision}
        assert here == {record.id.value for record in there}


def test_beside_a_better_match_only_its_double_stands() -> None:
    elsewhere = replace(GENEVIEVE, postcode="")
    file = Recorded.of(rows("", [elsewhere, ROSALIND, ROSALIND, MONTGOMERY]), upn=False)
    ruled = file.rule(normalise(BOTH_TWINS), range(4))
    assert ruled[0].compared.decision is Decision.MATCH
    decided = [ruled[n].decision.name for n in range(4)]
    assert decided == ["POSSIBLE", "MATCH", "MATCH", "DIFFERENT"]


def test_candidates_are_those_who_share_most_keys() -> None:
    few = Recorded.of([Row(name, BARNABY) for name in "dcba"], upn=False)
    assert few.likely({0: 1, 1: 5, 2: 5, 3: 2}) == [2, 1, 3, 0]
    many = Recorded.of(rows("", [BARNABY] * 50), upn=False)
    assert many.likely(dict.fromkeys(range(50), 1)) == list(range(32))


RULES = list(BlockingRule)[:4]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(RULES), st.binary(max_size=1))))
@examples(60)
def test_the_index_finds_what_was_put_in(entries: list[tuple[int, BlockingRule, bytes]]) -> None:
    index = KeyIndex()
    for position, kind, value in entries:
        index.add(position, [BlockingKey(kind, value)])
    index.close()
    asked = [BlockingKey(kind, value) for kind in RULES for value in (b"", b"a", b"\0")]
    expected = {
        position: count
        for position in range(6)
        if (count := sum(p == position and BlockingKey(k, v) in asked for p, k, v in entries))
    }
    assert dict(index.shared(map(key_number, asked))) == expected


# ---- pair by pair ------------------------------------------------------------------------------


@given(
    each=st.lists(children(), max_size=5),
    others=st.lists(children(), max_size=5),
    same=st.booleans(),
    chosen=st.randoms(use_true_random=False),
)
@examples(60)
def test_the_pairs_that_are_listed_are_those_that_are_counted(
    each: list[Demographics], others: list[Demographics], same: bool, chosen: random.Random
) -> None:
    left = rows("L", each)
    right = left if same else rows("R", others)
    truth = {
        (a.id, b.id)
        for n, a in enumerate(left)
        for b in (left[n + 1 :] if same else right)
        if chosen.random() < 0.4
    }
    slips: list[Slip] = []
    found = evaluate(left, right, truth, scope=Scope.WIDE, slips=slips).counts
    by_kind = {what: sum(slip.what is what for slip in slips) for what in What}
    assert len({(slip.left, slip.right) for slip in slips}) == len(slips)
    assert by_kind == {
        What.MISSED: found.true_pairs - found.true_match_pairs - found.true_possible_pairs,
        What.WRONG_MATCH: found.match_pairs - found.true_match_pairs,
        What.WRONG_POSSIBLE: found.possible_pairs - found.true_possible_pairs,
        What.TRUE_POSSIBLE: found.true_possible_pairs,
    }
    for slip in slips:
        true = (left[slip.left].id, right[slip.right].id) in truth
        assert true is (slip.what in (What.MISSED, What.TRUE_POSSIBLE))
