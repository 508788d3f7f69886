"""The CSV export: every line is a child's, refused, not current or blank, and nothing raises."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.importing.sources.children import MOST_INVOLVEMENTS, Export
from agency_node.importing.sources.columns import COLUMNS, OPTIONAL, REQUIRED, Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.fields import Flag
from agency_node.importing.sources.reasons import Reason
from agency_node.importing.sources.separated import is_blank
from fakes.import_world import HEADER, read_lines, row
from fingerpost.private.demographics import Birth, ExpectedDate, OtherName, PartialDate, Scheme, Sex
from fingerpost.private.messages import OpeningHours
from fingerpost.protocol.codes import DeskKind, InvolvementStatus, Kind

BROKEN = "\udcff"  # a byte that is not UTF-8, as surrogateescape brings it


def read(lines: Sequence[str], *, header: str = HEADER, columns: Columns | None = None) -> Export:
    return read_lines([header, *lines], columns=columns)


def refused(line: str, *earlier: str) -> tuple[str, Reason]:
    """The one refusal that the last line comes to."""
    found = read([*earlier, line])
    assert [r.line for r in found.refused] == [2 + len(earlier)]
    return found.refused[0].column, found.refused[0].reason


# ---- whatever stands in a file ------------------------------------------------------------------

texts = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=80)
"""Without line ends: what follows one is another line."""
cells = st.one_of(
    st.sampled_from(
        (
            *("", "yes", "no", "maybe", "OPEN", "RECENT", "CLOSED", "GP", "REFUGE", "2015-02-03"),
            *("31/02/2015", "2026-12-01", "1", "L1", "L2", '"', '""', "a;b c", BROKEN, "\x07", "é"),
        )
    ),
    texts,
)
lines_of_text = st.one_of(
    texts,
    st.lists(cells, min_size=21, max_size=21).map(",".join),
    st.dictionaries(st.sampled_from(HEADER.split(",")), cells, max_size=4).map(
        lambda fields: row(1, **fields)
    ),
)


UNSHIELDED = HEADER.replace("shield", "hours")


@given(st.lists(lines_of_text, max_size=12), st.sampled_from((HEADER, UNSHIELDED)))
def test_every_line_ends_up_in_exactly_one_place(lines: list[str], header: str) -> None:
    try:
        found = read(lines, header=header)
    except RefusedFile as whole:
        allowed = (
            {Reason.NOT_UTF8}
            if header is UNSHIELDED
            else {Reason.SHIELD_OF_NOBODY, Reason.NOT_UTF8}
        )
        assert whole.reason in allowed
        return
    taken = [line for child in found.children for line in child.lines]
    gone = [r.line for r in found.refused]
    placed = sorted([*taken, *gone, *found.not_current])
    assert len(set(placed)) == len(placed)
    assert len(placed) == found.rows
    assert set(placed) <= set(range(2, len(lines) + 2))
    named = placed + [number for number, line in enumerate(lines, 2) if is_blank(line)]
    left = set(range(2, len(lines) + 2)) - {*named}
    below = any("below the table" in about for about in found.about)
    assert below or all(_may_go_on(lines[number - 2], header) for number in left)


def _may_go_on(line: str, header: str) -> bool:
    """Whether a line can be the rest of a cell in quotation marks: it is no row by itself."""
    return line.count(",") < header.count(",") or '"' in line


@given(st.lists(texts, max_size=6))
def test_any_text_is_an_export_or_a_refused_file(lines: list[str]) -> None:
    try:
        read_lines(lines)
    except RefusedFile as whole:
        assert str(whole).startswith(whole.reason.words)


@given(st.lists(lines_of_text, max_size=6), st.integers(0, 6))
def test_a_bad_line_never_changes_what_a_good_one_says(lines: list[str], place: int) -> None:
    good = row(77, local_id="the-good-one")
    place = min(place, len(lines))
    try:
        found = read([*lines[:place], good, *lines[place:]], header=UNSHIELDED)
    except RefusedFile:
        return
    [child] = [c for c in found.children if place + 2 in c.lines]
    assert child.demographics.forename == "Fenwickson" or child.demographics.surname
    assert child.involvements[0].desk_phone == "01632 960001"


# ---- a good row ---------------------------------------------------------------------------------


def test_a_full_row_is_read_as_it_stands() -> None:
    header = f"{HEADER},hours,desk,staffed_until,lead,early_help"
    line = row(
        1,
        forename="Quillon",
        middle_names="Jon",
        surname="Brackenwood",
        aliases="Quill Wood; Brack ;  ",
        dob="03/02/2015",
        sex="m",
        health_number="9434765919",
        upn="A950000178301",
        kind="csc_cin",
        end="",
        desk_phone="(01632) 960-001",
        ooh_phone="+44 1632 960002",
        sensitive="no",
    )
    [child] = read([f"{line},Mon–Fri 9:00-17:00,team,2026-12-18,yes,Y"], header=header).children
    who = child.demographics
    assert (who.forename, who.middle_names, who.surname) == ("Quillon", "Jon", "Brackenwood")
    assert who.other_names == (OtherName("Quill", "Wood"), OtherName("", "Brack"))
    assert (who.dob, who.sex) == (date(2015, 2, 3), Sex.MALE)
    assert (who.health_number, who.upn) == ("9434765919", "A950000178301")
    [involvement] = child.involvements
    assert involvement.kind is Kind.CSC_CIN
    assert involvement.status is InvolvementStatus.OPEN
    assert involvement.desk_phone == "01632 960 001"
    assert involvement.ooh_phone == "+44 1632 960002"
    assert involvement.hours == (OpeningHours(31, 540, 1020),)
    assert involvement.desk is DeskKind.TEAM
    assert involvement.staffed_until == timegm((2026, 12, 19, 0, 0, 0)), "the end of that day"
    assert (involvement.lead, involvement.early_help) == (True, True)
    assert (involvement.sensitive, involvement.shielded) == (False, False)


def test_rows_of_one_local_id_are_one_child() -> None:
    found = read([row(1), row(2), row(1, kind="EDU_SEND", status="PLANNED")])
    first, second = found.children
    assert first.lines == (2, 4)
    assert [i.kind for i in first.involvements] == [Kind.EDU_SCHOOL, Kind.EDU_SEND]
    assert second.lines == (3,)


def test_optional_columns_may_be_absent_and_the_order_is_free() -> None:
    header = ",".join(reversed(REQUIRED))
    values = dict(zip(HEADER.split(","), row(1).split(","), strict=True))
    line = ",".join(values[column] for column in reversed(REQUIRED))
    [child] = read([line], header=header).children
    assert child.demographics.surname == values["surname"]
    assert not child.involvements[0].shielded


@pytest.mark.parametrize("header", ["\ufeff" + HEADER, HEADER.upper(), HEADER.replace(",", " , ")])
def test_a_header_is_read_past_mark_case_and_spaces(header: str) -> None:
    assert len(read([row(1)], header=header).children) == 1


def test_quoted_fields_may_hold_commas_and_quotation_marks() -> None:
    line = row(1, worker_role='"Lead, deputy"', forename='"Quillon ""Q"""')
    [child] = read([line]).children
    assert child.demographics.forename == 'Quillon "Q"'
    assert child.involvements[0].worker_role == "Lead, deputy"


