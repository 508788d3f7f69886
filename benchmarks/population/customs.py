"""What happens to the parts of a name: two names in one, particles and marks, honorifics, fathers'
names, endings.

Law: nothing here knows a child's group. What happens to a name follows from its parts and letters
alone, at one rate for everybody whose name has such a part, so groups differ only by their customs:
- Kaur, Singh, Begum, Bibi … and Muhammad before the call name (``honorific``): South Asian names;
- two surnames, ``part_dropped``: Portuguese and Spanish ones, and the double-barrelled British; two
  forenames: all;
- fathers' names in a row (``patronymic``): Somali, Arabic, Eritrean and Ethiopian names;
- ``gendered`` endings: Polish, Russian, Bulgarian, Czech; ``family_first``: Chinese and Vietnamese;
- marks (O'Brien, Al-Hassan, de Souza) and letters with diacritics: wherever they are.
"""

from __future__ import annotations

import random
import unicodedata
from typing import Final, NamedTuple

from benchmarks.population.errors import ErrorModel
from benchmarks.population.spelling import table

_CUSTOMS: Final = table("customs.json")


def _words(entry: str) -> frozenset[str]:
    return frozenset(_CUSTOMS[entry].split())


HONORIFICS: Final = _words("honorifics")
LEADING: Final = _words("leading")
GIVEN: Final = _words("given")
FAMILY_FIRST: Final = _words("family_first")
_PARTICLES: Final = _words("particles")
_SHORT: Final = tuple(_CUSTOMS["short"].split())
_NO_MARK: Final = str.maketrans(
    {
        "ł": "l",
        "Ł": "L",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "ß": "ss",
        "æ": "ae",
        "’": "'",
    }
)
# Hers and his; the longer first.
_ENDINGS: Final = (
    ("skaya", "skiy"),
    ("ska", "ski"),
    ("cka", "cki"),
    ("dzka", "dzki"),
    ("ova", "ov"),
    ("eva", "ev"),
)
# Lithuanian ones lead to the father's name only: his endings are those of many other names.
_TO_HIS: Final = (("aitė", "as"), ("ytė", "is"), ("utė", "us"))


class Name(NamedTuple):
    """The name as the record has it so far."""

    forename: str
    middle: str
    surname: str


def is_two(name: str) -> bool:
    """Return whether it is two names in one (Smith-Jones, Garcia Lopez, Lily-Mae).

    A name with a particle (de Souza, Al-Hassan) is one.
    """
    first, _, rest = name.replace("-", " ").partition(" ")
    return bool(rest) and first.lower() not in _PARTICLES


def parts_changed(kind: str, name: str, is_forename: bool, chance: random.Random) -> str:
    """Return a name that ``is_two``, changed by a kind of ``ErrorModel.of["parts"]``."""
    mark = "-" if "-" in name else " "
    first, _, second = name.partition(mark)
    if kind == "part_dropped":
        return first if chance.random() < (0.85 if is_forename else 0.55) else second
    if kind == "parts_turned":
        return f"{second}{mark}{first}"
    if chance.random() < 0.4:
        return first + second
    return f"{first}{' ' if mark == '-' else '-'}{second}"


def marks_dropped(name: str, chance: random.Random) -> str:
    """Return the name with its apostrophe, particle or Mac written otherwise.

    It is the same name if it has none of them.
    """
    low, way = name.lower(), chance.random()
    for mark in "'’":
        if mark in name:
            before, _, after = name.partition(mark)
            if len(before) < 3 and way < 0.12:
                return after
            return f"{before} {after}" if way < 0.4 else before + after
    first, _, rest = name.replace("-", " ").partition(" ")
    if rest and first.lower() in _PARTICLES:
        if way < 0.3:
            return rest
        return first + rest.lower() if way < 0.65 else f"{first}{' ' if '-' in name else '-'}{rest}"
    if low.startswith("mc") and len(name) > 4:
        return f"Mac{name[2:]}" if way < 0.4 else f"Mc {name[2:].title()}"
    if low.startswith("mac") and len(name) > 5 and name[3].isupper():
        return f"Mc{name[3:]}" if way < 0.5 else f"Mac {name[3:]}"
    return name


def has_mark(name: str) -> bool:
    if "'" in name or "’" in name or name.startswith(("Mc", "Mac")):
        return True
    if " " not in name and "-" not in name:
        return False
    return name.replace("-", " ").partition(" ")[0].lower() in _PARTICLES


