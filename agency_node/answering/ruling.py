"""Which of several records is the child who is asked about. Pure: normal forms in, decisions out.

A node applies this to the records that a question opened at an agency; ``fingerpost-match`` applies the very same to an
agency's files. Of several that match, the best stands with those that are doubles of it, and the others are for a
person to look at: a child is not missed because another record resembles hers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from fingerpost.private.linkage import Comparison, Decision, NormalForm, compare

MOST_CANDIDATES: Final = 32
"""Records compared for one query at one agency. More share a key only where an export is full of doubles."""


class Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


_Id = TypeVar("_Id", bound=Ordered)


@dataclass(frozen=True, slots=True)
class Ruled:
    """``decision``: what is made of the record beside the others; ``compared``: what it is alone."""

    compared: Comparison
    decision: Decision


def likely(shared: Mapping[_Id, int]) -> list[_Id]:
    """Those who share most keys, the most first, at most ``MOST_CANDIDATES``; among equals in the order of ids: if an
    export is so full of doubles that some are left out, the child is not."""
    return sorted(shared, key=lambda one: (-shared[one], one))[:MOST_CANDIDATES]


def rule(asked: NormalForm, forms: Sequence[NormalForm], *, upn: bool) -> list[Ruled]:
    """One decision for each form, in their order. ``upn``: whether the agreement lets the pupil number be used."""
    compared = [compare(asked, form, upn=upn) for form in forms]
    matches = [n for n, one in enumerate(compared) if one.decision is Decision.MATCH]
    best = max(matches, key=lambda n: compared[n].weight, default=None)
    ruled = []
    for n, one in enumerate(compared):
        decision = one.decision
        if best is not None and decision is Decision.MATCH and n != best:
            # Another child who matches too is one for a person to look at; a double of the best is the same child.
            double = compare(forms[best], forms[n], upn=upn).decision is Decision.MATCH
            decision = Decision.MATCH if double else Decision.POSSIBLE
        ruled.append(Ruled(one, decision))
    return ruled
