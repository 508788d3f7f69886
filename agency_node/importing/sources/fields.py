"""Read the fields of an export: one reader for each kind of field. Pure.

Law: a reader raises ``BadField`` with a reason and never with the text. ``docs/import.md`` lists
the spellings that are read. ``standing`` derives from status and dates whether an involvement is
open, recent, planned or over; ``doubtful`` returns the children whom a line that cannot be read may
shield.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.reasons import Reason, RefusedFile
from fingerpost.private.demographics import OtherName, Sex
from fingerpost.private.messages import (
    BYTES_PER_CHAR,
    HOURS_CHARS,
    WORKER_NAME_CHARS,
    WORKER_ROLE_CHARS,
)
from fingerpost.private.plain_text import require_email, require_plain, require_telephone
from fingerpost.protocol import limits
from fingerpost.protocol.codes import InvolvementStatus, Kind
from fingerpost.protocol.errors import Refused

OLDEST_YEARS: Final = 30
UNBORN_DAYS: Final = 310
LOCAL_ID_CHARS: Final = 64

_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ][0-9:.]*Z?)?")
_BRITISH: Final = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
_TELEPHONE_NOISE: Final = re.compile(r"[()\-./\u2010-\u2015\u00a0]")
_SPACES: Final = re.compile(r"\s+")
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"", "no", "n", "false", "0"})
_SEXES: Final[Mapping[str, Sex | None]] = MappingProxyType(
    {
        **dict.fromkeys(("f", "female", "girl", "2"), Sex.FEMALE),
        **dict.fromkeys(("m", "male", "boy", "1"), Sex.MALE),
        **dict.fromkeys(
            ("", "u", "unknown", "not known", "i", "indeterminate", "x", "n", "0", "9"), None
        ),
    }
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


def read_date(text: str) -> date | None:
    """Read ``YYYY-MM-DD`` (a time after it is left out) or ``DD/MM/YYYY``, never month first.

    Returns:
        None for an empty text.
    """
    if not text:
        return None
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _BRITISH.fullmatch(text):
        day, month, year = found.groups()
    else:
        raise BadField(Reason.NOT_A_DATE)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise BadField(Reason.NOT_A_DATE) from None


def read_birth(text: str, as_of: date) -> date | None:
    """Read a date of birth, or an expected one.

    Raises:
        BadField: DATE_NOT_READ, it is no date, or later than ``UNBORN_DAYS`` after the export.
    """
    try:
        born = read_date(text)
    except BadField:
        raise BadField(Reason.DATE_NOT_READ) from None
    if born is not None and (born - as_of).days > UNBORN_DAYS:
        raise BadField(Reason.DATE_NOT_READ)
    return born


def is_adult(born: date, as_of: date) -> bool:
    """Return whether a person is too old for any record of a child or a young person."""
    return as_of.year - born.year > OLDEST_YEARS


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


def read_flag(text: str) -> bool:
    word = text.lower()
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
read_number: Final = partial(_short, most=limits.IDENTIFIER_CHARS)


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


def read_local_id(text: str) -> str:
    if not text:
        raise BadField(Reason.EMPTY)
    return _short(text, LOCAL_ID_CHARS)


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
read_hours: Final = partial(_plain, chars=HOURS_CHARS)


def read_telephone(text: str) -> str:
    """Read a number without extension; brackets, hyphens, dots and slashes become spaces."""
    tidy = _SPACES.sub(" ", _TELEPHONE_NOISE.sub(" ", text)).strip()
    try:
        require_telephone(tidy, "telephone")
    except Refused:
        raise BadField(Reason.NOT_A_TELEPHONE) from None
    return tidy


def read_email(text: str) -> str:
    try:
        require_email(text, "email")
    except Refused:
        raise BadField(Reason.NOT_AN_EMAIL) from None
    return text


_OVER: Final = frozenset({"RECENT", "CLOSED", "ENDED"})


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
    word = status.upper()
    if word not in _OVER | {"OPEN", "PLANNED"}:
        raise BadField(Reason.UNKNOWN_STATUS if word else Reason.EMPTY)
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


def doubtful(known: Iterable[str], unreadable: Iterable[tuple[int, str]]) -> frozenset[str]:
    """Return the local_ids that a line which cannot be read may be about.

    Args:
        known: all local_ids of the file.
        unreadable: the lines, as number and text.

    Raises:
        RefusedFile: SHIELD_OF_NOBODY, a line contains none of the ``known`` local_ids.
    """
    by_part: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for local_id in known:
        parts = _parts(local_id)
        by_part.setdefault(min(parts), []).append((local_id, parts))
    found: set[str] = set()
    for number, line in unreadable:
        cells = _parts(line)
        about = [
            local_id
            for cell in cells
            for local_id, parts in by_part.get(cell, ())
            if parts <= cells
        ]
        if not about:
            raise RefusedFile(Reason.SHIELD_OF_NOBODY, f"line {number}")
        found.update(about)
    return frozenset(found)


def _parts(text: str) -> frozenset[str]:
    """Return the texts between commas, without quotation marks and outer spaces."""
    return frozenset(part.strip() for part in text.replace('"', "").split(","))
