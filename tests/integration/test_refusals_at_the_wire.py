"""Every bounded field out of its bounds, over the real sockets, in messages that are well signed
otherwise.

Each is refused with one of our codes, that code's public text, and nothing of what was sent;
nothing is recorded, nothing goes on to a node, and the server serves the next caller. What gRPC
itself refuses (a message beyond the limit) has no code of ours.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from broker import wiring as broker_wiring
from effort import examples
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_answers, write_hello
from fingerpost.protocol.envelope import PayloadType
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.protocol.messages import NodeHello, SealedAnswer, size_class
from fingerpost.wire.v1 import broker_pb2, envelope_pb2, key_holder_pb2, member_list_pb2, query_pb2
from integration.bad_messages import CANARY, Bad, spoilt
from integration.bad_queries import Signer, with_core, without_padding
from integration.running_federation import (
    COUNCIL,
    EPOCH,
    GATEWAY,
    OAK,
    PORTS,
    SPARE,
    Federation,
)
from integration.wire_callers import (
    ATTACH,
    EVALUATE,
    FETCH,
    HELLO,
    LOOKUP,
    Ended,
    Refusal,
    ask,
    attach,
    require_not_heard,
    require_refused,
)
from key_holder import wiring as holder_wiring

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

ANY_NUMBER = ("missing", "all ones", "32 ones", "not in the list")
IN_BOUNDS = {
    # A list that is newer or older is not wrong: the nodes look at what they have.
    *(("QueryCore.metadata_version", how) for how in ANY_NUMBER),
    *(("NodeHello.metadata_version", how) for how in ANY_NUMBER),
    ("NodeHello", "empty"),
    # protobuf joins a message that stands twice to itself; what is signed inside is the same.
    ("LookupRequest.submission", "twice"),
}


@dataclass
class Scene:
    federation: Federation
    channels: dict[str, grpc.aio.Channel]
    wire: bytes = b""
    query_hash: bytes = b""
    submission: bytes = b""
    batch: bytes = b""
    met: set[Code] = field(default_factory=set)

    @property
    def signer(self) -> Signer:
        gateway = self.federation.gateway
        counted = gateway.counted[self.query_hash]
        return Signer(GATEWAY, gateway.key, COUNCIL, str(EPOCH), gateway.requester_key, *counted)

    def counts(self) -> tuple[int, int, int]:
        """Lookups recorded, frames that went to nodes, evaluations recorded."""
        broker, holder = self.federation.broker, self.federation.holders[0]
        with (
            closing(broker_wiring.open_audit(broker.settings)) as lookups,
            closing(holder_wiring.open_audit(holder.settings)) as evaluations,
        ):
            frames = sum(t.method == "Attach" for t in broker.tape.said)
            return lookups.head().seq, frames, evaluations.head().seq


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(federation: Federation) -> AsyncIterator[Scene]:
    requester = federation.papers(GATEWAY, Party.GATEWAY)
    papers = {"requesters": requester, "nodes": federation.papers(SPARE, Party.NODE)}
    channels = {port: federation.door(port).dial(papers.get(port, requester)) for port in PORTS}
    made = Scene(federation, channels)
    await federation.require_serving()
    made.batch = federation.holders[0].tape.heard[-1].data
    # Good, and never sent: taken as it is, it would be carried.
    good = await federation.query()
    made.wire, made.query_hash = good.wire, good.hash
    made.submission = made.signer.submission(made.wire)
    yield made
    for channel in channels.values():
        await channel.close(None)


async def require_all_refused(
    scene: Scene, channel: grpc.aio.Channel, method: str, bads: Sequence[Bad]
) -> None:
    """All of them, some at a time; then everything is as it was."""
    before = scene.counts()

    async def one(bad: Bad) -> None:
        ended = (
            await attach(channel, [bad.data])
            if method == ATTACH
            else await ask(channel, method, bad.data)
        )
        require_tidy(scene, bad, ended)

    # The nodes' port takes four calls at once on one connection.
    together = 2 if channel is scene.channels["nodes"] else 16
    for first in range(0, len(bads), together):
        await asyncio.gather(*(one(bad) for bad in bads[first : first + together]))
    assert scene.counts() == before
    await scene.federation.require_serving()


def require_tidy(scene: Scene, bad: Bad, ended: Ended) -> None:
    assert isinstance(ended, Refusal), bad
    assert CANARY not in ended.everything, bad
    if ended.code is None:
        assert ended.status is grpc.StatusCode.RESOURCE_EXHAUSTED, (bad, ended)
        assert len(bad.data) > limits.MESSAGE_BYTES, bad
        assert not ended.trailers, bad
        return
    ended.require_tidy(CANARY)
    assert ended.code is not Code.REPLAYED, bad  # it was taken once
    scene.met.add(ended.code)


def out_of_bounds(message: Message) -> Iterator[Bad]:
    return (bad for bad in spoilt(message) if (bad.field, bad.how) not in IN_BOUNDS)


async def test_requests_of_requesters(scene: Scene) -> None:
    message = broker_pb2.LookupRequest(query=scene.wire, submission=scene.submission)
    bads = list(out_of_bounds(message))
    bads.append(Bad("LookupRequest", "1 MB", bytes(1 << 20)))
    assert len(bads) > 30
    await require_all_refused(scene, scene.channels["requesters"], LOOKUP, bads)


async def test_envelopes_of_queries(scene: Scene) -> None:
    message = envelope_pb2.Envelope.FromString(scene.wire)
    bads = [
        Bad(bad.field, bad.how, scene.signer.request(bad.data)) for bad in out_of_bounds(message)
    ]
    await require_all_refused(scene, scene.channels["requesters"], LOOKUP, bads)


async def test_queries_that_the_requesters_key_did_not_sign(scene: Scene) -> None:
    """A gateway's own key is not enough, and the envelope names a listed epoch and nobody."""
    good = scene.signer
    payload = without_padding(scene.wire).SerializeToString(deterministic=True)
    assert good.query(payload) == scene.wire
    before = scene.counts()
    for changes, code in (
        ({"requester_key": good.key}, Code.BAD_SIGNATURE),
        ({"requester_key": Ed25519PrivateKey.generate()}, Code.BAD_SIGNATURE),
        ({"epoch": "2"}, Code.UNSUPPORTED),
        ({"epoch": str(good.gateway), "requester_key": good.key}, Code.MALFORMED),
        ({"epoch": str(good.agency)}, Code.MALFORMED),
        ({"epoch": f"0{good.epoch}"}, Code.MALFORMED),
        ({"epoch": ""}, Code.MALFORMED),
    ):
        wire = replace(good, **changes).query(payload)
        assert len(wire) == limits.QUERY_BYTES
        ended = await ask(scene.channels["requesters"], LOOKUP, good.request(wire))
        require_refused(ended, code)
    assert scene.counts() == before
    await scene.federation.require_serving()