def test_blank_lines_are_no_rows() -> None:
    found = read(["", row(1), "   ", ",,,,", '""'])
    assert (found.rows, len(found.children)) == (1, 1)


def test_columns_may_be_mapped_and_left_out() -> None:
    header = HEADER.replace("local_id", "Pupil No").replace("health_number", "Notes")
    columns = Columns({"pupil no": "local_id"}, frozenset({"notes"}))
    line = row(1, health_number="free text")
    [child] = read([line], header=header, columns=columns).children
    assert child.demographics.health_number == ""


# ---- a file that is refused whole ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["nhs_number", "NHS_Number", "chi_number", "hc_number"])
def test_a_health_number_is_found_under_the_names_that_files_give_it(name: str) -> None:
    ours, theirs = HEADER, HEADER.replace("health_number", name)
    assert read([row(1)], header=theirs).children == read([row(1)], header=ours).children
    with pytest.raises(RefusedFile) as whole:
        read([row(1) + ","], header=f"{ours},{name}")
    assert whole.value.reason is Reason.COLUMN_TWICE


@pytest.mark.parametrize(
    ("header", "reason", "column"),
    [
        ("", Reason.NO_HEADER, ""),
        (",,,", Reason.NO_HEADER, ""),
        ("some,other,words", Reason.NO_HEADER, ""),
        (HEADER.replace(",", "^"), Reason.NO_HEADER, ""),
        ('"' + HEADER, Reason.NO_HEADER, ""),
        (HEADER + ",case_notes", Reason.COLUMN_UNKNOWN, "column 23, W"),
        (HEADER + ",dob", Reason.COLUMN_TWICE, "dob"),
        (HEADER.replace("dob,", ""), Reason.COLUMN_MISSING, "dob"),
        (HEADER + BROKEN, Reason.NOT_UTF8, ""),
        (HEADER + "\0", Reason.NOT_TEXT, ""),
    ],
)
def test_a_bad_header_refuses_the_file(header: str, reason: Reason, column: str) -> None:
    with pytest.raises(RefusedFile) as whole:
        read([row(1)], header=header)
    assert (whole.value.reason, whole.value.column) == (reason, column)


