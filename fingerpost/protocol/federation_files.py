"""The member list's target files: strict JSON to values and back.

Unknown fields are refused, every text is bounded, every id parsed. The signatures over the files are TUF's
and have been checked before a byte comes here. Binary values are lower-case hexadecimal.

Paths (TUF target paths): ``index.json`` (which areas and members there are), ``parameters.json``,
``code-lists.json``, ``deny-list.json``,
``members/<member>.json``, ``areas/<area>.json``, ``peppers/<epoch>/<member>.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import AgencyKind, CoarseKind, Kind, Purpose, Role
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import (
    Agency,
    Area,
    CodeLists,
    DenyList,
    Epoch,
    Member,
    NotConnected,
    Parameters,
    Party,
)
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId

INDEX: Final = "index.json"
PARAMETERS: Final = "parameters.json"
CODE_LISTS: Final = "code-lists.json"
DENY_LIST: Final = "deny-list.json"


def member_path(member: MemberId) -> str:
    return f"members/{member}.json"


def area_path(area: AreaCode) -> str:
    return f"areas/{area}.json"


def pepper_path(epoch: EpochNumber, member: MemberId) -> str:
    return f"peppers/{epoch}/{member}.json"


Text = Annotated[str, Meta(min_length=1, max_length=120)]
Telephone = Annotated[str, Meta(max_length=24, pattern=r"^[0-9 +]*$")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Names = Annotated[tuple[Id, ...], Meta(max_length=1000)]
Seconds = Annotated[int, Meta(ge=0, le=2**40)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class _Member(_File, frozen=True, rename={"party": "service"}):
    id: Id
    party: Party
    organisation: Text
    signing_key: Hex32
    declared_caseload: Annotated[int, Meta(ge=0, le=20_000_000)] = 0
    lookups_per_day: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class _Agency(_File, frozen=True):
    id: Id
    name: Text
    kind: AgencyKind
    node: Id
    gateways: Names = ()
    passport_key: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""
    services: Names = ()
    duty_desk: Telephone = ""
    large: bool = False


class _NotConnected(_File, frozen=True):
    name: Text
    kind: AgencyKind
    telephone: Telephone
    services: Names = ()


class _Area(_File, frozen=True):
    code: Id
    name: Text
    neighbours: Names = ()
    agencies: Annotated[tuple[_Agency, ...], Meta(max_length=2000)] = ()
    serving: Names = ()
    not_connected: Annotated[tuple[_NotConnected, ...], Meta(max_length=2000)] = ()


class _Epoch(_File, frozen=True):
    number: Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
    index_from: Seconds
    starts_at: Seconds
    ends_at: Seconds
    holder_keys: dict[str, Hex32]


class _Parameters(_File, frozen=True):
    federation: Id
    code_list_version: Annotated[int, Meta(ge=1, le=65_535)]
    normalisation_version: Annotated[int, Meta(ge=1, le=65_535)]
    broker: Id
    issuer: Id
    key_holders: Annotated[tuple[Id, ...], Meta(min_length=2, max_length=2)]
    epochs: Annotated[tuple[_Epoch, ...], Meta(max_length=16)]
    answer_delay_ms: Annotated[int, Meta(ge=100, le=2_000)] = limits.ANSWER_DELAY_MS
    gathering_ms: Annotated[int, Meta(ge=500, le=10_000)] = limits.GATHERING_MS
    practitioner_per_hour: Annotated[int, Meta(ge=1, le=1000)] = limits.PRACTITIONER_PER_HOUR
    practitioner_per_day: Annotated[int, Meta(ge=1, le=5000)] = limits.PRACTITIONER_PER_DAY
    agency_per_day: Annotated[int, Meta(ge=1, le=100_000)] = limits.AGENCY_PER_DAY


class _CodeLists(_File, frozen=True):
    version: Annotated[int, Meta(ge=1, le=65_535)]
    purposes: Names
    roles: Names
    kinds: Names


class _DenyList(_File, frozen=True):
    members: Names = ()
    agencies: Names = ()
    certificates: Annotated[tuple[str, ...], Meta(max_length=10_000)] = ()


class _Index(_File, frozen=True):
    areas: Annotated[tuple[Id, ...], Meta(max_length=1000)]
    members: Annotated[tuple[Id, ...], Meta(max_length=10_000)]


class _Pepper(_File, frozen=True):
    epoch: Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)]
    member: Id
    day: Annotated[int, Meta(ge=0, le=1_000_000)]
    sealed: Annotated[str, Meta(max_length=4096, pattern=r"^[0-9a-f]+$")]


@dataclass(frozen=True, slots=True, repr=False)
class SealedPepper:
    """The pepper of ``day`` (days since 1970) sealed to the receiving key that ``member`` made for ``epoch``."""

    epoch: EpochNumber
    member: MemberId
    day: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Index:
    """Every area and every member that the list has a file for, each sorted and named once.

    TUF answers for one path at a time; without this file a mirror could not be caught leaving a member out.
    """

    areas: tuple[AreaCode, ...]
    members: tuple[MemberId, ...]

    def __post_init__(self) -> None:
        if list(self.areas) != sorted(set(self.areas)):
            raise Refused(Code.MALFORMED, "index.areas")
        if list(self.members) != sorted(set(self.members)):
            raise Refused(Code.MALFORMED, "index.members")


_T = TypeVar("_T", bound=_File)


def _read(data: bytes, type_: type[_T], what: str) -> _T:
    if len(data) > limits.METADATA_FILE_BYTES:
        raise Refused(Code.MALFORMED, what)
    try:
        return msgspec.json.decode(data, type=type_, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError):  # its text may quote the content
        raise Refused(Code.MALFORMED, what) from None


def _names(items: Names, list_: Any, what: str) -> tuple[Any, ...]:
    try:
        return tuple(list_[name] for name in items)
    except KeyError:
        raise Refused(Code.UNSUPPORTED, what) from None


def _write(file: _File) -> bytes:
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def read_member(data: bytes) -> Member:
    f = _read(data, _Member, "member file")
    return Member(
        MemberId(f.id),
        f.party,
        f.organisation,
        bytes.fromhex(f.signing_key),
        f.declared_caseload,
        f.lookups_per_day,
    )


def write_member(m: Member) -> bytes:
    return _write(
        _Member(
            str(m.id),
            m.party,
            m.organisation,
            m.signing_key.hex(),
            m.declared_caseload,
            m.lookups_per_day,
        )
    )


def read_area(data: bytes) -> Area:
    f = _read(data, _Area, "area file")
    code = AreaCode(f.code)
    agencies = tuple(_agency(a) for a in f.agencies)
    if any(a.id.area != code for a in agencies):
        raise Refused(Code.MALFORMED, "area file: agency of another area")
    if len({a.id for a in agencies}) != len(agencies):
        raise Refused(Code.MALFORMED, "area file: agency twice")
    return Area(
        code,
        f.name,
        tuple(AreaCode(n) for n in f.neighbours),
        agencies,
        tuple(AgencyId(s) for s in f.serving),
        tuple(
            NotConnected(n.name, n.kind, n.telephone, _names(n.services, CoarseKind, "service"))
            for n in f.not_connected
        ),
    )


def _agency(f: _Agency) -> Agency:
    return Agency(
        AgencyId(f.id),
        f.name,
        f.kind,
        MemberId(f.node),
        tuple(MemberId(g) for g in f.gateways),
        bytes.fromhex(f.passport_key),
        _names(f.services, CoarseKind, "service"),
        f.duty_desk,
        f.large,
    )


def write_area(a: Area) -> bytes:
    return _write(
        _Area(
            str(a.code),
            a.name,
            tuple(map(str, a.neighbours)),
            tuple(
                _Agency(
                    str(g.id),
                    g.name,
                    g.kind,
                    str(g.node),
                    tuple(map(str, g.gateways)),
                    g.passport_key.hex(),
                    tuple(s.name for s in g.services),
                    g.duty_desk,
                    g.large,
                )
                for g in a.agencies
            ),
            tuple(map(str, a.serving)),
            tuple(
                _NotConnected(n.name, n.kind, n.telephone, tuple(s.name for s in n.services))
                for n in a.not_connected
            ),
        )
    )


def read_parameters(data: bytes) -> Parameters:
    f = _read(data, _Parameters, "parameters file")
    holders = (MemberId(f.key_holders[0]), MemberId(f.key_holders[1]))
    if holders[0] == holders[1]:
        raise Refused(Code.MALFORMED, "parameters file: one key holder twice")
    epochs = []
    for e in f.epochs:
        keys = {MemberId(m): bytes.fromhex(k) for m, k in e.holder_keys.items()}
        if set(keys) != set(holders) or not e.index_from <= e.starts_at < e.ends_at:
            raise Refused(Code.MALFORMED, "parameters file: epoch")
        epochs.append(Epoch(EpochNumber(e.number), e.index_from, e.starts_at, e.ends_at, keys))
    if len({e.number for e in epochs}) != len(epochs):
        raise Refused(Code.MALFORMED, "parameters file: epoch twice")
    return Parameters(
        FederationId(f.federation),
        f.code_list_version,
        f.normalisation_version,
        MemberId(f.broker),
        MemberId(f.issuer),
        holders,
        tuple(epochs),
        f.answer_delay_ms,
        f.gathering_ms,
        f.practitioner_per_hour,
        f.practitioner_per_day,
        f.agency_per_day,
    )


def write_parameters(p: Parameters) -> bytes:
    return _write(
        _Parameters(
            str(p.federation),
            p.code_list_version,
            p.normalisation_version,
            str(p.broker),
            str(p.issuer),
            tuple(map(str, p.key_holders)),
            tuple(
                _Epoch(
                    e.number.value,
                    e.index_from,
                    e.starts_at,
                    e.ends_at,
                    {str(m): k.hex() for m, k in sorted(e.holder_keys.items())},
                )
                for e in p.epochs
            ),
            p.answer_delay_ms,
            p.gathering_ms,
            p.practitioner_per_hour,
            p.practitioner_per_day,
            p.agency_per_day,
        )
    )


def read_code_lists(data: bytes) -> CodeLists:
    f = _read(data, _CodeLists, "code lists file")
    return CodeLists(
        f.version,
        frozenset(_names(f.purposes, Purpose, "purpose")),
        frozenset(_names(f.roles, Role, "role")),
        frozenset(_names(f.kinds, Kind, "kind")),
    )


def write_code_lists(c: CodeLists) -> bytes:
    return _write(
        _CodeLists(
            c.version,
            tuple(p.name for p in sorted(c.purposes)),
            tuple(r.name for r in sorted(c.roles)),
            tuple(k.name for k in sorted(c.kinds)),
        )
    )


def read_deny_list(data: bytes) -> DenyList:
    f = _read(data, _DenyList, "deny-list file")
    try:
        serials = frozenset(int(s, 16) for s in f.certificates)
    except ValueError:
        raise Refused(Code.MALFORMED, "deny-list file") from None
    return DenyList(
        frozenset(map(MemberId, f.members)), frozenset(map(AgencyId, f.agencies)), serials
    )


def write_deny_list(d: DenyList) -> bytes:
    return _write(
        _DenyList(
            tuple(sorted(map(str, d.members))),
            tuple(sorted(map(str, d.agencies))),
            tuple(f"{s:x}" for s in sorted(d.certificates)),
        )
    )


def read_pepper(data: bytes) -> SealedPepper:
    f = _read(data, _Pepper, "pepper file")
    if len(f.sealed) % 2:
        raise Refused(Code.MALFORMED, "pepper file")
    return SealedPepper(EpochNumber(f.epoch), MemberId(f.member), f.day, bytes.fromhex(f.sealed))


def write_pepper(p: SealedPepper) -> bytes:
    return _write(_Pepper(p.epoch.value, str(p.member), p.day, p.sealed.hex()))


def read_index(data: bytes) -> Index:
    f = _read(data, _Index, "index file")
    return Index(tuple(map(AreaCode, f.areas)), tuple(map(MemberId, f.members)))


def write_index(i: Index) -> bytes:
    return _write(_Index(tuple(map(str, i.areas)), tuple(map(str, i.members))))
