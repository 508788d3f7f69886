"""From OPRF inputs to tags with the help of both key holders, for a lookup and for an import.

Pure but for the randomness that comes in. Each holder gets blinds of its own (attack: two holders
that compare what they see). In a lookup neither learns how many real keys a question has: it always
sees 32 elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fingerpost.private.locators import tag
from fingerpost.private.oprf import BlindedBatch
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Blinded, Evaluated, Workload


class TwoBatches:
    """The same inputs, blinded once for each key holder.

    It holds the blinds, so it cannot leave the process that made it.
    """

    def __init__(
        self,
        inputs: Sequence[bytes],
        epoch: EpochNumber,
        keys: tuple[bytes, bytes],
        workload: Workload,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """
        Args:
            inputs: 1 to 32 of them in a lookup, 1 to 256 in an import.
            keys: the holders' public keys of the epoch, 32 bytes each, from the member list and
                from nowhere else, in the order that the parameters name the holders.

        Raises:
            Defect: too few or too many inputs, or one of a wrong size.
        """
        self._keys = keys
        self._batches = tuple(
            BlindedBatch.blind(inputs, epoch=epoch, workload=workload, random_bytes=random_bytes)
            for _ in keys
        )

    @property
    def messages(self) -> tuple[Blinded, Blinded]:
        """What each holder is sent, in the order of the keys."""
        first, second = self._batches
        return first.message, second.message

    def finalise(self, evaluated: tuple[Evaluated, Evaluated]) -> tuple[bytes, ...]:
        """Return the tags (32 bytes each), in the order of the inputs.

        Raises:
            Refused: BAD_PROOF, an answer that is not of the holder's key or not of these elements.
        """
        first, second = (
            batch.finalise(answer, key)
            for batch, answer, key in zip(self._batches, evaluated, self._keys, strict=True)
        )
        return tuple(tag(a, b) for a, b in zip(first, second, strict=True))
