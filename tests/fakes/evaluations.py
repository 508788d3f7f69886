"""Both key holders in this process, with real keys: for tests that import without a network.

``LocalKeyHolders`` implements the port ``KeyHolders`` of ``agency_node.records``; ``LocalTags``
implements ``Tags`` over it, without worker processes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from fakes.federations import HOLDERS, public, requester_key
from fingerpost.private.locators import TwoBatches
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import EpochNumber, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload


class Metered:
    """``evaluated``, ``batches``: elements at each holder so far, in how many batches. ``refuse``:
    set it, and every batch is refused with it, after ``refuse_after`` batches more."""

    def __init__(self) -> None:
        self.evaluated = 0
        self.batches = 0
        self.refuse: Refused | None = None
        self.refuse_after = 0

    def meter(self, elements: int) -> None:
        if self.refuse is not None:
            if self.refuse_after <= 0:
                raise self.refuse
            self.refuse_after -= 1
        self.evaluated += elements
        self.batches += 1


class LocalKeyHolders(Metered):
    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[EpochNumber, tuple[EvaluatorKey, EvaluatorKey]] = {}

    def epoch(self, number: int, *, index_from: int, starts_at: int, ends_at: int) -> Epoch:
        """A new epoch with keys of its own."""
        epoch = EpochNumber(number)
        keys = EvaluatorKey(secrets.token_bytes(32)), EvaluatorKey(secrets.token_bytes(32))
        self._keys[epoch] = keys
        keys_of = dict(zip(HOLDERS, (key.public_key for key in keys), strict=True))
        shared = public(requester_key(epoch))
        return Epoch(epoch, index_from, starts_at, ends_at, keys_of, shared)

    async def evaluate(self, batches: tuple[Blinded, Blinded]) -> tuple[Evaluated, Evaluated]:
        one, other = batches
        self.meter(len(one.elements))
        first, second = self._keys[one.epoch]
        return first.evaluate(one), second.evaluate(other)


class LocalTags:
    def __init__(self, holders: LocalKeyHolders) -> None:
        self._holders = holders

    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        assert 1 <= len(inputs) <= limits.BATCH_ELEMENTS
        keys = (epoch.holder_keys[holders[0]], epoch.holder_keys[holders[1]])
        batches = TwoBatches(inputs, epoch.number, keys, Workload.BULK, secrets.token_bytes)
        return batches.finalise(await self._holders.evaluate(batches.messages))


class QuickTags(Metered):
    async def tags(
        self, inputs: Sequence[bytes], epoch: Epoch, holders: tuple[MemberId, MemberId]
    ) -> tuple[bytes, ...]:
        assert 1 <= len(inputs) <= limits.BATCH_ELEMENTS
        self.meter(len(inputs))
        domain = f"{epoch.number} {holders[0]} {holders[1]} ".encode()
        return tuple(hashlib.sha256(domain + x).digest() for x in inputs)
