"""From raw fields to the normal form: what the fields of a child mean, equal on every node.

Names are read in ``names``, health numbers in ``private.demographics``; dates, postcodes and pupil
numbers are read here. Sources: Department for Education, unique pupil numbers (modulus 23); the
United Kingdom's postcode format (BS 7666, area letters as in public use) with the dependencies
GY, JE and IM, and the pseudo-codes of the health service (ZZ99).

Invariants: pure and deterministic, independent of locale, ICU and Python version (the golden
vectors guard it); no clock is read; nothing is guessed that the fields do not say. A date that
stands for "unknown" is no date; one that is known in part keeps its parts. A number becomes an
identifier only if its check holds, and its scheme stays beside it, because Scottish and Northern
Irish numbers have the same ten digits. A pseudo-code or a forces' address says where nobody lives,
so it is no postcode; a code of another country is kept as typed, because a child who came from
abroad may be recorded with it on both sides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique
from itertools import product
from typing import Final

from fingerpost.private.demographics import (
    Birth,
    Demographics,
    ExpectedDate,
    HealthNumber,
    PartialDate,
    Sex,
    code_characters,
    read_health_number,
)
from fingerpost.private.linkage.name_tables import read_table
from fingerpost.private.linkage.names import Name, read_names

NORMALISATION_VERSION: Final = 3
"""The version of all that decides a blocking key: normal form, tables and blocking rules. It stands
in the member list and in every OPRF input; two versions share no key."""

_COUNTED_FROM: Final = frozenset(
    date(year, month, day)
    for year, month, day in (
        (1900, 1, 1), (1899, 12, 30), (1899, 12, 31), (1858, 11, 17), (1800, 1, 1), (1753, 1, 1),
        (1800, 12, 28),
    )
)  # fmt: skip
"""The days from which systems count; they write them where no date is known."""
_YEARS: Final = range(1754, 2200)
"""A wrong century (1915 or 1815 for 2015) is a typing error; a year outside means "unknown"."""

_UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
_DIGITS: Final = frozenset("0123456789")

AREAS: Final = frozenset(read_table("postcode_areas.json")["areas"])
_AREAS_WITH_LETTER: Final = frozenset(("E", "EC", "N", "NW", "SE", "SW", "W", "WC"))
_LAST_LETTERS: Final = {1: "ABCDEFGHJKPSTUW", 2: "ABEHMNPRVWXY"}
_FEWEST_TYPED: Final = 4
_FEWEST_BROKEN: Final = 5
_BEGINNING: Final = re.compile(r"([A-Z]{1,2})[0-9OIL]")
_SHAPE: Final = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}")
_OUTCODE: Final = re.compile(r"([A-Z]{1,2})([1-9][0-9]|[0-9][A-Z]?)")
_INCODE: Final = re.compile(r"[0-9][ABD-HJLNP-UW-Z]{2}")
_NOT_CODE: Final = re.compile(r"[^A-Z0-9]")
# Characters typed for a letter or for a digit, where the position decides which it must be.
_LETTER_FOR: Final = {"0": "O", "1": "I"}
_DIGIT_FOR: Final = {"O": "0", "I": "1", "L": "1"}
_ONE_SIGN: Final = str.maketrans("OI", "01")
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@unique
class Certainty(IntEnum):
    """How a date may have come about."""

    NEW_YEAR = 1  # 1 January: often "only the year is known"
    MONTH_START = 2  # another first of a month: sometimes "only the month is known"
    FULL = 3
    EXPECTED = 4  # the day on which an unborn child was expected


@dataclass(frozen=True, slots=True, repr=False)
class BirthDate:
    """A date of birth as recorded, or an expected one, with its certainty."""

    year: int
    month: int
    day: int
    certainty: Certainty

    @property
    def short_year(self) -> int:
        """The year without the century: nothing is lost, and 1915 for 2015 is found."""
        return self.year % 100

    @property
    def weak(self) -> bool:
        """Whether the date may say the year only."""
        return self.certainty is Certainty.NEW_YEAR

    def as_date(self) -> date:
        return date(self.year, self.month, self.day)

    def __repr__(self) -> str:
        return "BirthDate(…)"


Born = BirthDate | PartialDate


def read_date(recorded: Birth | None) -> Born | None:
    """Return the date, or ``None`` for none and for the dates that systems write for "unknown"."""
    if isinstance(recorded, PartialDate):
        return recorded if recorded.year in _YEARS else None
    day = recorded.day if isinstance(recorded, ExpectedDate) else recorded
    if day is None or day.year not in _YEARS or day in _COUNTED_FROM:
        return None
    if isinstance(recorded, ExpectedDate):
        return BirthDate(day.year, day.month, day.day, Certainty.EXPECTED)
    certainty = Certainty.FULL
    if day.day == 1:
        certainty = Certainty.NEW_YEAR if day.month == 1 else Certainty.MONTH_START
    return BirthDate(day.year, day.month, day.day, certainty)


@dataclass(frozen=True, slots=True, repr=False)
class Upn:
    """A unique pupil number. A temporary one is given anew and identifies nobody for long."""

    text: str
    temporary: bool

    def __repr__(self) -> str:
        return "Upn(…)"


def read_upn(text: str) -> Upn | None:
    """Return the pupil number, or ``None`` where form or check letter is wrong."""
    code = code_characters(text).upper()
    if len(code) != 13 or code[0] not in _UPN_LETTERS:
        return None
    body, last = code[1:12], code[12]
    temporary = last in _UPN_LETTERS
    if not _DIGITS.issuperset(body) or not (temporary or last in _DIGITS):
        return None
    values = [int(c) for c in body] + [_UPN_LETTERS.index(last) if temporary else int(last)]
    total = sum(value * weight for value, weight in zip(values, range(2, 14), strict=True))
    if _UPN_LETTERS[total % 23] != code[0]:
        return None
    return Upn(code, temporary)


@dataclass(frozen=True, slots=True, repr=False)
class Postcode:
    """A postcode, an outcode alone, or characters that were typed for a postcode and form none.

    Of an outcode alone ``incode`` is empty. Of characters that form no postcode both are empty and
    ``typed`` has them: two characters transposed still say where.
    """

    outcode: str
    incode: str
    typed: str

    @property
    def has_shape(self) -> bool:
        """Whether it has the shape of a postcode of the United Kingdom, or of its first half."""
        return bool(self.outcode) or _SHAPE.fullmatch(self.typed) is not None

    @property
    def sorted_characters(self) -> str:
        """The characters sorted, for keys: transposed ones agree. Empty for an outcode alone."""
        code = self.outcode + self.incode if self.incode else self.typed
        return "".join(sorted(code.translate(_ONE_SIGN)))

    @property
    def area(self) -> str:
        """The letters that a postcode begins with; of a code of digits, its first two digits."""
        code = self.outcode or self.typed
        letters = code[: len(code) - len(code.lstrip(_ALPHABET))]
        return letters[:2] or code[:2]

    @property
    def district(self) -> str:
        """The outcode; of a code of digits, all before the last digit or two."""
        if self.outcode or not self.typed.isdigit():
            return self.outcode
        return self.typed[: max(3, len(self.typed) - 2)]

    @property
    def full(self) -> str | None:
        """Upper case with one space, or ``None`` where only the outcode is known."""
        return f"{self.outcode} {self.incode}" if self.incode else None

    @property
    def sector(self) -> str | None:
        """Outcode, a space and the first digit of the incode, or ``None`` for an outcode alone."""
        return f"{self.outcode} {self.incode[0]}" if self.incode else None

    def __repr__(self) -> str:
        return "Postcode(…)"


def read_postcode(text: str) -> Postcode | None:
    """Return the postcode as typed, or ``None`` for none, a pseudo-code or a forces' address."""
    code = _NOT_CODE.sub("", code_characters(text).translate(_UPPER))
    if not 2 <= len(code) <= 7 or code.startswith(("ZZ", "BF")):
        return None
    if len(code) >= 5:
        incode = _DIGIT_FOR.get(code[-3], code[-3]) + code[-2:]
        outcode = _outcode(code[:-3])
        if outcode and _INCODE.fullmatch(incode):
            return Postcode(outcode, incode, "")
    if len(code) <= 4:
        outcode = _outcode(code)
        if outcode:
            return Postcode(outcode, "", "")
    return Postcode("", "", code) if _says_where(code) else None


