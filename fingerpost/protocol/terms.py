"""The terms of a purpose: who may ask, what must be stated, how far, and what may be disclosed.

``table_of_terms`` has the widest terms that this release serves. Governance signs them, or narrower
ones, in the code lists (``federation.CodeLists``); requesters, and every node that opened a query,
hold the query to the signed terms.

Law: what may be told more, or may ask further, never takes less (``takes_less``). Attack: somebody
claims the graver purpose because it is the easier one to claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Annotated, Final

from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, Kind, Purpose, Reach, Role


@unique
class Tier(IntEnum):
    """How much an answer may name. Each tier includes those before it."""

    NONE = 0
    """Nothing. The agency that knows the child sees who asks, and decides whether to ring."""
    UNIVERSAL = 1
    """Education, GP, health visiting and school nursing, the council's front door, and the lead
    practitioner wherever she works."""
    FAMILY = 2
    """Other health services, social care, early help, charities."""
    ENFORCEMENT = 3
    """The police's safeguarding desk, youth justice, housing, fire and rescue."""
    SENSITIVE = 4
    """Sensitive services. They have no form on the wire, so that nothing of them is disclosed."""


_UNIVERSAL: Final = frozenset(
    {
        Kind.EDU_SCHOOL,
        Kind.EDU_EARLY_YEARS,
        Kind.EDU_COLLEGE,
        Kind.EDU_ALTERNATIVE,
        Kind.EDU_WELFARE,
        Kind.EDU_SEND,
        Kind.GP,
        Kind.HEALTH_VISITING,
        Kind.SCHOOL_NURSING,
        Kind.CSC_FRONT_DOOR,
    }
)
_ENFORCEMENT: Final = frozenset(
    {Kind.POLICE_PROTECTION, Kind.YOUTH_JUSTICE, Kind.HOUSING, Kind.FIRE_RESCUE}
)
_SENSITIVE: Final = frozenset(kind for kind in Kind if kind.sensitive)


def tier_of(kind: Kind) -> Tier:
    """Return the tier from which a kind of involvement may be disclosed."""
    if kind in _SENSITIVE:
        return Tier.SENSITIVE
    if kind in _UNIVERSAL:
        return Tier.UNIVERSAL
    return Tier.ENFORCEMENT if kind in _ENFORCEMENT else Tier.FAMILY


@unique
class Fact(IntEnum):
    """What a purpose takes: stated by the requester before the child is named, and read by every
    agency that could open the query. Its form: ``fingerpost.private.justification``."""

    REFERENCE = 1  # of the case or referral
    REQUESTED = 2  # which council requested it
    LEAD = 3  # since when she is the lead practitioner whom a social worker named
    REASON = 4  # one of the purpose's closed reasons
    ENGAGEMENT = 5  # what her agency has to do with the child
    INFORMED = 6  # child or family informed, or why that is not safe
    AGREED = 7  # who agreed, and on which day
    STRATEGY_DISCUSSION = 8  # its day, or that it has not been held yet
    ARRIVAL = 9  # the time of arrival, or the NHS number in its place
    JOINED = 10  # the day on which the child came into her agency's records, and from where
    HIDING = 11  # that nothing points to a family that hides
    REPORTED = 12  # who reported the child missing
    CHECKED = 13  # records were checked for domestic abuse and refuge
    TIME_BOX = 14  # since when the child is searched for; a manager renews
    NOTIFIED = 15  # the day on which the death was notified
    APPROVAL = 16  # a second person
    REVIEW = 17  # who reviews the lookup by the end of the next working day


@unique
class Account(IntEnum):
    """How far others can hold a requester to what she states."""

    NOTHING = 0
    WORD = 1
    """Her word alone."""
    RECORD = 2
    """A record that exists apart from the lookup, and with which it can be compared."""
    PERSON = 3
    """Another person, who decided with her, or has to look at it afterwards."""


