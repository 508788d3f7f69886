"""The function of two parties that turns a blocking key into a number that neither can compute
alone.

Law: this is the only module of ``private`` that a key holder loads, so it imports nothing else of
it and knows bytes, never a person. It is VOPRF(ristretto255, SHA-512), RFC 9497 mode 1, by the
library ``voprf``. The library's failures end here: they become ``Refused``, never with the
library's text.

The library blinds with randomness of its own from the operating system (it takes none); padding
inputs come from the ``random_bytes`` given. Evaluation and finalisation hold the interpreter's lock
(about 0.13 and 0.2 ms an element), so a key holder evaluates in processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from voprf import ristretto

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Blinded, Evaluated, Workload

SEED_BYTES: Final = 32
KEY_INFO: Final = b"fingerpost/v1 oprf"
"""RFC 9497's ``info`` of DeriveKeyPair."""

_PADDING_BYTES: Final = 32
_PROOF_BYTES: Final = 64
_INPUT_BYTES: Final = 0xFFFF  # RFC 9497: inputs are shorter than 2^16


class EvaluatorKey:
    """A key holder's key of one epoch, derived from 32 random bytes (RFC 9497, DeriveKeyPair with
    ``KEY_INFO``).

    It cannot be pickled: each worker process makes it from the seed.

    Raises:
        Defect: The seed has another size.
    """

    __slots__ = ("_evaluator", "_public_key")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise Defect("an evaluator's seed has 32 bytes")
        self._evaluator = ristretto.Evaluator.from_seed(seed, KEY_INFO)
        self._public_key = self._evaluator.public_key.serialize()

    def __repr__(self) -> str:
        return "EvaluatorKey(…)"

    @property
    def public_key(self) -> bytes:
        """The public key, 32 bytes, as it stands in the member list."""
        return self._public_key

    def evaluate(self, blinded: Blinded) -> Evaluated:
        """Return every element multiplied by the key, and one proof for all (RFC 9497,
        BlindEvaluate).

        Raises:
            Refused: MALFORMED, an element is no canonical encoding of a point, or is the identity
                (attack: small or invalid points probe the key; ristretto255 leaves only these two
                to refuse).
        """
        try:
            points = [ristretto.BlindedInput.deserialize(e) for e in blinded.elements]
            output = self._evaluator.evaluate_batch(points).serialize()
        except ValueError:
            raise Refused(Code.MALFORMED, "blinded.elements") from None
        # The library writes the proof first, then the elements in the order given.
        elements = output[_PROOF_BYTES:]
        size = limits.POINT_BYTES
        return Evaluated(
            tuple(elements[i : i + size] for i in range(0, len(elements), size)),
            output[:_PROOF_BYTES],
        )


class BlindedBatch:
    """Inputs blinded for one key holder, with the secrets that unblind the outputs.

    Each holder gets a batch of its own: the same blinds at both would let two holders see that they
    serve one lookup.
    """

    __slots__ = ("_clients", "_real", "message")

    message: Blinded

    def __init__(self, clients: list[ristretto.Client], real: int, message: Blinded) -> None:
        self._clients = clients
        self._real = real
        self.message = message

    def __repr__(self) -> str:
        return f"BlindedBatch({self.message!r})"

    @classmethod
    def blind(
        cls,
        inputs: Sequence[bytes],
        *,
        epoch: EpochNumber,
        workload: Workload,
        random_bytes: Callable[[int], bytes],
    ) -> BlindedBatch:
        """Blind a batch of inputs.

        A LOOKUP has 1 to 32 inputs and is filled up to 32 with random ones, so that the holder does
        not learn how much the requester knows; a BULK has 1 to 256.

        Raises:
            Defect: Another number of inputs, or an input that is empty or has 2^16 bytes.
        """
        lookup = workload is Workload.LOOKUP
        most = limits.LOCATORS if lookup else limits.BATCH_ELEMENTS
        if not 1 <= len(inputs) <= most:
            raise Defect("too many or too few inputs for one batch")
        if not all(1 <= len(x) <= _INPUT_BYTES for x in inputs):
            raise Defect("an OPRF input is empty or too long")
        filler = limits.LOCATORS - len(inputs) if lookup else 0
        padded = [*inputs, *(random_bytes(_PADDING_BYTES) for _ in range(filler))]
        try:
            pairs = [ristretto.Client.blind(x) for x in padded]
        except ValueError:
            raise Defect("an OPRF input cannot be blinded") from None
        elements = tuple(point.serialize() for _, point in pairs)
        clients = [client for client, _ in pairs]
        return cls(clients, len(inputs), Blinded(epoch, workload, elements))

    def finalise(self, evaluated: Evaluated, public_key: bytes) -> tuple[bytes, ...]:
        """Return F(x), 64 bytes each, of the real inputs in their order, once the proof holds.

        ``public_key`` comes from the member list and from nowhere else.

        Raises:
            Refused: BAD_PROOF (attack: a holder that answers with a key of its own for one member
                marks that member's lookups).
        """
        if len(evaluated.elements) != len(self._clients):
            raise Refused(Code.BAD_PROOF, "evaluated.elements")
        try:
            key = ristretto.PublicKey.deserialize(public_key)
            output = ristretto.VerifiableBatchOutput.deserialize(
                evaluated.proof + b"".join(evaluated.elements)
            )
            values = ristretto.Client.finalize_batch(self._clients, output, key)
        except ValueError:
            raise Refused(Code.BAD_PROOF, "evaluated.proof") from None
        except BaseException as error:
            # voprf 0.2 panics on a proof that does not hold, and a panic is no Exception:
            # unhandled, one false answer of a key holder would end the requester's process.
            if type(error).__name__ != "PanicException":
                raise
            raise Refused(Code.BAD_PROOF, "evaluated.proof") from None
        return tuple(values[: self._real])
