"""Outcomes, sealed for seven days, and after that their hashes alone; questions, sealed for a day.

Every transaction checks that the outcomes of the week are the newest that were written, and as they
were written (``runtime.witnessed_rows``): an earlier copy of the file would bring back outcomes
that were destroyed, or allow a second round twice.

An attacker who reads the file without its key learns how many lookups of the week there are, and of
how many agencies each asked, by the size of its document (``document_size``), which has room for
any usual number of pointers. With the key there are the outcomes of a week and the questions of a
day. The hash stays by a keyed name, so that a print-out can still be proved genuine. Each outcome
belongs to the practitioner who asked. A question is kept for as long as its lookup may have a
second round, and no longer; each lookup has one.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, column, delete, insert, select, table, update
from sqlalchemy.dialects import sqlite

from fingerpost.private.codec import read_demographics, read_facts, write_demographics, write_facts
from fingerpost.private.justification import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime.database import empty_journal, reading
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.sealed_rows import RowNames, SealedTable, key_for
from fingerpost.runtime.witness import Adopted, RecordAdoption, WitnessFolder, unrecorded
from fingerpost.runtime.witnessed_rows import WitnessedRows
from practitioner.asking.document import LookupDocument, document, read, write
from practitioner.asking.outcome import First, Outcome, Question
from practitioner.asking.plan import WITHIN_SECONDS, LookupRule
from practitioner.sign_in.rules import Session

WITNESS: Final = "outcomes"
KEPT_SECONDS: Final = 7 * limits.DAY
LOOKUP_SIZES: Final = (512,)
QUESTION_SIZES: Final = (4096, 64 * 1024)
_STEP_BYTES: Final = 32 * 1024
_FORGOTTEN: Final = b""
_QUESTION: Final = b" asked"

# The tables as ``migrations`` makes them.
documents = table("documents", *map(column, ("name", "document", "question")))
proofs = table("proofs", column("name"))


class _Lookup(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The stored form of all but the document and the question, whose rows have the name ``id``.

    Attributes:
        hash: of the document.
        asked: whether the question is still kept.
        second: the second round that was asked of it; empty for none.
    """

    id: bytes
    operation: str
    agency: str
    subject: str
    kept_at: int
    hash: bytes
    asked: bool = True
    second: str = ""

    def __repr__(self) -> str:
        return "_Lookup(…)"


