"""A running federation on this machine: founded, enrolled, started, its first epoch open, its
records imported.

Used by the demonstration and by the measurements: both run the very programs that an operator runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from deploy.demo import ceremony, members
from deploy.demo.layout import BROKER, HOLDERS, Layout
from deploy.demo.patience import Patience
from deploy.demo.people import Population
from deploy.demo.processes import Died, Processes, run
from fingerpost.protocol.ids import AgencyId, MemberId

Say = Callable[[str, float], None]
"""Told each step's name and seconds, once it is done."""


class Federation:
    """``processes`` are those of its parties; ``people`` are whom it is about."""

    def __init__(self, layout: Layout, processes: Processes, people: Population, say: Say) -> None:
        self.layout = layout
        self.processes = processes
        self.people = people
        self.requesters: Sequence[AgencyId] = sorted(people.requesters)
        self._say = say

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._say(text, time.monotonic() - began)

    def begin(self) -> None:
        """Do everything up to complete imports. Raises ``Died``, ``Stuck``, ``Defect``."""
        now = time.time()
        with self.step(
            "The federation is founded; members enrol with keys made where they are used"
        ):
            files = self.people.write_exports(self.layout.exports)
            governance = ceremony.found(self.layout)
            requests = [
                members.broker(self.layout, now),
                *members.key_holders(self.layout, now),
                *members.nodes(self.layout, self.people, now),
                *members.gateways(self.layout, self.requesters, now),
            ]
            governance.enrol(self.people, requests)
        with self.step(f"{len(requests) + 1} processes start, each certified by the issuer"):
            started = self._start()
        with self.step(
            "The first epoch opens: two holders' keys, one pepper sealed to each member"
        ):
            governance.open_first_epoch(len(requests) - 1, self.processes)
            self.processes.wait_until_healthy(started)
        with self.step("Each node imports its agencies' own exports"):
            self._import(files)

    def settings_of(self, member: MemberId) -> str:
        return str(self.layout.of(member) / "settings.toml")

    def start_member(self, member: MemberId, command: str, verb: str = "run") -> str:
        health = self.layout.of(member) / "health"
        settings = self.settings_of(member)
        self.processes.start(member.value, command, verb, "--settings", settings, health=health)
        return member.value

    def _start(self) -> list[str]:
        """Broker and key holders serve on return; nodes and gateways will once an epoch has begun."""
        issuer = str(self.layout.authority / "online" / "issuer.toml")
        self.processes.start(
            "issuer", "fingerpost-issuer", "run", "--settings", issuer, health=None
        )
        patience = Patience("the issuer to serve")
        while run("fingerpost-issuer", "healthy", "--settings", issuer).returncode:
            self.processes.pause(patience, "it does not")
        self.processes.wait_until_healthy([self.start_member(BROKER, "fingerpost-broker")])
        holders = [self.start_member(holder, "fingerpost-key-holder") for holder in HOLDERS]
        self.processes.wait_until_healthy(holders)
        started = [self.start_member(n.id, "fingerpost-node") for n in self.people.nodes]
        return started + [
            self.start_member(members.gateway_of(requester), "fingerpost", "serve")
            for requester in self.requesters
        ]

    def _import(self, files: dict[AgencyId, Path]) -> None:
        day = self.people.today.isoformat()

        def of_node(node: MemberId) -> None:
            arguments = ["import", "--settings", self.settings_of(node), "--as-of", day]
            for agency in self.people.agencies:
                if agency.node == node:
                    arguments += ["--agency", f"{agency.id}={files[agency.id]}"]
            done = run("fingerpost-node", *arguments)
            if done.returncode:
                raise Died(f"{node}: the import failed:\n{done.stdout}{done.stderr}")

        rows = self.people.rows
        largest_first = sorted(
            (node.id for node in self.people.nodes),
            key=lambda node: -sum(rows[a.id] for a in self.people.agencies if a.node == node),
        )
        with ThreadPoolExecutor(3) as pool:  # two cores; a third fills the waits
            list(pool.map(of_node, largest_first))
