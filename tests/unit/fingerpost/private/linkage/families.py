"""Invented families: brothers and sisters, twins and triplets, half of one family, called alike,
and their records.

No child here exists. What two names are to each other is said here without the code under test: by
the tables of spellings and nicknames, and by counting typing errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from hypothesis import assume
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.private.linkage.name_tables import (
    canonical,
    fold,
    formal_names,
    is_known_forename,
    phonetic,
)

CALLED_ALIKE: Final = (
    ("Ella", "Bella", "Isabella"),
    ("Amandeep", "Ramandeep", "Manpreet", "Mandeep"),
    ("Gurpreet", "Harpreet", "Jaspreet", "Jasdeep"),
    ("Muhammad Yusuf", "Muhammad Yunus", "Mohammed Ibrahim", "Muhammad"),
    ("Hassan", "Hussain", "Hasan", "Husayn"),
    ("Daniel", "Danielle", "Daniela"),
    ("Jayden", "Kayden", "Brayden"),
    ("Ava-Mae", "Ava-Rose", "Lily-Mae", "Lily-Rose"),
    ("Mary Jane", "Mary Kate", "Mary"),
    ("Oluwaseun", "Oluwaseyi", "Oluwatobi"),
    ("Abdul Rahman", "Abdul Rahim", "Abdullah"),
    ("Zain", "Zainab", "Zayn"),
    ("Oliver", "Olivia", "Olive"),
    ("Emma", "Emily", "Emilia", "Amelia"),
    ("Harry", "Harrison", "Henry"),
    ("Reagan", "Teagan", "Keegan"),
    ("Gabriel", "Gabriela", "Gabrielle"),
    ("Lok-hang", "Lok-hei", "Lok-yan"),
    ("Taiwo", "Kehinde", "Taiye"),
    ("Kasia", "Basia", "Asia"),
)
UNLIKE: Final = (
    "Harriet", "Jemima", "Thomas", "Rowan", "Tamsin", "Chloe", "Freya", "Wojciech", "Bilal",
    "Safiya", "Xin", "Yi", "Ngozi", "Hodan", "Niamh", "Florin", "Tuyet", "Devonte",
)  # fmt: skip
MIDDLES: Final = ("", "Rose", "Grace", "James", "Ali", "Kaur", "Grace Rose")
SURNAMES: Final = (
    "Ashdown", "Smith", "Khan", "Singh", "Begum", "O'Brien", "van der Berg", "Hartley-Voss",
    "Kowalska", "Li", "Nguyen", "Warsame",
)  # fmt: skip
POSTCODES: Final = ("LS6 2AB", "BD3 8XY", "B8 1AB", "E1 4QX", "SW1A 2AA")
NUMBERS: Final = ("9434765919", "4505577104", "4010232137", "5990128088", "")
NO_NAME: Final = ("", "Baby", "Baby of Sarah", "Twin 1 Smith", "Twin 2", "Infant", "Unknown")
_NAMES: Final = sorted({name for names in CALLED_ALIKE for name in names} | set(UNLIKE))
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Child:
    """``number`` is the child's in the family; ``truth`` is everything about the child, correct."""

    number: int
    truth: Demographics


@dataclass(frozen=True)
class Record:
    """A record of ``child``. ``swapped``: forename and surname stand in each other's field."""

    child: int
    fields: Demographics
    swapped: bool

    @property
    def straight(self) -> Demographics:
        if not self.swapped:
            return self.fields
        return replace(self.fields, forename=self.fields.surname, surname=self.fields.forename)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.lower().replace("-", " ").replace("'", "").split())


def _called(field: str) -> tuple[str, ...]:
    """The name by which a child is called: a first Muhammad where others follow is not it; Abdul
    belongs to the word behind it."""
    words = _words(field.replace("Abdul ", "Abdul"))
    daily = tuple(word for word in words if canonical(word) != "muhammad")
    return daily or words


