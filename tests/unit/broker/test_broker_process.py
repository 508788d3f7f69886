"""The broker as a process: from its settings file and folders to a lookup, a restart, and its hash
log as it is shown.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import socket
import stat
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from typer.testing import CliRunner, Result

from broker import cli, wiring
from broker.settings import BrokerSettings
from broker.store import SqlStore
from contracts.test_broker_store import a_record
from deploy.demo.patience import Patience
from fakes.answers import shown_in
from fakes.broker_running import an_answer
from fakes.broker_world import (
    COUNCIL,
    FEDERATION,
    GATEWAY,
    NODES,
    Asked,
    a_core,
    a_federation,
    a_query,
)
from fakes.certificates import FakeAuthority
from fakes.opened import running, until_healthy
from fakes.party_folder import addresses_of, broker_settings_file, enrol, free_address, issuer_of
from fakes.refusals import refused, refused_over_the_wire
from fakes.repository import FakeRepository
from fingerpost.membership import bundle
from fingerpost.membership.deposited_heads import NotContinued
from fingerpost.protocol.codec.carriage import (
    read_event,
    read_queries,
    write_answers,
    write_hello,
    write_lookup,
)
from fingerpost.protocol.errors import CallRule, Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Ended, LookupEvent, NodeHello
from fingerpost.runtime import logs
from fingerpost.runtime import settings as settings_files
from fingerpost.runtime.env import Env
from fingerpost.runtime.health import probe
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.rpc import CLIENT_FRAMES, connect
from fingerpost.wire.v1 import broker_pb2_grpc

NORTH = NODES[0]
BROKER = Identity(FEDERATION, MemberId("broker"), Party.BROKER)
ISSUER = Identity(FEDERATION, MemberId("issuer"), Party.ISSUER)


@dataclass
class Home:
    """The broker's folders as its operator lays them out."""

    folder: Path
    authority: FakeAuthority
    repository: FakeRepository
    issuer: str
    nodes: str
    requesters: str

    @property
    def settings_file(self) -> Path:
        return self.folder / "broker.toml"

    @property
    def settings(self) -> BrokerSettings:
        return settings_files.load(self.settings_file, BrokerSettings)

    def run(self, *command: str, columns: str | None = None) -> Result:
        arguments = [*command, "--settings", str(self.settings_file)]
        return CliRunner().invoke(cli.app, arguments, env={"COLUMNS": columns})

    def channel(self, who: Identity, address: str) -> grpc.aio.Channel:
        return connect(address, self.authority.client(who), BROKER, options=CLIENT_FRAMES)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    now = time.time()
    repository = FakeRepository(tmp_path, now)
    listed = a_federation(now, gathering_ms=1000)
    repository.publish(listed)
    authority = FakeAuthority.create(tmp_path / "authority")
    issuer, nodes, requesters = (free_address() for _ in range(3))
    made = Home(tmp_path, authority, repository, issuer, nodes, requesters)
    addresses = addresses_of(listed.parameters, issuer=issuer, nodes=nodes, requesters=requesters)
    enrol(tmp_path, BROKER, addresses, authority, repository.root.read_bytes())
    assert broker_settings_file(tmp_path, nodes, requesters) == made.settings_file
    return made


def the_issuer(home: Home) -> AbstractAsyncContextManager[object]:
    return issuer_of(home.repository, home.authority, ISSUER, home.issuer)


@asynccontextmanager
async def broker_of(home: Home, stream: io.StringIO | None = None) -> AsyncIterator[None]:
    log = logs.configure("broker", wiring.EVENTS, strict=True, stream=stream or io.StringIO())
    async with running(wiring.open(home.settings, Env.of_system(log)), log):
        await until_healthy(home.settings.health)
        yield


async def one_lookup(home: Home, asked: Asked) -> list[LookupEvent]:
    """Attach one node, which answers, and ask."""
    node = home.channel(Identity(FEDERATION, NORTH, Party.NODE), home.nodes)
    gateway = home.channel(Identity(FEDERATION, GATEWAY, Party.GATEWAY), home.requesters)
    async with asyncio.timeout(20), node, gateway:
        nodes: Any = broker_pb2_grpc.NodeServiceStub(node)
        call = nodes.Attach()
        await call.write(write_hello(NodeHello(1)))
        stub = broker_pb2_grpc.LookupServiceStub(gateway)
        asking = stub.Lookup(write_lookup(asked.query, asked.submission), timeout=10)
        events = []
        try:
            async for message in asking:
                events.append(read_event(message))
                if len(events) == 1:
                    assert read_queries(await call.read()) == (asked.query,)
                    await call.write(write_answers([an_answer(asked.hash)]))
        finally:
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call.code()
        return events


