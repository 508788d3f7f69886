"""Files of a process: secrets, modes, and writes that happen whole or not at all.

Law: every file that this project creates is written under a name of its own in the same folder,
with its final mode, made durable, and only then given its name: renamed over the earlier file, or
linked where there must be none. So a crash at any step leaves the file as it was before, or whole:
never an empty key, with which a process does not start. A crash may leave the unfinished copy
``.<name>.<16 hex digits>``; whoever lists a folder ignores it, and whoever promises to
forget a secret removes it, too (``remove_unfinished``).

No text raised here holds what a file held. POSIX only (modes, hard links, ``O_NOFOLLOW``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fingerpost.protocol.errors import Defect, NoRoom

KEY_BYTES: Final = 32
"""The size of a symmetric key in a file of its own."""

_EMPTY: Final = (
    "a crash or a full disk left it so. Put it back from its backup. Only if nothing was kept "
    "under it yet, remove it and make it again as at enrolment"
)
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNFINISHED: Final = re.compile(r"\..+\.[0-9a-f]{16}")


def why_not(error: OSError) -> str:
    """Return the system's error about a file in words, without anything that the file holds."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "this user may not"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, FileExistsError):
        return "it exists already"
    if error.errno in _NO_ROOM:
        return "the disk is full"
    return type(error).__name__


@contextlib.contextmanager
def or_defect(what: str) -> Iterator[None]:
    """Raise an error of the system in the block as a ``Defect``: ``what``, and why in words. It is
    ``NoRoom`` where the disk is full."""
    try:
        yield
    except OSError as error:
        kind = NoRoom if error.errno in _NO_ROOM else Defect
        raise kind(f"{what}: {why_not(error)}") from None


def read_file(path: Path, *, most: int, least: int = 0) -> bytes:
    """Read a file that is no secret, of ``least`` to ``most`` bytes.

    Raises:
        Defect: naming the path, never the content.
    """
    with or_defect(f"{path}: cannot be read"), path.open("rb") as file:
        data = file.read(most + 1)
    if not least <= len(data) <= most:
        raise Defect(f"{path}: does not have {least} to {most} bytes")
    return data


def read_secret(
    path: Path, *, most: int, least: int = 1, setting: str = "secret file", empty: str = _EMPTY
) -> bytes:
    """Read a secret of ``least`` to ``most`` bytes.

    The file must be a plain file (a symbolic link could be turned elsewhere), owned by this user
    or root, with no right for group or others.

    Args:
        empty: what to do where the file of a key is empty.

    Raises:
        Defect: naming ``setting`` and the path, never the content.
    """
    try:
        # O_NONBLOCK: a pipe put in the file's place must not hang the process.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            # Only a key has a fixed length; a text that a person writes has none.
            made = f". If it was never made: {most} random bytes, mode 0600" * (least == most)
            raise Defect(f"{setting}: {path} cannot be opened: it does not exist{made}") from None
        raise Defect(f"{setting}: {path} cannot be opened: {why_not(error)}") from None
    try:
        with or_defect(f"{setting}: {path} cannot be read"):
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise Defect(f"{setting}: {path} is not a plain file")
            if status.st_uid not in (os.geteuid(), 0):
                raise Defect(f"{setting}: {path} belongs to another user")
            if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~_of_a_credential(path, status):
                raise Defect(f"{setting}: {path} is open to group or others; use mode 0600")
            with os.fdopen(handle, "rb", closefd=False) as file:
                data = file.read(most + 1)
    finally:
        os.close(handle)
    if least == most and not data:  # only a key has a fixed length
        raise Defect(f"{setting}: {path} is empty: {empty}")
    if not least <= len(data) <= most:
        raise Defect(f"{setting}: {path} does not have {least} to {most} bytes")
    return data


def credentials_directory() -> Path | None:
    """Return the folder of the credentials that systemd hands to this process (systemd.exec(5))."""
    named = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(named) if named else None


def _of_a_credential(path: Path, status: os.stat_result) -> int:
    """Return the rights that a secret may show though nobody has them.

    systemd gives a credential to the unit's user by an access list, whose bounds a file's mode
    shows as those of the group. The folder is closed to everybody else.
    """
    return stat.S_IRGRP if status.st_uid == 0 and path.parent == credentials_directory() else 0


def read_key(path: Path, *, setting: str) -> bytes:
    """Read a symmetric key of 32 bytes. Raises ``Defect`` as ``read_secret``."""
    return read_secret(path, most=KEY_BYTES, least=KEY_BYTES, setting=setting)


def require_folder(path: Path, *, setting: str) -> None:
    """Check a folder before the process that writes there is started.

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


def create_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Create a file that must not exist yet; it is durable on return.

    Args:
        mode: of the new file, whatever the umask is.

    Raises:
        Defect: the file exists (a key is never overwritten), or cannot be written. Nothing is left.
    """
    fresh = _write_unfinished(path, data, mode, durable=True)
    try:
        os.link(fresh, path)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        raise Defect(f"{path}: exists already; it is not overwritten") from None
    except PermissionError:
        raise Defect(f"{path}: cannot be created: a file system without hard links") from None
    except OSError as error:
        raise Defect(f"{path}: cannot be created: {why_not(error)}") from None
    finally:
        _remove(fresh)
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Create a file, or put ``data`` in the place of the earlier one.

    Args:
        mode: of the new file, whatever the umask is.
        durable: the file is on the disk on return; without it, a crash may bring the earlier
            content back.

    Raises:
        Defect: the file cannot be written; the earlier content stands.
    """
    fresh = _write_unfinished(path, data, mode, durable=durable)
    try:
        with or_defect(f"{path}: cannot be replaced"):
            fresh.replace(path)
    except Defect:
        _remove(fresh)
        raise
    if durable:
        sync_folder(path.parent)


def is_unfinished(path: Path) -> bool:
    """Return whether the name is that of a copy which a crash left before it got its own name."""
    return _UNFINISHED.fullmatch(path.name) is not None


def remove_unfinished(folder: Path) -> None:
    """Remove what crashes left in a folder of secrets that only this process writes to.

    Raises:
        Defect: the folder cannot be read or changed.
    """
    with or_defect(f"{folder}: cannot be tidied"):
        for path in folder.iterdir():
            if is_unfinished(path):
                path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names durable that were made or removed in ``folder``. Raises ``Defect``."""
    with or_defect(f"{folder}: cannot be made durable"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_unfinished(path: Path, data: bytes, mode: int, *, durable: bool) -> Path:
    """Return a new file beside ``path`` that holds ``data`` and has its final mode."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with or_defect(f"{path}: cannot be created"):
        handle = os.open(fresh, flags, mode)
    try:
        with or_defect(f"{path}: cannot be written"):
            try:
                os.fchmod(handle, mode)  # whatever the umask took away
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                if durable:
                    os.fsync(handle)
            finally:
                os.close(handle)
    except Defect:
        _remove(fresh)
        raise
    return fresh


def _remove(fresh: Path) -> None:
    """Remove an unfinished copy. It does no harm, so a failure is not reported."""
    with contextlib.suppress(OSError):
        fresh.unlink()


def is_open_for_writing(file: int) -> bool:
    """Return whether some process has a file open for writing. False where that cannot be known: on
    a file system of the network, and for the file of another user.

    The kernel grants a lease for reading only where nobody writes. It is given back at once, and
    whoever opens the file in between causes a signal that does nothing.

    Args:
        file: a descriptor that is open for reading.
    """
    if not os.major(os.fstat(file).st_dev):
        return False  # no disk of this machine: such a file system may refuse every lease
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
