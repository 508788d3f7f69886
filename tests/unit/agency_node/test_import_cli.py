"""The import command as an operator meets it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from secrets import token_bytes
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agency_node.cli import import_ as command
from agency_node.cli import run as adopt_records
from agency_node.cli.import_ import ADVICE, advice
from agency_node.importing import wiring as import_wiring
from agency_node.importing.importer import Importer
from agency_node.importing.wiring import open_imports, open_store
from agency_node.settings import NodeSettings
from agency_node.wiring import import_health
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.import_world import AS_OF, DAY, ELM, HEADER, OAK, World, row
from fakes.party_folder import node_settings_file
from fakes.refusals import refused
from fakes.simulated_holders import QuietLog
from fingerpost.protocol.errors import Code, Defect, Refused
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

    def run(self, *arguments: object, status: int = 0, columns: int = 200) -> str:
        """Run the command, expect this exit status, and return what it wrote."""
        return self._run(command, "import", *arguments, status=status, columns=columns)

    def oak(self, file: Path, *more: object, status: int = 0) -> str:
        """Import a file of one agency, and return what the command wrote, in one line."""
        return " ".join(self.run("--agency", OAK, file, *more, status=status).split())

    def adopt(self, agency: object) -> str:
        return self._run(adopt_records, "adopt-records", "--agency", agency)

    def _run(
        self, module: ModuleType, name: str, *words: object, status: int = 0, columns: int = 200
    ) -> str:
        app = typer.Typer()
        module.register(app)
        app.command("other")(lambda: None)
        given = [name, "--settings", self.settings, *words]
        env = {"COLUMNS": str(columns), "TERM": "dumb"}
        result = CliRunner().invoke(app, [str(g) for g in given], env=env, catch_exceptions=False)
        assert result.exit_code == status, result.output
        return result.output


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

    monkeypatch.setattr(command, "wiring", SimpleNamespace(open=importer))
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
    said = desk.oak(path, "--as-of", AS_OF)
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
def a_node_that_answers_from(desk: Desk, *names: str) -> Iterator[None]:
    """The health check of a running node, in a thread of its own."""
    started, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        health = Health()
        for name in names:
            await health.set(name, serving=True)
        async with serve_health(health, load(desk.settings, NodeSettings).health):
            started.set()
            await asyncio.to_thread(stop.wait)

    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve())
        assert started.wait(60)
        yield
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


def test_one_bad_file_does_not_keep_the_other_agencies_out(desk: Desk) -> None:
    good, bad = desk.export("elm.csv", row(1)), desk.folder / "oak.csv"
    both = ("--agency", f"{OAK}={bad}", "--agency", f"{ELM}={good}")
    assert "cannot be read" in desk.run(*both, "--keep-source", status=1)
    assert desk.world.records.generation(ELM) is not None
    bad.write_text("this is no export")
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
    assert (report["imported"], [r["line"] for r in report["refused"]]) == (False, [2, 3, 4, 5, 6])
    desk.oak(path, "--accept-refused")


def test_an_older_file_is_asked_about(desk: Desk) -> None:
    desk.oak(desk.export("oak.csv", row(1)), "--as-of", "2027-01-10")
    older = desk.export("oak.csv", row(1), row(2))
    said = desk.oak(older, "--as-of", "2027-01-09", status=1)
    assert "made on 2027-01-09, and the last one on 2027-01-10" in said
    assert "--allow-older" in said
    desk.oak(older, "--as-of", "2027-01-09", "--allow-older")


def test_records_that_were_put_back_are_adopted_by_name(desk: Desk) -> None:
    with open_imports(load(desk.settings, NodeSettings), token_bytes) as imports:
        made = imports.begin(OAK, bytes(32), as_of=DAY, normalisation_version=1, upn=False, now=1)
        imports.close_staging(OAK, made.number)
        imports.complete(OAK, made.number, 2)
    assert "nothing had to be done" in desk.adopt(OAK)
    WitnessFolder(desk.folder / "witness").of(f"records.{OAK}").note(Mark(4, bytes(32)))
    assert "0 children as of 1970-01-02" in desk.adopt(OAK)
    with open_imports(load(desk.settings, NodeSettings), token_bytes) as imports:
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
        (["--agency", OAK], "give a FILE"),
        (["--agency", "e99000001.nobody", "x.csv"], "not one of this node's"),
        (["--agency", "Oak School", "x.csv"], "--agency: expected an agency's id"),
        (["--agency", f"{OAK}=a.csv", "--agency", f"{OAK}=b.csv"], "given twice"),
        (["--agency", f"{OAK}=a.csv", "b.csv"], "with a FILE give one --agency"),
        (["--agency", OAK, "x.csv", "--map", "Pupil No=pupil"], "--map NAME=COLUMN"),
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
    desk.oak(path, "--as-of", "2027-01-17", status=2)
    desk.oak(path, "--as-of", "2027-01-16")


def test_the_store_opens_only_with_secret_data_keys(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)
    store = open_store(settings, token_bytes)
    assert store.agencies() == (ELM, OAK)
    store.close()
    key = desk.folder / "data-1.key"
    key.chmod(0o644)
    with pytest.raises(Defect, match="0600"):
        open_store(settings, token_bytes)
    key.unlink()
    with pytest.raises(Defect, match="data_key"):
        open_store(settings, token_bytes)


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
