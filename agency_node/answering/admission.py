"""Decide which queries a node answers, and how, before it touches an index. Pure.

Every decision depends on public facts only: the query's signed core, the member list, the clock. So
TRY_AGAIN and CANNOT_ANSWER disclose nothing about any child, and every node of the federation
judges an honest requester alike.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from enum import Enum, unique
from typing import Final

from fingerpost.private.linkage import NORMALISATION_VERSION
from fingerpost.protocol import limits
from fingerpost.protocol.codec.queries import read_query
from fingerpost.protocol.codes import WIDE_REACHES, Reach
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Federation, parts_of
from fingerpost.protocol.ids import AgencyId, AreaCode, MemberId
from fingerpost.protocol.messages import KeySet, Query, is_in_force, require_fresh

Parts = tuple[tuple[AgencyId, ...], ...]
REACHES_KEPT: Final = 4096
LIST_HELD_SECONDS: Final = limits.QUERY_LIFE_SECONDS + limits.CLOCK_SKEW_SECONDS


@unique
class Verdict(Enum):
    """What all of a node's agencies answer alike; LOOK where each has to look the query up."""

    LOOK = "look"
    TRY_AGAIN = "try again"
    VERSION = "cannot answer: version"
    FAULT = "cannot answer: fault"


def read(wire: bytes, federation: Federation, speaks: Collection[int] = limits.REVISIONS) -> Query:
    """Return the query, signed by some gateway; which one it is shows only where the query opens.

    Args:
        speaks: the revisions of the wire that this node speaks. The broker sends no other.

    Raises:
        Refused: nothing in these bytes can be trusted, not even the key to reply to. They get no
            answer.
    """
    query = read_query(wire, federation.requester_key, speaks)
    if query.core.federation != federation.parameters.federation:
        raise Refused(Code.NOT_A_MEMBER, "core.federation")
    return query


def judge(query: Query, federation: Federation, now: float, *, replayed: bool) -> Verdict:
    """Judge a query: first versions and epoch, where trying again does not help; then what may be
    otherwise when the query is sent again.

    Args:
        query: as ``read`` returned it.
        federation: the list that the query names, where ``Lists`` has it; else the newest.
        now: in seconds since 1970 UTC.
        replayed: it was seen before.
    """
    core = query.core
    parameters = federation.parameters
    if (
        core.suite != limits.SUITE
        or parameters.code_list_version != core.code_list_version
        or not NORMALISATION_VERSION
        == parameters.normalisation_version
        == core.normalisation_version
        or not is_in_force(parameters.revisions, core.revision, now)
    ):
        return Verdict.VERSION
    try:
        federation.require_current(now)
        federation.epoch(core.epoch, now)
    except Refused:
        return Verdict.VERSION
    # The sealed part has the reason for a second round beyond the own area; it is judged where the
    # query opens.
    if core.key_set is KeySet.WIDE and core.reach not in WIDE_REACHES:
        return Verdict.VERSION
    try:
        # A requester that goes by another list may be a member, or have a passport key, that this
        # node does not know. It is judged here, by a public fact: refused only where the query
        # opens, it would be a "no" about a known child.
        if core.metadata_version != federation.version:
            return Verdict.TRY_AGAIN
        require_fresh(core, now)
    except Refused:
        return Verdict.TRY_AGAIN
    return Verdict.TRY_AGAIN if replayed else Verdict.LOOK


class Lists:
    """The member lists by which queries are judged: the newest, and those that it replaced less
    than ``LIST_HELD_SECONDS`` ago.

    A requester may go by a list that has just been replaced here. Its query is judged by that list:
    another passport key or another agency in reach would make a "no" of what is none. Whoever is
    denied now is denied in each of them.
    """

    def __init__(self) -> None:
        self._newest: Federation | None = None
        self._replaced: dict[int, tuple[Federation, float]] = {}

    def note(self, federation: Federation, now: float) -> None:
        """Take the list that is in force from ``now`` on (seconds since 1970 UTC)."""
        before, self._newest = self._newest, federation
        if federation is before:
            return
        if before is not None and before.version != federation.version:
            self._replaced[before.version] = (before, now)
        self._replaced = {
            version: (replace(held, deny=federation.deny), at)
            for version, (held, at) in self._replaced.items()
            if now - at < LIST_HELD_SECONDS and version < federation.version
        }

    def of(self, version: int, now: float) -> Federation | None:
        """Return the list of that version, or None for one that is unknown or replaced too long
        ago."""
        if self._newest is not None and self._newest.version == version:
            return self._newest
        held, at = self._replaced.get(version, (None, 0.0))
        return held if now - at < LIST_HELD_SECONDS else None


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
        key = (core.area, core.reach, core.named_areas)
        known = self._known.get(key)
        if known is None:
            asked = self._federation.agencies_in_reach(core.area, core.reach, core.named_areas)
            if len(self._known) >= REACHES_KEPT:
                self._known.clear()
            known = self._known[key] = parts_of(asked, self._me)
        return known
