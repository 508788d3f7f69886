"""What travels sealed between the two ends, as values: the question and the answer.

``Inner`` is what the requester wrote; ``Question`` is what ``query_sealing.verify_inner`` returns
once passport, signature and purpose hold. Only a ``Question`` may be acted on, and the two types
keep it so. ``AnswerPart``, with ``AgencyAnswer`` and ``Pointer``, is what comes back.

Invariants: bounds are checked when a value is made, and nothing here prints a person. An answer has
no field for anything about the child, the family or the case: the schema is the guarantee. The
bounds are such that as many agencies and pointers of the largest size as a part may have always fit
its size (``protocol.messages.SizeClass``), so that nothing is ever cut for length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Justification
from fingerpost.private.passport import KEY_BYTES, HandleProof, Passport
from fingerpost.private.plain_text import (
    require_account,
    require_email,
    require_plain,
    require_telephone,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codes import (
    WIRE_STATUSES,
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Quality,
    Role,
    Status,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Agency
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Counting, exactly, size_class
from fingerpost.protocol.terms import Terms

WORKER_NAME_CHARS: Final = 80
WORKER_ROLE_CHARS: Final = 60
APPROVAL_SALT_BYTES: Final = 16
BYTES_PER_CHAR: Final = 2
"""A text of n characters may have 2n bytes of UTF-8: enough for every Latin letter up to U+024F;
the rarer letters above need 3, and a name made of them alone must be shorter."""

_NUMBER_BOUND: Final = 2**40
_PARTS: Final = 1024
ALL_DAYS: Final = 127
_DAY: Final = 24 * 60


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
class Approval:
    """What a second person states of one question, and signs. It holds from ``approved_at`` to
    before ``expires_at`` (seconds since 1970 UTC).

    Args:
        approver: her account at the asking agency.
        role: hers.
        key: her raw Ed25519 key, 32 bytes.
        salt: 16 random bytes, without which two approvals of one child would show that it is one.
        request: the digest of who asks and why, 32 bytes.
        child: the digest of the child, 32 bytes.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    approver: str
    role: Role
    key: bytes
    approved_at: int
    expires_at: int
    salt: bytes
    request: bytes
    child: bytes

    def __post_init__(self) -> None:
        require_account(self.approver, "approval.approver")
        exactly(self.key, KEY_BYTES, "approval.key")
        exactly(self.salt, APPROVAL_SALT_BYTES, "approval.salt")
        exactly(self.request, limits.HASH_BYTES, "approval.request")
        exactly(self.child, limits.HASH_BYTES, "approval.child")
        _require_time(self.approved_at, "approval.approved_at")
        if not 0 < self.expires_at - self.approved_at <= limits.APPROVAL_SECONDS:
            raise Refused(Code.MALFORMED, "approval.expires_at")

    def __repr__(self) -> str:
        return "Approval(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A verified lookup: this practitioner of this agency, for this purpose and on these terms,
    asks about this child."""

    requester: Agency
    passport: Passport
    justification: Justification
    demographics: Demographics
    terms: Terms
    approvals: tuple[Approval, ...] = ()
    """Of second persons; each holds for this question."""
    call_back: Agency | None = None
    """The council whose duty desk to ring back; None for the requester's own agency."""

    def __repr__(self) -> str:
        return "Question(…)"


NO_COMMITMENT: Final = bytes(limits.HASH_BYTES)
ANSWERED: Final = (Status.INVOLVED, Status.NOTHING_TO_DISCLOSE)
"""What an agency answers from its records, whose date then stands beside it."""


@dataclass(frozen=True, slots=True)
class AgencyAnswer:
    """The answer of one agency.

    ``generation`` is when the import that answered was completed, and ``as_of`` when its source was
    made (seconds since 1970 UTC); both are zero where there is none. ``reason`` goes with
    CANNOT_ANSWER and with no other status, and ``pointers`` with INVOLVED alone. An INVOLVED agency
    without a pointer means: ring its desk. ``commitment``: to the records that answered; zeros
    until imports make one, and nothing may be decided by it. ``quality`` goes with an answer from
    records; None where the import does not state one, or the question is of the first revision.

    Raises:
        Refused: MALFORMED, a status that is none of the wire's, a number out of its bounds, no date
            where records answered, or a reason, a pointer or a quality where none belongs, or no
            reason where one does.
    """

    agency: AgencyId
    status: Status
    generation: int
    as_of: int
    reason: Cannot | None = None
    pointers: tuple[Pointer, ...] = ()
    commitment: bytes = NO_COMMITMENT
    quality: Quality | None = None

    def __post_init__(self) -> None:
        if self.status not in WIRE_STATUSES:
            raise Refused(Code.MALFORMED, "answer.status")
        if (self.status is Status.CANNOT_ANSWER) != (self.reason is not None):
            raise Refused(Code.MALFORMED, "answer.reason")
        if self.pointers and self.status is not Status.INVOLVED:
            raise Refused(Code.MALFORMED, "answer.pointers without involvement")
        _require_number(self.generation, "answer.generation")
        _require_time(self.as_of, "answer.as_of")
        if self.status in ANSWERED and not (self.generation and self.as_of):
            raise Refused(Code.MALFORMED, "answer.as_of")
        if self.quality is not None and self.status not in ANSWERED:
            raise Refused(Code.MALFORMED, "answer.quality")
        exactly(self.commitment, limits.HASH_BYTES, "answer.commitment")

    def __repr__(self) -> str:
        return f"AgencyAnswer({self.agency})"


