"""A second round over real connections and real stores: asked once, said why on both sides' logs,
in the same sizes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agency_node.answering.audit import read_body
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_queries
from fingerpost.protocol.codes import Purpose, Reach, Status, WideningReason
from fingerpost.protocol.errors import Refused
from fingerpost.wire.v1 import broker_pb2
from integration.running_federation import ASKED, COUNCIL, OAK, Federation, running, statuses
from practitioner.asking.outcome import Again, Question, Widened
from practitioner.asking.plan import LookupRule
from practitioner.wiring import open_audit

BECAUSE = WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION


@pytest_asyncio.fixture
async def federation(tmp_path: Path) -> AsyncIterator[Federation]:
    async with running(tmp_path) as made:
        yield made


async def test_a_second_round_is_asked_once_and_says_why_on_both_sides(
    federation: Federation,
) -> None:
    gateway, session = federation.gateway, federation.session()
    first = await gateway.lookup(session, Question(ASKED, Justification(Purpose.S47_ENQUIRY)))
    assert first.complete
    again = Again(Widened(first.operation, BECAUSE))
    second = await gateway.client.widen(session, again)
    assert second.widened == Widened(first.operation, BECAUSE)
    assert (second.reach, statuses(second)) == (Reach.AREA_AND_NEIGHBOURS, statuses(first))
    assert statuses(second)[OAK] is Status.INVOLVED

    for spent in (first, second):
        with pytest.raises(Refused) as refused:
            await gateway.client.widen(session, Again(Widened(spent.operation, BECAUSE)))
        assert refused.value.rule is LookupRule.SECOND_TAKEN
    other = federation.session("account-9d20", "Tobias Fairweather")
    with pytest.raises(Refused) as refused:
        await gateway.client.widen(other, again)
    assert refused.value.rule is LookupRule.NO_SUCH_OUTCOME

    asked = open_audit(gateway.settings, COUNCIL)
    entries = [e for e in asked.show(0, 2**40, decrypt=False) if e.kind == "lookup.widened"]
    asked.close()
    (widened,) = entries
    assert widened.fields == {"after": first.operation, "because": BECAUSE.name}
    node = next(n for n in federation.nodes.values() if OAK in n.agencies)
    narrow, *_, told = node.entries(OAK)
    assert (narrow.fields["widened"], told.fields["widened"]) == (False, True)
    assert told.body is not None
    body = read_body(told.body)
    assert body.asked is not None
    assert (body.asked.name, body.asked.justification.widened_because) == (
        "Rosalind Merriweather",
        BECAUSE,
    )

    frames = [t.data for t in federation.broker.tape.said if t.method == "Attach"]
    queries = [q for f in frames for q in read_queries(broker_pb2.AttachResponse.FromString(f))]
    assert {len(query) for query in queries} == {limits.QUERY_BYTES}
    assert not any(BECAUSE.name.encode() in frame for frame in frames)
