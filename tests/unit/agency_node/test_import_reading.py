"""Whole files as systems give them: encodings, separators, headers, lines around the table; each is
read exactly, or refused with what to do.
"""

from __future__ import annotations

import time
from datetime import date

import pytest

from agency_node.importing.sources import separated
from agency_node.importing.sources.children import Export
from agency_node.importing.sources.columns import Columns, column_of, place_of
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.encodings import named
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.person_names import NameOrder
from agency_node.importing.sources.reading import Reading, read_export
from agency_node.importing.sources.reasons import Reason
from fakes.import_world import AS_OF, HEADER, row
from fingerpost.private.demographics import OtherName

PLAIN = (
    "local_id,forename,surname,dob,postcode,kind,status,start,worker_name,worker_role,desk_phone"
)
CASE = f"{PLAIN},desk_email"


def case(**fields: str) -> str:
    """One row under ``CASE``."""
    values = {
        "local_id": "A1",
        "forename": "Theodora",
        "surname": "Quillfeather",
        "dob": "2011-11-19",
        "postcode": "NN3 3QD",
        "kind": "EDU_SCHOOL",
        "status": "OPEN",
        "desk_phone": "01632 960101",
    } | fields
    return ",".join(values.get(column, "") for column in CASE.split(","))


def read(
    content: str | bytes, columns: Columns | None = None, reading: Reading | None = None
) -> Export:
    content = content.encode() if isinstance(content, str) else content
    return read_export(
        content, as_of=AS_OF, columns=columns or Columns(), reading=reading or Reading()
    )


def refused(
    content: str | bytes, columns: Columns | None = None, reading: Reading | None = None
) -> RefusedFile:
    with pytest.raises(RefusedFile) as whole:
        read(content, columns, reading)
    assert "Quillfeather" not in str(whole.value)
    assert "Theodora" not in str(whole.value)
    return whole.value


def dates(order: Order) -> Reading:
    return Reading(stated=Stated(dates=order))


# ---- the smallest forms of what systems do -------------------------------------------------------


@pytest.mark.parametrize(
    "dob",
    ["20111119", "19/11/2011 00:00:00", "2011-11-19T00:00:00+00:00", "19-Nov-2011", "40866"],
)
def test_a_date_in_the_form_of_another_system_is_read(dob: str) -> None:
    found = read(f"{CASE}\n{case(dob=dob)}\n")
    assert found.children[0].demographics.dob == date(2011, 11, 19)
    assert found.remarks == ()


def test_month_first_is_read_only_if_it_is_stated() -> None:
    text = f"{CASE}\n{case(dob='11/19/2011')}\n"
    whole = refused(text)
    assert whole.reason is Reason.DATES_NOT_DAY_FIRST
    assert "dob; seen: 99/99/9999" in str(whole)
    assert "--dates month-first" in str(whole)
    [child] = read(text, reading=dates(Order.MONTH_FIRST)).children
    assert child.demographics.dob == date(2011, 11, 19)
    assert refused(text, reading=dates(Order.DAY_FIRST)).reason is Reason.DATES_CONTRADICT_ORDER


def test_a_date_that_may_be_two_days_refuses_the_file() -> None:
    text = f"{CASE}\n{case(dob='03/04/2015')}\n"
    assert refused(text).reason is Reason.DATE_ORDER_NOT_SHOWN
    [child] = read(text, reading=dates(Order.DAY_FIRST)).children
    assert child.demographics.dob == date(2015, 4, 3)


@pytest.mark.parametrize("dob", ["01/01/1900", "1900-01-01", "00/00/0000", "9999-12-31", "NULL"])
def test_a_date_that_stands_for_none_keeps_the_child(dob: str) -> None:
    found = read(f"{CASE}\n{case(dob=dob)}\n")
    assert found.children[0].demographics.dob is None
    assert [(r.column, r.reason) for r in found.remarks if r.column == "dob"] == [
        ("dob", Reason.DATE_STANDS_FOR_NONE)
    ]
    assert (found.columns["dob"].unknown, found.columns["dob"].filled) == (1, 0)


