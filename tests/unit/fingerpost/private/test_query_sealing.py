"""A query opens for who knows the child, says who asks, and takes no alteration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.federations import anything
from fakes.handles import NO_PROOF, a_counting, pseudonym
from fakes.justified import justified
from fakes.refusals import refused
from fingerpost.private import passport as passports
from fingerpost.private import sealing
from fingerpost.private.codec import write_inner
from fingerpost.private.demographics import Demographics, OtherName, PartialDate
from fingerpost.private.justification import Facts, Reason, StrategyDiscussion
from fingerpost.private.messages import Inner, Question
from fingerpost.private.purpose_rules import (
    TIME_BOX_SECONDS,
    PurposeRule,
    require_call_back,
    require_permitted,
    require_request,
    require_stated,
)
from fingerpost.private.query_sealing import open_query, verify_inner
from fingerpost.private.sealing import pad
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import seal_into_query, write_core
from fingerpost.protocol.codec.strict import write_envelope
from fingerpost.protocol.codes import AgencyKind, Allowance, Purpose, Reach, Role, WideningReason
from fingerpost.protocol.envelope import Envelope, PayloadType, core_hash, sign
from fingerpost.protocol.errors import Code, Defect, Refused, Rule
from fingerpost.protocol.federation import DenyList, Federation
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from fingerpost.protocol.messages import KeySet, Query, require_fresh
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.protocol.terms import Fact, RolesAt, Terms
from unit.fingerpost.private.a_lookup import (
    AREA,
    ASKING,
    EPOCH,
    FEDERATION,
    GATEWAY,
    NEIGHBOUR,
    NODE,
    NOW,
    SCHOOL,
    Lookup,
    a_child,
    a_lookup,
    a_passport,
    changed,
    federation,
    key_of,
    lookup_by,
    openings,
    public_of,
    public_part,
    received,
    seeded,
)
from unit.fingerpost.private.private_strategies import facts

TODAY = datetime.fromtimestamp(NOW, UTC).date()
YOUNG = replace(a_child(), dob=PartialDate(2008, about=True), health_number="")
"""She may be a child, and may be a young adult: every purpose may be about her."""
LOOKUP = a_lookup()
SEALED = LOOKUP.sealed()
QUERY = received(SEALED.wire)
PLACE = LOOKUP.position(QUERY)
SECRET = LOOKUP.openings[0].wrap_secret
OPENED = open_query(QUERY, PLACE, SECRET)


def _open(lookup: Lookup = LOOKUP, query: Query = QUERY, index: int = 0) -> Question:
    opened = open_query(query, lookup.position(query, index), lookup.openings[index].wrap_secret)
    return verify_inner(opened, query, federation(), now=NOW)


# ---- what goes right -----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 31, 32])
def test_each_opening_opens(count: int) -> None:
    lookup = replace(LOOKUP, openings=openings(count))
    query = received(lookup.sealed().wire)
    for index in {0, count // 2, count - 1}:
        question = _open(lookup, query, index)
        assert question.demographics == a_child()
        assert question.passport == a_passport()
        assert question.justification.purpose is Purpose.S47_ENQUIRY


def test_the_core_says_what_was_decided() -> None:
    core = QUERY.core
    assert (core.suite, core.federation, core.metadata_version) == (1, FEDERATION, 7)
    assert (core.epoch, core.slot) == (EPOCH, NOW // 600)
    assert (core.issued_at, core.expires_at) == (NOW, NOW + 120)
    assert core.passport_expires_at == a_passport().expires_at
    assert core.area == AREA
    assert core.reply_key == SEALED.reply_key.public_key
    assert QUERY.hash == SEALED.hash
    assert core == SEALED.core
    require_fresh(core, NOW)


def test_who_asks_is_sealed_and_comes_out_verified() -> None:
    """A node in reach that cannot open the query does not learn which agency asks."""
    assert (OPENED.inner.agency, OPENED.inner.gateway) == (ASKING, GATEWAY)
    question = _open()
    assert question.requester == federation().agency(ASKING)
    assert question.terms == LOOKUP.terms
    for known in (ASKING.value, GATEWAY.value, a_passport().subject):
        assert known.encode() not in SEALED.wire


def test_a_query_ends_with_its_passport() -> None:
    short = replace(a_passport(), issued_at=NOW - 500, expires_at=NOW + 30)
    lookup = lookup_by(short)
    query = received(lookup.sealed().wire)
    assert query.core.expires_at == query.core.passport_expires_at == NOW + 30
    assert _open(lookup, query).passport == short


def test_named_areas_are_put_in_order() -> None:
    public = public_part(reach=Reach.NAMED, named_areas=[NEIGHBOUR, AREA, NEIGHBOUR])
    assert public.named_areas == (AREA, NEIGHBOUR)
    query = received(replace(LOOKUP, public=public).sealed().wire)
    assert _open(query=query).demographics == a_child()


def test_the_longest_public_part_fits() -> None:
    public = replace(
        LOOKUP.public,
        federation=FederationId("f" * 40),
        metadata_version=2**63,
        code_list_version=2**32 - 1,
        normalisation_version=2**32 - 1,
        reach=Reach.NAMED,
        named_areas=tuple(AreaCode(f"e0800000{i}") for i in range(8)),
    )
    lookup = replace(LOOKUP, public=public, inner=changed(LOOKUP.inner, gateway=LONGEST))
    assert len(lookup.sealed().wire) == limits.QUERY_BYTES


LONGEST = MemberId("g" * 40)


@settings(max_examples=25, deadline=None)
@given(
    forename=st.text("aZé Łễ'-", max_size=100),
    others=st.lists(st.text("aZé", min_size=1, max_size=40), max_size=8),
    seed=st.text("abc", max_size=5),
)
def test_every_query_has_one_size(forename: str, others: list[str], seed: str) -> None:
    child = Demographics(
        forename=forename, surname="Bell", other_names=tuple(OtherName(o, "") for o in others)
    )
    lookup = replace(a_lookup(demographics=child), randomness=seed)
    wire = lookup.sealed().wire
    assert len(wire) == limits.QUERY_BYTES
    assert _open(lookup, received(wire)).demographics == child


def test_a_child_described_too_long_is_refused() -> None:
    names = (OtherName("ễ" * 100, "ễ" * 100),) * 8
    lookup = a_lookup(demographics=Demographics(surname="Bell", other_names=names))
    with refused(Code.MALFORMED):
        lookup.sealed()


def test_two_queries_share_nothing() -> None:
    """New q, K and reply key each time: nobody can see that they concern one child, but for the
    slot's locators."""
    other = received(replace(LOOKUP, randomness="another").sealed().wire)
    assert other.core.q != QUERY.core.q
    assert other.core.reply_key != QUERY.core.reply_key
    assert other.core.key_commitment != QUERY.core.key_commitment
    assert not set(other.wraps) & set(QUERY.wraps)
    assert other.sealed != QUERY.sealed
    real = {o.locator for o in LOOKUP.openings}
    assert set(other.core.locators) & set(QUERY.core.locators) == real


