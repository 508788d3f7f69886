"""From blocking keys to tags, with the help of both key holders. Pure but for the randomness that comes in.

Each holder gets blinds of its own (attack: two holders that compare what they see). Neither learns how many real keys
a question has: a lookup is always 32 elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fingerpost.private.locators import tag
from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol.federation import Epoch
from fingerpost.protocol.ids import MemberId
from fingerpost.protocol.messages import Blinded, Evaluated, Workload


class TwoBatches:
    """The same inputs, blinded once for each holder. ``holders``: in the order of the parameters."""

    def __init__(
        self,
        inputs: Sequence[bytes],
        epoch: Epoch,
        holders: tuple[MemberId, MemberId],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._keys = tuple(epoch.holder_keys[holder] for holder in holders)
        self._batches = tuple(
            BlindedBatch.blind(
                inputs, epoch=epoch.number, workload=Workload.LOOKUP, random_bytes=random_bytes
            )
            for _ in holders
        )

    @property
    def messages(self) -> tuple[Blinded, Blinded]:
        first, second = self._batches
        return first.message, second.message

    def finalise(self, evaluated: tuple[Evaluated, Evaluated]) -> tuple[bytes, ...]:
        """The tags, in the order of the inputs. Raises ``Refused(BAD_PROOF)``."""
        first, second = (
            batch.finalise(answer, key)
            for batch, answer, key in zip(self._batches, evaluated, self._keys, strict=True)
        )
        return tuple(tag(a, b) for a, b in zip(first, second, strict=True))
