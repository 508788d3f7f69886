"""Read the fields of an export: one reader for each kind of field. Pure.

Texts come here clean (``sources.cells``); dates are read in the order of their column
(``sources.dates``).

Law: a reader raises ``BadField`` with a reason and never with the text. ``docs/import.md`` lists
the spellings that are read. ``standing`` derives from status and dates whether an involvement is
open, recent, planned or over.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import date
from enum import Enum, unique
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.dates import Dates, is_no_date, stands_for_none
from agency_node.importing.sources.reasons import Reason
from fingerpost.private.demographics import (
    Birth,
    ExpectedDate,
    OtherName,
    PartialDate,
    Scheme,
    Sex,
    as_code,
    birth_span,
    read_health_number,
)
from fingerpost.private.linkage import normal_form
from fingerpost.private.messages import (
    BYTES_PER_CHAR,
    WORKER_NAME_CHARS,
    WORKER_ROLE_CHARS,
)
from fingerpost.private.plain_text import require_email, require_plain
from fingerpost.protocol import limits, telephones
from fingerpost.protocol.codes import DeskKind, InvolvementStatus, Kind
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.telephones import BadTelephone, TelephoneFault

OLDEST_YEARS: Final = 30
CELLS_REMEMBERED: Final = 4096
"""Of so many cells that are the same in many rows (flags, desks) it is remembered what they say."""
UNBORN_DAYS: Final = 310
LOCAL_ID_CHARS: Final = 64
_WITHOUT_ZERO: Final = 9

_YEAR_OR_MONTH: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2})?")
_NO_YEAR: Final = PartialDate(1900)
"""Systems write it where no year is known."""
_SPACES: Final = re.compile(r"\s+")
_DECIMAL: Final = re.compile(r"(-?[0-9]+)\.0+")
_POWER_OF_TEN: Final = re.compile(r"([0-9])[.,]?([0-9]*)E\+?([0-9]{1,2})", re.IGNORECASE)
_YES: Final = frozenset({"yes", "y", "true", "t", "1", "-1", "x", "on", "✓", "✔", "☑", "☒"})
_NO: Final = frozenset(
    {"", "no", "n", "false", "f", "0", "off", "-", "–", "☐"}
    | {"null", "(null)", "none", "n/a", "na", "nan", "not applicable"}
)
"""Yes and no as systems write them: an Access database writes -1, a spreadsheet 1.0."""
_SEXES: Final[Mapping[str, Sex | None]] = MappingProxyType(
    {
        **dict.fromkeys(("f", "female", "girl", "2"), Sex.FEMALE),
        **dict.fromkeys(("m", "male", "boy", "1"), Sex.MALE),
        **dict.fromkeys(
            ("", "u", "unknown", "not known", "i", "indeterminate", "x", "n", "0", "9"), None
        ),
    }
)
_SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {"NHS": Scheme.NHS, "CHI": Scheme.CHI, "H&C": Scheme.HC, "HC": Scheme.HC, "HCN": Scheme.HC}
)
_KINDS: Final = MappingProxyType({kind.name: kind for kind in Kind})


class BadField(Exception):
    """The field cannot be read. The exception holds no text of it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def has_control(text: str) -> bool:
    """Return whether the text holds a control character (C0 or DEL)."""
    return not text.isprintable() and any(ord(c) < 0x20 or ord(c) == 0x7F for c in text)


def read_day(text: str, dates: Dates) -> date | None:
    """Read a date in the order of its column.

    Returns:
        None for an empty text.

    Raises:
        BadField: NOT_A_DATE; DATE_STANDS_FOR_NONE, it says that there is none, in words or as a day
            such as 1900-01-01.
    """
    if is_no_date(text):
        if text:
            raise BadField(Reason.DATE_STANDS_FOR_NONE)
        return None
    day = dates.read(text)
    if day is None:
        raise BadField(Reason.NOT_A_DATE)
    if stands_for_none(day):
        raise BadField(Reason.DATE_STANDS_FOR_NONE)
    return day


