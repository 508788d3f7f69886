"""Whether the reasons of a node's silence can be told apart at the wire, by when its answers come:
an unmodified process, over real TLS.

The broker sends one query on each turn, at a moment drawn within a tick, each about a child of
another class: unknown, shielded, of a sensitive service, only possibly the one, of a service that
the purpose may not be told. Every answer is "nothing to disclose". Of each it notes how long it
took, and at which moment of the ticks it came; every size is one.

For each reason, Welch's t compares its moments with those of unknown children. |t| of 4.5 and more
is a leak (a common bound for such tests: beyond chance with 10,000 answers of each by far).

    python -c "from soak.silences import main; main()" --trials 10000 --state /dev/shm
"""

from __future__ import annotations

import argparse
import math
import os
import random
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import fmean, variance
from typing import Final

from agency_node.records.records import ChildRecord
from fakes.node_folder import NodeFolder
from fakes.node_records import an_involvement
from fakes.node_world import COUNCIL, SCHOOL, a_child, a_query, a_record, another_child
from fingerpost.private.demographics import Demographics
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_queries
from fingerpost.protocol.codes import Kind, Purpose
from soak.framework import Row
from soak.raw_broker import Broker
from soak.timed_node import Node, hash_of

TICK: Final = limits.TICK_MS / 1000
TURN_SECONDS: Final = 1.5 * TICK
"""From one query to the next, on the average: every tick has one at the most, or two."""
AT_ONCE: Final = 8
"""So many answers are waited for at the most, and so long for one."""
PATIENCE_SECONDS: Final = 3.0
LEAST: Final = 2
MOST: Final = 4.5
UNKNOWN: Final = "unknown"
REASONS: Final = ("shielded", "sensitive", "possible", "not-permitted")
AGENCIES: Final = (COUNCIL, SCHOOL)


@dataclass(frozen=True)
class Asked:
    kind: str
    hash: bytes
    sent_at: float


def child_of(kind: str) -> Demographics:
    """The child of a class. No two share a blocking key."""
    number = (UNKNOWN, *REASONS).index(kind)
    letter = "NSEPX"[number]
    return a_child(
        forename=f"{letter}marigold",
        surname=f"{letter}thistlewood",
        dob=date(2015, 2 + number, 3 + 4 * number),
        postcode=f"B{(34, 50, 42, 69, 28)[number]} 9{letter}{letter}",
        health_number="",
    )


def school() -> tuple[ChildRecord, ...]:
    """The records of a school that knows a child of each class but the first."""
    possible = child_of("possible")
    return (
        a_record(0, another_child()),
        a_record(1, child_of("shielded"), an_involvement(shielded=True)),
        a_record(2, child_of("sensitive"), an_involvement(Kind.MENTAL_HEALTH)),
        a_record(3, replace(possible, forename="Pbarnaby", sex=None), an_involvement()),
        a_record(4, child_of("not-permitted"), an_involvement(Kind.YOUTH_JUSTICE)),
    )


def a_node(folder: Path) -> Node:
    node = Node.create(folder, AGENCIES)
    node.put(SCHOOL, *school())
    node.put(COUNCIL, a_record(0, another_child()))
    return node


def measured(
    folder: Path, trials: int, draw: random.Random
) -> tuple[list[Asked], dict[bytes, float]]:
    node = a_node(folder)
    order = [kind for kind in (UNKNOWN, *REASONS) for _ in range(trials)]
    draw.shuffle(order)
    asked: list[Asked] = []
    arrived: dict[bytes, float] = {}
    cores, lost = sorted(os.sched_getaffinity(0)), 0
    with Broker(node.address, node.tls, node.repository.fetch) as broker, node.running(cores):
        peer = broker.attached()
        broker.turns(8.0)  # tables are built
        for number, kind in enumerate(order):
            if peer not in broker.peers:
                arrived.update(peer.arrived)
                peer = broker.attached()
            wire = query_of(node, kind)
            broker.turns(draw.uniform(0.5, 1.5) * TURN_SECONDS)
            waits = time.monotonic() + PATIENCE_SECONDS
            while len(asked) - len(peer.arrived) - lost >= AT_ONCE and time.monotonic() < waits:
                broker.turns(TICK)  # a machine that is busy with other work
            lost = max(lost, len(asked) - len(peer.arrived) - AT_ONCE + 1)
            try:
                peer.data(write_queries([wire]).SerializeToString())
                peer.turn(0.0)
            except (OSError, ssl.SSLError):
                continue
            asked.append(Asked(kind, hash_of(node, wire), time.monotonic()))
            if number % 1000 == 999:
                sys.stdout.write(f"{number + 1} of {len(order)} queries\n")
                sys.stdout.flush()
        broker.turns(PATIENCE_SECONDS)
        arrived.update(peer.arrived)
    return asked, arrived


def query_of(node: NodeFolder, kind: str) -> bytes:
    """A query of one purpose, whatever the class: what is sealed does not show."""
    return a_query(
        child_of(kind),
        at=time.time(),
        federation=node.federation,
        peppers=node.pepper,
        purpose=Purpose.S17_ASSESSMENT,
    ).wire


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Welch's t of two samples; 0 where both do not vary and are equal."""
    spread = variance(one) / len(one) + variance(other) / len(other)
    apart = fmean(one) - fmean(other)
    return 0.0 if apart == 0.0 else apart / math.sqrt(spread) if spread else math.inf


def features(asked: Asked, arrived: Mapping[bytes, float]) -> tuple[float, float, float] | None:
    """How long an answer took, how far behind the tick after its query, and where in a tick."""
    at = arrived.get(asked.hash)
    if at is None:
        return None
    tick = -(-asked.sent_at // TICK) * TICK
    return at - asked.sent_at, at - tick, at % TICK


NAMES: Final = ("time", "behind-tick", "phase")


def rows(asked: Sequence[Asked], arrived: Mapping[bytes, float]) -> Iterator[Row]:
    found: dict[str, list[tuple[float, float, float]]] = {}
    for each in asked:
        seen = features(each, arrived)
        if seen is not None:
            found.setdefault(each.kind, []).append(seen)
    unknown = found.get(UNKNOWN, [])
    for kind in REASONS:
        some = found.get(kind, [])
        sent = sum(each.kind == kind for each in asked)
        if min(len(some), len(unknown)) < LEAST:
            yield Row(f"silences {kind}", sent, note="too few answers came", failed=True)
            continue
        scores = [
            welch([of[n] for of in some], [of[n] for of in unknown]) for n in range(len(NAMES))
        ]
        said = ", ".join(f"{name} {t:+.2f}" for name, t in zip(NAMES, scores, strict=True))
        yield Row(
            f"silences {kind}",
            trials=sent,
            whole=len(some),
            gaps=sent - len(some),
            note=f"Welch's t beside {len(unknown)} unknown: {said}, at most {MOST}",
            failed=max(map(abs, scores)) >= MOST,
        )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--minutes", type=float, default=0.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--trials", type=int, default=0, help="of each reason")
    options.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()))
    chosen = options.parse_args()
    fitting = int(chosen.minutes * 60 / TURN_SECONDS / (1 + len(REASONS)))
    trials = chosen.trials or max(20, fitting)
    sys.stdout.write(f"{trials} queries of each class, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory(prefix="fingerpost-silences-", dir=chosen.state) as folder:
        for row in rows(*measured(Path(folder), trials, random.Random(chosen.seed))):
            sys.stdout.write(row.line() + "\n")
            sys.stdout.flush()
    return 0
