"""A member with valid keys and a program of its own asks for what it may not have.

Each attempt ends as NOTHING_TO_DISCLOSE, and where it opened, it is recorded with what was wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.matching import Finding
from fakes.approved import an_approval
from fakes.asking_by_hand import Craft, answers, status_of
from fakes.federations import EVERY_CODE, NOW, requester_key
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import FEDERATION, GATEWAY
from fakes.simulated_node import SimNode
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    NEXT,
    OAK,
    OTHER,
    POLICE,
    QUESTION,
    SCHOOLS,
    TWIN,
)
from federation import World
from fingerpost.private.approvals import ToApprove
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Facts
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import (
    read_query,
    seal_into_query,
    write_core,
)
from fingerpost.protocol.codes import AgencyKind, Purpose, Reach, Role, Status, WideningReason
from fingerpost.protocol.errors import Code
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Accepted, KeySet
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import RolesAt, Terms
from fingerpost.runtime.identity import PeerIdentity

ENQUIRY = next(terms for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
"""By those whose duty it is; others make one at a council's request."""
ENQUIRERS = frozenset().union(
    *(terms.roles for terms in TERMS if terms.purpose is Purpose.S47_ENQUIRY)
)


@pytest.fixture
def school(world: World) -> SimNode:
    return world.nodes[SCHOOLS]


@pytest.fixture
def honest(world: World) -> Craft:
    return Craft(world, COUNCIL, AMINA, AMINA)


@contextmanager
def careless() -> Iterator[None]:
    """A program of the requester that does not check what is permitted."""
    with pytest.MonkeyPatch.context() as patch:
        check = "fingerpost.private.query_sealing.require_permitted"
        patch.setattr(check, lambda *_, **__: None)
        yield


def require_nothing_disclosed(node: SimNode, sealed: SealedQuery) -> None:
    (part,) = answers(node, sealed)
    assert {a.status for a in part.agencies} == {Status.NOTHING_TO_DISCLOSE}
    assert part.pointers == ()


def refusals(node: SimNode) -> list[Code | None]:
    return [e.examined.refusal for e in node.entries]


async def test_by_hand_an_honest_requester_is_told(school: SimNode, honest: Craft) -> None:
    """What the attempts below are measured by: each differs from this in one thing."""
    for key_set, reach in ((KeySet.NARROW, Reach.AREA_AND_NEIGHBOURS), (KeySet.WIDE, Reach.AREA)):
        sealed = replace(honest, key_set=key_set, reach=reach).sealed()
        (part,) = answers(school, sealed)
        found = {a.agency: a.status for a in part.agencies}
        assert found[OAK] is Status.INVOLVED
        assert [len(a.pointers) for a in part.agencies] == [a.agency == OAK for a in part.agencies]


# ---- replays -----------------------------------------------------------------------------------


async def test_a_replay_gets_try_again_and_opens_nothing(school: SimNode, honest: Craft) -> None:
    sealed = honest.sealed()
    assert status_of(school, sealed, OAK) is Status.INVOLVED
    opened = len(school.entries)
    for _ in range(3):
        (part,) = answers(school, sealed)
        assert {a.status for a in part.agencies} == {Status.TRY_AGAIN}
        assert part.pointers == ()
    school.service = school.made()  # a restart: what it has seen is on its disk
    assert status_of(school, sealed, OAK) is Status.TRY_AGAIN
    assert len(school.entries) == opened


async def test_a_replay_about_an_unknown_child_gets_try_again_too(
    world: World, school: SimNode
) -> None:
    """Attack: send a query twice and see by the second answer whether the first one opened."""
    sealed = Craft(world, COUNCIL, TWIN, TWIN).sealed()
    known = status_of(school, sealed, OAK)
    assert known is Status.NOTHING_TO_DISCLOSE
    assert status_of(school, sealed, OAK) is Status.TRY_AGAIN


async def test_twice_in_one_frame_is_answered_once(school: SimNode, honest: Craft) -> None:
    sealed = honest.sealed()
    assert len(school.service.answer((sealed.wire, sealed.wire))) == 1
    assert school.findings(OAK) == [Finding.MATCH]


