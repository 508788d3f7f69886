"""Signing in and out, recorded: what happened is in the audit log before anybody is let in, or told that she is not."""

from __future__ import annotations

from typing import Protocol

from fingerpost.protocol.errors import Refused
from fingerpost.protocol.ids import AgencyId
from practitioner.sign_in.accounts import Accounts
from practitioner.sign_in.session import Session


class SignInRecord(Protocol):
    """Durable on return; raises ``Defect``."""

    def began(self, session: Session, at: float) -> None: ...

    def refused(self, agency: AgencyId, subject: str | None, reason: str, at: float) -> None: ...

    def signed_out(self, agency: AgencyId, subject: str, at: float) -> None: ...


class Reception:
    """Blocking."""

    def __init__(self, accounts: Accounts, record: SignInRecord) -> None:
        self._accounts = accounts
        self._record = record

    def sign_in(
        self, agency: AgencyId, subject: str, password: str, code: str, now: float
    ) -> tuple[str, Session]:
        """As ``Accounts.sign_in``. Raises ``Refused(SIGN_IN)``."""
        try:
            token, session = self._accounts.sign_in(agency, subject, password, code, now)
        except Refused as refused:
            known = self._accounts.knows(agency, subject)
            self._record.refused(agency, subject if known else None, refused.what, now)
            raise
        self._record.began(session, now)
        return token, session

    def resume(self, token: str, now: float) -> Session:
        """Raises ``Refused(SIGN_IN)``."""
        return self._accounts.resume(token, now)

    def sign_out(self, token: str, now: float) -> None:
        ended = self._accounts.sign_out(token)
        if ended is not None:
            self._record.signed_out(*ended, now)
