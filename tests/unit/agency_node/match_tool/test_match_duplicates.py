"""Duplicates in one file: who is grouped, who is only shown; a chain of likenesses asserts nothing
of twins.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.quality import doubles
from agency_node.importing.quality.doubles import Duplicates
from agency_node.match_tool.duplicates import (
    CSV_COLUMNS,
    find_duplicates,
    show_duplicates,
    write_csv,
    write_json,
)
from agency_node.match_tool.reports import plain_console
from agency_node.match_tool.tables import Notes, Row, Table
from effort import examples
from fingerpost.private.demographics import Demographics, OtherName
from fingerpost.private.linkage import Decision, Field, Level, Rule, compare, normalise
from unit.agency_node.match_tool.match_children import (
    AGNES,
    BARNABY,
    BOTH_TWINS,
    GENEVIEVE,
    ISOLDE,
    MONTGOMERY,
    PHILIPPA,
    ROSALIND,
    child,
    children,
)


def rows(*each: Demographics) -> tuple[Row, ...]:
    return tuple(Row(f"ID{n}", one, n + 2) for n, one in enumerate(each))


def table(*each: Demographics) -> Table:
    return Table("some.csv", rows(*each), ("record_id",), Notes())


def test_records_that_match_are_a_group() -> None:
    found = find_duplicates(rows(BARNABY, AGNES, BARNABY, MONTGOMERY, BARNABY))
    (group,) = found.groups
    assert group.members == (0, 2, 4)
    assert group.asserted
    assert [(pair.first, pair.second) for pair in group.matches] == [(0, 2), (0, 4), (2, 4)]
    assert found.possible == ()


def test_twins_are_no_group_but_for_review() -> None:
    found = find_duplicates(rows(ISOLDE, AGNES, PHILIPPA))
    assert found.groups == ()
    ((pair),) = found.possible
    assert (pair.first, pair.second) == (0, 2)
    assert pair.compared.decision is Decision.POSSIBLE


def test_a_chain_does_not_make_one_child_of_twins() -> None:
    chain = rows(ROSALIND, BOTH_TWINS, GENEVIEVE)
    assert (
        compare(normalise(ROSALIND), normalise(BOTH_TWINS)).decision
        is compare(normalise(BOTH_TWINS), normalise(GENEVIEVE)).decision
        is Decision.MATCH
    )
    found = find_duplicates(chain)
    (group,) = found.groups
    assert group.members == (0, 1, 2)
    assert not group.asserted
    assert [(pair.first, pair.second) for pair in group.contradictions] == [(0, 2)]
    assert found.possible == ()  # it is shown with its group


def test_a_chain_of_names_that_look_alike() -> None:
    ella = child("Ella", "Wetherington", "2015-03-14", "LS6 2AB")
    bella = replace(ella, forename="Bella")
    both = replace(ella, other_names=(OtherName("Bella", ""),))
    (group,) = find_duplicates(rows(bella, both, ella)).groups
    ((pair),) = group.contradictions
    assert (pair.first, pair.second) == (0, 2)
    assert pair.compared.held_by is Rule.TWO_NAMES


def test_a_chain_by_numbers_of_two_of_one_birth() -> None:
    born = "2015-03-14"
    first = child("Twin 1", "Wetherington", born, health_number="9434765919")
    second = child("Twin 2", "Wetherington", born, upn="A950000178301")
    merged = child("", "Wetherington", born, health_number="9434765919", upn="A950000178301")
    (group,) = find_duplicates(rows(first, second, merged), upn=True).groups
    ((pair),) = group.contradictions
    assert (pair.first, pair.second) == (0, 1)


def test_twins_of_whom_little_is_known_contradict_each_other() -> None:
    """No sum comes near a match, and the rule says all the same that they are two."""
    first = child("Ella", "Wetherington", health_number="9434765919")
    second = child("Bella", "Wetherington", upn="A950000178301")
    merged = replace(first, other_names=(OtherName("Bella", ""),), upn="A950000178301")
    (group,) = find_duplicates(rows(first, second, merged), upn=True).groups
    ((pair),) = group.contradictions
    assert (pair.first, pair.second) == (0, 1)
    assert pair.compared.by_sum is Decision.POSSIBLE
    assert pair.compared.rule is Rule.TWO_NAMES


def test_a_group_too_large_to_compare_asserts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubles, "MOST_MEMBERS", 3)
    found = find_duplicates(rows(BARNABY, BARNABY, BARNABY, BARNABY))
    (group,) = found.groups
    assert not group.whole
    assert not group.asserted


def test_a_heap_of_doubles_is_bounded_and_said() -> None:
    found = find_duplicates(rows(*[BARNABY] * 40))
    assert found.beyond_limit == 40
    (group,) = found.groups
    assert len(group.members) == 40
    assert group.asserted


def test_nothing_in_nothing() -> None:
    assert find_duplicates(()) == Duplicates((), (), 0, 0)


@given(each=st.lists(children(), max_size=7), seed=st.randoms(use_true_random=False))
@examples(60)
def test_what_holds_of_any_file(each: list[Demographics], seed: object) -> None:
    file = rows(*each)
    found = find_duplicates(file)
    forms = [normalise(row.demographics) for row in file]
    grouped = [member for group in found.groups for member in group.members]
    assert len(grouped) == len(set(grouped))
    for group in found.groups:
        assert len(group.members) > 1
        assert all(pair.compared.decision is Decision.MATCH for pair in group.matches)
        if not group.asserted:
            continue
        for first in group.members:
            for second in group.members:
                said = compare(forms[first], forms[second])
                assert first == second or said.decision is not Decision.DIFFERENT
                forename = next(f.level for f in said.evidence if f.field is Field.FORENAME)
                assert first == second or forename is not Level.DIFFERENT
    home = {member: n for n, group in enumerate(found.groups) for member in group.members}
    for pair in found.possible:
        assert pair.compared.decision is Decision.POSSIBLE
        assert home.get(pair.first, -1) != home.get(pair.second, -2)


# ---- reports -----------------------------------------------------------------------------------

MIXED = table(ROSALIND, BARNABY, BOTH_TWINS, GENEVIEVE, BARNABY, ISOLDE, PHILIPPA)


def test_the_json_has_one_form() -> None:
    found = json.loads(write_json(find_duplicates(MIXED.rows), MIXED, upn=False))
    assert list(found) == ["schema", "upn", "versions", "input", "counts", "groups", "possible"]
    assert found["schema"] == "fingerpost-match/dedupe/1"
    assert found["counts"] == {
        "records": 7,
        "groups": 2,
        "groups_for_review": 1,
        "records_in_groups": 5,
        "superfluous": 1,
        "possible_pairs": 1,
        "comparisons": found["counts"]["comparisons"],
        "records_beyond_limit": 0,
    }
    twins, barnabys = found["groups"]
    assert list(twins) == [
        "group",
        "standing",
        "wholly_compared",
        "records",
        "matches",
        "contradictions",
    ]
    assert (twins["standing"], barnabys["standing"]) == ("review", "asserted")
    assert barnabys["records"] == [{"line": 3, "record_id": "ID1"}, {"line": 6, "record_id": "ID4"}]
    (pair,) = twins["contradictions"]
    assert list(pair) == ["records", "decision", "bits", "levels", "rule"]
    assert pair["rule"] == "other_forename"
    assert pair["levels"]["forename"] == "different"
    assert [each["record_id"] for each in found["possible"][0]["records"]] == ["ID5", "ID6"]


def test_the_csv_has_a_line_for_each_pair() -> None:
    lines = list(csv.reader(io.StringIO(write_csv(find_duplicates(MIXED.rows), MIXED).decode())))
    assert lines[0] == list(CSV_COLUMNS)
    assert [line[:7] for line in lines[1:]] == [
        ["1", "review", "2", "ID0", "4", "ID2", "match"],
        ["1", "review", "4", "ID2", "5", "ID3", "match"],
        ["1", "review", "2", "ID0", "5", "ID3", "possible"],
        ["2", "asserted", "3", "ID1", "6", "ID4", "match"],
        ["", "review", "7", "ID5", "8", "ID6", "possible"],
    ]


def test_the_screen_names_lines_and_ids_and_no_child() -> None:
    for width in (80, 120):
        text = io.StringIO()
        show_duplicates(plain_console(text, width), find_duplicates(MIXED.rows), MIXED)
        shown = text.getvalue()
        assert max(map(len, shown.splitlines())) <= width
        assert "ID4" in shown
        assert "review" in shown
        for name in ("Rosalind", "Ashcombe", "Barnaby", "SK4", "2016"):
            assert name not in shown
