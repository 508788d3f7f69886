"""Notice older state that was put back: a number and a digest of each store, kept in another place.

Law: a store that decides or proves something numbers its states. With each change it writes number
and keyed digest of the new state to its witness, which lies on another root than the store (the
setting ``witness``). A store that is older than its witness, gone, or changed by anybody but its
program is refused (``PutBack``) until a person adopts it, on record.

    <folder>/witness.key      32 random bytes, made with the folder
    <folder>/<name>.mark      number (8 bytes), digest (32), HMAC-SHA-256 of both and the name (32)

The store is written first and its mark after it, so a crash leaves a store that is ahead of its
witness by one state, never behind; a store that is ahead is accepted, since nobody without the key
can write one. Numbers only grow, also over an adoption. One who can put back the store and this
folder together is not noticed here: the deposited heads of the audit logs show that to others.
"""

from __future__ import annotations

import contextlib
import enum
import hmac
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import (
    KEY_BYTES,
    create_file,
    or_defect,
    read_key,
    read_secret,
    replace_file,
)
from fingerpost.runtime.lock import locked

DIGEST_BYTES: Final = 32
KEY: Final = "witness.key"
LOCK: Final = "witness.lock"
_MARK_BYTES: Final = 8 + 2 * DIGEST_BYTES
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_FIRST_LINE: Final = re.compile(rb"fingerpost state ([1-9][0-9]{0,15}) ([0-9a-f]{64})\n")
_FIRST_LINE_MOST: Final = 128


class Fault(enum.Enum):
    """Why a store is not accepted. The value is what the operator reads."""

    OLDER = "it is older than its witness: an earlier copy was put back"
    OTHER = "it is not the state that its witness saw"
    GONE = "it is gone, and its witness has seen it"
    UNWITNESSED = "its witness is gone"
    CHANGED = "it was changed by something other than its program"


