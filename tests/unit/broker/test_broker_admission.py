"""What the broker refuses to carry, each with its code."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from broker.admission import Admitted, admit, require_member
from fakes.broker_world import (
    COUNCIL,
    EAST,
    GATEWAY,
    NODES,
    NORTH,
    OTHER_GATEWAY,
    SOUTH,
    Asked,
    a_core,
    a_federation,
    a_query,
    key_of,
    peer,
)
from fakes.federations import NOW, epoch, requester_key, without
from fakes.refusals import refused
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.codes import CODE_LIST_VERSION, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Federation, Party
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import KeySet, RevisionFrom
from fingerpost.runtime import identity

LONG_AGO = NOW - 10_000


def admitted(
    asked: Asked | None = None,
    *,
    federation: Federation | None = None,
    now: float = NOW,
    caller: identity.PeerIdentity | None = None,
    complete_since: float = LONG_AGO,
) -> Admitted:
    asked = asked or a_query()
    return admit(
        federation or a_federation(),
        now,
        caller or peer(),
        asked.query,
        asked.submission,
        complete_since=complete_since,
    )


def refusal(asked: Asked | None = None, **how: Any) -> Code:
    with pytest.raises(Refused) as caught:
        admitted(asked, **how)
    return caught.value.code


def test_a_query_in_order_is_admitted_for_the_nodes_in_reach() -> None:
    asked = a_query()
    found = admitted(asked)
    north, school, *_ = NODES
    assert found.query.wire == asked.query
    assert found.query.hash == found.submission.query_hash == asked.hash
    assert found.nodes == tuple(sorted((north, school)))
    assert [a.id.value for a in found.agencies] == [
        f"{NORTH}.{n}" for n in ("council", "elm", "oak")
    ]


def test_a_query_of_a_revision_that_is_not_in_force_yet_is_refused() -> None:
    soon = a_federation(revisions=(RevisionFrom(limits.FIRST_REVISION, int(NOW) + 61),))
    with refused(Code.UNSUPPORTED, "core.revision"):
        admitted(federation=soon)
    admitted(federation=soon, now=NOW + 1)


@pytest.mark.parametrize(
    ("changes", "nodes"),
    [
        ({"reach": Reach.AREA_AND_NEIGHBOURS}, {0, 1, 2}),
        ({"reach": Reach.NAMED, "named_areas": (SOUTH, EAST)}, {2, 3}),
        ({"reach": Reach.NATIONAL_RING}, {0, 2, 3}),
        ({"reach": Reach.AREA, "key_set": KeySet.WIDE}, {0, 1}),
        ({"reach": Reach.NAMED, "named_areas": (EAST,), "key_set": KeySet.WIDE}, {3}),
        # A second round. Why stands inside, where a broker does not look.
        ({"reach": Reach.AREA_AND_NEIGHBOURS, "key_set": KeySet.WIDE}, {0, 1, 2}),
    ],
)
def test_reach_decides_the_nodes(changes: dict[str, Any], nodes: set[int]) -> None:
    found = admitted(a_query(a_core(**changes)))
    assert set(found.nodes) == {NODES[n] for n in nodes}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"suite": 2}, Code.UNSUPPORTED),
        ({"suite": 0}, Code.UNSUPPORTED),
        ({"federation": FederationId("other")}, Code.UNSUPPORTED),
        ({"code_list_version": CODE_LIST_VERSION + 1}, Code.UNSUPPORTED),
        ({"code_list_version": CODE_LIST_VERSION - 1}, Code.UNSUPPORTED),
        ({"normalisation_version": NORMALISATION_VERSION + 1}, Code.UNSUPPORTED),
        ({"epoch": EpochNumber(2)}, Code.UNSUPPORTED),
        ({"slot": 1}, Code.MALFORMED),
        ({"expires_at": int(NOW)}, Code.NOT_FRESH),
        ({"expires_at": int(NOW) + limits.QUERY_LIFE_SECONDS + 1}, Code.NOT_FRESH),
        ({"passport_expires_at": int(NOW) + limits.PASSPORT_SECONDS + 1}, Code.NOT_FRESH),
        ({"passport_expires_at": int(NOW) + 1}, Code.NOT_FRESH),
        ({"area": SOUTH}, Code.NOT_ALLOWED),  # of another agency than asks
        ({"area": AreaCode("e12345678")}, Code.NOT_ALLOWED),
        ({"reach": Reach.NAMED, "named_areas": (AreaCode("e12345678"),)}, Code.NOT_ALLOWED),
        ({"reach": Reach.NATIONAL_RING, "key_set": KeySet.WIDE}, Code.NOT_ALLOWED),
    ],
)
def test_each_rule_refuses_with_its_code(changes: dict[str, Any], code: Code) -> None:
    assert refusal(a_query(a_core(**changes))) is code


@pytest.mark.parametrize(
    "starts",
    [
        NOW + limits.CLOCK_SKEW_SECONDS + 1,
        NOW - 90 * limits.DAY - limits.QUERY_LIFE_SECONDS - limits.CLOCK_SKEW_SECONDS,
    ],
    ids=["has not begun", "is over"],
)
def test_a_query_of_an_epoch_that_does_not_run_is_refused(starts: float) -> None:
    """It is signed with that epoch's key, which gateways may have had long ago."""
    listed = a_federation()
    parameters = dataclasses.replace(listed.parameters, epochs=(epoch(1, starts),))
    federation = dataclasses.replace(listed, parameters=parameters)
    assert refusal(federation=federation) is Code.UNSUPPORTED


