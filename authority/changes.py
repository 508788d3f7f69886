"""How a draft changes: one function for each decision of governance. Pure: it takes a draft and
returns the next.

A change that would replace trust unnoticed (another key for a known member or agency) is refused
unless an argument asks for it. ``checks`` judges consistency before publishing, not here: people
enter facts in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from authority.draft import Draft
from fingerpost.protocol.codec.enrolment import AgencyKeys, EnrolmentRequest
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import (
    Agency,
    Area,
    Member,
    NotConnected,
    Party,
    PublicFigure,
    Raise,
)
from fingerpost.protocol.feed_age import FeedAge, Holiday
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.messages import RevisionFrom


def enrol(
    draft: Draft,
    request: EnrolmentRequest,
    *,
    declared_caseload: int | None = None,
    caseload_reason: str | None = None,
    lookups_per_day: int | None = None,
    replace_keys: bool = False,
) -> Draft:
    """List the member that made the request, and the passport keys that its agencies vouch with.

    ``declared_caseload`` and ``lookups_per_day``: what governance grants, when it is not what was
    asked for. ``caseload_reason``: see ``caseloads``. A known member keeps its raises, and its
    reason where its caseload stays the same.

    Raises:
        Defect: another federation, a known member with another key or party (unless
            ``replace_keys``; the party never), or a passport key for an agency that the draft does
            not list.
    """
    if request.federation != draft.parameters.federation:
        raise Defect(f"the request is for another federation: {request.federation}")
    known = draft.members.get(request.member)
    if known is not None:
        if known.party is not request.party:
            raise Defect(f"{request.member} is a {known.party.value} already")
        if known.signing_key != request.signing_key and not replace_keys:
            raise Defect(f"{request.member} is listed with another key")
    caseload = _chosen(declared_caseload, request.declared_caseload)
    if caseload_reason is None and known is not None and known.declared_caseload == caseload:
        caseload_reason = known.caseload_reason
    member = Member(
        id=request.member,
        party=request.party,
        organisation=request.organisation,
        signing_key=request.signing_key,
        declared_caseload=caseload,
        lookups_per_day=_chosen(lookups_per_day, request.lookups_per_day),
        revisions=request.revisions,
        raises=known.raises if known is not None else (),
        caseload_reason=caseload_reason or "",
    )
    draft = _with_member(draft, member)
    for agency, keys in sorted(request.passport_keys.items()):
        draft = let_ask(draft, agency, request.member, keys, replace_key=replace_keys)
    return draft


def remove_member(draft: Draft, member: MemberId) -> Draft:
    """Take a member off the list. ``checks`` finds what still refers to it.

    Raises:
        Defect: it is not listed.
    """
    if member not in draft.members:
        raise Defect(f"{member} is not listed")
    return replace(
        draft,
        members={m: v for m, v in draft.members.items() if m != member},
        peppers={key: p for key, p in draft.peppers.items() if key[1] != member},
    )


def speaks(draft: Draft, member: MemberId, revisions: Iterable[int]) -> Draft:
    """Note which revisions of the wire a member speaks, after an upgrade.

    Raises:
        Defect: it is not listed.
    """
    found = find_member(draft, member)
    return _with_member(draft, replace(found, revisions=tuple(sorted(set(revisions)))))


def let_ask(
    draft: Draft,
    agency: AgencyId,
    gateway: MemberId,
    keys: AgencyKeys,
    *,
    replace_key: bool = False,
) -> Draft:
    """Let the agency ask through the gateway; its practitioners' passports verify under its keys.

    Raises:
        Defect: no such agency, or it is listed with another passport key and ``replace_key`` is
            False.
    """
    found = find_agency(draft, agency)
    listed = (found.passport_key, found.handle_root)
    if listed not in ((b"", b""), (keys.passport_key, keys.handle_root)) and not replace_key:
        raise Defect(f"{agency} is listed with another passport key")
    gateways = tuple(sorted({*found.gateways, gateway}))
    return _with_agency(
        draft,
        replace(
            found,
            passport_key=keys.passport_key,
            handle_root=keys.handle_root,
            gateways=gateways,
        ),
    )


def stop_asking(draft: Draft, agency: AgencyId, gateway: MemberId) -> Draft:
    """Stop the agency from asking through this gateway.

    Without a gateway it loses its passport key, too.

    Raises:
        Defect: no such agency.
    """
    found = find_agency(draft, agency)
    left = tuple(g for g in found.gateways if g != gateway)
    if left:
        return _with_agency(draft, replace(found, gateways=left))
    return _with_agency(draft, replace(found, gateways=(), passport_key=b"", handle_root=b""))


def add_area(draft: Draft, code: AreaCode, name: str) -> Draft:
    """Add an area, or rename one."""
    known = draft.areas.get(code)
    area = Area(code, name) if known is None else replace(known, name=name)
    return _with_area(draft, area)


def add_agency(draft: Draft, agency: Agency) -> Draft:
    """Add an agency to its home area, or replace its entry there.

    An agency that may ask already keeps its gateways and its passport key: only ``let_ask`` and
    ``stop_asking`` change those. It keeps its public figure where the new entry has none.

    Raises:
        Defect: no such area.
    """
    area = find_area(draft, agency.id.area)
    for known in area.agencies:
        if known.id == agency.id:
            agency = replace(
                agency,
                gateways=known.gateways,
                passport_key=known.passport_key,
                public_figure=agency.public_figure or known.public_figure,
                handle_root=known.handle_root,
            )
    others = [known for known in area.agencies if known.id != agency.id]
    agencies = tuple(sorted([*others, agency], key=lambda a: a.id))
    return _with_area(draft, replace(area, agencies=agencies))


def remove_agency(draft: Draft, agency: AgencyId) -> Draft:
    """Take an agency off its area and off those that it serves.

    Raises:
        Defect: no such agency.
    """
    find_agency(draft, agency)
    areas = {
        code: replace(
            area,
            agencies=tuple(a for a in area.agencies if a.id != agency),
            serving=tuple(s for s in area.serving if s != agency),
        )
        for code, area in draft.areas.items()
    }
    return replace(draft, areas=areas)


def host(draft: Draft, agencies: Iterable[AgencyId], node: MemberId) -> Draft:
    """Name the node that has these agencies' records.

    Raises:
        Defect: no such agency.
    """
    for agency in agencies:
        draft = _with_agency(draft, replace(find_agency(draft, agency), node=node))
    return draft


def serve(draft: Draft, agency: AgencyId, areas: Iterable[AreaCode]) -> Draft:
    """Note that the agency (a police force, a hospital) serves these areas beside its own.

    Raises:
        Defect: no such agency or area.
    """
    find_agency(draft, agency)
    for code in areas:
        area = find_area(draft, code)
        if code != agency.area:
            serving = tuple(sorted({*area.serving, agency}))
            draft = _with_area(draft, replace(area, serving=serving))
    return draft


def join_areas(draft: Draft, code: AreaCode, neighbours: Iterable[AreaCode]) -> Draft:
    """Make areas neighbours of each other, on both sides.

    Raises:
        Defect: no such area, or an area as its own neighbour.
    """
    for other in neighbours:
        if other == code:
            raise Defect(f"{code} cannot be its own neighbour")
        for one, two in ((code, other), (other, code)):
            area = find_area(draft, one)
            joined = tuple(sorted({*area.neighbours, two}))
            draft = _with_area(draft, replace(area, neighbours=joined))
    return draft


def cover(draft: Draft, coverage: Mapping[AreaCode, tuple[NotConnected, ...]]) -> Draft:
    """Replace, for each of these areas, the list of agencies that are not connected.

    Raises:
        Defect: no such area.
    """
    for code, entries in coverage.items():
        draft = _with_area(draft, replace(find_area(draft, code), not_connected=entries))
    return draft


def keep_school_holidays(
    draft: Draft, areas: Iterable[AreaCode], holidays: Sequence[Holiday]
) -> Draft:
    """Replace the school holidays of these areas.

    Raises:
        Defect: no such area.
    """
    for code in areas:
        area = replace(find_area(draft, code), school_holidays=tuple(sorted(holidays)))
        draft = _with_area(draft, area)
    return draft


def tune(
    draft: Draft,
    *,
    feed_ages: Iterable[FeedAge] = (),
    revisions: Mapping[int, int] | None = None,
    **numbers: int | None,
) -> Draft:
    """Change the parameters that are given. Their bounds are those of the parameters' file.

    Args:
        feed_ages: take the place of those of their kinds.
        revisions: all that are to be in force, each with its beginning in seconds since 1970 UTC.
        numbers: by the names of the parameters; None for one that stays as it is.
    """
    p = draft.parameters
    given: dict[str, Any] = {name: n for name, n in numbers.items() if n is not None}
    tuned = replace(
        p,
        **given,
        revisions=tuple(RevisionFrom(n, at) for n, at in sorted((revisions or {}).items()))
        or p.revisions,
        feed_ages=tuple({age.kind: age for age in (*p.feed_ages, *feed_ages)}.values()),
    )
    return replace(draft, parameters=tuned)


def declare(draft: Draft, node: MemberId, children: int, reason: str) -> Draft:
    """Grant a node another caseload. Its reason takes the place of the one before, if any.

    Raises:
        Defect: no such node.
    """
    member = find_member(draft, node, Party.NODE)
    return _with_member(draft, replace(member, declared_caseload=children, caseload_reason=reason))


def allow(draft: Draft, node: MemberId, granted: Raise) -> Draft:
    """Let a node index more children for a while. Raises that ended before it begins are dropped.

    Raises:
        Defect: no such node, or the raise ends before it begins.
    """
    if granted.last < granted.first:
        raise Defect("a raise ends on its first day or later")
    member = find_member(draft, node, Party.NODE)
    kept = tuple(each for each in member.raises if each.last >= granted.first)
    return _with_member(draft, replace(member, raises=(*kept, granted)))


def publish_figure(draft: Draft, agency: AgencyId, figure: PublicFigure) -> Draft:
    """Note what is published about an agency.

    Raises:
        Defect: no such agency.
    """
    return _with_agency(draft, replace(find_agency(draft, agency), public_figure=figure))


def _chosen(given: int | None, present: int) -> int:
    return present if given is None else given


def find_area(draft: Draft, code: AreaCode) -> Area:
    """Return the area. Raises ``Defect`` when there is none."""
    found = draft.areas.get(code)
    if found is None:
        raise Defect(f"no area {code}")
    return found


def find_agency(draft: Draft, agency: AgencyId) -> Agency:
    """Return the agency. Raises ``Defect`` when there is none."""
    for found in find_area(draft, agency.area).agencies:
        if found.id == agency:
            return found
    raise Defect(f"no agency {agency}")


def find_member(draft: Draft, member: MemberId, party: Party | None = None) -> Member:
    """Return the member. Raises ``Defect`` when there is none, or it is another party."""
    found = draft.members.get(member)
    if found is None or (party is not None and found.party is not party):
        raise Defect(f"no {party.value if party else 'member'} {member}")
    return found


def _with_member(draft: Draft, member: Member) -> Draft:
    return replace(draft, members={**draft.members, member.id: member})


def _with_area(draft: Draft, area: Area) -> Draft:
    return replace(draft, areas={**draft.areas, area.code: area})


def _with_agency(draft: Draft, agency: Agency) -> Draft:
    area = find_area(draft, agency.id.area)
    agencies = tuple(agency if a.id == agency.id else a for a in area.agencies)
    return _with_area(draft, replace(area, agencies=agencies))
