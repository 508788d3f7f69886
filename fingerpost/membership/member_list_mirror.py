"""The member list as the broker serves it: every file of the last whole state, and no other.

Law: the mirror vouches for nothing: each member that fetches from it verifies for itself. The files
it serves have been verified all the same and fit together, so that a half-published list at the
issuer does not reach the members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tuf.api.metadata import TargetFile

from fingerpost.membership.member_list import MemberListClient
from fingerpost.membership.trusted_files import METADATA, TARGETS, TrustedFiles
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused


class Mirror(MemberListClient):
    """A client that fetches all target files, all members' sealed peppers among them."""

    def file(self, path: str) -> bytes:
        """Return the file at ``metadata/...`` or ``targets/...``. Blocking; safe to call during
        ``refresh``.

        Raises:
            Refused: NOT_ALLOWED, there is no such file; NOT_READY, nothing has been fetched yet, or
                the file belonged to an earlier state.
        """
        state = self._state
        if state is None:
            raise Refused(Code.NOT_READY, "member list")
        if path in state.metadata:
            return state.metadata[path]
        target = state.targets.get(path.removeprefix(TARGETS))
        if target is None or not path.startswith(TARGETS):
            raise Refused(Code.NOT_ALLOWED, "path")
        try:
            return (self._files / target.hashes["sha256"]).read_bytes()
        except FileNotFoundError:  # of the state before the last: the caller is very slow
            raise Refused(Code.NOT_READY, "member list") from None

    def _also(self, trusted: TrustedFiles) -> tuple[Iterable[TargetFile], Mapping[str, bytes]]:
        held = self._state.targets if self._state else {}
        targets = trusted.everything()
        for target in targets:
            if held.get(target.path) != target:
                trusted.content(target)
        return targets, self._roots(trusted.trusted_from)

    def _roots(self, ours: int) -> Mapping[str, bytes]:
        """Return the roots up to the one that this broker started from.

        A member that was enrolled earlier than this broker starts from an older root and asks for
        all that follow. The broker serves these roots without verifying them: the member verifies
        each by the one before.
        """
        held = self._state.metadata if self._state else {}
        roots = {f"{METADATA}{ours}.root.json": self._root}
        for path in (f"{METADATA}{number}.root.json" for number in range(1, ours)):
            roots[path] = held.get(path) or self._fetch(path)
            if len(roots[path]) > limits.METADATA_FILE_BYTES:
                raise Refused(Code.UNTRUSTED_METADATA, "root too long")
        return roots
