"""What a hostile broker learns from the timing of a node: an unmodified process, over real TLS.

The broker speaks HTTP/2 by hand. In each trial it sends stale queries, one query that it is curious
about and small frames of junk, and then pings every 0.25 ms. It notes when the node opens its
flow-control windows, how soon it answers each ping, and when the answers arrive. A forest with five
folds (``forest``) then says how well the classes can be told apart; 0.5 is by chance.

    python -c "from soak.hostile_broker_timing import main; main()" --trials 1000 --state /dev/shm

Rows: hit against miss, shielded against unknown, one opening against four.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_bytes
from statistics import median
from typing import Any, Final

from agency_node.importing.wiring import open_store
from agency_node.records.ports import Child, Effort
from agency_node.records.records import ChildRecord
from agency_node.records.store.imports import SqlImports
from agency_node.settings import NodeSettings
from fakes.certificates import FakeAuthority
from fakes.node_records import an_involvement
from fakes.node_world import (
    BROKER,
    COUNCIL,
    EPOCH,
    FEDERATION,
    HERE,
    NODE,
    a_child,
    a_federation,
    a_query,
    a_record,
    another_child,
    one_pepper,
    tags_of,
)
from fakes.party_folder import addresses_of, enrol, free_address, node_settings_file
from fakes.repository import FakeRepository
from fingerpost.membership.pepper_files import PepperFiles
from fingerpost.membership.peppers import PepperStore
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import Side
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_queries
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime import settings as settings_files
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.tls import ServerTls
from fingerpost.runtime.witness import WitnessFolder
from integration.raw_http2 import PING, Frame
from soak.forest import interval, told_apart
from soak.framework import Row
from soak.raw_broker import Broker, Peer

PING_SECONDS: Final = 0.000_25
WATCHED: Final = 0.110
"""A trial is watched for so long: the tick on which the node takes the frame, and its work."""
TICK: Final = limits.TICK_MS / 1000
BIN: Final = 0.005
BINS: Final = int(WATCHED / BIN)
UPDATES: Final = 8
SMALL: Final = 64
"""gRPC opens the window by few bytes when the program begins to read and nothing is there."""
STALE, JUNK = 1, 10
"""Of the settings that were tried on a node whose work paced its reading, these showed most."""
MOST: Final = 0.55
AGENCIES: Final = tuple(sorted({COUNCIL, *(AgencyId(f"{HERE}.a{number}") for number in range(4))}))
CLASSES: Final = ("hit", "miss", "shielded", "unknown", "one", "four")
PAIRS: Final = (("hit", "miss"), ("shielded", "unknown"), ("four", "one"))


def child_of(name: str) -> Demographics:
    """The child that a query of this class is about."""
    if name in ("miss", "unknown"):
        return a_child(forename="Nowhere", surname="Unheard", nhs_number="9990000034")
    letter = {"hit": "A", "one": "A", "shielded": "S", "four": "F"}[name]
    number = {"A": "9990000042", "S": "9990000050", "F": "9990000069"}[letter]
    return a_child(forename=f"Mari{letter.lower()}", surname=f"Thistle{letter}", nhs_number=number)


# ---- the node ------------------------------------------------------------------------------------


@dataclass
class Node:
    """A node's folder, and what its broker needs to speak to it."""

    folder: Path
    tls: ServerTls
    federation: Federation
    repository: FakeRepository
    address: str
    pepper: Any

    def query(self, child: Demographics, at: float) -> bytes:
        return a_query(child, at=at, federation=self.federation, peppers=self.pepper).wire

    @contextmanager
    def running(self) -> Iterator[None]:
        program = "from agency_node.cli import main; main()"
        words = [
            sys.executable,
            "-c",
            program,
            "run",
            "--settings",
            str(self.folder / "node.toml"),
        ]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(words, stderr=log, stdout=log)
            try:
                yield
            finally:
                process.terminate()
                process.wait()


def a_node(folder: Path) -> Node:
    now = time.time()
    federation = a_federation(now, AGENCIES)
    authority = FakeAuthority.create(folder / "authority")
    repository = FakeRepository(folder, now)
    address = free_address()
    me = Identity(FEDERATION, NODE, Party.NODE)
    addresses = addresses_of(federation.parameters, nodes=address)
    keys = enrol(folder, me, addresses, authority, repository.root.read_bytes())
    member = replace(federation.members[NODE], signing_key=keys.public_key)
    members = {**federation.members, NODE: member}
    federation = replace(federation, version=1, members=members)
    settings_file = node_settings_file(folder, AGENCIES)
    settings = settings_files.load(settings_file, NodeSettings)
    pepper = one_pepper(now)
    files = PepperFiles(folder / "state" / "peppers", WitnessFolder(settings.places.witness))
    store = PepperStore(files, NODE)
    receiving = dict(store.prepare(federation.parameters, now))
    repository.publish(federation, [seal_pepper(pepper.first[EPOCH], NODE, receiving[EPOCH])])
    for agency in AGENCIES:
        held = [another_child()]
        if agency != COUNCIL:
            held.append(child_of("four"))
        if agency == AGENCIES[1]:
            held += [child_of("hit"), child_of("shielded")]
        shielded = child_of("shielded")
        rows = [an_involvement()], [an_involvement(shielded=True)]
        put(
            settings,
            agency,
            [a_record(n, c, *rows[c == shielded]) for n, c in enumerate(held)],
        )
    tls = authority.server(Identity(FEDERATION, BROKER, Party.BROKER))
    return Node(folder, tls, federation, repository, address, pepper)


