"""Read when a desk is staffed, as agencies write it: ``Mon–Fri 08:30–17:00``, ``weekdays 9-5``,
``8.30am to 4pm, Monday to Thursday``. Pure.

Law: nothing is guessed that could show a closed desk as open. Of a text that takes hours back
(``not on Wednesdays``, ``closed for lunch``) nothing is read. Where days and times cannot be paired
in one way, or a time can be of the morning or of the evening, that part is left out, and the caller
is told that not all was read.

The clock: hours with am or pm say it; two digits with minutes, or four digits, are of the 24-hour
clock, as are hours from 13 on. An hour without any of these is of a working day: ``8-4`` closes in
the afternoon, ``1-5`` opens then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fingerpost.private.messages import ALL_DAYS, OpeningHours
from fingerpost.protocol import limits

HOURS_CHARS: Final = 160
_HOURS_REMEMBERED: Final = 4096
_MIDNIGHT: Final = 24 * 60
_NOON: Final = 12 * 60
_WEEKDAYS: Final = 31
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TAKES_BACK: Final = re.compile(
    r"\b(?:not|no|never|closed|closes|except|excluding|excl|without|bar|unless|apart|other"
    r"|alternate|fortnightly|lunch|lunchtimes?|breaks?|holidays?|1st|2nd|3rd|4th|first|second"
    r"|third|last)\b"
)
_TERM_TIME: Final = re.compile(r"(?:in |during )?term[ -]times?(?: only)?")
_END: Final = r"(?![a-z0-9])"
_TOKEN: Final = re.compile(
    rf"""
    (?P<always>24\s*hours{_END}|24\s*hrs?{_END}|24\s*h{_END})
    |(?P<ever>24\s*/\s*7{_END})
    |(?P<all>every\s?day{_END}|daily{_END}|all\s+week{_END}
        |(?:7|seven)\s+days(?:\s+a\s+week)?{_END})
    |(?P<weekdays>week\s?days?{_END}|m\s*[–—-]\s*f{_END})
    |(?P<weekends>week\s?ends?{_END})
    |(?P<day>mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun
        |monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?\.?{_END}
    |(?P<noon>(?:12\s*)?(?:noon|midday){_END})
    |(?P<midnight>(?:12\s*)?midnight{_END})
    |(?P<hour>[0-9]{{1,2}})(?:[:.](?P<minute>[0-9]{{2}}))?(?![0-9])
        (?:\s*(?P<half>[ap])\.?\s?m\.?{_END}|\s*hrs?{_END})?
    |(?P<four>[0-9]{{4}})(?![0-9])(?:\s*(?:hours|hrs?){_END})?
    |(?P<to>[–—-]|(?:to|until|till?){_END})
    |(?P<and>[,;:/&+|().]|(?:and|from|open|opening\s+hours|office\s+hours|hours|between){_END})
    |(?P<unknown>[^\s,;:/&+|().–—-]+|.)
    """,
    re.VERBOSE,
)
_WHITE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of the day, in minutes after midnight. ``sure``: of the 24-hour clock, or with am or
    pm (``half``); otherwise whether it is before or after noon is not said."""

    minutes: int
    sure: bool
    half: bool = False


@dataclass(frozen=True, slots=True)
class _Days:
    days: int


@dataclass(frozen=True, slots=True)
class _Span:
    opens: int
    closes: int


class _Unread(Exception):
    """A part cannot be read in one way."""


_Word = _Days | _Clock | str
"""A day, a time, or ``to``, ``and``, ``always``, ``unknown``."""


@lru_cache(_HOURS_REMEMBERED)
def read_hours(text: str) -> tuple[tuple[OpeningHours, ...], bool]:
    """Read opening hours such as ``Mon–Fri 08:00–16:30, Sat 10-12, term time``.

    Returns:
        The hours, sorted, and whether all of the text was read. What was not read is left out.
    """
    if len(text) > HOURS_CHARS:
        return (), False
    left, term_times = _TERM_TIME.subn(" ", _WHITE.sub(" ", text.lower()))
    if _TAKES_BACK.search(left):
        return (), False
    words = list(_words(left))
    spans: set[tuple[int, int, int]] = set()
    whole = "unknown" not in words
    for sentence in _sentences(words):
        try:
            spans.update(_paired(sentence))
        except _Unread:
            whole = False
    hours = sorted(OpeningHours(*each, term_times > 0) for each in spans)
    fit = hours[: limits.OPENING_HOURS]
    return tuple(fit), whole and fit == hours


def _words(text: str) -> Iterator[_Word]:
    for found in _TOKEN.finditer(text):
        kind, said = found.lastgroup or "", found.group()
        if found["hour"]:
            yield _clock(found)
        elif found["four"]:
            yield _of_the_day(int(said[:2]), int(said[2:4]))
        elif found["day"]:
            yield _Days(1 << _DAYS.index(said[:3]))
        elif kind == "noon":
            yield _Clock(_NOON, sure=True)
        elif kind == "midnight":
            yield _Clock(_MIDNIGHT, sure=True)
        elif kind in _GROUPS:
            yield _Days(_GROUPS[kind])
        elif kind == "ever":
            yield _Days(ALL_DAYS)
            yield "always"
        elif said.strip():
            yield kind


_GROUPS: Final = {"all": ALL_DAYS, "weekdays": _WEEKDAYS, "weekends": ALL_DAYS - _WEEKDAYS}


def _clock(found: re.Match[str]) -> _Word:
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
    if half:
        if not 1 <= hour <= 12 or minute > 59:
            return "unknown"
        return _Clock(60 * (hour % 12 + (12 if half == "p" else 0)) + minute, sure=True, half=True)
    padded = found["hour"].startswith("0") or (len(found["hour"]) == 2 and found["minute"])
    if padded or hour > 12 or hour == 0:
        return _of_the_day(hour, minute)
    return _Clock(60 * hour + minute, sure=False) if minute <= 59 else "unknown"


def _of_the_day(hour: int, minute: int) -> _Word:
    minutes = 60 * hour + minute
    return _Clock(minutes, sure=True) if minute <= 59 and minutes <= _MIDNIGHT else "unknown"


def _sentences(words: Iterable[_Word]) -> Iterator[list[_Word]]:
    """Yield what stands between words that are not known."""
    sentence: list[_Word] = []
    for word in words:
        if word == "unknown":
            yield sentence
            sentence = []
        else:
            sentence.append(word)
    yield sentence


def _paired(words: Sequence[_Word]) -> Iterator[tuple[int, int, int]]:
    """Yield days, opening and closing time of one sentence, in which either all days stand before
    their times or all times before their days.

    Raises:
        _Unread: something has nothing that it belongs to.
    """
    parts = list(_parts(words))
    if not parts:
        return
    if parts == [_ALWAYS]:
        yield ALL_DAYS, 0, _MIDNIGHT
        return
    groups: list[list[_Days | _Span]] = []
    leads = type(parts[0])
    for part in parts:
        if isinstance(part, leads) and (not groups or not isinstance(groups[-1][-1], leads)):
            groups.append([])
        groups[-1].append(part)
    found = []
    for group in groups:
        days = 0
        for each in group:
            days |= each.days if isinstance(each, _Days) else 0
        spans = [each for each in group if isinstance(each, _Span)]
        if not days or not spans:
            raise _Unread
        found += [(days, span.opens, span.closes) for span in spans]
    yield from found


_ALWAYS: Final = _Span(0, _MIDNIGHT)


def _parts(words: Sequence[_Word]) -> Iterator[_Days | _Span]:
    """Join what ``to`` joins: days to days, times to times."""
    at = 0
    while at < len(words):
        word = words[at]
        following = (
            words[at + 2] if words[at + 1 : at + 2] == ["to"] and at + 2 < len(words) else None
        )
        if isinstance(word, _Days):
            if isinstance(following, _Days):
                yield _Days(_run(word.days, following.days))
                at += 2
            else:
                yield word
                at += following is not None  # "Mon–Fri – 9:00 to 17:00"
        elif isinstance(word, _Clock):
            if not isinstance(following, _Clock):
                raise _Unread
            yield _span(word, following)
            at += 2
        elif word == "always":
            yield _ALWAYS
        elif word == "to":
            raise _Unread
        at += 1


def _run(first: int, last: int) -> int:
    """Return the days from one to another."""
    if first.bit_count() != 1 or last.bit_count() != 1:
        raise _Unread
    start, end = first.bit_length() - 1, last.bit_length() - 1
    return sum(1 << (start + n) % 7 for n in range((end - start) % 7 + 1))


def _span(opens: _Clock, closes: _Clock) -> _Span:
    """Return opening and closing time on the 24-hour clock."""
    return _checked(*_on_one_clock(opens, closes))


def _on_one_clock(opens: _Clock, closes: _Clock) -> tuple[int, int]:
    begin, end = opens.minutes % _MIDNIGHT, closes.minutes
    if opens.sure and closes.sure:
        return begin, end
    if opens.sure:
        if begin <= _NOON:
            return begin, end if end > begin else end + _NOON
        if opens.half and begin - _NOON < end:
            return begin, end + _NOON  # 1pm-5
        raise _Unread  # 17:00-9:00 may be an evening or a night
    if begin < _MORNING[0]:
        begin += _NOON  # nobody opens at 1 in the morning
        end += 0 if closes.sure else _NOON
    elif begin < _MORNING[1]:
        raise _Unread  # 6-10 may be of the morning or of the evening
    elif closes.sure:
        if begin < _NOON and begin < end - _NOON:
            raise _Unread  # 8-11pm, too
    elif end <= begin:
        end += _NOON
        if begin == _NOON and end == _MIDNIGHT:
            raise _Unread  # 12-12
    if end <= begin:
        raise _Unread
    return begin, end


_MORNING: Final = (6 * 60, 7 * 60)


def _checked(opens: int, closes: int) -> _Span:
    if opens >= _MIDNIGHT or not 0 <= closes <= _MIDNIGHT:
        raise _Unread
    return _Span(opens, closes)
