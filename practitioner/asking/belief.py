"""What an agency's answer is worth: beside the answers that came before it, and by the age of its
records. Pure.

The number of an agency's generation grows with each import, also after a restored copy. An answer
from an older generation than one that was seen here comes from records that were put back: the
children who came since are not in them, so its "no" is a gap, with a reason of its own, and its
"yes" stands but the outcome is not complete. The next import ends that.

The same holds of records that are too old by the signed list: a node answers CANNOT_ANSWER from
them, and a requester does not rely on that (attack, or slip: a node that goes by other ages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.codes import Cannot, Status
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId
from practitioner.asking.outcome import USABLE, Answered

MOST_AGENCIES: Final = 50_000
"""More than England has; the agencies whose imports are oldest are forgotten first."""


def believed(answer: Answered, seen: int, *, too_old: bool) -> Answered:
    """Return what an answer is worth.

    Args:
        seen: the newest generation of this agency that was seen before, 0 for none.
        too_old: its records are too old by the signed list.
    """
    if answer.status not in USABLE or (answer.generation >= seen and not too_old):
        return answer
    why = Cannot.WENT_BACK if answer.generation < seen else Cannot.TOO_OLD
    if answer.status is Status.INVOLVED:  # whom to ring is true, though others may be missing
        return replace(answer, reason=why)
    return Answered(Status.CANNOT_ANSWER, answer.generation, answer.as_of, reason=why)


def all_believed(
    answers: Mapping[AgencyId, Sequence[Answered]],
    seen: Mapping[AgencyId, int],
    federation: Federation,
    asked_at: float,
) -> dict[AgencyId, list[Answered]]:
    """Return the answers of one lookup as ``believed``, each beside what was seen before it.

    Args:
        federation: the list by which the lookup was asked; a node that goes by another one cannot
            answer it.
        asked_at: when it was asked, in seconds since 1970 UTC. A node judges later, so that records
            that it may answer from are not too old here.
    """
    return {
        agency: [
            believed(
                answer,
                seen.get(agency, 0),
                too_old=answer.status in USABLE
                and federation.feed_life(agency, answer.as_of).is_over(asked_at),
            )
            for answer in given
        ]
        for agency, given in answers.items()
    }


def newer(
    answers: Mapping[AgencyId, Sequence[Answered]], seen: Mapping[AgencyId, int], now: float
) -> dict[AgencyId, int]:
    """Return the generations of usable answers that are newer than those seen.

    A number from beyond tomorrow was made by a clock that was wrong, or to have later answers
    refused; it is not remembered.
    """
    found = {
        agency: max((a.generation for a in given if a.status in USABLE), default=0)
        for agency, given in answers.items()
    }
    return {
        agency: number
        for agency, number in found.items()
        if seen.get(agency, 0) < number <= now + limits.DAY
    }


def joined(seen: Mapping[AgencyId, int], more: Mapping[AgencyId, int]) -> dict[AgencyId, int]:
    """Return what is remembered afterwards, at most ``MOST_AGENCIES``."""
    both = {**seen}
    for agency, number in more.items():
        both[agency] = max(number, both.get(agency, 0))
    newest = sorted(both.items(), key=lambda each: each[1], reverse=True)
    return dict(newest[:MOST_AGENCIES])
