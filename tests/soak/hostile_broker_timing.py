"""What a hostile broker learns from the timing of a node: an unmodified process, over real TLS.

The broker speaks HTTP/2 by hand. In each trial it sends the query that it is curious about and, a
moment later, nine small frames of junk; then single small frames, and a ping every 0.25 ms. A node
opens its flow-control window by a frame's head when it waits for a frame that has not come, and
says so beside its next answer to a ping. Where reading waits for the work behind a line of eight
frames, the node begins to wait again when the work on the target is done.

A forest with five folds (``forest``) says how well the classes can be told apart by these moments,
by how soon each ping was answered, by when the answers came, and by what came within each half of a
tick: when, how much, and which ping was the last that it answers. 0.5 is by chance.

    python -c "from soak.hostile_broker_timing import main; main()" --trials 1000 --state /dev/shm

Rows: hit against miss, shielded against unknown, one opening against four. ``--node-cores`` keeps
the node to some cores; the broker is then on the first core.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import ssl
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_queries
from integration.raw_http2 import PING, Frame
from soak.forest import interval, told_apart
from soak.framework import Row
from soak.raw_broker import Broker, Peer
from soak.timed_node import Node, a_node, child_of, hash_of

PING_SECONDS: Final = 0.000_25
TICK: Final = limits.TICK_MS / 1000
TICKS: Final = 5
WATCHED: Final = TICKS * TICK + 0.010
"""A trial is watched for so long: until the node has the frame, and then its work on it, which
begins one or two ticks later."""
TRIAL_SECONDS: Final = WATCHED + TICK
BIN: Final = 0.020
BINS: Final = int(WATCHED / BIN)
BURST: Final = 9
"""Small frames behind the target: a line of eight, and the one that waits for room in it."""
SETTLED_SECONDS: Final = 0.001
HEAD_BYTES: Final = 5
"""A frame's head: by so much the window is open beyond its size while the node waits for one."""
SINGLE_SECONDS: Final = 0.003
SMALL: Final = 64
MOST: Final = 0.55
CLASSES: Final = ("hit", "miss", "shielded", "four")
"""The child asked about: known to one agency, to none, to one that shields her, to four."""
PAIRS: Final = (("hit", "miss"), ("shielded", "miss"), ("four", "hit"))


@dataclass
class Trial:
    kind: str
    hash: bytes
    features: list[float]
    sent_at: float


def trial(
    node: Node, broker: Broker, peer: Peer, kind: str, draw: random.Random, at_once: int
) -> Trial:
    """Send ``at_once`` targets about one child, then junk, and watch."""
    targets = [node.query(child_of(kind), time.time()) for _ in range(at_once)]
    # Somewhere within a tick, so that the phase is no class.
    broker.turns(0.02 + draw.uniform(0.0, TICK))
    peer.updates.clear()
    peer.acks.clear()
    peer.bursts.clear()
    frames: list[float] = []
    pings: dict[bytes, float] = {}
    first = draw.getrandbits(63)
    began = time.monotonic()
    peer.data(write_queries(targets).SerializeToString())
    ping_at, single_at = began, began + TICK
    while (now := time.monotonic()) < began + WATCHED:
        settled = peer.updates and now >= peer.updates[-1][0] + SETTLED_SECONDS
        if not frames and settled and peer.ahead >= HEAD_BYTES:
            # What the window is open too far, while parts of the target came, is used up.
            size = SMALL + max(0, peer.ahead) // BURST
            for _ in range(BURST):
                peer.data(write_queries([draw.randbytes(size)]).SerializeToString())
            frames.append(now)
        if frames and now >= single_at:
            peer.data(write_queries([draw.randbytes(SMALL)]).SerializeToString())
            frames.append(now)
            single_at = now + SINGLE_SECONDS
        if now >= ping_at:
            name = struct.pack(">Q", first + len(pings))
            pings[name] = now
            peer.send(Frame(PING, 0, 0, name))
            ping_at = max(ping_at + PING_SECONDS, now)
        peer.turn(max(0.0, ping_at - time.monotonic()))
    return Trial(kind, hash_of(node, targets[0]), seen(peer, frames, pings, began), began)


