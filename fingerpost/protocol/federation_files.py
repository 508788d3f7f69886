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

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from fingerpost.protocol import limits
from fingerpost.protocol.codes import CoarseKind
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Area, CodeLists, DenyList, Member, Parameters, Serial
from fingerpost.protocol.feed_age import TERM_TIME_KINDS, are_a_calendar
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, FederationId, MemberId
from fingerpost.protocol.table_of_terms import ROLES_AT, TERMS
from fingerpost.protocol.terms import takes_less

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


_NAME: Final = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_FETCHABLE: Final = re.compile(
    r"metadata/(?:(?:[1-9][0-9]{0,5}\.)?root|timestamp|snapshot|targets)\.json"
    r"|metadata/(?:deny-list|code-lists|bin-[0-9a-f]{2})\.json"
    r"|targets/(?:index|parameters|deny-list|code-lists)\.json"
    rf"|targets/members/{_NAME}\.json"
    r"|targets/areas/[a-z][0-9]{8}\.json"
    rf"|targets/peppers/[1-9][0-9]{{0,9}}/(?P<owner>{_NAME})\.json"
)


def require_fetchable(path: str, caller: MemberId | None = None) -> None:
    """Refuse a path that the authority never publishes, or that ``caller`` may not fetch.

    So no path leads out of the folder of a server, or to another file in it.

    Args:
        caller: the member that asks, where it is known.

    Raises:
        Refused: NOT_ALLOWED, alike for a path that does not exist and for another member's sealed
            pepper. A pepper opens for its owner only, and nobody else needs a copy to keep.
    """
    found = _FETCHABLE.fullmatch(path) if len(path) <= limits.PATH_CHARS else None
    if found is None or (caller is not None and found["owner"] not in (None, caller.value)):
        raise Refused(Code.NOT_ALLOWED, "path")


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
    if origin is UnionType:
        return _form_or_none(args)
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


def _form_or_none(args: tuple[Any, ...]) -> _Form[Any]:
    (hint,) = (arg for arg in args if arg is not NoneType)
    form = _form(hint)
    return _Form(
        form.file | None,
        lambda found: None if found is None else form.read(found),
        lambda held: None if held is None else form.write(held),
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


def _codec(type_: type[_T], what: str) -> tuple[Callable[[bytes], _T], Callable[[_T], bytes]]:
    """Return the reader and the writer of a file.

    The reader raises ``Refused``: MALFORMED, naming ``what``, or UNSUPPORTED, a code that this
    version does not know.
    """
    form = _form_of_record(type_)

    def read(data: bytes) -> _T:
        if len(data) > limits.METADATA_FILE_BYTES:
            raise Refused(Code.MALFORMED, what)
        try:
            return form.read(msgspec.json.decode(data, type=form.file, strict=True))
        except (msgspec.DecodeError, ValueError):  # its text may quote the content
            raise Refused(Code.MALFORMED, what) from None

    def write(value: _T) -> bytes:
        return msgspec.json.format(msgspec.json.encode(form.write(value)), indent=1) + b"\n"

    return read, write


read_index, write_index = _codec(Index, "index file")
_read_member, write_member = _codec(Member, "member file")
_read_code_lists, write_code_lists = _codec(CodeLists, "code lists file")
read_deny_list, write_deny_list = _codec(DenyList, "deny-list file")
read_pepper, write_pepper = _codec(SealedPepper, "pepper file")
_read_area, write_area = _codec(Area, "area file")
_read_parameters, write_parameters = _codec(Parameters, "parameters file")


def read_member(data: bytes) -> Member:
    """Return the member, each of whose raises ends after it begins. Raises ``Refused``."""
    member = _read_member(data)
    if any(found.first > found.last for found in member.raises):
        raise Refused(Code.MALFORMED, "member file: a raise that ends before it begins")
    return member


def read_area(data: bytes) -> Area:
    """Return the area, whose agencies are its own and are listed once, and whose holidays are a
    calendar. Raises ``Refused``.
    """
    area = _read_area(data)
    if any(agency.id.area != area.code for agency in area.agencies):
        raise Refused(Code.MALFORMED, "area file: agency of another area")
    if len({agency.id for agency in area.agencies}) != len(area.agencies):
        raise Refused(Code.MALFORMED, "area file: agency twice")
    if not are_a_calendar(area.school_holidays):
        raise Refused(Code.MALFORMED, "area file: holidays")
    return area


def read_parameters(data: bytes) -> Parameters:
    """Return the parameters, once key holders and epochs are consistent. Raises ``Refused``."""
    parameters = _read_parameters(data)
    holders = set(parameters.key_holders)
    if len(holders) != 2:
        raise Refused(Code.MALFORMED, "parameters file: one key holder twice")
    for epoch in parameters.epochs:
        in_order = epoch.index_from <= epoch.starts_at < epoch.ends_at
        if epoch.holder_keys.keys() != holders or not in_order:
            raise Refused(Code.MALFORMED, "parameters file: epoch")
    if len({age.kind for age in parameters.feed_ages}) != len(parameters.feed_ages):
        raise Refused(Code.MALFORMED, "parameters file: a kind of agency twice")
    if any(age.term_time and age.kind not in TERM_TIME_KINDS for age in parameters.feed_ages):
        raise Refused(Code.MALFORMED, "parameters file: term time of a kind that has none")
    if any(intake.first > intake.last for intake in parameters.intakes):
        raise Refused(Code.MALFORMED, "parameters file: an intake that ends before it begins")
    if len({epoch.number for epoch in parameters.epochs}) != len(parameters.epochs):
        raise Refused(Code.MALFORMED, "parameters file: epoch twice")
    return parameters


def read_code_lists(data: bytes) -> CodeLists:
    """Read the code lists.

    Raises:
        Refused: MALFORMED, also where a purpose that may be told more takes less; UNSUPPORTED, they
            allow something that this release does not know.
    """
    lists = _read_code_lists(data)
    pairs = [(terms.purpose, role) for terms in lists.terms for role in terms.roles]
    kinds = [each.kind for each in lists.roles_at]
    if len(set(pairs)) != len(pairs) or len(set(kinds)) != len(kinds):
        raise Refused(Code.MALFORMED, "code lists file: one role or kind twice")
    known = {each.kind: each.roles for each in ROLES_AT}
    if not all(any(terms.within(wider) for wider in TERMS) for terms in lists.terms) or not all(
        each.roles <= known[each.kind] for each in lists.roles_at
    ):
        raise Refused(Code.UNSUPPORTED, "code lists file: wider than this release")
    if takes_less(lists.terms) is not None:
        raise Refused(Code.MALFORMED, "code lists file: what may be told more takes less")
    return lists
