"""All that came to the broker and to the key holders, searched for everything that they must not
learn.

Three kinds of evidence: names do not stand in it, in any spelling; it does not differ where only
secrets differ; it does not repeat where one child is asked about twice. Each search is shown that
it would have found what it seeks.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.approved import approved
from fakes.federations import HOLDERS, public
from fakes.justified import PAST, justified
from fakes.refusals import refused
from fakes.simulated_gateway import SimGateway
from fakes.simulated_holders import GATEWAY, Holders
from fakes.simulated_node import Frame
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    ELM,
    GP,
    HEALTH,
    HERE,
    OAK,
    OTHER,
    POLICE,
    POLICE_NODE,
    SCHOOLS,
    build,
    of,
)
from federation import World
from fingerpost.private import passport as passports
from fingerpost.private.codec import write_part
from fingerpost.private.demographics import Demographics
from fingerpost.private.locators import locator, wrap_secret
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Pointer
from fingerpost.private.query_sealing import open_query
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import write_queries
from fingerpost.protocol.codec.queries import read_query, write_core
from fingerpost.protocol.codec.strict import read_envelope
from fingerpost.protocol.codes import Purpose, Reach, Role, Status, WideningReason
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Member, Party
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import KeySet, Query, QueryCore, day_of, size_class, slot_of
from integration.bad_messages import varint
from practitioner.asking.outcome import Again, Outcome, Question, Widened
from privacy.traces import forms, spellings_of_day, traces, windows

EPOCH = EpochNumber(1)
RUN = 16
"""So many equal bytes are no accident: 2^-128 for random ones, and no field that names a child is
shorter.
"""

PATIENT = replace(AMINA, health_number="943 476 5919", upn="A950000178301")
STRANGER = Demographics(
    forename="Quentin", surname="Nemoson", dob=date(2016, 6, 6), postcode="ZE3 9JW"
)
WORKERS = (("worker-1", "Morgan Ash"), ("account-77", "Robin Vale"))
REFERENCE, OTHER_REFERENCE = "ref-998877", "case-31/2026"
APPROVERS = ("manager-5d2e", "manager-a7")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = build()
    made.holders = Holders(seeds=made.holders.seeds)
    await made.start()
    yield made
    await made.stop()


async def ask(
    world: World,
    child: Demographics,
    purpose: Purpose = Purpose.S47_ENQUIRY,
    worker: tuple[str, str] = WORKERS[0],
    reach: Reach | None = None,
) -> tuple[SimGateway, Outcome]:
    subject, name = worker
    gateway = world.gateway(COUNCIL, subject=subject, name=name)
    first = purpose is Purpose.S47_ENQUIRY
    reference, approver = (OTHER_REFERENCE, APPROVERS[0]) if first else (REFERENCE, APPROVERS[1])
    now = world.clock.now()
    why = justified(purpose, reference, now=now)
    key = world.passport_keys[COUNCIL]
    by = {"approver": approver, "role": gateway.session.role}
    why = approved(why, child, COUNCIL, subject, key, now, **by)
    areas = (HERE,) if reach is Reach.NAMED else ()
    question = Question(child, why, reach, areas)
    return gateway, await world.run(gateway.client.lookup(gateway.session, question))


def queries(world: World, wires: Iterable[bytes]) -> list[Query]:
    return [read_query(wire, world.current.requester_key) for wire in wires]


def of_set(world: World, gateway: SimGateway, key_set: KeySet = KeySet.NARROW) -> Query:
    (found,) = (q for q in queries(world, gateway.submitted) if q.core.key_set is key_set)
    return found


def at_the_broker(world: World) -> list[bytes]:
    """All bytes that came to it, all it stored, all it logged."""
    stored = [
        b"\xff".join(
            (
                r.query_hash,
                str(r.agency).encode(),
                str(r.gateway).encode(),
                r.reach.name.encode(),
                str(r.handle).encode(),
            )
        )
        for r in world.store.records
    ]
    return [*world.broker_saw, *stored, *(line.encode() for line in world.log.lines)]


def slot_key(world: World) -> bytes:
    now = world.clock.now()
    return world.peppers.pepper(EPOCH, day_of(now)).slot_key(slot_of(now))


# ---- names -------------------------------------------------------------------------------------


DESKS = ("Jo Reed", "01632 960123", "01632 960199", "desk@agency.example")
WRITTEN = (
    *(t for child in (PATIENT, OTHER, STRANGER) for t in (child.forename, child.surname)),
    *(child.postcode for child in (PATIENT, OTHER, STRANGER)),
    PATIENT.health_number,
    PATIENT.upn,
    *(t for worker in WORKERS for t in worker),
    *(REFERENCE, OTHER_REFERENCE, *APPROVERS),
    PAST.isoformat(),
    *DESKS,
    *(
        t
        for child in (PATIENT, OTHER, STRANGER)
        if isinstance(child.dob, date)
        for t in spellings_of_day(child.dob)
    ),
)
"""Children, practitioners, references, approvers, stated facts, desks."""
NAMED = {name: form for text in WRITTEN for name, form in forms(text).items()}


async def test_no_name_comes_to_the_broker_or_to_a_key_holder(world: World) -> None:
    _, yes = await ask(world, PATIENT)
    assert of(yes, OAK).status is Status.INVOLVED
    await ask(world, OTHER, Purpose.REFERRAL_TRIAGE, WORKERS[1])
    _, no = await ask(world, STRANGER, Purpose.CHILD_DEATH, WORKERS[1])
    assert {a.status for a in no.agencies} == {Status.NOTHING_TO_DISCLOSE}
    assert traces(at_the_broker(world), NAMED) == []
    assert traces(world.holders.received, NAMED) == []


async def test_the_search_for_names_finds_them_where_they_stand(world: World) -> None:
    """The control: what an involved agency opens, and what an answer holds before it is sealed,
    name everybody.
    """
    gateway, outcome = await ask(world, PATIENT, Purpose.CHILD_DEATH)
    inner = opened_by(world, of_set(world, gateway), world.nodes[SCHOOLS].tagged[OAK, EPOCH])
    found = traces(inner, NAMED)
    named = ("Hartley", "WX4 7QD", "943 476 5919", "A950000178301")
    for text in (*named, REFERENCE, APPROVERS[1], PAST.isoformat()):
        assert f"plain {text}" in found
    for text in ("Morgan Ash", "worker-1"):  # in the passport, in base64
        assert any(name.startswith("base64") and name.endswith(text) for name in found)
    found = traces([part_with(of(outcome, OAK).pointers[0])], NAMED)
    assert {f"plain {text}" for text in DESKS} <= set(found)


def part_with(pointer: Pointer) -> bytes:
    answer = AgencyAnswer(OAK, Status.INVOLVED, 1, 1, pointers=(pointer,))
    return write_part(AnswerPart(bytes(32), SCHOOLS, 1, 0, 1, (answer,), bytes(32)))


def opened_by(world: World, query: Query, tagged: Iterable[tuple[bytes, object]]) -> list[bytes]:
    """What these tags open of the query, trying each at every position."""
    key = slot_key(world)
    opened = []
    for tag in {tag for tag, _ in tagged}:
        for position in range(limits.LOCATORS):
            try:
                opened.append(open_query(query, position, wrap_secret(key, tag)).envelope.payload)
            except Refused:
                continue
    return opened


# ---- secrets -----------------------------------------------------------------------------------


async def test_no_tag_pepper_or_key_comes_to_the_broker(world: World) -> None:
    await ask(world, PATIENT)
    key = slot_key(world)
    tags = [t for n in world.nodes.values() for tagged in n.tagged.values() for t, _ in tagged]
    secrets = [*tags, *(wrap_secret(key, t) for t in tags), key]
    secrets += [p.value for p in world.peppers.first.values()]
    secrets += [seed for pair in world.holders.seeds.values() for seed in pair]
    needles = ways(secrets)
    assert traces(at_the_broker(world), needles) == []
    assert traces(world.holders.received, needles) == []
    locators = ways(locator(key, t) for t in tags)
    assert traces(at_the_broker(world), locators), "a locator is what a query does carry"
    assert traces(world.holders.received, locators) == []


def ways(secrets: Iterable[bytes]) -> dict[str, bytes]:
    """How bytes might be written down."""
    found = {}
    for number, secret in enumerate(secrets):
        found[f"{number} as it is"] = secret
        found[f"{number} turned"] = secret[::-1]
        found[f"{number} in hexadecimal"] = secret.hex().encode()
        found[f"{number} in base64"] = base64.b64encode(secret)[:20]
        if len(secret) > limits.LOCATOR_BYTES:  # a part of a secret is one, too
            found[f"{number} in part"] = secret[: len(secret) // 2]
            found[f"{number} in the other part"] = secret[len(secret) // 2 :]
    return found


async def test_key_holders_see_new_points_each_time_and_each_its_own(world: World) -> None:
    """Attack: two holders compare what they see, or one compares today's with yesterday's."""
    world.holders.received.clear()
    await ask(world, PATIENT)
    await ask(world, PATIENT)
    await ask(world, OTHER)
    assert {len(r) for r in world.holders.received} == {limits.LOCATORS * limits.POINT_BYTES}
    assert len(world.holders.received) == 3 * len(HOLDERS)
    size = limits.POINT_BYTES
    points = [r[i : i + size] for r in world.holders.received for i in range(0, len(r), size)]
    assert len(points) == len(set(points))


# ---- who could open it ---------------------------------------------------------------------------


async def test_the_uninvolved_cannot_open_a_query_with_any_tag_they_have(world: World) -> None:
    gateway, _ = await ask(world, OTHER)
    for key_set in KeySet:
        query = of_set(world, gateway, key_set)
        assert opened_by(world, query, world.nodes[SCHOOLS].tagged[OAK, EPOCH]), "OAK knows him"
        uninvolved = {COUNCILS: COUNCIL, HEALTH: GP, POLICE_NODE: POLICE, SCHOOLS: ELM}
        for node, agency in uninvolved.items():
            tagged = world.nodes[node].tagged[agency, EPOCH]
            assert tagged
            assert opened_by(world, query, tagged) == []
    for node in (COUNCILS, HEALTH, POLICE_NODE):
        assert world.nodes[node].entries == [], "nothing to record where nothing opened"


async def test_a_stolen_database_opens_nothing_of_earlier_days(world: World) -> None:
    """Tags with a later day's pepper do not open what was recorded before: peppers only go
    forwards.
    """
    gateway, _ = await ask(world, OTHER)
    query = of_set(world, gateway)
    today = world.peppers.pepper(EPOCH, day_of(world.clock.now()))
    tomorrow = today.next()
    with pytest.raises(Refused):
        tomorrow.at(today.day)
    stolen = tomorrow.slot_key(slot_of(world.clock.now() + limits.DAY))
    for tag, _ in world.nodes[SCHOOLS].tagged[OAK, EPOCH]:
        for position in range(limits.LOCATORS):
            with pytest.raises(Refused):
                open_query(query, position, wrap_secret(stolen, tag))


# ---- what differs, and what repeats --------------------------------------------------------------


def random_ranges(query: Query) -> list[range]:
    """Where in the 8192 bytes stand the fields that are random, or look it: all others are declared
    public.
    """
    core = query.core
    fields = [
        core.q,
        core.reply_key,
        core.key_commitment,
        core.quota_commitment,
        b"".join(core.locators),
        b"".join(query.wraps),
        query.sealed,
    ]
    ranges = []
    for value in fields:
        assert query.wire.count(value) == 1
        start = query.wire.index(value)
        ranges.append(range(start, start + len(value)))
    # The signature is the envelope's last field.
    return [*ranges, range(len(query.wire) - limits.SIGNATURE_BYTES, len(query.wire))]


def public_part(query: Query) -> bytes:
    """The query with every random field struck out."""
    wire = bytearray(query.wire)
    for field in random_ranges(query):
        wire[field.start : field.stop] = bytes(len(field))
    return bytes(wire)


def shared_secret_runs(one: Query, other: Query) -> set[bytes]:
    """Runs of 16 bytes that stand in both, half of them or more within a random field of one: by
    chance once in 2**64."""
    return (touching(one) & windows(other.wire, RUN)) | (touching(other) & windows(one.wire, RUN))


def touching(query: Query) -> set[bytes]:
    return {
        query.wire[start : start + RUN]
        for field in random_ranges(query)
        for start in range(field.start - RUN // 2, field.stop - RUN // 2 + 1)
        if start + RUN <= len(query.wire)
    }


def explained(query: Query, locators: set[bytes]) -> set[bytes]:
    """Runs of which less than half is random beside some of a query's locators: these may stand
    side by side, or at the edge, and what follows them in sorted order may begin alike in two
    queries."""
    starts = map(query.wire.index, locators)
    shown = {start + offset for start in starts for offset in range(limits.LOCATOR_BYTES)}
    secret = {position for field in random_ranges(query) for position in field} - shown
    return {
        query.wire[start : start + RUN]
        for start in range(len(query.wire) - RUN + 1)
        if len(secret.intersection(range(start, start + RUN))) < RUN // 2
    }


async def test_what_is_public_does_not_depend_on_child_purpose_or_practitioner(
    world: World,
) -> None:
    """Strike out what is random, and two queries of one moment are equal byte for byte."""
    asked = [
        await ask(world, PATIENT),
        await ask(world, STRANGER, Purpose.MISSING_CHILD, WORKERS[1], Reach.AREA_AND_NEIGHBOURS),
        await ask(world, OTHER, Purpose.CHILD_DEATH, WORKERS[1]),
    ]
    for key_set in KeySet:
        first, *others = (of_set(world, gateway, key_set) for gateway, _ in asked)
        for other in others:
            assert len(first.wire) == len(other.wire) == limits.QUERY_BYTES
            alike = replace_times(public_part(other), other, first)
            assert alike == public_part(first)
            assert shared_secret_runs(first, other) == set()


async def test_of_a_second_round_the_key_set_and_the_reach_are_seen_and_not_why(
    world: World,
) -> None:
    """Other children, purposes, practitioners and reasons: the same bytes once what is random is
    struck out. What differs from a first lookup is the key set and the reach."""
    asked = []
    for child, purpose, worker, because in (
        (PATIENT, Purpose.S47_ENQUIRY, WORKERS[0], WideningReason.DIRECTED_BY_STRATEGY_DISCUSSION),
        (STRANGER, Purpose.MISSING_CHILD, WORKERS[1], WideningReason.RECENT_MOVE),
        (OTHER, Purpose.CHILD_DEATH, WORKERS[1], WideningReason.OTHER_NAME_LIKELY),
    ):
        reach = Reach.AREA_AND_NEIGHBOURS
        gateway, outcome = await ask(world, child, purpose, worker, reach)
        again = Again(Widened(outcome.operation, because))
        second = await world.run(gateway.client.widen(gateway.session, again))
        assert second.widened is not None
        query = queries(world, gateway.submitted[-1:])[0]
        asked.append((of_set(world, gateway), query))
        for reason in WideningReason:
            assert not any(reason.name.encode() in seen for seen in at_the_broker(world))
    (narrow, first), *others = asked
    for _, other in others:
        assert len(other.wire) == limits.QUERY_BYTES
        assert replace_times(public_part(other), other, first) == public_part(first)
        assert shared_secret_runs(first, other) == set()
    assert (first.core.key_set, first.core.reach) == (KeySet.WIDE, Reach.AREA_AND_NEIGHBOURS)
    assert traces(at_the_broker(world), NAMED) == []
    alike = replace_times(public_part(first), first, narrow)
    before = public_part(narrow)
    assert sum(a != b for a, b in zip(alike, before, strict=True)) == 1, "the key set's one byte"


def replace_times(public: bytes, of: Query, by: Query) -> bytes:
    """Issue and expiry are public, and move with the clock."""
    for mine, wanted in (
        (of.core.issued_at, by.core.issued_at),
        (of.core.expires_at, by.core.expires_at),
        (of.core.passport_expires_at, by.core.passport_expires_at),
    ):
        public = public.replace(varint(mine), varint(wanted), 1)
    return public


async def test_one_child_in_two_slots_cannot_be_followed(world: World) -> None:
    """G2: two lookups about one child share nothing that two about any children would not."""
    first, _ = await ask(world, PATIENT)
    await world.clock.run_for(limits.SLOT_SECONDS)
    second, _ = await ask(world, PATIENT)
    assert first.submitted
    assert second.submitted
    for one in queries(world, first.submitted):
        for other in queries(world, second.submitted):
            assert one.core.slot != other.core.slot
            assert set(one.core.locators).isdisjoint(other.core.locators)
            assert shared_secret_runs(one, other) == set()


async def test_within_one_slot_the_locators_alone_are_equal(world: World) -> None:
    """The exception that G2 names: within a slot equal locators show that one child is asked about
    twice.
    """
    first, _ = await ask(world, PATIENT)
    second, _ = await ask(world, PATIENT)
    one, other = of_set(world, first), of_set(world, second)
    assert one.core.slot == other.core.slot
    shared = set(one.core.locators) & set(other.core.locators)
    assert 0 < len(shared) < limits.LOCATORS, "the fillers are new each time"
    # Where a child has more keys than fit, the last narrow ones give way to wide ones in the other
    # query.
    assert shared & set(of_set(world, first, KeySet.WIDE).core.locators)
    assert shared_secret_runs(one, other) <= explained(one, shared) & explained(other, shared)
    stranger, _ = await ask(world, STRANGER)
    third = of_set(world, stranger)
    assert set(one.core.locators).isdisjoint(third.core.locators)


async def test_a_handle_names_nobody_and_changes_with_the_day(world: World) -> None:
    """All that the broker has of a practitioner."""
    await ask(world, PATIENT, worker=WORKERS[0])
    await ask(world, OTHER, worker=WORKERS[1])
    await world.clock.run_for(float(limits.DAY))
    await ask(world, PATIENT, worker=WORKERS[0])
    handles = [r.handle for r in world.store.records]
    assert sorted(Counter(handles).values()) == [2, 2, 2], "a narrow and a wide query each"


# ---- who asks ------------------------------------------------------------------------------------

SCHOOL_GATEWAY = MemberId("second-gateway")


async def two_agencies_ask(world: World) -> tuple[SimGateway, SimGateway]:
    """The council and the school OAK, each through a gateway of its own, at one moment: other
    roles, purposes and children. HEALTH knows neither child."""
    key = Ed25519PrivateKey.generate()
    member = Member(SCHOOL_GATEWAY, Party.GATEWAY, "School host", public(key), 0, 2000)
    here = world.current.areas[HERE]
    agencies = tuple(
        replace(agency, gateways=(SCHOOL_GATEWAY,)) if agency.id == OAK else agency
        for agency in here.agencies
    )
    world.change(
        members={**world.current.members, SCHOOL_GATEWAY: member},
        areas={**world.current.areas, HERE: replace(here, agencies=agencies)},
    )
    council = world.gateway(COUNCIL)
    subject, name = WORKERS[1]
    school = world.gateway(
        OAK, subject=subject, name=name, role=Role.DSL, me=SCHOOL_GATEWAY, key=key
    )
    of_council = Question(STRANGER, justified(Purpose.S17_ASSESSMENT, REFERENCE))
    of_school = Question(OTHER, justified(Purpose.SAFEGUARDING_CONCERN, OTHER_REFERENCE))
    outcomes = await world.run(
        asyncio.gather(
            council.client.lookup(council.session, of_council),
            school.client.lookup(school.session, of_school),
        )
    )
    for outcome in outcomes:
        assert of(outcome, GP).status is Status.NOTHING_TO_DISCLOSE
    return council, school


def requesters(world: World) -> dict[str, bytes]:
    """What would name one of the two agencies: ids, gateways, passport keys and their ids."""
    found: dict[str, bytes] = {}
    keys = []
    for agency, gateway in ((COUNCIL, GATEWAY), (OAK, SCHOOL_GATEWAY)):
        passport_key = world.current.agency(agency).passport_key
        keys += [passport_key, world.current.members[gateway].signing_key]
        for text in (str(agency), str(gateway), passports.key_id(passport_key)):
            found |= forms(text)
        keys.append(hashlib.sha256(passport_key).digest()[:8])
    return found | ways(keys)


async def test_an_uninvolved_node_cannot_see_which_agency_asks(world: World) -> None:
    received: list[bytes] = []

    def carried(frame: Frame) -> Frame:
        received.extend(frame)
        received.append(write_queries(frame).SerializeToString(deterministic=True))
        return frame

    node = world.nodes[HEALTH]
    node.carry = carried
    council, school = await two_agencies_ask(world)
    assert node.entries == [], "neither query opened here"
    wires = [*council.submitted, *school.submitted]
    assert len(wires) == 2
    assert set(wires) <= set(received)

    named = requesters(world)
    one, other = queries(world, wires)
    signers = [read_envelope(wire, most=limits.QUERY_BYTES).signer for wire in wires]
    parsed = [write_core(query.core) for query in (one, other)]
    written = [repr(getattr(query.core, each)) for query in (one, other) for each in FIELDS]
    assert (
        traces([*received, *parsed, *(text.encode() for text in (*signers, *written))], named) == []
    )
    assert signers == [str(EPOCH)] * 2
    assert without_random(one.core) == without_random(other.core)
    assert public_part(one) == public_part(other), "byte for byte, the envelope too"
    assert shared_secret_runs(one, other) == set()
    for member in (GATEWAY, SCHOOL_GATEWAY):
        signing_key = world.current.members[member].signing_key
        for wire in wires:
            with refused(Code.BAD_SIGNATURE):
                read_query(wire, known_by(signing_key))


def known_by(key: bytes) -> Callable[[EpochNumber], bytes]:
    """Return what a reader goes by who tries one key for every epoch."""
    return lambda _: key


FIELDS = tuple(QueryCore.__dataclass_fields__)


def without_random(core: QueryCore) -> QueryCore:
    """The core with every random field the same."""
    return replace(
        core,
        q=bytes(limits.NONCE_BYTES),
        reply_key=bytes(limits.HYBRID_PUBLIC_KEY_BYTES),
        key_commitment=bytes(limits.HASH_BYTES),
        quota_commitment=bytes(limits.HASH_BYTES),
        locators=tuple(bytes([i]) * limits.LOCATOR_BYTES for i in range(limits.LOCATORS)),
    )


async def test_the_search_for_requesters_finds_them_where_they_stand(world: World) -> None:
    """The control: the broker's submissions name the agency and the gateway; what an involved
    agency opens names both, and the passport's key."""
    council, school = await two_agencies_ask(world)
    named = requesters(world)
    for gateway in (council, school):
        found = traces(gateway.submissions, named)
        assert {f"plain {gateway.agency}", f"plain {gateway.me}"} <= set(found)
    (query,) = queries(world, school.submitted)
    inner = opened_by(world, query, world.nodes[SCHOOLS].tagged[OAK, EPOCH])
    found = traces(inner, named)
    assert {f"plain {OAK}", f"plain {SCHOOL_GATEWAY}"} <= set(found)
    kid = passports.key_id(world.current.agency(OAK).passport_key)
    assert any(name.startswith("base64") and name.endswith(kid) for name in found)
    listed = [agency.passport_key for agency in world.current.areas[HERE].agencies]
    assert len(traces(listed, named)) >= 2, "the keys themselves, as the member list has them"


