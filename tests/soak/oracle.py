"""Who judges: what a lookup showed against what is true, and what it left in the logs.

The truth is ``SAYS`` of the running federation. A verdict is of one lookup; a record that has to be
there and is not is a line of text with the operation and the log.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fingerpost.protocol.codes import Status
from fingerpost.protocol.ids import AgencyId
from integration.running_federation import ASKED, BROTHER, ELM, GP, OAK, SAYS, STRANGER

CHILDREN = {"ASKED": ASKED, "BROTHER": BROTHER, "STRANGER": STRANGER}
HELD_BY: Mapping[str, frozenset[AgencyId]] = {
    "ASKED": frozenset({OAK, GP}),  # the practice holds her shielded
    "BROTHER": frozenset({GP}),
    "STRANGER": frozenset(),
}
"""Where a query about the child opens, and so has to be on record."""
SERVICE = {ELM: "EDUCATION", OAK: "EDUCATION", GP: "GP"}
"""Which universal service an agency provides."""
ANSWERS = frozenset({Status.INVOLVED, Status.NOTHING_TO_DISCLOSE})


class Verdict(enum.Enum):
    WHOLE = "every agency's true answer"
    GAPS = "true answers, and gaps that are named"
    REFUSED = "refused"
    CUT_OFF = "nobody was shown anything"
    FALSE = "something false was shown"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the gateway handed over.

    Args:
        silent: kinds of service of which it is said that none named itself.
        refused: the code, or the type of the error, of a lookup that has no outcome.
    """

    operation: str = ""
    statuses: Mapping[AgencyId, Status] = field(default_factory=dict)
    complete: bool = False
    silent: frozenset[str] = frozenset()
    refused: str = ""


CUT_OFF = Shown()


def judge(child: str, shown: Shown) -> tuple[Verdict, str]:
    """Return the verdict, and what is false in words."""
    if shown.refused:
        return Verdict.REFUSED, ""
    if not shown.operation:
        return Verdict.CUT_OFF, ""
    truth = SAYS[child]
    wrong = [
        f"{agency} says {said.name}, which is false"
        for agency, said in shown.statuses.items()
        if said in ANSWERS and said is not truth[agency]
    ]
    wrong += [f"{agency} is not named" for agency in truth.keys() - shown.statuses.keys()]
    gaps = [agency for agency, said in shown.statuses.items() if said not in ANSWERS]
    if gaps and shown.complete:
        wrong.append("it is called complete beside a gap")
    wrong += [
        f"{agency} knows the child, and of its service none is said to have named itself"
        for agency, true in truth.items()
        if true is Status.INVOLVED and SERVICE.get(agency) in shown.silent
    ]
    if wrong:
        return Verdict.FALSE, "; ".join(wrong)
    return (Verdict.GAPS if gaps else Verdict.WHOLE), ""


@dataclass(frozen=True)
class Records:
    """What stands in the logs of all parties, as hex digits of query hashes.

    Args:
        asked: operations that the gateway recorded before anything left.
        sent: the queries of each operation, at the gateway.
        carried: the broker's hash log.
        opened: by agency.
    """

    asked: frozenset[str]
    sent: Mapping[str, frozenset[str]]
    carried: frozenset[str]
    opened: Mapping[AgencyId, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Forgiven:
    """Whose log a fault was meant to take from. ``agencies``: whose logs at nodes."""

    gateway: bool = False
    broker: bool = False
    agencies: frozenset[AgencyId] = frozenset()


def missing(
    lookups: Iterable[tuple[str, Shown]], records: Records, forgiven: Forgiven = Forgiven()
) -> Iterator[str]:
    """Return what has to be on record and is not."""
    for child, shown in lookups:
        if not shown.operation:
            continue
        if shown.operation not in records.asked and not forgiven.gateway:
            yield f"lookup {shown.operation} was answered and its question is not on record"
        sent = records.sent.get(shown.operation, frozenset())
        answered = {agency for agency, said in shown.statuses.items() if said in ANSWERS}
        if not answered or (forgiven.gateway and not sent):
            continue
        if not sent and not forgiven.gateway:
            yield f"lookup {shown.operation} was answered and no query of it is on record"
        if not sent & records.carried and not forgiven.broker:
            yield f"lookup {shown.operation} was answered and is not in the hash log"
        for agency in sorted(answered & HELD_BY[child] - forgiven.agencies):
            if not sent & records.opened.get(agency, frozenset()):
                yield f"lookup {shown.operation} opened at {agency} and is not in its log"
    yield from _of_nobody(records, forgiven)


def _of_nobody(records: Records, forgiven: Forgiven) -> Iterator[str]:
    """Whatever came further is on record where it came from."""
    sent = frozenset().union(*records.sent.values())
    if not forgiven.gateway:
        for query in sorted(records.carried - sent):
            yield f"query {query} was carried and no gateway has it on record"
    if not forgiven.broker:
        for agency, opened in records.opened.items():
            for query in sorted(opened - records.carried):
                yield f"query {query} opened at {agency} and is not in the hash log"
