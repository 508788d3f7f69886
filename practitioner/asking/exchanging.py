"""Exchange packets with the nodes that this gateway's lookups reached: the task of ``fingerpost
serve``.

Law: whether, when and with whom an exchange is made follows from when the lookups left and from
which nodes they reached (``notes``), which the broker knows, and from nothing else. A packet leaves
full or empty alike. One that fails is missed: the next is due as if it had not been. A note counts
as left when its packet was answered; nobody says whether an agency could read it, since an agency
that shields a child must not show that it knows her.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fingerpost.membership.ports import Members
from fingerpost.private.codec import read_note, write_note
from fingerpost.private.notes import Note, Way, open_packet, seal_packet
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Federation, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger
from practitioner.asking.notes import KeptNote, Keyed, Thread, due, first
from practitioner.asking.ports import Exchanges, Notes

EVENTS: Final = {
    "notes.missed": frozenset({"node", "error"}),
    "notes.refused": frozenset({"node", "notes"}),
}
LATE_SECONDS: Final = 60.0
"""An exchange that was due longer ago is missed."""


class Exchanging:
    """``key``: 32 bytes, secret, by which the moments are drawn; the same after a restart."""

    def __init__(
        self,
        key: bytes,
        notes: Notes,
        exchanges: Exchanges,
        members: Members,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        log: Logger,
    ) -> None:
        self._key = key
        self._notes = notes
        self._exchanges = exchanges
        self._members = members
        self._clock = clock
        self._random_bytes = random_bytes
        self._log = log
        self._looked_at = clock.now()
        self._last_thread = 0
        self._asked_at: dict[MemberId, int] = {}
        self._threads: dict[MemberId, dict[bytes, Thread]] = defaultdict(dict)

    async def step(self) -> None:
        """Have the exchanges that became due since the last call. Raises ``Defect``."""
        now = self._clock.now()
        since, self._looked_at = max(self._looked_at, now - LATE_SECONDS), now
        for number, thread in await self._notes.threads(self._last_thread):
            self._last_thread = number
            self._know(thread)
        exchanges = [
            self._exchange(node, hour)
            for node, asked_at in self._asked_at.items()
            for hour in due(self._key, node, asked_at, since, now)
        ]
        await asyncio.gather(*exchanges)

    def forget(self) -> None:
        """Forget the threads of more than seven days ago."""
        oldest = self._clock.now() - limits.NOTES_KEPT_SECONDS
        for node, asked_at in tuple(self._asked_at.items()):
            threads = self._threads[node]
            for key in [key for key, thread in threads.items() if thread.asked_at <= oldest]:
                del threads[key]
            if asked_at <= oldest:
                del self._asked_at[node], self._threads[node]

    def _know(self, thread: Thread) -> None:
        for node, key in thread.keys.items():
            self._asked_at[node] = max(thread.asked_at, self._asked_at.get(node, 0))
            if key:
                self._threads[node][key] = thread

    async def _exchange(self, node: MemberId, hour: int) -> None:
        try:
            federation = self._members.at(self._clock.now())
            federation.member(node, Party.NODE)
            waiting = [
                (kept, self._keys(node, kept))
                for kept in await self._notes.waiting()
                if _is_of(kept.note, node, federation)
            ]
            leaving = first(waiting)
            sealed = [
                (key, write_note(kept.note.within(revision), revision))
                for kept, keys in leaving
                for key, revision in keys
            ]
            packet = seal_packet(sealed, Way.TO_NODE, hour, self._random_bytes)
            given = await self._exchanges.exchange(node, hour, packet)
        except Refused as refused:
            self._log.info("notes.missed", node=node, error=refused)
            return
        await self._notes.keep([replace(kept, left=True) for kept, _ in leaving])
        await self._receive(node, hour, given, packet[: limits.PACKET_SALT_BYTES], federation)

    def _keys(self, node: MemberId, kept: KeptNote) -> tuple[Keyed, ...]:
        """Return the keys of its lookup's queries whose readers know what the note says."""
        return tuple(
            (key, thread.revision)
            for key, thread in self._threads[node].items()
            if thread.operation == kept.operation and thread.revision >= kept.note.since
        )

    async def _receive(
        self, node: MemberId, hour: int, packet: bytes, answered: bytes, federation: Federation
    ) -> None:
        threads = self._threads[node]
        opened = open_packet(packet, Way.TO_GATEWAY, hour, threads, read_note, answered=answered)
        came = [
            (threads[key].operation, note)
            for key, note in opened.notes
            if _is_of(note, node, federation)
        ]
        refused = opened.refused + len(opened.notes) - len(came)
        if refused:
            self._log.warning("notes.refused", node=node, notes=refused)
        await self._notes.keep(
            [
                kept
                for operation, note in came
                for kept in (
                    KeptNote(operation, note, came=True),
                    KeptNote(operation, note.received()),
                )
            ]
        )


def _is_of(note: Note, node: MemberId, federation: Federation) -> bool:
    """Return whether the node speaks for the note's agency (attack: a node that opened a query says
    something in the name of another's agency)."""
    try:
        return federation.agency(note.agency).node == node
    except Refused:
        return False