def test_the_order_discloses_nothing_of_the_keys() -> None:
    """The first opening (the strongest key) comes to stand anywhere."""
    positions = set()
    for i in range(120):
        query = received(replace(LOOKUP, randomness=f"order {i}").sealed().wire)
        positions.add(LOOKUP.position(query))
    assert len(positions) > 24  # of 32; a fixed place or a fixed end would give few


def test_fillers_open_for_nobody() -> None:
    places = {LOOKUP.position(QUERY, i) for i in range(3)}
    for position in set(range(32)) - places:
        for opening in LOOKUP.openings:
            with refused(Code.BAD_SEAL):
                open_query(QUERY, position, opening.wrap_secret)


def test_an_opening_opens_at_its_own_place_only() -> None:
    second = LOOKUP.position(QUERY, 1)
    assert OPENED.inner == LOOKUP.inner
    with refused(Code.BAD_SEAL):
        open_query(QUERY, second, SECRET)
    swapped = list(QUERY.wraps)
    swapped[PLACE], swapped[second] = swapped[second], swapped[PLACE]
    with refused(Code.BAD_SEAL):
        open_query(replace(QUERY, wraps=tuple(swapped)), second, SECRET)


@pytest.mark.parametrize("position", [-1, 32])
def test_a_place_outside_the_query_is_our_mistake(position: int) -> None:
    with pytest.raises(Defect):
        open_query(QUERY, position, bytes(32))


# ---- what a requester may not send ---------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 33])
def test_a_query_takes_1_to_32_openings(count: int) -> None:
    with pytest.raises(Defect):
        replace(LOOKUP, openings=openings(count)).sealed()


def test_no_opening_twice() -> None:
    twice = replace(LOOKUP, openings=(*openings(2), openings(1)[0]))
    with refused(Code.MALFORMED):
        twice.sealed()


def _publicly(**changes: Any) -> Lookup:
    return replace(LOOKUP, public=replace(LOOKUP.public, **changes))


