"""What an entry of an agency's log says of a query that opened there, and its stored form. Pure.

An agency's log is read by its officers for years, and nothing but the log keeps what it says of the
agency's own records: a record's number is the next import's no more. So of each record that matched
or may match, its details and the agency's own number are copied into the entry's body, which the
month's key forgets.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from agency_node.answering.matching import Finding
from agency_node.answering.pages import NOT_RULED, Asked, Ruled
from agency_node.answering.planted import Unexpected
from fingerpost.private.codec import read_demographics, read_facts
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Facts
from fingerpost.protocol.errors import Defect

OPENED: Final = "node.opened"
"""The kind of such an entry."""


class OurRecord(NamedTuple):
    """A record of the agency that matched or may match, as it was then.

    Attributes:
        number: its number in the import.
        child: her details; none where there was no room for them, or it could not be read.
        local_id: the agency's own number for her; empty where it is not known.
    """

    number: int
    child: Demographics
    local_id: str


class HiddenRequester(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who asked, where an entry does not show it by itself. A reference is among it, since its form
    may name the agency, and so are the facts: some of them name a person or a council.
    """

    name: str
    subject: str
    agency: str
    agency_name: str
    agency_desk: str
    reason_reference: str
    approvers: str
    facts: bytes
    grace: str = ""

    @property
    def stated(self) -> Facts:
        return read_facts(self.facts)

    def __repr__(self) -> str:
        return "HiddenRequester(…)"


class Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The sealed part of an entry. The order of the fields is that of the stored form.

    Attributes:
        version: of the stored form.
        asked: None where the passport, the signature or the purpose did not hold, since then nobody
            vouched for the rest; ``refusal`` is the code that says why.
        generation: the generation of the agency's records that was read.
        written_records: the stored form of ``records``.
        asking_name: the agency that asked, as the member list had it then.
        asking_desk: its public telephone number; empty where none was listed.
        asking_kind: the kind of that agency.
        unexpected: why the records may have been planted; empty where the requester is shown.
        sealed_requester: the sealed ``HiddenRequester``, in the place of what would show who asked.
        not_named: how many more records may be the child, or opened the query and were not
            compared.
        ruled: by which agreement the agency answered, and what was disclosed.
        local_ids: the agency's own numbers of the records, in their order; shorter where the last
            are not known.
    """

    version: int
    asked: Asked | None
    refusal: str
    generation: int
    written_records: tuple[tuple[int, bytes], ...]
    asking_name: str = ""
    asking_desk: str = ""
    asking_kind: str = ""
    unexpected: tuple[Unexpected, ...] = ()
    sealed_requester: bytes = b""
    not_named: int = 0
    ruled: Ruled = NOT_RULED
    local_ids: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[OurRecord, ...]:
        """The records that matched or possibly match, the likeliest first, at most
        ``RECORDS_NAMED``.
        """
        missing = len(self.written_records) - len(self.local_ids)
        local_ids = (*self.local_ids, *[""] * missing)
        return tuple(
            OurRecord(number, read_demographics(child), local_id)
            for (number, child), local_id in zip(self.written_records, local_ids, strict=True)
        )

    def __repr__(self) -> str:
        return "Body(…)"


BODY_VERSION: Final = 6
_READ: Final = frozenset({1, 2, 3, 4, 5, BODY_VERSION})
"""Earlier versions lack fields that have a default above."""
_DECODER: Final = msgspec.msgpack.Decoder(Body)
HIDDEN_REQUESTER: Final = msgspec.msgpack.Decoder(HiddenRequester)


def read_body(data: bytes) -> Body:
    """Return the body. Raises ``Defect`` for bytes that neither this release nor an earlier one
    wrote.
    """
    try:
        body = _DECODER.decode(data)
    except msgspec.MsgspecError:
        raise Defect("an entry of the audit log is of no known form") from None
    if body.version not in _READ:
        raise Defect("an entry of the audit log is of a later release")
    return body


def is_possible(finding: object) -> bool:
    """Return whether the duty desk has to look at the entry."""
    return finding == Finding.POSSIBLE.value
