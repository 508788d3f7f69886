"""Seal notes between a gateway and an agency that opened one of its queries, in packets that show
nobody else whether they hold any.

The key of the notes of one query and one node comes from the content key K, which only those have
who opened the query, and from a secret that the node gives in its sealed answer to every query.
So another agency that opened the query, though it has K, can neither read nor write these notes,
and the broker cannot write them with its help.

    key    = HKDF-SHA-256(K, salt secret, info prefixed("fingerpost/v1 notes", H(query), node))
    packet = salt (32 random) | 16 cells in random order
    k      = HMAC-SHA-256(key, prefixed(way, hour (8), salt of the packet that is answered, salt))
    cell n = label | box      label = HMAC(k, "label" | n (1)), the first 16 bytes
                              box   = AES-256-GCM(HMAC(k, "box" | n), aad label, note padded to 112)

The salt is new in each packet, so each box key encrypts once and the nonce is zero. No label comes
twice (attack: a broker that sends a packet again sees by a label that comes back that a cell is not
filler). What is bound: query, node, way, hour, and for a node's packet the one that it answers.
A cell that holds nothing is made like any other, with a key that is thrown away.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum, unique
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fingerpost.private.justification import Choice
from fingerpost.private.plain_text import require_telephone
from fingerpost.private.sealing import pad, prefixed, unpad
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import exactly

NOTE_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)


@unique
class NoteKind(IntEnum):
    """What a note says. A closed list: no text travels in a note (G5)."""

    SPOKE = 1
    LEFT_MESSAGE = 2
    NOT_NEEDED = 3
    NUMBER_WRONG = 4
    THEY_RANG = 5
    RECEIVED = 6
    INVITED = 7
    CHALLENGED = 8
    EXPLAINED = 9
    CONVENED = 10


_TO_TALK: Final = frozenset({NoteKind.INVITED, NoteKind.CONVENED})
_SECOND: Final = _TO_TALK | {NoteKind.CHALLENGED, NoteKind.EXPLAINED}


@unique
class Way(Enum):
    """Which way a packet goes."""

    TO_NODE = b"to the node"
    TO_GATEWAY = b"to the gateway"


@unique
class Doubted(Choice):
    """What an agency challenges about a lookup."""

    GROUND = 1, "the ground that was stated"
    REFERENCE = 2, "the case or referral behind the reference"
    AGREEMENT = 3, "the agreement that was stated"
    ENGAGEMENT = 4, "what your agency has to do with the child"
    DISCUSSION = 5, "the strategy discussion that was stated"
    SECOND_PERSON = 6, "that a second person decided or will review"
    WHOLE = 7, "that the lookup had to be made"


@unique
class Explained(Choice):
    """What the requester answers to a challenge."""

    ON_RECORD = 1, "it is on record, and can be shown to you"
    ASKED_IN_HASTE = 2, "it could not wait, and will be put on record"
    BY_MISTAKE = 3, "it was stated by mistake"
    SHOULD_NOT_HAVE = 4, "the lookup should not have been made"


_TO_GATEWAY: Final = frozenset({NoteKind.THEY_RANG, NoteKind.CHALLENGED})
SAID: Final = {
    Way.TO_NODE: frozenset(NoteKind) - _TO_GATEWAY,
    Way.TO_GATEWAY: _TO_GATEWAY,
}
URGENT: Final = frozenset(
    {NoteKind.LEFT_MESSAGE, NoteKind.NUMBER_WRONG, NoteKind.RECEIVED} | _TO_TALK
)
"""These go first: somebody waits for a call, rings in vain, or sends again until then."""


@dataclass(frozen=True, slots=True, repr=False)
class Note:
    """One note.

    Attributes:
        number: 8 bytes, drawn by who wrote it; of RECEIVED, that of the note that was received.
        agency: that it is meant for; to a gateway, that says so. CONVENED names any agency of the
            node, and is meant for all of them that know the child.
        at: when it was said, in seconds since 1970 UTC.
        telephone: of NUMBER_WRONG, which of the agency's numbers; may be empty.
        when: of INVITED and CONVENED, when to talk or to meet, in seconds since 1970 UTC. Which
            desk to ring follows from who asked, by the member list.
        about: of CHALLENGED alone.
        reason: of EXPLAINED alone.

    Raises:
        Refused: MALFORMED, a value is out of its bounds, or stands where none belongs, or is
            missing.
    """

    number: bytes
    kind: NoteKind
    agency: AgencyId
    at: int
    telephone: str = ""
    when: int = 0
    about: Doubted | None = None
    reason: Explained | None = None

    def __post_init__(self) -> None:
        exactly(self.number, limits.NOTE_NUMBER_BYTES, "note.number")
        require_telephone(self.telephone, "note.telephone")
        # Attack: a note that nobody's program can list.
        if not (0 <= self.at < limits.LATEST and 0 <= self.when < limits.LATEST):
            raise Refused(Code.MALFORMED, "note.at")
        if self.telephone and self.kind is not NoteKind.NUMBER_WRONG:
            raise Refused(Code.MALFORMED, "note.telephone")
        for kinds, stated in (
            (_TO_TALK, self.when),
            ({NoteKind.CHALLENGED}, self.about),
            ({NoteKind.EXPLAINED}, self.reason),
        ):
            if bool(stated) != (self.kind in kinds):
                raise Refused(Code.MALFORMED, f"note of kind {self.kind.name}")

    @property
    def since(self) -> int:
        """The revision of the wire that brought what it says."""
        return limits.SECOND_REVISION if self.kind in _SECOND else limits.FIRST_REVISION

    def within(self, revision: int) -> Note:
        """Return the note as a revision can say it: one that cannot name the number that is wrong
        says that a number is."""
        return self if revision >= limits.SECOND_REVISION else replace(self, telephone="")

    def of(self, agency: AgencyId) -> Note:
        """Return the note as one agency of a node has it that is meant for several there. Its
        number follows from both, so that each keeps its own once."""
        bound = prefixed(self.number, agency.value.encode("ascii"))
        number = hashlib.sha256(bound).digest()[: limits.NOTE_NUMBER_BYTES]
        return replace(self, number=number, agency=agency)

    def received(self) -> Note:
        """Return the note that acknowledges this one."""
        return Note(self.number, NoteKind.RECEIVED, self.agency, self.at)

    def __repr__(self) -> str:
        return f"Note({self.kind.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What a packet held. ``notes``: each with the key that opened it. ``refused``: how many cells
    had a label of ours and did not hold a note that may come this way."""

    notes: tuple[tuple[bytes, Note], ...]
    refused: int

    def __repr__(self) -> str:
        return f"Opened({len(self.notes)})"