async def test_a_copy_that_is_signed_anew_is_a_replay(
    world: World, school: SimNode, honest: Craft
) -> None:
    """Attack: any gateway has the shared key, and signs another's query with other wraps, so that
    H(query) is new."""
    sealed = honest.sealed()
    assert status_of(school, sealed, OAK) is Status.INVOLVED
    query = read_query(sealed.wire, world.current.requester_key)
    core, key = write_core(query.core), requester_key(query.core.epoch)
    for position in (0, limits.LOCATORS - 1):
        wraps = list(query.wraps)
        wraps[position] = bytes(limits.WRAP_BYTES)
        wire = seal_into_query(core, tuple(wraps), query.sealed, query.core.epoch, key)
        copy = read_query(wire, world.current.requester_key)
        assert copy.hash != query.hash
        assert (
            status_of(school, replace(sealed, wire=wire, hash=copy.hash), OAK) is Status.TRY_AGAIN
        )
    assert len(school.entries) == 1


async def test_an_old_query_gets_try_again_at_a_node_that_never_saw_it(
    world: World, school: SimNode, honest: Craft
) -> None:
    """A broker that keeps a query back for a better moment."""
    sealed = honest.sealed()
    await world.clock.run_for(limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS + 1)
    assert status_of(school, sealed, OAK) is Status.TRY_AGAIN
    assert school.entries == []


async def test_the_broker_carries_no_query_twice(world: World, honest: Craft) -> None:
    """Also after its restart."""
    sealed, submission = honest.submitted()
    peer = PeerIdentity(FEDERATION, GATEWAY, Party.GATEWAY, NOW + 10**9)

    async def submit() -> int:
        return len([e async for e in world.broker.lookup(peer, sealed.wire, submission)])

    assert await world.run(submit()) > 2
    for _ in range(2):
        with refused(Code.REPLAYED):
            await world.run(submit())
        await world.restart_broker()


# ---- one child's key, another's name -------------------------------------------------------------


@pytest.mark.parametrize("says", [OTHER, TWIN], ids=["somebody-known-there", "a-twin"])
async def test_wraps_for_one_child_and_the_name_of_another_tell_nothing(
    school: SimNode, honest: Craft, says: Demographics
) -> None:
    """Attack: agencies that know Amina open it, and answer for somebody else, or let guesses about
    him be tried.
    """
    sealed = replace(honest, says=says).sealed()
    require_nothing_disclosed(school, sealed)
    (entry,) = school.entries
    assert entry.examined.finding is not Finding.MATCH
    assert (entry.examined.matched, entry.disclosed) == ((), 0)
    if says is OTHER:  # he is on the roll there, and is not even looked at
        assert entry.examined.finding is Finding.MISMATCH


async def test_the_keys_of_two_children_in_one_query_tell_of_one_at_most(
    school: SimNode, honest: Craft
) -> None:
    """Attack: one lookup, paid for once, that asks about two."""
    both = [*honest.openings(AMINA), *honest.openings(OTHER)]
    (part,) = answers(school, honest.sealed(both))
    assert len(part.pointers) == 1
    (entry,) = school.entries
    assert [r.demographics for r in entry.examined.matched] == [AMINA]


# ---- half-made wraps -----------------------------------------------------------------------------


async def test_locators_without_wraps_open_nothing_and_are_not_recorded(
    school: SimNode, honest: Craft
) -> None:
    """A locator alone shows a hit to nobody, and there is nobody to record."""
    require_nothing_disclosed(school, replace(honest, wrong_wraps=True).sealed())
    assert school.entries == []


