"""The pieces that a blocking key is put together from, and how many bits each tells.

What lives here: names, dates and places as the pieces of a key, with the bits by which they narrow down
whom the key can be about. What must not: which pieces make a kind (``combinations``). Invariants: the
bits of a piece depend on its text alone, so that two sides that hold the same text bind the key alike; a
piece that a child lacks is not yielded.

Bits are logarithms to base 2 of one in how many children has the piece. Of names they come from
``rarity``; of dates and places they are those of children evenly spread: 18 years, 2,300 outcodes in 110
postcode areas, and, among children of one council's area, some ten outcodes of four sectors each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fingerpost.private.linkage.ingredients import Ingredients
from fingerpost.private.linkage.rarity import INITIAL_BITS, Rarity, rarities

DATE_BITS: Final = 12.7
_WEAK_DATE_BITS: Final = 5.0  # 1 January: a year, and that no more was known
_NUMBER_BITS: Final = 40.0
_SEX_BITS: Final = 1.0


class Piece(NamedTuple):
    """Texts that go into the key, and what they tell."""

    texts: tuple[str, ...]
    bits: float


class Pieces(NamedTuple):
    """Of one child. An attribute that she lacks is an empty tuple; of several values the likeliest comes first.

    Ladders hold places from the coarsest to the finest; a key takes the first that makes it tell enough. A place that
    she lacks stands on its rung all the same, as empty text: who lacks it must not fall back on a finer one.
    """

    health_number: tuple[Piece, ...]
    upn: tuple[Piece, ...]

    every_pair: tuple[Piece, ...]
    """Any given name or its nickname form × any part of the surname."""
    both_names: tuple[Piece, ...]
    """The daily forename and the whole surname."""
    every_sound: tuple[Piece, ...]
    """Phonetic codes of forename and surname, of the surname's parts and of other names too."""
    beginnings: tuple[Piece, ...]
    endings: tuple[Piece, ...]
    forename: tuple[Piece, ...]
    forename_and_middle: tuple[Piece, ...]
    """The daily forename and the initial of the next given name."""
    names_and_middle: tuple[Piece, ...]
    """The daily forename, the whole surname and the initial of the next given name."""
    forename_and_surname_beginning: tuple[Piece, ...]
    surname: tuple[Piece, ...]
    """Whole, and its first part."""
    surname_and_middle: tuple[Piece, ...]
    """The surname and the initial of the given name after the daily one."""
    forename_sound: tuple[Piece, ...]
    surname_sound: tuple[Piece, ...]
    initial_and_surname_sound: tuple[Piece, ...]
    sex: tuple[Piece, ...]

    date: tuple[Piece, ...]
    day_and_month: tuple[Piece, ...]
    """In either order; none where the two cannot be swapped or are equal, since the date says it then."""
    year_month: tuple[Piece, ...]
    year_day: tuple[Piece, ...]
    month_day: tuple[Piece, ...]
    no_date: tuple[Piece, ...]

    place: tuple[Piece, ...]
    in_england: tuple[Piece, ...]
    """A ladder: what a place tells a far agency."""
    in_the_area: tuple[Piece, ...]
    """A ladder: what a place tells an agency where the child lives."""
    near_by: tuple[Piece, ...]
    """The same ladder without its lowest rung: some place, always."""
    at_home: tuple[Piece, ...]
    """The whole postcode, always."""
    nowhere: tuple[Piece, ...]


_NOTHING: Final = (Piece((), 0.0),)


def pieces(i: Ingredients) -> Pieces:
    """Every piece of a child, formed once."""
    rare = rarities()
    forename = i.forenames[0] if i.forenames else ""
    surname = i.surnames[0] if i.surnames else ""
    forename_bits, surname_bits = rare.whole.forename(forename), rare.whole.surname(surname)
    surname_sound_bits = rare.sound.surname(i.surname_code)
    middle = i.middle_initial
    both_bits = rare.whole.pair(*i.main_pair) if i.main_pair else 0.0
    day, month, year = ("", "", "") if i.weak_date else (i.day, i.month, i.year)
    swappable = bool(i.date) and i.day <= "12" and i.day != i.month
    near_by = (Piece((i.district,), 3.3), Piece((i.sector,), 5.3), Piece((i.postcode,), 12.0))
    return Pieces(
        health_number=_piece(i.health_number or (), _NUMBER_BITS),
        upn=_piece((i.upn,), _NUMBER_BITS),
        every_pair=tuple(Piece(pair, rare.whole.pair(*pair)) for pair in i.pairs),
        both_names=_pair(i.main_pair, rare.whole),
        every_sound=tuple(Piece(pair, rare.sound.pair(*pair)) for pair in i.phonetic_pairs),
        beginnings=_pair(i.beginnings, rare.beginning),
        endings=_pair(i.endings, rare.ending),
        forename=_piece((forename,), forename_bits),
        forename_and_middle=_piece((forename, middle), forename_bits + INITIAL_BITS),
        names_and_middle=_piece((*i.main_pair, middle), both_bits + INITIAL_BITS)
        if i.main_pair
        else (),
        forename_and_surname_beginning=_piece(
            (forename, surname[:3]), forename_bits + rare.beginning.surname(surname[:3])
        ),
        surname=tuple(Piece((n,), rare.whole.surname(n)) for n in i.surnames[:2]),
        surname_and_middle=_piece((surname, middle), surname_bits + INITIAL_BITS),
        forename_sound=_piece((i.forename_code,), rare.sound.forename(i.forename_code)),
        surname_sound=_piece((i.surname_code,), surname_sound_bits),
        initial_and_surname_sound=_piece(
            (forename[:1], i.surname_code), surname_sound_bits + INITIAL_BITS
        ),
        sex=tuple(Piece((letter,), _SEX_BITS) for letter in i.sexes),
        date=_piece((i.date,), _WEAK_DATE_BITS if i.weak_date else DATE_BITS),
        day_and_month=(
            _piece((i.year, *sorted((i.day, i.month))), DATE_BITS - 1.0) if swappable else ()
        ),
        year_month=_piece((year, month), 7.8),
        year_day=_piece((year, day), 9.1),
        month_day=_piece((month, day), 8.5),
        no_date=_NOTHING,
        place=_piece((i.area,), 6.0),
        in_england=(*_NOTHING, Piece((i.area,), 6.0), Piece((i.district,), 11.0)),
        in_the_area=_NOTHING + near_by,
        near_by=near_by,
        at_home=(Piece((i.postcode,), 12.0),),
        nowhere=_NOTHING,
    )


def _piece(texts: tuple[str, ...], bits: float) -> tuple[Piece, ...]:
    """None where the child lacks a part of it."""
    return (Piece(texts, bits),) if texts and all(texts) else ()


def _pair(texts: tuple[()] | tuple[str, str], rare: Rarity) -> tuple[Piece, ...]:
    return (Piece(texts, rare.pair(*texts)),) if texts else ()
