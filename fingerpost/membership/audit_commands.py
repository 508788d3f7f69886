"""What the command lines of several parties do to verify an audit log.

Law: this module speaks to a person and decides nothing: ``audit.verification`` does. A log that
goes on from a note is whole, one that does not is undone, and a note with a slip says nothing; each
has words and an exit status of its own (``commands.main``). Only a ``cli`` imports this module.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from enum import Enum, unique
from operator import sub
from typing import Annotated, Final

import typer

from fingerpost.audit.log import Actor, AuditLog, Entry, OperationId, Receipt
from fingerpost.membership.clock_watch import duration
from fingerpost.membership.commands import NEVER, utc
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
HoldOption = Annotated[int, typer.Option("--hold", min=1, help="The number of the legal hold.")]
SecondOption = Annotated[
    str, typer.Option("--second", help="Another person who decides with you (an account).")
]
GiveOption = Annotated[
    list[int] | None,
    typer.Option("--give", min=1, help="The number of an entry to give. May be repeated."),
]


@unique
class Right(Enum):
    """What somebody asks for about her data, or her child's (UK GDPR, articles 15 to 21)."""

    CORRECTION = "correction"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


@unique
class Decision(Enum):
    """What two persons decided."""

    UPHELD = "upheld"
    IN_PART = "in-part"
    REFUSED = "refused"


RightOption = Annotated[Right, typer.Option("--right", help="What is asked for.")]
DecisionOption = Annotated[Decision, typer.Option("--decision", help="What you two decided.")]
REPLY: Final = (
    "We have searched our records of who asked about your child.\n"
    "Where the law lets us keep information back to protect a child or another person, we do so, "
    "and we do not say whether we have.\n"
    "What we can give you is below."
)
"""The one reply to everybody who asks who asked, whatever was found (Data Protection Act 2018,
schedules 2 and 3). That it is always the same is what protects: a reply that differed where
something is kept back would show that there is something."""
NOTHING_GIVEN: Final = "No entry."
AFTERWARDS: Final = (
    "If you think this is wrong, write to our data protection officer. You can also complain to "
    "the Information Commissioner: ico.org.uk."
)
_ACCESS, _ANSWERED = "access", "answered"
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


# ---- retention and rights ------------------------------------------------------------------------


def hold(log: AuditLog, *, by: str, why: str) -> None:
    """Set a legal hold on a log, and close it."""
    with closing(log):
        number = log.hold(actor=Actor(by), operation=OperationId(why), at=int(time.time()))
    typer.echo(
        f"Legal hold {number} is in force. Nothing of this log is forgotten until two persons lift "
        f"it: audit lift --hold {number}"
    )


def lift(log: AuditLog, number: int, *, by: str, second: str, why: str) -> None:
    """Lift a legal hold, and close the log. Raises ``Defect``: it is one person twice, or there is
    no such hold."""
    with closing(log):
        log.lift(
            number,
            actor=Actor(by),
            second=Actor(second),
            operation=OperationId(why),
            at=int(time.time()),
        )
        left = log.holds()
    typer.echo("Lifted." if not left else "Lifted. Still in force: " + ", ".join(map(str, left)))


def decide(
    log: AuditLog, right: Right, decision: Decision, *, by: str, second: str, why: str
) -> None:
    """Record what two persons decided on a right, and close the log. Raises ``Defect``."""
    with closing(log):
        _record_right(log, right.value, decision.value, by, second, why, b"")
    typer.echo("Recorded.")


def reply(
    log: AuditLog,
    give: Sequence[int],
    in_words: Callable[[Entry], str],
    *,
    by: str,
    second: str,
    why: str,
) -> None:
    """Print the reply to somebody who asks who asked, record it first, and close the log.

    Args:
        give: the entries that two persons decided to give.
        in_words: says of an entry what may be given of it; raises ``Defect`` for one that may not
            be given.

    Raises:
        Defect: it is one person twice, or there is no such entry.
    """
    with closing(log):
        wanted = set(give)
        found = [e for e in log.show(0, NEVER, decrypt=bool(wanted)) if e.seq in wanted]
        if missing := wanted - {each.seq for each in found}:
            raise Defect(f"--give: there is no entry {min(missing)}")
        lines = [in_words(each) for each in found]
        given = " ".join(str(each.seq) for each in found).encode()
        _record_right(log, _ACCESS, _ANSWERED, by, second, why, given)
    typer.echo("\n\n".join([REPLY, "\n".join(lines) or NOTHING_GIVEN, AFTERWARDS]))


def _record_right(
    log: AuditLog, right: str, decision: str, by: str, second: str, why: str, body: bytes
) -> None:
    log.record_right(
        right,
        decision,
        actor=Actor(by),
        second=Actor(second),
        operation=OperationId(why),
        at=int(time.time()),
        body=body,
    )
