"""Which epochs a key holder serves, and which keys it makes, announces and destroys. Pure.

The key of an epoch is random, is made before the epoch is announced, and is destroyed once no query
can use it (attack: whoever steals an old key later could test guesses against what was recorded
then). A destroyed key of a running epoch would stop all lookups until governance opens another, so
a key is destroyed by the time that both clocks have reached, never by this machine's alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch, Federation
from fingerpost.protocol.ids import EpochNumber, MemberId

KEEP_AFTER_SECONDS = limits.QUERY_LIFE_SECONDS + 2 * limits.CLOCK_SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class Chores:
    """What is due now, in this order: keys to make, keys to destroy, keys to announce until the
    list names them.
    """

    make: tuple[EpochNumber, ...]
    destroy: tuple[EpochNumber, ...]
    announce: tuple[EpochNumber, ...]


def serving(federation: Federation, me: MemberId, number: EpochNumber, now: float) -> Epoch:
    """Return the epoch, if it is served at ``now``: from the start of indexing until its last query
    has expired.

    Raises:
        Refused: NOT_READY for an epoch newer than this holder's list (the caller has a later list,
            and tries again); UNSUPPORTED alike for an epoch that never was and one that is over.
    """
    for epoch in federation.parameters.epochs:
        if epoch.number == number and me in epoch.holder_keys:
            early = epoch.index_from - limits.CLOCK_SKEW_SECONDS
            if early <= now < epoch.ends_at + KEEP_AFTER_SECONDS:
                return epoch
    if all(number > epoch.number for epoch in federation.parameters.epochs):
        raise Refused(Code.NOT_READY, "epoch newer than the list")
    raise Refused(Code.UNSUPPORTED, "epoch")


def chores(federation: Federation, held: frozenset[EpochNumber], reached: float) -> Chores:
    """Plan the life of the keys.

    The next epoch's key is made ahead, so that governance can change epochs at once after a theft.

    Args:
        held: the epochs whose key the vault has.
        reached: see ``membership.ports.Reached``.
    """
    epochs = federation.parameters.epochs
    wanted = federation.parameters.next_epoch
    ended = {e.number for e in epochs if reached >= e.ends_at + KEEP_AFTER_SECONDS}
    oldest_listed = min((e.number for e in epochs), default=wanted)
    dead = {n for n in held if n in ended or n < oldest_listed}
    return Chores(
        make=() if wanted in held else (wanted,),
        destroy=tuple(sorted(dead)),
        announce=tuple(sorted({wanted, *held} - dead - {e.number for e in epochs})),
    )
