"""Whether a draft is consistent. Pure: a draft and the time come in, findings go out.

An ERROR would break somebody's lookups or give away trust, and stops a publication; a WARNING is
for people to judge.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, unique
from itertools import pairwise

from authority import caseloads
from authority.draft import Draft
from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Agency, Area, Party
from fingerpost.protocol.ids import AgencyId, MemberId

_SINGULAR = frozenset({Party.BROKER, Party.ISSUER, Party.KEY_HOLDER})


@unique
class Weight(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """``where``: an id, or the name of a file; ``what``: a sentence of our own."""

    weight: Weight
    where: str
    what: str


class Inconsistent(Defect):
    """The draft is not consistent; ``findings`` are its errors."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        shown = "; ".join(f"{finding.where}: {finding.what}" for finding in findings[:5])
        more = f"; and {len(findings) - 5} more" if len(findings) > 5 else ""
        super().__init__(f"the draft is not consistent: {shown}{more}")
        self.findings = findings


def check(draft: Draft, now: float) -> tuple[Finding, ...]:
    """Return all findings, errors first. ``now`` in seconds since 1970 UTC."""
    findings = [
        *_parties(draft),
        *_keys(draft),
        *_areas(draft),
        *_caseloads(draft),
        *_revisions(draft),
        *_discreet_names(draft),
        *_ages_of_records(draft, now),
        *_epochs(draft, now),
    ]
    return tuple(sorted(findings, key=lambda f: (f.weight is Weight.WARNING, f.where, f.what)))


def require_consistent(draft: Draft, now: float) -> tuple[Finding, ...]:
    """Return the warnings. Raises ``Inconsistent``."""
    findings = check(draft, now)
    errors = tuple(finding for finding in findings if finding.weight is Weight.ERROR)
    if errors:
        raise Inconsistent(errors)
    return findings


def _error(where: object, what: str) -> Finding:
    return Finding(Weight.ERROR, str(where), what)


def _warning(where: object, what: str) -> Finding:
    return Finding(Weight.WARNING, str(where), what)


def _is(draft: Draft, member: MemberId, party: Party) -> bool:
    found = draft.members.get(member)
    return found is not None and found.party is party


def _parties(draft: Draft) -> Iterator[Finding]:
    p = draft.parameters
    named = [(p.broker, Party.BROKER), (p.issuer, Party.ISSUER)]
    named += [(holder, Party.KEY_HOLDER) for holder in p.key_holders]
    for member, party in named:
        if not _is(draft, member, party):
            yield _error(member, f"named as {party.value} in the parameters, not enrolled as one")
    listed = {member for member, _ in named}
    for member_id, found in draft.members.items():
        if found.party in _SINGULAR and member_id not in listed:
            yield _error(member_id, f"a {found.party.value} that the parameters do not name")
        if not found.organisation.isprintable():
            yield _error(member_id, "an organisation's name with control characters")
        if found.party is Party.GATEWAY and found.lookups_per_day == 0:
            yield _warning(member_id, "a gateway that may make no lookup a day")


def _revisions(draft: Draft) -> Iterator[Finding]:
    """Find members that could not read what others will write, or ask at all."""
    listed = [each.number for each in draft.parameters.revisions]
    if not listed or len(set(listed)) != len(listed):
        yield _error("parameters", "no revision of the wire, or one twice")
    for member_id, member in draft.members.items():
        if member.party not in (Party.NODE, Party.GATEWAY, Party.BROKER):
            continue
        for number in sorted(set(listed) - set(member.revisions)):
            yield _error(member_id, f"does not speak revision {number} of the wire")


def _discreet_names(draft: Draft) -> Iterator[Finding]:
    """Find members that could not read a list with such a name, and ids that give it away."""
    discreet = [agency for agency in draft.agencies if agency.discreet_name]
    if discreet:
        yield from _of_the_first_revision(draft, "discreet names")
    for agency in discreet:
        if not agency.discreet_name.isprintable():
            yield _error(agency.id, "a discreet name with control characters")
        telling = _words(agency.name) - _words(agency.discreet_name)
        if any(word in agency.id.value for word in telling):
            yield _warning(agency.id, "its id gives away the name that is not to be shown")


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", name.lower()))


