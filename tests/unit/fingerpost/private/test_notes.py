"""Notes in packets: who can read them, what they are bound to, and that a packet shows nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.notes import MUST_SAY
from fakes.refusals import refused
from fingerpost.private.codec import read_note, write_note
from fingerpost.private.notes import (
    SAID,
    Doubted,
    Explained,
    Note,
    NoteKind,
    Way,
    note_key,
    note_secret,
    open_packet,
    seal_packet,
)
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId

SCHOOL = AgencyId("e08000001.oak-primary")
NODE, OTHER = MemberId("node-1"), MemberId("node-2")
KEY = bytes(range(32))
HOUR = 500_000
NOTE = Note(bytes(8), NoteKind.SPOKE, SCHOOL, 1_800_000_000)
KINDS = {
    Way.TO_NODE: st.sampled_from(sorted(SAID[Way.TO_NODE])),
    Way.TO_GATEWAY: st.sampled_from(sorted(SAID[Way.TO_GATEWAY])),
}


def notes(way: Way) -> st.SearchStrategy[Note]:
    numbers = st.binary(min_size=8, max_size=8)
    return st.builds(_note, numbers, KINDS[way], st.integers(0, limits.LATEST - 1))


def _note(number: bytes, kind: NoteKind, at: int) -> Note:
    return Note(number, kind, SCHOOL, at, **MUST_SAY.get(kind, {}))


def sealed(*said: Note, way: Way = Way.TO_NODE, hour: int = HOUR) -> bytes:
    pairs = [(KEY, write_note(note, limits.NEWEST_REVISION)) for note in said]
    return seal_packet(pairs, way, hour, secrets.token_bytes)


def opened(
    packet: bytes, way: Way = Way.TO_NODE, hour: int = HOUR, answered: bytes = b"", key: bytes = KEY
) -> list[Note]:
    found = open_packet(packet, way, hour, [key], read_note, answered=answered)
    assert found.refused == 0
    return [note for _, note in found.notes]


@pytest.mark.parametrize("way", list(Way))
def test_what_is_sealed_is_opened_in_its_order(way: Way) -> None:
    @given(st.lists(notes(way), max_size=limits.CELLS), st.integers(0, 2**40))
    def check(said: list[Note], hour: int) -> None:
        packet = sealed(*said, way=way, hour=hour)
        assert len(packet) == limits.PACKET_BYTES
        assert opened(packet, way, hour) == said

    check()


def test_notes_of_several_queries_share_a_packet() -> None:
    keys = [bytes([number]) * 32 for number in range(4)]
    said = [(key, replace(NOTE, at=at)) for at, key in enumerate(keys * 4)]
    pairs = [(key, write_note(note, limits.NEWEST_REVISION)) for key, note in said]
    packet = seal_packet(pairs, Way.TO_NODE, HOUR, secrets.token_bytes)
    found = open_packet(packet, Way.TO_NODE, HOUR, keys, read_note)
    assert sorted(found.notes, key=lambda each: each[1].at) == said


def test_a_packet_takes_no_more_than_its_cells() -> None:
    with refused(Code.MALFORMED):
        sealed(*[NOTE] * (limits.CELLS + 1))


def test_a_packet_of_another_size_is_refused() -> None:
    with refused(Code.MALFORMED):
        opened(sealed() + b"\0")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda packet: opened(packet, way=Way.TO_GATEWAY),
        lambda packet: opened(packet, hour=HOUR + 1),
        lambda packet: opened(packet, answered=bytes(32)),
        lambda packet: opened(packet, key=bytes(32)),
        lambda packet: opened(bytes([packet[0] ^ 1]) + packet[1:]),
    ],
    ids=["the other way", "another hour", "in answer to another", "another key", "another salt"],
)
def test_a_note_is_bound_to_all_that_it_is_sent_for(wrong: Callable[[bytes], list[Note]]) -> None:
    assert wrong(sealed(NOTE)) == []


def test_a_key_is_of_one_query_and_node_and_needs_both_secrets() -> None:
    """Attack: another agency that opened the query, and so has K, with the broker, which has all
    packets."""
    content_key, own, others = (
        bytes(32),
        note_secret(KEY, bytes(32)),
        note_secret(bytes(32), bytes(32)),
    )
    made = note_key(content_key, own, bytes(32), NODE)
    assert made == note_key(content_key, own, bytes(32), NODE)
    assert len(made) == len(own) == 32
    different = {
        made,
        note_key(content_key, others, bytes(32), NODE),
        note_key(content_key, own, bytes([1]) * 32, NODE),
        note_key(content_key, own, bytes(32), OTHER),
        note_key(bytes([1]) * 32, own, bytes(32), NODE),
        content_key,
    }
    assert len(different) == 6


def test_an_altered_cell_is_counted_and_spoils_no_other() -> None:
    packet = sealed(NOTE, replace(NOTE, at=1))
    counts = []
    for place in range(limits.CELLS):
        at = limits.PACKET_SALT_BYTES + place * limits.CELL_BYTES + limits.CELL_BYTES - 1
        changed = packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]
        found = open_packet(changed, Way.TO_NODE, HOUR, [KEY], read_note)
        counts.append((len(found.notes), found.refused))
    assert sorted(counts) == [(1, 1)] * 2 + [(2, 0)] * (limits.CELLS - 2)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", write_note(replace(NOTE, kind=NoteKind.THEY_RANG), 1)]
)
def test_a_cell_that_holds_no_note_of_this_way_is_counted(content: bytes) -> None:
    packet = seal_packet([(KEY, content)], Way.TO_NODE, HOUR, secrets.token_bytes)
    found = open_packet(packet, Way.TO_NODE, HOUR, [KEY], read_note)
    assert (found.notes, found.refused) == ((), 1)


def test_a_packet_with_notes_is_made_in_as_many_steps_as_one_without() -> None:
    """As many random bytes are drawn for both, but for the keys of empty cells, which are always
    drawn."""

    def drawn(*said: Note) -> list[int]:
        sizes: list[int] = []

        def random_bytes(size: int) -> bytes:
            sizes.append(size)
            return secrets.token_bytes(size)

        seal_packet(
            [(KEY, write_note(n, limits.NEWEST_REVISION)) for n in said],
            Way.TO_NODE,
            HOUR,
            random_bytes,
        )
        return sizes

    assert drawn() == drawn(NOTE) == drawn(*[NOTE] * limits.CELLS)


def test_no_label_comes_twice() -> None:
    """Attack: a broker that has a packet answered twice in one hour sees by a label that comes back
    that its cell is no filler."""
    labels = [
        packet[at : at + limits.LABEL_BYTES]
        for packet in (sealed(NOTE, NOTE), sealed(NOTE, NOTE))
        for at in range(limits.PACKET_SALT_BYTES, limits.PACKET_BYTES, limits.CELL_BYTES)
    ]
    assert len(set(labels)) == 2 * limits.CELLS


def test_notes_do_not_stand_at_places_of_their_own() -> None:
    """Attack: the broker reads from the place of a cell whether it is filler."""
    places = set()
    for _ in range(200):
        packet = sealed(NOTE)
        for place in range(limits.CELLS):
            at = limits.PACKET_SALT_BYTES + place * limits.CELL_BYTES
            if opened(packet[:at] + bytes(16) + packet[at + 16 :]) == []:
                places.add(place)
    assert len(places) == limits.CELLS


# ---- the form of a note --------------------------------------------------------------------------


@given(st.one_of(*(notes(way) for way in Way)))
def test_a_note_is_read_as_it_was_written(note: Note) -> None:
    assert read_note(write_note(note, limits.NEWEST_REVISION)) == note


def test_the_longest_note_fits_its_cell() -> None:
    agency = AgencyId("e08000001." + "a" * 40)
    kind = NoteKind.NUMBER_WRONG
    longest = Note(b"\xff" * 8, kind, agency, limits.LATEST - 1, telephone="0" * 24)
    invitation = Note(
        b"\xff" * 8, NoteKind.INVITED, agency, limits.LATEST - 1, when=limits.LATEST - 1
    )
    assert opened(sealed(longest, invitation)) == [longest, invitation]


@given(st.binary(max_size=limits.NOTE_BYTES))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    try:
        assert write_note(read_note(data), limits.NEWEST_REVISION) == data
    except Refused as refusal:
        assert refusal.code is Code.MALFORMED


@pytest.mark.parametrize(
    "changes", [{"number": bytes(7)}, {"number": bytes(9)}, {"at": -1}, {"at": limits.LATEST}]
)
def test_a_note_out_of_its_bounds_is_refused(changes: dict[str, object]) -> None:
    with refused(Code.MALFORMED):
        replace(NOTE, **changes)  # type: ignore[arg-type]


NUMBER: dict[str, Any] = {"telephone": "01632 960001"}
WHEN: dict[str, Any] = {"when": 5}
ABOUT, REASON = {"about": Doubted.WHOLE}, {"reason": Explained.BY_MISTAKE}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (NoteKind.SPOKE, NUMBER),
        (NoteKind.SPOKE, WHEN),
        (NoteKind.SPOKE, ABOUT),
        (NoteKind.SPOKE, REASON),
        (NoteKind.INVITED, {}),
        (NoteKind.INVITED, {"when": limits.LATEST}),
        (NoteKind.CONVENED, {}),
        (NoteKind.CONVENED, ABOUT),
        (NoteKind.CHALLENGED, REASON),
        (NoteKind.EXPLAINED, {}),
        (NoteKind.NUMBER_WRONG, {"telephone": "see my e-mail"}),
    ],
)
def test_each_kind_says_what_it_must_and_no_more(kind: NoteKind, fields: dict[str, Any]) -> None:
    with refused(Code.MALFORMED):
        Note(bytes(8), kind, SCHOOL, 1, **fields)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (NoteKind.NUMBER_WRONG, NUMBER),
        (NoteKind.INVITED, WHEN),
        (NoteKind.CONVENED, WHEN),
        (NoteKind.CHALLENGED, ABOUT),
        (NoteKind.EXPLAINED, REASON),
    ],
)
def test_what_the_second_revision_says_is_not_written_in_the_first(
    kind: NoteKind, fields: dict[str, Any]
) -> None:
    note = Note(bytes(8), kind, SCHOOL, 1, **fields)
    assert read_note(write_note(note, limits.SECOND_REVISION)) == note
    with refused(Code.UNSUPPORTED):
        write_note(note, limits.FIRST_REVISION)


def test_that_a_number_is_wrong_is_said_in_the_first_revision_without_the_number() -> None:
    note = Note(bytes(8), NoteKind.NUMBER_WRONG, SCHOOL, 1, **NUMBER)
    assert note.since == limits.FIRST_REVISION
    assert note.within(limits.SECOND_REVISION) == note
    told = read_note(write_note(note.within(limits.FIRST_REVISION), limits.FIRST_REVISION))
    assert told == replace(note, telephone="")


def test_nothing_of_a_note_is_printed() -> None:
    assert repr(NOTE) == "Note(SPOKE)"
    assert repr(open_packet(sealed(NOTE), Way.TO_NODE, HOUR, [KEY], read_note)) == "Opened(1)"
