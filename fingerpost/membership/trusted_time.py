"""The time by which a member does what cannot be undone.

Law: nothing is destroyed by one clock alone. The issuer signs its time into every timestamp of the
member list, at least every ten minutes. A signed time that has arrived is in the past, so it is a
moment that has been reached, and so is every later moment up to which the monotonic clock has run
since. ``reached`` is the earlier of that moment and this machine's clock. What is due is destroyed
once its time is reached, and waits otherwise.

So a wrong clock of this machine destroys nothing, nor does a wrong clock of the issuer; both would
have to be ahead. A timestamp that is replayed is an old one, and makes destruction wait (attack: a
broker or a network that keeps back newer timestamps). No nonce is needed for that: a replay could
deceive only a rule that takes a signed time for the present.

The signed time is carried on for no longer than the timestamp is valid: a list that nobody has
signed for a day confirms nothing more.

``judge`` says which clock is wrong, for the operator. Nothing is destroyed by it. A wall clock that
has moved against the monotonic one since both last agreed with the signed time is this machine's
fault; otherwise the issuer's time has moved.

Source: TUF specification 1.0, section 5.4 (timestamp); the expiry is the issue time and a fixed
life.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.federation import Federation
from fingerpost.runtime.clock import Clock

CARRIED_SECONDS: Final = limits.TIMESTAMP_VALID_SECONDS
ON_ITS_WAY_SECONDS: Final = 180
"""A timestamp arrives so long after it was signed at most, where all is well."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed time.

    Attributes:
        at: when the issuer signed, seconds since 1970 UTC by its clock.
        received: when it arrived here, by the monotonic clock.
        found: it was there when the process looked for the first time, so its age is not known.
    """

    at: float
    received: float
    found: bool = False


@unique
class Clocks(Enum):
    """How this machine's clock and the issuer's signed time stand to each other."""

    AGREE = "agree"
    OURS = "ours"
    """They do not agree, and this machine's clock has jumped."""
    ISSUERS = "issuers"
    """They do not agree, and this machine's clock has not jumped."""
    ONE = "one"
    """They have not agreed since the process started."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks at one moment.

    Attributes:
        ahead: by how many seconds this machine's clock is ahead of the signed time.
        still: for how many seconds no newer signed time has arrived.
    """

    clocks: Clocks
    ahead: float
    still: float


def judge(wall: float, monotonic: float, signed: Signed, agreed: float | None) -> Reading:
    """Return how the clocks stand to each other. Pure.

    Args:
        agreed: the wall clock less the monotonic clock when both clocks last agreed; None while
            they have not.
    """
    still = max(0.0, monotonic - signed.received)
    ahead = wall - (signed.at + still)
    most = ON_ITS_WAY_SECONDS + (limits.TIMESTAMP_EVERY_SECONDS if signed.found else 0)
    if -limits.CLOCK_SKEW_SECONDS <= ahead <= most:
        clocks = Clocks.AGREE
    elif agreed is None:
        clocks = Clocks.ONE
    else:
        jumped = abs((wall - monotonic) - agreed) > limits.CLOCK_SKEW_SECONDS
        clocks = Clocks.OURS if jumped else Clocks.ISSUERS
    return Reading(clocks, ahead, still)


def reached(wall: float, monotonic: float, signed: Signed | None) -> float:
    """Return the latest moment that both clocks have reached. Pure.

    Args:
        wall: this machine's clock, seconds since 1970 UTC.
        monotonic: its monotonic clock.
        signed: the newest signed time; None while none has arrived.

    Returns:
        Seconds since 1970 UTC; 0 while no signed time has arrived.
    """
    if signed is None:
        return 0.0
    run = min(max(0.0, monotonic - signed.received), CARRIED_SECONDS)
    return min(wall, signed.at + run)


def clock_agrees(clocks: Clocks) -> bool:
    """Return whether this machine's clock can be relied on: it agrees with the signed time, or the
    issuer's is the wrong one."""
    return clocks in (Clocks.AGREE, Clocks.ISSUERS)


class TrustedTime:
    """The signed time of this process, and what it confirms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signed: Signed | None = None
        self._agreed: float | None = None

    def note(self, federation: Federation) -> None:
        """Take the signed time of a list that was verified just now.

        The newest list counts, even where its time is earlier: TUF lets no version go back, so the
        issuer has set its clock right since.
        """
        if self._signed is None or self._signed.at != federation.signed_at:
            found = self._signed is None
            self._signed = Signed(federation.signed_at, self._clock.monotonic(), found)

    @property
    def signed_at(self) -> float:
        """The newest signed time, seconds since 1970 UTC; 0 while none has arrived."""
        return 0.0 if self._signed is None else self._signed.at

    def read(self) -> Reading | None:
        """Read both clocks: see ``judge``; None while no signed time has arrived."""
        if self._signed is None:
            return None
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        reading = judge(wall, monotonic, self._signed, self._agreed)
        if reading.clocks is Clocks.AGREE:
            self._agreed = wall - monotonic
        return reading

    def agrees(self) -> bool:
        """Return whether this machine's clock can be relied on: see ``clock_agrees``."""
        reading = self.read()
        return reading is not None and clock_agrees(reading.clocks)

    def reached(self) -> float:
        """Return the latest moment that both clocks have reached: see ``reached``."""
        return reached(self._clock.now(), self._clock.monotonic(), self._signed)