TOMORROW = StrategyDiscussion(datetime.fromtimestamp(NOW + 2 * limits.DAY, UTC).date())
LONG_AWAITED = StrategyDiscussion(
    awaited_since=datetime.fromtimestamp(NOW - 7 * limits.DAY, UTC).date()
)
ONE_AREA = replace(LOOKUP.terms, areas=1)


@pytest.mark.parametrize(
    ("lookup", "code", "what"),
    [
        (a_lookup(purpose=Purpose.S17_ASSESSMENT), Code.NOT_ALLOWED, PurposeRule.REACH),
        (a_lookup(reason_reference=""), Code.NOT_ALLOWED, PurposeRule.REFERENCE),
        (a_lookup(facts=Facts()), Code.NOT_ALLOWED, PurposeRule.STRATEGY_DISCUSSION),
        (
            a_lookup(facts=Facts(strategy_discussion=TOMORROW)),
            Code.NOT_ALLOWED,
            PurposeRule.STRATEGY_DISCUSSION_AHEAD,
        ),
        (
            a_lookup(facts=Facts(strategy_discussion=LONG_AWAITED)),
            Code.NOT_ALLOWED,
            PurposeRule.STRATEGY_DISCUSSION_DUE,
        ),
        (
            a_lookup(purpose=Purpose.EXPLOITATION, facts=Facts(nobody_nearer=True)),
            Code.NOT_ALLOWED,
            PurposeRule.REVIEWER,
        ),
        (
            replace(_publicly(reach=Reach.NAMED, named_areas=(AREA, NEIGHBOUR)), terms=ONE_AREA),
            Code.NOT_ALLOWED,
            PurposeRule.AREAS,
        ),
        (
            replace(LOOKUP, practitioner_key=key_of("somebody")),
            Code.BAD_PASSPORT,
            "passport.cnf",
        ),
        (a_lookup(agency=SCHOOL), Code.BAD_PASSPORT, "passport.iss"),
        (_publicly(area=NEIGHBOUR), Code.BAD_PASSPORT, "passport.iss"),
        (_publicly(issued_at=NOW + 600), Code.NOT_FRESH, None),
        (_publicly(issued_at=NOW - 600), Code.NOT_FRESH, None),
        (_publicly(key_set=KeySet.WIDE), Code.NOT_ALLOWED, PurposeRule.WIDE_WITHOUT_REASON),
        (
            a_lookup(widened_because=WideningReason.RECENT_MOVE),
            Code.NOT_ALLOWED,
            PurposeRule.NOTHING_WIDENED,
        ),
        (_publicly(named_areas=(AREA,)), Code.MALFORMED, None),
    ],
)
def test_what_every_node_would_refuse_is_not_sealed(
    lookup: Lookup, code: Code, what: str | Rule | None
) -> None:
    with refused(code, what):
        lookup.sealed()


# ---- alteration on the way -----------------------------------------------------------------------


def test_no_byte_may_be_altered_on_the_way() -> None:
    """Every byte of the 8192, padding included: the requesters' signature covers all."""
    wire = bytearray(SEALED.wire)
    for i in range(len(wire)):
        wire[i] ^= 1 << (i % 8)
        with pytest.raises(Refused):
            received(bytes(wire))
        wire[i] ^= 1 << (i % 8)
    assert received(bytes(wire)) == QUERY


@pytest.mark.parametrize("signer", [GATEWAY.value, "practitioner", "passports", "somebody"])
def test_a_query_that_is_not_signed_with_the_requesters_key(signer: str) -> None:
    """Attack: a broker, or a node, makes queries of its own to probe an index."""
    lookup = replace(LOOKUP, requester_key=key_of(signer))
    wire = lookup.sealed().wire
    with refused(Code.BAD_SIGNATURE):
        received(wire)


def _resigned(change: dict[str, Any]) -> Query:
    """The query with a changed core, signed again by a gateway that cheats."""
    core = write_core(replace(QUERY.core, **change))
    return received(seal_into_query(core, QUERY.wraps, QUERY.sealed, EPOCH, key_of("requesters")))


@pytest.mark.parametrize(
    "change",
    [
        {"q": bytes(32)},
        {"key_commitment": bytes(32)},
        {"reach": Reach.NATIONAL_RING},
        {"issued_at": NOW + 1},
        {"passport_expires_at": NOW + 539},
        {"reply_key": bytes(1216)},
        {"area": NEIGHBOUR},
        {"metadata_version": 8},
        {"federation": FederationId("pilot-2")},
        {"key_set": KeySet.WIDE},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_core_opens_nothing(change: dict[str, Any]) -> None:
    """Not even the gateway can change a sealed question's public facts: H(core) binds the keys."""
    query = _resigned(change)
    with refused(Code.BAD_SEAL):
        open_query(query, PLACE, SECRET)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 47), st.integers(0, 7))
