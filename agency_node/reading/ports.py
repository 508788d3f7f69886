"""What the two ends of the line need of each other, what the reader needs to know, and how work
rests while bytes move.

The reader holds the stream to the broker; the worker answers. They may be two processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from fingerpost.protocol.messages import SealedAnswer
from fingerpost.protocol.packets import Packets

NO_PACKETS: Final = Packets(())
STEP: Final = 256
"""So many small things, such as keys that are tried at a packet, are one step of the work: some
1.5 ms, and the worker rests for longer before bytes move."""
T = TypeVar("T")

Rest = Callable[[], None]
"""Called before each step of work that follows from what opened. It returns once no bytes of the
node move (``ticks.rests_until``)."""


def never_rest() -> None:
    """Go on at once: for a process without a gate."""


def in_steps(each: Iterable[T], rest: Rest) -> Iterator[T]:
    """Yield all, with a rest before each ``STEP`` of them."""
    for number, one in enumerate(each):
        if number % STEP == 0:
            rest()
        yield one


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """The queries and packets that came within one tick.

    ``received_at``: the end of the tick, monotonic seconds, one moment for all of them.
    """

    received_at: float
    queries: tuple[bytes, ...]
    packets: Packets = NO_PACKETS

    def __repr__(self) -> str:
        return f"Frame({len(self.queries)})"


Answered = tuple[SealedAnswer, ...] | Packets


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """The answers to the queries of one frame, or to its packets, and the tick on which they leave;
    monotonic seconds."""

    at: float
    received_at: float
    answers: Answered

    def __repr__(self) -> str:
        return f"Leaving({len(self.answers)})"


class Frames(Protocol):
    """The worker's end of the line."""

    async def next(self) -> Frame:
        """Wait for the next frame, and return it, once. It comes on a tick.

        Raises:
            Refused: UNAVAILABLE, the reader has ended; the next call waits for a new one.
        """

    def leave(self, leaving: Leaving) -> None:
        """Let the answers leave on their tick. It does not wait."""


@dataclass(frozen=True, slots=True)
class Carriage:
    """What the member list says of carrying.

    Attributes:
        metadata_version: of the list.
        queries_per_tick: so many are taken in each tick for as long as they come.
        queries_at_once: so many are taken in one tick after a pause.
        certificate_ends: when the node's certificate ends, in seconds since 1970 UTC.
    """

    metadata_version: int
    answer_delay_ms: int
    gathering_ms: int
    queries_per_tick: int
    queries_at_once: int
    certificate_ends: float


class Feed(Protocol):
    """What the reader is told of the member list."""

    def carriage(self) -> Carriage:
        """Return what holds now.

        Raises:
            Refused: NOT_A_MEMBER, the broker is no member any more, or not the one of the
                parameters (attack: a suspended broker continues to carry). UNTRUSTED_METADATA,
                there is no list. UNAVAILABLE, nothing has been heard of the list for too long.
        """
