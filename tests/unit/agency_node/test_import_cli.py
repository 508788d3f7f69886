"""The import command as an operator meets it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
from calendar import timegm
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from time import monotonic
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from agency_node.answering.audit import RECORDS_ADOPTED
from agency_node.answering.health_names import import_health, settings_health
from agency_node.cli import export_stated
from agency_node.cli import import_ as command
from agency_node.cli import run as adopt_records
from agency_node.cli.export_stated import FILE, WRITTEN
from agency_node.cli.import_ import ADVICE, advice
from agency_node.importing import wiring as import_wiring
from agency_node.importing.importer import Importer
from agency_node.importing.wiring import open_imports, open_store
from agency_node.records.store.imports import SqlImports
from agency_node.records.tagging import Tagger
from agency_node.settings import NodeSettings
from agency_node.wiring import open_audit
from deploy.invented.workbooks import packed, xlsx
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.import_world import AS_OF, DAY, ELM, HEADER, OAK, World, row
from fakes.party_folder import node_settings_file
from fakes.refusals import refused
from fakes.simulated_holders import QuietLog
from fakes.transfer_files import File, pupils
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.feed_age import FeedAge
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.settings import load
from fingerpost.runtime.witness import Mark, WitnessFolder


class Desk:
    """A node's folder with exports, and the command."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.settings = node_settings_file(folder, (OAK, ELM))
        with self.settings.open("a") as file:
            file.write("dispose_source = true\n")  # of the last agency

    def export(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join((HEADER, *lines)), "utf-8")
        os.utime(path, (NOW - DAY, NOW - DAY))
        return path

    def change_settings(self, old: str, new: str) -> None:
        self.settings.write_text(self.settings.read_text().replace(old, new))

    def run(
        self, *arguments: object, status: int = 0, columns: int = 200, only_output: bool = False
    ) -> str:
        """Run the command, expect this exit status, and return what it wrote; ``only_output``:
        without what went to stderr. Where no day is given, the files' own time is it."""
        if "--as-of" not in arguments:
            arguments = (*arguments, "--as-of", WRITTEN)
        result = self._invoke(command, "import", *arguments, status=status, columns=columns)
        return result.stdout if only_output else result.output

    def oak(self, file: Path, *more: object, status: int = 0) -> str:
        """Import a file of one agency, and return what the command wrote, in one line."""
        return " ".join(self.run("--agency", OAK, file, *more, status=status).split())

    def adopt(self, agency: object) -> str:
        by = ("--by", "jo.reed", "--why", "incident-17")
        return self._invoke(adopt_records, "adopt-records", "--agency", agency, *by).output

    def _invoke(
        self, module: ModuleType, name: str, *words: object, status: int = 0, columns: int = 200
    ) -> Result:
        app = typer.Typer()
        module.register(app)
        app.command("other")(lambda: None)
        given = [name, "--settings", self.settings, *words]
        env = {"COLUMNS": str(columns), "TERM": "dumb"}
        result = CliRunner().invoke(app, [str(g) for g in given], env=env, catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The federation is the one thing that is not there: no broker, no holders."""
    store = tmp_path / "store"
    store.mkdir()
    world = World(store)
    world.open_epoch()

    @asynccontextmanager
    async def importer(settings: NodeSettings, env: Env) -> AsyncIterator[Importer]:
        yield world.importer

    monkeypatch.setattr(
        command,
        "wiring",
        SimpleNamespace(
            open=importer,
            last_imports=import_wiring.last_imports,
            EVENTS=import_wiring.EVENTS,
            open_source=import_wiring.open_source,
            dispose_of=import_wiring.dispose_of,
        ),
    )
    yield Desk(tmp_path, world)
    world.close()


def test_what_is_said_is_said_whole_brackets_and_paths_too(desk: Desk) -> None:
    desk.change_settings("[places]", "[place]")
    export = desk.export("oak.csv", row(1))
    said = desk.run("--agency", OAK, export, status=2, columns=60)
    assert f"Not imported: {desk.settings}: 2 faults" in said
    assert "  place: there is no such setting here; did you mean places?" in said
    assert "  places: missing; expected a section [places]" in said


def test_who_could_not_be_asked_is_named() -> None:
    asked = "key-holder “holder-a” at north.example:7443"
    said = advice(Refused(Code.UNAVAILABLE, "no answer in time", asked))
    assert said.startswith(ADVICE[Code.UNAVAILABLE])
    assert said.endswith(f"(unavailable: no answer in time; asked: {asked})")


def test_an_import_says_what_it_did_and_leaves_a_report(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(5)), row(9, kind="?"))
    said = desk.oak(path, "--as-of", AS_OF, status=4)
    assert "Partial: 1 row was left out" in said
    assert "5 children with 5 involvements, from 6 rows" in said
    assert "1 refused" in said
    words = "The kind of involvement is on no list."
    assert words in said
    assert "docs/import.md" in said
    assert path.exists()
    report = json.loads((desk.folder / f"state/reports/{OAK}-1.json").read_bytes())
    assert report["children"] == 5
    row_7 = {"line": 7, "column": "kind", "reason": "unknown_kind", "words": words}
    assert report["refused"] == [row_7]
    for secret in ("Zephyrine", "Brackenwood", "Vance"):
        assert secret not in said


@contextmanager
def a_node_that_answers_from(
    desk: Desk, *names: str, started_with: NodeSettings | None = None
) -> Iterator[None]:
    """The health check of a running node, in a thread of its own. ``started_with``: its settings;
    those of now where none are given."""
    started, stop = threading.Event(), threading.Event()
    now = load(desk.settings, NodeSettings)
    then = started_with or now
    known = (settings_health(then.digest), *(str(each.id) for each in then.agencies))

    async def serve() -> None:
        health = Health()
        for name in (*known, *names):
            await health.set(name, serving=True)
        async with serve_health(health, now.health):
            started.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve())
        assert started.wait(60)
        try:
            yield
        finally:
            stop.set()
        served.result()


def test_an_import_ends_once_the_running_node_answers_from_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old records may not be asked for minutes after "done"."""
    path = desk.export("oak.csv", row(1))
    assert "No node runs here: it answers from this once it is started." in desk.oak(path)
    with a_node_that_answers_from(desk, import_health(OAK, 1)):
        # The same file again: the node answers from the import that there is.
        assert f"{OAK}: the running node answers from import 1." in desk.oak(path)
        monkeypatch.setattr(command, "TAKE_UP_SECONDS", 0.0)
        newer = desk.export("oak.csv", row(1), row(2))
        said = desk.oak(newer, status=3)
        assert f"{OAK}: the running node does not answer from import 2 yet." in said


def test_an_agency_that_the_running_node_does_not_know_is_not_waited_for(
    desk: Desk,
) -> None:
    """It was added to the settings since: nobody is answered for it, whatever was imported."""
    before = load(desk.settings, NodeSettings)
    oak, elm = desk.export("oak.csv", row(1)), desk.export("elm.csv", row(2))
    without = msgspec.structs.replace(
        before, agencies=tuple(each for each in before.agencies if each.id != OAK)
    )
    with a_node_that_answers_from(desk, import_health(ELM, 1), started_with=without):
        both = ("--agency", f"{OAK}={oak}", "--agency", f"{ELM}={elm}", "--keep-source")
        said = " ".join(desk.run(*both, status=3).split())
        assert f"{OAK}: stored, and the running node does not know this agency" in said
        assert said.count("systemctl restart fingerpost-node") == 2
        assert f"{ELM}: the running node answers from import 1." in said
        assert f"{OAK}: the running node does not answer from import" not in said
    with a_node_that_answers_from(desk, import_health(OAK, 1), import_health(ELM, 1)):
        assert "restart" not in desk.run(*both)


def test_one_bad_file_does_not_keep_the_other_agencies_out(desk: Desk) -> None:
    good, bad = desk.export("elm.csv", row(1)), desk.folder / "oak.csv"
    both = ("--agency", f"{OAK}={bad}", "--agency", f"{ELM}={good}")
    assert "cannot be read" in desk.run(*both, "--keep-source", status=1)
    assert desk.world.records.generation(ELM) is not None
    bad.write_text("this is no export")
    os.utime(bad, (NOW, NOW))
    said = " ".join(desk.run(*both, "--as-of", AS_OF, status=1).split())
    assert "no_header" in said
    assert "1 child with 1 involvement" in said
    assert desk.world.records.generation(OAK) is None
    assert not good.exists()  # the setting says so
    assert bad.exists()


def test_a_source_is_disposed_of_only_after_its_import(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    desk.world.quick.refuse = Refused(Code.UNAVAILABLE, "holder")
    said = desk.oak(path, "--dispose-source", status=1)
    assert "could not be reached" in said
    assert "the import is resumed" in said
    assert path.exists()
    desk.world.quick.refuse = None
    desk.oak(path, "--dispose-source")
    assert not path.exists()
    kept = desk.export("elm.csv", row(1))
    desk.run("--agency", f"{ELM}={kept}", "--keep-source")
    assert kept.exists()


def test_the_quota_is_explained_plainly(desk: Desk) -> None:
    desk.world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    assert "declared caseload" in desk.oak(desk.export("oak.csv", row(1)), status=1)


def test_a_shrunken_export_is_asked_about(desk: Desk) -> None:
    desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    empty = desk.export("oak.csv")
    assert "--allow-shrink" in desk.oak(empty, status=1)
    desk.oak(empty, "--allow-shrink")


def test_a_file_of_which_many_rows_are_refused_is_asked_about(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n, kind="?" if n < 5 else "GP") for n in range(19)))
    said = desk.oak(path, "--dispose-source", status=1)
    assert "5 of 19 rows cannot be taken" in said
    assert "--accept-refused" in said
    assert "The kind of involvement is on no list." in said
    assert path.exists()
    assert desk.world.records.generation(OAK) is None
    report = json.loads((desk.folder / f"state/reports/{OAK}-refused.json").read_bytes())
    assert [r["line"] for r in report["refused"]] == [2, 3, 4, 5, 6]
    assert report["ending"] == "refused"
    desk.oak(path, "--accept-refused", status=4)