@dataclass(frozen=True, slots=True, order=True)
class OpeningHours:
    """When a desk is staffed, by the wall clock of its place.

    Args:
        days: the sum of the days, Monday 1, Tuesday 2, Wednesday 4 … Sunday 64.
        opens: minutes after midnight, 0 to 1,439.
        closes: minutes after midnight, 0 to 1,440. Where it is not later than ``opens``, it is on
            the next day.
        term_time: in the terms of schools only.

    Raises:
        Refused: MALFORMED, a value is out of its bounds.
    """

    days: int
    opens: int
    closes: int
    term_time: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.days <= ALL_DAYS and 0 <= self.opens < _DAY and 0 <= self.closes <= _DAY):
            raise Refused(Code.MALFORMED, "pointer.hours")

    def covers(self, weekday: int, before: int, minute: int) -> bool:
        """Return whether the desk is staffed.

        Args:
            weekday: whose hours it keeps today; 0 is Monday.
            before: whose hours it kept yesterday.
            minute: after midnight.
        """
        today, yesterday = (self.days >> day & 1 for day in (weekday, before))
        if self.opens < self.closes:
            return bool(today) and self.opens <= minute < self.closes
        return bool((today and minute >= self.opens) or (yesterday and minute < self.closes))


@dataclass(frozen=True, slots=True, repr=False)
class Pointer:
    """Whom to ring. A ``kind`` of None means: ring the agency's duty desk, nobody is named.

    ``hours`` are sorted, none twice; empty where they are not known. ``desk`` is the desk that is
    on duty when the agency answers, None where it does not state whose it is; where that is the
    desk out of hours, ``desk_phone`` is to be rung afterwards. ``staffed_until``: until when it is
    on duty, in seconds since 1970 UTC; 0 where no end is known.

    Raises:
        Refused: MALFORMED, a text or a time is out of its bounds, or a duty desk has what only a
            kind may have.
    """

    kind: CoarseKind | None
    status: InvolvementStatus
    worker_role: str = ""
    worker_name: str = ""
    desk_phone: str = ""
    desk_email: str = ""
    out_of_hours_phone: str = ""
    hours: tuple[OpeningHours, ...] = ()
    as_of: int = 0
    lead_practitioner: bool = False
    early_help_assessment: bool = False
    desk: DeskKind | None = None
    staffed_until: int = 0
    number_reported_wrong: bool = False

    def __post_init__(self) -> None:
        _require_text(self.worker_role, WORKER_ROLE_CHARS, "pointer.worker_role")
        _require_text(self.worker_name, WORKER_NAME_CHARS, "pointer.worker_name")
        require_telephone(self.desk_phone, "pointer.desk_phone")
        require_email(self.desk_email, "pointer.desk_email")
        require_telephone(self.out_of_hours_phone, "pointer.out_of_hours_phone")
        if len(self.hours) > limits.OPENING_HOURS or list(self.hours) != sorted(set(self.hours)):
            raise Refused(Code.MALFORMED, "pointer.hours")
        _require_time(self.as_of, "pointer.as_of")
        _require_time(self.staffed_until, "pointer.staffed_until")
        named = self.worker_role or self.worker_name
        if self.kind is None and (named or self.lead_practitioner or self.early_help_assessment):
            raise Refused(Code.MALFORMED, "pointer to a duty desk")

    def __repr__(self) -> str:
        return "Pointer(…)"


@dataclass(frozen=True, slots=True, repr=False)
class AnswerPart:
    """One part of one node's answer to one query. Parts are numbered from 0.

    ``agencies`` are sorted, none twice. How many pointers they may have together follows from how
    many they are. ``note_secret``: see ``notes``.

    Raises:
        Refused: MALFORMED, a value is out of its bounds or against one of these rules.
    """

    query_hash: bytes
    node: MemberId
    metadata_version: int
    part: int
    parts: int
    agencies: tuple[AgencyAnswer, ...]
    note_secret: bytes

    def __post_init__(self) -> None:
        exactly(self.query_hash, limits.HASH_BYTES, "answer.query_hash")
        exactly(self.note_secret, limits.NOTE_SECRET_BYTES, "answer.note_secret")
        _require_number(self.metadata_version, "answer.metadata_version")
        if not 0 <= self.part < self.parts <= _PARTS:
            raise Refused(Code.MALFORMED, "answer.part")
        slots = size_class(len(self.agencies)).pointers
        ids = [answer.agency for answer in self.agencies]
        if ids != sorted(set(ids)):
            raise Refused(Code.MALFORMED, "answer.agencies order")
        if len(self.pointers) > slots:
            raise Refused(Code.MALFORMED, "answer.pointers")

    @property
    def pointers(self) -> tuple[Pointer, ...]:
        """Those of all agencies, in their order."""
        return tuple(pointer for answer in self.agencies for pointer in answer.pointers)

    def __repr__(self) -> str:
        return f"AnswerPart({self.node}, part {self.part} of {self.parts})"


def _require_text(text: str, chars: int, what: str) -> None:
    require_plain(text, chars=chars, size=BYTES_PER_CHAR * chars, what=what)


def _require_time(at: int, what: str) -> None:
    # Attack: one node spoils every lookup, since the requester's program ends at such a time.
    if not 0 <= at < limits.LATEST:
        raise Refused(Code.MALFORMED, what)


def _require_number(number: int, what: str) -> None:
    if not 0 <= number < _NUMBER_BOUND:
        raise Refused(Code.MALFORMED, what)