def one_name(one: str, other: str) -> bool:
    """Whether two names are one: the same, two spellings of it, a nickname and its formal name, or
    a typing error (one letter wrong, left out, too many, or two turned; two such errors in eight
    letters or more, or near the end), which it is not where both are names that a table knows."""
    if one == other or fold(canonical(one)) == fold(canonical(other)):
        return True
    if canonical(one) in formal_names(other) or canonical(other) in formal_names(one):
        return True
    if is_known_forename(one) and is_known_forename(other):
        return False
    return OSA.distance(one, other) <= 2


def may_be_one(one: Demographics, other: Demographics) -> bool:
    """Whether the first of the names by which one child is called, or all of them in one word, is
    one name with any given name of the other. Middle names are never held against middle names:
    brothers and sisters share them."""
    return any(one_name(a, b) for a, b in _beside(one, other))


def looks_like(one: Demographics, other: Demographics) -> bool:
    """Return whether two names, not both known, look or sound alike, or one begins the other."""
    return any(
        JaroWinkler.normalized_similarity(a, b) >= 0.8
        or phonetic(fold(canonical(a))) == phonetic(fold(canonical(b)))
        or a.startswith(b)
        or b.startswith(a)
        for a, b in _beside(one, other)
        if not (is_known_forename(a) and is_known_forename(b))
    )


def _beside(one: Demographics, other: Demographics) -> set[tuple[str, str]]:
    found = set()
    for first, second in ((one, other), (other, one)):
        called, theirs = _called(first.forename), _called(second.forename)
        given = {*theirs, "".join(theirs), *_words(second.middle_names)}
        found |= {(a, b) for a in {*called[:1], "".join(called)} for b in given if a and b}
    return found


@st.composite
def households(draw: st.DrawFn) -> tuple[Demographics, Demographics]:
    """Two records of one surname, date and postcode, and of two forenames that are not one name:
    twins, or one child who was recorded under another forename; nobody can know. At most one of sex
    and middle names contradicts, and no number does."""
    one, other = draw(st.lists(st.sampled_from(_NAMES), min_size=2, max_size=2, unique=True))
    dates = st.sampled_from((date(2014, 1, 1), date(2014, 5, 1))) | st.dates(
        date(2010, 1, 1), date(2024, 12, 31)
    )
    first = Demographics(
        forename=one,
        middle_names=draw(st.sampled_from(MIDDLES)),
        surname=draw(st.sampled_from(SURNAMES)),
        dob=draw(dates),
        sex=draw(st.none() | st.sampled_from(Sex)),
        postcode=draw(st.sampled_from(POSTCODES)),
        health_number=draw(st.sampled_from(("", NUMBERS[0]))),
    )
    second = replace(first, forename=other)
    match draw(st.integers(0, 3)):
        case 0:
            second = replace(second, sex=draw(st.none() | st.sampled_from(Sex)))
        case 1:
            second = replace(second, middle_names=draw(st.sampled_from(MIDDLES)))
        case 2:
            second = replace(second, health_number="")
        case _:
            pass
    assume(not may_be_one(first, second))
    return first, second


@st.composite
def families(draw: st.DrawFn, most: int = 5) -> tuple[Child, ...]:
    """One to ``most`` children of one mother: born alone, as twins or as triplets; of one father or
    two; at one home or two; each called by another name than the others, though perhaps one that
    looks like it."""
    surname, other_surname = draw(
        st.lists(st.sampled_from(SURNAMES), min_size=2, max_size=2, unique=True)
    )
    home, other_home = draw(
        st.lists(st.sampled_from(POSTCODES), min_size=2, max_size=2, unique=True)
    )
    pool = draw(st.sampled_from(CALLED_ALIKE)) + draw(st.sampled_from(CALLED_ALIKE)) + UNLIKE[:4]
    names = draw(
        st.lists(
            st.sampled_from(pool) | st.sampled_from(UNLIKE), min_size=1, max_size=most, unique=True
        )
    )
    numbers = draw(st.permutations(NUMBERS))
    family_middle = draw(st.sampled_from(MIDDLES))
    born = draw(st.dates(date(2010, 1, 1), date(2024, 12, 31)))
    children: list[Child] = []
    for position, name in enumerate(names):
        if position and not draw(st.booleans()):  # else a twin, or a triplet
            born += timedelta(days=draw(st.integers(280, 1500)))
        father = draw(st.sampled_from((surname, surname, surname, other_surname)))
        truth = Demographics(
            forename=name,
            middle_names=draw(st.sampled_from((family_middle, *MIDDLES))),
            surname=draw(st.sampled_from((father, father, f"{surname}-{other_surname}"))),
            dob=born,
            sex=draw(st.sampled_from(Sex)),
            postcode=draw(st.sampled_from((home, home, home, other_home))),
            health_number=numbers[position % len(numbers)],
        )
        children.append(Child(position, truth))
    return tuple(children)