def test_a_file_with_another_number_of_rows_than_was_stated_is_refused(desk: Desk) -> None:
    """It was cut off between two lines, which nothing in it shows."""
    whole = [row(n) for n in range(9)]
    cut = desk.export("oak.csv", *whole[:7])
    said = desk.oak(cut, "--rows", 9, "--dispose-source", status=1)
    assert "you stated 9 rows, and the file has 7" in said
    assert cut.exists()
    assert desk.world.records.generation(OAK) is None
    oak, elm = desk.export("oak.csv", *whole), desk.export("elm.csv", *whole[:3])
    both = ("--agency", f"{OAK}={oak}", "--agency", f"{ELM}={elm}", "--rows", f"{ELM}=4")
    said = " ".join(desk.run(*both, "--keep-source", status=1).split())
    assert "you stated 4 rows, and the file has 3" in said
    assert desk.world.records.generation(ELM) is None
    assert desk.world.records.generation(OAK) is not None
    said = desk.oak(desk.folder / "oak.csv", "--rows", 10, status=1)
    assert "you stated 10 rows, and the file has 9" in said, "also of what is stored already"
    desk.oak(desk.folder / "oak.csv", "--rows", 9)


def test_a_misread_file_is_refused_with_column_form_and_remedy(desk: Desk) -> None:
    desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    path = desk.export("oak.csv", *(row(n, dob="the 3rd of 1985") for n in range(9)))
    said = desk.oak(path, "--dispose-source", status=1)
    assert "dob: 9 of 9 cells that hold something could not be read" in said
    assert "Seen: aaa 9aa aa 9999 (9)" in said
    assert "write the dates as 2015-02-03" in said
    assert "use --accept unread:dob" in said
    assert "the node answers from the import before" in said
    assert path.exists()
    kept = desk.world.records.generation(OAK)
    assert kept is not None
    assert kept.number == 1
    report = json.loads((desk.folder / f"state/reports/{OAK}-refused.json").read_bytes())
    found = {each["accept"]: each for each in report["findings"]}
    assert found["unread:dob"]["forms"] == [{"form": "aaa 9aa aa 9999", "rows": 9}]
    assert set(found) == {"unread:dob", "fell:dob"}
    desk.oak(path, "--accept", "unread:dob", status=1)
    both = ("--accept", "unread:dob", "--accept", "fell:dob")
    assert "Accepted: unread:dob" in desk.oak(path, *both)
    report = json.loads((desk.folder / f"state/reports/{OAK}-2.json").read_bytes())
    assert report["accepted"] == ["fell:dob", "unread:dob"]
    newer = desk.export("oak.csv", *(row(n, dob="the 3rd of 1985") for n in range(10)))
    desk.oak(newer)
    desk.oak(desk.export("oak.csv", *(row(n) for n in range(9))))
    worse = desk.export("oak.csv", *(row(n, dob="the 3rd of 1985") for n in range(9)))
    assert "--accept unread:dob" in desk.oak(worse, status=1), "it had been mended since"


