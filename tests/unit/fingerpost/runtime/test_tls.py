"""Mutual TLS over real sockets: who gets in, who does not, and what happens when files change."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from fakes.certificates import FakeAuthority
from fakes.refusals import refused
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.identity import Identity, PeerIdentity, subject_names
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.rpc import SERVER_NODES, Edge, connect, peer_of, refused_from, server
from fingerpost.runtime.tls import (
    AuthorityOnly,
    ClientTls,
    ServerTls,
    certificate_lifetime,
    read_private_key,
)
from unit.fingerpost.conftest import BROKER, NODE

Served = Callable[[grpc.ServerCredentials], AbstractAsyncContextManager[str]]
TESTS, OTHER = FederationId("test-federation"), FederationId("other-federation")


class Recorder(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # not generic when it runs
    """Answers every method with the caller's name and keeps what TLS said."""

    def __init__(self) -> None:
        self.peers: list[PeerIdentity] = []
        self.contexts: list[dict[str, list[bytes]]] = []

    def service(self, _details: grpc.HandlerCallDetails) -> Any:
        async def answer(request: bytes, context: Any) -> bytes:
            said = context.auth_context().items()
            self.contexts.append({key: list(value) for key, value in said})
            peer = peer_of(context)
            self.peers.append(peer)
            return peer.identity.uri.encode()

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def served(recorder: Recorder, log: Logger) -> Served:
    @asynccontextmanager
    async def serve(credentials: grpc.ServerCredentials) -> AsyncIterator[str]:
        running = server(SERVER_NODES, Edge(log, longest=5))
        running.add_generic_rpc_handlers((recorder,))
        port = running.add_secure_port("127.0.0.1:0", credentials)
        await running.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await running.stop(None)

    return serve


@pytest.fixture
async def members_only(served: Served, authority: FakeAuthority) -> AsyncIterator[str]:
    """The address of a broker that serves callers with a certificate alone."""
    async with served(authority.server(BROKER).credentials()) as address:
        yield address


@pytest.fixture
def stranger(tmp_path: Path) -> FakeAuthority:
    """The authority of somebody else."""
    return FakeAuthority.create(tmp_path / "stranger")


async def ask(address: str, tls: ClientTls | AuthorityOnly, expected: Identity) -> bytes:
    """One call; a failed one as its refusal."""
    async with connect(address, tls, expected) as channel:
        try:
            answer: bytes = await channel.unary_unary("/test/Who", None, None)(b"", timeout=3)
        except grpc.aio.AioRpcError as error:
            raise refused_from(error) from None
        return answer


async def test_both_sides_know_each_other(
    members_only: str,
    recorder: Recorder,
    authority: FakeAuthority,
) -> None:
    tls = authority.client(NODE)
    assert await ask(members_only, tls, BROKER) == b"spiffe://test-federation/oak/node"
    (peer,) = recorder.peers
    assert peer.not_after == certificate_lifetime(tls.certificate.read_bytes())[1]
    (context,) = recorder.contexts
    assert context["peer_spiffe_id"] == [NODE.uri.encode()]
    assert context["ssl_tls_version"] == [b"TLSv1.3"]
    assert context["ssl_negotiated_key_exchange_group"] == [b"X25519MLKEM768"]


@pytest.mark.parametrize(
    "expected",
    [
        Identity(TESTS, MemberId("hub"), Party.KEY_HOLDER),
        Identity(TESTS, MemberId("hub2"), Party.BROKER),
        Identity(OTHER, MemberId("hub"), Party.BROKER),
    ],
)
async def test_a_server_that_is_another_is_not_asked(
    members_only: str,
    recorder: Recorder,
    authority: FakeAuthority,
    expected: Identity,
) -> None:
    with refused(Code.UNAVAILABLE):
        await ask(members_only, authority.client(NODE), expected)
    assert recorder.contexts == []


async def test_nobody_without_a_certificate_of_the_authority_gets_in(
    members_only: str,
    recorder: Recorder,
    authority: FakeAuthority,
    stranger: FakeAuthority,
) -> None:
    theirs = stranger.client(NODE)
    mixed = ClientTls(theirs.certificate, theirs.key, authority.file)
    for tls in (AuthorityOnly(authority.file), mixed, theirs):
        with refused(Code.UNAVAILABLE):
            await ask(members_only, tls, BROKER)
    assert recorder.contexts == []