def test_a_header_that_is_a_row_is_not_told() -> None:
    with pytest.raises(RefusedFile) as whole:
        read([row(2)], header=row(1) + ",dob")
    assert "Zephyrine" not in str(whole.value)


def test_a_file_in_another_encoding_throughout_is_refused_whole() -> None:
    with pytest.raises(RefusedFile) as whole:
        read([row(n, surname=f"Fenwick{BROKEN}") for n in range(3)])
    assert whole.value.reason is Reason.NOT_UTF8


def test_a_file_with_too_many_rows_is_refused_whole() -> None:
    lines = [HEADER, row(1), row(2), row(3)]
    assert read_lines(lines, most_rows=3).rows == 3
    with pytest.raises(RefusedFile) as whole:
        read_lines(lines, most_rows=2)
    assert whole.value.reason is Reason.TOO_MANY_ROWS


# ---- a row that is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "column", "reason"),
    [
        ({"local_id": ""}, "local_id", Reason.EMPTY),
        ({"local_id": "x" * 65}, "local_id", Reason.TOO_LONG),
        ({"forename": "x" * 101}, "forename", Reason.TOO_LONG),
        ({"forename": "Quil\x07lon"}, "forename", Reason.CONTROL_CHARACTER),
        ({"aliases": "A B;" * 9}, "aliases", Reason.TOO_MANY_NAMES),
        ({"aliases": "x" * 101}, "aliases", Reason.TOO_LONG),
        ({"postcode": "WX1 1QD extra"}, "postcode", Reason.TOO_LONG),
        ({"health_number": "1" * 21}, "health_number", Reason.TOO_LONG),
        ({"dob": "1990-01-01"}, "dob", Reason.DATE_OUT_OF_RANGE),
        ({"kind": "KNOWN_TO_US"}, "kind", Reason.UNKNOWN_KIND),
        ({"kind": ""}, "kind", Reason.EMPTY),
        ({"status": "ACTIVE"}, "status", Reason.UNKNOWN_STATUS),
        ({"status": ""}, "status", Reason.EMPTY),
        ({"status": "RECENT"}, "status", Reason.END_MISSING),
        ({"status": "CLOSED", "end": "2027-06-01"}, "status", Reason.DATES_CONTRADICT),
        ({"status": "PLANNED", "end": "2026-12-01"}, "status", Reason.DATES_CONTRADICT),
        ({"start": "2026-12-02", "end": "2026-12-01"}, "status", Reason.DATES_CONTRADICT),
        ({"start": "soon"}, "start", Reason.NOT_A_DATE),
    ],
)
def test_a_bad_field_refuses_its_row(fields: dict[str, str], column: str, reason: Reason) -> None:
    assert refused(row(1, **fields)) == (column, reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"worker_name": "x" * 81}, Reason.TEXT_TOO_LONG),
        ({"worker_name": "Vance\x07"}, Reason.NOT_PLAIN_TEXT),
        ({"worker_role": "<b>lead</b>"}, Reason.NOT_PLAIN_TEXT),
        ({"desk_phone": "01632 960001 ext 12"}, Reason.NOT_A_TELEPHONE),
        ({"desk_phone": "n/a"}, Reason.NOT_A_TELEPHONE),
        ({"desk_phone": "1" * 25}, Reason.NOT_A_TELEPHONE),
        ({"ooh_phone": "ask the desk"}, Reason.NOT_A_TELEPHONE),
        ({"desk_email": "lead at oak"}, Reason.NOT_AN_EMAIL),
        ({"hours": "by arrangement"}, Reason.HOURS_NOT_READ),
        ({"desk": "somewhere"}, Reason.DESK_NOT_READ),
        ({"staffed_until": "Easter"}, Reason.DESK_NOT_READ),
    ],
)
def test_a_bad_contact_field_does_not_lose_the_child(
    fields: dict[str, str], reason: Reason
) -> None:
    [column] = fields
    known = column in HEADER.split(",")
    header = HEADER if known else HEADER.replace("upn", column)
    line = row(1, **(fields if known else {"upn": fields[column]}))
    found = read([line], header=header)
    assert found.refused == ()
    [child] = found.children
    assert not getattr(child.involvements[0], column)
    assert [(r.line, r.column, r.reason) for r in found.remarks] == [(2, column, reason)]


