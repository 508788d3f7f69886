"""One query under way, as a state machine. Pure: events in, state out; no socket, no clock.

Invariants, whatever the broker does:

* an agency's answer comes only from a message whose seal and signature hold;
* the first valid message for a node's part counts, later ones for that part change nothing;
* an invalid message changes nothing either, and does not keep a valid one out (attack: junk that
  displaces a yes);
* the broker's list of nodes, its list of silent ones and its end prove nothing: they end the
  waiting, and never decide a status;
* an agency that has not answered when the query ends is a gap.

The states are the table below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from fingerpost.private.notes import note_key
from fingerpost.private.query_sealing import SealedQuery, open_answer
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Agency, Federation, parts_of
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.protocol.messages import Accepted, Answers, Ended, LookupEvent, NodeAnswer
from practitioner.asking.outcome import GAP, Answered


@unique
class State(Enum):
    SUBMITTED = "submitted"
    GATHERING = "gathering"
    ENDED = "ended"


TRANSITIONS: Final[Mapping[tuple[State, type], State]] = MappingProxyType(
    {
        (State.SUBMITTED, Accepted): State.GATHERING,
        (State.SUBMITTED, Answers): State.GATHERING,  # the seal proves it, not the order
        (State.SUBMITTED, Ended): State.ENDED,
        (State.GATHERING, Accepted): State.GATHERING,
        (State.GATHERING, Answers): State.GATHERING,
        (State.GATHERING, Ended): State.ENDED,
        (State.ENDED, Accepted): State.ENDED,
        (State.ENDED, Answers): State.ENDED,
        (State.ENDED, Ended): State.ENDED,
    }
)

MOST_REJECTED: Final = 4096
"""The stream of a broker that sends more junk than this is ended; what is missing then is a gap."""


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
        self._answers: dict[AgencyId, Answered] = {}
        self._note_secrets: dict[MemberId, bytes] = {}
        self.rejected = 0

    @property
    def ended(self) -> bool:
        """Whether nothing can change any more: the broker ended, every part is in, or there was too
        much junk."""
        return self._state is State.ENDED or not self._missing or self.rejected > MOST_REJECTED

    def receive(self, event: LookupEvent) -> None:
        if isinstance(event, Answers):
            for answer in event.answers:
                if not self.ended:
                    self._take(answer)
        self._state = TRANSITIONS[self._state, type(event)]

    def _take(self, answer: NodeAnswer) -> None:
        if (answer.node, answer.part) not in self._missing:
            return  # not asked, or a duplicate of a part that has come
        try:
            part = open_answer(
                answer,
                query_hash=self._sealed.hash,
                revision=self._sealed.core.revision,
                reply_key=self._sealed.reply_key,
                federation=self._federation,
                asked=self._asked,
            )
        except Refused:
            self.rejected += 1
            return
        self._missing.discard((answer.node, answer.part))
        self._note_secrets.setdefault(answer.node, part.note_secret)
        for each in part.agencies:
            if each.agency in self._answers:
                raise Defect("one agency in two parts")
            self._answers[each.agency] = Answered(
                each.status,
                each.generation,
                each.as_of,
                each.pointers,
                each.reason,
                each.quality,
            )

    @property
    def revision(self) -> int:
        """Of the wire, in which it was made."""
        return self._sealed.core.revision

    def note_keys(self) -> Mapping[MemberId, bytes]:
        """Return the key of the notes by node asked; empty where none answered."""
        sealed, secrets = self._sealed, self._note_secrets
        return {
            node: note_key(sealed.content_key, secrets[node], sealed.hash, node)
            if node in secrets
            else b""
            for node in sorted({a.node for a in self._asked})
        }

    def answers(self) -> Mapping[AgencyId, Answered]:
        """Return one answer for each agency asked, or a gap."""
        return {a.id: self._answers.get(a.id, GAP) for a in self._asked}
