"""Tell desks that they should look, by mail and by webhook.

Law: what leaves, and when, does not depend on what opened. On every tick as many messages leave by
mail as follow from the number of agencies, all with one text and of one size: to desks that are
due, and for the rest to the cover address. Each webhook is told on every tick, yes or no, in one
size (attack: whoever asks, and watches when something leaves the node, learns that the child is
known there).

What is due stands in the store of notices. Nothing is taken from it before a server took the
message, so a server that refuses, hangs or is down loses nothing, and neither does a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from agency_node.notices.due import (
    Desk,
    after,
    cover_address,
    is_waiting,
    messages_a_tick,
    to_tell,
)
from agency_node.notices.ports import Channel, Delivery, Mail, Notice, NoticesStore, Reply, Webhook
from agency_node.reading.ports import Rest, never_rest
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.logs import Logger

EVENTS: Final = {
    "notices.failed": frozenset({"error"}),
    "notices.not_taken": frozenset({"messages", "why"}),
}


KEPT_HOURLY: Final = 3600


@dataclass(frozen=True, slots=True)
class Ways:
    """How desks are told.

    Attributes:
        mail: None where no message leaves by mail.
        cover: the domain whose addresses are thrown away.
        desks: of the agencies that are told by mail.
        webhooks: of those that have one.
    """

    mail: Mail | None
    cover: str
    desks: Mapping[AgencyId, Desk]
    webhooks: Mapping[AgencyId, Webhook]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the addresses of all desks."""
        return tuple(len(each) for desk in self.desks.values() for each in desk.addresses)


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What leaves on one tick. ``told``: the agencies of the first addresses, with what is due.
    ``waiting``: the agencies whose desk should look."""

    at: int
    told: tuple[tuple[AgencyId, tuple[Notice, ...]], ...]
    addresses: tuple[str, ...]
    waiting: frozenset[AgencyId]

    def __repr__(self) -> str:
        return f"Plan({len(self.addresses)})"


@dataclass(frozen=True, slots=True)
class Left:
    """What became of it. ``mail``: of each address, in order."""

    mail: tuple[Reply, ...]
    webhooks: Mapping[AgencyId, Reply]


class Sending:
    """``plan`` and ``keep`` block; they are called in the thread of the logs.

    Args:
        out_of_term: whether an agency is a school that is closed today.
        draw: returns a number in [0, 1).
    """

    def __init__(
        self,
        store: NoticesStore,
        ways: Ways,
        log: Logger,
        out_of_term: Callable[[AgencyId], bool],
        draw: Callable[[], float],
        rest: Rest = never_rest,
    ) -> None:
        self._store = store
        self._ways = ways
        self._log = log
        self._out_of_term = out_of_term
        self._draw = draw
        self._rest = rest

    def plan(self, now: int) -> Plan:
        """Return what leaves on a tick. Raises ``Defect``: the store cannot be read."""
        notices = self._store.all(self._rest)
        waiting = frozenset(each.agency for each in notices if is_waiting(each, now))
        ways = self._ways
        if ways.mail is None:
            return Plan(now, (), (), waiting)
        by_mail = {d.agency: d for d in self._store.deliveries() if d.channel is Channel.MAIL}
        most = messages_a_tick(len(ways.desks))
        told = to_tell(notices, ways.desks, by_mail, now, most)
        addresses = [
            ways.desks[agency].address(out_of_term=self._out_of_term(agency)) for agency, _ in told
        ]
        while len(addresses) < most:
            addresses.append(cover_address(ways.lengths, ways.cover, self._draw))
        return Plan(now, told, tuple(addresses), waiting)

    async def leave(self, plan: Plan) -> Left:
        """Let leave what is planned."""
        mail: tuple[Reply, ...] = ()
        if self._ways.mail is not None and plan.addresses:
            mail = await self._ways.mail.send(plan.addresses)
        hooks = self._ways.webhooks
        said = await asyncio.gather(
            *(
                hook.say(waiting=agency in plan.waiting, at=plan.at)
                for agency, hook in hooks.items()
            )
        )
        return Left(mail, dict(zip(hooks, said, strict=True)))

    def keep(self, plan: Plan, left: Left) -> None:
        """Keep what became of it. Raises ``Defect``: then what was due is due again."""
        before = {(each.agency, each.channel): each for each in self._store.deliveries()}
        replies = [
            (agency, Channel.WEBHOOK, reply)
            for agency, reply in left.webhooks.items()
            # Of a webhook that goes well, the hour is enough.
            if not _is_well(before.get((agency, Channel.WEBHOOK)), reply, plan.at)
        ]
        for (agency, notices), reply in zip(plan.told, left.mail, strict=False):
            replies.append((agency, Channel.MAIL, reply))
            if reply is Reply.TAKEN:
                self._store.change(notices, lambda each: replace(each, told_at=plan.at))
        self._store.keep_deliveries(
            [
                after(before.get((agency, channel)), agency, channel, reply, plan.at)
                for agency, channel, reply in replies
            ]
        )
        self._report([*left.mail, *left.webhooks.values()])

    def _report(self, replies: list[Reply]) -> None:
        """Log how many were not taken, of all that left: whether one was for a desk does not
        show."""
        for why in Reply:
            count = replies.count(why)
            if why is not Reply.TAKEN and count:
                self._log.warning("notices.not_taken", messages=count, why=why.words)


def _is_well(before: Delivery | None, reply: Reply, now: int) -> bool:
    taken = reply is Reply.TAKEN and before is not None and before.reply is Reply.TAKEN
    return taken and before is not None and now - before.taken_at < KEPT_HOURLY