# ---- answers -----------------------------------------------------------------------------------


async def test_answers_are_of_one_size_one_count_and_one_tick_whatever_they_say(
    world: World,
) -> None:
    """Yes, no, shielded, refused for the purpose, not ready: on the wire they do not differ."""
    said = []
    for child, purpose, reach in (
        (PATIENT, Purpose.S47_ENQUIRY, None),
        (PATIENT, Purpose.TRANSFER_IN, Reach.NAMED),
        (STRANGER, Purpose.S47_ENQUIRY, None),
        (OTHER, Purpose.REFERRAL_TRIAGE, None),
    ):
        _, outcome = await ask(world, child, purpose, reach=reach)
        said.append({a.agency.id: a.status for a in outcome.agencies})
    assert said[0][COUNCIL] is Status.INVOLVED
    assert said[1][COUNCIL] is Status.INVOLVED, "its own records, to its own practitioner"
    assert said[1][OAK] is Status.NOTHING_TO_DISCLOSE, "a transfer is told nothing"
    assert said[0][POLICE] is Status.NOTHING_TO_DISCLOSE, "shielded"
    world.nodes[HEALTH].importing.add(GP)
    await ask(world, PATIENT)
    assert {s[OAK] for s in said} == {Status.INVOLVED, Status.NOTHING_TO_DISCLOSE}
    ticks: dict[str, set[float]] = {}
    for name, node in world.nodes.items():
        counted: Counter[bytes] = Counter()
        for (received, _), (left, answers) in zip(node.frames, node.departures, strict=True):
            ticks.setdefault(str(name), set()).add(round(left - received, 6))
            hosted = size_class(len(node.children))
            assert {len(a.sealed) for a in answers} == {hosted.sealed_bytes}
            assert {a.part for a in answers} == {0}
            counted.update(a.query_hash for a in answers)
        assert set(counted.values()) == {1}
    assert len(set(map(frozenset, ticks.values()))) == 1, "the involved leave when all leave"


async def test_equal_answers_look_as_different_as_others(world: World) -> None:
    """A "no" and another "no" of one node share no run of bytes: nor does a "yes" with anything."""
    for child in (PATIENT, PATIENT, STRANGER):
        await ask(world, child)
    sealed = [
        a.sealed for n in world.nodes.values() for _, answers in n.departures for a in answers
    ]
    assert len(sealed) > 3
    seen: set[bytes] = set()
    for answer in sealed:
        runs = windows(answer, RUN)
        assert seen.isdisjoint(runs)
        seen |= runs
