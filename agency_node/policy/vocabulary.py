"""The words of an agreement: who asks, for what, about what, and how exactly it is answered. Pure.

Each word is a member of a closed list, or the id of an area or an agency. An agreement is written
in Cedar: who asks is the ``principal``, the purpose the ``action``, and the involvement of this
agency with the child the ``resource``. All three are known by the groups that they are in; they
have no other properties, so that nothing about a child can be asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.protocol.codes import COARSE, AgencyKind, CoarseKind, Kind, Purpose, Role
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.protocol.terms import Tier, tier_of

Group = tuple[str, str]
"""The type and the name of a group, as ``Role::"DSL"`` has them."""
NEVER_ASKS: Final = 101
"""The roles from this number on never ask."""


@unique
class Detail(IntEnum):
    """How exactly an involvement is named. Each includes what those before it say."""

    DUTY_DESK = 1
    """That this agency is involved, and to ring its duty desk."""
    SERVICE = 2
    """The service, whom to ring there, and since when that was so."""
    EXACT_KIND = 3
    """The kind within the service. Answers have no form for it yet, and name the service."""


DETAIL_WORDS: Final[Mapping[str, Detail]] = MappingProxyType(
    {
        "duty desk": Detail.DUTY_DESK,
        "service": Detail.SERVICE,
        "exact kind": Detail.EXACT_KIND,
    }
)
"""As rules state them."""
ASKING_ROLES: Final = tuple(role for role in Role if role.value < NEVER_ASKS)
TIERS: Final = (Tier.UNIVERSAL, Tier.FAMILY, Tier.ENFORCEMENT)
"""The tiers of which something has a form on the wire."""
KINDS: Final = tuple(COARSE)


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks. ``area`` is the home area of the agency."""

    agency: AgencyId
    kind: AgencyKind
    role: Role

    @property
    def groups(self) -> frozenset[Group]:
        return frozenset(
            {
                ("Agency", self.agency.value),
                ("Area", self.agency.area.value),
                ("AgencyKind", self.kind.value),
                ("Role", self.role.name),
            }
        )


@dataclass(frozen=True, slots=True)
class Involved:
    """What an agency has to do with a child. ``lead``: its worker is the lead practitioner, who
    counts among the universal services wherever she works."""

    kind: Kind
    lead: bool = False

    @property
    def groups(self) -> frozenset[Group]:
        """Raises ``KeyError`` for a kind without a form on the wire."""
        lowest = Tier.UNIVERSAL if self.lead else tier_of(self.kind)
        tiers = {("Tier", tier.name) for tier in TIERS if tier >= lowest}
        return frozenset({("Kind", self.kind.name), ("Service", COARSE[self.kind].name), *tiers})


INVOLVED: Final = tuple(Involved(kind, lead) for kind in KINDS for lead in (False, True))
CLOSED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "Action": frozenset(purpose.name for purpose in Purpose),
        "Role": frozenset(role.name for role in ASKING_ROLES),
        "AgencyKind": frozenset(kind.value for kind in AgencyKind),
        "Tier": frozenset(tier.name for tier in TIERS),
        "Service": frozenset(kind.name for kind in CoarseKind),
        "Kind": frozenset(kind.name for kind in KINDS),
    }
)
"""The closed lists, by the type that a rule gives before the name."""
OPEN: Final[Mapping[str, type[AgencyId] | type[AreaCode]]] = MappingProxyType(
    {"Area": AreaCode, "Agency": AgencyId}
)
"""What is no closed list, and the form of its names."""


def schema() -> str:
    """Return the schema, in Cedar's own form, against which agreements are validated."""
    purposes = ", ".join(f'"{purpose.name}"' for purpose in Purpose)
    return f"""
        entity Area; entity Agency; entity AgencyKind; entity Role;
        entity Requester in [Area, Agency, AgencyKind, Role];
        entity Tier; entity Service; entity Kind;
        entity Involvement in [Tier, Service, Kind];
        action {purposes} appliesTo {{
            principal: [Requester], resource: [Involvement], context: {{}}
        }};
    """


def entity(type_: str, name: str, groups: Iterable[Group]) -> Mapping[str, object]:
    """Return a requester or an involvement as the engine reads it."""
    parents = [{"type": kind, "id": id_} for kind, id_ in sorted(groups)]
    return {"uid": {"type": type_, "id": name}, "attrs": {}, "parents": parents}
