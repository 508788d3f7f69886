"""Answer a frame of queries with sealed answers: the answering side of the node, on a page.

The order is the guarantee. A query is judged by public facts (a replay among them) and looked up
agency by agency; then the hashes of all queries of the frame and what opened are written in one
commit, and only then they are answered. Whatever fails, every agency that is asked answers, and a
fault makes its answer CANNOT_ANSWER. One code path makes every answer: what leaves for "no record",
"withheld" and "not permitted" is the same in text, size and time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from agency_node.answering import admission, disclosure, matching
from agency_node.answering.admission import Lists, Parts, Reaches, Verdict
from agency_node.answering.load import Load
from agency_node.answering.matching import Asking, Examined
from agency_node.answering.pages import NOT_RULED, Entry, Ruled
from agency_node.answering.ports import Journal
from agency_node.desks.duty import AgencyDesks, as_of_now
from agency_node.policy.agreement import Agreement
from agency_node.reading.ports import Rest, never_rest
from agency_node.reading.ticks import Tally
from agency_node.records.meeting import Known
from agency_node.records.ports import Locators, Records
from agency_node.records.records import Generation
from fingerpost.membership.ports import Members
from fingerpost.private.locators import Peppers
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Pointer
from fingerpost.private.notes import note_key
from fingerpost.private.query_sealing import seal_answer
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Cannot, Status
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Query, SealedAnswer, day_of_slot
from fingerpost.runtime.logs import Logger

LISTS_AT_ONCE: Final = 4
"""Of so many member lists the reaches are kept ready."""
REPORT_SECONDS: Final = 10.0
FRUITLESS_QUERIES: Final = 20
FRUITLESS_SECONDS: Final = 60.0
"""So many queries without a signature, stale or seen before are worth a report, and one in so many
seconds (attack: a broker sends them to find out how the node works on the query behind them)."""

Judged = tuple[Query, Federation, Parts, Verdict]


@dataclass(frozen=True, slots=True, repr=False)
class DraftAnswer:
    """One agency's answer to one query, before it is sealed.

    ``pointers``: all that it may disclose. A part has few slots, so not all of them may leave.
    ``import_``: the number of the import that was read. The answer says when the newest was
    completed, the same for every child. ``ruled``: by which agreement, and not yet what
    leaves.
    """

    answer: AgencyAnswer
    pointers: tuple[Pointer, ...] = ()
    examined: Examined | None = None
    import_: int = 0
    ruled: Ruled = NOT_RULED

    def __repr__(self) -> str:
        return f"DraftAnswer({self.answer.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class DraftPart:
    """One part of the answers to one query. ``metadata_version``: of the list that it was judged
    by. ``disclosed``: of each answer, the pointers that leave."""

    query: Query
    metadata_version: int
    part: int
    parts: int
    answers: tuple[DraftAnswer, ...]
    disclosed: tuple[tuple[Pointer, ...], ...]

    def __repr__(self) -> str:
        return f"DraftPart({self.part} of {self.parts})"

    def nothing(self) -> DraftPart:
        """Return the part in which every agency answers CANNOT_ANSWER."""
        answers = tuple(_cannot(drafted.answer.agency, Cannot.FAULT) for drafted in self.answers)
        return replace(self, answers=answers, disclosed=((),) * len(answers))


class Node:
    """Answer for the agencies of this node. ``answer`` may be called by one thread at a time.

    Args:
        upn_keys: this node's agencies; True where the agency's agreement allows pupil numbers as
            keys.
        sound: whether the golden vectors held in this process.
        faulty: the agencies whose audit log cannot be written, from the start.
        shields: returns what is known of an agency's register of shields; None where it cannot be
            read.
        agreements: returns an agency's agreement; None where it cannot be read.
        note_secret: of H(query), what the answer gives the requester for notes.
        wrong_numbers: of an agency, by number who reported that it is wrong.
        missed: whether the node missed a marked record of this import of an agency
            (``self_test``): what it does not find says nothing.
        desks: what is known of an agency's desks and days, for every child alike.
        rest: is called before each step of the work.
        speaks: the revisions of the wire that this node speaks.
    """

    def __init__(
        self,
        me: MemberId,
        key: Ed25519PrivateKey,
        upn_keys: Mapping[AgencyId, bool],
        *,
        sound: bool,
        members: Members,
        peppers: Peppers,
        records: Records,
        locators: Locators,
        shields: Callable[[AgencyId], Known | None],
        agreements: Callable[[AgencyId], Agreement | None],
        journal: Journal,
        now: Callable[[], float],
        log: Logger,
        note_secret: Callable[[bytes], bytes],
        wrong_numbers: Callable[[AgencyId], Mapping[str, frozenset[AgencyId]]],
        missed: Callable[[AgencyId, int], bool],
        desks: Callable[[AgencyId], AgencyDesks],
        rest: Rest = never_rest,
        faulty: Iterable[AgencyId] = (),
        speaks: Collection[int] = limits.REVISIONS,
    ) -> None:
        self._me = me
        self._key = key
        self._upn_keys = upn_keys
        self._sound = sound
        self._members = members
        self._peppers = peppers
        self._records = records
        self._locators = locators
        self._shields = shields
        self._agreements = agreements
        self._journal = journal
        self._now = now
        self._log = log
        self._note_secret = note_secret
        self._wrong_numbers = wrong_numbers
        self._missed = missed
        self._desks = desks
        self._rest = rest
        self._speaks = speaks
        self._faulty: set[AgencyId] = set(faulty)
        self._keeping = True
        self._lists = Lists()
        self._noting = threading.Lock()
        self._reaches: dict[int, Reaches] = {}
        self._dropped, self._overloaded = Tally(1, REPORT_SECONDS), Tally(1, REPORT_SECONDS)
        self._fruitless = Tally(FRUITLESS_QUERIES, FRUITLESS_SECONDS)

    @property
    def sound(self) -> bool:
        """Whether any answer but CANNOT_ANSWER is possible: the golden vectors and the journal
        hold.
        """
        return self._sound and self._keeping

    @property
    def faulty(self) -> frozenset[AgencyId]:
        """The agencies that a fault of their log or their records keeps from answering; for the
        health check.
        """
        return frozenset(self._faulty)

    def silence(self, agencies: Iterable[AgencyId]) -> None:
        """Answer CANNOT_ANSWER for agencies whose log could not be written, until an operator has
        mended it. It may be called from any thread."""
        for agency in agencies:
            if agency not in self._faulty:
                self._faulty.add(agency)
                self._log.error("node.record_failed", agency=agency)

    def note_list(self, federation: Federation) -> None:
        """Take a new member list when it comes, so that the one before it is known for a while. It
        may be called from any thread."""
        with self._noting:
            self._lists.note(federation, self._now())

    def answer(self, frame: Sequence[bytes], load: Load | None = None) -> tuple[SealedAnswer, ...]:
        """Answer the queries of one frame. Blocking: run it in a thread.

        Args:
            frame: the queries as received, 8,192 bytes each.
            load: it says what there is time to look up; no index is touched for the rest. None:
                there is time for all.

        Raises:
            Refused: UNTRUSTED_METADATA, only when there never was a member list.

        Returns:
            The sealed parts, each of a size that follows from how many agencies it covers. A query
            that cannot be trusted has none.
        """
        now = self._now()
        newest = self._members.current
        self.note_list(newest)
        queries = self._read(frame, newest, now)
        replayed = self._known([query for query, _, _ in queries])
        judged = [
            (query, federation, parts, self._judged(query, federation, now, replayed))
            for query, federation, parts in queries
        ]
        self._report(frame, judged, now)
        judged = list(self._in_time(judged, load or Load(), now))
        drafts = [
            self._draft(query, part, len(parts), agencies, federation, now, verdict)
            for query, federation, parts, verdict in judged
            for part, agencies in enumerate(parts)
        ]
        kept = self._write(judged, drafts, now) and replayed is not None
        self._keeping = kept
        answers: list[SealedAnswer] = []
        for draft in drafts:
            self._rest()
            try:
                answers.append(self._seal(draft if kept else draft.nothing()))
            except Refused as refused:
                # The reply key is not valid: a public fact that harms its requester alone.
                self._report_dropped(refused, now)
        return tuple(answers)

    def _read(
        self, frame: Sequence[bytes], newest: Federation, now: float
    ) -> list[tuple[Query, Federation, Parts]]:
        """Return the queries that can be trusted, each with the member list to judge it by and the
        parts of its answer."""
        queries: dict[bytes, tuple[Query, Federation, Parts]] = {}
        # A query that is in a frame twice is a replay and is answered once. Copies go before the
        # signature is checked, so that a copy costs nothing.
        for wire in dict.fromkeys(frame):
            self._rest()
            try:
                query = admission.read(wire, newest, self._speaks)
                federation = self._lists.of(query.core.metadata_version, now) or newest
                parts = self._reach(federation).parts(query)
                queries.setdefault(query.core_hash, (query, federation, parts))
            except Refused as refused:
                self._report_dropped(refused, now)
        return list(queries.values())

    def _report_dropped(self, refused: Refused, now: float) -> None:
        due = self._dropped.count(now, queries=1)
        if due is not None:
            self._log.warning("node.query_dropped", error=refused, **due)

    def _reach(self, federation: Federation) -> Reaches:
        known = self._reaches.get(federation.version)
        if known is None or not known.is_of(federation):
            known = self._reaches[federation.version] = Reaches(federation, self._me)
            for version in sorted(self._reaches)[:-LISTS_AT_ONCE]:
                del self._reaches[version]
        return known

    def _judged(
        self,
        query: Query,
        federation: Federation,
        now: float,
        replayed: frozenset[bytes] | None,
    ) -> Verdict:
        if not self._sound or replayed is None:
            return Verdict.FAULT
        return admission.judge(query, federation, now, replayed=query.core_hash in replayed)

    def _in_time(self, judged: Sequence[Judged], load: Load, now: float) -> Iterator[Judged]:
        """Yield the queries; those that there is no time to look up with TRY_AGAIN."""
        refused = 0
        for query, federation, parts, verdict in judged:
            agencies = sum(map(len, parts))
            if verdict is not Verdict.LOOK:
                load.refuses(len(parts))
            elif not load.looks_up(agencies, len(parts)):
                verdict, refused = Verdict.TRY_AGAIN, refused + 1
            yield query, federation, parts, verdict
        due = self._overloaded.count(now, queries=refused)
        if due is not None:
            self._log.warning("node.overloaded", **due)

    def _report(self, frame: Sequence[bytes], judged: Sequence[Judged], now: float) -> None:
        """Report runs of queries that come to nothing. Only counts are written."""
        stale = sum(verdict is Verdict.TRY_AGAIN for *_, verdict in judged)
        due = self._fruitless.count(now, untrusted=len(frame) - len(judged), stale=stale)
        if due is not None:
            self._log.warning("node.fruitless_queries", **due)

    def _draft(
        self,
        query: Query,
        part: int,
        parts: int,
        agencies: tuple[AgencyId, ...],
        federation: Federation,
        now: float,
        verdict: Verdict,
    ) -> DraftPart:
        asking = Asking(query, federation, now, lambda: self._slot_key(query))
        answers = tuple(
            self._look(agency, asking, now) if verdict is Verdict.LOOK else _alike(agency, verdict)
            for agency in agencies
        )
        disclosed = disclosure.fill_slots([drafted.pointers for drafted in answers])
        return DraftPart(query, federation.version, part, parts, answers, disclosed)

    def _slot_key(self, query: Query) -> bytes:
        core = query.core
        return self._peppers.pepper(core.epoch, day_of_slot(core.slot)).slot_key(core.slot)

    def _look(self, agency: AgencyId, asking: Asking, now: float) -> DraftAnswer:
        self._rest()
        core = asking.query.core
        shields, agreement = self._shields(agency), self._agreements(agency)
        in_force = agreement.answering(asking.day) if agreement is not None else None
        known = agency in self._upn_keys and agency not in self._faulty
        if not known or shields is None or agreement is None or in_force is None:
            # The agency is in the member list and not in this node's settings, or a fault keeps it
            # from answering until an operator has mended it: of its log, its register of shields,
            # its agreement. All hold for every child alike (attack: a fault that shows only where a
            # query opens discloses that it opened).
            return _cannot(agency, Cannot.FAULT)
        examined: Examined | None = None
        try:
            # What follows down to the index is the same for every child. No query would find
            # anything here, or not what it should, and that is not a "no".
            generation = self._locators.ready(agency, core.epoch, core.slot)
            if generation is None:
                return _cannot(agency, Cannot.NOT_READY)
            if generation.normalisation_version != core.normalisation_version:
                return _cannot(agency, Cannot.VERSION)
            if asking.slot_check != core.slot_check:  # another pepper
                return _cannot(agency, Cannot.FAULT)
            if asking.is_too_old(agency, generation):
                return _cannot(agency, Cannot.TOO_OLD, generation)
            hits = self._locators.find(agency, core.epoch, core.slot, core.locators)
            number = hits[0].generation if hits else generation.number
            examined = matching.examine(
                asking,
                hits,
                lambda record: self._records.child(agency, number, record),
                upn=self._upn_keys[agency],
            )
            if examined is not None and examined.fault is not None:
                raise examined.fault
            self._rest()
            wrong = self._wrong_numbers(agency)
            contact = partial(as_of_now, agency=self._desks(agency), now=now)
            upn = self._upn_keys[agency]
            disclosed = disclosure.may_disclose(
                agency, asking, examined, shields, in_force, wrong, contact, upn=upn
            )
        except (Refused, Defect) as error:
            # Refused: a generation or a slot was deleted while it was read. If the query opened, it
            # is recorded.
            if isinstance(error, Defect):
                self._faulty.add(agency)
            self._log.error("node.agency_failed", agency=agency, error=error)
            return replace(_cannot(agency, Cannot.FAULT), examined=examined)
        if not disclosed.pointers and self._missed(agency, number):
            # The same for every child of whom nothing is disclosed, for whatever reason.
            return replace(_cannot(agency, Cannot.FAULT), examined=examined, import_=number)
        status = Status.INVOLVED if disclosed.pointers else Status.NOTHING_TO_DISCLOSE
        quality = generation.quality if core.revision >= limits.SECOND_REVISION else None
        answer = AgencyAnswer(
            agency, status, generation.completed_at, generation.as_of, quality=quality
        )
        ruled = Ruled(bytes.fromhex(agreement.version), disclosed.rules, disclosed.withheld)
        return DraftAnswer(answer, disclosed.pointers, examined, number, ruled)

    def _known(self, queries: Sequence[Query]) -> frozenset[bytes] | None:
        """Return the hashes of queries that are replays. None when that cannot be known: then no
        index is touched, since each of them could be one."""
        try:
            return self._journal.known(queries)
        except Defect as defect:
            self._log.error("node.journal_failed", error=defect)
            return None

    def _write(self, judged: Sequence[Judged], drafts: Sequence[DraftPart], now: float) -> bool:
        """Record before answering. Return whether it is on the disk; if not, nobody is answered
        anything (attack: an answer that fails only where something opened reveals that it did)."""
        entries = [
            Entry(
                agency=drafted.answer.agency,
                query=draft.query,
                examined=drafted.examined,
                generation=drafted.import_,
                status=drafted.answer.status,
                disclosed=len(leaving),
                at=now,
                note_key=self._note_key(draft.query, drafted.examined),
                ruled=_leaving(drafted.ruled, leaving),
            )
            for draft in drafts
            for drafted, leaving in zip(draft.answers, draft.disclosed, strict=True)
            if drafted.examined is not None
        ]
        looked = [parts for _, _, parts, verdict in judged if verdict is Verdict.LOOK]
        self._rest()
        try:
            self._journal.write(
                [query for query, *_ in judged],
                entries,
                now,
                looked_up=len(looked),
                asked=sum(len(agencies) for parts in looked for agencies in parts),
            )
        except Defect as defect:
            self._log.error("node.journal_failed", error=defect)
            return False
        return True

    def _note_key(self, query: Query, examined: Examined) -> bytes:
        if examined.question is None:
            return b""
        return note_key(examined.content_key, self._note_secret(query.hash), query.hash, self._me)

    def _seal(self, draft: DraftPart) -> SealedAnswer:
        core = draft.query.core
        body = AnswerPart(
            query_hash=draft.query.hash,
            node=self._me,
            metadata_version=draft.metadata_version,
            part=draft.part,
            parts=draft.parts,
            agencies=tuple(
                replace(drafted.answer, pointers=leaving)
                for drafted, leaving in zip(draft.answers, draft.disclosed, strict=True)
            ),
            note_secret=self._note_secret(draft.query.hash),
        )
        return seal_answer(body, core.reply_key, self._key, core.revision)


def _leaving(ruled: Ruled, pointers: Sequence[Pointer]) -> Ruled:
    kinds = tuple(pointer.kind.value if pointer.kind else 0 for pointer in pointers)
    return structs.replace(ruled, disclosed=kinds)


def _alike(agency: AgencyId, verdict: Verdict) -> DraftAnswer:
    if verdict is Verdict.TRY_AGAIN:
        return DraftAnswer(AgencyAnswer(agency, Status.TRY_AGAIN, 0, 0))
    return _cannot(agency, Cannot.FAULT if verdict is Verdict.FAULT else Cannot.VERSION)


def _cannot(agency: AgencyId, why: Cannot, of: Generation | None = None) -> DraftAnswer:
    at, as_of = (of.completed_at, of.as_of) if of is not None else (0, 0)
    return DraftAnswer(AgencyAnswer(agency, Status.CANNOT_ANSWER, at, as_of, why))


EVENTS: Final = {
    "node.query_dropped": frozenset({"queries", "error"}),
    "node.fruitless_queries": frozenset({"untrusted", "stale"}),
    "node.overloaded": frozenset({"queries"}),
    "node.journal_failed": frozenset({"error"}),
    "node.agency_failed": frozenset({"agency", "error"}),
    "node.record_failed": frozenset({"agency"}),
}
