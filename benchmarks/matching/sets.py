"""The keys as sets: what the product asks narrow and wide, and the narrow set with other bounds.

Of a child's form on one side, each key comes with the sets that have it, for ``exposure.meet`` and
``recalled`` to take. Sets are made of ``RULE_DEFINITIONS`` as shipped; no rule is named here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.matching.exposure import Keying
from benchmarks.matching.solver import Mask
from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import RULE_DEFINITIONS, NormalForm, Scope, Side, blocking_keys
from fingerpost.private.linkage.blocking_keys import key_parts
from fingerpost.private.linkage.blocking_rules import FAR, Part, Parts, RuleDefinition

NARROW: Final[Mask] = 1
WIDE: Final[Mask] = 2
_RECORDED: Final = NARROW | WIDE  # a record offers the wide keys, which hold the narrow ones
_FIRST_BOUND: Final = 2

BOUNDS: Final = tuple(sorted({0.0, 26.0, 27.0, 28.0, 29.0, 30.0, 31.0, FAR}))
"""Bits that a narrow key must give: 0 does not bind at all, ``FAR`` is what is shipped."""
_ALL: Final[Mask] = (1 << len(BOUNDS)) - 1


def bound(bits: float) -> Mask:
    """Return the narrow set with another bound than ``FAR``; ``bits`` is one of ``BOUNDS``."""
    return 1 << _FIRST_BOUND + BOUNDS.index(bits)


def shipped(form: NormalForm, side: Side) -> dict[object, Mask]:
    """Return the keys of the product's own ``blocking_keys``, its limits on numbers of keys
    included.
    """
    if side is Side.RECORD:
        keys = blocking_keys(form, side=side, scope=Scope.WIDE)
        return dict.fromkeys(keys, _RECORDED)
    found: dict[object, Mask] = {}
    for scope, mask in ((Scope.NARROW, NARROW), (Scope.WIDE, WIDE)):
        for key in blocking_keys(form, side=side, scope=scope):
            found[key] = found.get(key, 0) | mask
    return found


def by_bound(form: NormalForm, side: Side) -> dict[object, Mask]:
    """Return the narrow keys under each of ``BOUNDS``, before limits on their number.

    They are of names, dates and places alone: no two children have one number, but two populations
    may have drawn the same.
    """
    of = key_parts(replace(form, health_number=None, upn=None))
    found: dict[object, Mask] = {}
    for place, (definition, bounded) in enumerate(_NARROW):
        if definition.applies_to(side, of):
            for value, mask in values(definition, bounded, of):
                key = place, value
                found[key] = found.get(key, 0) | mask << _FIRST_BOUND
    return found


def both(form: NormalForm, side: Side) -> dict[object, Mask]:
    return shipped(form, side) | by_bound(form, side)


@dataclass(frozen=True, slots=True)
class Bounded:
    """Which of a rule's limits is ``FAR``, and so moves."""

    least: bool
    below: bool


def values(
    definition: RuleDefinition, bounded: Bounded, of: Parts
) -> Iterator[tuple[tuple[str, ...], Mask]]:
    """Return the values of a rule with each of ``BOUNDS`` in the place of ``FAR``, each value
    once.
    """
    ladder = definition.places(of)
    for name in definition.names(of):
        for when in definition.date(of):
            given = name.bits + when.bits
            wanted = _ALL
            if bounded.below:
                wanted &= ~_up_to(given)
            elif given >= definition.below_bits:
                continue
            for rung in ladder:
                enough = _enough(definition, bounded, given, rung) & wanted
                if enough:
                    wanted &= ~enough
                    if all(rung.texts):
                        yield name.texts + when.texts + rung.texts, enough
                if not wanted:
                    break


def _enough(definition: RuleDefinition, bounded: Bounded, given: float, rung: Part) -> Mask:
    if bounded.least:
        return _up_to(given + rung.bits)
    return _ALL if given + rung.bits >= definition.least_bits else 0


def _up_to(bits: float) -> Mask:
    """Return the bounds that ``bits`` reach."""
    return (1 << bisect_right(BOUNDS, bits)) - 1


def _narrow() -> Iterator[tuple[RuleDefinition, Bounded]]:
    for definition in RULE_DEFINITIONS:
        if definition.scope is Scope.NARROW:
            yield definition, Bounded(definition.least_bits == FAR, definition.below_bits == FAR)


_NARROW: Final = tuple(_narrow())


def without_numbers(record: Demographics) -> Demographics:
    return replace(record, health_number="", upn="")


def recalled(asked: NormalForm, record: NormalForm, keying: Keying) -> Mask:
    """Return the sets in which a question opens a record."""
    wanted = keying(asked, Side.QUERY)
    opens = 0
    for key, mask in keying(record, Side.RECORD).items():
        opens |= mask & wanted.get(key, 0)
    return opens
