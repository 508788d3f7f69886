"""The fields that identify a child in a question or a record: raw, bounded and never printed.

The fields are as somebody wrote them down; ``private.linkage`` gives them meaning. A value of this
type exists at the requester and at an agency that could open a query, and nowhere else.

When a child was born: a full date of birth is a ``date``. Where only a month or a year is known, or
a year about which somebody is unsure, it is a ``PartialDate``; of an unborn child an
``ExpectedDate``. Nothing is made up: a year never becomes its first of January. All three have one
spelling: ``2014-03-09``, ``2014-03``, ``2014``, ``about 2014``, ``due 2027-02-01``.

Health numbers: England, Wales and the Isle of Man (NHS), Scotland (CHI) and Northern Ireland (H&C)
give out numbers of ten digits with one check digit, from ranges of their own. Sources: the NHS Data
Dictionary, NHS NUMBER (modulus 11); Public Health Scotland, Community Health Index number (day,
month and year of birth, then four digits); Northern Ireland's Health and Care Number (320 000 0001
to 399 999 9999). The scheme that a blocking key holds follows from the digits alone, so that both
sides have one key whatever they state.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, unique
from typing import Final

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused

BEFORE_DUE: Final = timedelta(days=120)
"""A child who lives is born 23 weeks after the beginning of a pregnancy of 40 weeks, or later."""
PREGNANCY_DAYS: Final = 300
AFTER_DUE: Final = timedelta(days=21)
"""Labour is induced by then."""
_ABOUT_YEARS: Final = 1
_SPELT: Final = re.compile(
    r"(?:(about) )?([0-9]{4})|([0-9]{4})-([0-9]{2})|(?:(due) )?([0-9]{4}-[0-9]{2}-[0-9]{2})"
)
_NOT_OF_A_CODE: Final = (
    *(0x09, 0x20, 0x27, 0x2D, 0x2E, 0x85, 0xA0, 0xAD, 0xB7),
    *(0x58A, 0x61C, 0x1680, 0x180E),
    *range(0x2000, 0x2020),  # spaces, zero-width and directional marks, hyphens, quotation marks
    *range(0x2028, 0x2030),  # line separators, directional embeddings, narrow no-break space
    *(0x2043, 0x205F, *range(0x2060, 0x2070), 0x2212, 0x3000),
    *(*range(0xFE00, 0xFE10), 0xFE58, 0xFE63, 0xFEFF, 0xFF0D, 0xFF0E),
)
_CODE: Final = dict.fromkeys(_NOT_OF_A_CODE, "")
_DIGITS: Final = frozenset("0123456789")


@unique
class Sex(IntEnum):
    """As recorded. A missing or indeterminate sex is ``None`` where a ``Sex`` is optional."""

    FEMALE = 1
    MALE = 2


@unique
class Scheme(IntEnum):
    """Who gave out a number. The value stands in blocking keys."""

    NHS = 1
    CHI = 2
    HC = 3
    TEST = 4  # 999 000 0000 to 999 999 9999: never given to a person


NAMES_OF_HEALTH_NUMBER: Final = ("nhs_number", "chi_number", "hc_number")
"""What files call the number, beside ``health_number``. The name states no scheme: a school's
column of NHS numbers has the CHI number of a child from Scotland, too."""


@dataclass(frozen=True, slots=True, repr=False)
class HealthNumber:
    """Ten digits whose check digit holds, and their scheme."""

    scheme: Scheme
    digits: str

    def contradicts(self, stated: Scheme) -> bool:
        """Return whether the digits cannot be of the scheme that somebody stated.

        England has given out numbers that begin with 30 or 31, which are days of birth too; test
        numbers stand for those of any scheme.
        """
        if self.scheme is Scheme.TEST or stated is self.scheme:
            return False
        return not (stated is Scheme.NHS and self.scheme is Scheme.CHI and self.digits[0] == "3")

    def __repr__(self) -> str:
        return "HealthNumber(…)"


def code_characters(text: str) -> str:
    """Return a number or a postcode without what people and programs write between its groups.

    Spaces of all kinds, hyphens, dots, zero-width and directional characters go: they come with a
    number that was copied from a page, and nobody sees them. The characters are listed by number,
    since Unicode tables differ between versions.
    """
    return text.translate(_CODE)


def as_code(text: str, most: int) -> str:
    """Return a number or a postcode as typed, or without what stands between its groups where only
    then it has no more than ``most`` characters."""
    return text if len(text) <= most else code_characters(text)


def read_health_number(text: str) -> HealthNumber | None:
    """Return the number, or ``None`` where length or check digit is wrong.

    A digit repeated ten times passes the check and is refused, because it is typed for "unknown".
    """
    digits = code_characters(text)
    if len(digits) != 10 or not _DIGITS.issuperset(digits) or len(set(digits)) == 1:
        return None
    check = 11 - sum(int(c) * w for c, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    if check % 11 != int(digits[9]):  # a check of 10 equals no digit
        return None
    return HealthNumber(_scheme(digits), digits)


def _scheme(digits: str) -> Scheme:
    if digits.startswith("999"):
        return Scheme.TEST
    if "01" <= digits[:2] <= "31" and "01" <= digits[2:4] <= "12":
        return Scheme.CHI
    if "320" <= digits[:3] <= "399":
        return Scheme.HC
    return Scheme.NHS


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A year of birth, with its month where that is known. ``about``: the year may be the one
    before or the one after.

    Raises:
        Refused: MALFORMED, no such year or month, or a month of a year that is not certain.
    """

    year: int
    month: int | None = None
    about: bool = False

    def __post_init__(self) -> None:
        if not date.min.year < self.year < date.max.year:
            raise Refused(Code.MALFORMED, "dob")
        if self.month is not None and (self.about or not 1 <= self.month <= 12):
            raise Refused(Code.MALFORMED, "dob")

    def __repr__(self) -> str:
        return "PartialDate(…)"


