"""When a sign-in holds. Pure; times are seconds since 1970 UTC.

* A sign-in takes both factors. Which of them was wrong is not disclosed.
* A one-time code counts once (attack: a code read over a shoulder), one step (30 s) to either side.
* After failures an account has to wait, ever longer, whoever tries (attack: guessing).
* Training and vetting are checked at sign-in and again at every passport.
* Whose training is over may ask for 14 days more where a manager granted it, and may decide on
  nobody else's question in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import unique
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Purpose, Role
from fingerpost.protocol.errors import Code, Refused, Rule
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row

SESSION_SECONDS: Final = 12 * 3600
IDLE_SECONDS: Final = 30 * 60
CODE_SECONDS: Final = 30
FREE_FAILURES: Final = 3
LONGEST_WAIT_SECONDS: Final = 3600
_MARGIN: Final = limits.QUERY_LIFE_SECONDS + 2 * limits.CLOCK_SKEW_SECONDS
"""A passport must outlive its query; training and vetting must outlast it by more than the clock
skew."""


@unique
class SignInRule(Rule):
    """What an account, a sign-in and a session must keep to."""

    WRONG = (
        "name, password or code"  # one rule for all three: nobody learns which of them was wrong
    )
    WAITING = "too many failures, wait"
    DISABLED = "account"
    TRAINING_OVER = "training has run out"
    VETTING_OVER = "vetting has run out"
    ENDING = "training or vetting runs out now"
    SESSION_ENDED = "the session has ended"
    CLOCK_BEHIND = "the clock is behind the sign-in"
    NO_SESSION = "no session"
    OTHER_AGENCY = "agency of this gateway"
    TRAINING_PAST = "the training is over"
    VETTING_PAST = "the vetting is over"
    ACCOUNT_EXISTS = "the account exists"
    NAME_SPENT = "the account has ended, and its name with it"
    NO_ACCOUNT = "there is no such account"
    REVIEWER_ACCOUNT = "reviewer has no account"
    MANAGER = "the manager may not grant it"
    NOT_LAPSED = "the training is not over, or the 14 days after it are"
    GRANTED = "the grace was granted"
    LENGTH = "password: 12 to 256 characters"
    ACCOUNT_NAME = "subject"
    PERSON_NAME = "name"


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A practitioner of an agency. ``subject`` is opaque, as in passports and audit logs."""

    agency: AgencyId
    subject: str
    name: str
    role: Role
    entitlement: Entitlement
    disabled: bool = False

    def __repr__(self) -> str:
        return f"Account({self.agency}, {self.role.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A sign-in that holds. ``subject`` is the account's opaque name within the agency."""

    agency: AgencyId
    subject: str
    name: str
    role: Role
    acr: Acr
    auth_time: int
    entitlement: Entitlement

    def __repr__(self) -> str:
        return f"Session({self.agency}, {self.role.name})"


def approval_key(token: str) -> Ed25519PrivateKey:
    """Return the key with which a person signs approvals in the session of ``token``.

    It follows from the token, which only her device has and the gateway never keeps: nobody signs
    as her without her sign-in, and the key ends with the session.
    """
    info = b"fingerpost/v1 approval key"
    seed = HKDF(SHA256(), 32, None, info).derive(token.encode("utf-8"))
    return Ed25519PrivateKey.from_private_bytes(seed)


def require_usable(account: Account, now: float) -> None:
    """Let an account through whose owner may ask.

    Raises:
        Refused: SIGN_IN, it is disabled, or training or vetting has run out.
    """
    if account.disabled:
        raise Refused(Code.SIGN_IN, SignInRule.DISABLED)
    require_entitled(account.entitlement, now)


def require_entitled(entitlement: Entitlement, now: float) -> None:
    """Raises ``Refused(SIGN_IN)``: training, with its days of grace, or vetting has run out."""
    if _is_over(entitlement.training_ends, now):
        raise Refused(Code.SIGN_IN, SignInRule.TRAINING_OVER)
    if _is_over(entitlement.vetting_until, now):
        raise Refused(Code.SIGN_IN, SignInRule.VETTING_OVER)


def require_in_date(entitlement: Entitlement, now: float) -> None:
    """Let somebody decide on others who needs no grace herself. Raises ``Refused(SIGN_IN)``."""
    require_entitled(replace(entitlement, training_grace_by=""), now)