async def test_a_submission_that_the_gateway_did_not_sign(scene: Scene) -> None:
    """The key that all gateways share makes no submission, and an agency asks through no gateway
    but its own."""
    good = scene.signer
    before = scene.counts()
    for changes, code in (
        ({"key": good.requester_key}, Code.BAD_SIGNATURE),
        ({"gateway": SPARE}, Code.BAD_SIGNATURE),
        ({"agency": OAK}, Code.NOT_A_MEMBER),
    ):
        request = replace(good, **changes).request(scene.wire)
        require_refused(await ask(scene.channels["requesters"], LOOKUP, request), code)
    assert scene.counts() == before
    await scene.federation.require_serving()


async def test_queries_that_are_signed_well(scene: Scene) -> None:
    message = without_padding(scene.wire)
    bads = []
    for bad in out_of_bounds(message):
        if bad.field == "Query.padding":
            wire = scene.signer.envelope(PayloadType.QUERY, bad.data).SerializeToString()
        else:
            wire = scene.signer.query(bad.data)
        bads.append(Bad(bad.field, bad.how, scene.signer.request(wire)))
    await require_all_refused(scene, scene.channels["requesters"], LOOKUP, bads)


async def test_cores_of_queries_that_are_signed_well(scene: Scene) -> None:
    core = query_pb2.QueryCore.FromString(without_padding(scene.wire).core)
    other_epoch, other_area = query_pb2.QueryCore(), query_pb2.QueryCore()
    for other in (other_epoch, other_area):
        other.CopyFrom(core)
    other_epoch.epoch += 1
    other_area.area = "e99000002"
    wrong = (
        Bad("QueryCore.epoch", "not the key's", other_epoch.SerializeToString(deterministic=True)),
        Bad("QueryCore.area", "not its own", other_area.SerializeToString(deterministic=True)),
    )
    whole = bads_met = 0
    bads = []
    for bad in (*out_of_bounds(core), *wrong):
        wire = scene.signer.query(with_core(scene.wire, bad.data))
        whole += len(wire) == limits.QUERY_BYTES
        bads_met += 1
        bads.append(Bad(bad.field, bad.how, scene.signer.request(wire)))
    assert bads_met > 180
    assert whole > 2 * bads_met // 3  # most come as far as the core itself
    scene.met.clear()
    await require_all_refused(scene, scene.channels["requesters"], LOOKUP, bads)
    assert {
        Code.MALFORMED,
        Code.UNSUPPORTED,
        Code.NOT_FRESH,
        Code.NOT_ALLOWED,
        Code.BAD_SIGNATURE,
    } <= scene.met


