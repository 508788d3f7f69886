"""An agreement in plain words: what one requester is told, what to look at, what a change changes.
Pure.

All of it is over what the signed terms allow, since an agreement does nothing beyond them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from agency_node.policy.agreement import Agreement, InForce, Rule, Ruling, places, ruled
from agency_node.policy.vocabulary import INVOLVED, Detail, Involved, Requester
from fingerpost.protocol.codes import AgencyKind, Purpose, Role
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.terms import RolesAt, Terms, row

SOON_DAYS: Final = 60
"""So long before a rule ends it is said that it does."""
ANYWHERE: Final = frozenset({Role.MASH_PRACTITIONER})
"""The roles that exist at every kind of agency, by secondment."""
DETAIL_IN_WORDS: Final[Mapping[Detail | None, str]] = {
    None: "nothing",
    Detail.DUTY_DESK: "ring our duty desk",
    Detail.SERVICE: "the service",
    Detail.EXACT_KIND: "the exact kind",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """The signed terms: the rows of the purposes, and which role exists at which kind of agency."""

    terms: Sequence[Terms]
    roles_at: Sequence[RolesAt]

    def requesters(self, where: Iterable[AgencyId]) -> Iterator[Requester]:
        """Yield everybody who may ask for anything, from these agencies."""
        for agency in where:
            for kind in AgencyKind:
                held = [each.roles for each in self.roles_at if each.kind is kind]
                for role in sorted(ANYWHERE.union(*held)):
                    yield Requester(agency, kind, role)

    def cases(self, where: Iterable[AgencyId]) -> Iterator[tuple[Requester, Terms, Involved]]:
        """Yield all that the terms may ever allow, at the gravest that a requester can state."""
        for requester in self.requesters(where):
            for terms in self.terms:
                if requester.role in terms.roles:
                    for involved in INVOLVED:
                        lead = involved.lead
                        if terms.allows(involved.kind, lead=lead, significant_harm=True):
                            yield requester, terms, involved


# ---- one requester ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Explained:
    """``why``: whole sentences. ``detail``: what she would be told."""

    detail: Detail | None
    why: tuple[str, ...]


def explain(
    agreement: Agreement,
    day: date,
    signed: Signed,
    requester: Requester,
    purpose: Purpose,
    involved: Involved,
    *,
    significant_harm: bool,
    own: bool,
    front_door: bool,
) -> Explained:
    """Say what one requester would be told of one kind of involvement, and why.

    Args:
        own: this agency is in, or serves, the requester's own area.
        front_door: it is a council's front door.
    """
    role, kind = requester.role.name, involved.kind.name
    terms = row(signed.terms, purpose, requester.role)
    if terms is None:
        return Explained(None, (f"By the signed terms {role} may not ask for {purpose.name}.",))
    if requester not in set(signed.requesters([requester.agency])):
        at = requester.kind.value
        return Explained(None, (f"By the signed terms nobody at {at} is {role}.",))
    if not agreement.holds(day):
        return Explained(None, (f"The agreement does not hold on {day}: nobody is answered.",))
    ruling = ruled(terms, agreement.on(day), requester, involved, significant_harm=significant_harm)
    tier = f"{purpose.name} of {role} has the tier {terms.tier.name}"
    if ruling is None:
        return Explained(None, (f"By the signed terms {tier}, which does not name {kind}.",))
    lines = [f"By the signed terms {tier}, which may name {kind}."]
    lines += _by_rules(agreement, ruling)
    if ruling.detail is None or own:
        return Explained(ruling.detail, tuple(lines))
    lines.append(_elsewhere(terms, front_door=front_door))
    return Explained(None if terms.home_only else ruling.detail, tuple(lines))


def _elsewhere(terms: Terms, *, front_door: bool) -> str:
    """Return what the place of this agency leaves of what may be named (``places``)."""
    if terms.home_only:
        return "You are not in the requester's own area: by the signed terms she is told nothing."
    where = "next door or in an area that she names, and she gives the postcode of your record"
    if terms.names_areas:
        return "You are not in the requester's own area: she is told this only if she names yours."
    otherwise = "to ring your duty desk" if front_door and terms.front_door else "nothing"
    return (
        f"You are not in the requester's own area: she is told this only if you are {where}. "
        f"Otherwise she is told {otherwise}."
    )


def _by_rules(agreement: Agreement, ruling: Ruling) -> Iterator[str]:
    for number in ruling.rules:
        rule = agreement.rules[number]
        does = "permits" if rule.detail else "forbids"
        yield f"Rule {rule.id} {does} it ({_time(rule)}): {rule.sentence}"
    if not ruling.rules:
        yield "No rule of the agreement permits it."


def _time(rule: Rule) -> str:
    return f"from {rule.first}" + (f" to {rule.last}" if rule.last else "")


# ---- what to look at -----------------------------------------------------------------------------


def remarks(agreement: Agreement, day: date, signed: Signed) -> tuple[str, ...]:
    """Return what somebody should look at, as sentences; none where nothing is remarkable."""
    in_force = agreement.on(day)
    lapsed = agreement.lapsed(day)
    said = [
        f"The last rule for {purpose.name} has ended, so the agreement is out of date. "
        "This agency answers nobody until a rule is renewed or taken out."
        for purpose in lapsed
    ]
    if not agreement.permits_anything(day):
        said.append("No rule permits anything today. This agency answers nobody.")
    served: set[Purpose] = set()
    tellable: set[Purpose] = set()
    deciding: set[int] = set()
    for requester, terms, involved in signed.cases(places(agreement.named)):
        ruling = in_force.ruling(requester, terms.purpose, involved)
        tellable.add(terms.purpose)
        deciding.update(ruling.rules)
        if ruling.detail:
            served.add(terms.purpose)
    said += [
        f"Nothing is disclosed for {purpose.name}. Whoever asks reads that as "
        "“nothing to disclose”."
        for purpose in sorted(tellable - served - set(lapsed))
    ]
    said += _of_rules(agreement.rules, day, deciding)
    return tuple(said)


def _of_rules(rules: Sequence[Rule], day: date, deciding: set[int]) -> Iterator[str]:
    for rule in rules:
        if rule.first > day:
            yield f"Rule {rule.id} begins on {rule.first}."
        elif rule.last is not None and rule.last < day:
            yield f"Rule {rule.id} ended on {rule.last}."
        elif rule.number not in deciding:
            yield (
                f"Rule {rule.id} has no effect: the signed terms allow nothing that it is about, "
                "or other rules decide it."
            )
        elif rule.last is not None and (rule.last - day).days < SOON_DAYS:
            yield f"Rule {rule.id} ends on {rule.last}."
        if rule.detail is Detail.EXACT_KIND:
            yield (
                f"Rule {rule.id} permits the exact kind. Answers have no form for it yet, and name "
                "the service."
            )


# ---- two versions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """``asked_by`` may be told ``after`` and no longer ``before`` of these kinds, for a purpose."""

    purpose: Purpose
    before: Detail | None
    after: Detail | None
    kinds: tuple[str, ...]
    asked_by: tuple[str, ...]

    @property
    def is_more(self) -> bool:
        return (self.after or 0) > (self.before or 0)


def changes(before: Agreement, after: Agreement, day: date, signed: Signed) -> tuple[Change, ...]:
    """Return what a change of agreements changes on a day, those who gain first."""
    old, new = before.on(day), after.on(day)
    where = places(before.named | after.named)
    apart: dict[tuple[Requester, Purpose, Detail | None, Detail | None], list[str]] = {}
    for requester, terms, involved in signed.cases(where):
        was, is_ = (
            _detail(old, requester, terms, involved),
            _detail(new, requester, terms, involved),
        )
        if was is not is_:
            what = involved.kind.name + (" of the lead practitioner" if involved.lead else "")
            apart.setdefault((requester, terms.purpose, was, is_), []).append(what)
    alike: dict[tuple[Purpose, Detail | None, Detail | None, tuple[str, ...]], list[Requester]] = {}
    for (requester, purpose, was, is_), kinds in apart.items():
        alike.setdefault((purpose, was, is_, _kinds(kinds)), []).append(requester)
    found = [
        Change(purpose, was, is_, kinds, tuple(in_words(requesters, where)))
        for (purpose, was, is_, kinds), requesters in alike.items()
    ]
    return tuple(sorted(found, key=lambda change: (not change.is_more, change.purpose)))


def _detail(
    in_force: InForce, requester: Requester, terms: Terms, involved: Involved
) -> Detail | None:
    return in_force.ruling(requester, terms.purpose, involved).detail


def _kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Leave out the lead practitioner where the kind itself is there, too."""
    return tuple(kind for kind in kinds if kind.partition(" ")[0] not in set(kinds) - {kind})


def in_words(requesters: Sequence[Requester], where: Sequence[AgencyId]) -> Iterator[str]:
    """Yield the roles of each kind of agency, and of which agencies, where that matters.

    Args:
        where: as ``places`` returns them.
    """
    by_roles: dict[tuple[AgencyId, AgencyKind], list[str]] = {}
    for requester in requesters:
        by_roles.setdefault((requester.agency, requester.kind), []).append(requester.role.name)
    for (agency, kind), roles in by_roles.items():
        of = f" ({_place(agency, where)})" if len(where) > 1 else ""
        yield f"{kind.value}{of}: {', '.join(roles)}"


def _place(agency: AgencyId, where: Sequence[AgencyId]) -> str:
    if agency == where[0]:
        return "elsewhere"
    if ".any-other-" in agency.value:
        return f"others of {agency.area}"
    return str(agency)
