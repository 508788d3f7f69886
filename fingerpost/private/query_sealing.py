"""Seal a question so that only an agency that knows the child can read it, and seal the answers to
it.

Law of the question: ``PublicPart`` decides what is in the clear; all else is under a content key K,
fresh for each query. K is wrapped once for each opening (a locator with its wrap secret), 32 times
in all, with random fillers in random order, so that neither the number nor the strength of the keys
shows. Every seal is bound to H(core).

    key_i  = HKDF-SHA-256(wrap secret_i, salt q, info H(core))
    w_i    = AES-256-GCM(key_i, aad H(core) | i as 4 bytes big-endian, K)
    kc     = SHA-256("kc" | q | K)
    sealed = AES-256-GCM(HKDF-SHA-256(K, no salt, info "body"), aad H(core),
                         inner envelope padded to INNER_BYTES)

The nonce is all zeros (``sealing`` says why that is safe). kc commits to K (attack: GCM does not,
so one ciphertext could show two children to two nodes). Nothing that ``open_query`` returns
may be acted on before ``verify_inner`` has accepted it.

Law of the answer: every answer has one shape, made by one code path, and a size that follows from
how many agencies it covers, whatever they say.
The seal is bound to query, node and part; the signature inside shows which node answers. The
requester believes an answer only if it is exactly the one that the member list makes it expect:
these agencies, all of them, of that node.

    info   = prefixed("answer", H(query), node, part as 4 bytes big-endian)
    answer = HPKE-Seal(reply key, info, envelope padded to the size of its class)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fingerpost.private import passport as passports
from fingerpost.private.approvals import ToApprove, require_approved
from fingerpost.private.codec import read_inner, read_part, write_inner, write_part
from fingerpost.private.locators import Opening, filled_up
from fingerpost.private.messages import AnswerPart, Inner, Question
from fingerpost.private.passport import Passport
from fingerpost.private.purpose_rules import (
    PurposeRule,
    require_call_back,
    require_permitted,
    require_request,
    require_stated,
    terms_in_force,
)
from fingerpost.private.sealing import (
    HybridKey,
    commitment,
    open_body,
    pad,
    prefixed,
    seal_body,
    unpad,
    unwrap,
    wrap,
)
from fingerpost.private.sealing import seal as seal_to_key
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query, seal_into_query, write_core
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.codes import DESK_ROLES, RESERVE_PURPOSES, Allowance, Purpose, Reach, Role
from fingerpost.protocol.envelope import Envelope, PayloadType, core_hash, open_envelope, sign
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Agency, Federation, Party, parts_of
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, Handle, MemberId
from fingerpost.protocol.messages import (
    KeySet,
    NodeAnswer,
    Query,
    QueryCore,
    SealedAnswer,
    day_of,
    require_fresh,
    revision_to_ask,
    size_class,
    slot_of,
)
from fingerpost.protocol.terms import Terms

_NO_SIGNER: Final = ""  # the practitioner's key follows from the passport


@dataclass(frozen=True, slots=True)
class PublicPart:
    """The part that everybody on the way may read.

    ``issued_at`` (seconds since 1970 UTC) is fixed before the openings of its slot are derived.
    ``area`` is the requester's; ``named_areas`` is for reach NAMED only: sorted, none twice.
    """

    federation: FederationId
    metadata_version: int
    code_list_version: int
    normalisation_version: int
    epoch: EpochNumber
    issued_at: int
    area: AreaCode
    reach: Reach
    named_areas: tuple[AreaCode, ...]
    key_set: KeySet
    revision: int

    @classmethod
    def of(
        cls,
        federation: Federation,
        *,
        epoch: EpochNumber,
        issued_at: int,
        area: AreaCode,
        reach: Reach,
        named_areas: Iterable[AreaCode] = (),
        key_set: KeySet,
        speaks: Collection[int] = limits.REVISIONS,
    ) -> Self:
        """Return the public part with the versions that ``federation`` has in force.

        Args:
            speaks: the revisions of the wire that this requester speaks; the newest of them that is
                in force is taken.

        Raises:
            Refused: UNSUPPORTED, none of them is in force.
        """
        parameters = federation.parameters
        return cls(
            federation=parameters.federation,
            metadata_version=federation.version,
            code_list_version=parameters.code_list_version,
            normalisation_version=parameters.normalisation_version,
            epoch=epoch,
            issued_at=issued_at,
            area=area,
            reach=reach,
            named_areas=tuple(sorted(set(named_areas))),
            key_set=key_set,
            revision=revision_to_ask(parameters.revisions, issued_at, speaks),
        )

    @property
    def slot(self) -> int:
        return slot_of(self.issued_at)


@dataclass(frozen=True, slots=True, repr=False)
class SealedQuery:
    """A query, ready to be submitted.

    ``wire`` is the 8192 bytes to submit, ``hash`` is H(query). ``reply_key`` opens the answers, and
    nothing else does; it and K live as long as the lookup and are not stored.
    """

    wire: bytes
    hash: bytes
    core: QueryCore
    reply_key: HybridKey
    content_key: bytes

    def __repr__(self) -> str:
        return f"SealedQuery({self.hash.hex()[:8]}…)"


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """The content of a query, UNVERIFIED: see ``verify_inner``."""

    inner: Inner
    core_hash: bytes
    envelope: Envelope
    content_key: bytes

    def __repr__(self) -> str:
        return "Opened(…)"


def seal(
    public: PublicPart,
    inner: Inner,
    passport: Passport,
    openings: Sequence[Opening],
    *,
    terms: Terms,
    handle: Handle,
    practitioner_key: Ed25519PrivateKey,
    requester_key: Ed25519PrivateKey,
    slot_check: bytes,
    random_bytes: Callable[[int], bytes],
) -> SealedQuery:
    """Seal one query, once: a requester who must try again seals anew (new q, new K, new reply
    key).

    The query ends with its life or its passport, whichever is first.

    Args:
        public: The part in the clear.
        inner: The question.
        passport: As ``inner.passport_token`` reads.
        openings: 1 to 32, all different.
        terms: On which this practitioner may ask for the purpose of ``inner``.
        handle: Her pseudonym of the day, which follows from ``inner.handle_proof``.
        practitioner_key: The practitioner's key for this lookup, which the passport names.
        requester_key: The key that all gateways share in this epoch.
        slot_check: Of the slot key that the openings were made with, 16 bytes.
        random_bytes: The source of randomness.

    Raises:
        Refused: NOT_ALLOWED, by the purpose rules; BAD_PASSPORT, of another agency or key;
            NOT_FRESH, the passport; MALFORMED, demographics too long or openings alike.
        Defect: Another number of openings.
    """
    if not 1 <= len(openings) <= limits.LOCATORS:
        raise Defect("a query takes 1 to 32 openings")
    why = inner.justification
    require_permitted(
        why, terms, public.reach, public.named_areas, public.key_set, subject=passport.subject
    )
    require_stated(why, terms, inner.demographics, public.issued_at)
    _require_allowance(inner.counting.allowance, passport.role, why.purpose)
    if passport.agency != inner.agency or inner.agency.area != public.area:
        raise Refused(Code.BAD_PASSPORT, "passport.iss")
    if practitioner_key.public_key().public_bytes_raw() != passport.cnf:
        raise Refused(Code.BAD_PASSPORT, "passport.cnf")

    return seal_unjudged(
        public,
        inner,
        openings,
        passport_expires_at=passport.expires_at,
        handle=handle,
        practitioner_key=practitioner_key,
        requester_key=requester_key,
        slot_check=slot_check,
        random_bytes=random_bytes,
    )


def seal_unjudged(
    public: PublicPart,
    inner: Inner,
    openings: Sequence[Opening],
    *,
    passport_expires_at: int,
    handle: Handle,
    practitioner_key: Ed25519PrivateKey,
    requester_key: Ed25519PrivateKey,
    slot_check: bytes,
    random_bytes: Callable[[int], bytes],
) -> SealedQuery:
    """Seal as ``seal`` does, and judge nobody who asks: for a node that asks itself."""
    q = random_bytes(limits.NONCE_BYTES)
    content_key = random_bytes(limits.CONTENT_KEY_BYTES)
    reply_key = HybridKey.generate(random_bytes)
    order = filled_up(openings, random_bytes)
    core = QueryCore(
        suite=limits.SUITE,
        federation=public.federation,
        metadata_version=public.metadata_version,
        code_list_version=public.code_list_version,
        normalisation_version=public.normalisation_version,
        epoch=public.epoch,
        slot=public.slot,
        q=q,
        issued_at=public.issued_at,
        expires_at=min(public.issued_at + limits.QUERY_LIFE_SECONDS, passport_expires_at),
        passport_expires_at=passport_expires_at,
        reply_key=reply_key.public_key,
        area=public.area,
        reach=public.reach,
        named_areas=public.named_areas,
        key_set=public.key_set,
        key_commitment=commitment(q, content_key),
        locators=tuple(opening.locator for opening in order),
        slot_check=slot_check,
        quota_commitment=inner.counting.commitment(handle),
        revision=public.revision,
    )
    require_fresh(core, public.issued_at)
    core_bytes = write_core(core)
    bound = core_hash(core_bytes)

    wraps = tuple(
        wrap(content_key, opening.wrap_secret, q=q, bound=bound, position=i)
        for i, opening in enumerate(order)
    )
    payload = write_inner(inner, bound, public.revision)
    envelope = write_envelope(sign(PayloadType.INNER, payload, _NO_SIGNER, practitioner_key))
    body = pad(envelope, limits.INNER_BYTES, "inner too long")
    sealed = seal_body(content_key, body, bound=bound)
    wire = seal_into_query(core_bytes, wraps, sealed, public.epoch, requester_key)
    own = requester_key.public_key().public_bytes_raw()
    query = read_query(wire, lambda _: own, (public.revision,))
    return SealedQuery(wire, query.hash, core, reply_key, content_key)


def open_query(query: Query, position: int, wrap_secret: bytes) -> Opened:
    """Open a query with the wrap secret of the locator at ``position`` (0 to 31).

    Raises:
        Refused: BAD_SEAL, this secret does not open it, or its content is not of the agreed shape;
            BAD_COMMITMENT, another content key than the one committed to; MALFORMED, the inner
            part.
        Defect: Another position.
    """
    if not 0 <= position < limits.LOCATORS:
        raise Defect("a query has 32 positions")
    content_key = unwrap(
        query.wraps[position],
        wrap_secret,
        q=query.core.q,
        bound=query.core_hash,
        position=position,
        key_commitment=query.core.key_commitment,
    )
    body = open_body(content_key, query.sealed, bound=query.core_hash)
    envelope = read_envelope(unpad(body, "inner padding"), most=limits.INNER_BYTES)
    # Parsed before it is verified, because the passport in it names the key. Nothing of it may be
    # acted on before verify_inner has accepted it.
    stated_hash, inner = read_inner(envelope.payload, query.core.revision)
    return Opened(inner, stated_hash, envelope, content_key)


def verify_inner(opened: Opened, query: Query, federation: Federation, *, now: float) -> Question:
    """Return the question, once everything about who asks and why holds.

    Raises:
        Refused: NOT_A_MEMBER, the agency may not ask through this gateway; BAD_PASSPORT;
            BAD_COMMITMENT, the pseudonym that the broker counted is not the practitioner's;
            BAD_SIGNATURE, the practitioner's, or over the core of another query; NOT_ALLOWED,
            role, purpose, reach, a fact that is missing, the reason for wide keys, or an approval
            of something else.
    """
    inner, core = opened.inner, query.core
    agency = federation.asking_agency(inner.agency, inner.gateway)
    if agency.id.area != core.area:  # attack: a reach that is counted from another's area
        raise Refused(Code.NOT_ALLOWED, "core.area")
    passport = passports.read(
        inner.passport_token,
        federation=federation.parameters.federation,
        agency=agency.id,
        passport_key=agency.passport_key,
        now=now,
    )
    if passport.expires_at != core.passport_expires_at:
        # Every node judged this time before it used its index: it must be the passport's own.
        raise Refused(Code.BAD_PASSPORT, "core.passport_expires_at")
    if opened.envelope.signer != _NO_SIGNER:
        raise Refused(Code.BAD_SIGNATURE, "inner.signer")
    try:
        key = Ed25519PublicKey.from_public_bytes(passport.cnf)
    except ValueError:
        raise Refused(Code.BAD_PASSPORT, "passport.cnf") from None
    open_envelope(opened.envelope, PayloadType.INNER, key)
    if opened.core_hash != query.core_hash:  # attack: yesterday's signed inner part in a new query
        raise Refused(Code.BAD_SIGNATURE, "inner.core_hash")
    day = day_of(core.issued_at)
    handle = inner.handle_proof.handle(agency.handle_root, passport.subject, day)
    if inner.counting.commitment(handle) != core.quota_commitment:
        # Attack: the broker counts another pseudonym than that of the practitioner who asks.
        raise Refused(Code.BAD_COMMITMENT, "core.quota_commitment")
    why = inner.justification
    _require_allowance(inner.counting.allowance, passport.role, why.purpose)
    terms = terms_in_force(why.purpose, passport.role, agency, federation.code_lists)
    require_permitted(
        why, terms, core.reach, core.named_areas, core.key_set, subject=passport.subject
    )
    require_stated(why, terms, inner.demographics, core.issued_at)
    require_request(why.facts, passport.role, agency, federation)
    desk = require_call_back(why.facts, passport.role, agency, federation)
    of = ToApprove(agency.id, passport.subject, why, inner.demographics)
    approvals = require_approved(of, agency, federation.code_lists, core.issued_at)
    return Question(agency, passport, why, inner.demographics, terms, approvals, desk)


def _require_allowance(allowance: Allowance, role: Role, purpose: Purpose) -> None:
    """Attack: who may ask 30 times an hour counts as a desk that may ask twice as often."""
    allowed = {
        Allowance.ORDINARY: True,
        Allowance.DESK: role in DESK_ROLES,
        Allowance.RESERVE: purpose in RESERVE_PURPOSES,
    }
    if not allowed[allowance]:
        raise Refused(Code.NOT_ALLOWED, PurposeRule.ALLOWANCE)


def seal_answer(
    part: AnswerPart,
    reply_key: bytes,
    key: Ed25519PrivateKey,
    revision: int = limits.FIRST_REVISION,
) -> SealedAnswer:
    """Sign and seal one part of an answer.

    Args:
        part: The part.
        reply_key: The query's, 1216 bytes.
        key: The node's signing key.
        revision: The query's.

    Raises:
        Refused: MALFORMED, the reply key is none. That is a public fact, the same for hit and miss.
    """
    payload = write_part(part, revision)
    envelope = write_envelope(sign(PayloadType.ANSWER, payload, part.node.value, key))
    plain = pad(envelope, size_class(len(part.agencies)).plain_bytes, "answer too long")
    sealed = seal_to_key(reply_key, _info(part.query_hash, part.node, part.part), plain)
    return SealedAnswer(part.query_hash, part.part, sealed)


def open_answer(
    answer: NodeAnswer,
    *,
    query_hash: bytes,
    reply_key: HybridKey,
    federation: Federation,
    asked: tuple[Agency, ...],
    revision: int = limits.FIRST_REVISION,
) -> AnswerPart:
    """Return the part, opened and verified.

    Args:
        answer: As the broker passed it on.
        query_hash: H(query), 32 bytes.
        reply_key: The private key of the query.
        federation: The member list that the query was made with.
        asked: ``federation.agencies_in_reach`` of the query.
        revision: The query's.

    Raises:
        Refused: NOT_A_MEMBER, the node is none; BAD_SEAL, of another node, part or query, or
            altered; BAD_SIGNATURE; MALFORMED, not exactly what was expected, or of another size.
    """
    member = federation.member(answer.node, Party.NODE)
    expected = parts_of(asked, answer.node)
    if not 0 <= answer.part < len(expected):
        raise Refused(Code.MALFORMED, "answer.part")
    size = size_class(len(expected[answer.part]))
    if len(answer.sealed) != size.sealed_bytes:
        raise Refused(Code.MALFORMED, "answer.sealed")
    plain = reply_key.open(_info(query_hash, answer.node, answer.part), answer.sealed)
    envelope = read_envelope(unpad(plain, "answer padding"), most=size.plain_bytes)
    if envelope.signer != answer.node.value:
        raise Refused(Code.BAD_SIGNATURE, "answer.signer")
    payload = open_envelope(envelope, PayloadType.ANSWER, _public_key(member.signing_key))
    part = read_part(payload, revision)
    _require_expected(part, answer, query_hash, expected)
    return part


def _require_expected(
    part: AnswerPart,
    answer: NodeAnswer,
    query_hash: bytes,
    expected: Sequence[Sequence[AgencyId]],
) -> None:
    """Check that the signed part agrees with the broker's and with the member list.

    A member may have signed what is refused here, and the seal alone would not stop it (attack: a
    node answers for another's agencies, or leaves one of its own out).
    """
    if part.node != answer.node:
        raise Refused(Code.MALFORMED, "answer.node")
    if part.query_hash != query_hash:
        raise Refused(Code.MALFORMED, "answer.query_hash")
    if part.part != answer.part or part.parts != len(expected):
        raise Refused(Code.MALFORMED, "answer.parts")
    if tuple(a.agency for a in part.agencies) != expected[part.part]:
        raise Refused(Code.MALFORMED, "answer.agencies")
    # AnswerPart has checked statuses, order and bounds, and that only INVOLVED goes with pointers.


def _info(query_hash: bytes, node: MemberId, part: int) -> bytes:
    return prefixed(b"answer", query_hash, node.value.encode("ascii"), part.to_bytes(4, "big"))


def _public_key(raw: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise Defect("a signing key of the member list is none") from None