def _says_where(code: str) -> bool:
    """Return whether characters are a mistyped postcode or a code of another country.

    NFA 000, AA1 1AA, 12345 and 99999 only fill the field, and would keep a child of a common name
    from being found anywhere.
    """
    if code.isdigit():
        return len(code) >= _FEWEST_TYPED and len(set(code)) > 1 and code not in "0123456789"
    begun, letters = _BEGINNING.match(code), {c for c in code if not c.isdigit()}
    if len(code) < _FEWEST_BROKEN or begun is None or len(letters) == 1 or code.isalpha():
        return False
    return begun.group(1) in AREAS or _SHAPE.fullmatch(code) is not None


def _outcode(code: str) -> str | None:
    """Return the outcode itself, or the only reading of O/0 and I/1 that makes it one."""
    if _is_outcode(code):
        return code
    choices = [(c, _LETTER_FOR.get(c, ""), _DIGIT_FOR.get(c, "")) for c in code]
    readings = {
        "".join(reading) for reading in product(*([o for o in options if o] for options in choices))
    }
    valid = sorted(reading for reading in readings if _is_outcode(reading))
    return valid[0] if len(valid) == 1 else None


def _is_outcode(code: str) -> bool:
    found = _OUTCODE.fullmatch(code)
    if found is None or found.group(1) not in AREAS:
        return False
    return code[-1].isdigit() or (
        found.group(1) in _AREAS_WITH_LETTER and code[-1] in _LAST_LETTERS[len(found.group(1))]
    )


