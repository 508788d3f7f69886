"""A ceremony: one folder, the offline keys, and the steps in which a federation comes to be and changes.

Law: this module drives the rules and decides nothing. The folder:

    authority.toml     the charter: public keys, key files, thresholds
    addresses.toml     where servers listen, for bundles
    draft/             what the next publication will say
    proposals/         code lists that wait for governance's signatures
    offline/           keys of root, targets and governance, and the peppers        never on a connected machine
    online/            keys of the issuer and its settings                          go to the issuer's machine
    inbox/             epoch keys that members have deposited                       come from the issuer's machine
    repository/        what is published                                            goes to the issuer's machine

Nothing is made that exists, nothing is assumed that is missing. ``founding`` makes all keys on one machine; where they
belong to different people, each makes theirs, and the charter names them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from authority import charter as charters
from authority import code_lists, draft, epochs, keys, publishing, roles
from authority.bundles import ADDRESSES, AddressBook, make_bundle, read_addresses, write_addresses
from authority.charter import CHARTER, Charter
from authority.draft import Draft
from authority.inbox import Inbox, read_statement
from authority.publishing import Publication
from authority.repository import CODE_LISTS, ROOT, Repository
from authority.vault import Vault
from fingerpost.membership.bundle import EnrolmentBundle, write_bundle
from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.protocol import federation_files
from fingerpost.protocol.codec.statements import claimed_signer
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import CodeLists, DenyList
from fingerpost.protocol.ids import EpochNumber, MemberId

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """An open ceremony. ``now`` in seconds since 1970 UTC wherever it is asked for."""

    folder: Path
    charter: Charter

    @classmethod
    def open(cls, folder: Path) -> Ceremony:
        """Raises ``Defect``: no charter there, or not a sound one."""
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
        """Reads the draft, applies ``changes`` and writes it, once for all steps."""
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
        """Adds these governors' signatures. How many are missing still. Raises ``Defect``."""
        proposal = self.proposal()
        if proposal is None:
            raise Defect("no code lists are proposed")
        signers = [keys.signer(read_signing_key(path, setting="key file")) for path in key_files]
        proposal = code_lists.sign(proposal, self.charter, signers)
        code_lists.write_proposal(self._proposals, proposal)
        return code_lists.missing(proposal, self.charter)

    def proposal(self) -> code_lists.Proposal | None:
        return code_lists.read_proposal(self._proposals)

    # ---- publishing ------------------------------------------------------------------------

    def publish(self, now: float) -> Publication:
        """Signs the draft. Snapshot and timestamp follow from the issuer, or from ``issuer.wiring.open_online``.

        Raises ``Defect``, among them ``checks.Inconsistent``.
        """
        proposal = self.proposal()
        done = publishing.publish(self.charter, self.repository, self.draft(), proposal, now)
        if proposal is not None:
            code_lists.drop_proposal(self._proposals)
        return done

    def trusted_root(self) -> bytes:
        """The newest root. Raises ``Defect``."""
        data = self.repository.read_metadata(ROOT)
        if data is None:
            raise Defect(f"{self.folder}: no root has been published")
        return data

    def renew_root(self, charter: Charter, now: float) -> int:
        """A new root by ``charter``, signed by the threshold of the present one and of the new; its version.

        The keys of both must be here. Raises ``Defect``.
        """
        roots = self.repository.read_roots(_first_root(self.repository))
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
        self.repository.read_roots(_first_root(self.repository))  # as members will follow it
        charters.write_charter(self.folder / CHARTER, charter, replace=True)
        return version

    # ---- epochs ----------------------------------------------------------------------------

    def take_deposit(self, envelope: bytes) -> MemberId:
        """Puts a member's signed epoch key into the inbox, as the issuer does. Raises ``Refused``."""
        known = self.draft()
        _, signer = claimed_signer(envelope)
        member = known.members.get(signer)
        if member is None:
            raise Refused(Code.NOT_A_MEMBER, "epoch_key.member")
        federation = known.parameters.federation
        self.inbox.put(read_statement(envelope, member, federation), envelope)
        return member.id

    def open_epoch(
        self,
        number: EpochNumber,
        times: epochs.Times,
        now: float,
        *,
        random_bytes: Random = secrets.token_bytes,
    ) -> epochs.Sealed:
        """Names the epoch in the draft and seals its pepper to every receiving key that is here. Raises
        ``Defect``: it would
        be over already, or a key holder's key is missing."""
        if times.ends_at <= now:
            raise Defect("the epoch would be over already: look at the days given")
        changed = epochs.forget_ended(self.draft(), self.inbox, self.vault, now)
        changed = epochs.name_epoch(changed, number, times, self.inbox)
        epochs.make_pepper(number, times, self.vault, now, random_bytes)
        return self._seal(changed, (number,), now)[0]

    def replace_epoch(
        self,
        number: EpochNumber,
        times: epochs.Times,
        overlap_seconds: int,
        now: float,
        *,
        random_bytes: Random = secrets.token_bytes,
    ) -> epochs.Sealed:
        """After a theft: a new epoch soon; those before end ``overlap_seconds`` after its start. Raises ``Defect``."""
        before = self.draft()
        if number < epochs.next_number(before):
            raise Defect(f"the next epoch is {epochs.next_number(before)}")
        end = times.starts_at + overlap_seconds
        changed = epochs.cut_short(before, times.starts_at, end)
        changed = epochs.name_epoch(changed, number, times, self.inbox)
        for epoch in before.parameters.epochs:
            if epoch.number not in {kept.number for kept in changed.parameters.epochs}:
                self.vault.forget(epoch.number)
        epochs.make_pepper(number, times, self.vault, now, random_bytes)
        return self._seal(changed, (number,), now)[0]

    def seal_late(self, now: float) -> tuple[epochs.Sealed, ...]:
        """For members that have joined, or lost their receiving key, since: the current day's pepper of each epoch."""
        changed = epochs.forget_ended(self.draft(), self.inbox, self.vault, now)
        numbers = tuple(e.number for e in changed.parameters.epochs if e.ends_at > now)
        return self._seal(changed, numbers, now)

    def _seal(
        self, changed: Draft, numbers: Iterable[EpochNumber], now: float
    ) -> tuple[epochs.Sealed, ...]:
        deny = self.denied()
        done = []
        for number in numbers:
            changed, sealed = epochs.seal_to_members(
                changed, number, self.inbox, self.vault, deny, now
            )
            done.append(sealed)
        self.save(changed)
        return tuple(done)

    def denied(self) -> DenyList:
        """Who is out, as the issuer last published it here. It can only take away, so it is taken as it lies."""
        data = self.repository.read(f"targets/{federation_files.DENY_LIST}")
        return DenyList() if data is None else federation_files.read_deny_list(data)

    # ---- bundles ---------------------------------------------------------------------------

    def set_addresses(self, book: AddressBook) -> None:
        write_addresses(self.folder / ADDRESSES, book)

    def bundle(self, member: MemberId, out: Path) -> EnrolmentBundle:
        """Makes the folder ``out`` for an enrolled member. Raises ``Defect``."""
        authority = self.folder / "certificate-authority.pem"
        try:
            certificate = authority.read_bytes()
        except OSError as error:
            raise Defect(f"{authority}: cannot be read ({type(error).__name__})") from None
        book = read_addresses(self.folder / ADDRESSES)
        made = make_bundle(self.draft(), member, book, self.trusted_root(), certificate)
        write_bundle(out, made)
        return made


def _first_root(repository: Repository) -> bytes:
    data = repository.read_metadata(f"1.{ROOT}")
    if data is None:
        raise Defect("the first root is not here")
    return data
