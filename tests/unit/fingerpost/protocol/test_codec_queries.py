"""Queries on the wire: one size, verified before they are parsed, every field bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import federations
from fakes.broker_world import a_core
from fakes.handles import a_counting
from fakes.refusals import refused
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import (
    counting_to_wire,
    read_core,
    read_query,
    read_submission,
    seal_into_query,
    write_core,
    write_submission,
)
from fingerpost.protocol.codec.strict import read_envelope, write_envelope
from fingerpost.protocol.codes import Allowance, Reach
from fingerpost.protocol.envelope import PayloadType, query_hash, sign
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Member, Party
from fingerpost.protocol.ids import AgencyId, AreaCode, EpochNumber, Handle, MemberId
from fingerpost.protocol.messages import QueryCore, Submission
from fingerpost.wire.v1 import query_pb2

GATEWAY = MemberId("gateway-one")
COUNCIL = AgencyId("e99000001.council")
EPOCH, NEXT = EpochNumber(1), EpochNumber(2)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WRAPS = tuple(bytes([i]) * limits.WRAP_BYTES for i in range(limits.LOCATORS))
SEALED = b"s" * limits.SEALED_BYTES


def core(**changes: Any) -> QueryCore:
    return a_core(**{"q": bytes(32), "epoch": EPOCH, "area": COUNCIL.area, **changes})


def key_of(epoch: EpochNumber) -> bytes:
    """The key that gateways share: one for ``EPOCH`` and another for ``NEXT``."""
    shared = {EPOCH: KEY, NEXT: OTHER}.get(epoch)
    if shared is None:
        raise Refused(Code.UNSUPPORTED, "epoch")
    return federations.public(shared)


def test_a_query_comes_back_as_it_was_made() -> None:
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, KEY)
    query = read_query(wire, key_of)
    assert query.core == core()
    assert (query.wraps, query.sealed, query.wire) == (WRAPS, SEALED, wire)


@given(
    number=st.integers(1, 2**32 - 1),
    named=st.sets(st.integers(10_000_000, 99_999_999), min_size=1, max_size=8),
    issued=st.integers(0, 2**40),
)
@settings(deadline=None, max_examples=50)
def test_every_query_has_one_size(number: int, named: set[int], issued: int) -> None:
    epoch = EpochNumber(number)
    areas = tuple(sorted(AreaCode(f"e{n}") for n in named))
    value = core(epoch=epoch, reach=Reach.NAMED, named_areas=areas, issued_at=issued)
    wire = seal_into_query(write_core(value), WRAPS, SEALED, epoch, KEY)
    assert len(wire) == limits.QUERY_BYTES
    asked: list[EpochNumber] = []

    def known(of: EpochNumber) -> bytes:
        asked.append(of)
        return federations.public(KEY)

    assert read_query(wire, known).core == value
    assert asked == [epoch]


@given(position=st.integers(0, limits.QUERY_BYTES - 1), bit=st.integers(0, 7))
@settings(deadline=None, max_examples=200)
def test_no_bit_of_a_query_can_be_changed(position: int, bit: int) -> None:
    wire = bytearray(seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, KEY))
    wire[position] ^= 1 << bit
    with pytest.raises(Refused):
        read_query(bytes(wire), key_of)


def test_a_query_that_is_not_signed_with_the_requesters_key_is_refused() -> None:
    """By no gateway, or with the key of another epoch."""
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, OTHER)
    with pytest.raises(Refused, match="bad_signature"):
        read_query(wire, key_of)


def test_the_key_of_one_epoch_does_not_sign_for_another() -> None:
    """Attack: whoever has an old epoch's key names that epoch outside, and a running one inside."""
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, NEXT, OTHER)
    with refused(Code.BAD_SIGNATURE, "core.epoch"):
        read_query(wire, key_of)


def test_an_epoch_that_is_not_listed_has_no_key() -> None:
    third = EpochNumber(3)
    wire = seal_into_query(write_core(core(epoch=third)), WRAPS, SEALED, third, KEY)
    with refused(Code.UNSUPPORTED):
        read_query(wire, key_of)


@pytest.mark.parametrize(
    "signer",
    ["", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "1_0", "\u0661", "x", "gateway-one", "1" * 11],
)
def test_an_epoch_has_one_spelling(signer: str) -> None:
    query = query_pb2.Query(core=write_core(core()), wraps=b"".join(WRAPS), sealed=SEALED)
    wire = filled(query, signer)
    with refused(Code.MALFORMED):
        read_query(wire, key_of)


def test_an_epoch_that_is_too_great_is_malformed() -> None:
    query = query_pb2.Query(core=write_core(core()), wraps=b"".join(WRAPS), sealed=SEALED)
    wire = filled(query, str(2**32))
    with refused(Code.MALFORMED):
        read_query(wire, key_of)


