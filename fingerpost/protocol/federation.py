"""The member list as values, and the rules that read it.

A ``Federation`` is one verified, unexpired state of the metadata: members, agencies by area,
parameters, code lists, deny-list. Whoever made it has checked the signatures
(``fingerpost.membership.member_list``). Whoever reads it asks questions that raise rather than
return "maybe". Deny by default: what is not listed does not exist, and what is denied raises
exactly as what is not listed.

These definitions also say what stands in the files of the list: ``federation_files`` derives each
file's form from them. A ``Meta`` bounds a field in the file and not in memory; bytes stand there in
hexadecimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum, unique
from typing import Annotated

from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    NATIONAL_RING_KINDS,
    AgencyKind,
    CoarseKind,
    Kind,
    Reach,
    Role,
)
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.feed_age import FeedAge, FeedLife, Holiday, feed_life
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import FROM_THE_FOUNDING, RevisionFrom
from fingerpost.protocol.terms import RolesAt, Terms, Tier

Text = Annotated[str, Meta(min_length=1, max_length=120)]
Telephone = Annotated[str, Meta(max_length=24, pattern=r"^[0-9 +]*$")]
Key = Annotated[bytes, Meta(pattern=r"^[0-9a-f]{64}$")]
KeyOrNone = Annotated[bytes, Meta(pattern=r"^([0-9a-f]{64})?$")]
Seconds = Annotated[int, Meta(ge=0, le=2**40)]
Version = Annotated[int, Meta(ge=1, le=65_535)]
DayOfYear = Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])\Z")]
"""A month and a day up to the 28th, which every year has."""
Revisions = Annotated[
    tuple[Annotated[int, Meta(ge=1, le=limits.HIGHEST_REVISION)], ...],
    Meta(min_length=1, max_length=limits.MOST_REVISIONS),
]
UpTo1000 = Meta(max_length=1000)
UpTo2000 = Meta(max_length=2000)
Serial = Annotated[int, "hexadecimal"]
"""A certificate's serial number, which stands in a file as hexadecimal text."""


@unique
class Party(Enum):
    """What a member is. Also the last part of its SPIFFE id."""

    NODE = "node"
    GATEWAY = "gateway"
    KEY_HOLDER = "key-holder"
    BROKER = "broker"
    ISSUER = "issuer"


@unique
class ReachRule(Rule):
    """What a reach must keep to."""

    NO_SUCH_AREA = "area"


@dataclass(frozen=True, slots=True)
class Raise:
    """A signed permission to index more children than usual, from its first to its last day (UTC).

    It is for a node that takes on an agency, or has lost its records: ``reason`` says so.
    """

    children: Annotated[int, Meta(ge=1, le=20_000_000)]
    first: date
    last: date
    reason: Text


@dataclass(frozen=True, slots=True)
class Member:
    """A process with keys. ``signing_key`` is a raw Ed25519 public key (32 bytes).

    ``declared_caseload``: children whose records the member's agencies may index (nodes), for the
    key holders' bulk quota; ``raises`` widen it for a while (``caseload``).
    ``caseload_reason``: why it is more than the public figures of those agencies, or stands beside
    none. ``lookups_per_day``: what a key holder and the broker grant (gateways).
    ``revisions``: of the wire, that it speaks; none is put in force that a member does not speak.
    """

    id: MemberId
    party: Party = field(metadata={"name": "service"})  # its name in files
    organisation: Text
    signing_key: Key
    declared_caseload: Annotated[int, Meta(ge=0, le=20_000_000)] = 0
    lookups_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    raises: Annotated[tuple[Raise, ...], Meta(max_length=16)] = ()
    caseload_reason: Annotated[str, Meta(max_length=120)] = ""
    revisions: Revisions = (1,)