def _typing_error(draw: st.DrawFn, text: str) -> str:
    """One letter wrong, left out, too many, or two turned."""
    if len(text) < 3:
        return text
    place = draw(st.integers(0, len(text) - 2))
    letter = draw(st.sampled_from(_LETTERS))
    head, tail = text[:place], text[place:]
    return draw(
        st.sampled_from(
            (
                head + letter + tail[1:],
                head + tail[1:],
                head + letter + tail,
                head + tail[1] + tail[0] + tail[2:],
            )
        )
    )


def _other_day(draw: st.DrawFn, dob: date | None) -> date | None:
    assert dob is not None
    swapped = replace_safely(dob, dob.year, dob.day, dob.month)
    another = replace_safely(dob, dob.year, dob.month, draw(st.integers(1, 28)))
    return draw(
        st.sampled_from(
            (None, swapped, another, replace_safely(dob, dob.year - 100, dob.month, dob.day))
        )
    )


def replace_safely(dob: date, year: int, month: int, day: int) -> date:
    """The date itself where the other is none."""
    try:
        return date(year, month, day)
    except ValueError:
        return dob


@st.composite
def records(draw: st.DrawFn, child: Child, family: tuple[Child, ...]) -> Record:
    """What is written about a child: up to four fields wrong, missing, or written otherwise."""
    fields = child.truth
    faults = draw(st.lists(st.integers(0, 12), max_size=4, unique=True))
    for fault in sorted(faults):
        match fault:
            case 0:
                fields = replace(fields, forename=_typing_error(draw, fields.forename))
            case 1:
                fields = replace(fields, surname=_typing_error(draw, fields.surname))
            case 2:
                born = fields.dob if isinstance(fields.dob, date) else None
                fields = replace(fields, dob=_other_day(draw, born))
            case 3:
                fields = replace(fields, sex=draw(st.sampled_from((None, *Sex))))
            case 4:
                fields = replace(fields, postcode=draw(st.sampled_from(("", *POSTCODES))))
            case 5:
                fields = replace(fields, middle_names="")
            case 6:
                fields = replace(fields, middle_names=fields.middle_names[:1])
            case 7:
                whole = f"{fields.forename} {fields.middle_names}".strip()
                fields = replace(fields, forename=whole, middle_names="")
            case 8:
                fields = replace(fields, surname=fields.surname.split("-")[0])
            case 9:
                fields = replace(fields, health_number="")
            case 10:
                fields = replace(
                    fields, other_names=(OtherName("", draw(st.sampled_from(SURNAMES))),)
                )
            case 11:
                theirs = draw(st.sampled_from(family)).truth.health_number
                fields = replace(fields, health_number=theirs)
            case 12:
                fields = replace(fields, forename=draw(st.sampled_from(NO_NAME)))
            case _:
                pass
    swapped = draw(st.integers(0, 7)) == 0
    if swapped:
        fields = replace(fields, forename=fields.surname, surname=fields.forename)
    return Record(child.number, fields, swapped)


@st.composite
def recorded_families(draw: st.DrawFn) -> tuple[Record, ...]:
    """One or two records of each child of a family of at least two."""
    family = draw(families().filter(lambda found: len(found) > 1))
    return tuple(
        draw(records(child, family)) for child in family for _ in range(draw(st.integers(1, 2)))
    )
