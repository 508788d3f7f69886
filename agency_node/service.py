"""The answering side of the node, on a page: a frame of queries in, sealed answers out.

The order is the guarantee: every query is kept (replay), judged by public facts, looked up agency by agency, recorded
where it opened, and only then sealed. Whatever happens on the way, an agency asked has a word, and a fault's word is
CANNOT_ANSWER. One code path makes every answer: no record, withheld and not permitted differ in nothing that leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node import admission, disclosure, matching
from agency_node.admission import Verdict
from agency_node.answer_ports import Entry, MemberListSource, Peppers, Record, Seen
from agency_node.matching import Examined
from agency_node.ports import Locators, Records
from fingerpost.private.answer import AgencyAnswer, AnswerPart, Pointer
from fingerpost.private.answer_sealing import seal_answer
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Query, SealedAnswer
from fingerpost.protocol.schedule import day_of_slot
from fingerpost.service.logs import Logger


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """One agency's word about one query, before it is sealed."""

    answer: AgencyAnswer
    pointers: tuple[Pointer, ...]
    examined: Examined | None

    def __repr__(self) -> str:
        return f"Word({self.answer.agency})"


class Node:
    """Answers for the agencies in ``upn_keys`` (True: its agreement allows pupil numbers). ``sound``: the golden
    vectors held."""

    def __init__(
        self,
        me: MemberId,
        key: Ed25519PrivateKey,
        upn_keys: Mapping[AgencyId, bool],
        *,
        sound: bool,
        members: MemberListSource,
        peppers: Peppers,
        records: Records,
        locators: Locators,
        seen: Seen,
        record: Record,
        now: Callable[[], float],
        log: Logger,
    ) -> None:
        self._me = me
        self._key = key
        self._upn_keys = upn_keys
        self._sound = sound
        self._members = members
        self._peppers = peppers
        self._records = records
        self._locators = locators
        self._seen = seen
        self._record = record
        self._now = now
        self._log = log
        self._faulty: set[AgencyId] = set()

    @property
    def faulty(self) -> frozenset[AgencyId]:
        """Agencies that a fault of their log or their records has silenced, for the health check."""
        return frozenset(self._faulty)

    def answer(self, frame: Sequence[bytes]) -> tuple[SealedAnswer, ...]:
        """Blocking: run it in a thread. Raises ``Refused(UNTRUSTED_METADATA)`` only when there never was a member
        list."""
        federation = self._members.current
        now = self._now()
        queries = self._read(frame, federation)
        try:
            replayed = self._seen.take(queries, now)
            kept = True
        except Defect:
            # Not kept means that a replay of it would not be known: nobody's index is touched for it.
            replayed, kept = frozenset(), False
            self._log.error("node.seen_failed")
        drafts = [
            (query, part, self._words(query, part, federation, now, replayed, kept=kept))
            for query in queries
            for part in self._parts(query, federation)
        ]
        drafts = self._recorded(drafts, now)
        answers = []
        for query, part, words in drafts:
            parts = self._parts(query, federation)
            answers.append(self._seal(query, parts.index(part), len(parts), words, federation))
        return tuple(answers)

    def _read(self, frame: Sequence[bytes], federation: Federation) -> list[Query]:
        queries: dict[bytes, Query] = {}
        for wire in frame:
            try:
                query = admission.read(wire, federation)
                self._parts(query, federation)
            except Refused as refused:
                self._log.warning("node.query_dropped", error=refused)
                continue
            queries.setdefault(
                query.hash, query
            )  # twice in a frame is a replay, and is answered once
        return list(queries.values())

    def _parts(self, query: Query, federation: Federation) -> tuple[tuple[AgencyId, ...], ...]:
        return admission.parts_asked(query, federation, self._me)

    def _words(
        self,
        query: Query,
        agencies: tuple[AgencyId, ...],
        federation: Federation,
        now: float,
        replayed: frozenset[bytes],
        *,
        kept: bool,
    ) -> list[Word]:
        verdict = admission.judge(query, federation, now, replayed=query.hash in replayed)
        if not (kept and self._sound):
            verdict = Verdict.CANNOT_ANSWER
        return [
            self._look(agency, query, federation, now)
            if verdict.value is None
            else _plain(agency, verdict.value)
            for agency in agencies
        ]

    def _look(self, agency: AgencyId, query: Query, federation: Federation, now: float) -> Word:
        core = query.core
        if agency not in self._upn_keys or agency in self._faulty:
            # In the member list and not in this node's settings; or silenced until somebody has looked, for children it
            # knows and children it does not alike (attack: a fault that shows only where a query opens tells a hit).
            return _plain(agency, Status.CANNOT_ANSWER)
        try:
            generation = self._locators.ready(agency, core.epoch, core.slot)
            if generation is None:
                return _plain(agency, Status.CANNOT_ANSWER)
            slot_key = self._peppers.pepper(core.epoch, day_of_slot(core.slot)).slot_key(core.slot)
            hits = self._locators.find(agency, core.epoch, core.slot, core.locators)
            number = hits[0].generation if hits else generation.number
            examined = matching.examine(
                query,
                hits,
                lambda record: self._records.child(agency, number, record),
                slot_key,
                federation,
                now,
                upn=self._upn_keys[agency],
            )
            told: tuple[Pointer, ...] = ()
            if examined is not None and examined.question is not None:
                told = disclosure.pointers(agency, examined.matched, examined.question.purpose)
        except (
            Refused
        ) as refused:  # not ready after all: a generation or a slot went while we looked
            self._log.warning("node.agency_failed", agency=agency, error=refused)
            return _plain(agency, Status.CANNOT_ANSWER)
        except Defect as defect:
            self._faulty.add(agency)
            self._log.error("node.agency_failed", agency=agency, error=defect)
            return _plain(agency, Status.CANNOT_ANSWER)
        status = Status.INVOLVED if told else Status.NOTHING_TO_DISCLOSE
        word = AgencyAnswer(agency, status, generation.number, generation.as_of)
        return Word(word, told, examined)

    def _recorded(
        self, drafts: list[tuple[Query, tuple[AgencyId, ...], list[Word]]], now: float
    ) -> list[tuple[Query, tuple[AgencyId, ...], list[Word]]]:
        """Record before answer: what an agency's log did not take, that agency does not say."""
        entries = [
            Entry(word.answer.agency, query, word.examined, len(word.pointers), now)
            for query, _, words in drafts
            for word in words
            if word.examined is not None
        ]
        failed = self._record.opened(entries) if entries else frozenset()
        for agency in failed:
            self._faulty.add(agency)
            self._log.error("node.record_failed", agency=agency)
        return [
            (
                query,
                part,
                [
                    _plain(w.answer.agency, Status.CANNOT_ANSWER)
                    if w.answer.agency in failed
                    else w
                    for w in words
                ],
            )
            for query, part, words in drafts
        ]

    def _seal(
        self, query: Query, part: int, parts: int, words: list[Word], federation: Federation
    ) -> SealedAnswer:
        told = disclosure.fill_slots((w.answer.agency, w.pointers) for w in words)
        body = AnswerPart(
            query_hash=query.hash,
            node=self._me,
            metadata_version=federation.version,
            part=part,
            parts=parts,
            agencies=tuple(w.answer for w in words),
            pointers=told,
        )
        return seal_answer(body, query.core.reply_key, self._key)


def _plain(agency: AgencyId, status: Status) -> Word:
    return Word(AgencyAnswer(agency, status, 0, 0), (), None)


EVENTS = {
    "node.query_dropped": frozenset({"error"}),
    "node.seen_failed": frozenset[str](),
    "node.agency_failed": frozenset({"agency", "error"}),
    "node.record_failed": frozenset({"agency"}),
}
