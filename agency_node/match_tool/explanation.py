"""Two records, side by side: which keys each has, whether a question would open, and what decides.

Pure. Nothing is decided here: keys and decision are those of ``fingerpost.private.linkage``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import (
    RULE_DEFINITIONS,
    BlockingKey,
    BlockingRule,
    Comparison,
    Decision,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    compare,
    normalise,
)
from fingerpost.private.linkage.agreement import Weights, shipped_weights

_SCOPE_OF: Final = {one.rule: one.scope for one in RULE_DEFINITIONS}


@unique
class Meeting(Enum):
    """What it takes for a question about one record to open the other."""

    NARROW = "narrow"
    WIDE = "wide"
    NEVER = "never"


@dataclass(frozen=True, slots=True, repr=False)
class OfKind:
    """The keys of one kind: what the left record asks with, what the right one is recorded with, what both have."""

    kind: BlockingRule
    scope: Scope
    asked: tuple[BlockingKey, ...]
    recorded: tuple[BlockingKey, ...]

    @property
    def shared(self) -> tuple[BlockingKey, ...]:
        return tuple(key for key in self.asked if key in self.recorded)

    def __repr__(self) -> str:
        return f"OfKind({self.kind.name})"


@dataclass(frozen=True, slots=True)
class Explanation:
    """``meeting``: the left record asks; ``turned``: the right one does. ``by_sum``: what the sum alone says to the
    thresholds of ``weights``."""

    kinds: tuple[OfKind, ...]
    meeting: Meeting
    turned: Meeting
    compared: Comparison
    by_sum: Decision
    weights: Weights


def explain(left: Demographics, right: Demographics, *, upn: bool = False) -> Explanation:
    """``upn``: whether the agreement lets the pupil number be used."""
    one, other = normalise(left), normalise(right)
    compared = compare(one, other, upn=upn)
    weights = shipped_weights()
    return Explanation(
        _kinds(one, other, upn=upn),
        _meeting(one, other, upn=upn),
        _meeting(other, one, upn=upn),
        compared,
        _by_sum(compared, weights),
        weights,
    )


def _by_sum(compared: Comparison, weights: Weights) -> Decision:
    if compared.weight >= weights.match:
        return Decision.MATCH
    return Decision.POSSIBLE if compared.weight >= weights.possible else Decision.DIFFERENT


def _kinds(one: NormalForm, other: NormalForm, *, upn: bool) -> tuple[OfKind, ...]:
    asked = blocking_keys(one, side=Side.QUERY, scope=Scope.WIDE, upn=upn)
    recorded = blocking_keys(other, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
    return tuple(
        OfKind(
            kind,
            scope,
            tuple(key for key in asked if key.rule is kind),
            tuple(key for key in recorded if key.rule is kind),
        )
        for kind, scope in _SCOPE_OF.items()
        if any(key.rule is kind for key in asked + recorded)
    )


def _meeting(asking: NormalForm, other: NormalForm, *, upn: bool) -> Meeting:
    recorded = set(blocking_keys(other, side=Side.RECORD, scope=Scope.WIDE, upn=upn))
    for scope, meeting in ((Scope.NARROW, Meeting.NARROW), (Scope.WIDE, Meeting.WIDE)):
        asked = blocking_keys(asking, side=Side.QUERY, scope=scope, upn=upn)
        if not recorded.isdisjoint(asked):
            return meeting
    return Meeting.NEVER