async def test_submissions(scene: Scene) -> None:
    signer = scene.signer
    envelope = envelope_pb2.Envelope.FromString(scene.submission)
    payload = query_pb2.Submission.FromString(envelope.payload)
    submissions = [*out_of_bounds(envelope)]
    for bad in out_of_bounds(payload):
        signed = signer.envelope(PayloadType.SUBMISSION, bad.data)
        submissions.append(Bad(bad.field, bad.how, signed.SerializeToString()))
    bads = [
        Bad(
            bad.field,
            bad.how,
            broker_pb2.LookupRequest(query=scene.wire, submission=bad.data).SerializeToString(),
        )
        for bad in submissions
    ]
    await require_all_refused(scene, scene.channels["requesters"], LOOKUP, bads)


async def test_first_messages_of_nodes(scene: Scene) -> None:
    hello = write_hello(NodeHello(1))
    bads = list(out_of_bounds(hello))
    answers = write_answers([SealedAnswer(bytes(32), 0, bytes(size_class(1).sealed_bytes))])
    bads.append(Bad("AttachRequest", "answers first", answers.SerializeToString()))
    await require_all_refused(scene, scene.channels["nodes"], ATTACH, bads)


async def test_answers_of_nodes(scene: Scene) -> None:
    """A bad frame ends that node's stream; it says hello first, as a node does."""
    message = write_answers([SealedAnswer(bytes(32), 0, bytes(size_class(1).sealed_bytes))])
    before = scene.counts()
    bads = [*spoilt(message), Bad("AttachRequest", "nobody asked", message.SerializeToString())]
    bads.append(Bad("AttachRequest", "hello again", HELLO))
    assert len(bads) > 60
    for bad in bads:
        ended = await attach(scene.channels["nodes"], [HELLO, bad.data])
        require_tidy(scene, bad, ended)
        require_refused(ended, Code.MALFORMED)
    assert scene.counts() == before
    await scene.federation.require_serving()


async def test_batches_for_a_key_holder(scene: Scene) -> None:
    message = key_holder_pb2.EvaluateRequest.FromString(scene.batch)
    elements = message.blinded
    bads = list(out_of_bounds(message))
    for how, wrong in (
        ("the identity", bytes(32) + elements[32:]),
        ("no point", b"\xff" * 32 + elements[32:]),
        ("31 elements", elements[32:]),
        ("33 elements", elements[:32] + elements),
        ("257 elements", elements[:32] * 257),
    ):
        spoilt_ = key_holder_pb2.EvaluateRequest(
            epoch=1, workload=key_holder_pb2.WORKLOAD_LOOKUP, blinded=wrong
        )
        bads.append(Bad("EvaluateRequest.blinded", how, spoilt_.SerializeToString()))
    bads.append(Bad("EvaluateRequest", "1 MB", bytes(1 << 20)))
    points = [bad for bad in bads if bad.how in ("the identity", "no point")]
    before = scene.counts()
    for bad in points:  # well formed, so metered and recorded; then the point is looked at
        ended = await ask(scene.channels["holder"], EVALUATE, bad.data)
        require_tidy(scene, bad, ended)
        require_refused(ended, Code.MALFORMED)
    assert scene.counts()[2] == before[2] + len(points)
    others = [bad for bad in bads if bad not in points]
    await require_all_refused(scene, scene.channels["holder"], EVALUATE, others)


