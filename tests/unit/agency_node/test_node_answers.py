"""The answering side as a whole: real queries in, sealed answers out, and what each requester then
reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agency_node.answering import admission
from agency_node.answering.load import Load
from agency_node.answering.matching import Finding
from agency_node.answering.pages import opened as opened_of
from agency_node.answering.planted import Unexpected
from agency_node.records.records import ChildRecord
from fakes.federations import NOW, epoch, requester_key, without
from fakes.node_records import an_involvement
from fakes.node_world import (
    AGAIN,
    CANNOT,
    COUNCIL,
    EPOCH,
    GATEWAY,
    GATEWAY_KEY,
    HERE,
    MINE,
    NODE_KEY,
    NOTHING,
    SCHOOL,
    SURGERY,
    THERE,
    MemoryJournal,
    NodeWorld,
    a_child,
    a_federation,
    a_record,
    a_world,
    another_child,
)
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage import NORMALISATION_VERSION as VERSION
from fingerpost.private.messages import AgencyAnswer
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import seal_into_query, write_core
from fingerpost.protocol.codes import (
    COARSE,
    CODE_LIST_VERSION,
    AgencyKind,
    Cannot,
    Kind,
    Reach,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Federation
from fingerpost.protocol.feed_age import FeedAge
from fingerpost.protocol.ids import AgencyId, EpochNumber, FederationId
from fingerpost.protocol.messages import KeySet, Query, size_class


@pytest.fixture
def world() -> NodeWorld:
    """The school knows the child. Every agency has an import."""
    return a_world(school=(a_record(),))


# ---- a match ------------------------------------------------------------------------------------


def test_a_child_who_is_known_is_pointed_to_and_the_others_say_nothing(world: NodeWorld) -> None:
    part = world.part(world.query())
    assert {a.agency: a.status for a in part.agencies} == NOTHING | {SCHOOL: Status.INVOLVED}
    (pointer,) = part.pointers
    assert pointer.kind is COARSE[Kind.EDU_SCHOOL]
    assert pointer.worker_name == "Robin Ferris"
    (entry,) = world.entries
    assert (entry.agency, entry.examined.finding) == (SCHOOL, Finding.MATCH)
    assert (entry.disclosed, entry.status) == (1, Status.INVOLVED)
    assert entry.examined.question is not None
    assert entry.examined.question.passport.subject == "account-17"


def test_every_word_says_which_import_it_rests_on(world: NodeWorld) -> None:
    world.put(SURGERY, a_record(0, another_child()), as_of=12345)
    part = world.part(world.query())
    stated = {a.agency: (a.generation, a.as_of) for a in part.agencies}
    assert stated[SURGERY] == (2, 12345)
    assert stated[SCHOOL][0] == 1


def test_a_wide_query_meets_the_same_records(world: NodeWorld) -> None:
    asked = world.query(key_set=KeySet.WIDE, reach=Reach.AREA)
    assert world.words(asked)[SCHOOL] is Status.INVOLVED


def test_a_second_round_is_answered_where_it_says_why(world: NodeWorld) -> None:
    because = WideningReason.OTHER_NAME_LIKELY
    asked = world.query(key_set=KeySet.WIDE, because=because, reach=Reach.AREA_AND_NEIGHBOURS)
    words = world.words(asked)
    assert words == NOTHING | {SCHOOL: Status.INVOLVED}
    (entry,) = world.entries
    assert entry.examined.question is not None
    assert entry.examined.question.justification.widened_because is because
    assert entry.examined.question.requester.duty_desk == "0121 496 0100"


def test_nobody_out_of_reach_is_looked_at(world: NodeWorld) -> None:
    """The node sends one empty part, as the requester expects of it."""
    part = world.part(world.query(reach=Reach.NAMED, named=(THERE,)))
    assert (part.agencies, part.pointers, world.entries) == ((), (), [])


def test_many_agencies_answer_in_parts_cut_by_public_facts() -> None:
    mine = tuple(sorted({COUNCIL, *(AgencyId(f"{HERE}.a{n:03}") for n in range(70))}))
    world = NodeWorld(current=a_federation(NOW, mine), mine=mine)
    for agency in mine[:2]:
        world.put(agency, a_record(0, another_child()))
    query = world.query()
    parts = world.ask(query)[query.hash]
    assert [(part.part, part.parts, len(part.agencies)) for part in parts] == [
        (0, 2, limits.AGENCIES_PER_PART),
        (1, 2, len(mine) - limits.AGENCIES_PER_PART),
    ]


# ---- attacks ------------------------------------------------------------------------------------


def test_wraps_for_one_child_and_the_demographics_of_another_come_to_nothing() -> None:
    world = a_world(school=(a_record(0), a_record(1, another_child())))
    query = world.query(another_child(), opens_for=a_child())
    assert world.words(query) == NOTHING
    assert [(e.agency, e.examined.finding) for e in world.entries] == [(SCHOOL, Finding.MISMATCH)]


@pytest.mark.parametrize("upn", [False, True])
def test_a_key_that_the_pupil_number_would_have_pushed_out_finds_the_child(upn: bool) -> None:
    """A requester of many keys may not use the number, and the node may. The one key by which her
    question opens the record is her last: the forename and the date, where a record has no place.
    """
    child = Demographics(
        forename="Tamsin",
        middle_names="Kamran",
        surname="Islam",
        other_names=(OtherName("Iolanthe", "Morgan"),),
        dob=date(2018, 6, 11),
        sex=Sex.FEMALE,
        postcode="CF8 8FB",
        upn="A950000178301",
    )
    recorded = Demographics("Tamsin", surname="Sadler", dob=date(2018, 6, 11), sex=Sex.FEMALE)
    world = a_world(school=(a_record(0, recorded),), upn=upn)
    world.ask(world.query(child, key_set=KeySet.WIDE))
    assert [entry.examined.finding for entry in world.entries] == [Finding.POSSIBLE]


def test_a_query_that_opens_for_nobody_is_not_recorded_but_kept(world: NodeWorld) -> None:
    query = world.query(tags=[bytes([9]) * 32])
    assert world.words(query) == NOTHING
    assert world.entries == []
    assert world.words(query) == AGAIN


def test_a_replay_gets_try_again_from_all_and_touches_nothing(world: NodeWorld) -> None:
    query = world.query()
    assert world.words(query)[SCHOOL] is Status.INVOLVED
    assert world.words(query) == AGAIN
    assert len(world.entries) == 1


def test_an_overloaded_node_answers_try_again_and_touches_no_index(world: NodeWorld) -> None:
    known, stranger = world.query(), world.query(another_child())
    looked = world.index.find
    world.index.find = never  # type: ignore[method-assign, assignment]
    answers = world.node.answer([known.wire, stranger.wire], full())
    assert {len(answer.sealed) for answer in answers} == {size_class(len(MINE)).sealed_bytes}
    for parts in world.read(answers, known, stranger).values():
        assert {a.agency: a.status for part in parts for a in part.agencies} == AGAIN
    assert world.entries == []
    world.index.find = looked  # type: ignore[method-assign]
    assert world.words(known) == AGAIN, "it was kept: what was refused is not looked at later"
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED


def test_copies_cost_no_verification(world: NodeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read, queries = admission.read, [world.query().wire, world.query().wire]
    verified: list[bytes] = []

    def reading(wire: bytes, federation: Federation, speaks: Collection[int]) -> Query:
        verified.append(wire)
        return read(wire, federation, speaks)

    monkeypatch.setattr(admission, "read", reading)
    assert len(world.node.answer(queries * 60)) == 2
    assert verified == queries


def full() -> Load:
    """There is no time left for anything."""
    load = Load()
    load.begin(0.0, 1.0, 500)
    return load


def never(*_arguments: object) -> None:
    raise AssertionError("an index was touched")


def test_twice_in_one_frame_is_answered_once(world: NodeWorld) -> None:
    query = world.query()
    assert len(world.node.answer([query.wire, query.wire])) == 1
    assert len(world.entries) == 1


def test_what_nobody_signed_gets_no_answer_and_costs_the_others_nothing(world: NodeWorld) -> None:
    good = world.query()
    bad = bytearray(world.query().wire)
    bad[4000] ^= 1
    answers = world.node.answer([bytes(bad), b"", bytes(limits.QUERY_BYTES), good.wire])
    assert [answer.query_hash for answer in answers] == [good.hash]
    assert world.log.events == ["node.query_dropped"]


def test_a_query_of_another_federation_is_not_answered(world: NodeWorld) -> None:
    query = world.query()
    parameters = replace(world.current.parameters, federation=FederationId("other"))
    world.current = replace(world.current, parameters=parameters)
    assert world.node.answer([query.wire]) == ()
    assert world.entries == []


@pytest.mark.parametrize("known", [True, False])
def test_a_query_that_no_requester_signed_is_not_answered(known: bool) -> None:
    """Attack: a broker or a node makes queries of its own. It has no requesters' key."""
    world = a_world(school=(a_record(0, a_child() if known else another_child()),))
    query = world.query()
    core = admission.read(query.wire, world.current)
    for key in (GATEWAY_KEY, NODE_KEY):
        forged = seal_into_query(write_core(core.core), core.wraps, core.sealed, EPOCH, key)
        assert world.node.answer([forged]) == ()
    assert world.entries == []
    assert world.words(query)[SCHOOL] is (Status.INVOLVED if known else Status.NOTHING_TO_DISCLOSE)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_of_an_epoch_that_does_not_run_nothing_is_looked_up(known: bool, listed: bool) -> None:
    """An epoch that the node does not know has no key to check it by, so nobody answers: the
    requester sees a gap."""
    world = a_world(school=(a_record(0, a_child() if known else another_child()),))
    if listed:
        over = epoch(9, NOW - 200 * limits.DAY)
        parameters = replace(
            world.current.parameters, epochs=(over, *world.current.parameters.epochs)
        )
        world.current = replace(world.current, parameters=parameters)
    world.index.find = never  # type: ignore[method-assign, assignment]
    query = world.query(**_part(epoch=EpochNumber(9)))
    if listed:
        assert reasons(world, query) == dict.fromkeys(MINE, Cannot.VERSION)
    else:
        assert world.node.answer([query.wire]) == ()
    assert world.entries == []


