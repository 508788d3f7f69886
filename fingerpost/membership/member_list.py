"""The member list as a member keeps it: fetched, verified, whole, and still there after a restart.

Law: a ``Federation`` is built only here, and only from files whose TUF signatures hold. When a
refresh fails, the last good list stays in force until it expires. The list on the disk is trusted
no more than the mirror: it is verified again from the root.

The client blocks; use one per process and folder. ``MemberList`` holds the current list for the
event loop.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
from tuf.api.metadata import TargetFile

from fingerpost.membership.listed_federation import Assembled, assemble
from fingerpost.membership.trusted_files import METADATA, Fetch, ListRule, TrustedFiles
from fingerpost.protocol import limits
from fingerpost.protocol.errors import CallRule, Code, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.federation_files import SealedPepper
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.runtime.files import read_file, replace_file
from fingerpost.runtime.witness import Mark, Witness, fault_of

__all__ = ["MEMBER_LIST_EVENTS", "Fetch", "MemberList", "MemberListClient"]

MEMBER_LIST_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "member_list.changed": frozenset({"version"}),
    "member_list.withheld": frozenset({"seconds"}),
    "member_list.not_taken": frozenset({"source", "error"}),
}
"""Events for the log catalogue of each party that polls."""

_KEPT: Final = msgspec.msgpack.Decoder(dict[str, bytes])


@dataclass(frozen=True, slots=True)
class _State:
    """A verified list: the federation, target files by path, and the metadata that names them."""

    assembled: Assembled
    targets: Mapping[str, TargetFile]
    metadata: Mapping[str, bytes]
    versions: tuple[int, int]
    delegated_until: float

    @property
    def federation(self) -> Federation:
        return self.assembled.federation

    def moved(self, trusted: TrustedFiles) -> _State:
        """Return the state under a newer timestamp of the same snapshot, which pins all files."""
        valid_until = min(trusted.valid_until, self.delegated_until)
        federation = replace(self.federation, valid_until=valid_until, signed_at=trusted.signed_at)
        return replace(
            self,
            assembled=replace(self.assembled, federation=federation),
            metadata={**self.metadata, **trusted.metadata()},
            versions=trusted.versions,
        )


class MemberListClient:
    """Fetches, verifies and keeps the member list in one folder."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        fetch: Fetch,
        own: MemberId | None = None,
        witness: Witness | None = None,
    ) -> None:
        """
        Args:
            folder: a folder that no other client uses.
            root: the trusted root.json of the enrolment bundle.
            own: the member whose sealed peppers are kept.
            witness: remembers on another root which list was seen; without it, only the folder
                does.

        Raises:
            Defect: ``root`` cannot be read.
        """
        self._folder = folder
        self._files = folder / "files"
        self._fetch = fetch
        self._own = own
        self._witness = witness
        self._state: _State | None = None
        self._root = read_file(root, most=limits.METADATA_FILE_BYTES)

    @property
    def timestamp(self) -> bytes | None:
        """The signed timestamp of the list in force, as it was fetched."""
        return None if self._state is None else self._state.metadata[f"{METADATA}timestamp.json"]

    def refresh(
        self,
        now: float,
        source: Fetch | None = None,
        is_late: Callable[[], bool] = lambda: False,
    ) -> Federation:
        """Return the list that holds at ``now`` (seconds since 1970 UTC). Fetch only what has
        changed.

        Args:
            source: fetches in place of the client's own source.
            is_late: whether to fetch no further file. What was fetched is kept for the next time.

        Raises:
            Refused: UNTRUSTED_METADATA, or what ``fetch`` raises, such as UNAVAILABLE.
        """

        def fetch(path: str) -> bytes:
            if is_late():
                raise Refused(Code.UNAVAILABLE, CallRule.TOO_LATE)
            return (source or self._fetch)(path)

        witnessed = self._witnessed()
        trusted = self._look(self._folder / "newest", fetch, now)
        _require_newest(trusted.versions, witnessed)
        before = self._state
        if before is not None and before.versions == trusted.versions:
            return before.federation
        if before is not None and before.federation.version == trusted.version:
            state = before.moved(trusted)
        else:
            state = self._assembled(trusted)
        replace_file(self._folder / "last-good", msgspec.msgpack.encode(state.metadata))
        if self._witness is not None:
            self._witness.note(_mark_of(state.versions))
        self._state = state
        self._forget_all_but(state, before)
        return state.federation

    def load(self, now: float) -> Federation:
        """Return the last good list, verified again without a fetch.

        Raises:
            Refused: UNTRUSTED_METADATA, no list is kept, it no longer holds, or an earlier one was
                put in its place.
        """
        witnessed = self._witnessed()
        try:
            kept = _KEPT.decode((self._folder / "last-good").read_bytes())
        except (OSError, msgspec.DecodeError):
            raise Refused(Code.UNTRUSTED_METADATA, "no list is kept") from None

        def fetch(path: str) -> bytes:
            try:
                return kept[path]
            except KeyError:
                raise Refused(Code.NOT_ALLOWED, "not kept") from None

        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            trusted = self._look(Path(scratch), fetch, now)
            _require_newest(trusted.versions, witnessed)
            self._state = self._assembled(trusted)
        return self._state.federation

    def _witnessed(self) -> Mark | None:
        """Return what was seen, read before the list is: another process may be changing both."""
        return None if self._witness is None else self._witness.newest()

    def sealed_pepper(self, epoch: EpochNumber) -> SealedPepper | None:
        """Return the pepper sealed to ``own`` in the current list; None if there is none yet."""
        return self._state.assembled.peppers.get(epoch) if self._state else None

    def _look(self, folder: Path, fetch: Fetch, now: float) -> TrustedFiles:
        trusted = TrustedFiles(folder, self._files, self._root, fetch, now)
        trusted.refresh()
        return trusted

    def _assembled(self, trusted: TrustedFiles) -> _State:
        earlier = self._state.assembled.parsed if self._state else {}
        assembled = assemble(trusted, self._own, earlier)
        more, metadata = self._also(trusted)
        return _State(
            assembled,
            {t.path: t for t in (*more, *(target for target, _ in assembled.parsed.values()))},
            {**metadata, **trusted.metadata()},
            trusted.versions,
            trusted.delegated_until,
        )

    def _also(
        self,
        trusted: TrustedFiles,  # noqa: ARG002 - for subclasses
    ) -> tuple[Iterable[TargetFile], Mapping[str, bytes]]:
        """Return what else a refresh must find: target files, and metadata by path.

        A client that keeps more than it reads (``Mirror``) overrides this.
        """
        return (), {}

    def _forget_all_but(self, *states: _State | None) -> None:
        kept = {t.hashes["sha256"] for s in states if s is not None for t in s.targets.values()}
        for file in self._files.iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)


