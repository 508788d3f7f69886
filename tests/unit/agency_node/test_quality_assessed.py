"""The quality report of made exports: each fault is planted, and counted exactly; and none is found
where there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.quality import gathering
from agency_node.importing.quality.assessing import FEWEST_AT_HOME
from agency_node.importing.quality.document import (
    MOST_IMPORTS,
    MOST_LISTED,
    QualityReport,
    following,
    read_report,
)
from agency_node.importing.quality.faults import BY_CODE, CHILDREN, Fault
from agency_node.importing.quality.page import write_page
from agency_node.importing.quality.rows import CASES
from agency_node.importing.quality.rule_words import RULE_WORDS
from agency_node.importing.sources.fields import Flag
from agency_node.importing.sources.reasons import Reason
from effort import examples
from fakes.import_world import AS_OF
from fakes.quality_exports import assessed, assessed_file, content, health_number, sound, upn
from fingerpost.private.linkage import BlockingRule
from fingerpost.protocol.codes import Kind
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.screen_text import json_lines

TWELVE = [sound(n) for n in range(12)]
LINE = 5
"""The line of the fourth of them."""


def with_fourth(**fields: str) -> list[dict[str, str]]:
    """The twelve, of whom the fourth has other details."""
    return [row | fields if n + 2 == LINE else row for n, row in enumerate(TWELVE)]


def counts(report: QualityReport) -> dict[Fault, int]:
    """What was found, without what was not."""
    return {BY_CODE[figure.code]: figure.count for figure in report.figures if figure.count}


def test_in_a_sound_export_nothing_is_wrong_and_nothing_is_to_do() -> None:
    report = assessed(TWELVE)
    assert counts(report) == {}
    assert report.to_do == ()
    assert report.lost == ()
    assert report.children == report.found.twice == report.rows.taken == 12
    assert report.stops == ()
    assert {each.name: each.children for each in report.fields if each.children} == {
        **dict.fromkeys(
            ("forename", "surname", "dob", "sex", "postcode", "health_number", "upn"), 12
        )
    }


ONE_CHILD: list[tuple[Fault, dict[str, str]]] = [
    (Fault.HEALTH_NUMBER_CHECK, {"health_number": "4434567891"}),
    (Fault.HEALTH_NUMBER_FORM, {"health_number": "44345"}),
    (Fault.HEALTH_NUMBER_PLACEHOLDER, {"health_number": "0000000000"}),
    (Fault.HEALTH_NUMBER_PLACEHOLDER, {"health_number": "1234567890"}),
    (Fault.HEALTH_NUMBER_TEST, {"health_number": "9990000018"}),
    (Fault.HEALTH_NUMBER_SCHEME, {"number_scheme": "CHI"}),
    (Fault.UPN_CHECK, {"upn": "B950000178301"}),
    (Fault.UPN_FORM, {"upn": "950000178301"}),
    (Fault.UPN_PLACEHOLDER, {"upn": "0000000000000"}),
    (Fault.NUMBER_SHORTENED, {"health_number": "9.43E+09"}),
    (Fault.FORENAME_PLACEHOLDER, {"forename": "Test"}),
    (Fault.FORENAME_PLACEHOLDER, {"forename": "unknown"}),
    (Fault.SURNAME_PLACEHOLDER, {"surname": "Not known"}),
    (Fault.SURNAME_PLACEHOLDER, {"surname": "Test"}),
    (Fault.NEWBORN_NAME, {"forename": "Baby"}),
    (Fault.NAME_DAMAGED, {"middle_names": "Ren?e"}),
    (Fault.DATE_PLACEHOLDER, {"dob": "1900-01-01"}),
    (Fault.DATE_NEW_YEAR, {"dob": "2014-01-01"}),
    (Fault.DATE_NOT_READ, {"dob": "the third"}),
    (Fault.POSTCODE_PLACEHOLDER, {"postcode": "ZZ99 3VZ"}),
    (Fault.POSTCODE_PLACEHOLDER, {"postcode": "NFA"}),
    (Fault.POSTCODE_FORM, {"postcode": "AA1 1AA"}),
    (Fault.OUTGROWN, {"kind": "EDU_EARLY_YEARS"}),
    (Fault.OPEN_LONG, {"kind": "EARLY_HELP", "start": "2022-03-01"}),
    (Fault.DESK_OVER, {"staffed_until": "2026-12-18"}),
    (Fault.NO_TELEPHONE, {"desk_phone": ""}),
    (Fault.UNDIALABLE, {"desk_phone": "01632 960001 ext 12"}),
    (Fault.NO_HOURS, {"hours": ""}),
    (Fault.HOURS_NOT_READ, {"hours": "when the moon is full"}),
    (Fault.FLAG_UNREAD, {"shield": "perhaps"}),
]


@pytest.mark.parametrize(
    ("fault", "fields"), ONE_CHILD, ids=lambda each: each.value if isinstance(each, Fault) else ""
)
def test_a_fault_of_one_child_is_counted_once_and_is_the_only_one(
    fault: Fault, fields: Mapping[str, str]
) -> None:
    report = assessed(with_fourth(**fields))
    assert counts(report) == {fault: 1}
    figure = report.figure(fault.value)
    assert figure.lines == ((LINE,),)
    assert (figure.of, figure.children, figure.share) == (12, 1, round(1 / 12, 4))
    (step,) = report.to_do
    assert (step.code, step.children, step.lines) == (fault.value, 1, ((LINE,),))
    assert step.columns == fault.columns


def test_every_fault_is_planted_here() -> None:
    """Those that concern several children, or have faults beside them, have tests of their own."""
    of_their_own = {
        *(Fault.NUMBER_SHARED, Fault.POSTCODE_SHARED, Fault.DOUBLE, Fault.POSSIBLE_DOUBLE),
        *(Fault.FOUND_ONCE, Fault.FOUND_NEAR, Fault.WORKER_OF_MANY, Fault.UNREACHABLE),
        Fault.WITHHELD,
    }
    assert {fault for fault, _ in ONE_CHILD} | of_their_own == set(Fault)


def test_children_who_are_in_the_file_twice_are_listed_together() -> None:
    again = TWELVE[3] | {"local_id": "LOCAL-99", "postcode": "LS19 4AB"}
    report = assessed([*TWELVE, again])
    assert counts(report) == {Fault.DOUBLE: 2}
    assert report.figure("double").lines == ((LINE, 14),)


def test_a_number_that_two_children_have_is_no_double() -> None:
    report = assessed(with_fourth(health_number=health_number(7)))
    assert counts(report)[Fault.NUMBER_SHARED] == 2
    assert Fault.DOUBLE not in counts(report)
    assert report.figure("number_shared").lines == ((LINE, 9),)


def test_a_pupil_number_is_compared_only_where_the_agreement_lets_it_be_used() -> None:
    rows = with_fourth(upn=upn(7))
    assert Fault.NUMBER_SHARED not in counts(assessed(rows))
    report = assessed(rows, upn=True)
    assert counts(report)[Fault.NUMBER_SHARED] == 2
    assert "UPN" in {each.name for each in report.rules}
    assert "UPN" not in {each.name for each in assessed(rows).rules}


def test_twins_may_be_one_child_and_nothing_is_to_do() -> None:
    twin = TWELVE[3] | {
        "local_id": "LOCAL-99",
        "forename": "Philippa",
        "health_number": "",
        "upn": "",
    }
    report = assessed([*TWELVE, twin])
    assert counts(report) == {Fault.POSSIBLE_DOUBLE: 2}
    assert report.to_do == ()


def test_a_postcode_of_very_many_children_is_found() -> None:
    rows = [sound(n) for n in range(100)]
    few = [row | {"postcode": "LS1 1AA"} for row in rows[: FEWEST_AT_HOME - 1]]
    assert Fault.POSTCODE_SHARED not in counts(assessed([*few, *rows[len(few) :]]))
    many = [row | {"postcode": "LS1 1AA"} for row in rows[:FEWEST_AT_HOME]]
    report = assessed([*many, *rows[len(many) :]])
    assert counts(report)[Fault.POSTCODE_SHARED] == FEWEST_AT_HOME
    [lines] = report.figure("postcode_shared").lines
    assert lines[0] == 2


def test_how_well_a_child_is_found_follows_from_what_is_known_of_her() -> None:
    little = {"health_number": "", "upn": "", "dob": "", "sex": ""}
    report = assessed(with_fourth(**little))
    assert report.found.twice == 11
    assert counts(report) == {Fault.FOUND_ONCE: 1}
    assert report.figure("found_once").lines == ((LINE,),)
    less = {"health_number": "", "upn": "", "forename": "", "postcode": "LS1", "sex": ""}
    report = assessed(with_fourth(**less))
    assert counts(report) == {Fault.FOUND_NEAR: 1}
    assert (report.found.twice, report.found.near) == (11, 1)


def test_a_worker_of_more_children_than_one_person_can_work_with_is_found() -> None:
    most = CASES[Kind.CSC_CIN]
    case = {"kind": "CSC_CIN", "worker_name": "Leaver", "worker_role": "Social worker"}
    rows = [sound(n, **case) for n in range(most)]
    assert counts(assessed(rows)) == {}
    rows.append(sound(most, **case))
    report = assessed(rows)
    assert counts(report) == {Fault.WORKER_OF_MANY: most + 1}
    assert len(report.figure("worker_of_many").lines) == MOST_LISTED
    assert counts(assessed([row | {"desk": "team"} for row in rows])) == {}


def test_a_child_is_unreachable_only_where_no_row_names_a_desk() -> None:
    silent = {"desk_phone": "", "desk_email": ""}
    report = assessed(with_fourth(**silent))
    assert counts(report) == {Fault.NO_TELEPHONE: 1, Fault.UNREACHABLE: 1}
    other = TWELVE[3] | {"kind": "GP"}
    report = assessed([*with_fourth(**silent), other])
    assert counts(report) == {Fault.NO_TELEPHONE: 1}
    assert report.figure("no_telephone").of == 13


def test_a_sensitive_row_names_no_desk_and_is_not_judged() -> None:
    rows = with_fourth(sensitive="yes", desk_phone="", desk_email="", hours="")
    report = assessed(rows)
    assert counts(report) == {}
    assert report.withheld.sensitive_rows == report.withheld.only_sensitive == 1
    assert report.figure("no_telephone").of == 11
    both = assessed([*rows, TWELVE[3] | {"kind": "GP"}])
    assert (both.withheld.sensitive_rows, both.withheld.only_sensitive) == (1, 0)


def test_whether_a_child_is_shielded_changes_nothing_that_is_listed() -> None:
    """Otherwise a line that is missing would show who is shielded."""
    fault = {"desk_phone": "", "hours": "", "health_number": "4434567891"}
    open_, shielded = assessed(with_fourth(**fault)), assessed(with_fourth(**fault, shield="yes"))
    assert shielded.figures == open_.figures
    assert (open_.withheld.shielded, shielded.withheld.shielded) == (0, 1)
    assert shielded.withheld.by_register is None


SPOILT: list[dict[str, str]] = [
    {"postcode": "LS19 4AB"},
    {"forename": "", "health_number": ""},
    {"dob": "2013-03", "upn": "", "health_number": ""},
    {"postcode": "", "former_postcodes": "LS1 0QD"},
    {"surname": "", "health_number": "", "upn": ""},
    {"forename": "Philippa", "health_number": "", "upn": ""},
]


def test_who_is_found_by_which_rule_and_who_is_there_twice_stays_as_it_was() -> None:
    """The counts are those of the release that made the keys of each side apart."""
    rows = [sound(n) for n in range(60)]
    again = [(n, "AGAIN") for n in range(0, 60, 2)] + [(n, "MORE") for n in range(1, 60, 6)]
    rows += [rows[n] | SPOILT[n % len(SPOILT)] | {"local_id": f"{word}-{n}"} for n, word in again]
    report = assessed(rows, upn=True)
    assert counts(report) == {Fault.DOUBLE: 80, Fault.FOUND_ONCE: 10}
    assert report.figure("double").lines[:2] == ((2, 62), (3, 92))
    assert (report.found.twice, report.found.once) == (90, 10)
    found = [each.children for each in report.rules if each.children]
    far = [70, 80, 80, 33, 70, 70, 90, 80, 70, 70, 90, 80, 70]
    near = [70, 10, 90, 80, 70, 80, 80, 80, 70, 70, 10, 70, 10, 70, 10, 70, 10, 4, 16]
    assert found == far + near


def test_a_hidden_child_is_compared_with_nobody_and_listed_nowhere() -> None:
    hidden = TWELVE[3] | {"local_id": "LOCAL-99", "shield": Flag.HIDDEN.value, "hours": ""}
    report = assessed([*TWELVE, hidden])
    assert counts(report) == {}
    assert report.children == report.compared == 12
    assert report.rows.hidden == report.withheld.hidden_rows == 1


def test_rows_that_were_left_out_are_counted_by_reason_and_come_first() -> None:
    rows = [
        *TWELVE,
        sound(20, kind="?"),
        sound(21, kind="?"),
        sound(22, forename="", dob="", postcode="", health_number="", upn=""),
        sound(23, status="CLOSED", start="", end="2020-01-01"),
    ]
    report = assessed(rows)
    assert [(each.reason, each.column, each.rows) for each in report.lost] == [
        ("unknown_kind", "kind", 2),
        ("too_weak", "", 1),
    ]
    assert report.lost[0].lines == ((14,), (15,))
    assert report.rows.not_current == 1
    assert [step.code for step in report.to_do] == ["unknown_kind", "too_weak"]


def test_a_row_that_may_shield_withholds_its_child() -> None:
    report = assessed_file(content(TWELVE) + b"LOCAL-3,too few fields\r\n")
    assert counts(report) == {Fault.WITHHELD: 1}
    assert report.figure("withheld").lines == ((LINE,),)
    assert [(each.reason, each.lines) for each in report.lost] == [("field_count", ((14,),))]


def test_one_of_january_is_a_fault_only_where_it_is_more_than_chance() -> None:
    rows = [sound(n) for n in range(150)]
    rows[3] = sound(3, dob="2014-01-01")
    report = assessed(rows)
    assert report.figure("date_new_year").count == 1
    assert "date_new_year" not in {step.code for step in report.to_do}


def test_to_do_is_in_order_of_the_children_concerned() -> None:
    rows = [row | {"hours": ""} for row in TWELVE]
    rows[3] = rows[3] | {"health_number": "4434567891"}
    rows[4] = rows[4] | {"desk_phone": ""}
    rows[5] = rows[5] | {"desk_phone": ""}
    steps = assessed(rows).to_do
    assert [(step.code, step.children) for step in steps] == [
        ("no_hours", 12),
        ("no_telephone", 2),
        ("health_number_check", 1),
    ]


def test_what_would_stop_the_import_is_said_and_stops_no_report() -> None:
    report = assessed([row | {"dob": "the third"} for row in TWELVE])
    assert [each.accept for each in report.stops] == ["unread:dob"]
    assert report.figure("date_not_read").count == 12


def test_doubles_are_searched_among_a_bounded_number_of_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering.Gathered.__init__, "__kwdefaults__", {"most": 5})
    again = TWELVE[3] | {"local_id": "LOCAL-99"}
    report = assessed([*TWELVE, again])
    assert report.compared == 5
    assert Fault.DOUBLE not in counts(report)
    assert report.children == 13


def test_every_fault_is_explained_in_the_words_of_the_report() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "quality-report.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    explained = [row for row in rows if row[0] in {fault.value for fault in Fault}]
    assert explained == [(fault.value, fault.words) for fault in Fault]
    assert f"At most {MOST_LISTED} children or rows" in page
    assert f"first {gathering.MOST_COMPARED:,} children" in page
    assert f"last {MOST_IMPORTS} imports" in page
    fields = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    named = {name for cell in fields for name in re.findall(r"\w+", cell)}
    assert named >= {each.name for each in msgspec.structs.fields(QualityReport)}


def test_every_rule_has_words() -> None:
    assert set(RULE_WORDS) == set(BlockingRule)
    assert len(set(RULE_WORDS.values())) == len(RULE_WORDS)


def test_the_trend_holds_counts_of_a_bounded_number_of_imports() -> None:
    report = assessed(with_fourth(hours=""))
    kept = None
    for number in range(1, 121):
        made = msgspec.structs.replace(report, generation=number, made_on=date(2027, 1, 15))
        kept = following(kept, made)
    assert kept is not None
    assert [point.generation for point in kept.trend] == list(range(21, 121))
    assert kept.trend[-1].counts == {"no_hours": 1}
    assert following(kept, report).trend == kept.trend, "a file that is not imported adds nothing"
    assert read_report(json_lines(kept)) == kept


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", json_lines({"schema": "another/1"})])
def test_other_bytes_are_no_report(data: bytes) -> None:
    with pytest.raises(Defect, match="quality report"):
        read_report(data)


WORDS = st.text("abcdefghijklmnopqrstuvwxyz<>&'\"", min_size=6, max_size=9).map(str.title)
CELLS = {
    "local_id": st.integers(0, 30).map("LOCAL-{:05}".format),
    "health_number": st.one_of(
        st.just(""), st.integers(0, 40).map(health_number), st.integers(10**9, 10**10 - 1).map(str)
    ),
    "upn": st.one_of(st.just(""), st.integers(0, 40).map(upn), WORDS),
    "forename": st.one_of(st.just(""), st.just("Unknown"), WORDS),
    "surname": st.one_of(st.just(""), WORDS),
    "aliases": st.one_of(st.just(""), WORDS),
    "dob": st.one_of(
        st.just(""), st.just("1900-01-01"), st.dates(date(2009, 1, 1), AS_OF).map(date.isoformat)
    ),
    "sex": st.sampled_from(("F", "M", "", "unclear")),
    "postcode": st.sampled_from(("LS11 4QD", "CV22 7AB", "ZZ99 3VZ", "", "LS 999")),
    "kind": st.sampled_from(("EDU_SCHOOL", "GP", "CSC_CIN", "REFUGE", "no-such-kind")),
    "status": st.sampled_from(("OPEN", "PLANNED", "CLOSED", "OPEN")),
    "start": st.sampled_from(("", "2015-03-07", "2026-11-09")),
    "end": st.sampled_from(("", "", "2026-12-05", "2020-01-03")),
    "worker_name": WORDS,
    "worker_role": WORDS,
    "desk_phone": st.sampled_from(("", "01632 960114", "ext 5512345")),
    "desk_email": st.one_of(st.just(""), st.just("somebody@school.example"), WORDS),
    "hours": st.sampled_from(("", "Mon-Fri 8:15am-4:45pm", "on some days")),
    "desk": st.sampled_from(("", "team", "no-such-desk")),
    "staffed_until": st.sampled_from(("", "2026-12-11", "some day")),
    "sensitive": st.sampled_from(("", "no", "yes", "perhaps so")),
    "shield": st.sampled_from(("", "no", "yes", "hidden", "rather not")),
}
ROWS = st.lists(st.fixed_dictionaries(CELLS), max_size=25)
EMPTY = assessed([])
STATIC = unescape(write_page(EMPTY).decode()) + json_lines(EMPTY).decode()
STATIC += "".join(reason.words for reason in Reason)


@examples(60)
@given(ROWS, st.booleans())
def test_counts_add_up_and_no_cell_is_shown(rows: list[dict[str, str]], upn: bool) -> None:
    report = assessed(rows, upn=upn)
    of = report.rows
    assert of.all == len(rows) == of.taken + of.refused + of.not_current + of.hidden
    assert min(of.taken, of.refused, of.not_current, of.hidden) >= 0
    assert of.refused == sum(each.rows for each in report.lost)
    found = report.found
    assert report.children == found.twice + found.once + found.near
    for figure in report.figures:
        assert 0 <= figure.children <= report.children
        assert 0 <= figure.count <= figure.of
        assert bool(figure.count) == bool(figure.children) == bool(figure.lines)
        assert figure.counted != CHILDREN or figure.of == report.children
        assert {n for each in figure.lines for n in each} <= set(range(2, len(rows) + 2))
    for each in (*report.fields, *report.rules):
        assert 0 <= each.children <= report.children
    assert [s.children for s in report.to_do] == sorted(
        (s.children for s in report.to_do), reverse=True
    )
    page, document = unescape(write_page(report).decode()), json_lines(report).decode()
    for value in {cell for row in rows for cell in row.values() if len(cell) > 4}:
        for text in (page, document):
            assert value not in text or value in STATIC
