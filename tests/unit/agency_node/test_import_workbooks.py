"""Workbooks: the sheet, true dates, numbers that a spreadsheet changed, and bounds."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date
from pathlib import Path

import pytest

from agency_node.importing import source_file
from agency_node.importing.source_file import open_workbook, read_source, sheets_of
from agency_node.importing.sources.children import Export
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reading import Reading, read_export
from agency_node.importing.sources.reasons import Reason
from deploy.invented.workbooks import Cell, ods, packed, xlsx
from fakes.import_world import AS_OF, HEADER, row

COLUMNS = HEADER.split(",")
WRITERS = pytest.mark.parametrize("write", [xlsx, ods], ids=["xlsx", "ods"])


def cells(number: int, **fields: Cell) -> list[Cell]:
    values: dict[str, Cell] = dict(zip(COLUMNS, row(number).split(","), strict=True))
    return [(values | fields)[column] for column in COLUMNS]


def read(content: bytes, sheet: str = "") -> Export:
    return read_export(
        sheets_of(content), as_of=AS_OF, columns=Columns(), reading=Reading(sheet=sheet)
    )


def refused(content: bytes, sheet: str = "") -> RefusedFile:
    with pytest.raises(RefusedFile) as whole:
        read(content, sheet)
    return whole.value


@WRITERS
def test_a_workbook_is_read_as_the_same_rows_of_a_text(write: type) -> None:
    content = write({"Pupils": [COLUMNS, cells(1), cells(2, dob=date(2011, 11, 3))]})
    text = "\n".join([HEADER, row(1), row(2, dob="2011-11-03")]).encode()
    same = read_export(text, as_of=AS_OF, columns=Columns())
    found = read(content)
    assert found.children == same.children
    assert found.about == ("sheet “Pupils”",)


@WRITERS
def test_numbers_of_cells_are_what_was_typed(write: type) -> None:
    line = cells(
        1, local_id=1207, health_number=9434765919, desk_phone=1632960101, shield=False, sex=1
    )
    [child] = read(write({"S": [COLUMNS, line]})).children
    assert child.local_id == "1207"
    assert child.demographics.health_number == "9434765919"
    assert child.involvements[0].desk_phone == "01632960101"
    assert not child.involvements[0].shielded


def test_a_long_number_of_which_digits_are_lost_is_named() -> None:
    found = read(xlsx({"S": [COLUMNS, cells(1, health_number=1234567890123456789)]}))
    assert [r.reason for r in found.remarks] == [Reason.NUMBER_LEFT_OUT]
    found = read(xlsx({"S": [COLUMNS, cells(1, local_id=1234567890123456789)]}))
    assert [r.reason for r in found.refused] == [Reason.NUMBER_SHORTENED]


@WRITERS
def test_lines_around_the_table_are_left_out_and_named(write: type) -> None:
    rows = [["List of pupils"], [], COLUMNS, cells(1), [], cells(2), [], ["Total", 2]]
    found = read(write({"S": rows}))
    assert [child.lines for child in found.children] == [(4,), (6,)]
    assert found.about[1:] == (
        "1 line above the header was left out",
        "the lines from 8 on are below the table and were left out",
    )


def test_of_several_sheets_with_rows_one_is_to_be_named() -> None:
    content = xlsx({"Year 7": [COLUMNS, cells(1)], "Empty": [], "Year 8": [COLUMNS, cells(2)]})
    whole = refused(content)
    assert whole.reason is Reason.SHEET_NOT_STATED
    assert "“Year 7”, “Year 8”" in str(whole)
    assert "--sheet" in str(whole)
    assert [child.local_id for child in read(content, "year 8").children] == ["L2"]
    assert refused(content, "Year 9").reason is Reason.SHEET_MISSING


def test_a_hidden_sheet_is_not_the_table_unless_it_is_named() -> None:
    content = xlsx({"A": [COLUMNS, cells(1)], "B": [COLUMNS, cells(2)]}, hidden=["A"])
    assert [child.local_id for child in read(content).children] == ["L2"]
    assert [child.local_id for child in read(content, "A").children] == ["L1"]


def test_a_workbook_without_rows_is_an_empty_file() -> None:
    assert refused(xlsx({"S": []})).reason is Reason.EMPTY_FILE


def test_days_that_a_spreadsheet_took_for_months_refuse_the_file() -> None:
    """It opened a text, made true dates of the days up to the twelfth, month first, and left the
    other dates as they were."""
    turned: list[Cell] = [date(2015, 4, 3), date(2011, 3, 7), "19/11/2011", "30/04/2015"]
    rows = [cells(n, dob=dob) for n, dob in enumerate(turned)]
    assert refused(xlsx({"S": [COLUMNS, *rows]})).reason is Reason.DATES_OF_TWO_ORDERS


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    found = read(xlsx({"S": [COLUMNS, cells(1), [*cells(1), "more"]]}))
    assert [(r.line, r.reason) for r in found.refused] == [(3, Reason.FIELD_COUNT)]


# ---- what cannot be opened ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and then nothing",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        packed({"notes.txt": "no workbook"}),
        packed({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook"}),
        xlsx({"S": [COLUMNS]})[:-300],
    ],
    ids=["no archive", "no old workbook", "another archive", "broken", "cut"],
)
def test_a_file_that_is_no_whole_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedFile) as whole:
        sheets_of(content)
    assert whole.value.reason is Reason.WORKBOOK_NOT_READ


def test_what_an_archive_unpacks_to_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed({"xl/workbook.xml": "0" * 10_000_000})
    assert len(bomb) < 20_000
    monkeypatch.setattr(source_file, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(RefusedFile) as whole:
        sheets_of(bomb)
    assert whole.value.reason is Reason.WORKBOOK_TOO_LARGE


def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    honest = xlsx({"S": [COLUMNS, cells(1)]})
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = honest.replace(size.to_bytes(4, "little"), (size // 2).to_bytes(4, "little"))
    assert lying != honest
    with pytest.raises(RefusedFile) as whole:
        sheets_of(lying)
    assert whole.value.reason is Reason.WORKBOOK_NOT_READ


def test_one_cell_far_away_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "MOST_CELLS", 1000)
    with pytest.raises(RefusedFile) as whole:
        sheets_of(xlsx({"S": [COLUMNS, *[[] for _ in range(60)], cells(1)]}))
    assert whole.value.reason is Reason.WORKBOOK_TOO_LARGE


def test_a_workbook_is_opened_in_a_process_of_its_own(tmp_path: Path) -> None:
    content = xlsx({"S": [COLUMNS, cells(1)]})
    assert open_workbook(content) == sheets_of(content)
    path = tmp_path / "broken.xlsx"
    path.write_bytes(content[:-300])
    with pytest.raises(RefusedFile) as whole:
        read_source(path)
    assert whole.value.reason is Reason.WORKBOOK_NOT_READ


def _older_without_its_end() -> bytes:
    """The beginning of an older workbook (MS-CFB), whose list of streams goes on in a sector that
    is no longer there.
    """
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    about = struct.pack("<HHHHH6x9I", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    first = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + about
    goes_on = struct.pack("<128I", end, 3, *[end] * 126)
    return first + struct.pack("<109I", 0, *[none] * 108) + goes_on + b"R\0" * 256


def test_a_workbook_at_which_the_library_breaks_down_is_refused_and_nothing_of_it_written(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RefusedFile) as whole:
        open_workbook(_older_without_its_end())
    assert whole.value.reason is Reason.WORKBOOK_NOT_READ
    assert capfd.readouterr() == ("", "")
