"""Where the issuer is put together: settings to keys, keys to services, services to a port.

Law: construction and the loops; no rule. A command line on the same machine opens the same parts to
suspend a member at once, beside the running process: both take the repository's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from securesystemslib.signer import CryptoSigner

from authority.inbox import Inbox
from authority.issuer.certificates import load_authority
from authority.issuer.grpc_server import add_services
from authority.issuer.heads_store import HeadsStore
from authority.issuer.online import Online, OnlineKeys, deny_list_record, require_forwards
from authority.issuer.service import AUDIT_EVENTS, Issuer
from authority.issuer.settings import IssuerSettings
from authority.repository import DENY_LIST, SNAPSHOT, TIMESTAMP, Repository
from fingerpost.audit.log import AuditLog
from fingerpost.membership.signing_keys import read_signing_key
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.runtime import tls
from fingerpost.runtime.clock import SteadyClock
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_file, read_key, replace_file, require_folder
from fingerpost.runtime.health import Health, serve_health
from fingerpost.runtime.identity import Identity
from fingerpost.runtime.lock import alone
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import SERVER_FILES, Edge
from fingerpost.runtime.run import Task
from fingerpost.runtime.tls import ServerTls
from fingerpost.runtime.witness import Fault, WitnessFolder

PARTY: Final = "issuer"
LOG_EVENTS: Final = {
    "list.signed": frozenset({"version"}),
    "list.refused": frozenset({"error"}),
    "list.put_back": frozenset({"role", "fault"}),
    "heads.put_back": frozenset({"fault"}),
    "server.listening": frozenset({"port"}),
    "certificate.own": frozenset({"not_after"}),
    "clock.jumped": frozenset({"seconds"}),
}
LOCK: Final = "issuer.lock"
POLL_SECONDS: Final = 1.0
ONLINE_ROLES: Final = frozenset({SNAPSHOT, TIMESTAMP, DENY_LIST})
LONGEST_CALL_SECONDS: Final = 15.0


def open_online(found: IssuerSettings) -> Online:
    """Open what signs snapshot, timestamp and deny-list.

    Raises:
        Defect: a key, the root or the record is missing.
    """
    root = read_file(found.trusted_root, most=limits.METADATA_FILE_BYTES)
    online_keys = OnlineKeys(
        snapshot=CryptoSigner(read_signing_key(found.keys.snapshot, setting="keys.snapshot")),
        timestamp=CryptoSigner(read_signing_key(found.keys.timestamp, setting="keys.timestamp")),
        deny_list=CryptoSigner(read_signing_key(found.keys.deny_list, setting="keys.deny_list")),
    )
    witness = WitnessFolder(found.witness)
    record = deny_list_record(found.deny_list, witness)
    return Online(Repository(found.repository), root, online_keys, record, witness)


def signed_at(found: IssuerSettings) -> float:
    """Return when the newest timestamp was signed (seconds since 1970 UTC); 0 while there is none.

    Raises:
        Defect: the trusted root cannot be read.
    """
    root = read_file(found.trusted_root, most=limits.METADATA_FILE_BYTES)
    return Repository(found.repository).signed_at(root)


def open_audit(found: IssuerSettings, *, adopt: bool = False) -> AuditLog:
    """Open the audit log. Raises ``Defect``."""
    return AuditLog.open(
        found.state / "audit.sqlite",
        catalogue=AUDIT_EVENTS,
        master_key=read_key(found.keys.audit, setting="audit key"),
        witness=WitnessFolder(found.witness).of("audit"),
        adopt=adopt,
    )


@contextmanager
def open_issuer(
    found: IssuerSettings, audit: AuditLog, report: Callable[[Fault], object] | None = None
) -> Iterator[Issuer]:
    """Open the issuer's service.

    Args:
        report: see ``HeadsStore``.

    Raises:
        Defect: a key or a file does not fit.
    """
    authority = load_authority(found.keys.certificate_authority, found.keys.certificate)
    own = Identity(found.federation, found.member, Party.ISSUER)
    with closing(open_heads(found, report)) as heads:
        yield Issuer(own, open_online(found), Inbox(found.inbox), authority, heads, audit)


def open_heads(
    found: IssuerSettings, report: Callable[[Fault], object] | None = None
) -> HeadsStore:
    """Return what members have left of the heads of their stores. Close it at the end."""
    witness = WitnessFolder(found.witness).of("heads")
    return HeadsStore(found.state / "heads.sqlite", witness, report)


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The issuer's own TLS files, in its state folder; renewed at half of their life like those of
    all members.
    """

    files: ServerTls
    issuer: Issuer

    def renew(self, now: float) -> float | None:
        """Renew the certificate if it is due; return when the new one ends, or None."""
        if self.files.certificate.exists() and self.files.key.exists():
            start, end = tls.certificate_lifetime(self.files.certificate.read_bytes())
            if start <= now < (start + end) / 2:
                return None
        key = tls.make_key()
        pem = self.issuer.own_certificate(tls.make_csr(key, self.issuer.own), now)
        replace_file(self.files.key, key)
        replace_file(self.files.certificate, pem, mode=0o644)
        return tls.certificate_lifetime(pem)[1]


