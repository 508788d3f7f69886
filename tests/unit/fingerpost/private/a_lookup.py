"""One small federation and one lookup in it, the same in every run.

Law: fixed inputs only. ``seeded`` stands for ``secrets.token_bytes``; keys come from labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes import federations
from fakes.federations import HOLDERS, anything, member
from fakes.handles import handle_root, pseudonym
from fakes.justified import justified, stated
from fingerpost.private import passport as passports
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.justification import Justification
from fingerpost.private.locators import Opening, Pepper, opening, slot_check
from fingerpost.private.messages import Inner
from fingerpost.private.passport import Entitlement, Passport
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Acr, AgencyKind, Allowance, Purpose, Reach, Role
from fingerpost.protocol.federation import Agency, Area, Epoch, Federation, Party
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import FROM_THE_FOUNDING, Counting, KeySet, Query
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import Terms, row

NOW = 1_800_000_000
FEDERATION = FederationId("pilot")
AREA, NEIGHBOUR = AreaCode("e08000001"), AreaCode("e08000002")
ASKING = AgencyId("e08000001.council")
SCHOOL = AgencyId("e08000001.oak-primary")
POLICE = AgencyId("e08000002.police")
GATEWAY, NODE, OTHER_NODE = MemberId("gateway-1"), MemberId("node-1"), MemberId("node-2")
EPOCH = EpochNumber(1)
TRAINED_UNTIL = NOW + 86_400


def seeded(label: str) -> Callable[[int], bytes]:
    """A source of bytes that gives the same ones in every run."""
    drawn = 0

    def source(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{label} {drawn}".encode()).digest(count)

    return source


def key_of(label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seeded(f"key {label}")(32))


def public_of(label: str) -> bytes:
    return key_of(label).public_key().public_bytes_raw()


def federation() -> Federation:
    council = Agency(
        ASKING,
        "Council",
        AgencyKind.LOCAL_AUTHORITY,
        NODE,
        (GATEWAY,),
        public_of("passports"),
        handle_root=handle_root(key_of("passports"), ASKING),
    )
    school = Agency(SCHOOL, "Oak Primary", AgencyKind.SCHOOL, NODE)
    police = Agency(POLICE, "Police", AgencyKind.POLICE, OTHER_NODE)
    holder_keys = dict.fromkeys(HOLDERS, bytes(32))
    epoch = Epoch(
        EPOCH,
        NOW - 86_400,
        NOW - 3_600,
        NOW + 30 * 86_400,
        holder_keys,
        public_of("requesters"),
    )
    parties = {GATEWAY: Party.GATEWAY, NODE: Party.NODE, OTHER_NODE: Party.NODE}
    parties |= dict.fromkeys(HOLDERS, Party.KEY_HOLDER)
    return federations.federation(
        federations.parameters(
            FEDERATION, [epoch], normalisation_version=1, revisions=(FROM_THE_FOUNDING,)
        ),
        (
            Area(AREA, "Here", (NEIGHBOUR,), (council, school)),
            Area(NEIGHBOUR, "There", (AREA,), (police,)),
        ),
        [member(id_, party, public_of(id_.value)) for id_, party in parties.items()],
    )


def a_passport() -> Passport:
    return Passport(
        agency=ASKING,
        subject="account-17",
        name="Siân O’Neill-Brontë",
        role=Role.SOCIAL_WORKER,
        acr=Acr.PASSWORD_TOTP,
        auth_time=NOW - 600,
        issued_at=NOW - 60,
        expires_at=NOW + 540,
        jti="0123456789abcdef" * 2,
        cnf=public_of("practitioner"),
        entitlement=Entitlement(TRAINED_UNTIL, TRAINED_UNTIL),
    )


def a_child() -> Demographics:
    return Demographics(
        forename="Zoë",
        middle_names="Anne Marie",
        surname="Müller",
        other_names=(OtherName("Zoe", "Miller"),),
        dob=date(2015, 2, 28),
        sex=Sex.FEMALE,
        postcode="ZZ1 1ZZ",
        health_number="9434765919",
        upn="A123456789012",
    )


def slot_key() -> bytes:
    """Of the slot of ``NOW``."""
    return Pepper(EPOCH, NOW // 86_400, seeded("pepper")(32)).slot_key(NOW // 600)


def openings(count: int = 3) -> tuple[Opening, ...]:
    """Those of as many blocking keys, in the slot of ``NOW``."""
    return tuple(opening(slot_key(), seeded(f"tag {i}")(32)) for i in range(count))


@dataclass(frozen=True)
class Lookup:
    """What a lookup is made of; ``replace`` any of it to make a wrong one."""

    public: PublicPart
    inner: Inner
    passport: Passport
    openings: tuple[Opening, ...]
    terms: Terms
    practitioner_key: Ed25519PrivateKey
    requester_key: Ed25519PrivateKey
    randomness: str = "a lookup"

    def sealed(self) -> SealedQuery:
        handle, _ = pseudonym(key_of("passports"), ASKING, self.passport.subject, NOW)
        return seal(
            self.public,
            self.inner,
            self.passport,
            self.openings,
            terms=self.terms,
            handle=handle,
            practitioner_key=self.practitioner_key,
            requester_key=self.requester_key,
            slot_check=slot_check(slot_key()),
            random_bytes=seeded(self.randomness),
        )

    def position(self, query: Query, index: int = 0) -> int:
        """Where the shuffle put one of the openings."""
        return query.core.locators.index(self.openings[index].locator)


def changed(inner: Inner, **changes: Any) -> Inner:
    """``changes`` are of ``Inner`` or of its justification. Another purpose comes with the facts
    that it takes.
    """
    fields = Justification.__dataclass_fields__
    why = {name: value for name, value in changes.items() if name in fields}
    rest = {name: value for name, value in changes.items() if name not in fields}
    if "purpose" in why:
        why.setdefault("facts", stated(why["purpose"], NOW))
    return replace(inner, justification=replace(inner.justification, **why), **rest)


def public_part(**changes: Any) -> PublicPart:
    """The public part of the lookup; ``changes`` are of the arguments of ``PublicPart.of``."""
    arguments: dict[str, Any] = {
        "epoch": EPOCH,
        "issued_at": NOW,
        "area": AREA,
        "reach": Reach.AREA_AND_NEIGHBOURS,
        "key_set": KeySet.NARROW,
    }
    return PublicPart.of(federation(), **arguments | changes)


def lookup_by(passport: Passport, **changes: object) -> Lookup:
    """The lookup with another passport; see ``changed``."""
    token = passports.issue(passport, FEDERATION, key_of("passports"))
    why = justified(Purpose.S47_ENQUIRY, now=NOW)
    _, proof = pseudonym(key_of("passports"), ASKING, passport.subject, NOW)
    counting = Counting(seeded("number")(16), Allowance.ORDINARY, seeded("salt")(32))
    whole = Inner(ASKING, GATEWAY, token, why, a_child(), counting, proof)
    inner = changed(whole, **changes)
    purpose = inner.justification.purpose
    return Lookup(
        public=public_part(),
        inner=inner,
        passport=passport,
        openings=openings(),
        terms=row(TERMS, purpose, passport.role) or anything(purpose),
        practitioner_key=key_of("practitioner"),
        requester_key=key_of("requesters"),
    )


def a_lookup(**changes: object) -> Lookup:
    return lookup_by(a_passport(), **changes)


def received(wire: bytes) -> Query:
    """The query as a node takes it in: by the requesters' key that the member list names."""
    return read_query(wire, federation().requester_key)
