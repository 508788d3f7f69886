"""From any script to plain letters: the first step of the normal form of a name.

What lives here: the one function that turns text into lower-case ASCII words. What must not: any
knowledge of names. Invariants: the result depends on the text alone, not on the locale, the
system's ICU or the Unicode tables of the running Python. For this the composed form is taken with
the frozen Unicode 3.2 tables that every Python carries, and transliteration with the tables of the
``anyascii`` package, whose content the golden vectors hold.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import ucd_3_2_0

from anyascii import anyascii

# What must not be left to a library's next release. Every apostrophe, and the marks typed for one;
# every hyphen; letters that have no decomposition.
_OWN_RULES: Final = str.maketrans(
    {
        **dict.fromkeys("`´‘’‛′ʹʻʼʽˈ՚＇\u0313\u0314", "'"),
        **dict.fromkeys("‐‑‒–—―−﹘﹣－·・", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
        "ß": "ss",
        "ẞ": "ss",
        "æ": "ae",
        "Æ": "ae",
        "œ": "oe",
        "Œ": "oe",
        "ø": "oe",
        "Ø": "oe",
        "å": "a",
        "Å": "a",
        "ð": "d",
        "Ð": "d",
        "đ": "d",
        "Đ": "d",
        "þ": "th",
        "Þ": "th",
        "ł": "l",
        "Ł": "l",
        "ı": "i",
        "İ": "i",
    }
)
_TO_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_NOT_A_WORD: Final = re.compile(r"[^a-z0-9']+")


def words(text: str) -> tuple[str, ...]:
    """The words of ``text``: ``a``–``z``, digits and inner apostrophes, split at all else.

    A hyphen ends a word, so that a double-barrelled name gives its parts.
    """
    if not text.isascii():
        text = ucd_3_2_0.normalize("NFC", text).translate(_OWN_RULES)
        if not text.isascii():
            text = anyascii(text)
    lower = text.translate(_TO_LOWER).replace("`", "'")
    found = (word.strip("'") for word in _NOT_A_WORD.split(lower))
    return tuple(word for word in found if word)
