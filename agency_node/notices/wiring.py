"""Construct the notices of a node, and what must run for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.desks.duty import LONDON
from agency_node.desks.service import Desks
from agency_node.notices.due import TICK_SECONDS, Desk, covers
from agency_node.notices.ports import NoticesStore, Webhook
from agency_node.notices.sending import Sending, Ways
from agency_node.notices.smtp_mail import SmtpMail, trusting
from agency_node.notices.store import SqlNotices, open_notices
from agency_node.notices.webhook import SignedWebhook, parts_of
from agency_node.reading.ports import Rest
from agency_node.reading.ticks import tick_at_or_after
from agency_node.settings import MailSettings, NodeSettings
from fingerpost.membership.ports import Reached
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_key, read_secret
from fingerpost.runtime.rpc import Route
from fingerpost.runtime.run import Task

NOTICES: Final = "notices.sqlite"
FORGET_SECONDS: Final = 900.0
JITTER_SECONDS: Final = 3.0
ADDRESS: Final = re.compile(r"[!-~]+")
T = TypeVar("T")


@contextmanager
def notices_store(settings: NodeSettings) -> Iterator[SqlNotices]:
    """Open the store, also beside a node that runs. Raises ``Defect``."""
    key = read_key(settings.audit_key, setting="audit_key")
    with closing(open_notices(settings.state / NOTICES, key)) as store:
        yield store


@dataclass(frozen=True, slots=True)
class Edge:
    """What messages need of the machine: as ``Env`` has it."""

    route: Route
    now: Callable[[], float]
    random_bytes: Callable[[int], bytes]


def servers_of(settings: NodeSettings) -> tuple[str, ...]:
    """Return the servers to which messages leave, host:port. Raises ``Defect``: a setting of theirs
    is wrong."""
    mail = () if settings.mail is None else (settings.mail.server,)
    told = (each.desk for each in settings.agencies if each.desk is not None)
    hooks = (parts_of(desk.webhook)[0] for desk in told if desk.webhook)
    return tuple(dict.fromkeys((*mail, *hooks)))


def ways_of(settings: NodeSettings, edge: Edge) -> Ways:
    """Return how the desks of a node are told. Raises ``Defect``: a setting is wrong."""
    desks = {
        each.id: Desk(each.desk.mail, each.desk.mail_out_of_term)
        for each in settings.agencies
        if each.desk is not None and each.desk.mail
    }
    mail, cover = None, ""
    if settings.mail is not None and desks:
        mail, cover = _mail(settings.mail, edge), settings.mail.cover
        for desk in desks.values():
            for address in desk.addresses:
                _require_address(address, "mail")
                if not covers(address, cover):
                    raise Defect("cover: at least two characters shorter than a desk's address")
    elif desks:
        raise Defect("mail: an agency has an address, and the node has no mail server")
    return Ways(mail, cover, desks, dict(_webhooks(settings, edge)))


def _mail(stated: MailSettings, edge: Edge) -> SmtpMail:
    host, _, port = stated.server.rpartition(":")
    if not host or not port.isdecimal():
        raise Defect("server: expected host:port")
    _require_address(stated.sender, "sender")
    sign_in = None
    if stated.account and stated.password is not None:
        secret = read_secret(stated.password, most=1024, least=1, setting="password")
        sign_in = (stated.account, secret.decode("utf-8").strip())
    elif stated.account or stated.password is not None:
        raise Defect("account: expected with a password, or neither")
    tls = trusting(stated.ca)
    return SmtpMail(
        stated.server, tls, stated.sender, sign_in, edge.route, edge.now, edge.random_bytes
    )


def _webhooks(settings: NodeSettings, edge: Edge) -> Iterator[tuple[AgencyId, Webhook]]:
    for each in settings.agencies:
        desk = each.desk
        if desk is None or not desk.webhook:
            continue
        if desk.webhook_ca is None or settings.webhook_key is None:
            raise Defect("webhook: expected with webhook_ca, and webhook_key of the node")
        key, tls = _webhook_key(settings.webhook_key), trusting(desk.webhook_ca)
        yield each.id, SignedWebhook(each.id, desk.webhook, tls, key, edge.route)


def _webhook_key(path: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(read_key(path, setting="webhook_key"))


def public_webhook_key(path: Path) -> str:
    """Return the public half in hexadecimal. Raises ``Defect``: the file is no key."""
    return _webhook_key(path).public_key().public_bytes_raw().hex()


def _require_address(text: str, setting: str) -> None:
    box, at, domain = text.rpartition("@")
    if not (box and at and domain and ADDRESS.fullmatch(text)):
        raise Defect(f"{setting}: expected one address, as desk@council.example")


@dataclass(frozen=True, slots=True)
class NoticesUpkeep:
    """What runs for the notices. ``writer``: an executor of one thread, that of the journal."""

    env: Env
    store: NoticesStore
    sending: Sending
    writer: Executor
    reached: Reached

    def tasks(self) -> Mapping[str, Task]:
        every = self.env.every
        return {
            "old notices": every(FORGET_SECONDS, JITTER_SECONDS, self.forget, "old notices"),
            "messages": every(0.0, 0.0, self.tell, "messages"),
        }

    async def tell(self) -> None:
        """Let leave what leaves on the next tick, and keep what became of it."""
        clock = self.env.clock
        now = clock.now()
        await clock.sleep_until(clock.monotonic() + TICK_SECONDS - now % TICK_SECONDS)
        try:
            plan = await self._run(lambda: self.sending.plan(int(clock.now())))
            left = await self.sending.leave(plan)
            await self._run(lambda: self.sending.keep(plan, left))
        except Defect as defect:
            self.env.log.warning("notices.failed", error=defect)

    async def forget(self) -> None:
        """Destroy what is due."""
        try:
            await self._run(lambda: self.store.forget_due(self.reached()))
        except Defect as defect:
            self.env.log.warning("notices.failed", error=defect)

    async def _run(self, func: Callable[[], T]) -> T:
        clock = self.env.clock
        # As with a frame, most of the work is over when bytes move next.
        await clock.sleep_until(tick_at_or_after(clock.monotonic()))
        return await asyncio.get_running_loop().run_in_executor(self.writer, func)


def open_sending(
    settings: NodeSettings, store: NoticesStore, env: Env, desks: Desks, rest: Rest
) -> Sending:
    """Construct what tells the desks. Raises ``Defect``: a setting is wrong."""

    def out_of_term(agency: AgencyId) -> bool:
        today = datetime.fromtimestamp(env.clock.now(), LONDON).date()
        calendar = desks.of(agency).calendar
        return calendar.in_terms and calendar.is_term(today) is False

    edge = Edge(env.route, env.clock.now, env.random_bytes)
    return Sending(store, ways_of(settings, edge), env.log, out_of_term, env.random, rest)
