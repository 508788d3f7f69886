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

Source: TUF specification 1.0, section 5.4 (timestamp); the expiry is the issue time and a fixed
life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.federation import Federation
from fingerpost.runtime.clock import Clock

CARRIED_SECONDS: Final = limits.TIMESTAMP_VALID_SECONDS


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed time.

    Attributes:
        at: when the issuer signed, seconds since 1970 UTC by its clock.
        received: when it arrived here, by the monotonic clock.
    """

    at: float
    received: float


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


class TrustedTime:
    """The signed time of this process, and what it confirms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._signed: Signed | None = None

    def note(self, federation: Federation) -> None:
        """Take the signed time of a list that was verified just now.

        The newest list counts, even where its time is earlier: TUF lets no version go back, so the
        issuer has set its clock right since.
        """
        if self._signed is None or self._signed.at != federation.signed_at:
            self._signed = Signed(federation.signed_at, self._clock.monotonic())

    def reached(self) -> float:
        """Return the latest moment that both clocks have reached: see ``reached``."""
        return reached(self._clock.now(), self._clock.monotonic(), self._signed)
