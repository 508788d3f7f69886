"""Settings and the files beside them.

Law: a settings file is TOML and becomes one frozen ``msgspec.Struct``; a name that the type does
not know, a missing one or a wrong type stops the process. Secrets are never settings: a setting
names a file, and the file is read by ``read_secret``. No text raised here holds what a file held.
POSIX only (modes, ``O_NOFOLLOW``).

Who can change the settings file can change whom this process trusts: it must not be writable by
everybody.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.settings_form import formed

T = TypeVar("T", bound=msgspec.Struct)

HostPort = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\S+:[0-9]{1,5}$",
        description="host:port in quotation marks, such as 127.0.0.1:7443",
    ),
]
"""Where a server listens or is reached. Each setting whose form is a pattern describes it in words, as this does."""

SETTINGS_BYTES: Final = 256 * 1024
KEY_BYTES: Final = 32
"""Of a symmetric key in a file of its own."""


def load(path: Path, type_: type[T]) -> T:
    """Read settings from a TOML file.

    ``Path`` fields resolve against the folder of the file; fields of an id type are written as
    strings. Every Struct met must be frozen and forbid unknown fields.

    Raises:
        Defect: the file cannot be read, is writable by everybody, is not TOML, or does not have
            exactly the form of ``type_``, or its settings do not fit each other. The text names each setting at fault,
            not its content.
    """
    path = path.absolute()
    text = _read_settings(path)
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # also of an integer with more digits than Python reads
        where = re.search(r"at line \d+, column \d+|at end of document", str(error))
        raise Defect(f"{path}: not TOML {where.group() if where else ''}".rstrip()) from None
    try:
        # What has the form always converts: what fits together is for the ``__post_init__`` of ``type_`` to say.
        return msgspec.convert(
            formed(type_, raw), type_, strict=True, dec_hook=_resolver(path.parent)
        )
    except Defect as fault:
        raise Defect(f"{path}: {fault}") from None


def why_not(error: OSError) -> str:
    """What the system says of a file, in words: nothing of the file's."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "this user may not"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    return type(error).__name__


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


def read_secret(path: Path, *, most: int, least: int = 1, setting: str = "secret file") -> bytes:
    """Read a secret of ``least`` to ``most`` bytes.

    The file must be a plain file (a symbolic link could be turned elsewhere), owned by this user
    or root, with no right for group or others.

    Raises:
        Defect: naming ``setting`` and the path, never the content.
    """
    try:
        # O_NONBLOCK: a pipe put in the file's place must not hang the process.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            # A length that is fixed is a key's, and not of something that somebody writes.
            made = f". If it was never made: {most} random bytes, mode 0600" * (least == most)
            raise Defect(f"{setting}: {path} cannot be opened: it does not exist{made}") from None
        raise Defect(f"{setting}: {path} cannot be opened: {why_not(error)}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Defect(f"{setting}: {path} is not a plain file")
        if status.st_uid not in (os.geteuid(), 0):
            raise Defect(f"{setting}: {path} belongs to another user")
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Defect(f"{setting}: {path} is open to group or others; use mode 0600")
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise Defect(f"{setting}: {path} cannot be read ({type(error).__name__})") from None
    finally:
        os.close(handle)
    if not least <= len(data) <= most:
        raise Defect(f"{setting}: {path} does not have {least} to {most} bytes")
    return data


def read_key(path: Path, *, setting: str) -> bytes:
    """Read a symmetric key of 32 bytes. Raises ``Defect`` as ``read_secret``."""
    return read_secret(path, most=KEY_BYTES, least=KEY_BYTES, setting=setting)


def require_folder(path: Path, *, setting: str) -> None:
    """What a check can say of a folder before the process that writes there is started.

    Raises:
        Defect: naming ``setting`` and the folder: it is missing, or not this user's to write in.
    """
    if not path.is_dir():
        raise Defect(f"{setting}: the folder {path} does not exist; make it, mode 0700")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise Defect(
            f"{setting}: the folder {path} is not this user's to write in; "
            "the program and its commands run as one user"
        )


def write_secret(path: Path, data: bytes) -> None:
    """Create a file of mode 0600 that must not exist yet; durable on return.

    Raises:
        Defect: it exists (a key is never overwritten), or cannot be written. Nothing is left.
    """
    _create(path, data, 0o600)
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Put ``data`` in the place of a file, whole or not at all.

    With ``durable`` it is on the disk on return; without, a crash may leave the earlier content.

    Raises:
        Defect: it cannot be written; the earlier content stands.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _create(fresh, data, mode, durable=durable)
    try:
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Defect(f"{path}: cannot be replaced ({type(error).__name__})") from None
    if durable:
        sync_folder(path.parent)


def _create(path: Path, data: bytes, mode: int, *, durable: bool = True) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, mode)
    except FileExistsError:
        raise Defect(f"{path}: exists already; it is not overwritten") from None
    except OSError as error:
        raise Defect(f"{path}: cannot be created ({type(error).__name__})") from None
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)  # whatever the umask took away
            file.write(data)
            file.flush()
            if durable:
                os.fsync(handle)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Defect(f"{path}: cannot be written ({type(error).__name__})") from None


def sync_folder(folder: Path) -> None:
    """Names that were made or removed in a folder are durable once it is. Raises ``Defect``."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise Defect(f"{folder}: cannot be made durable ({type(error).__name__})") from None
