"""One query on its way, as a state machine. Pure: events in, state out; no socket, no clock.

Invariants, whatever the broker does:

* an agency's word comes only from an answer whose seal and signature hold;
* the first valid answer of a node's part counts, later ones of that part change nothing;
* an invalid answer changes nothing either, and does not keep a valid one out (attack: junk that displaces a yes);
* the broker's list of nodes, its list of silent ones and its end are its word only: they end the waiting, never a
  status;
* what has not answered when the query ends is a gap.

The states are the table below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.answer_sealing import open_answer
from fingerpost.private.query_sealing import SealedQuery
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Federation, parts_of
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Accepted, Ended, LookupEvent, NodeAnswer
from practitioner.asking.outcome import GAP, Answered


@unique
class State(Enum):
    SUBMITTED = "submitted"
    GATHERING = "gathering"
    ENDED = "ended"


TRANSITIONS: Final[Mapping[tuple[State, type], State]] = MappingProxyType(
    {
        (State.SUBMITTED, Accepted): State.GATHERING,
        (State.SUBMITTED, NodeAnswer): State.GATHERING,  # the seal proves it, not the order
        (State.SUBMITTED, Ended): State.ENDED,
        (State.GATHERING, Accepted): State.GATHERING,
        (State.GATHERING, NodeAnswer): State.GATHERING,
        (State.GATHERING, Ended): State.ENDED,
        (State.ENDED, Accepted): State.ENDED,
        (State.ENDED, NodeAnswer): State.ENDED,
        (State.ENDED, Ended): State.ENDED,
    }
)

MOST_REJECTED: Final = 4096
"""A broker that sends more junk than this has its stream ended: what is missing is a gap."""


class QueryOnItsWay:
    """``asked`` and ``federation`` are those that ``sealed`` was made with."""

    def __init__(
        self, sealed: SealedQuery, federation: Federation, asked: tuple[Agency, ...]
    ) -> None:
        self._sealed = sealed
        self._federation = federation
        self._asked = asked
        self._state = State.SUBMITTED
        nodes = {a.node for a in asked}
        self._missing: set[tuple[MemberId, int]] = {
            (node, part) for node in nodes for part in range(len(parts_of(asked, node)))
        }
        self._words: dict[AgencyId, Answered] = {}
        self.rejected = 0

    @property
    def ended(self) -> bool:
        """Nothing more can change: the broker ended, every part is in, or it sent too much junk."""
        return self._state is State.ENDED or not self._missing or self.rejected > MOST_REJECTED

    def receive(self, event: LookupEvent) -> None:
        if isinstance(event, NodeAnswer) and not self.ended:
            self._take(event)
        self._state = TRANSITIONS[self._state, type(event)]

    def _take(self, answer: NodeAnswer) -> None:
        if (answer.node, answer.part) not in self._missing:
            return  # not asked, or a duplicate of a part that has come
        try:
            part = open_answer(
                answer,
                query_hash=self._sealed.hash,
                reply_key=self._sealed.reply_key,
                federation=self._federation,
                asked=self._asked,
            )
        except Refused:
            self.rejected += 1
            return
        self._missing.discard((answer.node, answer.part))
        for word in part.agencies:
            if word.agency in self._words:
                raise Defect("one agency in two parts")
            pointers = tuple(p for p in part.pointers if p.agency == word.agency)
            self._words[word.agency] = Answered(word.status, word.generation, word.as_of, pointers)

    def answers(self) -> Mapping[AgencyId, Answered]:
        """One for each agency asked: its word, or a gap."""
        return {a.id: self._words.get(a.id, GAP) for a in self._asked}