@dataclass(frozen=True, slots=True)
class PublicFigure:
    """A published number of the children of an agency: a school's roll, a practice's list, the
    children of a council's area.

    ``source``: where it is published. ``published``: the day (UTC). People compare it with what the
    agency's node declares.
    """

    children: Annotated[int, Meta(ge=1, le=20_000_000)]
    source: Text
    published: date


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation that answers (``node``) and may ask (``gateways``, ``passport_key``,
    ``handle_root``).

    ``handle_root`` commits to the keys from which the pseudonyms of its practitioners follow.
    ``services``: what it provides to all children of its area, for "none named itself" sentences
    with counts. ``duty_desk``: its public telephone number for "ring this agency's duty desk".
    ``seconded_to``: the councils in whose multi-agency safeguarding hub (MASH) its people work.
    ``discreet_name``: stands in the place of a name that gives content away (a refuge's charity, a
    pupil referral unit), for whoever may not be told of sensitive services. Since the second
    revision of the wire.
    """

    id: AgencyId
    name: Text
    kind: AgencyKind
    node: MemberId
    gateways: Annotated[tuple[MemberId, ...], UpTo1000] = ()
    passport_key: KeyOrNone = b""
    services: Annotated[tuple[CoarseKind, ...], UpTo1000] = ()
    duty_desk: Telephone = ""
    large: bool = False
    seconded_to: Annotated[tuple[AgencyId, ...], UpTo1000] = ()
    public_figure: PublicFigure | None = None
    handle_root: KeyOrNone = b""
    discreet_name: Annotated[str, Meta(max_length=120)] = ""

    def named_for(self, asking: AgencyId, tier: Tier) -> Agency:
        """Return the agency under the name that a requester is shown.

        It is the same name whatever the agency answers (attack: who is shown the other name only
        where the agency is involved learns that it is).

        Args:
            asking: her agency, which knows its own name.
            tier: of what she may be told.
        """
        told = tier is Tier.SENSITIVE or asking == self.id
        return self if told or not self.discreet_name else replace(self, name=self.discreet_name)


@dataclass(frozen=True, slots=True)
class NotConnected:
    """An agency of the area that is no member, from a public register, with its public telephone
    number.
    """

    name: Text
    kind: AgencyKind
    telephone: Telephone
    services: Annotated[tuple[CoarseKind, ...], UpTo1000] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A council's area.

    ``serving``: agencies with another home area that serve this one too (a police force).
    ``school_holidays``: in order; what is not listed is term time.
    """

    code: AreaCode
    name: Text
    neighbours: Annotated[tuple[AreaCode, ...], UpTo1000] = ()
    agencies: Annotated[tuple[Agency, ...], UpTo2000] = ()
    serving: Annotated[tuple[AgencyId, ...], UpTo1000] = ()
    not_connected: Annotated[tuple[NotConnected, ...], UpTo2000] = ()
    school_holidays: Annotated[tuple[Holiday, ...], Meta(max_length=limits.HOLIDAYS)] = ()


@dataclass(frozen=True, slots=True)
class Epoch:
    """One life of the key holders' keys. Seconds since 1970 UTC: nodes index from ``index_from``;
    queries use it from ``starts_at`` until before ``ends_at``. ``holder_keys``: VOPRF public keys
    (32 bytes) by key holder. ``requester_key``: the Ed25519 public key (32 bytes) under which
    queries of this epoch are signed; all gateways share its private half, so that a query does not
    show who asks."""

    number: EpochNumber
    index_from: Seconds
    starts_at: Seconds
    ends_at: Seconds
    holder_keys: Mapping[MemberId, Key]
    requester_key: Key

    def is_running(self, now: float) -> bool:
        """Return whether a new query may use it."""
        return self.starts_at <= now < self.ends_at

    def is_over(self, now: float) -> bool:
        """Return whether no query of this epoch can still be answered."""
        return now >= self.ends_at + limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class Intake:
    """The weeks of each year in which agencies of these kinds take many new children in at once.

    ``first`` and ``last`` are days of a year (UTC), as ``08-15``, of one calendar year. For that
    time the agencies' node may index ``percent`` more of their children.
    """

    kinds: Annotated[tuple[AgencyKind, ...], Meta(max_length=20)]
    first: DayOfYear
    last: DayOfYear
    percent: Annotated[int, Meta(ge=1, le=100)]