def test_an_altered_wrap_does_not_open(position: int, bit: int) -> None:
    wraps = [bytearray(w) for w in QUERY.wraps]
    wraps[PLACE][position] ^= 1 << bit
    with refused(Code.BAD_SEAL):
        open_query(replace(QUERY, wraps=tuple(map(bytes, wraps))), PLACE, SECRET)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, limits.SEALED_BYTES - 1), st.integers(0, 7))
def test_an_altered_sealed_part_does_not_open(position: int, bit: int) -> None:
    sealed = bytearray(QUERY.sealed)
    sealed[position] ^= 1 << bit
    with refused(Code.BAD_SEAL):
        open_query(replace(QUERY, sealed=bytes(sealed)), PLACE, SECRET)


# ---- a requester who makes the inner part itself -------------------------------------------------

CONTENT_KEY = bytes([7]) * 32


def _forged(
    body: Callable[[bytes], bytes], core: dict[str, Any] | None = None
) -> tuple[Query, bytes]:
    """A query whose padded inner part is ``body(H(core))``, and the wrap secret at position 0."""
    q = seeded("forged")(32)
    commitment = sealing.commitment(q, CONTENT_KEY)
    made = replace(QUERY.core, q=q, key_commitment=commitment, **(core or {}))
    bound = core_hash(write_core(made))
    secret = bytes([9]) * 32
    wraps = tuple(
        sealing.wrap(CONTENT_KEY, secret, q=q, bound=bound, position=i) for i in range(32)
    )
    sealed = sealing.seal_body(CONTENT_KEY, body(bound), bound=bound)
    wire = seal_into_query(write_core(made), wraps, sealed, made.epoch, key_of("requesters"))
    return received(wire), secret


def _verified(query: Query, secret: bytes) -> Question:
    return verify_inner(open_query(query, 0, secret), query, federation(), now=NOW)


def _padded(envelope: Envelope) -> bytes:
    return pad(write_envelope(envelope), limits.INNER_BYTES, "inner")


def _signed(
    payload: bytes, key: str = "practitioner", type_: PayloadType = PayloadType.INNER, by: str = ""
) -> bytes:
    return _padded(sign(type_, payload, by, key_of(key)))


def _body(inner: Inner = LOOKUP.inner, **signed: Any) -> Callable[[bytes], bytes]:
    """A body for ``_forged``: the inner part, bound to the query and signed; see ``_signed``."""
    return lambda bound: _signed(write_inner(inner, bound), **signed)


def test_a_forged_query_well_made_is_taken() -> None:
    """The tests below fail for what they change, and not for the way they are made."""
    query, secret = _forged(_body())
    assert _verified(query, secret).demographics == a_child()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (lambda b: bytes(limits.INNER_BYTES), Code.MALFORMED),
        (lambda b: b"\xff" * limits.INNER_BYTES, Code.BAD_SEAL),
        (lambda b: _body()(b)[:-1] + b"\1", Code.BAD_SEAL),
        (lambda b: pad(b"no envelope", limits.INNER_BYTES, "x"), Code.MALFORMED),
        (_body(type_=PayloadType.ANSWER), Code.MALFORMED),
        (_body(key="somebody"), Code.BAD_SIGNATURE),
        (_body(key="passports"), Code.BAD_SIGNATURE),
        (_body(by="x"), Code.BAD_SIGNATURE),
        (lambda b: _body()(bytes(32)), Code.BAD_SIGNATURE),
        (lambda b: _body()(QUERY.core_hash), Code.BAD_SIGNATURE),  # of another query
        (lambda b: _signed(b"noise"), Code.MALFORMED),
    ],
)
def test_an_inner_part_that_is_not_one(body: Callable[[bytes], bytes], code: Code) -> None:
    query, secret = _forged(body)
    with refused(code):
        _verified(query, secret)


def test_a_signature_of_another_payload() -> None:
    def body(bound: bytes) -> bytes:
        payload = write_inner(LOOKUP.inner, bound)
        signed = sign(PayloadType.INNER, payload, "", key_of("practitioner"))
        other = write_inner(replace(LOOKUP.inner, demographics=Demographics(surname="X")), bound)
        return _padded(replace(signed, payload=other))

    query, secret = _forged(body)
    with refused(Code.BAD_SIGNATURE):
        _verified(query, secret)


