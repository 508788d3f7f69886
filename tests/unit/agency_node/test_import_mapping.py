"""A mapping file: proposed from a sample, confirmed by a person, strict when it is read."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from agency_node.cli import map_ as command
from agency_node.cli.reading import FormOptions, read_columns, read_mapping
from agency_node.importing.source_file import sheets_of
from agency_node.importing.sources.columns import Columns
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.person_names import NameOrder
from agency_node.importing.sources.proposing import propose
from agency_node.importing.sources.reading import Reading, read_export
from deploy.invented.workbooks import xlsx
from fakes.import_world import AS_OF, HEADER, row
from fingerpost.protocol.errors import Defect

MIS = "\n".join(
    [
        "Pupil list 2026;;;;;;;;;;",
        "Adno;Legal Surname;Forename;Date of Birth;Post Code;NHS;Reg Group;Pupil Status;"
        "School Phone;Email;UPN",
        "1207;Quillfeather;Theodora;03/04/2015;NN3 3QD;943 476 5919;7B;Current;"
        "1632960101;a@oak.example;",
        "1208;Ashcombe;Barnaby;05/06/2014;NN3 4QD;9434765919;7C;Left;1632960101;a@oak.example;",
    ]
)


def confirmed(text: str, *changes: tuple[str, str]) -> str:
    """The mapping as a person leaves it: with these changes, and nothing left to confirm."""
    begins, ends = text.index("confirm = ["), text.index("\n]\n") + 3
    text = text[:begins] + text[ends:]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("written", "words", "ours", "asks"),
    [
        ("Do not disclose", "NYN", "shield", False),
        ("Police marker", "NYN", "", True),
        ("Dinner money", "037", "", False),
        ("Police marker", ("", "", ""), "", False),
    ],
)
def test_a_column_that_may_protect_children_is_not_left_out_in_silence(
    written: str, words: Sequence[str], ours: str, *, asks: bool
) -> None:
    rows = (f"{n},Quillon,Tarrowby,2015-02-03,{word}" for n, word in enumerate(words))
    text = "\n".join([f"local_id,forename,surname,dob,{written}", *rows])
    proposed = tomllib.loads(propose(text.encode(), Reading(), AS_OF))
    assert proposed["columns"][written] == ours
    (said,) = [each for each in proposed["confirm"] if written in each]
    assert said.endswith("must not be found (shield)?") is asks


def test_a_mapping_is_proposed_that_says_what_is_not_sure() -> None:
    proposed = tomllib.loads(propose(MIS.encode(), Reading(), AS_OF))
    assert proposed["columns"] == {
        "Adno": "local_id",
        "NHS": "health_number",
        "Reg Group": "",
        "Pupil Status": "status",
        "School Phone": "desk_phone",
        "Email": "desk_email",
        "Legal Surname": "surname",
        "Date of Birth": "dob",
    }
    assert proposed["constants"] == {"kind": "", "start": "", "worker_name": "", "worker_role": ""}
    assert proposed["values"] == {"status": {"Current": "OPEN", "Left": "CLOSED"}}
    sure = {"columns: Legal Surname = surname", "columns: Date of Birth = dob"}
    assert sure.isdisjoint(proposed["confirm"])
    assert "columns: Adno = local_id" in proposed["confirm"]
    assert "columns: Reg Group is left out" in proposed["confirm"]
    assert any("kind, which the file does not have: such as" in p for p in proposed["confirm"])
    assert "values.status: Current" in proposed["confirm"]
    assert any(line.startswith("dates: ") for line in proposed["confirm"])


def test_a_proposal_shows_no_cell_of_a_child() -> None:
    text = propose(MIS.encode(), Reading(), AS_OF)
    for value in ("Theodora", "Quillfeather", "2015", "NN3", "943", "1207", "1632", "oak.example"):
        assert value not in text


def test_a_mapping_reads_nothing_until_it_is_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "mis.toml"
    path.write_text(propose(MIS.encode(), Reading(), AS_OF), "utf-8")
    with pytest.raises(Defect, match=r"mis\.toml: 10 lines are not confirmed: .*Adno"):
        read_mapping(path)
    changes = (('"kind" = ""', '"kind" = "EDU_SCHOOL"'), ('# dates = ""', 'dates = "day-first"'))
    path.write_text(confirmed(path.read_text("utf-8"), *changes), "utf-8")
    columns, reading = read_mapping(path)
    assert reading == Reading(stated=Stated(Order.DAY_FIRST))
    found = read_export(MIS.encode(), as_of=AS_OF, columns=columns, reading=reading)
    assert [(r.line, r.column) for r in found.refused] == [(4, "status")]  # it left, and no end
    [child] = found.children
    assert child.demographics.dob == date(2015, 4, 3)
    assert child.involvements[0].desk_phone == "01632960101"


def test_a_mapping_of_our_own_columns_has_nothing_to_confirm(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(propose(f"{HEADER}\n{row(1)}".encode(), Reading(), AS_OF), "utf-8")
    columns, reading = read_mapping(path)
    assert (dict(columns.rename), columns.constants, reading) == ({}, {}, Reading())


def test_a_proposal_states_encoding_sheet_and_names_where_they_are_needed() -> None:
    text = "\n".join(["ID,Name,DOB", "1,Zoë Quill,2015-02-03", "2,Ann Ashby,2014-02-03"])
    proposed = tomllib.loads(propose(text.encode("cp1252"), Reading(), AS_OF))
    assert proposed["encoding"] == "windows-1252"
    begins = [line.partition(":")[0] for line in proposed["confirm"]]
    assert begins[0] == "encoding"
    assert "names" in begins
    assert "forename" not in proposed["constants"]
    sheets = {"About": [["made by hand"]], "Year 7": [HEADER.split(","), row(1).split(",")]}
    proposed = tomllib.loads(propose(sheets_of(xlsx(sheets)), Reading(), AS_OF))
    assert proposed["sheet"] == "Year 7"
    assert proposed["confirm"] == ["sheet: more than one has rows"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 'red'", "there is no such setting here"),
        ("dates = 'us'", "expected one of day-first, month-first, year-first"),
        ("encoding = 'ebcdic'", "expected one of utf-8"),
        ("separator = ',,'", "expected one character"),
        ("[columns]\nAdno = 'number'", "is none of our columns"),
        ("[constants]\nnumber = '1'", "is none of our columns"),
        ("[values.number]\na = '1'", "is none of our columns"),
        ("[values]\nstatus = 'OPEN'", "expected a section"),
        ("confirm = ['dates']", "1 line is not confirmed: look at each"),
    ],
)
def test_a_mapping_is_strict(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(Defect, match=said):
        read_mapping(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[constants]\nkind = ''", "kind, for all rows: The field is empty and may not be"),
        ("[constants]\nkind = 'SCHOOL'", "kind, for all rows: The kind of involvement is on no"),
        ("[constants]\nshield = 'perhaps'", "shield, for all rows: "),
        ("[values.kind]\nhv = 'HEALTH VISITOR'", r"values\.kind: The kind of involvement is on no"),
        ("[values.status]\nLeft = 'GONE'", r"values\.status: The status is none of OPEN"),
    ],
)
def test_a_word_that_would_refuse_every_row_is_refused_at_once(
    tmp_path: Path, text: str, said: str
) -> None:
    """Otherwise each row would be named, as if it had to be mended in the agency's system."""
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    mapped, _ = read_mapping(path)
    with pytest.raises(Defect, match=said):
        read_columns([], [], (), mapped)


