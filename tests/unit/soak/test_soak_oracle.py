"""The oracle of a soak: what it calls false, and which records it misses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fingerpost.protocol.codes import Status
from fingerpost.protocol.ids import AgencyId
from integration.running_federation import COUNCIL, ELM, GP, OAK, SAYS
from soak.framework import Row, Run, perform, table
from soak.oracle import CUT_OFF, Forgiven, Records, Shown, Verdict, judge, missing

OPERATION, QUERY = "00000000000000aa", "ab" * 32
WHOLE = Shown(OPERATION, SAYS["ASKED"], complete=True, silent=frozenset({"GP"}))
RECORDS = Records(
    frozenset({OPERATION}),
    {OPERATION: frozenset({QUERY})},
    frozenset({QUERY}),
    {OAK: frozenset({QUERY}), GP: frozenset({QUERY})},
)


def said(**statuses: Status) -> dict[AgencyId, Status]:
    by_name = {"council": COUNCIL, "oak": OAK, "elm": ELM, "practice": GP}
    return {**SAYS["ASKED"], **{by_name[name]: status for name, status in statuses.items()}}


def test_the_truth_is_whole() -> None:
    assert judge("ASKED", WHOLE) == (Verdict.WHOLE, "")


@pytest.mark.parametrize("gap", [Status.NO_REPLY, Status.TRY_AGAIN, Status.CANNOT_ANSWER])
def test_a_gap_that_is_named_is_honest(gap: Status) -> None:
    shown = replace(WHOLE, statuses=said(oak=gap), complete=False)
    assert judge("ASKED", shown) == (Verdict.GAPS, "")


@pytest.mark.parametrize(
    "shown",
    [
        replace(WHOLE, statuses=said(oak=Status.NOTHING_TO_DISCLOSE)),
        replace(WHOLE, statuses=said(practice=Status.INVOLVED)),
        replace(WHOLE, statuses=said(oak=Status.NO_REPLY)),
        replace(WHOLE, statuses={a: s for a, s in SAYS["ASKED"].items() if a != ELM}),
        replace(WHOLE, silent=frozenset({"EDUCATION"})),
    ],
    ids=["a no", "a yes", "complete beside a gap", "an agency left out", "a silent service"],
)
def test_whatever_is_false_is_called_so(shown: Shown) -> None:
    verdict, words = judge("ASKED", shown)
    assert verdict is Verdict.FALSE
    assert words


def test_a_refusal_and_a_gateway_that_died_are_no_outcome() -> None:
    assert judge("ASKED", Shown(refused="QUOTA"))[0] is Verdict.REFUSED
    assert judge("ASKED", CUT_OFF)[0] is Verdict.CUT_OFF
    nothing = Records(frozenset(), {}, frozenset(), {})
    assert list(missing([("ASKED", CUT_OFF), ("ASKED", Shown(refused="QUOTA"))], nothing)) == []


def test_what_is_on_record_everywhere_is_not_missed() -> None:
    assert list(missing([("ASKED", WHOLE)], RECORDS)) == []


LACKING = {
    "the question": replace(RECORDS, asked=frozenset()),
    "what was sent": replace(RECORDS, sent={}),
    "the hash log": replace(RECORDS, carried=frozenset()),
    "the school": replace(RECORDS, opened={**RECORDS.opened, OAK: frozenset()}),
    "the practice, which shields her": replace(RECORDS, opened={OAK: frozenset({QUERY})}),
    "the gateway, of a query of nobody": replace(RECORDS, carried=frozenset({QUERY, "cd" * 32})),
    "the hash log, of a query that opened": replace(
        RECORDS, opened={**RECORDS.opened, ELM: frozenset({"cd" * 32})}
    ),
}


@pytest.mark.parametrize("records", LACKING.values(), ids=LACKING)
def test_each_record_that_lacks_is_missed(records: Records) -> None:
    assert list(missing([("ASKED", WHOLE)], records))


def test_an_agency_that_gave_no_answer_need_not_have_it_on_record() -> None:
    shown = replace(WHOLE, statuses=said(oak=Status.NO_REPLY), complete=False)
    records = replace(RECORDS, opened={GP: frozenset({QUERY})})
    assert list(missing([("ASKED", shown)], records)) == []


def test_only_the_log_that_a_fault_took_from_is_forgiven() -> None:
    nothing = Records(frozenset(), {}, frozenset(), {})
    all_of_it = Forgiven(gateway=True, broker=True, agencies=frozenset({OAK, GP}))
    assert list(missing([("ASKED", WHOLE)], nothing, all_of_it)) == []
    at_school = Forgiven(agencies=frozenset({OAK}))
    assert list(missing([("ASKED", WHOLE)], LACKING["the school"], at_school)) == []
    assert list(missing([("ASKED", WHOLE)], LACKING["the hash log"], at_school))


def test_a_row_is_read_as_it_was_written() -> None:
    row = Row("line-hostile broker", 7, 6, 5, 4, 3, 2, 1, "AUC .51 (.48 to .54); n = 1000")
    assert Row.read(row.line()) == row
    assert Row.read("progress: 7 of 9") is None
    assert not row.good
    assert "AUC .51" in table([row, Row("kills")])
    assert Row("kills", 3, 3).good
    assert not Row("kills", failed=True).good


def test_a_run_ends_after_its_trials_and_repeats_with_its_seed() -> None:
    one, other, another = (Run("kills", seed, 10, trials=2) for seed in (5, 5, 6))
    assert [one.goes_on() for _ in range(4)] == [True, True, False, False]
    assert one.row().trials == 2
    drawn = one.random.random()
    assert other.random.random() == drawn
    assert another.random.random() != drawn
    short = Run("kills", 5, minutes=0)
    assert [short.goes_on(), short.goes_on()] == [False, False]


async def test_a_scenario_that_breaks_off_is_a_failed_row() -> None:
    row = await perform(Run("nothing of that name", 1, 1))
    assert row.failed
    assert not row.good
