"""The two formats that members and the authority hand each other: request and bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fakes.refusals import refused
from fingerpost.membership.bundle import (
    Addresses,
    BrokerEndpoint,
    Endpoint,
    EnrolmentBundle,
    read_bundle,
    write_bundle,
)
from fingerpost.protocol.codec.enrolment import (
    AgencyKeys,
    EnrolmentRequest,
    read_enrolment,
    write_enrolment,
)
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import Address, AgencyId, FederationId, MemberId

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
REQUEST = EnrolmentRequest(
    FederationId("pilot"),
    MemberId("gateway-1"),
    Party.GATEWAY,
    "Ysgol Pen-y-Bryn – Plant",
    KEY.public_key().public_bytes_raw(),
    0,
    100,
    1_800_000_000,
    {
        AgencyId("e08000025.oak"): AgencyKeys(b"a" * 32, b"c" * 32),
        AgencyId("e08000025.elm"): AgencyKeys(b"b" * 32, b"d" * 32),
    },
)


PAYLOAD = read_envelope(write_enrolment(REQUEST, KEY)).payload


def signed(
    payload: bytes = PAYLOAD,
    *,
    kind: PayloadType = PayloadType.ENROLMENT,
    signer: str = "gateway-1",
    key: Ed25519PrivateKey = KEY,
) -> bytes:
    return write_envelope(sign(kind, payload, signer, key))


def test_a_request_reads_back_as_it_was() -> None:
    read = read_enrolment(write_enrolment(REQUEST, KEY))
    assert read == REQUEST
    assert read.fingerprint == REQUEST.fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        {"organisation": "Another"},
        {"member": MemberId("gateway-2")},
        {"federation": FederationId("other")},
        {"lookups_per_day": 101},
        {"passport_keys": {AgencyId("e08000025.oak"): AgencyKeys(b"a" * 32, b"c" * 32)}},
        {"signing_key": OTHER.public_key().public_bytes_raw()},
        {"issued_at": 1},
    ],
)
def test_the_fingerprint_is_over_all_that_is_said(changed: dict[str, object]) -> None:
    assert replace(REQUEST, **changed).fingerprint != REQUEST.fingerprint  # type: ignore[arg-type]


def test_the_key_that_is_listed_must_be_the_one_that_signs() -> None:
    with refused(Code.BAD_SIGNATURE):
        write_enrolment(REQUEST, OTHER)
    with refused(Code.BAD_SIGNATURE):
        read_enrolment(signed(key=OTHER))


def test_another_kind_of_statement_is_no_request() -> None:
    with refused(Code.MALFORMED):
        read_enrolment(signed(kind=PayloadType.CERTIFY))


def test_another_name_outside_than_inside_is_refused() -> None:
    with refused(Code.BAD_SIGNATURE):
        read_enrolment(signed(signer="broker"))


def test_other_bytes_of_the_same_request_are_refused() -> None:
    again = PAYLOAD[: PAYLOAD.index(b"pilot") + 5]  # the federation, stated again
    with refused(Code.MALFORMED):
        read_enrolment(signed(payload=PAYLOAD + again))


@given(st.data())
def test_a_flipped_bit_is_refused(data: st.DataObject) -> None:
    wire = bytearray(write_enrolment(REQUEST, KEY))
    at = data.draw(st.integers(0, len(wire) * 8 - 1))
    wire[at // 8] ^= 1 << at % 8
    with pytest.raises(Refused):
        read_enrolment(bytes(wire))


@pytest.mark.parametrize(
    "changed",
    [
        {"organisation": ""},
        {"organisation": "x" * 121},
        {"organisation": "Oak\x1b[2J"},
        {"declared_caseload": -1},
        {"declared_caseload": 20_000_001},
        {"lookups_per_day": 1_000_001},
        {"signing_key": b"short"},
        {"party": Party.NODE},
    ],
)
def test_bounds_hold(changed: dict[str, object]) -> None:
    with refused(Code.MALFORMED):
        replace(REQUEST, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [(b"short", bytes(32)), (bytes(32), b"short")])
def test_keys_of_an_agency_have_their_size(keys: tuple[bytes, bytes]) -> None:
    with refused(Code.MALFORMED):
        AgencyKeys(*keys)


def test_a_request_shows_no_key() -> None:
    assert REQUEST.signing_key.hex() not in repr(REQUEST)


# ---- bundles ---------------------------------------------------------------------------------


def endpoint(member: str, address: str) -> Endpoint:
    return Endpoint(MemberId(member), Address(address))


BUNDLE = EnrolmentBundle(
    FederationId("pilot"),
    MemberId("node-1"),
    Party.NODE,
    Addresses(
        endpoint("issuer", "issuer.example:7443"),
        BrokerEndpoint(MemberId("broker"), Address("broker.example:7444"), Address("[::1]:7445")),
        (endpoint("holder-a", "127.0.0.1:7446"), endpoint("holder-b", "127.0.0.1:7447")),
    ),
    b'{"signed":{}}',
    b"-----BEGIN CERTIFICATE-----\n",
)


def test_a_bundle_reads_back_as_it_was(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", BUNDLE)
    assert read_bundle(tmp_path / "b") == BUNDLE
    names = {path.name for path in (tmp_path / "b").iterdir()}
    assert names == {"bundle.toml", "certificate-authority.pem", "root.json"}


def test_a_bundle_is_not_written_over(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", BUNDLE)
    with pytest.raises(Defect):
        write_bundle(tmp_path / "b", BUNDLE)


def test_the_fingerprint_is_the_same_for_all_members_and_changes_with_the_trust() -> None:
    assert replace(BUNDLE, member=MemberId("node-2")).fingerprint == BUNDLE.fingerprint
    assert replace(BUNDLE, root=b"{}").fingerprint != BUNDLE.fingerprint
    assert replace(BUNDLE, certificate_authority=b"x").fingerprint != BUNDLE.fingerprint
    root, authority = BUNDLE.root, BUNDLE.certificate_authority
    moved = replace(BUNDLE, root=root + authority[:1], certificate_authority=authority[1:])
    assert moved.fingerprint != BUNDLE.fingerprint


TOML, AT = "bundle.toml", "issuer.example:7443"


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (TOML, 'member = "holder-b"', 'member = "holder-a"', "key_holders: one member twice"),
        (TOML, 'service = "node"', 'service = "oracle"', "service: expected one of"),
        (TOML, AT, "issuer.example", "issuer.address: expected host:port"),
        (TOML, AT, "https://issuer.example:7443", "issuer.address: exp"),
        (TOML, "[broker]", "[broker]\nproxy = true", "broker.proxy: there is no such setting"),
        ("root.json", '{"signed":{}}', "", "does not have 1 to"),
    ],
)
def test_a_bundle_that_is_not_as_agreed_is_refused(
    tmp_path: Path, file: str, old: str, new: str, fault: str
) -> None:
    write_bundle(tmp_path / "b", BUNDLE)
    text = (tmp_path / "b" / file).read_text()
    assert old in text
    (tmp_path / "b" / file).write_text(text.replace(old, new))
    with pytest.raises(Defect) as caught:
        read_bundle(tmp_path / "b")
    assert str(caught.value).startswith(f"{tmp_path / 'b' / file}: {fault}")


@pytest.mark.parametrize("name", ["bundle.toml", "root.json", "certificate-authority.pem"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path / "b", BUNDLE)
    (tmp_path / "b" / name).unlink()
    with pytest.raises(Defect, match=name):
        read_bundle(tmp_path / "b")


@pytest.mark.parametrize(
    "text", ["", "host", "host:0", "host:65536", "Host:1", "a b:1", ":1", "host:1\n"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with refused(Code.MALFORMED):
        Address(text)
