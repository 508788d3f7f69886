"""A child's record between values and the bytes that are sealed. The only reader is the program that wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from agency_node.records.records import Involvement
from fingerpost.private.codec import read_demographics, write_demographics
from fingerpost.private.demographics import Demographics
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.errors import Defect, Refused


class _Involvement(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    kind: Kind
    status: InvolvementStatus
    worker_name: str
    worker_role: str
    desk_phone: str
    desk_email: str
    ooh_phone: str
    hours: str
    as_of: int
    lead: bool
    early_help: bool
    sensitive: bool
    shielded: bool
    ended_on: date | None

    def __repr__(self) -> str:
        return "_Involvement(…)"


class _Child(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    demographics: bytes
    involvements: list[_Involvement]

    def __repr__(self) -> str:
        return "_Child(…)"


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Child)
_FIELDS = _Involvement.__struct_fields__


def write_child(demographics: Demographics, involvements: Sequence[Involvement]) -> bytes:
    """Raises ``Refused(MALFORMED)`` for text that has no UTF-8 form."""
    rows = [_Involvement(*(getattr(i, name) for name in _FIELDS)) for i in involvements]
    return _ENCODER.encode(_Child(write_demographics(demographics), rows))


def read_child(data: bytes) -> tuple[Demographics, tuple[Involvement, ...]]:
    """Raises ``Defect``: these bytes were sealed by us."""
    try:
        child = _DECODER.decode(data)
        demographics = read_demographics(child.demographics)
    except (msgspec.MsgspecError, Refused):
        raise Defect("a stored record has another form") from None
    rows = (Involvement(*(getattr(i, name) for name in _FIELDS)) for i in child.involvements)
    return demographics, tuple(rows)
