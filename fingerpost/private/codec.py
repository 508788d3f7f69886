"""Between wire bytes and the values of ``messages`` and ``demographics``; the only such place for
what travels sealed.

Law: the length is checked first, then a parse refuses unknown fields, then the values check the
rest. The caller keeps signed bytes as they are, and they are never serialised again. No error
quotes what was read.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from fingerpost.private.demographics import (
    Demographics,
    OtherName,
    Scheme,
    Sex,
    read_birth,
    written_birth,
)
from fingerpost.private.justification import (
    AgreedBy,
    Engagement,
    Facts,
    Informed,
    Justification,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.messages import (
    AgencyAnswer,
    AnswerPart,
    Approval,
    Inner,
    OpeningHours,
    Pointer,
)
from fingerpost.private.notes import Doubted, Explained, Note, NoteKind
from fingerpost.private.passport import HandleProof
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import counting_from_wire, counting_to_wire
from fingerpost.protocol.codec.strict import code, code_or_none, parse, split, written
from fingerpost.protocol.codes import (
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Purpose,
    Quality,
    Role,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import LARGEST, exactly
from fingerpost.wire.v1 import private_pb2 as pb

DEMOGRAPHICS_BYTES: Final = 16 * 1024
"""The largest size in a record's storage; in a query the size of the inner part is the tighter
bound."""

FACTS_BYTES: Final = 512
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def write_inner(inner: Inner, core_hash: bytes, revision: int = limits.FIRST_REVISION) -> bytes:
    """Return the bytes of the inner part, with H(core), 32 bytes, in a revision of the wire.

    Raises:
        Refused: MALFORMED, text that has no UTF-8 form, or too much about the child; UNSUPPORTED,
            it says what only a later revision can say.
    """
    why = inner.justification
    demographics = _to_wire(inner.demographics)
    _require_room(demographics)
    message = pb.Inner(
        core_hash=core_hash,
        passport=inner.passport_token,
        agency=inner.agency.value,
        gateway=inner.gateway.value,
        purpose=why.purpose.value,
        reason_reference=why.reason_reference,
        approvals=why.approvals,
        demographics=demographics,
        widened_because=why.widened_because.value if why.widened_because else 0,
        facts=_facts_to_wire(why.facts),
        counting=counting_to_wire(inner.counting),
        handle_proof=pb.HandleProof(
            day_key=inner.handle_proof.day_key, path=b"".join(inner.handle_proof.path)
        ),
    )
    return written(message, revision)


def read_inner(payload: bytes, revision: int = limits.FIRST_REVISION) -> tuple[bytes, Inner]:
    """Return H(core) as the inner part states it, and the inner part.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.Inner, payload, limits.INNER_BYTES, revision)
    exactly(m.core_hash, limits.HASH_BYTES, "inner.core_hash")
    _require_room(m.demographics)
    inner = Inner(
        agency=AgencyId(m.agency),
        gateway=MemberId(m.gateway),
        passport_token=m.passport,
        justification=Justification(
            purpose=code(Purpose, m.purpose, "inner.purpose"),
            reason_reference=m.reason_reference,
            widened_because=code_or_none(
                WideningReason, m.widened_because, "inner.widened_because"
            ),
            facts=_facts_from_wire(m.facts),
            approvals=tuple(m.approvals),
        ),
        demographics=_from_wire(m.demographics),
        counting=counting_from_wire(m.counting),
        handle_proof=HandleProof(
            m.handle_proof.day_key,
            split(m.handle_proof.path, limits.HASH_BYTES, "inner.handle_proof"),
        ),
    )
    return m.core_hash, inner


def write_approval(approval: Approval) -> bytes:
    """Return the bytes that a second person and her agency sign."""
    return pb.Approval(
        approver=approval.approver,
        role=approval.role.value,
        key=approval.key,
        approved_at=approval.approved_at,
        expires_at=approval.expires_at,
        salt=approval.salt,
        request=approval.request,
        child=approval.child,
    ).SerializeToString(deterministic=True)