def _unlisted(federation: Federation) -> Federation:
    """The council does not ask through the gateway any more."""
    area = federation.areas[HERE]
    agencies = tuple(replace(agency, gateways=()) for agency in area.agencies)
    return replace(federation, areas={**federation.areas, HERE: replace(area, agencies=agencies)})


MAY_NOT_ASK: dict[str, Callable[[Federation], Federation]] = {
    "agency denied": lambda list_: replace(list_, deny=DenyList(agencies=frozenset({COUNCIL}))),
    "gateway denied": lambda list_: replace(list_, deny=DenyList(members=frozenset({GATEWAY}))),
    "gateway not the agency's": _unlisted,
    "gateway gone": lambda list_: without(list_, GATEWAY),
}


@pytest.mark.parametrize("why", MAY_NOT_ASK)
def test_who_may_not_ask_learns_nothing_and_is_recorded_where_the_query_opens(
    world: NodeWorld, why: str
) -> None:
    """Who asks stands in the sealed part, so a node that cannot open it cannot know."""
    query, stranger = world.query(), world.query(another_child(), tags=[bytes(32)])
    world.current = MAY_NOT_ASK[why](world.current)
    asked = {a: s for a, s in NOTHING.items() if a not in world.current.deny.agencies}
    assert world.words(query) == asked
    assert world.words(stranger) == asked
    (entry,) = world.entries
    assert (entry.agency, entry.examined.question) == (SCHOOL, None)
    assert entry.examined.finding is Finding.REFUSED
    assert entry.examined.refusal is Code.NOT_A_MEMBER