@pytest.mark.parametrize(
    "agency",
    [
        AgencyId(f"{NORTH}.nobody"),
        AgencyId(f"{NORTH}.oak"),  # answers, may not ask
        AgencyId(f"{SOUTH}.council"),  # asks through another gateway
    ],
    ids=str,
)
def test_only_an_agency_that_asks_through_the_gateway_that_calls_may_ask(agency: AgencyId) -> None:
    asked = a_query(a_core(area=agency.area), agency=agency)
    assert refusal(asked) is Code.NOT_A_MEMBER


def test_the_reach_is_counted_from_the_area_of_the_agency_that_asks() -> None:
    """Attack: count the reach of a school's lookup from another area."""
    south = AgencyId(f"{SOUTH}.council")
    asked = a_query(a_core(area=NORTH), agency=south, gateway=OTHER_GATEWAY)
    assert refusal(asked, caller=peer(OTHER_GATEWAY)) is Code.NOT_ALLOWED
    own = a_query(a_core(area=SOUTH), agency=south, gateway=OTHER_GATEWAY)
    assert admitted(own, caller=peer(OTHER_GATEWAY)).nodes == (NODES[2],)


def test_each_agency_of_a_gateway_asks_in_its_own_name() -> None:
    elm = AgencyId(f"{NORTH}.elm")
    assert admitted(a_query(agency=elm)).submission.agency == elm
    assert admitted(a_query()).submission.agency == COUNCIL


def test_another_metadata_version_is_no_fault() -> None:
    assert admitted(a_query(a_core(metadata_version=8))).nodes


@given(early=st.integers(-10_000, 10_000))
def test_a_query_is_fresh_within_its_life_and_the_skew(early: int) -> None:
    """Issued at NOW, looked at ``early`` seconds later (or earlier)."""
    asked = a_query()
    oldest = limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS
    if -limits.CLOCK_SKEW_SECONDS <= early <= oldest:
        assert admitted(asked, now=NOW + early).nodes
    else:
        assert refusal(asked, now=NOW + early, complete_since=0.0) is Code.NOT_FRESH


@given(since=st.floats(-1000, 1000))
def test_a_query_from_before_the_replay_set_is_refused(since: float) -> None:
    if since + limits.CLOCK_SKEW_SECONDS >= 0:
        assert refusal(complete_since=NOW + since) is Code.NOT_READY
    else:
        assert admitted(complete_since=NOW + since).nodes


def test_a_query_issued_at_the_last_moment_of_doubt_is_refused() -> None:
    assert refusal(complete_since=NOW - limits.CLOCK_SKEW_SECONDS) is Code.NOT_READY
    assert admitted(complete_since=NOW - limits.CLOCK_SKEW_SECONDS - 0.5).nodes


def test_only_the_signing_gateway_may_submit() -> None:
    assert refusal(caller=peer(OTHER_GATEWAY)) is Code.BAD_SIGNATURE


