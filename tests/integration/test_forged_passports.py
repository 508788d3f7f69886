"""A passport that does not hold opens nothing: not at the agency that knows the child, not over the
real wire.

The queries are right in all else: the child's own locators, wraps that open, a listed gateway's
submission, the requesters' signature. So they do open where the child is known; there it is
recorded who was refused why, and the answer is the one that all get.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio

from agency_node.answering.entries import read_body
from fakes.handles import NO_PROOF, a_counting
from fakes.justified import justified
from fakes.refusals import refused
from fingerpost.private.codec import write_inner
from fingerpost.private.messages import Inner
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import write_core
from fingerpost.protocol.codes import Purpose, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.messages import NodeAnswer, size_class
from fingerpost.runtime.rpc import refused_from
from fingerpost.wire.v1 import private_pb2
from integration.forgeries import FORGERIES, Original
from integration.running_federation import (
    ASKED,
    COUNCIL,
    GATEWAY,
    HOSTED,
    OAK,
    SAYS,
    SPARE,
    Federation,
    answered,
)
from practitioner.asking.query import QueryOnItsWay

pytestmark = pytest.mark.asyncio(loop_scope="module")

HONEST = "honest"
REFERENCE = "REF/2026/FORGED"


@dataclass(frozen=True)
class Tried:
    sealed: SealedQuery
    token: str
    query: QueryOnItsWay
    answers: list[NodeAnswer]

    @property
    def statuses(self) -> dict[AgencyId, Status]:
        return answered(self.query)

    def require_nothing_disclosed(self) -> None:
        """From the three nodes, in answers of the sizes that their agencies give."""
        assert set(self.statuses.values()) == {Status.NOTHING_TO_DISCLOSE}
        assert not any(found.pointers for found in self.query.answers().values())
        assert self.query.rejected == 0
        sizes = {a.node: len(a.sealed) for a in self.answers}
        assert sizes == {
            node: size_class(len(agencies)).sealed_bytes for node, agencies in HOSTED.items()
        }


@dataclass(frozen=True)
class Evidence:
    federation: Federation
    tried: dict[str, Tried]

    async def submit(self, name: str, sealed: SealedQuery) -> Tried:
        tried = Tried(sealed, "", *await self.federation.gateway.submit(sealed))
        self.tried[name] = tried
        return tried

    def recorded(self, name: str) -> list[tuple[str, Code | None]]:
        """What OAK and the practice recorded of it: the finding, and why it was refused."""
        hash_ = self.tried[name].sealed.hash.hex()
        found = []
        for node in self.federation.nodes.values():
            for agency in node.agencies:
                for entry in node.entries(agency):
                    if entry.fields["query"] == hash_ and entry.body is not None:
                        refusal = read_body(entry.body).refusal
                        code = Code(refusal) if refusal else None
                        found.append((str(entry.fields["finding"]), code))
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evidence(federation: Federation) -> Evidence:
    gateway = federation.gateway
    now = federation.clock.now()
    openings = await gateway.openings(ASKED, int(now))

    async def asked_once(name: str) -> Tried:
        issued = gateway.desk.issue(federation.session(), now)
        original = Original(issued.token, federation.passport_key)
        token = original.token if name == HONEST else FORGERIES[name](original)
        why = justified(Purpose.S47_ENQUIRY, REFERENCE)
        inner = Inner(COUNCIL, GATEWAY, token, why, ASKED, a_counting(), issued.handle_proof)
        sealed = gateway.sealed(inner, issued, openings)
        return Tried(sealed, token, *await gateway.submit(sealed))

    async def one(name: str) -> Tried:
        # A machine that stood still answers TRY_AGAIN before it looks at anything, the
        # passport included.
        tried = await asked_once(name)
        for _ in range(20):
            if Status.TRY_AGAIN not in tried.statuses.values():
                break
            tried = await asked_once(name)
        return tried

    # Some at a time, the honest one among them: they share frames, and no node is in a rush.
    places = asyncio.Semaphore(5)

    async def in_turn(name: str) -> Tried:
        async with places:
            return await one(name)

    names = [*list(FORGERIES)[::2], HONEST, *list(FORGERIES)[1::2]]
    tried = await asyncio.gather(*(in_turn(name) for name in names))
    return Evidence(federation, dict(zip(names, tried, strict=True)))


async def test_the_honest_one_among_them_is_answered(evidence: Evidence) -> None:
    """Nothing else is lost for them; and the queries below would have opened."""
    assert evidence.tried[HONEST].statuses == SAYS["ASKED"]
    assert evidence.recorded(HONEST) == [("match", None)] * 2


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_passport_gets_the_answer_that_all_get(
    evidence: Evidence, name: str
) -> None:
    tried = evidence.tried[name]
    tried.require_nothing_disclosed()
    # Answered in full: generation and date of the records as for any "no".
    honest = evidence.tried[HONEST].query.answers()
    assert {a: w.generation for a, w in tried.query.answers().items()} == {
        a: w.generation for a, w in honest.items()
    }


@pytest.mark.parametrize("name", FORGERIES)
async def test_it_is_recorded_where_it_opened(evidence: Evidence, name: str) -> None:
    """At both agencies that hold the child; with a code, and without anything it said."""
    recorded = evidence.recorded(name)
    wanted = Code.BAD_SIGNATURE if name == "another's cnf" else Code.BAD_PASSPORT
    assert recorded == [("refused", wanted)] * 2


async def test_nothing_of_a_forged_passport_is_kept_or_logged(evidence: Evidence) -> None:
    """Nobody vouches for what is in it, so it does not stand in a record as if somebody did."""
    federation = evidence.federation
    hashes = {evidence.tried[name].sealed.hash.hex() for name in FORGERIES}
    planted = [b"manager-0001", b"ADMINISTRATOR", REFERENCE.encode(), ASKED.surname.encode()]
    signatures = [t.token.split(".")[-1].encode() for t in evidence.tried.values()]
    planted += [signature for signature in signatures if len(signature) > 50]
    recorded = 0
    for node in federation.nodes.values():
        assert node.written.getvalue()
        for text in planted:
            assert text.decode() not in node.written.getvalue()
        for agency in node.agencies:
            for entry in node.entries(agency):
                if entry.fields["query"] in hashes:
                    recorded += 1
                    assert entry.body is not None
                    assert read_body(entry.body).asked is None
                    assert not any(text in entry.body for text in planted)
    assert recorded >= 2 * len(FORGERIES), "each is recorded at both agencies"
    for text in planted:
        assert text.decode() not in federation.broker.written.getvalue()


# ---- beyond what an honest gateway's code can even seal ------------------------------------------


@contextmanager
def with_its_own(name: str, made: object) -> Iterator[None]:
    """A program of the requester in which one step of sealing is another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"fingerpost.private.query_sealing.{name}", made)
        yield


