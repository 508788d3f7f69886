"""A requester who makes her own queries: a member with valid keys and a program of her own.

``Craft`` holds everything a query is made of; ``replace`` any of it to make a dishonest one. It
goes straight to a node, as if the broker had carried it, and its answer is opened with the reply
key as a gateway would.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.answers import opened
from fakes.federations import anything, epoch_to_ask, public, requester_key
from fakes.handles import a_counting, pseudonym
from fakes.justified import justified
from fakes.oprf_inputs import oprf_inputs
from fakes.simulated_holders import FEDERATION, GATEWAY
from fakes.simulated_node import SimNode
from fakes.wexcombe import COUNCIL
from federation import World
from fingerpost.private import passport as passports
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Facts, Justification
from fingerpost.private.linkage import Scope, Side
from fingerpost.private.locators import Opening, opening, slot_check
from fingerpost.private.messages import AnswerPart, Inner
from fingerpost.private.passport import Entitlement, Passport
from fingerpost.private.query_sealing import PublicPart, SealedQuery, seal
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import write_submission
from fingerpost.protocol.codes import Acr, Allowance, Purpose, Reach, Role, Status, WideningReason
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.messages import Counting, KeySet, Submission, day_of, slot_of


@dataclass(frozen=True)
class Craft:
    """``opens``: whose records the locators and wraps are for; ``says``: whom the sealed part asks
    about.
    """

    world: World
    agency: AgencyId
    opens: Demographics
    says: Demographics
    purpose: Purpose = Purpose.S47_ENQUIRY
    role: Role = Role.SOCIAL_WORKER
    reach: Reach = Reach.AREA_AND_NEIGHBOURS
    key_set: KeySet = KeySet.NARROW
    because: WideningReason | None = None
    gateway: MemberId = GATEWAY
    requester_key: Ed25519PrivateKey | None = None
    area: AreaCode | None = None
    reference: str = "ref-7"
    facts: Facts | None = None
    passport_agency: AgencyId | None = None
    passport_key: Ed25519PrivateKey | None = None
    training_for: int = 10**7
    grace_by: str = ""
    issued_ago: int = 0
    wrong_wraps: bool = False
    counted_as: str = ""
    lookup: bytes | None = None
    allowance: Allowance = Allowance.ORDINARY
    approvals: tuple[bytes, ...] = ()

    def passport(self, practitioner: Ed25519PrivateKey) -> Passport:
        now = int(self.world.clock.now()) - self.issued_ago
        return Passport(
            agency=self.agency,
            subject="worker-1",
            name="Morgan Ash",
            role=self.role,
            acr=Acr.PASSWORD_TOTP,
            auth_time=now - 60,
            issued_at=now,
            expires_at=now + limits.PASSPORT_SECONDS,
            jti=secrets.token_hex(16),
            cnf=public(practitioner),
            entitlement=Entitlement(now + self.training_for, now + 10**7, self.grace_by),
        )

    def justification(self) -> Justification:
        now = self.world.clock.now()
        whole = justified(
            self.purpose, self.reference, because=self.because, now=now, council=COUNCIL
        )
        return replace(whole, facts=self.facts or whole.facts, approvals=self.approvals)

    def slot_key(self) -> bytes:
        now = self.world.clock.now()
        epoch = epoch_to_ask(self.world.current, now)
        pepper = self.world.peppers.pepper(epoch.number, day_of(now))
        return pepper.slot_key(slot_of(now - self.issued_ago))

    def openings(self, child: Demographics) -> list[Opening]:
        epoch = epoch_to_ask(self.world.current, self.world.clock.now())
        key = self.slot_key()
        scope = Scope.NARROW if self.key_set is KeySet.NARROW else Scope.WIDE
        tags = self.world.holders.tags(oprf_inputs(child, Side.QUERY, scope), epoch)
        made = [opening(key, tag) for tag in tags]
        if self.wrong_wraps:
            made = [Opening(o.locator, secrets.token_bytes(32)) for o in made]
        return made

    def submitted(self) -> tuple[SealedQuery, bytes]:
        """A query, and the submission that goes with it."""
        counting = a_counting(self.lookup, self.allowance)
        sealed = self.sealed(counting=counting)
        handle, _ = pseudonym(
            self.world.passport_keys[self.agency],
            self.agency,
            self.counted_as or "worker-1",
            sealed.core.issued_at,
        )
        stated = Submission(sealed.hash, self.agency, handle, counting)
        return sealed, write_submission(stated, self.gateway, self.world.gateway_key)

    def sealed(
        self, openings: Sequence[Opening] | None = None, counting: Counting | None = None
    ) -> SealedQuery:
        world = self.world
        practitioner = Ed25519PrivateKey.generate()
        passport = self.passport(practitioner)
        key = self.passport_key or world.passport_keys[self.passport_agency or self.agency]
        token = passports.issue(passport, FEDERATION, key)
        public_part = PublicPart.of(
            world.current,
            epoch=epoch_to_ask(world.current, world.clock.now()).number,
            issued_at=int(world.clock.now()) - self.issued_ago,
            area=self.area or self.agency.area,
            reach=self.reach,
            key_set=self.key_set,
        )
        own = world.passport_keys[self.agency]
        at = public_part.issued_at
        handle, proof = pseudonym(own, self.agency, self.counted_as or passport.subject, at)
        counting = counting or a_counting(self.lookup, self.allowance)
        why = self.justification()
        return seal(
            public_part,
            Inner(self.agency, self.gateway, token, why, self.says, counting, proof),
            passport,
            self.openings(self.opens) if openings is None else openings,
            practitioner_key=practitioner,
            terms=anything(self.purpose),
            handle=handle,
            requester_key=self.requester_key or requester_key(public_part.epoch),
            slot_check=slot_check(self.slot_key()),
            random_bytes=secrets.token_bytes,
        )


def answers(node: SimNode, sealed: SealedQuery) -> tuple[AnswerPart, ...]:
    """What the node answers to the query."""
    made = node.service.answer((sealed.wire,))
    return tuple(opened(answer, node.me, sealed, node.world.current) for answer in made)


def status_of(node: SimNode, sealed: SealedQuery, agency: AgencyId) -> Status:
    """What the node answers to the query for one agency."""
    (part,) = answers(node, sealed)
    (found,) = (a for a in part.agencies if a.agency == agency)
    return found.status
