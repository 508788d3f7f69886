"""What knocks need from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, Protocol

from agency_node.notices.lanes import Lane, tell_at
from agency_node.reading.ports import Rest, never_rest
from fingerpost.protocol import limits
from fingerpost.protocol.ids import AgencyId

KEPT_SECONDS: Final = 90 * limits.DAY


@unique
class Outcome(IntEnum):
    """What a desk did with a knock. The value is stored."""

    RANG = 1
    NO_CALL = 2
    ANOTHER_CHILD = 3

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Final = {
    Outcome.RANG: "we rang them",
    Outcome.NO_CALL: "we decided not to ring",
    Outcome.ANOTHER_CHILD: "it is another child",
}


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """What is kept of a lookup that opened at an agency. There is one for each, whatever was found
    (attack: whoever counts rows sees without any key how many lookups were about children known
    here).

    Attributes:
        query: H(query), which the agency's log has, too. All that is to be known of the lookup
            stands there.
        at: when it came, in seconds since 1970 UTC.
        child: equal for lookups of one child, 16 bytes; empty where none is or may be known.
        area: the home area of the agency that asked; empty where it is not shown who asked.
        told_at: when a message that says to look left; 0 for none yet.
        seen_at: when somebody of the agency first had the knock listed; 0 for nobody yet.
        outcome: None until the desk is done with it.
    """

    query: bytes
    agency: AgencyId
    lane: Lane
    at: int
    child: bytes = b""
    area: str = ""
    told_at: int = 0
    seen_at: int = 0
    outcome: Outcome | None = None

    @property
    def tell_at(self) -> int | None:
        """When the desk is to be told, in seconds since 1970 UTC; None for never."""
        return tell_at(self.lane, self.at)

    @property
    def is_open(self) -> bool:
        """Whether it is a knock that the desk has still to decide on."""
        return self.lane is not Lane.LOG_ONLY and self.outcome is None

    def __repr__(self) -> str:
        return f"Notice({self.agency}, {self.lane.name})"


# ---- what leaves the node ------------------------------------------------------------------------


@unique
class Channel(IntEnum):
    """The value is stored."""

    MAIL = 1
    WEBHOOK = 2


@unique
class Reply(IntEnum):
    """What became of a message. The value is stored."""

    TAKEN = 1
    UNREACHED = 2
    HUNG = 3
    UNTRUSTED = 4
    REFUSED = 5
    UNREADABLE = 6

    @property
    def words(self) -> str:
        return _REPLIES[self]


_REPLIES: Final = {
    Reply.TAKEN: "taken",
    Reply.UNREACHED: "the server cannot be reached",
    Reply.HUNG: "the server does not answer in time",
    Reply.UNTRUSTED: "the server's certificate is not trusted",
    Reply.REFUSED: "the server refuses",
    Reply.UNREADABLE: "the server's answer cannot be read",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages to an agency's desk go.

    Attributes:
        reply: of the last one.
        failures: how many failed since one was taken.
        not_before: when the next is tried; seconds since 1970 UTC, as the others.
        taken_at: when the last one was taken; 0 for never.
        failing_since: 0 where the last one was taken.
    """

    agency: AgencyId
    channel: Channel
    reply: Reply
    failures: int
    not_before: int
    taken_at: int
    failing_since: int


class Mail(Protocol):
    async def send(self, addresses: Sequence[str]) -> tuple[Reply, ...]:
        """Send the one message to each address, apart from each other, and return what became of
        each. It takes no longer than ``due.TICK_SECONDS``, and raises nothing."""


class Webhook(Protocol):
    async def say(self, *, waiting: bool, at: int) -> Reply:
        """Say whether the desk should look, in a signed body of one size. As ``Mail.send``."""


# ---- where it is kept ---------------------------------------------------------------------------


class NoticesStore(Protocol):
    """Where they are kept. The methods block, and raise ``Defect`` when the disk fails."""

    def add(self, notices: Sequence[Notice]) -> None:
        """Add notices, durably, in one commit. One that is there stays as it is."""

    def all(self, rest: Rest = never_rest) -> tuple[Notice, ...]:
        """Return them, and rest before each step (``reading.ports.in_steps``)."""

    def of(self, agency: AgencyId) -> tuple[Notice, ...]:
        """Return those of an agency, the latest first."""

    def count(self) -> int: ...

    def change(self, notices: Sequence[Notice], change: Callable[[Notice], Notice]) -> None:
        """Put what ``change`` makes of each in its place, as it stands now, in one commit. One that
        is gone stays so."""

    def deliveries(self) -> tuple[Delivery, ...]:
        """Return how messages went, one for each agency and channel."""

    def keep_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Keep how messages went, in the place of what was kept of the same agency and channel."""

    def forget_due(self, reached: float) -> None:
        """Destroy those of more than ``KEPT_SECONDS`` ago."""
