"""Normal form → blocking keys: the bounded, ordered set that a child is found by.

What lives here: the choice among the combinations, the bounds and the encoding of a key as an OPRF
input. What must not: how a value is formed. Invariants: a query has at most 32 keys, a record at
most 25; no key twice; the order and what is dropped depend on the form alone; a key never leaves
this process except blinded, and is never printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.private.linkage.combinations import RULE_DEFINITIONS
from fingerpost.private.linkage.ingredients import ingredients
from fingerpost.private.linkage.kinds import BlockingRule, Scope, Side
from fingerpost.private.linkage.normal_form import NormalForm
from fingerpost.private.linkage.pieces import pieces
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect

_DOMAIN: Final = b"fingerpost/v1"
_FIRST_PLACES: Final = 4
"""So many keys of a kind keep the kind's place; further ones stand behind all kinds."""
_MOST_OF_A_KIND: Final = {
    BlockingRule.NK: 12,
    BlockingRule.SW: 3,
    # What a child without a place is found by must not push out what all others are found by.
    BlockingRule.NO_PLACE_NAMES_DATE_Q: 2,
    BlockingRule.NO_PLACE_NAMES_DATE_R: 2,
    BlockingRule.NO_PLACE_SOUNDS_DATE_Q: 1,
    BlockingRule.NO_PLACE_SOUNDS_DATE_R: 1,
}


MOST_KEYS: Final = {Side.QUERY: limits.LOCATORS, Side.RECORD: limits.BULK_KEYS_PER_CHILD}


@dataclass(frozen=True, slots=True, repr=False)
class BlockingKey:
    """A compound of attributes that few other children share. It is personal data."""

    rule: BlockingRule
    value: bytes

    def __repr__(self) -> str:
        return f"BlockingKey({self.rule.name}, …)"


def blocking_keys(
    form: NormalForm, *, side: Side, scope: Scope, upn: bool = False
) -> tuple[BlockingKey, ...]:
    """The keys of a child, the strongest first.

    A record takes ``Scope.WIDE``, which contains the narrow keys, so that it is found by either.
    ``upn``: whether the agreement lets the pupil number be used; never otherwise.
    """
    of = pieces(ingredients(form))
    first: list[BlockingKey] = []
    behind: list[BlockingKey] = []
    for combination in RULE_DEFINITIONS:
        if combination.scope > scope or (combination.rule is BlockingRule.UPN and not upn):
            continue
        if not combination.is_made_by(side, of):
            continue
        most = _MOST_OF_A_KIND.get(combination.rule, _FIRST_PLACES)
        keys = [
            BlockingKey(combination.rule, "|".join(value).encode("ascii"))
            for _, value in zip(range(most), combination.recipe.values(of), strict=False)
        ]
        first += keys[:_FIRST_PLACES]
        behind += keys[_FIRST_PLACES:]
    return tuple(dict.fromkeys(first + behind))[: MOST_KEYS[side]]


def oprf_input(key: BlockingKey, version: int) -> bytes:
    """The bytes that are blinded: domain, normalisation version, kind and value.

    Each part is preceded by its length (two bytes, big-endian), so that no two inputs run together;
    version and kind are two bytes, big-endian. Raises ``Defect`` if a part does not fit.
    """
    parts = (_DOMAIN, _two_bytes(version), _two_bytes(key.rule), key.value)
    return b"".join(_two_bytes(len(part)) + part for part in parts)


def _two_bytes(number: int) -> bytes:
    if not 0 <= number <= 0xFFFF:
        raise Defect("a part of an OPRF input does not fit two bytes")
    return number.to_bytes(2, "big")
