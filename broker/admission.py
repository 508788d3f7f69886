"""Decide whether a query may be carried. Pure: the time, the member list and the caller come in as
arguments.

Law: what no rule allows is refused, and a refusal is raised. The broker has public facts alone: the
query's core, the member list and the caller's certificate. Nodes check the same facts again and do
not rely on the broker; its check spares them queries that they would refuse, and no query leaves
that breaks a rule.

Two rules need memory. ``Quotas`` counts what practitioners, agencies and gateways ask: metering
bounds the guesses of a member with ill will (G3). ``ReplaySet`` remembers the queries that were
carried, so that a replay does not reach the nodes and a query is paid for and asked once.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from fingerpost.protocol import limits
from fingerpost.protocol import messages as schedule
from fingerpost.protocol.codec.queries import read_query, read_submission
from fingerpost.protocol.codes import WIDE_REACHES, Allowance, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency, Federation, Member, Parameters, Party
from fingerpost.protocol.ids import AgencyId, Handle, MemberId
from fingerpost.protocol.messages import KeySet, Query, QueryCore, Submission
from fingerpost.runtime.identity import PeerIdentity, require_listed

K = TypeVar("K", bound=Hashable)
_Person = tuple[AgencyId, Handle]
_Lookup = tuple[_Person, bytes, Allowance]
"""Whose lookup, its number, and how it counts."""

HOUR: Final = 3600
MOST_HANDLES: Final = 500_000
MOST_AGENCIES: Final = 100_000
MOST_GATEWAYS: Final = 100_000
PAIR_SECONDS: Final = limits.QUERY_LIFE_SECONDS + 2 * limits.CLOCK_SKEW_SECONDS
"""A lookup has at most one query with narrow keys and one with wide keys, at about one time, and
each may come once more (``TRIED_AGAIN``). They count once; a query under the same number that comes
later, or more often, is another lookup.
"""
TRIED_AGAIN: Final = 10
"""Of so many lookups that a practitioner has in a day, one may be tried again uncounted. Attack: a
changed gateway asks about other children, and calls it a second try."""


@dataclass(slots=True)
class _Counted:
    """A lookup that was counted: until when its other queries come uncounted, with which keys it
    has come, and with which it has come again.
    """

    until: float
    came: set[KeySet]
    again: set[KeySet] = field(default_factory=set)


@dataclass(frozen=True, slots=True, repr=False)
class Admitted:
    """A query that may leave once it is recorded, with the agencies it asks and their nodes,
    sorted.
    """

    query: Query
    submission: Submission
    gateway: Member
    agencies: tuple[Agency, ...]
    nodes: tuple[MemberId, ...]

    def __repr__(self) -> str:
        return f"Admitted({self.query!r}, {len(self.nodes)} nodes)"


def require_member(
    federation: Federation, caller: PeerIdentity, party: Party, now: float
) -> Member:
    """Return the caller as the list has it at this moment.

    It is checked at each call and each message of a stream, since a stream outlives the certificate
    that opened it.

    Raises:
        Refused: NOT_A_MEMBER; UNTRUSTED_METADATA once the list has expired.
    """
    federation.require_current(now)
    return require_listed(federation, caller, (party,), now)


def admit(
    federation: Federation,
    now: float,
    caller: PeerIdentity,
    query_bytes: bytes,
    submission_bytes: bytes,
    *,
    complete_since: float,
    speaks: Collection[int] = limits.REVISIONS,
) -> Admitted:
    """Return the query, verified and within every rule that needs no memory.

    Args:
        complete_since: from when on the replay set has every query (UNIX seconds).
        speaks: the revisions of the wire that the broker speaks.

    Raises:
        Refused: NOT_A_MEMBER, UNTRUSTED_METADATA, MALFORMED, BAD_SIGNATURE, NOT_ALLOWED,
            BAD_COMMITMENT, UNSUPPORTED, NOT_FRESH, NOT_READY.
    """
    gateway = require_member(federation, caller, Party.GATEWAY, now)
    query = read_query(query_bytes, federation.requester_key, speaks)
    core = query.core
    require_supported(federation, core, now)
    require_reach(core)
    schedule.require_fresh(core, now)
    require_within_memory(core, complete_since)
    # Signed by the gateway that calls (attack: submit another's query on its quota).
    submission = read_submission(submission_bytes, query, gateway)
    asking = federation.asking_agency(submission.agency, gateway.id)
    if asking.id.area != core.area:
        raise Refused(Code.NOT_ALLOWED, "core.area")
    in_reach = federation.agencies_in_reach(core.area, core.reach, core.named_areas)
    require_left_out(core, submission)
    agencies = tuple(agency for agency in in_reach if agency.node not in submission.left_out)
    nodes = tuple(sorted({agency.node for agency in agencies}))
    return Admitted(query, submission, gateway, agencies, nodes)


def require_supported(federation: Federation, core: QueryCore, now: float) -> None:
    """Refuse a query unless suite, federation, lists and epoch are those in use.

    ``metadata_version`` is not among them: a new list reaches the members within seconds and not at
    once, and a member that is one version ahead is not wrong.

    Raises:
        Refused: UNSUPPORTED.
    """
    parameters = federation.parameters
    if core.suite != limits.SUITE:
        raise Refused(Code.UNSUPPORTED, "core.suite")
    if core.federation != parameters.federation:
        raise Refused(Code.UNSUPPORTED, "core.federation")
    if core.code_list_version != parameters.code_list_version:
        raise Refused(Code.UNSUPPORTED, "core.code_list_version")
    if core.normalisation_version != parameters.normalisation_version:
        raise Refused(Code.UNSUPPORTED, "core.normalisation_version")
    if not schedule.is_in_force(parameters.revisions, core.revision, now):
        raise Refused(Code.UNSUPPORTED, "core.revision")
    federation.epoch(core.epoch, now)


def require_reach(core: QueryCore) -> None:
    """Refuse wide keys for a reach that may not have them.

    Wide keys match more children, so they never go to the national ring. Beyond the requester's own
    area they are for a second round; only the node that opens the query sees and judges its reason.

    Raises:
        Refused: NOT_ALLOWED.
    """
    if core.key_set is KeySet.WIDE and core.reach not in WIDE_REACHES:
        raise Refused(Code.NOT_ALLOWED, "core.key_set for this reach")


def require_left_out(core: QueryCore, submission: Submission) -> None:
    """Refuse to leave nodes out of any query but one of a second round.

    Attack: a lookup that goes round the one agency whose log would show it, and looks like any
    other.

    Raises:
        Refused: NOT_ALLOWED.
    """
    if submission.left_out and (core.key_set is not KeySet.WIDE or core.reach is Reach.AREA):
        raise Refused(Code.NOT_ALLOWED, "submission.left_out")


def require_within_memory(core: QueryCore, complete_since: float) -> None:
    """Refuse a query that this broker may have carried before its replay set began.

    It may be a replay. It was issued, by a clock at most the skew ahead, before
    ``complete_since`` (UNIX seconds).

    Raises:
        Refused: NOT_READY.
    """
    if core.issued_at <= complete_since + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.NOT_READY, "issued before the replay set")


class Window(Generic[K]):
    """Events by key over the last ``seconds``, counted in ``steps``."""

    def __init__(self, seconds: int, steps: int, most: int) -> None:
        self._step = seconds / steps
        self._steps = steps
        self._most = most
        self._counts: OrderedDict[K, deque[tuple[int, int]]] = OrderedDict()

    def require(self, key: K, limit: int, now: float) -> None:
        """Refuse one more event that would pass the limit, or a key for which there is no room.

        Raises:
            Refused: QUOTA.
        """
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
        counts = self._counts.setdefault(key, deque())
        while counts and counts[0][0] < self._oldest(now):
            counts.popleft()
        step = int(now // self._step)
        if counts and counts[-1][0] == step:
            counts[-1] = (step, counts[-1][1] + 1)
        else:
            counts.append((step, 1))
        self._counts.move_to_end(key)

    def __len__(self) -> int:
        return len(self._counts)

    def _oldest(self, now: float) -> int:
        """Return the first step of which some part lies within the window."""
        return int(now // self._step) - self._steps

    def _drop_idle(self, now: float) -> None:
        oldest = self._oldest(now)
        while self._counts:
            key = next(iter(self._counts))
            if self._counts[key][-1][0] >= oldest:
                return
            del self._counts[key]


class Quotas:
    """All limits of one lookup, taken together or not at all.

    ``now`` is in seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self._hour: Window[_Person] = Window(HOUR, 60, MOST_HANDLES)
        self._day: Window[_Person] = Window(limits.DAY, 96, MOST_HANDLES)
        self._reserve: Window[_Person] = Window(limits.DAY, 96, MOST_HANDLES)
        self._agency: Window[AgencyId] = Window(limits.DAY, 96, MOST_AGENCIES)
        self._gateway: Window[MemberId] = Window(limits.DAY, 96, MOST_GATEWAYS)
        self._again: Window[_Person] = Window(limits.DAY, 96, MOST_HANDLES)
        self._counted: OrderedDict[_Lookup, _Counted] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of lookups of which more may come uncounted."""
        return len(self._counted)

    def take(
        self,
        parameters: Parameters,
        submission: Submission,
        gateway: Member,
        key_set: KeySet,
        now: float,
    ) -> None:
        """Count one query, unless it belongs to a lookup that was counted.

        The reserve is beside the limits of practitioner and agency: what was asked before keeps
        nobody from asking in an emergency.

        Args:
            gateway: which submits it; the member list grants it so many lookups a day, or none.

        Raises:
            Refused: QUOTA. Then nothing is counted.
        """
        counting, agency = submission.counting, submission.agency
        person = (agency, submission.handle)
        lookup = (person, counting.lookup, counting.allowance)
        while self._counted and next(iter(self._counted.values())).until < now:
            self._counted.popitem(last=False)
        reserve = counting.allowance is Allowance.RESERVE
        hour, day = _limits(parameters, counting.allowance)
        if self._belongs(lookup, key_set, day, now):
            return
        if reserve:
            self._reserve.require(person, day, now)
        else:
            self._hour.require(person, hour, now)
            self._day.require(person, day, now)
            self._agency.require(agency, parameters.agency_per_day, now)
        self._gateway.require(gateway.id, gateway.lookups_per_day, now)
        for window in (self._reserve,) if reserve else (self._hour, self._day):
            window.count(person, now)
        if not reserve:
            self._agency.count(agency, now)
        self._gateway.count(gateway.id, now)
        self._counted[lookup] = _Counted(now + PAIR_SECONDS, {key_set})
        self._counted.move_to_end(lookup)

    def _belongs(self, lookup: _Lookup, key_set: KeySet, day: int, now: float) -> bool:
        """Return whether a query belongs to a lookup that was counted, and note that it came.

        The second try of all its queries is one. ``day``: how many lookups its practitioner has in
        a day.
        """
        counted = self._counted.get(lookup)
        if counted is None or key_set in counted.again:
            return False
        if key_set not in counted.came:
            counted.came.add(key_set)
            return True
        if not counted.again:
            person = lookup[0]
            try:
                self._again.require(person, day // TRIED_AGAIN, now)
            except Refused:
                return False
            self._again.count(person, now)
        counted.again.add(key_set)
        return True


def _limits(parameters: Parameters, allowance: Allowance) -> tuple[int, int]:
    """Return how many lookups a practitioner has in an hour and in a day. The reserve has no limit
    of its own for an hour.
    """
    if allowance is Allowance.RESERVE:
        return parameters.reserve_per_day, parameters.reserve_per_day
    if allowance is Allowance.DESK:
        return parameters.desk_per_hour, parameters.desk_per_day
    return parameters.practitioner_per_hour, parameters.practitioner_per_day


def keep_until(expires_at: int) -> int:
    """Return until when a query with this expiry could still be admitted (UNIX seconds)."""
    return expires_at + limits.CLOCK_SKEW_SECONDS


class ReplaySet:
    """Hashes of queries (32 bytes), each with the last second in which a replay would pass."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._ends: list[tuple[int, bytes]] = []

    def require_new(self, query_hash: bytes) -> None:
        """Raise ``Refused(REPLAYED)`` for a query that was carried."""
        if query_hash in self._seen:
            raise Refused(Code.REPLAYED, "query")

    def add(self, query_hash: bytes, until: int, reached: float) -> None:
        """Remember a query, and forget those that can no longer be admitted.

        Args:
            reached: see ``membership.ports.Reached`` (attack: a clock that was ahead for a moment
                lets replays in).
        """
        while self._ends and self._ends[0][0] < reached:
            self._seen.discard(heapq.heappop(self._ends)[1])
        if query_hash not in self._seen:
            self._seen.add(query_hash)
            heapq.heappush(self._ends, (until, query_hash))

    def __len__(self) -> int:
        return len(self._seen)
