"""Messages to desks at real servers, and their faults: mail over TLS, signed words over HTTPS."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import structs

from agency_node.notices import smtp_mail, webhook
from agency_node.notices.due import Desk
from agency_node.notices.ports import Reply
from agency_node.notices.smtp_mail import SmtpMail, trusting
from agency_node.notices.webhook import (
    BODY_BYTES,
    HEADER,
    SIGNED,
    SignedWebhook,
    body_of,
    parts_of,
    reply_of,
)
from agency_node.notices.wiring import Edge, servers_of, ways_of
from agency_node.settings import DeskSettings, MailSettings, NodeSettings
from fakes.federations import NOW
from fakes.node_world import SCHOOL
from fakes.party_folder import node_settings_file
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.rpc import direct
from fingerpost.runtime.settings import load

HOST = "localhost"
SENDER = "fingerpost@council.example"
DESK, COVER = "safeguarding@oak.example", "cccccccccccc@void.example"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def a_certificate(folder: Path, name: str = HOST) -> tuple[Path, ssl.SSLContext]:
    """A server's certificate, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context


class Mailbox:
    """What a mail server took. ``refused``: the recipients that it does not take."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.refused: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append((", ".join(envelope.rcpt_tos), envelope.content))
        return "250 OK"


@asynccontextmanager
async def mail_server(box: Mailbox, tls: ssl.SSLContext) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname=HOST, loop=loop), HOST, 0, ssl=tls)
    async with server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def talking(talk: Talk, tls: ssl.SSLContext) -> AsyncIterator[str]:
    """A server that does what ``talk`` does."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    async with server:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
        ended.set()


def mail_to(server: str, ca: Path, route: Callable[[str], str] = direct) -> SmtpMail:
    drawn = iter(range(100))

    def number(size: int) -> bytes:
        return next(drawn).to_bytes(size, "big")

    return SmtpMail(server, trusting(ca), SENDER, None, route, lambda: NOW, number)


def normal(message: bytes) -> bytes:
    """Without its number, which alone differs."""
    return b"\n".join(line for line in message.splitlines() if not line.startswith(b"Message-ID"))


# ---- mail ----------------------------------------------------------------------------------------


async def test_every_message_is_the_same_but_for_its_envelope(tmp_path: Path) -> None:
    """Attack: the size of a message, or a word in it, says that it is for a desk."""
    ca, tls = a_certificate(tmp_path)
    box = Mailbox()
    async with mail_server(box, tls) as server:
        assert await mail_to(server, ca).send([DESK, COVER]) == (Reply.TAKEN, Reply.TAKEN)
    assert [to for to, _ in box.taken] == [DESK, COVER]
    one, other = (message for _, message in box.taken)
    assert len(one) == len(other)
    assert normal(one) == normal(other)
    assert one != other, "each has a number of its own"
    assert b"Subject: Open your inbox" in one
    assert b"undisclosed-recipients" in one
    for said in (b"oak", b"knock", b"child", b"S47", b"enquiry", b"ring", SCHOOL.value.encode()):
        assert said not in one


async def test_it_goes_through_the_gate_of_the_node(tmp_path: Path) -> None:
    """The route leads to a socket of the gate, and the certificate is that of the server."""
    ca, tls = a_certificate(tmp_path)
    box, through = Mailbox(), tmp_path / "gate"
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(
        lambda: SMTP(box, hostname=HOST, loop=loop), through, ssl=tls
    )
    async with server:
        sent = await mail_to(f"{HOST}:465", ca, lambda _: f"unix:{through}").send([DESK])
    assert sent == (Reply.TAKEN,)
    assert len(box.taken) == 1


async def test_a_mailbox_that_is_refused_keeps_no_other_from_its_message(tmp_path: Path) -> None:
    ca, tls = a_certificate(tmp_path)
    box = Mailbox()
    box.refused.add(DESK)
    async with mail_server(box, tls) as server:
        assert await mail_to(server, ca).send([DESK, COVER]) == (Reply.REFUSED, Reply.TAKEN)
    assert [to for to, _ in box.taken] == [COVER]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff what a server never says\r\n" * 3)
    await writer.drain()
    await reader.read(1)


async def closing_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


async def no_service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"554 no service here\r\n")
    await writer.drain()
    await reader.read(1)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-still greeting\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("talk", [silent, rubbish, closing_at_once, no_service, endless])
async def test_whatever_a_mail_server_does_is_a_value_and_ends_in_time(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_mail, "SESSION_SECONDS", 1.0)
    ca, tls = a_certificate(tmp_path)
    async with talking(talk, tls) as server:
        replies = await mail_to(server, ca).send([DESK, COVER])
    assert len(replies) == 2
    assert Reply.TAKEN not in replies
    if talk in (silent, endless):
        assert set(replies) == {Reply.HUNG}