async def test_one_good_wrap_is_enough_and_bad_ones_beside_it_do_no_harm(
    school: SimNode, honest: Craft
) -> None:
    """What opens is recorded, however badly the rest is wrapped (attack: spoil the wraps that lead
    to the log).
    """
    good = honest.openings(AMINA)
    bad = replace(honest, wrong_wraps=True).openings(AMINA)
    assert [g.locator for g in good] == [b.locator for b in bad]
    for keep in range(len(good)):
        mixed = [g if i == keep else b for i, (g, b) in enumerate(zip(good, bad, strict=True))]
        before = len(school.entries)
        status = status_of(school, honest.sealed(mixed), OAK)
        opened = school.findings(OAK)[before:]
        assert (status is Status.INVOLVED) == (opened == [Finding.MATCH])
        assert opened in ([], [Finding.MATCH])
    assert Finding.MATCH in school.findings(OAK)


# ---- who asks ------------------------------------------------------------------------------------


async def test_a_passport_of_another_agency_is_refused_where_it_opens(
    school: SimNode, honest: Craft
) -> None:
    """The gateway hosts two agencies and signs for both; the passport is the school's, the query
    the council's.
    """
    require_nothing_disclosed(school, replace(honest, passport_agency=OAK).sealed())
    assert school.findings(OAK) == [Finding.REFUSED]
    assert refusals(school) == [Code.BAD_PASSPORT]


async def test_a_passport_by_nobodys_key_is_refused(school: SimNode, honest: Craft) -> None:
    forged = replace(honest, passport_key=Ed25519PrivateKey.generate())
    require_nothing_disclosed(school, forged.sealed())
    assert refusals(school) == [Code.BAD_PASSPORT]


async def test_a_pseudonym_that_is_not_the_practitioner_s_is_refused_where_it_opens(
    world: World, school: SimNode, honest: Craft
) -> None:
    """A gateway that has the broker count an account that does not ask, a new one each time."""
    for account in ("nobody-1", "nobody-2"):
        craft = replace(honest, counted_as=account)
        sealed, submission = craft.submitted()
        peer = PeerIdentity(FEDERATION, GATEWAY, Party.GATEWAY, NOW + 10**9)
        carried = world.broker.lookup(peer, sealed.wire, submission)
        assert isinstance(await world.run(anext(carried)), Accepted), "the broker cannot know"
        await carried.aclose()
        require_nothing_disclosed(school, craft.sealed())
    assert set(refusals(school)) == {Code.BAD_COMMITMENT}


async def test_training_that_has_run_out_cannot_even_be_written_down(honest: Craft) -> None:
    """A passport outlives neither training nor vetting, whoever makes it; see the next test for one
    who tries.
    """
    with refused(Code.MALFORMED):
        replace(honest, training_for=limits.PASSPORT_SECONDS).sealed()


async def test_a_passport_that_outlives_training_is_refused(
    school: SimNode, honest: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: an agency's own program that does not check, and signs it all the same."""
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.private.passport.Passport.__post_init__", lambda self: None)
        sealed = replace(honest, training_for=-limits.DAY).sealed()
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.BAD_PASSPORT]


async def test_a_passport_that_outlives_the_grace_is_refused(
    school: SimNode, honest: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: an agency's own program that grants a grace again and again."""
    graced = replace(honest, grace_by="manager-1")
    in_grace = replace(graced, training_for=-13 * limits.DAY).sealed()
    assert status_of(school, in_grace, OAK) is Status.INVOLVED
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.private.passport.Passport.__post_init__", lambda self: None)
        sealed = replace(graced, training_for=-14 * limits.DAY).sealed()
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [None, Code.BAD_PASSPORT]


@pytest.mark.parametrize("grace_by", ["", "manager-1"])
async def test_a_passport_that_ends_after_every_calendar_is_refused_and_recorded(
    school: SimNode, honest: Craft, monkeypatch: pytest.MonkeyPatch, grace_by: str
) -> None:
    """Attack: whoever opens the query cannot write its date down, and fails with no answer and no
    record; so the asker sees who knows the child, shielded or not, and nobody sees the asker."""
    far = limits.LATEST - int(NOW) - limits.DAY * (10 if grace_by else 0)
    with monkeypatch.context() as patch:
        patch.setattr("fingerpost.private.passport.Passport.__post_init__", lambda self: None)
        sealed = replace(honest, training_for=far, grace_by=grace_by).sealed()
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.BAD_PASSPORT]


