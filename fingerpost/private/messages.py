"""What travels sealed between the two ends, as values: the question and the answer.

``Inner`` is what the requester wrote; ``Question`` is what ``query_sealing.verify_inner`` returns
once passport, signature and purpose hold. Only a ``Question`` may be acted on, and the two types
keep it so. ``AnswerPart``, with ``AgencyAnswer`` and ``Pointer``, is what comes back.

Invariants: bounds are checked when a value is made, and nothing here prints a person. An answer has
no field for anything about the child, the family or the case: the schema is the guarantee. The
bounds are such that ``limits.AGENCIES_PER_PART`` agencies and ``limits.POINTER_SLOTS`` pointers of
the largest size always fit the one size of an answer, so that nothing is ever cut for length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.private.demographics import Demographics
from fingerpost.private.passport import HandleProof, Passport
from fingerpost.private.plain_text import require_email, require_plain, require_telephone
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol import limits
from fingerpost.protocol.codes import WIRE_STATUSES, Cannot, CoarseKind, InvolvementStatus, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Counting, exactly
from fingerpost.protocol.terms import Terms

WORKER_NAME_CHARS: Final = 80
WORKER_ROLE_CHARS: Final = 60
HOURS_CHARS: Final = 60
BYTES_PER_CHAR: Final = 2
"""A text of n characters may have 2n bytes of UTF-8: enough for every Latin letter up to U+024F;
the rarer letters above need 3, and a name made of them alone must be shorter."""

_NUMBER_BOUND: Final = 2**40
_LATEST: Final = 253_402_300_800
"""The end of the year 9999 in seconds since 1970 UTC. A later time would end the requester's
program, because no calendar can show it (attack: one node that spoils every lookup)."""
_PARTS: Final = 1024


@dataclass(frozen=True, slots=True, repr=False)
class Inner:
    """What the requester wrote, unverified.

    Args:
        agency: the agency that asks.
        gateway: the gateway through which it asks.
        passport_token: a compact JWT of at most ``limits.PASSPORT_BYTES`` ASCII characters.
        justification: why.
        demographics: about whom.
        counting: how the broker counts this query.
        handle_proof: from which the practitioner's pseudonym of the day follows.

    Raises:
        Refused: MALFORMED, the token is out of its bounds.
    """

    agency: AgencyId
    gateway: MemberId
    passport_token: str
    justification: Justification
    demographics: Demographics
    counting: Counting
    handle_proof: HandleProof

    def __post_init__(self) -> None:
        if not self.passport_token.isascii() or (
            not 1 <= len(self.passport_token) <= limits.PASSPORT_BYTES
        ):
            raise Refused(Code.MALFORMED, "inner.passport")

    def __repr__(self) -> str:
        return "Inner(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A verified lookup: this practitioner of this agency, for this purpose and on these terms,
    asks about this child."""

    requester: Agency
    passport: Passport
    justification: Justification
    demographics: Demographics
    terms: Terms
    named_by: frozenset[AgencyId] | None = None
    """The agencies that may name anything; None where the terms leave none out."""

    def __repr__(self) -> str:
        return "Question(…)"


@dataclass(frozen=True, slots=True)
class AgencyAnswer:
    """The answer of one agency.

    ``generation`` is when the import that answered was completed, and ``as_of`` when its source was
    made (seconds since 1970 UTC); both are zero where there is none. ``reason`` goes with
    CANNOT_ANSWER and with no other status.

    Raises:
        Refused: MALFORMED, a status that is none of the wire's, a number out of its bounds, or a
            reason where none belongs or is missing.
    """

    agency: AgencyId
    status: Status
    generation: int
    as_of: int
    reason: Cannot | None = None

    def __post_init__(self) -> None:
        if self.status not in WIRE_STATUSES:
            raise Refused(Code.MALFORMED, "answer.status")
        if (self.status is Status.CANNOT_ANSWER) != (self.reason is not None):
            raise Refused(Code.MALFORMED, "answer.reason")
        _require_number(self.generation, "answer.generation")
        _require_time(self.as_of, "answer.as_of")

    def __repr__(self) -> str:
        return f"AgencyAnswer({self.agency})"


@dataclass(frozen=True, slots=True, repr=False)
class Pointer:
    """Whom to ring. A ``kind`` of None means: ring the agency's duty desk, nobody is named.

    Raises:
        Refused: MALFORMED, a text or a time is out of its bounds, or a duty desk has what only a
            kind may have.
    """

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
    """One part of one node's answer to one query. Parts are numbered from 0.

    ``agencies`` are sorted, none twice. Each pointer is of an agency that answers INVOLVED in this
    part. An INVOLVED agency without a pointer means: ring its desk.

    Raises:
        Refused: MALFORMED, a value is out of its bounds or against one of these rules.
    """

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