def seen(
    peer: Peer, frames: Sequence[float], pings: dict[bytes, float], began: float
) -> list[float]:
    """What the broker has seen of a trial: when the node was through with the burst, and the delays
    of later frames and of pings, counted from the first byte and from the tick after it, on which a
    node may take the frame."""
    waits = [at for at, ahead in peer.updates if ahead >= HEAD_BYTES]
    read = [next((at - sent for at in waits if at > sent), WATCHED) for sent in frames]
    acks = [(pings[name], at - pings[name]) for at, name in peer.acks if name in pings]
    found = [read[0] if read else WATCHED, float(len(peer.updates)), float(len(acks))]
    tick = -(-began // TICK) * TICK
    for start in (began, tick):
        for delays in (acks, list(zip(frames, read, strict=True))[1:]):
            late: list[list[float]] = [[] for _ in range(BINS)]
            for at, delay in delays:
                if 0 <= at - start < BINS * BIN:
                    late[int((at - start) / BIN)].append(delay)
            found += (max(some, default=0.0) for some in late)
            found += (median(some) if some else 0.0 for some in late)
    return found + of_bursts(peer, acks, tick)


def of_bursts(peer: Peer, acks: Sequence[tuple[float, float]], tick: float) -> list[float]:
    """Of what came within each half of a tick: when it began and ended, how much it was, and when
    the last ping that it answers had been sent."""
    found: list[float] = []
    for half in range(2 * TICKS):
        start = tick + half * TICK / 2
        # A quarter earlier, so that no moment of the node's lies on an edge.
        came = [(at, size) for at, size in peer.bursts if -TICK / 4 <= at - start < TICK / 4]
        answered = [at for at, late in acks if -TICK / 4 <= at + late - start < TICK / 4]
        found += (
            came[0][0] - start if came else 1.0,
            came[-1][0] - start if came else 1.0,
            float(sum(size for _, size in came)),
            max(answered) - start if answered else 1.0,
        )
    return found


def measured(
    folder: Path, trials: int, draw: random.Random, node_cores: Sequence[int], at_once: int = 1
) -> list[Trial]:
    node = a_node(folder)
    order = [kind for kind in CLASSES for _ in range(trials)]
    draw.shuffle(order)
    done: list[Trial] = []
    with Broker(node.address, node.tls, node.repository.fetch) as broker, node.running(node_cores):
        peer = broker.attached()
        broker.turns(8.0)  # tables are built
        for number, kind in enumerate(order):
            if peer not in broker.peers:
                peer = broker.attached()
            try:
                done.append(trial(node, broker, peer, kind, draw, at_once))
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
            each.features.append(-1.0 if at is None else at % TICK)
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
    options.add_argument("--at-once", type=int, default=1, help="queries about a child in a frame")
    options.add_argument("--node-cores", type=int, nargs="+", help="all, unless given")
    chosen = options.parse_args()
    draw = random.Random(chosen.seed)
    places = (
        {"here": chosen.state}
        if chosen.state
        else {"memory": Path("/dev/shm"), "disk": Path(tempfile.gettempdir())}
    )
    trials = chosen.trials or max(
        20, int(chosen.minutes * 60 / TRIAL_SECONDS / len(CLASSES) / len(places))
    )
    cores = sorted(os.sched_getaffinity(0))
    if chosen.node_cores:
        os.sched_setaffinity(0, cores[:1])
    sys.stdout.write(
        f"{trials} trials of each class, {len(cores)} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    for where, place in places.items():
        folder = Path(tempfile.mkdtemp(prefix="fingerpost-timing-", dir=place))
        try:
            done = measured(folder, trials, draw, chosen.node_cores or cores, chosen.at_once)
            for row in rows(done, where, draw):
                sys.stdout.write(row.line() + "\n")
                sys.stdout.flush()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0
