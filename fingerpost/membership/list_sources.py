"""Where a member looks for the newest list: at the broker often, and at the issuer itself.

Law: nobody in between can keep a suspension back. The broker carries the list to all members and is
asked every few seconds. The issuer, who signs it, is asked for the timestamp alone every minute or
so, and for more only where its timestamp differs from the one in force (attack: a broker that shows
everybody an old list, which is valid for a day). The newer of the two counts, as TUF lets no
version go back. A look at the one does not wait for the other, and an issuer that does not answer
costs nothing but the protection.

Bounds: with a broker that freezes the list and an issuer that answers, a suspension arrives within
``ISSUER_SECONDS`` and its jitter, and of two looks that the broker draws out; without the issuer,
when the list expires. The load is one small file a member and turn: see ``docs/operations.md``.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

from fingerpost.membership.member_list import MemberList, MemberListClient
from fingerpost.membership.trusted_files import METADATA, Fetch, ListRule
from fingerpost.protocol.errors import Refused
from fingerpost.runtime.env import Env
from fingerpost.runtime.run import Task

POLL_SECONDS: Final = 15.0
POLL_JITTER_SECONDS: Final = 3.0
ISSUER_SECONDS: Final = 60.0
ISSUER_JITTER_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 10.0
"""A look at the broker fetches no further file after so long, where the issuer is asked beside it,
and the next goes on from there (attack: a broker that gives each of hundreds of changed files late
keeps a suspension back for as long)."""
WITHHELD_SECONDS: Final = 120.0
"""The broker has a new list some 15 s after the issuer: an older one for longer is no accident."""
_TIMESTAMP: Final = f"{METADATA}timestamp.json"


class ListSources:
    """Keeps ``members`` current from the client's own source, and from the issuer beside it.

    One task at a time uses it.
    """

    def __init__(
        self,
        client: MemberListClient,
        members: MemberList,
        env: Env,
        issuer: Fetch | None = None,
    ) -> None:
        """
        Args:
            issuer: fetches from the issuer; None where the client does so already.
        """
        self._client = client
        self._members = members
        self._env = env
        self._issuer = issuer
        self._issuer_next = env.clock.monotonic()
        self._behind_since: float | None = None
        self._reported = False

    async def start(self) -> None:
        """Get a list before anything is served: a fresh one, or the last good one if nobody gives
        one.

        Raises:
            Refused: there is neither.
        """
        try:
            await self.look(at_issuer=True)
        except Refused as refused:
            try:
                now = self._env.clock.now()
                self._members.update(await asyncio.to_thread(self._client.load, now))
            except Refused:
                raise refused from None  # the first refusal says more

    def poll(self, seconds: float = POLL_SECONDS) -> Task:
        """Return the task that keeps the list current, for ever.

        Failures are logged by type; the list stays in force until it expires.
        """

        most = LOOK_SECONDS if self._issuer is not None else inf

        async def once() -> None:
            at_issuer = self._env.clock.monotonic() >= self._issuer_next
            await self.look(at_issuer=at_issuer, most=most)

        return self._env.every(seconds, POLL_JITTER_SECONDS, once, "member list")

    async def look(self, *, at_issuer: bool, most: float = inf) -> None:
        """Look once.

        Args:
            most: seconds after which no further file is fetched from the client's own source.

        Raises:
            Refused: neither source confirms the list in force or gives a newer one.
        """
        own, signed = await asyncio.gather(
            self._take(None, most), self._timestamp_of_issuer() if at_issuer else _nothing()
        )
        newer = None
        if signed is not None and signed != self._client.timestamp:
            newer = await self._take(self._issuer)
            if newer is not None:
                self._env.log.warning("member_list.not_taken", source="issuer", error=newer)
        self._judge(own)
        if own is None or own.rule is ListRule.BACK:
            return
        if signed is None or newer is not None:
            raise own
        self._env.log.warning("member_list.not_taken", source="broker", error=own)

    async def _take(self, source: Fetch | None, most: float = inf) -> Refused | None:
        """Take the list of one source; return why it could not be taken."""
        clock = self._env.clock
        until = clock.monotonic() + most

        def is_late() -> bool:
            return clock.monotonic() > until

        try:
            federation = await asyncio.to_thread(self._client.refresh, clock.now(), source, is_late)
        except Refused as refused:
            return refused
        if self._members.update(federation):
            self._env.log.info("member_list.changed", version=federation.version)
        return None

    async def _timestamp_of_issuer(self) -> bytes | None:
        """Return the issuer's timestamp; None where it does not answer."""
        if self._issuer is None:
            return None
        clock, random = self._env.clock, self._env.random
        try:
            return await asyncio.to_thread(self._issuer, _TIMESTAMP)
        except Refused:
            return None
        finally:
            wait = ISSUER_SECONDS + random() * ISSUER_JITTER_SECONDS
            self._issuer_next = clock.monotonic() + wait

    def _judge(self, own: Refused | None) -> None:
        """Report, once, a broker that goes on showing a list older than the one in force."""
        if own is None or own.rule is not ListRule.BACK:
            self._behind_since, self._reported = None, False
            return
        now = self._env.clock.monotonic()
        if self._behind_since is None:
            self._behind_since = now
        seconds = now - self._behind_since
        if seconds >= WITHHELD_SECONDS and not self._reported:
            self._reported = True
            self._env.log.error("member_list.withheld", seconds=int(seconds))


async def _nothing() -> None:
    return None
