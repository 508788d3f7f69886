"""The text of one cell, as somebody meant it. Pure.

Law: what is certain is mended, and nothing else. Spaces of all kinds become plain, characters that
nobody sees go, an entity of HTML becomes its character, and text in UTF-8 that a program read as
Latin-1 is read again. What cannot be mended stays, and ``census.damaged_names`` finds it.
"""

from __future__ import annotations

import html
import re
from typing import Final
from unicodedata import category

_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5}|[A-Za-z][A-Za-z0-9]{1,20});")
_MISREAD: Final = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
"""What every character of two or more bytes in UTF-8 becomes when it is read as Latin-1 or
Windows-1252."""
_MISREAD_RUN: Final = re.compile("[\u0080-\u00ff\u0152-\u2122]+")
_MEANT: Final = frozenset("‘’“”–—\u00a0\u00ad\u200b\u200e\u200f\ufeff")
_QUOTED: Final = re.compile(r'="([^"]*)"')
_TIMES_WRITTEN_TWICE: Final = 3


def clean(text: str) -> str:
    """Return the text without what was not meant. Control characters stay: they refuse a row."""
    text = text.strip()
    if text.isascii():
        if text.startswith('="'):
            text = _unquoted(text)
        return _entities(text) if "&" in text else text
    for _ in range(_TIMES_WRITTEN_TWICE):
        again = _read_again(_entities(text))
        if again == text:
            break
        text = again
    return "".join(filter(None, map(_plain, text))).strip()


def _unquoted(text: str) -> str:
    """Return what stands in ``="0123"``, which keeps a spreadsheet from changing a number."""
    found = _QUOTED.fullmatch(text)
    return found[1].strip() if found else text


def _entities(text: str) -> str:
    """Return the text with the characters that entities stand for, also where one was written
    twice (``&amp;eacute;``).
    """
    for _ in range(_TIMES_WRITTEN_TWICE):
        if "&" not in text:
            break
        again = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
        if again == text:
            break
        text = again
    return text


def _read_again(text: str) -> str:
    if _MISREAD.search(text) is None:
        return text
    return _MISREAD_RUN.sub(lambda run: _as_utf8(run[0]), text)


def _as_utf8(run: str) -> str:
    """Return a run of characters read as UTF-8, or as it is where it is none, or no letters."""
    try:
        found = b"".join(map(_byte, run)).decode("utf-8")
    except UnicodeError:
        return run
    return found if all(c.isalpha() or c in _MEANT for c in found) else run


def _byte(c: str) -> bytes:
    """Return the byte that a program read as this character. Raises ``UnicodeError``."""
    try:
        return c.encode("windows-1252")
    except UnicodeEncodeError:
        return c.encode("latin-1")


def _plain(c: str) -> str:
    if c.isascii():
        return c
    kind = category(c)
    if kind in {"Zs", "Zl", "Zp"}:
        return " "
    return "" if kind == "Cf" else c
