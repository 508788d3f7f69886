"""What a rule is worth: the pairs and the openings that are its own alone."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from benchmarks.datasets.tables import Row, Tables, write
from benchmarks.matching.sources import Aims, Source
from benchmarks.matching.worth import RULES, Strangers, by_rule, only, pairs_of, table
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import RULE_DEFINITIONS, Scope, Side, blocking_keys, normalise

TAMSIN = Demographics("Tamsin", "", "Ashdown", dob=date(2014, 3, 9), postcode="LS6 2AB")


def bit(rule: str) -> int:
    return 1 << RULES.index(rule)


def test_both_halves_of_a_rule_are_one_and_every_key_has_one_rule() -> None:
    assert len(RULES) == len(
        {each.rule.name.removesuffix("_Q") for each in RULE_DEFINITIONS}
    ) - sum(each.rule.name.endswith("_R") for each in RULE_DEFINITIONS)
    form = normalise(TAMSIN)
    found = by_rule(form, Side.RECORD)
    assert set(found) == set(blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE))
    assert bit("NK") in found.values()


def test_a_pair_counts_for_a_rule_that_alone_opens_it(tmp_path: Path) -> None:
    one = Row("1", "Tamsin", "", "Ashdown", "", "2014-03-09", "F", "LS6 2AB")
    other = Row("2", "Bea", "", "Quill", "", "2014-03-09", "F", "LS6 2AB")
    write(Tables([one], [other], [("1", "2")]), tmp_path)
    counts = pairs_of(Source("two", False, tmp_path, Aims(), lambda _: None))
    assert counts == {bit("DPA"): 1}
    assert [only(counts, RULES.index(rule)) for rule in ("DPA", "NK")] == [1, 0]
    strangers = Strangers(Counter({bit("DPA") | bit("NK"): 3}), Counter({bit("NK"): 1}), 5.0)
    lines = table({"two": counts}, strangers, 1_000, [1.0] * len(RULES))
    assert "| DPA | 1.00 | 0.0, 30.0 | 10000 |" in lines
    assert "| NK | 1.00 | 50.0, 80.0 | 0 |" in lines
    assert lines[-1].endswith("| 80.0 ± 103.7 | 1.0000 |")


def test_one_opening_that_stands_for_five_is_less_sure_than_five() -> None:
    five, one = Strangers(Counter({1: 5}), Counter(), 5.0), Strangers(Counter(), Counter({1: 1}), 5)
    assert five.opened() == one.opened() == 5
    assert five.reach < one.reach
