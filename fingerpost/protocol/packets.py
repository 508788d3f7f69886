"""Packets, in which notes travel, as who carries them sees them: one size, and random bytes.

A packet is a salt of 32 bytes and 16 cells of 144. What a cell holds, and whether it holds
anything, is seen by the two ends alone (``private.notes``). An exchange is a packet of a gateway
and the packet that a node gives in return. Each pair of them has at most one an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.messages import exactly


@dataclass(frozen=True, slots=True, repr=False)
class CarriedPacket:
    """A packet on a node's stream.

    Attributes:
        exchange: drawn by the broker, 16 bytes; it names no gateway.
        hour: hours since 1970 UTC.

    Raises:
        Refused: MALFORMED, of another size.
    """

    exchange: bytes
    hour: int
    packet: bytes

    def __post_init__(self) -> None:
        exactly(self.exchange, limits.EXCHANGE_BYTES, "packet.exchange")
        exactly(self.packet, limits.PACKET_BYTES, "packet size")

    @property
    def salt(self) -> bytes:
        """What makes this packet's cells like no other's."""
        return self.packet[: limits.PACKET_SALT_BYTES]

    def __repr__(self) -> str:
        return f"CarriedPacket({self.hour})"


@dataclass(frozen=True, slots=True, repr=False)
class Packets:
    """Packets that travel together on a node's stream, in either direction."""

    packets: tuple[CarriedPacket, ...]

    def __len__(self) -> int:
        return len(self.packets)

    def __iter__(self) -> Iterator[CarriedPacket]:
        return iter(self.packets)

    def __repr__(self) -> str:
        return f"Packets({len(self)})"


def hour_of(at: float) -> int:
    """Return hours since 1970 UTC."""
    return int(at) // limits.HOUR_SECONDS


def require_hour(hour: int, now: float) -> None:
    """Refuse a packet that was not made in this hour, give or take the clocks' skew.

    Raises:
        Refused: NOT_FRESH (attack: a packet of another hour, whose notes were acted on).
    """
    skew = limits.CLOCK_SKEW_SECONDS
    if not hour_of(now - skew) <= hour <= hour_of(now + skew):
        raise Refused(Code.NOT_FRESH, "packet.hour")