@dataclass(frozen=True, slots=True, repr=False)
class NormalForm:
    """A child's fields in normal form.

    ``names`` holds the present name first; it has one name at least, and a name may be empty.
    ``former_postcodes`` has neither the present one nor one twice. ``newborn`` and ``birth_order``
    come from a placeholder in the forename field.
    """

    names: tuple[Name, ...]
    newborn: bool
    birth_order: int | None
    birth: Born | None
    sex: Sex | None
    postcode: Postcode | None
    health_number: HealthNumber | None
    upn: Upn | None
    former_postcodes: tuple[Postcode, ...]

    @property
    def is_unborn(self) -> bool:
        """Whether an expected date stands for the date of birth."""
        return isinstance(self.birth, BirthDate) and self.birth.certainty is Certainty.EXPECTED

    @property
    def has_forename(self) -> bool:
        return any(name.forenames for name in self.names)

    @property
    def has_surname(self) -> bool:
        return any(name.surnames for name in self.names)

    def __repr__(self) -> str:
        return "NormalForm(…)"


def normalise(d: Demographics) -> NormalForm:
    """Return the normal form of a child's fields. It is total: a field that cannot be read is
    absent."""
    names, postcode = read_names(d), read_postcode(d.postcode)
    former = dict.fromkeys(read_postcode(text) for text in d.former_postcodes)
    return NormalForm(
        names=names.names,
        newborn=names.newborn,
        birth_order=names.birth_order,
        birth=read_date(d.dob),
        sex=d.sex,
        postcode=postcode,
        health_number=read_health_number(d.health_number),
        upn=read_upn(d.upn),
        former_postcodes=tuple(one for one in former if one is not None and one != postcode),
    )
