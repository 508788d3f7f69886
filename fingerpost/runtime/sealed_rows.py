"""How a sealed row is found again, and forgotten in time, without showing what it is about.

Law: a row has a name, which is HMAC-SHA-256 over what it is about, under a key of its store. Two
stores have different keys, so the same query, account or lookup has names that nobody can join.
Times by which rows are forgotten stand in steps of ten minutes, since a time of seconds joins as
well as a name does.

``SealedTable`` is a table of which nothing else is readable: each record is sealed, at one size,
and bound to its name.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from alembic.operations import Operations
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection, Select, column, delete, select, table
from sqlalchemy.dialects import sqlite

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.files import KEY_BYTES
from fingerpost.runtime.sealed_box import SealedBox

R = TypeVar("R", bound=msgspec.Struct)
NAME_BYTES: Final = 32
STEP_SECONDS: Final = limits.SLOT_SECONDS
"""Within this time the locators of one child are equal on the wire: a finer time hides no less."""


def key_for(purpose: str, key: bytes) -> bytes:
    """Derive the key of one purpose (32 bytes, secret) from a key of 32 bytes.

    Args:
        purpose: a constant of our own source; each store and use has its own.

    Raises:
        Defect: the key does not have 32 bytes.
    """
    if len(key) != KEY_BYTES:
        raise Defect(f"a key from which others are derived must have {KEY_BYTES} bytes")
    return HKDFExpand(SHA256(), KEY_BYTES, f"fingerpost/v1 {purpose}".encode()).derive(key)


class RowNames:
    """The names of the rows of one store."""

    __slots__ = ("_key",)

    def __init__(self, store: str, key: bytes) -> None:
        """
        Args:
            store: a constant of our own source.
            key: 32 bytes, secret; the key of the names is derived from it.
        """
        self._key = key_for(f"names of {store}", key)

    def __repr__(self) -> str:
        return "RowNames(…)"

    def of(self, *parts: bytes) -> bytes:
        """Return the name of the row about ``parts``, 32 bytes."""
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, framed, "sha256")


def step_after(seconds: int) -> int:
    """Return the first full ten minutes that are not before ``seconds`` (UNIX seconds)."""
    return -(-seconds // STEP_SECONDS) * STEP_SECONDS


def make_sealed_table(op: Operations, name: str) -> None:
    """Make the table of a ``SealedTable``, in a revision."""
    op.create_table(
        name,
        sa.Column("name", sa.LargeBinary(NAME_BYTES), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


class SealedTable(Generic[R]):
    """Records of one type, found by what they are about. Every call is part of a transaction.

    Raises:
        Defect: from every reading call, a row does not open: another key, or changed.
    """

    def __init__(self, name: str, record: type[R], key: bytes, sizes: Sequence[int]) -> None:
        """
        Args:
            name: of the table, as a revision made it.
            key: 32 bytes, secret; the keys of this table are derived from it.
            sizes: see ``SealedBox.seal_padded``.
        """
        self._table = table(name, column("name"), column("sealed"))
        self._names = RowNames(name, key)
        self._box = SealedBox(key_for(f"rows of {name}", key))
        self._decoder = msgspec.msgpack.Decoder(record)
        self._sizes = sizes
        self._refusal = f"a row of {name} does not open: wrong key, or changed"

    def require_key(self, connection: Connection) -> None:
        """Open a row, if there is one. Without this, a wrong key would find nothing, and say so.

        Raises:
            Defect: it was sealed with another key.
        """
        row = connection.execute(self.all.limit(1)).one_or_none()
        if row is not None:
            self._open(row.name, row.sealed)

    @property
    def all(self) -> Select[Any]:
        """The query for all rows as they are stored, in a fixed order."""
        return select(self._table).order_by(self._table.c.name)

    def get(self, connection: Connection, *parts: bytes) -> R | None:
        """Return the record about ``parts``; None where there is none."""
        name = self._names.of(*parts)
        query = select(self._table.c.sealed).where(self._table.c.name == name)
        sealed = connection.execute(query).scalar_one_or_none()
        return None if sealed is None else self._open(name, sealed)

    def put(self, connection: Connection, record: R, *parts: bytes) -> None:
        """Add the record about ``parts``, or write over it."""
        name = self._names.of(*parts)
        sealed = self._box.seal_padded(msgspec.msgpack.encode(record), name, self._sizes)
        connection.execute(
            sqlite.insert(self._table)
            .values(name=name, sealed=sealed)
            .on_conflict_do_update(index_elements=["name"], set_={"sealed": sealed})
        )

    def remove(self, connection: Connection, *parts: bytes) -> None:
        """Remove the record about ``parts``, if it is there."""
        name = self._names.of(*parts)
        connection.execute(delete(self._table).where(self._table.c.name == name))

    def records(self, connection: Connection) -> list[R]:
        """Return all records, in no order that means anything."""
        return list(self.each(connection))

    def each(self, connection: Connection) -> Iterator[R]:
        """Yield what ``records`` returns, each opened when it is asked for."""
        return (self._open(row.name, row.sealed) for row in connection.execute(self.all))

    def _open(self, name: bytes, sealed: bytes) -> R:
        try:
            return self._decoder.decode(self._box.open_padded(sealed, name, self._refusal))
        except msgspec.MsgspecError:
            raise Defect(self._refusal) from None