PATHS = (
    "",
    "/etc/passwd",
    "metadata/../root.json",
    "metadata/root.json/",
    "metadata//root.json",
    "metadata/%2e%2e/root.json",
    "targets/members/../../metadata/root.json",
    "targets/peppers/1/schools-host.json",
    "metadata/root.json\0",
    "metadata/0.root.json",
    "targets/areas/e99000001.json.bak",
    "file:///etc/passwd",
    "metadata/ROOT.json",
    "targets/members/.json",
    "a" * 129,
)


@pytest.mark.parametrize("port", ["requesters", "nodes"])
async def test_paths_of_the_member_list(scene: Scene, port: str) -> None:
    message = member_list_pb2.FetchRequest(path="metadata/timestamp.json")
    channel = scene.channels[port]
    assert isinstance(await ask(channel, FETCH, message.SerializeToString()), tuple)
    bads = list(out_of_bounds(message))
    for path in PATHS:
        wrong = member_list_pb2.FetchRequest(path=path).SerializeToString()
        bads.append(Bad("FetchRequest.path", path or "empty", wrong))
    await require_all_refused(scene, channel, FETCH, bads)


async def test_a_far_too_long_anything_is_refused_by_grpc_itself(scene: Scene) -> None:
    for port, method in (("requesters", LOOKUP), ("holder", EVALUATE), ("requesters", FETCH)):
        data = CANARY.encode() * (1 << 16)
        ended = await ask(scene.channels[port], method, data)
        require_not_heard(ended, grpc.StatusCode.RESOURCE_EXHAUSTED, CANARY)
    ended = await attach(scene.channels["nodes"], [HELLO, CANARY.encode() * (1 << 17)])
    require_not_heard(ended, grpc.StatusCode.RESOURCE_EXHAUSTED, CANARY)
    await scene.federation.require_serving()


@given(data=st.data())
@examples(40)
async def test_any_bytes_where_a_message_should_be(scene: Scene, data: st.DataObject) -> None:
    """Bits flipped, pieces left out, put in and doubled, at any place of a good request."""
    good = broker_pb2.LookupRequest(
        query=scene.wire, submission=scene.submission
    ).SerializeToString()
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        place = rng.randrange(len(bad))
        match data.draw(st.sampled_from(["flip", "cut", "put", "double"])):
            case "flip":
                bad[place] ^= 1 << rng.randrange(8)
            case "cut":
                del bad[place : place + rng.randrange(1, 200)]
            case "put":
                bad[place:place] = rng.randbytes(rng.randrange(1, 200))
            case _:
                bad[place:place] = bad[place : place + rng.randrange(1, 200)]
    if bytes(bad) == good:
        return
    before = scene.counts()
    ended = await ask(scene.channels["requesters"], LOOKUP, bytes(bad))
    require_tidy(scene, Bad("LookupRequest", "mangled", bytes(bad)), ended)
    assert scene.counts() == before


async def test_what_all_these_were_made_from_is_good(scene: Scene) -> None:
    """Last of the requesters' tests: each was refused for what was changed."""
    ended = await ask(scene.channels["requesters"], LOOKUP, scene.signer.request(scene.wire))
    assert isinstance(ended, tuple)
    answers = [
        (each.node, each.part)
        for message in ended
        for each in broker_pb2.LookupResponse.FromString(message).answers.answers
    ]
    assert len(answers) == len(set(answers)) == 3
