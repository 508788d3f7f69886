"""Notes between the practitioner who asked and the agencies that know the child, through the whole
federation: what arrives, and that nobody else can see that anything was said.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date

from agency_node.notes.ports import KeptNote as NodeNote
from fakes.justified import justified
from fakes.notes import MUST_SAY
from fakes.simulated_gateway import SimGateway
from fakes.wexcombe import (
    AMINA,
    COUNCIL,
    COUNCILS,
    ELM,
    GP,
    HEALTH,
    OAK,
    POLICE,
    POLICE_NODE,
    QUESTION,
    SCHOOLS,
    build,
    child,
    of,
    row,
)
from federation import World
from fingerpost.private.codec import read_note
from fingerpost.private.demographics import Demographics
from fingerpost.private.notes import (
    Doubted,
    Explained,
    Note,
    NoteKind,
    Opened,
    Way,
    note_key,
    open_packet,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Kind, Purpose, Role
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.packets import CarriedPacket, Packets, hour_of
from practitioner.asking.notes import KeptNote, moment
from practitioner.asking.outcome import Outcome, Question

HOUR = limits.HOUR_SECONDS
NODES = (SCHOOLS, COUNCILS, HEALTH, POLICE_NODE)
STRANGER = Question(
    Demographics(forename="Quentin", surname="Nemoson", dob=date(2016, 6, 6), postcode="ZE3 9JW"),
    justified(Purpose.S47_ENQUIRY),
)
KEY = bytes(32)
"""By which the simulated gateway draws its moments."""


def a_note(number: int, about: AgencyId, kind: NoteKind, at: float) -> Note:
    return Note(number.to_bytes(8, "big"), kind, about, int(at), **MUST_SAY.get(kind, {}))


def say(
    gateway: SimGateway, operation: str, about: AgencyId, kind: NoteKind, number: int = 1
) -> None:
    note = a_note(number, about, kind, gateway.world.clock.now())
    gateway.notes.mark([KeptNote(operation, note)])


async def pass_hours(world: World, gateway: SimGateway, hours: float) -> None:
    """Let the clock go on, with all exchanges that become due; then all nodes read what came."""
    end = world.clock.now() + hours * HOUR
    first = hour_of(world.clock.now())
    moments = sorted(
        moment(KEY, node, hour) for node in NODES for hour in range(first, hour_of(end) + 1)
    )
    for at in (*moments, end):
        if world.clock.now() < at + 1 <= end + 1:
            await world.clock.run_for(at + 1 - world.clock.now())
            await world.run(gateway.exchanging.step())
    for node in world.nodes.values():
        node.notes.tend()


def came(world: World, node: MemberId, agency: AgencyId) -> list[NoteKind]:
    return [kept.note.kind for kept in world.nodes[node].kept_notes.came(agency)]


async def test_a_note_arrives_within_the_hour_at_the_agency_it_is_meant_for(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    await pass_hours(world, gateway, 1)
    assert came(world, SCHOOLS, OAK) == [NoteKind.SPOKE]
    assert came(world, SCHOOLS, ELM) == []
    (kept,) = world.nodes[SCHOOLS].kept_notes.came(OAK)
    assert kept.query in {e.query.hash for e in world.nodes[SCHOOLS].entries}
    (said,) = gateway.notes.about(outcome.operation)
    assert said.left
    await pass_hours(world, gateway, 2)
    assert came(world, SCHOOLS, OAK) == [NoteKind.SPOKE], "it is sent once"


async def test_an_agency_that_shields_the_child_is_reached_unseen(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, POLICE, NoteKind.LEFT_MESSAGE)
    await pass_hours(world, gateway, 1)
    assert came(world, POLICE_NODE, POLICE) == [NoteKind.LEFT_MESSAGE]
    (said,) = gateway.notes.about(outcome.operation)
    assert said == replace(said, came=False, left=True), "and the requester learns nothing from it"


async def test_an_agency_that_may_know_the_child_is_reached_too(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, ELM, NoteKind.SPOKE)
    await pass_hours(world, gateway, 1)
    assert came(world, SCHOOLS, ELM) == [NoteKind.SPOKE]


async def test_who_does_not_know_the_child_can_read_nothing(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(STRANGER)
    for number, (node, agency) in enumerate(
        ((SCHOOLS, OAK), (HEALTH, GP), (POLICE_NODE, POLICE), (COUNCILS, COUNCIL))
    ):
        say(gateway, outcome.operation, agency, NoteKind.SPOKE, number)
        assert not world.nodes[node].kept_notes.threads()
    await pass_hours(world, gateway, 1)
    assert all(said.left for said in gateway.notes.about(outcome.operation))
    for node, agency in ((SCHOOLS, OAK), (HEALTH, GP), (POLICE_NODE, POLICE)):
        assert len(world.nodes[node].packets) == 1
        assert came(world, node, agency) == []
    schools = world.nodes[SCHOOLS]
    (packet,) = schools.packets
    for query in gateway.hashes:
        secret = schools.notes.secret(query)
        for instead_of_k in (b"", secret, query, bytes(32)):
            key = note_key(instead_of_k, secret, query, SCHOOLS)
            found = open_packet(packet.packet, Way.TO_NODE, packet.hour, [key], read_note)
            assert found == Opened((), 0)


Seen = tuple[float, str, int, int]


async def _observed(question: Question, *said: tuple[AgencyId, NoteKind]) -> list[Seen]:
    """What the broker and each node's stream show of a day: when, with whom, how large."""
    world = build()
    await world.start()
    try:
        gateway = world.gateway(COUNCIL)
        outcome = await gateway.ask(question)
        for number, (agency, kind) in enumerate(said):
            say(gateway, outcome.operation, agency, kind, number)
        for hour in range(26):
            await pass_hours(world, gateway, 1)
            if said and hour == 1:
                reply(world, SCHOOLS, OAK)
        return [
            (round(at, 3), node.value, len(packet), len(given))
            for at, node, packet, given in gateway.exchanged
        ]
    finally:
        await world.stop()