async def raw(federation: Federation, *cleared: str, **more: Any) -> SealedQuery:
    """A query whose inner part is changed past all bounds of our own writer: without the fields
    that are ``cleared``, and with the values of ``more``."""

    def written(inner: Inner, core_hash: bytes, revision: int) -> bytes:
        message = private_pb2.Inner.FromString(write_inner(inner, core_hash, revision))
        for name in cleared:
            message.ClearField(name)  # type: ignore[arg-type]
        for name, value in more.items():
            setattr(message, name, value)
        return message.SerializeToString(deterministic=True)

    with with_its_own("write_inner", written):
        return await federation.query()


async def test_what_is_changed_below_is_good(evidence: Evidence) -> None:
    """The control: with nothing changed, a query that is written by hand is answered."""
    tried = await evidence.submit("unchanged", await raw(evidence.federation))
    assert tried.statuses == SAYS["ASKED"]
    assert evidence.recorded("unchanged") == [("match", None)] * 2


async def test_a_passport_of_a_megabyte_does_not_fit(evidence: Evidence) -> None:
    """The sealed part has one size; and a query with a longer one is not a query."""
    with refused(Code.MALFORMED):
        await raw(evidence.federation, passport="a" * (1 << 20))
    why = justified(Purpose.S47_ENQUIRY)
    with pytest.raises(Refused):
        Inner(
            COUNCIL,
            GATEWAY,
            "a" * (limits.PASSPORT_BYTES + 1),
            why,
            ASKED,
            a_counting(),
            NO_PROOF,
        )


