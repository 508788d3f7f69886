"""An identity is exactly one SPIFFE URI and the DNS name made from it."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from fakes.certificates import FakeAuthority
from fakes.refusals import refused
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import FederationId, MemberId
from fingerpost.runtime.identity import (
    Identity,
    PeerIdentity,
    parse_spiffe_uri,
    peer_identity,
)
from fingerpost.runtime.tls import certificate_lifetime, make_csr, make_key

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)


@given(NAMES, NAMES, st.sampled_from(Party))
def test_a_uri_is_read_back(federation: str, member: str, party: Party) -> None:
    identity = Identity(FederationId(federation), MemberId(member), party)
    assert parse_spiffe_uri(identity.uri) == identity
    assert len(identity.server_name) <= 253
    assert max(len(label) for label in identity.server_name.split(".")) <= 63


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spiffe://f/m",
        "spiffe://f/m/butler",
        "spiffe://f/m/node/",
        "spiffe://f/m/node/x",
        "spiffe://f/M/node",
        "spiffe://f//node",
        "spiffe://-f/m/node",
        "https://f/m/node",
        "spiffe://f/m/node\n",
        "spiffe://f/m/node?x=1",
        "spiffe://f/" + "m" * 41 + "/node",
    ],
)
def test_anything_else_is_no_member(text: str) -> None:
    with refused(Code.NOT_A_MEMBER):
        parse_spiffe_uri(text)


@given(st.text(max_size=60))
def test_no_text_ends_otherwise(text: str) -> None:
    try:
        assert parse_spiffe_uri(text).uri == text
    except Refused as refusal:
        assert refusal.code is Code.NOT_A_MEMBER


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"ssl_tls_version": [b"TLSv1.3"]},
        {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [b"no certificate"]},
        {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [b"a", b"b"]},
    ],
)
def test_without_a_certificate_there_is_no_peer(context: dict[str, list[bytes]]) -> None:
    with refused(Code.NOT_A_MEMBER):
        peer_identity(context)


def test_a_call_over_tls_1_2_is_refused_whatever_the_environment_said(
    authority: FakeAuthority, node: Identity
) -> None:
    certificate = (authority.certify(node) / "tls.pem").read_bytes()
    context = {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [certificate]}
    assert peer_identity(context).identity == node
    with refused(Code.NOT_A_MEMBER, "TLS 1.3"):
        peer_identity({**context, "ssl_tls_version": [b"TLSv1.2"]})


def test_an_ended_certificate_is_no_longer_a_member(node: Identity) -> None:
    peer = PeerIdentity(node.federation, node.member, node.party, not_after=100.0)
    peer.require_current(99.9)
    assert peer.identity == node
    with refused(Code.NOT_A_MEMBER):
        peer.require_current(100.0)


def test_a_request_names_the_identity_and_proves_the_key(node: Identity) -> None:
    request = x509.load_der_x509_csr(make_csr(make_key(), node))
    assert request.is_signature_valid
    public_key = request.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert isinstance(public_key.curve, ec.SECP256R1)
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [
        "spiffe://test-federation/oak/node",
        "oak.node.test-federation.fingerpost",
    ]


def test_only_the_kind_of_key_that_tls_takes_is_used(node: Identity) -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for key in (pem, b"no key"):
        with pytest.raises(Defect):
            make_csr(key, node)


def test_lifetimes_are_read_or_refused(authority: FakeAuthority, node: Identity) -> None:
    pem = (authority.certify(node) / "tls.pem").read_bytes()
    begin, end = certificate_lifetime(pem)
    assert end - begin == 7 * 86_400
    with pytest.raises(Defect):
        certificate_lifetime(b"no certificate")
