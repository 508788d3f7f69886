"""Authority and issuer beside a running federation, whose own issuer is simulated.

Both are founded and run by their own code, and list the members of the federation. What these ask
of the simulated issuer, the real one is asked too; it signs when that is due, whenever lookups are
made.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from authority.draft import Draft
from authority.founding import Count, Plan, found
from authority.issuer import wiring
from authority.issuer.settings import SETTINGS, read_settings
from fakes.federations import HOLDERS
from fingerpost.audit.log import AuditLog
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import DenyList
from fingerpost.protocol.ids import Address, MemberId
from fingerpost.wire.v1 import member_list_pb2 as pb
from integration.running_federation import BROKER, FEDERATION, ISSUER, Federation
from privacy.thief import Disk

_ISSUERS: Final = ("online", "repository", "inbox", "witness")
"""What lies on the issuer's machine; the rest of the folder is the authority's."""


class Governance:
    """See the module. ``folder`` must not exist; the federation has been started."""

    def __init__(self, folder: Path, federation: Federation) -> None:
        self._folder = folder
        self._federation = federation
        now = federation.clock.now()
        one = Count(1, 1)
        organisation, nowhere = "Federation operator", Address("127.0.0.1:1")
        plan = Plan(
            FEDERATION, one, one, one, BROKER, ISSUER, HOLDERS, organisation, nowhere, 2, bins=4
        )
        ceremony = found(folder, plan, now)
        ceremony.change(self._listing)
        ceremony.publish(now)
        self._settings = read_settings(folder / "online" / SETTINGS)
        self._opened = ExitStack()
        issuer = wiring.open_issuer(self._settings, self.open_audit())
        self._issuer = self._opened.enter_context(issuer)
        self._due = now
        self.work()

    def _listing(self, founded: Draft) -> Draft:
        listed = self._federation.listed
        return replace(
            founded,
            parameters=replace(
                listed.parameters, code_list_version=founded.parameters.code_list_version
            ),
            members={**listed.members, ISSUER: founded.members[ISSUER]},
            areas=listed.areas,
        )

    def work(self) -> None:
        """Do what the issuer has done by now."""
        while self._due <= self._federation.clock.now():
            self._due = self._issuer.refresh(self._due).due
        asked = self._federation.asked_of_issuer
        while asked:
            request = asked.pop(0)
            payload = claimed_signer(request.envelope, most=STATEMENT_BYTES)[0].payload
            if isinstance(request, pb.DepositRequest):
                at = pb.EpochKeyStatement.FromString(payload).issued_at
                self._issuer.deposit(request.envelope, at)
            else:
                at = pb.ReadStatement.FromString(payload).issued_at
                with suppress(Refused):  # the simulated list has a file that this one lacks
                    self._issuer.read(request.envelope, at)

    def suspend(self, member: MemberId) -> None:
        """Suspend a member, as a command line beside the issuer does."""
        now = self._federation.clock.now()
        deny = DenyList(members=frozenset({member}))
        self._due = self._issuer.change_deny_list(lambda _: deny, now).due

    def open_audit(self) -> AuditLog:
        """Open the issuer's log."""
        return wiring.open_audit(self._settings)

    def disk(self, party: str) -> Disk:
        """Return the disk of "issuer" or "authority", without its keys."""
        issuers = {self._folder / name for name in _ISSUERS}
        if party == "issuer":
            keys = msgspec.structs.astuple(self._settings.keys)
            return Disk.of(party, self._folder, [*set(self._folder.iterdir()) - issuers, *keys])
        return Disk.of(party, self._folder, [*issuers, self._folder / "offline"])
