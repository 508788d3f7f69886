"""Settings of a process, read from one file.

Law: a settings file is TOML and becomes one frozen ``msgspec.Struct``; an unknown name, a missing
one or a wrong type stops the process. Secrets are never settings: a setting names a file, which
``files.read_secret`` reads. No message from here shows the content of a file.

An attacker who can change the settings file can change whom this process trusts: it must not be
writable by everybody.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import why_not
from fingerpost.runtime.settings_form import formed

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


def load(path: Path, type_: type[T]) -> T:
    """Read settings from a TOML file.

    ``Path`` fields resolve against the folder of the file; fields of an id type are written as
    strings. Every Struct met must be frozen and forbid unknown fields.

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
        raise Defect(f"{path}: not TOML {where.group() if where else ''}".rstrip()) from None
    try:
        # A value of the right form always converts. The ``__post_init__`` of ``type_`` checks
        # whether the settings fit each other.
        return msgspec.convert(
            formed(type_, raw), type_, strict=True, dec_hook=_resolver(path.parent)
        )
    except Defect as fault:
        raise Defect(f"{path}: {fault}") from None


def _read_settings(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
                raise Defect(f"{path}: writable by everybody")
            data = file.read(SETTINGS_BYTES + 1)
    except OSError as error:
        raise Defect(f"{path}: cannot be read: {why_not(error)}") from None
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
        return folder / str(value)

    return resolve