async def test_a_server_that_takes_one_message_and_falls_silent_keeps_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_mail, "SESSION_SECONDS", 2.0)

    class Tired(Mailbox):
        async def handle_RCPT(
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
        ) -> str:
            if self.taken:
                await asyncio.Event().wait()
            return await super().handle_RCPT(server, session, envelope, address, options)

    ca, tls = a_certificate(tmp_path)
    async with mail_server(Tired(), tls) as server:
        assert await mail_to(server, ca).send([DESK, COVER]) == (Reply.TAKEN, Reply.HUNG)


async def test_a_server_that_is_down_is_said_to_be(tmp_path: Path) -> None:
    ca, tls = a_certificate(tmp_path)
    async with talking(silent, tls) as server:
        pass
    assert await mail_to(server, ca).send([DESK]) == (Reply.UNREACHED,)


@pytest.mark.parametrize("other", ["another authority", "another name"])
async def test_a_server_that_is_not_the_agencys_gets_no_message(tmp_path: Path, other: str) -> None:
    """Attack: who stands between takes the messages, and sees the addresses."""
    box = Mailbox()
    ca, tls = a_certificate(tmp_path, HOST if other == "another authority" else "mail.example")
    if other == "another authority":
        (tmp_path / "b").mkdir()
        ca, _ = a_certificate(tmp_path / "b")
    async with mail_server(box, tls) as server:
        (reply,) = await mail_to(server, ca).send([DESK])
    assert reply is Reply.UNTRUSTED
    assert box.taken == []


# ---- webhooks ------------------------------------------------------------------------------------

KEY = Ed25519PrivateKey.generate()


class Receiver:
    """An agency's own system, which answers with ``line``."""

    def __init__(self, line: bytes = b"HTTP/1.1 204 No Content\r\n\r\n") -> None:
        self.line = line
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        self.heads.append({"": head[0], **fields})
        self.bodies.append(await reader.readexactly(int(fields["Content-Length"])))
        writer.write(self.line)
        await writer.drain()


def hook_to(server: str, ca: Path) -> SignedWebhook:
    return SignedWebhook(SCHOOL, f"https://{server}/fingerpost", trusting(ca), KEY, direct)


async def test_a_webhook_says_yes_or_no_in_one_size_and_signed(tmp_path: Path) -> None:
    ca, tls = a_certificate(tmp_path)
    receiver = Receiver()
    async with talking(receiver.talk, tls) as server:
        hook = hook_to(server, ca)
        assert await hook.say(waiting=True, at=int(NOW)) is Reply.TAKEN
        assert await hook.say(waiting=False, at=int(NOW) + 30) is Reply.TAKEN
    yes, no = receiver.bodies
    assert len(yes) == len(no) == BODY_BYTES
    assert json.loads(yes) == {"agency": SCHOOL.value, "at": int(NOW), "open_your_inbox": True}
    assert json.loads(no)["open_your_inbox"] is False
    for head, body in zip(receiver.heads, receiver.bodies, strict=True):
        assert head[""] == "POST /fingerpost HTTP/1.1"
        KEY.public_key().verify(b64decode(head[HEADER]), SIGNED + body)
        with pytest.raises(InvalidSignature):
            KEY.public_key().verify(b64decode(head[HEADER]), SIGNED + body.replace(b"e", b"f", 1))
    lengths = {sum(len(k) + len(v) for k, v in head.items()) for head in receiver.heads}
    assert len(lengths) == 1


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"HTTP/1.1 200 OK\r\n", Reply.TAKEN),
        (b"HTTP/1.0 202 Accepted\r\n", Reply.TAKEN),
        (b"HTTP/1.1 301 Moved\r\n", Reply.REFUSED),
        (b"HTTP/1.1 503 Away\r\n", Reply.REFUSED),
        (b"HTTP/2 200\r\n", Reply.UNREADABLE),
        (b"200 OK\r\n", Reply.UNREADABLE),
        (b"", Reply.UNREADABLE),
        (b"HTTP/1.1 2x0 OK\r\n", Reply.UNREADABLE),
    ],
)
def test_what_a_webhook_answers_is_read_by_its_first_line(line: bytes, reply: Reply) -> None:
    assert reply_of(line) is reply