def test_endings_have_statuses_of_their_own(desk: Desk) -> None:
    sound = desk.export("oak.csv", *(row(n) for n in range(9)))
    partial = desk.export("elm.csv", *(row(n) for n in range(9)), row(9, kind="?"))
    wrong = desk.export("wrong.csv", *(row(n, kind="?") for n in range(9)))
    assert "Whole: every row was read." in desk.oak(sound, status=0)
    both = ("--agency", f"{OAK}={sound}", "--agency", f"{ELM}={partial}", "--keep-source")
    desk.run(*both, status=4)
    desk.run("--agency", f"{OAK}={wrong}", *both[2:], status=1)
    help_ = " ".join(desk.run("--help").split())
    for status in ("0, every", "4, all", "1, some", "2, the", "3, all", "130"):
        assert status in help_


def test_reports_are_printed_for_programs(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(9)), row(9, kind="?"))
    wrong = desk.export("wrong.csv", *(row(n, kind="?") for n in range(9)))
    both = ("--agency", f"{OAK}={path}", "--agency", f"{ELM}={wrong}", "--keep-source", "--json")
    first, second = json.loads(desk.run(*both, status=1, only_output=True))["imports"]
    assert (first["ending"], first["children"], first["refused"][0]["line"]) == ("partial", 9, 11)
    assert first["columns"]["kind"]["not_read"] == [{"form": "?", "rows": 1}]
    assert (second["ending"], second["agency"]) == ("refused", str(ELM))
    path.write_text("nothing of ours")
    os.utime(path, (NOW, NOW))
    [whole] = json.loads(desk.run("--agency", OAK, path, "--json", status=1, only_output=True))[
        "imports"
    ]
    assert whole["findings"][0]["rule"] == "no_header"


