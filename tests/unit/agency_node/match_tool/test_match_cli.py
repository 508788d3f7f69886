"""The command as a data manager meets it: what it shows and leaves behind, how it ends, what it
never says.
"""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agency_node.match_tool import cli
from agency_node.match_tool.evaluation import Counts
from agency_node.match_tool.evaluation_report import share
from agency_node.match_tool.tables import COLUMNS, Row
from unit.agency_node.match_tool.match_children import EVALUATION_NAMES, LEFT, RIGHT, TRUTH


def cells(row: Row) -> Sequence[object]:
    who = row.demographics
    sex = who.sex and who.sex.name
    return (row.id, who.forename, "", who.surname, "", who.dob, sex, who.postcode, "", "")


def flat(text: str) -> str:
    return " ".join(text.split())


class Desk:
    """A folder with the six children of either side, and the command."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, caught: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._patch = patch
        self._caught = caught
        self.left = self.table("left.csv", LEFT)
        self.right = self.table("right.csv", RIGHT)
        self.truth = self.write("truth.csv", [("left_id", "right_id"), *TRUTH])
        patch.setenv("COLUMNS", "80")

    def table(self, name: str, rows: Sequence[Row]) -> Path:
        return self.write(name, [COLUMNS, *map(cells, rows)])

    def write(self, name: str, lines: Sequence[Sequence[object]]) -> Path:
        path = self.folder / name
        text = io.StringIO()
        csv.writer(text).writerows(lines)
        path.write_text(text.getvalue(), "utf-8")
        return path

    def run(self, *words: str | Path, status: int = 0) -> str:
        """Run the command, expect this exit status, and return what was shown: any fault alone."""
        self._patch.setattr(sys, "argv", ["fingerpost-match", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self._caught.readouterr()
        assert (ended.value.code or 0) == status, err
        assert bool(err) == bool(status)
        return err if status else out

    def evaluate(self, *more: str | Path, status: int = 0) -> str:
        files = ("--left", self.left, "--right", self.right, "--truth", self.truth)
        return self.run("evaluate", *files, *more, status=status)


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


# ---- evaluate ----------------------------------------------------------------------------------


def test_the_figures_are_shown(desk: Desk) -> None:
    shown = desk.evaluate()
    for line in (
        "Left:  left.csv, 6 records; they ask, with wide keys",
        "Truth: truth.csv, 4 pairs; 4 left records have a partner",
    ):
        assert line in shown
    rows = list(map(flat, shown.splitlines()))
    for row in (
        "True pairs that share a key (unlock recall) 75.00 % 3 of 4",
        "Left records without partner that open any 50.00 % 1 of 2",
        "Wrong pairs opened 2 0.333 a left record",
        "Precision of the decision 60.00 % 3 of 5",
        "Recall of the decision 75.00 % 3 of 4",
        "Precision of what is answered 100.00 % 2 of 2",
        "Recall of what is answered 50.00 % 2 of 4",
        "F1 66.67 %",
        "True pairs 25.00 % 1 of 4",
        "Wrong pairs 2",
    ):
        assert row in rows
    assert max(map(len, shown.splitlines())) <= 80


def test_the_json_has_one_form(desk: Desk) -> None:
    out = desk.folder / "figures.json"
    out.write_text("of yesterday")
    desk.evaluate("--json", out, "--keys", "narrow")
    found = json.loads(out.read_bytes())
    assert list(found) == EVALUATION_NAMES
    assert found["schema"] == "fingerpost-match/evaluate/1"
    assert found["keys"] == "narrow"
    assert list(found["decision"]) == ["precision", "recall", "f1"]
    assert found["answered"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}
    assert list(found["best_candidate"]) == ["precision", "recall", "f1"]
    assert list(found["possible"]) == ["true_pairs", "wrong_pairs"]
    assert list(found["versions"]) == ["normalisation", "combinations", "comparison"]
    assert list(found["counts"]) == list(Counts.__dataclass_fields__)
    assert found["input"]["left"] == {"rows": 6, "columns": list(COLUMNS), "notes": []}
    assert found["input"]["truth"] == {"lines": 4, "repeated": 0}
    assert found["seconds"] > 0
    left = sorted(path.name for path in desk.folder.iterdir())
    assert left == ["figures.json", "left.csv", "right.csv", "truth.csv"]


def test_one_file_on_both_sides_is_said(desk: Desk) -> None:
    doubles = desk.table("doubles.csv", (*LEFT[:2], Row("again", LEFT[0].demographics)))
    copy = desk.folder / "copy.csv"
    copy.write_bytes(doubles.read_bytes())
    truth = desk.write("self.csv", [("left_id", "right_id"), ("L1", "again"), ("again", "L1")])
    for other in (doubles, copy):
        shown = desk.run("evaluate", "--left", doubles, "--right", other, "--truth", truth)
        assert "is not held against itself" in flat(shown)
        assert "3 records" in shown
        assert "1 line with a pair that an earlier line has" in shown


def test_what_was_mended_is_counted_and_not_told(desk: Desk) -> None:
    odd = [("L1", "2015-25-04", "SECRET"), ("L2", "SECRET", "")]
    desk.left = desk.write("odd.csv", [("record_id", "dob", "sex"), *odd])
    desk.truth = desk.write("truth.csv", [("left_id", "right_id")])
    out = desk.folder / "figures.json"
    shown = desk.evaluate("--json", out)
    assert "odd.csv: dob: 1 × day and month were swapped and were put right" in shown
    assert "odd.csv: dob: 1 × no date; left out" in shown
    assert "Left: 2 records without any key" in shown
    notes = json.loads(out.read_bytes())["input"]["left"]["notes"]
    assert notes == [
        {"column": "dob", "note": "date_left_out", "fields": 1},
        {"column": "dob", "note": "date_mended", "fields": 1},
        {"column": "sex", "note": "sex_left_out", "fields": 1},
    ]
    assert "SECRET" not in shown + out.read_text()


def test_columns_of_another_name(desk: Desk) -> None:
    desk.left.write_text(desk.left.read_text().replace("record_id", "Pupil No"))
    fault = desk.evaluate(status=2)
    assert "left.csv: the first line names no column record_id" in fault
    assert "has Pupil No, forename, middle_names" in fault
    assert "--map" in fault
    assert "75.00 %" in desk.evaluate("--map", "Pupil No=record_id")
    assert "--map NAME=COLUMN" in desk.evaluate("--map", "Pupil No=number", status=2)


def test_what_is_passed_over_is_said_and_a_map_that_nothing_uses_is_refused(desk: Desk) -> None:
    desk.left.write_text(desk.left.read_text().replace("surname", "House Name"))
    assert "left.csv: Passed over: House Name" in desk.evaluate()
    assert "Passed over" not in desk.evaluate("--map", "house name=surname")
    typed = desk.write("typed.csv", [("surname",), ("Fox",), ("Fox",)])
    wrong = ("--map", "Famly Name=surname")
    for fault in (
        desk.evaluate(*wrong, status=2),
        desk.run("explain", "--file", desk.left, "--ids", "L1", "L2", *wrong, status=2),
        desk.run("dedupe", "--file", desk.left, *wrong, status=2),
    ):
        assert "--map: no file has a column famly name; what was passed over: House Name" in fault
    assert "--map" in desk.run("explain", "--typed", typed, *wrong, status=2)


def test_numbers_and_dates_that_were_not_taken_are_told_by_line(desk: Desk) -> None:
    odd = [("L1", "9.43477E+09", "03/25/2015"), ("L2", "9434765918", "SECRET")]
    desk.left = desk.write("odd.csv", [("record_id", "health_number", "dob"), *odd])
    desk.truth = desk.write("truth.csv", [("left_id", "right_id")])
    shown = flat(desk.evaluate())
    assert "odd.csv: health_number: 2 × not valid" in shown
    assert "not used (lines 2, 3)" in shown
    assert "dob: 1 × no date; left out (line 3)" in shown
    assert "more than one date in ten was put right" in shown
    for value in ("9.43477", "9434765918", "SECRET", "2015"):
        assert value not in shown


def test_the_pairs_that_went_wrong_can_be_written(desk: Desk) -> None:
    out = desk.folder / "wrong.csv"
    desk.evaluate("--pairs", out)
    with out.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["left_id", "right_id", "what"],
            ["L2", "R2", "missed"],
            ["L3", "R4", "wrong possible"],
            ["L4", "R5", "wrong possible"],
            ["L6", "R6", "true possible"],
        ]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()
    assert "exists already" in desk.evaluate("--pairs", out, status=2)
    assert out.read_bytes() == before
    same = desk.folder / "same"
    assert "one file" in desk.evaluate("--pairs", same, "--json", same, status=2)
    assert not same.exists()
    (_, (left, right, _), *_) = csv.reader(out.read_text().splitlines())
    shown = desk.run("explain", "--left", desk.left, left, "--right", desk.right, right)
    assert "they never meet" in flat(shown)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("left", b""),
        ("left", b"record_id,forename\nL1,SECR\xebT\n"),
        ("right", b'record_id,forename\nR1,"SECRET\n'),
        ("right", b"record_id,forename\nR1,SECRET\0\n"),
        ("right", b"record_id,forename\nR1,SECRET\nR1,SECRET\n"),
        ("truth", b"left_id,right_id\nL1,SECRET\n"),
        ("truth", b"left_id\nSECRET\n"),
    ],
)
def test_a_bad_file_gives_one_line_and_writes_nothing(
    desk: Desk, name: str, content: bytes
) -> None:
    getattr(desk, name).write_bytes(content)
    out = desk.folder / "figures.json"
    fault = desk.evaluate("--json", out, status=2)
    assert fault.startswith("fingerpost-match: ")
    assert f"{name}.csv" in fault
    assert len(fault.splitlines()) == 1
    assert "SECRET" not in fault
    assert not out.exists()


def test_a_file_that_is_missing_and_a_command_that_is_wrong(desk: Desk) -> None:
    desk.left.unlink()
    assert "there is no such file" in desk.evaluate(status=2)
    assert "--truth" in desk.run("evaluate", "--left", "a", "--right", "b", status=2)
    assert "far" in desk.evaluate("--keys", "far", status=2)


def test_figures_never_replace_what_is_read(desk: Desk) -> None:
    for path in (desk.left, desk.truth, desk.folder, desk.folder / "none" / "x.json"):
        desk.evaluate("--json", path, status=2)
    link = desk.folder / "link.json"
    link.symlink_to(desk.truth)
    desk.evaluate("--json", link, status=2)
    assert "75.00 %" in desk.evaluate()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0.00 %"), (1.0, "100.00 %"), (0.999999, "> 99.99 %"), (1e-9, "< 0.01 %")],
)
def test_what_is_not_quite_all_is_not_shown_as_all(value: float | None, shown: str) -> None:
    assert share(value) == shown


# ---- explain -----------------------------------------------------------------------------------


def test_two_records_of_two_files(desk: Desk) -> None:
    shown = desk.run("explain", "--left", desk.left, "L3", "--right", desk.right, "R4")
    assert "Left, asks:      L3, line 4" in shown
    assert "Right, recorded: R4, line 5" in shown
    assert "Decision: POSSIBLE" in shown
    assert "twins agree in all else" in flat(shown)
    assert "Ashcombe" not in shown


def test_two_records_of_one_file_with_values(desk: Desk) -> None:
    shown = desk.run("explain", "--file", desk.right, "--ids", "R3", "R4", "--show-values")
    for value in ("Rosalind", "Genevieve", "Ashcombe", "SK4 3QT", "2016-05-09", "personal data"):
        assert value in shown


def test_two_records_that_are_typed(desk: Desk) -> None:
    typed = desk.folder / "typed.json"
    typed.write_text('[{"forename": "Ella", "surname": "Fox"}, {"forename": "Tom"}]')
    assert "no question opens the record" in flat(desk.run("explain", "--typed", typed))
    program = "from agency_node.match_tool.cli import main; main()"
    piped = subprocess.run(
        [sys.executable, "-c", program, "explain", "--typed", "-"],
        input=b"forename,surname,dob\nElla,Fox,2015-03-04\nElla,Fox,2015-03-04\n",
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"Every question opens the record" in piped.stdout
    assert piped.stderr == b""


def test_explain_wants_one_way_of_giving_two_records(desk: Desk) -> None:
    one = ("--left", str(desk.left), "L1")
    for words in (
        (),
        one,
        ("--file", str(desk.left)),
        ("--ids", "a", "b"),
        (*one, "--typed", "x"),
        (*one, "--right", str(desk.right), "R1", "--file", str(desk.left), "--ids", "L1", "L2"),
    ):
        assert "give --left with --right" in desk.run("explain", *words, status=2)
    fault = desk.run("explain", *one, "--right", desk.right, "SECRET", status=2)
    assert fault == "fingerpost-match: right.csv: no record has the id that was given\n"
    assert "cannot be read" in desk.run("explain", "--typed", desk.folder / "none", status=2)


# ---- dedupe ------------------------------------------------------------------------------------


def test_duplicates_are_shown_and_written_for_the_owner_only(desk: Desk) -> None:
    file = desk.table("records.csv", (*RIGHT, Row("R9", RIGHT[0].demographics)))
    out, listed = desk.folder / "found.json", desk.folder / "found.csv"
    shown = desk.run("dedupe", "--file", file, "--json", out, "--csv", listed)
    assert "records.csv: 7 records" in shown
    assert "1 group of records that match, with 2 records; 0 of the groups" in flat(shown)
    assert "Barnaby" not in shown + out.read_text() + listed.read_text()
    assert json.loads(out.read_bytes())["counts"]["groups"] == 1
    assert len(listed.read_text().splitlines()) == 3  # the header, the double, the twins
    for path in (out, listed):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_list_of_duplicates_replaces_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = desk.folder / "found.csv"
    there.write_text("somebody's review")
    for option in ("--csv", "--json"):
        fault = desk.run("dedupe", "--file", desk.right, option, there, status=2)
        assert "exists already; it is not overwritten" in fault
    # The file is created by somebody else while the tool works.
    monkeypatch.setattr(cli, "require_new", lambda path: None)
    fault = desk.run("dedupe", "--file", desk.right, "--csv", there, status=2)
    assert "exists already; it is not overwritten" in fault
    assert there.read_text() == "somebody's review"
    assert not list(desk.folder.glob(".*"))
    same = desk.folder / "same"
    both = ("--csv", same, "--json", same)
    assert "one file" in desk.run("dedupe", "--file", desk.right, *both, status=2)
    assert not same.exists()
