"""The port through which rules and services see the member list. No I/O: they may import this
module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fingerpost.protocol.federation import Federation

Reached = Callable[[], float]
"""Returns the latest moment (seconds since 1970 UTC) that this machine's clock and the issuer's
have both reached: see ``trusted_time``. Only what was due then may be destroyed."""


class Members(Protocol):
    """The member list that this process has verified; a newer one replaces it at any time."""

    @property
    def current(self) -> Federation:
        """The newest list, expired or not.

        Raises:
            Refused: UNTRUSTED_METADATA, there has been none.
        """
        ...

    def at(self, now: float) -> Federation:
        """Return the newest list, if it holds at ``now`` (seconds since 1970 UTC).

        Raises:
            Refused: UNTRUSTED_METADATA, there has been none, or it has expired.
        """
        ...
