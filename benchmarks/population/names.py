"""The names that children of England draw from, by origin, and how often each is borne.

Lists are in ``data/groups``, one file for each origin, the most common name first; a name's
weight falls with its place in the list as 1 / (place + flatness), which is how names are spread in
life. A list that is shorter than life's carries ``made``: names put together of parts, for the long
tail.

Invariants: the same lists give the same draws on any machine; the order of files does not depend on
the disk.
"""

from __future__ import annotations

import csv
import json
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final, Generic, TypeVar

BRITISH: Final = "british"
_GROUPS: Final = Path(__file__).with_name("data") / "groups"
_FEMALE_ENDINGS: Final = (
    "a", "ah", "ie", "elle", "ette", "lyn", "lynn", "een", "ine", "mae", "may", "mai", "rose",
    "leigh", "grace", "anne",
)  # fmt: skip
_EITHER: Final = (("ee", "i"), ("y", "i"), ("ou", "u"), ("oo", "u"), ("kh", "k"), ("ph", "f"))
# First tokens that no British name has.
_TOKENS: Final = ("muham", "moham", "abdul", "syed", "sayed")

T = TypeVar("T")


class Draw(Generic[T]):
    """Names, or other things, and their weights, drawn in a step of binary search."""

    __slots__ = ("_sums", "names")

    def __init__(self, names: Sequence[T], weights: Iterable[float]) -> None:
        self.names = tuple(names)
        self._sums = tuple(accumulate(weights))
        if not self.names or len(self.names) != len(self._sums):
            raise ValueError("a draw needs names, and a weight for each")

    @classmethod
    def places(cls, weights: Sequence[float]) -> Draw[int]:
        """Return a draw of the places of ``weights``."""
        return Draw(range(len(weights)), weights)

    def one(self, chance: Random) -> T:
        return self.names[
            bisect(self._sums, chance.random() * self._sums[-1], 0, len(self.names) - 1)
        ]

    def share(self, name: T) -> float:
        """Return of all draws how many give ``name``."""
        place = self.names.index(name)
        before = self._sums[place - 1] if place else 0.0
        return (self._sums[place] - before) / self._sums[-1]


@dataclass(frozen=True, slots=True)
class Customs:
    """What a group does with its names; rates are shares of its children or families.

    ``rule``: where surnames come from: ``family``, ``gendered`` (the daughter's form of it),
    ``patronymic`` (father's name, then grandfather's), ``two`` (the father's first, then the
    mother's), ``faith`` (Singh and Kaur). ``first_m``, ``first_f``: tokens put before a forename,
    with rates. ``last_f``, ``last_m``: surnames that one sex takes in place of the family's.
    ``western``: registered under an English forename, their own as middle name; ``western_daily``:
    an English name beside the registered one. ``alike``: brothers and sisters have similar names
    beyond chance. ``large``: 0 to 1, how far the families are large ones. ``mixed``: families with
    this group's surname and British forenames.
    """

    rule: str = "family"
    first_m: tuple[tuple[str, float], ...] = ()
    first_f: tuple[tuple[str, float], ...] = ()
    last_f: tuple[tuple[str, float], ...] = ()
    last_m: tuple[tuple[str, float], ...] = ()
    middle: float = 0.3
    second_middle: float = 0.05
    double: float = 0.02
    western: float = 0.0
    western_daily: float = 0.0
    alike: float = 0.05
    large: float = 0.0
    mixed: float = 0.05
    short: Mapping[str, Sequence[str]] = field(default_factory=dict)
    middles_f: Sequence[str] = ()
    middles_m: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """One origin of names; ``share`` is of the children of England, ``spread`` how unevenly it
    lives (0 to 1).
    """

    name: str
    share: float
    spread: float
    female: Draw[str]
    male: Draw[str]
    surnames: Draw[str]
    customs: Customs


def read_group(path: Path) -> Group:
    """Return the group of one file of ``data/groups``.

    Raises:
        KeyError: Something is missing in it.
        TypeError: It has a custom that is not known.
    """
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    flat = content.get("flatness", {})
    made = content.get("made", {})
    customs = dict(content.get("customs", {}))
    for key in ("first_m", "first_f", "last_f", "last_m"):
        customs[key] = tuple((token, rate) for token, rate in customs.get(key, ()))

    def draw(key: str, usual: float) -> Draw[str]:
        return _draw(content[key], flat.get(key, usual), made.get(key))

    return Group(
        name=path.stem,
        share=content["share"],
        spread=content.get("spread", 0.5),
        female=draw("forenames_f", 12.0),
        male=draw("forenames_m", 12.0),
        surnames=draw("surnames", 5.0),
        customs=Customs(**customs),
    )


