"""What the two ends of the line need of each other, and what the reader needs to know.

The reader holds the stream to the broker; the worker answers. They may be two processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fingerpost.protocol.messages import SealedAnswer


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """The queries that came within one tick.

    ``received_at``: the end of the tick, monotonic seconds, one moment for all of them.
    """

    received_at: float
    queries: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Frame({len(self.queries)})"


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """The answers to one frame, and the tick on which they leave; monotonic seconds."""

    at: float
    received_at: float
    answers: tuple[SealedAnswer, ...]

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
        certificate_ends: when the node's certificate ends, in seconds since 1970 UTC.
    """

    metadata_version: int
    answer_delay_ms: int
    gathering_ms: int
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