def _of_the_first_revision(draft: Draft, what: str) -> Iterator[Finding]:
    """Find members that could not read a list with ``what`` the second revision brought."""
    revision = limits.SECOND_REVISION
    for member_id, member in draft.members.items():
        if revision not in member.revisions:
            yield _error(
                member_id, f"does not speak revision {revision} of the wire, which has {what}"
            )


def _ages_of_records(draft: Draft, now: float) -> Iterator[Finding]:
    """Find members that could not read a list with holidays, kinds of agency whose records may be
    as old as nobody has said, and areas of schools whose holidays are not known ahead.
    """
    used = any(area.school_holidays for area in draft.areas.values()) or any(
        age.term_time for age in draft.parameters.feed_ages
    )
    if used:
        yield from _of_the_first_revision(draft, "school holidays")
    listed = {age.kind: age for age in draft.parameters.feed_ages}
    kinds = {agency.kind for agency in draft.agencies}
    for kind in sorted(kinds - listed.keys(), key=lambda k: k.value):
        yield _warning(
            "parameters",
            f"the greatest age of the records of {kind.value} is not stated: "
            f"{limits.FEED_DAYS} days hold",
        )
    soon = now + limits.HOLIDAYS_KNOWN_DAYS * limits.DAY
    for area in draft.areas.values():
        closes = any(a.kind in listed and listed[a.kind].term_time for a in area.agencies)
        if closes and not any(holiday.ends > soon for holiday in area.school_holidays):
            yield _warning(
                area.code,
                f"its school holidays are not known for the next {limits.HOLIDAYS_KNOWN_DAYS} "
                "days: every day counts for the age of its schools' records",
            )


def _keys(draft: Draft) -> Iterator[Finding]:
    """Find keys that stand twice (attack: one member acts, or vouches, as the other)."""
    signing = Counter(member.signing_key for member in draft.members.values())
    for member_id, member in draft.members.items():
        if signing[member.signing_key] > 1:
            yield _error(member_id, "a signing key that another member has too")
    passports = Counter(agency.passport_key for agency in draft.agencies if agency.passport_key)
    for agency in draft.agencies:
        if passports[agency.passport_key] > 1:
            yield _error(agency.id, "a passport key that another agency has too")
        if agency.passport_key in signing:
            yield _error(agency.id, "a passport key that is also a member's signing key")


def _areas(draft: Draft) -> Iterator[Finding]:
    known = {agency.id for agency in draft.agencies}
    hosted: Counter[MemberId] = Counter()
    asked_through: set[MemberId] = set()
    for area in draft.areas.values():
        yield from _area(draft, area, known)
        for agency in area.agencies:
            hosted[agency.node] += 1
            asked_through.update(agency.gateways)
            yield from _agency(draft, agency)
    for member_id, member in draft.members.items():
        if member.party is Party.NODE:
            if hosted[member_id] == 0:
                yield _warning(member_id, "a node that hosts no agency")
            elif member.declared_caseload == 0:
                yield _warning(member_id, "a node that may index no child (declared caseload 0)")
        if member.party is Party.GATEWAY and member_id not in asked_through:
            yield _warning(member_id, "a gateway that no agency asks through")


def _caseloads(draft: Draft) -> Iterator[Finding]:
    for found in caseloads.caseloads(draft):
        if found.fault:
            yield _error(found.node.id, f"{found.fault}: the caseload needs a reason")
        reasons = [found.node.caseload_reason, *(each.reason for each in found.node.raises)]
        if not all(reason.isprintable() for reason in reasons):
            yield _error(found.node.id, "a reason with control characters")
        for agency in found.agencies:
            figure = agency.public_figure
            if figure is not None and not figure.source.isprintable():
                yield _error(agency.id, "a source of its public figure with control characters")
    if draft.parameters.keys_per_child_hundredths != limits.KEYS_PER_CHILD_HUNDREDTHS:
        measured = limits.KEYS_PER_CHILD_HUNDREDTHS / 100
        yield _warning(
            "parameters", f"the keys of a child are not those of this release, {measured:.2f}"
        )