@dataclass(frozen=True, slots=True, repr=False)
class ExpectedDate:
    """The day on which a child was expected who was not born when somebody wrote it down.

    Raises:
        Refused: MALFORMED, no year of this calendar is before it, or none after it.
    """

    day: date

    def __post_init__(self) -> None:
        if not date.min.year < self.day.year < date.max.year:
            raise Refused(Code.MALFORMED, "dob")

    def __repr__(self) -> str:
        return "ExpectedDate(…)"


Birth = date | PartialDate | ExpectedDate


def birth_span(birth: Birth) -> tuple[date, date]:
    """Return the first and the last day on which the child can have been born."""
    if isinstance(birth, ExpectedDate):
        return birth.day - BEFORE_DUE, birth.day + AFTER_DUE
    if isinstance(birth, date):
        return birth, birth
    off = _ABOUT_YEARS if birth.about else 0
    first = date(birth.year - off, birth.month or 1, 1)
    if birth.month in (None, 12):
        return first, date(birth.year + off, 12, 31)
    return first, date(birth.year, birth.month + 1, 1) - timedelta(days=1)


def ages(birth: Birth, on: date) -> range:
    """Return the ages in whole years that the child can have on a day; the unborn are 0."""
    first, last = birth_span(birth)
    return range(_age(last, on), _age(first, on) + 1)


def is_yet_to_come(birth: Birth, today: date) -> bool:
    """Return whether a child cannot have been born, or be expected, at ``today``.

    A day more is allowed, because the day begins earlier east.
    """
    latest = today + timedelta(days=PREGNANCY_DAYS if isinstance(birth, ExpectedDate) else 1)
    day = birth.day if isinstance(birth, ExpectedDate) else birth_span(birth)[0]
    return day > latest


