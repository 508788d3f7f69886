"""How long a node takes to decide what it discloses, once a query has opened and matched.

    python benchmarks/run.py decision

The rules of the shipped set of agreements and the signed terms, for a requester who may be told
most; no I/O. The best of several rounds counts, since what else runs on the machine only adds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agency_node.answering.disclosure import Asks, Disclosed, disclose
from agency_node.policy.places import Place
from agency_node.policy.vocabulary import KINDS, Requester
from benchmarks.table import Row
from fakes.agreements import ready_agreement
from fakes.federations import NOW
from fakes.node_records import an_involvement
from fakes.node_world import COUNCIL, SCHOOL, a_federation, a_record
from fingerpost.protocol.codes import Purpose, Role
from fingerpost.protocol.table_of_terms import TERMS
from fingerpost.protocol.terms import row

ROUNDS: Final = 20
IN_A_ROUND: Final = 50
INVOLVEMENTS: Final = 8


def decided(involvements: int) -> Disclosed:
    """Return what is disclosed of one child with so many involvements of different kinds."""
    return _decision(involvements)()


def _decision(involvements: int) -> Callable[[], Disclosed]:
    terms = row(TERMS, Purpose.S47_ENQUIRY, Role.SOCIAL_WORKER)
    if terms is None:
        raise RuntimeError("nothing to measure: the terms have no such row")
    in_force = ready_agreement(NOW).on(datetime.fromtimestamp(NOW, UTC).date())
    asking = a_federation().agency(COUNCIL)
    asks = Asks(
        Requester(asking.id, asking.kind, Role.SOCIAL_WORKER),
        terms,
        significant_harm=False,
        place=Place.NAMED,
    )
    rows = [an_involvement(kind, as_of=n) for n, kind in enumerate(KINDS[:involvements])]
    child = a_record(0, None, *rows)
    return lambda: disclose(SCHOOL, [child], asks, in_force)


def _milliseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(IN_A_ROUND):
            work()
        best = min(best, time.perf_counter() - began)
    return 1000 * best / IN_A_ROUND


def measure() -> list[Row]:
    """For ``make bench``: decisions beside the check of one signature."""
    key = Ed25519PrivateKey.generate()
    signature, public = key.sign(bytes(32)), key.public_key()
    bare = _milliseconds(lambda: public.verify(signature, bytes(32)))
    rows = [Row("bare check of one signature", bare, "ms", 1.0)]
    for count in (1, INVOLVEMENTS):
        taken = _milliseconds(_decision(count))
        name = f"decision what to disclose of {count} involvement{'s' if count > 1 else ''}"
        rows.append(Row(name, taken, "ms", bare / taken))
    return rows
