"""A broker and a key holder that send what they like, over real streams and under their own good
papers.

Whatever comes, the gateway ends with a refusal or with gaps: never with an exception of another
kind, never with an answer that the agency did not seal, and a false evaluation never gets as
far as a query.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from fakes.answers import alone
from fakes.refusals import refused
from fakes.serving import serving
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol.codec.carriage import write_event
from fingerpost.protocol.codes import Reach, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import Accepted, Ended, LookupEvent
from fingerpost.runtime.rpc import SERVER_REQUESTERS
from fingerpost.runtime.tls import ServerTls
from fingerpost.wire.v1 import key_holder_pb2
from integration.bad_messages import Bad, spoilt
from integration.running_federation import AREA, EPOCH, SAYS, Federation, answered
from practitioner.asking.grpc_broker import GrpcBroker
from practitioner.asking.query import QueryOnItsWay

pytestmark = pytest.mark.asyncio(loop_scope="module")

INPUTS = [b"one", b"two"]


class Says:
    """Answers every call with these bytes, one message after the other."""

    def __init__(self) -> None:
        self.messages: Iterable[bytes] = ()
        self.called = 0

    async def stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        self.called += 1
        for message in self.messages:
            yield message

    async def one(self, request: bytes, context: Any) -> bytes:
        self.called += 1
        (message,) = self.messages
        return message


@asynccontextmanager
async def in_the_place_of(address: str, tls: ServerTls, service: str) -> AsyncIterator[Says]:
    says = Says()
    handlers = {
        "Lookup": grpc.unary_stream_rpc_method_handler(says.stream),
        "Evaluate": grpc.unary_unary_rpc_method_handler(says.one),
    }
    generic = grpc.method_handlers_generic_handler(service, handlers)
    options = tuple(o for o in SERVER_REQUESTERS if "message_length" not in o[0])

    def add(server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((generic,))

    async with serving(address, tls.credentials(), add, options=options):
        yield says


async def gathered(federation: Federation, sealed: SealedQuery) -> QueryOnItsWay:
    """What the gateway's own edge and state machine make of it; a refusal ends the waiting."""
    current = federation.members.current
    asked = current.agencies_in_reach(AREA, Reach.AREA)
    query = QueryOnItsWay(sealed, current, asked)
    try:
        async for event in GrpcBroker(federation.gateway.broker).lookup(sealed.wire, b"x"):
            query.receive(event)
    except Refused:
        pass
    return query


async def test_events_of_a_broker_out_of_bounds(federation: Federation) -> None:
    sealed = await federation.query()
    _, true = await federation.gateway.submit(sealed)
    address = federation.broker.requesters
    await federation.broker.stop()
    nodes = tuple(federation.nodes)
    good: list[LookupEvent] = [Accepted(sealed.hash, nodes), alone(true[0]), Ended(nodes)]
    bads = [bad for event in good for bad in spoilt(write_event(event))]
    assert len(bads) > 100
    whole = [write_event(alone(answer)).SerializeToString() for answer in true]
    tls = federation.authority.server(federation.broker.me)
    async with in_the_place_of(address, tls, "fingerpost.wire.v1.LookupService") as says:
        await federation.gateway.redial()
        says.messages = whole
        assert answered(await gathered(federation, sealed)) == SAYS["ASKED"]
        for bad in bads:
            says.messages = [bad.data]
            query = await gathered(federation, sealed)
            assert set(answered(query).values()) == {Status.NO_REPLY}, bad
        # What came before it stays, and a message too large for the gateway ends it as well.
        for last in (b"\xff" * 10, bytes(1 << 20)):
            says.messages = [whole[0], last, *whole[1:]]
            found = answered(await gathered(federation, sealed))
            kept = {str(a) for a, status in found.items() if status is not Status.NO_REPLY}
            assert kept == {str(agency) for agency in federation.nodes[true[0].node].agencies}
    await federation.broker.start()
    await federation.attached()
    await federation.gateway.redial()


async def test_evaluations_of_a_key_holder_out_of_bounds(federation: Federation) -> None:
    """Every way of getting an evaluation wrong is seen before a query is made of it."""
    epoch = federation.members.current.parameters.epochs[0]
    assert epoch.number == EPOCH
    federation.wind_back()
    evaluate = federation.gateway.key_holders.evaluate
    await evaluate(INPUTS, epoch)
    first, second = federation.holders
    answers = [h.tape.said[-1].data for h in (first, second)]
    good = key_holder_pb2.EvaluateResponse.FromString(answers[0])
    bads = [
        *spoilt(good),
        Bad("EvaluateResponse", "an earlier answer", answers[0]),
        Bad("EvaluateResponse", "the other holder's", answers[1]),
        Bad("EvaluateResponse", "1 MB", bytes(1 << 20)),
    ]
    assert len(bads) > 30
    await first.stop()
    try:
        async with in_the_place_of(
            first.address,
            federation.authority.server(first.me),
            "fingerpost.wire.v1.KeyHolderService",
        ) as says:
            await federation.gateway.redial()
            evaluate = federation.gateway.key_holders.evaluate
            codes = set()
            for bad in bads:
                says.messages = [bad.data]
                with pytest.raises(Refused) as caught:
                    await evaluate(INPUTS, epoch)
                codes.add(caught.value.code)
            assert says.called == len(bads)
            assert codes == {Code.MALFORMED, Code.BAD_PROOF}
            federation.wind_back()
            says.messages = [answers[0]]
            with refused(Code.BAD_PROOF):
                await federation.ask()
            assert not federation.broker.tape.heard
    finally:
        await first.start()
    await federation.gateway.redial()
    await federation.require_serving()
