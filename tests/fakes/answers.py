"""A node's sealed answer, opened and verified as the requester does; and the answers that a broker
shows, one by one.
"""

from __future__ import annotations

from collections.abc import Iterable

from fingerpost.private.messages import AnswerPart
from fingerpost.private.query_sealing import SealedQuery, open_answer
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Answers, NodeAnswer, SealedAnswer


def opened(
    answer: SealedAnswer, node: MemberId, query: SealedQuery, federation: Federation
) -> AnswerPart:
    """Raises what ``open_answer`` raises."""
    core = query.core
    return open_answer(
        NodeAnswer(node, answer.part, answer.sealed),
        query_hash=query.hash,
        reply_key=query.reply_key,
        federation=federation,
        asked=federation.agencies_in_reach(core.area, core.reach, core.named_areas),
        revision=core.revision,
    )


def shown_in(events: Iterable[object]) -> list[NodeAnswer]:
    """The answers in the events of a lookup, in their order."""
    return [a for event in events if isinstance(event, Answers) for a in event.answers]


def alone(answer: NodeAnswer) -> Answers:
    """An answer that the broker shows by itself."""
    return Answers((answer,))