SCHOOL_INTAKE = Intake(
    (
        AgencyKind.SCHOOL,
        AgencyKind.MULTI_ACADEMY_TRUST,
        AgencyKind.COLLEGE,
        AgencyKind.EARLY_YEARS,
    ),
    "08-15",
    "10-15",
    50,
)
"""The intake that a federation begins with. Each September a seventh of a primary school is new, a
third of an infant school, half of a sixth-form college."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the whole federation agrees on. Milliseconds where the name says so, else seconds."""

    federation: FederationId
    code_list_version: Version
    normalisation_version: Version
    broker: MemberId
    issuer: MemberId
    key_holders: tuple[MemberId, MemberId]
    epochs: Annotated[tuple[Epoch, ...], Meta(max_length=16)]
    answer_delay_ms: Annotated[int, Meta(ge=100, le=2_000)] = limits.ANSWER_DELAY_MS
    gathering_ms: Annotated[int, Meta(ge=500, le=10_000)] = limits.GATHERING_MS
    queries_per_tick: Annotated[
        int, Meta(ge=limits.LEAST_QUERIES_PER_TICK, le=limits.QUERIES_PER_TICK)
    ] = limits.QUERIES_PER_TICK
    practitioner_per_hour: Annotated[int, Meta(ge=1, le=1000)] = limits.PRACTITIONER_PER_HOUR
    practitioner_per_day: Annotated[int, Meta(ge=1, le=5000)] = limits.PRACTITIONER_PER_DAY
    desk_per_hour: Annotated[int, Meta(ge=1, le=1000)] = limits.DESK_PER_HOUR
    desk_per_day: Annotated[int, Meta(ge=1, le=5000)] = limits.DESK_PER_DAY
    reserve_per_day: Annotated[int, Meta(ge=1, le=1000)] = limits.RESERVE_PER_DAY
    agency_per_day: Annotated[int, Meta(ge=1, le=100_000)] = limits.AGENCY_PER_DAY
    feed_ages: Annotated[tuple[FeedAge, ...], Meta(max_length=100)] = ()
    revisions: Annotated[tuple[RevisionFrom, ...], Meta(max_length=limits.MOST_REVISIONS)] = (
        FROM_THE_FOUNDING,
    )
    keys_per_child_hundredths: Annotated[int, Meta(ge=100, le=2500)] = (
        limits.KEYS_PER_CHILD_HUNDREDTHS
    )
    indexing_percent: Annotated[int, Meta(ge=100, le=300)] = limits.INDEXING_PERCENT
    growth_percent: Annotated[int, Meta(ge=1, le=100)] = limits.GROWTH_PERCENT
    intakes: Annotated[tuple[Intake, ...], Meta(max_length=8)] = ()

    def feed_age(self, kind: AgencyKind) -> FeedAge:
        """Return the greatest age of the records from which a kind of agency may answer.

        Parameters that do not list the kind mean what they meant before there were such ages.
        """
        listed = (age for age in self.feed_ages if age.kind is kind)
        return next(listed, FeedAge(kind, limits.FEED_DAYS))

    @property
    def queries_at_once(self) -> int:
        """Return how many queries a node takes in one tick after a pause."""
        return limits.BURST_TICKS * self.queries_per_tick

    @property
    def next_epoch(self) -> EpochNumber:
        """The number that follows the newest epoch announced."""
        return EpochNumber(max((e.number.value for e in self.epochs), default=0) + 1)


