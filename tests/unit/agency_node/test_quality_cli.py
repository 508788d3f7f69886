"""The quality command as an operator meets it, and what an import leaves for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from agency_node.cli import quality as command
from agency_node.importing.quality.document import QualityReport, read_report
from agency_node.importing.quality.kept import quality_file
from fakes.federations import NOW
from fakes.import_world import AS_OF, ELM, OAK, row
from unit.agency_node import test_import_cli

Desk = test_import_cli.Desk
desk = test_import_cli.desk


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "time", SimpleNamespace(time=lambda: NOW))


def run(desk: Desk, *words: object, status: int = 0) -> str:
    """The output of the command, in one line."""
    result = desk._invoke(command, "quality", *words, status=status)
    return " ".join(result.output.split())


def report_of(desk: Desk, *words: object) -> QualityReport:
    result = desk._invoke(command, "quality", *words, "--json")
    return read_report(result.stdout.encode())


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_judged_before_it_is_imported_and_nothing_else_is_written(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(9)), row(9, kind="?"))
    before = test_import_cli.contents(desk.folder)
    said = run(desk, "--agency", OAK, path, "--as-of", AS_OF)
    assert "9 children, from 10 rows (1 refused)." in said
    assert "Rows that do not say when the desk is there (9)" in said
    assert "for your agency alone" in said
    page = desk.folder / f"state/reports/{OAK}-check.html"
    assert str(page) in said.replace(" ", "")
    after = test_import_cli.contents(desk.folder)
    assert set(after) - set(before) == {page}
    assert all(after[each] == before[each] for each in before)
    assert rights(page) == 0o600
    assert rights(page.parent) == 0o700
    assert b"A file that was read and not imported" in page.read_bytes()


def test_a_file_that_an_import_would_refuse_has_a_report_that_says_so(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n, dob="the 3rd") for n in range(9)))
    said = run(desk, "--agency", OAK, path, "--as-of", AS_OF)
    assert "An import would stop: dob: 9 of 9 cells" in said


def test_a_page_goes_where_it_is_told_and_replaces_no_export(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(9)))
    page = desk.folder / "mine.html"
    run(desk, "--agency", OAK, path, "--as-of", AS_OF, "--page", page)
    assert rights(page) == 0o600
    said = run(desk, "--agency", OAK, path, "--as-of", AS_OF, "--page", path, status=2)
    assert "ends with .html" in said
    assert path.read_text().startswith("local_id")


def test_the_trend_is_over_the_imports(desk: Desk) -> None:
    for children in (9, 12, 10):
        said = desk.oak(desk.export("oak.csv", *(row(n) for n in range(children))))
        assert f"fingerpost-node quality --settings … --agency {OAK}" in said
    report = report_of(desk, "--agency", OAK)
    assert [(p.generation, p.children) for p in report.trend] == [(1, 9), (2, 12), (3, 10)]
    assert (report.generation, report.children, report.as_of) == (3, 10, report.trend[-1].as_of)
    assert report.good_until is not None
    assert report.withheld.by_register == 0
    kept = quality_file(desk.folder / "state/reports", OAK)
    assert rights(kept) == 0o600
    assert rights(kept.parent) == 0o700
    page = desk.folder / f"state/reports/{OAK}-quality.html"
    assert b"From import to import" in page.read_bytes()
    assert b"Import 3" in page.read_bytes()
    with_file = report_of(desk, "--agency", OAK, desk.folder / "oak.csv", "--as-of", "written")
    assert (with_file.generation, len(with_file.trend)) == (None, 3)
    assert report_of(desk, "--agency", OAK) == report, "a file that is only read adds nothing"


def test_the_same_file_again_adds_nothing(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(9)))
    desk.oak(path)
    desk.oak(path)
    assert len(report_of(desk, "--agency", OAK).trend) == 1


def test_agencies_have_reports_of_their_own(desk: Desk) -> None:
    desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    said = run(desk, "--agency", ELM, status=1)
    assert f"{ELM} has no quality report yet" in said
    folder = desk.folder / "state/reports"
    quality_file(folder, OAK).rename(quality_file(folder, ELM))
    assert "of another agency" in run(desk, "--agency", ELM, status=2)


def test_there_is_no_report_before_the_first_import(desk: Desk) -> None:
    said = run(desk, "--agency", OAK, status=1)
    assert f"{OAK} has no quality report yet" in said


def test_a_kept_report_that_cannot_be_read_is_put_aside_and_the_import_is_good(
    desk: Desk,
) -> None:
    desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    kept = quality_file(desk.folder / "state/reports", OAK)
    kept.write_text("half a file")
    assert f"{kept}: it is no quality report" in run(desk, "--agency", OAK, status=2)
    said = desk.oak(desk.export("oak.csv", *(row(n) for n in range(10))))
    assert "was put aside" in said
    assert kept.with_suffix(".unread").read_text() == "half a file"
    assert [point.generation for point in report_of(desk, "--agency", OAK).trend] == [2]


def test_an_import_is_good_where_its_quality_report_cannot_be_kept(
    desk: Desk,
) -> None:
    kept = quality_file(desk.folder / "state/reports", OAK)
    kept.mkdir(parents=True)
    (kept / "something").touch()
    kept.with_suffix(".unread").touch()
    said = desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    assert "The quality report was not kept" in said
    assert desk.world.records.generation(OAK) is not None


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("missing.csv",), 2, "cannot be read"),
        (("wrong.csv",), 1, "code no_header"),
        (("oak.csv", "--as-of", "yesterday"), 2, "--as-of"),
        (("oak.csv", "--map", "nothing"), 2, "--map"),
    ],
)
def test_what_cannot_be_read_is_said(
    desk: Desk, words: tuple[str, ...], status: int, said: str
) -> None:
    desk.export("oak.csv", row(1))
    (desk.folder / "wrong.csv").write_text("this is no export")
    os.utime(desk.folder / "wrong.csv", (NOW, NOW))
    file, *more = words
    day = () if "--as-of" in more else ("--as-of", str(AS_OF))
    out = run(desk, "--agency", OAK, desk.folder / file, *day, *more, status=status)
    assert "No report:" in out
    assert said in out


def test_an_agency_of_another_node_has_no_report_here(desk: Desk) -> None:
    assert "is not one of this node's" in run(desk, "--agency", "e99000001.other", status=2)


def test_no_cell_is_shown_or_kept(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(9)))
    desk.oak(path)
    said = run(desk, "--agency", OAK) + json.dumps(run(desk, "--agency", OAK, "--json"))
    folder = desk.folder / "state/reports"
    kept = "".join(each.read_text() for each in folder.iterdir())
    for secret in ("Zephyrine", "Brackenwood", "Vance", "WX1 0QD", "960001", "oak.example"):
        assert secret not in said
        assert secret not in kept
