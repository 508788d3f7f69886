"""One family in its place: its children with names, dates, numbers, addresses, school and practice.

Rates are rounded from what surveys and registers of England show; each has its reason beside it.
Invariants: children of one birth share date, postcode and ``birth``; ids are given without gaps by
the caller's ``first``; everything drawn comes from the chance given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from benchmarks.population.child import Child
from benchmarks.population.families import Birth, Window, draw_births
from benchmarks.population.forenames import Naming
from benchmarks.population.names import BRITISH, Group, Names
from benchmarks.population.numbers import NhsNumbers, PupilNumbers
from benchmarks.population.places import SECTORS, AreaPlan
from benchmarks.population.surnames import FamilyNames, child_surname, draw_family

# Families with children that moved within six years (about one in eleven in a year), and where to.
_MOVED: Final = 0.40
_MOVED_WITHIN_DAYS: Final = 6 * 365
_SAME_OUTCODE: Final = 0.45
_OTHER_AREA: Final = 0.15
# Families whose children's surname changed within ten years: parents marry, part, add a name.
_RENAMED: Final = 0.05
_RENAMED_WITHIN_DAYS: Final = 10 * 365
_RENAMED_TOO: Final = 0.85  # of the children born before
_SAME_SCHOOL: Final = 0.92  # as the brother or sister before
_SAME_PRACTICE: Final = 0.97
_FIRST_SCHOOL_YEAR, _FIRST_SECONDARY_YEAR = 4, 11  # age on 31 August


@dataclass(slots=True)
class Registry:
    """What is given out once in a population: numbers of families, births, schools, practices,
    children.
    """

    chance: Random
    family: int = 0
    birth: int = 0
    first_school: int = 0
    first_practice: int = 0
    nhs: NhsNumbers = field(init=False)
    pupils: PupilNumbers = field(default_factory=PupilNumbers)

    def __post_init__(self) -> None:
        self.nhs = NhsNumbers(self.chance)

    def close_area(self, plan: AreaPlan) -> None:
        """The next area's schools and practices are numbered from here on."""
        self.first_school += plan.primary_count + plan.secondary_count
        self.first_practice += plan.practice_count


@dataclass(frozen=True, slots=True)
class _Home:
    """``moved``: when from ``former`` to ``postcode``; ``renamed``: when the parents' names
    changed.
    """

    postcode: str
    former: str
    moved: date
    renamed: date
    sector: int


