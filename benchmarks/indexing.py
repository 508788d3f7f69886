"""Children indexed per second and core, beside the bare cost of the OPRF evaluations that they
need.

Measured: a whole import of one agency's export, from the file to a complete generation on disk:
parsing, normal form, blocking keys, sealing, blinding, both holders, unblinding, tags, commit.
Bare: blind, evaluate and finalise the same number of elements for two holders, and nothing else.
Both in one process and in CPU seconds, so that neither other load nor the number of cores moves the
ratio.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row
from fakes.evaluations import LocalKeyHolders, LocalTags
from fakes.federations import HOLDERS
from fakes.import_world import World, row
from fingerpost.protocol import limits

CHILDREN = 600


def measure() -> list[Row]:
    seconds, elements = asyncio.run(import_seconds(CHILDREN))
    bare = asyncio.run(_bare_seconds(elements))
    return [
        Row("bare OPRF of the same elements", CHILDREN / bare, "children/s and core", 1.0),
        Row(
            "import of an export, complete",
            CHILDREN / seconds,
            "children/s and core",
            bare / seconds,
        ),
        Row("OPRF elements for each child", elements / CHILDREN, "elements"),
    ]


async def import_seconds(children: int) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        holders = LocalKeyHolders()
        world = World(Path(folder), holders, LocalTags(holders))
        world.open_epoch()
        lines = [
            row(n, forename=f"Quill{_letters(n)}", surname=f"Bracken{_letters(n * 7)}")
            for n in range(children)
        ]
        started = time.process_time()
        report = await world.import_(lines)
        seconds = time.process_time() - started
        world.close()
    assert not report.refused
    return seconds, holders.evaluated


def _letters(number: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in range(3))


async def _bare_seconds(elements: int) -> float:
    holders = LocalKeyHolders()
    epoch = holders.epoch(1, index_from=0, starts_at=0, ends_at=2**32)
    tags = LocalTags(holders)
    inputs = [secrets.token_bytes(40) for _ in range(elements)]
    started = time.process_time()
    for first in range(0, elements, limits.BATCH_ELEMENTS):
        await tags.tags(inputs[first : first + limits.BATCH_ELEMENTS], epoch, HOLDERS)
    return time.process_time() - started
