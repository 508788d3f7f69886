"""What one member signs under its own name, and another verifies.

The reader finds the signer's key in the member list, so an envelope is read in two steps:
``claimed_signer`` says whose key must verify it, and ``Signed.read`` verifies and parses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.protobuf.message import Message

from fingerpost.protocol.codec.strict import parse, read_envelope, write_envelope
from fingerpost.protocol.envelope import Envelope, PayloadType, open_envelope, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Signed(Generic[M]):
    """How messages of one type are signed and read.

    Attributes:
        message: their type.
        payload_type: what the envelope calls them.
        member: the field of the message that names the member that signs.
        most: the longest that an envelope may be, in bytes.
    """

    message: type[M]
    payload_type: PayloadType
    member: str
    most: int

    def write(self, message: M, key: Ed25519PrivateKey) -> bytes:
        """Return an envelope, signed with the key of the member that the message names."""
        payload = message.SerializeToString(deterministic=True)
        signer: str = getattr(message, self.member)
        return write_envelope(sign(self.payload_type, payload, signer, key))

    def read(self, envelope: Envelope, key: Ed25519PublicKey) -> M:
        """Return the message, once it verifies under ``key``, that of the envelope's signer.

        Raises:
            Refused: BAD_SIGNATURE, also where the message names another member (attack: my key
                under your name); MALFORMED.
        """
        opened = parse(self.message, open_envelope(envelope, self.payload_type, key), self.most)
        if getattr(opened, self.member) != envelope.signer:
            raise Refused(Code.BAD_SIGNATURE, f"{self.message.DESCRIPTOR.name}.{self.member}")
        return opened


def claimed_signer(data: bytes, *, most: int) -> tuple[Envelope, MemberId]:
    """Return the unverified envelope, and the member whose key must verify it.

    Args:
        most: the longest that it may be, in bytes.

    Raises:
        Refused: MALFORMED.
    """
    envelope = read_envelope(data, most=most)
    return envelope, MemberId(envelope.signer)