def reply(
    world: World, node: MemberId, agency: AgencyId, kind: NoteKind = NoteKind.THEY_RANG
) -> None:
    """An officer's tap about the first lookup that the agency knows of."""
    kept = world.nodes[node].kept_notes
    query = next(thread.query for thread in kept.threads() if thread.agency == agency)
    kept.leave(NodeNote(query, a_note(9, agency, kind, world.clock.now())))
    world.nodes[node].notes.tend()


async def test_sizes_counts_and_times_are_the_same_whichever_opened_and_whatever_was_said() -> None:
    silent = await _observed(STRANGER)
    talking = await _observed(
        QUESTION, (OAK, NoteKind.SPOKE), (POLICE, NoteKind.NUMBER_WRONG), (GP, NoteKind.NOT_NEEDED)
    )
    assert silent == talking
    assert len(silent) >= 24 * len(NODES)
    assert {size for _, _, *sizes in silent for size in sizes} == {limits.PACKET_BYTES}


async def test_no_part_of_a_packet_comes_twice(world: World, gateway: SimGateway) -> None:
    """A label that came back would show that its cell is no filler."""
    outcome = await gateway.ask(QUESTION)
    for number in range(30):
        say(gateway, outcome.operation, OAK, NoteKind.SPOKE, number)
    reply(world, SCHOOLS, OAK)
    gateway.notes.keep = _lose  # type: ignore[method-assign]  # it never learns that they left
    await pass_hours(world, gateway, 4)
    packets = [part for _, _, *both in gateway.exchanged for part in both]
    cells = [
        packet[at : at + limits.LABEL_BYTES]
        for packet in packets
        for at in range(limits.PACKET_SALT_BYTES, limits.PACKET_BYTES, limits.CELL_BYTES)
    ]
    assert len(cells) == len(set(cells)) == len(packets) * limits.CELLS