def test_an_end_that_stands_for_none_is_no_end() -> None:
    header = CASE + ",end"
    for end in ("1900-01-01", "31/12/9999", "NULL"):
        found = read(f"{header}\n{case()},{end}\n")
        assert len(found.children) == 1
        assert (found.not_current, found.refused) == ((), ())


@pytest.mark.parametrize(
    ("written", "phone", "reason"),
    [
        ("+44 (0)1632 960101", "01632 960101", None),
        ("1632960101", "01632960101", None),
        ("01632960101/01632960102", "", Reason.TWO_TELEPHONES),
    ],
)
def test_a_telephone_is_dialled_or_remarked(
    written: str, phone: str, reason: Reason | None
) -> None:
    found = read(f"{CASE}\n{case(desk_phone=written)}\n")
    assert found.children[0].involvements[0].desk_phone == phone
    assert {r.reason for r in found.remarks} == ({reason, Reason.NO_CONTACT} if reason else set())


def test_a_flag_f_shields_nobody_and_other_words_are_counted() -> None:
    found = read(f"{CASE},shield\n{case()},F\n{case(local_id='A2')},restricted\n")
    assert [child.involvements[0].shielded for child in found.children] == [False, True]
    assert (found.columns["shield"].filled, found.columns["shield"].read) == (2, 1)
    assert found.columns["shield"].shapes == (("aaa…", 1),)


def test_entities_and_misread_letters_of_names_are_mended() -> None:
    text = f"{CASE}\n{case(surname='O&apos;Halloran')}\n{case(local_id='A2', surname='NÃºÃ±ez')}\n"
    found = read(text)
    assert [c.demographics.surname for c in found.children] == ["O'Halloran", "Núñez"]
    assert found.remarks == ()


def test_a_zero_that_was_taken_off_a_number_is_put_back_where_the_date_proves_it() -> None:
    header = f"{CASE},chi_number"
    for dob, written, number in (
        ("2010-11-01", "0111100003", "0111100003"),
        ("2010-11-01", "111100003", "0111100003"),
        ("2010-11-02", "111100003", "111100003"),
        ("2010-11-01", "111100004", "111100004"),
    ):
        found = read(f"{header}\n{case(dob=dob)},{written}\n")
        assert found.children[0].demographics.health_number == number


# ---- encodings ----------------------------------------------------------------------------------

BRONTE = f"{CASE},shield\r\n{case(surname='Brontë')},\r\n{case(local_id='A2')},\r\n"


@pytest.mark.parametrize(
    ("content", "about"),
    [
        (BRONTE.encode(), "encoding utf-8"),
        (BRONTE.encode("utf-8-sig"), "encoding utf-8, with its mark"),
        (BRONTE.encode("utf-16"), "encoding utf-16-le, with its mark"),
        (b"\xfe\xff" + BRONTE.encode("utf-16-be"), "encoding utf-16-be, with its mark"),
        (BRONTE.encode("utf-16-le"), "encoding utf-16-le, without a mark"),
        (BRONTE.encode("utf-16-be"), "encoding utf-16-be, without a mark"),
        (BRONTE.encode("utf-32"), "encoding utf-32-le, with its mark"),
    ],
)
def test_an_encoding_that_is_certain_is_detected_and_said(content: bytes, about: str) -> None:
    found = read(content)
    assert found.children[0].demographics.surname == "Brontë"
    assert found.about[0] == about


def test_windows_1252_is_named_and_read_when_it_is_stated() -> None:
    content = BRONTE.encode("cp1252")
    whole = refused(content)
    assert whole.reason is Reason.ENCODING_NOT_STATED
    assert "likely windows-1252" in str(whole)
    assert "--encoding" in str(whole)
    found = read(content, reading=Reading(encoding="windows-1252"))
    assert found.children[0].demographics.surname == "Brontë"
    assert found.about[0] == "encoding windows-1252"


def test_another_encoding_is_named_by_what_it_looks_like() -> None:
    content = (BRONTE + f"{case(local_id='A3', surname='Żółkiewska')},\r\n").encode("cp1250")
    whole = refused(content)
    assert whole.reason is Reason.ENCODING_NOT_STATED
    assert "perhaps " in str(whole) or "likely " in str(whole)