OWN_AREA: dict[str, Any] = {"reach": Reach.AREA}


@pytest.mark.parametrize(
    ("changes", "core", "what"),
    [
        ({"purpose": Purpose.S17_ASSESSMENT}, {}, PurposeRule.REACH),
        ({"purpose": Purpose.EARLY_HELP}, OWN_AREA, PurposeRule.ROLE_OF_PURPOSE),
        ({"purpose": Purpose.URGENT_CARE}, OWN_AREA, PurposeRule.ROLE_OF_PURPOSE),
        ({"purpose": Purpose.MISSING_EDUCATION}, OWN_AREA, PurposeRule.ROLE_OF_PURPOSE),
        (
            {"purpose": Purpose.REFERRAL_TRIAGE, "reason_reference": ""},
            OWN_AREA,
            PurposeRule.REFERENCE,
        ),
        ({"purpose": Purpose.REFERRAL_TRIAGE, "facts": Facts()}, OWN_AREA, PurposeRule.GROUND),
        (
            {"purpose": Purpose.REFERRAL_TRIAGE, "facts": Facts(reason=Reason.SAID_BY_CHILD)},
            OWN_AREA,
            PurposeRule.GROUND,
        ),
        ({"purpose": Purpose.S17_ASSESSMENT, "facts": Facts()}, OWN_AREA, PurposeRule.INFORMED),
        ({"purpose": Purpose.EXPLOITATION, "facts": Facts()}, OWN_AREA, PurposeRule.REVIEWER),
        (
            {"purpose": Purpose.EXPLOITATION, "facts": Facts(reviewer="account-17")},
            OWN_AREA,
            PurposeRule.OWN_REVIEWER,
        ),
        (
            {"purpose": Purpose.EXPLOITATION, "facts": Facts(renewed_by="Account-17")},
            OWN_AREA,
            PurposeRule.OWN_RENEWAL,
        ),
        ({"reason_reference": ""}, {}, PurposeRule.REFERENCE),
        ({"facts": Facts()}, {}, PurposeRule.STRATEGY_DISCUSSION),
        (
            {"facts": Facts(strategy_discussion=TOMORROW)},
            {},
            PurposeRule.STRATEGY_DISCUSSION_AHEAD,
        ),
        (
            {"facts": Facts(strategy_discussion=LONG_AWAITED)},
            {},
            PurposeRule.STRATEGY_DISCUSSION_DUE,
        ),
        ({}, {"reach": Reach.NATIONAL_RING}, PurposeRule.REACH),
        (
            {"purpose": Purpose.EXPLOITATION, "facts": Facts(reviewer="reviewer-1")},
            {"reach": Reach.NATIONAL_RING},
            PurposeRule.FURTHER,
        ),
        ({}, {"key_set": KeySet.WIDE}, PurposeRule.WIDE_WITHOUT_REASON),
        ({"widened_because": WideningReason.RECENT_MOVE}, {}, PurposeRule.NOTHING_WIDENED),
        ({}, {"area": NEIGHBOUR}, "core.area"),  # attack: the reach counts from another's area
    ],
)
def test_a_question_out_of_the_rules(
    changes: dict[str, Any], core: dict[str, Any], what: str | Rule
) -> None:
    query, secret = _forged(_body(changed(LOOKUP.inner, **changes)), core)
    with refused(Code.NOT_ALLOWED, what):
        _verified(query, secret)


@pytest.mark.parametrize("expires_at", [NOW + 539, NOW + 541])
def test_the_public_end_of_a_passport_is_that_of_the_passport(expires_at: int) -> None:
    query, secret = _forged(_body(), {"passport_expires_at": expires_at})
    with refused(Code.BAD_PASSPORT):
        _verified(query, secret)


@pytest.mark.parametrize(
    "stated",
    [
        {"agency": SCHOOL},  # asks through no gateway
        {"agency": AgencyId("e08000001.nobody")},
        {"gateway": NODE},
        {"gateway": MemberId("gateway-2")},
    ],
    ids=str,
)
def test_an_agency_that_may_not_ask_through_this_gateway(stated: dict[str, Any]) -> None:
    query, secret = _forged(_body(changed(LOOKUP.inner, **stated)))
    with refused(Code.NOT_A_MEMBER):
        _verified(query, secret)


# ---- how the query counts ------------------------------------------------------------------------


def _counted(allowance: Allowance) -> dict[str, Any]:
    return {"counting": replace(LOOKUP.inner.counting, allowance=allowance)}