def test_a_word_is_judged_as_the_rows_would_have_it() -> None:
    """An option comes before the file, and a constant is translated as a cell is."""
    read_columns([], [], ["kind=GP"], Columns(constants={"kind": ""}))
    words = {"kind": {"hv": "HEALTH_VISITING"}}
    read_columns([], [], ["kind=HV"], Columns(values=words))
    with pytest.raises(Defect, match="kind, for all rows"):
        read_columns([], [], ["kind=HV"])


def test_the_usual_name_of_a_column_brings_ours_to_mind() -> None:
    with pytest.raises(Defect, match=r"gender is none of our columns; did you mean sex\?"):
        read_columns(["Gender=gender"], [])


def test_options_come_before_the_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    lines = [
        "encoding = 'windows-1252'",
        "separator = 'tab'",
        "dates = 'month-first'",
        "names = 'surname-first'",
        "[columns]",
        "Adno = 'local_id'",
        "House = ''",
        "[constants]",
        "kind = 'GP'",
    ]
    path.write_text("\n".join(lines), "utf-8")
    columns, reading = read_mapping(path)
    assert reading == Reading(
        "windows-1252", "\t", "", Stated(Order.MONTH_FIRST, NameOrder.SURNAME_FIRST)
    )
    merged = read_columns(["Adno=upn"], ["Form"], ["kind=EDU_SCHOOL", "start="], columns)
    assert merged.name_of("ADNO") == "upn"
    assert (merged.name_of("House"), merged.name_of("Form")) == ("", "")
    assert merged.constants == {"kind": "EDU_SCHOOL", "start": ""}
    form = FormOptions("utf-8", sheet="Year 7", dates=Order.DAY_FIRST).form(reading)
    assert form == Reading(
        "utf-8", "\t", "Year 7", Stated(Order.DAY_FIRST, NameOrder.SURNAME_FIRST)
    )


@pytest.mark.parametrize("option", ["kind", "=GP", "number=1"])
def test_a_constant_is_of_one_of_our_columns(option: str) -> None:
    with pytest.raises(Defect, match="--set"):
        read_columns([], [], [option])


def run(*words: object, status: int = 0) -> str:
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    result = CliRunner().invoke(app, ["map", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


def test_the_command_writes_a_proposal_and_never_over_another(tmp_path: Path) -> None:
    export = tmp_path / "oak.csv"
    export.write_text(MIS, "utf-8")
    assert "Look at each line" in run(export)
    written = tmp_path / "oak.csv.toml"
    assert "Adno" in written.read_text("utf-8")
    assert "is there already" in run(export, status=2)
    run(export, "--out", tmp_path / "other.toml", "--dates", "day-first")
    assert 'dates = "day-first"' in (tmp_path / "other.toml").read_text("utf-8")
    export.write_bytes(b"\0\0")
    said = run(export, "--out", tmp_path / "third.toml", status=1)
    assert "neither a text nor a workbook" in said
    assert not (tmp_path / "third.toml").exists()
