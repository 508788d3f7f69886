"""Normal form → the pieces that blocking keys are put together from.

What lives here: folding and coding of names, the orders in which they are tried, date and postcode as
text. What must not: which pieces make a key (``combinations``). Invariants: pure; both sides of a
lookup form their ingredients alike; the order is by how likely the piece is to agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fingerpost.private.demographics import Sex
from fingerpost.private.linkage.names import Name, daily_names
from fingerpost.private.linkage.normal_form import NormalForm
from fingerpost.private.linkage.rarity import UNLISTED_FORENAME_BITS, forename_bits
from fingerpost.private.linkage.variants import (
    canonical,
    fold,
    formal_names,
    phonetic,
    word_lists,
)

_LETTER: Final = {Sex.FEMALE: "f", Sex.MALE: "m"}


@dataclass(frozen=True, slots=True, repr=False)
class Ingredients:
    """Pieces as text. Empty text or an empty tuple where the form says nothing.

    ``pairs``: a given name and a part of the surname, folded, each pair in alphabetical order, so
    that swapped fields agree. ``main_pair``: the daily forename and the whole surname.
    ``postcode``: its characters sorted, so that transposed ones agree; ``area``, ``district`` and
    ``sector``: its beginnings. ``sexes``: both letters where the sex is not known, so that such a
    record still meets others.
    """

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    main_pair: tuple[()] | tuple[str, str]
    phonetic_pairs: tuple[tuple[str, str], ...]
    forename_code: str
    surname_code: str
    beginnings: tuple[()] | tuple[str, str]
    endings: tuple[()] | tuple[str, str]
    middle_initial: str
    date: str
    year: str
    month: str
    day: str
    weak_date: bool
    sexes: tuple[str, ...]
    postcode: str
    exact_postcode: str
    area: str
    district: str
    sector: str
    health_number: tuple[str, str] | None
    upn: str

    def __repr__(self) -> str:
        return "Ingredients(…)"


def ingredients(form: NormalForm) -> Ingredients:
    """Everything the combinations need, formed once per child."""
    birth, postcode = form.birth, form.postcode
    year, month, day = ("", "", "")
    if birth:
        year, month, day = f"{birth.short_year:02}", f"{birth.month:02}", f"{birth.day:02}"
    present = form.names[0]
    given = [_key(name) for name in _called(present)]
    whole = _key(present.surname) if present.surname else ""
    first = given[0] if given else ""
    number, upn = form.health_number, form.upn
    main_pair = _sorted_pair(first, whole) if first and whole else ()
    return Ingredients(
        forenames=tuple(dict.fromkeys(given)),
        surnames=tuple(dict.fromkeys([whole, *map(_key, present.surnames)])) if whole else (),
        pairs=_pairs(form.names),
        main_pair=main_pair,
        phonetic_pairs=_phonetic_pairs(form.names),
        forename_code=phonetic(first),
        surname_code=phonetic(whole),
        beginnings=_sorted_pair(first[:3], whole[:3]) if first and whole else (),
        endings=_sorted_pair(first[-3:], whole[-3:]) if first and whole else (),
        middle_initial=_middle_initial(present, first),
        date=year + month + day,
        year=year,
        month=month,
        day=day,
        weak_date=birth is not None and birth.weak,
        sexes=(_LETTER[form.sex],) if form.sex else ("f", "m"),
        postcode=postcode.sorted_characters if postcode else "",
        exact_postcode=(postcode.full or "") if postcode else "",
        area=postcode.area if postcode else "",
        district=postcode.district if postcode else "",
        sector=(postcode.sector or "") if postcode else "",
        health_number=(str(int(number.scheme)), number.digits) if number else None,
        upn=upn.text if upn and not upn.temporary else "",
    )


def _middle_initial(name: Name, first: str) -> str:
    """Of the first given name that is not the daily one, nor one that half a community bears (Kaur, Muhammad), nor the
    surname once more: such an initial would tell nothing."""
    lists = word_lists()
    for word in (*name.forenames, *name.middles):
        common = {word, canonical(word)} & (lists.movable | lists.first_not_daily)
        if not common and _key(word) != first and word not in name.surnames:
            return word[0]
    return ""


def _pairs(names: tuple[Name, ...]) -> tuple[tuple[str, str], ...]:
    """Given name × part of the surname over all names, the likeliest first."""
    ranked: dict[tuple[str, str], int] = {}
    for position, name in enumerate(names):
        given = tuple(_given_forms(name))
        family = tuple(_family_forms(name))
        if not family and given:
            # A person of one name meets others of that one name, and a record that wrote it twice.
            family = tuple((0, form) for _, form in given[:1])
        for given_rank, forename in given:
            for family_rank, surname in family:
                pair = _sorted_pair(forename, surname)
                rank = given_rank + family_rank + 2 * position
                ranked[pair] = min(rank, ranked.get(pair, rank))
    # A stable sort: equal ranks stay in the order of the fields.
    return tuple(sorted(ranked, key=ranked.__getitem__))


def _given_forms(name: Name) -> Iterator[tuple[int, str]]:
    """The names a child may be called by, with how late each is to be tried."""
    called = _called(name)
    for position, word in enumerate(called):
        yield position, _key(word)
    if len(name.forenames) > 1:
        yield 1, _key(name.forename)
    for word in called[:1]:
        for later, formal in enumerate(formal_names(word) or formal_names(canonical(word))):
            yield 1 + later, fold(formal)
    movable = word_lists().movable
    for position, word in enumerate(name.middles):
        if len(word) > 1 and canonical(word) not in movable:
            yield 2 + position, _key(word)  # nobody is called by Kaur or Begum alone


def _family_forms(name: Name) -> Iterator[tuple[int, str]]:
    """The surname whole and in parts; then later given names, which other records write as surnames."""
    if name.surname:
        yield 0, _key(name.surname)
    if name.surnames != (name.surname,):
        for position, word in enumerate(name.surnames):
            if len(word) > 1:
                yield 1 + (position > 1), _key(word)
    movable, patronymics = word_lists().movable, word_lists().patronymics
    for word in (*_called(name)[1:], *name.middles):
        if not name.surname or len(word) < 2:
            continue
        if word in movable or canonical(word) in movable:
            yield 2, _key(word)
        elif canonical(word) in patronymics or (
            _is_unlisted(word) and all(_is_unlisted(first) for first in _called(name)[:1])
        ):
            # A father's or grandfather's name. Common British middle names would be shared by many.
            yield 4, _key(word)


def _is_unlisted(word: str) -> bool:
    return forename_bits(word) >= UNLISTED_FORENAME_BITS


def _called(name: Name) -> tuple[str, ...]:
    """Daily forenames first, then the rest of the forename field."""
    daily = daily_names(name)
    return daily + tuple(word for word in name.forenames if word not in daily)


def _phonetic_pairs(names: tuple[Name, ...]) -> tuple[tuple[str, str], ...]:
    """Of the first forename and the whole surname, then of the surname's parts and other names."""
    found: list[tuple[str, str]] = []
    parts: list[tuple[str, str]] = []
    for name in names:
        for forename in _called(name)[:1]:
            code = phonetic(_key(forename))
            if name.surname:
                found.append(_sorted_pair(code, phonetic(_key(name.surname))))
                if name.surnames != (name.surname,):
                    parts += (_sorted_pair(code, phonetic(_key(n))) for n in name.surnames)
    return tuple(dict.fromkeys(found + parts))


def _key(name: str) -> str:
    return fold(canonical(name))


def _sorted_pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a <= b else (b, a)
