"""Answers per second and core of one node, and where the time goes.

    python benchmarks/node_answers.py [--agencies N] [--children N] [--known SHARE]

Real queries, real seals, the real index and stores on the disk it runs on; no sockets. Seconds are CPU seconds of
the one thread that answers, so that what else runs on the machine does not count; the frame's wall time is what
must stay below the federation's answer delay.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / "tests")]

from agency_node.audit_record import AgencyLogs  # noqa: E402
from agency_node.store.seen import open_seen  # noqa: E402
from fakes.node_world import COUNCIL, HERE, NOW, NodeWorld, a_federation, a_query, a_record  # noqa: E402
from fingerpost.private.demographics import Demographics, Sex  # noqa: E402
from fingerpost.protocol import limits  # noqa: E402
from fingerpost.protocol.ids import AgencyId  # noqa: E402

QUERIES = 120


def children(count: int) -> list[Demographics]:
    """All different: name, date of birth and postcode."""

    def word(n: int) -> str:
        return "".join(chr(97 + n // 26**power % 26) for power in range(3))

    return [
        Demographics(
            forename=f"Fern{word(17 * n)}",
            surname=f"Hollow{word(n)}",
            dob=date(2008, 1, 1) + timedelta(days=11 * n % 5000),
            sex=Sex.FEMALE,
            postcode=f"ZZ{n % 90 + 1} {n // 90 % 10}{chr(65 + n % 20)}{chr(65 + n // 20 % 20)}",
        )
        for n in range(count)
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--agencies", type=int, default=1)
    options.add_argument("--children", type=int, default=300)
    options.add_argument("--known", type=float, default=0.1, help="share that one agency knows")
    options.add_argument("--frames", type=int, default=5)
    options.add_argument("--profile", action="store_true")
    chosen = options.parse_args()
    mine = tuple(
        sorted({COUNCIL, *(AgencyId(f"{HERE}.a{n:04}") for n in range(chosen.agencies - 1))})
    )
    with tempfile.TemporaryDirectory() as folder:
        seen = open_seen(Path(folder) / "seen.sqlite")
        logs = AgencyLogs(Path(folder), bytes(32))
        logs.check(mine)
        world = NodeWorld(current=a_federation(NOW, mine), mine=mine, seen=seen, record=logs)
        everybody = children(chosen.children + QUERIES)
        some, strangers = everybody[QUERIES:], everybody[:QUERIES]
        for number, agency in enumerate(mine):
            known = some if number == 0 else some[number : number + 3]
            world.put(agency, *(a_record(n, child) for n, child in enumerate(known)))
        asked = [
            some[n % len(some)] if n < chosen.known * QUERIES else strangers[n]
            for n in range(QUERIES)
        ]
        profile = cProfile.Profile()
        for number in range(chosen.frames):
            frame = [a_query(child, federation=world.current).wire for child in asked]
            wall, cpu = time.perf_counter(), time.thread_time()
            if chosen.profile:
                profile.enable()
            answers = world.node.answer(frame)
            profile.disable()
            wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
            print(
                f"frame {number}: {len(answers)} answers in {wall * 1000:.0f} ms "
                f"({cpu * 1000:.0f} ms CPU), {len(answers) / cpu:,.0f} answers per second and core; "
                f"answer delay {limits.ANSWER_DELAY_MS} ms"
            )
        if chosen.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