async def test_days_of_grace_let_somebody_ask_and_are_on_record_where_it_opens(
    world: World, gateway: SimGateway, school: SimNode
) -> None:
    lapsed = int(world.clock.now()) - 13 * limits.DAY
    entitlement = replace(
        gateway.session.entitlement, training_until=lapsed, training_grace_by="manager-1"
    )
    gateway.session = replace(gateway.session, entitlement=entitlement)
    await gateway.ask(QUESTION)
    (found,) = {
        entry.examined.question.passport.entitlement
        for entry in school.entries
        if entry.examined.question
    }
    assert found == entitlement
    over = replace(entitlement, training_until=lapsed - limits.DAY)
    gateway.session = replace(gateway.session, entitlement=over)
    with refused(Code.SIGN_IN):
        await gateway.ask(QUESTION)


async def test_a_practitioner_without_training_sends_nothing(
    world: World, gateway: SimGateway
) -> None:
    over = replace(gateway.session.entitlement, training_until=int(world.clock.now()) - 1)
    gateway.session = replace(gateway.session, entitlement=over)
    world.holders.received.clear()
    with refused(Code.SIGN_IN):
        await gateway.ask(QUESTION)
    assert gateway.order == []
    assert world.holders.received == []


async def test_without_the_key_of_the_gateways_a_query_is_not_read(
    school: SimNode, honest: Craft
) -> None:
    """Attack: a broker that makes queries of its own to probe an index."""
    forged = replace(honest, requester_key=Ed25519PrivateKey.generate())
    assert school.service.answer((forged.sealed().wire,)) == ()
    assert school.entries == []
    assert school.seen == set()


async def test_a_gateway_that_may_not_ask_for_the_agency_is_refused_where_it_opens(
    school: SimNode, honest: Craft
) -> None:
    require_nothing_disclosed(school, replace(honest, gateway=MemberId("another")).sealed())
    assert refusals(school) == [Code.NOT_A_MEMBER]