uri = x509.UniformResourceIdentifier
DNS_NAME: list[x509.GeneralName] = [x509.DNSName(NODE.server_name)]
OAK = "spiffe://test-federation/oak/node"
ODD_NAMES: dict[str, list[x509.GeneralName]] = {
    "two identities": [uri(OAK), uri("spiffe://test-federation/elm/node"), *DNS_NAME],
    "no identity": DNS_NAME,
    "an identity of nobody": [uri("spiffe://test-federation/oak/butler"), *DNS_NAME],
    "another name besides": [*subject_names(NODE), x509.DNSName(BROKER.server_name)],
}


@pytest.mark.parametrize("names", ODD_NAMES.values(), ids=ODD_NAMES)
async def test_a_certificate_with_odd_names_is_no_member(
    members_only: str, authority: FakeAuthority, names: list[x509.GeneralName]
) -> None:
    odd = authority.client(NODE, x509.SubjectAlternativeName(names))
    with refused(Code.NOT_A_MEMBER):
        await ask(members_only, odd, BROKER)


async def test_the_issuer_takes_callers_without_a_certificate_and_is_still_checked(
    served: Served,
    recorder: Recorder,
    authority: FakeAuthority,
    stranger: FakeAuthority,
) -> None:
    async with served(authority.server(BROKER).without_client_certificates()) as address:
        with refused(Code.NOT_A_MEMBER):  # from ``peer_of``: it got as far as that
            await ask(address, AuthorityOnly(authority.file), BROKER)
        assert len(recorder.contexts) == 1
        for tls, name in (
            (AuthorityOnly(stranger.file), BROKER),
            (AuthorityOnly(authority.file), NODE),
        ):
            with refused(Code.UNAVAILABLE):
                await ask(address, tls, name)
    assert len(recorder.contexts) == 1


async def certificate_shown(address: str, tls: ClientTls, name: str) -> bytes:
    """The server's certificate (DER), by a TLS client that is not gRPC's."""

    def look() -> bytes:
        context = ssl.create_default_context(cafile=tls.authority)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does unasked
        context.load_cert_chain(tls.certificate, tls.key)
        context.set_alpn_protocols(["h2"])
        host, port = address.split(":")
        with (
            socket.create_connection((host, int(port)), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            shown = secure.getpeercert(binary_form=True)
            assert shown is not None
            return shown

    return await asyncio.to_thread(look)


async def test_a_renewed_certificate_is_shown_without_a_restart(
    served: Served, authority: FakeAuthority
) -> None:
    tls, client = authority.server(BROKER), authority.client(NODE)
    async with served(tls.credentials()) as address:
        before = await certificate_shown(address, client, BROKER.server_name)
        old = tls.certificate.read_bytes()
        authority.certify(BROKER)
        new = tls.certificate.read_bytes()
        tls.certificate.write_bytes(old)  # the key is replaced, the certificate not yet
        assert await certificate_shown(address, client, BROKER.server_name) == before
        tls.certificate.write_bytes(new)
        after = await certificate_shown(address, client, BROKER.server_name)
        assert after == ssl.PEM_cert_to_DER_cert(new.decode())
        assert after != before
        tls.certificate.unlink()  # lost: the last that was good stays
        assert await certificate_shown(address, client, BROKER.server_name) == after
        assert await ask(address, authority.client(NODE), BROKER) == NODE.uri.encode()


def test_files_that_do_not_fit_are_found_at_once(authority: FakeAuthority, tmp_path: Path) -> None:
    one, two = authority.server(BROKER), authority.client(NODE)
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    long = tmp_path / "long.pem"
    long.write_bytes(one.certificate.read_bytes() * 200)
    for files in (
        ServerTls(one.certificate, two.key, one.authority),
        ServerTls(junk, one.key, one.authority),
        ServerTls(long, one.key, one.authority),
        ServerTls(one.certificate, one.key, junk),
        ServerTls(one.certificate, tmp_path / "none", one.authority),
        ClientTls(one.certificate, two.key, one.authority),
        AuthorityOnly(tmp_path / "none"),
    ):
        with pytest.raises(Defect):
            files.credentials()
    one.key.chmod(0o644)
    with pytest.raises(Defect, match="TLS key"):
        one.credentials()


def _pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey, password: bytes = b"") -> bytes:
    sealing = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing)