ACCOUNT: Final[Mapping[Fact, Account]] = MappingProxyType(
    {
        Fact.REASON: Account.WORD,
        Fact.ENGAGEMENT: Account.WORD,
        Fact.HIDING: Account.WORD,
        Fact.INFORMED: Account.WORD,
        Fact.CHECKED: Account.WORD,
        Fact.REPORTED: Account.WORD,
        Fact.REFERENCE: Account.RECORD,
        Fact.AGREED: Account.RECORD,
        Fact.ARRIVAL: Account.RECORD,
        Fact.JOINED: Account.RECORD,
        Fact.LEAD: Account.RECORD,
        Fact.NOTIFIED: Account.RECORD,
        Fact.REQUESTED: Account.PERSON,
        Fact.STRATEGY_DISCUSSION: Account.PERSON,
        Fact.APPROVAL: Account.PERSON,
        Fact.TIME_BOX: Account.PERSON,
        Fact.REVIEW: Account.PERSON,
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """One row: the terms of a purpose for some roles. A role stands in one row of a purpose.

    Args:
        purpose: the purpose.
        roles: who may ask.
        reach: how far by default; narrower is always allowed, and wider never but for ``ring``.
        tier: what an answer may name.
        takes: what the requester must state.
        also: kinds beyond the tier.
        tier_at_harm: the tier where the requester states grounds for significant harm; none if that
            changes nothing.
        areas: the number of areas that may be named.
        home_only: whether only agencies of the requester's own area may name anything, even where
            she names another or knows the child's home. Those elsewhere see who asks, and name
            nothing.
        own_record: whether the child is to be among the asking agency's own records. Where that
            agency does not name the child, the outcome calls her new there, and it is counted.
        ring: whether the lookup may go further, up to the national ring, once nobody within
            ``reach`` knows the child.
    """

    purpose: Purpose
    roles: Annotated[frozenset[Role], Meta(max_length=100)]
    reach: Reach
    tier: Tier
    takes: Annotated[frozenset[Fact], Meta(max_length=100)] = frozenset()
    also: Annotated[frozenset[Kind], Meta(max_length=100)] = frozenset()
    tier_at_harm: Annotated[frozenset[Tier], Meta(max_length=1)] = frozenset()
    areas: Annotated[int, Meta(ge=1, le=limits.NAMED_AREAS)] = limits.NAMED_AREAS
    home_only: bool = False
    own_record: bool = False
    ring: bool = False

    def allows(self, kind: Kind, *, lead: bool, significant_harm: bool) -> bool:
        """Return whether an answer may name an involvement of this kind.

        Args:
            kind: the kind.
            lead: whether the worker is the child's lead practitioner.
            significant_harm: whether the requester stated grounds for significant harm.
        """
        tier = max((self.tier, *self.tier_at_harm)) if significant_harm else self.tier
        needed = tier_of(kind)
        if tier is Tier.NONE:
            return False
        if needed is Tier.SENSITIVE:
            return tier is Tier.SENSITIVE
        return needed <= tier or kind in self.also or lead

    @property
    def account(self) -> Account:
        """How far others can hold a requester to what these terms take."""
        return max((ACCOUNT[fact] for fact in self.takes), default=Account.NOTHING)

    @property
    def reaches(self) -> frozenset[Reach]:
        """The default reach and every narrower one, wider ones where the terms have the ``ring``,
        and named areas where they are the default or the matter is urgent."""
        named = {Reach.NAMED} if self.purpose in _MAY_NAME_AREAS else set()
        return reaches_within(Reach.NATIONAL_RING if self.ring else self.reach) | named

    @property
    def names_areas(self) -> bool:
        """Whether the areas that a query names are places with which the requester has to do (a
        child in care has a responsible council and lives in the area of one). Where named areas are
        a way to ask further, they say whom to ask, and not that she knows the place."""
        return self.reach is Reach.NAMED

    @property
    def front_door(self) -> bool:
        """Whether the council of a place that the requester did not name says to ring its duty
        desk."""
        return self.purpose in _FRONT_DOORS and not self.home_only

    def is_further(self, reach: Reach) -> bool:
        """Return whether this reach is for a lookup that found nobody nearer."""
        return reach is not Reach.NAMED and reach not in reaches_within(self.reach)

    @property
    def named_at_most(self) -> frozenset[Kind]:
        """The kinds that an answer may ever name, of whoever is not the lead practitioner."""
        return frozenset(
            kind for kind in Kind if self.allows(kind, lead=False, significant_harm=True)
        )

    def within(self, wider: Terms) -> bool:
        """Return whether these terms allow nothing that ``wider`` does not."""
        return (
            self.purpose is wider.purpose
            and self.roles <= wider.roles
            and reaches_within(self.reach) <= reaches_within(wider.reach)
            and self.tier <= wider.tier
            and self.takes >= wider.takes
            and self.also <= wider.also
            and self.areas <= wider.areas
            and self.home_only >= wider.home_only
            and self.own_record >= wider.own_record
            and self.ring <= wider.ring
            and max((self.tier, *self.tier_at_harm)) <= max((wider.tier, *wider.tier_at_harm))
        )


@dataclass(frozen=True, slots=True)
class RolesAt:
    """The roles that exist at one kind of agency (there is no GP at a housing association)."""

    kind: AgencyKind
    roles: Annotated[frozenset[Role], Meta(max_length=100)]


_LADDER: Final = (Reach.AREA, Reach.AREA_AND_NEIGHBOURS, Reach.NATIONAL_RING)


def reaches_within(reach: Reach) -> frozenset[Reach]:
    """Return a reach and all that are narrower. Named areas are neither wider nor narrower."""
    if reach is Reach.NAMED:
        return frozenset({Reach.NAMED})
    return frozenset(_LADDER[: _LADDER.index(reach) + 1])


_MAY_NAME_AREAS: Final = frozenset(
    {
        Purpose.S47_ENQUIRY,
        Purpose.EMERGENCY_PROTECTION,
        Purpose.MISSING_CHILD,
        Purpose.EXPLOITATION,
        Purpose.CHILD_DEATH,
    }
)


_FRONT_DOORS: Final = frozenset({Purpose.S47_ENQUIRY, Purpose.EMERGENCY_PROTECTION})


def takes_less(rows: Iterable[Terms]) -> tuple[Terms, Terms] | None:
    """Return two rows that break the law, or None where it holds.

    The first may be told all that the second may and reaches as far, and goes further in one of
    them or is told of places that the requester did not name; and yet others can hold a requester
    to less of what it takes (``Account``).
    """
    known = [(each, each.named_at_most, each.reaches) for each in rows]
    for upper, names, reaches in known:
        for lower, fewer, nearer in known:
            more = (names, reaches) != (fewer, nearer) or upper.front_door > lower.front_door
            above = names >= fewer and reaches >= nearer and more
            if above and upper.account < lower.account:
                return upper, lower
    return None


def row(rows: Iterable[Terms], purpose: Purpose, role: Role) -> Terms | None:
    """Return the terms of a purpose for a role; None where the role may not ask for it."""
    return next((each for each in rows if each.purpose is purpose and role in each.roles), None)
