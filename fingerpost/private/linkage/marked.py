"""The marked records: children who do not exist, whom every import adds to an agency's records.

An agency that finds none of its children answers "nothing to disclose" to every question, as one
that knows none of them does. So each import adds a few records that must be found, and the node
asks for them each night (``agency_node.answering.self_test``): two are written as the question is,
and two with a slip, one of the ways in which records differ that ``misses`` counts.

Law: the records follow from the federation's name alone, so that whoever imports and whoever asks
make the same ones. They are the same at every agency, and no secret. No question about a child
opens one, and no question for one opens a child's record: their keys are evaluated in a domain of
their own (``blocking_keys.oprf_input``), so that no input of theirs is equal to a child's, whatever
the fields are. What a reader sees of them tells them apart as well: names that begin with "Zq", as
no name does, and numbers of the range that the NHS reserves for tests (999).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final

from fingerpost.private.demographics import Demographics, Sex, read_health_number
from fingerpost.private.linkage.agreement import Field, Level
from fingerpost.private.linkage.blocking_keys import blocking_keys, oprf_inputs
from fingerpost.private.linkage.blocking_rules import Scope, Side
from fingerpost.private.linkage.misses import slips_of
from fingerpost.private.linkage.normal_form import normalise
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import FederationId

BEGINNING: Final = "Zq"
_CONSONANTS: Final = "bdfgklmnprtv"
_VOWELS: Final = "aeiou"
_TEST_NUMBERS: Final = "999"
_SLIPS: Final[Sequence[tuple[Field, Level] | None]] = (
    None,
    None,
    (Field.BIRTH, Level.ONE_DIGIT),
    (Field.SURNAME, Level.NEAR),
)
"""Of each record: the slip with which it is written, or None where it is written as it is asked
for. The first alone has a number: with one, a slip would not matter."""


@dataclass(frozen=True, slots=True, repr=False)
class Marked:
    """One marked record. ``asked``: as the question has the child; ``held``: as the record does.

    ``exact``: both are the same.
    """

    asked: Demographics
    held: Demographics
    exact: bool

    def __repr__(self) -> str:
        return "Marked(…)"

    def asked_inputs(self) -> tuple[bytes, ...]:
        """Return the OPRF inputs of the question that lead to the record: of all records, at most
        ``limits.MARKED_QUESTION_KEYS``."""
        held = frozenset(self.held_inputs())
        return tuple(each for each in _inputs(self.asked, Side.QUERY) if each in held)

    def held_inputs(self) -> tuple[bytes, ...]:
        """Return those of the record, at most ``limits.BULK_KEYS_PER_CHILD``."""
        return _inputs(self.held, Side.RECORD)


@lru_cache(maxsize=8)
def marked_records(federation: FederationId) -> tuple[Marked, ...]:
    """Return the ``limits.MARKED_RECORDS`` marked records of a federation, always in one order."""
    if len(_SLIPS) != limits.MARKED_RECORDS:
        raise Defect("another number of marked records than the meters allow for")
    return tuple(_marked(federation, number, slip) for number, slip in enumerate(_SLIPS))


def _marked(federation: FederationId, number: int, slip: tuple[Field, Level] | None) -> Marked:
    seed = f"fingerpost/v1 marked record\0{federation}\0{number}".encode("ascii")
    drawn = hashlib.sha256(seed).digest()
    asked = Demographics(
        forename=_name(drawn[:6]),
        surname=_name(drawn[6:14]),
        dob=date(2009 + drawn[14] % 8, 1 + drawn[15] % 12, 13 + drawn[16] % 12),
        sex=list(Sex)[drawn[17] % 2],
        postcode=f"LL9{drawn[18] % 10} {drawn[19] % 10}Z{'ABDEF'[drawn[20] % 5]}",
        health_number="" if number else _test_number(int.from_bytes(drawn[21:25])),
    )
    if slip is None:
        return Marked(asked, asked, exact=True)
    written = [each.change for each in slips_of(asked) if (each.field, each.level) == slip]
    return Marked(asked, replace(asked, **written[-1]), exact=False)


def _name(drawn: bytes) -> str:
    """Return a name of one letter for each byte, behind the beginning."""
    alphabets = (_VOWELS, _CONSONANTS)
    letters = (alphabets[at % 2][byte % len(alphabets[at % 2])] for at, byte in enumerate(drawn))
    return BEGINNING + "".join(letters)


def _test_number(drawn: int) -> str:
    """Return a number of the reserved range with its check digit, which one number in eleven does
    not have."""
    numbers = (
        f"{_TEST_NUMBERS}{(drawn + more) % 10**6:06}{check}"
        for more in range(11)
        for check in range(10)
    )
    return next(number for number in numbers if read_health_number(number) is not None)


def _inputs(child: Demographics, side: Side) -> tuple[bytes, ...]:
    return oprf_inputs(blocking_keys(normalise(child), side=side, scope=Scope.WIDE), marked=True)
