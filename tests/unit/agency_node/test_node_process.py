"""The node as a process: from its settings file and folders to an answer, an entry in the audit
log, and the log read aloud."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes

import pytest
from typer.testing import CliRunner, Result

from agency_node import cli, wiring
from agency_node.importing.wiring import open_store
from agency_node.records.ports import Child, Effort
from agency_node.records.records import ChildRecord
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fakes.certificates import FakeAuthority
from fakes.node_broker import NodeBroker, listening
from fakes.node_world import (
    BROKER,
    EPOCH,
    FEDERATION,
    MINE,
    NODE,
    SCHOOL,
    NodeWorld,
    a_child,
    a_federation,
    a_query,
    a_record,
    another_child,
    one_pepper,
    tags_of,
)
from fakes.opened import running, until_healthy
from fakes.party_folder import addresses_of, enrol, free_address, node_settings_file
from fakes.repository import FakeRepository
from fakes.simulated_holders import Peppers
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.linkage import Side
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime import logs
from fingerpost.runtime import settings as settings_files
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import probe
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder

SECONDS = 60.0
"""Whatever is waited for has failed if it has not come by then."""
ME = Identity(FEDERATION, NODE, Party.NODE)
THE_BROKER = Identity(FEDERATION, BROKER, Party.BROKER)


@dataclass
class Home:
    """The node's folders as its operator lays them out, with an import of every agency but one."""

    folder: Path
    authority: FakeAuthority
    repository: FakeRepository
    federation: Federation
    pepper: Peppers
    address: str

    @property
    def settings_file(self) -> Path:
        return self.folder / "node.toml"

    @property
    def settings(self) -> NodeSettings:
        return settings_files.load(self.settings_file, NodeSettings)

    def put(self, agency: AgencyId, *children: ChildRecord) -> None:
        records = open_store(self.settings, token_bytes)
        imports = SqlImports(records)
        staged = imports.begin(
            agency,
            bytes(32),
            as_of=int(time.time()) - 60,
            normalisation_version=1,
            upn=False,
            now=1000,
        )
        rows = [Child(c.demographics, c.involvements, bytes(16), b"", c.origin) for c in children]
        imports.add(agency, staged.number, 0, rows)
        imports.close_staging(agency, staged.number)
        tags = [tags_of(c.demographics, Side.RECORD) for c in children]
        imports.put_tags(agency, staged.number, EPOCH, 0, tags, Effort())
        imports.complete(agency, staged.number, 1000)
        records.close()

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
    now = time.time()
    federation = a_federation(now)
    authority = FakeAuthority.create(tmp_path / "authority")
    repository = FakeRepository(tmp_path, now)
    address = free_address()
    addresses = addresses_of(federation.parameters, nodes=address)
    keys = enrol(tmp_path, ME, addresses, authority, repository.root.read_bytes())
    me = replace(federation.members[NODE], signing_key=keys.public_key)
    federation = replace(federation, version=1, members={**federation.members, NODE: me})
    settings_file = node_settings_file(tmp_path, MINE)
    pepper = one_pepper(now)
    store = PepperStore(
        PepperFiles(tmp_path / "state" / "peppers", WitnessFolder(tmp_path / "witness")), NODE
    )
    receiving = dict(store.prepare(federation.parameters, now))
    sealed = seal_pepper(pepper.first[EPOCH], NODE, receiving[EPOCH])
    repository.publish(federation, [sealed])
    made = Home(tmp_path, authority, repository, federation, pepper, address)
    assert settings_file == made.settings_file
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
            await until_healthy(home.settings.health, wiring.import_health(SCHOOL, 1))
            assert not await probe(home.settings.health, wiring.import_health(SCHOOL, 2))
            for columns in (60, 80, 120, 200, None):
                status = await asyncio.to_thread(home.command, "status", columns=columns)
                assert "broker: attached" in status.stdout
                assert "never" in status.stdout
                assert all(str(agency) in status.stdout for agency in MINE), columns
        async with node_of(home, log):  # started anew: a replay is still known
            await broker.stream(2)
            assert set((await asked(broker, home, query)).values()) == {Status.TRY_AGAIN}
    child = a_child()
    names = (child.forename, child.surname, child.postcode)
    for secret in (*names, child.nhs_number, query.hash.hex()):
        assert secret not in log.getvalue()


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
    shown = home.command("audit", "show", *school, columns=300)
    assert shown.exit_code == 0, shown.output
    for text in ("Siân O’Neill-Brontë", "S47_ENQUIRY", "Marigold Thistlewood", "match", "ref-1"):
        assert text in shown.stdout
    none = home.command("audit", "show", *school, "--possible", columns=300)
    assert "Marigold" not in none.stdout
    verified = home.command("audit", "verify", *school)
    assert verified.stdout.startswith("1 entries, whole.")
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
    shown = home.command("audit", "show", "--agency", str(SCHOOL))
    assert "duty-operator" in shown.stdout


def test_check_says_whether_it_holds_together(home: Home) -> None:
    run = home.command("check")
    assert run.exit_code == 0, run.output
    assert "3 agencies" in run.stdout


def test_check_refuses_a_key_beside_the_data_unless_it_is_a_trial(home: Home) -> None:
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace("trial = true", "trial = false"))
    told = str(home.command("check").exception)
    assert told.startswith("data_key of ")
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
