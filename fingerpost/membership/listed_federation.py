"""Build one federation from verified files: the whole, or a refusal.

Law: signed content is taken as it is, and all of it must be there. A listed file that is missing,
does not parse, or contradicts another file makes the whole list refused (attack: a mirror that
leaves out one member, or mixes old and new files).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tuf.api.metadata import TargetFile

from fingerpost.membership.trusted_files import TrustedFiles
from fingerpost.protocol import federation_files as files
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Parameters, Party
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId

_T = TypeVar("_T")

Parsed = Mapping[str, tuple[TargetFile, Any]]
"""Parsed values by target path, each with the target (length and hash) that was signed for its
file.
"""


@dataclass(frozen=True, slots=True)
class Assembled:
    """A federation, the peppers sealed to this member, and the parsed files that both were built
    from.
    """

    federation: Federation
    peppers: Mapping[EpochNumber, SealedPepper]
    parsed: Parsed


def assemble(trusted: TrustedFiles, own: MemberId | None, earlier: Parsed) -> Assembled:
    """Return all areas and members, parameters, code lists and deny-list, and the peppers sealed to
    ``own``.

    Args:
        earlier: the files of the last look; one with the same hash is neither fetched nor parsed
            again.

    Raises:
        Refused: UNTRUSTED_METADATA, or what fetching raises.
    """
    reading = _Reading(trusted, earlier)
    index = reading.value(files.INDEX, files.read_index)
    parameters = reading.value(files.PARAMETERS, files.read_parameters)
    code_lists = reading.value(files.CODE_LISTS, files.read_code_lists)
    members = {m: reading.value(files.member_path(m), files.read_member) for m in index.members}
    areas = {a: reading.value(files.area_path(a), files.read_area) for a in index.areas}
    deny = reading.value(files.DENY_LIST, files.read_deny_list)
    peppers = reading.peppers(parameters, own) if own is not None else {}
    federation = Federation(
        trusted.version,
        trusted.valid_until,
        parameters,
        code_lists,
        members,
        areas,
        deny,
        trusted.signed_at,
    )
    _require_consistent(federation)
    return Assembled(federation, peppers, reading.parsed)


@dataclass(slots=True)
class _Reading:
    trusted: TrustedFiles
    earlier: Parsed
    parsed: dict[str, tuple[TargetFile, Any]] = field(default_factory=dict)

    def value(self, path: str, reader: Callable[[bytes], _T]) -> _T:
        value = self.value_if_listed(path, reader)
        if value is None:
            raise Refused(Code.UNTRUSTED_METADATA, "a file is missing")
        return value

    def value_if_listed(self, path: str, reader: Callable[[bytes], _T]) -> _T | None:
        target = self.trusted.find(path)
        if target is None:
            return None
        before = self.earlier.get(path)
        if before is not None and before[0] == target:
            self.parsed[path] = before
        else:
            self.parsed[path] = (target, _parse(reader, self.trusted.content(target)))
        value: _T = self.parsed[path][1]
        return value

    def peppers(self, parameters: Parameters, own: MemberId) -> Mapping[EpochNumber, SealedPepper]:
        found: dict[EpochNumber, SealedPepper] = {}
        for number in (epoch.number for epoch in parameters.epochs):
            pepper = self.value_if_listed(files.pepper_path(number, own), files.read_pepper)
            if pepper is None:
                continue
            if (pepper.epoch, pepper.member) != (number, own):
                raise Refused(Code.UNTRUSTED_METADATA, "pepper under another name")
            found[number] = pepper
        return found


def _parse(reader: Callable[[bytes], _T], data: bytes) -> _T:
    try:
        return reader(data)
    except Refused as refused:
        raise Refused(Code.UNTRUSTED_METADATA, refused.rule or refused.what) from None


def _require_consistent(federation: Federation) -> None:
    """Check that the files, each of which is signed, together describe one federation."""
    parameters = federation.parameters
    if parameters.code_list_version != federation.code_lists.version:
        raise Refused(Code.UNTRUSTED_METADATA, "code lists of another version")
    if any(member.id != named for named, member in federation.members.items()):
        raise Refused(Code.UNTRUSTED_METADATA, "member under another name")
    if any(area.code != named for named, area in federation.areas.items()):
        raise Refused(Code.UNTRUSTED_METADATA, "area under another code")
    roles = {parameters.broker: Party.BROKER, parameters.issuer: Party.ISSUER}
    roles |= dict.fromkeys(parameters.key_holders, Party.KEY_HOLDER)
    for named, party in roles.items():
        member = federation.members.get(named)
        if member is None or member.party is not party:
            raise Refused(Code.UNTRUSTED_METADATA, "parameters name no such member")
