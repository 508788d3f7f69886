"""Which queries make up one lookup, and what a second round may ask. Pure.

A narrow query goes to all in reach. A wider set of keys is used only in the requester's own area,
where most of the child's records are and the exposure is smallest. It holds the strongest narrow
keys too, so that a lookup of reach AREA is one query. Every agency in reach is asked by some query,
or the lookup is refused.

A second round is one query with wide keys to the whole reach, for a reason of the closed list. It
follows a first lookup by the same practitioner about the same child: narrow keys come first, and
wide keys only where the narrow ones found less than they should have. Silence is not answered with
wide keys: an agency that gave no answer is rung first, and the second round goes round it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import unique
from typing import Final

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    BlockingKey,
    Decision,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)
from fingerpost.private.purpose_rules import require_permitted, require_reason
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Reach, WideningReason
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.messages import KeySet
from fingerpost.protocol.terms import Terms
from practitioner.asking.outcome import Again, First, Question

WITHIN_SECONDS: Final = limits.DAY
"""How long after the first lookup a second round may be asked: so long its answers still hold."""


@unique
class LookupRule(Rule):
    """What a lookup and its second round must keep to at the gateway, beside its purpose."""

    AREAS_MISSING = "named areas are missing"
    AREAS_BESIDE_REACH = "named areas with another reach"
    FIRST_TOO_OLD = "first lookup too old"
    SECOND_TAKEN = "second round taken"
    FIRST_HAS_GAPS = "first lookup has gaps"
    GAPS_TOO_MANY = "first lookup has too many gaps"
    REASON_REFUTED = "reason that the first lookup refutes"
    ANOTHER_CHILD = "another child than the first lookup's"
    NOTHING_TO_WIDEN = "nothing to widen"
    AREA_LEFT_OUT = "area that the first lookup left out"
    NO_SUCH_OUTCOME = "outcome"
    AGENCY_NOT_ASKED = "agency that the lookup did not ask"
    NO_ATTENDANCE = "attendance of this purpose"
    NO_EPOCH = "no epoch is running"
    NO_PEPPER = "no pepper of the running epoch"


@dataclass(frozen=True, slots=True, repr=False)
class PlannedQuery:
    """One query. ``keys`` are positions in ``Plan.keys``."""

    reach: Reach
    named_areas: tuple[AreaCode, ...]
    key_set: KeySet
    keys: tuple[int, ...]

    def __repr__(self) -> str:
        return f"PlannedQuery({self.reach.name}, {self.key_set.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """``keys``: all blocking keys of the lookup, none twice, at most 32: one evaluation serves
    every query."""

    reach: Reach
    keys: tuple[BlockingKey, ...]
    queries: tuple[PlannedQuery, ...]

    def __repr__(self) -> str:
        return f"Plan({self.reach.name}, {len(self.queries)} queries)"


def plan(question: Question, form: NormalForm, subject: str, terms: Terms, *, upn: bool) -> Plan:
    """Return the queries of a lookup.

    Args:
        question: with a reach; with a reason to widen only if ``second_question`` returned it.
        form: its child in normal form.
        terms: on which the practitioner may ask for this purpose.
        subject: the requester's account.
        upn: whether pupil numbers may be used.

    Raises:
        Refused: NOT_ALLOWED (reach, areas, approver, reason); WEAK_INPUT (no key can be made, or
            none that is narrow enough for a reach beyond the own area).
    """
    reach = question.settled_reach
    second_round = question.justification.widened_because is not None
    named = tuple(sorted(set(question.named_areas))) if reach is Reach.NAMED else ()
    if reach is Reach.NAMED and not named:
        raise Refused(Code.NOT_ALLOWED, LookupRule.AREAS_MISSING)
    if reach is not Reach.NAMED and question.named_areas:
        raise Refused(Code.NOT_ALLOWED, LookupRule.AREAS_BESIDE_REACH)

    sets: dict[KeySet, tuple[BlockingKey, ...]] = {}
    if reach is not Reach.AREA and not second_round:
        sets[KeySet.NARROW] = blocking_keys(form, side=Side.QUERY, scope=Scope.NARROW, upn=upn)
    if reach is not Reach.NAMED or second_round:
        sets[KeySet.WIDE] = blocking_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=upn)
    if not all(sets.values()):
        # A query to the own area alone would leave the other areas out of the outcome unseen.
        raise Refused(Code.WEAK_INPUT, "no blocking key for this reach")
    keys = tuple(dict.fromkeys(key for wanted in sets.values() for key in wanted))
    keys = keys[: limits.LOCATORS]
    place = {key: i for i, key in enumerate(keys)}
    queries = []
    for key_set, wanted in sets.items():
        far = key_set is KeySet.NARROW or second_round
        queries.append(
            # Only keys of the set that the query states: a node derives that set again, and takes
            # for a mismatch what another key found.
            PlannedQuery(
                reach if far else Reach.AREA,
                named if far else (),
                key_set,
                tuple(place[key] for key in wanted if key in place),
            )
        )
    for query in queries:
        require_permitted(
            question.justification,
            terms,
            query.reach,
            query.named_areas,
            query.key_set,
            subject=subject,
        )
    return Plan(reach, keys, tuple(queries))


def second_question(
    first: First,
    again: Again,
    rung: Collection[AgencyId],
    asking: AgencyId,
    federation: Federation,
    now: float,
) -> Question:
    """Return the question of a second round: about the same child, for the same purpose.

    Args:
        first: the first lookup.
        again: what is asked.
        rung: the agencies of which the practitioner recorded that she rang them.
        asking: the requesting agency.
        federation: the member list.
        now: in seconds since 1970 UTC.

    Raises:
        Refused: NOT_ALLOWED, naming the rule. The first lookup is too old, has had its second
            round, has gaps that were not rung, or does not bear the reason out; the purpose may not
            widen, or not for this reason; it is another child; or an area was left out of the first
            lookup.
    """
    asked, because = first.question, again.widened.because
    if now - first.asked_at >= WITHIN_SECONDS:
        raise Refused(Code.NOT_ALLOWED, LookupRule.FIRST_TOO_OLD)
    if first.spent:
        raise Refused(Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN)
    require_reason(asked.justification.purpose, because)
    if not first.whole or not first.gaps <= set(rung):
        # Silence is never "no": agencies that did not answer are asked again, or rung, before the
        # records of more children are opened.
        raise Refused(Code.NOT_ALLOWED, LookupRule.FIRST_HAS_GAPS)
    if because is WideningReason.NO_UNIVERSAL_SERVICE_NAMED and not first.none_named_itself:
        raise Refused(Code.NOT_ALLOWED, LookupRule.REASON_REFUTED)
    child = again.former.added_to(again.child or asked.demographics)
    if not is_same_child(asked.demographics, child):
        raise Refused(Code.NOT_ALLOWED, LookupRule.ANOTHER_CHILD)
    reach, named = _whither(asked, again)
    justification = replace(asked.justification, widened_because=because)
    question = Question(child, justification, reach, named)
    _require_within(asked, question, asking, federation)
    return question


def nodes_left_out(
    first: First, question: Question, asking: AgencyId, federation: Federation
) -> frozenset[MemberId]:
    """Return the nodes in reach that a second round does not go to: those of the agencies that gave
    no answer. Other agencies of such a node are left out with them.

    Raises:
        Refused: NOT_ALLOWED, nobody is left to ask, or they are more than a query can leave out.
    """
    in_reach = federation.agencies_in_reach(
        asking.area, question.settled_reach, question.named_areas
    )
    left_out = frozenset(agency.node for agency in in_reach if agency.id in first.gaps)
    if len(left_out) > limits.LEFT_OUT_NODES:
        raise Refused(Code.NOT_ALLOWED, LookupRule.GAPS_TOO_MANY)
    if left_out and left_out == {agency.node for agency in in_reach}:
        raise Refused(Code.NOT_ALLOWED, LookupRule.NOTHING_TO_WIDEN)
    return left_out


def is_same_child(first: Demographics, second: Demographics) -> bool:
    """Return whether a second description is of the same child, by the comparison that nodes use.

    A child that is only possibly the same needs a first lookup of its own (attack: ask about a
    harmless child, and widen about another).
    """
    # By the present names alone: another child may have the first one's among her other names.
    present = [replace(child, other_names=()) for child in (first, second)]
    one, other = (normalise(replace(child, former_postcodes=())) for child in present)
    return one == other or compare(*map(normalise, present)).decision is Decision.MATCH


def _whither(asked: Question, again: Again) -> tuple[Reach, tuple[AreaCode, ...]]:
    if again.reach is not None or again.named_areas:
        reach, named = again.reach or Reach.NAMED, again.named_areas
    elif asked.reach is Reach.NATIONAL_RING:  # wide keys never go there
        reach, named = Reach.AREA_AND_NEIGHBOURS, ()
    else:
        reach, named = asked.settled_reach, asked.named_areas
    if reach is Reach.AREA:
        raise Refused(Code.NOT_ALLOWED, LookupRule.NOTHING_TO_WIDEN)
    return reach, named


def _require_within(
    asked: Question, question: Question, asking: AgencyId, federation: Federation
) -> None:
    """Refuse wide keys in an area where narrow ones were not asked with."""
    first, second = (
        {
            area.code
            for area in federation.areas_in_reach(asking.area, q.settled_reach, q.named_areas)
        }
        for q in (asked, question)
    )
    if not second <= first:
        raise Refused(Code.NOT_ALLOWED, LookupRule.AREA_LEFT_OUT)
