"""The answering side of the node, on a page: a frame of queries in, sealed answers out.

The order is the guarantee: every query is kept (replay), judged by public facts, looked up agency by agency, recorded
where it opened, and only then sealed. Whatever happens on the way, an agency asked has a word, and a fault's word is
CANNOT_ANSWER. One code path makes every answer: no record, withheld and not permitted differ in nothing that leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering import admission, disclosure, matching
from agency_node.answering.admission import Parts, Reaches, Verdict
from agency_node.answering.matching import Asking, Examined
from agency_node.answering.ports import Entry, MemberListSource, Peppers, Record, Seen
from agency_node.records.ports import Locators, Records
from fingerpost.private.answer import AgencyAnswer, AnswerPart, Pointer
from fingerpost.private.answer_sealing import seal_answer
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Query, SealedAnswer
from fingerpost.protocol.schedule import day_of_slot
from fingerpost.runtime.logs import Logger


@dataclass(frozen=True, slots=True, repr=False)
class Word:
    """One agency's word about one query, before it is sealed. ``pointers``: all it might tell; slots are few."""

    answer: AgencyAnswer
    pointers: tuple[Pointer, ...] = ()
    examined: Examined | None = None

    def __repr__(self) -> str:
        return f"Word({self.answer.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """One part of the answer to one query. ``told``: the pointers that leave."""

    query: Query
    part: int
    parts: int
    words: tuple[Word, ...]
    told: tuple[Pointer, ...]

    def __repr__(self) -> str:
        return f"Draft({self.part} of {self.parts})"

    def without(self, silenced: frozenset[AgencyId]) -> Draft:
        """What is left to say when these may not."""
        words = tuple(
            _plain(word.answer.agency, Status.CANNOT_ANSWER)
            if word.answer.agency in silenced
            else word
            for word in self.words
        )
        told = tuple(pointer for pointer in self.told if pointer.agency not in silenced)
        return replace(self, words=words, told=told)


class Node:
    """Answers for the agencies in ``upn_keys`` (True: its agreement allows pupil numbers). ``sound``: the golden
    vectors held. ``faulty``: those whose log cannot be written, from the start.

    ``answer`` is for one thread at a time.
    """

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
        faulty: Iterable[AgencyId] = (),
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
        self._faulty: set[AgencyId] = set(faulty)
        self._keeping = True
        self._reaches: Reaches | None = None

    @property
    def sound(self) -> bool:
        """Whether it can say anything but "cannot answer": golden vectors, and the store of what was seen."""
        return self._sound and self._keeping

    @property
    def faulty(self) -> frozenset[AgencyId]:
        """Agencies that a fault of their log or their records has silenced, for the health check."""
        return frozenset(self._faulty)

    def answer(
        self, frame: Sequence[bytes], *, overloaded: bool = False
    ) -> tuple[SealedAnswer, ...]:
        """Blocking: run it in a thread. ``overloaded``: there is no time to look, so no index is touched.

        Raises ``Refused(UNTRUSTED_METADATA)`` only when there never was a member list."""
        federation = self._members.current
        now = self._now()
        queries = self._read(frame, federation)
        try:
            replayed = self._seen.take([query for query, _ in queries], now)
            self._keeping = True
        except Defect as defect:
            # Not kept means that a replay of it would not be known: nobody's index is touched for it.
            replayed, self._keeping = frozenset(), False
            self._log.error("node.seen_failed", error=defect)
        drafts = [
            self._draft(query, part, len(parts), agencies, federation, now, verdict)
            for query, parts in queries
            for verdict in (self._judged(query, federation, now, replayed, overloaded),)
            for part, agencies in enumerate(parts)
        ]
        silenced = self._record_all(drafts, federation, now)
        answers: list[SealedAnswer] = []
        for draft in drafts:
            try:
                answers.append(self._seal(draft.without(silenced), federation))
            except Refused as refused:  # a reply key that is none: public, and its asker's alone
                self._log.warning("node.query_dropped", error=refused)
        return tuple(answers)

    def _read(self, frame: Sequence[bytes], federation: Federation) -> list[tuple[Query, Parts]]:
        if self._reaches is None or not self._reaches.is_of(federation):
            self._reaches = Reaches(federation, self._me)
        queries: dict[bytes, tuple[Query, Parts]] = {}
        # Twice in a frame is a replay, and is answered once; before the signature, so that a copy costs nothing.
        for wire in dict.fromkeys(frame):
            try:
                query = admission.read(wire, federation)
                queries.setdefault(query.hash, (query, self._reaches.parts(query)))
            except Refused as refused:
                self._log.warning("node.query_dropped", error=refused)
        return list(queries.values())

    def _judged(
        self,
        query: Query,
        federation: Federation,
        now: float,
        replayed: frozenset[bytes],
        overloaded: bool,
    ) -> Verdict:
        if not self.sound:
            return Verdict.CANNOT_ANSWER
        if overloaded:
            return Verdict.TRY_AGAIN
        return admission.judge(query, federation, now, replayed=query.hash in replayed)

    def _draft(
        self,
        query: Query,
        part: int,
        parts: int,
        agencies: tuple[AgencyId, ...],
        federation: Federation,
        now: float,
        verdict: Verdict,
    ) -> Draft:
        asking = Asking(query, federation, now, lambda: self._slot_key(query))
        words = tuple(
            self._look(agency, asking) if verdict.value is None else _plain(agency, verdict.value)
            for agency in agencies
        )
        told = disclosure.fill_slots((word.answer.agency, word.pointers) for word in words)
        return Draft(query, part, parts, words, told)

    def _slot_key(self, query: Query) -> bytes:
        core = query.core
        return self._peppers.pepper(core.epoch, day_of_slot(core.slot)).slot_key(core.slot)

    def _look(self, agency: AgencyId, asking: Asking) -> Word:
        core = asking.query.core
        if agency not in self._upn_keys or agency in self._faulty:
            # In the member list and not in this node's settings; or silenced until somebody has looked, for children it
            # knows and children it does not alike (attack: a fault that shows only where a query opens tells a hit).
            return _plain(agency, Status.CANNOT_ANSWER)
        examined: Examined | None = None
        try:
            generation = self._locators.ready(agency, core.epoch, core.slot)
            if (
                generation is None
                or generation.normalisation_version != core.normalisation_version
                or asking.slot_check != core.slot_check
            ):
                # Not imported, imported under another normal form, or under another pepper: whatever is asked
                # would meet
                # nothing here. That is no "no", and it is said alike for every child, before the index is touched.
                return _plain(agency, Status.CANNOT_ANSWER)
            hits = self._locators.find(agency, core.epoch, core.slot, core.locators)
            number = hits[0].generation if hits else generation.number
            examined = matching.examine(
                asking,
                hits,
                lambda record: self._records.child(agency, number, record),
                upn=self._upn_keys[agency],
            )
            told = _may_tell(agency, examined)
        except (Refused, Defect) as error:
            # Refused: not ready after all, a generation or a slot went while we looked. If it opened, it is recorded.
            if isinstance(error, Defect):
                self._faulty.add(agency)
            self._log.error("node.agency_failed", agency=agency, error=error)
            return replace(_plain(agency, Status.CANNOT_ANSWER), examined=examined)
        status = Status.INVOLVED if told else Status.NOTHING_TO_DISCLOSE
        return Word(AgencyAnswer(agency, status, number, generation.as_of), told, examined)

    def _record_all(
        self, drafts: Sequence[Draft], federation: Federation, now: float
    ) -> frozenset[AgencyId]:
        """Record before answer. Returns the agencies whose log did not take it: they say nothing of it."""
        entries = [
            Entry(
                agency=word.answer.agency,
                query=draft.query,
                examined=word.examined,
                generation=word.answer.generation,
                status=word.answer.status,
                told=sum(pointer.agency == word.answer.agency for pointer in draft.told),
                at=now,
                asker=federation.agency(draft.query.core.agency),
            )
            for draft in drafts
            for word in draft.words
            if word.examined is not None
        ]
        failed = self._record.opened(entries) if entries else frozenset()
        for agency in failed:
            self._faulty.add(agency)
            self._log.error("node.record_failed", agency=agency)
        return failed

    def _seal(self, draft: Draft, federation: Federation) -> SealedAnswer:
        body = AnswerPart(
            query_hash=draft.query.hash,
            node=self._me,
            metadata_version=federation.version,
            part=draft.part,
            parts=draft.parts,
            agencies=tuple(word.answer for word in draft.words),
            pointers=draft.told,
        )
        return seal_answer(body, draft.query.core.reply_key, self._key)


def _may_tell(agency: AgencyId, examined: Examined | None) -> tuple[Pointer, ...]:
    if examined is None or examined.question is None:
        return ()
    return disclosure.pointers(
        agency, examined.matched, examined.question.purpose, possible=examined.possible
    )


def _plain(agency: AgencyId, status: Status) -> Word:
    return Word(AgencyAnswer(agency, status, 0, 0))


EVENTS: Final = {
    "node.query_dropped": frozenset({"error"}),
    "node.seen_failed": frozenset({"error"}),
    "node.agency_failed": frozenset({"agency", "error"}),
    "node.record_failed": frozenset({"agency"}),
}
