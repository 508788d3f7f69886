"""Whether two children are certainly two, at a small part of the cost of a comparison.

It is for one child who is looked for among very many, as in a search of an audit log. Invariants:
pure, and nothing is left out that ``comparison.compare`` would link.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fingerpost.private.linkage.agreement import (
    Field,
    Level,
    birth_level,
    equal_level,
    home_level,
    number_level,
    shipped_weights,
    upn_level,
    word_level,
)
from fingerpost.private.linkage.normal_form import NormalForm

_WORDS_REMEMBERED: Final = 16_384
"""Single words of names, and not whose they are."""


class Apart:
    """One child, and whether a record is certainly about another.

    Where no word of her names is like a word of the record's, names add nothing to the sum: then
    what the other fields add decides.
    """

    def __init__(self, asked: NormalForm, *, upn: bool = False) -> None:
        """
        Args:
            asked: The normal form of the child.
            upn: Whether the agreement lets the pupil number be used.
        """
        self._asked = asked
        self._upn = upn
        self._words = _words(asked)
        self._like_hers = lru_cache(_WORDS_REMEMBERED)(self._is_like_hers)

    def __repr__(self) -> str:
        return "Apart(…)"

    def from_her(self, record: NormalForm) -> bool:
        """Return True only where ``compare`` says DIFFERENT, and no name agrees in any way."""
        if any(map(self._like_hers, _words(record))):
            return False
        asked, weights = self._asked, shipped_weights()
        number = number_level(asked.health_number, record.health_number)
        upn = upn_level(asked.upn, record.upn) if self._upn else Level.MISSING
        if Level.EXACT in (number, upn):
            return False
        levels = (
            # Further names that begin alike, at most; one that is short need not be among them.
            (Field.MIDDLE, Level.INITIAL),
            (Field.BIRTH, birth_level(asked.birth, record.birth)),
            (Field.SEX, equal_level(asked.sex, record.sex)),
            (Field.POSTCODE, home_level(asked, record)),
            (Field.HEALTH_NUMBER, number),
            (Field.UPN, upn),
        )
        return sum(weights.of(*level) for level in levels) < weights.possible

    def _is_like_hers(self, word: str) -> bool:
        return any(word_level(hers, word) is not Level.DIFFERENT for hers in self._words)


def _words(form: NormalForm) -> frozenset[str]:
    """Return every word of a child's names, and forenames and surnames as they are joined.

    Surnames are joined without particles, too: so they are read as forenames, where fields have
    been swapped.
    """
    found = {
        word
        for name in form.names
        for word in (
            *(*name.forenames, name.forename, *name.middles, *name.surnames, name.surname),
            "".join(name.surnames),
        )
    }
    return frozenset(filter(None, found))