def _age(born: date, on: date) -> int:
    return max(0, on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


def written_birth(birth: Birth | None) -> str:
    """Return the one spelling; empty for None."""
    if birth is None:
        return ""
    if isinstance(birth, ExpectedDate):
        return f"due {birth.day.isoformat()}"
    if isinstance(birth, date):
        return birth.isoformat()
    month = f"-{birth.month:02}" if birth.month else ""
    return f"{'about ' if birth.about else ''}{birth.year:04}{month}"


def read_birth(text: str) -> Birth:
    """Return what ``written_birth`` wrote.

    Raises:
        Refused: MALFORMED, another spelling, or no day of the calendar.
    """
    found = _SPELT.fullmatch(text)
    if found is None:
        raise Refused(Code.MALFORMED, "dob")
    about, year, year_of_month, month, due, day = found.groups()
    if year:
        return PartialDate(int(year), about=bool(about))
    if year_of_month:
        return PartialDate(int(year_of_month), int(month))
    try:
        full = date.fromisoformat(day)
    except ValueError:
        raise Refused(Code.MALFORMED, "dob") from None
    return ExpectedDate(full) if due else full


@dataclass(frozen=True, slots=True, repr=False)
class OtherName:
    """A former, preferred or additional name: at least one part is not empty."""

    forename: str
    surname: str

    def __post_init__(self) -> None:
        _bounded(self.forename, limits.NAME_CHARS, "other_name.forename")
        _bounded(self.surname, limits.NAME_CHARS, "other_name.surname")

    def __repr__(self) -> str:
        return "OtherName(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Demographics:
    """The raw fields. Empty text means "not known".

    An unborn child is one whose ``dob`` is an ``ExpectedDate``. She has no number yet, and no
    recorded sex: those beside an expected date are her mother's.

    Bounds: names ``limits.NAME_CHARS`` characters, ``limits.OTHER_NAMES`` other names, postcodes
    ``limits.POSTCODE_CHARS``, ``limits.FORMER_POSTCODES`` former ones with the latest first,
    identifiers ``limits.IDENTIFIER_CHARS``.

    ``number_scheme`` is the scheme that was stated of the health number, ``None`` where none was.
    It changes no key and no comparison: it keeps out a number of another scheme.

    Raises:
        Refused: MALFORMED, a field is out of bounds, an unborn child has a number or a sex, or the
            health number is of another scheme than stated; the field is named, never its content.
    """

    forename: str = ""
    middle_names: str = ""
    surname: str = ""
    other_names: tuple[OtherName, ...] = ()
    dob: Birth | None = None
    sex: Sex | None = None
    postcode: str = ""
    health_number: str = ""
    upn: str = ""
    number_scheme: Scheme | None = None
    former_postcodes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _bounded(self.forename, limits.NAME_CHARS, "forename")
        _bounded(self.middle_names, limits.NAME_CHARS, "middle_names")
        _bounded(self.surname, limits.NAME_CHARS, "surname")
        if len(self.other_names) > limits.OTHER_NAMES:
            raise Refused(Code.MALFORMED, "other_names")
        _bounded(self.postcode, limits.POSTCODE_CHARS, "postcode")
        if len(self.former_postcodes) > limits.FORMER_POSTCODES or not all(self.former_postcodes):
            raise Refused(Code.MALFORMED, "former_postcodes")
        for former in self.former_postcodes:
            _bounded(former, limits.POSTCODE_CHARS, "former_postcodes")
        _bounded(self.health_number, limits.IDENTIFIER_CHARS, "health_number")
        _bounded(self.upn, limits.IDENTIFIER_CHARS, "upn")
        if isinstance(self.dob, ExpectedDate) and (self.health_number or self.upn or self.sex):
            raise Refused(Code.MALFORMED, "number or sex of an unborn child")
        if self.number_scheme is not None:
            _require_scheme(self.health_number, self.number_scheme)

    def __repr__(self) -> str:
        return "Demographics(…)"


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def _bounded(text: str, most: int, field: str) -> None:
    if len(text) > most or _CONTROL.search(text) is not None:
        raise Refused(Code.MALFORMED, field)


def _require_scheme(text: str, stated: Scheme) -> None:
    number = read_health_number(text)
    if not text or (number is not None and number.contradicts(stated)):
        raise Refused(Code.MALFORMED, "number_scheme")
