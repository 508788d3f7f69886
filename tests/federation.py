"""A whole federation in one process: the parties' own rules and services, one clock, faults on
demand.

What is simulated is the world, not the parties: no sockets, no certificates, no disks. Everything
that the broker and the key holders receive is kept, so that a test can search it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.ports import LookupRecord
from broker.service import Broker
from fakes.broker_store import MemoryStore
from fakes.clock import ManualClock
from fakes.federations import EVERY_CODE, HOLDERS, NOW, public, requester_key
from fakes.handles import handle_root
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import FEDERATION, GATEWAY, Holders, Peppers, QuietLog
from fakes.simulated_node import SimNode
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.private.locators import Pepper
from fingerpost.protocol import limits
from fingerpost.protocol.codes import CODE_LIST_VERSION
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import (
    Area,
    DenyList,
    Epoch,
    Federation,
    Member,
    Parameters,
    Party,
)
from fingerpost.protocol.ids import AgencyId, EpochNumber, MemberId
from fingerpost.protocol.messages import RevisionFrom, day_of

P = ParamSpec("P")
T = TypeVar("T")


class AtOnce(ThreadPoolExecutor):
    """Work in a thread (sealing) takes no simulated time and comes in one order: it is done where
    it is handed in.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done


class World:
    """The federation. ``current`` is the member list that all parties see. ``carried``: the queries
    submitted; ``broker_saw``: every byte that came to the broker from either side."""

    def __init__(
        self,
        areas: Sequence[Area],
        nodes: Iterable[MemberId],
        *,
        holders: Holders | None = None,
    ) -> None:
        self.clock = ManualClock(NOW)
        self.holders = Holders() if holders is None else holders
        self.peppers = Peppers()
        self.gateway_key = Ed25519PrivateKey.generate()
        self.carried: list[bytes] = []
        self.broker_saw: list[bytes] = []
        self.broker_speaks: tuple[int, ...] = limits.REVISIONS
        self.log = QuietLog()
        self.store = MemoryStore(NOW - limits.DAY)
        self.passport_keys: dict[AgencyId, Ed25519PrivateKey] = {}
        self.nodes: dict[MemberId, SimNode] = {}
        self.current = self._list(areas)
        self.open_epoch(1, NOW - limits.DAY, NOW + 90 * limits.DAY)
        for node in nodes:
            self.nodes[node] = SimNode(self, node)
            member = Member(node, Party.NODE, "host", public(self.nodes[node].key), 10**6)
            self.change(members={**self.current.members, node: member})
        self.broker = self.new_broker()
        self.threads = AtOnce(1)
        self._tasks: dict[MemberId, asyncio.Task[None]] = {}

    def _list(self, areas: Sequence[Area]) -> Federation:
        keyed = []
        for area in areas:
            agencies = []
            for agency in area.agencies:
                key = self.passport_keys.setdefault(agency.id, Ed25519PrivateKey.generate())
                root = handle_root(key, agency.id)
                agencies.append(
                    replace(agency, gateways=(GATEWAY,), passport_key=public(key), handle_root=root)
                )
            keyed.append(replace(area, agencies=tuple(agencies)))
        gateway = Member(GATEWAY, Party.GATEWAY, "host", public(self.gateway_key), 0, 2000)
        return Federation(
            version=1,
            valid_until=NOW + 365 * limits.DAY,
            parameters=Parameters(
                FEDERATION,
                CODE_LIST_VERSION,
                NORMALISATION_VERSION,
                MemberId("broker"),
                MemberId("issuer"),
                HOLDERS,
                (),
                practitioner_per_hour=1000,
                practitioner_per_day=5000,
                revisions=tuple(RevisionFrom(number, 0) for number in limits.REVISIONS),
            ),
            code_lists=EVERY_CODE,
            members={GATEWAY: gateway},
            areas={a.code: a for a in keyed},
        )

    def at(self, now: float) -> Federation:
        self.current.require_current(now)
        return self.current

    def change(self, **fields: object) -> None:
        version = self.current.version + 1
        self.current = replace(self.current, version=version, **fields)  # type: ignore[arg-type]

    def open_epoch(self, number: int, starts: float, ends: float) -> Epoch:
        epoch_number = EpochNumber(number)
        keys = self.holders.open(epoch_number)
        shared = public(requester_key(epoch_number))
        opens = int(starts) - limits.EPOCH_OVERLAP_DAYS * limits.DAY
        epoch = Epoch(epoch_number, opens, int(starts), int(ends), keys, shared)
        day = day_of(min(opens, self.clock.now()))
        self.peppers.first[epoch_number] = Pepper(epoch_number, day, secrets.token_bytes(32))
        parameters = self.current.parameters
        self.change(parameters=replace(parameters, epochs=(*parameters.epochs, epoch)))
        return epoch

    def suspend(self, *members: MemberId, agencies: Iterable[AgencyId] = ()) -> None:
        self.change(deny=DenyList(frozenset(members), frozenset(agencies)))

    # ---- the broker and the streams ------------------------------------------------------------

    def new_broker(self) -> Broker:
        """Also after a restart: its store stays."""
        return Broker(
            self,
            self,
            self.clock,
            self.clock.now,
            self.log,
            complete_since=self.store.complete_since,
            seen=self.store.seen(self.clock.now()),
            random=lambda: 0.5,
            random_bytes=secrets.token_bytes,
            speaks=self.broker_speaks,
        )

    async def append(self, record: LookupRecord) -> None:
        self.store.append([record], self.clock.now())

    async def start(self) -> None:
        """All nodes that are not stopped attach, also those whose stream has ended."""
        asyncio.get_running_loop().set_default_executor(self.threads)
        for me in [me for me, task in self._tasks.items() if task.done()]:
            with contextlib.suppress(Refused):  # the broker refuses a node that is a member no more
                self._tasks.pop(me).result()
        for node in self.nodes.values():
            if not node.stopped and node.me not in self._tasks:
                self._tasks[node.me] = asyncio.create_task(node.attach())
        await self.clock.settle()

    async def start_node(self, node: MemberId) -> None:
        self.nodes[node].stopped = False
        await self.start()

    async def stop_node(self, node: MemberId) -> None:
        self.nodes[node].stopped = True
        task = self._tasks.pop(node, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def restart_broker(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self.broker = self.new_broker()
        await self.start()

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def run(self, work: Awaitable[T], most: float = 30.0) -> T:
        """Lets the clock go until ``work`` is done."""
        task = asyncio.ensure_future(work)
        end = self.clock.monotonic() + most
        while not task.done():
            assert self.clock.monotonic() < end, "the lookup did not end in time"
            await self.clock.settle(5)
            if not task.done():
                await self.clock.run_for(limits.TICK_MS / 1000)
        return task.result()

    def gateway(self, agency: AgencyId, **who: Any) -> SimGateway:
        return SimGateway(self, agency, **who)
