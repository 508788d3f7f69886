"""Keep which nodes of one lookup have answered, and which have not. Pure: no clock, no socket, no
content.

Law: every node asked ends exactly once, as answered (all its parts came) or as silent. The first
answer of a node to a part is handed on, and any further one is dropped. A node cannot answer for
another, since the caller names it by the identity of its stream. Only the requester can judge
whether an answer is genuine (G4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

from fingerpost.protocol.ids import MemberId


class Taken(Enum):
    """What happened to an answer."""

    FIRST = auto()  # hand it on
    AGAIN = auto()  # this node gave this part before
    UNASKED = auto()  # the query did not go to this node, or has no part of this size there


class Gathering:
    """One lookup's answers. ``expected`` is the size in bytes of each part that a node has to give,
    from public facts.
    """

    def __init__(self, expected: Mapping[MemberId, Sequence[int]]) -> None:
        self._open = {node: set(range(len(sizes))) for node, sizes in expected.items()}
        self._expected = dict(expected)
        self._unsent = set(expected)
        self._awaited = 0  # nodes that have the query and owe a part

    def is_unsent(self, node: MemberId) -> bool:
        return node in self._unsent

    def parts(self, node: MemberId) -> int:
        """Return how many parts the node has to give."""
        return len(self._expected[node])

    def sent(self, node: MemberId) -> None:
        """Note that the query has gone to ``node``. Call it once: a second copy is a replay to the
        node.
        """
        self._unsent.remove(node)
        self._awaited += 1

    def take(self, node: MemberId, part: int, size: int) -> Taken:
        """Take an answer of so many bytes."""
        if node not in self._expected or node in self._unsent:
            return Taken.UNASKED
        if not 0 <= part < len(self._expected[node]) or size != self._expected[node][part]:
            return Taken.UNASKED
        missing = self._open.get(node, set())
        if part not in missing:
            return Taken.AGAIN
        missing.remove(part)
        if not missing:
            del self._open[node]
            self._awaited -= 1
        return Taken.FIRST

    def silent(self) -> tuple[MemberId, ...]:
        """Return the nodes that owe a part, sorted. Each is a gap, never a "no"."""
        return tuple(sorted(self._open))

    def is_over(self, may_come: Callable[[MemberId], bool]) -> bool:
        """Return whether waiting longer can bring nothing.

        Then every node that has the query has answered in full, and no other may come in time.
        """
        return not self._awaited and not any(may_come(node) for node in self._unsent)
