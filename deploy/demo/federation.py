"""A running federation on this machine: founded, enrolled, started, its first epoch open, its
records imported.

Used by the demonstration and by the measurements: both run the very programs that an operator runs.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from deploy.demo import ceremony, members
from deploy.demo.layout import BROKER, HOLDERS, Layout
from deploy.demo.patience import Patience
from deploy.demo.people import Population
from deploy.demo.people.files import ExportFile
from deploy.demo.processes import Died, Processes, run
from fingerpost.protocol.ids import AgencyId, MemberId

PARTIAL = 4
"""The import's exit status where rows were left out: the people's exports have hand-made errors."""
Say = Callable[[str], None]
"""Shows one line: a step that begins, or how far one has come."""


class Federation:
    """``processes`` are those of its parties; ``people`` are whom it is about."""

    def __init__(self, layout: Layout, processes: Processes, people: Population, say: Say) -> None:
        self.layout = layout
        self.processes = processes
        self.people = people
        self.requesters: Sequence[AgencyId] = sorted(people.requesters)
        self.say = say

    def begin(self) -> None:
        """Do everything up to complete imports. Raises ``Died``, ``Stuck``, ``Defect``."""
        now = time.time()
        self.say("The federation is founded; members enrol, each with keys of its own.")
        files = self.people.write_exports(self.layout.exports)
        governance = ceremony.found(self.layout)
        requests = [
            members.broker(self.layout, now),
            *members.key_holders(self.layout, now),
            *members.nodes(self.layout, self.people, now),
            *members.gateways(self.layout, self.requesters, now),
        ]
        governance.enrol(self.people, requests)
        self.say(f"{len(requests) + 1} processes start, each certified by the issuer.")
        started = self._start()
        self.say("The first epoch opens: two keys, and a pepper sealed to each member.")
        governance.open_first_epoch(len(requests) - 1, self.processes)
        self.processes.wait_until_healthy(started)
        self.say("Each node imports its agencies' own exports, three nodes at a time.")
        self._import(files)

    def settings_of(self, member: MemberId) -> str:
        return str(self.layout.of(member) / "settings.toml")

    def start_member(self, member: MemberId, command: str, verb: str = "run") -> str:
        health = self.layout.of(member) / "health"
        settings = self.settings_of(member)
        self.processes.start(member.value, command, verb, "--settings", settings, health=health)
        return member.value

    def _start(self) -> list[str]:
        """Nodes and gateways serve once an epoch has begun."""
        self.start_servers()
        started = [self.start_member(n.id, "fingerpost-node") for n in self.people.nodes]
        return started + [
            self.start_member(members.gateway_of(requester), "fingerpost", "serve")
            for requester in self.requesters
        ]

    def start_servers(self) -> None:
        """Start issuer, broker and key holders, which serve on return."""
        issuer = str(self.layout.authority / "online" / "issuer.toml")
        self.processes.start(
            "issuer", "fingerpost-issuer", "run", "--settings", issuer, health=None
        )
        patience = Patience("the issuer to serve")
        while run("fingerpost-issuer", "health", "--settings", issuer).returncode:
            self.processes.pause(patience, "it does not")
        self.processes.wait_until_healthy([self.start_member(BROKER, "fingerpost-broker")])
        holders = [self.start_member(holder, "fingerpost-key-holder") for holder in HOLDERS]
        self.processes.wait_until_healthy(holders)

    def _import(self, files: Mapping[AgencyId, ExportFile]) -> None:
        hosted = {
            node.id: [agency.id for agency in self.people.agencies if agency.node == node.id]
            for node in self.people.nodes
        }
        rows = {node: sum(self.people.rows[a] for a in own) for node, own in hosted.items()}

        def of_node(node: MemberId) -> MemberId:
            alike: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
            for agency in hosted[node]:
                alike[files[agency].options].append(f"--agency={agency}={files[agency].path}")
            settings = self.settings_of(node)
            for options, exports in alike.items():
                done = run("fingerpost-node", "import", "--settings", settings, *options, *exports)
                if done.returncode not in (0, PARTIAL):
                    raise Died(f"{node}: the import failed:\n{done.stdout}{done.stderr}")
            return node

        imported, pool = 0, ThreadPoolExecutor(3)  # two cores; a third fills the waits
        try:
            # The two largest take as long as all others together, which show soon that it moves.
            *others, second, largest = sorted(hosted, key=lambda node: rows[node])
            work = [pool.submit(of_node, node) for node in (largest, second, *others)]
            for number, done in enumerate(as_completed(work), start=1):
                node = done.result()
                imported += rows[node]
                self.say(
                    f"  {imported:,} of {sum(rows.values()):,} records, "
                    f"{number} of {len(rows)} nodes: {node}"
                )
        finally:
            pool.shutdown(cancel_futures=True)
