"""Names: how they are written, which sex a forename suggests, and the invented staff.

The lists of names are in ``data/names.json``. Invariants: a forename found in a table always
gives the same sex; ``clearly_different`` is stricter than any matcher's tolerance, so that what
rests on it (twins) is beyond argument.
"""

from __future__ import annotations

import json
import re
from functools import cache
from random import Random
from typing import Final

import jellyfish
from nicknames import NickNamer

from deploy.demo.people.agencies import DATA
from fingerpost.private.demographics import Sex

_LISTS: Final = {
    name: tuple(" ".join(lines).split())
    for name, lines in json.loads((DATA / "names.json").read_text(encoding="utf-8")).items()
}
FEMALE: Final = _LISTS["female"]
MALE: Final = _LISTS["male"]
STAFF_FORENAMES: Final = _LISTS["staff_forenames"]
STAFF_SURNAMES: Final = _LISTS["staff_surnames"]

_WORD: Final = re.compile(r"[^\W\d_]+")
_SEX: Final = {
    name.lower(): sex for sex, names in ((Sex.MALE, MALE), (Sex.FEMALE, FEMALE)) for name in names
}


def proper(name: str) -> str:
    """Return a name as it is written: ``o'shannessy`` becomes ``O'Shannessy``.

    A stray space of a published error stays.
    """
    return _WORD.sub(lambda word: word[0].capitalize(), name)


def sex_of(forename: str, rng: Random) -> Sex:
    """Return the sex by the table; else drawn.

    One number is drawn always, so that the table does not shift later draws.
    """
    drawn = rng.choice((Sex.FEMALE, Sex.MALE))
    return _SEX.get(forename.lower(), drawn)


def middle_name(sex: Sex, rng: Random) -> str:
    return rng.choice(FEMALE if sex is Sex.FEMALE else MALE)


def sounds_alike(one: str, other: str) -> bool:
    """Return whether the American Soundex of the letters alone is equal.

    An empty name sounds like nothing.
    """
    first, second = _letters(one), _letters(other)
    return bool(first and second) and jellyfish.soundex(first) == jellyfish.soundex(second)


def clearly_different(one: str, other: str) -> bool:
    """Return whether nobody would take the two forenames for one.

    They sound different, have little in common and no shared short form.
    """
    first, second = _letters(one).lower(), _letters(other).lower()
    return (
        bool(first and second)
        and first[0] != second[0]
        and not sounds_alike(one, other)
        and jellyfish.jaro_winkler_similarity(first, second) < 0.6
        and not (_short_forms(first) & _short_forms(second))
    )


def _letters(name: str) -> str:
    return "".join(c for c in name if c.isascii() and c.isalpha())


def _short_forms(name: str) -> set[str]:
    namer = _namer()
    return {name} | namer.nicknames_of(name) | namer.canonicals_of(name)


@cache
def _namer() -> NickNamer:
    return NickNamer()
