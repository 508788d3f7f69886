"""Bound how much a member may have evaluated. Pure.

Metering keeps a member with ill will from a run over all children of England: it can test guesses
only as fast as it may ask (G3, G8). Lookups and bulk are metered apart, so that a nightly import
never stops a lookup.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Member, Party
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Workload, day_of


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``most`` elements within ``period`` (the name of a day or an epoch)."""

    period: str
    most: int


def allowance(member: Member, workload: Workload, epoch: EpochNumber, now: float) -> Allowance:
    """Return what ``member`` may have evaluated: a gateway lookups by day, a node bulk by epoch.

    A node has its declared caseload x 25 keys x 1.5 an epoch. A gateway has its lookups a day
    x 32 elements x 2, since a lookup has up to two queries.

    Raises:
        Refused: NOT_ALLOWED for a workload that the member's party does not have.
    """
    match workload, member.party:
        case Workload.LOOKUP, Party.GATEWAY:
            return Allowance(f"day-{day_of(now)}", 2 * member.lookups_per_day * limits.LOCATORS)
        case Workload.BULK, Party.NODE:
            keys = member.declared_caseload * limits.BULK_KEYS_PER_CHILD
            return Allowance(f"epoch-{epoch}", int(keys * limits.BULK_FACTOR))
        case _:
            raise Refused(Code.NOT_ALLOWED, "workload of this member")