@pytest.mark.parametrize(
    "how", ["a passport too long", "a passport without end", "no passport", "another purpose"]
)
async def test_an_inner_part_out_of_bounds_gets_the_answer_that_all_get(
    evidence: Evidence, how: str
) -> None:
    federation = evidence.federation
    match how:
        case "a passport too long":
            sealed = await raw(federation, passport="a" * 2000)
        case "a passport without end":
            sealed = await raw(federation, passport="a.b." + "c" * 2500)
        case "no passport":
            sealed = await raw(federation, passport="\0")
        case _:
            sealed = await raw(federation, purpose=4711)
    (await evidence.submit(how, sealed)).require_nothing_disclosed()
    assert [finding for finding, _ in evidence.recorded(how)] == ["refused", "refused"]


async def test_a_content_key_that_was_not_committed_to_opens_nothing(evidence: Evidence) -> None:
    """Attack: one ciphertext, two keys: this agency is shown another child than that one."""
    with with_its_own("commitment", lambda *_: bytes(32)):
        sealed = await evidence.federation.query()
    (await evidence.submit("two keys", sealed)).require_nothing_disclosed()
    assert evidence.recorded("two keys") == [("refused", Code.BAD_COMMITMENT)] * 2


@pytest.mark.parametrize("how", ["no reference", "no facts", "a purpose of other roles"])
async def test_terms_that_are_not_met_are_refused_there_too(evidence: Evidence, how: str) -> None:
    """The asking side refuses it itself; a gateway that does not is met by every node."""
    match how:
        case "no reference":
            sealed = await raw(evidence.federation, "reason_reference")
        case "no facts":
            sealed = await raw(evidence.federation, "facts")
        case _:
            sealed = await raw(evidence.federation, purpose=int(Purpose.SAFEGUARDING_CONCERN))
    (await evidence.submit(how, sealed)).require_nothing_disclosed()
    assert evidence.recorded(how) == [("refused", Code.NOT_ALLOWED)] * 2


@pytest.mark.parametrize(
    "names", [{"agency": str(OAK)}, {"gateway": str(SPARE)}], ids=["agency", "gateway"]
)
async def test_a_requester_who_is_none_is_refused_where_it_opens(
    evidence: Evidence, names: dict[str, str]
) -> None:
    """OAK asks through no gateway, and the council through one only. The nodes do not see who asks;
    who opens the query does."""
    (name,) = names
    sealed = await raw(evidence.federation, **names)
    (await evidence.submit(name, sealed)).require_nothing_disclosed()
    assert evidence.recorded(name) == [("refused", Code.NOT_A_MEMBER)] * 2


async def test_a_query_for_an_agency_that_does_not_ask_is_refused_by_the_broker(
    evidence: Evidence,
) -> None:
    """OAK asks through no gateway, and its name in a well signed submission does not make it so."""
    sealed = await evidence.federation.query()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await evidence.federation.gateway.submit(sealed, OAK)
    assert refused_from(caught.value).code is Code.NOT_A_MEMBER


async def test_a_query_that_counts_from_another_area_is_refused_by_the_broker(
    evidence: Evidence,
) -> None:
    """Attack: ask an area that is not the agency's."""
    other = AreaCode("e99000002")
    with with_its_own("write_core", lambda core: write_core(replace(core, area=other))):
        sealed = await evidence.federation.query()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await evidence.federation.gateway.submit(sealed)
    assert refused_from(caught.value).code is Code.NOT_ALLOWED
