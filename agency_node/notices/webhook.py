"""Implements ``ports.Webhook``: a signed word, over HTTPS, to an agency's own system.

The body is JSON of one size: which agency, when, and whether its desk should look. It names no
person, no kind and no number of lookups. The signature is Ed25519 over the bytes of the body behind
a fixed beginning; whoever receives it verifies it before he reads it, and takes no word that is
older than one that he has (``at``).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64encode
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.notices.ports import Reply
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.rpc import Route

SESSION_SECONDS: Final = 20.0
BODY_BYTES: Final = 160
SIGNED: Final = b"fingerpost/v1 webhook\n"
HEADER: Final = "Fingerpost-Signature"
_LINE_BYTES: Final = 1024


class SignedWebhook:
    """One address of an agency."""

    def __init__(
        self,
        agency: AgencyId,
        url: str,
        tls: ssl.SSLContext,
        key: Ed25519PrivateKey,
        route: Route,
    ) -> None:
        """Raises ``Defect``: the address is not one of HTTPS without account, query or fragment."""
        self._agency = agency
        self.server, self._host, self._path = parts_of(url)
        self._tls = tls
        self._key = key
        self._route = route

    async def say(self, *, waiting: bool, at: int) -> Reply:
        try:
            async with asyncio.timeout(SESSION_SECONDS):
                return await self._post(body_of(self._agency, waiting=waiting, at=at))
        except TimeoutError:
            return Reply.HUNG
        except ssl.SSLError:
            return Reply.UNTRUSTED
        except OSError:
            return Reply.UNREACHED
        except ValueError:  # a line that is too long
            return Reply.UNREADABLE

    async def _post(self, body: bytes) -> Reply:
        signature = b64encode(self._key.sign(SIGNED + body)).decode("ascii")
        head = (
            f"POST {self._path} HTTP/1.1\r\n"
            f"Host: {self._host}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"{HEADER}: {signature}\r\n"
            "Connection: close\r\n\r\n"
        )
        reader, writer = await self._open()
        try:
            writer.write(head.encode("ascii") + body)
            await writer.drain()
            return reply_of(await reader.readline())
        finally:
            writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.server.rpartition(":")
        at = self._route(self.server)
        if at.startswith("unix:"):
            return await asyncio.open_unix_connection(
                at.removeprefix("unix:"), ssl=self._tls, server_hostname=host, limit=_LINE_BYTES
            )
        return await asyncio.open_connection(host, int(port), ssl=self._tls, limit=_LINE_BYTES)


def parts_of(url: str) -> tuple[str, str, str]:
    """Return server (host:port), host and path of an address.

    Raises:
        Defect: it is not one of HTTPS, or has more than these.
    """
    refusal = "webhook: expected https://host[:port]/path, without account, query or fragment"
    try:
        found = urlsplit(url)
        port = found.port or 443
    except ValueError:
        raise Defect(refusal) from None
    extra = found.query or found.fragment or found.username or found.password
    plain = url.isascii() and url.isprintable() and " " not in url
    if found.scheme != "https" or not found.hostname or extra or not plain:
        raise Defect(refusal)
    return f"{found.hostname}:{port}", found.netloc, found.path or "/"


def body_of(agency: AgencyId, *, waiting: bool, at: int) -> bytes:
    """Return the body: ``BODY_BYTES`` of JSON, whatever it says."""
    said = {"agency": agency.value, "at": at, "open_your_inbox": waiting}
    written = json.dumps(said, separators=(",", ":")).encode("ascii")
    return written[:-1].ljust(BODY_BYTES - 1) + b"}"


def reply_of(line: bytes) -> Reply:
    """Return what the first line of an answer says (RFC 9112, section 4)."""
    version, _, rest = line.partition(b" ")
    status = rest[:3]
    if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not status.isdigit():
        return Reply.UNREADABLE
    return Reply.TAKEN if status.startswith(b"2") else Reply.REFUSED
