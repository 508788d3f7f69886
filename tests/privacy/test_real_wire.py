"""What the broker and the key holders could learn from every byte that they hear, say and keep,
over real gRPC.

Lookups with all kinds of answers run once; each test then reads what was taped. What a party needs
to work (who asks, when, how far: G2) it may have; anything about the child, the practitioner, the
purpose or the answers it may not.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from agency_node.policy.store import SUFFIX, load
from fakes.answers import shown_in
from fakes.approved import approved
from fakes.federations import HOLDERS
from fakes.justified import PAST, justified
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Reason
from fingerpost.private.passport import TYPE
from fingerpost.protocol import limits
from fingerpost.protocol.codec.carriage import read_event, read_from_node
from fingerpost.protocol.codes import Acr, CoarseKind, Kind, Purpose, Role, Status
from fingerpost.protocol.messages import (
    Answers,
    Ended,
    LookupEvent,
    SealedAnswer,
    day_of,
    size_class,
)
from fingerpost.wire.v1 import broker_pb2, envelope_pb2, query_pb2
from integration.running_federation import (
    ASKED,
    BROTHER,
    DESK_EMAIL,
    DESK_PHONE,
    EXPORTS,
    GP_PHONE,
    GP_WORKER,
    OAK,
    OUT_OF_HOURS,
    SAYS,
    STRANGER,
    WORKER,
    WORKER_ROLE,
    Federation,
    running,
    statuses,
)
from integration.running_parties import RunningParty
from integration.taped_wire import Taped
from practitioner.asking.outcome import Outcome, Question
from privacy.traces import forms, shared, spellings_of_day, traces, windows

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NAMES = ("Rosalind Merriweather", "Cassian Featherstone")
SUBJECTS = ("account-71c3", "account-fe08")
REFERENCE, APPROVER = "REF/2026/0471-K", "manager-5d2e"
SHORT_REFERENCE = "K-0472"
RUN = 16


@dataclass(frozen=True)
class Asked:
    """One lookup, and the bytes of the queries that it was made of."""

    slot: int
    who: str
    child: Demographics
    outcome: Outcome
    heard: tuple[Taped, ...]
    said: tuple[Taped, ...]

    @property
    def queries(self) -> list[bytes]:
        return [lookup_of(t).query for t in self.heard if t.method == "Lookup"]


@dataclass(frozen=True)
class Evidence:
    federation: Federation
    lookups: tuple[Asked, ...]
    tags: tuple[bytes, ...]

    def of(self, child: Demographics, slot: int = 0) -> list[Asked]:
        return [a for a in self.lookups if a.child == child and a.slot == slot]


def lookup_of(taped: Taped) -> broker_pb2.LookupRequest:
    return broker_pb2.LookupRequest.FromString(taped.data)


QUESTIONS = (
    (0, "ASKED", ASKED, Purpose.S47_ENQUIRY, SHORT_REFERENCE, ""),
    (1, "ASKED", ASKED, Purpose.S17_ASSESSMENT, REFERENCE, APPROVER),
    (0, "BROTHER", BROTHER, Purpose.S47_ENQUIRY, REFERENCE, APPROVER),
    (1, "STRANGER", STRANGER, Purpose.S47_ENQUIRY, SHORT_REFERENCE, ""),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evidence(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evidence]:
    async with running(tmp_path_factory.mktemp("wire")) as federation:
        federation.wind_back()
        lookups = []
        for slot in range(2):
            for person, who, child, purpose, reference, approver in QUESTIONS:
                tape = federation.broker.tape
                before = len(tape.heard), len(tape.said)
                session = federation.session(SUBJECTS[person], NAMES[person])
                why = justified(purpose, reference)
                if approver:
                    by = (session.agency, SUBJECTS[person], federation.passport_key)
                    now = federation.clock.now()
                    why = approved(why, child, *by, now, approver=approver)
                question = Question(child, why)
                outcome = await federation.gateway.client.lookup(session, question)
                heard, said = tape.heard[before[0] :], tape.said[before[1] :]
                lookups.append(Asked(slot, who, child, outcome, tuple(heard), tuple(said)))
            await federation.step(limits.SLOT_SECONDS)
        tapes = [list(h.tape.all()) for h in federation.holders]
        tags = await federation.gateway.tags(ASKED)
        for holder, tape_ in zip(federation.holders, tapes, strict=True):
            holder.tape.wind_back()
            holder.tape.heard += tape_
        yield Evidence(federation, tuple(lookups), tags)


def words() -> Iterator[str]:
    """Everything that only a requester and an agency that knows the child may read."""
    for child in (ASKED, BROTHER, STRANGER):
        yield from (child.forename, child.surname, child.postcode)
        assert isinstance(child.dob, date)
        yield from spellings_of_day(child.dob)
    yield from (ASKED.middle_names, ASKED.health_number, "999 000 1239", "999-000-1239")
    yield from (WORKER, WORKER_ROLE, DESK_PHONE, DESK_EMAIL, OUT_OF_HOURS, GP_WORKER, GP_PHONE)
    yield from (name for full in (WORKER, GP_WORKER, *NAMES) for name in full.split())
    yield from (REFERENCE, SHORT_REFERENCE, APPROVER, TYPE)
    yield PAST.isoformat()  # as the facts are stated
    yield from (reason.name for reason in Reason)
    yield from (*NAMES, *SUBJECTS)
    yield from (status.name for status in Status)
    yield from (purpose.name for purpose in Purpose)
    yield from (role.name for role in Role)
    yield from (acr.value for acr in Acr)
    yield from (kind.name for kind in (*Kind, *CoarseKind))


@functools.cache
def wanted() -> dict[str, bytes]:
    return {name: data for word in words() for name, data in forms(word).items()}


async def test_the_answers_are_true(evidence: Evidence) -> None:
    """What is searched below is the traffic of lookups that worked."""
    assert len(evidence.lookups) == 2 * len(QUESTIONS)
    for asked in evidence.lookups:
        assert statuses(asked.outcome) == SAYS[asked.who]
        assert not asked.outcome.rejected_answers
    found = [a for a in evidence.lookups[0].outcome.agencies if a.agency.id == OAK]
    assert found[0].pointers[0].desk_phone == DESK_PHONE


async def test_the_search_finds_it_where_it_may_be_read(evidence: Evidence) -> None:
    """The same search finds it in what the school recorded, and in its export."""
    node = next(n for n in evidence.federation.nodes.values() if OAK in n.agencies)
    bodies = [entry.body for entry in node.entries(OAK) if entry.body]
    requesters = [msgspec.msgpack.encode(requester) for requester in node.requesters(OAK)]
    found = traces([*bodies, *requesters], wanted())
    recorded = (ASKED.forename, ASKED.surname, ASKED.health_number, NAMES[0], SUBJECTS[1])
    for word in (*recorded, REFERENCE, SHORT_REFERENCE, APPROVER, PAST.isoformat()):
        assert f"plain {word}" in found
    exported = EXPORTS[OAK].content
    assert isinstance(exported, bytes)
    found = traces([exported], wanted())
    assert f"plain {WORKER}" in found
    assert f"plain {DESK_PHONE}" in found


async def test_the_broker_hears_and_says_nothing_of_it(evidence: Evidence) -> None:
    tape = evidence.federation.broker.tape
    assert sum(t.method == "Attach" for t in tape.all()) >= 6 * len(evidence.lookups)
    assert traces([*(t.data for t in tape.all()), *tape.metadata], wanted()) == []


@pytest.mark.parametrize("index", range(2), ids=[h.value for h in HOLDERS])
async def test_a_key_holder_hears_and_says_nothing_of_it(evidence: Evidence, index: int) -> None:
    tape = evidence.federation.holders[index].tape
    assert sum(t.method == "Evaluate" for t in tape.all()) >= 2 * len(evidence.lookups)
    assert traces([*(t.data for t in tape.all()), *tape.metadata], wanted()) == []


async def test_nothing_of_it_is_kept_or_logged(evidence: Evidence) -> None:
    """Databases, journals, heads, and the lines of the log; of agencies that the child is unknown
    to as well.
    """
    federation = evidence.federation
    parties: list[RunningParty[Any]] = [federation.broker, *federation.holders]
    files = [path for party in parties for path in party.folder.rglob("*") if path.is_file()]
    assert len(files) >= 6
    kept = [path.read_bytes() for path in files]
    logged = [party.written.getvalue().encode() for party in (*parties, *federation.nodes.values())]
    assert all(logged[:1])
    assert traces([*kept, *logged], wanted()) == []


async def test_a_node_keeps_no_plain_word(evidence: Evidence) -> None:
    """A stolen disk of a node, without its keys. What is public stands in it: which agency asked,
    and the findings.
    """
    federation = evidence.federation
    public_words = {s.name for s in Status}
    hidden = {
        name: data
        for word in words()
        if word not in public_words
        for name, data in forms(word).items()
    }
    for node in federation.nodes.values():
        files = [path for path in node.folder.rglob("*") if path.is_file()]
        # An agreement names services and purposes, and no lookup; it is the agency's own text.
        agreements = [path for path in files if path.suffix == SUFFIX]
        assert {load(path).text for path in agreements} == {
            load(node.settings.agencies[0].agreements).text
        }
        kept = [path.read_bytes() for path in files if path not in agreements]
        assert kept
        assert traces(kept, hidden) == []


async def test_no_lasting_pseudonym_of_the_child_is_anywhere(evidence: Evidence) -> None:
    """Attack: the tag of a blocking key is the same all epoch long; whoever sees it follows the
    child.
    """
    federation = evidence.federation
    pepper = federation.pepper
    day = day_of(federation.clock.now())
    secret = {f"tag {i}": tag[:8] for i, tag in enumerate(evidence.tags)}
    secret["requesters' seed"] = federation.requester_key.private_bytes_raw()[:8]
    secret |= {f"pepper {d}": pepper.at(d).value[:8] for d in (day - 1, day, day + 1)}
    for asked in evidence.lookups:
        slot_key = pepper.at(day_of(asked.outcome.asked_at)).slot_key(
            asked.outcome.asked_at // limits.SLOT_SECONDS
        )
        secret[f"slot key of {asked.slot}"] = slot_key[:8]
    assert len(secret) > 12
    parties: list[RunningParty[Any]] = [federation.broker, *federation.holders]
    for party in parties:
        kept = [p.read_bytes() for p in party.folder.rglob("*.sqlite*")]
        heard = [t.data for t in party.tape.all()]
        assert heard
        assert kept
        assert traces([*heard, *kept], secret) == []


async def test_broker_and_key_holders_cannot_join_what_they_saw(evidence: Evidence) -> None:
    """Nor can the two holders: each got blinds of its own. Not one run of bytes is common."""
    federation = evidence.federation
    broker = [t.data for t in federation.broker.tape.all() if t.method != "Fetch"]
    first, second = ([t.data for t in h.tape.all()] for h in federation.holders)
    of_first, of_second = (
        set().union(*(windows(d, RUN) for d in part)) for part in (first, second)
    )
    assert len(of_first) > 10_000
    assert not of_first & of_second
    of_broker = set().union(*(windows(d, RUN) for d in broker))
    assert not of_broker & (of_first | of_second)


async def test_a_key_holder_sees_no_two_lookups_alike(evidence: Evidence) -> None:
    for holder in evidence.federation.holders:
        requests = [t.data for t in holder.tape.of("Evaluate")]
        assert len({len(r) for r in requests}) == 2  # what is asked, what is answered
        for one, other in itertools.combinations(requests, 2):
            assert not shared(one, other, RUN)


# ---- sizes and numbers ---------------------------------------------------------------------------


async def test_answers_have_the_size_of_their_agencies_and_all_queries_one(
    evidence: Evidence,
) -> None:
    frames = [t.data for t in evidence.federation.broker.tape.heard if t.method == "Attach"]
    answers: list[SealedAnswer] = []
    for frame in frames:
        message = read_from_node(broker_pb2.AttachRequest.FromString(frame))
        answers += message if isinstance(message, tuple) else ()
    assert len(answers) >= 3 * len(evidence.lookups)
    of_one, of_two = (size_class(count).sealed_bytes for count in (1, 2))
    assert {len(a.sealed) for a in answers} == {of_one, of_two}
    sizes: dict[bytes, list[int]] = defaultdict(list)
    for a in answers:
        sizes[a.query_hash].append(len(a.sealed))
    whole = [sorted(each) for each in sizes.values() if len(each) == 3]
    assert whole == [[of_one, of_one, of_two]] * len(whole), "two nodes of one agency, one of two"
    assert len(whole) >= len(evidence.lookups)
    queries = [q for asked in evidence.lookups for q in asked.queries]
    assert {len(q) for q in queries} == {limits.QUERY_BYTES}
    assert len({a.sealed for a in answers}) == len(answers)
    for one, other in itertools.combinations(answers[:8], 2):
        assert not shared(one.sealed, other.sealed, RUN)


async def test_who_is_asked_about_shows_in_no_size_and_no_number(evidence: Evidence) -> None:
    """Per query: how many messages, of which sizes, of which nodes. ASKED is known, shielded and
    unknown; BROTHER elsewhere; STRANGER nowhere."""

    def shape(asked: Asked) -> object:
        events = [read_event(broker_pb2.LookupResponse.FromString(t.data)) for t in said(asked)]
        nodes = sorted((a.node, a.part, len(a.sealed)) for a in shown_in(events))
        # On the nodes' streams what is in the frames counts: which queries share a frame is a
        # matter of the moment.
        frames = [broker_pb2.AttachRequest.FromString(t.data) for t in of(asked.heard, "Attach")]
        answers = sorted(len(a.SerializeToString()) for f in frames for a in f.answers.answers)
        carried = [broker_pb2.AttachResponse.FromString(t.data) for t in of(asked.said, "Attach")]
        queries = sorted(len(q) for f in carried for q in f.queries)
        asking = sorted(len(t.data) for t in of(asked.heard, "Lookup"))
        ends = sorted(
            len(t.data)
            for e, t in zip(events, said(asked), strict=True)
            if not isinstance(e, Answers)
        )
        return nodes, answers, queries, asking, ends

    def of(tape: Iterable[Taped], method: str) -> list[Taped]:
        return [t for t in tape if t.method == method]

    def said(asked: Asked) -> Sequence[Taped]:
        return of(asked.said, "Lookup")

    def is_whole(asked: Asked) -> bool:
        ends = [read_event(broker_pb2.LookupResponse.FromString(t.data)) for t in said(asked)]
        return len(asked.queries) == 2 and Ended(()) in ends and not any(map(gap, ends))

    def gap(event: LookupEvent) -> bool:
        return isinstance(event, Ended) and bool(event.silent)

    # On a busy machine a node may be late, or a gateway ask again, whoever is asked about; each
    # child was asked about twice, and one lookup of each must be whole.
    purpose = Purpose.S47_ENQUIRY
    like = [a for a in evidence.lookups if a.outcome.purpose is purpose and is_whole(a)]
    assert {a.who for a in like} == {"ASKED", "BROTHER", "STRANGER"}
    assert len({repr(shape(asked)) for asked in like}) == 1


# ---- two slots -----------------------------------------------------------------------------------

PUBLIC = ("type", "signer", "federation", "area", "padding")
"""What two queries of one area have in common: constants, the epoch, ids, zeros."""


def fields(wire: bytes) -> dict[str, bytes]:
    """Every part of a query by name."""
    envelope = envelope_pb2.Envelope.FromString(wire)
    query = query_pb2.Query.FromString(envelope.payload)
    core = query_pb2.QueryCore.FromString(query.core)
    return {
        "type": envelope.type.encode(),
        "signer": envelope.signer.encode(),
        "signature": envelope.signature,
        "wraps": query.wraps,
        "sealed": query.sealed,
        "padding": query.padding,
        "q": core.q,
        "reply_key": core.reply_key,
        "federation": core.federation.encode(),
        "area": core.area.encode(),
        "key_commitment": core.key_commitment,
        "locators": core.locators,
        "slot_check": core.slot_check,
        "quota_commitment": core.quota_commitment,
    }


def common_bytes(one: bytes, other: bytes) -> list[int]:
    """The places of ``one`` that lie in a run of ``RUN`` bytes which stands in ``other`` too."""
    known = windows(other, RUN)
    places: set[int] = set()
    for start in range(len(one) - RUN + 1):
        if one[start : start + RUN] in known:
            places.update(range(start, start + RUN))
    return sorted(places)


async def test_two_slots_have_nothing_in_common_but_public_words(evidence: Evidence) -> None:
    """The same child, practitioner, purpose, agency: whoever has both queries cannot see that
    they are about one.
    """
    earlier = [q for asked in evidence.of(ASKED, 0) for q in asked.queries]
    later = [q for asked in evidence.of(ASKED, 1) for q in asked.queries]
    assert min(len(earlier), len(later)) >= 3, "a gap that load made is asked about again"
    for one, other in itertools.product(earlier, later):
        mine, theirs = fields(one), fields(other)
        for (name, a), (other_name, b) in itertools.product(mine.items(), theirs.items()):
            if name not in PUBLIC and other_name not in PUBLIC:
                assert not shared(a, b, RUN), f"{name} and {other_name}"
        private = {
            place
            for name, value in mine.items()
            if name not in PUBLIC
            for place in range(one.index(value), one.index(value) + len(value))
        }
        assert len(private) > 6000
        # A run may begin or end beyond a public field by chance, by a byte or two.
        assert sum(place in private for place in common_bytes(one, other)) <= 8


async def test_within_a_slot_the_locators_are_the_same(evidence: Evidence) -> None:
    """As the protocol says; and the comparison above would have seen it."""
    queries = [fields(q) for asked in evidence.of(ASKED, 0) for q in asked.queries]
    one, *others = ({*windows_of(q["locators"])} for q in queries)
    assert all(one & other for other in others)
    stranger = [fields(q) for asked in evidence.of(STRANGER, 0) for q in asked.queries]
    assert not one & {*windows_of(stranger[0]["locators"])}


def windows_of(locators: bytes) -> list[bytes]:
    size = limits.LOCATOR_BYTES
    return [locators[i : i + size] for i in range(0, len(locators), size)]


async def test_submissions_name_a_practitioner_by_a_daily_pseudonym_only(
    evidence: Evidence,
) -> None:
    by_person: dict[int, set[str]] = {0: set(), 1: set()}
    for asked, (person, *_) in zip(evidence.lookups, QUESTIONS * 2, strict=True):
        for taped in asked.heard:
            if taped.method == "Lookup":
                envelope = envelope_pb2.Envelope.FromString(lookup_of(taped).submission)
                handle = query_pb2.Submission.FromString(envelope.payload).handle
                by_person[person].add(handle)
    days = len({day_of(a.outcome.asked_at) for a in evidence.lookups})
    assert [len(handles) for handles in by_person.values()] == [days, days]
    assert not by_person[0] & by_person[1]
