"""Answers per second and core of one node.

    python benchmarks/node_answers.py [--agencies N] [--children N] [--known SHARE]

Real queries, real seals, the real index and stores on the disk it runs on; no sockets. Seconds are
CPU seconds of this process, so that what else runs on the machine does not count; the frame's wall
time is what must stay below the federation's answer delay.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tests")]

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.journal import Journal
from agency_node.records.store.journal import open_journal
from benchmarks.table import Row
from fakes.federations import NOW
from fakes.node_world import COUNCIL, HERE, MemoryRecord, NodeWorld, a_federation, a_query, a_record
from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.sealing import HybridKey, seal
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import size_class
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import WitnessFolder

QUERIES = 120


def children(count: int) -> list[Demographics]:
    """Return so many children, all different in name, date of birth and postcode."""

    def word(n: int) -> str:
        return "".join(chr(97 + n // 26**power % 26) for power in range(3))

    return [
        Demographics(
            forename=f"Fern{word(17 * n)}",
            surname=f"Hollow{word(n)}",
            dob=date(2010, 1, 1) + timedelta(days=11 * n % 5000),
            sex=Sex.FEMALE,
            postcode=f"ZZ{n % 90 + 1} {n // 90 % 10}{chr(65 + n % 20)}{chr(65 + n // 20 % 20)}",
        )
        for n in range(count)
    ]


def measure() -> list[Row]:
    """For ``make bench``: a node beside the bare cost of what an answer cannot do without.

    Bare: one Ed25519 verification of the query, one signature, one hybrid HPKE seal at the real
    size."""
    bare = _bare_seconds()
    rows = [Row("bare primitives of one answer", 1 / bare, "answers/s and core", 1.0)]
    for name, known in (("a child that nobody here knows", 0.0), ("one query in ten known", 0.1)):
        each = min(cpu / count for count, _, cpu in answered(1, 300, known, 4))
        rows.append(Row(f"node, {name}", 1 / each, "answers/s and core", bare / each))
    return rows


def _bare_seconds() -> float:
    key, reply = Ed25519PrivateKey.generate(), HybridKey.generate(secrets.token_bytes)
    query, plain = secrets.token_bytes(limits.QUERY_BYTES), bytes(size_class(1).plain_bytes)
    signature, verifying = key.sign(query), key.public_key()
    rounds = []
    for _ in range(4):
        started = time.process_time()
        for _ in range(QUERIES):
            verifying.verify(signature, query)
            key.sign(plain)
            seal(reply.public_key, b"info", plain)
        rounds.append((time.process_time() - started) / QUERIES)
    return min(rounds)


def answered(
    agencies: int,
    count: int,
    share: float,
    frames: int,
) -> Iterator[tuple[int, float, float]]:
    """Yield answers, wall seconds and CPU seconds of each frame of ``QUERIES`` queries."""
    mine = tuple(sorted({COUNCIL, *(AgencyId(f"{HERE}.a{n:04}") for n in range(agencies - 1))}))
    with tempfile.TemporaryDirectory() as folder:
        witness = WitnessFolder(Path(folder) / "witness").of("journal")
        store = open_journal(Path(folder) / "journal.sqlite", bytes(32), lambda: NOW, witness, NOW)
        journal = Journal(store, MemoryRecord(), SealedBox(bytes(32)))
        world = NodeWorld(current=a_federation(NOW, mine), mine=mine, journal=journal)
        everybody = children(count + QUERIES)
        some, strangers = everybody[QUERIES:], everybody[:QUERIES]
        for number, agency in enumerate(mine):
            known = some if number == 0 else some[number : number + 3]
            world.put(agency, *(a_record(n, child) for n, child in enumerate(known)))
        asked = [
            some[n % len(some)] if n < share * QUERIES else strangers[n] for n in range(QUERIES)
        ]
        for _ in range(frames):
            frame = [a_query(child, federation=world.current).wire for child in asked]
            wall, cpu = time.perf_counter(), time.process_time()
            answers = world.node.answer(frame)
            yield len(answers), time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--agencies", type=int, default=1)
    options.add_argument("--children", type=int, default=300)
    options.add_argument("--known", type=float, default=0.1, help="share that one agency knows")
    options.add_argument("--frames", type=int, default=5)
    chosen = options.parse_args()
    each = answered(chosen.agencies, chosen.children, chosen.known, chosen.frames)
    for number, (answers, wall, cpu) in enumerate(each):
        print(
            f"frame {number}: {answers} answers in {wall * 1000:.0f} ms "
            f"({cpu * 1000:.0f} ms CPU), {answers / cpu:,.0f} answers per second and core; "
            f"answer delay {limits.ANSWER_DELAY_MS} ms"
        )


if __name__ == "__main__":
    main()
