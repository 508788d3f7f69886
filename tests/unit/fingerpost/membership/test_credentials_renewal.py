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
from fakes.refusals import refused
from fingerpost.membership.credentials import MemberKeys, make_member_keys
from fingerpost.membership.renewal import (
    LOOK_JITTER_SECONDS,
    LOOK_SECONDS,
    RENEWAL_EVENTS,
    due,
    renew,
    renew_if_due,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.codec.statements import STATEMENT_BYTES, read_certify
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime import logs
from fingerpost.runtime.env import Env
from fingerpost.runtime.identity import Identity, subject_names

NOW = 1_800_000_000.0
DAY = 86_400
NONCE = bytes(range(32))
ME = Identity(FederationId("test-federation"), MemberId("node-north"), Party.NODE)
OTHER = Identity(FederationId("test-federation"), MemberId("node-south"), Party.NODE)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def usage(*, sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not sign, False, False, False, False, sign, sign, False, False)


@dataclass
class FakeIssuer:
    """Certifies whatever key it is asked to; a test spoils one property."""

    clock: ManualClock
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
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
        opened, _ = claimed_signer(envelope, most=STATEMENT_BYTES)
        # The payload is read without its signature here: this issuer plays one that may be wrong.
        from fingerpost.wire.v1 import member_list_pb2 as pb

        request = pb.CertifyStatement.FromString(opened.payload).certificate_request
        key = self.certified_key or x509.load_der_x509_csr(request).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            self._builder(key, self.life.total_seconds() / DAY)
            .subject_name(x509.Name([]))
            .add_extension(subject_names(self.identity), critical=True)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(usage(sign=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(signed_by, critical=False)
        )
        leaf = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        return leaf + self.authority()


@dataclass
class Desk:
    """A member's keys, and the issuer whose authority they believe."""

    keys: MemberKeys
    issuer: FakeIssuer
    authority: Path

    async def renew(self, issuer: FakeIssuer | None = None) -> None:
        """Ask for a certificate at the time of the clock, from another ``issuer`` for attacks."""
        certify, now = (issuer or self.issuer).certify, self.issuer.clock.now()
        await renew(self.keys, ME, self.authority, certify, now, NONCE)

    async def refused(self, issuer: FakeIssuer) -> Refused:
        """Return the refusal of an issuer that is wrong, and require that the pair in use stays."""
        await self.renew()
        before = self.keys.key.read_bytes()
        with pytest.raises(Refused) as caught:
            await self.renew(issuer)
        assert self.keys.key.read_bytes() == before
        return caught.value


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    issuer, authority = FakeIssuer(ManualClock(NOW)), tmp_path / "authority.pem"
    authority.write_bytes(issuer.authority())
    return Desk(make_member_keys(tmp_path / "keys"), issuer, authority)


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
    async def test_the_first_one(self, desk: Desk) -> None:
        await desk.renew()
        assert desk.keys.lifetime() == (NOW - 60, NOW + 7 * DAY)
        desk.keys.client_tls(desk.authority).credentials()

    async def test_is_asked_for_under_the_signing_key(self, desk: Desk) -> None:
        await desk.renew()
        envelope, signer = claimed_signer(desk.issuer.asked[0], most=STATEMENT_BYTES)
        statement = read_certify(envelope, desk.keys.signing_key.public_key())
        assert (signer, statement.federation) == (ME.member, ME.federation)
        assert (statement.issued_at, statement.nonce) == (NOW, NONCE)
        stranger = make_member_keys(desk.keys.folder / "stranger")
        with refused(Code.BAD_SIGNATURE):
            read_certify(envelope, stranger.signing_key.public_key())

    async def test_each_has_a_key_of_its_own(self, desk: Desk) -> None:
        await desk.renew()
        first = desk.keys.key.read_bytes()
        await desk.renew()
        assert desk.keys.key.read_bytes() != first

    async def test_an_expired_one_is_no_dead_end(self, desk: Desk) -> None:
        await desk.renew()
        desk.issuer.clock.step_wall(30 * DAY)
        await desk.renew()
        assert desk.keys.lifetime() == (NOW + 30 * DAY - 60, NOW + 37 * DAY)

    @pytest.mark.parametrize("name", ["none", "keys/signing.key"])
    async def test_needs_the_authority_s_file(self, desk: Desk, name: str) -> None:
        desk.authority = desk.authority.parent / name
        with pytest.raises(Defect):
            await desk.renew()


class TestAnIssuerThatIsWrong:
    """Whatever it gives instead, the pair in use stays."""

    @pytest.mark.parametrize(
        ("wrong", "code", "what"),
        [
            ({"identity": OTHER}, Code.MALFORMED, "names"),
            ({"identity": replace(ME, party=Party.BROKER)}, Code.MALFORMED, "names"),
            ({"life": timedelta(days=8)}, Code.NOT_FRESH, "too long"),
            ({"life": timedelta(seconds=-1)}, Code.BAD_SIGNATURE, ""),
            ({"starts": timedelta(seconds=1)}, Code.BAD_SIGNATURE, ""),
            ({"key": new_key()}, Code.BAD_SIGNATURE, ""),
            ({"certified_key": new_key().public_key()}, Code.MALFORMED, "another key"),
            ({"answer": b""}, Code.MALFORMED, "chain"),
            ({"answer": b"-----BEGIN CERTIFICATE-----\n"}, Code.MALFORMED, "chain"),
            ({"answer": b" " * 40_000}, Code.MALFORMED, "too long"),
            ({"refuses": Code.NOT_A_MEMBER}, Code.NOT_A_MEMBER, ""),
        ],
    )
    async def test_is_not_followed(
        self, desk: Desk, wrong: dict[str, Any], code: Code, what: str
    ) -> None:
        error = await desk.refused(replace(desk.issuer, **wrong))
        assert error.code is code
        assert what in error.what

    async def test_does_not_pass_off_a_certificate_made_before(self, desk: Desk) -> None:
        await desk.renew()
        replayed = replace(desk.issuer, answer=desk.keys.certificate.read_bytes())
        error = await desk.refused(replayed)
        assert error.what == "certificate of another key"

    async def test_cannot_certify_through_another_member(self, desk: Desk) -> None:
        """A member's certificate must not make it an authority."""
        await desk.renew()
        member_key = new_key()
        member = replace(desk.issuer, asked=[], certified_key=member_key.public_key())
        chain = await member.certify(desk.issuer.asked[0])

        async def through(envelope: bytes) -> bytes:
            leaf = await replace(desk.issuer, key=member_key).certify(envelope)
            end = b"-----END CERTIFICATE-----\n"
            return leaf.split(end)[0] + end + chain

        with refused(Code.BAD_SIGNATURE):
            await renew(desk.keys, ME, desk.authority, through, NOW, NONCE)


class TestKeepingIt:
    async def test_renewed_at_half_life_and_after_failures(self, desk: Desk) -> None:
        keys, issuer, clock = desk.keys, desk.issuer, desk.issuer.clock
        text = io.StringIO()
        log = logs.configure("test", RENEWAL_EVENTS, strict=True, stream=text, now=clock.now)
        env = Env(clock, log, random=random.Random(1).random)

        async def once() -> None:
            await renew_if_due(keys, ME, desk.authority, issuer.certify, env)

        task = asyncio.ensure_future(
            env.every(LOOK_SECONDS, LOOK_JITTER_SECONDS, once, "certificate")()
        )

        async def until(condition: Callable[[], bool]) -> None:
            async with asyncio.timeout(10):
                while not condition():
                    await clock.settle()

        def asleep() -> bool:
            return clock.sleeping == 1

        await until(lambda: keys.lifetime() is not None and asleep())
        clock.advance(3.4 * DAY)
        await until(asleep)
        assert len(issuer.asked) == 1
        issuer.refuses = Code.UNAVAILABLE
        for attempts in (2, 3, 4):
            clock.advance(0.2 * DAY if attempts == 2 else 301)
            await until(asleep)
            assert len(issuer.asked) == attempts
        issuer.refuses = None
        clock.advance(301)
        await until(lambda: text.getvalue().count("certificate.renewed") == 2)
        lifetime = keys.lifetime()
        assert lifetime is not None
        assert lifetime[0] > NOW + 3.5 * DAY
        assert text.getvalue().count("Refused:unavailable") == 3
        task.cancel()
        await asyncio.wait([task])
