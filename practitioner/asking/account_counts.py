"""What each account of an agency asked in a period, counted in its audit log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fingerpost.audit.chain import FieldValue
from fingerpost.audit.log import Entry, OperationId
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Purpose
from practitioner.asking.audit_events import ASKED, ATTENDED, ENDED, FAILED, NOT_TAKEN, STOPPED
from practitioner.asking.outcome import OwnRecord

ATTENDANCE_SECONDS: Final = limits.DAY
"""How long after a lookup for urgent care its attendance number may be missing."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What an account asked in a period: how often; how often about a child who was new in the
    agency's own records, or of whom those gave no answer; and how many lookups for urgent care
    lack their attendance number."""

    account: str
    lookups: int
    new_today: int
    not_known: int
    unattended: int


def count(entries: Iterable[Entry], since: int, until: int, now: float) -> tuple[Counts, ...]:
    """Return the counts of each account, in their alphabetical order.

    Args:
        entries: of one agency's log, from ``since`` on and without an end: what is owed for a
            lookup can come after the period.
        since: the beginning of the period, in seconds since 1970 UTC.
        until: its end, which is not in it.
        now: likewise.
    """
    asked: dict[OperationId, Entry] = {}
    own: dict[OperationId, FieldValue] = {}
    attended: set[OperationId] = set()
    for entry in entries:
        if entry.kind == ASKED and since <= entry.at < until:
            asked[entry.operation] = entry
        elif entry.kind == FAILED or (entry.kind == STOPPED and not entry.fields["left"]):
            asked.pop(entry.operation, None)  # nobody was asked
        elif entry.kind == ENDED:
            own[entry.operation] = entry.fields.get("own_record", NOT_TAKEN)
        elif entry.kind == ATTENDED:
            attended.add(entry.operation)
    by_account: dict[str, Counter[str]] = defaultdict(Counter)
    for operation, entry in asked.items():
        owes = (
            entry.fields["purpose"] == Purpose.URGENT_CARE.name
            and now >= entry.at + ATTENDANCE_SECONDS
            and operation not in attended
        )
        by_account[str(entry.actor)] += Counter(
            lookups=1, unattended=int(owes), **{str(own.get(operation, NOT_TAKEN)): 1}
        )
    return tuple(
        Counts(
            account,
            found["lookups"],
            found[OwnRecord.NEW_TODAY.value],
            found[OwnRecord.NOT_KNOWN.value],
            found["unattended"],
        )
        for account, found in sorted(by_account.items())
    )
