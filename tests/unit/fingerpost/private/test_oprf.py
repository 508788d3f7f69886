"""The OPRF against RFC 9497's vectors, against libsodium, and against whoever cheats."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voprf import ristretto

from fakes.refusals import refused
from fingerpost.private.oprf import KEY_INFO, BlindedBatch, EvaluatorKey
from fingerpost.protocol.errors import Code, Defect
from fingerpost.protocol.ids import EpochNumber
from fingerpost.protocol.messages import Blinded, Evaluated, Workload
from unit.fingerpost.private import second_opinion

EPOCH = EpochNumber(1)
IDENTITY = bytes(32)
RFC: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "vectors/rfc9497-ristretto255-voprf.json").read_text("utf-8")
)
RFC_SEED, RFC_INFO = bytes.fromhex(RFC["seed"]), bytes.fromhex(RFC["keyInfo"])


def _split(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


def _blind(inputs: list[bytes], workload: Workload = Workload.BULK) -> BlindedBatch:
    return BlindedBatch.blind(
        inputs, epoch=EPOCH, workload=workload, random_bytes=secrets.token_bytes
    )


@pytest.fixture(scope="module")
def key() -> EvaluatorKey:
    return EvaluatorKey(bytes(range(32)))


def test_the_library_and_the_second_opinion_derive_the_rfc_key() -> None:
    evaluator = ristretto.Evaluator.from_seed(RFC_SEED, RFC_INFO)
    assert evaluator.public_key.serialize().hex() == RFC["pkSm"]
    secret = second_opinion.derive_secret_key(RFC_SEED, RFC_INFO)
    assert secret.hex() == RFC["skSm"]
    assert second_opinion.public_key(secret).hex() == RFC["pkSm"]


@pytest.mark.parametrize("vector", RFC["vectors"], ids=range(len(RFC["vectors"])))
def test_rfc_vectors(vector: dict[str, Any]) -> None:
    inputs, blinds = _split(vector["Input"]), _split(vector["Blind"])
    blinded, evaluated = _split(vector["BlindedElement"]), _split(vector["EvaluationElement"])
    outputs, proof = _split(vector["Output"]), bytes.fromhex(vector["Proof"])
    evaluator = ristretto.Evaluator.from_seed(RFC_SEED, RFC_INFO)

    assert [evaluator.evaluate_known_input(x) for x in inputs] == outputs
    message = evaluator.evaluate_batch([ristretto.BlindedInput.deserialize(b) for b in blinded])
    assert message.serialize()[64:] == b"".join(evaluated)

    for x, blind, sent, back, output in zip(
        inputs, blinds, blinded, evaluated, outputs, strict=True
    ):
        assert second_opinion.times(blind, second_opinion.hash_to_group(x)) == sent
        assert second_opinion.times(bytes.fromhex(RFC["skSm"]), sent) == back
        assert second_opinion.finalise(x, second_opinion.unblind(blind, back)) == output
    public = bytes.fromhex(RFC["pkSm"])
    assert second_opinion.proof_holds(public, blinded, evaluated, proof)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    inputs=st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5),
)
def test_every_step_agrees_with_libsodium(seed: bytes, inputs: list[bytes]) -> None:
    key = EvaluatorKey(seed)
    secret = second_opinion.derive_secret_key(seed, KEY_INFO)
    assert key.public_key == second_opinion.public_key(secret)

    batch = _blind(inputs)
    evaluated = key.evaluate(batch.message)
    expected = tuple(second_opinion.times(secret, e) for e in batch.message.elements)
    assert evaluated.elements == expected
    assert second_opinion.proof_holds(
        key.public_key, batch.message.elements, evaluated.elements, evaluated.proof
    )
    outputs = batch.finalise(evaluated, key.public_key)
    assert outputs == tuple(second_opinion.evaluate(secret, x) for x in inputs)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=32))
def test_a_lookup_gives_what_single_evaluations_give(inputs: list[bytes]) -> None:
    key = EvaluatorKey(bytes(range(32)))
    lookup = _blind(inputs, Workload.LOOKUP)
    assert len(lookup.message.elements) == 32
    together = lookup.finalise(key.evaluate(lookup.message), key.public_key)
    singles: list[bytes] = []
    for x in inputs[:3]:
        one = _blind([x])
        singles += one.finalise(key.evaluate(one.message), key.public_key)
    assert len(together) == len(inputs)
    assert list(together[:3]) == singles


def test_two_holders_know_two_functions() -> None:
    first, second = EvaluatorKey(bytes(32)), EvaluatorKey(bytes([1]) * 32)
    a, b = _blind([b"x"]), _blind([b"x"])
    assert a.message.elements != b.message.elements
    f_a = a.finalise(first.evaluate(a.message), first.public_key)
    f_b = b.finalise(second.evaluate(b.message), second.public_key)
    assert f_a != f_b
    with refused(Code.BAD_PROOF):  # one holder's answer in the other's place
        a.finalise(second.evaluate(a.message), first.public_key)


NOT_POINTS = [
    pytest.param(IDENTITY, id="identity"),
    pytest.param(b"\xff" * 32, id="not reduced"),
    pytest.param((2**255 - 19).to_bytes(32, "little"), id="zero, not canonical"),
    pytest.param((1).to_bytes(32, "little"), id="negative"),
    pytest.param((2**255 - 20).to_bytes(32, "little"), id="minus one"),
    pytest.param(bytes([2]) + bytes(31), id="on no curve"),
]


@pytest.mark.parametrize("element", NOT_POINTS)
def test_a_holder_multiplies_nothing_but_points(element: bytes, key: EvaluatorKey) -> None:
    good = _blind([b"x"]).message.elements[0]
    with refused(Code.MALFORMED):
        key.evaluate(Blinded(EPOCH, Workload.BULK, (good, element)))


@pytest.mark.parametrize("element", NOT_POINTS)
def test_a_requester_takes_nothing_but_points(element: bytes, key: EvaluatorKey) -> None:
    batch = _blind([b"x", b"y"])
    good = key.evaluate(batch.message)
    with refused(Code.BAD_PROOF):
        batch.finalise(Evaluated((good.elements[0], element), good.proof), key.public_key)


@pytest.mark.parametrize("position", [0, 1, 31, 32, 33, 63])
def test_a_false_proof_is_refused_and_ends_nothing(position: int, key: EvaluatorKey) -> None:
    batch = _blind([b"x", b"y"])
    good = key.evaluate(batch.message)
    proof = bytearray(good.proof)
    proof[position] ^= 1
    with refused(Code.BAD_PROOF):
        batch.finalise(Evaluated(good.elements, bytes(proof)), key.public_key)
    assert batch.finalise(good, key.public_key)  # the batch survives the library's panic


@pytest.mark.parametrize("order", [(1, 0), (0,)], ids=["turned", "fewer"])
def test_elements_in_another_order_or_number_are_refused(
    order: tuple[int, ...], key: EvaluatorKey
) -> None:
    batch = _blind([b"x", b"y"])
    good = key.evaluate(batch.message)
    elements = tuple(good.elements[i] for i in order)
    with refused(Code.BAD_PROOF):
        batch.finalise(Evaluated(elements, good.proof), key.public_key)


@pytest.mark.parametrize("public_key", [IDENTITY, b"\xff" * 32, b"short"])
def test_a_public_key_that_is_none_is_refused(public_key: bytes, key: EvaluatorKey) -> None:
    batch = _blind([b"x"])
    with refused(Code.BAD_PROOF):
        batch.finalise(key.evaluate(batch.message), public_key)


def test_only_a_panic_of_the_library_is_caught(
    key: EvaluatorKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = _blind([b"x"])
    evaluated = key.evaluate(batch.message)

    class Interrupted:
        @staticmethod
        def finalize_batch(*_: object) -> list[bytes]:
            raise KeyboardInterrupt

    monkeypatch.setattr(ristretto, "Client", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        batch.finalise(evaluated, key.public_key)


@pytest.mark.parametrize(
    ("inputs", "workload"),
    [
        ([], Workload.LOOKUP),
        ([b"x"] * 33, Workload.LOOKUP),
        ([], Workload.BULK),
        ([b"x"] * 257, Workload.BULK),
        ([b""], Workload.BULK),
        ([bytes(2**16)], Workload.BULK),
    ],
)
def test_our_own_mistakes_are_defects(inputs: list[bytes], workload: Workload) -> None:
    with pytest.raises(Defect):
        _blind(inputs, workload)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_has_32_bytes(size: int) -> None:
    with pytest.raises(Defect):
        EvaluatorKey(bytes(size))


def test_padding_comes_from_the_source_given() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return secrets.token_bytes(count)

    BlindedBatch.blind([b"x"] * 30, epoch=EPOCH, workload=Workload.LOOKUP, random_bytes=source)
    assert asked == [32, 32]


def test_nothing_secret_is_printed(key: EvaluatorKey) -> None:
    batch = _blind([b"anna"], Workload.LOOKUP)
    assert repr(key) == "EvaluatorKey(…)"
    assert repr(batch) == "BlindedBatch(Blinded(LOOKUP, 32))"