def contents(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")  # memory that readers share
    }


def test_a_dry_run_says_the_same_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings' own store is used here, as the node's process has it."""
    monkeypatch.setattr(command, "time", SimpleNamespace(time=lambda: NOW, monotonic=monotonic))
    path = desk.export("oak.csv", *(row(n) for n in range(9)), row(9, kind="?"))
    before = contents(desk.folder)
    said = desk.oak(path, "--dry-run", "--dispose-source", status=4)
    assert "9 children with 9 involvements, from 10 rows" in said
    assert "The kind of involvement is on no list." in said
    assert contents(desk.folder) == before
    settings = load(desk.settings, NodeSettings)
    for key in desk.folder.glob("data-*.key"):
        key.rename(key.with_suffix(".away"))
    desk.oak(path, "--dry-run", status=4)
    for key in desk.folder.glob("data-*.away"):
        key.rename(key.with_suffix(".key"))

    with closing(open_store(settings)) as store:
        world = desk.world
        monkeypatch.setattr(
            world,
            "importer",
            replace(
                world.importer,
                records=store,
                imports=SqlImports(store),
                tagger=Tagger(SqlImports(store), world.tags),
            ),
        )
        desk.oak(path, status=4)
        lost = desk.export("oak.csv", *(row(n, dob="") for n in range(9)))
        running = contents(desk.folder)
        document = json.loads(
            desk.run("--agency", OAK, lost, "--dry-run", "--json", status=1, only_output=True)
        )
        assert [f["accept"] for f in document["imports"][0]["findings"]] == ["fell:dob"]
        assert contents(desk.folder) == running, "beside a running node"
    closed = contents(desk.folder)
    assert "fell:dob" in desk.oak(lost, "--dry-run", status=1)
    desk.run("--agency", f"{ELM}={lost}", "--dry-run")
    assert contents(desk.folder) == closed


def test_an_older_file_is_asked_about(desk: Desk) -> None:
    desk.oak(desk.export("oak.csv", row(1)), "--as-of", "2027-01-10")
    older = desk.export("oak.csv", row(1), row(2))
    said = desk.oak(older, "--as-of", "2027-01-09", status=1)
    assert "made on 2027-01-09, and the last one on 2027-01-10" in said
    assert "--allow-older" in said
    said = desk.oak(older, "--as-of", "2027-01-09", "--allow-older")
    assert "This export is older than the last one: children who came since are not in it" in said
    assert "older than the last one" not in desk.oak(older, "--as-of", "2027-01-11")


def test_records_that_were_put_back_are_adopted_by_name_and_on_record(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)

    def recorded() -> list[tuple[str, str, str]]:
        with closing(open_audit(settings, OAK)) as log:
            shown = log.show(0, 2**40, decrypt=False)
            return [(each.kind, str(each.actor), str(each.operation)) for each in shown]

    with open_imports(settings) as imports:
        made = imports.begin(OAK, bytes(32), as_of=DAY, normalisation_version=1, upn=False, now=1)
        imports.close_staging(OAK, made.number)
        imports.complete(OAK, made.number, 2)
    assert "nothing had to be done" in desk.adopt(OAK)
    assert recorded() == []
    WitnessFolder(desk.folder / "witness").of(f"records.{OAK}").note(Mark(4, bytes(32)))
    assert "0 children as of 1970-01-02" in desk.adopt(OAK)
    assert recorded() == [(RECORDS_ADOPTED, "jo.reed", "incident-17")]
    with open_imports(load(desk.settings, NodeSettings)) as imports:
        assert not imports.behind(OAK)
    with pytest.raises(Defect):
        desk.adopt("e99000001.nobody")


def test_the_same_file_again_is_said_to_be_so(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    desk.oak(path)
    assert "imported before" in desk.oak(path)


def test_columns_are_mapped_and_left_out(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    path.write_text(path.read_text().replace("local_id", "Pupil No").replace("upn", "House"))
    os.utime(path, (NOW, NOW))
    desk.oak(path, status=1)
    desk.oak(path, "--map", "Pupil No=local_id", "--ignore", "House")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--agency", OAK, "x.csv", "--accept", "everything"], "--accept WHAT"),
        (["--agency", OAK, "x.csv", "--accept", "unread:colour"], "--accept WHAT"),
        (["--agency", OAK], "give a FILE"),
        (["--agency", "e99000001.nobody", "x.csv"], "not one of this node's"),
        (["--agency", "Oak School", "x.csv"], "--agency: expected an agency's id"),
        (["--agency", f"{OAK}=a.csv", "--agency", f"{OAK}=b.csv"], "given twice"),
        (["--agency", f"{OAK}=a.csv", "b.csv"], "with a FILE give one --agency"),
        (["--agency", OAK, "x.csv", "--map", "Pupil No=pupil"], "--map NAME=COLUMN"),
        (["--agency", OAK, "x.csv", "--as-of", "31/03/2026"], "expected a day such as 2026-03-31"),
        (["--agency", OAK, "x.csv", "--rows", "many"], "--rows: expected how many rows"),
        (["--agency", OAK, "x.csv", "--rows", "-4"], "--rows: expected how many rows"),
        (["--agency", OAK, "x.csv", "--rows", f"{ELM}=4"], "--rows: give one number, or"),
        (["--agency", OAK, "x.csv", "--rows", "4", "--rows", "5"], "--rows: an agency is given"),
        (
            ["--agency", f"{OAK}=a.csv", "--agency", f"{ELM}=b.csv", "--rows", "4"],
            "--rows: give one number, or AGENCY=NUMBER",
        ),
    ],
)
def test_a_wrong_command_is_explained(desk: Desk, arguments: list[object], words: str) -> None:
    assert words in " ".join(desk.run(*arguments, status=2).split())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("workers = 1", "workers = 1\ncolour = 'red'", "colour"),
        ("workers = 1", "workers = 0", "workers"),
        ("e99000001.elm", "e99000001.oak", "none twice"),
        ("data-2.key", "data-1.key", "data key of its own"),
        ('id = "e99000001.oak"', "", "id"),
    ],
)
def test_wrong_settings_stop_it(desk: Desk, old: str, new: str, words: str) -> None:
    desk.change_settings(old, new)
    assert words in desk.oak(desk.export("oak.csv", row(1)), status=2)


def test_an_export_of_the_future_is_not_taken(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    os.utime(path, (NOW + 10 * DAY, NOW + 10 * DAY))
    for day in ("2027-01-17", WRITTEN):
        said = desk.oak(path, "--as-of", day, status=1)
        assert "The day of the export lies in the future." in said
    assert desk.world.records.generation(OAK) is None
    desk.oak(path, "--as-of", "2027-01-16")


def test_an_export_is_no_newer_than_its_file(desk: Desk) -> None:
    """A nightly job that states today, over a file that has not come anew for days."""
    path = desk.export("oak.csv", row(1))
    os.utime(path, (NOW - 9 * DAY, NOW - 9 * DAY))
    said = desk.oak(path, "--as-of", AS_OF, status=1)
    assert "on which the file was last written. (2027-01-06) Give the day" in said
    assert "code day_after_file" in said
    assert desk.world.records.generation(OAK) is None
    desk.oak(path, "--as-of", "2027-01-07")


def test_a_day_that_nobody_states_is_asked_for_or_the_export_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's time is that of a copy: it is never taken unasked."""
    path = desk.export("oak.csv", row(1))
    given = ["import", "--settings", str(desk.settings), "--agency", str(OAK), str(path)]
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    left_out = CliRunner().invoke(app, given)
    assert left_out.exit_code == 2
    assert "say on which day the export was made" in " ".join(left_out.output.split())
    assert desk.world.records.generation(OAK) is None
    monkeypatch.setattr(export_stated, "_can_be_asked", lambda: True)
    asked = CliRunner().invoke(app, given, input="yesterday\n2027-01-12\n")
    assert asked.exit_code == 0, asked.output
    assert asked.output.count("On which day was oak.csv made") == 2
    found = desk.world.records.generation(OAK)
    assert found is not None
    assert found.as_of == NOW // DAY * DAY - 3 * DAY


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (15, "These records are of 2027-01-01 and good until 2027-01-15."),
        (14, "Too old to answer from: records of 2027-01-01 were good until 2027-01-14."),
    ],
)
def test_until_when_an_import_is_good_is_said(desk: Desk, days: int, said: str) -> None:
    listed = desk.world.members.current
    ages = (FeedAge(AgencyKind.SCHOOL, days),)
    parameters = replace(listed.parameters, feed_ages=ages)
    desk.world.members.current = replace(listed, parameters=parameters)
    path = desk.export("oak.csv", row(1))
    assert said in desk.oak(path, "--as-of", "2027-01-01")
    report = json.loads((desk.folder / f"state/reports/{OAK}-1.json").read_bytes())
    assert report["good_until"] == report["as_of"] + days * DAY


