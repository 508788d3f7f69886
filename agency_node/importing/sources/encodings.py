"""From the bytes of a file to its text. Pure.

Law: no letter is replaced and none is guessed. Marks, strict UTF-8 and UTF-16 whose zero bytes show
it are certain; everything else is read in the encoding that the operator stated, and refused
without one. The refusal names the encoding that the file may be in; what names it decides nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import charset_normalizer

from agency_node.importing.sources.faults import RefusedFile
from agency_node.importing.sources.reasons import Reason

ENCODINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf-16": "utf-16",
        "utf-16-le": "utf-16-le",
        "utf-16-be": "utf-16-be",
        "windows-1252": "cp1252",
        "windows-1250": "cp1250",
        "iso-8859-1": "cp1252",  # as on the web: its other characters are no text
        "iso-8859-2": "iso8859-2",
        "iso-8859-15": "iso8859-15",
        "macintosh": "mac-roman",
        "ibm850": "cp850",
        "ibm437": "cp437",
    }
)
"""The names that an operator can state, with Python's."""
_OTHER_NAMES: Final = MappingProxyType(
    {"utf8": "utf-8", "utf-8-sig": "utf-8", "utf16": "utf-16", "latin-1": "iso-8859-1"}
    | {"latin1": "iso-8859-1", "cp1252": "windows-1252", "ansi": "windows-1252"}
    | {"cp1250": "windows-1250", "mac-roman": "macintosh", "cp850": "ibm850", "cp437": "ibm437"}
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OUTSIDE_ASCII: Final = re.compile(rb"[^\r\n]{0,80}[\x80-\xff][^\r\n]{0,80}")
_SAMPLES: Final = 200
_USUAL: Final = frozenset("’‘“”–—€£…•°½é\u00a0")
_GUESSED: Final = ("cp1252", "cp1250", "iso8859_15", "iso8859_2", "mac_roman", "cp850", "cp437")


@dataclass(frozen=True, slots=True, repr=False)
class Decoded:
    """The text of a file without its mark, and the name of its encoding.

    Bytes of single rows that are not in a stated UTF-8 are lone surrogates.
    """

    text: str
    encoding: str


def named(encoding: str) -> str | None:
    """Return the one name of an encoding in ``ENCODINGS``, or None for one that is not read."""
    name = encoding.strip().lower().replace("_", "-")
    name = _OTHER_NAMES.get(name, name)
    return name if name in ENCODINGS else None


def decode(content: bytes, stated: str = "") -> Decoded:
    """Return the text.

    Args:
        stated: one of ``ENCODINGS``, or empty. Of a file in UTF-8 that was stated, single rows in
            another encoding are refused, and not the file.

    Raises:
        RefusedFile: NOT_TEXT, ENCODING_NOT_STATED or ENCODING_WRONG.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _marked(content[len(mark) :], encoding, stated)
    if stated and stated != "utf-8":
        return _stated(content, stated)
    sixteen = _unmarked_utf16(content)
    if sixteen is not None and not stated:
        return sixteen
    if b"\0" in content:
        raise RefusedFile(Reason.NOT_TEXT)
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        if stated:
            return Decoded(content.decode("utf-8", "surrogateescape"), "utf-8")
    raise RefusedFile(Reason.ENCODING_NOT_STATED, "", _likely(content))


def _marked(content: bytes, encoding: str, stated: str) -> Decoded:
    if stated and not encoding.startswith(stated):
        raise RefusedFile(Reason.ENCODING_WRONG, "", (f"the mark of {encoding.upper()}",))
    if encoding == "utf-8":
        if b"\0" in content:
            raise RefusedFile(Reason.NOT_TEXT)
        errors = "surrogateescape" if stated else "strict"
    else:
        errors = "strict"
    try:
        return Decoded(_text(content, encoding, errors), f"{encoding}, with its mark")
    except UnicodeDecodeError:
        if encoding == "utf-8":
            raise RefusedFile(Reason.ENCODING_NOT_STATED, "", _likely(content)) from None
        raise RefusedFile(Reason.NOT_TEXT) from None


def _stated(content: bytes, stated: str) -> Decoded:
    """Attack, and accident: UTF-8 read as Windows-1252 gives other letters and no error."""
    if not stated.startswith("utf-") and not content.isascii():
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            raise RefusedFile(Reason.ENCODING_WRONG, "", ("the file is in UTF-8",))
    try:
        return Decoded(_text(content, ENCODINGS[stated], "strict"), stated)
    except UnicodeDecodeError:
        raise RefusedFile(Reason.ENCODING_WRONG, "", _likely(content)) from None


def _text(content: bytes, encoding: str, errors: str) -> str:
    text = content.decode(encoding, errors)
    if "\0" in text:
        raise RefusedFile(Reason.NOT_TEXT)
    return text


def _unmarked_utf16(content: bytes) -> Decoded | None:
    """Return the text of UTF-16 without a mark. It is certain where one half of the bytes has many
    zeros and the other none, which is so of no other text.
    """
    for encoding, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        highs, lows = content[high::2], content[1 - high :: 2]
        if len(content) % 2 == 0 and 0 not in lows and 2 * highs.count(0) > len(highs):
            try:
                return Decoded(content.decode(encoding), f"{encoding}, without a mark")
            except UnicodeDecodeError:
                return None
    return None


def _likely(content: bytes) -> tuple[str, ...]:
    """Name the encoding that a file may be in, for a person who then states it."""
    lines = _OUTSIDE_ASCII.findall(content)[:_SAMPLES]
    sample = b"\n".join(lines)
    try:
        signs = {c for c in sample.decode("cp1252") if not c.isascii()}
    except UnicodeDecodeError:
        signs = {"\x80"}
    if all(c in _USUAL or (c.isalpha() and c <= "\u017e" and c not in "ªºµƒ") for c in signs):
        return ("likely windows-1252",)
    best = charset_normalizer.from_bytes(sample, cp_isolation=list(_GUESSED)).best()
    name = named(best.encoding) if best is not None else None
    return (f"perhaps {name or 'windows-1252'}",)
