"""An agency's agreements: dated rules, and what they permit on a day. Pure.

Law: what no rule in force permits is not disclosed, and a rule that forbids overrides all that
permit. An agreement is held against the signed terms by its caller, who asks it last: it can take
away and never add (``answering.disclosure``).

The rules are written in Cedar, and the Cedar engine decides. Whom and what a rule is about can
depend on nothing but groups, and only on groups that some rule names. So the engine is asked once
for each way in which requesters and involvements can differ in those groups, when the agreement is
loaded, and a lookup costs the look into a table. A test compares the table with the engine over the
whole matrix.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import cedarpy
from cedarpy import pst

from agency_node.policy.refused import refusal
from agency_node.policy.vocabulary import (
    ASKING_ROLES,
    DETAIL_WORDS,
    INVOLVED,
    Detail,
    Group,
    Involved,
    Requester,
    entity,
    schema,
)
from fingerpost.protocol.codes import AgencyKind, Purpose
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.terms import Terms

MOST_BYTES: Final = 256 * 1024
MOST_RULES: Final = 500
MOST_DAYS: Final = 3 * 366
"""For so long a rule may permit, before somebody has to look at it again."""
MOST_CASES: Final = 100_000
"""So many cases the engine is asked when an agreement is read; some seconds' work."""
VERSION_BYTES: Final = 16
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ANNOTATIONS: Final = frozenset({"id", "sentence", "detail", "from", "until"})
_SENTENCE_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        number: its place in the agreement, from 0.
        id: its name, by which people speak of it.
        sentence: what it says, in plain words.
        detail: how exactly it lets an involvement be named; None for a rule that forbids.
        first: the first day (UTC) on which it is in force.
        last: the last day; None for no end, which only a rule that forbids may have.
    """

    number: int
    id: str
    sentence: str
    detail: Detail | None
    first: date
    last: date | None

    def is_in_force(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an agreement says of one requester and one involvement.

    Attributes:
        detail: how exactly it may be named; None for not at all.
        rules: the numbers of the rules that decided: those that permit this detail, or those that
            forbid; none where no rule permits.
    """

    detail: Detail | None
    rules: tuple[int, ...]


_Case = tuple[frozenset[Group], Purpose, frozenset[Group]]
NOTHING: Final = Ruling(None, ())


class InForce:
    """The rules that are in force together, as a table of the engine's answers.

    Raises:
        Defect: a rule fails for some requester.
    """

    def __init__(
        self, rules: Mapping[int, Rule], policies: cedarpy.PolicySet, named: frozenset[Group]
    ) -> None:
        self._rules = rules
        self._policies = policies
        self._named = named
        self._table = self._asked()

    def ruling(self, requester: Requester, purpose: Purpose, involved: Involved) -> Ruling:
        """Return what the rules say. Raises ``KeyError`` for a kind without a form on the wire."""
        return self._table.get(self._case(requester, purpose, involved), NOTHING)

    def rulings(self) -> Mapping[_Case, Ruling]:
        """Return the whole table: every case in which requesters or involvements can differ."""
        return self._table

    def asked_of_the_engine(
        self, cases: Sequence[tuple[Requester, Purpose, Involved]]
    ) -> tuple[Ruling, ...]:
        """Return what the engine itself says of cases. Raises ``Defect``: a rule fails."""
        requesters = list(dict.fromkeys(requester for requester, _, _ in cases))
        entities = cedarpy.Entities.from_json_str(
            json.dumps(
                [
                    *(
                        entity("Requester", _name(requester), requester.groups)
                        for requester in requesters
                    ),
                    *(entity("Involvement", _name(each), each.groups) for each in INVOLVED),
                ]
            )
        )
        requests = [
            {
                "principal": {"type": "Requester", "id": _name(requester)},
                "action": {"type": "Action", "id": purpose.name},
                "resource": {"type": "Involvement", "id": _name(involved)},
            }
            for requester, purpose, involved in cases
        ]
        results = cedarpy.is_authorized_batch(requests, self._policies, entities)
        return tuple(map(self._ruling, results))

    def _case(self, requester: Requester, purpose: Purpose, involved: Involved) -> _Case:
        return requester.groups & self._named, purpose, involved.groups & self._named

    def _asked(self) -> Mapping[_Case, Ruling]:
        cases = _cases(self._named)
        answers = self.asked_of_the_engine(cases)
        return {self._case(*case): answer for case, answer in zip(cases, answers, strict=True)}

    def _ruling(self, result: cedarpy.AuthzResult) -> Ruling:
        if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            # Attack, and mistake: a rule that forbids and fails is left out by the engine, so that
            # it would widen what the others permit.
            raise Defect("A rule of the agreement fails when it is evaluated.")
        numbers = sorted(int(number) for number in result.diagnostics.reasons)
        if not result.allowed:
            return Ruling(None, tuple(numbers))
        details = {number: self._rules[number].detail or Detail.DUTY_DESK for number in numbers}
        finest = max(details.values())
        return Ruling(finest, tuple(n for n, detail in details.items() if detail is finest))