@pytest.mark.parametrize(
    ("content", "stated", "reason"),
    [
        (BRONTE.encode(), "windows-1252", Reason.ENCODING_WRONG),
        (BRONTE.encode("utf-8-sig"), "windows-1252", Reason.ENCODING_WRONG),
        (BRONTE.encode("utf-16"), "windows-1252", Reason.ENCODING_WRONG),
        (BRONTE.encode("cp1252"), "utf-16", Reason.ENCODING_WRONG),
        (BRONTE.encode("utf-16"), "utf-8", Reason.ENCODING_WRONG),
        (BRONTE.replace("ë", "\x81").encode("latin-1"), "windows-1252", Reason.ENCODING_WRONG),
        (BRONTE.encode() + b"\0", "", Reason.NOT_TEXT),
        (BRONTE.encode("utf-8-sig") + b"\0", "", Reason.NOT_TEXT),
        (BRONTE.encode("utf-16")[:-1], "", Reason.NOT_TEXT),
        (BRONTE.encode("utf-8-sig") + b"\xeb", "", Reason.ENCODING_NOT_STATED),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "", Reason.NOT_TEXT),
    ],
)
def test_an_encoding_that_cannot_be_refuses_the_file(
    content: bytes, stated: str, reason: Reason
) -> None:
    assert refused(content, reading=Reading(encoding=stated)).reason is reason


def test_single_rows_in_another_encoding_are_refused_where_utf8_is_stated() -> None:
    rows = [row(n) for n in range(1, 5)]
    content = "\n".join([HEADER, *rows]).encode() + b"\n" + row(9, surname="Bront").encode()
    content = content.replace(b"Bront", b"Bront\xeb")
    unshielded = Columns(ignore=frozenset({"shield"}))
    assert refused(content, unshielded).reason is Reason.ENCODING_NOT_STATED
    found = read(content, unshielded, Reading(encoding="utf-8"))
    assert [(r.line, r.reason) for r in found.refused] == [(6, Reason.ROW_NOT_UTF8)]
    assert len(found.children) == 4


def test_names_of_encodings() -> None:
    assert named("CP1252") == named("windows_1252") == named("ANSI") == "windows-1252"
    assert named("UTF8") == "utf-8"
    assert named("ebcdic") is None


# ---- separators, headers, lines around the table -------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_header_shows_the_separator(separator: str, end: str) -> None:
    lines = [HEADER, row(1, worker_role="Lead"), row(2)]
    found = read(end.join(lines).replace(",", separator))
    assert found.children == read("\n".join(lines)).children
    assert [child.lines for child in found.children] == [(2,), (3,)]


def test_a_separator_is_stated_inside_or_by_option() -> None:
    text = f"{HEADER}\n{row(1)}".replace(",", "^")
    assert refused(text).reason is Reason.NO_HEADER
    one = read(text, reading=Reading(separator="^")).children
    assert one == read(f"{HEADER}\n{row(1)}").children
    [child] = read(f"sep=^\n{text}").children
    assert child.lines == (3,)
    assert len(read(f"sep=;\n{HEADER}\n{row(1)}".replace(",", ";")).children) == 1


def test_lines_around_the_table_are_left_out_and_said() -> None:
    text = "\n".join(
        [
            "Pupils of Oak School,,,",
            "Printed on 03/09/2026",
            "",
            HEADER,
            row(1),
            ",,,,",
            row(2),
            HEADER,
            row(3),
            "",
            "Total:,3",
            "End of report",
        ]
    )
    found = read(text)
    assert [child.lines for child in found.children] == [(5,), (7,), (9,)]
    assert (found.rows, found.refused) == (3, ())
    assert found.about[2:] == (
        "2 lines above the header were left out",
        "the lines from 11 on are below the table and were left out",
    )


def test_a_line_that_may_be_a_child_is_never_left_out() -> None:
    above = f"{row(1)}\n{HEADER}\n{row(2)}"
    assert refused(above).reason is Reason.NO_HEADER
    unshielded = HEADER.replace("shield", "hours")
    below = read(f"{unshielded}\n{row(2)}\nL3,Totality Brackenwood\n")
    assert [(r.line, r.reason) for r in below.refused] == [(3, Reason.FIELD_COUNT)]
    between = read(f"{unshielded}\n{row(2)}\nTotal,1\n{row(3)}")
    assert [r.line for r in between.refused] == [3]