def test_a_child_without_any_contact_left_is_taken_and_remarked() -> None:
    found = read([row(1, desk_phone="n/a", desk_email="n/a")])
    assert len(found.children) == 1
    assert [r.reason for r in found.remarks][-1] is Reason.NO_CONTACT


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(1) + ",more", Reason.FIELD_COUNT),
        (row(1, forename='"Quillon'), Reason.ROW_NOT_CSV),
        (row(1, surname=BROKEN), Reason.ROW_NOT_UTF8),
    ],
)
def test_a_bad_line_refuses_itself(line: str, reason: Reason) -> None:
    assert refused(line, row(1), row(2)) == ("", reason)


def test_a_second_child_under_the_same_number_is_refused() -> None:
    other = row(1, dob="2011-11-11")
    assert refused(other, row(1)) == ("local_id", Reason.DIFFERENT_CHILD)


def test_a_child_has_a_bounded_number_of_rows() -> None:
    many = [row(1)] * MOST_INVOLVEMENTS
    assert refused(row(1), *many) == ("local_id", Reason.TOO_MANY_INVOLVEMENTS)


# ---- what is current ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "status", "ended_on"),
    [
        ({}, InvolvementStatus.OPEN, None),
        ({"start": ""}, InvolvementStatus.OPEN, None),
        ({"end": "2027-06-01"}, InvolvementStatus.OPEN, None),
        ({"start": "2027-02-01"}, InvolvementStatus.PLANNED, None),
        ({"status": "PLANNED"}, InvolvementStatus.PLANNED, None),
        ({"end": "2027-01-14"}, InvolvementStatus.RECENT, date(2027, 1, 14)),
        ({"end": "2026-01-14"}, InvolvementStatus.RECENT, date(2026, 1, 14)),
        ({"status": "closed", "end": "2026-12-01"}, InvolvementStatus.RECENT, date(2026, 12, 1)),
    ],
)
def test_standing_follows_from_status_and_dates(
    fields: dict[str, str], status: InvolvementStatus, ended_on: date | None
) -> None:
    [child] = read([row(1, **fields)]).children
    assert (child.involvements[0].status, child.involvements[0].ended_on) == (status, ended_on)


def test_what_ended_more_than_a_year_ago_is_left_out() -> None:
    found = read([row(1, end="2026-01-13"), row(2)])
    assert found.not_current == (2,)
    assert [c.lines for c in found.children] == [(3,)]


def test_a_leap_day_has_a_year_before_it() -> None:
    lines = [HEADER, row(1, end="2027-02-28"), row(2, end="2027-02-27")]
    found = read_lines(lines, as_of=date(2028, 2, 29))
    assert found.not_current == (3,)


