"""The member list's target files: strict JSON to values and back.

Unknown fields are refused, every text is bounded, every id parsed. The signatures over the files
are those of TUF and have been checked before a byte comes here. The form of a file follows from the
definition of its value, here or in ``federation``: fields in their order and under their names,
without those that have their default. Ids stand there as text, binary values as lower-case
hexadecimal, codes by their names, and sets are sorted.

Paths (TUF target paths): ``index.json`` (which areas and members there are), ``parameters.json``,
``code-lists.json``, ``deny-list.json``, ``members/<member>.json``, ``areas/<area>.json``,
``peppers/<epoch>/<member>.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from types import GenericAlias
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import CoarseKind
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Area, CodeLists, DenyList, Member, Parameters, Serial
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


@dataclass(frozen=True, slots=True, repr=False)
class SealedPepper:
    """The pepper of ``day`` (days since 1970) sealed to the receiving key that ``member`` made for
    ``epoch``.
    """

    epoch: EpochNumber
    member: MemberId
    day: Annotated[int, Meta(ge=0, le=1_000_000)]
    sealed: Annotated[bytes, Meta(max_length=4096, pattern=r"^([0-9a-f]{2})+\Z")]


@dataclass(frozen=True, slots=True)
class Index:
    """Every area and every member that the list has a file for, each sorted and named once.

    TUF answers for one path at a time; without this file a mirror could not be caught leaving a
    member out.
    """

    areas: Annotated[tuple[AreaCode, ...], Meta(max_length=1000)]
    members: Annotated[tuple[MemberId, ...], Meta(max_length=10_000)]

    def __post_init__(self) -> None:
        if list(self.areas) != sorted(set(self.areas)):
            raise Refused(Code.MALFORMED, "index.areas")
        if list(self.members) != sorted(set(self.members)):
            raise Refused(Code.MALFORMED, "index.members")


_T = TypeVar("_T")


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class _Form(Generic[_T]):
    """How values of a type stand in a file: the type that msgspec decodes, the way from there, and
    the way back.
    """

    file: Any
    read: Callable[[Any], _T] = _as_it_is
    write: Callable[[_T], Any] = _as_it_is


_IDS: Final = (AgencyId, AreaCode, FederationId, MemberId)
_ID_TEXT: Final = Annotated[str, Meta(min_length=1, max_length=64)]
_FORMS: Final[Mapping[Any, _Form[Any]]] = {
    EpochNumber: _Form(
        Annotated[int, Meta(ge=1, le=0xFFFF_FFFF)], EpochNumber, lambda number: number.value
    ),
    Serial: _Form(str, lambda text: int(text, 16), lambda serial: f"{serial:x}"),
    bytes: _Form(str, bytes.fromhex, bytes.hex),
    **{id_: _Form(_ID_TEXT, id_, str) for id_ in _IDS},
}


def _form(hint: Any) -> _Form[Any]:
    """Return the form of a field by its type hint."""
    if hint in _FORMS:
        return _FORMS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        form = _form(args[0])
        return _Form(Annotated[form.file, *args[1:]], form.read, form.write)
    if origin in (tuple, frozenset):
        return _form_of_many(origin, args)
    if origin is Mapping:
        key, value = map(_form, args)
        return _Form(
            GenericAlias(dict, (str, value.file)),
            lambda found: {key.read(k): value.read(v) for k, v in found.items()},
            lambda held: {key.write(k): value.write(v) for k, v in sorted(held.items())},
        )
    if hasattr(hint, "__dataclass_fields__"):
        return _form_of_record(hint)
    if issubclass(hint, IntEnum):
        return _form_of_code(hint)
    return _Form(hint)


def _form_of_many(kind: Any, args: tuple[Any, ...]) -> _Form[Any]:
    item = _form(args[0])
    if args[-1] is ... or kind is frozenset:
        args = (item.file, ...)
    else:
        args = (item.file,) * len(args)
    ordered = sorted if kind is frozenset else tuple
    return _Form(
        GenericAlias(tuple, args),
        lambda found: kind(map(item.read, found)),
        lambda held: tuple(map(item.write, ordered(held))),
    )


def _form_of_code(codes: type[IntEnum]) -> _Form[Any]:
    what = "service" if codes is CoarseKind else codes.__name__.lower()

    def read(name: str) -> IntEnum:
        try:
            return codes[name]
        except KeyError:
            raise Refused(Code.UNSUPPORTED, what) from None

    return _Form(_ID_TEXT, read, lambda code: code.name)


def _form_of_record(type_: type[_T]) -> _Form[_T]:
    hints = get_type_hints(type_, include_extras=True)
    named = fields(type_)  # type: ignore[arg-type]  # no bound of _T says that it is a dataclass
    forms = [_form(hints[field.name]) for field in named]
    file = msgspec.defstruct(
        type_.__name__,
        [
            (field.name, form.file)
            if field.default is MISSING
            else (field.name, form.file, form.write(field.default))
            for field, form in zip(named, forms, strict=True)
        ],
        frozen=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        rename={field.name: field.metadata.get("name", field.name) for field in named},
    )
    other = [(n, form) for n, form in enumerate(forms) if form.read is not _as_it_is]

    def read(found: msgspec.Struct) -> _T:
        values = list(msgspec.structs.astuple(found))
        for n, form in other:
            values[n] = form.read(values[n])
        return type_(*values)

    def write(held: _T) -> msgspec.Struct:
        values = [getattr(held, field.name) for field in named]
        for n, form in other:
            values[n] = form.write(values[n])
        return file(*values)

    return _Form(file, read, write)


_MEMBER: Final = _form_of_record(Member)
_AREA: Final = _form_of_record(Area)
_PARAMETERS: Final = _form_of_record(Parameters)
_CODE_LISTS: Final = _form_of_record(CodeLists)
_DENY_LIST: Final = _form_of_record(DenyList)
_INDEX: Final = _form_of_record(Index)
_PEPPER: Final = _form_of_record(SealedPepper)


def _read(data: bytes, form: _Form[_T], what: str) -> _T:
    if len(data) > limits.METADATA_FILE_BYTES:
        raise Refused(Code.MALFORMED, what)
    try:
        return form.read(msgspec.json.decode(data, type=form.file, strict=True))
    except (msgspec.DecodeError, ValueError):  # its text may quote the content
        raise Refused(Code.MALFORMED, what) from None


def _write(value: _T, form: _Form[_T]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(form.write(value)), indent=1) + b"\n"


def read_member(data: bytes) -> Member:
    return _read(data, _MEMBER, "member file")


def write_member(member: Member) -> bytes:
    return _write(member, _MEMBER)


def read_area(data: bytes) -> Area:
    area = _read(data, _AREA, "area file")
    if any(agency.id.area != area.code for agency in area.agencies):
        raise Refused(Code.MALFORMED, "area file: agency of another area")
    if len({agency.id for agency in area.agencies}) != len(area.agencies):
        raise Refused(Code.MALFORMED, "area file: agency twice")
    return area


def write_area(area: Area) -> bytes:
    return _write(area, _AREA)


def read_parameters(data: bytes) -> Parameters:
    parameters = _read(data, _PARAMETERS, "parameters file")
    holders = set(parameters.key_holders)
    if len(holders) != 2:
        raise Refused(Code.MALFORMED, "parameters file: one key holder twice")
    for epoch in parameters.epochs:
        in_order = epoch.index_from <= epoch.starts_at < epoch.ends_at
        if epoch.holder_keys.keys() != holders or not in_order:
            raise Refused(Code.MALFORMED, "parameters file: epoch")
    if len({epoch.number for epoch in parameters.epochs}) != len(parameters.epochs):
        raise Refused(Code.MALFORMED, "parameters file: epoch twice")
    return parameters


def write_parameters(parameters: Parameters) -> bytes:
    return _write(parameters, _PARAMETERS)


def read_code_lists(data: bytes) -> CodeLists:
    return _read(data, _CODE_LISTS, "code lists file")


def write_code_lists(lists: CodeLists) -> bytes:
    return _write(lists, _CODE_LISTS)


def read_deny_list(data: bytes) -> DenyList:
    return _read(data, _DENY_LIST, "deny-list file")


def write_deny_list(deny: DenyList) -> bytes:
    return _write(deny, _DENY_LIST)


def read_pepper(data: bytes) -> SealedPepper:
    return _read(data, _PEPPER, "pepper file")


def write_pepper(pepper: SealedPepper) -> bytes:
    return _write(pepper, _PEPPER)


def read_index(data: bytes) -> Index:
    return _read(data, _INDEX, "index file")


def write_index(index: Index) -> bytes:
    return _write(index, _INDEX)
