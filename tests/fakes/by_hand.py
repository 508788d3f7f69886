"""A thread that works when the test says so, taking no time of any clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class ByHand(Executor):
    """``step`` does one piece of what was submitted, in the order it came."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._steps.append((future, lambda: fn(*args, **kwargs)))
        return future

    def __len__(self) -> int:
        """How much waits to be done."""
        return len(self._steps)

    def step(self) -> None:
        future, work = self._steps.popleft()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - as a thread does
            future.set_exception(error)
