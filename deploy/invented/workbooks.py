"""Workbooks of a few sheets, written by hand: an Excel workbook (.xlsx) and an OpenDocument one
(.ods). Their texts, numbers and dates are what a spreadsheet writes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr

Cell = str | int | float | bool | date | None
Sheets = Mapping[str, Sequence[Sequence[Cell]]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            # Without a time: the same parts are the same archive.
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def xlsx(sheets: Sheets, *, hidden: Sequence[str] = ()) -> bytes:
    numbered = [*enumerate(sheets, 1)]
    names = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{n}' r:id='rId{n}'"
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for n, name in numbered
    )
    links = "".join(
        f"<Relationship Id='rId{n}' Type='{_OFFICE}/worksheet' Target='worksheets/sheet{n}.xml'/>"
        for n, _ in numbered
    )
    types = "".join(
        f"<Override PartName='/xl/worksheets/sheet{n}.xml'"
        f" ContentType='{_SPREADSHEET}.worksheet+xml'/>"
        for n, _ in numbered
    )
    return packed(
        {
            "[Content_Types].xml": (
                f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
                '<Default Extension="rels"'
                ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                "<Override PartName='/xl/workbook.xml'"
                f" ContentType='{_SPREADSHEET}.sheet.main+xml'/>"
                "<Override PartName='/xl/styles.xml'"
                f" ContentType='{_SPREADSHEET}.styles+xml'/>{types}</Types>"
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1"'
                f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
            "xl/workbook.xml": (
                f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{_RELATIONS}">{links}<Relationship Id="rIdS"'
                f' Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
            ),
            "xl/styles.xml": _STYLES,
            **{f"xl/worksheets/sheet{n}.xml": _sheet(sheets[name]) for n, name in numbered},
        }
    )


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    written = "".join(
        f'<row r="{n}">'
        + "".join(_cell(f"{_letters(place)}{n}", cell) for place, cell in enumerate(row))
        + "</row>"
        for n, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>'


def _letters(place: int) -> str:
    more, last = divmod(place, 26)
    return (chr(64 + more) if more else "") + chr(65 + last)


def _cell(at: str, cell: Cell) -> str:
    match cell:
        case None | "":
            return ""
        case bool():
            return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
        case int() | float():
            return f'<c r="{at}"><v>{cell!r}</v></c>'
        case date():
            return f'<c r="{at}" s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>'
        case str():
            text = f'<t xml:space="preserve">{escape(cell)}</t>'
            return f'<c r="{at}" t="inlineStr"><is>{text}</is></c>'


def ods(sheets: Sheets) -> bytes:
    names = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(
            f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
        )
        + "</table:table>"
        for name, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": (
                "<manifest:manifest xmlns:manifest="
                '"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
            ),
            "content.xml": (
                f"<office:document-content {spaces}><office:body><office:spreadsheet>{names}"
                "</office:spreadsheet></office:body></office:document-content>"
            ),
        }
    )


def _ods_cell(cell: Cell) -> str:
    match cell:
        case None | "":
            return "<table:table-cell/>"
        case bool():
            value = f'"boolean" office:boolean-value="{str(cell).lower()}"'
        case int() | float():
            value = f'"float" office:value="{cell!r}"'
        case date():
            value = f'"date" office:date-value="{cell.isoformat()}"'
        case _:
            value = '"string"'
    text = f"<text:p>{escape(str(cell))}</text:p>"
    return f"<table:table-cell office:value-type={value}>{text}</table:table-cell>"