class Household:
    """Makes the families of one area. ``elsewhere``: another area, from where some moved here."""

    def __init__(
        self,
        plan: AreaPlan,
        elsewhere: AreaPlan | None,
        names: Names,
        window: Window,
        registry: Registry,
        chance: Random,
    ) -> None:
        self._plan = plan
        self._elsewhere = elsewhere
        self._british = names.group(BRITISH)
        self._window = window
        self._until = window.first + timedelta(days=window.days)
        self._registry = registry
        self._chance = chance

    def children(self, first: int, outcode: int, group: Group) -> list[Child]:
        """Return the children of one more family, oldest first; the first gets the id ``first``."""
        chance, registry = self._chance, self._registry
        registry.family += 1
        births = draw_births(self._window, group.customs.large, chance)
        names = draw_family(group, chance)
        mixed = chance.random() < group.customs.mixed
        naming = Naming(group, self._british if mixed else group, self._british)
        home = self._home(outcode)
        service = _Service(self._plan, home.sector, registry, chance)
        born: list[Child] = []
        for place, birth in enumerate(births):
            if place:
                names.turn_to_another_father(chance)
            registry.birth += 1
            born += self._born(first + len(born), birth, names, naming, home, service)
        return born

    def _born(
        self,
        first: int,
        birth: Birth,
        names: FamilyNames,
        naming: Naming,
        home: _Home,
        service: _Service,
    ) -> list[Child]:
        chance, registry = self._chance, self._registry
        entry = birth.born.year + _FIRST_SCHOOL_YEAR + (birth.born.month >= 9)
        age = school_age(birth.born, self._until)
        service.next_birth(age)
        surname_of: dict[int, tuple[str, str]] = {}
        children: list[Child] = []
        number = ""
        for place, sex in enumerate(birth.sexes):
            # Twins of one sex are registered in one go, under one surname.
            if sex not in surname_of:
                surname_of[sex] = child_surname(names, sex, chance)
            surname, custom_middle = surname_of[sex]
            called = naming.name(sex, place > 0, custom_middle, chance)
            number = registry.nhs.draw(number)
            upn = (
                registry.pupils.draw(self._plan.number, service.primary, entry)
                if age >= _FIRST_SCHOOL_YEAR
                else ""
            )
            renamed = birth.born < home.renamed and chance.random() < _RENAMED_TOO
            children.append(
                Child(
                    id=first + place,
                    family=registry.family,
                    birth=registry.birth,
                    group=naming.group.name,
                    area=self._plan.number,
                    practice=service.practice,
                    school=service.school,
                    forename=called.forename,
                    known_as=called.known_as,
                    middle_names=called.middle_names,
                    surname=surname,
                    former_surname=_former(names, surname) if renamed else "",
                    born=birth.born,
                    sex=sex,
                    postcode=home.postcode,
                    former_postcode=home.former if birth.born < home.moved else "",
                    health_number=number,
                    upn=upn,
                )
            )
        return children

    def _home(self, outcode: int) -> _Home:
        chance, plan = self._chance, self._plan
        place = plan.weights[outcode].one(chance)
        codes = plan.postcodes[outcode]
        sector = outcode * SECTORS + min(SECTORS - 1, place * SECTORS // len(codes))
        former, moved = "", self._window.first
        if chance.random() < _MOVED:
            former = self._former_postcode(outcode)
            moved = self._until - timedelta(days=1 + int(chance.random() * _MOVED_WITHIN_DAYS))
        renamed = self._window.first
        if chance.random() < _RENAMED:
            renamed = self._until - timedelta(days=1 + int(chance.random() * _RENAMED_WITHIN_DAYS))
        return _Home(codes[place], former if former != codes[place] else "", moved, renamed, sector)

    def _former_postcode(self, outcode: int) -> str:
        chance, plan = self._chance, self._plan
        drawn = chance.random()
        if self._elsewhere is not None and drawn < _OTHER_AREA:
            plan = self._elsewhere
        if drawn < 1 - _SAME_OUTCODE:
            outcode = int(chance.random() * len(plan.postcodes))
        return plan.postcodes[outcode][plan.weights[outcode].one(chance)]


@dataclass(slots=True)
class _Service:
    """Which school and practice the family's next child goes to: mostly the last one's."""

    plan: AreaPlan
    sector: int
    registry: Registry
    chance: Random
    primary: int = -1
    secondary: int = -1
    practice: int = -1
    school: int | None = None

    def next_birth(self, age: int) -> None:
        """``age``: in the sense of ``school_age``."""
        chance, plan, sector = self.chance, self.plan, self.sector
        if self.practice < 0 or chance.random() >= _SAME_PRACTICE:
            self.practice = self.registry.first_practice + plan.practices[sector].one(chance)
        if self.primary < 0 or chance.random() >= _SAME_SCHOOL:
            self.primary = plan.primaries[sector].one(chance)
        if self.secondary < 0 or chance.random() >= _SAME_SCHOOL:
            self.secondary = plan.primary_count + plan.secondaries[sector].one(chance)
        if age < _FIRST_SCHOOL_YEAR:
            self.school = None
        else:
            local = self.primary if age < _FIRST_SECONDARY_YEAR else self.secondary
            self.school = self.registry.first_school + local


def school_age(born: date, until: date) -> int:
    """Return full years on the 31 August before the school year that ``until`` lies in."""
    start = until.year if until.month >= 9 else until.year - 1
    return start - born.year - (born.month >= 9)


def _former(names: FamilyNames, surname: str) -> str:
    """The name before: the mother's, or one half of what was put together later."""
    if "-" in surname:
        return surname.split("-", maxsplit=1)[0]
    return names.mother if names.mother != surname else ""
