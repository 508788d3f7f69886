"""What no agreement may serve, by name. Pure.

The closed lists of purposes, roles and kinds have nothing of this, so no rule could grant it. It is
named here so that whoever tries is told that it is refused on purpose, and is not left to look for
the right spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from agency_node.policy.vocabulary import CLOSED, NEVER_ASKS, OPEN, Group
from fingerpost.protocol.codes import Kind, Role
from fingerpost.protocol.errors import Refused


@dataclass(frozen=True, slots=True)
class Never:
    """``words``: any of them, as a part of a name, says that it is meant. ``what``: in a sentence,
    before "is never served"."""

    words: tuple[str, ...]
    what: str

    def meant_by(self, name: str) -> bool:
        parts = [part for part in re.split(r"[^A-Z0-9]+", name.upper()) if part]
        joined = f"_{'_'.join(parts)}_"
        return any(f"_{word}_" in joined for word in self.words)


NEVER: Final = (
    Never(("IMMIGRATION", "HOME_OFFICE", "BORDER", "VISA", "ASYLUM"), "immigration enforcement"),
    Never(("BENEFIT", "BENEFITS", "DWP", "UNIVERSAL_CREDIT"), "the checking of benefits"),
    Never(("TAX", "HMRC", "COUNCIL_TAX", "DEBT"), "the collection of tax or debts"),
    Never(("INTELLIGENCE", "CRIME", "INVESTIGATION"), "general criminal intelligence"),
    Never(("ADMISSION", "ADMISSIONS"), "school admissions"),
    Never(("EXCLUSION", "EXCLUSIONS", "ATTENDANCE"), "exclusion from school, or its attendance"),
    Never(("VETTING", "DBS", "EMPLOYMENT", "RECRUITMENT"), "the vetting of adults"),
    Never(("INSURANCE", "INSURER", "CREDIT"), "insurance or credit"),
    Never(("RESEARCH", "RESEARCHER", "STATISTICS", "ANALYTICS"), "research or statistics"),
    Never(("RISK", "SCORING", "SCORE", "PREDICTION", "PROFILING"), "the scoring of risks"),
    Never(("BULK", "LIST", "LISTS", "FAMILIES", "MARAC", "COHORT"), "any list of families"),
    Never(("ADDRESS", "HOUSEHOLD", "POSTCODE"), "any search by address"),
    Never(("MEDIA", "PRESS", "JOURNALIST", "MARKETING"), "the media, or marketing"),
    Never(("CUSTODY", "PARENT", "PARENTS", "DIVORCE", "DISPUTE"), "a dispute between parents"),
    Never(("EVICTION", "TENANCY", "LANDLORD"), "the letting of homes, or eviction"),
)
"""From the purposes for which this software was not made and must not be used."""
_OF: Final = MappingProxyType(
    {
        "Action": "purpose",
        "Role": "role",
        "AgencyKind": "kind of agency",
        "Tier": "tier",
        "Service": "service",
        "Kind": "kind of involvement",
    }
)
_NEVER_ASK: Final = frozenset(role.name for role in Role if role.value >= NEVER_ASKS)
_SENSITIVE: Final = frozenset(kind.name for kind in Kind if kind.sensitive)


def refusal(group: Group) -> str | None:
    """Return why a rule may not name a group, as a sentence; None where it may."""
    type_, name = group
    if type_ in OPEN:
        return None if _is_formed(type_, name) else f'{type_}::"{name}" is no id of the federation.'
    if type_ not in CLOSED:
        return (
            f'{type_}::"{name}" cannot be named: a rule names purposes, roles, kinds, tiers, areas '
            "and agencies, and no single requester or involvement."
        )
    if name in CLOSED[type_]:
        return None
    if type_ == "Role" and name in _NEVER_ASK:
        return f"{name} is refused: this role never asks."
    if name in _SENSITIVE or name == "SENSITIVE":
        return f"{name} is refused: no agreement discloses a sensitive service."
    never = next((each for each in NEVER if each.meant_by(name)), None)
    if never is not None:
        return f"{name} is refused: {never.what} is never served."
    return f"{name} is no {_OF[type_]} of the closed lists."


def _is_formed(type_: str, name: str) -> bool:
    try:
        OPEN[type_](name)
    except Refused:
        return False
    return True