def _draw(names: Sequence[str], flatness: float, made: Mapping[str, Any] | None) -> Draw[str]:
    weights = [1.0 / (place + flatness) for place in range(len(names))]
    if not made:
        return Draw(names, weights)
    listed = set(names)
    combined = dict.fromkeys(a + b for a in made["first"] for b in made["last"])
    tail = [name for name in combined if name not in listed]
    # The commonest of the made names are twice as common as the last.
    falling = [1.0 - place / (2 * len(tail)) for place in range(len(tail))]
    scale = made["share"] / (1 - made["share"]) * sum(weights) / sum(falling)
    return Draw([*names, *tail], [*weights, *(w * scale for w in falling)])


class Names:
    """All groups, in the order of their names; shares add to one."""

    __slots__ = ("groups",)

    def __init__(self, groups: Sequence[Group]) -> None:
        total = sum(group.share for group in groups)
        self.groups = tuple(
            replace(group, share=group.share / total)
            for group in sorted(groups, key=lambda g: g.name)
        )

    @classmethod
    def builtin(cls) -> Names:
        """Return the project's own lists alone."""
        return cls([read_group(path) for path in sorted(_GROUPS.glob("*.json"))])

    @classmethod
    def from_folder(cls, folder: Path) -> Names:
        """Return names whose British ones come from frequency files in ``folder``.

        The files are ``uk_forename.csv`` (name,p) and ``uk_surname.csv`` (surname,p). What is in
        another group's list and in no British one is not British, and left out of the draw, in
        whatever spelling.
        """
        own = cls.builtin()
        british = own.group(BRITISH)
        others = [group for group in own.groups if group is not british]
        girls, boys = _sounds(british.female.names), _sounds(british.male.names)
        theirs = [n for g in others for n in (*g.female.names, *g.male.names)]
        foreign = _foreign(theirs, (*british.female.names, *british.male.names))
        female: dict[str, float] = {}
        male: dict[str, float] = {}
        for name, p in _frequencies(folder / "uk_forename.csv"):
            sound = _sound(name)
            if not foreign.isdisjoint((name, sound)) or name.startswith(_TOKENS):
                continue
            is_girls, is_boys = sound in girls, sound in boys
            if is_girls or (not is_boys and name.endswith(_FEMALE_ENDINGS)):
                female[_cased(name)] = p
            if is_boys or (not is_girls and not name.endswith(_FEMALE_ENDINGS)):
                male[_cased(name)] = p
        foreign = _foreign([n for g in others for n in g.surnames.names], british.surnames.names)
        marked = {
            n.lower().replace("'", ""): n for g in own.groups for n in g.surnames.names if "'" in n
        }
        family = {
            marked.get(name, _cased(name)): p
            for name, p in _frequencies(folder / "uk_surname.csv")
            if foreign.isdisjoint((name, _sound(name)))
        }
        drawn = replace(
            british,
            female=Draw(list(female), female.values()),
            male=Draw(list(male), male.values()),
            surnames=Draw(list(family), family.values()),
        )
        return cls([drawn, *others])

    def group(self, name: str) -> Group:
        """Return the group of this name.

        Raises:
            KeyError: It is no group's.
        """
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(name)


def _foreign(theirs: Iterable[str], ours: Iterable[str]) -> set[str]:
    """Names, and sounds of names, that others bear and we do not."""
    theirs, ours = list(theirs), list(ours)
    names = {name.lower() for name in theirs} - {name.lower() for name in ours}
    return names | (_sounds(theirs) - _sounds(ours))


def _sounds(names: Iterable[str]) -> set[str]:
    return {_sound(name) for name in names}


def _sound(name: str) -> str:
    """The letters without marks, doubled ones once, and what is often written either way as one."""
    parts = unicodedata.normalize("NFD", name.lower())
    letters = "".join(c for c in parts if c.isalpha() and not unicodedata.combining(c))
    for written, one in _EITHER:
        letters = letters.replace(written, one)
    single = "".join(c for c, before in zip(letters, " " + letters, strict=False) if c != before)
    return single.removesuffix("h")


def _cased(name: str) -> str:
    text = name.title().replace("'S", "'s")
    return "Mc" + text[2:].capitalize() if text.startswith("Mc") and len(text) > 4 else text


def _frequencies(path: Path) -> list[tuple[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [(row[0].strip().lower(), float(row[1])) for row in rows if row[0].strip()]