def read_approval(statement: bytes) -> Approval:
    """Return what a second person signed.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.Approval, statement, limits.APPROVAL_BYTES)
    return Approval(
        approver=m.approver,
        role=code(Role, m.role, "approval.role"),
        key=m.key,
        approved_at=m.approved_at,
        expires_at=m.expires_at,
        salt=m.salt,
        request=m.request,
        child=m.child,
    )


def write_signed_approval(statement: bytes, by_person: bytes, by_agency: bytes) -> bytes:
    """Return a statement with both signatures, 64 bytes each."""
    return pb.SignedApproval(
        statement=statement, by_person=by_person, by_agency=by_agency
    ).SerializeToString(deterministic=True)


def read_signed_approval(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the statement, the person's signature and the agency's; nothing is verified yet.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.SignedApproval, data, limits.APPROVAL_BYTES)
    for signature in (m.by_person, m.by_agency):
        exactly(signature, limits.SIGNATURE_BYTES, "approval.signature")
    return m.statement, m.by_person, m.by_agency


def write_facts(facts: Facts) -> bytes:
    """Return the bytes of the facts, as audit records keep them."""
    return _facts_to_wire(facts).SerializeToString(deterministic=True)


def read_facts(data: bytes) -> Facts:
    """Return the facts.

    Raises:
        Refused: MALFORMED.
    """
    return _facts_from_wire(parse(pb.Facts, data, FACTS_BYTES))


def _facts_to_wire(facts: Facts) -> pb.Facts:
    discussion = facts.strategy_discussion
    return pb.Facts(
        reason=facts.reason or 0,
        engagement=facts.engagement or 0,
        informed=facts.informed or 0,
        agreed_by=facts.agreed_by or 0,
        agreed_on=_day(facts.agreed_on),
        requested_by=facts.requested_by.value if facts.requested_by else "",
        lead_since=_day(facts.lead_since),
        strategy_discussion=_day(discussion.held_on if discussion else None),
        discussion_awaited_since=_day(discussion.awaited_since if discussion else None),
        arrived_at=facts.arrived_at,
        joined_on=_day(facts.joined_on),
        origin=facts.origin or 0,
        not_hiding=facts.not_hiding,
        reported_by=facts.reported_by or 0,
        checked=facts.checked,
        missing_since=facts.missing_since,
        renewed_at=facts.renewed_at,
        renewed_by=facts.renewed_by,
        reviewer=facts.reviewer,
        notified_on=_day(facts.notified_on),
        nobody_nearer=facts.nobody_nearer,
        call_back=facts.call_back.value if facts.call_back else "",
    )


def _facts_from_wire(m: pb.Facts) -> Facts:
    held_on = _date(m.strategy_discussion, "strategy_discussion")
    awaited_since = _date(m.discussion_awaited_since, "discussion_awaited_since")
    discussion = StrategyDiscussion(held_on, awaited_since) if held_on or awaited_since else None
    return Facts(
        reason=code_or_none(Reason, m.reason, "facts.reason"),
        engagement=code_or_none(Engagement, m.engagement, "facts.engagement"),
        informed=code_or_none(Informed, m.informed, "facts.informed"),
        agreed_by=code_or_none(AgreedBy, m.agreed_by, "facts.agreed_by"),
        agreed_on=_date(m.agreed_on, "agreed_on"),
        requested_by=AgencyId(m.requested_by) if m.requested_by else None,
        lead_since=_date(m.lead_since, "lead_since"),
        strategy_discussion=discussion,
        arrived_at=m.arrived_at,
        joined_on=_date(m.joined_on, "joined_on"),
        origin=code_or_none(Origin, m.origin, "facts.origin"),
        not_hiding=m.not_hiding,
        reported_by=code_or_none(ReportedBy, m.reported_by, "facts.reported_by"),
        checked=m.checked,
        missing_since=m.missing_since,
        renewed_at=m.renewed_at,
        renewed_by=m.renewed_by,
        reviewer=m.reviewer,
        notified_on=_date(m.notified_on, "notified_on"),
        nobody_nearer=m.nobody_nearer,
        call_back=AgencyId(m.call_back) if m.call_back else None,
    )


def require_room(demographics: Demographics) -> None:
    """Refuse a child of whom more is given than the inner part of a question has room for.

    Raises:
        Refused: MALFORMED.
    """
    _require_room(_to_wire(demographics))


def _require_room(m: pb.Demographics) -> None:
    if m.ByteSize() > limits.QUESTION_CHILD_BYTES:
        raise Refused(Code.MALFORMED, "too much about the child: give fewer other names")


def write_demographics(demographics: Demographics) -> bytes:
    """Return the bytes of a record's demographics.

    Raises:
        Refused: MALFORMED, text that has no UTF-8 form.
    """
    return _to_wire(demographics).SerializeToString(deterministic=True)


def read_demographics(data: bytes) -> Demographics:
    """Return a record's demographics.

    Raises:
        Refused: MALFORMED.
    """
    return _from_wire(parse(pb.Demographics, data, DEMOGRAPHICS_BYTES))


def _to_wire(d: Demographics) -> pb.Demographics:
    try:
        return pb.Demographics(
            forename=d.forename,
            middle_names=d.middle_names,
            surname=d.surname,
            other_names=[
                pb.OtherName(forename=o.forename, surname=o.surname) for o in d.other_names
            ],
            dob=written_birth(d.dob),
            sex=d.sex.value if d.sex else 0,
            postcode=d.postcode,
            health_number=d.health_number,
            upn=d.upn,
            number_scheme=d.number_scheme or 0,
            former_postcodes=d.former_postcodes,
        )
    except ValueError:  # lone surrogates; the library's message quotes the name
        raise Refused(Code.MALFORMED, "demographics") from None


def _from_wire(m: pb.Demographics) -> Demographics:
    if len(m.other_names) > limits.OTHER_NAMES:
        raise Refused(Code.MALFORMED, "other_names")
    return Demographics(
        forename=m.forename,
        middle_names=m.middle_names,
        surname=m.surname,
        other_names=tuple(OtherName(o.forename, o.surname) for o in m.other_names),
        dob=read_birth(m.dob) if m.dob else None,
        sex=code_or_none(Sex, m.sex, "sex"),
        postcode=m.postcode,
        health_number=m.health_number,
        upn=m.upn,
        number_scheme=code_or_none(Scheme, m.number_scheme, "number_scheme"),
        former_postcodes=tuple(m.former_postcodes),
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _date(text: str, field: str) -> date | None:
    """Read one spelling only; ``date.fromisoformat`` alone would take week dates too. Empty text is
    no date."""
    if not text:
        return None
    if _ISO_DATE.fullmatch(text) is not None:
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Refused(Code.MALFORMED, field)


def write_part(part: AnswerPart, revision: int = limits.FIRST_REVISION) -> bytes:
    """Return the bytes of one part of an answer, in the revision of its query.

    Raises:
        Refused: UNSUPPORTED, it says what only a later revision can say.
    """
    message = pb.AnswerPart(
        query_hash=part.query_hash,
        node=part.node.value,
        metadata_version=part.metadata_version,
        part=part.part,
        parts=part.parts,
        agencies=[
            pb.AgencyAnswer(
                agency=a.agency.value,
                status=a.status.value,
                generation=a.generation,
                as_of=a.as_of,
                reason=a.reason or 0,
                pointers=[_pointer_to_wire(p) for p in a.pointers],
                commitment=a.commitment,
                quality=a.quality or 0,
            )
            for a in part.agencies
        ],
        note_secret=part.note_secret,
    )
    return written(message, revision)


def read_part(payload: bytes, revision: int = limits.FIRST_REVISION) -> AnswerPart:
    """Return one part of an answer, by the revision of its query.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.AnswerPart, payload, LARGEST.plain_bytes, revision)
    return AnswerPart(
        query_hash=m.query_hash,
        node=MemberId(m.node),
        metadata_version=m.metadata_version,
        part=m.part,
        parts=m.parts,
        agencies=tuple(
            AgencyAnswer(
                AgencyId(a.agency),
                code(Status, a.status, "answer.status"),
                a.generation,
                a.as_of,
                code_or_none(Cannot, a.reason, "answer.reason"),
                tuple(_pointer_from_wire(p) for p in a.pointers),
                a.commitment,
                code_or_none(Quality, a.quality, "answer.quality"),
            )
            for a in m.agencies
        ),
        note_secret=m.note_secret,
    )


