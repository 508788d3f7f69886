"""When a gateway exchanges packets with a node, and which notes go first. Pure.

After any lookup a gateway has one exchange an hour for 24 hours, and then one a day until the
seventh, with each node in the lookup's reach, whatever was asked, answered or said. There is one
stream for each gateway and node, however many lookups there were, and what was missed is not made
up. When in the hour, and in which hour of the day, follows from a key of the gateway: a node cannot
tell by the minute which gateway it is, and no act moves it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fingerpost.private.notes import URGENT, Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.packets import hour_of

RUNG: Final = frozenset({NoteKind.SPOKE, NoteKind.LEFT_MESSAGE})
"""What a practitioner records of an agency that she rang."""
_HOURS_A_DAY: Final = 24
_PARTS: Final = 2**64


@dataclass(frozen=True, slots=True, repr=False)
class Thread:
    """What the notes about one query need.

    Attributes:
        operation: the number of its lookup.
        asked_at: when it left, in seconds since 1970 UTC.
        keys: by node in its reach, the key of the notes; empty where no answer has come.
        revision: of the wire, in which the query was made and notes about it are written.
    """

    operation: str
    asked_at: int
    keys: Mapping[MemberId, bytes]
    revision: int = limits.FIRST_REVISION

    def __repr__(self) -> str:
        return f"Thread({self.operation})"


@dataclass(frozen=True, slots=True, repr=False)
class KeptNote:
    """A note about a lookup.

    Attributes:
        came: from a node; otherwise it is to leave, or has left.
        left: a node has taken it. Whether it could read it is not known, and must not be.
    """

    operation: str
    note: Note
    came: bool = False
    left: bool = False

    def __repr__(self) -> str:
        return f"KeptNote({self.note!r})"


def moment(key: bytes, node: MemberId, hour: int) -> float:
    """Return when in an hour the exchange with a node is due, in seconds since 1970 UTC."""
    return (hour + _part(key, b"minute", node, hour)) * limits.HOUR_SECONDS


def due(key: bytes, node: MemberId, asked_at: int, since: float, until: float) -> Iterator[int]:
    """Yield the hours whose exchange with a node became due after ``since``, up to ``until``.

    Args:
        key: the gateway's own, 32 bytes, secret.
        asked_at: when the newest lookup in whose reach the node is left.
        since, until: in seconds since 1970 UTC.
    """
    for hour in range(hour_of(since), hour_of(until) + 1):
        at = moment(key, node, hour)
        age = at - asked_at
        day, of_day = divmod(hour, _HOURS_A_DAY)
        hourly = age <= limits.NOTES_HOURLY_SECONDS
        daily = of_day == int(_part(key, b"hour", node, day) * _HOURS_A_DAY)
        if since < at <= until and 0 < age <= limits.NOTES_KEPT_SECONDS and (hourly or daily):
            yield hour


Keyed = tuple[bytes, int]
"""The key of the notes about one query, and the revision in which they are written."""


def first(
    waiting: Iterable[tuple[KeptNote, Sequence[Keyed]]],
) -> tuple[tuple[KeptNote, Sequence[Keyed]], ...]:
    """Return the notes that leave in one packet: urgent ones first, then the oldest. The others
    wait.

    Args:
        waiting: each with the keys under which it goes: one for each query of its lookup that the
            node answered, since it is not known which of them opened.
    """
    room = limits.CELLS
    chosen = []
    for kept, keys in sorted(waiting, key=lambda each: _rank(each[0])):
        if 0 < len(keys) <= room:
            chosen.append((kept, keys))
            room -= len(keys)
    return tuple(chosen)


def _rank(kept: KeptNote) -> tuple[bool, int, bytes]:
    return kept.note.kind not in URGENT, kept.note.at, kept.note.number


def _part(key: bytes, what: bytes, node: MemberId, number: int) -> float:
    """Return a number in [0, 1) that only who has the key can foresee."""
    named = what + number.to_bytes(8, "big") + node.value.encode("ascii")
    return int.from_bytes(hmac.digest(key, named, "sha256")[:8], "big") / _PARTS