@pytest.mark.parametrize(
    ("lookup", "allowance", "allowed"),
    [
        (LOOKUP, Allowance.ORDINARY, True),
        (LOOKUP, Allowance.DESK, False),
        (LOOKUP, Allowance.RESERVE, False),
        (lookup_by(replace(LOOKUP.passport, role=Role.EDT_WORKER)), Allowance.DESK, True),
        (
            lookup_by(
                replace(LOOKUP.passport, role=Role.MASH_PRACTITIONER),
                facts=replace(LOOKUP.inner.justification.facts, requested_by=ASKING),
            ),
            Allowance.DESK,
            True,
        ),
        (a_lookup(purpose=Purpose.EMERGENCY_PROTECTION), Allowance.RESERVE, True),
        (a_lookup(purpose=Purpose.EMERGENCY_PROTECTION), Allowance.DESK, False),
    ],
)
def test_an_allowance_is_for_its_roles_and_purposes(
    lookup: Lookup, allowance: Allowance, allowed: bool
) -> None:
    lookup = replace(lookup, inner=replace(lookup.inner, **_counted(allowance)))
    if allowed:
        assert lookup.sealed().core.slot == LOOKUP.public.slot
    else:
        with refused(Code.NOT_ALLOWED, PurposeRule.ALLOWANCE):
            lookup.sealed()


@pytest.mark.parametrize(
    "change",
    [
        {"counting": replace(LOOKUP.inner.counting, lookup=bytes(16))},
        {"counting": replace(LOOKUP.inner.counting, salt=bytes(32))},
        _counted(Allowance.RESERVE),
        {"handle_proof": NO_PROOF},
        {"handle_proof": pseudonym(key_of("passports"), ASKING, "account-17", NOW + 86_400)[1]},
        {"handle_proof": pseudonym(key_of("somebody"), ASKING, "account-17", NOW)[1]},
        {"handle_proof": pseudonym(key_of("passports"), SCHOOL, "account-17", NOW)[1]},
    ],
    ids=[
        "another lookup",
        "another salt",
        "another allowance",
        "no proof",
        "another day",
        "another key",
        "another agency's",
    ],
)
def test_what_the_broker_counted_is_what_the_owner_finds(change: dict[str, Any]) -> None:
    """Attack: a gateway that shows the broker a new pseudonym for each lookup has no limit."""
    query, secret = _forged(_body(changed(LOOKUP.inner, **change)))
    with refused(Code.BAD_COMMITMENT):
        _verified(query, secret)


def test_the_pseudonym_of_another_account_is_refused() -> None:
    stranger = replace(LOOKUP.passport, subject="account-18")
    token = passports.issue(stranger, FEDERATION, key_of("passports"))
    query, secret = _forged(_body(changed(LOOKUP.inner, passport_token=token)))
    with refused(Code.BAD_COMMITMENT):
        _verified(query, secret)


def test_nodes_see_no_pseudonym_twice() -> None:
    """The two queries of a lookup, and those of a day, commit to different numbers."""
    one, other = (
        replace(LOOKUP, inner=replace(LOOKUP.inner, counting=a_counting(bytes(16)))).sealed()
        for _ in range(2)
    )
    assert one.core.quota_commitment != other.core.quota_commitment


@pytest.mark.parametrize("key", ["passports", "the school's passports"])
def test_one_agency_cannot_ask_in_the_name_of_another(key: str) -> None:
    """The school may ask through the same gateway, and the passport is the council's."""
    known = federation()
    council, school = known.areas[AREA].agencies
    asking = replace(
        school, gateways=(GATEWAY,), passport_key=public_of(key), handle_root=bytes(32)
    )
    area = replace(known.areas[AREA], agencies=(council, asking))
    query, secret = _forged(_body(changed(LOOKUP.inner, agency=SCHOOL)))
    opened = open_query(query, 0, secret)
    with refused(Code.BAD_PASSPORT):
        verify_inner(opened, query, replace(known, areas={**known.areas, AREA: area}), now=NOW)


@pytest.mark.parametrize(
    ("holder", "issuer", "code"),
    [
        ("somebody", "passports", Code.BAD_SIGNATURE),
        ("practitioner", "somebody", Code.BAD_PASSPORT),
    ],
    ids=["naming another's key", "by another key than the member list's"],
)
def test_a_passport_that_is_not_the_practitioners(holder: str, issuer: str, code: Code) -> None:
    """The practitioner signs, and the passport is for another key or by another issuer."""
    passport = replace(a_passport(), cnf=public_of(holder))
    token = passports.issue(passport, FEDERATION, key_of(issuer))
    query, secret = _forged(_body(replace(LOOKUP.inner, passport_token=token)))
    with refused(code):
        _verified(query, secret)


