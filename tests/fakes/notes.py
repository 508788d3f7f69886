"""Stores of notes without a disk, of a node and of a gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agency_node.notes.ports import KeptNote as NodeNote
from agency_node.notes.ports import Thread as NodeThread
from agency_node.notes.ports import WrongNumber
from agency_node.notes.store import WRONG_KEPT_SECONDS
from agency_node.reading.ports import Rest, in_steps, never_rest
from fakes.federations import NOW
from fingerpost.private.notes import Doubted, Explained, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.packets import CarriedPacket, Packets, hour_of
from practitioner.asking.notes import RUNG, KeptNote, Thread

MUST_SAY: Final[Mapping[NoteKind, Mapping[str, Any]]] = {
    NoteKind.INVITED: {"when": int(NOW) + 3600},
    NoteKind.CONVENED: {"when": int(NOW) + 7200},
    NoteKind.CHALLENGED: {"about": Doubted.GROUND},
    NoteKind.EXPLAINED: {"reason": Explained.ON_RECORD},
}
"""What a note of a kind cannot be without."""


def no_exchange(packets: Packets) -> Packets:
    """For an ``AnswerLine`` to which no packet comes."""
    raise AssertionError("a packet came")


class MemoryNodeNotes:
    """``agency_node.notes.ports.NotesStore``. ``fails``: the disk does."""

    def __init__(self) -> None:
        self.packets: dict[bytes, tuple[CarriedPacket, bool]] = {}
        self.fails = False
        self._threads: dict[tuple[bytes, AgencyId], NodeThread] = {}
        self._came: dict[bytes, NodeNote] = {}
        self._waiting: dict[bytes, NodeNote] = {}
        self._wrong: dict[tuple[AgencyId, str, AgencyId], WrongNumber] = {}

    def keep(self, packets: Sequence[CarriedPacket]) -> frozenset[bytes]:
        if self.fails:
            raise Defect("the store of notes failed")
        new = set()
        for packet in packets:
            if packet.salt not in self.packets:
                self.packets[packet.salt] = (packet, True)
                new.add(packet.exchange)
        return frozenset(new)

    def unread(self) -> tuple[CarriedPacket, ...]:
        return tuple(packet for packet, unread in self.packets.values() if unread)

    def read(
        self,
        packets: Sequence[CarriedPacket],
        came: Sequence[NodeNote],
        wrong: Sequence[WrongNumber] = (),
    ) -> None:
        self._wrong.update({(w.agency, w.telephone, w.reporter): w for w in wrong})
        for packet in packets:
            self.packets[packet.salt] = (packet, False)
        for kept in came:
            if kept.note.kind is NoteKind.RECEIVED:
                self._waiting.pop(kept.note.number, None)
            else:
                self._came.setdefault(kept.note.number, kept)

    def wrong_numbers(self) -> tuple[WrongNumber, ...]:
        return tuple(self._wrong.values())

    def count_wrong(self) -> int:
        return len(self._wrong)

    def number_is_right(self, agency: AgencyId, telephone: str) -> None:
        about = (agency, telephone)
        self._wrong = {key: each for key, each in self._wrong.items() if key[:2] != about}

    def add(self, threads: Sequence[NodeThread]) -> None:
        self._threads.update({(each.query, each.agency): each for each in threads})

    def threads(self, rest: Rest = never_rest) -> tuple[NodeThread, ...]:
        return tuple(each for each in in_steps(self._threads.values(), rest) if each.key)

    def count(self) -> int:
        return len(self._threads)

    def came(self, agency: AgencyId) -> tuple[NodeNote, ...]:
        mine = [kept for kept in self._came.values() if kept.note.agency == agency]
        return tuple(sorted(mine, key=lambda kept: kept.note.at))

    def leave(self, note: NodeNote) -> None:
        self._waiting[note.note.number] = note

    def waiting(self) -> tuple[NodeNote, ...]:
        return tuple(self._waiting.values())

    def forget_due(self, reached: float) -> None:
        oldest = int(reached) - limits.NOTES_KEPT_SECONDS
        self._threads = {key: t for key, t in self._threads.items() if t.at > oldest}
        live = {query for query, _ in self._threads}
        self._came = {number: n for number, n in self._came.items() if n.query in live}
        self._waiting = {number: n for number, n in self._waiting.items() if n.query in live}
        year_ago = int(reached) - WRONG_KEPT_SECONDS
        self._wrong = {key: w for key, w in self._wrong.items() if w.at > year_ago}
        self.packets = {
            salt: (packet, unread)
            for salt, (packet, unread) in self.packets.items()
            if unread or packet.hour >= hour_of(reached) - 1
        }


class MemoryNotes:
    """``practitioner.asking.ports.Notes``, and what a command line asks of its store."""

    def __init__(self) -> None:
        self._threads: list[tuple[int, Thread]] = []
        self._notes: dict[tuple[bool, NoteKind, bytes], KeptNote] = {}
        self._number = 0

    async def begin(self, threads: Sequence[Thread]) -> None:
        for thread in threads:
            self._number += 1
            self._threads.append((self._number, thread))

    async def threads(self, after: int) -> tuple[tuple[int, Thread], ...]:
        return tuple((number, thread) for number, thread in self._threads if number > after)

    async def waiting(self) -> tuple[KeptNote, ...]:
        return tuple(n for n in self._notes.values() if not n.came and not n.left)

    async def keep(self, notes: Sequence[KeptNote]) -> None:
        self.mark(notes)

    def mark(self, notes: Sequence[KeptNote]) -> None:
        for kept in notes:
            self._notes[kept.came, kept.note.kind, kept.note.number] = kept

    def revision_of(self, operation: str) -> int:
        of = [thread.revision for _, thread in self._threads if thread.operation == operation]
        return max(of, default=limits.NEWEST_REVISION)

    def about(self, operation: str) -> tuple[KeptNote, ...]:
        found = [kept for kept in self._notes.values() if kept.operation == operation]
        return tuple(sorted(found, key=lambda kept: kept.note.at))

    async def rung(self, operation: str) -> frozenset[AgencyId]:
        said = self.about(operation)
        return frozenset(n.note.agency for n in said if not n.came and n.note.kind in RUNG)

    def forget_due(self, reached: float) -> None:
        oldest = int(reached) - limits.NOTES_KEPT_SECONDS
        self._threads = [each for each in self._threads if each[1].asked_at > oldest]
        live = {thread.operation for _, thread in self._threads}
        self._notes = {key: n for key, n in self._notes.items() if n.operation in live}
