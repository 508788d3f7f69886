"""Which queries a node answers: by public facts, and by nothing that it knows itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agency_node.answering import admission
from agency_node.answering.admission import REACHES_KEPT, Reaches, Verdict
from fakes.federations import NOW, public, requester_key
from fakes.node_world import (
    COUNCIL,
    EPOCH,
    GATEWAY,
    GATEWAY_KEY,
    HERE,
    NODE,
    OTHER_NODE,
    POLICE,
    SCHOOL,
    SURGERY,
    THERE,
    a_federation,
    a_query,
)
from fakes.refusals import refused
from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import seal_into_query, write_core
from fingerpost.protocol.codes import CODE_LIST_VERSION, Purpose, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch, Federation
from fingerpost.protocol.ids import AreaCode, EpochNumber, FederationId
from fingerpost.protocol.messages import KeySet, Query, RevisionFrom

FEDERATION = a_federation()
QUERY = admission.read(a_query().wire, FEDERATION)


def changed(**core: object) -> Query:
    return replace(QUERY, core=replace(QUERY.core, **core))  # type: ignore[arg-type]


def judged(query: Query, federation: Federation = FEDERATION, now: float = NOW) -> Verdict:
    return admission.judge(query, federation, now, replayed=False)


def test_an_honest_query_is_looked_up() -> None:
    assert judged(QUERY) is Verdict.LOOK
    assert admission.judge(QUERY, FEDERATION, NOW, replayed=True) is Verdict.TRY_AGAIN


@given(
    st.binary(max_size=200) | st.binary(min_size=limits.QUERY_BYTES, max_size=limits.QUERY_BYTES)
)
def test_any_bytes_at_all_are_refused_and_nothing_else(wire: bytes) -> None:
    with pytest.raises(Refused):
        admission.read(wire, FEDERATION)


@given(st.integers(0, limits.QUERY_BYTES - 1), st.integers(1, 255))
def test_one_byte_changed_and_nobody_signed_it(at: int, by: int) -> None:
    wire = bytearray(QUERY.wire)
    wire[at] ^= by
    with pytest.raises(Refused):
        admission.read(bytes(wire), FEDERATION)


def with_epochs(*epochs: Epoch) -> Federation:
    return replace(FEDERATION, parameters=replace(FEDERATION.parameters, epochs=epochs))


def test_not_signed_with_the_key_that_the_requesters_share() -> None:
    """Attack: a broker makes queries of its own to probe an index."""
    (epoch,) = FEDERATION.parameters.epochs
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with refused(Code.BAD_SIGNATURE):
        admission.read(QUERY.wire, with_epochs(replace(epoch, requester_key=key)))


def test_a_gateways_own_key_is_not_the_one_that_they_share() -> None:
    with refused(Code.BAD_SIGNATURE):
        admission.read(signed(GATEWAY_KEY, EPOCH), FEDERATION)
    assert admission.read(signed(requester_key(EPOCH), EPOCH), FEDERATION).core == QUERY.core


def test_the_key_of_one_epoch_signs_no_query_of_another() -> None:
    (epoch,) = FEDERATION.parameters.epochs
    later = EpochNumber(2)
    federation = with_epochs(
        epoch,
        replace(epoch, number=later, requester_key=public(requester_key(later))),
    )
    for key, named in ((requester_key(later), EPOCH), (requester_key(later), later)):
        with refused(Code.BAD_SIGNATURE):
            admission.read(signed(key, named), federation)


@pytest.mark.parametrize("over", [False, True])
def test_the_key_of_any_epoch_that_is_listed_counts_and_of_no_other(over: bool) -> None:
    """So that a requester in an epoch that is over is answered, and not left without a reply."""
    (epoch,) = FEDERATION.parameters.epochs
    listed = with_epochs(replace(epoch, ends_at=int(NOW) - limits.DAY) if over else epoch)
    read = admission.read(QUERY.wire, listed)
    assert judged(read, listed) is (Verdict.VERSION if over else Verdict.LOOK)
    with refused(Code.UNSUPPORTED):
        admission.read(QUERY.wire, with_epochs(replace(epoch, number=EpochNumber(2))))


def test_a_query_of_another_federation() -> None:
    parameters = replace(FEDERATION.parameters, federation=FederationId("other"))
    with refused(Code.NOT_A_MEMBER):
        admission.read(QUERY.wire, replace(FEDERATION, parameters=parameters))


def test_which_agency_and_gateway_ask_stands_nowhere_in_what_admission_reads() -> None:
    """The core names an area. A node that the query does not open for sees no more."""
    for name in ("agency", "gateway", "passport_key_id", "purpose", "role"):
        assert not hasattr(QUERY.core, name)
    assert QUERY.core.area == HERE
    for id_ in (COUNCIL, GATEWAY):
        assert id_.value.encode() not in QUERY.wire


def signed(key: Ed25519PrivateKey, named: EpochNumber) -> bytes:
    """The honest query's parts, signed anew; the envelope names an epoch."""
    return seal_into_query(write_core(QUERY.core), QUERY.wraps, QUERY.sealed, named, key)


@pytest.mark.parametrize(
    "query",
    [
        changed(suite=2),
        changed(code_list_version=0),
        changed(normalisation_version=0),
        changed(epoch=EpochNumber(2)),
        changed(key_set=KeySet.WIDE, reach=Reach.NATIONAL_RING),
    ],
)
def test_what_no_second_try_helps(query: Query) -> None:
    assert judged(query) is Verdict.VERSION
    assert admission.judge(query, FEDERATION, NOW, replayed=True) is Verdict.VERSION


