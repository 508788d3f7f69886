"""A program that embeds a gateway, as docs/embedding.md says, and asks what it is told to.

It reads one question a line on its input, asks as many at once as come, and writes what was shown
to the practitioner, one line of JSON each. ``python -m soak.gateway <settings file>``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import practitioner.wiring
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.settings import load
from integration.running_federation import QUESTION, a_session
from practitioner.asking.outcome import Outcome, Question
from practitioner.settings import GatewaySettings
from soak.oracle import CHILDREN

READY = "ready"


def shown(outcome: Outcome) -> dict[str, Any]:
    return {
        "operation": outcome.operation,
        "statuses": {str(a.agency.id): a.status.name for a in outcome.agencies},
        "complete": outcome.complete,
        "silent": [each.kind.name for each in outcome.services if each.none_named_itself],
    }


async def answered(gateway: practitioner.wiring.Gateway, env: Env, asked: dict[str, Any]) -> None:
    question = Question(CHILDREN[asked["child"]], QUESTION.justification, QUESTION.reach)
    session = a_session(env.clock.now(), asked["subject"], "Rosalind Merriweather")
    try:
        found = shown(await gateway.client.lookup(session, question))
    except Refused as refused:
        found = {"refused": refused.code.name}
    except Defect as defect:
        found = {"refused": type(defect).__name__}
    sys.stdout.write(json.dumps({"number": asked["number"], **found}) + "\n")
    sys.stdout.flush()


async def serve(settings: Path) -> None:
    log = logs.configure("gateway", practitioner.wiring.EVENTS, strict=False)
    env = Env.of_system(log)
    async with (
        practitioner.wiring.open_gateway(load(settings, GatewaySettings), env) as gateway,
        asyncio.TaskGroup() as asking,
    ):
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            asking.create_task(answered(gateway, env, json.loads(line)))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
