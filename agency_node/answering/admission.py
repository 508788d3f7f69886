"""Decide which queries a node answers, and how, before it touches an index. Pure.

Every decision depends on public facts only: the query's signed core, the member list, the clock. So
TRY_AGAIN and CANNOT_ANSWER disclose nothing about any child, and every node of the federation
judges an honest requester alike.
"""

from __future__ import annotations

from enum import Enum, unique
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import WIDE_REACHES, Reach, Status
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, Party, parts_of
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.messages import KeySet, Query, require_fresh

Parts = tuple[tuple[AgencyId, ...], ...]
REACHES_KEPT: Final = 4096


@unique
class Verdict(Enum):
    """What all of a node's agencies answer alike; LOOK where each has to look the query up."""

    LOOK = None
    TRY_AGAIN = Status.TRY_AGAIN
    CANNOT_ANSWER = Status.CANNOT_ANSWER


def read(wire: bytes, federation: Federation) -> Query:
    """Return the query, signed by a gateway that may ask for the agency it names.

    Raises:
        Refused: nothing in these bytes can be trusted, not even the key to reply to. They get no
            answer.
    """

    def key_of(gateway: MemberId) -> Ed25519PublicKey:
        member = federation.member(gateway, Party.GATEWAY)
        return Ed25519PublicKey.from_public_bytes(member.signing_key)

    query = read_query(wire, key_of)
    federation.asking_agency(query.core.agency, query.core.gateway)
    if query.core.federation != federation.parameters.federation:
        raise Refused(Code.NOT_A_MEMBER, "core.federation")
    return query


def judge(query: Query, federation: Federation, now: float, *, replayed: bool) -> Verdict:
    """Judge a query: first versions and epoch, where trying again does not help, then what may
    change by itself.
    """
    core = query.core
    parameters = federation.parameters
    if (
        core.suite != limits.SUITE
        or parameters.code_list_version != core.code_list_version
        or not NORMALISATION_VERSION
        == parameters.normalisation_version
        == core.normalisation_version
    ):
        return Verdict.CANNOT_ANSWER
    try:
        federation.require_current(now)
        federation.epoch(core.epoch, now)
    except Refused:
        return Verdict.CANNOT_ANSWER
    # The sealed part holds the reason for a second round beyond the requester's own area; it is
    # judged where the query opens.
    if core.key_set is KeySet.WIDE and core.reach not in WIDE_REACHES:
        return Verdict.CANNOT_ANSWER
    try:
        # After a change of the agency's passport key, requester and node may know different keys
        # for a moment. This is judged here, by a public fact: if it were refused only where the
        # query opens, the answer would be a "no" about a known child.
        if core.passport_key_id != federation.agency(core.agency).passport_key_id:
            return Verdict.TRY_AGAIN
        require_fresh(core, now)
    except Refused:
        return Verdict.TRY_AGAIN
    return Verdict.TRY_AGAIN if replayed else Verdict.LOOK


class Reaches:
    """The agencies of one node in each reach, computed once for a member list.

    So a broker that sends the widest reach again and again does not make the node go through all
    areas of the country each time.
    """

    def __init__(self, federation: Federation, me: MemberId) -> None:
        self._federation = federation
        self._me = me
        self._known: dict[tuple[AreaCode, Reach, tuple[AreaCode, ...]], Parts] = {}

    def is_of(self, federation: Federation) -> bool:
        return self._federation is federation

    def parts(self, query: Query) -> Parts:
        """Return this node's agencies within the query's reach, in the parts that the requester
        expects.

        Raises:
            Refused: NOT_ALLOWED for an area that does not exist.
        """
        core = query.core
        key = (core.agency.area, core.reach, core.named_areas)
        known = self._known.get(key)
        if known is None:
            asked = self._federation.agencies_in_reach(core.agency, core.reach, core.named_areas)
            if len(self._known) >= REACHES_KEPT:
                self._known.clear()
            known = self._known[key] = parts_of(asked, self._me)
        return known