@dataclass(frozen=True, slots=True)
class CodeLists:
    """What of ``protocol.terms`` is in force; signed by governance, m of n."""

    version: Version
    terms: Annotated[tuple[Terms, ...], UpTo1000]
    roles_at: Annotated[tuple[RolesAt, ...], UpTo1000]
    kinds: Annotated[frozenset[Kind], UpTo1000]

    def roles_of(self, kind: AgencyKind) -> frozenset[Role]:
        """Return the roles that exist at a kind of agency."""
        return next((each.roles for each in self.roles_at if each.kind is kind), frozenset())


@dataclass(frozen=True, slots=True)
class DenyList:
    """Who is out at once, signed online. It can only take away.

    Attributes:
        certificates: serial numbers.
    """

    members: Annotated[frozenset[MemberId], UpTo1000] = frozenset()
    agencies: Annotated[frozenset[AgencyId], UpTo1000] = frozenset()
    certificates: Annotated[frozenset[Serial], Meta(max_length=10_000)] = frozenset()


@dataclass(frozen=True, slots=True)
class Federation:
    """One verified state of the member list.

    Attributes:
        version: the snapshot's.
        valid_until: the earliest expiry (seconds since 1970 UTC) of the metadata it came from.
        signed_at: when the issuer signed the timestamp (seconds since 1970 UTC by its clock). 0
            where that is not known: then nothing is destroyed by this list, see
            ``membership.trusted_time``.
    """

    version: int
    valid_until: float
    parameters: Parameters
    code_lists: CodeLists
    members: Mapping[MemberId, Member]
    areas: Mapping[AreaCode, Area]
    deny: DenyList = field(default_factory=DenyList)
    signed_at: float = 0.0

    def require_current(self, now: float) -> None:
        """Raise ``Refused(UNTRUSTED_METADATA)`` once expired (attack: a broker that keeps
        everybody on an old list)."""
        if now >= self.valid_until:
            raise Refused(Code.UNTRUSTED_METADATA, "expired")

    def member(self, member: MemberId, party: Party) -> Member:
        """Return the member.

        Raises:
            Refused: NOT_A_MEMBER, alike for unknown, denied, or another party.
        """
        found = self.members.get(member)
        if found is None or found.party is not party or member in self.deny.members:
            raise Refused(Code.NOT_A_MEMBER, "member")
        return found

    def agency(self, agency: AgencyId) -> Agency:
        """Return the agency. Raises ``Refused(NOT_A_MEMBER)`` alike for unknown and denied."""
        area = self.areas.get(agency.area)
        if area is not None and agency not in self.deny.agencies:
            for found in area.agencies:
                if found.id == agency:
                    return found
        raise Refused(Code.NOT_A_MEMBER, "agency")

    def feed_life(self, agency: AgencyId, as_of: int) -> FeedLife:
        """Return how long an agency may answer from records of ``as_of`` (seconds since 1970 UTC).

        Raises:
            Refused: NOT_A_MEMBER.
        """
        age = self.parameters.feed_age(self.agency(agency).kind)
        holidays = self.areas[agency.area].school_holidays if age.term_time else ()
        return feed_life(as_of, age.days * limits.DAY, holidays)

    def asking_agency(self, agency: AgencyId, gateway: MemberId) -> Agency:
        """Return the agency, if it may ask through that gateway.

        Raises:
            Refused: NOT_A_MEMBER.
        """
        found = self.agency(agency)
        self.member(gateway, Party.GATEWAY)
        if gateway not in found.gateways or not (found.passport_key and found.handle_root):
            raise Refused(Code.NOT_A_MEMBER, "asking agency")
        return found

    def area(self, code: AreaCode) -> Area:
        """Return the area. Raises ``Refused(NOT_ALLOWED)`` when the list has none of that code."""
        found = self.areas.get(code)
        if found is None:
            raise Refused(Code.NOT_ALLOWED, ReachRule.NO_SUCH_AREA)
        return found

    def areas_in_reach(
        self, asking: AreaCode, reach: Reach, named: Iterable[AreaCode] = ()
    ) -> tuple[Area, ...]:
        """Return the areas, sorted by code.

        Raises:
            Refused: NOT_ALLOWED for an area that does not exist.
        """
        home = self.area(asking)
        codes: set[AreaCode]
        match reach:
            case Reach.AREA:
                codes = {home.code}
            case Reach.AREA_AND_NEIGHBOURS:
                codes = {home.code, *home.neighbours}
            case Reach.NAMED:
                codes = set(named)
            case Reach.NATIONAL_RING:
                codes = set(self.areas)
        return tuple(self.area(code) for code in sorted(codes))

    def agencies_in_reach(
        self, asking: AreaCode, reach: Reach, named: Iterable[AreaCode] = ()
    ) -> tuple[Agency, ...]:
        """Return the agencies that a query asks, sorted by id, without those that are denied or
        whose node is.

        It uses public facts only: requester, broker and nodes compute the same from the same list.
        """
        found: dict[AgencyId, Agency] = {}
        for area in self.areas_in_reach(asking, reach, named):
            for agency in area.agencies:
                found[agency.id] = agency
            for other in area.serving:
                try:
                    found[other] = self.agency(other)
                except Refused:
                    continue  # listed here, gone from its home area: not a member any more
        return tuple(
            agency
            for _, agency in sorted(found.items())
            if agency.id not in self.deny.agencies
            and agency.node not in self.deny.members
            and (reach is not Reach.NATIONAL_RING or in_national_ring(agency))
        )

    def hosted_by(self, node: MemberId) -> tuple[Agency, ...]:
        """Return the agencies whose records are on the node, in the order of their ids."""
        found = [a for area in self.areas.values() for a in area.agencies if a.node == node]
        return tuple(sorted(found, key=lambda agency: agency.id))

    def epoch(self, number: EpochNumber, now: float) -> Epoch:
        """Return the epoch if queries may use it at ``now`` (with the clock skew either side).
        Raises ``Refused(UNSUPPORTED)``."""
        for epoch in self.parameters.epochs:
            early = epoch.starts_at - limits.CLOCK_SKEW_SECONDS
            if epoch.number == number and early <= now and not epoch.is_over(now):
                return epoch
        raise Refused(Code.UNSUPPORTED, "epoch")

    def requester_key(self, number: EpochNumber) -> bytes:
        """Return the key under which queries of an epoch are signed, whether it runs or not.

        Raises:
            Refused: UNSUPPORTED, no such epoch is listed.
        """
        for epoch in self.parameters.epochs:
            if epoch.number == number:
                return epoch.requester_key
        raise Refused(Code.UNSUPPORTED, "epoch")

    def epochs_to_index(self, now: float) -> tuple[Epoch, ...]:
        """Return the epochs for which a node keeps an index at ``now``, oldest first."""
        wanted = (e for e in self.parameters.epochs if e.index_from <= now and not e.is_over(now))
        return tuple(sorted(wanted, key=lambda e: e.number))


def in_national_ring(agency: Agency) -> bool:
    """Return whether the agency is a council, a police force or a large trust (``protocol.md``)."""
    return agency.kind in NATIONAL_RING_KINDS and (
        agency.kind is not AgencyKind.NHS_TRUST or agency.large
    )


def parts_of(agencies: tuple[Agency, ...], node: MemberId) -> tuple[tuple[AgencyId, ...], ...]:
    """Return the parts of a node's answer: its agencies among those asked, sorted and cut.

    A part has at most ``AGENCIES_PER_PART`` agencies.

    They depend on public data only, never on hits, so that the number of answers reveals nothing. A
    node that is asked for none of its agencies still sends one empty part.
    """
    mine = sorted(agency.id for agency in agencies if agency.node == node)
    step = limits.AGENCIES_PER_PART
    return tuple(tuple(mine[i : i + step]) for i in range(0, len(mine), step)) or ((),)
