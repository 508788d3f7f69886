"""Accounts and sessions in SQLite, and the reception, which records who signs in.

Every transaction checks that accounts and sessions are the newest that were written, and as they
were written (``runtime.witnessed_rows``): an earlier copy of the file would let in an account that
was disabled since, or take a one-time code twice. One who only reads the file learns how many
accounts and sessions there are, and no name or time: a time of last use is that of a lookup. With
the account key there are argon2id hashes (RFC 9106) and secrets of one-time codes. Sessions are
found by hashes of their tokens.

An attempt is counted as a failure before it is checked, and taken back when it succeeds (attack:
many guesses at once, all checked before the first failure is written). A sign-in is in the audit
log before anybody is let in, or learns that she is not.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, Protocol

import msgspec
import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from fingerpost.private.passport import Entitlement
from fingerpost.private.plain_text import require_account, require_plain
from fingerpost.protocol.codes import Acr, Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.database import reading
from fingerpost.runtime.sealed_rows import SealedTable
from fingerpost.runtime.witness import Adopted, RecordAdoption, WitnessFolder, unrecorded
from fingerpost.runtime.witnessed_rows import WitnessedRows
from practitioner.sign_in import rules
from practitioner.sign_in.rules import Account, Session, SignInRule

WITNESS: Final = "accounts"
PASSWORD_CHARS: Final = range(12, 257)
COST: Final = RFC_9106_LOW_MEMORY
"""What a guess costs: the second choice of RFC 9106, section 4, with 64 MiB and three passes."""

ACCOUNT_SIZES: Final = (1024,)
SESSION_SIZES: Final = (256,)


class _Account(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The stored form of an account. Of one that ended, ``password_hash`` is empty."""

    agency: str
    subject: str
    name: str
    role: str
    password_hash: str
    totp_secret: str
    training_until: int
    vetting_until: int
    disabled: bool
    totp_last_step: int = 0
    failures: int = 0
    wait_until: int = 0
    training_grace_by: str = ""

    def __repr__(self) -> str:
        return "_Account(…)"


