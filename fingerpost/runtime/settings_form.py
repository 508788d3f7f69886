"""Check that the content of a TOML file has the form of a settings type, and name the faults in
plain words.

Law: pure. All faults are named together, each by its key in the file and by what was expected. The
value found is never
shown: it may be a secret that somebody pasted into the wrong place. Keys are shown, since the
person must find them.
"""

from __future__ import annotations

import difflib
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.ids import Address, AgencyId, AreaCode, FederationId, MemberId
from fingerpost.runtime.screen_text import printable

KEY_CHARS: Final = 40
MOST_REPORTED: Final = 20
ID_WORDS: Final[Mapping[type, str]] = {
    Address: "host:port in lower case, such as broker.example:7444",
    AgencyId: "an agency's id (area code, dot, name), such as e99000001.oak-primary",
    AreaCode: "an area's code, such as e99000001",
    FederationId: "a federation's id, such as england-pilot",
    MemberId: "a member's id, such as schools-host",
}
_ARRAYS: Final = (tuple, list, set, frozenset)
_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotation marks",
    list: "a list",
    dict: "a section",
}
"""The types of TOML, in words. All other values are a date or a time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file, such as ``places.bundle`` or ``agencies no. 2, id``."""

    path: str = ""

    def key(self, name: str) -> Place:
        shown = printable(name[:KEY_CHARS])
        between = "" if not self.path else ", " if self.path[-1].isdecimal() else "."
        return Place(f"{self.path}{between}{shown}")

    def item(self, index: int) -> Place:
        return Place(f"{self.path} no. {index + 1}")

    def says(self, fault: str) -> str:
        return f"{self.path}: {fault}" if self.path else fault


RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "listen_askers": "listen_requesters",
        "askers": "requesters",
        "broker_askers": "broker_requesters",
    }
)
"""Earlier names of settings. They are not known any more, and whoever has one is told the new one.
"""


def formed(type_: type[msgspec.Struct], value: Mapping[str, Any]) -> Any:
    """Return ``value`` as ``msgspec.convert`` takes it for ``type_``: ids in the form of their
    class.

    Raises:
        Defect: with the faults, each on a line of its own if there are several.
    """
    faults = tuple(_struct(type_, value, Place(), _homes(type_)))
    if len(faults) == 1:
        raise Defect(faults[0])
    if faults:
        more = (f"and {len(faults) - MOST_REPORTED} more",) if len(faults) > MOST_REPORTED else ()
        raise Defect("\n  ".join((f"{len(faults)} faults", *faults[:MOST_REPORTED], *more)))
    return _converted(type_, value)


# ---- faults --------------------------------------------------------------------------------------


def _faults(type_: Any, value: Any, at: Place, homes: Mapping[str, str]) -> Iterator[str]:
    """Yield the faults of a value. ``homes``: the section of the file to which each key belongs."""
    type_, bounds = _bare(type_)
    if _is_struct(type_) and isinstance(value, dict):
        yield from _struct(type_, value, at, homes)
        return
    origin, args = get_origin(type_), get_args(type_)
    if origin in _ARRAYS and isinstance(value, list):
        if not _has_length(origin, args, bounds, value):
            yield at.says(f"expected {_expected(type_, bounds, at)}, found {len(value)}")
            return
        for index, item in enumerate(value):
            of = args[index] if origin is tuple and Ellipsis not in args else args[0]
            yield from _faults(of, item, at.item(index), homes)
        return
    if origin in (dict, Mapping) and isinstance(value, dict):
        for name, item in value.items():
            yield from _faults(args[1], item, at.key(name), homes)
        return
    if not _fits(type_, value, bounds):
        found = "" if _of_kind(type_, value) else f", found {_kind(value)}"
        yield at.says(f"expected {_expected(type_, bounds, at)}{found}")


def _struct(
    type_: type[msgspec.Struct], value: Mapping[str, Any], at: Place, homes: Mapping[str, str]
) -> Iterator[str]:
    config = type_.__struct_config__
    if not (config.frozen and config.forbid_unknown_fields):
        raise Defect(f"{type_.__name__} must be frozen and forbid unknown fields")
    known = _fields(type_)
    unknown = [name for name in value if name not in known]
    missing = [name for name, field in known.items() if field.required and name not in value]
    for name in unknown:
        yield at.key(name).says(f"there is no such setting here; {_hint(name, known, homes)}")
    for name in missing:
        where = at.key(name)
        yield where.says(f"missing; expected {_expected(*_bare(known[name].type), where)}")
    for name, item in value.items():
        if name in known:
            yield from _faults(known[name].type, item, at.key(name), homes)