class Watch:
    """Signs when something changed on disk, and when the timestamp is due."""

    def __init__(
        self, issuer: Issuer, found: IssuerSettings, clock: SteadyClock, log: Logger
    ) -> None:
        self._issuer = issuer
        self._metadata = found.repository / "metadata"
        self._deny_list = found.deny_list
        self._clock = clock
        self._log = log
        self._seen: object = None
        self._due = 0.0
        self._jumped = False

    async def look(self) -> None:
        now = self._clock.now()
        self._judge_clock()
        stamp = self._stamp()  # before reading: what changes meanwhile is seen the next time
        if stamp == self._seen and now < self._due:
            return
        try:
            done = await asyncio.to_thread(self._issuer.refresh, now)
        except Refused as refused:
            self._log.warning("list.refused", error=refused)
            return
        self._seen = stamp
        self._due = done.due
        for role, fault in done.put_back.items():
            self._log.error("list.put_back", role=role, fault=fault.name)
        if done.refused is not None:
            self._log.warning("list.refused", error=done.refused)
            # Targets, of which no stamp is taken, may still be on their way.
            self._due = now + POLL_SECONDS
        if done.new_snapshot:
            self._log.info("list.signed", version=done.snapshot_version)

    def _judge_clock(self) -> None:
        """Report, once for each jump, that the machine's clock jumped and is not gone by."""
        ahead = int(self._clock.ahead)
        if ahead and not self._jumped:
            self._log.error("clock.jumped", seconds=ahead)
        self._jumped = bool(ahead)

    def _stamp(self) -> object:
        """Return a stamp of what others write: the offline half, and the record that a command line
        changes.
        """
        found = []
        for path in (*sorted(self._metadata.glob("*.json")), self._deny_list):
            if path.stem in ONLINE_ROLES and path != self._deny_list:
                continue
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((path.name, status.st_mtime_ns, status.st_size, status.st_ino))
        return found


@dataclass(frozen=True, slots=True)
class Opened:
    """An open issuer: what runs, and what it runs on. ``port``: where members ask."""

    env: Env
    clock: SteadyClock
    watch: Watch
    own: OwnCertificate
    health: Health
    port: int

    def tasks(self) -> Mapping[str, Task]:
        return {
            "lists": self.env.every(POLL_SECONDS, 0.0, self.look, "lists"),
            "certificate": self.env.every(3600.0, 60.0, self._renew_own, "certificate"),
        }

    async def look(self) -> None:
        """Sign what is due. While that fails, the issuer does not serve: members would keep the
        list that they have, and nobody would see why.

        Raises:
            Defect: such as ``PutBack``, the record of who is suspended is not the newest.
        """
        try:
            await self.watch.look()
        except Defect:
            await self.health.set("", serving=False)
            raise
        await self.health.set("", serving=True)

    async def _renew_own(self) -> None:
        ends = await asyncio.to_thread(self.own.renew, self.clock.now())
        if ends is not None:
            self.env.log.info("certificate.own", not_after=int(ends))


@asynccontextmanager
async def open(found: IssuerSettings, env: Env) -> AsyncIterator[Opened]:
    """Open the issuer, sign what is due, and listen.

    Raises:
        Defect: something is missing, the port is taken, or another process runs the issuer.
    """
    async with AsyncExitStack() as opened:
        require_folder(found.state, setting="state")
        # Two processes would sign two versions of one number, and members refuse the second.
        opened.enter_context(alone(found.state / LOCK, "another process runs this issuer"))
        audit = open_audit(found)
        opened.callback(audit.close)
        health = Health()
        if found.health is not None:
            await opened.enter_async_context(serve_health(health, found.health))

        def heads_put_back(fault: Fault) -> None:
            env.log.error("heads.put_back", fault=fault.name)

        issuer = opened.enter_context(open_issuer(found, audit, heads_put_back))
        require_forwards(signed_at(found), env.clock.now())
        clock = SteadyClock(env.clock, limits.CLOCK_SKEW_SECONDS)
        watch = Watch(issuer, found, clock, env.log)
        await watch.look()
        files = ServerTls(found.state / "tls.pem", found.state / "tls.key", found.keys.certificate)
        own = OwnCertificate(files, issuer)
        own.renew(clock.now())
        edge = env.server(SERVER_FILES, Edge(env.log, longest=LONGEST_CALL_SECONDS))
        add_services(edge, issuer, clock)
        credentials = files.without_client_certificates()
        port = await opened.enter_async_context(env.listening(edge, found.listen, credentials))
        env.log.info("server.listening", port=port)
        opened.push_async_callback(health.stop)
        await health.set("", serving=True)
        yield Opened(env, clock, watch, own, health, port)
