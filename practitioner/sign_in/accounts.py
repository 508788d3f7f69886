"""Accounts and sessions in SQLite, and the reception, which records who signs in.

Every transaction checks that accounts and sessions are the newest that were written, and as they
were written (``runtime.witnessed_rows``): an earlier copy of the file would let in an account that
was disabled since, or take a one-time code twice. One who only reads the file finds argon2id
hashes (RFC 9106), and secrets of one-time codes that are sealed under the account key. Sessions are
kept as hashes of their tokens.

An attempt is counted as a failure before it is checked, and taken back when it succeeds (attack:
many guesses at once, all checked before the first failure is written). A sign-in is in the audit
log before anybody is let in, or learns that she is not.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import asdict
from typing import Any, Final, Protocol

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Boolean, Engine, Row, column, delete, insert, select, table, update

from fingerpost.private.passport import Entitlement
from fingerpost.private.plain_text import require_account, require_plain
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.sealed_box import SealedBox
from fingerpost.runtime.witness import Adopted, WitnessFolder
from fingerpost.runtime.witnessed_rows import WitnessedRows
from practitioner.sign_in import rules
from practitioner.sign_in.rules import Account, Session, SignInRule

PASSWORD_CHARS: Final = range(12, 257)

# The tables as ``migrations`` makes them.
accounts = table(
    "accounts",
    *map(column, ("agency", "subject", "name", "role", "password_hash")),
    *map(column, ("totp_sealed", "totp_last_step", "failures", "wait_until")),
    *map(column, ("training_until", "vetting_until")),
    column("disabled", Boolean),
)
sessions = table(
    "sessions", *map(column, ("token_hash", "agency", "subject", "auth_time", "last_used"))
)


class Accounts:
    """The accounts. All calls block; argon2 takes some 50 ms on purpose."""

    def __init__(self, engine: Engine, account_key: bytes, witness: WitnessFolder) -> None:
        self._rows = WitnessedRows(
            engine,
            (
                select(accounts).order_by(accounts.c.agency, accounts.c.subject),
                select(sessions).order_by(sessions.c.token_hash),
            ),
            witness.of("accounts"),
            what="the accounts",
            remedy="Nobody signs in until the newest copy is back, or what is there is adopted: "
            "fingerpost adopt accounts",
        )
        self._box = SealedBox(account_key)
        self._hasher = PasswordHasher()
        self._nobody = _hash_of_nobody(self._hasher)

    # ---- administration ----------------------------------------------------------------------

    def add(self, account: Account, password: str) -> str:
        """Add an account.

        Raises:
            Refused: MALFORMED, it is out of bounds; NOT_ALLOWED, it exists.

        Returns:
            The secret of its one-time codes (base32), to be shown once.
        """
        require_account(account.subject, SignInRule.ACCOUNT_NAME)
        if account.subject != account.subject.lower():
            # In audit logs names are in lower case; two accounts must not become one there.
            raise Refused(Code.MALFORMED, SignInRule.ACCOUNT_NAME)
        require_plain(account.name, chars=80, size=160, what=SignInRule.PERSON_NAME)
        secret = pyotp.random_base32(32)
        values = {
            "agency": account.agency.value,
            "subject": account.subject,
            "name": account.name,
            "role": account.role.name,
            "password_hash": self._hash(password),
            "totp_sealed": self._seal(account.agency, account.subject, secret),
            "totp_last_step": 0,
            "failures": 0,
            "wait_until": 0,
            **asdict(account.entitlement),
            "disabled": account.disabled,
        }
        with self._rows.changing() as connection:
            if connection.execute(select(accounts).where(_is(account))).first() is not None:
                raise Refused(Code.NOT_ALLOWED, SignInRule.ACCOUNT_EXISTS)
            connection.execute(insert(accounts).values(**values))
        return secret

    def list(self) -> tuple[Account, ...]:
        with self._rows.reading() as connection:
            rows = connection.execute(
                select(accounts).order_by(accounts.c.agency, accounts.c.subject)
            )
            return tuple(_account(row) for row in rows)

    def knows(self, agency: AgencyId, subject: str) -> bool:
        with self._rows.reading() as connection:
            return (
                connection.execute(select(accounts).where(_key(agency, subject))).first()
                is not None
            )

    def approver(self, agency: AgencyId, subject: str, now: float) -> str:
        """Return the account of an approver as it is written here, whatever its case.

        Raises:
            Refused: NOT_ALLOWED, it is no account of this agency, is disabled, or its owner's
                training or vetting has run out.
        """
        with self._rows.reading() as connection:
            row = connection.execute(select(accounts).where(_key(agency, subject.lower()))).first()
        try:
            if row is not None:
                rules.require_usable(_account(row), now)
                return str(row.subject)
        except Refused:
            pass
        raise Refused(Code.NOT_ALLOWED, SignInRule.APPROVER_ACCOUNT)

    def disable(self, agency: AgencyId, subject: str) -> None:
        """Shut an account at once; its sessions end.

        Raises:
            Refused: NOT_ALLOWED, there is no such account.
        """
        self._change(agency, subject, end_sessions=True, disabled=True)

    def renew(self, agency: AgencyId, subject: str, entitlement: Entitlement) -> None:
        self._change(agency, subject, **asdict(entitlement))

    def reset(self, agency: AgencyId, subject: str, password: str) -> str:
        """Set a new password and return a new secret of one-time codes. The account's sessions end:
        one of them may be the reason for the reset."""
        secret = pyotp.random_base32(32)
        self._change(
            agency,
            subject,
            end_sessions=True,
            password_hash=self._hash(password),
            totp_sealed=self._seal(agency, subject, secret),
            totp_last_step=0,
            failures=0,
            wait_until=0,
        )
        return secret

    def adopt(self) -> Adopted:
        """Accept the accounts as they are: a person has restored them.

        Every session ends: one of them may have been ended since the copy was made.
        """
        adopted = self._rows.adopt()
        with self._rows.changing() as connection:
            connection.execute(delete(sessions))
        return adopted

    # ---- sign-in -----------------------------------------------------------------------------

    def sign_in(
        self, agency: AgencyId, subject: str, password: str, code: str, now: float
    ) -> tuple[str, Session]:
        """Begin a session; return its token, which the practitioner's device keeps (mode 0600).

        Raises:
            Refused: SIGN_IN, by one rule for a wrong name, password or code.
        """
        row = self._count_attempt(agency, subject, now)
        right_password = self._verify(row.password_hash if row else self._nobody, password)
        step = self._step_of(agency, row, code, now) if row is not None else None
        if row is None or not right_password or step is None:
            raise Refused(Code.SIGN_IN, SignInRule.WRONG)
        account = _account(row)
        token = secrets.token_urlsafe(32)
        with self._rows.changing() as connection:
            fresh = connection.execute(
                update(accounts)
                .where(_key(agency, subject), accounts.c.totp_last_step < step)
                .values(totp_last_step=step, failures=0, wait_until=0)
            )
            if fresh.rowcount != 1:  # two sign-ins raced with one code
                raise Refused(Code.SIGN_IN, SignInRule.WRONG)
            rules.require_usable(account, now)
            connection.execute(
                delete(sessions).where(
                    (sessions.c.auth_time <= int(now) - rules.SESSION_SECONDS)
                    | (sessions.c.last_used <= int(now) - rules.IDLE_SECONDS)
                )
            )
            connection.execute(
                insert(sessions).values(
                    token_hash=_hash_of(token),
                    agency=agency.value,
                    subject=subject,
                    auth_time=int(now),
                    last_used=int(now),
                )
            )
        return token, _session(account, int(now))

    def _count_attempt(self, agency: AgencyId, subject: str, now: float) -> Row[Any] | None:
        """Count one failure more and return the account as it was, or None for an unknown one.

        Raises:
            Refused: SIGN_IN, the account has to wait.
        """
        with self._rows.changing() as connection:
            row = connection.execute(select(accounts).where(_key(agency, subject))).one_or_none()
            if row is not None:
                rules.require_not_waiting(row.wait_until, now)
                connection.execute(
                    update(accounts)
                    .where(_key(agency, subject))
                    .values(
                        failures=row.failures + 1,
                        wait_until=rules.waits_until(row.failures + 1, now),
                    )
                )
            return row

    def resume(self, token: str, now: float) -> Session:
        """Return the session of a token.

        Raises:
            Refused: SIGN_IN, it has ended, or its account is no longer entitled.
        """
        held = _hash_of(token)
        with self._rows.changing() as connection:
            row = connection.execute(
                select(sessions).where(sessions.c.token_hash == held)
            ).one_or_none()
            if row is None:
                raise Refused(Code.SIGN_IN, SignInRule.NO_SESSION)
            rules.require_live(row.auth_time, row.last_used, now)
            who = connection.execute(
                select(accounts).where(_key(AgencyId(row.agency), row.subject))
            ).one()
            account = _account(who)
            rules.require_usable(account, now)
            connection.execute(
                update(sessions).where(sessions.c.token_hash == held).values(last_used=int(now))
            )
        return _session(account, row.auth_time)

    def sign_out(self, token: str) -> tuple[AgencyId, str] | None:
        """End a session and return whose it was; None if there was none."""
        held = sessions.c.token_hash == _hash_of(token)
        with self._rows.changing() as connection:
            row = connection.execute(select(sessions).where(held)).one_or_none()
            connection.execute(delete(sessions).where(held))
        return (AgencyId(row.agency), row.subject) if row is not None else None

    # ---- inside ------------------------------------------------------------------------------

    def _hash(self, password: str) -> str:
        if len(password) not in PASSWORD_CHARS:
            raise Refused(Code.MALFORMED, SignInRule.LENGTH)
        return self._hasher.hash(password)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password[:256])
        except VerificationError:
            return False
        except InvalidHashError:
            raise Defect("a stored password hash is none") from None

    def _step_of(self, agency: AgencyId, row: Row[Any], code: str, now: float) -> int | None:
        """Return the time step of a code, unless the code is wrong or was used."""
        totp = pyotp.TOTP(self._open(agency, row.subject, row.totp_sealed))
        for step in rules.code_steps(now):
            wanted = totp.generate_otp(step)
            if secrets.compare_digest(wanted.encode(), code.strip().encode()):
                return step if step > row.totp_last_step else None
        return None

    def _seal(self, agency: AgencyId, subject: str, secret: str) -> bytes:
        return self._box.seal(secret.encode(), _aad(agency, subject))

    def _open(self, agency: AgencyId, subject: str, sealed: bytes) -> str:
        refusal = "an account's secret does not open: wrong account key?"
        return self._box.open(sealed, _aad(agency, subject), refusal).decode()

    def _change(
        self, agency: AgencyId, subject: str, *, end_sessions: bool = False, **values: object
    ) -> None:
        with self._rows.changing() as connection:
            done = connection.execute(
                update(accounts).where(_key(agency, subject)).values(**values)
            )
            if done.rowcount != 1:
                raise Refused(Code.NOT_ALLOWED, SignInRule.NO_ACCOUNT)
            if end_sessions:
                connection.execute(
                    delete(sessions).where(
                        sessions.c.agency == agency.value, sessions.c.subject == subject
                    )
                )


class SignInRecord(Protocol):
    """Durable on return; raises ``Defect``."""

    def began(self, session: Session, at: float) -> None: ...

    def refused(self, agency: AgencyId, subject: str | None, reason: str, at: float) -> None: ...

    def signed_out(self, agency: AgencyId, subject: str, at: float) -> None: ...


class Reception:
    """Signing in and out, recorded. All calls block."""

    def __init__(self, accounts: Accounts, record: SignInRecord) -> None:
        self._accounts = accounts
        self._record = record

    def sign_in(
        self, agency: AgencyId, subject: str, password: str, code: str, now: float
    ) -> tuple[str, Session]:
        """Sign in as ``Accounts.sign_in`` does, and record how it ended."""
        try:
            token, session = self._accounts.sign_in(agency, subject, password, code, now)
        except Refused as refused:
            known = self._accounts.knows(agency, subject)
            self._record.refused(agency, subject if known else None, refused.what, now)
            raise
        self._record.began(session, now)
        return token, session

    def resume(self, token: str, now: float) -> Session:
        """Return the session of a token. Raises ``Refused(SIGN_IN)``."""
        return self._accounts.resume(token, now)

    def sign_out(self, token: str, now: float) -> None:
        ended = self._accounts.sign_out(token)
        if ended is not None:
            self._record.signed_out(*ended, now)


def _key(agency: AgencyId, subject: str) -> Any:
    return (accounts.c.agency == agency.value) & (accounts.c.subject == subject)


def _is(account: Account) -> Any:
    return _key(account.agency, account.subject)


def _aad(agency: AgencyId, subject: str) -> bytes:
    return f"fingerpost/v1 account {agency} {subject}".encode()


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Return a hash that no password has, of the same cost.

    The password given for an unknown account is checked against it, so that the time taken does not
    show which accounts exist.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
        for size in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def _hash_of(token: str) -> bytes:
    return hashlib.sha256(b"fingerpost/v1 session" + token.encode()).digest()


def _account(row: Row[Any]) -> Account:
    return Account(
        AgencyId(row.agency),
        row.subject,
        row.name,
        Role[row.role],
        Entitlement(row.training_until, row.vetting_until),
        row.disabled,
    )


def _session(account: Account, auth_time: int) -> Session:
    return Session(
        agency=account.agency,
        subject=account.subject,
        name=account.name,
        role=account.role,
        acr=Acr.PASSWORD_TOTP,
        auth_time=auth_time,
        entitlement=account.entitlement,
    )