def _cases(named: frozenset[Group]) -> Sequence[tuple[Requester, Purpose, Involved]]:
    """Return one case for each way in which requesters and involvements can differ."""
    everybody = (
        Requester(place, kind, role)
        for place in places(named)
        for kind in AgencyKind
        for role in ASKING_ROLES
    )
    requesters = {requester.groups & named: requester for requester in everybody}
    involved = {each.groups & named: each for each in INVOLVED}
    return [
        (requester, purpose, each)
        for requester in requesters.values()
        for purpose in Purpose
        for each in involved.values()
    ]


def places(named: Iterable[Group]) -> tuple[AgencyId, ...]:
    """Return agencies that differ in where they are: each that a rule names, another one in each
    area that a rule names, and one elsewhere, which comes first."""
    areas = {name for type_, name in named if type_ == "Area"}
    agencies = {name for type_, name in named if type_ == "Agency"}
    elsewhere = next(
        area
        for n in range(len(areas) + len(agencies) + 1)
        if (area := f"z{n:08}") not in areas | {name.partition(".")[0] for name in agencies}
    )
    others = [
        next(
            other
            for n in range(len(agencies) + 1)
            if (other := f"{area}.any-other-{n}") not in agencies
        )
        for area in sorted(areas)
    ]
    return tuple(map(AgencyId, (f"{elsewhere}.any-other", *others, *sorted(agencies))))


def ruled(
    terms: Terms,
    in_force: InForce,
    requester: Requester,
    involved: Involved,
    *,
    significant_harm: bool,
) -> Ruling | None:
    """Return what agreement and signed terms say together; None where the terms do not allow it.

    The terms decide first, and the agreement is asked only of what they allow: it cannot widen
    them.
    """
    lead = involved.lead
    if not terms.allows(involved.kind, lead=lead, significant_harm=significant_harm):
        return None
    return in_force.ruling(requester, terms.purpose, involved)


