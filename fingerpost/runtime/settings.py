"""Settings of a process, read from one file.

Law: a settings file is TOML and becomes one frozen ``msgspec.Struct``; an unknown name, a missing
one or a wrong type stops the process. Secrets are never settings: a setting names a file, which
``files.read_secret`` reads. No message from here shows the content of a file.

An attacker who can change the settings file can change whom this process trusts: it must not be
writable by everybody.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import credentials_directory, or_defect
from fingerpost.runtime.settings_form import ID_WORDS, formed

T = TypeVar("T", bound=msgspec.Struct)

HostPort = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\S+:[0-9]{1,5}$",
        description="host:port in quotation marks, such as 127.0.0.1:7443",
    ),
]
"""The address where a server listens or is reached. Its description puts the pattern in words."""

SETTINGS_BYTES: Final = 256 * 1024
CREDENTIAL: Final = "${CREDENTIALS_DIRECTORY}/"
"""A path that begins so is that of a credential, which systemd hands to the process. No other
variable is read."""


def load(path: Path, type_: type[T]) -> T:
    """Read settings from a TOML file.

    ``Path`` fields resolve against the folder of the file, or are credentials (``CREDENTIAL``);
    fields of an id type are written as strings. Every Struct met must be frozen and forbid unknown
    fields.

    Raises:
        Defect: the file cannot be read, is writable by everybody, is not TOML, or does not have
            exactly the form of ``type_``, or its settings do not fit each other. The message names
            each wrong setting, not its content.
    """
    path = path.absolute()
    text = _read_settings(path)
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # also for an integer with more digits than Python reads
        where = re.search(r"at line \d+, column \d+|at end of document", str(error))
        place = f": there is a mistake {where.group()}" if where else ""
        raise Defect(f"{path}: not TOML{place}") from None
    try:
        # A value of the right form always converts. The ``__post_init__`` of ``type_`` checks
        # whether the settings fit each other.
        return msgspec.convert(
            formed(type_, raw), type_, strict=True, dec_hook=_resolver(path.parent)
        )
    except Defect as fault:
        raise Defect(f"{path}: {fault}") from None


def _read_settings(path: Path) -> str:
    with or_defect(f"{path}: cannot be read"), path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
            raise Defect(f"{path}: writable by everybody")
        data = file.read(SETTINGS_BYTES + 1)
    if len(data) > SETTINGS_BYTES:
        raise Defect(f"{path}: longer than {SETTINGS_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Defect(f"{path}: not UTF-8") from None


def _resolver(folder: Path) -> Callable[[type, Any], Path]:
    def resolve(type_: type, value: Any) -> Path:
        if type_ is not Path:
            raise Defect(f"settings cannot hold a {type_.__name__}")
        text = str(value)
        if not text.startswith(CREDENTIAL):
            return folder / text
        handed = credentials_directory()
        if handed is None:
            raise Defect(
                f"{text}: no credentials were handed to this process. Its systemd unit does that; "
                "otherwise set CREDENTIALS_DIRECTORY to the folder of the keys"
            )
        return handed / text.removeprefix(CREDENTIAL)

    return resolve


def written(settings: msgspec.Struct, folder: Path) -> bytes:
    """Return the content of a settings file, as ``load`` reads it.

    Args:
        folder: that of the file; absolute paths below it are written relative to it.

    Raises:
        Defect: a value is of a type that is not written, or a text holds a control character.
    """
    return "".join(f"{line}\n" for line in _lines(settings, folder.absolute(), "")).encode()


def _lines(table: msgspec.Struct, folder: Path, above: str) -> Iterator[str]:
    """Yield the keys of a table, and behind them the tables in it."""
    within: list[str] = []
    for field in msgspec.structs.fields(table):
        value, name = getattr(table, field.name), f"{above}{field.encode_name}"
        if isinstance(value, msgspec.Struct):
            within += ["", f"[{name}]", *_lines(value, folder, f"{name}.")]
        elif isinstance(value, tuple) and any(isinstance(v, msgspec.Struct) for v in value):
            for each in value:
                within += ["", f"[[{name}]]", *_lines(each, folder, f"{name}.")]
        elif value is not None:
            yield f"{field.encode_name} = {_literal(value, folder)}"
    yield from within


def _literal(value: object, folder: Path) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(each, folder) for each in value)}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if type(value) is date:
        return value.isoformat()
    if not isinstance(value, (str, Path, Enum, *ID_WORDS)):
        raise Defect(f"settings cannot hold a {type(value).__name__}")
    if isinstance(value, Path) and value.is_relative_to(folder):
        value = value.relative_to(folder)
    text = str(value.value if isinstance(value, Enum) else value)
    if "\x7f" in text:  # the one character that JSON's quoting leaves and TOML's refuses
        raise Defect("a text with a control character")
    return json.dumps(text, ensure_ascii=False)
