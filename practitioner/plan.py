"""Which queries make up one lookup. Pure.

A narrow query goes to all in reach. A wider set of keys is used only towards the asker's own area, where the records of
children live near the question and exposure is smallest; it holds the strongest narrow keys too, so that a lookup of
reach AREA is one query. Every agency in reach is asked by some query, or the lookup is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.private.identity import MatchKey, NormalForm, Scope, Side, match_keys
from fingerpost.private.purpose_rules import require_permitted
from fingerpost.protocol import limits
from fingerpost.protocol.codes import PURPOSES, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AreaCode
from fingerpost.protocol.messages import KeySet
from practitioner.outcome import Question


@dataclass(frozen=True, slots=True, repr=False)
class PlannedQuery:
    """``keys``: positions in ``Plan.keys``."""

    reach: Reach
    named_areas: tuple[AreaCode, ...]
    key_set: KeySet
    keys: tuple[int, ...]

    def __repr__(self) -> str:
        return f"PlannedQuery({self.reach.name}, {self.key_set.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """``keys``: all match keys of the lookup, none twice, at most 32: one evaluation serves every query."""

    reach: Reach
    keys: tuple[MatchKey, ...]
    queries: tuple[PlannedQuery, ...]

    def __repr__(self) -> str:
        return f"Plan({self.reach.name}, {len(self.queries)} queries)"


def plan(question: Question, form: NormalForm, subject: str, *, upn: bool) -> Plan:
    """Raises ``Refused``: NOT_ALLOWED (purpose, reach, reference, approver), WEAK_INPUT (no key can be made, or none
    that is narrow enough for a reach beyond the own area)."""
    reach = question.reach or PURPOSES[question.purpose].default_reach
    named = tuple(sorted(set(question.named_areas))) if reach is Reach.NAMED else ()
    if reach is Reach.NAMED and not named:
        raise Refused(Code.NOT_ALLOWED, "named areas are missing")
    if reach is not Reach.NAMED and question.named_areas:
        raise Refused(Code.NOT_ALLOWED, "named areas with another reach")

    sets: dict[KeySet, tuple[MatchKey, ...]] = {}
    if reach is not Reach.AREA:
        sets[KeySet.NARROW] = match_keys(form, side=Side.QUERY, scope=Scope.NARROW, upn=upn)
    if reach is not Reach.NAMED:
        sets[KeySet.WIDE] = match_keys(form, side=Side.QUERY, scope=Scope.WIDE, upn=upn)
    if not all(sets.values()):
        # Asking the own area alone would leave the others out of the outcome, as if nobody had wanted them.
        raise Refused(Code.WEAK_INPUT, "no match key for this reach")
    keys = tuple(dict.fromkeys(key for wanted in sets.values() for key in wanted))
    keys = keys[: limits.LOCATORS]
    place = {key: i for i, key in enumerate(keys)}
    queries = [
        # Only keys of the set that the query states: a node derives that set anew, and takes what another key found for
        # a mismatch.
        PlannedQuery(
            reach if key_set is KeySet.NARROW else Reach.AREA,
            named if key_set is KeySet.NARROW else (),
            key_set,
            tuple(place[key] for key in wanted if key in place),
        )
        for key_set, wanted in sets.items()
    ]
    for query in queries:
        require_permitted(
            question.purpose,
            query.reach,
            query.key_set,
            reason_reference=question.reason_reference,
            approver=question.approver,
            subject=subject,
        )
    return Plan(reach, keys, tuple(queries))
