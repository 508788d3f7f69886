"""The issuer: signs certificates, snapshot, timestamp and deny-list, serves the repository, keeps
deposited keys and the heads that members leave.

It drives the rules through its ports. Each public method blocks and may be called from any thread.
A certificate is returned only after the audit log has its entry. What a stranger sends, or plays
back, is never written to the audit log (attack: fill the disk); the refusal of a verified, fresh
request of a member is.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from authority.inbox import Inbox, read_statement
from authority.issuer import rules
from authority.issuer.certificates import CertificateAuthority, issue, requested_key
from authority.issuer.online import Online, Refreshed
from authority.issuer.rules import Roll
from authority.repository import Lists, Repository
from fingerpost.audit.log import Actor, AuditEvent, OperationId
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Member
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.witness import Adopted

AUDIT_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "certificate.issued": frozenset({"serial", "not_after"}),
    "certificate.refused": frozenset({"code"}),
    "deposit.accepted": frozenset({"epoch"}),
    "list.signed": frozenset({"version"}),
    "deny_list.changed": frozenset({"subject", "denied"}),
    "deny_list.adopted": frozenset({"before", "number", "sound"}),
}


class Audit(Protocol):
    """Durable on return; raises when it cannot record."""

    def append(self, event: AuditEvent) -> object: ...


class Heads(Protocol):
    """What members have left of the heads of their stores. Blocks; raises ``StoreFailed``."""

    def times(self, member: MemberId, part: int) -> tuple[int, ...]:
        """Return when those were issued that are kept, ascending, seconds since 1970 UTC."""

    def put(
        self, member: MemberId, part: int, issued_at: int, envelope: bytes, drop: Sequence[int]
    ) -> None:
        """Keep an envelope, durably, and drop those that were issued at these times."""

    def before(
        self, member: MemberId, part: int, before: int, most_bytes: int
    ) -> tuple[bytes, ...]:
        """Return the envelopes that were issued before ``before``, the newest first."""


class Issuer:
    """See the module. ``own`` is the identity of this process."""

    def __init__(
        self,
        own: Identity,
        online: Online,
        inbox: Inbox,
        authority: CertificateAuthority,
        heads: Heads,
        audit: Audit,
    ) -> None:
        self.own = own
        self._online = online
        self._inbox = inbox
        self._authority = authority
        self._heads = heads
        self._audit = audit
        self._seen = rules.Seen()
        self._certificates = rules.Quota(rules.CERTIFICATES_PER_HOUR)
        self._deposits = rules.Quota(rules.DEPOSITS_PER_HOUR)
        self._left = rules.Quota(rules.HEADS_PER_HOUR)
        self._lock = threading.Lock()
        self._roll: Roll | None = None
        self._roll_of = 0
        """The version of the snapshot from which the roll was read."""

    def refresh(self, now: float) -> Refreshed:
        """Sign what is due, and read the member list again when it has changed.

        Raises:
            Refused: UNTRUSTED_METADATA when nothing verifies.
            Defect: the list is of another federation.
        """
        done = self._online.refresh(now)
        deny = self._online.deny_list()
        roll = self._roll
        # Not by whether this call has signed it: a command line that suspends may have, or this
        # process a moment ago, before its disk was full.
        if done.lists is not None and (roll is None or self._roll_of != done.snapshot_version):
            roll = read_roll(self._online.repository, done.lists, deny)
            if roll.federation != self.own.federation or roll.issuer != self.own.member:
                raise Defect("the published list is of another federation or names another issuer")
            for epoch in self._inbox.epochs():
                if roll.is_past(epoch):
                    self._inbox.forget(epoch)
            self._roll_of = done.snapshot_version
        self._roll = None if roll is None else replace(roll, deny=deny)
        if done.new_snapshot:
            version = done.snapshot_version
            self._record("list.signed", self.own.member, b"%d" % version, now, version=version)
        return done

    def change_deny_list(self, change: Callable[[DenyList], DenyList], now: float) -> Refreshed:
        """Suspend, or reinstate, at once, and record who afterwards: a full disk must not delay a
        suspension.
        """
        before = _denied(self._online.deny_list())
        done = self._online.change_deny_list(change, now)
        after = _denied(self._online.deny_list())
        for subject in sorted(before ^ after):
            denied = subject in after
            about = subject.encode()
            member = self.own.member
            self._record("deny_list.changed", member, about, now, subject=subject, denied=denied)
        return done

    def adopt_deny_list(self, by: Actor, why: OperationId, now: float) -> tuple[DenyList, Adopted]:
        """Accept the record of who is suspended as it is, and record who decided that, and why.

        Raises:
            Defect: there is no record, or it is no deny-list.
        """

        def record(adopted: Adopted) -> None:
            fields = {"before": adopted.before, "number": adopted.number, "sound": adopted.sound}
            self._audit.append(AuditEvent("deny_list.adopted", by, why, int(now), fields))

        return self._online.adopt_deny_list(record)

    def fetch(self, path: str) -> bytes:
        """Return a file of the repository.

        Raises:
            Refused: NOT_ALLOWED alike for a path that may not be fetched and a file that does not
                exist.
        """
        files.require_fetchable(path)
        data = self._online.repository.read(path)
        if data is None:
            raise Refused(Code.NOT_ALLOWED, "path")
        return data

    def read(self, envelope: bytes, now: float) -> bytes:
        """Return the file of the repository that a member asks for in a signed statement.

        Raises:
            Refused: as ``rules.open_read``; NOT_ALLOWED, there is no such file.
        """
        return self.fetch(rules.open_read(envelope, self._current(), now))

    def certify(self, envelope: bytes, now: float) -> bytes:
        """Return the certificate and its chain, PEM. Raises ``Refused``."""
        roll = self._current()
        statement, member = rules.open_certify(envelope, roll)
        identity = Identity(roll.federation, member.id, member.party)
        rules.require_fresh(statement.issued_at, now)
        with self._lock:
            self._seen.admit(statement, now)
            self._certificates.spend(member.id, now)
        try:
            key = requested_key(statement.certificate_request, identity)
        except Refused as refused:
            self._record("certificate.refused", member.id, envelope, now, code=refused.code.value)
            raise
        issued = issue(self._authority, key, identity, now)
        self._record(
            "certificate.issued",
            member.id,
            envelope,
            now,
            serial=f"{issued.serial:x}",
            not_after=issued.not_after,
        )
        return issued.pem

    def deposit(self, envelope: bytes, now: float) -> None:
        """Keep a member's key of an epoch for the next publication. Raises ``Refused``.

        Of two statements the later counts (``rules.require_later``). The same statement sent again
        changes nothing.
        """
        roll = self._current()
        _, signer = claimed_signer(envelope, most=STATEMENT_BYTES)
        member = roll.member(signer)
        statement = read_statement(envelope, member, roll.federation)
        rules.require_fresh(statement.issued_at, now)
        roll.require_depositable(statement.epoch, now)
        with self._lock:
            if self._inbox.envelope(statement.epoch, member.id) == envelope:
                return
            earlier = self._inbox.statement(statement.epoch, member, roll.federation)
            before = () if earlier is None else (earlier.issued_at,)
            rules.require_later(statement.issued_at, before, now, "epoch_key.issued_at")
            self._deposits.spend(member.id, now)
            self._inbox.put(statement, envelope)
        epoch = statement.epoch.value
        self._record("deposit.accepted", member.id, envelope, now, epoch=epoch)

    def deposit_heads(self, envelope: bytes, now: float) -> None:
        """Keep the heads that a member leaves. Raises ``Refused``.

        It is not recorded: every member does it every hour, and what was left shows it.
        """
        statement = rules.open_heads(envelope, self._current())
        rules.require_fresh(statement.issued_at, now)
        member, part, at = statement.member, statement.part, statement.issued_at
        with self._lock:
            times = self._heads.times(member, part)
            rules.require_later(at, times, now, "heads.issued_at")
            self._left.spend(member, now)
            self._heads.put(member, part, at, envelope, rules.outdated_heads((*times, at)))

    def heads(self, envelope: bytes, now: float) -> tuple[bytes, ...]:
        """Return the newest heads that a member has left before the time that it asks for. Raises
        ``Refused``.
        """
        asked = rules.open_read_heads(envelope, self._current(), now)
        return self._heads.before(asked.member, asked.part, asked.before, rules.HEADS_ANSWER_BYTES)

    def own_certificate(self, request: bytes, now: float) -> bytes:
        """Return a certificate for the issuer's own server, the only one that is not requested from
        outside.
        """
        return issue(self._authority, requested_key(request, self.own), self.own, now).pem

    def _current(self) -> Roll:
        if self._roll is None:
            raise Refused(Code.NOT_READY, "member list")
        return self._roll

    def _record(
        self, kind: str, actor: MemberId, about: bytes, now: float, **fields: str | int
    ) -> None:
        operation = OperationId.of(hashlib.sha256(about).digest())
        self._audit.append(AuditEvent(kind, Actor.of(actor), operation, int(now), fields))


def _denied(deny: DenyList) -> frozenset[str]:
    """Return members, agencies and certificates by name; an agency's has a dot, a certificate's a
    colon.
    """
    certificates = (f"certificate:{serial:x}" for serial in deny.certificates)
    return frozenset([*map(str, deny.members), *map(str, deny.agencies), *certificates])


def read_roll(repository: Repository, lists: Lists, deny: DenyList) -> Roll:
    """Read the members from the signed files of the issuer's own folder, each only as it was
    signed.

    Raises:
        Refused: UNTRUSTED_METADATA when a file is missing or differs, MALFORMED when it does not
            parse.
    """
    members: dict[MemberId, Member] = {}
    parameters = None
    for path, stated in lists.target_files():
        if path == files.PARAMETERS:
            parameters = files.read_parameters(repository.read_target(path, stated))
        elif path.startswith("members/"):
            member = files.read_member(repository.read_target(path, stated))
            if files.member_path(member.id) != path:
                raise Refused(Code.UNTRUSTED_METADATA, "member file under another name")
            members[member.id] = member
    if parameters is None:
        raise Refused(Code.UNTRUSTED_METADATA, "parameters missing")
    return Roll(parameters.federation, parameters.issuer, parameters.epochs, members, deny)
