"""Which clock is wrong, and since when what is due to be destroyed waits: for the log, and for
``status`` of another process.

Law: this module tells the operator and decides nothing (``trusted_time`` does). The running process
leaves what it sees in a file, since only a process that runs can compare its clocks over time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from fingerpost.membership.trusted_time import ON_ITS_WAY_SECONDS, Clocks, Reading, TrustedTime
from fingerpost.protocol import limits
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.logs import Logger

LOOK_SECONDS: Final = 15.0
LOOK_JITTER_SECONDS: Final = 3.0
STILL_SECONDS: Final = 1800.0
"""The issuer signs every ten minutes: a list that has not moved for so long is kept back, or nobody
signs."""
WORD: Final = "clock.json"
WORD_SECONDS: Final = 120.0
"""A process that runs leaves its word more often."""

CLOCK_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "clock.wrong": frozenset({"which", "seconds"}),
    "clock.agrees": frozenset(),
    "member_list.still": frozenset({"seconds"}),
}
"""Events for the log catalogue of each member."""


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a running process saw last. Times are seconds since 1970 UTC.

    Attributes:
        at: by this machine's clock.
        ahead, still: see ``trusted_time.Reading``.
        signed_at: the newest signed time.
        reached: what is due later than this waits.
        since: since when the clocks have been as they are, by this machine's clock.
    """

    at: float
    clocks: Clocks
    ahead: float
    still: float
    signed_at: float
    reached: float
    since: float


class ClockWatch:
    """Looks at the clocks, reports a change, and leaves its word in the folder of the list."""

    def __init__(self, time: TrustedTime, clock: Clock, log: Logger, folder: Path) -> None:
        self._time = time
        self._clock = clock
        self._log = log
        self._file = folder / WORD
        self._clocks = Clocks.AGREE
        self._since: float | None = None
        self._still = False

    async def look(self) -> None:
        """Look once.

        Raises:
            Defect: the word cannot be written.
        """
        reading = self._time.read()
        if reading is None:
            return
        self._report(reading)
        word = Word(
            at=self._clock.now(),
            clocks=reading.clocks,
            ahead=reading.ahead,
            still=reading.still,
            signed_at=self._time.signed_at,
            reached=self._time.reached(),
            since=self._clock.now() if self._since is None else self._since,
        )
        data = msgspec.json.encode(word)
        await asyncio.to_thread(replace_file, self._file, data, durable=False)

    def _report(self, reading: Reading) -> None:
        if self._since is None or reading.clocks is not self._clocks:
            self._since = self._clock.now()
            if reading.clocks is not Clocks.AGREE:
                which, seconds = reading.clocks.value, int(reading.ahead)
                self._log.error("clock.wrong", which=which, seconds=seconds)
            elif self._clocks is not Clocks.AGREE:
                self._log.info("clock.agrees")
            self._clocks = reading.clocks
        still = reading.still >= STILL_SECONDS
        if still and not self._still:
            self._log.warning("member_list.still", seconds=int(reading.still))
        self._still = still


def read_word(folder: Path) -> Word | None:
    """Return the last word of the process that keeps the list in ``folder``; None when there is
    none.
    """
    try:
        return msgspec.json.decode((folder / WORD).read_bytes(), type=Word)
    except (OSError, msgspec.MsgspecError):
        return None


def told(word: Word | None, now: float, waits: str) -> tuple[str, ...]:
    """Return what ``status`` says of the clocks, in lines for an operator. Pure.

    Args:
        word: of the running process.
        now: this machine's clock, seconds since 1970 UTC.
        waits: what this party destroys when it is due, such as "keys of epochs".
    """
    if word is None:
        return ("Clock: not known yet. The process has not run since it was set up.",)
    lines = [f"Clock: {_which(word)}"]
    if abs(now - word.at) > WORD_SECONDS:  # another clock may be right by now, or wrong
        lines = [
            f"Clock: not known now: the process does not run. At {moment(word.at)} it saw:",
            f"  {_which(word)}",
        ]
    if word.still >= STILL_SECONDS:
        lines.append(
            f"  No newer member list has come for {duration(word.still)}: broker and issuer cannot "
            "be reached, or the list is kept back, or the issuer does not sign."
        )
    if word.at - word.reached > ON_ITS_WAY_SECONDS + limits.TIMESTAMP_EVERY_SECONDS:
        lines.append(f"  Nothing is destroyed ({waits}) that is due after {moment(word.reached)}.")
    return tuple(lines)


def disagreement(word: Word | None, now: float) -> str:
    """Return what ``check`` says of clocks that disagree, in a line; empty where a running process
    saw none that do.

    Args:
        word, now: as ``told``.
    """
    if word is None or word.clocks is Clocks.AGREE or abs(now - word.at) > WORD_SECONDS:
        return ""
    return f"Clock: {_which(word)}"


def _which(word: Word) -> str:
    way = "ahead of" if word.ahead > 0 else "behind"
    by, since = duration(abs(word.ahead)), moment(word.since)
    match word.clocks:
        case Clocks.AGREE:
            return f"agrees with the issuer's, which last signed at {moment(word.signed_at)}."
        case Clocks.OURS:
            return (
                f"THIS MACHINE'S CLOCK IS WRONG. It jumped, and is {by} {way} the issuer's, "
                f"since {since}."
            )
        case Clocks.ISSUERS:
            return (
                f"the issuer's clock is wrong: this machine's did not jump, and is {by} {way} it, "
                f"since {since}. Tell the federation operator."
            )
        case Clocks.ONE:
            return (
                f"this machine's clock is {by} {way} the issuer's, which last signed at "
                f"{moment(word.signed_at)}. One of the two is wrong"
                + (", or newer lists do not come." if word.ahead > 0 else ".")
            )


def moment(seconds: float) -> str:
    """Return a time as an operator reads it, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """Return a length of time in the largest unit of which there are two or more."""
    for name, unit in (("days", limits.DAY), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} seconds"
