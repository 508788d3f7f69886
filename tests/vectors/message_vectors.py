"""The project's own test vectors: what fixed inputs become, byte for byte.

Law: ``messages()`` is the same in every run. ``sealed()`` holds what the library drew randomness
for (HPKE seals), so those vectors are opened and never made again to be compared. A change of any
value here is a change of the wire or of a key: it needs a new suite or version, and a word in the
decision records.

To write both files anew, from the root of the tree:

    PYTHONPATH=.:tests python -m vectors.message_vectors
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from fakes.handles import pseudonym
from fingerpost.private import passport as passports
from fingerpost.private.codec import (
    write_demographics,
    write_facts,
    write_inner,
    write_note,
    write_part,
)
from fingerpost.private.justification import (
    AgreedBy,
    Engagement,
    Facts,
    Informed,
    Origin,
    Reason,
    ReportedBy,
    StrategyDiscussion,
)
from fingerpost.private.locators import Pepper, locator, tag, wrap_secret
from fingerpost.private.messages import AgencyAnswer, AnswerPart, OpeningHours, Pointer
from fingerpost.private.notes import Doubted, Explained, Note, NoteKind
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.private.pepper_sealing import seal_pepper
from fingerpost.private.query_sealing import seal_answer
from fingerpost.private.sealing import HybridKey, prefixed
from fingerpost.protocol import limits
from fingerpost.protocol.codec import carriage, queries, statements
from fingerpost.protocol.codes import (
    Cannot,
    CoarseKind,
    DeskKind,
    InvolvementStatus,
    Quality,
    Status,
    WideningReason,
)
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import (
    Accepted,
    Answers,
    Blinded,
    Ended,
    Evaluated,
    KeySet,
    NodeAnswer,
    NodeHello,
    SealedAnswer,
    Submission,
    Workload,
    size_class,
)
from unit.fingerpost.private.a_lookup import (
    ASKING,
    FEDERATION,
    GATEWAY,
    NODE,
    NOW,
    OTHER_NODE,
    SCHOOL,
    Lookup,
    a_child,
    a_lookup,
    a_passport,
    key_of,
    seeded,
)

FOLDER = Path(__file__).parent
MESSAGES = FOLDER / "messages.json"
SEALED = FOLDER / "sealed.json"

PEPPER = Pepper(EpochNumber(1), NOW // 86_400, seeded("pepper")(32))
RECEIVING_KEY = HybridKey.generate(seeded("receiving key"))
REPLY_KEY = HybridKey.generate(seeded("reply key"))


def an_answer() -> AnswerPart:
    pointer = Pointer(
        CoarseKind.EDUCATION,
        InvolvementStatus.OPEN,
        worker_role="Designated safeguarding lead",
        worker_name="Siân O’Neill",
        desk_phone="0121 496 0000",
        desk_email="dsl@oak-primary.example",
        out_of_hours_phone="+44 121 496 0001",
        hours=(OpeningHours(15, 480, 960), OpeningHours(16, 480, 900, term_time=True)),
        as_of=1_790_000_000,
        lead_practitioner=True,
        desk=DeskKind.TEAM,
        staffed_until=1_800_000_000,
    )
    return AnswerPart(
        query_hash=seeded("query hash")(32),
        node=NODE,
        metadata_version=7,
        part=0,
        parts=1,
        agencies=(
            AgencyAnswer(ASKING, Status.NOTHING_TO_DISCLOSE, 3, 1_790_000_000),
            AgencyAnswer(SCHOOL, Status.INVOLVED, 9, 1_790_000_001, pointers=(pointer,)),
        ),
        note_secret=seeded("note secret")(32),
    )


def an_answer_that_cannot() -> AnswerPart:
    """By which each agency says another reason."""
    agencies = (
        AgencyAnswer(ASKING, Status.CANNOT_ANSWER, 3, 1_790_000_000, Cannot.TOO_OLD),
        AgencyAnswer(SCHOOL, Status.CANNOT_ANSWER, 0, 0, Cannot.VERSION),
    )
    return replace(an_answer(), agencies=agencies)


def an_answer_of_the_second_revision() -> AnswerPart:
    nothing, involved = an_answer().agencies
    agencies = (replace(nothing, quality=Quality.POOR), replace(involved, quality=Quality.GOOD))
    return replace(an_answer(), agencies=agencies)


def a_note() -> Note:
    return Note(seeded("note")(8), NoteKind.SPOKE, SCHOOL, NOW)


def notes_of_the_second_revision() -> tuple[Note, ...]:
    """One of each kind that says more than the first revision can."""
    return (
        replace(a_note(), kind=NoteKind.NUMBER_WRONG, telephone="0121 496 0000"),
        replace(a_note(), kind=NoteKind.INVITED, when=NOW + 3600),
        replace(a_note(), kind=NoteKind.CHALLENGED, about=Doubted.DISCUSSION),
        replace(a_note(), kind=NoteKind.EXPLAINED, reason=Explained.BY_MISTAKE),
        replace(a_note(), kind=NoteKind.CONVENED, when=NOW + 7200),
    )


EVERY_FACT = Facts(
    reason=Reason.LIKELY_SIGNIFICANT_HARM,
    engagement=Engagement.REFERRED,
    informed=Informed.NOT_SAFE_FOR_OTHERS,
    agreed_by=AgreedBy.YOUNG_PERSON,
    agreed_on=date(2026, 3, 2),
    requested_by=ASKING,
    lead_since=date(2026, 3, 1),
    strategy_discussion=StrategyDiscussion(awaited_since=date(2026, 11, 1)),
    arrived_at=NOW - 600,
    joined_on=date(2026, 12, 1),
    origin=Origin.PRACTICE,
    not_hiding=True,
    reported_by=ReportedBy.SCHOOL,
    checked=True,
    missing_since=NOW - 300_000,
    renewed_at=NOW - 3600,
    renewed_by="manager-3",
    notified_on=date(2026, 3, 3),
    nobody_nearer=True,
    reviewer="manager-2",
    call_back=ASKING,
)


def messages() -> dict[str, Any]:
    """Derivations in full; messages by size and SHA-256; one query in full, with what opens it."""
    return {
        "derivations": _derivations(),
        "messages": _messages(),
        "query": _query(a_lookup()),
        "second round": _query(a_second_round()),
    }


def a_second_round() -> Lookup:
    """With wide keys to the neighbours, because the child is likely to be recorded under another
    name.
    """
    lookup = a_lookup(widened_because=WideningReason.OTHER_NAME_LIKELY)
    return replace(lookup, public=replace(lookup.public, key_set=KeySet.WIDE))


def _derivations() -> dict[str, Any]:
    holder_a, holder_b = EvaluatorKey(seeded("seed a")(32)), EvaluatorKey(seeded("seed b")(32))
    f_a, f_b = seeded("output a")(64), seeded("output b")(64)
    t = tag(f_a, f_b)
    slot = NOW // 600
    slot_key = PEPPER.slot_key(slot)
    return {
        "prefixed('ab', '', 'c')": prefixed(b"ab", b"", b"c").hex(),
        "oprf": [
            {"seed": seeded(label)(32).hex(), "public_key": key.public_key.hex()}
            for label, key in (("seed a", holder_a), ("seed b", holder_b))
        ],
        "tag": {"f_a": f_a.hex(), "f_b": f_b.hex(), "tag": t.hex()},
        "pepper": {
            "day": PEPPER.day,
            "value": PEPPER.value.hex(),
            "next": PEPPER.next().value.hex(),
            "in 7 days": PEPPER.at(PEPPER.day + 7).value.hex(),
        },
        "slot": {
            "slot": slot,
            "slot_key": slot_key.hex(),
            "locator": locator(slot_key, t).hex(),
            "wrap_secret": wrap_secret(slot_key, t).hex(),
        },
        "hybrid": {
            "private": REPLY_KEY.serialise().hex(),
            "public": _digest(REPLY_KEY.public_key),
        },
    }


def _messages() -> dict[str, Any]:
    lookup = a_lookup()
    sealed = lookup.sealed()
    query_hash = sealed.hash
    handle, _ = pseudonym(key_of("passports"), ASKING, lookup.passport.subject, NOW)
    points = tuple(seeded(f"point {i}")(32) for i in range(32))
    answer = SealedAnswer(query_hash, 0, bytes(size_class(1).sealed_bytes))
    certify = statements.CertifyStatement(FEDERATION, NODE, NOW, seeded("nonce")(32), b"request")
    read = statements.ReadStatement(FEDERATION, NODE, "metadata/timestamp.json", NOW)
    epoch_key = statements.EpochKeyStatement(
        FEDERATION, NODE, EpochNumber(2), RECEIVING_KEY.public_key, NOW
    )
    heads = statements.HeadsStatement(FEDERATION, NODE, NOW, 1, seeded("heads")(140))
    read_heads = statements.ReadHeadsStatement(FEDERATION, NODE, NOW, 1, NOW + 1)
    node_key, gateway_key = key_of(NODE.value), key_of(GATEWAY.value)
    made = {
        "core": queries.write_core(sealed.core),
        "query": sealed.wire,
        "submission": queries.write_submission(
            Submission(query_hash, ASKING, handle, lookup.inner.counting), GATEWAY, gateway_key
        ),
        "demographics": write_demographics(a_child()),
        "inner": write_inner(lookup.inner, bytes(32)),
        "inner of a second round": write_inner(a_second_round().inner, bytes(32)),
        "every fact": write_facts(EVERY_FACT),
        "answer part": write_part(an_answer()),
        "answer part that cannot answer": write_part(an_answer_that_cannot()),
        "answer part of the second revision": write_part(
            an_answer_of_the_second_revision(), limits.SECOND_REVISION
        ),
        "note": write_note(a_note(), limits.FIRST_REVISION),
        **{
            f"note of kind {note.kind.name}": write_note(note, limits.SECOND_REVISION)
            for note in notes_of_the_second_revision()
        },
        "certify statement": statements.write_certify(certify, node_key),
        "read statement": statements.write_read(read, node_key),
        "epoch key statement": statements.write_epoch_key(epoch_key, node_key),
        "heads statement": statements.write_heads(heads, node_key),
        "read heads statement": statements.write_read_heads(read_heads, node_key),
        "node hello": _wire(carriage.write_hello(NodeHello(7, (1,)))),
        "node hello of two revisions": _wire(carriage.write_hello(NodeHello(7, (1, 2)))),
        "answer frame": _wire(carriage.write_answers([answer, answer])),
        "query frame": _wire(carriage.write_queries([sealed.wire])),
        "lookup request": _wire(carriage.write_lookup(sealed.wire, b"submission")),
        "event accepted": _wire(carriage.write_event(Accepted(query_hash, (NODE, OTHER_NODE)))),
        "event answers": _wire(
            carriage.write_event(
                Answers(
                    (
                        NodeAnswer(NODE, 0, bytes(size_class(8).sealed_bytes)),
                        NodeAnswer(OTHER_NODE, 0, bytes(size_class(1).sealed_bytes)),
                    )
                )
            )
        ),
        "event ended": _wire(carriage.write_event(Ended((OTHER_NODE,)))),
        "evaluate request": _wire(
            carriage.write_blinded(Blinded(EpochNumber(1), Workload.LOOKUP, points))
        ),
        "evaluate response": _wire(carriage.write_evaluated(Evaluated(points, bytes(64)))),
    }
    token = passports.issue(a_passport(), FEDERATION, key_of("passports"))
    return {
        **{name: {"bytes": len(data), "sha256": _digest(data)} for name, data in made.items()},
        "passport": {
            "token": token,
            "passport_key": key_of("passports").public_key().public_bytes_raw().hex(),
        },
    }


def _query(lookup: Lookup) -> dict[str, Any]:
    sealed = lookup.sealed()
    return {
        "wire": _text(sealed.wire),
        "epoch": sealed.core.epoch.value,
        "requester_key": key_of("requesters").public_key().public_bytes_raw().hex(),
        "hash": sealed.hash.hex(),
        "key_commitment": sealed.core.key_commitment.hex(),
        "openings": [
            {
                "position": sealed.core.locators.index(opening.locator),
                "locator": opening.locator.hex(),
                "wrap_secret": opening.wrap_secret.hex(),
            }
            for opening in lookup.openings
        ],
    }


def sealed() -> dict[str, Any]:
    """Another one each time."""
    seed = key_of("requesters").private_bytes_raw()
    answer = seal_answer(an_answer(), REPLY_KEY.public_key, key_of(NODE.value))
    return {
        "pepper": _pepper(NODE),
        "pepper of a gateway": {**_pepper(GATEWAY, seed), "requester_seed": seed.hex()},
        "answer": {
            "reply_key": REPLY_KEY.serialise().hex(),
            "node": NODE.value,
            "part": answer.part,
            "query_hash": answer.query_hash.hex(),
            "sealed": _text(answer.sealed),
            "payload_sha256": _digest(write_part(an_answer())),
        },
    }


def _pepper(member: MemberId, requester_seed: bytes = b"") -> dict[str, Any]:
    sealed = seal_pepper(PEPPER, member, RECEIVING_KEY.public_key, requester_seed)
    return {
        "receiving_key": RECEIVING_KEY.serialise().hex(),
        "member": member.value,
        "epoch": PEPPER.epoch.value,
        "day": PEPPER.day,
        "sealed": _text(sealed.sealed),
        "value": PEPPER.value.hex(),
    }


def _wire(message: Any) -> bytes:
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    _write(MESSAGES, messages())
    _write(SEALED, sealed())
