"""Queries on the wire: one size, verified before they are parsed, every field bounded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.broker_world import a_core
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import (
    read_core,
    read_query,
    read_submission,
    seal_into_query,
    write_core,
    write_submission,
)
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.codes import Reach
from fingerpost.protocol.envelope import PayloadType, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AreaCode, Handle, MemberId
from fingerpost.protocol.messages import QueryCore, Submission
from fingerpost.wire.v1 import query_pb2

GATEWAY = MemberId("gateway-one")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WRAPS = tuple(bytes([i]) * limits.WRAP_BYTES for i in range(limits.LOCATORS))
SEALED = b"s" * limits.SEALED_BYTES


def core(**changes: Any) -> QueryCore:
    return a_core(**{"q": bytes(32), "gateway": GATEWAY, **changes})


def keys(known: MemberId = GATEWAY) -> Callable[[MemberId], Ed25519PublicKey]:
    def key_of(member: MemberId) -> Ed25519PublicKey:
        if member != known:
            raise Refused(Code.NOT_A_MEMBER, "member")
        return KEY.public_key()

    return key_of


def test_a_query_comes_back_as_it_was_made() -> None:
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, GATEWAY, KEY)
    query = read_query(wire, keys())
    assert query.core == core()
    assert (query.wraps, query.sealed, query.wire) == (WRAPS, SEALED, wire)


@given(
    gateway=st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True),
    named=st.sets(st.integers(10_000_000, 99_999_999), min_size=1, max_size=8),
    issued=st.integers(0, 2**40),
)
@settings(deadline=None, max_examples=50)
def test_every_query_has_one_size(gateway: str, named: set[int], issued: int) -> None:
    me = MemberId(gateway)
    areas = tuple(sorted(AreaCode(f"e{n}") for n in named))
    value = core(gateway=me, reach=Reach.NAMED, named_areas=areas, issued_at=issued)
    wire = seal_into_query(write_core(value), WRAPS, SEALED, me, KEY)
    assert len(wire) == limits.QUERY_BYTES
    assert read_query(wire, keys(me)).core == value


@given(position=st.integers(0, limits.QUERY_BYTES - 1), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=200)
def test_no_bit_of_a_query_can_be_changed(position: int, bit: int) -> None:
    wire = bytearray(seal_into_query(write_core(core()), WRAPS, SEALED, GATEWAY, KEY))
    wire[position] ^= 1 << bit
    with pytest.raises(Refused):
        read_query(bytes(wire), keys())


def test_a_query_under_another_members_key_is_refused() -> None:
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, GATEWAY, OTHER)
    with pytest.raises(Refused, match="bad_signature"):
        read_query(wire, keys())


def test_a_member_cannot_write_another_gateway_into_the_core() -> None:
    mine = MemberId("gateway-two")
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, mine, KEY)
    with pytest.raises(Refused, match=r"core\.gateway"):
        read_query(wire, keys(mine))


@pytest.mark.parametrize("size", [0, 1, limits.QUERY_BYTES - 1, limits.QUERY_BYTES + 1, 1_000_000])
def test_a_query_of_another_size_is_not_parsed(size: int) -> None:
    with pytest.raises(Refused, match="query size"):
        read_query(bytes(size), keys())


def test_an_unknown_field_in_signed_bytes_is_refused() -> None:
    data = write_core(core()) + b"\xa2\x06\x01x"  # field 100
    with pytest.raises(Refused, match="unknown field"):
        read_core(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"q": bytes(31)},
        {"passport_key_id": bytes(7)},
        {"slot_check": bytes(17)},
        {"reply_key": bytes(limits.HYBRID_PUBLIC_KEY_BYTES + 1)},
        {"key_commitment": b""},
        {"locators": ()},
        {"locators": (bytes(16),) * limits.LOCATORS},
        {"locators": tuple(bytes([i]) * 15 for i in range(limits.LOCATORS))},
        {"named_areas": (AreaCode("e99000001"),)},
        {"reach": Reach.NAMED},
        {"reach": Reach.NAMED, "named_areas": (AreaCode("e99000002"), AreaCode("e99000001"))},
        {"reach": Reach.NAMED, "named_areas": tuple(AreaCode(f"e9900000{i}") for i in range(9))},
    ],
)
def test_a_core_out_of_bounds_cannot_be_made(changes: dict[str, object]) -> None:
    with refused(Code.MALFORMED):
        core(**changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reach", 0),
        ("reach", 5),
        ("key_set", 0),
        ("key_set", 3),
        ("epoch", 0),
        ("agency", "E99000001.council"),
        ("agency", "e99000001"),
        ("gateway", "../gateway"),
        ("federation", ""),
        ("named_areas", ["e99000001"] * 200),
    ],
)
def test_a_core_out_of_bounds_cannot_be_read(field: str, value: object) -> None:
    message = query_pb2.QueryCore.FromString(write_core(core()))
    if isinstance(value, list):
        getattr(message, field).extend(value)
    else:
        setattr(message, field, value)
    with refused(Code.MALFORMED):
        read_core(message.SerializeToString())


def test_padding_carries_nothing() -> None:
    message = query_pb2.Query(
        core=write_core(core()), wraps=b"".join(WRAPS), sealed=SEALED, padding=b"\0" * 9
    )
    wire = b""
    while len(wire) < limits.QUERY_BYTES:  # a hidden channel: signed bytes that nobody looks at
        message.padding += b"\1"
        wire = write_envelope(
            sign(PayloadType.QUERY, message.SerializeToString(), GATEWAY.value, KEY)
        )
    assert len(wire) == limits.QUERY_BYTES
    with pytest.raises(Refused, match=r"query\.padding"):
        read_query(wire, keys())


def test_a_query_is_named_by_what_was_signed_and_not_by_its_wrapping() -> None:
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, GATEWAY, KEY)
    envelope = read_envelope(wire)
    again = dataclasses.replace(envelope, signature=KEY.sign(b"something else"))
    with pytest.raises(Refused, match="bad_signature"):
        read_query(write_envelope(again), keys())


def test_a_submission_belongs_to_one_query_of_one_gateway() -> None:
    query = read_query(seal_into_query(write_core(core()), WRAPS, SEALED, GATEWAY, KEY), keys())
    submission = Submission(query.hash, Handle("0" * 32))
    wire = write_submission(submission, GATEWAY, KEY)
    assert read_submission(wire, query, KEY.public_key()) == submission
    other = write_submission(Submission(bytes(32), Handle("0" * 32)), GATEWAY, KEY)
    with pytest.raises(Refused, match=r"submission\.query_hash"):
        read_submission(other, query, KEY.public_key())
    stranger = write_submission(submission, MemberId("gateway-two"), KEY)
    with pytest.raises(Refused, match="submission signer"):
        read_submission(stranger, query, KEY.public_key())
    with pytest.raises(Refused, match="bad_signature"):
        read_submission(wire, query, OTHER.public_key())


def test_a_message_has_one_form() -> None:
    """A field that stands twice: the first is overwritten, and would carry a text past everybody
    who parses.
    """
    doubled = b"\x12\x04note" + write_core(core())
    with pytest.raises(Refused, match="one form"):
        read_core(doubled)
    overlong = write_core(core()).replace(b"\x08\x01", b"\x08\x81\x00", 1)
    with pytest.raises(Refused, match="one form"):
        read_core(overlong)