def filled(query: query_pb2.Query, signer: str, byte: bytes = b"\0") -> bytes:
    """The envelope of ``query``, signed and of the right size."""

    def signed() -> bytes:
        return write_envelope(sign(PayloadType.QUERY, query.SerializeToString(), signer, KEY))

    query.padding += byte * (limits.QUERY_BYTES - len(signed()) - 16)
    while len(wire := signed()) < limits.QUERY_BYTES:
        query.padding += byte
    assert len(wire) == limits.QUERY_BYTES
    return wire


@pytest.mark.parametrize("size", [0, 1, limits.QUERY_BYTES - 1, limits.QUERY_BYTES + 1, 1_000_000])
def test_a_query_of_another_size_is_not_parsed(size: int) -> None:
    with pytest.raises(Refused, match="query size"):
        read_query(bytes(size), key_of)


def test_an_unknown_field_in_signed_bytes_is_refused() -> None:
    data = write_core(core()) + b"\xa2\x06\x01x"  # field 100
    with pytest.raises(Refused, match="unknown field"):
        read_core(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"q": bytes(31)},
        {"slot_check": bytes(17)},
        {"quota_commitment": bytes(31)},
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
        ("area", "E99000001"),
        ("area", "e99000001.council"),
        ("area", "e9900001"),
        ("area", ""),
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
    wire = filled(message, "1", b"\1")  # a hidden channel: signed bytes that nobody looks at
    with pytest.raises(Refused, match=r"query\.padding"):
        read_query(wire, key_of)


def test_a_query_is_named_by_what_was_signed_and_not_by_its_wrapping() -> None:
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, KEY)
    envelope = read_envelope(wire)
    # Whoever has the key can sign the same payload in as many ways as there are nonces.
    assert read_query(wire, key_of).hash == query_hash(envelope.payload)
    again = replace(envelope, signature=KEY.sign(b"something else"))
    with pytest.raises(Refused, match="bad_signature"):
        read_query(write_envelope(again), key_of)


def member(name: MemberId = GATEWAY, key: Ed25519PrivateKey = KEY) -> Member:
    return federations.member(name, Party.GATEWAY, federations.public(key))


def test_a_submission_belongs_to_one_query_of_one_gateway() -> None:
    counting, handle = a_counting(), Handle("0" * 32)
    counted = replace(core(), quota_commitment=counting.commitment(handle))
    wire = seal_into_query(write_core(counted), WRAPS, SEALED, EPOCH, KEY)
    query = read_query(wire, key_of)
    submission = Submission(query.hash, COUNCIL, handle, counting)
    wire = write_submission(submission, GATEWAY, KEY)
    assert read_submission(wire, query, member()) == submission
    other = write_submission(replace(submission, query_hash=bytes(32)), GATEWAY, KEY)
    with pytest.raises(Refused, match=r"submission\.query_hash"):
        read_submission(other, query, member())
    for beside in (
        replace(submission, handle=Handle("1" * 32)),
        replace(submission, counting=replace(counting, lookup=bytes(16))),
        replace(submission, counting=replace(counting, allowance=Allowance.DESK)),
        replace(submission, counting=replace(counting, salt=bytes(32))),
    ):
        with pytest.raises(Refused, match=r"submission\.counting"):
            read_submission(write_submission(beside, GATEWAY, KEY), query, member())
    stranger = write_submission(submission, MemberId("gateway-two"), KEY)
    with pytest.raises(Refused, match="submission signer"):
        read_submission(stranger, query, member())
    with pytest.raises(Refused, match="submission signer"):
        read_submission(wire, query, member(MemberId("gateway-two")))
    with pytest.raises(Refused, match="bad_signature"):
        read_submission(wire, query, member(key=OTHER))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agency", ""),
        ("agency", "E99000001.council"),
        ("agency", "e99000001"),
        ("handle", "0" * 31),
        ("query_hash", bytes(31)),
    ],
)
def test_a_submission_out_of_bounds_cannot_be_read(field: str, value: object) -> None:
    query = read_query(seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, KEY), key_of)
    message = query_pb2.Submission(
        query_hash=query.hash,
        agency=COUNCIL.value,
        handle="0" * 32,
        counting=counting_to_wire(a_counting()),
    )
    setattr(message, field, value)
    payload = message.SerializeToString()
    wire = write_envelope(sign(PayloadType.SUBMISSION, payload, GATEWAY.value, KEY))
    with refused(Code.MALFORMED):
        read_submission(wire, query, member())


def test_who_asks_stands_nowhere_in_a_query() -> None:
    """Every node in reach reads the core and the envelope."""
    for message in (query_pb2.QueryCore, query_pb2.Query):
        names = set(message.DESCRIPTOR.fields_by_name)
        assert not names & {"agency", "gateway", "passport_key_id"}
    wire = seal_into_query(write_core(core()), WRAPS, SEALED, EPOCH, KEY)
    assert read_envelope(wire).signer == "1"
    assert COUNCIL.value.encode() not in wire
    assert GATEWAY.value.encode() not in wire


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