class _Session(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The stored form of a session. ``token_hash``: by which it is found."""

    token_hash: bytes
    agency: str
    subject: str
    auth_time: int
    last_used: int

    def __repr__(self) -> str:
        return "_Session(…)"


class Accounts:
    """The accounts. All calls block; argon2 takes some 50 ms on purpose."""

    def __init__(self, engine: Engine, account_key: bytes, witness: WitnessFolder) -> None:
        self._accounts = SealedTable("accounts", _Account, account_key, ACCOUNT_SIZES)
        self._sessions = SealedTable("sessions", _Session, account_key, SESSION_SIZES)
        with reading(engine) as connection:
            self._accounts.require_key(connection)
        self._rows = WitnessedRows(
            engine,
            (self._accounts.all, self._sessions.all),
            witness.of(WITNESS),
            what="the accounts",
            remedy="Nobody signs in until the newest copy is back, or what is there is adopted: "
            "fingerpost adopt accounts",
        )
        self._hasher = PasswordHasher.from_parameters(COST)
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
        kept = _Account(
            agency=account.agency.value,
            subject=account.subject,
            name=account.name,
            role=account.role.name,
            password_hash=self._hash(password),
            totp_secret=secret,
            **asdict(account.entitlement),
            disabled=account.disabled,
        )
        with self._rows.changing() as connection:
            before = self._kept(connection, account.agency, account.subject)
            if before is not None:
                taken = SignInRule.ACCOUNT_EXISTS if before.password_hash else SignInRule.NAME_SPENT
                raise Refused(Code.NOT_ALLOWED, taken)
            self._put(connection, kept)
        return secret

    def list(self) -> tuple[Account, ...]:
        with self._rows.reading() as connection:
            kept = (each for each in self._accounts.records(connection) if each.password_hash)
            found = map(_account, kept)
            return tuple(sorted(found, key=lambda each: (each.agency, each.subject)))

    def knows(self, agency: AgencyId, subject: str) -> bool:
        with self._rows.reading() as connection:
            return self._account(connection, agency, subject) is not None

    def usable(self, agency: AgencyId, subject: str, now: float) -> Account:
        """Return the account of a reviewer as it is written here, whatever the case of its name.

        Raises:
            Refused: NOT_ALLOWED, it is no account of this agency, is disabled, or its owner's
                training or vetting has run out.
        """
        with self._rows.reading() as connection:
            kept = self._account(connection, agency, subject.lower())
        try:
            if kept is not None:
                found = _account(kept)
                rules.require_usable(found, now)
                rules.require_in_date(found.entitlement, now)
                return found
        except Refused:
            pass
        raise Refused(Code.NOT_ALLOWED, SignInRule.REVIEWER_ACCOUNT)

    def disable(self, agency: AgencyId, subject: str) -> None:
        """Shut an account at once; its sessions end.

        Raises:
            Refused: NOT_ALLOWED, there is no such account.
        """
        self._change(agency, subject, end_sessions=True, disabled=True)

    def end(self, agency: AgencyId, subject: str) -> None:
        """End an account for good: its sessions end, and the person's name, password and secret are
        destroyed.

        The account's own name stays, and is never given again (attack: who gets it next sees the
        week's outcomes of who had it before, and stands in the audit log as the same person).

        Raises:
            Refused: NOT_ALLOWED, there is no such account.
        """
        self._change(
            agency,
            subject,
            end_sessions=True,
            disabled=True,
            name="",
            password_hash="",
            totp_secret="",
            training_grace_by="",
        )

    def renew(self, agency: AgencyId, subject: str, entitlement: Entitlement) -> None:
        """Set new dates; a grace ends with the dates that it was for."""
        self._change(agency, subject, **asdict(entitlement))

    def to_grant(self, agency: AgencyId, subject: str, manager: str, now: float) -> Entitlement:
        """Return the entitlement of an account with the days of grace that a manager grants.

        Raises:
            Refused: NOT_ALLOWED, there is no such account, its training is not over or over for too
                long, the grace was granted, or the manager may not; SIGN_IN, its vetting is over.
        """
        with self._rows.reading() as connection:
            kept = self._account(connection, agency, subject)
            if kept is None:
                raise Refused(Code.NOT_ALLOWED, SignInRule.NO_ACCOUNT)
            held = _account(kept).entitlement
            rules.require_lapsed(held, now)
            granted = replace(kept, training_grace_by=manager.lower())
            self._require_manager(connection, granted, now)
        return _account(granted).entitlement

    def reset(self, agency: AgencyId, subject: str, password: str) -> str:
        """Set a new password and return a new secret of one-time codes. The account's sessions end:
        one of them may be the reason for the reset."""
        secret = pyotp.random_base32(32)
        self._change(
            agency,
            subject,
            end_sessions=True,
            password_hash=self._hash(password),
            totp_secret=secret,
            totp_last_step=0,
            failures=0,
            wait_until=0,
        )
        return secret

    def adopt(self, record: RecordAdoption = unrecorded) -> Adopted:
        """Accept the accounts as they are: a person has restored them.

        In the same step every session ends: one of them may have been ended since the copy was
        made.
        """
        return self._rows.adopt(
            lambda connection: self._end_sessions(connection, lambda _: True), record
        )

    # ---- sign-in -----------------------------------------------------------------------------

    def sign_in(
        self, agency: AgencyId, subject: str, password: str, code: str, now: float
    ) -> tuple[str, Session]:
        """Begin a session; return its token, which the practitioner's device keeps (mode 0600).

        Raises:
            Refused: SIGN_IN, by one rule for a wrong name, password or code.
        """
        kept = self._count_attempt(agency, subject, now)
        right_password = self._verify(kept.password_hash if kept else self._nobody, password)
        step = _step_of(kept, code, now) if kept is not None else None
        if kept is None or not right_password or step is None:
            raise Refused(Code.SIGN_IN, SignInRule.WRONG)
        token = secrets.token_urlsafe(32)
        with self._rows.changing() as connection:
            current = self._account(connection, agency, subject)
            if current is None or current.totp_last_step >= step:  # two raced with one code
                raise Refused(Code.SIGN_IN, SignInRule.WRONG)
            if current.password_hash != kept.password_hash:
                # Attack: whoever has the old password signs in while the account is reset.
                raise Refused(Code.SIGN_IN, SignInRule.WRONG)
            self._put(connection, replace(current, totp_last_step=step, failures=0, wait_until=0))
            self._require_usable(connection, current, now)
            self._end_sessions(
                connection,
                lambda session: (
                    session.auth_time <= int(now) - rules.SESSION_SECONDS
                    or session.last_used <= int(now) - rules.IDLE_SECONDS
                ),
            )
            begun = _Session(_hash_of(token), agency.value, subject, int(now), int(now))
            self._sessions.put(connection, begun, begun.token_hash)
        return token, _session(_account(current), int(now))

    def _count_attempt(self, agency: AgencyId, subject: str, now: float) -> _Account | None:
        """Count one failure more and return the account as it was, or None for an unknown one.

        Raises:
            Refused: SIGN_IN, the account has to wait.
        """
        with self._rows.changing() as connection:
            kept = self._account(connection, agency, subject)
            if kept is not None:
                rules.require_not_waiting(kept.wait_until, now)
                failures = kept.failures + 1
                wait_until = rules.waits_until(failures, now)
                self._put(connection, replace(kept, failures=failures, wait_until=wait_until))
            return kept

    def resume(self, token: str, now: float) -> Session:
        """Return the session of a token.

        Raises:
            Refused: SIGN_IN, it has ended, or its account is no longer entitled.
        """
        with self._rows.changing() as connection:
            held = self._sessions.get(connection, _hash_of(token))
            if held is None:
                raise Refused(Code.SIGN_IN, SignInRule.NO_SESSION)
            rules.require_live(held.auth_time, held.last_used, now)
            kept = self._account(connection, AgencyId(held.agency), held.subject)
            if kept is None:
                raise Defect("a session without an account")
            self._require_usable(connection, kept, now)
            self._sessions.put(connection, replace(held, last_used=int(now)), held.token_hash)
        return _session(_account(kept), held.auth_time)

    def sign_out(self, token: str) -> tuple[AgencyId, str] | None:
        """End a session and return whose it was; None if there was none."""
        with self._rows.changing() as connection:
            held = self._sessions.get(connection, _hash_of(token))
            self._sessions.remove(connection, _hash_of(token))
        return (AgencyId(held.agency), held.subject) if held is not None else None

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

    def _account(self, connection: Connection, agency: AgencyId, subject: str) -> _Account | None:
        """Return an account that has not ended."""
        kept = self._kept(connection, agency, subject)
        return kept if kept is not None and kept.password_hash else None

    def _kept(self, connection: Connection, agency: AgencyId, subject: str) -> _Account | None:
        return self._accounts.get(connection, agency.value.encode(), subject.encode())

    def _put(self, connection: Connection, kept: _Account) -> None:
        self._accounts.put(connection, kept, kept.agency.encode(), kept.subject.encode())

    def _require_usable(self, connection: Connection, kept: _Account, now: float) -> None:
        """Raises ``Refused(SIGN_IN)``. A grace ends when its manager may not grant it any more."""
        account = _account(kept)
        rules.require_usable(account, now)
        if rules.in_grace(account.entitlement, now):
            try:
                self._require_manager(connection, kept, now)
            except Refused:
                raise Refused(Code.SIGN_IN, SignInRule.TRAINING_OVER) from None

    def _require_manager(self, connection: Connection, granted: _Account, now: float) -> None:
        agency = AgencyId(granted.agency)
        manager = self._account(connection, agency, granted.training_grace_by)
        rules.require_manager(_account(manager) if manager else None, _account(granted), now)

    def _end_sessions(self, connection: Connection, due: Callable[[_Session], bool]) -> None:
        for session in self._sessions.records(connection):
            if due(session):
                self._sessions.remove(connection, session.token_hash)

    def _change(
        self, agency: AgencyId, subject: str, *, end_sessions: bool = False, **values: Any
    ) -> None:
        with self._rows.changing() as connection:
            kept = self._account(connection, agency, subject)
            if kept is None:
                raise Refused(Code.NOT_ALLOWED, SignInRule.NO_ACCOUNT)
            self._put(connection, replace(kept, **values))
            if end_sessions:
                mine = (agency.value, subject)
                self._end_sessions(connection, lambda each: (each.agency, each.subject) == mine)


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


def _step_of(kept: _Account, code: str, now: float) -> int | None:
    """Return the time step of a code, unless the code is wrong or was used."""
    totp = pyotp.TOTP(kept.totp_secret)
    for step in rules.code_steps(now):
        wanted = totp.generate_otp(step)
        if secrets.compare_digest(wanted.encode(), code.strip().encode()):
            return step if step > kept.totp_last_step else None
    return None


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


def _account(kept: _Account) -> Account:
    return Account(
        AgencyId(kept.agency),
        kept.subject,
        kept.name,
        Role[kept.role],
        Entitlement(kept.training_until, kept.vetting_until, kept.training_grace_by),
        kept.disabled,
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