def _of_an_unknown_curve() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    p256 = bytes.fromhex("06082a8648ce3d030107")
    body = base64.encodebytes(der.replace(p256, p256[:-1] + b"\x7f"))
    return b"-----BEGIN PRIVATE KEY-----\n%b-----END PRIVATE KEY-----\n" % body


@pytest.mark.parametrize(
    "make",
    [
        lambda: _pem(ec.generate_private_key(ec.SECP384R1())),
        lambda: _pem(Ed25519PrivateKey.generate()),
        lambda: _pem(ec.generate_private_key(ec.SECP256R1()), b"a password"),
        _of_an_unknown_curve,
        lambda: b"junk",
    ],
    ids=["P-384", "Ed25519", "under a password", "an unknown curve", "junk"],
)
def test_a_key_that_is_none_of_ours_is_named_by_its_file(make: Callable[[], bytes]) -> None:
    with pytest.raises(Defect, match=r"^the file: not a "):
        read_private_key(make(), "the file")


PROCESS = """
    import fingerpost.runtime
    assert fingerpost.runtime.TLS_1_3_ONLY
    import asyncio, sys
    from pathlib import Path
    import grpc
    from fingerpost.runtime.tls import ClientTls, ServerTls
    certificate, key, authority, mode, port = sys.argv[1:]
    files = Path(certificate), Path(key), Path(authority)
    async def serve():
        server = grpc.aio.server()
        print(server.add_secure_port("127.0.0.1:0", ServerTls(*files).credentials()), flush=True)
        await server.start()
        await asyncio.to_thread(sys.stdin.read)
        await server.stop(None)
    async def ask():
        name = [("grpc.ssl_target_name_override", "hub.broker.test-federation.fingerpost")]
        credentials = ClientTls(*files).credentials()
        async with grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, name) as channel:
            try:
                await channel.unary_unary("/a/b")(b"", timeout=1)
            except grpc.aio.AioRpcError as error:
                print(error.code().name, flush=True)
    asyncio.run(serve() if mode == "serve" else ask())
"""


def process(tls: ServerTls | ClientTls, mode: str, port: int = 0) -> subprocess.Popen[str]:
    """A fresh interpreter, in which gRPC has not been loaded before the runtime."""
    environment = {k: v for k, v in os.environ.items() if k != "GRPC_SSL_CIPHER_SUITES"}
    files = [str(tls.certificate), str(tls.key), str(tls.authority)]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROCESS), *files, mode, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def only(version: ssl.TLSVersion, context: ssl.SSLContext, files: ServerTls | ClientTls) -> None:
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.authority)
    context.set_alpn_protocols(["h2"])


def test_a_server_process_refuses_tls_1_2(authority: FakeAuthority) -> None:
    client = authority.client(NODE)
    with process(authority.server(BROKER), "serve") as running:
        assert running.stdout is not None
        port = int(running.stdout.readline())

        def version_agreed(version: ssl.TLSVersion) -> str | None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            only(version, context, client)
            with (
                socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=BROKER.server_name) as secure,
            ):
                return secure.version()

        assert version_agreed(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises(OSError):  # noqa: PT011 - an alert or a closed socket, by version
            version_agreed(ssl.TLSVersion.TLSv1_2)
        running.communicate(timeout=20)


async def test_a_client_process_refuses_a_server_of_tls_1_2(authority: FakeAuthority) -> None:
    agreed: list[str | None] = []

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        agreed.append(writer.get_extra_info("ssl_object").version())
        writer.close()

    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the handshakes that fail
    for version, seen in ((ssl.TLSVersion.TLSv1_2, set()), (ssl.TLSVersion.TLSv1_3, {"TLSv1.3"})):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        only(version, context, authority.server(BROKER))
        async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as listening:
            port = listening.sockets[0].getsockname()[1]
            running = process(authority.client(NODE), "ask", port)
            out, _ = await asyncio.to_thread(running.communicate, timeout=30)
        assert out.strip() in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert set(agreed) == seen
