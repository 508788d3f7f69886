"""The node looks for the marked records of its agencies each night, and after each import.

An index that lost a part, keys that were made by other rules, or a pepper that is not the others':
each makes an agency answer "nothing to disclose" about every child. So the node seals a question
about each marked record (``fingerpost.private.linkage.marked``), as a gateway does, with tags that
the key holders evaluate for it, and answers it on the way that all questions take: table, wraps,
keys, comparison, shields, disclosure. What it leaves out is who asks, since nobody does: no
passport, no purpose, and no entry for each question. One entry a night says what was found.

Law: a record is found when every key of the question leads to it, of those that the record has, and
the answer would name the agency. All of them must be found: by the rules of this release they are.
Where one is missed, "nothing to disclose" of that agency becomes CANNOT_ANSWER for every child
alike (``missed``), until a later test finds all. What it names stands.

Nothing of it leaves the node but one batch of blinded keys for each epoch, so the broker cannot
tell when it runs, nor answer it, nor keep it from running.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering import matching
from agency_node.answering.disclosure import as_recorded, may_disclose
from agency_node.answering.matching import Asking
from agency_node.reading.ports import Rest, never_rest
from agency_node.records.meeting import Known
from agency_node.records.ports import MarkedLocators, Records
from agency_node.records.records import Generation, RecordId
from agency_node.records.upkeep import Tagging
from fingerpost.membership.ports import Members
from fingerpost.private.justification import Justification
from fingerpost.private.linkage.marked import Marked, marked_records
from fingerpost.private.locators import Peppers, locator, opening, slot_check
from fingerpost.private.messages import Inner, Question
from fingerpost.private.passport import Entitlement, HandleProof, Passport
from fingerpost.private.query_sealing import Opened, PublicPart, seal_unjudged
from fingerpost.private.sealing import prefixed
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import Acr, Allowance, Purpose, Reach, Role
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Epoch, Federation
from fingerpost.protocol.ids import AgencyId, EpochNumber, Handle
from fingerpost.protocol.messages import Counting, KeySet, Query, day_of, day_of_slot, slot_of
from fingerpost.protocol.terms import Terms, Tier
from fingerpost.runtime.clock import Clock
from fingerpost.runtime.logs import Logger

AGAIN_SECONDS: Final = 300.0
"""The time after which the key holders are asked again when they refused."""
EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "marked.found": frozenset({"agency", "found"}),
    "marked.missed": frozenset({"agency", "asked", "found", "slipped", "slipped_found"}),
    "marked.not_asked": frozenset({"epoch", "error"}),
}
_PURPOSE: Final = Purpose.SAFEGUARDING_CONCERN
"""It decides nothing: an agency names whatever it records to its own practitioners."""

Tags = Mapping[bytes, bytes]
"""The tag (32 bytes) of each OPRF input."""


@dataclass(frozen=True, slots=True)
class SelfTested:
    """What a test of one agency found.

    ``asked``, ``found``: of the records that are written as they are asked for; ``slipped``,
    ``slipped_found``: of those with a slip. ``at``: seconds since 1970 UTC.
    """

    agency: AgencyId
    generation: int
    at: int
    asked: int
    found: int
    slipped: int
    slipped_found: int

    @property
    def all_found(self) -> bool:
        return (self.found, self.slipped_found) == (self.asked, self.slipped)


class KeptTags(Protocol):
    """Keeps what the key holders evaluated, so that a restart asks them for nothing. The methods
    block. It holds nothing secret and nothing of a child."""

    def read(self, name: bytes) -> tuple[bytes, ...]:
        """Return the tags that were kept under this name; none where there are none, or they cannot
        be read."""

    def keep(self, name: bytes, tags: tuple[bytes, ...]) -> None:
        """Keep tags. Raises ``Defect``."""


class SelfTestRecord(Protocol):
    """Records a test in the agency's own audit log. It blocks."""

    def tested(self, tested: SelfTested) -> bool:
        """Append one entry. Return whether it could be written."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a test searches: the parts by which the node answers."""

    upn_keys: Mapping[AgencyId, bool]
    records: Records
    locators: MarkedLocators
    peppers: Peppers
    shields: Callable[[AgencyId], Known | None]
    random_bytes: Callable[[int], bytes]
    rest: Rest = never_rest

    def generation(self, agency: AgencyId, epochs: tuple[Epoch, ...], at: int) -> Generation | None:
        """Return the generation that all queries of now are answered from, in every epoch that is
        ready; None where there is none, or it has no marked records.
        """
        ready = {self.locators.ready(agency, epoch.number, slot_of(at)) for epoch in epochs}
        generations = [each for each in ready if each is not None]
        return generations[0] if len(generations) == 1 and generations[0].marked else None

    def test(
        self,
        agency: Agency,
        generation: Generation,
        federation: Federation,
        tags: Mapping[EpochNumber, Tags],
        at: int,
    ) -> SelfTested:
        """Search for every marked record in the tables of every epoch in ``tags`` that is ready.
        Blocking.

        Raises:
            Refused: NOT_READY, a table or a generation went while it was searched.
        """
        found = {True: 0, False: 0}
        every = marked_records(federation.parameters.federation)
        ready = {
            epoch: of_epoch
            for epoch, of_epoch in tags.items()
            if self.locators.ready(agency.id, epoch, slot_of(at)) == generation
        }
        for number, marked in enumerate(every, generation.children):
            finds = [
                self._finds(agency, RecordId(number), marked, federation, epoch, of_epoch, at)
                for epoch, of_epoch in ready.items()
            ]
            found[marked.exact] += bool(finds) and all(finds)
        exact = sum(marked.exact for marked in every)
        return SelfTested(
            agency.id, generation.number, at, exact, found[True], len(every) - exact, found[False]
        )

    def _finds(
        self,
        agency: Agency,
        record: RecordId,
        marked: Marked,
        federation: Federation,
        epoch: EpochNumber,
        tags: Tags,
        at: int,
    ) -> bool:
        self.rest()
        slot = slot_of(at)
        key = self.peppers.pepper(epoch, day_of_slot(slot)).slot_key(slot)
        query = self._query(agency, marked, federation, epoch, key, tags, at)
        hits = self.locators.find_marked(agency.id, epoch, slot, query.core.locators)
        led = {query.core.locators[hit.position] for hit in hits if record in hit.records}
        if led != {locator(key, tags[each]) for each in marked.asked_inputs()}:
            return False
        number, upn = hits[0].generation, self.upn_keys[agency.id]
        asking = _Own(agency, query, federation, at, lambda: key)
        self.rest()
        try:
            examined = matching.examine(
                asking, hits, lambda each: self.records.child(agency.id, number, each), upn=upn
            )
        except Defect:
            return False
        shields = self.shields(agency.id)
        if shields is None:
            return False
        # The agency asks itself, so its agreement is not asked.
        disclosed = may_disclose(
            agency.id, asking, examined, shields, None, {}, as_recorded, upn=upn
        )
        return bool(disclosed.pointers)

    def _query(
        self,
        agency: Agency,
        marked: Marked,
        federation: Federation,
        epoch: EpochNumber,
        slot_key: bytes,
        tags: Tags,
        at: int,
    ) -> Query:
        """Return a sealed question under keys that nobody has before or after."""
        once = Ed25519PrivateKey.generate()
        public = PublicPart.of(
            federation,
            epoch=epoch,
            issued_at=at,
            area=agency.id.area,
            reach=Reach.AREA,
            key_set=KeySet.WIDE,
        )
        inner = Inner(
            agency.id,
            agency.node,
            "self-test",
            Justification(_PURPOSE),
            marked.asked,
            Counting(
                self.random_bytes(limits.COUNTING_BYTES),
                Allowance.ORDINARY,
                self.random_bytes(limits.SALT_BYTES),
            ),
            HandleProof(bytes(limits.HASH_BYTES), (bytes(limits.HASH_BYTES),) * limits.HANDLE_PATH),
        )
        sealed = seal_unjudged(
            public,
            inner,
            [opening(slot_key, tags[each]) for each in marked.asked_inputs()],
            passport_expires_at=at + limits.PASSPORT_SECONDS,
            handle=Handle("0" * 32),
            practitioner_key=once,
            requester_key=once,
            slot_check=slot_check(slot_key),
            random_bytes=self.random_bytes,
        )
        own = once.public_key().public_bytes_raw()
        return read_query(sealed.wire, lambda _: own, (public.revision,))


