"""Which lookups an agency may challenge, and until when the answer is due. Pure.

Law: a challenge tells the agency that asked nothing that it was not told. It shows that the query
opened here, so only a lookup in whose outcome the agency was named may be challenged (attack, and
accident: a challenge by an agency that shields the child, or is not sure, tells that it knows her).
Where the entry does not show who asked, an officer has to have revealed it first.
"""

from __future__ import annotations

from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import Final

from agency_node.answering.entries import HiddenRequester
from agency_node.inbox.lookups import Lookup
from fingerpost.private.notes import Doubted
from fingerpost.private.working_days import is_working_day
from fingerpost.protocol.codec.challenges import Challenge
from fingerpost.protocol.codes import Status
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, FederationId, MemberId

ANSWER_WORKING_DAYS: Final = 5
"""In so many working days after its own a challenge is to be answered."""


def challenge_of(
    lookup: Lookup,
    hidden: HiddenRequester | None,
    *,
    federation: FederationId,
    node: MemberId,
    agency: AgencyId,
    about: Doubted,
    now: int,
) -> Challenge:
    """Return the challenge of a lookup.

    Args:
        hidden: who asked, where the entry does not show it and an officer revealed it.
        node: the member that will sign.
        agency: whose lookup it is.
        now: in seconds since 1970 UTC.

    Raises:
        Defect: the agency was not named in the outcome, or it is not shown who asked.
    """
    involved = Status.INVOLVED.name
    told = next((e for e in lookup.entries if e.fields["answer"] == involved), None)
    if told is None:
        raise Defect(
            "you were not named in that outcome, so a challenge would show that you know the "
            "child. If it cannot wait, ring the safeguarding lead of the asking agency"
        )
    asking = lookup.asking or (hidden.agency if hidden is not None else "")
    if not asking:
        raise Defect("it is not shown who asked: open the lookup with --reveal first")
    return Challenge(
        federation,
        node,
        agency,
        AgencyId(asking),
        bytes.fromhex(str(told.fields["query"])),
        about.value,
        now,
        answer_by(now),
    )


def answer_by(now: int) -> int:
    """Return the end (UTC) of the last working day on which a challenge can be answered, in
    seconds since 1970."""
    day, left = datetime.fromtimestamp(now, UTC).date(), ANSWER_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return timegm((day + timedelta(days=1)).timetuple())