def test_a_list_replaced_a_moment_ago_judges_its_own_queries_and_no_later_ones(
    world: NodeWorld,
) -> None:
    """The council changed its passport key: what was asked under the list before is no "no"."""
    before, after = world.query(), world.query()
    world.node.note_list(world.current)
    area = world.current.areas[HERE]
    changed = tuple(
        replace(agency, passport_key=bytes(32)) if agency.id == COUNCIL else agency
        for agency in area.agencies
    )
    world.current = replace(
        world.current,
        version=world.current.version + 1,
        areas={**world.current.areas, HERE: replace(area, agencies=changed)},
    )
    part = world.part(before)
    assert {a.agency: a.status for a in part.agencies}[SCHOOL] is Status.INVOLVED
    assert part.metadata_version == world.current.version - 1
    world.clock.advance(admission.LIST_HELD_SECONDS)
    assert world.words(world.query(federation=replace(world.current, version=7))) == AGAIN
    assert world.words(after) == AGAIN


def test_a_reply_key_that_is_none_drops_that_query_alone(world: NodeWorld) -> None:
    """Sealing to it fails; the frame's other requesters must not pay for it."""
    good = world.query()
    bad = _with_reply_key(world, bytes([0xFF]) * limits.HYBRID_PUBLIC_KEY_BYTES)
    answers = world.node.answer([bad, good.wire])
    assert [answer.query_hash for answer in answers] == [good.hash]