# ---- what is withheld ---------------------------------------------------------------------------


def shields(*lines: str) -> list[bool]:
    return [i.shielded for child in read(lines).children for i in child.involvements]


def test_a_shield_holds_for_all_rows_of_the_child() -> None:
    assert shields(row(1), row(2), row(1, kind="GP", shield="yes")) == [True, True, False]


@pytest.mark.parametrize(
    "line",
    [
        row(1, shield="yes", kind="KNOWN_TO_US"),
        row(1, shield="yes", end="2020-01-01", start=""),
        row(1, shield="yes", dob="2011-11-11"),
        row(1, shield="maybe"),
        row(1, surname=BROKEN),
        row(1) + ",more",
        row(1, forename='"Quillon'),
    ],
    ids=["refused", "over", "different", "unreadable flag", "bytes", "fields", "quotation"],
)
def test_a_row_that_is_not_taken_still_shields(line: str) -> None:
    good = row(1), row(2), row(3)
    assert shields(*good, line)[0] is True
    assert shields(line, *good)[-1] is False


@pytest.mark.parametrize(
    ("line", "flag", "readable"),
    [
        (row(1, shield="yes"), Flag.YES, True),
        (row(1, shield="Hidden"), Flag.HIDDEN, True),
        (row(1, shield="maybe"), Flag.UNREAD, True),
        (row(1, shield="yes", kind="KNOWN_TO_US"), Flag.YES, True),
        (row(1, shield="yes", end="2020-01-01", start=""), Flag.YES, True),
        (row(1, shield="yes", forename="x" * 101), Flag.YES, False),
        (row(1, shield="yes", forename="a\x01b"), Flag.YES, False),
    ],
)
def test_every_row_with_a_flag_is_listed_whatever_became_of_it(
    line: str, flag: Flag, readable: bool
) -> None:
    found = read([line, row(2), row(3, shield="no")])
    [flagged] = found.flagged
    assert (flagged.local_id, flagged.flag) == ("L1", flag)
    assert (flagged.demographics is not None) == readable
    assert repr(flagged) == f"FlaggedRow({flag.value})"
    remarks = [r.reason for r in found.remarks if r.line == 2]
    assert remarks.count(Reason.FLAG_READ_AS_YES) == (flag is Flag.UNREAD)
    assert len(remarks) == len(set(remarks))


def test_the_rows_of_a_hidden_child_are_shielded_until_they_are_left_out() -> None:
    assert shields(row(1), row(2), row(1, kind="GP", shield="hidden")) == [True, True, False]


def test_a_line_that_cannot_be_read_shields_wherever_its_number_stands() -> None:
    """A quoted comma before the number moves every cell behind it."""
    columns = ["worker_name", *(c for c in HEADER.split(",") if c != "worker_name")]

    def line(number: int, **fields: str) -> str:
        cells = dict(zip(HEADER.split(","), row(number, **fields).split(","), strict=True))
        return ",".join(['"Vance, Ottoline"', *(cells[c] for c in columns[1:])])

    bad = line(1, shield="yes", worker_role='"Lead "x" y"')
    found = read([line(1), line(2), bad], header=",".join(columns))
    assert [r.reason for r in found.refused] == [Reason.ROW_NOT_CSV]
    assert [i.shielded for c in found.children for i in c.involvements] == [True, False]


def test_a_number_with_commas_is_found_in_a_line_that_cannot_be_read() -> None:
    good = [row(n, local_id=f'"A{n},7"') for n in (1, 2)]
    bad = row(1, local_id='"A1,7"', shield="yes", forename='"Quillon')
    assert shields(*good, bad) == [True, False]


@pytest.mark.parametrize(
    "line",
    [
        'yes,end of a note that was broken over two lines",',
        row(9, shield="yes") + ",more",
        row(1, local_id=f"L1{BROKEN}", shield="yes"),
        row(1, local_id="", shield="yes"),
        row(1, local_id="", shield="maybe"),
    ],
)
def test_a_shield_that_may_be_anybody_s_refuses_the_file(line: str) -> None:
    with pytest.raises(RefusedFile) as whole:
        read([row(1), row(2), line])
    assert (whole.value.reason, whole.value.column) == (Reason.SHIELD_OF_NOBODY, "line 4")
    without = HEADER.replace("shield", "hours")
    assert len(read([row(1), row(2), line], header=without).refused) == 1


