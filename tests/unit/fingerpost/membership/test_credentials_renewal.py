"""A certificate is asked for under the signing key, and believed only when it is the one that was
asked for.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from fakes.clock import ManualClock
from fingerpost.membership.credentials import MemberKeys, make_member_keys
from fingerpost.membership.renewal import RENEWAL_EVENTS, due, keep_certificate, renew
from fingerpost.protocol.codec.statements import claimed_signer, read_certify
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import logs
from fingerpost.runtime.identity import Identity, Party, subject_names

NOW = 1_800_000_000.0
DAY = 86_400
NONCE = bytes(range(32))
ME = Identity(FederationId("test-federation"), MemberId("node-north"), Party.NODE)
OTHER = Identity(FederationId("test-federation"), MemberId("node-south"), Party.NODE)


def usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not sign, False, False, False, False, sign, sign, False, False)


@dataclass
class FakeIssuer:
    """Certifies whatever key it is asked to; a test spoils one property."""

    clock: ManualClock
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    identity: Identity = ME
    life: timedelta = timedelta(days=7)
    starts: timedelta = timedelta(seconds=-60)
    certified_key: ec.EllipticCurvePublicKey | None = None
    answer: bytes | None = None
    refuses: Code | None = None
    asked: list[bytes] = field(default_factory=list)

    @property
    def name(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])

    def _builder(self, key: ec.EllipticCurvePublicKey, days: float) -> x509.CertificateBuilder:
        now = datetime.fromtimestamp(self.clock.now(), UTC).replace(microsecond=0)
        return x509.CertificateBuilder(
            issuer_name=self.name,
            public_key=key,
            serial_number=x509.random_serial_number(),
            not_valid_before=now + self.starts,
            not_valid_after=now + timedelta(days=days),
        )

    def authority(self) -> bytes:
        public = self.key.public_key()
        builder = self._builder(public, 3650).subject_name(self.name)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
        builder = builder.add_extension(usage(sign=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(public)
        builder = builder.add_extension(identifier, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    async def certify(self, envelope: bytes) -> bytes:
        self.asked.append(envelope)
        if self.refuses is not None:
            raise Refused(self.refuses, "issuer")
        if self.answer is not None:
            return self.answer
        opened, _ = claimed_signer(envelope)
        # The payload is read without its signature here: this issuer plays one that may be wrong.
        from fingerpost.wire.v1 import member_list_pb2 as pb

        request = pb.CertifyStatement.FromString(opened.payload).certificate_request
        key = self.certified_key or x509.load_der_x509_csr(request).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        builder = self._builder(key, self.life.total_seconds() / DAY)
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = (
            builder.subject_name(x509.Name([]))
            .add_extension(subject_names(self.identity), critical=True)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(usage(sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        leaf = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return leaf + self.authority()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def issuer(clock: ManualClock) -> FakeIssuer:
    return FakeIssuer(clock)


@pytest.fixture
def keys(tmp_path: Path) -> MemberKeys:
    return make_member_keys(tmp_path / "keys")


@pytest.fixture
def authority(tmp_path: Path, issuer: FakeIssuer) -> Path:
    path = tmp_path / "authority.pem"
    path.write_bytes(issuer.authority())
    return path


class TestDue:
    @given(
        start=st.integers(0, 2**33),
        life=st.integers(2, 7 * DAY),
        into=st.floats(0, 1, exclude_max=True),
    )
    def test_from_half_life_on(self, start: int, life: int, into: float) -> None:
        assert due(start, start + life, start + life * into) is (
            start + life * into >= start + life / 2
        )

    def test_at_the_very_half(self) -> None:
        assert not due(0, 7 * DAY, 3.5 * DAY - 1)
        assert due(0, 7 * DAY, 3.5 * DAY)
        assert due(0, 7 * DAY, 70 * DAY)


class TestRenew:
    async def test_the_first_one(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path
    ) -> None:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        assert keys.lifetime() == (NOW - 60, NOW + 7 * DAY)
        keys.client_tls(authority).credentials()

    async def test_is_asked_for_under_the_signing_key(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path
    ) -> None:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        envelope, signer = claimed_signer(issuer.asked[0])
        statement = read_certify(envelope, keys.signing_key.public_key())
        assert (signer, statement.federation) == (ME.member, ME.federation)
        assert (statement.issued_at, statement.nonce) == (NOW, NONCE)
        stranger = make_member_keys(keys.folder / "stranger")
        with pytest.raises(Refused, match="bad_signature"):
            read_certify(envelope, stranger.signing_key.public_key())

    async def test_each_has_a_key_of_its_own(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path
    ) -> None:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        first = keys.key.read_bytes()
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        assert keys.key.read_bytes() != first

    async def test_an_expired_one_is_no_dead_end(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path, clock: ManualClock
    ) -> None:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        clock.step_wall(30 * DAY)
        await renew(keys, ME, authority, issuer.certify, clock.now(), NONCE)
        assert keys.lifetime() == (NOW + 30 * DAY - 60, NOW + 37 * DAY)

    @pytest.mark.parametrize("name", ["none", "keys/signing.key"])
    async def test_needs_the_authority_s_file(
        self, keys: MemberKeys, issuer: FakeIssuer, tmp_path: Path, name: str
    ) -> None:
        with pytest.raises(Defect):
            await renew(keys, ME, tmp_path / name, issuer.certify, NOW, NONCE)


class TestAnIssuerThatIsWrong:
    """Whatever it gives instead, the pair in use stays."""

    async def refused(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path, spoilt: FakeIssuer
    ) -> Refused:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        before = keys.key.read_bytes()
        with pytest.raises(Refused) as refused:
            await renew(keys, ME, authority, spoilt.certify, NOW, NONCE)
        assert keys.key.read_bytes() == before
        return refused.value

    @pytest.mark.parametrize(
        ("wrong", "code", "what"),
        [
            ({"identity": OTHER}, Code.MALFORMED, "names"),
            ({"identity": replace(ME, party=Party.BROKER)}, Code.MALFORMED, "names"),
            ({"life": timedelta(days=8)}, Code.NOT_FRESH, "too long"),
            ({"life": timedelta(seconds=-1)}, Code.BAD_SIGNATURE, ""),
            ({"starts": timedelta(seconds=1)}, Code.BAD_SIGNATURE, ""),
            ({"key": ec.generate_private_key(ec.SECP256R1())}, Code.BAD_SIGNATURE, ""),
            (
                {"certified_key": ec.generate_private_key(ec.SECP256R1()).public_key()},
                Code.MALFORMED,
                "another key",
            ),
            ({"answer": b""}, Code.MALFORMED, "chain"),
            ({"answer": b"-----BEGIN CERTIFICATE-----\n"}, Code.MALFORMED, "chain"),
            ({"answer": b" " * 40_000}, Code.MALFORMED, "too long"),
            ({"refuses": Code.NOT_A_MEMBER}, Code.NOT_A_MEMBER, ""),
        ],
    )
    async def test_is_not_followed(
        self,
        keys: MemberKeys,
        issuer: FakeIssuer,
        authority: Path,
        wrong: dict[str, Any],
        code: Code,
        what: str,
    ) -> None:
        refused = await self.refused(keys, issuer, authority, replace(issuer, **wrong))
        assert refused.code is code
        assert what in refused.what

    async def test_does_not_pass_off_a_certificate_made_before(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path
    ) -> None:
        await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
        replayed = replace(issuer, answer=keys.certificate.read_bytes())
        refused = await self.refused(keys, issuer, authority, replayed)
        assert refused.what == "certificate of another key"

    async def test_cannot_certify_through_another_member(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path, clock: ManualClock
    ) -> None:
        """A member's certificate must not make it an authority."""
        member = replace(issuer, asked=[])
        member_key = ec.generate_private_key(ec.SECP256R1())
        member.certified_key = member_key.public_key()
        envelope = issuer.asked[0] if issuer.asked else await first_request(keys, issuer, authority)
        chain = await member.certify(envelope)

        async def through(envelope: bytes) -> bytes:
            leaf = await replace(issuer, key=member_key).certify(envelope)
            return (
                leaf.split(b"-----END CERTIFICATE-----\n")[0]
                + b"-----END CERTIFICATE-----\n"
                + chain
            )

        with pytest.raises(Refused, match="bad_signature"):
            await renew(keys, ME, authority, through, NOW, NONCE)


