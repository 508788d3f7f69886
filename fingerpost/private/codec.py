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

from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.messages import AgencyAnswer, AnswerPart, Inner, Pointer
from fingerpost.private.passport import HandleProof
from fingerpost.private.purpose_rules import (
    Facts,
    Informed,
    Justification,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import counting_from_wire, counting_to_wire
from fingerpost.protocol.codec.strict import code, parse, split, written
from fingerpost.protocol.codes import (
    Cannot,
    CoarseKind,
    InvolvementStatus,
    Purpose,
    Status,
    WideningReason,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import exactly
from fingerpost.wire.v1 import private_pb2 as pb

DEMOGRAPHICS_BYTES: Final = 16 * 1024
"""The largest size in a record's storage; in a query the size of the inner part is the tighter
bound."""

FACTS_BYTES: Final = 256
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def write_inner(inner: Inner, core_hash: bytes, revision: int = limits.FIRST_REVISION) -> bytes:
    """Return the bytes of the inner part, with H(core), 32 bytes, in a revision of the wire.

    Raises:
        Refused: MALFORMED, text that has no UTF-8 form; UNSUPPORTED, it says what only a later
            revision can say.
    """
    why = inner.justification
    message = pb.Inner(
        core_hash=core_hash,
        passport=inner.passport_token,
        agency=inner.agency.value,
        gateway=inner.gateway.value,
        purpose=why.purpose.value,
        reason_reference=why.reason_reference,
        approver=why.approver,
        demographics=_to_wire(inner.demographics),
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
    inner = Inner(
        agency=AgencyId(m.agency),
        gateway=MemberId(m.gateway),
        passport_token=m.passport,
        justification=Justification(
            purpose=code(Purpose, m.purpose, "inner.purpose"),
            reason_reference=m.reason_reference,
            approver=m.approver,
            widened_because=code(WideningReason, m.widened_because, "inner.widened_because")
            if m.widened_because
            else None,
            facts=_facts_from_wire(m.facts),
        ),
        demographics=_from_wire(m.demographics),
        counting=counting_from_wire(m.counting),
        handle_proof=HandleProof(
            m.handle_proof.day_key,
            split(m.handle_proof.path, limits.HASH_BYTES, "inner.handle_proof"),
        ),
    )
    return m.core_hash, inner


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
        informed=facts.informed or 0,
        agreed_on=_day(facts.agreed_on),
        strategy_discussion=_day(discussion.held_on if discussion else None),
        discussion_awaited_since=_day(discussion.awaited_since if discussion else None),
        arrived_at=facts.arrived_at,
        reported_by=facts.reported_by or 0,
        checked=facts.checked,
        notified_on=_day(facts.notified_on),
        ends_at=facts.ends_at,
        renewals=facts.renewals,
        reviewer=facts.reviewer,
    )


def _facts_from_wire(m: pb.Facts) -> Facts:
    held_on = _date(m.strategy_discussion, "strategy_discussion")
    awaited_since = _date(m.discussion_awaited_since, "discussion_awaited_since")
    discussion = StrategyDiscussion(held_on, awaited_since) if held_on or awaited_since else None
    return Facts(
        reason=code(Reason, m.reason, "facts.reason") if m.reason else None,
        informed=code(Informed, m.informed, "facts.informed") if m.informed else None,
        agreed_on=_date(m.agreed_on, "agreed_on"),
        strategy_discussion=discussion,
        arrived_at=m.arrived_at,
        reported_by=code(ReportedBy, m.reported_by, "facts.reported_by") if m.reported_by else None,
        checked=m.checked,
        notified_on=_date(m.notified_on, "notified_on"),
        ends_at=m.ends_at,
        renewals=m.renewals,
        reviewer=m.reviewer,
    )


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
            dob=_day(d.dob),
            sex=d.sex.value if d.sex else 0,
            postcode=d.postcode,
            nhs_number=d.nhs_number,
            upn=d.upn,
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
        dob=_date(m.dob, "dob"),
        sex=code(Sex, m.sex, "sex") if m.sex else None,
        postcode=m.postcode,
        nhs_number=m.nhs_number,
        upn=m.upn,
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
            )
            for a in part.agencies
        ],
        pointers=[_pointer_to_wire(p) for p in part.pointers],
    )
    return written(message, revision)


def read_part(payload: bytes, revision: int = limits.FIRST_REVISION) -> AnswerPart:
    """Return one part of an answer, by the revision of its query.

    Raises:
        Refused: MALFORMED.
    """
    m = parse(pb.AnswerPart, payload, limits.ANSWER_PLAIN_BYTES, revision)
    if len(m.agencies) > limits.AGENCIES_PER_PART or len(m.pointers) > limits.POINTER_SLOTS:
        raise Refused(Code.MALFORMED, "answer.agencies or pointers")
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
                code(Cannot, a.reason, "answer.reason") if a.reason else None,
            )
            for a in m.agencies
        ),
        pointers=tuple(_pointer_from_wire(p) for p in m.pointers),
    )


def _pointer_to_wire(p: Pointer) -> pb.Pointer:
    return pb.Pointer(
        agency=p.agency.value,
        kind=p.kind.value if p.kind else 0,
        status=p.status.value,
        worker_role=p.worker_role,
        worker_name=p.worker_name,
        desk_phone=p.desk_phone,
        desk_email=p.desk_email,
        out_of_hours_phone=p.out_of_hours_phone,
        hours=p.hours,
        as_of=p.as_of,
        lead_practitioner=p.lead_practitioner,
        early_help_assessment=p.early_help_assessment,
    )


def _pointer_from_wire(m: pb.Pointer) -> Pointer:
    return Pointer(
        agency=AgencyId(m.agency),
        kind=code(CoarseKind, m.kind, "pointer.kind") if m.kind else None,
        status=code(InvolvementStatus, m.status, "pointer.status"),
        worker_role=m.worker_role,
        worker_name=m.worker_name,
        desk_phone=m.desk_phone,
        desk_email=m.desk_email,
        out_of_hours_phone=m.out_of_hours_phone,
        hours=m.hours,
        as_of=m.as_of,
        lead_practitioner=m.lead_practitioner,
        early_help_assessment=m.early_help_assessment,
    )
