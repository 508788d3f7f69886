"""A ceremony: one folder, the offline keys, and the steps in which a federation comes to be and
changes.

This module drives the rules and decides nothing. The folder:

    authority.toml     the charter: public keys, key files, thresholds
    addresses.toml     where servers listen, for bundles
    draft/             what the next publication will say
    proposals/         code lists that wait for governance's signatures
    offline/           keys of root, targets and governance, and the peppers; they are never on a
                       connected machine
    online/            keys of the issuer and its settings, which go to the issuer's machine
    inbox/             epoch keys that members have deposited; they come from the issuer's machine
    repository/        what is published, which goes to the issuer's machine

Nothing that exists is made again, and nothing that is missing is assumed. ``founding`` makes all
keys on one machine; where they belong to different people, each person makes one and the charter
names it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from authority import charter as charters
from authority import code_lists, draft, epochs, publishing, roles
from authority.bundles import ADDRESSES, AddressBook, make_bundle
from authority.charter import CHARTER, Charter
from authority.draft import Draft
from authority.inbox import Inbox
from authority.publishing import Publication
from authority.repository import CODE_LISTS, ROOT, Repository
from authority.vault import Vault
from fingerpost.membership.bundle import CERTIFICATE_AUTHORITY, EnrolmentBundle, write_bundle
from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.private.pepper_sealing import REQUESTER_SEED_BYTES, new_pepper, seal_pepper
from fingerpost.protocol import federation_files, limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import CodeLists, DenyList, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.runtime import settings
from fingerpost.runtime.files import read_file, replace_file

Random = Callable[[int], bytes]
Seeds = Mapping[EpochNumber, bytes]
"""The seeds of the requesters' keys by epoch, 32 bytes; empty where this machine has none."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """An open ceremony. ``now`` is in seconds since 1970 UTC."""

    folder: Path
    charter: Charter

    @classmethod
    def open(cls, folder: Path) -> Ceremony:
        """Open the folder. Raises ``Defect``: it has no charter, or not a sound one."""
        return cls(folder, charters.read_charter(folder / CHARTER))

    @property
    def repository(self) -> Repository:
        return Repository(self.folder / "repository")

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.folder / "inbox")

    @property
    def vault(self) -> Vault:
        return Vault(self.folder / "offline" / "peppers")

    @property
    def online(self) -> Path:
        return self.folder / "online"

    @property
    def _proposals(self) -> Path:
        return self.folder / "proposals"

    # ---- the draft -------------------------------------------------------------------------

    def draft(self) -> Draft:
        return draft.read_draft(self.folder / "draft")

    def save(self, changed: Draft) -> None:
        draft.write_draft(self.folder / "draft", changed)

    def change(self, *steps: Callable[[Draft], Draft]) -> Draft:
        """Read the draft, apply the steps (see ``changes``) and write it once."""
        changed = self.draft()
        for step in steps:
            changed = step(changed)
        self.save(changed)
        return changed

    # ---- code lists ------------------------------------------------------------------------

    def propose(self, lists: CodeLists, now: float) -> code_lists.Proposal:
        published = self.repository.read_metadata(CODE_LISTS)
        proposal = code_lists.propose(self.charter, lists, published, now)
        code_lists.write_proposal(self._proposals, proposal)
        return proposal

    def sign_proposal(self, key_files: Sequence[Path]) -> int:
        """Add these governors' signatures; return how many are still missing. Raises ``Defect``."""
        proposal = self.proposal()
        if proposal is None:
            raise Defect("no code lists are proposed")
        signers = [CryptoSigner(read_signing_key(path, setting="key file")) for path in key_files]
        proposal = code_lists.sign(proposal, self.charter, signers)
        code_lists.write_proposal(self._proposals, proposal)
        return code_lists.missing(proposal, self.charter)

    def proposal(self) -> code_lists.Proposal | None:
        return code_lists.read_proposal(self._proposals)

    # ---- publishing ------------------------------------------------------------------------

    def publish(self, now: float) -> Publication:
        """Sign the draft. Snapshot and timestamp follow from the issuer, or from
        ``issuer.wiring.open_online``.

        Raises:
            Defect: as ``publishing.publish``.
        """
        proposal = self.proposal()
        done = publishing.publish(self.charter, self.repository, self.draft(), proposal, now)
        if proposal is not None:
            code_lists.drop_proposal(self._proposals)
        return done

    def trusted_root(self) -> bytes:
        """Return the newest root. Raises ``Defect``."""
        return self._root(ROOT)

    def _root(self, name: str) -> bytes:
        data = self.repository.read_metadata(name)
        if data is None:
            raise Defect(f"{self.folder}: {name}.json has not been published, or is gone")
        return data

    def renew_root(self, charter: Charter, now: float) -> int:
        """Sign a new root by ``charter``, with the threshold of the present one and of the new;
        return its version.

        Raises:
            Defect: the keys of one of the two are not here.
        """
        roots = self.repository.read_roots(self._root(f"1.{ROOT}"))
        signers = {
            signer.public_key.keyid: signer
            for quorum in (self.charter.root, charter.root)
            for signer in charters.signers(quorum, ROOT)
        }
        version = roots[-1].version + 1
        root = roles.root_role(charter, version, roles.expiry(now, charter.validity.root_days))
        signed = roles.sign(root, signers.values())
        with self.repository.lock():
            publishing.write_root(self.repository, root, signed)
        self.repository.read_roots(self._root(f"1.{ROOT}"))  # as members will follow it
        charters.write_charter(self.folder / CHARTER, charter, replace=True)
        return version

    # ---- epochs ----------------------------------------------------------------------------

    def open_epoch(
        self,
        number: EpochNumber,
        times: epochs.Times,
        now: float,
    ) -> epochs.Sealed:
        """Name a further epoch in the draft and seal its pepper to every receiving key that is
        here.

        Raises:
            Defect: as ``epochs.plan_opening``.
        """
        seeds = self._new_seed(number)
        facts = self._facts(seeds, now)
        plan = epochs.plan_opening(facts, number, times)
        return self._apply(plan, facts, seeds)[0]

    def replace_epoch(
        self,
        number: EpochNumber,
        times: epochs.Times,
        overlap_seconds: int,
        now: float,
    ) -> epochs.Sealed:
        """Name a new epoch after a theft; those before it end ``overlap_seconds`` after its start.

        Raises:
            Defect: as ``epochs.plan_replacing``.
        """
        seeds = self._new_seed(number)
        facts = self._facts(seeds, now)
        plan = epochs.plan_replacing(facts, number, times, overlap_seconds)
        return self._apply(plan, facts, seeds)[0]

    def seal_late(self, now: float) -> tuple[epochs.Sealed, ...]:
        """Seal the current day's pepper of each epoch to members that have joined, or lost their
        key, since.

        Raises:
            Defect: as ``epochs.plan_late``.
        """
        numbers = [epoch.number for epoch in epochs.not_over(self.draft(), now)]
        seeds = {number: self.vault.requester_seed(number) for number in numbers}
        facts = self._facts(seeds, now)
        return self._apply(epochs.plan_late(facts), facts, seeds)

    def _new_seed(self, number: EpochNumber) -> Seeds:
        """Return the seed that an interrupted opening left, or else a fresh one. It is not stored
        before the plan stands, so that a refused opening leaves nothing.
        """
        left = self.vault.requester_seed(number)
        return {number: left or secrets.token_bytes(REQUESTER_SEED_BYTES)}

    def _facts(self, seeds: Seeds, now: float) -> epochs.Facts:
        """Gather what a plan for the epochs of ``seeds`` needs to know."""
        numbers = seeds.keys()
        known = self.draft()
        federation = known.parameters.federation
        deposits = {}
        for number in numbers:
            for member in known.members.values():
                statement = self.inbox.statement(number, member, federation)
                if statement is not None:
                    deposits[number, member.id] = statement.key
        sealed_to = {
            (number, member): fingerprint
            for number in numbers
            for member, fingerprint in self.vault.sealed_to(number).items()
        }
        return epochs.Facts(
            draft=known,
            now=now,
            reached=min(now, self.repository.signed_at(self.trusted_root())),
            denied=self.denied().members,
            deposits=deposits,
            sealed_to=sealed_to,
            peppers_here=self.vault.epochs(),
            requester_keys={number: _public(seed) for number, seed in seeds.items() if seed},
            deposits_here=frozenset(self.inbox.epochs()),
        )

    def _apply(
        self, plan: epochs.Plan, facts: epochs.Facts, seeds: Seeds
    ) -> tuple[epochs.Sealed, ...]:
        """Do what the plan says. Raises ``Defect``; planning again goes on from there."""
        peppers: dict[epochs.Place, SealedPepper] = {}
        for sealing in plan.seal:
            peppers |= self._seal(sealing, seeds[sealing.epoch])
        self.save(plan.draft(facts.draft, peppers))
        done = []
        for sealing in plan.seal:
            members = {m for m in sealing.receiving_keys if (sealing.epoch, m) in peppers}
            unusable = sealing.receiving_keys.keys() - members
            noted = {
                member: fingerprint
                for member, fingerprint in self.vault.sealed_to(sealing.epoch).items()
                if member not in sealing.denied
            }
            noted |= {m: epochs.fingerprint(sealing.receiving_keys[m]) for m in members}
            self.vault.record_sealed(sealing.epoch, noted)
            lacking = tuple(sorted({*sealing.lacking, *unusable}))
            done.append(epochs.Sealed(sealing.epoch, tuple(sorted(members)), lacking))
        for number in plan.erase:
            self.vault.forget(number)
            self.inbox.forget(number)
        return tuple(done)

    def _seal(self, sealing: epochs.Sealing, seed: bytes) -> dict[epochs.Place, SealedPepper]:
        if sealing.make:
            self.vault.create(new_pepper(sealing.epoch, sealing.day, secrets.token_bytes))
        self.vault.keep_requester_seed(sealing.epoch, seed)
        pepper = self.vault.on(sealing.epoch, sealing.day, sealing.kept_day)
        if pepper.day > sealing.day:  # members could not turn it back to the day that they need
            raise Defect(
                f"the pepper of epoch {sealing.epoch} that is here begins on a later day than it "
                "is needed: the clock went back, or the epoch was to be indexed later"
            )
        peppers = {}
        members = self.draft().members
        for member, key in sealing.receiving_keys.items():
            shared = seed if members[member].party is Party.GATEWAY else b""
            try:
                peppers[sealing.epoch, member] = seal_pepper(pepper, member, key, shared)
            except Refused:  # 1216 bytes that are no public key stop this member and nobody else
                continue
        return peppers

    def denied(self) -> DenyList:
        """Return the deny-list as the issuer last published it here, unverified: it can only take
        away.
        """
        data = self.repository.read(f"targets/{federation_files.DENY_LIST}")
        return DenyList() if data is None else federation_files.read_deny_list(data)

    # ---- bundles ---------------------------------------------------------------------------

    def set_addresses(self, book: AddressBook) -> None:
        data = settings.written(book, self.folder)
        replace_file(self.folder / ADDRESSES, data, mode=0o644)

    def bundle(self, member: MemberId, out: Path) -> EnrolmentBundle:
        """Make the folder ``out`` for an enrolled member. Raises ``Defect``."""
        authority = self.folder / CERTIFICATE_AUTHORITY
        certificate = read_file(authority, most=limits.METADATA_FILE_BYTES)
        addresses = self.folder / ADDRESSES
        if not addresses.exists():
            raise Defect(
                f"{addresses}: the servers have no addresses yet; "
                "`fingerpost-authority addresses` states them"
            )
        book = settings.load(addresses, AddressBook)
        made = make_bundle(self.draft(), member, book, self.trusted_root(), certificate)
        write_bundle(out, made)
        return made


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
