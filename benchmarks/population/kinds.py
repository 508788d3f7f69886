"""Two files of records as other people keep them: typed in by many hands, a census beside a survey
of the same homes, registers some years apart, lookups of a century ago.

Law: each field of a record errs by itself, at the rate that ``Slips`` states, whatever the other
fields are; a record depends on the seed, the side and the person alone. Kinds come in two parts:
``CHOOSE`` is for choosing by, ``JUDGE`` has other people, other seeds and other rates. No rate is
taken from a data set; the kinds are those of which England's model (``errors``) has too little.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import Enum, unique
from typing import Any, Final

from benchmarks.population.child import Child
from benchmarks.population.dates_and_codes import wrong_date, wrong_digit, wrong_postcode
from benchmarks.population.errors import TYPICAL
from benchmarks.population.linkage import Linkage, Record
from benchmarks.population.names import BRITISH, Names
from benchmarks.population.places import shuffled_letters
from benchmarks.population.population import UNTIL, build
from benchmarks.population.spelling import misheard, mistyped, shortened
from benchmarks.population.spoiling import write_record
from fingerpost.private.demographics import Demographics, PartialDate, Sex

OVERLAP: Final = 0.6
_DATE_SLIPS: Final = ("digit", "digit", "turned", "day", "month", "year")
_OLDER: Final = 70  # years: grown people are born up to so many years earlier
_OLD_FORENAMES: Final = {
    Sex.MALE: (
        "John William Thomas George James Henry Charles Joseph Robert Edward Samuel Alfred Richard "
        "Walter Frederick David Arthur Daniel Francis Albert Benjamin Harry Peter Frank Isaac "
        "Michael Herbert Edwin Patrick Stephen Philip Matthew Abraham Ernest Jonathan Josiah"
    ),
    Sex.FEMALE: (
        "Mary Elizabeth Sarah Ann Ellen Jane Alice Emma Hannah Margaret Martha Eliza Harriet Annie "
        "Emily Catherine Charlotte Caroline Louisa Ada Maria Florence Fanny Edith Agnes Susan "
        "Rebecca Isabella Esther Rachel Lucy Frances Clara Julia Ruth Sophia Amelia Bridget"
    ),
}
"""Commonest first."""
_OF_OLD: Final = (BRITISH, "irish")


@dataclass(frozen=True, slots=True)
class Slips:
    """The share of records in which something is wrong with a field, each drawn by itself."""

    typed: float = 0.0  # of a forename, and of a surname: a slip of the keyboard
    heard: float = 0.0  # of either: spelt as it sounds
    short: float = 0.0  # of a forename: a nickname, where it has one
    initial: float = 0.0  # of a forename: one letter
    other_forename: float = 0.0  # the middle name, else another person's
    other_surname: float = 0.0  # another family's
    middle_missing: float = 0.0
    date: float = 0.0  # one digit, day for month, a day, month or year early or late
    date_other: float = 0.0  # another person's
    date_missing: float = 0.0
    postcode: float = 0.0  # one character is another, or two are exchanged
    postcode_area: float = 0.0  # the letters of another area (DG3 for RG3)
    postcode_missing: float = 0.0
    moved_near: float = 0.0  # another home of the same postcode area
    moved_far: float = 0.0  # another home anywhere
    sex: float = 0.0  # the other
    sex_missing: float = 0.0
    number_missing: float = 1.0
    number_digit: float = 0.0

    def times(self, factor: float) -> Slips:
        """Return the rates, each that is an error so many times as high; what lacks stays."""
        return Slips(
            **{
                field.name: rate if field.name.endswith("_missing") else min(1.0, factor * rate)
                for field in fields(self)
                if isinstance(rate := getattr(self, field.name), float)
            }
        )


@unique
class Part(Enum):
    """Which of the two parts of a kind, by seed and by how many times the stated rates."""

    CHOOSE = (61, 1.0)
    JUDGE = (67, 1.3)


@dataclass(frozen=True, slots=True)
class Kind:
    """``grown``: the share of grown people. ``old``: people of a century ago, with a year of birth
    and the outcode of a place, and nothing more. ``spoilt``: whether records have England's typical
    errors too. ``people``: how many there are.
    """

    slips: Slips
    grown: float = 0.0
    old: bool = False
    spoilt: bool = False
    people: int = 6_000


_TYPED: Final = Slips(
    typed=0.06, heard=0.02, short=0.01, other_forename=0.01, other_surname=0.015,
    middle_missing=0.3, date=0.045, date_other=0.004, date_missing=0.01, postcode=0.06,
    postcode_missing=0.01, moved_far=0.04, moved_near=0.04, sex=0.01, sex_missing=0.02,
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {
    # people typed in by many hands: any two of the fields may be wrong at once
    "typed": Kind(_TYPED, grown=0.5),
    "typed-numbers": Kind(replace(_TYPED, number_missing=0.15, number_digit=0.03), grown=0.5),
    # a census and a survey of the same homes some weeks later: forms by hand, read by a machine
    "census-survey": Kind(
        Slips(
            typed=0.05, heard=0.03, short=0.03, initial=0.01, other_forename=0.015,
            other_surname=0.015, middle_missing=1.0, date=0.05, date_other=0.006,
            date_missing=0.02, postcode=0.025, moved_near=0.01, moved_far=0.01, sex=0.006,
            sex_missing=0.01,
        ),
        grown=0.7,
    ),
    # registers of children some years apart: few errors, many moves
    "registers": Kind(
        Slips(
            typed=0.015, heard=0.01, short=0.01, other_forename=0.01, other_surname=0.03,
            middle_missing=0.3, date=0.015, date_other=0.002, date_missing=0.005, postcode=0.01,
            moved_near=0.08, moved_far=0.12, sex=0.004, sex_missing=0.01,
        ),
    ),
    # lookups of a century ago: names, a year of birth, a place
    "lookups": Kind(
        Slips(
            typed=0.02, heard=0.05, short=0.04, initial=0.02, other_forename=0.01,
            other_surname=0.02, middle_missing=0.85, date=0.3, date_missing=0.02,
            postcode=0.0, moved_near=0.08, moved_far=0.08, postcode_missing=0.03, sex=0.005,
            sex_missing=0.02,
        ),
        old=True,
        people=12_000,
    ),
    # England with areas mistyped and moves out of them, and its typical errors besides
    "england-areas": Kind(
        Slips(postcode_area=0.06, moved_far=0.05), spoilt=True, people=10_000
    ),
}  # fmt: skip


def two_files(kind: Kind, part: Part, names: Names) -> Linkage:
    """Return two files about some of the same people; families are split like everybody."""
    seed, factor = part.value
    slips = kind.slips.times(factor)
    # Ten areas, so that most who share a name live elsewhere.
    people = build(kind.people, seed, names, of_area=max(1, kind.people // 10)).children
    if kind.old:
        people = [child for child in people if child.group in _OF_OLD]
    chance = random.Random(f"kinds {seed}")
    persons = [_person(child, kind, chance) for child in people]
    sides: tuple[list[Record], list[Record]] = ([], [])
    truth: list[tuple[str, str]] = []
    child_of: dict[str, Child] = {}
    order = list(range(len(persons)))
    chance.shuffle(order)
    for number in order:
        roll = chance.random()
        there = (roll < (1 + OVERLAP) / 2, roll < OVERLAP or roll >= (1 + OVERLAP) / 2)
        for side, letter in enumerate("LR"):
            if there[side]:
                own = random.Random(f"{seed} {letter} {number}")
                record_id = f"{letter}{number}"
                child_of[record_id] = persons[number]
                written = _written(persons[number], kind, slips, persons, own)
                sides[side].append((record_id, written))
        if all(there):
            truth.append((f"L{number}", f"R{number}"))
    return Linkage(*sides, truth, child_of)


def _person(child: Child, kind: Kind, chance: random.Random) -> Child:
    """Return the child as the kind has people: grown up, or of a century ago."""
    if kind.old:
        among = _OLD_FORENAMES[child.sex].split()
        forename = among[int(len(among) * chance.random() ** 2.5)]
        return replace(child, forename=forename, known_as="", born=_earlier(child, chance))
    return replace(child, born=_earlier(child, chance)) if chance.random() < kind.grown else child


def _earlier(child: Child, chance: random.Random) -> date:
    year = child.born.year - 18 - int(_OLDER * chance.random())
    return child.born.replace(year=year, day=min(child.born.day, 28))


def _written(
    person: Child, kind: Kind, slips: Slips, persons: Sequence[Child], chance: random.Random
) -> Demographics:
    if kind.spoilt:
        record = replace(write_record(person, TYPICAL, chance), health_number="", upn="")
    else:
        record = Demographics(
            forename=person.forename,
            middle_names=person.middle_names,
            surname=person.surname,
            dob=person.born,
            sex=person.sex,
            postcode=person.postcode,
            health_number=person.health_number,
        )
    for happens, name in _ORDER:
        if chance.random() < getattr(slips, name):
            record = happens(record, persons[int(len(persons) * chance.random())], chance)
    return _as_of_old(record, chance) if kind.old else record


def _as_of_old(record: Demographics, chance: random.Random) -> Demographics:
    """Return a year of birth, reckoned from an age that was told, and a place."""
    born = record.dob
    if isinstance(born, date):
        told = chance.random()
        off = chance.choice((-1, 1)) * ((told > 0.65) + (told > 0.93))
        born = PartialDate(born.year + off, about=chance.random() < 0.5)
    return replace(record, dob=born, postcode=record.postcode.partition(" ")[0])


_Happens = Callable[[Demographics, Child, random.Random], Demographics]


def _names(change: Callable[[str, random.Random], str], field: str) -> _Happens:
    def happens(record: Demographics, _: Child, chance: random.Random) -> Demographics:
        changed: dict[str, Any] = {field: change(getattr(record, field), chance)}
        return replace(record, **changed)

    return happens


def _left_out(field: str) -> _Happens:
    nothing: dict[str, Any] = {field: None if field in ("dob", "sex") else ""}
    return lambda record, _, __: replace(record, **nothing)


def _other_forename(record: Demographics, other: Child, _: random.Random) -> Demographics:
    first, *rest = record.middle_names.split() or [""]
    if first:
        return replace(record, forename=first, middle_names=" ".join((record.forename, *rest)))
    return replace(record, forename=other.forename)


def _date(record: Demographics, _: Child, chance: random.Random) -> Demographics:
    if not isinstance(record.dob, date):
        return record
    kind = chance.choice(_DATE_SLIPS)
    return replace(record, dob=wrong_date(f"date_{kind}", record.dob, UNTIL, chance))


def _postcode(record: Demographics, _: Child, chance: random.Random) -> Demographics:
    kind = "postcode_turned" if chance.random() < 0.2 else "postcode_typing"
    return replace(record, postcode=wrong_postcode(kind, record.postcode, chance))


def _area(record: Demographics, _: Child, chance: random.Random) -> Demographics:
    letters = record.postcode[: len(record.postcode) - len(record.postcode.lstrip(_LETTERS))]
    others = [area for area in _AREAS if area != letters and len(area) == len(letters)]
    if not others:
        return record  # no postcode, or one that is spoilt already
    # One letter is another, as a rule.
    near = [a for a in others if sum(x != y for x, y in zip(a, letters, strict=True)) == 1]
    return replace(record, postcode=chance.choice(near or others) + record.postcode[len(letters) :])


def _moved(record: Demographics, other: Child, _: random.Random) -> Demographics:
    return replace(record, postcode=other.postcode)


def _moved_near(record: Demographics, other: Child, chance: random.Random) -> Demographics:
    outcode = record.postcode.partition(" ")[0] or other.postcode.partition(" ")[0]
    letters = outcode.rstrip("0123456789")
    district = f"{letters}{1 + int(9 * chance.random())}"
    return replace(record, postcode=f"{district} {other.postcode.partition(' ')[2]}")


def _sex(record: Demographics, _: Child, __: random.Random) -> Demographics:
    return replace(record, sex=Sex.MALE if record.sex is Sex.FEMALE else Sex.FEMALE)


_AREAS: Final = sorted(shuffled_letters(random.Random(0)))
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORDER: Final[Sequence[tuple[_Happens, str]]] = (
    (_other_forename, "other_forename"),
    (lambda record, other, _: replace(record, surname=other.surname), "other_surname"),
    (_names(shortened, "forename"), "short"),
    *((_names(misheard, field), "heard") for field in ("forename", "surname")),
    *((_names(mistyped, field), "typed") for field in ("forename", "surname")),
    (lambda record, _, __: replace(record, forename=record.forename[:1]), "initial"),
    (_left_out("middle_names"), "middle_missing"),
    (_date, "date"),
    (lambda record, other, _: replace(record, dob=other.born), "date_other"),
    (_left_out("dob"), "date_missing"),
    (_moved_near, "moved_near"),
    (_moved, "moved_far"),
    (_area, "postcode_area"),
    (_postcode, "postcode"),
    (_left_out("postcode"), "postcode_missing"),
    (_sex, "sex"),
    (_left_out("sex"), "sex_missing"),
    (_left_out("health_number"), "number_missing"),
    (_names(wrong_digit, "health_number"), "number_digit"),
)