def in_grace(entitlement: Entitlement, now: float) -> bool:
    """Return whether the right to ask rests on days of grace that a manager granted."""
    return bool(entitlement.training_grace_by) and _is_over(entitlement.training_until, now)


def days_left(entitlement: Entitlement, now: float) -> int:
    """Return how many days the right to ask lasts, today among them."""
    return -int(-(entitlement.ends - now) // limits.DAY)


def require_lapsed(entitlement: Entitlement, now: float) -> None:
    """Let a grace be granted: once, and within the 14 days after the training.

    Raises:
        Refused: NOT_ALLOWED, it was granted, the training is not over, or the days are; SIGN_IN,
            the vetting is over.
    """
    if entitlement.training_grace_by:
        raise Refused(Code.NOT_ALLOWED, SignInRule.GRANTED)
    granted = replace(entitlement, training_grace_by="somebody")
    if not in_grace(granted, now) or _is_over(granted.training_ends, now):
        raise Refused(Code.NOT_ALLOWED, SignInRule.NOT_LAPSED)
    require_entitled(granted, now)


def require_manager(manager: Account | None, of: Account, now: float) -> None:
    """Let a grace rest on a manager: another account of the agency that is usable without a grace,
    whose role may ask for a purpose of the practitioner's, as a reviewer's may.

    Raises:
        Refused: NOT_ALLOWED, she may not grant it.
    """
    try:
        if manager is not None and not manager.disabled and manager.subject != of.subject:
            require_in_date(manager.entitlement, now)
            if any(_may_ask(manager, each) and _may_ask(of, each) for each in Purpose):
                return
    except Refused:
        pass
    raise Refused(Code.NOT_ALLOWED, SignInRule.MANAGER)


def _may_ask(account: Account, purpose: Purpose) -> bool:
    return row(TERMS, purpose, account.role) is not None


def require_ahead(entitlement: Entitlement, now: float) -> None:
    """Let an entitlement be written down that still holds.

    The measure is that of the sign-in, so that none is kept with which nobody could sign in.

    Raises:
        Refused: NOT_ALLOWED, the training or the vetting is over.
    """
    if _is_over(entitlement.training_ends, now):
        raise Refused(Code.NOT_ALLOWED, SignInRule.TRAINING_PAST)
    if _is_over(entitlement.vetting_until, now):
        raise Refused(Code.NOT_ALLOWED, SignInRule.VETTING_PAST)


def _is_over(until: int, now: float) -> bool:
    return until <= now + _MARGIN


def waits_until(failures: int, now: float) -> int:
    """Return until when an account waits after its ``failures``-th failure in a row.

    The first three are free; then it waits 2, 4, 8 … seconds, an hour at most.
    """
    if failures <= FREE_FAILURES:
        return 0
    doublings = min(failures - FREE_FAILURES, LONGEST_WAIT_SECONDS.bit_length())
    wait: int = 1 << doublings
    return int(now) + min(wait, LONGEST_WAIT_SECONDS)


def require_not_waiting(wait_until: int, now: float) -> None:
    """Refuse an account that has to wait. Raises ``Refused(SIGN_IN)``.

    None waits longer than the longest wait: what ends later was begun by a clock that was ahead,
    with which no code was right.
    """
    if now < wait_until <= now + LONGEST_WAIT_SECONDS + limits.CLOCK_SKEW_SECONDS:
        raise Refused(Code.SIGN_IN, SignInRule.WAITING)


def code_steps(now: float) -> tuple[int, int, int]:
    """Return the time steps of RFC 6238 whose codes count: this, the one before, the one after."""
    step = int(now) // CODE_SECONDS
    return step, step - 1, step + 1


def require_live(auth_time: int, last_used: int, now: float) -> None:
    """Refuse a session that is too old, or was idle too long, and one that begins later than now:
    it is not ended for a clock that was set back. Raises ``Refused(SIGN_IN)``.
    """
    if now < auth_time:
        raise Refused(Code.SIGN_IN, SignInRule.CLOCK_BEHIND)
    if now >= auth_time + SESSION_SECONDS or now >= last_used + IDLE_SECONDS:
        raise Refused(Code.SIGN_IN, SignInRule.SESSION_ENDED)
