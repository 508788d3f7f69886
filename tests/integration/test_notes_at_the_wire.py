"""Notes over real connections and real stores: there and back, and on the wire one size."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from agency_node.notes.ports import KeptNote as NodeNote
from fakes.refusals import refused
from fakes.simulated_holders import QuietLog
from fingerpost.private.notes import Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code
from fingerpost.protocol.packets import hour_of
from integration.running_federation import HOSTED, OAK, Federation, running
from practitioner.asking.exchanging import Exchanging
from practitioner.asking.grpc_notes import GrpcExchanges
from practitioner.asking.notes import KeptNote, moment

KEY = bytes(32)


@pytest_asyncio.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    async with running(tmp_path) as made:
        yield made


def exchanging_of(federation: Federation) -> Exchanging:
    """The task of ``fingerpost serve``, beside a gateway that asks."""
    gateway = federation.gateway
    return Exchanging(
        KEY,
        gateway.opened.people.notes,
        GrpcExchanges(gateway.broker),
        gateway.members,
        federation.clock,
        secrets.token_bytes,
        QuietLog(),
    )


async def pass_an_hour(federation: Federation, exchanging: Exchanging) -> None:
    """Have the next exchange with every node; then all read what came."""
    hour = hour_of(federation.clock.now()) + 1
    for at in sorted(moment(KEY, node, hour) for node in HOSTED):
        federation.clock.step(at + 0.1 - federation.clock.now())
        await exchanging.step()
    for node in federation.nodes.values():
        await asyncio.to_thread(node.opened.carry_over)
        await node.opened.notes.tend()


async def test_a_note_and_its_answer_arrive_within_two_hours(federation: Federation) -> None:
    outcome = await federation.ask()
    node = next(each for each in federation.nodes.values() if OAK in each.agencies)
    await asyncio.to_thread(node.opened.carry_over)
    kept = federation.gateway.opened.people.notes
    at = int(federation.clock.now())
    kept.mark([KeptNote(outcome.operation, Note(bytes(8), NoteKind.SPOKE, OAK, at))])
    exchanging = exchanging_of(federation)
    await pass_an_hour(federation, exchanging)

    store = node.opened.notes.notes._store
    (came,) = store.came(OAK)
    assert came.note == Note(bytes(8), NoteKind.SPOKE, OAK, at)
    assert [note.left for note in kept.about(outcome.operation)] == [True]
    store.leave(NodeNote(came.query, Note(b"\1" * 8, NoteKind.THEY_RANG, OAK, at + 1)))
    await node.opened.notes.tend()
    await pass_an_hour(federation, exchanging)
    assert [n.note.kind for n in kept.about(outcome.operation) if n.came] == [NoteKind.THEY_RANG]
    await pass_an_hour(federation, exchanging)
    assert store.waiting() == ()

    said = [t.data for t in federation.broker.tape.said if t.method == "Exchange"]
    assert len(said) == 3 * len(HOSTED)
    assert len({len(data) for data in said}) == 1


async def test_a_pair_has_one_exchange_an_hour(federation: Federation) -> None:
    node, now = next(iter(HOSTED)), federation.clock.now()
    exchanges = GrpcExchanges(federation.gateway.broker)
    packet = secrets.token_bytes(limits.PACKET_BYTES)
    assert len(await exchanges.exchange(node, hour_of(now), packet)) == limits.PACKET_BYTES
    with refused(Code.QUOTA):
        await exchanges.exchange(node, hour_of(now), packet)
    with refused(Code.MALFORMED):
        await exchanges.exchange(node, hour_of(now), packet + b"\0")