@unique
class Precision(Enum):
    """How much of a date of birth is known, as the column ``dob_precision`` says it."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ABOUT = "about"


def read_precision(text: str) -> Precision:
    try:
        return Precision(text.lower() or "day")
    except ValueError:
        raise BadField(Reason.PRECISION_NOT_READ) from None


def read_birth(text: str, precision: Precision, as_of: date, dates: Dates) -> Birth | None:
    """Read a date of birth, of which no more is kept than is known; a day after the export is that
    on which an unborn child is expected. ``2015`` and ``2015-03`` say by themselves how much it is.

    Raises:
        BadField: DATE_NOT_READ, it is no date, or later than ``UNBORN_DAYS`` after the export;
            DATE_STANDS_FOR_NONE.
    """
    if precision is Precision.DAY and not _YEAR_OR_MONTH.fullmatch(text):
        day = _birth_day(text, as_of, dates)
        return day if day is None or day <= as_of else ExpectedDate(day)
    if is_no_date(text):
        return read_day(text, dates)
    day = None if _YEAR_OR_MONTH.fullmatch(text) else _birth_day(text, as_of, dates)
    year, month = (day.year, day.month) if day else (int(text[:4]), int(text[5:] or 0))
    try:
        if precision is Precision.MONTH or (precision is Precision.DAY and month):
            part = PartialDate(year, month)
        else:
            part = PartialDate(year, about=precision is Precision.ABOUT)
    except Refused:
        raise BadField(Reason.DATE_NOT_READ) from None
    if precision is Precision.DAY and part == _NO_YEAR:
        raise BadField(Reason.DATE_STANDS_FOR_NONE)
    if precision is Precision.DAY and birth_span(part)[0] > as_of:
        raise BadField(Reason.DATE_NOT_READ)
    return part


def read_due(text: str, as_of: date, dates: Dates) -> ExpectedDate | None:
    """Read the day on which an unborn child is expected, as ``read_birth``."""
    day = _birth_day(text, as_of, dates)
    return ExpectedDate(day) if day is not None else None


def _birth_day(text: str, as_of: date, dates: Dates) -> date | None:
    try:
        day = read_day(text, dates)
    except BadField as bad:
        if bad.reason is Reason.DATE_STANDS_FOR_NONE:
            raise
        raise BadField(Reason.DATE_NOT_READ) from None
    if day is not None and ((day - as_of).days > UNBORN_DAYS or normal_form.read_date(day) is None):
        raise BadField(Reason.DATE_NOT_READ)
    return day


def is_adult(born: Birth, as_of: date) -> bool:
    """Return whether a person is too old for any record of a child or a young person."""
    return as_of.year - birth_span(born)[1].year > OLDEST_YEARS


def is_before_birth(day: date, born: Birth) -> bool:
    """Return whether a day lies before all of the pregnancy; of an unborn child it says nothing."""
    if isinstance(born, ExpectedDate):
        return False
    return (birth_span(born)[0] - day).days > UNBORN_DAYS


def read_kind(text: str) -> Kind:
    kind = _KINDS.get(text.upper())
    if kind is None:
        raise BadField(Reason.UNKNOWN_KIND if text else Reason.EMPTY)
    return kind


def read_sex(text: str) -> Sex | None:
    try:
        return _SEXES[text.lower()]
    except KeyError:
        raise BadField(Reason.SEX_NOT_READ) from None


def read_scheme(text: str) -> Scheme | None:
    try:
        return _SCHEMES[text.upper()] if text else None
    except KeyError:
        raise BadField(Reason.SCHEME_NOT_READ) from None


@unique
class Flag(Enum):
    """What the column ``shield`` of a row says.

    HIDDEN: nothing of the child may be stored (an identity from before an adoption, a protected
    person). UNREAD: neither yes nor no, which counts as yes.
    """

    NO = "no"
    YES = "yes"
    HIDDEN = "hidden"
    UNREAD = "unread"


def read_shield(text: str) -> Flag:
    """Read the column ``shield``: yes, no or ``hidden``."""
    if text.lower() == Flag.HIDDEN.value:
        return Flag.HIDDEN
    return Flag.YES if read_flag(text) else Flag.NO


@lru_cache(CELLS_REMEMBERED)
def read_flag(text: str) -> bool:
    word = _whole(text.lower())
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadField(Reason.NOT_YES_OR_NO)


def _short(text: str, most: int) -> str:
    if len(text) > most:
        raise BadField(Reason.TOO_LONG)
    return text


read_name: Final = partial(_short, most=limits.NAME_CHARS)
read_postcode: Final = partial(_short, most=limits.POSTCODE_CHARS)


def read_number(text: str) -> str:
    """Read a number of a child as a spreadsheet may have written it (``9434765919.0``).

    Raises:
        BadField: NUMBER_LEFT_OUT, its last digits are lost; TOO_LONG.
    """
    whole = _whole(text.lstrip("'"))
    if found := _POWER_OF_TEN.fullmatch(whole):
        digits, power = found[1] + found[2], int(found[3])
        if len(digits) != power + 1:
            raise BadField(Reason.NUMBER_LEFT_OUT)
        whole = digits
    return _short(as_code(whole, limits.IDENTIFIER_CHARS), limits.IDENTIFIER_CHARS)


def _whole(text: str) -> str:
    """Return a number without the decimals that a spreadsheet added to it."""
    found = _DECIMAL.fullmatch(text)
    return found[1] if found else text


def with_zero(number: str, born: Birth | None) -> str:
    """Return a number of nine digits with the zero that a spreadsheet took off its front, where the
    date of birth proves it: a CHI number begins with it, and has a check digit.
    """
    if len(number) != _WITHOUT_ZERO or not isinstance(born, date):
        return number
    found = read_health_number(f"0{number}")
    begins = f"{born.day:02}{born.month:02}{born.year % 100:02}"
    return found.digits if found is not None and found.digits.startswith(begins) else number


def read_aliases(text: str) -> tuple[OtherName, ...]:
    """Read names divided by ``;``, each ``forename surname``: the last word is the surname."""
    names = []
    for alias in text.split(";"):
        words = alias.split()
        if words:
            names.append(OtherName(read_name(" ".join(words[:-1])), read_name(words[-1])))
    if len(names) > limits.OTHER_NAMES:
        raise BadField(Reason.TOO_MANY_NAMES)
    return tuple(names)


def read_former_postcodes(text: str) -> tuple[str, ...]:
    """Read postcodes divided by ``;``, the latest first."""
    return tuple(read_postcode(one) for part in text.split(";") if (one := part.strip()))


def read_local_id(text: str) -> str:
    """Read the agency's own number of a child.

    Attack, and accident: numbers that a spreadsheet shortened are one number of many children.
    """
    if not text:
        raise BadField(Reason.EMPTY)
    if "+" in text and _POWER_OF_TEN.fullmatch(text):
        raise BadField(Reason.NUMBER_SHORTENED)
    return _short(text, LOCAL_ID_CHARS)


@lru_cache(CELLS_REMEMBERED)
def _plain(text: str, chars: int) -> str:
    """Read a text that a pointer can carry (``fingerpost.private.plain_text``)."""
    tidy = _SPACES.sub(" ", text)
    if len(tidy) > chars:
        raise BadField(Reason.TEXT_TOO_LONG)
    try:
        require_plain(tidy, chars=chars, size=BYTES_PER_CHAR * chars, what="text")
    except Refused:
        raise BadField(Reason.NOT_PLAIN_TEXT) from None
    return tidy


read_worker_name: Final = partial(_plain, chars=WORKER_NAME_CHARS)
read_worker_role: Final = partial(_plain, chars=WORKER_ROLE_CHARS)


_DESKS: Final[Mapping[str, DeskKind | None]] = MappingProxyType(
    {
        "": None,
        "worker": DeskKind.WORKER,
        "team": DeskKind.TEAM,
        "duty": DeskKind.DUTY,
        "out of hours": DeskKind.OUT_OF_HOURS,
    }
)


def read_desk(text: str) -> DeskKind | None:
    try:
        return _DESKS[text.lower().replace("_", " ")]
    except KeyError:
        raise BadField(Reason.DESK_NOT_READ) from None


def read_last_day(text: str, dates: Dates) -> int:
    """Return the end of a day, in seconds since 1970 UTC; 0 for an empty text."""
    try:
        day = read_day(text, dates)
    except BadField as bad:
        if bad.reason is Reason.DATE_STANDS_FOR_NONE:
            return 0
        raise BadField(Reason.DESK_NOT_READ) from None
    return timegm(day.timetuple()) + limits.DAY if day is not None else 0


@lru_cache(CELLS_REMEMBERED)
def read_telephone(text: str) -> str:
    """Read a number without extension, as ``protocol.telephones``; empty for an empty text."""
    if not text.strip():
        return ""
    try:
        return telephones.read_telephone(text).number
    except BadTelephone as bad:
        raise BadField(_OF_TELEPHONES.get(bad.fault, Reason.NOT_A_TELEPHONE)) from None


_OF_TELEPHONES: Final[Mapping[TelephoneFault, Reason]] = MappingProxyType(
    {
        TelephoneFault.TWO_NUMBERS: Reason.TWO_TELEPHONES,
        TelephoneFault.SPREADSHEET: Reason.NUMBER_LEFT_OUT,
    }
)


@lru_cache(CELLS_REMEMBERED)
def read_email(text: str) -> str:
    try:
        require_email(text, "email")
    except Refused:
        raise BadField(Reason.NOT_AN_EMAIL) from None
    return text


_OVER: Final = frozenset({"RECENT", "CLOSED", "ENDED"})


def read_status(text: str) -> str:
    """Return the word of a status, in capitals."""
    word = text.upper()
    if word not in _OVER | {"OPEN", "PLANNED"}:
        raise BadField(Reason.UNKNOWN_STATUS if word else Reason.EMPTY)
    return word


class NoLongerCurrent(Exception):
    """The involvement ended more than twelve months before the export. This is no fault, but the
    row is not kept.
    """


def standing(
    status: str, start: date | None, end: date | None, as_of: date
) -> tuple[InvolvementStatus, date | None]:
    """Return the status and, for RECENT, the day of the end.

    An end that has passed makes an involvement RECENT, whatever the status says; a start that is
    still to come turns OPEN into PLANNED.

    Raises:
        BadField: the status is none that we know, the dates contradict each other or the status, or
            an involvement that is over has no end.
        NoLongerCurrent: it ended too long ago.
    """
    word = read_status(status)
    if start is not None and end is not None and start > end:
        raise BadField(Reason.DATES_CONTRADICT)
    begun = start is None or start <= as_of
    if end is not None and end <= as_of:
        if word == "PLANNED":
            raise BadField(Reason.DATES_CONTRADICT)
        if end < _a_year_before(as_of):
            raise NoLongerCurrent
        return InvolvementStatus.RECENT, end
    if word in _OVER:
        raise BadField(Reason.END_MISSING if end is None else Reason.DATES_CONTRADICT)
    if word == "PLANNED" or not begun:
        return InvolvementStatus.PLANNED, None
    return InvolvementStatus.OPEN, None


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