def note_key(content_key: bytes, secret: bytes, query_hash: bytes, node: MemberId) -> bytes:
    """Return the key of the notes of one query and node, 32 bytes.

    It opens nothing of the query.

    Args:
        content_key: K, 32 bytes.
        secret: as the node's answer to the query gives it, 32 bytes.
    """
    info = prefixed(b"fingerpost/v1 notes", query_hash, node.value.encode("ascii"))
    return HKDF(SHA256(), NOTE_KEY_BYTES, salt=secret, info=info).derive(content_key)


def note_secret(key: bytes, query_hash: bytes) -> bytes:
    """Return what a node's answer to a query gives: 32 bytes, for every query, whatever the answer.

    Args:
        key: the node's own, 32 random bytes.
    """
    return hmac.digest(key, b"note secret" + query_hash, "sha256")


def seal_packet(
    notes: Sequence[tuple[bytes, bytes]],
    way: Way,
    hour: int,
    random_bytes: Callable[[int], bytes],
    *,
    answered: bytes = b"",
) -> bytes:
    """Return a packet. It takes as many steps whether it holds no note or 16.

    Args:
        notes: at most 16 pairs of a key and the bytes of a note.
        answered: the salt of the packet that it answers; of a gateway's, nothing.

    Raises:
        Refused: MALFORMED, more notes than cells.
    """
    if len(notes) > limits.CELLS:
        raise Refused(Code.MALFORMED, "packet.notes")
    salt = random_bytes(limits.PACKET_SALT_BYTES)
    empty = [(random_bytes(NOTE_KEY_BYTES), b"") for _ in range(limits.CELLS)]
    turns: dict[bytes, int] = {}
    cells = []
    for key, note in (*notes, *empty[len(notes) :]):
        turn = turns[key] = turns.get(key, -1) + 1
        packet_key = _packet_key(key, way, hour, answered, salt)
        label, box = _label(packet_key, turn), AESGCM(_box_key(packet_key, turn))
        padded = pad(note, limits.NOTE_BYTES, "note too long")
        cells.append(label + box.encrypt(_NONCE, padded, label))
    return salt + b"".join(sorted(cells, key=lambda _: random_bytes(16)))


def open_packet(
    packet: bytes,
    way: Way,
    hour: int,
    keys: Iterable[bytes],
    read: Callable[[bytes], Note],
    *,
    answered: bytes = b"",
) -> Opened:
    """Return the notes that the keys open.

    Args:
        keys: none twice.
        read: parses a note; it raises ``Refused``.
        answered: as in ``seal_packet``.

    Raises:
        Refused: MALFORMED, of another size.
    """
    exactly(packet, limits.PACKET_BYTES, "packet size")
    salt = packet[: limits.PACKET_SALT_BYTES]
    cells = {
        packet[at : at + limits.LABEL_BYTES]: packet[
            at + limits.LABEL_BYTES : at + limits.CELL_BYTES
        ]
        for at in range(limits.PACKET_SALT_BYTES, limits.PACKET_BYTES, limits.CELL_BYTES)
    }
    notes: list[tuple[bytes, Note]] = []
    refused = 0
    for key in keys:
        packet_key = _packet_key(key, way, hour, answered, salt)
        for turn in range(limits.CELLS):
            label = _label(packet_key, turn)
            box = cells.get(label)
            if box is None:
                break
            try:
                plain = AESGCM(_box_key(packet_key, turn)).decrypt(_NONCE, box, label)
                note = read(unpad(plain, "note padding"))
            except (InvalidTag, Refused):
                refused += 1
                continue
            if note.kind in SAID[way]:
                notes.append((key, note))
            else:
                refused += 1
    return Opened(tuple(notes), refused)


def _packet_key(key: bytes, way: Way, hour: int, answered: bytes, salt: bytes) -> bytes:
    bound = prefixed(way.value, hour.to_bytes(8, "big"), answered, salt)
    return hmac.digest(key, bound, "sha256")


def _label(packet_key: bytes, turn: int) -> bytes:
    return hmac.digest(packet_key, b"label" + bytes([turn]), "sha256")[: limits.LABEL_BYTES]


def _box_key(packet_key: bytes, turn: int) -> bytes:
    return hmac.digest(packet_key, b"box" + bytes([turn]), "sha256")