def test_wide_keys_to_the_neighbours_are_looked_at() -> None:
    """Whether the second round gave a reason stands inside: what is judged here is public, and
    alike for every child."""
    assert judged(changed(key_set=KeySet.WIDE, reach=Reach.AREA_AND_NEIGHBOURS)) is Verdict.LOOK


def test_a_federation_that_has_moved_on_to_a_normal_form_this_release_does_not_know() -> None:
    newer = NORMALISATION_VERSION + 1
    parameters = replace(FEDERATION.parameters, normalisation_version=newer)
    federation = replace(FEDERATION, parameters=parameters)
    assert judged(changed(normalisation_version=newer), federation) is Verdict.VERSION


@pytest.mark.parametrize(
    ("listed", "begins", "verdict"),
    [
        (1, 0, Verdict.LOOK),
        (1, int(NOW) + limits.CLOCK_SKEW_SECONDS, Verdict.LOOK),
        (1, int(NOW) + limits.CLOCK_SKEW_SECONDS + 1, Verdict.VERSION),
        (2, 0, Verdict.VERSION),
    ],
)
def test_a_query_is_of_a_revision_that_is_in_force(
    listed: int, begins: int, verdict: Verdict
) -> None:
    parameters = replace(FEDERATION.parameters, revisions=(RevisionFrom(listed, begins),))
    federation = replace(FEDERATION, parameters=parameters)
    assert judged(changed(revision=1), federation) is verdict


def test_later_code_lists_need_no_new_release_but_must_be_the_same_for_both() -> None:
    later = CODE_LIST_VERSION + 1
    parameters = replace(FEDERATION.parameters, code_list_version=later)
    federation = replace(FEDERATION, parameters=parameters)
    assert judged(changed(code_list_version=later), federation) is Verdict.LOOK
    assert judged(changed(code_list_version=CODE_LIST_VERSION), federation) is Verdict.VERSION


@pytest.mark.parametrize(
    "query",
    [
        changed(slot=QUERY.core.slot + 1),
        changed(expires_at=QUERY.core.issued_at + limits.QUERY_LIFE_SECONDS + 1),
        changed(expires_at=QUERY.core.issued_at),
        changed(passport_expires_at=QUERY.core.issued_at + limits.PASSPORT_SECONDS + 1),
    ],
)
def test_times_that_do_not_hold_together(query: Query) -> None:
    assert judged(query) is Verdict.TRY_AGAIN


@pytest.mark.parametrize("newer", [-1, 1])
def test_a_list_that_the_node_does_not_have_may_be_judged_by_in_a_moment(newer: int) -> None:
    """Attack: between two lists a passport key changed, and a "no" about a known child came of
    it."""
    query = changed(metadata_version=FEDERATION.version + newer)
    assert judged(query) is Verdict.TRY_AGAIN
    assert judged(replace(query, core=replace(query.core, suite=2))) is Verdict.VERSION


@given(st.floats(-1e6, 1e6))
def test_the_clock_alone_decides_and_only_within_its_bounds(off: float) -> None:
    verdict = judged(QUERY, replace(FEDERATION, valid_until=NOW + 1e9), NOW + off)
    early = -limits.CLOCK_SKEW_SECONDS
    late = limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS
    assert (verdict is Verdict.LOOK) == (early <= off <= late)


def test_an_epoch_is_judged_by_its_own_times() -> None:
    epoch = FEDERATION.parameters.epochs[0]
    assert epoch.number == EPOCH
    over = replace(epoch, ends_at=int(NOW) - limits.DAY)
    federation = replace(FEDERATION, parameters=replace(FEDERATION.parameters, epochs=(over,)))
    assert judged(QUERY, federation) is Verdict.VERSION


# ---- parts --------------------------------------------------------------------------------------


def test_each_reach_has_its_agencies_and_each_node_its_own() -> None:
    mine, other = Reaches(FEDERATION, NODE), Reaches(FEDERATION, OTHER_NODE)
    assert mine.parts(QUERY) == ((COUNCIL, SCHOOL, SURGERY),)
    assert other.parts(QUERY) == ((),)
    wider = changed(reach=Reach.AREA_AND_NEIGHBOURS)
    assert other.parts(wider) == ((POLICE,),)
    named = changed(reach=Reach.NAMED, named_areas=(THERE,))
    assert (mine.parts(named), other.parts(named)) == (((),), ((POLICE,),))
    assert mine.parts(changed(reach=Reach.NATIONAL_RING)) == ((COUNCIL,),)


def test_an_area_that_does_not_exist_is_refused_every_time() -> None:
    reaches = Reaches(FEDERATION, NODE)
    for _ in range(2):
        with refused(Code.NOT_ALLOWED):
            reaches.parts(changed(reach=Reach.NAMED, named_areas=(AreaCode("e09999999"),)))


def test_what_is_worked_out_once_is_the_same_the_second_time_and_bounded() -> None:
    reaches = Reaches(FEDERATION, NODE)
    assert reaches.parts(QUERY) is reaches.parts(QUERY)
    assert reaches.is_of(FEDERATION)
    assert not reaches.is_of(a_federation())
    reaches._known.update(
        {(AreaCode(f"w{n:08}"), Reach.AREA, ()): ((),) for n in range(REACHES_KEPT)}
    )
    reaches.parts(changed(reach=Reach.NAMED, named_areas=(HERE,)))
    assert len(reaches._known) == 1


def test_the_purpose_stands_nowhere_in_what_admission_reads() -> None:
    """It judges the core, and the core names no purpose: two purposes, one verdict."""
    one, other = (
        admission.read(a_query(purpose=purpose).wire, FEDERATION)
        for purpose in (Purpose.S47_ENQUIRY, Purpose.EARLY_HELP)
    )
    assert judged(one) is judged(other)
    assert not hasattr(one.core, "purpose")
