"""A whole federation of processes on loopback: every party by its own command, a gateway that asks,
and the lookups that it makes.

Folders, keys, certificates, member list and truth are those of ``integration.running_federation``;
here each party is a process of its own, over real sockets and mutual TLS, the issuer included. In
this process are the offline half of the authority, and the imports.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import broker.wiring
import practitioner.wiring
from agency_node.importing.sources.columns import Columns
from agency_node.importing.staging import Options as ImportOptions
from agency_node.importing.staging import SourceFile
from authority.issuer.settings import SETTINGS, IssuerSettings
from broker.store import SqlStore
from fakes.federations import HOLDERS
from fakes.party_folder import KEY, addresses_of, hand_bundle
from fingerpost.protocol.codes import Status
from fingerpost.protocol.federation import Member, Parameters
from fingerpost.protocol.federation import Party as PartyKind
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import WitnessFolder
from integration import running_federation
from integration.running_federation import (
    BROKER,
    COUNCIL,
    EXPORTS,
    GATEWAY,
    HOSTED,
    ISSUER,
    identity,
)
from soak.framework import Run
from soak.issuer import ONLINE, lay_out
from soak.oracle import CHILDREN, CUT_OFF, Forgiven, Records, Shown, Verdict, judge, missing
from soak.processes import Party, command, until
from soak.relays import Relay

PEOPLE: Final = 200
"""Practitioners who ask, each within her own quota."""
EVERYTHING: Final = 2**40
"""A time in seconds since 1970 UTC that is later than any entry."""
ASKING: Final = "asking"
HOMES: Final = tuple(each.value for each in (ISSUER, BROKER, *HOLDERS, *HOSTED, GATEWAY))
"""The folders of the parties."""


class Founded(running_federation.Federation):
    """Folders and papers of all parties. Its quotas are the highest that a list may grant."""

    def _parameters(self) -> Parameters:
        return replace(
            super()._parameters(),
            practitioner_per_hour=1000,
            practitioner_per_day=5000,
            agency_per_day=100_000,
            gathering_ms=3000,
        )

    def _listed(self) -> tuple[Member, ...]:
        return tuple(replace(each, lookups_per_day=1_000_000) for each in super()._listed())

    def equip_issuer(self, home: Path) -> IssuerSettings:
        """Publish the list by the offline keys, and lay out the issuer's folder."""
        self.publish()
        me = identity(ISSUER, PartyKind.ISSUER)
        return lay_out(home, self.repository, self.authority, me, self.issuer_address)