async def test_a_reach_counted_from_another_area_is_refused_where_it_opens(
    school: SimNode, honest: Craft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: a requester of one area who asks all of another as if it were her own."""
    with monkeypatch.context() as patch:
        patch.setattr(AgencyId, "area", NEXT)
        sealed = replace(honest, area=NEXT).sealed()
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.NOT_ALLOWED]


@pytest.mark.parametrize("denied", [{"agencies": [COUNCIL]}, {}], ids=["agency", "gateway"])
async def test_whoever_is_suspended_is_not_answered(
    world: World, school: SimNode, honest: Craft, denied: dict[str, list[AgencyId]]
) -> None:
    """It sealed before; nodes judge by the deny-list that they have now."""
    sealed = honest.sealed()
    world.suspend(*([] if denied else [GATEWAY]), **denied)
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.NOT_A_MEMBER]


# ---- what is asked -------------------------------------------------------------------------------


async def test_a_purpose_or_role_that_is_not_in_force_is_refused_where_it_opens(
    world: World, school: SimNode, honest: Craft
) -> None:
    lists = world.current.code_lists
    others = tuple(each for each in lists.terms if each.purpose is not ENQUIRY.purpose)
    fewer = replace(ENQUIRY, roles=ENQUIRY.roles - {Role.SOCIAL_WORKER})
    for signed in (
        replace(lists, terms=others),
        replace(lists, terms=(*others, fewer)),
        replace(lists, roles_at=()),
    ):
        world.change(code_lists=signed)
        require_nothing_disclosed(school, honest.sealed())
    assert refusals(school) == [Code.NOT_ALLOWED] * 3


@pytest.mark.parametrize("role", sorted(set(Role) - ENQUIRERS))
async def test_a_role_that_may_not_ask_for_the_purpose_is_refused_where_it_opens(
    school: SimNode, honest: Craft, role: Role
) -> None:
    require_nothing_disclosed(school, replace(honest, role=role).sealed())
    assert refusals(school) == [Code.NOT_ALLOWED]


async def test_a_lookup_that_does_not_state_what_its_purpose_takes_is_refused_where_it_opens(
    school: SimNode, honest: Craft
) -> None:
    made = [replace(honest, reference="").sealed(), replace(honest, facts=Facts()).sealed()]
    for sealed in made:
        require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.NOT_ALLOWED] * 2


async def test_a_wider_reach_than_the_purpose_has_is_refused_where_it_opens(
    school: SimNode, honest: Craft
) -> None:
    """Early help in the neighbouring area, by a program that leaves the check out."""
    with careless():
        sealed = replace(honest, purpose=Purpose.EARLY_HELP, role=Role.EARLY_HELP_WORKER).sealed()
    require_nothing_disclosed(school, sealed)
    assert refusals(school) == [Code.NOT_ALLOWED]


async def test_wide_keys_beyond_the_own_area_without_a_reason_tell_nothing(
    school: SimNode, honest: Craft
) -> None:
    """A second round that does not say why, one for a purpose that may not widen, and a reason of
    another purpose.
    """
    strategy = WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION
    with careless():
        wide = replace(honest, key_set=KeySet.WIDE)
        attempts = [
            wide.sealed(),
            replace(wide, purpose=Purpose.EARLY_HELP, because=strategy).sealed(),
            replace(wide, purpose=Purpose.URGENT_CARE, because=strategy).sealed(),
        ]
    for sealed in attempts:
        require_nothing_disclosed(school, sealed)
    refused = [e.examined.refusal for e in school.entries if e.agency == OAK]
    assert refused == [Code.NOT_ALLOWED] * 3
    assert set(refusals(school)) == {Code.NOT_ALLOWED}, "also where only a twin's record opened it"
    with_reason = replace(wide, because=strategy).sealed()
    assert status_of(school, with_reason, OAK) is Status.INVOLVED, "what differs"


async def test_wide_keys_in_the_national_ring_are_answered_alike_by_all(
    world: World, honest: Craft
) -> None:
    """By a public fact, before any index is touched."""
    with careless():
        far = replace(
            honest,
            key_set=KeySet.WIDE,
            reach=Reach.NATIONAL_RING,
            purpose=Purpose.EMERGENCY_PROTECTION,
            because=WideningReason.RECENT_MOVE,
        )
        sealed = far.sealed()
    said = []
    for node in world.nodes.values():
        (part,) = answers(node, sealed)
        said += [a.status for a in part.agencies]
        assert node.entries == []
    assert said == [Status.CANNOT_ANSWER] * 2, "the council and the police are in the ring"


@pytest.mark.parametrize(
    "terms",
    # LEAVING_CARE may not ask about a child at all.
    [terms for terms in TERMS if terms.purpose is not Purpose.LEAVING_CARE],
    ids=lambda terms: terms.purpose.name,
)
async def test_a_shielded_child_is_disclosed_to_nobody_for_any_purpose(
    world: World, honest: Craft, terms: Terms
) -> None:
    police = world.nodes[MemberId("police-node")]
    roles_at = (RolesAt(AgencyKind.LOCAL_AUTHORITY, frozenset(Role)),)
    far = replace(terms, reach=Reach.NATIONAL_RING)
    world.change(code_lists=replace(EVERY_CODE, terms=(far,), roles_at=roles_at))
    role = min(terms.roles)
    craft = replace(honest, purpose=terms.purpose, role=role)
    of = ToApprove(COUNCIL, "worker-1", craft.justification(), craft.says)
    now = world.clock.now()
    approval = an_approval(of, world.passport_keys[COUNCIL], now, role=role)
    sealed = replace(craft, approvals=(approval,)).sealed()
    assert status_of(police, sealed, POLICE) is Status.NOTHING_TO_DISCLOSE
    assert police.findings(POLICE) == [Finding.MATCH], "and yet it is recorded"


async def test_a_sensitive_row_is_not_among_what_is_told(world: World, honest: Craft) -> None:
    (part,) = answers(world.nodes[COUNCILS], honest.sealed())
    assert len(part.pointers) == 1
    assert part.pointers[0].kind is not None
    assert part.pointers[0].kind.name == "CHILDRENS_SOCIAL_CARE"
