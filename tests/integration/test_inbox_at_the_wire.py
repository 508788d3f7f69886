"""The inbox beside running parties: a lookup is asked, listed, opened, challenged and answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from typer.testing import CliRunner, Result

import agency_node.cli
import practitioner.cli
from fingerpost.protocol.errors import Defect
from integration.running_federation import OAK, Federation, running


@pytest_asyncio.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    async with running(tmp_path) as made:
        yield made


async def at_node(federation: Federation, command: str, *words: str) -> Result:
    node = next(each for each in federation.nodes.values() if OAK in each.agencies)
    file = str(node.folder.parent / "node.toml")
    arguments = ["inbox", command, *words, "--settings", file]
    if command != "verify":
        arguments += ["--agency", str(OAK), "--by", "dpo.reed", "--why", "daily"]
    app = agency_node.cli.app
    return await asyncio.to_thread(CliRunner().invoke, app, arguments, env={"COLUMNS": None})


async def at_gateway(federation: Federation, command: str, *words: str) -> Result:
    file = str(federation.gateway.folder / "settings.toml")
    arguments = ["audit", command, *words, "--settings", file]
    return await asyncio.to_thread(CliRunner().invoke, practitioner.cli.app, arguments)


def flat(done: Result) -> str:
    assert done.exit_code == 0, (done.output, done.exception)
    return re.sub(r"\s+", " ", done.stdout)


async def test_a_lookup_is_challenged_and_answered_by_files_that_both_sides_verify(
    federation: Federation, tmp_path: Path
) -> None:
    await federation.ask()
    node = next(each for each in federation.nodes.values() if OAK in each.agencies)
    await asyncio.to_thread(node.opened.carry_over)
    listed = flat(await at_node(federation, "list", "--format", "csv"))
    assert "you were named" in listed
    number = re.findall(r"(?:^| )(\d+)(?: \d+)?,20", listed)[0]

    # The import is new, so the log does not show who asked before an officer gives a reason.
    out, answer = tmp_path / "challenge", tmp_path / "answer"
    doubts = (number, "--about", "REFERENCE", "--out", str(out))
    early = await at_node(federation, "challenge", *doubts)
    assert isinstance(early.exception, Defect)
    assert not out.exists()
    assert "Ring" in flat(await at_node(federation, "open", number, "--reveal"))
    assert "Answer due" in flat(await at_node(federation, "challenge", *doubts))

    for shown in (
        await at_node(federation, "verify", str(out)),
        await at_gateway(federation, "verify-challenge", str(out)),
    ):
        assert "Doubted the case or referral behind the reference" in flat(shown)
    answering = (str(out), "--explain", "on-record", "--out", str(answer), "--why", "case-3")
    told = flat(await at_gateway(federation, "answer-challenge", *answering))
    assert "Lookup " in told
    recorded = flat(await at_gateway(federation, "show"))
    assert "challenge.answered" in recorded
    assert "says=ON_RECORD" in recorded

    read = flat(await at_node(federation, "answered", str(answer)))
    assert "It says it is on record, and can be shown to you" in read
    handled = flat(await at_node(federation, "list", "--format", "csv"))
    for act in ("revealed by dpo.reed", "challenged by dpo.reed", "answer read by dpo.reed"):
        assert act in handled
    assert "tripwire" not in flat(await at_node(federation, "exceptions"))

    spoilt = tmp_path / "spoilt"
    spoilt.write_bytes(answer.read_bytes()[:-1] + b"\0")
    assert (await at_node(federation, "verify", str(spoilt))).exit_code != 0
