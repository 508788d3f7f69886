"""The import command as an operator meets it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from agency_node.cli import import_ as command
from agency_node.cli import run as adopt_records
from agency_node.cli.import_ import ADVICE, advice
from agency_node.importing import wiring as import_wiring
from agency_node.importing.importer import Importer
from agency_node.importing.wiring import open_imports, open_store
from agency_node.settings import NodeSettings
from fakes.clock import ManualClock
from fakes.federations import NOW
from fakes.import_world import AS_OF, DAY, ELM, HEADER, OAK, World, row
from fakes.simulated_holders import QuietLog
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.runtime.env import Env
from fingerpost.runtime.settings import load

SETTINGS = """
state = "state"
audit_key = "audit.key"
health = "health.sock"
workers = 1

[places]
bundle = "bundle"
credentials = "credentials"
member_list = "list"

[[agencies]]
id = "e99000001.oak"
data_key = "oak.key"

[[agencies]]
id = "e99000001.elm"
data_key = "elm.key"
dispose_source = true
"""


class Desk:
    """A folder with settings and exports, and the command."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.settings = folder / "node.toml"
        self.settings.write_text(SETTINGS)

    def export(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join((HEADER, *lines)), "utf-8")
        os.utime(path, (NOW - DAY, NOW - DAY))
        return path

    def run(self, *arguments: object, columns: str = "200") -> Result:
        app = typer.Typer()
        command.register(app)
        app.command("other")(lambda: None)
        given = ["import", "--settings", self.settings, *arguments]
        return CliRunner().invoke(
            app, [str(a) for a in given], env={"COLUMNS": columns, "TERM": "dumb"}
        )


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


def text(result: Result) -> str:
    return " ".join(result.output.split())


def test_what_is_said_is_said_whole_brackets_and_paths_too(desk: Desk) -> None:
    text_ = desk.settings.read_text()
    desk.settings.write_text(text_.replace("[places]", "[place]"))
    result = desk.run("--agency", OAK, desk.export("oak.csv", row(1)), columns="60")
    assert result.exit_code == 2
    assert f"Not imported. {desk.settings}: 2 faults" in result.output
    assert "  place: there is no such setting here; did you mean places?" in result.output
    assert "  places: missing; expected a section [places]" in result.output


def test_who_could_not_be_asked_is_named() -> None:
    asked = "key-holder “holder-a” at north.example:7443"
    told = advice(Refused(Code.UNAVAILABLE, "no answer in time", asked))
    assert told.startswith(ADVICE[Code.UNAVAILABLE])
    assert told.endswith(f"(unavailable: no answer in time; asked: {asked})")


def test_an_import_says_what_it_did_and_leaves_a_report(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n) for n in range(5)), row(9, kind="?"))
    result = desk.run("--agency", OAK, path, "--as-of", AS_OF)
    assert result.exit_code == 0, result.output
    assert "5 children with 5 involvements, from 6 rows" in text(result)
    assert "1 refused" in text(result)
    assert "The kind of involvement is on no list." in text(result)
    assert "docs/import.md" in text(result)
    assert path.exists()
    report = json.loads((desk.folder / f"state/reports/{OAK}-1.json").read_bytes())
    assert report["children"] == 5
    assert report["refused"] == [
        {
            "line": 7,
            "column": "kind",
            "reason": "unknown_kind",
            "words": "The kind of involvement is on no list.",
        }
    ]
    for secret in ("Zephyrine", "Brackenwood", "Vance"):
        assert secret not in result.output


