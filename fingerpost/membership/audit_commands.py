"""What the command lines of several parties do to verify an audit log.

Law: this module speaks to a person and decides nothing: ``audit.verification`` does. A log that
goes on from a note is whole, one that does not is undone, and a note with a slip says nothing; each
has words and an exit status of its own (``commands.main``). Only a ``cli`` imports this module.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import closing
from operator import sub
from typing import Annotated, Final

import typer

from fingerpost.audit.log import AuditLog, Receipt
from fingerpost.membership.clock_watch import duration
from fingerpost.membership.commands import utc
from fingerpost.membership.deposited_heads import require_continued
from fingerpost.membership.membership import Places, heads_at_issuer
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.screen_text import counted

NotedOption = Annotated[
    str | None,
    typer.Option(
        "--witness", help="NUMBER:HASH as noted earlier; it shows a log whose end was cut off."
    ),
]
DepositsOption = Annotated[
    bool,
    typer.Option("--deposits", help="Compare it with the heads that were left at the issuer."),
]
_NOTED: Final = re.compile(r"(0|[1-9][0-9]{0,17}):([0-9a-f]{64})")
_NUMBER: Final = re.compile(r"[0-9]+")
_HASH: Final = re.compile(r"[0-9a-f]*")


def report_whole(log: AuditLog, noted: str | None) -> None:
    """Follow the chain from first to last entry; report the number of entries, and the head for
    somebody else to note.

    Args:
        noted: NUMBER:HASH as it was noted earlier.

    Raises:
        BrokenChain: an entry is not the one that was recorded, or (``Undone``) the noted one.
        Unsure: ``noted`` has a slip.
        Defect: ``noted`` has another form.
    """
    report = log.verify(None if noted is None else _receipt(noted))
    report.require_whole()
    head = f"{report.head.seq}:{report.head.hash.hex()}"
    typer.echo(f"{counted(report.entries, 'entry', 'entries')}, whole. Note this elsewhere: {head}")
    if report.noted is not None:
        typer.echo(f"It goes on from entry {report.noted} as it was noted.")


def _receipt(text: str) -> Receipt:
    """Return what was noted. Raises ``Defect``: it is not a number and a whole hash."""
    noted = text.strip().lower()
    found = _NOTED.fullmatch(noted)
    if found is not None:
        return Receipt(int(found[1]), bytes.fromhex(found[2]))
    number, _, digest = noted.partition(":")
    if _NUMBER.fullmatch(number) and digest and _HASH.fullmatch(digest):
        fault = (
            f"the hash has 64 digits (0-9, a-f), and {len(digest)} were given. Less than the whole "
            "hash shows nothing"
        )
    else:
        fault = "expected NUMBER:HASH, as verify prints it"
    raise Defect(f"--witness: {fault}")


def verify(
    log: AuditLog, *, noted: str | None, deposits: bool, store: str, places: Places, party: Party
) -> None:
    """Verify a member's log as ``report_whole``, and close it; with ``deposits``, compare it with
    the heads that the member has left at the issuer.

    Args:
        store: the name of the log's witness.

    Raises:
        BrokenChain: as ``report_whole``.
        NotContinued: the log does not go on from a head that was left.
        Refused: the issuer refuses, or cannot be reached.
    """
    with closing(log):
        report_whole(log, noted)
        if not deposits:
            return
        left = asyncio.run(heads_at_issuer(places, party, SystemClock()).left())
        require_continued(left, store, log.hash_at, utc)
    mine = sorted(each.at for each in left if each.has(store))
    if not mine:
        typer.echo("The issuer has no head of this log yet.")
        return
    typer.echo(heads_told(mine, int(time.time())))


def heads_told(left_at: Sequence[int], now: int) -> str:
    """Return when heads were left, and the longest time without one, which may be the time since
    the newest: a member that has stopped leaving any shows by that alone.

    Args:
        left_at: when each was left, the oldest first, in seconds since 1970 UTC; one at least.
        now: the same.
    """
    gap, since = max(zip(map(sub, (*left_at[1:], now), left_at), left_at, strict=True))
    heads = "the one head" if len(left_at) == 1 else f"all {len(left_at)} heads"
    return (
        f"It goes on from {heads} left at the issuer, the newest of {utc(left_at[-1])} and the "
        f"oldest of {utc(left_at[0])} UTC. The longest time without one: {duration(gap)}, from "
        f"{utc(since)} UTC on."
    )
