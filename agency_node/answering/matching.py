"""Decide from hits in an index whether an agency knows the child who is asked about. Pure.

A hit opens the query, which is not yet a match. The opened question must be signed by a
practitioner whose passport holds, the child in it must have the blocking keys that opened it, and
then a full comparison decides.

* POSSIBLE (a twin, a sibling in the same household) is never a match and never a pointer; it is
  recorded, so that the agency's duty desk can look.
* Of several records that match, the best is the MATCH, with the records that are doubles of it; the
  others are POSSIBLE. So a child is not missed because another record resembles hers.
* Demographics that do not have the record's keys are a MISMATCH (attack: a query with the locators
  of one child, so that her agencies open it, and the demographics of another, so that they answer
  for him).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum, unique
from functools import cached_property
from typing import Final

from agency_node.policy.places import Place, place
from agency_node.records.ports import Hit
from agency_node.records.records import ChildRecord, Generation, RecordId
from fingerpost.private.linkage import (
    BlockingKey,
    Decision,
    NormalForm,
    Scope,
    Side,
    blocking_keys,
    normalise,
)
from fingerpost.private.linkage.comparison import decide, likeliest
from fingerpost.private.locators import slot_check, wrap_secret
from fingerpost.private.messages import Question
from fingerpost.private.query_sealing import Opened, open_query, verify_inner
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import KeySet, Query

SCOPES: Final = {KeySet.NARROW: Scope.NARROW, KeySet.WIDE: Scope.WIDE}


@unique
class Finding(Enum):
    """The result of a query that opened at an agency. It is recorded and never on the wire."""

    MATCH = "match"
    POSSIBLE = "possible"
    DIFFERENT = "different"
    MISMATCH = "mismatch"  # the child asked about does not have the keys that opened the query
    REFUSED = "refused"  # the passport, the practitioner's signature or the purpose does not hold
    UNREAD = "unread"  # it holds, and a record that it is about could not be read


@dataclass(frozen=True, slots=True, repr=False)
class Examined:
    """A query that opened. ``question`` is None where it was REFUSED, and ``refusal`` is the code
    that says why. ``matched``, ``possible``: the likeliest first. ``read``: all records that were
    compared with it. ``uncompared``: how many more opened it. ``content_key``: of the query, where
    its question holds. ``fault``: why a record could not be read.
    """

    finding: Finding
    question: Question | None
    matched: tuple[ChildRecord, ...]
    possible: tuple[ChildRecord, ...]
    refusal: Code | None = None
    read: tuple[ChildRecord, ...] = ()
    uncompared: int = 0
    content_key: bytes = b""
    fault: Refused | Defect | None = None

    def __repr__(self) -> str:
        return f"Examined({self.finding.value})"


class Asking:
    """One query while it is looked up at many agencies.

    What is the same for all of them is computed once, and only after the query has opened at one.

    Args:
        slot_key: returns the key of the query's epoch and slot, 32 bytes; raises
            ``Refused(NOT_READY)`` where there is no pepper.
    """

    def __init__(
        self, query: Query, federation: Federation, now: float, slot_key: Callable[[], bytes]
    ) -> None:
        self.query = query
        self._federation = federation
        self._now = now
        self._make_slot_key = slot_key
        self._question: Question | Refused | None = None
        self._form: NormalForm | None = None
        self._keys: dict[bool, frozenset[BlockingKey]] = {}

    def __repr__(self) -> str:
        return "Asking(…)"

    @cached_property
    def day(self) -> date:
        """The day (UTC) by which agreements are read."""
        return datetime.fromtimestamp(self._now, UTC).date()

    @cached_property
    def slot_key(self) -> bytes:
        return self._make_slot_key()

    @cached_property
    def slot_check(self) -> bytes:
        return slot_check(self.slot_key)

    def question(self, opened: Opened) -> Question:
        """Return the verified question. Raises ``Refused`` as ``verify_inner``.

        Every agency that opens a query opens the same bytes (kc commits to K, and K seals one
        body), so one verification serves all of them.
        """
        if self._question is None:
            try:
                self._question = verify_inner(opened, self.query, self._federation, now=self._now)
            except Refused as refused:
                self._question = refused
        if isinstance(self._question, Refused):
            raise self._question
        return self._question

    def is_too_old(self, agency: AgencyId, generation: Generation) -> bool:
        """Return whether an agency's records are older than the parameters allow."""
        return self._federation.feed_life(agency, generation.as_of).is_over(self._now)

    def place(self, agency: AgencyId, question: Question, matched: Sequence[ChildRecord]) -> Place:
        """Return what the place of an agency with these records lets it say."""
        named, found = self.query.core.named_areas, [child.demographics for child in matched]
        return place(agency, question, named, found, self._federation)

    def form(self, question: Question) -> NormalForm:
        if self._form is None:
            self._form = normalise(question.demographics)
        return self._form

    def keys(self, question: Question, *, upn: bool) -> frozenset[BlockingKey]:
        """Return the keys that the locators of an honest requester are made of.

        Whether she may use the pupil number is not known here, and its key takes the place of her
        last one. So where it is used here, they are her keys with it and her keys without it.
        """
        known = self._keys.get(upn)
        if known is None:
            scope = SCOPES[self.query.core.key_set]
            form = self.form(question)
            known = frozenset(
                key
                for used in {False, upn}
                for key in blocking_keys(form, side=Side.QUERY, scope=scope, upn=used)
            )
            self._keys[upn] = known
        return known


