"""What nodes declare, beside what is published about their agencies. Pure.

A caseload bounds how many children a node may index, and so how many it could watch. Governance
signs it beside a public figure for each agency: a school's roll, a practice's list, the children of
a council's area. Whoever declares more than a quarter above those figures, or has an agency without
one, gives a reason, which is signed with the caseload.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from authority.draft import Draft
from fingerpost.protocol.federation import Agency, Member, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.screen_text import counted

MOST_PERCENT = 125
"""A declared caseload needs a reason from so many per cent of the public figures on."""


@dataclass(frozen=True, slots=True)
class Caseload:
    """What one node declares.

    Attributes:
        agencies: those that it hosts, by id.
    """

    node: Member
    agencies: tuple[Agency, ...]

    @property
    def declared(self) -> int:
        return self.node.declared_caseload

    @property
    def published(self) -> int:
        """The sum of the public figures, 0 where there is none."""
        return sum(a.public_figure.children for a in self.agencies if a.public_figure is not None)

    @property
    def without_figure(self) -> tuple[Agency, ...]:
        return tuple(agency for agency in self.agencies if agency.public_figure is None)

    @property
    def fault(self) -> str:
        """Why the caseload needs a reason; empty where it needs none, or has one."""
        if not self.declared or not self.agencies or self.node.caseload_reason:
            return ""
        said = f"declares {counted(self.declared, 'child', 'children')}"
        if self.without_figure:
            lacking = len(self.without_figure)
            return f"{said}; {counted(lacking, 'agency has', 'agencies have')} no public figure"
        if self.declared * 100 > self.published * MOST_PERCENT:
            return f"{said}, and {counted(self.published, 'is', 'are')} published"
        return ""


def caseloads(draft: Draft) -> Iterator[Caseload]:
    """Yield the caseload of each node, by its id."""
    hosted = hosted_by(draft)
    for _, node in sorted(draft.members.items()):
        if node.party is Party.NODE:
            yield Caseload(node, hosted.get(node.id, ()))


def hosted_by(draft: Draft) -> Mapping[MemberId, tuple[Agency, ...]]:
    """Return the agencies of each node that has any, by their ids."""
    found: dict[MemberId, list[Agency]] = defaultdict(list)
    for area in draft.areas.values():
        for agency in area.agencies:
            found[agency.node].append(agency)
    return {node: tuple(sorted(of, key=lambda a: a.id)) for node, of in found.items()}