def test_flags_that_cannot_be_read_count_as_yes_and_are_remarked() -> None:
    found = read([row(1, sensitive="perhaps")])
    assert found.children[0].involvements[0].sensitive
    [remark] = found.remarks
    assert (remark.line, remark.column) == (2, "sensitive")
    assert remark.reason is Reason.FLAG_READ_AS_YES


def test_sensitive_kinds_are_taken_with_their_flag() -> None:
    [child] = read([row(1, kind="REFUGE")]).children
    assert child.involvements[0].sensitive


def test_a_field_that_only_helps_is_remarked_and_not_refused() -> None:
    found = read([row(1, sex="Q", desk_phone="", desk_email="")])
    assert found.children[0].demographics.sex is None
    reasons = {remark.reason for remark in found.remarks}
    assert reasons == {Reason.SEX_NOT_READ, Reason.NO_CONTACT}


@pytest.mark.parametrize(
    ("number", "scheme", "taken", "remarked"),
    [
        ("9434765919", "NHS", ("9434765919", Scheme.NHS), set()),
        ("320 000 0031", "h&c", ("320 000 0031", Scheme.HC), set()),
        ("0101010117", "", ("0101010117", None), set()),
        ("", "NHS", ("", None), set()),
        ("0101010117", "PAS", ("0101010117", None), {("number_scheme", Reason.SCHEME_NOT_READ)}),
        ("0101010117", "NHS", ("", None), {("health_number", Reason.NUMBER_OF_OTHER_SCHEME)}),
    ],
)
def test_a_number_is_held_to_the_scheme_of_its_column(
    number: str, scheme: str, taken: object, remarked: set[tuple[str, Reason]]
) -> None:
    found = read([f"{row(1, health_number=number)},{scheme}"], header=f"{HEADER},number_scheme")
    [child] = found.children
    who = child.demographics
    assert (who.health_number, who.number_scheme) == taken
    assert {(remark.column, remark.reason) for remark in found.remarks} == remarked


@pytest.mark.parametrize(
    ("dob", "precision", "due", "born", "remarked"),
    [
        ("2015-02-03", "", "", date(2015, 2, 3), set()),
        ("2015-02-03", "day", "2015-03-01", date(2015, 2, 3), set()),
        ("2015-02-01", "Month", "", PartialDate(2015, 2), set()),
        ("2015-02", "month", "", PartialDate(2015, 2), set()),
        ("01/01/2015", "year", "", PartialDate(2015), set()),
        ("2015", "year", "", PartialDate(2015), set()),
        ("2015", "about", "", PartialDate(2015, about=True), set()),
        ("", "year", "", None, set()),
        ("2015", "", "", PartialDate(2015), set()),
        ("2015-03", "", "", PartialDate(2015, 3), set()),
        ("1900", "", "", None, {("dob", Reason.DATE_STANDS_FOR_NONE)}),
        ("2031", "", "", None, {("dob", Reason.DATE_NOT_READ)}),
        ("2015", "month", "", None, {("dob", Reason.DATE_NOT_READ)}),
        ("0000", "year", "", None, {("dob", Reason.DATE_STANDS_FOR_NONE)}),
        ("2015-02-03", "guess", "", None, {("dob_precision", Reason.PRECISION_NOT_READ)}),
        ("", "", "01/05/2027", ExpectedDate(date(2027, 5, 1)), set()),
        ("2027-05-01", "", "", ExpectedDate(date(2027, 5, 1)), set()),
        ("", "", "2029-05-01", None, {("due", Reason.DATE_NOT_READ)}),
    ],
)
def test_no_more_of_a_date_is_kept_than_is_known(
    dob: str, precision: str, due: str, born: Birth | None, remarked: set[tuple[str, Reason]]
) -> None:
    found = read(
        [f"{row(1, dob=dob, sex='')},{precision},{due}"], header=f"{HEADER},dob_precision,due"
    )
    [child] = found.children
    assert child.demographics.dob == born
    assert {(remark.column, remark.reason) for remark in found.remarks} == remarked