class _Question(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    purpose: int
    reach: int
    named_areas: tuple[str, ...]
    reason_reference: str
    child: bytes
    facts: bytes
    approvals: tuple[bytes, ...]

    def __repr__(self) -> str:
        return "_Question(…)"


class SqlOutcomes:
    """Implements ``ports.Outcomes``. ``show`` and ``forget_due`` block on the disk."""

    def __init__(self, engine: Engine, outcome_key: bytes, witness: WitnessFolder) -> None:
        self._engine = engine
        self._lookups = SealedTable("lookups", _Lookup, outcome_key, LOOKUP_SIZES)
        with reading(engine) as connection:
            self._lookups.require_key(connection)
        # What is sealed beside is bound to its row, and compared with the hash there.
        self._rows = WitnessedRows(
            engine,
            (self._lookups.all,),
            witness.of(WITNESS),
            what="the outcomes",
            remedy="No lookup is made until the newest copy is back, or what is there is adopted: "
            "fingerpost adopt outcomes",
        )
        self._names = RowNames("documents", outcome_key)
        self._proofs = RowNames("proofs", outcome_key)
        self._box = SealedBox(key_for("documents", outcome_key))

    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        await asyncio.to_thread(self._keep, session, question, outcome)

    def _keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        data = write(document(outcome, forgotten_at(outcome)))
        parts = _parts(session, outcome.operation)
        kept = _Lookup(
            self._names.of(*parts),
            outcome.operation,
            session.agency.value,
            session.subject,
            outcome.asked_at,
            hash_of(data),
        )
        size = document_size(len(outcome.agencies), len(outcome.not_connected))
        sizes = tuple(size * 2**step for step in range(8))
        values = {
            "name": kept.id,
            "document": self._box.seal_padded(data, kept.id, sizes),
            "question": self._seal_question(kept.id, _write_question(question, outcome.reach)),
        }
        with self._rows.changing() as connection:
            if self._lookups.get(connection, *parts) is not None:
                raise Defect("an outcome is kept once")
            self._lookups.put(connection, kept, *parts)
            connection.execute(insert(documents).values(values))

    async def first(self, session: Session, operation: str, now: float) -> First:
        return await asyncio.to_thread(self._first, session, operation, now)

    def _first(self, session: Session, operation: str, now: float) -> First:
        kept, shown, question = self._read(session, operation, now)
        if not kept.asked:
            raise Refused(Code.NOT_ALLOWED, LookupRule.FIRST_TOO_OLD)
        return First(
            question=_read_question(self._open(question, kept.id + _QUESTION)),
            asked_at=kept.kept_at,
            gaps=frozenset(AgencyId(each.id) for each in shown.agencies if each.lacks_answer),
            whole=shown.kept and bool(shown.agencies),
            none_named_itself=any(service.none_named_itself for service in shown.services),
            spent=bool(kept.second) or shown.widened is not None,
        )

    async def spend(self, session: Session, first: str, second: str) -> None:
        await asyncio.to_thread(self._spend, session, first, second)

    def _spend(self, session: Session, first: str, second: str) -> None:
        # The write lock is held: of two second rounds that are asked at once, by two processes, one
        # finds the place taken.
        if not self._mark(session, first, "", second):
            raise Refused(Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN)

    async def give_back(self, session: Session, first: str, second: str) -> None:
        await asyncio.to_thread(self._mark, session, first, second, "")

    def _mark(self, session: Session, first: str, before: str, after: str) -> bool:
        parts = _parts(session, first)
        with self._rows.changing() as connection:
            kept = self._lookups.get(connection, *parts)
            if kept is None or kept.second != before:
                return False
            self._lookups.put(connection, replace(kept, second=after), *parts)
        return True

    def show(self, session: Session, operation: str, now: float) -> LookupDocument:
        """Return an outcome of the practitioner's own.

        Raises:
            Refused: NOT_ALLOWED, alike for one that never was, is another's or is forgotten.
        """
        return self._read(session, operation, now)[1]

    def mine(self, session: Session, now: float) -> tuple[LookupDocument, ...]:
        """Return the practitioner's own outcomes, the newest first."""
        with self._rows.reading() as connection:
            of = [
                kept
                for kept in self._lookups.records(connection)
                if (kept.agency, kept.subject) == (session.agency.value, session.subject)
            ]
        of.sort(key=lambda kept: kept.kept_at, reverse=True)
        alive = [kept for kept in of if kept.kept_at > int(now) - KEPT_SECONDS]
        return tuple(self.show(session, kept.operation, now) for kept in alive)

    def adopt(self, record: RecordAdoption = unrecorded) -> Adopted:
        """Accept the outcomes as they are: a person has restored them."""
        return self._rows.adopt(record=record)

    def _read(
        self, session: Session, operation: str, now: float
    ) -> tuple[_Lookup, LookupDocument, bytes]:
        """Return lookup, document and sealed question of the practitioner's own."""
        with self._rows.reading() as connection:
            kept = self._lookups.get(connection, *_parts(session, operation))
            if kept is None or kept.kept_at <= int(now) - KEPT_SECONDS:
                raise Refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME)
            row = connection.execute(
                select(documents).where(documents.c.name == kept.id)
            ).one_or_none()
        if row is None:
            raise Defect("an outcome is not the one that was kept")
        data = self._open(row.document, kept.id)
        if hash_of(data) != kept.hash:
            raise Defect("an outcome is not the one that was kept")
        return kept, read(data), row.question

    def _seal_question(self, name: bytes, question: bytes) -> bytes:
        return self._box.seal_padded(question, name + _QUESTION, QUESTION_SIZES)

    def _open(self, sealed: bytes, bound: bytes) -> bytes:
        refusal = "an outcome does not open: wrong outcome key, or changed"
        return self._box.open_padded(sealed, bound, refusal)

    def is_due(self, reached: float) -> bool:
        """Return whether ``forget_due`` would destroy anything."""
        with self._rows.reading() as connection:
            return any(
                kept.kept_at <= int(reached) - (WITHIN_SECONDS if kept.asked else KEPT_SECONDS)
                for kept in self._lookups.records(connection)
            )

    def forget_due(self, reached: float) -> int:
        """Destroy questions older than a day, and outcomes older than seven days but for their
        hashes.

        Call it at least once an hour. An outcome that is due is shown to nobody, whether it is
        destroyed yet or not.

        Args:
            reached: see ``membership.ports.Reached``. By the clock of this machine alone, a clock
                that is a week ahead would destroy everything.

        Returns:
            How many outcomes were destroyed.
        """
        outcomes = questions = 0
        with self._rows.changing() as connection:
            for kept in self._lookups.records(connection):
                if kept.kept_at <= int(reached) - KEPT_SECONDS:
                    self._destroy(connection, kept)
                    outcomes += 1
                elif kept.asked and kept.kept_at <= int(reached) - WITHIN_SECONDS:
                    self._destroy_question(connection, kept)
                    questions += 1
        if outcomes or questions:
            empty_journal(self._engine)  # it still holds the pages as they were
        return outcomes

    def _destroy(self, connection: Connection, kept: _Lookup) -> None:
        self._lookups.remove(connection, *_parts_of(kept))
        connection.execute(delete(documents).where(documents.c.name == kept.id))
        proof = self._proofs.of(kept.hash)
        connection.execute(sqlite.insert(proofs).values(name=proof).on_conflict_do_nothing())

    def _destroy_question(self, connection: Connection, kept: _Lookup) -> None:
        """What takes its place has its size: how old an outcome is does not show."""
        empty = self._seal_question(kept.id, _FORGOTTEN)
        here = documents.c.name == kept.id
        connection.execute(update(documents).where(here).values(question=empty))
        self._lookups.put(connection, replace(kept, asked=False), *_parts_of(kept))

    def is_genuine(self, printed: bytes) -> bool:
        """Return whether a document was kept here, byte for byte, however long ago."""
        of = hash_of(printed)
        with self._rows.reading() as connection:
            if any(kept.hash == of for kept in self._lookups.records(connection)):
                return True
            query = select(proofs).where(proofs.c.name == self._proofs.of(of))
            return connection.execute(query).first() is not None


