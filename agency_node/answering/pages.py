"""A page of the node's journal: what opened in one frame, in a form of fixed size. Pure.

A page has the size of as many questions as were looked up, and of as many openings as agencies were
asked: public facts, whatever opened (attack: whoever sees how much is written, or how long that
takes, learns of a hit). It holds a question once, however many agencies opened it, and of a record
its number; what else an agency's own log says of a record is read when the log is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from agency_node.answering.matching import Examined
from agency_node.answering.planted import Unexpected, unexpected
from fingerpost.private.codec import read_demographics, read_facts, write_demographics, write_facts
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Justification
from fingerpost.private.messages import Question
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Acr, Purpose, Role, Status, WideningReason
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.protocol.messages import Query

RECORDS_NAMED: Final = 8
"""So many records are named, the likeliest; of more only how many they are is kept."""
QUESTION_BYTES: Final = limits.INNER_BYTES + 1536
"""The largest stored question: all that stands in it was sealed within ``INNER_BYTES``, save the
names and the number of the agency that asked and of the council to ring back, and the key of its
notes."""
OPENING_BYTES: Final = 256
RULES_NAMED: Final = 8
"""So many rules are named that decided, the first; a part has no more pointers."""
PAGE_BYTES: Final = 64
_VERSION: Final = 1


class Ruled(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """By which agreement an agency answered, and what it disclosed. The order of the fields is that
    of the stored form.

    ``version``: of the agreement, empty where it was not asked. ``rules``: the numbers of the rules
    that decided. ``withheld``: how many involvements the agreement withheld that the signed terms
    allow. ``disclosed``: the coarse kinds of the pointers that left, 0 for "ring our duty desk".
    """

    version: bytes = b""
    rules: tuple[int, ...] = ()
    withheld: int = 0
    disclosed: tuple[int, ...] = ()


NOT_RULED: Final = Ruled()


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """What one agency records of a query that opened there.

    Args:
        generation: the number of the generation of its records that was read.
        status: its answer.
        disclosed: how many of its pointers leave.
        at: when, in seconds since 1970 UTC.
        note_key: of the notes about the query; empty where nothing in it was to be believed.
        ruled: by which agreement, and what left.
    """

    agency: AgencyId
    query: Query
    examined: Examined
    generation: int
    status: Status
    disclosed: int
    at: float
    note_key: bytes = b""
    ruled: Ruled = NOT_RULED

    def __repr__(self) -> str:
        return f"Entry({self.agency}, {self.examined.finding.value})"


class Asked(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who asked, why, and about whom, as the verified passport and the signed question state it.

    The order of the fields is that of the stored form. ``approvers``: the accounts of the second
    persons whose approvals hold, with commas between; ``written_child`` and ``widened`` are the
    stored forms of ``child`` and of the reason to widen, 0 for none. ``grace``: until when somebody
    may ask whose training is over, and the account of the manager who let her; empty for none.
    """

    name: str
    subject: str
    role: Role
    acr: Acr
    purpose: Purpose
    reason_reference: str
    approvers: str
    written_child: bytes
    widened: int = 0
    facts: bytes = b""
    grace: str = ""

    @property
    def justification(self) -> Justification:
        because = WideningReason(self.widened) if self.widened else None
        facts = read_facts(self.facts)
        return Justification(self.purpose, self.reason_reference, because, facts)

    @property
    def child(self) -> Demographics:
        return read_demographics(self.written_child)

    def __repr__(self) -> str:
        return "Asked(…)"