def _mark_of(versions: tuple[int, int]) -> Mark:
    timestamp, snapshot = versions
    return Mark(timestamp, hashlib.sha256(b"%d %d" % (timestamp, snapshot)).digest())


def _require_newest(versions: tuple[int, int], witnessed: Mark | None) -> None:
    """Refuse a list that is older than one that was seen (attack: the folder is put back, so that
    TUF remembers nothing newer, and the broker serves the list of before a suspension). A list
    without a witness is verified all the same, and the next refresh witnesses it.
    """
    if witnessed is not None and fault_of(_mark_of(versions), witnessed) is not None:
        raise Refused(Code.UNTRUSTED_METADATA, ListRule.BACK)


class MemberList:
    """The current list of this process. Subscribers are called in the loop's thread, one after the
    other.
    """

    def __init__(self) -> None:
        self._current: Federation | None = None
        self._subscribers: dict[object, Callable[[Federation], None]] = {}

    @property
    def current(self) -> Federation:
        """The newest list, expired or not.

        Raises:
            Refused: UNTRUSTED_METADATA, there has been none.
        """
        if self._current is None:
            raise Refused(Code.UNTRUSTED_METADATA, "no list yet")
        return self._current

    def at(self, now: float) -> Federation:
        """Return the newest list if it holds at ``now``.

        Raises:
            Refused: UNTRUSTED_METADATA, there has been none, or it has expired.
        """
        federation = self.current
        federation.require_current(now)
        return federation

    def subscribe(self, callback: Callable[[Federation], None]) -> Callable[[], None]:
        """Call ``callback`` with every later list, also when only the expiry has moved.

        Returns:
            A function that ends the subscription.
        """
        token = object()
        self._subscribers[token] = callback
        return lambda: self._subscribers.pop(token, None) and None

    def update(self, federation: Federation) -> bool:
        """Put a newer list in force and call all subscribers; return False when the list is the
        same.

        An exception of one subscriber is raised only after all were called: a suspension must reach
        every one.
        """
        if federation == self._current:
            return False
        self._current = federation
        with ExitStack() as calls:
            for callback in self._subscribers.values():
                calls.callback(callback, federation)
        return True