class Federation:
    """See the module. ``parties``: those whose faults are of interest, by name."""

    def __init__(self, run: Run, folder: Path, *, relayed: bool = False) -> None:
        self.run = run
        self.folder = folder
        self.relays: list[Relay] = []
        self.founded = founded = Founded(folder)
        self._stack = AsyncExitStack()
        self._serial = 0
        self._waiting: dict[int, asyncio.Future[Shown]] = {}
        self._ready = False
        self._forgiven = Forgiven()
        self.handed: list[tuple[str, Shown]] = []
        settings = f"{ONLINE}/{SETTINGS}"
        self.issuer = self._party(ISSUER.value, "authority.issuer.cli", "run", settings)
        self.broker = self._party("broker", "broker.cli", "run", "broker.toml")
        self.holders = tuple(
            self._party(h.me.member.value, "key_holder.cli", "run", "key-holder.toml")
            for h in founded.holders
        )
        self.nodes = {
            node: self._party(node.value, "agency_node.cli", "run", "node.toml") for node in HOSTED
        }
        self.keeper = self._party(GATEWAY.value, "practitioner.cli", "serve", "settings.toml")
        settings = str(folder / GATEWAY.value / "settings.toml")
        output = folder / f"{ASKING}.log"
        self.asking = Party(ASKING, ("-m", "soak.gateway", settings), output, self._heard)
        self.asking.on_end = self._cut_off
        if relayed:
            for party in founded.parties:
                self._relay(party.me)

    def _party(self, name: str, module: str, verb: str, settings: str) -> Party:
        path = self.folder / name / settings
        program = command(module, verb, "--settings", str(path))
        return Party(name, program, self.folder / f"{name}.log")

    def _relay(self, me: Identity) -> None:
        """Hand a party a bundle whose addresses are those of relays of its own."""

        def by(server: str, target: str) -> str:
            self.relays.append(Relay(me.member.value, server, target))
            return self.relays[-1].address

        founded = self.founded
        one, other = (by(h.me.member.value, h.address) for h in founded.holders)
        addresses = addresses_of(
            founded.parameters,
            issuer=by(ISSUER.value, founded.issuer_address),
            nodes=by(BROKER.value, founded.broker.nodes),
            requesters=by(BROKER.value, founded.broker.requesters),
            holders=(one, other),
        )
        home = self.folder / me.member.value
        shutil.rmtree(home / "bundle")
        root, authority = founded.repository.root.read_bytes(), founded.authority.file.read_bytes()
        hand_bundle(home, me, addresses, root, authority)

    @property
    def parties(self) -> tuple[Party, ...]:
        """In the order in which they are started."""
        nodes = self.nodes.values()
        return (self.issuer, self.broker, *self.holders, *nodes, self.keeper, self.asking)

    def home(self, party: Party) -> Path:
        """The folder with all that a party has: keys, settings and what it keeps."""
        return self.folder / (GATEWAY.value if party is self.asking else party.name)

    def each_in_turn(self, *, without: Sequence[Party] = ()) -> Iterator[Party]:
        """One party for each trial, until the run is over: all, then all in another order."""
        chosen = [party for party in self.parties if party not in without]
        order: list[Party] = []
        while self.run.goes_on():
            order = order or self.run.random.sample(chosen, len(chosen))
            yield order.pop()

    # ---- starting and stopping -----------------------------------------------------------------

    async def start(self) -> None:
        founded = self.founded
        for relay in self.relays:
            self._stack.push_async_callback(relay.stop)
        for relay in self.relays:
            await relay.start()
        self.issuer_settings = founded.equip_issuer(self.home(self.issuer))
        await self.up(self.issuer)
        # A replay set that is younger than a query refuses it.
        SqlStore.open(
            founded.broker.folder,
            KEY,
            WitnessFolder(founded.broker.settings.places.witness),
            time.time() - 3600,
        ).close()
        await self.up(self.broker, *self.holders)
        await self.import_(EXPORTS)
        await self.up(*self.nodes.values(), self.keeper, self.asking)
        await self.whole()

    async def up(self, *parties: Party) -> None:
        """Start these, in this order. The issuer listens before the next is started: each leaves
        the heads of its stores there at its start.
        """
        for party in parties:
            await party.up()
            if party is self.issuer:
                await _until_listening(self.founded.issuer_address)

    async def down(self, *parties: Party) -> None:
        """Ask these to end, the last first, and start them no more."""
        for party in reversed(parties):
            await party.down(signal.SIGTERM)

    async def import_(self, exports: Mapping[AgencyId, SourceFile]) -> None:
        """Import into each node, in this process."""
        options = ImportOptions(datetime.now(UTC).date(), Columns({}), False)
        for address in (self.founded.broker.nodes, *(h.address for h in self.founded.holders)):
            await _until_listening(address)
        for node in self.founded.nodes.values():
            await node.import_(exports, options)

    async def stop(self) -> None:
        await self.down(*self.parties)
        await self._stack.aclose()

    async def kill(self) -> None:
        for party in self.parties:
            with contextlib.suppress(Exception):
                await party.down()

    @property
    def is_ready(self) -> bool:
        """Whether the gateway that asks is there."""
        return self._ready

    # ---- asking --------------------------------------------------------------------------------

    def _heard(self, line: str) -> None:
        if not line.startswith("{"):
            self._ready = True
            return
        said = json.loads(line)
        shown = Shown(
            said.get("operation", ""),
            {AgencyId(a): Status[s] for a, s in said.get("statuses", {}).items()},
            said.get("complete", False),
            frozenset(said.get("silent", ())),
            said.get("refused", ""),
        )
        waiting = self._waiting.pop(said["number"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(shown)

    def _cut_off(self) -> None:
        self._ready = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(CUT_OFF)
        self._waiting.clear()

    async def ask(self, child: str = "ASKED") -> Verdict:
        """Make one lookup and judge it. Waits for the gateway to be there."""
        await until(lambda: self._ready, f"the gateway that asks: {self.asking.last_words()}")
        self._serial += 1
        number = self._serial
        self._waiting[number] = waiting = asyncio.get_running_loop().create_future()
        question = {"number": number, "child": child, "subject": f"account-{number % PEOPLE}"}
        await self.asking.tell(json.dumps(question))
        if not self._ready:  # it ended as it was asked
            self._cut_off()
        shown = await waiting
        verdict, false = judge(child, shown)
        self.run.counts[verdict] += 1
        self.handed.append((child, shown))
        if false:
            self.run.false.append(false)
            self.run.say(f"FALSE: {child}, lookup {shown.operation}: {false}")
        return verdict

    async def whole(self) -> float:
        """Ask until a lookup shows every agency's true answer; return after how many seconds.

        Raises:
            Stuck: it does not come, though nothing is at fault any more.
        """
        began = time.monotonic()
        verdicts: list[Verdict] = []

        async def asked() -> None:
            while not verdicts or verdicts[-1] is not Verdict.WHOLE:
                verdicts.append(await self.ask())

        await self._within(asyncio.ensure_future(asked()), "a whole lookup")
        return time.monotonic() - began

    async def at_once(self, count: int) -> list[float]:
        """Make so many lookups at once; return how long each took, in seconds."""
        took: list[float] = []

        async def one() -> None:
            began = time.monotonic()
            await self.ask(self.run.random.choice(sorted(CHILDREN)))
            took.append(time.monotonic() - began)

        async def all_of_them() -> None:
            await asyncio.gather(*(one() for _ in range(count)))

        await self._within(asyncio.ensure_future(all_of_them()), f"{count} lookups at once")
        return took

    async def lookups(self, count: int) -> None:
        """Wait until so many more lookups have come to their end."""
        wanted = len(self.handed) + count
        await until(lambda: len(self.handed) >= wanted, "lookups to end")

    async def _within(self, task: asyncio.Task[None], what: str) -> None:
        try:
            await until(task.done, what)
            await task
        finally:
            task.cancel()

    @asynccontextmanager
    async def asked_all_the_time(self) -> AsyncIterator[None]:
        """Lookups, three at once, one after another for as long as the context lasts."""
        going = True

        async def stream(number: int) -> None:
            chosen = type(self.run.random)(f"{self.run.seed} {self.run.name} {number}")
            while going:
                await self.ask(chosen.choice(sorted(CHILDREN)))
                await asyncio.sleep(0.1 * chosen.random())

        tasks = [asyncio.create_task(stream(number)) for number in range(3)]
        try:
            yield
            going = False
            for task in tasks:
                await self._within(task, "the last lookups")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- what is on record ---------------------------------------------------------------------

    def forgive(
        self,
        *,
        gateway: bool = False,
        broker: bool = False,
        agencies: frozenset[AgencyId] = frozenset(),
    ) -> None:
        """From now on, do not miss records of these logs: a fault has put an older state back."""
        before = self._forgiven
        self._forgiven = Forgiven(
            before.gateway or gateway, before.broker or broker, before.agencies | agencies
        )

    def check_records(self) -> None:
        """Compare all logs with all lookups. All parties have to be stopped."""
        for line in missing(self.handed, self.records(), self._forgiven):
            self.run.lost.append(line)
            self.run.say(f"LOST: {line}")

    def records(self) -> Records:
        founded = self.founded
        with closing(practitioner.wiring.open_audit(founded.gateway.settings, COUNCIL)) as log:
            entries = list(log.show(0, EVERYTHING, decrypt=True))
        sent: dict[str, set[str]] = {}
        for entry in entries:
            if entry.kind == "lookup.sent":
                sent.setdefault(str(entry.operation), set()).add(str(entry.fields["query"]))
        with closing(broker.wiring.open_audit(founded.broker.settings)) as log:
            carried = {str(entry.operation) for entry in log.show(0, EVERYTHING, decrypt=False)}
        opened = {
            agency: frozenset(str(entry.fields["query"]) for entry in node.entries(agency))
            for node in founded.nodes.values()
            for agency in node.agencies
        }
        return Records(
            frozenset(str(e.operation) for e in entries if e.kind == "lookup.asked"),
            {operation: frozenset(queries) for operation, queries in sent.items()},
            frozenset(carried),
            opened,
        )


@asynccontextmanager
async def federation(
    run: Run, folder: Path | None = None, *, relayed: bool = False
) -> AsyncIterator[Federation]:
    """A federation that has made a whole lookup, and whose records are compared at the end.

    Args:
        folder: short, since the paths of health sockets may not pass 107 characters.
        relayed: whether ``relays`` stand between the parties.
    """
    with _folder(folder) as root:
        made = Federation(run, root, relayed=relayed)
        try:
            run.say(f"{run.name}: a federation of {len(made.parties)} processes starts")
            await made.start()
            yield made
            await made.stop()
            await asyncio.to_thread(made.check_records)
        finally:
            await made.kill()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    root = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


async def _until_listening(address: str) -> None:
    await until(lambda: _listens(address), "a party to listen")


def _listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True
