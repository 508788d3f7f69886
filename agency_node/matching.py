"""From hits in an index to the child who is asked about, or to nothing. Pure.

A hit opens the query; that is not yet a match. What was opened must be signed by a practitioner whose passport
holds, it must lead back to the very keys that opened it, and a full comparison decides.

* POSSIBLE (a twin, a sibling in the same household) is never a match and never a pointer; it is recorded, so that the
  agency's duty desk can look.
* Two records that both match and are not the same child are POSSIBLE, both (what software must never do: point
  at another child's practitioner).
* Demographics that do not lead to the record's keys are a mismatch (attack: locators of one child, so that her agencies
  open it, and the demographics of another, so that they answer for him).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from itertools import combinations
from typing import Final

from agency_node.ports import Hit
from agency_node.records import ChildRecord, RecordId
from fingerpost.private.identity import (
    Decision,
    NormalForm,
    Scope,
    Side,
    compare,
    match_keys,
    normalise,
)
from fingerpost.private.inner import Question
from fingerpost.private.locators import wrap_secret
from fingerpost.private.query_sealing import Opened, open_query, verify_inner
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.messages import KeySet, Query

MOST_CANDIDATES: Final = 64
"""Records compared for one query at one agency. More share a key only where an export is full of doubles."""

SCOPES: Final = {KeySet.NARROW: Scope.NARROW, KeySet.WIDE: Scope.WIDE}


@unique
class Finding(Enum):
    """What came of a query that opened at an agency. Recorded; never on the wire."""

    MATCH = "match"
    POSSIBLE = "possible"
    DIFFERENT = "different"
    MISMATCH = "mismatch"  # what opened it is not what it asks about
    REFUSED = "refused"  # passport, practitioner's signature, purpose


@dataclass(frozen=True, slots=True, repr=False)
class Examined:
    """A query that opened. ``question`` is None where it was REFUSED; ``refusal`` says why, as a code."""

    finding: Finding
    question: Question | None
    matched: tuple[ChildRecord, ...]
    possible: tuple[ChildRecord, ...]
    refusal: Code | None = None

    def __repr__(self) -> str:
        return f"Examined({self.finding.value})"


def examine(
    query: Query,
    hits: Sequence[Hit],
    child: Callable[[RecordId], ChildRecord],
    slot_key: bytes,
    federation: Federation,
    now: float,
    *,
    upn: bool,
) -> Examined | None:
    """None when the query did not open here: then this agency has seen nothing but 32 random-looking locators."""
    opened: Opened | None = None
    candidates: dict[RecordId, None] = {}
    for hit in hits:
        try:
            this = open_query(query, hit.position, wrap_secret(slot_key, hit.tag))
        except Refused:
            continue  # a locator by chance, or an asker who wraps badly: it does not open here
        opened = opened or this
        candidates.update(dict.fromkeys(hit.records))
    if opened is None:
        return None
    try:
        question = verify_inner(opened, query, federation, now=now)
    except Refused as refused:
        return Examined(Finding.REFUSED, None, (), (), refused.code)
    return _decide(query, question, [child(r) for r in sorted(candidates)[:MOST_CANDIDATES]], upn)


def _decide(
    query: Query, question: Question, records: Sequence[ChildRecord], upn: bool
) -> Examined:
    asked = normalise(question.demographics)
    asked_keys = set(match_keys(asked, side=Side.QUERY, scope=SCOPES[query.core.key_set], upn=upn))
    matched: list[tuple[ChildRecord, NormalForm]] = []
    possible: list[ChildRecord] = []
    derived = 0
    for record in records:
        form = normalise(record.demographics)
        own = match_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
        if asked_keys.isdisjoint(own):
            continue
        derived += 1
        match compare(asked, form).decision:
            case Decision.MATCH:
                matched.append((record, form))
            case Decision.POSSIBLE:
                possible.append(record)
            case Decision.DIFFERENT:
                pass
    if not derived:
        return Examined(Finding.MISMATCH, question, (), ())
    if any(
        compare(one, other).decision is not Decision.MATCH
        for (_, one), (_, other) in combinations(matched, 2)
    ):
        possible = [record for record, _ in matched] + possible
        matched = []
    finding = Finding.MATCH if matched else Finding.POSSIBLE if possible else Finding.DIFFERENT
    return Examined(finding, question, tuple(r for r, _ in matched), tuple(possible))