def _pointer_to_wire(p: Pointer) -> pb.Pointer:
    return pb.Pointer(
        kind=p.kind.value if p.kind else 0,
        status=p.status.value,
        worker_role=p.worker_role,
        worker_name=p.worker_name,
        desk_phone=p.desk_phone,
        desk_email=p.desk_email,
        out_of_hours_phone=p.out_of_hours_phone,
        hours=[
            pb.OpeningHours(days=h.days, opens=h.opens, closes=h.closes, term_time=h.term_time)
            for h in p.hours
        ],
        as_of=p.as_of,
        lead_practitioner=p.lead_practitioner,
        early_help_assessment=p.early_help_assessment,
        desk=p.desk or 0,
        staffed_until=p.staffed_until,
        number_reported_wrong=p.number_reported_wrong,
    )


def _pointer_from_wire(m: pb.Pointer) -> Pointer:
    return Pointer(
        kind=code_or_none(CoarseKind, m.kind, "pointer.kind"),
        status=code(InvolvementStatus, m.status, "pointer.status"),
        worker_role=m.worker_role,
        worker_name=m.worker_name,
        desk_phone=m.desk_phone,
        desk_email=m.desk_email,
        out_of_hours_phone=m.out_of_hours_phone,
        hours=tuple(OpeningHours(h.days, h.opens, h.closes, h.term_time) for h in m.hours),
        as_of=m.as_of,
        lead_practitioner=m.lead_practitioner,
        early_help_assessment=m.early_help_assessment,
        desk=code_or_none(DeskKind, m.desk, "pointer.desk"),
        staffed_until=m.staffed_until,
        number_reported_wrong=m.number_reported_wrong,
    )


def write_note(note: Note, revision: int) -> bytes:
    """Return the bytes of a note, at most ``limits.NOTE_BYTES`` with their padding.

    Args:
        revision: of the query that it is about; the newest where it is only stored.

    Raises:
        Refused: UNSUPPORTED, it says what only a later revision can say.
    """
    message = pb.Note(
        number=note.number,
        kind=note.kind.value,
        agency=note.agency.value,
        at=note.at,
        telephone=note.telephone,
        when=note.when,
        about=note.about or 0,
        reason=note.reason or 0,
    )
    return written(message, revision)


def read_note(data: bytes) -> Note:
    """Return the note.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.Note, data, limits.NOTE_BYTES)
    return Note(
        m.number,
        code(NoteKind, m.kind, "note.kind"),
        AgencyId(m.agency),
        m.at,
        m.telephone,
        m.when,
        code_or_none(Doubted, m.about, "note.about"),
        code_or_none(Explained, m.reason, "note.reason"),
    )