def _without(**lists: Any) -> Federation:
    known = federation()
    return replace(known, code_lists=replace(known.code_lists, **lists))


def _narrower(**changes: Any) -> Federation:
    """The list whose terms of an enquiry are narrower."""
    rows = (replace(t, **changes) if t.purpose is Purpose.S47_ENQUIRY else t for t in TERMS)
    return _without(terms=tuple(rows))


@pytest.mark.parametrize(
    ("changed", "code", "what"),
    [
        (
            _without(terms=tuple(t for t in TERMS if t.purpose is not Purpose.S47_ENQUIRY)),
            Code.NOT_ALLOWED,
            PurposeRule.PURPOSE_NOT_IN_FORCE,
        ),
        (
            _without(
                roles_at=tuple(r for r in ROLES_AT if r.kind is not AgencyKind.LOCAL_AUTHORITY)
            ),
            Code.NOT_ALLOWED,
            PurposeRule.ROLE_OF_AGENCY,
        ),
        (
            _narrower(roles=LOOKUP.terms.roles - {Role.SOCIAL_WORKER}),
            Code.NOT_ALLOWED,
            PurposeRule.ROLE_OF_PURPOSE,
        ),
        (_narrower(reach=Reach.AREA), Code.NOT_ALLOWED, PurposeRule.REACH),
        (
            _narrower(takes=LOOKUP.terms.takes | {Fact.REASON}),
            Code.NOT_ALLOWED,
            PurposeRule.GROUND,
        ),
        (
            replace(federation(), deny=DenyList(agencies=frozenset({ASKING}))),
            Code.NOT_A_MEMBER,
            None,
        ),
        (
            replace(federation(), deny=DenyList(members=frozenset({GATEWAY}))),
            Code.NOT_A_MEMBER,
            None,
        ),
    ],
    ids=[
        "purpose",
        "role of the agency",
        "role of the purpose",
        "reach",
        "facts",
        "agency denied",
        "gateway denied",
    ],
)
def test_the_member_list_decides(changed: Federation, code: Code, what: PurposeRule | None) -> None:
    with refused(code, what):
        verify_inner(OPENED, QUERY, changed, now=NOW)


def test_the_terms_are_the_signed_ones_whatever_the_requester_granted_herself() -> None:
    generous: Terms = anything(Purpose.S47_ENQUIRY)
    lookup = replace(LOOKUP, terms=generous)
    query = received(lookup.sealed().wire)
    assert _open(lookup, query).terms == LOOKUP.terms != generous
    far = replace(lookup, public=replace(lookup.public, reach=Reach.NATIONAL_RING))
    query = received(far.sealed().wire)
    with refused(Code.NOT_ALLOWED, PurposeRule.REACH):
        _open(far, query)


def test_facts_are_judged_at_the_moment_of_the_query() -> None:
    """Gateway and node judge alike, however long the query was on its way."""
    why = justified(Purpose.MISSING_CHILD, now=NOW)
    since = NOW + 1 - TIME_BOX_SECONDS
    why = replace(why, facts=replace(why.facts, missing_since=since))
    lookup = a_lookup(purpose=Purpose.MISSING_CHILD, facts=why.facts)
    query = received(lookup.sealed().wire)
    opened = open_query(query, lookup.position(query), lookup.openings[0].wrap_secret)
    assert verify_inner(opened, query, federation(), now=NOW + 100).justification.facts == why.facts


NEARBY: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("agreed_on", "lead_since", "joined_on", "notified_on"),
        st.none() | st.dates(TODAY - timedelta(days=63), TODAY + timedelta(days=3)),
    ),
    **dict.fromkeys(
        ("arrived_at", "missing_since", "renewed_at"),
        st.just(0)
        | st.integers(NOW - TIME_BOX_SECONDS - 120, NOW - TIME_BOX_SECONDS + 120)
        | st.integers(NOW - 120, NOW + 120),
    ),
    "requested_by": st.sampled_from([None, ASKING, SCHOOL, AgencyId("e08000009.council")]),
    "call_back": st.sampled_from([None, ASKING, SCHOOL]),
    "reviewer": st.sampled_from(["", "reviewer-1", "account-17"]),
    "renewed_by": st.sampled_from(["", "manager-3", "Account-17"]),
}
"""Values of facts about their bounds; of other facts any will do."""


