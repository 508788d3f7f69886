"""Outcomes, sealed for seven days; after that their hashes alone.

An attacker who reads the file without its key learns when which account asked; with the key, the outcomes of a week.
The hash stays, so that a print-out can still be shown to be what came. Each outcome is the practitioner's who asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.service.database import empty_journal, reading
from practitioner.outcome import Outcome
from practitioner.present.document import LookupDocument, document, read, write
from practitioner.session import Session

KEPT_SECONDS: Final = 7 * limits.DAY
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12

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
)


class SqlOutcomes:
    """Implements ``ports.Outcomes``. ``outcome_key``: 32 bytes. All but ``keep`` block on the disk."""

    def __init__(self, engine: Engine, outcome_key: bytes) -> None:
        if len(outcome_key) != KEY_BYTES:
            raise Defect(f"the outcome key must have {KEY_BYTES} bytes")
        self._engine = engine
        self._cipher = AESGCM(outcome_key)

    async def keep(self, session: Session, outcome: Outcome) -> None:
        await asyncio.to_thread(self._keep, session, outcome)

    def _keep(self, session: Session, outcome: Outcome) -> None:
        data = write(document(outcome, forgotten_at(outcome)))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound = _bound(outcome.operation, session.agency, session.subject, outcome.asked_at)
        with self._engine.begin() as connection:
            connection.execute(
                insert(outcomes).values(
                    operation=outcome.operation,
                    agency=session.agency.value,
                    subject=session.subject,
                    kept_at=outcome.asked_at,
                    hash=hash_of(data),
                    sealed=nonce + self._cipher.encrypt(nonce, data, bound),
                )
            )

    def show(self, session: Session, operation: str, now: float) -> LookupDocument:
        """One of the practitioner's own. Raises ``Refused(NOT_ALLOWED)``, alike for none, another's and a forgotten
        one."""
        with reading(self._engine) as connection:
            row = connection.execute(
                select(outcomes).where(
                    outcomes.c.operation == operation,
                    outcomes.c.agency == session.agency.value,
                    outcomes.c.subject == session.subject,
                    outcomes.c.kept_at > int(now) - KEPT_SECONDS,
                    outcomes.c.sealed.is_not(None),
                )
            ).one_or_none()
        if row is None:
            raise Refused(Code.NOT_ALLOWED, "outcome")
        bound = _bound(operation, session.agency, session.subject, row.kept_at)
        try:
            data = self._cipher.decrypt(row.sealed[:_NONCE_BYTES], row.sealed[_NONCE_BYTES:], bound)
        except InvalidTag:
            raise Defect("an outcome does not open: wrong outcome key, or changed") from None
        return read(data)

    def forget_due(self, now: float) -> int:
        """Destroys what is older than seven days but for the hashes; how many. Call it at least once an hour."""
        with self._engine.begin() as connection:
            done = connection.execute(
                update(outcomes)
                .where(
                    outcomes.c.kept_at <= int(now) - KEPT_SECONDS,
                    outcomes.c.sealed.is_not(None),
                )
                .values(sealed=None)
            )
        if done.rowcount:
            empty_journal(self._engine)  # it still holds the pages as they were
        return done.rowcount


def forgotten_at(outcome: Outcome) -> int:
    """Seconds since 1970 UTC."""
    return outcome.asked_at + KEPT_SECONDS


def hash_of(data: bytes) -> bytes:
    """Of a lookup document's bytes, 32 bytes; the document holds 64 random bits, so that nobody can guess it."""
    return hashlib.sha256(b"fingerpost/v1 outcome" + data).digest()


def _bound(operation: str, agency: AgencyId, subject: str, kept_at: int) -> bytes:
    return f"fingerpost/v1 outcome {operation} {agency} {subject} {kept_at}".encode()
