"""What comes back: statuses and pointers, as values of a closed and bounded schema.

Law: nothing about the child, the family or the case has a place here (the schema is the guarantee). Bounds are such
that ``limits.AGENCIES_PER_PART`` agencies and ``limits.POINTER_SLOTS`` pointers of the largest size always fit the
one size of an answer, so that nothing is ever cut for length. Raises ``Refused(MALFORMED)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.private.plain_text import require_email, require_plain, require_telephone
from fingerpost.protocol import limits
from fingerpost.protocol.codes import WIRE_STATUSES, CoarseKind, InvolvementStatus, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import exactly

WORKER_NAME_CHARS: Final = 80
WORKER_ROLE_CHARS: Final = 60
HOURS_CHARS: Final = 60
BYTES_PER_CHAR: Final = 2
"""A text of n characters may have 2n bytes of UTF-8: enough for every Latin letter up to U+024F; the rarer letters
above need 3, and a name made of them alone must be shorter."""

_NUMBER_BOUND: Final = 2**40
_LATEST: Final = 253_402_300_800
"""The end of the year 9999 in seconds since 1970 UTC: what no calendar can show would end the asker's program (attack:
one node that spoils every lookup)."""
_PARTS: Final = 1024


@dataclass(frozen=True, slots=True)
class AgencyAnswer:
    """One agency's word: which import answered (``generation``) and when its source was made (``as_of``, seconds since
    1970 UTC); both zero where none did."""

    agency: AgencyId
    status: Status
    generation: int
    as_of: int

    def __post_init__(self) -> None:
        if self.status not in WIRE_STATUSES:
            raise Refused(Code.MALFORMED, "answer.status")
        _require_number(self.generation, "answer.generation")
        _require_time(self.as_of, "answer.as_of")

    def __repr__(self) -> str:
        return f"AgencyAnswer({self.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class Pointer:
    """Whom to ring. ``kind`` None means: ring the agency's duty desk, nobody is named."""

    agency: AgencyId
    kind: CoarseKind | None
    status: InvolvementStatus
    worker_role: str = ""
    worker_name: str = ""
    desk_phone: str = ""
    desk_email: str = ""
    out_of_hours_phone: str = ""
    hours: str = ""
    as_of: int = 0
    lead_practitioner: bool = False
    early_help_assessment: bool = False

    def __post_init__(self) -> None:
        _require_text(self.worker_role, WORKER_ROLE_CHARS, "pointer.worker_role")
        _require_text(self.worker_name, WORKER_NAME_CHARS, "pointer.worker_name")
        require_telephone(self.desk_phone, "pointer.desk_phone")
        require_email(self.desk_email, "pointer.desk_email")
        require_telephone(self.out_of_hours_phone, "pointer.out_of_hours_phone")
        _require_text(self.hours, HOURS_CHARS, "pointer.hours")
        _require_time(self.as_of, "pointer.as_of")
        named = self.worker_role or self.worker_name
        if self.kind is None and (named or self.lead_practitioner or self.early_help_assessment):
            raise Refused(Code.MALFORMED, "pointer to a duty desk")

    def __repr__(self) -> str:
        return "Pointer(…)"


@dataclass(frozen=True, slots=True, repr=False)
class AnswerPart:
    """One part of one node's answer to one query. Parts are numbered from 0. ``agencies`` are sorted, none twice; each
    pointer is of an agency that says INVOLVED in this part. An INVOLVED agency without a pointer: ring its desk."""

    query_hash: bytes
    node: MemberId
    metadata_version: int
    part: int
    parts: int
    agencies: tuple[AgencyAnswer, ...]
    pointers: tuple[Pointer, ...]

    def __post_init__(self) -> None:
        exactly(self.query_hash, limits.HASH_BYTES, "answer.query_hash")
        _require_number(self.metadata_version, "answer.metadata_version")
        if not 0 <= self.part < self.parts <= _PARTS:
            raise Refused(Code.MALFORMED, "answer.part")
        if len(self.agencies) > limits.AGENCIES_PER_PART:
            raise Refused(Code.MALFORMED, "answer.agencies")
        ids = [answer.agency for answer in self.agencies]
        if ids != sorted(set(ids)):
            raise Refused(Code.MALFORMED, "answer.agencies order")
        if len(self.pointers) > limits.POINTER_SLOTS:
            raise Refused(Code.MALFORMED, "answer.pointers")
        involved = {a.agency for a in self.agencies if a.status is Status.INVOLVED}
        if any(pointer.agency not in involved for pointer in self.pointers):
            raise Refused(Code.MALFORMED, "answer.pointers without involvement")

    def __repr__(self) -> str:
        return f"AnswerPart({self.node}, part {self.part} of {self.parts})"


def _require_text(text: str, chars: int, what: str) -> None:
    require_plain(text, chars=chars, size=BYTES_PER_CHAR * chars, what=what)


def _require_time(at: int, what: str) -> None:
    if not 0 <= at < _LATEST:
        raise Refused(Code.MALFORMED, what)


def _require_number(number: int, what: str) -> None:
    if not 0 <= number < _NUMBER_BOUND:
        raise Refused(Code.MALFORMED, what)