def examine(
    asking: Asking, hits: Sequence[Hit], child: Callable[[RecordId], ChildRecord], *, upn: bool
) -> Examined | None:
    """Open the query by its hits, verify it, and compare it with the records that share a key.

    Args:
        hits: where the query's locators are in the agency's table.
        child: reads one record; raises ``Refused`` or ``Defect`` where it cannot be read.
        upn: whether pupil numbers are among the agency's keys.

    Returns:
        None when the query did not open here: then this agency has seen 32 random-looking locators
        and nothing else.
    """
    opened: Opened | None = None
    unreadable: Code | None = None
    candidates: Counter[RecordId] = Counter()
    for hit in hits:
        try:
            this = open_query(asking.query, hit.position, wrap_secret(asking.slot_key, hit.tag))
        except Refused as refused:
            # BAD_SEAL: a locator that is equal by chance, or one that was wrapped badly. The query
            # does not open here. Any other code: the wrap gave a key, so whoever made it knows the
            # child's tag.
            if refused.code is not Code.BAD_SEAL:
                unreadable = unreadable or refused.code
            continue
        opened = opened or this
        candidates.update(hit.records)
    if opened is None:
        # Attack: a question about a child that is written so that no agency can read it, and so
        # that none records it.
        return Examined(Finding.REFUSED, None, (), (), unreadable) if unreadable else None
    try:
        question = asking.question(opened)
    except Refused as refused:
        return Examined(Finding.REFUSED, None, (), (), refused.code)
    likely = likeliest(candidates)
    try:
        records = [child(record) for record in likely]
    except (Refused, Defect) as fault:
        # Attack: a question that no log holds, because a record it is about is damaged or was
        # deleted while it was read.
        decided = Examined(Finding.UNREAD, question, (), (), fault=fault)
    else:
        form, keys = asking.form(question), asking.keys(question, upn=upn)
        decided = _decide(question, form, keys, records, upn)
    uncompared = len(candidates) - len(likely)
    return replace(decided, uncompared=uncompared, content_key=opened.content_key)


def _decide(
    question: Question,
    asked: NormalForm,
    asked_keys: frozenset[BlockingKey],
    records: Sequence[ChildRecord],
    upn: bool,
) -> Examined:
    found: list[ChildRecord] = []
    forms: list[NormalForm] = []
    for record in records:
        form = normalise(record.demographics)
        own = blocking_keys(form, side=Side.RECORD, scope=Scope.WIDE, upn=upn)
        if not asked_keys.isdisjoint(own):
            found.append(record)
            forms.append(form)
    if not found:
        return Examined(Finding.MISMATCH, question, (), (), read=tuple(records))
    by_decision: dict[Decision, list[ChildRecord]] = {decision: [] for decision in Decision}
    ruled = zip(found, decide(asked, forms, upn=upn), strict=True)
    # A desk reads from the top, and only so many are named: the likeliest come first.
    for record, ruling in sorted(ruled, key=lambda each: -each[1].compared.weight):
        by_decision[ruling.decision].append(record)
    sure, possible = by_decision[Decision.MATCH], by_decision[Decision.POSSIBLE]
    finding = Finding.MATCH if sure else Finding.POSSIBLE if possible else Finding.DIFFERENT
    return Examined(finding, question, tuple(sure), tuple(possible), read=tuple(records))