def _parts(session: Session, operation: str) -> tuple[bytes, ...]:
    return operation.encode(), session.agency.value.encode(), session.subject.encode()


def _parts_of(kept: _Lookup) -> tuple[bytes, ...]:
    return kept.operation.encode(), kept.agency.encode(), kept.subject.encode()


def document_size(asked: int, not_connected: int) -> int:
    """Return the size that the document of a lookup is kept at, in bytes.

    It follows from what is public: how many agencies were asked and how many are not connected. 32
    KiB are for pointers, some forty; a document with more takes twice the size.
    """
    room = _STEP_BYTES + 2048 * asked + 512 * not_connected
    return -(-room // _STEP_BYTES) * _STEP_BYTES


def forgotten_at(outcome: Outcome) -> int:
    """Seconds since 1970 UTC."""
    return outcome.asked_at + KEPT_SECONDS


def hash_of(data: bytes) -> bytes:
    """Return the hash of a lookup document, 32 bytes. The document has 64 random bits, so that it
    cannot be guessed from its hash."""
    return hashlib.sha256(b"fingerpost/v1 outcome" + data).digest()


def _write_question(question: Question, reach: Reach) -> bytes:
    why = question.justification
    return msgspec.msgpack.encode(
        _Question(
            why.purpose.value,
            reach.value,
            tuple(area.value for area in question.named_areas),
            why.reason_reference,
            write_demographics(question.demographics),
            write_facts(why.facts),
            why.approvals,
        )
    )


def _read_question(data: bytes) -> Question:
    try:
        kept = msgspec.msgpack.decode(data, type=_Question)
    except msgspec.MsgspecError:
        raise Defect("a kept question has another form") from None
    return Question(
        demographics=read_demographics(kept.child),
        justification=Justification(
            Purpose(kept.purpose),
            kept.reason_reference,
            facts=read_facts(kept.facts),
            approvals=kept.approvals,
        ),
        reach=Reach(kept.reach),
        named_areas=tuple(AreaCode(area) for area in kept.named_areas),
    )