def test_several_agencies_in_one_run_and_one_bad_file_does_not_keep_the_others_out(
    desk: Desk,
) -> None:
    good = desk.export("elm.csv", row(1))
    bad = desk.folder / "oak.csv"
    result = desk.run("--agency", f"{OAK}={bad}", "--agency", f"{ELM}={good}", "--keep-source")
    assert result.exit_code == 1
    assert "cannot be read" in text(result)
    assert desk.world.records.generation(ELM) is not None
    bad.write_text("this is no export")
    result = desk.run("--agency", f"{OAK}={bad}", "--agency", f"{ELM}={good}", "--as-of", AS_OF)
    assert result.exit_code == 1
    assert "no_header" in text(result)
    assert "1 child with 1 involvement" in text(result)
    assert desk.world.records.generation(OAK) is None
    assert not good.exists()  # the setting says so
    assert bad.exists()


def test_a_source_is_disposed_of_only_after_its_import(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    desk.world.quick.refuse = Refused(Code.UNAVAILABLE, "holder")
    result = desk.run("--agency", OAK, path, "--dispose-source")
    assert result.exit_code == 1
    assert "could not be reached" in text(result)
    assert "goes on from here" in text(result)
    assert path.exists()
    desk.world.quick.refuse = None
    result = desk.run("--agency", OAK, path, "--dispose-source")
    assert result.exit_code == 0
    assert not path.exists()
    kept = desk.export("elm.csv", row(1))
    assert desk.run("--agency", f"{ELM}={kept}", "--keep-source").exit_code == 0
    assert kept.exists()


def test_the_quota_is_told_plainly(desk: Desk) -> None:
    desk.world.quick.refuse = Refused(Code.QUOTA, "evaluations")
    result = desk.run("--agency", OAK, desk.export("oak.csv", row(1)))
    assert result.exit_code == 1
    assert "declared caseload" in text(result)


def test_a_shrunken_export_is_asked_about(desk: Desk) -> None:
    desk.run("--agency", OAK, desk.export("oak.csv", *(row(n) for n in range(9))))
    empty = desk.export("oak.csv")
    result = desk.run("--agency", OAK, empty)
    assert result.exit_code == 1
    assert "--allow-shrink" in text(result)
    assert desk.run("--agency", OAK, empty, "--allow-shrink").exit_code == 0


def test_a_file_of_which_many_rows_are_refused_is_asked_about(desk: Desk) -> None:
    path = desk.export("oak.csv", *(row(n, kind="?" if n < 5 else "GP") for n in range(19)))
    result = desk.run("--agency", OAK, path, "--dispose-source")
    assert result.exit_code == 1
    assert "5 of 19 rows cannot be taken" in text(result)
    assert "--accept-refused" in text(result)
    assert "The kind of involvement is on no list." in text(result)
    assert path.exists()
    assert desk.world.records.generation(OAK) is None
    report = json.loads((desk.folder / f"state/reports/{OAK}-refused.json").read_bytes())
    assert (report["imported"], [r["line"] for r in report["refused"]]) == (False, [2, 3, 4, 5, 6])
    assert desk.run("--agency", OAK, path, "--accept-refused").exit_code == 0


def test_an_older_file_is_asked_about(desk: Desk) -> None:
    desk.run("--agency", OAK, desk.export("oak.csv", row(1)), "--as-of", "2027-01-10")
    older = desk.export("oak.csv", row(1), row(2))
    result = desk.run("--agency", OAK, older, "--as-of", "2027-01-09")
    assert result.exit_code == 1
    assert "made on 2027-01-09, and the last one on 2027-01-10" in text(result)
    assert "--allow-older" in text(result)
    again = desk.run("--agency", OAK, older, "--as-of", "2027-01-09", "--allow-older")
    assert again.exit_code == 0


def test_records_that_were_put_back_are_adopted_by_name(desk: Desk) -> None:
    app = typer.Typer()
    adopt_records.register(app)
    app.command("other")(lambda: None)
    for name, content in (("oak.key", bytes(32)), ("elm.key", bytes([1]) * 32)):
        (desk.folder / name).write_bytes(content)
        (desk.folder / name).chmod(0o600)
    with open_imports(load(desk.settings, NodeSettings)) as imports:
        made = imports.begin(OAK, bytes(32), as_of=DAY, normalisation_version=1, upn=False, now=1)
        imports.close_staging(OAK, made.number)
        imports.complete(OAK, made.number, 2)
    given = ["adopt-records", "--settings", str(desk.settings), "--agency"]
    assert "nothing had to be done" in CliRunner().invoke(app, [*given, str(OAK)]).output
    witness = desk.folder / "state/records.witness"
    witness.write_bytes(witness.read_bytes().replace(b'"number":1', b'"number":4'))
    assert "0 children as of 1970-01-02" in CliRunner().invoke(app, [*given, str(OAK)]).output
    with open_imports(load(desk.settings, NodeSettings)) as imports:
        assert not imports.behind(OAK)
    stranger = CliRunner().invoke(app, [*given, "e99000001.nobody"])
    assert isinstance(stranger.exception, Defect)


def test_the_same_file_again_is_said_to_be_so(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    desk.run("--agency", OAK, path)
    result = desk.run("--agency", OAK, path)
    assert result.exit_code == 0
    assert "imported before" in text(result)


def test_columns_are_mapped_and_left_out(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    path.write_text(path.read_text().replace("local_id", "Pupil No").replace("upn", "House"))
    os.utime(path, (NOW, NOW))
    assert desk.run("--agency", OAK, path).exit_code == 1
    result = desk.run("--agency", OAK, path, "--map", "Pupil No=local_id", "--ignore", "House")
    assert result.exit_code == 0, result.output


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
def test_what_is_wrong_with_the_command_is_said(
    desk: Desk, arguments: list[object], words: str
) -> None:
    result = desk.run(*arguments)
    assert result.exit_code == 2
    assert words in text(result)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("workers = 1", "workers = 1\ncolour = 'red'", "colour"),
        ("workers = 1", "workers = 0", "workers"),
        ("e99000001.elm", "e99000001.oak", "none twice"),
        ("elm.key", "oak.key", "data key of its own"),
        ('id = "e99000001.oak"', "", "id"),
    ],
)
def test_wrong_settings_stop_it(desk: Desk, old: str, new: str, words: str) -> None:
    desk.settings.write_text(SETTINGS.replace(old, new))
    result = desk.run("--agency", OAK, desk.export("oak.csv", row(1)))
    assert result.exit_code == 2
    assert words in text(result)


def test_an_export_of_the_future_is_not_taken(desk: Desk) -> None:
    path = desk.export("oak.csv", row(1))
    assert desk.run("--agency", OAK, path, "--as-of", "2027-01-17").exit_code == 2
    assert desk.run("--agency", OAK, path, "--as-of", "2027-01-16").exit_code == 0


def test_the_store_opens_only_with_secret_data_keys(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)
    with pytest.raises(Defect, match="data_key"):
        open_store(settings)
    for name, content in (("oak.key", bytes(32)), ("elm.key", bytes([1]) * 32)):
        (desk.folder / name).write_bytes(content)
        (desk.folder / name).chmod(0o600)
    store = open_store(settings)
    assert store.agencies() == (ELM, OAK)
    store.close()
    (desk.folder / "oak.key").chmod(0o644)
    with pytest.raises(Defect, match="0600"):
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
    with pytest.raises(Refused):
        await starting
    assert len(lasting.refusals) == 99 - import_wiring.START_TRIES
    denied: Any = Membership(Code.NOT_A_MEMBER)
    with pytest.raises(Refused):
        await import_wiring._start(denied, env)


async def test_two_imports_do_not_run_at_once(desk: Desk) -> None:
    settings = load(desk.settings, NodeSettings)
    settings.state.mkdir()
    with (settings.state / "import.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Defect, match="another import"):
            async with import_wiring.open(settings, Env.of_system(QuietLog())):
                pass


def test_every_refusal_that_can_come_has_words() -> None:
    assert set(ADVICE) >= {Code.QUOTA, Code.UNAVAILABLE, Code.NOT_READY, Code.BAD_PROOF}