class PutBack(Defect):
    """A store is not the newest that was written. Nothing is decided from it.

    Attributes:
        fault: the rule that it broke.
    """

    def __init__(self, what: str, fault: Fault, remedy: str) -> None:
        super().__init__(f"{what}: {fault.value} ({fault.name}). {remedy}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of a store: its number, from 1, and its digest, 32 bytes."""

    number: int
    digest: bytes


def fault_of(held: Mark | None, witnessed: Mark | None) -> Fault | None:
    """Return why a store in state ``held`` is not accepted; None when it is.

    Args:
        held: None for a store that was never written.
        witnessed: read before the store was, since another process may change both meanwhile.
    """
    if held is None:
        return None if witnessed is None else Fault.GONE
    if witnessed is None:
        return Fault.UNWITNESSED
    if held.number < witnessed.number:
        return Fault.OLDER
    if held.number == witnessed.number and held.digest != witnessed.digest:
        return Fault.OTHER
    return None


class WitnessFolder:
    """The witnesses of one member, in a folder that several of its processes share."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; make it, and its key, where there is none.

        Raises:
            Defect: it cannot be made or read.
        """
        self._folder = folder
        with or_defect(f"witness: {folder} cannot be made"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder / LOCK, wait=True):
            if not (folder / KEY).exists():
                create_file(folder / KEY, os.urandom(KEY_BYTES))
        self._key = read_key(folder / KEY, setting="witness")

    def key(self, purpose: str) -> bytes:
        """Return the key of one purpose, 32 bytes, for keyed checksums."""
        return hmac.digest(self._key, b"fingerpost/v1 witness key\0" + purpose.encode(), sha256)

    def of(self, name: str) -> Witness:
        """Return the witness of one store.

        Args:
            name: 1 to 100 of a-z, 0-9 and ``. _ -``, another for each store.
        """
        if _NAME.fullmatch(name) is None:
            raise Defect("not a name of a witness")
        return Witness(self._folder, name, self.key(name))


class Witness:
    """What one store's newest state was. Thread-safe, and safe between processes.

    Every method raises ``Defect`` when the folder fails or the mark was changed.
    """

    def __init__(self, folder: Path, name: str, key: bytes) -> None:
        self._path = folder / f"{name}.mark"
        self._lock = folder / LOCK
        self._key = key
        self._known: tuple[tuple[int, ...], Mark] | None = None

    def digest(self, number: int, content: bytes) -> bytes:
        """Return the keyed digest of a state, 32 bytes: only who has the witness's key can make
        one."""
        return hmac.digest(self._key, b"state\0" + number.to_bytes(8, "big") + content, sha256)

    @property
    def key_of_rows(self) -> bytes:
        """The key of the digests of single rows, 32 bytes, secret."""
        return hmac.digest(self._key, b"rows", sha256)

    def newest(self) -> Mark | None:
        """Return the newest state that was witnessed; None before the first."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            raise Defect(f"{self._path}: cannot be read") from None
        if not status.st_size:
            # One that is written without a sync of the disk, and then a loss of power: some file
            # systems have its name by then and not its content. It is as if it were gone.
            return None
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._known
        if known is not None and known[0] == state:
            return known[1]
        data = read_secret(self._path, least=_MARK_BYTES, most=_MARK_BYTES, setting="witness")
        number, digest = int.from_bytes(data[:8], "big"), data[8 : 8 + DIGEST_BYTES]
        if not hmac.compare_digest(data[8 + DIGEST_BYTES :], self._seal(data[:-DIGEST_BYTES])):
            raise Defect(f"{self._path}: changed; restore it, or remove it and adopt the store")
        mark = Mark(number, digest)
        self._known = (state, mark)
        return mark

    def note(self, mark: Mark, *, durable: bool = True) -> None:
        """Witness a state after it was written, unless this one or a later one was already.

        Args:
            durable: the mark is on the disk on return. Without it, a crash may bring an earlier
                mark back, which is still true.
        """
        with contextlib.ExitStack() as held:
            if durable:  # otherwise an earlier mark of another process may win, which is true too
                held.enter_context(locked(self._lock, wait=True))
            there = self.newest()
            if there is None or there.number < mark.number:
                self._write(mark, durable=durable)

    def adopt(self, mark: Mark) -> None:
        """Witness a state that a person has accepted, whatever was witnessed before."""
        with locked(self._lock, wait=True):
            self._write(mark, durable=True)

    def next_number(self, held: int) -> int:
        """Return the number for the state after an adoption: above all that were ever given.

        A witness that was changed counts for nothing.
        """
        try:
            there = self.newest()
        except Defect:
            there = None
        return max(held, 0 if there is None else there.number) + 1

    def _write(self, mark: Mark, *, durable: bool) -> None:
        body = mark.number.to_bytes(8, "big") + mark.digest
        replace_file(self._path, body + self._seal(body), durable=durable)

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"mark\0" + body, sha256)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A store that a person has accepted.

    Attributes:
        before: the number of the state that was found.
        number: the number that it has now.
        sound: False when it was not as its program had written it.
    """

    before: int
    number: int
    sound: bool


RecordAdoption = Callable[[Adopted], None]
"""Records that a person accepts a store, and who; it is called before that is so. What it raises
leaves the store as it is."""


def unrecorded(_: Adopted) -> None:
    """A ``RecordAdoption`` where no person decides."""


class WitnessedFile:
    """A file whose content decides, such as the record of who is suspended.

    Its first line is ``fingerpost state <number> <digest>``; the rest is the content. One process
    at a time writes (its caller has a lock); any number read.
    """

    def __init__(self, path: Path, witness: Witness, *, most: int, remedy: str) -> None:
        """
        Args:
            most: bytes of content.
            remedy: what the operator can do, for a file that is refused.
        """
        self._path = path
        self._witness = witness
        self._most = most
        self._remedy = remedy

    def read(self) -> bytes | None:
        """Return the content; None when there never was one.

        Raises:
            PutBack: it is not the newest that was written.
            Defect: it cannot be read.
        """
        witnessed = self._witness.newest()
        if not self._path.exists():
            self._require(None, witnessed)
            return None
        number, digest, content = self._parts()
        if not hmac.compare_digest(digest, self._witness.digest(number, content)):
            raise PutBack(str(self._path), Fault.CHANGED, self._remedy)
        mark = Mark(number, digest)
        self._require(mark, witnessed)
        if mark != witnessed:
            self._witness.note(mark)
        return content

    def write(self, content: bytes) -> None:
        """Put ``content`` in the place of what is there, durably.

        Raises:
            PutBack: what is there is not the newest that was written.
            Defect: the disk failed, or it is too long.
        """
        self.read()
        witnessed = self._witness.newest()
        self._put(1 if witnessed is None else witnessed.number + 1, content)

    def adopt(
        self,
        change: Callable[[bytes], bytes] | None = None,
        record: RecordAdoption = unrecorded,
    ) -> tuple[bytes, Adopted]:
        """Accept what is there, and return its content as it was found.

        Args:
            change: returns what is put in its place. Both are one step: whoever is killed leaves
                a file that is not accepted yet, or one that is accepted and changed.

        Raises:
            Defect: there is nothing, or it has another form; and as ``change``.
        """
        number, digest, content = self._parts()
        sound = hmac.compare_digest(digest, self._witness.digest(number, content))
        adopted = Adopted(number, self._witness.next_number(number), sound)
        changed = content if change is None else change(content)
        record(adopted)
        self._put(adopted.number, changed, adopted=True)
        return content, adopted

    def begin(self, content: bytes) -> Adopted:
        """Begin anew with ``content`` where the file is gone, as a person has decided.

        Raises:
            Defect: the disk failed, or it is too long.
        """
        number = self._witness.next_number(0)
        self._put(number, content, adopted=True)
        return Adopted(0, number, sound=True)

    def _put(self, number: int, content: bytes, *, adopted: bool = False) -> None:
        if len(content) > self._most:
            raise Defect(f"{self._path}: too long")
        mark = Mark(number, self._witness.digest(number, content))
        line = f"fingerpost state {number} {mark.digest.hex()}\n".encode()
        replace_file(self._path, line + content)
        if adopted:
            self._witness.adopt(mark)
        else:
            self._witness.note(mark)

    def _parts(self) -> tuple[int, bytes, bytes]:
        data = read_secret(self._path, most=self._most + _FIRST_LINE_MOST, setting="state")
        line = _FIRST_LINE.match(data)
        if line is None:
            raise PutBack(str(self._path), Fault.CHANGED, self._remedy)
        return int(line[1]), bytes.fromhex(line[2].decode()), data[line.end() :]

    def _require(self, held: Mark | None, witnessed: Mark | None) -> None:
        fault = fault_of(held, witnessed)
        if fault is not None:
            raise PutBack(str(self._path), fault, self._remedy)