@pytest.mark.parametrize("talk", [silent, closing_at_once, endless])
async def test_whatever_a_webhook_does_is_a_value_and_ends_in_time(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "SESSION_SECONDS", 1.0)
    ca, tls = a_certificate(tmp_path)
    async with talking(talk, tls) as server:
        assert await hook_to(server, ca).say(waiting=True, at=1) is not Reply.TAKEN
    assert await hook_to(server, ca).say(waiting=True, at=1) is Reply.UNREACHED


async def test_a_line_without_an_end_is_not_read_for_ever(tmp_path: Path) -> None:
    ca, tls = a_certificate(tmp_path)
    async with talking(Receiver(b"HTTP/1.1 " + b"2" * 100_000).talk, tls) as server:
        assert await hook_to(server, ca).say(waiting=True, at=1) is Reply.UNREADABLE


async def test_a_webhook_of_somebody_else_is_told_nothing(tmp_path: Path) -> None:
    _, tls = a_certificate(tmp_path)
    (tmp_path / "b").mkdir()
    ca, _ = a_certificate(tmp_path / "b")
    receiver = Receiver()
    async with talking(receiver.talk, tls) as server:
        assert await hook_to(server, ca).say(waiting=True, at=1) is Reply.UNTRUSTED
    assert receiver.bodies == []


def test_an_address_of_a_webhook_is_plain_https() -> None:
    assert parts_of("https://a.example/x") == ("a.example:443", "a.example", "/x")
    assert parts_of("https://a.example:8443") == ("a.example:8443", "a.example:8443", "/")
    for wrong in (
        "http://a.example/",
        "https:///x",
        "https://u:p@a.example/",
        "https://a.example/?child=1",
        "https://a.example/#x",
        "https://a.example/x\r\nX: y",
        "https://a.example/ü",
        "https://a.example:port/",
    ):
        with pytest.raises(Defect):
            parts_of(wrong)


def test_the_body_is_of_one_size_for_the_longest_agency() -> None:
    longest = AgencyId("e99000001." + "a" * 40)
    sizes = {len(body_of(longest, waiting=waiting, at=2**40)) for waiting in (True, False)}
    assert sizes == {BODY_BYTES}


def test_certificates_that_cannot_be_read_are_a_defect(tmp_path: Path) -> None:
    with pytest.raises(Defect):
        trusting(tmp_path / "missing.pem")
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(Defect):
        trusting(tmp_path / "empty.pem")


# ---- settings ------------------------------------------------------------------------------------

EDGE = Edge(direct, lambda: NOW, bytes)
GOOD = DeskSettings("desk@oak.example", "education@oak.example")


def settings_with(
    tmp_path: Path, desk: DeskSettings, *, server: str = "localhost:465", mail: bool = True
) -> NodeSettings:
    settings = load(node_settings_file(tmp_path, (SCHOOL,)), NodeSettings)
    (tmp_path / "webhook.secret").write_bytes(bytes(32))
    (tmp_path / "webhook.secret").chmod(0o600)
    ca, _ = a_certificate(tmp_path)
    if desk.webhook_ca is not None:
        desk = structs.replace(desk, webhook_ca=ca)
    return structs.replace(
        settings,
        agencies=(structs.replace(settings.agencies[0], desk=desk),),
        mail=MailSettings(server, ca, SENDER, "c.example") if mail else None,
        webhook_key=tmp_path / "webhook.secret",
    )


def test_a_desk_is_told_by_what_its_settings_name(tmp_path: Path) -> None:
    hook = {"webhook": "https://oak.example:8443/x", "webhook_ca": Path("ca.pem")}
    settings = settings_with(tmp_path, structs.replace(GOOD, **hook))
    ways = ways_of(settings, EDGE)
    assert ways.mail is not None
    assert ways.desks == {SCHOOL: Desk(GOOD.mail, GOOD.mail_out_of_term)}
    assert set(ways.webhooks) == {SCHOOL}
    assert servers_of(settings) == ("localhost:465", "oak.example:8443")


@pytest.mark.parametrize(
    ("desk", "changed", "said"),
    [
        (GOOD, {"mail": False}, "no mail server"),
        (DeskSettings("@c.example"), {}, "one address"),
        (DeskSettings("a@b.example", "a@c.exampl"), {}, "cover"),
        (DeskSettings("desk@oak.example, other@oak.example"), {}, "one address"),
        (DeskSettings("desk"), {}, "one address"),
        (GOOD, {"server": "localhost"}, "host:port"),
        (DeskSettings(webhook="https://oak.example/x"), {}, "webhook_ca"),
    ],
)
def test_settings_of_desks_that_are_wrong_are_refused(
    tmp_path: Path, desk: DeskSettings, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(Defect, match=said):
        ways_of(settings_with(tmp_path, desk, **changed), EDGE)
