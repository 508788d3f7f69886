"""Names of a child where a file has them in one column, or has more than one of them. Pure.

Law: a name is split where a comma shows how, or where the operator stated it; a name that cannot be
split for certain refuses its row. A title goes only from before a name.
"""

from __future__ import annotations

import re
from enum import Enum, unique
from typing import Final

from agency_node.importing.sources.reasons import Reason

_TITLES: Final = frozenset({"miss", "master", "mr", "mrs", "ms", "mx", "dr", "mstr"})
_PARTICLES: Final = frozenset(
    {"van", "von", "de", "der", "den", "da", "das", "dos", "do", "di", "del", "della", "du", "la"}
    | {"le", "los", "las", "el", "al", "bin", "ibn", "bint", "ap", "st", "st.", "mac", "mc", "o"}
    | {"ter", "ten", "af", "av", "zu", "y", "e"}
)
_SUFFIXES: Final = frozenset({"jr", "jr.", "jnr", "snr", "sr", "ii", "iii", "iv"})


@unique
class NameOrder(Enum):
    """Which part of a name in one column comes first, where no comma shows it."""

    FORENAME_FIRST = "forename-first"
    SURNAME_FIRST = "surname-first"


def split(text: str, stated: NameOrder | None) -> tuple[str, str] | Reason:
    """Return forenames and surname, or why they cannot be told apart."""
    if not text:
        return "", ""
    if "," in text:
        parts = [_tidy(part) for part in text.split(",")]
        parts = [part for part in parts if part and part.lower() not in _TITLES | _SUFFIXES]
        if len(parts) != 2:
            return Reason.NAME_NOT_SPLIT
        return without_title(parts[1]), without_title(parts[0])
    words = without_title(_tidy(text)).split(" ")
    if stated is None:
        return Reason.NAME_ORDER_NOT_STATED
    if len(words) == 1:
        return words[0], ""
    if stated is NameOrder.FORENAME_FIRST:
        begins = len(words) - 1
        while begins > 1 and words[begins - 1].lower() in _PARTICLES:
            begins -= 1
        return " ".join(words[:begins]), " ".join(words[begins:])
    ends = 1
    while ends < len(words) - 1 and words[ends - 1].lower() in _PARTICLES:
        ends += 1
    return " ".join(words[ends:]), " ".join(words[:ends])


def without_title(text: str) -> str:
    """Return the name without a title before it. A title alone is a name: a surname Master."""
    first, _, rest = text.partition(" ")
    return rest if rest and first.lower().rstrip(".") in _TITLES else text


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
