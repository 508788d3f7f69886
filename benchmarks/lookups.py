"""A lookup over 50 agencies end to end, in real processes with mutual TLS, and where its time goes.

The time beyond the answer delay is what the federation itself costs: every node's answer leaves a
fixed 500 ms after the query came, on a 50 ms tick.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.table import Row
from deploy.demo.federation import Federation, Say
from deploy.demo.layout import lay_out
from deploy.demo.lookups import Practitioners
from deploy.demo.members import gateway_of
from deploy.demo.people.population import population_of
from deploy.demo.people.published import read_clusters
from deploy.demo.people.stories import Story
from deploy.demo.processes import Processes
from deploy.demo.run import SEED, find_wheel
from fingerpost.private.justification import Justification
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.messages import Accepted, Answers
from fingerpost.runtime import logs, settings
from fingerpost.runtime.env import Env
from practitioner.asking.client import Client
from practitioner.asking.outcome import Question
from practitioner.cli.facts import read_facts
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Session
from practitioner.wiring import EVENTS, open_gateway

LOOKUPS = 25
CHILDREN = 900
STAGES = (
    "evaluations",
    "until accepted",
    "until first answer",
    "until last answer",
    "beyond the answer delay",
)


def measure(say: Say) -> list[Row]:
    people = population_of(read_clusters(find_wheel()), datetime.now(UTC).date(), SEED, CHILDREN)
    with (
        tempfile.TemporaryDirectory(prefix="fp-") as root,
        Processes(Path(root) / "logs") as processes,
    ):
        federation = Federation(lay_out(Path(root)), processes, people, say)
        federation.begin()
        practitioners = Practitioners(federation)
        practitioners.sign_in()
        practitioners.wait_until_all_answer()
        story = people.stories[0]
        loaded = settings.load(
            Path(federation.settings_of(gateway_of(story.requester))), GatewaySettings
        )
        times = asyncio.run(_lookups(loaded, story))
    rows = [
        Row(
            f"lookup over {len(people.agencies)} agencies: {stage}",
            1000 * statistics.median(t[i] for t in times),
            "ms, median",
        )
        for i, stage in enumerate(STAGES)
    ]
    slow = 1000 * sorted(t[-1] for t in times)[int(0.9 * len(times))]
    return [*rows, Row("the same, 9 of 10 lookups within", slow, "ms")]


async def _lookups(loaded: GatewaySettings, story: Story) -> list[Sequence[float]]:
    log = logs.configure("benchmark", EVENTS, strict=False)
    async with open_gateway(loaded, Env.of_system(log)) as gateway:
        times = [await _one(gateway.client, story) for _ in range(LOOKUPS + 2)]
    return times[2:]  # the first ones make the connections


async def _one(client: Client, story: Story) -> Sequence[float]:
    watch = _Watch(client)
    now = int(time.time())
    session = Session(
        agency=story.requester,
        subject="bench-1",
        name="Bench Mark",
        role=story.role,
        acr=Acr.PASSWORD_TOTP,
        auth_time=now,
        entitlement=Entitlement(now + limits.DAY, now + limits.DAY),
    )
    facts = read_facts(list(story.facts), story.purpose, now)
    why = Justification(story.purpose, story.reference, facts=facts)
    question = Question(story.asked, why, story.reach)
    started = time.perf_counter()
    outcome = await client.lookup(session, question)
    total = time.perf_counter() - started
    watch.leave()
    if not outcome.complete:
        raise RuntimeError("an agency did not answer: nothing to measure")
    beyond = total - limits.ANSWER_DELAY_MS / 1000
    return (
        watch.evaluated,
        watch.accepted - started,
        watch.first - started,
        watch.last - started,
        beyond,
    )


class _Watch:
    """Times what passes between the client and its ports."""

    def __init__(self, client: Client) -> None:
        self._sender: Any = client._sender
        self._holders, self._broker = self._sender._key_holders, self._sender._broker
        self._sender._key_holders = self._sender._broker = self
        self.evaluated = self.accepted = self.first = self.last = 0.0

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        started = time.perf_counter()
        tags: tuple[bytes, ...] = await self._holders.evaluate(inputs, epoch)
        self.evaluated = time.perf_counter() - started
        return tags

    async def lookup(self, query: bytes, submission: bytes) -> AsyncGenerator[Any, None]:
        async for event in self._broker.lookup(query, submission):
            now = time.perf_counter()
            if isinstance(event, Accepted):
                self.accepted = self.accepted or now
            elif isinstance(event, Answers):
                self.first = self.first or now
                self.last = now
            yield event

    def leave(self) -> None:
        self._sender._key_holders, self._sender._broker = self._holders, self._broker