def put(settings: NodeSettings, agency: AgencyId, children: list[ChildRecord]) -> None:
    records = open_store(settings, token_bytes)
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


# ---- trials --------------------------------------------------------------------------------------


@dataclass
class Trial:
    kind: str
    hash: bytes
    features: list[float]
    sent_at: float


def trial(
    node: Node, broker: Broker, peer: Peer, kind: str, draw: random.Random, stale: list[bytes]
) -> Trial:
    """Send one target among stale queries and junk, and watch."""
    target = node.query(child_of(kind), time.time())
    junk = [draw.randbytes(limits.QUERY_BYTES // 64) for _ in range(JUNK)]
    broker.turns(0.02)
    # Somewhere within a tick, so that the phase is no class.
    broker.turns(draw.uniform(0.0, limits.TICK_MS / 1000))
    peer.updates.clear()
    peer.acks.clear()
    began = time.monotonic()
    for query in draw.sample(stale, STALE):
        peer.data(write_queries([query]).SerializeToString())
    peer.data(write_queries([target]).SerializeToString())
    for query in junk:
        peer.data(write_queries([query]).SerializeToString())
    pings: dict[bytes, float] = {}
    due, number = began, 0
    while (now := time.monotonic()) < began + WATCHED:
        if now >= due:
            name = struct.pack(">Q", number)
            pings[name] = now
            peer.send(Frame(PING, 0, 0, name))
            number, due = number + 1, max(due + PING_SECONDS, now)
        peer.turn(max(0.0, due - time.monotonic()))
    return Trial(kind, hash_of(node, target), seen(peer, pings, began), began)


def hash_of(node: Node, wire: bytes) -> bytes:
    return read_query(wire, node.federation.requester_key).hash


def seen(peer: Peer, pings: dict[bytes, float], began: float) -> list[float]:
    """What the broker has seen of a trial, counted from the first byte that it sent and from the
    tick after it, on which a node may take the frame."""
    tick = -(-began // TICK) * TICK
    updates = [(at, more) for at, stream, more in peer.updates if stream]
    small = [at for at, more in updates if more < SMALL]
    found = [float(len(updates)), float(len(peer.acks)), float(sum(more for _, more in updates))]
    for start in (began, tick):
        late: list[list[float]] = [[] for _ in range(BINS)]
        for at, name in peer.acks:
            asked = pings.get(name)
            if asked is not None and 0 <= asked - start < BINS * BIN:
                late[int((asked - start) / BIN)].append(at - asked)
        found += (max(some, default=0.0) for some in late)
        found += (median(some) if some else 0.0 for some in late)
        found += ([at - start for at, _ in updates] + [WATCHED] * UPDATES)[:UPDATES]
        found += ([at - start for at in small] + [WATCHED] * 3)[:3]
    return found


def measured(folder: Path, trials: int, draw: random.Random) -> list[Trial]:
    node = a_node(folder)
    order = [kind for kind in CLASSES for _ in range(trials)]
    draw.shuffle(order)
    done: list[Trial] = []
    with Broker(node.address, node.tls, node.repository.fetch) as broker, node.running():
        peer = broker.attached()
        broker.turns(8.0)  # tables are built
        stale = [node.query(another_child(), time.time() - 1000) for _ in range(4 * STALE)]
        for number, kind in enumerate(order):
            if peer not in broker.peers:
                peer = broker.attached()
            try:
                done.append(trial(node, broker, peer, kind, draw, stale))
            except (OSError, ssl.SSLError):
                continue
            if number % 200 == 199:
                sys.stdout.write(f"{number + 1} of {len(order)} trials\n")
                sys.stdout.flush()
        broker.turns(2.0)
        delay = node.federation.parameters.answer_delay_ms / 1000
        for each in done:
            at = peer.arrived.get(each.hash)
            late = -1.0 if at is None else (at - each.sent_at - delay) % 0.5
            each.features.append(late)
            each.features.append(-1.0 if at is None else at % 0.05)
    return done


def rows(done: list[Trial], where: str, draw: random.Random) -> Iterator[Row]:
    for one, other in PAIRS:
        some = [each for each in done if each.kind in (one, other)]
        labels = [each.kind == one for each in some]
        answered = sum(each.features[-1] >= 0 for each in some)
        area = told_apart([each.features for each in some], labels, draw)
        low, high = interval(area, sum(labels), len(labels) - sum(labels))
        yield Row(
            f"broker timing {one} {other} {where}",
            trials=len(some),
            whole=answered,
            gaps=len(some) - answered,
            note=f"area under the curve {area:.3f} ({low:.3f} to {high:.3f}), at most {MOST}",
            failed=low > MOST,
        )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--minutes", type=float, default=0.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--trials", type=int, default=0, help="of each class")
    options.add_argument("--state", type=Path, help="where the node keeps its files")
    chosen = options.parse_args()
    draw = random.Random(chosen.seed)
    places = (
        {"here": chosen.state}
        if chosen.state
        else {"memory": Path("/dev/shm"), "disk": Path(tempfile.gettempdir())}
    )
    trials = chosen.trials or max(20, int(chosen.minutes * 60 / 0.2 / len(CLASSES) / len(places)))
    cores = len(os.sched_getaffinity(0))
    sys.stdout.write(
        f"{trials} trials of each class, {cores} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    for where, place in places.items():
        folder = Path(tempfile.mkdtemp(prefix="fingerpost-timing-", dir=place))
        try:
            for row in rows(measured(folder, trials, draw), where, draw):
                sys.stdout.write(row.line() + "\n")
                sys.stdout.flush()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0
