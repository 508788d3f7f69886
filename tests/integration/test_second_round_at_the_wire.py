"""A second round over real connections and real stores: it is asked once, both sides record why,
and its messages have the sizes of all others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from agency_node.answering.audit import open_requester, requester_box
from agency_node.answering.entries import read_body
from fakes.party_folder import KEY
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Reach, Status, WideningReason
from fingerpost.protocol.errors import Refused
from integration.running_federation import COUNCIL, OAK, QUESTION, Federation, running, statuses
from practitioner.asking.outcome import Again, Widened
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
    first = await federation.ask(replace(QUESTION, reach=None))
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

    with closing(open_audit(gateway.settings, COUNCIL)) as asked:
        shown = list(asked.show(0, 2**40, decrypt=False))
    (widened,) = (entry for entry in shown if entry.kind == "lookup.widened")
    assert widened.fields == {"after": first.operation, "because": BECAUSE.name}
    node = next(n for n in federation.nodes.values() if OAK in n.agencies)
    narrow, *_, wide = node.entries(OAK)
    assert (narrow.fields["widened"], wide.fields["widened"]) == (False, True)
    assert wide.body is not None
    body = read_body(wide.body)
    assert body.asked is not None
    assert body.asked.justification.widened_because is BECAUSE
    # The agency imported its records a moment ago, so its entries show no name by themselves.
    assert (body.asked.name, wide.fields["asking"]) == ("", "")
    box, query = requester_box(KEY, OAK), str(wide.fields["query"])
    asked_by = open_requester(box, OAK, query, body.sealed_requester)
    assert (asked_by.name, asked_by.agency) == ("Rosalind Merriweather", str(COUNCIL))

    frames = [t.data for t in federation.broker.tape.said if t.method == "Attach"]
    assert {len(query) for query in federation.carried()} == {limits.QUERY_BYTES}
    assert not any(BECAUSE.name.encode() in frame for frame in frames)
