"""What the children of a family are called: forename, middle names, daily name.

Brothers and sisters never share the name they are called by, and have similar names more often than
chance would have it: same initial, same ending, the same first token (Muhammad X, Muhammad Y), the
same middle name. Invariant: everything drawn comes from the chance given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from benchmarks.population.names import Draw, Group
from fingerpost.private.demographics import Sex

_TRIES: Final = 40  # before a similar name, or one not yet taken, is given up
_TWINS_ALIKE: Final = 0.22  # beyond the group's own inclination
_SAME_MIDDLE: Final = 0.08  # brothers, or sisters, with one middle name
_TOKEN_AGAIN: Final = 0.7  # one son is Muhammad: the next is as well
_TOKEN_APART: Final = 0.55  # the called name is among the middle names, not in the forename
_SHORT: Final = 0.3  # of children whose forename has a usual short form
_BY_MIDDLE: Final = 0.012  # children called by their middle name
_OWN_DAILY: Final = 0.2  # registered under an English name, called by their own


@dataclass(frozen=True, slots=True)
class ChildNames:
    forename: str
    known_as: str
    middle_names: str


@dataclass(slots=True)
class Naming:
    """A family's way of naming. ``origin``: the group whose forenames it takes."""

    group: Group
    origin: Group
    british: Group
    taken: set[str] = field(default_factory=set)
    called: dict[Sex, list[str]] = field(default_factory=dict)
    tokens: dict[Sex, str] = field(default_factory=dict)
    middles: dict[Sex, str] = field(default_factory=dict)

    def name(self, sex: Sex, twin: bool, custom_middle: str, chance: Random) -> ChildNames:
        """``custom_middle``: what the surname's custom puts after the forename (Kaur, the father's
        name).
        """
        customs = self.origin.customs
        core = self._core(sex, twin, chance)
        self.taken.add(core)
        self.called.setdefault(sex, []).append(core)
        forename, known_as, middles = core, "", []
        token = self._token(sex, core, chance)
        if token and chance.random() < _TOKEN_APART:
            forename, known_as, middles = token, core, [core]
        elif token:
            forename, known_as = f"{token} {core}", core
        elif customs.western and chance.random() < customs.western:
            forename, middles = self._english(sex, chance), [core]
            known_as = core if chance.random() < _OWN_DAILY else ""
        elif customs.western_daily and chance.random() < customs.western_daily:
            known_as = self._english(sex, chance)
        else:
            known_as = self._short(core, chance)
        if custom_middle:
            middles.append(custom_middle)
        elif not middles and chance.random() < customs.middle:
            middles = self._middles(sex, core, chance)
            if not known_as and chance.random() < _BY_MIDDLE and middles[0] not in self.taken:
                known_as = middles[0]
                self.taken.add(known_as)
        return ChildNames(forename, known_as, " ".join(middles))

    def _core(self, sex: Sex, twin: bool, chance: Random) -> str:
        draw = self.origin.female if sex is Sex.FEMALE else self.origin.male
        before = self.called.get(sex)
        if before and chance.random() < self.origin.customs.alike + _TWINS_ALIKE * twin:
            found = self._alike(draw, before[-1], chance)
            if found:
                return found
        return self._free(draw, chance)

    def _free(self, draw: Draw[str], chance: Random) -> str:
        for _ in range(_TRIES):
            name = draw.one(chance)
            if name not in self.taken:
                return name
        return next(name for name in draw.names if name not in self.taken)

    def _alike(self, draw: Draw[str], name: str, chance: Random) -> str:
        """A name with the initial or the ending of ``name``, or empty if none came up."""
        for _ in range(_TRIES):
            other = draw.one(chance)
            if other not in self.taken and _are_alike(name, other):
                return other
        return ""

    def _token(self, sex: Sex, core: str, chance: Random) -> str:
        customs = self.origin.customs
        tokens = customs.first_f if sex is Sex.FEMALE else customs.first_m
        if not tokens or any(core == token for token, _ in tokens):
            return ""
        if sex in self.tokens:
            return self.tokens[sex] if chance.random() < _TOKEN_AGAIN else ""
        drawn = chance.random()
        for token, rate in tokens:
            drawn -= rate
            if drawn < 0:
                self.tokens[sex] = token
                return token
        return ""

    def _english(self, sex: Sex, chance: Random) -> str:
        name = self._free(self.british.female if sex is Sex.FEMALE else self.british.male, chance)
        self.taken.add(name)
        return name

    def _short(self, core: str, chance: Random) -> str:
        forms = self.origin.customs.short.get(core)
        if not forms or chance.random() >= _SHORT:
            return ""
        form = forms[int(chance.random() * len(forms))]
        if form in self.taken:
            return ""
        self.taken.add(form)
        return form

    def _middles(self, sex: Sex, core: str, chance: Random) -> list[str]:
        if sex in self.middles and chance.random() < _SAME_MIDDLE:
            return [self.middles[sex]]
        customs = self.origin.customs
        usual = customs.middles_f if sex is Sex.FEMALE else customs.middles_m
        draw = self.origin.female if sex is Sex.FEMALE else self.origin.male
        middles: list[str] = []
        for _ in range(2 if chance.random() < customs.second_middle else 1):
            if usual and chance.random() < 0.6:
                name = usual[int(chance.random() * len(usual))]
            else:
                name = draw.one(chance)
            if name != core and name not in middles:
                middles.append(name)
        middles = middles or [next(name for name in draw.names if name != core)]
        self.middles[sex] = middles[0]
        return middles


def _are_alike(name: str, other: str) -> bool:
    """Of names in two parts the first is one (Zi Xuan, Zi Han); else one initial or ending (Ella,
    Bella).
    """
    first, space, _ = name.partition(" ")
    if space:
        return other.startswith(first + " ")
    return name[0] == other[0] or name[-3:] == other[-3:]
