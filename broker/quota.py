"""How many lookups a practitioner, an agency and a gateway may make. Pure counters; time comes in as an argument.

Law: metering is what bounds guesses by a member with ill will (G3), so a window never grants more than its limit. It
counts in steps and lets a step go only when all of it is past: who is at the limit waits at most a step longer.

A lookup is at most one query with narrow keys and one with wide keys; the two kinds are counted apart against the
same limit, so that the limits are of lookups.

Bounds: every key costs at most as many numbers as its window has steps; there are at most ``most`` keys, and who would
be one more is refused. Handles are counted within their agency (attack: spend the quota of a practitioner elsewhere).
A restart forgets the counters: at worst it grants each limit twice over.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Parameters
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import KeySet

K = TypeVar("K", bound=Hashable)

HOUR: Final = 3600
MOST_HANDLES: Final = 500_000
MOST_AGENCIES: Final = 100_000
MOST_GATEWAYS: Final = 100_000
QUERIES_PER_LOOKUP: Final = 2


class Window(Generic[K]):
    """Events by key over the last ``seconds``, counted in ``steps``."""

    def __init__(self, seconds: int, steps: int, most: int) -> None:
        self._step = seconds / steps
        self._steps = steps
        self._most = most
        self._counts: OrderedDict[K, deque[tuple[int, int]]] = OrderedDict()

    def require(self, key: K, limit: int, now: float) -> None:
        """Raises ``Refused(QUOTA)`` when one more event would pass the limit, or there is no room for the key."""
        counts = self._counts.get(key)
        if counts is None:
            self._drop_idle(now)
            if len(self._counts) >= self._most:
                raise Refused(Code.QUOTA, "quota memory")
        if self.used(key, now) >= limit:
            raise Refused(Code.QUOTA, "quota")

    def used(self, key: K, now: float) -> int:
        oldest = self._oldest(now)
        return sum(count for step, count in self._counts.get(key, ()) if step >= oldest)

    def count(self, key: K, now: float) -> None:
        counts = self._counts.setdefault(key, deque(maxlen=self._steps + 2))
        step = int(now // self._step)
        if counts and counts[-1][0] == step:
            counts[-1] = (step, counts[-1][1] + 1)
        else:
            counts.append((step, 1))
        self._counts.move_to_end(key)

    def __len__(self) -> int:
        return len(self._counts)

    def _oldest(self, now: float) -> int:
        """The first step of which some part lies within the window."""
        return int(now // self._step) - self._steps

    def _drop_idle(self, now: float) -> None:
        oldest = self._oldest(now)
        while self._counts:
            key = next(iter(self._counts))
            if self._counts[key][-1][0] >= oldest:
                return
            del self._counts[key]


class Quotas:
    """All limits of one lookup, taken together or not at all. ``now`` is steady time in seconds."""

    def __init__(self) -> None:
        self._hour: Window[tuple[AgencyId, Handle, KeySet]] = Window(HOUR, 60, 2 * MOST_HANDLES)
        self._day: Window[tuple[AgencyId, Handle, KeySet]] = Window(
            limits.DAY, 96, 2 * MOST_HANDLES
        )
        self._agency: Window[tuple[AgencyId, KeySet]] = Window(limits.DAY, 96, 2 * MOST_AGENCIES)
        self._gateway: Window[MemberId] = Window(limits.DAY, 96, MOST_GATEWAYS)

    def take(
        self,
        parameters: Parameters,
        *,
        agency: AgencyId,
        gateway: MemberId,
        lookups_per_day: int,
        handle: Handle,
        key_set: KeySet,
        now: float,
    ) -> None:
        """Counts one query. ``lookups_per_day``: what the member list grants the gateway; 0 grants nothing.

        Raises ``Refused(QUOTA)``, and then nothing was counted.
        """
        person, organisation = (agency, handle, key_set), (agency, key_set)
        self._hour.require(person, parameters.practitioner_per_hour, now)
        self._day.require(person, parameters.practitioner_per_day, now)
        self._agency.require(organisation, parameters.agency_per_day, now)
        self._gateway.require(gateway, QUERIES_PER_LOOKUP * lookups_per_day, now)
        self._hour.count(person, now)
        self._day.count(person, now)
        self._agency.count(organisation, now)
        self._gateway.count(gateway, now)
