"""Decide which files of the member list may be fetched, and by whom. Pure.

Law: the paths that the authority publishes are allowed; any other path does not exist (attack: a
path that leads out of the repository). The broker does not vouch for a file: whoever fetches it
verifies it.

A list that has expired here is still served, since fetching the next one is the remedy.
"""

from __future__ import annotations

import re
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Member, Party
from fingerpost.protocol.ids import MemberId
from fingerpost.runtime.identity import PeerIdentity, require_listed

_ROLE: Final = r"(?:[1-9][0-9]{0,5}\.root|root|timestamp|snapshot|targets|deny-list|code-lists|bin-[0-9a-f]{1,4})"
_NAME: Final = r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?"
_FETCHABLE: Final = re.compile(
    rf"metadata/{_ROLE}\.json"
    r"|targets/(?:index|parameters|code-lists|deny-list)\.json"
    rf"|targets/members/{_NAME}\.json"
    r"|targets/areas/[a-z][0-9]{8}\.json"
    rf"|targets/peppers/[1-9][0-9]{{0,9}}/(?P<owner>{_NAME})\.json"
)


def require_fetcher(federation: Federation, caller: PeerIdentity, now: float) -> Member:
    """Return the caller if it is a member, of any party.

    Raises:
        Refused: NOT_A_MEMBER.
    """
    return require_listed(federation, caller, tuple(Party), now)


def require_fetchable(path: str, caller: MemberId) -> None:
    """Refuse a path that ``caller`` may not fetch.

    Raises:
        Refused: NOT_ALLOWED, alike for a path that does not exist and for another member's sealed
            pepper. A pepper opens for its owner only, and nobody else needs a copy to keep.
    """
    found = _FETCHABLE.fullmatch(path) if len(path) <= limits.PATH_CHARS else None
    if found is None or found["owner"] not in (None, caller.value):
        raise Refused(Code.NOT_ALLOWED, "path")