def test_a_file_whose_ends_of_lines_were_lost_is_refused_before_it_takes_all_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each cell of it would take fifty bytes and more, some times over."""
    whole = f"{HEADER}\n{row(1)}\n{row(2)}\n"
    longest = max(map(len, whole.split("\n")))
    monkeypatch.setattr(separated, "_LONGEST_LINE", longest)
    assert len(read(whole).children) == 2
    monkeypatch.setattr(separated, "_LONGEST_LINE", longest - 1)
    assert refused(whole).reason is Reason.LINE_TOO_LONG
    monkeypatch.setattr(separated, "_LONGEST_LINE", longest)
    monkeypatch.setattr(separated, "_MOST_LINES", 2)
    assert refused(whole).reason is Reason.TOO_MANY_ROWS


def test_a_cell_may_go_on_over_lines() -> None:
    notes = Columns(ignore=frozenset({"address"}))
    text = (
        f'{CASE},Address\n{case()},"1 High Street\nOakton,\n\nOakshire"\n{case(local_id="A2")},x\n'
    )
    found = read(text, notes)
    assert [child.lines for child in found.children] == [(2,), (6,)]
    assert found.refused == ()
    header = CASE.replace("worker_name", '"Worker\nname"')
    [child] = read(f"{header}\n{case(worker_name='Vance')}\n").children
    assert child.involvements[0].worker_name == "Vance"
    assert child.lines == (3,)


def test_an_open_quotation_mark_never_takes_the_next_child_into_its_cell() -> None:
    first = case(forename='"Theodora')
    second = case(local_id="A2", surname='Quill"').replace("Quill", '"Quill')
    third = case(local_id="A3", worker_name='x"')
    for lines in ([first, second, third], [first, third], [first, third, second]):
        found = read("\n".join([CASE, *lines]))
        placed = [*(line for c in found.children for line in c.lines)]
        assert sorted([*placed, *(r.line for r in found.refused)]) == list(range(2, len(lines) + 2))
        assert found.refused[0].line == 2


def test_separators_too_many_at_the_end_are_no_columns() -> None:
    text = f"{HEADER},,\n{row(1)},,\n{row(2)}\n{row(3)},,,\n"
    assert len(read(text).children) == 3
    found = read(f"{HEADER.replace('shield', 'hours')}\n{row(1)}\n{row(2)},,text\n")
    assert [r.reason for r in found.refused] == [Reason.FIELD_COUNT]


def test_a_column_without_a_name_is_read_over_only_if_it_is_empty() -> None:
    header = CASE.replace("postcode", "")
    assert len(read(f"{header}\n{case(postcode='')}\n").children) == 1
    whole = refused(f"{header}\n{case(postcode='')}\n{case(postcode='NN3 3QD')}\n")
    assert (whole.reason, whole.column) == (Reason.COLUMN_UNKNOWN, "column 5, E")


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("Date of Birth", "dob"),
        ("DATE_OF_BIRTH", "dob"),
        ("Date of birth (dd/mm/yyyy)", "dob"),
        ("D.O.B.", "dob"),
        ("\ufeffLocal ID", "local_id"),
        (" desk  phone ", "desk_phone"),
        ("Desk-Phone [text]", "desk_phone"),
        ("NHS No.", "health_number"),
        ("Legal Surname", "surname"),
        ("Known as", "preferred_forename"),
        ("Postcode", "postcode"),
        ("House", ""),
        ("(dob)", "dob"),
        ("", ""),
    ],
)
def test_a_name_of_a_column_is_known_however_it_is_written(written: str, ours: str) -> None:
    assert column_of(written) == ours


@pytest.mark.parametrize("sign", [" ", "(", "()", "( ", "a", "\u00a0"])
def test_a_cell_of_many_signs_is_looked_at_in_no_time(sign: str) -> None:
    """Each of the first lines may be the header, and all their cells are looked at for names."""
    cell = f"a{sign * (100_000 // len(sign))}b"
    began = time.process_time()
    assert not Columns().known([cell])
    assert time.process_time() - began < 1


def test_all_faults_of_a_header_are_said_at_once() -> None:
    header = CASE.replace("dob", "Birth Day").replace("start", "House").replace("kind", "surname")
    whole = refused(f"{header}\n{case()}\n")
    assert [(fault.reason, fault.column) for fault in whole.faults] == [
        (Reason.COLUMN_UNKNOWN, "column 8, H"),
        (Reason.COLUMN_TWICE, "surname"),
        (Reason.COLUMN_MISSING, "kind"),
        (Reason.COLUMN_MISSING, "start"),
    ]
    assert str(whole).count("--map") == 2
    assert place_of(0) == "column 1, A"
    assert place_of(27) == "column 28, AB"


def test_all_columns_whose_dates_are_not_certain_are_said_at_once() -> None:
    whole = refused(f"{CASE},end\n{case(dob='03/04/2015', start='11/19/2024')},01/02/2030\n")
    assert [(fault.reason, fault.column) for fault in whole.faults] == [
        (Reason.DATE_ORDER_NOT_SHOWN, "dob"),
        (Reason.DATES_NOT_DAY_FIRST, "start"),
        (Reason.DATE_ORDER_NOT_SHOWN, "end"),
    ]


# ---- names, constants, values -------------------------------------------------------------------


def test_a_name_in_one_column_is_split_by_its_comma() -> None:
    header = CASE.replace("forename,surname", "Pupil name")
    line = case().replace("Theodora,Quillfeather", '"QUILLFEATHER, Theodora"')
    text = f"{header}\n{line}\n"
    [child] = read(text).children
    assert (child.demographics.forename, child.demographics.surname) == ("Theodora", "QUILLFEATHER")


def test_a_name_in_one_column_without_a_comma_is_split_only_if_it_is_stated() -> None:
    header = CASE.replace("forename,surname", "name")
    text = f"{header}\n{case().replace('Theodora,Quillfeather', 'Theodora Quillfeather')}\n"
    whole = refused(text)
    assert (whole.reason, whole.column) == (Reason.NAME_ORDER_NOT_STATED, "name")
    assert "--names" in str(whole)
    first = Reading(stated=Stated(names=NameOrder.FORENAME_FIRST))
    [child] = read(text, reading=first).children
    assert (child.demographics.forename, child.demographics.surname) == ("Theodora", "Quillfeather")
    assert refused(f"{CASE},name\n{case()},x\n").reason is Reason.COLUMN_TWICE


def test_a_single_name_without_a_comma_refuses_its_row() -> None:
    header = CASE.replace("forename,surname", "name")

    def one(name: str, local_id: str) -> str:
        return case(local_id=local_id).replace("Theodora,Quillfeather", name)

    rows = [one(f'"Quillfeather, Child{n}"', f"A{n}") for n in range(3)]
    found = read("\n".join([header, *rows, one("Theodora Quillfeather", "A9")]))
    assert [(r.line, r.column, r.reason) for r in found.refused] == [
        (5, "name", Reason.NAME_NOT_SPLIT)
    ]


def test_preferred_and_former_names_are_other_names() -> None:
    header = f"{CASE},Preferred Surname,Known as,Former surname,aliases"
    found = read(f"{header}\n{case()},,Teddy,Ashcombe,Theo Ashby;Teddy Quillfeather\n")
    assert found.children[0].demographics.other_names == (
        OtherName("Teddy", "Quillfeather"),
        OtherName("Theodora", "Ashcombe"),
        OtherName("Theo", "Ashby"),
    )
    found = read(f"{header}\n{case()},Quillfeather,Theodora,,\n")
    assert found.children[0].demographics.other_names == ()


def test_one_value_for_all_rows_and_words_of_the_file() -> None:
    header = CASE.replace(",kind", "").replace(",status", ",Case State")
    line = case().replace(",EDU_SCHOOL", "").replace("OPEN", "active")
    columns = Columns(
        rename={"case state": "status"},
        constants={"kind": "CSC_CIN"},
        values={"status": {"active": "OPEN"}},
    )
    [child] = read(f"{header}\n{line}\n", columns).children
    assert child.involvements[0].kind.name == "CSC_CIN"
    twice = Columns(constants={"kind": "GP"})
    assert refused(f"{CASE}\n{case()}\n", twice).reason is Reason.COLUMN_TWICE