def _with_reply_key(world: NodeWorld, key: bytes) -> bytes:
    core = replace(world.query().core, reply_key=key)
    wraps = (bytes(limits.WRAP_BYTES),) * limits.LOCATORS
    body = bytes(limits.SEALED_BYTES)
    return seal_into_query(write_core(core), wraps, body, EPOCH, requester_key(EPOCH))


# ---- public facts alone -------------------------------------------------------------------------


def _part(**changes: object) -> dict[str, Any]:
    return {"public_part": lambda part: replace(part, **changes)}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (_part(code_list_version=CODE_LIST_VERSION + 1), CANNOT),
        (_part(normalisation_version=VERSION + 1), CANNOT),
        (_part(metadata_version=8), AGAIN),
        ({"at": NOW - limits.QUERY_LIFE_SECONDS - limits.CLOCK_SKEW_SECONDS - 1}, AGAIN),
        ({"at": NOW + limits.CLOCK_SKEW_SECONDS + 1}, AGAIN),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_versions_epoch_and_time_are_judged_before_the_index_and_alike_for_all(
    what: dict[str, Any], words: dict[AgencyId, Status], known: bool
) -> None:
    world = a_world(school=(a_record(0, a_child() if known else another_child()),))
    world.index.find = never  # type: ignore[method-assign, assignment]
    part = world.part(world.query(**what))
    assert {a.agency: a.status for a in part.agencies} == words
    reason = Cannot.VERSION if words is CANNOT else None
    assert {a.reason for a in part.agencies} == {reason}
    assert world.entries == []