@st.composite
def stated_facts(draw: st.DrawFn, purpose: Purpose) -> Facts:
    """Facts of which most hold."""
    drawn = draw(facts)
    names = draw(st.sets(st.sampled_from(sorted(Facts.__dataclass_fields__)), max_size=4))
    change = {
        name: draw(NEARBY[name]) if name in NEARBY else getattr(drawn, name)
        for name in sorted(names)
    }
    return replace(justified(purpose, now=NOW).facts, **change)


def _refusal(check: Callable[[], object]) -> Rule | None:
    try:
        check()
    except Refused as refused_:
        return refused_.rule
    return None


@settings(max_examples=150)
@given(st.data(), st.sampled_from(TERMS), st.sampled_from([Reach.AREA, Reach.NATIONAL_RING]))
def test_the_same_facts_are_judged_alike_at_the_gateway_and_at_every_node(
    data: st.DataObject, terms: Terms, reach: Reach
) -> None:
    """Whatever is stated, wherever the clocks stand within the skew; else an honest requester is
    told "nothing" by those who know the child."""
    role = min(terms.roles)
    stated = data.draw(stated_facts(terms.purpose))
    named = terms.reach is Reach.NAMED
    public = public_part(
        reach=Reach.NAMED if named else reach, named_areas=(AREA,) if named else ()
    )
    passport = replace(a_passport(), role=role)
    lookup = replace(
        lookup_by(passport, purpose=terms.purpose, facts=stated, demographics=YOUNG),
        public=public,
    )
    why = lookup.inner.justification
    council = federation().agency(ASKING)

    def at_the_gateway() -> None:
        require_stated(why, terms, YOUNG, NOW)
        require_request(stated, role, council, federation())
        require_call_back(stated, role, council, federation())
        require_permitted(
            why, terms, public.reach, public.named_areas, KeySet.NARROW, subject=passport.subject
        )

    # A program of the requester's own sends it whatever the gateway says.
    generous = replace(
        anything(terms.purpose),
        reach=public.reach,
        takes=frozenset(),
    )
    own = why.facts.reviewer.lower() == "account-17" or why.facts.renewed_by == "Account-17"
    if own:  # no program of ours seals it
        assert _refusal(at_the_gateway) is not None
        return
    query = received(replace(lookup, terms=generous).sealed().wire)
    opened = open_query(query, lookup.position(query), lookup.openings[0].wrap_secret)
    everybody = (RolesAt(AgencyKind.LOCAL_AUTHORITY, frozenset(Role)),)
    lists = replace(federation().code_lists, roles_at=everybody)
    listed = replace(federation(), code_lists=lists)
    for skew in (-limits.CLOCK_SKEW_SECONDS, 0, limits.CLOCK_SKEW_SECONDS):
        at_a_node = partial(verify_inner, opened, query, listed, now=NOW + skew)
        assert (_refusal(at_a_node) is None) == (_refusal(at_the_gateway) is None)


@pytest.mark.parametrize("now", [NOW - 121, NOW + 601])
def test_a_passport_out_of_its_time(now: float) -> None:
    with refused(Code.BAD_PASSPORT):
        verify_inner(OPENED, QUERY, federation(), now=now)


def test_every_time_at_which_the_query_is_fresh_suits_the_passport() -> None:
    """Else a slow clock would turn a yes into a no after the index was touched."""
    short = replace(a_passport(), issued_at=NOW, auth_time=NOW, expires_at=NOW + 120)
    lookup = lookup_by(short)
    query = received(lookup.sealed().wire)
    opened = open_query(query, lookup.position(query), lookup.openings[0].wrap_secret)
    fresh = 0
    for now in range(NOW - 200, NOW + 400):
        try:
            require_fresh(query.core, now)
        except Refused:
            continue
        fresh += 1
        assert verify_inner(opened, query, federation(), now=now).passport == short
    assert fresh == 60 + 120 + 60 + 1


def test_the_formulas_of_the_page() -> None:
    """The commitment and the body key, from the randomness that went in."""
    source = seeded("a lookup")
    q, content_key = source(32), source(32)
    assert QUERY.core.q == q
    assert QUERY.core.key_commitment == hashlib.sha256(b"kc" + q + content_key).digest()
    assert sealing.open_body(content_key, QUERY.sealed, bound=QUERY.core_hash)


def test_nothing_secret_is_printed() -> None:
    assert repr(OPENED) == "Opened(…)"
    assert repr(_open()) == "Question(…)"
    assert repr(SEALED) == f"SealedQuery({SEALED.hash.hex()[:8]}…)"
