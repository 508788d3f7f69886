"""When a desk is told, and how often. Pure.

Law: a knock is not over because a message left. A mail server can take a message and lose it, and
nobody may have read it; so the desk is told again until somebody has listed the knock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agency_node.notices.lanes import Lane, next_list
from agency_node.notices.ports import Channel, Delivery, Notice, Reply
from fingerpost.protocol.ids import AgencyId

TICK_SECONDS: Final = 30
"""So often a message leaves, whether a desk is to be told or not."""
AGENCIES_A_MESSAGE: Final = 20
MOST_MESSAGES: Final = 50
AGAIN_SECONDS: Final = 15 * 60
FIRST_HOUR: Final = 60 * 60
LEAST_WAIT_SECONDS: Final = 30
MOST_WAIT_SECONDS: Final = 300
MAILBOX_CHARS: Final = 64
"""Before the @ of an address (RFC 5321, section 4.5.3.1.1)."""


def is_waiting(notice: Notice, now: float) -> bool:
    """Return whether the desk should look: a knock is due that nobody has listed or closed."""
    due = notice.tell_at
    return notice.is_open and not notice.seen_at and due is not None and due <= now


def is_due(notice: Notice, now: float) -> bool:
    """Return whether a message about a knock should leave: for the first time, or again."""
    if not is_waiting(notice, now):
        return False
    told = notice.told_at
    if not told:
        return True
    if notice.lane is Lane.RING_NOW and told - notice.at < FIRST_HOUR:
        return now >= told + AGAIN_SECONDS
    return now >= next_list(told)


def messages_a_tick(agencies: int) -> int:
    """Return how many messages leave on each tick, of how many agencies are told by mail."""
    return min(MOST_MESSAGES, -(-agencies // AGENCIES_A_MESSAGE))


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """Where a desk is told.

    Attributes:
        mail: a work address; empty for none.
        mail_out_of_term: who is told in the place of a school that is closed; empty for nobody
            else.
    """

    mail: str = ""
    mail_out_of_term: str = ""

    def address(self, *, out_of_term: bool) -> str:
        return (self.mail_out_of_term if out_of_term else "") or self.mail

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.mail, self.mail_out_of_term)))

    def __repr__(self) -> str:
        return "Desk(…)"


def to_tell(
    notices: Iterable[Notice],
    desks: Mapping[AgencyId, Desk],
    deliveries: Mapping[AgencyId, Delivery],
    now: float,
    most: int,
) -> tuple[tuple[AgencyId, tuple[Notice, ...]], ...]:
    """Return the agencies to be told by mail now, with the knocks that are due: first those whose
    desk is to ring now, of each lane those that have waited longest.

    Args:
        deliveries: how the last message by mail went; one that failed waits for its turn.
    """
    due: dict[AgencyId, list[Notice]] = {}
    for notice in notices:
        agency = notice.agency
        failed = deliveries.get(agency)
        waits = failed is not None and failed.not_before > now
        if agency in desks and not waits and is_due(notice, now):
            due.setdefault(agency, []).append(notice)
    first = sorted(due.items(), key=lambda each: min((n.lane, n.at) for n in each[1]))
    return tuple((agency, tuple(of)) for agency, of in first[:most])


def cover_address(lengths: Sequence[int], domain: str, draw: Callable[[], float]) -> str:
    """Return an address that is thrown away, as long as one of a desk's: a length that no desk has
    would show which message is none.

    Args:
        lengths: of the addresses of all desks.
        draw: returns a number in [0, 1).
    """
    length = lengths[int(draw() * len(lengths))]
    return "c" * (length - len(domain) - 1) + "@" + domain


def covers(address: str, domain: str) -> bool:
    """Return whether there is a cover address that is as long as an address of a desk."""
    return 1 <= len(address) - len(domain) - 1 <= MAILBOX_CHARS


def after(
    before: Delivery | None, agency: AgencyId, channel: Channel, reply: Reply, now: int
) -> Delivery:
    """Return what is kept of a channel once a message went, or did not."""
    if reply is Reply.TAKEN:
        return Delivery(agency, channel, reply, 0, 0, now, 0)
    failures = 1 + (before.failures if before else 0)
    wait = min(MOST_WAIT_SECONDS, LEAST_WAIT_SECONDS * 2 ** min(failures - 1, 10))
    taken_at = before.taken_at if before else 0
    since = before.failing_since if before and before.failing_since else now
    return Delivery(agency, channel, reply, failures, now + wait, taken_at, since)
