"""What a family's children are called after: its surnames by the customs of its group.

A family holds the father's and the mother's surname; a child bears one of them, both, or another
form of it. Rates are rounded from what registers and surveys of England show; each has its reason
beside it. Invariant: everything drawn comes from the chance given.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.population.names import Group
from fingerpost.private.demographics import Sex

# A later child has another father and his name: about one family in ten with dependent children is
# a step-family.
_OTHER_FATHER: Final = 0.05
# A child bears the mother's name where the others bear the father's.
_MOTHERS_NAME: Final = 0.02
# Of double-barrelled families: written without the hyphen; one child with the halves in other
# order, or one half.
_NO_HYPHEN: Final = 0.12
_OTHER_ORDER: Final = 0.04
_ONE_HALF: Final = 0.06
# Sikh families: a family name beside Singh and Kaur; Singh and Kaur as surnames; Singh as surname
# of all.
_FAMILY_NAME_KEPT: Final = 0.55
_SEX_TELLS_SURNAME: Final = 0.88
# Daughters under the daughter's form of the surname; the others were registered with the father's.
_DAUGHTERS_FORM: Final = 0.7
# Three-part families whose children go by the father's name as surname, without the grandfather's.
_FATHERS_NAME_LAST: Final = 0.15
_ENDINGS: Final = (
    ("ski", "ska"), ("cki", "cka"), ("dzki", "dzka"), ("sky", "ska"), ("ov", "ova"), ("ev", "eva"),
    ("ák", "áková"),
    ("áth", "áthová"), ("ý", "á"), ("evičius", "evičiūtė"), ("us", "utė"), ("as", "aitė"),
    ("is", "ytė"),
    ("ns", "ne"), ("ņš", "ņa"), ("ols", "ola"), ("ovs", "ova"),
)  # fmt: skip


@dataclass(slots=True)
class FamilyNames:
    """``styles``: which of the customs this family follows, drawn once so that its children
    agree.
    """

    group: Group
    father: str
    mother: str
    grandfather: str
    double: bool
    hyphen: str
    daughters_form: bool
    style: float

    def turn_to_another_father(self, chance: Random) -> None:
        """From here on children are called after another man, in some families."""
        if chance.random() < _OTHER_FATHER:
            self.father = self.group.surnames.one(chance)
            self.grandfather = self.group.surnames.one(chance)


def draw_family(group: Group, chance: Random) -> FamilyNames:
    father, mother = group.surnames.one(chance), group.surnames.one(chance)
    grandfather = group.surnames.one(chance)
    while grandfather == father and group.customs.rule == "patronymic":
        grandfather = group.surnames.one(chance)
    return FamilyNames(
        group=group,
        father=father,
        mother=mother,
        grandfather=grandfather,
        double=mother != father and chance.random() < group.customs.double,
        hyphen=" " if chance.random() < _NO_HYPHEN else "-",
        daughters_form=chance.random() < _DAUGHTERS_FORM,
        style=chance.random(),
    )


def child_surname(family: FamilyNames, sex: Sex, chance: Random) -> tuple[str, str]:
    """Return the surname, and a middle name that the custom brings with it, or empty."""
    rule = family.group.customs.rule
    if rule == "patronymic":
        if family.style < _FATHERS_NAME_LAST:
            return family.father, ""
        return family.grandfather, family.father
    if rule == "patronymic_last":
        return family.father, ""
    if rule == "faith":
        return _faith(family, sex)
    if rule == "two":
        return f"{family.father} {family.mother}" if family.style < 0.6 else family.father, ""
    if rule == "two_mother_first":
        return f"{family.mother} {family.father}" if family.style < 0.5 else family.father, ""
    surname = _family_name(family, chance)
    customs = family.group.customs
    if rule == "gendered" and sex is Sex.FEMALE and family.daughters_form:
        return daughters_form(surname), ""
    for token, rate in customs.last_f if sex is Sex.FEMALE else customs.last_m:
        if chance.random() < rate:
            return token, ""
    return surname, ""


def _faith(family: FamilyNames, sex: Sex) -> tuple[str, str]:
    token = "Kaur" if sex is Sex.FEMALE else "Singh"
    if family.style < _FAMILY_NAME_KEPT:
        return family.father, token
    return (token if family.style < _SEX_TELLS_SURNAME else "Singh"), ""


def _family_name(family: FamilyNames, chance: Random) -> str:
    if family.double:
        drawn = chance.random()
        if drawn < _ONE_HALF:
            return family.father
        halves = [family.mother, family.father]
        return family.hyphen.join(halves if drawn < 1 - _OTHER_ORDER else reversed(halves))
    return family.mother if chance.random() < _MOTHERS_NAME else family.father


def daughters_form(surname: str) -> str:
    """Return the form a daughter bears in Slavic and Lithuanian families; other names stay."""
    for ending, other in _ENDINGS:
        if surname.endswith(ending):
            return surname[: -len(ending)] + other
    return surname
