"""Decide which epochs a member makes a key for, and when it forgets. Pure.

Nodes and gateways make a receiving key for the epoch's pepper, key holders a VOPRF key. Both
deposit the public half with the issuer in one statement, signed by the member's signing key. Keys
are deposited one epoch ahead, so that the authority finds them when it opens the epoch.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from fingerpost.protocol import limits
from fingerpost.protocol.federation import Parameters
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import day_of


def epochs_to_prepare(
    parameters: Parameters, opened: Container[EpochNumber], now: float
) -> tuple[EpochNumber, ...]:
    """Return, in order, the epochs to make keys for: those announced, not over and not ``opened``,
    and the next one.

    Args:
        opened: the epochs whose pepper is held. A member that joins late has none of a running
            epoch.
    """
    announced = {e.number for e in parameters.epochs if not e.is_over(now)}
    wanted = sorted({*announced, parameters.next_epoch})
    return tuple(number for number in wanted if number not in opened)


@dataclass(frozen=True, slots=True)
class Turning:
    """A plan for a member's store.

    Attributes:
        turn: the peppers to advance, each to this day.
        forget: the epochs of which nothing is kept.
    """

    turn: Mapping[EpochNumber, int]
    forget: frozenset[EpochNumber]


def earliest_day(reached: float) -> int:
    """Return the day of the earliest slot that a query may still name.

    The last slot of yesterday is held ``PREVIOUS_SLOT_HELD_SECONDS`` longer.
    """
    return day_of(reached - limits.PREVIOUS_SLOT_HELD_SECONDS)


def plan_turning(
    parameters: Parameters,
    peppers: Mapping[EpochNumber, int],
    keys: Iterable[EpochNumber],
    reached: float,
) -> Turning:
    """Plan which peppers a member's store advances, and what it forgets.

    Args:
        reached: see ``ports.Reached``.
        peppers: the day of each pepper that is held.
        keys: the epochs whose receiving key or requesters' key is held.
    """
    over = {e.number for e in parameters.epochs if e.is_over(reached)}
    oldest = min((e.number.value for e in parameters.epochs), default=0)
    past = frozenset(n for n in {*peppers, *keys} if n in over or n.value < oldest)
    day = earliest_day(reached)
    turn = {n: day for n, held in peppers.items() if n not in past and held < day}
    return Turning(turn, past)