async def _lose(notes: object) -> None: ...


async def test_they_rang_comes_back_to_who_asked_and_is_then_taken_back(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    reply(world, SCHOOLS, OAK)
    await pass_hours(world, gateway, 1)
    (said,) = [kept for kept in gateway.notes.about(outcome.operation) if kept.came]
    assert (said.note.kind, said.note.agency) == (NoteKind.THEY_RANG, OAK)
    assert world.nodes[SCHOOLS].kept_notes.waiting()
    await pass_hours(world, gateway, 1.1)
    assert not world.nodes[SCHOOLS].kept_notes.waiting()


async def test_one_stream_serves_two_lookups_and_both_get_what_is_theirs(
    world: World, gateway: SimGateway
) -> None:
    first, second = await gateway.ask(QUESTION), await gateway.ask(QUESTION)
    say(gateway, first.operation, OAK, NoteKind.SPOKE, 1)
    say(gateway, second.operation, OAK, NoteKind.NUMBER_WRONG, 2)
    await pass_hours(world, gateway, 1)
    assert len([1 for _, node, *_ in gateway.exchanged if node == SCHOOLS]) == 1
    kept = world.nodes[SCHOOLS].kept_notes.came(OAK)
    assert {note.note.kind for note in kept} == {NoteKind.SPOKE, NoteKind.NUMBER_WRONG}
    assert len({note.query for note in kept}) == 2


async def test_what_does_not_fit_waits_and_what_is_urgent_goes_first(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    for number in range(20):
        say(gateway, outcome.operation, OAK, NoteKind.NOT_NEEDED, number)
    say(gateway, outcome.operation, OAK, NoteKind.NUMBER_WRONG, 20)
    await pass_hours(world, gateway, 1)
    first = came(world, SCHOOLS, OAK)
    assert NoteKind.NUMBER_WRONG in first
    assert 1 < len(first) < 21
    await pass_hours(world, gateway, 3)
    assert len(came(world, SCHOOLS, OAK)) == 21


async def test_a_restart_of_either_end_loses_nothing(world: World, gateway: SimGateway) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    gateway.exchanging = gateway.opened()
    world.nodes[SCHOOLS].service = world.nodes[SCHOOLS].made()
    await world.run(gateway.exchanging.step())
    before = world.clock.now()
    end = moment(KEY, SCHOOLS, hour_of(before) + 1) + 1
    await world.clock.run_for(end - before)
    await world.run(gateway.exchanging.step())
    world.nodes[SCHOOLS].service = world.nodes[SCHOOLS].made()  # between keeping and reading
    world.nodes[SCHOOLS].notes.tend()
    assert came(world, SCHOOLS, OAK) == [NoteKind.SPOKE]
    reply(world, SCHOOLS, OAK)
    world.nodes[SCHOOLS].service = world.nodes[SCHOOLS].made()
    world.nodes[SCHOOLS].notes.tend()
    await pass_hours(world, gateway, 1.5)
    assert [kept.note.kind for kept in gateway.notes.about(outcome.operation) if kept.came] == [
        NoteKind.THEY_RANG
    ]


async def test_an_exchange_that_was_missed_is_not_made_up(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    await world.stop_node(SCHOOLS)
    await pass_hours(world, gateway, 1)
    assert not gateway.notes.about(outcome.operation)[0].left
    await world.start_node(SCHOOLS)
    assert SCHOOLS not in {node for _, node, *_ in gateway.exchanged}
    await pass_hours(world, gateway, 1)
    assert [node for _, node, *_ in gateway.exchanged].count(SCHOOLS) == 1
    assert came(world, SCHOOLS, OAK) == [NoteKind.SPOKE]


# ---- what the second revision says ---------------------------------------------------------------

OLD = (limits.FIRST_REVISION,)


def report(gateway: SimGateway, operation: str, telephone: str) -> None:
    """That a number of the school is wrong."""
    at = int(gateway.world.clock.now())
    note = Note(secrets.token_bytes(8), NoteKind.NUMBER_WRONG, OAK, at, telephone=telephone)
    gateway.notes.mark([KeptNote(operation, note)])


def marked(outcome: Outcome) -> list[bool]:
    return [pointer.number_reported_wrong for pointer in of(outcome, OAK).pointers]


async def test_a_wrong_number_is_marked_for_who_reported_it_and_for_all_once_two_agencies_did(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    assert marked(first) == [False]
    (pointer,) = of(first, OAK).pointers
    report(gateway, first.operation, pointer.desk_phone)
    await pass_hours(world, gateway, 1)
    assert marked(await gateway.ask(QUESTION)) == [True]
    police = world.gateway(POLICE, subject="officer-1", role=Role.POLICE_PVP)
    second = await police.ask(QUESTION)
    assert marked(second) == [False], "one agency does not take a desk out of everybody's way"
    report(police, second.operation, pointer.desk_phone)
    await pass_hours(world, police, 1)
    assert set(world.nodes[SCHOOLS].notes.wrong_numbers(OAK)) == {pointer.desk_phone}
    assert marked(await police.ask(QUESTION)) == [True]
    mended = child(0, AMINA, row(Kind.EDU_SCHOOL, desk_phone="01632 960777"))
    world.nodes[SCHOOLS].load(OAK, [mended])
    world.nodes[SCHOOLS].notes.tend()
    assert marked(await gateway.ask(QUESTION)) == [False], "the import has another number"


async def test_a_number_that_the_agency_calls_right_is_shown_as_before(
    world: World, gateway: SimGateway
) -> None:
    first = await gateway.ask(QUESTION)
    (pointer,) = of(first, OAK).pointers
    report(gateway, first.operation, pointer.desk_phone)
    await pass_hours(world, gateway, 1)
    schools = world.nodes[SCHOOLS]
    schools.kept_notes.number_is_right(OAK, pointer.desk_phone)
    schools.notes.tend()
    assert marked(await gateway.ask(QUESTION)) == [False]


async def test_a_gateway_of_the_first_revision_reports_without_the_number(world: World) -> None:
    gateway = world.gateway(COUNCIL, speaks=OLD)
    outcome = await gateway.ask(QUESTION)
    report(gateway, outcome.operation, "01632 960123")
    await pass_hours(world, gateway, 1)
    (kept,) = world.nodes[SCHOOLS].kept_notes.came(OAK)
    assert (kept.note.kind, kept.note.telephone) == (NoteKind.NUMBER_WRONG, "")
    assert world.nodes[SCHOOLS].notes.wrong_numbers(OAK) == {}


async def test_an_agency_that_shields_the_child_is_invited_unseen(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, POLICE, NoteKind.INVITED)
    await pass_hours(world, gateway, 1)
    (kept,) = world.nodes[POLICE_NODE].kept_notes.came(POLICE)
    assert kept.note.when == MUST_SAY[NoteKind.INVITED]["when"]
    assert not [note for note in gateway.notes.about(outcome.operation) if note.came]


async def test_a_meeting_is_told_to_every_agency_of_a_node_that_knows_the_child_and_to_no_other(
    world: World, gateway: SimGateway
) -> None:
    """One note a node, whichever agency it names; of the second lookup nobody knows the child."""
    outcome, other = await gateway.ask(QUESTION), await gateway.ask(STRANGER)
    say(gateway, outcome.operation, ELM, NoteKind.CONVENED, 1)
    say(gateway, outcome.operation, POLICE, NoteKind.CONVENED, 2)
    say(gateway, other.operation, ELM, NoteKind.CONVENED, 3)
    await pass_hours(world, gateway, 1)
    for agency in (OAK, ELM):
        assert came(world, SCHOOLS, agency) == [NoteKind.CONVENED]
    (kept,) = world.nodes[POLICE_NODE].kept_notes.came(POLICE)
    assert kept.note.when == MUST_SAY[NoteKind.CONVENED]["when"], "it shields the child"
    both = (*gateway.notes.about(outcome.operation), *gateway.notes.about(other.operation))
    assert [note.left for note in both] == [True] * 3
    assert not [note for note in both if note.came]
    assert "notes.refused" not in world.nodes[SCHOOLS].log.events


async def test_a_meeting_does_not_show_at_the_wire() -> None:
    silent = await _observed(STRANGER)
    called = await _observed(
        QUESTION, *((each, NoteKind.CONVENED) for each in (OAK, POLICE, GP, COUNCIL))
    )
    assert silent == called


async def test_a_challenge_comes_to_who_asked_and_her_answer_goes_back(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    reply(world, SCHOOLS, OAK, NoteKind.CHALLENGED)
    await pass_hours(world, gateway, 1)
    (came_back,) = [kept for kept in gateway.notes.about(outcome.operation) if kept.came]
    assert came_back.note.about is Doubted.GROUND
    say(gateway, outcome.operation, OAK, NoteKind.EXPLAINED)
    await pass_hours(world, gateway, 1.1)
    (kept,) = world.nodes[SCHOOLS].kept_notes.came(OAK)
    assert kept.note.reason is Explained.ON_RECORD
    assert not world.nodes[SCHOOLS].kept_notes.waiting(), "the challenge was received"


async def test_nothing_is_sent_to_who_could_not_read_it(world: World) -> None:
    """Neither way: a gateway of the first revision asked, and both ends know that."""
    gateway = world.gateway(COUNCIL, speaks=OLD)
    outcome = await gateway.ask(QUESTION)
    assert gateway.notes.revision_of(outcome.operation) == limits.FIRST_REVISION
    say(gateway, outcome.operation, OAK, NoteKind.INVITED)
    reply(world, SCHOOLS, OAK, NoteKind.CHALLENGED)
    await pass_hours(world, gateway, 2)
    assert came(world, SCHOOLS, OAK) == []
    assert [kept.came for kept in gateway.notes.about(outcome.operation)] == [False]
    assert "notes.refused" not in world.nodes[SCHOOLS].log.events


# ---- a broker with ill will ----------------------------------------------------------------------


async def test_a_packet_that_is_sent_again_is_refused_and_counted(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    world.nodes[SCHOOLS].carry_packets = lambda packets: Packets(
        (*packets, *(CarriedPacket(bytes(16), each.hour, each.packet) for each in packets))
    )
    await pass_hours(world, gateway, 1)
    assert len(world.nodes[SCHOOLS].kept_notes.packets) == 1
    assert len(world.nodes[SCHOOLS].packets) == 2 * len(world.nodes[SCHOOLS].given) == 2
    assert len([1 for _, node, *_ in gateway.exchanged if node == SCHOOLS]) == 1
    assert any("notes.refused packets=1" in line for line in world.nodes[SCHOOLS].log.lines)


async def test_a_packet_of_another_hour_is_refused(world: World, gateway: SimGateway) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    world.nodes[SCHOOLS].carry_packets = lambda packets: Packets(
        tuple(CarriedPacket(p.exchange, p.hour - 2, p.packet) for p in packets)
    )
    await pass_hours(world, gateway, 1)
    assert not world.nodes[SCHOOLS].kept_notes.packets
    assert not gateway.notes.about(outcome.operation)[0].left


async def test_an_hour_that_is_not_the_packets_own_opens_nothing(
    world: World, gateway: SimGateway
) -> None:
    """Attack: yesterday's packet, offered as one of now."""
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    old: list[bytes] = []

    def withheld(packets: Packets) -> Packets:
        old.extend(packet.packet for packet in packets)
        return Packets(())

    def old_for_new(packets: Packets) -> Packets:
        return Packets(tuple(CarriedPacket(p.exchange, p.hour, old[0]) for p in packets))

    world.nodes[SCHOOLS].carry_packets = withheld
    await pass_hours(world, gateway, 1)
    world.nodes[SCHOOLS].carry_packets = old_for_new
    await pass_hours(world, gateway, 1)
    assert world.nodes[SCHOOLS].kept_notes.packets
    assert came(world, SCHOOLS, OAK) == []


async def test_a_packet_that_is_given_to_another_node_opens_nothing_there(
    world: World, gateway: SimGateway
) -> None:
    """Both know the child: they hold the same K."""
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    await pass_hours(world, gateway, 1)
    (packet,) = [packet for _, node, packet, _ in gateway.exchanged if node == SCHOOLS]
    health = world.nodes[HEALTH]
    assert health.kept_notes.threads()
    before = len(health.kept_notes.packets)
    health.notes.exchange(Packets((CarriedPacket(bytes(16), hour_of(world.clock.now()), packet),)))
    health.notes.tend()
    assert len(health.kept_notes.packets) == before + 1
    assert came(world, HEALTH, GP) == came(world, HEALTH, OAK) == []


async def test_a_cell_that_was_altered_is_refused_and_counted(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)

    def alter(packets: Packets) -> Packets:
        return Packets(tuple(CarriedPacket(p.exchange, p.hour, altered(p.packet)) for p in packets))

    world.nodes[SCHOOLS].carry_packets = alter
    await pass_hours(world, gateway, 1)
    assert came(world, SCHOOLS, OAK) == []
    assert "notes.refused" in world.nodes[SCHOOLS].log.events


def altered(packet: bytes) -> bytes:
    """The packet with the last byte of each cell's box changed."""
    changed = bytearray(packet)
    for end in range(
        limits.PACKET_SALT_BYTES + limits.CELL_BYTES - 1, len(packet), limits.CELL_BYTES
    ):
        changed[end] ^= 1
    return bytes(changed)


async def test_a_node_cannot_speak_for_the_agency_of_another(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    kept = world.nodes[HEALTH].kept_notes
    thread = next(thread for thread in kept.threads() if thread.agency == GP)
    kept.add([replace(thread, agency=OAK)])
    kept.leave(NodeNote(thread.query, a_note(1, OAK, NoteKind.THEY_RANG, world.clock.now())))
    world.nodes[HEALTH].service = world.nodes[HEALTH].made()
    world.nodes[HEALTH].notes.tend()
    await pass_hours(world, gateway, 1)
    assert not [note for note in gateway.notes.about(outcome.operation) if note.came]
    assert "notes.refused" in world.log.events


# ---- the end -------------------------------------------------------------------------------------


async def test_after_seven_days_the_keys_are_gone_at_both_ends(
    world: World, gateway: SimGateway
) -> None:
    outcome = await gateway.ask(QUESTION)
    say(gateway, outcome.operation, OAK, NoteKind.SPOKE)
    await pass_hours(world, gateway, 1)
    reply(world, SCHOOLS, OAK)
    later = world.clock.now() + limits.NOTES_KEPT_SECONDS
    for node in world.nodes.values():
        node.notes.forget_due(later)
        assert not node.kept_notes.threads()
        assert not node.kept_notes.waiting()
        assert not node.notes._threads
    assert came(world, SCHOOLS, OAK) == []
    gateway.notes.forget_due(later)
    assert await gateway.notes.threads(0) == ()
    assert gateway.notes.about(outcome.operation) == ()
    world.clock.step_wall(limits.NOTES_KEPT_SECONDS)
    gateway.exchanging.forget()
    count = len(gateway.exchanged)
    await world.run(gateway.exchanging.step())
    assert len(gateway.exchanged) == count