async def first_request(keys: MemberKeys, issuer: FakeIssuer, authority: Path) -> bytes:
    await renew(keys, ME, authority, issuer.certify, NOW, NONCE)
    return issuer.asked[0]


class TestKeepingIt:
    async def until(self, clock: ManualClock, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await clock.settle()

    async def test_renewed_at_half_life_and_after_failures(
        self, keys: MemberKeys, issuer: FakeIssuer, authority: Path, clock: ManualClock
    ) -> None:
        text = io.StringIO()
        log = logs.configure("test", RENEWAL_EVENTS, strict=True, stream=text, now=clock.now)
        task = asyncio.ensure_future(
            keep_certificate(
                keys, ME, authority, issuer.certify, clock, random=random.Random(1).random, log=log
            )
        )
        await self.until(clock, lambda: keys.lifetime() is not None and clock.sleeping == 1)
        clock.advance(3.4 * DAY)
        await self.until(clock, lambda: clock.sleeping == 1)
        assert len(issuer.asked) == 1
        issuer.refuses = Code.UNAVAILABLE
        for attempts in (2, 3, 4):
            clock.advance(0.2 * DAY if attempts == 2 else 301)
            await self.until(clock, lambda: clock.sleeping == 1)
            assert len(issuer.asked) == attempts
        issuer.refuses = None
        clock.advance(301)
        await self.until(clock, lambda: text.getvalue().count("certificate.renewed") == 2)
        lifetime = keys.lifetime()
        assert lifetime is not None
        assert lifetime[0] > NOW + 3.5 * DAY
        assert text.getvalue().count("Refused:unavailable") == 3
        task.cancel()
        await asyncio.wait([task])
