"""The key holders, the peppers and a quiet log of the simulated federation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.federations import HOLDERS, requester_key
from fingerpost.private.locators import Pepper, TwoBatches
from fingerpost.private.oprf import EvaluatorKey
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import EpochNumber, FederationId, MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload

FEDERATION = FederationId("simulated")
GATEWAY = MemberId("gateway")


class QuietLog:
    """Takes every event and keeps it: ``events`` by name, ``lines`` as they would be written."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.lines: list[str] = []

    def _take(self, event: str, /, **fields: object) -> None:
        self.events.append(event)
        self.lines.append(" ".join([event, *(f"{k}={v!r} {v}" for k, v in fields.items())]))

    debug = info = warning = error = _take


@dataclass
class Holders:
    """Both key holders. ``received`` is all they saw; ``down`` are those that do not answer,
    ``lying`` those that evaluate under another key than the member list has of them.

    Tags once made are kept: worlds that share their holders (with the same keys for the same epoch)
    are quick to build.
    """

    seeds: dict[EpochNumber, tuple[bytes, bytes]] = field(default_factory=dict)
    received: list[bytes] = field(default_factory=list)
    down: set[MemberId] = field(default_factory=set)
    lying: set[MemberId] = field(default_factory=set)
    _known: dict[tuple[EpochNumber, bytes], bytes] = field(default_factory=dict)

    def alike(self) -> Holders:
        """With the same keys, fresh otherwise."""
        return replace(self, received=[], down=set(), lying=set())

    def open(self, number: EpochNumber) -> dict[MemberId, bytes]:
        self.seeds.setdefault(number, (secrets.token_bytes(32), secrets.token_bytes(32)))
        keys = (EvaluatorKey(seed).public_key for seed in self.seeds[number])
        return dict(zip(HOLDERS, keys, strict=True))

    def call(self, index: int, blinded: Blinded) -> Evaluated:
        if HOLDERS[index] in self.down:
            raise Refused(Code.UNAVAILABLE, "key holder")
        self.received.append(b"".join(blinded.elements))
        seed = self.seeds[blinded.epoch][index]
        if HOLDERS[index] in self.lying:
            seed = seed[::-1]
        return EvaluatorKey(seed).evaluate(blinded)

    def _batches(self, inputs: Sequence[bytes], epoch: Epoch, workload: Workload) -> TwoBatches:
        keys = (epoch.holder_keys[HOLDERS[0]], epoch.holder_keys[HOLDERS[1]])
        return TwoBatches(inputs, epoch.number, keys, workload, secrets.token_bytes)

    async def evaluate(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        batches = self._batches(inputs, epoch, Workload.LOOKUP)
        first, second = batches.messages
        return batches.finalise((self.call(0, first), self.call(1, second)))

    def tags(self, inputs: Sequence[bytes], epoch: Epoch) -> tuple[bytes, ...]:
        """For records. An import has patience: it ends after the holders' faults do."""
        missing = [x for x in dict.fromkeys(inputs) if (epoch.number, x) not in self._known]
        for start in range(0, len(missing), limits.BATCH_ELEMENTS):
            part = missing[start : start + limits.BATCH_ELEMENTS]
            batches = self._batches(part, epoch, Workload.BULK)
            first, second = batches.messages
            self.received += [b"".join(first.elements), b"".join(second.elements)]
            one, other = map(EvaluatorKey, self.seeds[epoch.number])
            made = batches.finalise((one.evaluate(first), other.evaluate(second)))
            self._known |= {(epoch.number, x): tag for x, tag in zip(part, made, strict=True)}
        return tuple(self._known[epoch.number, x] for x in inputs)


@dataclass
class Peppers:
    """The peppers of the federation, as each member would hold them."""

    first: dict[EpochNumber, Pepper] = field(default_factory=dict)
    missing: set[EpochNumber] = field(default_factory=set)
    keyless: set[EpochNumber] = field(default_factory=set)

    def pepper(self, epoch: EpochNumber, day: int) -> Pepper:
        if epoch in self.missing or epoch not in self.first:
            raise Refused(Code.NOT_READY, "pepper")
        return self.first[epoch].at(day)

    def requester_key(self, epoch: EpochNumber) -> Ed25519PrivateKey:
        if epoch in self.keyless:
            raise Refused(Code.NOT_READY, "requesters' key")
        return requester_key(epoch)
