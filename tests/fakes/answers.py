"""A node's sealed answer, opened and verified as the requester does."""

from __future__ import annotations

from fingerpost.private.messages import AnswerPart
from fingerpost.private.query_sealing import SealedQuery, open_answer
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import NodeAnswer, SealedAnswer


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
    )
