"""A record of a child as somebody keeps it: what was true when it was written, and what went wrong.

Law: all chance comes from the ``random.Random`` handed in; two records of one child share nothing
but the child. Her group decides nothing but which names the other parent's is drawn from. A record
is written in this order: which of her true names it knows, what customs do to the name, spelling,
what happens to the whole name, then the other fields, each by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from benchmarks.population import dates_and_codes, spelling
from benchmarks.population.child import Child
from benchmarks.population.customs import HONORIFICS, Name, by_custom, plain
from benchmarks.population.errors import ErrorModel, Holder
from benchmarks.population.names import BRITISH, Draw, Names
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.protocol import limits

_UNKNOWN: Final = ("FNU", "Unknown", "Not Known", "UNKNOWN", "Child")
_INFANCY: Final = timedelta(days=365)
_SPELT: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "typing": spelling.mistyped,
    "heard": spelling.misheard,
    "nickname": spelling.shortened,
}


def write_record(
    child: Child,
    model: ErrorModel,
    chance: random.Random,
    *,
    holder: Holder = Holder.COUNCIL,
    siblings: Sequence[Child] = (),
) -> Demographics:
    """Return one record of a child, with errors.

    Args:
        siblings: Brothers and sisters whose NHS number may be in it by mistake, and by whom twins
            are numbered before they are named; the child may be among them.
    """
    draw = chance.random
    name, other_forename, other_surname = _known(child, model, chance)
    name = _spelt(by_custom(name, model, chance), child.group, model, chance)
    others: tuple[OtherName, ...] = ()
    if other_forename or other_surname:
        others = _others(name, other_forename, other_surname, model, chance)
    if kind := model.of["whole"].drawn(chance):
        name = _whole(kind, name, chance)
    is_infant = child.born > model.until - _INFANCY
    if holder is Holder.HEALTH and is_infant and draw() < model.newborn_placeholder:
        name, others = Name(_placeholder(child, siblings, chance), "", name.surname), ()
    if draw() < model.capitals:
        name = Name(name.forename.upper(), name.middle.upper(), name.surname.upper())
        others = tuple(OtherName(o.forename.upper(), o.surname.upper()) for o in others)
    return Demographics(
        forename=name.forename[: limits.NAME_CHARS],
        middle_names=name.middle[: limits.NAME_CHARS],
        surname=name.surname[: limits.NAME_CHARS],
        other_names=others,
        dob=(
            dates_and_codes.wrong_date(kind, child.born, model.until, chance)
            if (kind := model.of["date"].drawn(chance))
            else child.born
        ),
        sex=_sex(child.sex, model, chance),
        postcode=_postcode(child, model, chance),
        health_number=_nhs_number(child, model, chance, holder, siblings),
        upn=_upn(child, model, chance, holder),
    )


def _known(child: Child, model: ErrorModel, chance: random.Random) -> tuple[Name, str, str]:
    """Which of her names the record goes by, and the forename and the surname beside it, or
    empty.
    """
    forename, surname = child.forename, child.surname
    other_forename = other_surname = ""
    if child.known_as and child.known_as != forename:
        other_forename = child.known_as
        if chance.random() < model.known_as:
            forename, other_forename = other_forename, forename
        if chance.random() >= model.known_as_listed:
            other_forename = ""
    if child.former_surname and child.former_surname != surname:
        other_surname = child.former_surname
        if chance.random() < model.former_surname:  # who wrote it then knew no other
            surname, other_surname = other_surname, ""
        elif chance.random() >= model.former_surname_listed:
            other_surname = ""
    return Name(forename, child.middle_names, surname), other_forename, other_surname


def _others(
    name: Name, other_forename: str, other_surname: str, model: ErrorModel, chance: random.Random
) -> tuple[OtherName, ...]:
    """A system keeps the other forename or surname alone: what it lacks is the record's, with its
    errors.
    """
    found = []
    if other_forename:
        found.append(OtherName(_beside(other_forename, model, chance), name.surname))
    if other_surname:
        found.append(OtherName(name.forename, _beside(other_surname, model, chance)))
    return tuple(found)


def _beside(text: str, model: ErrorModel, chance: random.Random) -> str:
    """Written by hand like any other name."""
    if not text.isascii() and chance.random() < model.diacritics_dropped:
        text = plain(text)
    if (roll := chance.random()) < model.typing + model.heard:
        text = _a_word(_SPELT["typing" if roll < model.typing else "heard"], text, chance)
    return text


def _spelt(name: Name, group: str, model: ErrorModel, chance: random.Random) -> Name:
    draw = chance.random
    forename, middle, surname = name
    if draw() < model.transliteration:
        forename = _each_word(spelling.romanised, forename, chance)
    if draw() < model.transliteration:
        surname = _each_word(spelling.romanised, surname, chance)
    if middle and (kind := model.of["middle"].drawn(chance)):
        if kind == "middle_missing":
            middle = ""
        elif kind == "middle_initial":
            middle = " ".join(word[0] for word in middle.split())
        elif kind == "middle_in_forename":
            forename, middle = f"{forename} {middle}", ""
        elif kind == "middle_as_forename":
            first, _, rest = middle.partition(" ")
            if first.lower() not in HONORIFICS:
                forename, middle = first, f"{forename} {rest}".strip()
        else:
            middle = _a_word(_SPELT[kind], middle, chance)
    if kind := model.of["forename"].drawn(chance):
        if kind == "initial":
            forename = forename[:1]
        elif kind == "forename_missing":
            forename = ""
        elif kind == "forename_unknown":
            forename = _UNKNOWN[int(len(_UNKNOWN) * draw() ** 2)]
        else:
            forename = _a_word(_SPELT[kind], forename, chance)
    if kind := model.of["surname"].drawn(chance):
        if kind == "surname_missing":
            surname = ""
        elif kind == "other_parent":
            surname = _other_parents(group, chance)
        else:
            surname = _a_word(_SPELT[kind], surname, chance)
    return Name(forename, middle, surname)


@cache
def _surnames() -> dict[str, Draw[str]]:
    return {group.name: group.surnames for group in Names.builtin().groups}


def _other_parents(group: str, chance: random.Random) -> str:
    """A surname that the parent who came to the desk may bear, of the same origin as the child's
    names.
    """
    surnames = _surnames()
    return surnames.get(group, surnames[BRITISH]).one(chance)


def _a_word(change: Callable[[str, random.Random], str], text: str, chance: random.Random) -> str:
    """One word of the name changed, whichever; hyphens and spaces stay."""
    mark = " " if " " in text else "-"
    words = text.split(mark)
    at = int(len(words) * chance.random())
    words[at] = change(words[at], chance)
    return mark.join(words)


def _each_word(
    change: Callable[[str, random.Random], str], text: str, chance: random.Random
) -> str:
    mark = " " if " " in text else "-"
    return mark.join([change(word, chance) for word in text.split(mark)])


def _whole(kind: str, name: Name, chance: random.Random) -> Name:
    forename, middle, surname = name
    if kind == "swapped":
        return Name(surname, middle, forename)
    if chance.random() < 0.5:
        return Name(f"{forename} {surname}".strip(), middle, "")
    return Name("", middle, f"{forename} {surname}".strip())


def _placeholder(child: Child, siblings: Sequence[Child], chance: random.Random) -> str:
    """What a maternity system calls a child without a name yet, sisters and brothers of one birth
    by number.
    """
    of_birth = sorted(other.id for other in siblings if other.birth == child.birth)
    if len(of_birth) > 1 and child.id in of_birth:
        return f"{'Twin' if len(of_birth) == 2 else 'Triplet'} {of_birth.index(child.id) + 1}"
    if chance.random() < 0.3:
        return "Baby Girl" if child.sex is Sex.FEMALE else "Baby Boy"
    return "Infant" if chance.random() < 0.1 else "Baby"


def _sex(sex: Sex, model: ErrorModel, chance: random.Random) -> Sex | None:
    roll = chance.random()
    if roll < model.sex_wrong:
        return Sex.MALE if sex is Sex.FEMALE else Sex.FEMALE
    return None if roll < model.sex_wrong + model.sex_missing else sex


def _postcode(child: Child, model: ErrorModel, chance: random.Random) -> str:
    draw = chance.random
    postcode = child.postcode
    if child.former_postcode and draw() < model.former_postcode:
        postcode = child.former_postcode
    if draw() < model.second_home:
        postcode = dates_and_codes.near_by(postcode, chance)
    if kind := model.of["postcode"].drawn(chance):
        postcode = dates_and_codes.wrong_postcode(kind, postcode, chance)
    if (roll := draw()) < model.postcode_form:
        return postcode.replace(" ", "") if roll < 0.7 * model.postcode_form else postcode.lower()
    return postcode


def _nhs_number(
    child: Child,
    model: ErrorModel,
    chance: random.Random,
    holder: Holder,
    siblings: Sequence[Child],
) -> str:
    missing = model.nhs_missing_elsewhere
    if holder is Holder.HEALTH:
        missing = model.nhs_missing_health
    elif holder is Holder.COUNCIL:
        missing = model.nhs_missing_council
    if chance.random() < missing:
        return ""
    number, roll = child.health_number, chance.random()
    if roll < model.nhs_digit:
        return dates_and_codes.wrong_digit(number, chance)
    if roll < model.nhs_digit + model.nhs_sibling:
        others = [other.health_number for other in siblings if other.id != child.id]
        return chance.choice(others) if others else number
    return number


def _upn(child: Child, model: ErrorModel, chance: random.Random, holder: Holder) -> str:
    """Schools give it out and councils receive it; nobody else may keep it."""
    if not child.upn or holder not in (Holder.SCHOOL, Holder.COUNCIL):
        return ""
    school = holder is Holder.SCHOOL
    if chance.random() < (model.upn_missing_school if school else model.upn_missing_council):
        return ""
    wrong = chance.random() < model.upn_wrong
    return dates_and_codes.wrong_digit(child.upn, chance) if wrong else child.upn
