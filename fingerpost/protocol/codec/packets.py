"""What the broker and a member send each other when packets are exchanged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.codec.strict import refuse_unknown
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import exactly
from fingerpost.protocol.packets import CarriedPacket, Packets
from fingerpost.wire.v1 import broker_pb2, notes_pb2

PACKETS_PER_FRAME: Final = limits.FRAME_BYTES // (limits.PACKET_BYTES + 64)


def write_exchange(node: MemberId, hour: int, packet: bytes) -> notes_pb2.ExchangeRequest:
    return notes_pb2.ExchangeRequest(node=node.value, hour=hour, packet=packet)


def read_exchange(message: notes_pb2.ExchangeRequest) -> tuple[MemberId, int, bytes]:
    """Return node, hour and packet.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    exactly(message.packet, limits.PACKET_BYTES, "packet size")
    return MemberId(message.node), message.hour, message.packet


def write_exchanged(packet: bytes) -> notes_pb2.ExchangeResponse:
    return notes_pb2.ExchangeResponse(packet=packet)


def read_exchanged(message: notes_pb2.ExchangeResponse) -> bytes:
    """Return the node's packet.

    Raises:
        Refused: MALFORMED.
    """
    refuse_unknown(message)
    exactly(message.packet, limits.PACKET_BYTES, "packet size")
    return message.packet


def write_packets_to_node(packets: Packets) -> broker_pb2.AttachResponse:
    """Return a frame of at most ``PACKETS_PER_FRAME`` packets."""
    return broker_pb2.AttachResponse(packets=_to_wire(packets))


def write_packets_to_broker(packets: Packets) -> broker_pb2.AttachRequest:
    """Return a frame of at most ``PACKETS_PER_FRAME`` packets."""
    frame = notes_pb2.PacketFrame(packets=_to_wire(packets))
    return broker_pb2.AttachRequest(packets=frame)


def read_packets(packets: Iterable[notes_pb2.CarriedPacket]) -> Packets:
    """Return the packets of a frame whose unknown fields have been refused.

    Raises:
        Refused: MALFORMED.
    """
    carried = tuple(CarriedPacket(each.exchange, each.hour, each.packet) for each in packets)
    if len(carried) > PACKETS_PER_FRAME:
        raise Refused(Code.MALFORMED, "packets")
    return Packets(carried)


def _to_wire(packets: Packets) -> list[notes_pb2.CarriedPacket]:
    return [
        notes_pb2.CarriedPacket(exchange=p.exchange, hour=p.hour, packet=p.packet) for p in packets
    ]