@pytest.mark.parametrize(
    "starts",
    [
        NOW + limits.CLOCK_SKEW_SECONDS + 1,
        NOW - 90 * limits.DAY - limits.QUERY_LIFE_SECONDS - limits.CLOCK_SKEW_SECONDS,
    ],
    ids=["has not begun", "is over"],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_epoch_that_does_not_run_is_judged_before_the_index_and_alike_for_all(
    starts: float, known: bool
) -> None:
    world = a_world(school=(a_record(0, a_child() if known else another_child()),))
    query = world.query()
    world.index.find = never  # type: ignore[method-assign, assignment]
    parameters = replace(world.current.parameters, epochs=(epoch(EPOCH.value, starts),))
    world.current = replace(world.current, parameters=parameters)
    part = world.part(query)
    assert {a.agency: a.status for a in part.agencies} == CANNOT
    assert {a.reason for a in part.agencies} == {Cannot.VERSION}
    assert world.entries == []


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", [AgencyKind.SCHOOL, AgencyKind.GP_PRACTICE])
def test_records_too_old_answer_nothing_alike_for_all_and_touch_no_index(
    known: bool, kind: AgencyKind
) -> None:
    """An old export is not a "no": the child may have come to the agency since."""
    agency = {AgencyKind.SCHOOL: SCHOOL, AgencyKind.GP_PRACTICE: SURGERY}[kind]
    ages = (FeedAge(kind, 30),)
    listed = a_federation()
    parameters = replace(listed.parameters, feed_ages=ages)
    world = a_world(current=replace(listed, parameters=parameters))
    looked: list[AgencyId] = []
    find = world.index.find

    def finding(of: AgencyId, *more: Any) -> Any:
        looked.append(of)
        return find(of, *more)

    world.index.find = finding  # type: ignore[method-assign, assignment]
    record = a_record(0, a_child() if known else another_child())
    oldest = int(NOW) - 30 * limits.DAY
    world.put(agency, record, as_of=oldest - 1)
    part = world.part(world.query())
    stated = {a.agency: a for a in part.agencies}
    assert stated[agency] == AgencyAnswer(
        agency, Status.CANNOT_ANSWER, 2, oldest - 1, Cannot.TOO_OLD
    )
    assert set(looked) == set(MINE) - {agency}
    assert (world.entries, part.pointers) == ([], ())
    world.put(agency, record, as_of=oldest)
    expected = Status.INVOLVED if known else Status.NOTHING_TO_DISCLOSE
    assert world.words(world.query())[agency] is expected
    assert looked.count(agency) == 1


def test_without_a_parameter_of_its_kind_an_agencys_records_are_good_for_a_quarter(
    world: NodeWorld,
) -> None:
    oldest = int(NOW) - limits.FEED_DAYS * limits.DAY
    assert limits.FEED_DAYS == 93
    world.put(SCHOOL, a_record(), as_of=oldest)
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED
    world.put(SCHOOL, a_record(), as_of=oldest - 1)
    assert reasons(world) == {COUNCIL: None, SCHOOL: Cannot.TOO_OLD, SURGERY: None}


def reasons(world: NodeWorld, query: SealedQuery | None = None) -> dict[AgencyId, Cannot | None]:
    """Ask, and return why each agency cannot answer; None for one that does."""
    return {a.agency: a.reason for a in world.part(query or world.query()).agencies}


@pytest.mark.parametrize(
    "at",
    [NOW - limits.QUERY_LIFE_SECONDS - limits.CLOCK_SKEW_SECONDS, NOW + limits.CLOCK_SKEW_SECONDS],
)
def test_to_the_very_edge_of_its_time_a_query_is_answered(world: NodeWorld, at: float) -> None:
    words = world.words(world.query(at=at))
    assert words[SCHOOL] in (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
    assert words[SURGERY] is Status.NOTHING_TO_DISCLOSE


def test_an_expired_member_list_makes_it_say_that_it_cannot_answer(world: NodeWorld) -> None:
    query = world.query()
    world.current = replace(world.current, valid_until=NOW)
    assert reasons(world, query) == dict.fromkeys(MINE, Cannot.VERSION)
    assert world.entries == []


def test_golden_vectors_that_do_not_hold_silence_the_whole_node() -> None:
    world = a_world(school=(a_record(),), sound=False)
    assert reasons(world) == dict.fromkeys(MINE, Cannot.FAULT)
    assert not world.node.sound


def test_never_imported_is_not_a_no() -> None:
    world = NodeWorld()
    world.put(SCHOOL, a_record())
    part = world.part(world.query())
    assert {a.agency: a.status for a in part.agencies} == CANNOT | {SCHOOL: Status.INVOLVED}
    assert {a.agency: a.reason for a in part.agencies} == {
        COUNCIL: Cannot.NOT_READY,
        SCHOOL: None,
        SURGERY: Cannot.NOT_READY,
    }


def test_an_agency_of_the_list_that_the_settings_leave_out_cannot_answer() -> None:
    world = NodeWorld(mine=(COUNCIL, SCHOOL))
    world.put_all({SCHOOL: [a_record()]})
    assert reasons(world)[SURGERY] is Cannot.FAULT


def test_no_pepper_no_answer(world: NodeWorld) -> None:
    world.peppers.missing.add(EPOCH)
    assert reasons(world) == dict.fromkeys(MINE, Cannot.FAULT)


@pytest.mark.parametrize("known", [True, False])
def test_another_pepper_is_a_fault_and_no_no(known: bool) -> None:
    world = a_world(school=(a_record(0, a_child() if known else another_child()),))
    world.peppers.first[EPOCH] = replace(world.peppers.first[EPOCH], value=bytes(32))
    assert reasons(world) == dict.fromkeys(MINE, Cannot.FAULT)
    assert world.entries == []


def test_a_slot_that_is_not_indexed_cannot_be_answered(world: NodeWorld) -> None:
    world.clock.advance(limits.SLOT_SECONDS)
    assert reasons(world) == dict.fromkeys(MINE, Cannot.NOT_READY)
    world.prepare()
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED


def test_half_an_import_answers_from_the_one_before(world: NodeWorld) -> None:
    world.records.begin(
        SCHOOL,
        bytes(32),
        as_of=2,
        normalisation_version=VERSION,
        upn=False,
        now=int(NOW),
    )
    world.prepare()
    part = world.part(world.query())
    assert {a.agency: a.generation for a in part.agencies}[SCHOOL] == 1
    assert part.pointers


# ---- record before answer -----------------------------------------------------------------------


def test_a_journal_that_keeps_nothing_silences_all_alike() -> None:
    """Known or unknown, at every agency: a fault that showed only where something opened would
    disclose that it did."""
    journal = MemoryJournal()
    world = a_world(school=(a_record(),), journal=journal)
    journal.broken = True
    assert reasons(world) == dict.fromkeys(MINE, Cannot.FAULT)
    assert reasons(world, world.query(tags=[bytes(32)])) == dict.fromkeys(MINE, Cannot.FAULT)
    assert world.entries == []
    assert not world.node.sound
    journal.broken = False
    assert world.words(world.query())[SCHOOL] is Status.INVOLVED
    assert world.node.sound


def test_a_write_that_fails_after_the_look_silences_all_alike_too() -> None:
    class Full(MemoryJournal):
        def write(self, *_: object, **__: object) -> None:
            raise Defect("the store failed")

    world = a_world(school=(a_record(),), journal=Full())
    known, stranger = world.query(), world.query(another_child())
    for parts in world.ask(known, stranger).values():
        assert all(part.pointers == () for part in parts)
        said = {a.agency: a.reason for part in parts for a in part.agencies}
        assert said == dict.fromkeys(MINE, Cannot.FAULT)
    assert not world.node.sound


def test_a_log_that_cannot_be_written_silences_its_agency_whole(world: NodeWorld) -> None:
    """Else "cannot answer" would come to mean "known here"."""
    world.node.silence([SCHOOL])
    assert reasons(world)[SCHOOL] is Cannot.FAULT
    assert reasons(world, world.query(tags=[bytes(32)]))[SCHOOL] is Cannot.FAULT
    assert world.words(world.query())[SURGERY] is Status.NOTHING_TO_DISCLOSE
    assert world.node.faulty == {SCHOOL}


def test_a_replay_is_known_before_any_index_is_touched_and_all_is_written_after() -> None:
    order: list[str] = []

    class Noting(MemoryJournal):
        def known(self, queries: Sequence[Query]) -> frozenset[bytes]:
            order.append("known")
            return super().known(queries)

        def write(self, *some: Any, **more: Any) -> None:
            order.append("written")
            super().write(*some, **more)

    world = a_world(school=(a_record(),), journal=Noting())
    find = world.index.find

    def noting(*arguments: object) -> object:
        order.append("looked")
        return find(*arguments)  # type: ignore[arg-type]

    world.index.find = noting  # type: ignore[method-assign, assignment]
    world.node.answer([world.query().wire, world.query().wire])
    assert order == ["known", *["looked"] * 6, "written"]


def test_the_worker_rests_before_each_step_whatever_opens() -> None:
    """Bytes move while it rests, and how often it may have to follows from public facts."""
    order: list[str] = []
    rested: list[int] = []
    for who in (a_child(), another_child(), a_child(forename="Nobody", surname="Knowsher")):
        world = a_world(school=(a_record(),))
        find, write = world.index.find, world.journal.write

        def noting(*arguments: Any, find: Any = find) -> Any:
            order.append("looked")
            return find(*arguments)

        def writing(*arguments: Any, write: Any = write, **more: Any) -> None:
            order.append("written")
            write(*arguments, **more)

        world.index.find = noting  # type: ignore[method-assign, assignment]
        world.journal.write = writing  # type: ignore[method-assign]
        node = world.made(rest=lambda: order.append("rested"))
        order.clear()
        node.answer([world.query(who).wire])
        looks = ["rested", "looked", "rested"] * len(MINE)
        assert order == ["rested", *looks, "rested", "written", "rested"]
        rested.append(order.count("rested"))
    assert len(set(rested)) == 1


def test_the_record_is_made_before_the_answer_is_sealed() -> None:
    class Gone(MemoryJournal):
        def write(self, *_: object, **__: object) -> None:
            raise KeyError  # not even a fault that nobody foresaw lets an answer out

    world = a_world(school=(a_record(),), journal=Gone())
    with pytest.raises(KeyError):
        world.ask(world.query())


def test_a_damaged_record_silences_its_agency_until_somebody_looked(world: NodeWorld) -> None:

    def damaged(*_: object) -> ChildRecord:
        raise Defect("a stored row does not open")

    world.records.child = damaged  # type: ignore[method-assign, assignment]
    assert reasons(world)[SCHOOL] is Cannot.FAULT
    assert reasons(world, world.query(tags=[bytes(32)]))[SCHOOL] is Cannot.FAULT
    assert world.node.faulty == {SCHOOL}


@pytest.mark.parametrize(
    "fault", [Defect("a stored row does not open"), Refused(Code.NOT_READY, "deleted")]
)
def test_who_asked_is_recorded_though_a_record_cannot_be_read(
    world: NodeWorld, fault: Exception
) -> None:
    def lost(*_: object) -> ChildRecord:
        raise fault

    world.records.child = lost  # type: ignore[method-assign, assignment]
    assert reasons(world)[SCHOOL] is Cannot.FAULT
    (entry,) = world.entries
    assert (entry.agency, entry.examined.finding) == (SCHOOL, Finding.UNREAD)
    assert (entry.status, entry.disclosed) == (Status.CANNOT_ANSWER, 0)
    (opened,) = opened_of([entry], int(NOW))
    assert opened.unexpected == (Unexpected.UNREAD,), "it may have been planted, and then damaged"
    assert entry.examined.question is not None
    assert entry.examined.question.passport.subject == "account-17"


def test_a_row_that_fits_no_pointer_is_recorded_and_not_a_no() -> None:
    world = a_world(school=(a_record(0, None, an_involvement(worker_name="<b>")),))
    assert reasons(world)[SCHOOL] is Cannot.FAULT
    assert [e.agency for e in world.entries] == [SCHOOL]


# ---- slots --------------------------------------------------------------------------------------


def test_what_is_recorded_as_told_is_what_leaves() -> None:
    rows = [an_involvement(worker_name=f"Worker {chr(65 + n)}") for n in range(12)]
    world = a_world(school=(a_record(0, None, *rows),))
    world.put(SURGERY, a_record(0, None, an_involvement(Kind.GP)))
    part = world.part(world.query())
    assert len(part.pointers) == size_class(len(part.agencies)).pointers
    (school,) = (a.pointers for a in part.agencies if a.agency == SCHOOL)
    assert school[-1].kind is None, "ring this agency's duty desk"
    disclosed = {e.agency: e.disclosed for e in world.entries}
    assert disclosed == {SCHOOL: len(school), SURGERY: 1}


def test_repr_says_nothing_of_a_person(world: NodeWorld) -> None:
    world.ask(world.query())
    text = repr(world.entries)
    assert "Marigold" not in text
    assert "Siân" not in text