def test_the_store_opens_only_with_secret_data_keys(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)
    store = open_store(settings)
    assert store.agencies() == (ELM, OAK)
    store.close()
    key = desk.folder / "data-1.key"
    key.chmod(0o644)
    with pytest.raises(Defect, match="0600"):
        open_store(settings)
    key.unlink()
    with pytest.raises(Defect, match="data_key"):
        open_store(settings)


class Membership:
    """Starts after it was refused with each of ``refusals``."""

    def __init__(self, *refusals: Code) -> None:
        self.refusals = list(refusals)

    async def start(self) -> None:
        if self.refusals:
            raise Refused(self.refusals.pop(0), "start")


async def test_the_first_look_at_the_member_list_is_tried_again() -> None:
    clock = ManualClock()
    env = Env(clock, QuietLog())
    passing: Any = Membership(Code.UNTRUSTED_METADATA, Code.UNAVAILABLE, Code.NOT_READY)
    starting = asyncio.create_task(import_wiring._start(passing, env))
    await clock.run_for(120)
    await starting
    lasting: Any = Membership(*[Code.UNAVAILABLE] * 99)
    starting = asyncio.create_task(import_wiring._start(lasting, env))
    await clock.run_for(300)
    with refused(Code.UNAVAILABLE):
        await starting
    assert len(lasting.refusals) == 99 - import_wiring.START_TRIES
    denied: Any = Membership(Code.NOT_A_MEMBER)
    with refused(Code.NOT_A_MEMBER):
        await import_wiring._start(denied, env)