async def test_a_lookup_a_restart_and_what_is_left(home: Home) -> None:
    log = io.StringIO()
    # A store that has just been made refuses what was issued before: an earlier one may have
    # carried it.
    late = a_query(a_core(time.time() + 59))
    later = a_query(a_core(time.time() + 60))
    async with the_issuer(home):
        async with broker_of(home, log):
            with refused_over_the_wire(Code.NOT_READY):
                await one_lookup(home, a_query(a_core(time.time())))
        _grow_old(home)
        async with broker_of(home, log):
            events = await one_lookup(home, late)
            assert [a.node for a in shown_in(events)] == [NORTH]
            assert isinstance(events[-1], Ended)
        async with broker_of(home, log):
            with refused_over_the_wire(Code.REPLAYED):
                await one_lookup(home, late)
            await one_lookup(home, later)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["event"] for line in lines} >= {"broker.started", "lookup.ended", "node.attached"}
    assert late.hash.hex() not in log.getvalue()
    for file in (home.folder / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file

    for columns in ("60", "80", "120", "400", None):
        shown = home.run("audit", "show", "--handles", columns=columns)
        assert shown.exit_code == 0
        for whole in (late.hash.hex(), "0" * 32, str(COUNCIL)):
            assert whole in shown.stdout, columns
    assert home.run("audit", "verify").stdout.startswith("2 entries, whole.")


async def test_a_log_deleted_with_its_witness_is_found_out_by_its_deposit(home: Home) -> None:
    state, now = home.folder / "state", time.time()
    kept = SqlStore.open(
        state, wiring.master_key(home.settings), wiring.witness(home.settings), now
    )
    with closing(kept) as store:
        store.append([a_record(1)], now)

    async def verified() -> Result:
        return await asyncio.to_thread(home.run, "audit", "verify", "--deposits")

    async with the_issuer(home):
        assert "no head of this log yet" in (await verified()).stdout
        async with broker_of(home):
            patience = Patience("the first deposit")
            while "goes on from the one head" not in (await verified()).stdout:
                patience.require_movement()
        for file in state.glob("hash-log.sqlite*"):
            file.unlink()
        shutil.rmtree(home.settings.places.witness)
        found = (await verified()).exception
        assert isinstance(found, NotContinued)
        assert "entry 1 has gone" in str(found)
    assert home.run("audit", "verify").exit_code == 0, "by itself it looks like a new log"


def _grow_old(home: Home) -> None:
    """Change the store as if it had been made an hour ago."""
    from broker.migrations import REVISIONS
    from broker.store import REPLAY_FILE, _begin_anew, replay_rows
    from broker.wiring import witness
    from fingerpost.runtime.database import open_migrated

    engine = open_migrated(home.folder / "state" / REPLAY_FILE, REVISIONS)
    _begin_anew(replay_rows(engine, witness(home.settings)), time.time() - 3600)
    engine.dispose()


async def test_it_starts_without_the_issuer_once_it_has_a_list(home: Home) -> None:
    async with the_issuer(home), broker_of(home):
        pass
    async with broker_of(home):
        assert await probe(home.settings.health)


async def test_it_does_not_start_without_any_list(home: Home) -> None:
    with refused(Code.UNAVAILABLE, CallRule.NOBODY) as caught:
        async with broker_of(home):
            pass
    assert caught.value.asked == f"issuer “issuer” at {home.issuer} for the member list"


async def test_without_a_certificate_it_says_who_was_to_give_one(home: Home) -> None:
    shutil.rmtree(home.folder / "credentials" / "tls")
    with refused(Code.UNAVAILABLE) as caught:
        async with broker_of(home):
            pass
    assert caught.value.asked == f"issuer “issuer” at {home.issuer} for a certificate"


async def test_a_second_process_on_one_state_is_refused(home: Home) -> None:
    """Each would carry the replays of what only the other has seen."""
    async with the_issuer(home), broker_of(home):
        with pytest.raises(Defect, match="another process runs this broker"):
            async with broker_of(home):
                pass


async def test_it_does_not_start_on_a_port_that_is_taken(home: Home) -> None:
    host, port = home.requesters.rsplit(":", 1)
    with socket.socket() as taken:
        taken.bind((host, int(port)))
        taken.listen()
        async with the_issuer(home):
            with pytest.raises(Defect, match="cannot be listened on"):
                async with broker_of(home):
                    pass


def test_check_reads_the_settings(home: Home) -> None:
    run = home.run("check")
    assert run.exit_code == 0
    assert bundle.read_bundle(home.folder / "bundle").fingerprint in run.stdout
    # A replay set made here would count from now.
    assert not list((home.folder / "state").iterdir())


@pytest.mark.parametrize(
    ("missing", "fault"),
    [
        ("audit.key", r"^audit_key: .* If it was never made: 32 random bytes, mode 0600$"),
        ("state", "^state: the folder .* does not exist; make it, mode 0700$"),
        ("bundle", "^places.bundle: .*it comes from the authority$"),
        ("credentials", "^places.credentials: .*`enrol` makes it$"),
    ],
)
def test_check_names_the_setting_that_is_wrong(home: Home, missing: str, fault: str) -> None:
    (home.folder / missing).rename(home.folder / "elsewhere")
    run = home.run("check")
    assert isinstance(run.exception, Defect)
    assert re.search(fault, str(run.exception))
    assert not run.stdout


def test_check_refuses_a_key_beside_the_data_unless_it_is_a_trial(home: Home) -> None:
    assert "THIS IS A TRIAL" in home.run("status").stdout
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace("trial = true", "trial = false"))
    assert "lies beside the data" in str(home.run("check").exception)
    assert "TRIAL" not in home.run("status").stdout


def test_check_says_what_a_start_by_hand_still_needs(home: Home) -> None:
    text = home.settings_file.read_text()
    home.settings_file.write_text(text.replace('"health.sock"', '"run/health.sock"'))
    run = home.run("check")
    assert run.exit_code == 0
    assert f"health: the folder {home.folder / 'run'} does not exist" in run.stderr


@pytest.mark.parametrize(
    ("change", "fault"), [("\nquota = 100000\n", "quota"), ("\nstate = 'twice'\n", "not TOML")]
)
def test_a_setting_that_is_not_known_is_fatal(home: Home, change: str, fault: str) -> None:
    home.settings_file.write_text(change + home.settings_file.read_text())
    with pytest.raises(Defect, match=fault):
        home.settings  # noqa: B018


def test_the_state_is_adopted_by_somebody_for_a_reason(home: Home) -> None:
    taken = home.run("adopt", "--by", "duty-operator", "--why", "restore-7")
    assert taken.exit_code == 0, taken.output
    shown = home.run("audit", "show", columns="400")
    assert "duty-operator" in shown.stdout
    assert "restore-7" in shown.stdout
