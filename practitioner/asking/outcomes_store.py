"""Outcomes, sealed for seven days, and after that their hashes alone; questions, sealed for a day.

Every transaction checks that the outcomes of the week are the newest that were written, and as they
were written (``runtime.witnessed_rows``): an earlier copy of the file would bring back outcomes
that were destroyed, or allow a second round twice.

An attacker who reads the file without its key learns when which account asked; with the key, the
outcomes of a week and the questions of a day. The hash stays, so that a print-out can still be
proved genuine. Each outcome belongs to the practitioner who asked. A question is kept for as long
as its lookup may have a second round, and no longer; each lookup has one.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from fingerpost.private.codec import read_demographics, read_facts, write_demographics, write_facts
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose, Reach
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime.database import empty_journal
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import Adopted, WitnessFolder
from fingerpost.runtime.witnessed_rows import WitnessedRows
from practitioner.asking.document import LookupDocument, document, read, write
from practitioner.asking.outcome import First, Outcome, Question
from practitioner.asking.plan import WITHIN_SECONDS, LookupRule
from practitioner.sign_in.rules import Session

KEPT_SECONDS: Final = 7 * limits.DAY
_ASKED: Final = b" asked"

metadata = MetaData()
outcomes = Table(
    "outcomes",
    metadata,
    Column("operation", String(16), primary_key=True),
    Column("agency", String(60), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("kept_at", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=True),
    Column("question", LargeBinary, nullable=True),
)
second_rounds = Table(
    "second_rounds",
    metadata,
    Column("operation", String(16), primary_key=True),
    Column("second", String(16), nullable=False),
)
_DECIDE: Final = (
    # What is sealed is bound to these columns and compared with the hash when it is opened. Of
    # outcomes older than a week the hash alone is left, which decides nothing here.
    select(
        outcomes.c.operation,
        outcomes.c.agency,
        outcomes.c.subject,
        outcomes.c.kept_at,
        outcomes.c.hash,
        outcomes.c.question.is_not(None),
    )
    .where(outcomes.c.sealed.is_not(None))
    .order_by(outcomes.c.operation),
    select(second_rounds).order_by(second_rounds.c.operation),
)


class _Question(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    purpose: int
    reach: int
    named_areas: tuple[str, ...]
    reason_reference: str
    approver: str
    child: bytes
    facts: bytes = b""

    def __repr__(self) -> str:
        return "_Question(…)"


class SqlOutcomes:
    """Implements ``ports.Outcomes``. ``show`` and ``forget_due`` block on the disk."""

    def __init__(self, engine: Engine, outcome_key: bytes, witness: WitnessFolder) -> None:
        self._engine = engine
        self._rows = WitnessedRows(
            engine,
            _DECIDE,
            witness.of("outcomes"),
            what="the outcomes",
            remedy="No lookup is made until the newest copy is back, or what is there is adopted: "
            "fingerpost adopt outcomes",
        )
        self._box = SealedBox(outcome_key)

    async def keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        await asyncio.to_thread(self._keep, session, question, outcome)

    def _keep(self, session: Session, question: Question, outcome: Outcome) -> None:
        data = write(document(outcome, forgotten_at(outcome)))
        bound = _bound(outcome.operation, session.agency, session.subject, outcome.asked_at)
        with self._rows.changing() as connection:
            connection.execute(
                insert(outcomes).values(
                    operation=outcome.operation,
                    agency=session.agency.value,
                    subject=session.subject,
                    kept_at=outcome.asked_at,
                    hash=hash_of(data),
                    sealed=self._box.seal(data, bound),
                    question=self._box.seal(
                        _write_question(question, outcome.reach), bound + _ASKED
                    ),
                )
            )

    async def first(self, session: Session, operation: str, now: float) -> First:
        return await asyncio.to_thread(self._first, session, operation, now)

    def _first(self, session: Session, operation: str, now: float) -> First:
        row = self._row(session, operation, now)
        if row.question is None:
            raise Refused(Code.NOT_ALLOWED, LookupRule.FIRST_TOO_OLD)
        bound = _bound(operation, session.agency, session.subject, row.kept_at)
        shown = self._document(row, bound)
        return First(
            question=_read_question(self._open(row.question, bound + _ASKED)),
            asked_at=row.kept_at,
            complete=shown.complete,
            none_named_itself=any(service.none_named_itself for service in shown.services),
            spent=row.second_is_spent or shown.widened is not None,
        )

    async def spend(self, session: Session, first: str, second: str) -> None:
        await asyncio.to_thread(self._spend, session, first, second)

    def _spend(self, session: Session, first: str, second: str) -> None:
        # The write lock is held: of two second rounds that are asked at once, by two processes, one
        # finds the place taken.
        with self._rows.changing() as connection:
            taken = select(second_rounds).where(second_rounds.c.operation == first)
            found = connection.execute(_hers(session, first)).first()
            if found is None or connection.execute(taken).first() is not None:
                raise Refused(Code.NOT_ALLOWED, LookupRule.SECOND_TAKEN)
            connection.execute(insert(second_rounds).values(operation=first, second=second))

    async def give_back(self, session: Session, first: str, second: str) -> None:
        await asyncio.to_thread(self._give_back, session, first, second)

    def _give_back(self, session: Session, first: str, second: str) -> None:
        with self._rows.changing() as connection:
            connection.execute(
                delete(second_rounds).where(
                    second_rounds.c.operation.in_(_hers(session, first)),
                    second_rounds.c.second == second,
                )
            )

    def show(self, session: Session, operation: str, now: float) -> LookupDocument:
        """Return an outcome of the practitioner's own.

        Raises:
            Refused: NOT_ALLOWED, alike for one that never was, is another's or is forgotten.
        """
        row = self._row(session, operation, now)
        return self._document(row, _bound(operation, session.agency, session.subject, row.kept_at))

    def adopt(self) -> Adopted:
        """Accept the outcomes as they are: a person has restored them."""
        return self._rows.adopt()

    def _document(self, row: Row[Any], bound: bytes) -> LookupDocument:
        data = self._open(row.sealed, bound)
        if hash_of(data) != row.hash:
            raise Defect("an outcome is not the one that was kept")
        return read(data)

    def _row(self, session: Session, operation: str, now: float) -> Row[Any]:
        with self._rows.reading() as connection:
            row = connection.execute(
                select(
                    outcomes,
                    select(second_rounds)
                    .where(second_rounds.c.operation == operation)
                    .exists()
                    .label("second_is_spent"),
                ).where(
                    outcomes.c.operation == operation,
                    outcomes.c.agency == session.agency.value,
                    outcomes.c.subject == session.subject,
                    outcomes.c.kept_at > int(now) - KEPT_SECONDS,
                    outcomes.c.sealed.is_not(None),
                )
            ).one_or_none()
        if row is None:
            raise Refused(Code.NOT_ALLOWED, LookupRule.NO_SUCH_OUTCOME)
        return row

    def _open(self, sealed: bytes, bound: bytes) -> bytes:
        refusal = "an outcome does not open: wrong outcome key, or changed"
        return self._box.open(sealed, bound, refusal)

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
        with self._rows.changing() as connection:
            asked = connection.execute(
                update(outcomes)
                .where(
                    outcomes.c.kept_at <= int(reached) - WITHIN_SECONDS,
                    outcomes.c.question.is_not(None),
                )
                .values(question=None)
            )
            done = connection.execute(
                update(outcomes)
                .where(
                    outcomes.c.kept_at <= int(reached) - KEPT_SECONDS,
                    outcomes.c.sealed.is_not(None),
                )
                .values(sealed=None)
            )
            kept = select(outcomes.c.operation).where(outcomes.c.sealed.is_not(None))
            connection.execute(delete(second_rounds).where(second_rounds.c.operation.not_in(kept)))
        if asked.rowcount or done.rowcount:
            empty_journal(self._engine)  # it still holds the pages as they were
        return done.rowcount


def _hers(session: Session, operation: str) -> Select[Any]:
    """Return the query for an outcome of the practitioner's own."""
    return select(outcomes.c.operation).where(
        outcomes.c.operation == operation,
        outcomes.c.agency == session.agency.value,
        outcomes.c.subject == session.subject,
    )


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
            why.approver,
            write_demographics(question.demographics),
            write_facts(why.facts),
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
            kept.approver,
            facts=read_facts(kept.facts),
        ),
        reach=Reach(kept.reach),
        named_areas=tuple(AreaCode(area) for area in kept.named_areas),
    )


def _bound(operation: str, agency: AgencyId, subject: str, kept_at: int) -> bytes:
    return f"fingerpost/v1 outcome {operation} {agency} {subject} {kept_at}".encode()