def plain(text: str) -> str:
    """Return the text without diacritics: Wójcik → Wojcik."""
    parts = unicodedata.normalize("NFD", text.translate(_NO_MARK))
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def garbled(text: str, chance: random.Random) -> str:
    """Return the text as it looks when written in one encoding and read in another."""
    if chance.random() < 0.5:
        return text.encode("ascii", "replace").decode("ascii")
    read = text.encode("utf-8").decode("cp1252", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in read)


def honorific_changed(kind: str, name: Name, chance: random.Random) -> Name:
    """Return the name after one kind of error, for a name that ``has_honorific``."""
    forename, middle, surname = name
    first, _, rest = forename.partition(" ")
    if first.lower() in LEADING:  # Muhammad before the call name, in its own field or in one
        call, _, others = (rest or middle).partition(" ")
        if kind == "honorific_short":
            return Name(
                f"{_SHORT[int(len(_SHORT) * chance.random() ** 2)]} {rest}".strip(), middle, surname
            )
        if not call:
            return name
        if rest:
            return Name(
                rest,
                middle if kind == "honorific_dropped" else f"{first} {middle}".strip(),
                surname,
            )
        return Name(
            call, others if kind == "honorific_dropped" else f"{first} {others}".strip(), surname
        )
    *before, last = middle.split(" ")
    if last.lower() in HONORIFICS and kind != "honorific_short":
        kept = " ".join(before)
        if kind == "honorific_dropped":
            return Name(forename, kept, surname)
        is_family = surname.lower() not in HONORIFICS  # which may be left out, where it is one
        family = "" if is_family and chance.random() < 0.5 else surname
        return Name(forename, f"{kept} {family}".strip(), last)
    if surname.lower() in HONORIFICS and last and kind == "honorific_moved":
        return Name(forename, " ".join([*before, surname]), last)
    return name


def has_honorific(name: Name) -> bool:
    return (
        name.forename.partition(" ")[0].lower() in LEADING
        or name.surname.lower() in HONORIFICS
        or name.middle.rpartition(" ")[2].lower() in HONORIFICS
    )


def is_patronymic(name: Name) -> bool:
    """Return whether it is a person's own name, the father's and the grandfather's.

    Then both of the last are given names.
    """
    return name.surname.lower() in GIVEN and name.middle.rpartition(" ")[2].lower() in GIVEN


def other_ending(surname: str) -> str:
    """Return the form of the other sex: Kowalska ↔ Kowalski, Petrova ↔ Petrov.

    It is the same name if it has no such ending.
    """
    low = surname.lower()
    if len(low) > 5 and not low.endswith(("ueva", "sanova")):
        for hers, his in _ENDINGS:
            if low.endswith(hers):
                return surname[: -len(hers)] + his
            if low.endswith(his):
                return surname[: -len(his)] + hers
        for hers, his in _TO_HIS:
            if low.endswith(hers):
                return surname[: -len(hers)] + his
    return surname


def by_custom(name: Name, model: ErrorModel, chance: random.Random) -> Name:
    """Return the name after all that customs may do to it."""
    draw = chance.random
    forename, middle, surname = name
    if has_honorific(name):
        kind = model.of["honorific"].drawn(chance)
        if kind:
            forename, middle, surname = name = honorific_changed(kind, name, chance)
    low = surname.lower()
    if low in GIVEN and draw() < model.patronymic_moved and is_patronymic(name):
        middle, _, surname = middle.rpartition(" ")
    elif low in FAMILY_FIRST and draw() < model.family_first:
        forename, surname = surname, forename
    elif low.endswith(("ka", "ki", "iy", "ya", "va", "v", "tė")) and draw() < model.gendered_ending:
        surname = other_ending(surname)
    if (
        (" " in forename or "-" in forename)
        and is_two(forename)
        and (kind := model.of["parts"].drawn(chance))
    ):
        forename = parts_changed(kind, forename, True, chance)
    if (
        (" " in surname or "-" in surname)
        and is_two(surname)
        and (kind := model.of["parts"].drawn(chance))
    ):
        surname = parts_changed(kind, surname, False, chance)
    if has_mark(forename) and draw() < model.mark_dropped:
        forename = marks_dropped(forename, chance)
    if has_mark(surname) and draw() < model.mark_dropped:
        surname = marks_dropped(surname, chance)
    if not (forename.isascii() and surname.isascii() and middle.isascii()):
        roll = draw()
        if roll < model.diacritics_dropped:
            forename, middle, surname = plain(forename), plain(middle), plain(surname)
        elif roll < model.diacritics_dropped + model.diacritics_garbled:
            forename, middle, surname = (
                garbled(forename, chance),
                garbled(middle, chance),
                garbled(surname, chance),
            )
    return Name(forename, middle, surname)