class Agreement:
    """All rules of one agency's agreements. ``read_agreement`` makes it.

    Raises:
        Defect: a rule fails, or there are too many cases.

    Attributes:
        text: from which it was read.
        version: says which text that was, in hexadecimal.
        rules: in the order of the text.
    """

    def __init__(self, text: str, rules: Sequence[Rule], policies: pst.PolicySet) -> None:
        self.text = text
        self.version = hashlib.sha256(text.encode()).digest()[:VERSION_BYTES].hex()
        self.rules = tuple(rules)
        self._policies = dict(policies.static_policies)
        self._named = frozenset(
            (str(uid.type), uid.id)
            for uid in pst.entity_uids(policies)
            if str(uid.type) != "Action"
        )
        self._sets: dict[frozenset[int], InForce] = {}
        self._newest: tuple[date, InForce | None] = date.min, None
        if len(_cases(self._named)) * len(self.days) > MOST_CASES:
            raise Defect(
                "The rules draw too many distinctions: name fewer roles, agencies or days."
            )
        for day in self.days:  # a rule that fails does so now, and not on the day it begins
            self.on(day)

    def __repr__(self) -> str:
        return f"Agreement({self.version}, {len(self.rules)} rules)"

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days from which on other rules are in force than before."""
        firsts = {rule.first for rule in self.rules}
        ends = {rule.last + timedelta(days=1) for rule in self.rules if rule.last is not None}
        return tuple(sorted(firsts | ends))

    @property
    def named(self) -> frozenset[Group]:
        """The areas and agencies, roles, kinds and tiers that some rule names."""
        return self._named

    def on(self, day: date) -> InForce:
        """Return the rules that are in force on a day (UTC)."""
        numbers = frozenset(rule.number for rule in self.rules if rule.is_in_force(day))
        known = self._sets.get(numbers)
        if known is None:
            kept = {str(n): self._policies[str(n)] for n in sorted(numbers)}
            nodes = pst.PolicySet(templates={}, static_policies=kept, template_links=())
            policies = cedarpy.PolicySet.from_pst(nodes)
            rules = {rule.number: rule for rule in self.rules}
            known = self._sets[numbers] = InForce(rules, policies, self._named)
        return known

    def lapsed(self, day: date) -> tuple[Purpose, ...]:
        """Return the purposes for which a rule permitted something before ``day``, and none does
        now although nothing forbids it."""
        today = self.on(day).rulings()
        served = {purpose for (_, purpose, _), ruling in today.items() if ruling.detail}
        silent = {case for case, ruling in today.items() if ruling == NOTHING}
        lapsed = {
            case[1]
            for earlier in self.days
            if earlier < day
            for case, ruling in self.on(earlier).rulings().items()
            if ruling.detail and case in silent and case[1] not in served
        }
        return tuple(sorted(lapsed))

    def permits_anything(self, day: date) -> bool:
        return any(ruling.detail for ruling in self.on(day).rulings().values())

    def holds(self, day: date) -> bool:
        """Return whether an agency may answer by this agreement on a day (UTC).

        Attack, and mistake: an agreement that ran out, or that has not begun, would answer "nothing
        to disclose" about every child, which reads as a "no".
        """
        return self.permits_anything(day) and not self.lapsed(day)

    def answering(self, day: date) -> InForce | None:
        """Return the rules to answer by on a day (UTC); None where the agreement does not hold. The
        newest day is kept, so that a query costs a look at it."""
        newest, found = self._newest
        if newest != day:
            found = self.on(day) if self.holds(day) else None
            self._newest = day, found
        return found


def read_agreement(text: str) -> Agreement:
    """Return the agreements that a text states.

    Raises:
        Defect: it is no Cedar, names what is refused or not in the closed lists, or a rule lacks
            what every rule states. The sentence says which rule and why.
    """
    if len(text.encode()) > MOST_BYTES:
        raise Defect(f"An agreement has at most {MOST_BYTES} bytes.")
    try:
        nodes = cedarpy.policies_to_pst(text)
    except ValueError as error:
        raise Defect(f"The agreement is not written in Cedar: {error}") from None
    if nodes.templates or nodes.template_links:
        raise Defect("An agreement has no templates: ?principal and ?resource stand for nobody.")
    # The engine's own names say the place in the text.
    in_order = sorted(nodes.static_policies.items(), key=lambda item: int(item[0][len("policy") :]))
    if not 1 <= len(in_order) <= MOST_RULES:
        raise Defect(f"An agreement has 1 to {MOST_RULES} rules.")
    rules = [_rule(number, policy) for number, (_, policy) in enumerate(in_order)]
    ids = [rule.id for rule in rules]
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise Defect(f"Two rules have the id {twice[0]}.")
    for rule, (_, policy) in zip(rules, in_order, strict=True):
        for uid in sorted(pst.entity_uids(policy), key=str):
            why = refusal((str(uid.type), uid.id))
            if why is not None:
                raise Defect(f"Rule {rule.id}: {why}")
    validated = cedarpy.validate_policies(text, schema())
    if not validated.validation_passed:
        raise Defect(f"The agreement does not fit the closed lists: {validated.errors[0].error}")
    numbered = {str(n): replace(policy, id=str(n)) for n, (_, policy) in enumerate(in_order)}
    whole = pst.PolicySet(templates={}, static_policies=numbered, template_links=())
    return Agreement(text, rules, whole)


def _rule(number: int, policy: pst.Template) -> Rule:
    stated = policy.annotations
    id_ = stated.get("id", "")
    where = f"Rule {id_ or number + 1}"
    if not _ID.fullmatch(id_):
        raise Defect(f"{where}: expected @id, of small letters, digits and hyphens, at most 40.")
    unknown = sorted(stated.keys() - _ANNOTATIONS)
    if unknown:
        raise Defect(f"{where}: @{unknown[0]} is not known.")
    sentence = stated.get("sentence", "").strip()
    if not 1 <= len(sentence) <= _SENTENCE_CHARS or not sentence.isprintable():
        raise Defect(
            f"{where}: expected @sentence, of one line, at most {_SENTENCE_CHARS} letters."
        )
    first, permits = _day(where, stated, "from"), policy.effect == "permit"
    last = _day(where, stated, "until") if permits or "until" in stated else None
    if last is not None and last < first:
        raise Defect(f"{where}: it ends before it begins.")
    if not permits:
        if "detail" in stated:
            raise Defect(
                f"{where}: @detail is for rules that permit; what is forbidden is so whole."
            )
        return Rule(number, id_, sentence, None, first, last)
    detail = DETAIL_WORDS.get(stated.get("detail", ""))
    if detail is None:
        words = ", ".join(f'"{word}"' for word in DETAIL_WORDS)
        raise Defect(f"{where}: expected @detail, one of {words}.")
    if last is not None and (last - first).days >= MOST_DAYS:
        raise Defect(f"{where}: a rule permits for at most {MOST_DAYS} days.")
    return Rule(number, id_, sentence, detail, first, last)


def _day(where: str, stated: Mapping[str, str], name: str) -> date:
    text = stated.get(name, "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or str(day) != text:
        raise Defect(f"{where}: expected @{name}, a day such as 2026-04-01.")
    return day


def _name(named: Requester | Involved) -> str:
    if isinstance(named, Requester):
        return f"{named.agency} {named.kind.value} {named.role.name}"
    return f"{named.kind.name} {'lead' if named.lead else 'other'}"
