"""Who is a member, as the issuer reads it from the signed list in its own folder.

Law: values and a reader; every target file is taken only as it was signed. Areas and agencies are not read: the issuer
decides about processes, never about organisations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authority.repository import Lists, Repository
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import DenyList, Epoch, Member
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId


@dataclass(frozen=True, slots=True, repr=False)
class Roll:
    federation: FederationId
    issuer: MemberId
    epochs: tuple[Epoch, ...]
    members: Mapping[MemberId, Member]
    deny: DenyList

    def __repr__(self) -> str:
        return f"Roll({len(self.members)} members)"

    def member(self, member: MemberId) -> Member:
        """Raises ``Refused(NOT_A_MEMBER)`` alike for unknown and denied."""
        found = self.members.get(member)
        if found is None or member in self.deny.members:
            raise Refused(Code.NOT_A_MEMBER, "member")
        return found

    def is_past(self, epoch: EpochNumber) -> bool:
        """Older than all that are named: nobody asks for its keys any more."""
        return epoch.value < min((e.number.value for e in self.epochs), default=0)

    def require_depositable(self, epoch: EpochNumber, now: float) -> None:
        """An epoch that is named and not over, or the one or two to come. Raises ``Refused(UNSUPPORTED)``
        (attack: a member fills the disk with epochs that nobody opens)."""
        newest = max((e.number.value for e in self.epochs), default=0)
        running = any(e.number == epoch and now < e.ends_at for e in self.epochs)
        if not running and not newest < epoch.value <= newest + 2:
            raise Refused(Code.UNSUPPORTED, "epoch")


def read_roll(repository: Repository, lists: Lists, deny: DenyList) -> Roll:
    """Raises ``Refused``: UNTRUSTED_METADATA when a file is missing or differs, MALFORMED when it does not parse."""
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
