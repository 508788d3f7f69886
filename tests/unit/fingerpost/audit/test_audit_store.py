"""What the store of a log says of an entry."""

from __future__ import annotations

import sqlalchemy as sa

from fingerpost.audit.chain import GENESIS
from fingerpost.audit.store import hash_at


def test_before_the_first_entry_stands_the_beginning_of_the_chain() -> None:
    """A head that was noted while the log was empty is compared with it."""
    with sa.create_engine("sqlite://").connect() as connection:
        assert hash_at(connection, 0) == GENESIS