async def test_two_imports_do_not_run_at_once(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)
    with (settings.state / "import.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Defect, match="another import"):
            async with import_wiring.open(settings, Env.of_system(QuietLog())):
                pass


def test_every_refusal_that_can_come_has_words() -> None:
    assert set(ADVICE) >= {Code.QUOTA, Code.UNAVAILABLE, Code.NOT_READY, Code.BAD_PROOF}


def test_what_is_stated_of_a_file_reads_it(desk: Desk) -> None:
    """A workbook with names of its own, and dates that may have the day or the month first."""
    columns = [name for name in HEADER.split(",") if name != "kind"]
    cells = dict(zip(HEADER.split(","), row(1, dob="03/04/2015").split(","), strict=True))
    header = ["Pupil No" if name == "local_id" else name for name in columns]
    path = desk.folder / "oak.xlsx"
    path.write_bytes(xlsx({"Pupils": [header, [cells[name] for name in columns]]}))
    os.utime(path, (NOW, NOW))
    said = desk.oak(path, status=1)
    assert "column_unknown" in said
    assert "A column that is needed is missing. (local_id; kind)" in said
    stated = ("--map", "Pupil No=local_id", "--set", "kind=EDU_SCHOOL")
    said = desk.oak(path, *stated, status=1)
    assert "(dob; seen: 99/99/9999)" in said
    assert "--dates day-first" in said
    mapping = desk.folder / "oak.toml"
    mapping.write_text('dates = "day-first"\nconfirm = ["dates"]\n', "utf-8")
    assert "not confirmed" in desk.oak(path, *stated, "--mapping", mapping, status=2)
    mapping.write_text('dates = "day-first"\n', "utf-8")
    said = desk.oak(path, *stated, "--mapping", mapping)
    assert "The file: sheet “Pupils”." in said
    assert "1 child with 1 involvement" in said
    assert desk.world.records.generation(OAK) is not None


STATED = ("--set", "worker_name=", "--set", "worker_role=", "--set", "desk_email=")


def test_a_transfer_file_is_imported_as_of_the_day_that_it_says(desk: Desk) -> None:
    some = pupils(Random(1), 9)
    path = desk.folder / "oak.zip"
    path.write_bytes(packed({"oak_CTF.xml": File.sound(some).text()}))
    os.utime(path, (NOW, NOW))
    said = desk.oak(path, "--as-of", FILE, status=1)
    missing = "(kind; worker_name; worker_role; desk_phone; desk_email)"
    assert f"A column that is needed is missing. {missing}" in said
    contacts = (*STATED, "--set", "kind=EDU_SCHOOL", "--set", "desk_phone=01632 960101")
    assert "code day_after_made" in desk.oak(
        path, "--as-of", AS_OF + timedelta(days=2), *contacts, status=1
    )
    said = desk.oak(path, "--as-of", FILE, *contacts)
    assert "Common Transfer File, each line a pupil, counted from 1" in said
    assert "9 children with 9 involvements, from 9 rows" in said
    found = desk.world.records.generation(OAK)
    assert found is not None
    assert found.as_of == timegm(AS_OF.timetuple())
    assert "code day_not_in_file" in desk.oak(
        desk.export("oak.csv", row(1)), "--as-of", FILE, status=1
    )


def test_a_desk_directory_is_joined_and_another_number_is_another_import(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "time", SimpleNamespace(time=lambda: NOW, monotonic=monotonic))
    path = desk.export("oak.csv", *(row(n, desk_phone="", desk_email="") for n in range(5)))
    desks = desk.folder / "desks.csv"
    desks.write_text("kind,desk_phone\nEDU_SCHOOL,01632 960130\n", "utf-8")
    said = desk.oak(path, "--desks", desks, "--dry-run")
    assert "desk directory with 1 desk, 1 of 1 met" in said
    assert "no_contact" not in said
    desk.oak(path, "--desks", desks)
    assert "imported before" in desk.oak(path, "--desks", desks)
    desks.write_text("kind,desk_phone\nEDU_SCHOOL,01632 960131\n", "utf-8")
    assert "imported before" not in desk.oak(path, "--desks", desks)
    assert "--accept fell:desk_phone" in desk.oak(path, status=1), "it was forgotten"
    desks.write_text("kind,desk_phone\nGP,01632 960131\n", "utf-8")
    said = desk.oak(path, "--desks", desks, status=1)
    assert "desk directory, 0 of 1" in said
    assert "code desks_not_met" in said
    mapping = desk.folder / "oak.toml"
    mapping.write_text('desk_key = "team"\n', "utf-8")
    assert "code desk_key_not_shown" in desk.oak(
        path, "--desks", desks, "--mapping", mapping, status=1
    )
    desk.oak(path, "--desks", desk.folder / "nowhere.csv", status=2)
    desks.write_bytes(packed({"a.csv": "", "b.csv": ""}))
    assert "exactly one file" in desk.oak(path, "--desks", desks, status=2)
