"""One name spelt otherwise: slips of the keyboard, spellings by ear, listed spellings, short forms.

Law: a function here takes one word and returns another, or the same word where nothing applies;
which words are spelt otherwise, and how often, is said elsewhere. The lists are this project's own,
written from general knowledge for spoiling records; the matcher has never read them, nor they the
matcher's.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parent / "data" / "errors"

_NEAR: Final = {
    "a": "qwsz", "b": "vghn", "c": "xdfv", "d": "serfcx", "e": "wsdr", "f": "drtgvc",
    "g": "ftyhbv", "h": "gyujnb",
    "i": "ujko", "j": "huikmn", "k": "jiolm", "l": "kop", "m": "njk", "n": "bhjm", "o": "iklp",
    "p": "ol", "q": "wa",
    "r": "edft", "s": "awedxz", "t": "rfgy", "u": "yhji", "v": "cfgb", "w": "qase", "x": "zsdc",
    "y": "tghu",
    "z": "asx", "0": "9", "1": "2", "2": "13", "3": "24", "4": "35", "5": "46", "6": "57",
    "7": "68", "8": "79",
    "9": "80",
}  # fmt: skip
# Letters that sound the same. Each is meant both ways; the first letters of a name are tried like
# the rest.
_ALIKE: Final = (
    ("ph", "f"), ("ck", "k"), ("c", "k"), ("q", "k"), ("x", "ks"), ("gh", "g"), ("j", "g"),
    ("th", "t"), ("sh", "sch"),
    ("z", "s"), ("w", "v"), ("ie", "y"), ("ey", "y"), ("y", "i"), ("ee", "ea"), ("ee", "i"),
    ("ei", "ie"), ("ai", "ay"),
    ("ae", "e"), ("ah", "a"), ("ou", "u"), ("oo", "u"), ("ll", "l"), ("nn", "n"), ("ss", "s"),
    ("tt", "t"), ("mm", "m"),
    ("rr", "r"), ("dd", "d"), ("ley", "leigh"), ("son", "sen"), ("er", "or"), ("le", "el"),
    ("an", "en"), ("in", "yn"),
)  # fmt: skip
_SOUNDS: Final = _ALIKE + tuple((b, a) for a, b in _ALIKE)


def table(name: str) -> Any:
    """Return a data file of this package, by its name."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def _spellings(name: str) -> dict[str, tuple[str, ...]]:
    """Word → the other words of its sets, commonest first."""
    found: dict[str, list[str]] = {}
    for line in table(name)["sets"]:
        words = line.split()
        for word in words:
            found.setdefault(word, []).extend(w for w in words if w != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}


HEARD: Final = _spellings("spellings_heard.json")
ROMANISED: Final = _spellings("spellings_romanised.json")
SHORT: Final = {
    word: tuple(line.split()) for word, line in table("nicknames.json")["short"].items()
}


def mistyped(text: str, chance: random.Random) -> str:
    """Return the text with one slip.

    A letter is left out, another is struck beside it, one is struck twice or with its neighbour, or
    two are exchanged. The first letter is spared nine times in ten: people look at what they begin.
    The result is never the same text.
    """
    if not text:
        return text
    last = len(text) - 1
    at = 0 if last == 0 or chance.random() < 0.1 else 1 + int(last * chance.random())
    kind, sign = chance.random(), text[at]
    near = _NEAR.get(sign.lower(), "e")
    other = near[int(len(near) * chance.random())]
    if sign.isupper():
        other = other.upper()
    if kind < 0.3 and last > 0:
        return text[:at] + text[at + 1 :]
    if kind < 0.55 and at < last and text[at + 1].lower() != sign.lower():
        return _like(text[:at] + text[at + 1] + sign + text[at + 2 :], text)
    if kind < 0.7:
        return text[: at + 1] + sign.lower() + text[at + 1 :] if at else text + text[-1].lower()
    if kind < 0.8:
        return text[: at + 1] + other.lower() + text[at + 1 :]
    return text[:at] + other + text[at + 1 :]


def misheard(word: str, chance: random.Random) -> str:
    """Return a listed spelling of the same sound, else one made by rule.

    It is the same word if no rule fits.
    """
    listed = HEARD.get(word.lower())
    if listed and chance.random() < 0.7:
        return _like(_common(listed, chance), word)
    low, start = word.lower(), int(len(_SOUNDS) * chance.random())
    for n in range(len(_SOUNDS)):
        sound, other = _SOUNDS[(start + n) % len(_SOUNDS)]
        at = low.find(sound)
        if at >= 0 and low[at : at + len(other)] != other:
            return _like(low[:at] + other + low[at + len(sound) :], word)
    return word


def romanised(word: str, chance: random.Random) -> str:
    """Return another spelling of a name from another script; the same word if none is listed."""
    listed = ROMANISED.get(word.lower())
    return _like(_common(listed, chance), word) if listed else word


def shortened(word: str, chance: random.Random) -> str:
    """Return a nickname; the same word if none is listed."""
    listed = SHORT.get(word.lower())
    return _like(_common(listed, chance), word) if listed else word


def _common(words: tuple[str, ...], chance: random.Random) -> str:
    """The earlier in the list, the likelier."""
    return words[int(len(words) * chance.random() ** 2)]


def _like(text: str, shape: str) -> str:
    """In capitals where ``shape`` begins with one; names with a capital inside (McKay) lose it, as
    they often do.
    """
    return text[:1].upper() + text[1:] if shape[:1].isupper() else text
