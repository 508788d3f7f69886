"""How a table is read: what is taken, mended and counted, or refused; and that no message shows a
value.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agency_node.match_tool.tables import (
    BadInput,
    Note,
    Row,
    parse_table,
    read_table,
    read_truth,
)
from deploy.invented.workbooks import Cell, xlsx
from effort import examples
from fingerpost.private.demographics import Demographics, OtherName, Sex

HEADER = "record_id,forename,middle_names,surname,other_names,dob,sex,postcode,health_number,upn\n"


def table(path: Path, content: str | bytes, name: str = "some.csv") -> Path:
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_a_full_row() -> None:
    names = "7, Zoë ,Grace,O'Brien,Zoe Smith;Kitty"
    others = "2015-03-04,girl,ls1 4ab,943 476 5919,A950000178301"
    (row,) = parse_table("t", [HEADER, f"{names},{others}\n"]).rows
    assert (row.id, row.line) == ("7", 2)
    assert row.demographics == Demographics(
        forename="Zoë",
        middle_names="Grace",
        surname="O'Brien",
        other_names=(OtherName("Zoe", "Smith"), OtherName("", "Kitty")),
        dob=date(2015, 3, 4),
        sex=Sex.FEMALE,
        postcode="ls1 4ab",
        health_number="943 476 5919",
        upn="A950000178301",
    )


def test_columns_may_be_missing_more_or_in_another_order(tmp_path: Path) -> None:
    file = table(tmp_path, "House,SURNAME,Record_ID\r\nRed,Smith,1\r\n\r\n,,\r\nBlue,Jones,2\r\n")
    found = read_table(file)
    assert found.columns == ("record_id", "surname")
    assert [(row.id, row.demographics.surname, row.line) for row in found.rows] == [
        ("1", "Smith", 2),
        ("2", "Jones", 5),
    ]
    assert found.notes.fields == {}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert read_table(table(tmp_path, b"\xef\xbb\xbfrecord_id\n1\n")).rows == (
        Row("1", Demographics()),
    )


def test_a_column_may_be_called_otherwise(tmp_path: Path) -> None:
    file = table(tmp_path, "local_id,aliases\n1,Ann Smith\n")
    found = read_table(file, {"local_id": "record_id", "aliases": "other_names"})
    assert found.rows[0].demographics.other_names == (OtherName("Ann", "Smith"),)


@pytest.mark.parametrize(
    ("text", "day", "note"),
    [
        ("2015-03-04", date(2015, 3, 4), None),
        ("1908-07-12", date(1908, 7, 12), None),
        ("04/03/2015", date(2015, 3, 4), None),
        ("2015-03-04T00:00:00Z", date(2015, 3, 4), None),
        ("", None, None),
        ("1990-25-03", date(1990, 3, 25), Note.DATE_MENDED),
        ("03/25/1990", date(1990, 3, 25), Note.DATE_MENDED),
        ("3.25.1990", date(1990, 3, 25), Note.DATE_MENDED),
        ("1990-02-30", None, Note.DATE_LEFT_OUT),
        ("1990-13-13", None, Note.DATE_LEFT_OUT),
        ("0000-01-01", None, Note.DATE_LEFT_OUT),
        ("25 March 1990", date(1990, 3, 25), None),
        ("19900325", date(1990, 3, 25), None),
        ("25/03/90", None, Note.DATE_LEFT_OUT),
    ],
)
def test_dates(text: str, day: date | None, note: Note | None) -> None:
    found = parse_table("t", ["record_id,dob\n", f"1,{text}\n"])
    assert found.rows[0].demographics.dob == day
    assert found.notes.fields == ({} if note is None else {("dob", note): 1})


@given(st.dates(date(1754, 1, 1), date(2199, 12, 31)))
@examples(60)
def test_a_date_is_never_mended_into_another(day: date) -> None:
    for text in (day.isoformat(), f"{day:%d/%m/%Y}"):
        found = parse_table("t", ["record_id,dob\n", f"1,{text}\n"])
        assert found.rows[0].demographics.dob == day
        assert not found.notes.fields


def test_a_field_that_cannot_be_taken_is_left_out_and_counted() -> None:
    rows = [
        f"1,{'x' * 101},,{'y' * 101},,,neither,LS1 4AB and more,{'9' * 21},{'A' * 21}\n",
        "2,An\x07n,,Smith,Ann;Bea;Cyd;Dot;Eve;Fay;Gay;Hal;Ivy,,F,,,\n",
    ]
    found = parse_table("t", [HEADER, *rows])
    assert found.rows[0].demographics == Demographics()
    assert found.rows[1].demographics == Demographics(surname="Smith", sex=Sex.FEMALE)
    assert found.notes.fields == {
        ("forename", Note.TOO_LONG_LEFT_OUT): 1,
        ("surname", Note.TOO_LONG_LEFT_OUT): 1,
        ("sex", Note.SEX_LEFT_OUT): 1,
        ("postcode", Note.TOO_LONG_LEFT_OUT): 1,
        ("health_number", Note.TOO_LONG_LEFT_OUT): 1,
        ("upn", Note.TOO_LONG_LEFT_OUT): 1,
        ("forename", Note.CONTROL_CHARACTERS_LEFT_OUT): 1,
        ("other_names", Note.TOO_MANY_NAMES_LEFT_OUT): 1,
    }


@pytest.mark.parametrize(
    ("column", "text", "valid"),
    [
        ("health_number", "943 476 5919", True),
        ("health_number", "9434765918", False),
        ("health_number", "9.43477E+09", False),
        ("health_number", "", True),
        ("upn", "A950000178301", True),
        ("upn", "B950000178301", False),
    ],
)
def test_a_number_that_is_not_valid_is_counted(column: str, text: str, valid: bool) -> None:
    found = parse_table("t", [f"record_id,{column}\n", f"1,{text}\n"])
    assert found.notes.fields == ({} if valid else {(column, Note.NUMBER_NOT_VALID): 1})
    assert getattr(found.rows[0].demographics, column) == ("" if "E+" in text else text)


def test_any_form_that_the_import_reads_is_read(tmp_path: Path) -> None:
    same = parse_table("t", ["record_id,surname,dob", "1,Brontë,2015-03-04"]).rows
    text = "Our pupils;;\r\nRecord_ID;Last name;Date of birth\r\n1;Brontë;4 Mar 2015\r\n"
    assert read_table(table(tmp_path, text.encode("utf-16"))).rows == same
    sheet: list[list[Cell]] = [["record_id", "surname", "dob"], [1, "Brontë", date(2015, 3, 4)]]
    assert read_table(table(tmp_path, xlsx({"S": sheet}))).rows == same


def test_the_first_five_lines_of_each_note_are_kept() -> None:
    rows = [f"{n},{'' if n == 4 else 'SECRET'},neither\n" for n in range(2, 10)]
    notes = parse_table("t", ["record_id,dob,sex\n", *rows]).notes
    assert notes.fields["dob", Note.DATE_LEFT_OUT] == 7
    assert notes.lines == {
        ("dob", Note.DATE_LEFT_OUT): [2, 3, 5, 6, 7],
        ("sex", Note.SEX_LEFT_OUT): [2, 3, 4, 5, 6],
    }


@pytest.mark.parametrize(
    ("mended", "dates", "likely"), [(1, 9, True), (1, 10, False), (0, 0, False)]
)
def test_a_file_with_the_month_first_is_suspected(mended: int, dates: int, likely: bool) -> None:
    rows = [f"{n},{'03/25/2015' if n < mended else '01/02/2015'}\n" for n in range(dates)]
    found = parse_table("t", ["record_id,dob\n", *rows, "none,\n"])
    assert found.notes.is_month_first_likely is likely


def test_columns_that_are_passed_over_and_renamed_are_known() -> None:
    found = parse_table("t", ["House , Pupil No,,dob\n", "Red,1,x,\n"], {"pupil no": "record_id"})
    assert found.passed_over == ("House",)
    assert found.renamed == {"pupil no"}


@pytest.mark.parametrize(
    ("first", "said", "hidden"),
    [
        ("Pupil No,Born", "it has Pupil No, Born; give the right one as --map", ""),
        ("forename,Address 1", "it has forename, Address 1;", ""),
        ("SECRET,2015-03-04", "is its first line one of column names?", "SECRET"),
        ("1;SECRET", "is its first line one of column names?", "SECRET"),
        ("b" * 50 + ",\x1bc", "it has " + "b" * 39 + "…, \ufffdc;", "\x1b"),
        (",".join("abcdefghijkl"), "i, j and 2 more;", "k,"),
    ],
)
def test_a_fault_shows_a_header_but_no_record(first: str, said: str, hidden: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_table("t", [first + "\n"])
    assert said in str(refused.value)
    assert not hidden or hidden not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file has no rows."),
        (b"\n1,SECRET\n", "is its first line one of column names?"),
        (b"forename,surname\nSECRET,x\n", "no column record_id"),
        (b"record_id,dob,dob\n1,,\n", "dob is there twice"),
        (b"record_id,forename\n1,Zo\xeb SECRET\n", "likely windows-1252"),
        (b"r\xe9cord_id\n1\n", "Export the table as “CSV UTF-8”"),
        (b"record_id,forename\n1,SECRET\0\n", "neither a text nor a workbook"),
        (b"\xff\xfer\0e\0\0", "neither a text nor a workbook"),
        (b'record_id,forename\n1,"SECRET\n2,x\n', "quotation mark"),
        (b'record_id,forename\n1,SE"C"RET"\n"2"x,y\n', "in line 3"),
        (b'record_id,"forename\n', "a comma must stand between"),
        (b"record_id,forename\n1\n2,a,SECRET\n3,b\n", "in lines 2, 3"),
        (b"record_id\n,\n1,2\n3,4\n5,6\n7,8\n9,0\n2,2\n", "lines 3, 4, 5, 6, 7 and 1 more"),
        (b"record_id,forename\n ,SECRET\n", "line 2: record_id is empty"),
        (b"record_id,forename\n1,a\n\n1,SECRET\n", "line 4: record_id is that of line 2"),
        (b"record_id\n" + b"SECRET" * 11 + b"\n", "line 2: record_id is longer than 64"),
        (b"record_id\nSEC\x1bRET\n", "cannot be printed"),
        (b"record_id" + b",x" * 200 + b"\n", "names our columns"),
        (b"record_id,forename\n1," + b"SECRET" * 30_000 + b"\n", "quotation mark"),
    ],
)
def test_a_file_of_doubtful_form_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_table(table(tmp_path, content))
    assert said in str(refused.value)
    assert "some.csv" in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="none of its files is a table"):
        read_table(tmp_path)


def test_no_value_is_shown_by_accident() -> None:
    found = parse_table("t", [HEADER, "ID7,Ann,,Smith,,,,,,\n"])
    assert "Ann" not in repr(found) + repr(found.rows[0])
    assert "ID7" not in repr(found) + repr(found.rows[0])


# ---- truth -------------------------------------------------------------------------------------

LEFT = (Row("a", Demographics()), Row("b", Demographics()))
RIGHT = (Row("x", Demographics()), Row("a", Demographics()))


def test_true_pairs(tmp_path: Path) -> None:
    file = table(tmp_path, "why,right_id,left_id\nseen,x,a\n\n,a,b\n")
    found = read_truth(file, LEFT, RIGHT)
    assert found == (("a", "x"), ("b", "a"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("left_id\na\n", "no column right_id"),
        (
            "left_id,right_id\na,x\nSECRET,x\n",
            "left_id names no record of the left file, in line 3",
        ),
        (
            "left_id,right_id\na,b\na,SECRET\n",
            "right_id names no record of the right file, in lines 2, 3",
        ),
        ("left_id,right_id\na\n", "more or fewer fields"),
    ],
)
def test_truth_that_cannot_be_read_is_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_truth(table(tmp_path, content), LEFT, RIGHT)
    assert said in str(refused.value)
    assert "SECRET" not in str(refused.value)
