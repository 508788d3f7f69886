"""Implements ``ports.Mail``: one session with the agency's own mail server, over TLS.

Every message has the same bytes but for its date and its number, which have one length. The
recipients stand in the envelope alone, one for each message. Whoever watches the network sees
sessions of one shape; the mail server, and who runs the mailbox, sees when a desk is told.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from pathlib import Path
from typing import Final

import aiosmtplib

from agency_node.notices.ports import Reply
from agency_node.notices.words import SUBJECT
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.rpc import Route

SESSION_SECONDS: Final = 20.0
TEXT: Final = (
    "Somebody may have something for you. Open your inbox, where you read who asked.\r\n"
    "This message says nothing else. Do not reply to it.\r\n"
)


def trusting(ca: Path) -> ssl.SSLContext:
    """Return what verifies a server by the certificates in one file alone. Raises ``Defect``."""
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError):
        raise Defect(f"{ca}: holds no certificates that can be read") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SmtpMail:
    """One mail server, which speaks TLS from the first byte (RFC 8314).

    Args:
        server: host:port.
        sign_in: account and password; None where the server asks for none.
    """

    def __init__(
        self,
        server: str,
        tls: ssl.SSLContext,
        sender: str,
        sign_in: tuple[str, str] | None,
        route: Route,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._server = server
        self._tls = tls
        self._sender = sender
        self._sign_in = sign_in
        self._route = route
        self._now = now
        self._random_bytes = random_bytes

    async def send(self, addresses: Sequence[str]) -> tuple[Reply, ...]:
        replies: list[Reply] = []
        try:
            async with asyncio.timeout(SESSION_SECONDS):
                await self._session(addresses, replies)
        except TimeoutError:
            failed = Reply.HUNG
        except aiosmtplib.SMTPException as error:
            failed = _reply(error)
        except (OSError, EOFError):
            failed = Reply.UNREACHED
        except ValueError:  # what a server says, when it is no SMTP
            failed = Reply.UNREADABLE
        else:
            return tuple(replies)
        return (*replies, *[failed] * (len(addresses) - len(replies)))

    async def _session(self, addresses: Sequence[str], replies: list[Reply]) -> None:
        client = self._client()
        try:
            await client.connect()
            if self._sign_in is not None:
                await client.login(*self._sign_in)
            for address in addresses:
                try:
                    await client.sendmail(self._sender, [address], self._message())
                except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException):
                    replies.append(Reply.REFUSED)
                    await client.rset()
                else:
                    replies.append(Reply.TAKEN)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        host, _, port = self._server.rpartition(":")
        at = self._route(self._server)
        through = at.removeprefix("unix:") if at.startswith("unix:") else None
        return aiosmtplib.SMTP(
            hostname=host,
            port=None if through else int(port),
            socket_path=through,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=None,
            use_tls=True,
            tls_context=self._tls,
        )

    def _message(self) -> bytes:
        message = EmailMessage(SMTP_POLICY)
        message["From"] = self._sender
        message["To"] = "undisclosed-recipients:;"
        message["Subject"] = SUBJECT
        message["Date"] = formatdate(self._now())
        number = self._random_bytes(16).hex()
        message["Message-ID"] = f"<{number}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no reply of an absence to it
        message.set_content(TEXT)
        return message.as_bytes()


def _reply(error: aiosmtplib.SMTPException) -> Reply:
    if isinstance(error.__cause__, ssl.SSLError):
        return Reply.UNTRUSTED
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Reply.HUNG
    if isinstance(error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPServerDisconnected):
        return Reply.UNREACHED
    return Reply.REFUSED