def test_a_query_that_another_gateway_submits_in_its_own_name_is_refused() -> None:
    """Attack: a query that was seen on its way, with a submission of its own."""
    seen = a_query()
    own = a_query(seen.core, agency=AgencyId(f"{SOUTH}.council"), gateway=OTHER_GATEWAY)
    again = dataclasses.replace(own, query=seen.query)
    assert refusal(again, caller=peer(OTHER_GATEWAY)) in {Code.BAD_SIGNATURE, Code.NOT_ALLOWED}


@pytest.mark.parametrize(
    "caller",
    [
        peer(GATEWAY, Party.NODE),
        peer(NODES[0], Party.NODE),
        peer(NODES[0], Party.GATEWAY),
        peer(MemberId("nobody")),
        peer(federation=FederationId("other")),
        peer(not_after=NOW),
    ],
    ids=lambda p: f"{p.member}/{p.party.value}",
)
def test_only_a_current_gateway_may_ask(caller: identity.PeerIdentity) -> None:
    assert refusal(caller=caller) is Code.NOT_A_MEMBER


@pytest.mark.parametrize(
    "deny",
    [DenyList(members=frozenset({GATEWAY})), DenyList(agencies=frozenset({COUNCIL}))],
    ids=["gateway", "agency"],
)
def test_a_suspended_requester_is_refused(deny: DenyList) -> None:
    assert refusal(federation=dataclasses.replace(a_federation(), deny=deny)) is Code.NOT_A_MEMBER


def test_a_suspended_node_is_not_asked() -> None:
    deny = DenyList(members=frozenset({NODES[1]}))
    found = admitted(federation=dataclasses.replace(a_federation(), deny=deny))
    assert found.nodes == (NODES[0],)
    assert [a.id for a in found.agencies] == [COUNCIL]


def test_an_expired_list_admits_nobody() -> None:
    expired = dataclasses.replace(a_federation(), valid_until=NOW)
    assert refusal(federation=expired) is Code.UNTRUSTED_METADATA


def test_a_gateway_gone_from_the_list_is_refused() -> None:
    assert refusal(federation=without(a_federation(), GATEWAY)) is Code.NOT_A_MEMBER


@pytest.mark.parametrize(
    "key", [key_of(GATEWAY), key_of(OTHER_GATEWAY), requester_key(EpochNumber(2))]
)
def test_a_query_that_is_not_signed_with_the_requesters_key_is_refused(
    key: Ed25519PrivateKey,
) -> None:
    """Attack: a query that no gateway made, or one under the key of another epoch."""
    assert refusal(a_query(requester=key)) is Code.BAD_SIGNATURE


def test_a_submission_under_another_gateways_key_is_refused() -> None:
    assert refusal(a_query(signer=OTHER_GATEWAY)) is Code.BAD_SIGNATURE


def test_a_submission_of_another_query_is_refused() -> None:
    assert refusal(a_query(submission_of=a_query().hash)) is Code.BAD_SIGNATURE


@given(position=st.integers(0, limits.QUERY_BYTES - 1), bit=st.integers(0, 7))
def test_no_changed_query_is_admitted(position: int, bit: int) -> None:
    asked = a_query()
    changed = bytearray(asked.query)
    changed[position] ^= 1 << bit
    # One bit in the envelope's signer names another epoch; all others break form or signature.
    assert refusal(dataclasses.replace(asked, query=bytes(changed))) in {
        Code.MALFORMED,
        Code.BAD_SIGNATURE,
        Code.UNSUPPORTED,
    }


@given(data=st.data())
def test_no_changed_submission_is_admitted(data: st.DataObject) -> None:
    """Attack: another agency's quota, or another practitioner's."""
    asked = a_query()
    changed = bytearray(asked.submission)
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    code = refusal(dataclasses.replace(asked, submission=bytes(changed)))
    assert code in {Code.MALFORMED, Code.BAD_SIGNATURE}


@given(submission=st.binary(max_size=2000))
def test_no_made_up_submission_is_admitted(submission: bytes) -> None:
    asked = dataclasses.replace(a_query(), submission=submission)
    assert refusal(asked) in {Code.MALFORMED, Code.BAD_SIGNATURE}


def test_nothing_of_a_query_shows_in_a_repr() -> None:
    found = admitted()
    assert found.submission.handle.value not in repr(found)
    assert len(repr(found)) < 60


def test_a_member_of_another_service_is_not_taken_for_a_node() -> None:
    with refused(Code.NOT_A_MEMBER):
        require_member(a_federation(), peer(), Party.NODE, NOW)