class Requester(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The agency that asked, as the member list had it then: id, name, number of the duty desk to
    ring back (with the council's name, where it is a council's), and kind.
    """

    agency: str
    name: str
    desk: str
    kind: str = ""


class AskedQuery(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A query that opened somewhere. ``requester`` and ``asked`` are None, and ``note_key`` is
    empty, where nobody could read the question, or nothing in it was to be believed."""

    hash: bytes
    key_set: str
    reach: str
    widened: bool
    requester: Requester | None
    asked: Asked | None
    note_key: bytes = b""
    revision: int = limits.FIRST_REVISION

    def __repr__(self) -> str:
        return "AskedQuery(…)"


class _Opening(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: int
    agency: str
    believed: bool
    finding: str
    refusal: str
    generation: int
    answer: str
    told: int
    records: tuple[int, ...]
    unexpected: tuple[Unexpected, ...] = ()
    not_named: int = 0
    ruled: Ruled = NOT_RULED


class _Page(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    version: int
    at: int
    queries: tuple[AskedQuery, ...]
    openings: tuple[_Opening, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What one agency records of a query that opened there.

    Attributes:
        query: with ``asked`` None where this agency had nothing to believe; ``refusal`` is the code
            that says why.
        generation: the generation of the agency's records that was read.
        answer: the name of its status.
        told: how many of its pointers left.
        records: the numbers of the records that matched, then of those that possibly match, the
            likeliest first.
        at: in seconds since 1970 UTC.
        unexpected: why those that opened it may have been planted; empty where who asked is shown.
        not_named: how many more records may be the child, or opened the query and were not
            compared.
        ruled: by which agreement, and what left.
    """

    query: AskedQuery
    agency: AgencyId
    finding: str
    refusal: str
    generation: int
    answer: str
    told: int
    records: tuple[int, ...]
    at: int
    unexpected: tuple[Unexpected, ...] = ()
    not_named: int = 0
    ruled: Ruled = NOT_RULED

    def __repr__(self) -> str:
        return f"Opened({self.agency}, {self.finding})"


_DECODER: Final = msgspec.msgpack.Decoder(_Page)


def size_of(queries: int, agencies: int) -> int:
    """Return the size of the page of a frame, in bytes.

    Args:
        queries: how many of the frame were looked up.
        agencies: how many agencies they asked, all together.
    """
    return PAGE_BYTES + queries * QUESTION_BYTES + agencies * OPENING_BYTES


def write_page(entries: Sequence[Entry], at: int) -> bytes:
    """Return the stored form of what opened in a frame, without padding: at most ``size_of``."""
    queries: dict[bytes, AskedQuery] = {}
    for entry in entries:
        known = queries.get(entry.query.hash)
        if known is None or known.asked is None:
            queries[entry.query.hash] = _query(entry)
    places = {hash_: place for place, hash_ in enumerate(queries)}
    openings = tuple(_opening(entry, places[entry.query.hash]) for entry in entries)
    return msgspec.msgpack.encode(_Page(_VERSION, at, tuple(queries.values()), openings))


def read_page(data: bytes) -> Iterator[Opened]:
    """Yield what opened, in the order of the frame.

    Raises:
        Defect: this release did not write the page.
    """
    try:
        page = _DECODER.decode(data)
    except msgspec.MsgspecError:
        raise Defect("a page of the journal is of no known form") from None
    if page.version != _VERSION:
        raise Defect("a page of the journal is of a later release")
    return (_opened(page, opening) for opening in page.openings)


def opened(entries: Iterable[Entry], at: int) -> tuple[Opened, ...]:
    """Return entries as the journal gives them back."""
    return tuple(read_page(write_page(tuple(entries), at)))


def _query(entry: Entry) -> AskedQuery:
    core, question = entry.query.core, entry.examined.question
    return AskedQuery(
        hash=entry.query.hash,
        key_set=core.key_set.name,
        reach=core.reach.name,
        widened=core.widened,
        requester=_requester(question) if question else None,
        asked=_asked(question) if question else None,
        note_key=entry.note_key,
        revision=core.revision,
    )


def _requester(question: Question) -> Requester:
    agency, council = question.requester, question.call_back
    desk = agency.duty_desk
    if council is not None:
        desk = f"{council.duty_desk}, {council.name}" if council.duty_desk else ""
    # Attack: a school reads that a women's charity asks about a pupil, and knows what it is about.
    name = agency.discreet_name or agency.name
    return Requester(agency.id.value, name, desk, agency.kind.value)


def _asked(question: Question) -> Asked:
    passport, why = question.passport, question.justification
    return Asked(
        name=passport.name,
        subject=passport.subject,
        role=passport.role,
        acr=passport.acr,
        purpose=why.purpose,
        reason_reference=why.reason_reference,
        approvers=", ".join(approval.approver for approval in question.approvals),
        written_child=write_demographics(question.demographics),
        widened=why.widened_because.value if why.widened_because else 0,
        facts=write_facts(why.facts),
        grace=_grace(passport.entitlement),
    )


def _grace(held: Entitlement) -> str:
    if not held.training_grace_by:
        return ""
    last = datetime.fromtimestamp(held.training_ends - 1, UTC)
    return f"{last:%Y-%m-%d}, granted by {held.training_grace_by}"


def _opening(entry: Entry, query: int) -> _Opening:
    examined = entry.examined
    may_be = [*examined.matched, *examined.possible]
    return _Opening(
        query=query,
        agency=entry.agency.value,
        believed=examined.question is not None,
        finding=examined.finding.value,
        refusal=examined.refusal.value if examined.refusal else "",
        generation=entry.generation,
        answer=entry.status.name,
        told=entry.disclosed,
        records=tuple(record.id.value for record in may_be[:RECORDS_NAMED]),
        unexpected=unexpected(examined, entry.at),
        not_named=len(may_be[RECORDS_NAMED:]) + examined.uncompared,
        ruled=msgspec.structs.replace(entry.ruled, rules=entry.ruled.rules[:RULES_NAMED]),
    )


def _opened(page: _Page, opening: _Opening) -> Opened:
    query = page.queries[opening.query]
    if not opening.believed:
        query = msgspec.structs.replace(query, requester=None, asked=None, note_key=b"")
    return Opened(
        query,
        AgencyId(opening.agency),
        opening.finding,
        opening.refusal,
        opening.generation,
        opening.answer,
        opening.told,
        opening.records,
        page.at,
        opening.unexpected,
        opening.not_named,
        opening.ruled,
    )