def _area(draft: Draft, area: Area, known: set[AgencyId]) -> Iterator[Finding]:
    if not area.name.isprintable():
        yield _error(area.code, "a name with control characters")
    for neighbour in area.neighbours:
        other = draft.areas.get(neighbour)
        if neighbour == area.code:
            yield _error(area.code, "its own neighbour")
        elif other is None:
            yield _error(area.code, f"neighbour {neighbour} is not an area")
        elif area.code not in other.neighbours:
            yield _warning(area.code, f"neighbour {neighbour} does not name it in return")
    for agency in area.serving:
        if agency not in known:
            yield _error(area.code, f"served by {agency}, which no area lists")
        elif agency.area == area.code:
            yield _error(area.code, f"served by {agency}, which is at home here")
    members = {agency.name.casefold() for agency in area.agencies}
    for gap in area.not_connected:
        if not gap.name.isprintable():
            yield _error(area.code, "a register entry with control characters")
        if gap.name.casefold() in members:
            yield _warning(area.code, f"not connected, yet an agency has the name: {gap.name}")
        if not gap.telephone:
            yield _warning(area.code, f"not connected and without a telephone number: {gap.name}")


def _agency(draft: Draft, agency: Agency) -> Iterator[Finding]:
    if not agency.name.isprintable():
        yield _error(agency.id, "a name with control characters")
    if not _is(draft, agency.node, Party.NODE):
        yield _error(agency.id, f"node {agency.node} is not enrolled as a node")
    for gateway in agency.gateways:
        if not _is(draft, gateway, Party.GATEWAY):
            yield _error(agency.id, f"gateway {gateway} is not enrolled as a gateway")
    if agency.gateways and not (agency.passport_key and agency.handle_root):
        yield _error(agency.id, "may ask, but has no passport key")
    if agency.passport_key and not agency.gateways:
        yield _error(agency.id, "has a passport key, but no gateway")
    for council in agency.seconded_to:
        found = draft.areas.get(council.area)
        kinds = {a.id: a.kind for a in found.agencies} if found is not None else {}
        if kinds.get(council) is not AgencyKind.LOCAL_AUTHORITY:
            yield _error(agency.id, f"seconds staff to {council}, which is no council")
    if not agency.duty_desk:
        yield _warning(agency.id, "without a telephone number of its duty desk")


def _epochs(draft: Draft, now: float) -> Iterator[Finding]:
    epochs = sorted(draft.parameters.epochs, key=lambda e: e.number)
    if not any(e.is_running(now) for e in epochs):
        yield _warning("parameters", "no epoch is running: nobody can make a lookup")
    for earlier, later in pairwise(epochs):
        if later.starts_at <= earlier.starts_at:
            yield _error("parameters", f"epoch {later.number} starts before epoch {earlier.number}")
        if later.starts_at > earlier.ends_at:
            yield _warning(
                "parameters", f"a gap between epochs {earlier.number} and {later.number}"
            )
    soon = now + limits.EPOCH_OVERLAP_DAYS * limits.DAY
    if epochs and epochs[-1].ends_at < soon:
        yield _warning("parameters", f"epoch {epochs[-1].number} ends soon and none follows")
    numbers = {epoch.number for epoch in epochs}
    yield from _peppers(draft, now)
    for epoch_number, member_id in draft.peppers:
        if epoch_number not in numbers:
            yield _error(member_id, f"a pepper of epoch {epoch_number}, which the parameters lack")
        if member_id not in draft.members:
            yield _error(member_id, "a pepper for somebody who is no member")


def _peppers(draft: Draft, now: float) -> Iterator[Finding]:
    ends: Iterable[MemberId] = [
        m.id for m in draft.members.values() if m.party in (Party.NODE, Party.GATEWAY)
    ]
    for epoch in draft.parameters.epochs:
        if epoch.index_from <= now < epoch.ends_at:
            lacking = sum((epoch.number, member) not in draft.peppers for member in ends)
            if lacking:
                yield _warning("peppers", f"{lacking} members have none for epoch {epoch.number}")
