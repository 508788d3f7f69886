"""When a child first came to an agency. Pure.

A row that somebody adds to watch a child is new to the agency, whatever it says. So a child keeps
the time of her first import from one generation to the next: by her keys, or by the agency's own
number with her date of birth and forename (attack: the number of an old row is given to another
child).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from agency_node.records.ports import Child
from agency_node.records.records import Origin
from fingerpost.private.demographics import Demographics, written_birth


@dataclass(frozen=True, slots=True)
class Came:
    """When the children of a generation first came, by mark and by own number."""

    first_seen: Mapping[bytes, int]

    @classmethod
    def of(cls, records: Iterable[tuple[bytes, bytes, Origin]]) -> Self:
        """Return what records with this mark, own number and origin tell. Records of an earlier
        release have no own number.
        """
        found: dict[bytes, int] = {}
        for mark, own, origin in records:
            for digest in filter(None, (mark, own)):
                found[digest] = min(origin.first_seen, found.get(digest, origin.first_seen))
        return cls(found)

    def origin(self, child: Child) -> Origin:
        """Return the origin of a child who comes now, or came before."""
        known = [self.first_seen[d] for d in (child.mark, child.own) if d in self.first_seen]
        return replace(child.origin, first_seen=min([child.origin.first_seen, *known]))


def own_number_of(local_id: str, child: Demographics) -> tuple[bytes, ...]:
    """Return what the digest of an agency's number of a child, with her date of birth and forename,
    is made of (``Child.own``). It is no OPRF input, so that it never equals a mark.
    """
    born = written_birth(child.dob)
    parts = ("own number", local_id, born, child.forename.casefold())
    return tuple(part.encode("utf-8", "surrogateescape") for part in parts)