def _hint(
    name: str, known: Mapping[str, msgspec.structs.FieldInfo], homes: Mapping[str, str]
) -> str:
    if RENAMED.get(name) in known:
        return f"it is named {RENAMED[name]} now"
    if name in homes:
        # In TOML every key after the line of a section belongs to the section.
        return f"it belongs {homes[name]}"
    like = name.lower().replace("-", "_")
    near = difflib.get_close_matches(like, known, n=1) or difflib.get_close_matches(
        like, homes, n=1
    )
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def _homes(type_: type[msgspec.Struct]) -> dict[str, str]:
    """Return the section to which each key belongs; for a key that belongs to two, the first."""
    fields = _fields(type_)
    homes = dict.fromkeys(fields, "at the top of the file, before the first [section]")
    for name, field in fields.items():
        of, _ = _bare(field.type)
        item = get_args(of)[0] if get_origin(of) in _ARRAYS else of
        section = f"in [{name}]" if item is of else f"in [[{name}]]"
        if _is_struct(item):
            homes = {**dict.fromkeys(_fields(item), section), **homes}
    return homes


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _fields(type_: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(type_)}


def _bare(type_: Any) -> tuple[Any, tuple[msgspec.Meta, ...]]:
    """Return a type without "or none", and its bounds. A setting that is not set is not in the
    file.
    """
    bounds: tuple[msgspec.Meta, ...] = ()
    while True:
        if get_origin(type_) is Annotated:
            type_, *more = get_args(type_)
            bounds += tuple(each for each in more if isinstance(each, msgspec.Meta))
        elif get_origin(type_) in (Union, types.UnionType):
            some = [each for each in get_args(type_) if each is not type(None)]
            if len(some) != 1:
                raise Defect("a setting is of one type, or left out")
            type_ = some[0]
        else:
            return type_, bounds


def _of_kind(type_: Any, value: Any) -> bool:
    """Return whether TOML can write a value of the type in this way at all."""
    if type_ is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return any(type(value) is type(each.value) for each in type_)
    if type_ in (bool, int, date):
        return type(value) is type_
    return isinstance(value, str) and (type_ in ID_WORDS or type_ in (str, Path))


def _fits(type_: Any, value: Any, bounds: tuple[msgspec.Meta, ...]) -> bool:
    if not _of_kind(type_, value):
        return False
    if type_ in ID_WORDS:
        try:
            type_(value)
        except Refused:
            return False
    if type_ is Path:
        return bool(value) and "\0" not in value
    if isinstance(type_, type) and issubclass(type_, Enum):
        return value in [each.value for each in type_]
    # Not a number, or too large for one.
    if type_ is float and not abs(value) <= sys.float_info.max:
        return False
    return all(_within(value, each) for each in bounds)


def _within(value: Any, meta: msgspec.Meta) -> bool:
    try:
        msgspec.convert(value, Annotated[type(value), meta])
    except msgspec.ValidationError:
        return False
    return True


def _has_length(
    origin: Any, args: tuple[Any, ...], bounds: tuple[msgspec.Meta, ...], value: list[Any]
) -> bool:
    if origin is tuple and Ellipsis not in args:
        return len(value) == len(args)
    return all(
        (each.min_length or 0) <= len(value)
        and (each.max_length is None or len(value) <= each.max_length)
        for each in bounds
    )


# ---- words ---------------------------------------------------------------------------------------


def _expected(type_: Any, bounds: tuple[msgspec.Meta, ...], at: Place) -> str:
    origin, args = get_origin(type_), get_args(type_)
    if origin in _ARRAYS:
        if _is_struct(args[0]):
            return f"sections [[{at.path}]]{_range(bounds, 'min_length', 'max_length', ',')}"
        if origin is tuple and Ellipsis not in args:
            return f"a list of {len(args)}"
        return f"a list{_range(bounds, 'min_length', 'max_length', ' of')}"
    if type_ in ID_WORDS:
        return ID_WORDS[type_]
    if type_ is Path:
        return "a path in quotation marks"
    if type_ is date:
        return "a day without quotation marks, such as 2026-12-18"
    if isinstance(type_, type) and issubclass(type_, Enum):
        return f"one of {', '.join(str(each.value) for each in type_)}"
    if _is_struct(type_) or origin in (dict, Mapping):
        return f"a section [{at.path}]"
    in_words = next((each.description for each in bounds if each.description), _KINDS[type_])
    return f"{in_words}{_range(bounds, 'ge', 'le', ' from')}"


def _range(bounds: tuple[msgspec.Meta, ...], least: str, most: str, of: str) -> str:
    low = next((v for each in bounds if (v := getattr(each, least)) is not None), None)
    high = next((v for each in bounds if (v := getattr(each, most)) is not None), None)
    if low is None and high is None:
        return ""
    if high is None:
        return f"{of} {low} or more"
    return f"{of} at most {high}" if low is None else f"{of} {low} to {high}"


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a date or a time")


# ---- the form that msgspec takes -----------------------------------------------------------------


def _converted(type_: Any, value: Any) -> Any:
    type_, _ = _bare(type_)
    if type_ in ID_WORDS:
        return {"value": value}
    args = get_args(type_)
    if isinstance(value, list) and args:
        fixed = Ellipsis not in args and len(args) > 1
        return [_converted(args[n] if fixed else args[0], item) for n, item in enumerate(value)]
    if isinstance(value, dict):
        if _is_struct(type_):
            known = _fields(type_)
            return {name: _converted(known[name].type, item) for name, item in value.items()}
        return {name: _converted(args[1], item) for name, item in value.items()}
    return value
