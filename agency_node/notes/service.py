"""Answer packets with packets, and read afterwards what came.

Law: a packet is kept, then answered, and only later read. What leaves is one packet for each that
came, of one size, made in as many steps whether a note waits or not, on a tick that follows from
when they came. It is not known whose packet is answered, so what waits goes into all that leave
until its gateway says that it has it; nobody else can see it there.

What came is read on a schedule, with the keys of all queries of the last seven days (attack: the
time or the size of what leaves shows whether a packet opened). How long that takes follows from how
many queries opened here, so the work rests while bytes move, as that of the answers does.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from agency_node.notes.ports import KeptNote, NotesStore, Thread, WrongNumber
from agency_node.reading.ports import Rest, in_steps, never_rest
from agency_node.reading.ticks import Tally
from fingerpost.private.codec import read_note, write_note
from fingerpost.private.notes import Note, NoteKind, Way, note_secret, open_packet, seal_packet
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.packets import CarriedPacket, Packets, require_hour
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger

EVENTS: Final = {
    "notes.refused": frozenset({"packets", "notes"}),
    "notes.failed": frozenset({"error"}),
}
REPORT_SECONDS: Final = 60.0
SECRET_BYTES: Final = 32
MOST_WRONG: Final = 1000
"""So many numbers of an agency may be reported to be wrong (attack: a requester fills the store
with numbers that nobody has)."""


class Notes:
    """The notes of all agencies of this node. ``exchange`` may be called by one thread, the other
    methods by another.

    Args:
        is_member: whether an agency is one now (attack: one that was suspended goes on with notes
            about what it asked before).
    """

    def __init__(
        self,
        store: NotesStore,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        log: Logger,
        is_member: Callable[[AgencyId], bool],
        rest: Rest = never_rest,
    ) -> None:
        self._rest = rest
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes
        self._log = log
        self._is_member = is_member
        self._key = random_bytes(SECRET_BYTES)
        self._threads: dict[bytes, tuple[Thread, ...]] = {}
        self._counted = 0
        self._waiting: tuple[tuple[bytes, bytes], ...] = ()
        self._wrong: Mapping[AgencyId, Mapping[str, frozenset[AgencyId]]] = {}
        self._counted_wrong = 0
        self._counting = threading.Lock()
        self._refused = Tally(1, REPORT_SECONDS)

    def secret(self, query_hash: bytes) -> bytes:
        """Return what the answer to a query gives the gateway, for every query: 32 bytes.

        The key that it is made with is drawn at each start: what a thread needs of it is kept with
        the thread.
        """
        return note_secret(self._key, query_hash)

    def exchange(self, packets: Packets) -> Packets:
        """Return a packet for each that came, but for those that are not of this hour or came
        before. Blocking."""
        now = self._clock.now()
        fresh = [packet for packet in packets if _is_of_now(packet, now)]
        stale = len(packets) - len(fresh)
        try:
            new = self._store.keep(fresh)
        except Defect as defect:
            self._log.error("notes.failed", error=defect)
            return Packets(())
        self._report(packets=stale + len(fresh) - len(new))
        return Packets(tuple(self._answer(packet) for packet in fresh if packet.exchange in new))

    def _answer(self, packet: CarriedPacket) -> CarriedPacket:
        self._rest()
        drawn = sorted(self._waiting, key=lambda _: self._random_bytes(8))[: limits.CELLS]
        sealed = seal_packet(
            drawn, Way.TO_GATEWAY, packet.hour, self._random_bytes, answered=packet.salt
        )
        return CarriedPacket(packet.exchange, packet.hour, sealed)

    def tend(self) -> None:
        """Read the packets that came, and see what waits. Raises ``Defect``."""
        count = self._store.count()
        if count != self._counted:
            self._know_threads()  # a command line adds some, too
            self._counted = count
        self._know_wrong()
        packets = self._store.unread()
        if packets:
            came, wrong, refused = [], [], 0
            for packet in packets:
                keys = in_steps(self._threads, self._rest)
                opened = open_packet(packet.packet, Way.TO_NODE, packet.hour, keys, read_note)
                refused += opened.refused
                for key, note in opened.notes:
                    threads = self._of(key, note)
                    refused += not threads
                    came += [KeptNote(each.query, _as_kept(each, note)) for each in threads]
                    wrong += [each for of in threads for each in self._reported(of, note)]
            self._store.read(packets, came, wrong)
            self._report(notes=refused)
            self._know_wrong()
        every = (thread for of in self._threads.values() for thread in of)
        live = {(t.query, t.agency): t for t in in_steps(every, self._rest) if self._is_open(t)}
        known = [
            (live[kept.query, kept.note.agency], kept.note)
            for kept in self._store.waiting()
            if (kept.query, kept.note.agency) in live
        ]
        self._waiting = tuple(
            (thread.key, write_note(note, thread.revision))
            for thread, note in known
            if note.since <= thread.revision
        )

    def _of(self, key: bytes, note: Note) -> tuple[Thread, ...]:
        """Return the threads of the note: none where it is meant for an agency that does not know
        the child, or comes from one that is no member any more. A meeting is for every agency of
        this node that knows the child."""
        return tuple(
            thread
            for thread in self._threads[key]
            if (note.kind is NoteKind.CONVENED or thread.agency == note.agency)
            and self._is_open(thread)
        )

    def _is_open(self, thread: Thread) -> bool:
        return thread.requester is None or self._is_member(thread.requester)

    def _reported(self, thread: Thread, note: Note) -> tuple[WrongNumber, ...]:
        """Return the number that a note reports to be wrong, unless the agency has too many."""
        known = self._wrong.get(thread.agency, {})
        if not note.telephone or thread.requester is None or len(known) >= MOST_WRONG:
            return ()
        now = int(self._clock.now())
        return (WrongNumber(thread.agency, note.telephone, thread.requester, now),)

    def wrong_numbers(self, agency: AgencyId) -> Mapping[str, frozenset[AgencyId]]:
        """Return by number the agencies that reported it to be wrong. Any thread may call it."""
        return self._wrong.get(agency, {})

    def _know_wrong(self) -> None:
        """Take the reports anew where their number has changed: a command line takes some back."""
        count = self._store.count_wrong()
        if count != self._counted_wrong:
            found: dict[AgencyId, dict[str, frozenset[AgencyId]]] = defaultdict(dict)
            for each in self._store.wrong_numbers():
                numbers = found[each.agency]
                numbers[each.telephone] = numbers.get(each.telephone, frozenset()) | {each.reporter}
            self._wrong, self._counted_wrong = found, count

    def forget_due(self, reached: float) -> None:
        """Destroy what is older than seven days. Raises ``Defect``.

        Args:
            reached: see ``membership.ports.Reached``.
        """
        self._store.forget_due(reached)
        self._counted = self._store.count()
        self._know_threads()

    def _know_threads(self) -> None:
        found: dict[bytes, tuple[Thread, ...]] = defaultdict(tuple)
        for thread in in_steps(self._store.threads(self._rest), self._rest):
            found[thread.key] += (thread,)
        self._threads = dict(found)

    def _report(self, *, packets: int = 0, notes: int = 0) -> None:
        with self._counting:
            due = self._refused.count(self._clock.now(), packets=packets, notes=notes)
        if due is not None:
            self._log.warning("notes.refused", **due)


def _as_kept(thread: Thread, note: Note) -> Note:
    return note.of(thread.agency) if note.kind is NoteKind.CONVENED else note


def _is_of_now(packet: CarriedPacket, now: float) -> bool:
    try:
        require_hour(packet.hour, now)
    except Refused:
        return False
    return True