class _Own(Asking):
    """A question of the node to itself: it opens as all do, and is held to no passport."""

    def __init__(
        self,
        agency: Agency,
        query: Query,
        federation: Federation,
        at: int,
        slot_key: Callable[[], bytes],
    ) -> None:
        super().__init__(query, federation, at, slot_key)
        self._agency = agency
        self._at = at

    def question(self, opened: Opened) -> Question:
        passport = Passport(
            agency=self._agency.id,
            subject="self-test",
            name="Self-test",
            role=Role.SOCIAL_WORKER,
            acr=Acr.PASSWORD_TOTP,
            auth_time=self._at,
            issued_at=self._at,
            expires_at=self._at + limits.PASSPORT_SECONDS,
            jti="0" * 32,
            cnf=bytes(32),
            entitlement=Entitlement(self._at + limits.DAY, self._at + limits.DAY),
        )
        terms = Terms(_PURPOSE, frozenset({passport.role}), Reach.AREA, Tier.NONE)
        inner = opened.inner
        return Question(self._agency, passport, inner.justification, inner.demographics, terms)


class SelfTest:
    """Tests every agency of the node once a day (UTC), and once for each new import.

    One task at a time calls ``tend``. ``missed`` may be called from any thread.

    Args:
        silence: is told of an agency whose log could not be written.
    """

    def __init__(
        self,
        searched: Searched,
        members: Members,
        tagging: Tagging,
        kept: KeptTags,
        record: SelfTestRecord,
        silence: Callable[[tuple[AgencyId, ...]], None],
        clock: Clock,
        log: Logger,
    ) -> None:
        self._searched = searched
        self._members = members
        self._tagging = tagging
        self._kept = kept
        self._record = record
        self._silence = silence
        self._clock = clock
        self._log = log
        self._last: dict[AgencyId, SelfTested] = {}
        self._not_before = 0.0

    def last(self, agency: AgencyId) -> SelfTested | None:
        """Return the last test of an agency since the process was started."""
        return self._last.get(agency)

    def missed(self, agency: AgencyId, generation: int) -> bool:
        """Return whether the last test of this generation missed a record, so that what the agency
        does not find says nothing.
        """
        tested = self._last.get(agency)
        return tested is not None and tested.generation == generation and not tested.all_found

    async def tend(self) -> None:
        """Test what is due."""
        now = self._clock.now()
        if now < self._not_before:
            return
        federation = self._members.at(now)
        epochs = tuple(e for e in federation.parameters.epochs if e.is_running(now))
        due = self._due(federation, epochs, int(now))
        if not epochs or not due:
            return
        tags: dict[EpochNumber, Tags] = {}
        for epoch in epochs:
            try:
                tags[epoch.number] = await self._tags(federation, epoch)
            except Refused as refused:
                self._log.warning("marked.not_asked", epoch=epoch.number, error=refused)
                self._not_before = now + AGAIN_SECONDS
                return
        for agency, generation in due:
            await self._test(agency, generation, federation, tags)

    def _due(
        self, federation: Federation, epochs: tuple[Epoch, ...], at: int
    ) -> list[tuple[Agency, Generation]]:
        found = []
        for id_ in sorted(self._searched.upn_keys):
            generation = self._searched.generation(id_, epochs, at)
            last = self._last.get(id_)
            done = (last.generation, day_of(last.at)) if last is not None else None
            if generation is not None and done != (generation.number, day_of(at)):
                with suppress(Refused):  # an agency that the list does not have
                    found.append((federation.agency(id_), generation))
        return found

    async def _tags(self, federation: Federation, epoch: Epoch) -> Tags:
        """Return the tags of all questions in an epoch, which the key holders evaluate once: a new
        key of theirs, or another question, has another name.

        Raises:
            Refused: as ``records.ports.Tags``.
        """
        holders = federation.parameters.key_holders
        every = marked_records(federation.parameters.federation)
        inputs = tuple(dict.fromkeys(each for marked in every for each in marked.asked_inputs()))
        keys = [epoch.holder_keys[holder] for holder in holders]
        name = hashlib.sha256(prefixed(*keys, *inputs)).digest()
        tags = await asyncio.to_thread(self._kept.read, name)
        if len(tags) != len(inputs):
            async with self._tagging() as tagger:
                tags = await tagger.tags.tags(inputs, epoch, holders)
            await asyncio.to_thread(self._kept.keep, name, tags)
        return dict(zip(inputs, tags, strict=True))

    async def _test(
        self,
        agency: Agency,
        generation: Generation,
        federation: Federation,
        tags: Mapping[EpochNumber, Tags],
    ) -> None:
        at = int(self._clock.now())
        try:
            tested = await asyncio.to_thread(
                self._searched.test, agency, generation, federation, tags, at
            )
        except Refused:  # the slot or the generation ended meanwhile: it is due again
            return
        self._last[agency.id] = tested
        if tested.all_found:
            found = tested.found + tested.slipped_found
            self._log.info("marked.found", agency=agency.id, found=found)
        else:
            self._log.error(
                "marked.missed",
                agency=agency.id,
                asked=tested.asked,
                found=tested.found,
                slipped=tested.slipped,
                slipped_found=tested.slipped_found,
            )
        if not await asyncio.to_thread(self._record.tested, tested):
            self._silence((agency.id,))
