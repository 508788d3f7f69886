"""The node as a process: from its settings file and folders to an answer, an entry in the audit
log, and the log read aloud."""

from __future__ import annotations

import asyncio
import io
import json
import os
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from agency_node import cli, wiring
from agency_node.answering.health_names import import_health, records_health
from agency_node.cli import run as running_commands
from agency_node.importing import wiring as importing
from agency_node.reading.ticks import TICK
from agency_node.settings import NodeSettings
from fakes.clock import ManualClock
from fakes.node_broker import NodeBroker, listening
from fakes.node_folder import ME, THE_BROKER, NodeFolder
from fakes.node_world import (
    MINE,
    SCHOOL,
    NodeWorld,
    a_child,
    a_query,
    a_record,
    another_child,
)
from fakes.opened import running, until_healthy
from fakes.waiting import until
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import probe
from fingerpost.runtime.settings import load

pytestmark = pytest.mark.slow

SECONDS = 60.0
"""Whatever is waited for has failed if it has not come by then."""
CONNECTIONS = Path("/proc/net")


BY = ("--by", "dpo.reed", "--why", "sar-2026-4")


class Home(NodeFolder):
    """The folders of a node that runs in this test, and what its operator types."""

    @asynccontextmanager
    async def broker(self) -> AsyncIterator[NodeBroker]:
        """A broker that listens where the node looks for it."""
        broker = NodeBroker(self.repository.fetch)
        async with listening(broker, self.authority, THE_BROKER, self.address):
            yield broker

    def command(self, *words: str, columns: int | None = 200) -> Result:
        """Give a command of the node, with its settings."""
        env = {"COLUMNS": None if columns is None else str(columns)}
        return CliRunner().invoke(cli.app, [*words, "--settings", str(self.settings_file)], env=env)

    async def run(self) -> asyncio.subprocess.Process:
        """Start the node as a process of its own."""
        program = "from agency_node.cli import main; main()"
        words = [sys.executable, "-c", program, "run", "--settings", str(self.settings_file)]
        return await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)

    def query(self) -> SealedQuery:
        return a_query(at=time.time(), federation=self.federation, peppers=self.pepper)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With an import of every agency but one."""
    made = Home.create(tmp_path, MINE)
    made.put(MINE[0], a_record(0, another_child()))
    made.put(SCHOOL, a_record(0, another_child()), a_record(1))
    return made


@asynccontextmanager
async def node_of(
    home: Home, stream: io.StringIO | None = None, *, agency: AgencyId = SCHOOL
) -> AsyncIterator[None]:
    """Until it stops; once ``agency`` can be answered for."""
    log = logs.configure("agency_node", wiring.EVENTS, strict=True, stream=stream or io.StringIO())
    async with running(wiring.open(home.settings, Env.of_system(log)), log):
        await until_healthy(home.settings.health, str(agency))
        yield


async def asked(broker: NodeBroker, home: Home, query: SealedQuery) -> dict[AgencyId, Status]:
    stream = broker.streams[-1]
    before = sum(len(frame) for _, frame in stream.frames)
    sent = time.monotonic()
    stream.send(query.wire)
    async with asyncio.timeout(SECONDS):
        answers = await stream.answers(before + 1)
    assert stream.frames[-1][0] - sent >= home.federation.parameters.answer_delay_ms / 1000
    world = NodeWorld(current=home.federation)
    part = world.read(answers[before:], query)[query.hash][0]
    return {answer.agency: answer.status for answer in part.agencies}


async def test_from_settings_to_an_answer_and_an_entry(home: Home) -> None:
    log = io.StringIO()
    query = home.query()
    async with home.broker() as broker:
        async with node_of(home, log):
            stream = await broker.stream()
            assert stream.peer == ME
            words = await asked(broker, home, query)
            assert words[SCHOOL] is Status.INVOLVED
            assert words[MINE[0]] is Status.NOTHING_TO_DISCLOSE
            assert words[MINE[2]] is Status.CANNOT_ANSWER, "never imported is not a no"
            await until_healthy(home.settings.health)
            await until_healthy(home.settings.health, import_health(SCHOOL, 1))
            assert not await probe(home.settings.health, import_health(SCHOOL, 2))
            await until_healthy(home.settings.health, records_health(SCHOOL))
            for columns in (60, 80, 120, 200, None):
                status = await asyncio.to_thread(home.command, "status", columns=columns)
                assert "broker: attached" in status.stdout
                assert "never" in status.stdout
                assert "good until" in " ".join(status.stdout.split())
                assert all(str(agency) in status.stdout for agency in MINE), columns
        async with node_of(home, log):  # started anew: a replay is still known
            await broker.stream(2)
            assert set((await asked(broker, home, query)).values()) == {Status.TRY_AGAIN}
    child = a_child()
    names = (child.forename, child.surname, child.postcode)
    for secret in (*names, child.health_number, query.hash.hex()):
        assert secret not in log.getvalue()


async def test_records_that_grow_old_are_shown_before_they_are_too_old(home: Home) -> None:
    council, log = MINE[0], io.StringIO()
    home.put(council, a_record(0, another_child()), age=60 * limits.DAY)
    async with home.broker() as broker, node_of(home, log):
        await broker.stream()
        health = home.settings.health
        await until_healthy(health, records_health(SCHOOL))
        await until_healthy(health, str(council))
        assert not await probe(health, records_health(council))
        status = await asyncio.to_thread(home.command, "status")
        assert "soon too old; import anew by" in status.stdout
        assert (await asked(broker, home, home.query()))[council] is Status.NOTHING_TO_DISCLOSE
    reports = [line for line in log.getvalue().splitlines() if "node.records_old" in line]
    assert len(reports) == 1
    assert str(council) in reports[0]


def holders_of_connections_to(port: int) -> set[int]:
    """Return the processes that hold a connection to a port of this machine (Linux)."""
    connected = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")  # gRPC reaches an address of IPv4 by a socket of IPv6
        for fields in map(str.split, (CONNECTIONS / table).read_text().splitlines()[1:])
        if fields[2].endswith(f":{port:04X}") and fields[3] == "01"  # its state: established
    }
    holders: set[int] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            for end in list((process / "fd").iterdir()):
                with suppress(OSError):  # it has just been closed
                    if str(end.readlink()) in connected:
                        holders.add(int(process.name))
    return holders


@pytest.mark.skipif(not (CONNECTIONS / "tcp6").exists(), reason="no list of connections")
async def test_all_connections_are_in_one_process_that_does_nothing_else(home: Home) -> None:
    """What answers and what reads have none: nothing that they do shows in when bytes move."""
    async with home.broker() as broker:
        node = await home.run()
        try:
            await broker.stream()
            port = int(home.address.rpartition(":")[2])
            [gate] = await asyncio.to_thread(holders_of_connections_to, port)
            assert gate not in (node.pid, os.getpid())
            loaded = await asyncio.to_thread(Path(f"/proc/{gate}/maps").read_text)
            assert "grpc" not in loaded, "it speaks no protocol"
        finally:
            node.terminate()
            await node.communicate()


@pytest.mark.skipif(not (CONNECTIONS / "tcp6").exists(), reason="no list of connections")
async def test_the_connections_of_an_import_are_in_a_gate_too(home: Home) -> None:
    """Attack: a broker pings the import, which shows how busy the machine of the node is."""
    log = logs.configure("agency_node", importing.EVENTS, strict=True, stream=io.StringIO())
    async with home.broker(), importing.open(home.settings, Env.of_system(log)) as importer:
        port = int(home.address.rpartition(":")[2])
        [gate] = await asyncio.to_thread(holders_of_connections_to, port)
        assert gate != os.getpid()
        assert importer.members.current.agency(SCHOOL).id == SCHOOL
    there = await asyncio.to_thread(Path(f"/proc/{gate}").exists)
    assert not there, "it ends with the import"


async def test_the_worker_rests_for_as_long_as_bytes_move(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logs.configure("agency_node", wiring.EVENTS, strict=True, stream=io.StringIO())
    asked: list[float] = []

    def a_while(now: float) -> float:
        asked.append(now)
        return now + 0.05

    async with home.broker(), wiring.open(home.settings, Env.of_system(log)) as opened:
        monkeypatch.setattr(wiring, "rests_until", a_while)
        await asyncio.to_thread(opened.node.answer, [bytes(8192)])
        ended = time.monotonic()
    assert asked
    assert all(later - now >= 0.05 for now, later in pairwise([*asked, ended]))


async def test_the_logs_are_written_from_a_tick_on(home: Home) -> None:
    """So that most of the work is over when bytes move next."""
    log = logs.configure("agency_node", wiring.EVENTS, strict=True, stream=io.StringIO())
    clock = ManualClock(time.time())
    clock.advance(1.49 * TICK)
    began: list[float] = []

    def carry_over() -> frozenset[AgencyId]:
        began.append(clock.monotonic())
        return frozenset()

    async with home.broker(), wiring.open(home.settings, Env.of_system(log)) as opened:
        at_once = replace(opened, env=replace(opened.env, clock=clock), carry_over=carry_over)
        writing = asyncio.ensure_future(at_once.tasks()["journal"]())
        await until(lambda: clock.sleeping)
        clock.advance(0.5 * TICK)
        await clock.settle()
        assert not began
        clock.advance(0.02 * TICK)
        await until(lambda: began)
        writing.cancel()


async def test_a_second_process_on_one_state_is_refused(home: Home) -> None:
    """Two would take turns at the stream, and write one audit chain with two hands."""
    async with home.broker() as broker:
        async with node_of(home):
            await broker.stream()
            second = await home.run()
            _, errors = await second.communicate()
            assert second.returncode == 2
            assert b"another process runs this node" in errors
        async with node_of(home):  # the lock went with the first
            await broker.stream(2)


async def test_the_audit_log_read_aloud(home: Home) -> None:
    async with home.broker() as broker, node_of(home):
        await broker.stream()
        await asked(broker, home, home.query())
    school = ("--agency", str(SCHOOL))
    shown = home.command("audit", "show", *school, *BY, columns=300)
    assert shown.exit_code == 0, shown.output
    for text in ("Siân O’Neill-Brontë", "S47_ENQUIRY", "Marigold Thistlewood", "match", "ref-1"):
        assert text in shown.stdout
    none = home.command("audit", "show", *school, *BY, "--possible", columns=300)
    assert "Marigold" not in none.stdout
    verified = home.command("audit", "verify", *school)
    assert verified.stdout.startswith("3 entries, whole.")
    witness = verified.stdout.split(": ")[1].strip()
    assert home.command("audit", "verify", *school, "--witness", witness).exit_code == 0
    other = home.command("audit", "verify", "--agency", str(MINE[0]))
    assert other.stdout.startswith("0 entries")
    everything = [p for p in (home.folder / "state").rglob("*") if p.is_file()]
    assert any(p.parent.name == "audit" for p in everything)
    for file in everything:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
        if "sqlite" in file.name:
            assert b"Thistlewood" not in file.read_bytes(), file


async def test_a_log_put_back_from_a_backup_silences_its_agency_alone(home: Home) -> None:
    async with home.broker() as broker:
        async with node_of(home):
            await broker.stream()
            await asked(broker, home, home.query())
        for file in (home.folder / "state" / "audit").glob(f"{SCHOOL}.sqlite*"):
            if not file.name.endswith(".head"):
                file.unlink()
        log = io.StringIO()
        async with node_of(home, log, agency=MINE[0]):
            await broker.stream(2)
            words = await asked(broker, home, home.query())
            assert words[SCHOOL] is Status.CANNOT_ANSWER
            assert words[MINE[0]] is Status.NOTHING_TO_DISCLOSE
            assert not await probe(home.settings.health)
        assert "node.log_refused" in log.getvalue()
    why = ("--by", "duty-operator", "--why", "restore-7")
    adopted = home.command("audit", "adopt", "--agency", str(SCHOOL), *why)
    assert adopted.exit_code == 0, adopted.output
    shown = home.command("audit", "show", "--agency", str(SCHOOL), *BY)
    assert "duty-operator" in shown.stdout


async def test_an_agency_that_is_added_is_answered_for_once_the_node_is_restarted(
    home: Home,
) -> None:
    """And until then every command that could be taken to say otherwise says so."""
    added = MINE[2]
    home.put(added, a_record(0, another_child()))
    whole = home.settings_file.read_text()
    place = whole.index(f'\n[[agencies]]\nid = "{added}"')
    home.settings_file.write_text(whole[:place])
    restart = "systemctl restart fingerpost-node"
    async with home.broker() as broker:
        async with node_of(home):
            await broker.stream()
            assert restart not in (await asyncio.to_thread(home.command, "status")).output
            assert restart not in (await asyncio.to_thread(home.command, "check")).output
            home.settings_file.write_text(whole)
            status = await asyncio.to_thread(home.command, "status")
            assert "no: restart the node" in status.stdout
            assert restart in " ".join(status.stdout.split())
            check = await asyncio.to_thread(home.command, "check")
            assert check.exit_code == 0
            assert restart in check.stderr
            assert (await asked(broker, home, home.query()))[added] is Status.CANNOT_ANSWER
        async with node_of(home, agency=added):
            await broker.stream(2)
            assert (await asked(broker, home, home.query()))[added] is Status.NOTHING_TO_DISCLOSE
            status = await asyncio.to_thread(home.command, "status")
            assert "restart" not in status.stdout


async def test_an_agency_that_is_taken_out_is_answered_for_until_the_restart(home: Home) -> None:
    whole = home.settings_file.read_text()
    async with home.broker() as broker, node_of(home):
        await broker.stream()
        home.settings_file.write_text(whole[: whole.index(f'\n[[agencies]]\nid = "{MINE[2]}"')])
        said = await asyncio.to_thread(home.command, "status")
        assert "The running node was started with other settings" in said.stdout


def test_status_says_that_the_node_does_not_run_and_asks_it_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def look(_socket: Path, service: str) -> None:
        asked.append(service)

    monkeypatch.setattr(running_commands, "look", look)
    said = home.command("status")
    assert said.exit_code == 0, said.output
    shown = " ".join(said.stdout.split())
    assert "No word from the node: it is not running, and nobody is answered for these" in shown
    assert "or it is too busy to say so." in shown
    assert len(asked) == 1


def test_status_names_a_register_of_shields_that_cannot_be_read(home: Home) -> None:
    settings = load(home.settings_file, NodeSettings)
    shields = importing.open_shields(settings)
    shields.change(MINE[0], lambda held: held.hiding(b"x" * 32))
    shields.path(MINE[0]).write_bytes(b"something else")
    said = " ".join(home.command("status").stdout.split())
    assert "no: its register of shields" in said
    assert f"{MINE[0]}: " in said
    assert "fingerpost-node shields adopt" in said
    assert f"{MINE[1]}: " not in said


def test_check_says_whether_it_holds_together(home: Home) -> None:
    run = home.command("check")
    assert run.exit_code == 0, run.output
    assert "3 agencies" in run.stdout


def test_check_refuses_a_key_beside_the_data_unless_it_is_a_trial(home: Home) -> None:
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace("trial = true", "trial = false"))
    told = str(home.command("check").exception)
    assert told.startswith("audit_key: ")
    assert "lies beside the data" in told


def test_check_says_how_a_data_key_that_is_missing_is_made(home: Home) -> None:
    agency = home.settings.agencies[0]
    agency.data_key.unlink()
    run = home.command("check")
    assert isinstance(run.exception, Defect)
    assert str(run.exception).startswith(f"data_key of {agency.id}: ")
    assert str(run.exception).endswith("If it was never made: 32 random bytes, mode 0600")


def test_check_looks_at_the_folder_of_the_health_socket(home: Home) -> None:
    folder = home.settings_file.parent / "run"
    text = home.settings_file.read_text()
    line = next(line for line in text.splitlines() if line.startswith("health ="))
    home.settings_file.write_text(text.replace(line, 'health = "run/health"'))
    run = home.command("check")
    assert run.exit_code == 0, run.output
    assert f"health: the folder {folder} does not exist" in run.stderr
    folder.touch()
    run = home.command("check")
    assert isinstance(run.exception, Defect)


def test_which_log_must_be_said_where_there_are_several(home: Home) -> None:
    assert isinstance(home.command("audit", "verify").exception, Defect)


def test_enrol_writes_a_request_with_public_keys_only(tmp_path: Path) -> None:
    arguments = {
        "federation": "pilot",
        "member": "node-9",
        "organisation": "A host",
        "caseload": "5000",
        "credentials": str(tmp_path / "credentials"),
        "request": str(tmp_path / "request"),
    }
    options = [text for name, value in arguments.items() for text in (f"--{name}", value)]
    run = CliRunner().invoke(cli.app, ["enrol", *options])
    assert run.exit_code == 0, run.output
    assert "fingerprint" in run.stdout
    nobody = [text.replace("5000", "0") for text in options]
    assert CliRunner().invoke(cli.app, ["enrol", *nobody]).exit_code == 2
    key = tmp_path / "credentials" / "signing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes()[30:60] not in (tmp_path / "request").read_bytes()


async def test_the_command_runs_until_it_is_told_to_stop(home: Home) -> None:
    async with home.broker():
        process = await home.run()
        assert process.stderr is not None
        events = []
        try:
            # The broker knows of the stream before the node has written that it has one.
            async for line in process.stderr:
                events.append(json.loads(line)["event"])
                if events[-1] == "stream.attached":
                    # Once: a signal to a child that has ended takes its status away.
                    process.terminate()
        except BaseException:
            process.kill()
            raise
        await process.wait()
    assert process.returncode == 0, events
    assert {"node.started", "stream.attached", "process.stopped"} <= set(events)