@pytest.mark.parametrize("beside", [{"health_number": "9434765919"}, {"upn": "A950000178301"}])
def test_the_mothers_number_is_not_the_unborn_childs(beside: dict[str, str]) -> None:
    """A number in the row of a child who is yet to be born would open the record for a question
    about her mother; once the due date has passed, it is the child's.
    """
    header = f"{HEADER},due"
    [unborn] = read([f"{row(1, dob='', sex='F', **beside)},2027-05-01"], header=header).children
    assert unborn.demographics.dob == ExpectedDate(date(2027, 5, 1))
    who = unborn.demographics
    assert (who.health_number, who.upn, who.sex) == ("", "", None)
    found = read([f"{row(1, dob='', sex='F', **beside)},2026-02-01"], header=header)
    who = found.children[0].demographics
    assert (who.dob, who.sex) == (None, Sex.FEMALE)
    assert who.health_number + who.upn == "".join(beside.values())
    assert [remark.reason for remark in found.remarks] == [Reason.DUE_LEFT_OUT]


@pytest.mark.parametrize(
    ("text", "taken", "remarked"),
    [
        ("", (), []),
        ("WX9 2TF", ("WX9 2TF",), []),
        (" WX9 2TF; ;WX2 5LB;", ("WX9 2TF", "WX2 5LB"), []),
        ("A1; B2; C3; D4", ("A1", "B2", "C3"), [Reason.TOO_MANY_POSTCODES]),
        ("WX9 2TF; WX2 5LB until 2019", (), [Reason.TOO_LONG]),
    ],
)
def test_former_postcodes_are_read_as_far_as_a_record_holds_them(
    text: str, taken: tuple[str, ...], remarked: list[Reason]
) -> None:
    found = read([f"{row(1)},{text}"], header=f"{HEADER},former_postcodes")
    [child] = found.children
    assert child.demographics.former_postcodes == taken
    assert [remark.reason for remark in found.remarks] == remarked


@pytest.mark.parametrize("text", ["1900-01-01", "30/12/1899"])
def test_a_date_that_stands_for_unknown_does_not_lose_the_child(text: str) -> None:
    found = read([row(1, dob=text)])
    [child] = found.children
    assert child.demographics.dob is None
    assert [remark.reason for remark in found.remarks] == [Reason.DATE_STANDS_FOR_NONE]


def test_an_empty_file_has_no_rows() -> None:
    for lines in ([], ["", " "], [",,"]):
        with pytest.raises(RefusedFile) as whole:
            read_lines(lines)
        assert whole.value.reason is Reason.EMPTY_FILE


def test_nothing_of_a_row_is_in_a_refusal() -> None:
    lines = [row(n, kind="KNOWN_TO_US", shield="x") for n in range(5)]
    shown = repr(read(lines)) + repr(read(lines).refused) + repr(read(lines).remarks)
    for secret in ("Zephyrine", "Brackenwood", "WX1", "Vance", "KNOWN_TO_US"):
        assert secret not in shown


# ---- the document -------------------------------------------------------------------------------


def test_the_document_names_every_reason_and_column() -> None:
    text = (Path(__file__).parents[3] / "docs" / "import.md").read_text("utf-8")
    assert all(reason.words for reason in Reason)
    for reason in Reason:
        assert f"`{reason.value}`" in text
    for column in COLUMNS:
        assert f"`{column}`" in text
    assert frozenset(REQUIRED + OPTIONAL) == COLUMNS


@pytest.mark.parametrize("dob", ["31/02/2015", "1/2/3", "2029-01-01", "soon"])
def test_a_date_of_birth_that_cannot_be_right_is_left_out_and_the_child_stays(dob: str) -> None:
    found = read([row(1, dob=dob)])
    (child,) = found.children
    assert child.demographics.dob is None
    assert [(r.column, r.reason) for r in found.remarks] == [("dob", Reason.DATE_NOT_READ)]
