"""A broker that lies to a requester: manipulations of what an honest one would have shown her. And
one that keeps members on an old list.

It lets the honest broker gather, then shows what its ``Lies`` make of it. A lie knows what a broker
knows: the events of this query, each answer for itself, and the answers to all other
queries that went through it.
Positions count modulo what there is, so that any list of lies fits any lookup.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fakes.answers import alone
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Accepted, Answers, Ended, LookupEvent, NodeAnswer
from fingerpost.runtime.clock import Clock


@dataclass(frozen=True)
class Wait:
    seconds: float


@dataclass(frozen=True)
class BreakOff:
    """The call ends with this error."""

    code: Code


@dataclass(frozen=True)
class Hang:
    """Nothing more comes, and no end."""


Shown = LookupEvent | NodeAnswer | Wait | BreakOff | Hang
Show = tuple[Shown, ...]


@dataclass
class Memory:
    """The answers to earlier queries."""

    answers: list[NodeAnswer] = field(default_factory=list)


Lie = Callable[[Show, Memory], Show]


class HostileBroker:
    """To be set as ``SimGateway.through``."""

    def __init__(self, clock: Clock, lies: Sequence[Lie] = ()) -> None:
        self.lies = tuple(lies)
        self.memory = Memory()
        self._clock = clock

    async def __call__(self, events: AsyncGenerator[LookupEvent]) -> AsyncGenerator[LookupEvent]:
        async with contextlib.aclosing(events):
            honest = [
                each
                async for event in events
                for each in (event.answers if isinstance(event, Answers) else (event,))
            ]
        show: Show = tuple(honest)
        for lie in self.lies:
            show = lie(show, self.memory)
        self.memory.answers += answers_in(tuple(honest))
        for shown in show:
            match shown:
                case Wait(seconds):
                    await self._clock.sleep_until(self._clock.monotonic() + seconds)
                case BreakOff(code):
                    raise Refused(code, "broker")
                case Hang():
                    await self._clock.sleep_until(float("inf"))
                case NodeAnswer():
                    yield alone(shown)
                case _:
                    yield shown


class FrozenList:
    """A mirror that goes on showing the member list of the moment it was made. To be given to a
    member as its ``fetch``.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    def __call__(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise Refused(Code.NOT_ALLOWED, "path") from None


def answers_in(show: Show) -> list[NodeAnswer]:
    return [shown for shown in show if isinstance(shown, NodeAnswer)]


def _at(show: Show, index: int) -> int | None:
    """The position of the ``index``-th answer, or None where there is none."""
    places = [i for i, shown in enumerate(show) if isinstance(shown, NodeAnswer)]
    return places[index % len(places)] if places else None


def _to_one(index: int, change: Callable[[NodeAnswer, Memory], Show]) -> Lie:
    """A lie in which this stands in place of the ``index``-th answer."""

    def lie(show: Show, memory: Memory) -> Show:
        place = _at(show, index)
        if place is None:
            return show
        answer = show[place]
        assert isinstance(answer, NodeAnswer)
        return (*show[:place], *change(answer, memory), *show[place + 1 :])

    return lie


def _noise(answer: NodeAnswer) -> NodeAnswer:
    """Random bytes of the right size."""
    return replace(answer, sealed=secrets.token_bytes(len(answer.sealed)))


# ---- the lies ----------------------------------------------------------------------------------


def drop(index: int) -> Lie:
    return _to_one(index, lambda answer, _: ())


def duplicate(index: int) -> Lie:
    return _to_one(index, lambda answer, _: (answer, answer))


def flip(index: int, byte: int) -> Lie:
    """One bit of the seal."""

    def change(answer: NodeAnswer, _: Memory) -> Show:
        sealed = bytearray(answer.sealed)
        sealed[byte % len(sealed)] ^= 1
        return (replace(answer, sealed=bytes(sealed)),)

    return _to_one(index, change)


def overwrite(index: int) -> Lie:
    return _to_one(index, lambda answer, _: (_noise(answer),))


def cut(index: int, size: int) -> Lie:
    return _to_one(index, lambda a, _: (replace(a, sealed=a.sealed[: size % len(a.sealed)]),))


def junk_before(index: int) -> Lie:
    return _to_one(index, lambda answer, _: (_noise(answer), answer))


def junk_after(index: int) -> Lie:
    return _to_one(index, lambda answer, _: (answer, _noise(answer)))


def rename(index: int, node: MemberId) -> Lie:
    """The answer of one node under another's name."""
    return _to_one(index, lambda answer, _: (replace(answer, node=node),))


def renumber(index: int, part: int) -> Lie:
    return _to_one(index, lambda answer, _: (replace(answer, part=part),))


def swap(one: int, other: int) -> Lie:
    """Two answers change their seals: each stands under the other's name and part."""

    def lie(show: Show, _: Memory) -> Show:
        a, b = _at(show, one), _at(show, other)
        if a is None or b is None:
            return show
        first, second = show[a], show[b]
        assert isinstance(first, NodeAnswer)
        assert isinstance(second, NodeAnswer)
        swapped = list(show)
        swapped[a] = replace(first, sealed=second.sealed)
        swapped[b] = replace(second, sealed=first.sealed)
        return tuple(swapped)

    return lie


def from_another_query(index: int, *, instead: bool) -> Lie:
    """The same node's answer to another query, in place of its answer or before it."""

    def change(answer: NodeAnswer, memory: Memory) -> Show:
        old = [o for o in memory.answers if (o.node, o.part) == (answer.node, answer.part)]
        return (*old[-1:], *(() if instead and old else (answer,)))

    return _to_one(index, change)


def reverse() -> Lie:
    """Answers before Accepted, and Ended first of all."""
    return lambda show, _: show[::-1]


def accept(nodes: tuple[MemberId, ...], query_hash: bytes) -> Lie:
    """Claims these nodes and this query in Accepted."""
    return lambda show, _: tuple(
        Accepted(query_hash, nodes) if isinstance(s, Accepted) else s for s in show
    )


def nobody_was_silent() -> Lie:
    return lambda show, _: tuple(Ended(()) if isinstance(s, Ended) else s for s in show)


def end_before(index: int) -> Lie:
    return _to_one(index, lambda answer, _: (Ended(()), answer))


def never_end() -> Lie:
    return lambda show, _: (*(s for s in show if not isinstance(s, Ended)), Hang())


def wait_before(index: int, seconds: float) -> Lie:
    return _to_one(index, lambda answer, _: (Wait(seconds), answer))


def break_off_before(index: int, code: Code) -> Lie:
    return _to_one(index, lambda answer, _: (BreakOff(code), answer))


def refuse(code: Code) -> Lie:
    """Nothing is shown but an error, though the nodes were asked."""
    return lambda show, _: (BreakOff(code),)
