"""How well the names of two children agree: word by word, as forenames, as surnames.

A level is one of ``agreement.Level``. Brothers, sisters and twins are called alike, so every rule
here says what it does not take for one name.

Invariants: pure and symmetric.
"""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from fingerpost.private.linkage.agreement import Level, better
from fingerpost.private.linkage.name_tables import (
    canonical,
    fold,
    formal,
    formal_names,
    initial,
    is_known_forename,
    phonetic,
    shortened,
    word_lists,
)
from fingerpost.private.linkage.names import Name, daily_names

_NEAR: Final = 0.92  # Jaro–Winkler
_LOOSE: Final = 0.80
SURE_NAME: Final = (Level.EXACT, Level.VARIANT)
_SAME_NAME: Final = (*SURE_NAME, Level.NEAR)


def word_level(a: str, b: str) -> Level:
    """Return the level of two single names."""
    if a == b and len(a) > 1:
        return Level.EXACT
    if len(a) == 1 or len(b) == 1:
        return Level.INITIAL if _initials(a) & _initials(b) else Level.DIFFERENT
    one, other = canonical(a), canonical(b)
    if one == other:
        return Level.VARIANT
    if rest := _beside_a_shared_word(a, b):
        # Oluwaseun and Oluwaseyi: they share a word, and differ in the name.
        level = word_level(*rest)
        return Level.LOOSE if level in (Level.DIFFERENT, Level.INITIAL) else level
    if _is_short_for(a, other) or _is_short_for(b, one) or a in shortened(b) or b in shortened(a):
        return Level.VARIANT
    if min(len(a), len(b)) == 2:
        return Level.LOOSE if OSA.distance(a, b) <= 1 else Level.DIFFERENT
    alike = JaroWinkler.normalized_similarity(a, b)
    folded, folded_other = fold(one), fold(other)
    sound_alike = phonetic(folded) == phonetic(folded_other)
    if sound_alike and formal(a) == formal(b):
        return Level.VARIANT  # Mags and Maggie
    typing_errors = OSA.distance(a, b)
    if (
        folded == folded_other
        or typing_errors <= 1
        or (typing_errors == 2 and (alike >= _NEAR or min(len(a), len(b)) >= 8))
    ):
        return Level.NEAR
    if alike >= _LOOSE or sound_alike or a.startswith(b) or b.startswith(a):
        return Level.LOOSE
    return Level.DIFFERENT


def _is_short_for(name: str, formal_name: str) -> bool:
    return formal_name in (formal_names(name) or formal_names(canonical(name)))


def _initials(name: str) -> set[str]:
    return {name[0], initial(name)}


def _beside_a_shared_word(a: str, b: str) -> tuple[str, str] | None:
    """Return what two names have beside a word that many names begin or end with."""
    lists, shortest = word_lists(), min(len(a), len(b))
    if a.startswith(lists.name_heads) and b.startswith(lists.name_heads):
        for head in lists.name_heads:
            if a.startswith(head) and b.startswith(head) and shortest > len(head) + 1:
                return a[len(head) :], b[len(head) :]
    if a.endswith(lists.name_tails) and b.endswith(lists.name_tails):
        for tail in lists.name_tails:
            if a.endswith(tail) and b.endswith(tail) and shortest > len(tail) + 2:
                return a[: -len(tail)], b[: -len(tail)]
    return None


def forename_level(a: Name, b: Name) -> Level:
    """Return the level of the daily forename of either and any given name of the other.

    Middle names are never compared with each other here, because twins share them.
    """
    if not a.forenames or not b.forenames:
        return Level.MISSING
    if a.forenames == b.forenames and len(a.forenames) == 1 < len(a.forename):
        return Level.EXACT  # as most are
    daily_a, daily_b = daily_names(a), daily_names(b)
    best = _forename_word_level(a.forename, b.forename)
    if min(len(a.forenames), len(b.forenames)) > 1 and OSA.distance(a.forename, b.forename) > 1:
        best = Level.DIFFERENT  # Muhammad Yunus and Muhammad Yusuf: single words must be alike
    if _is_written_as_one(a, daily_b) or _is_written_as_one(b, daily_a):
        return Level.EXACT
    for first, others in ((daily_a[0], _all_given(b)), (daily_b[0], _all_given(a))):
        for position, other in enumerate(others):
            level = _forename_word_level(first, other)
            if position and level is Level.NEAR:
                level = Level.LOOSE  # Jai is no typing error for the second part of Lilly-Mai
            elif position and level in (Level.LOOSE, Level.INITIAL):
                level = Level.DIFFERENT  # nor is Rowan the R. of his twin Devonte R.
            best = better(best, level)
    if best in _SAME_NAME and _left_over(daily_a, daily_b) and _left_over(daily_b, daily_a):
        return Level.PARTIAL
    return better(best, _by_middle_name(a, b, daily_a, daily_b))


def _is_written_as_one(name: Name, others: tuple[str, ...]) -> bool:
    """Return whether the first forenames are one of the other's: Xiao Ming and Daniel Xiaoming."""
    return len(name.forenames) > 1 and "".join(name.forenames[:2]) in others


def _by_middle_name(a: Name, b: Name, daily_a: tuple[str, ...], daily_b: tuple[str, ...]) -> Level:
    """Return the level where one is called by a middle name of the other.

    It is no agreement if each has a further name that the other lacks: children born together may
    share the name of a generation (Lok-hang, Lok-hei).
    """
    level = Level.DIFFERENT
    for first, middles in ((daily_a[0], b.middles), (daily_b[0], a.middles)):
        for middle in middles:
            if len(middle) > 1 and word_level(first, middle) in (Level.EXACT, Level.VARIANT):
                level = Level.PART
    given_a, given_b = daily_a + a.middles, daily_b + b.middles
    if level is Level.PART and _left_over(given_a, given_b) and _left_over(given_b, given_a):
        return Level.PARTIAL
    return level


def _forename_word_level(a: str, b: str) -> Level:
    """Return ``word_level``, but of names that rhyme at most LOOSE.

    Children born together are given such names, and a first letter is seldom mistyped.
    """
    level = word_level(a, b)
    if level is Level.NEAR and a[0] != b[0] and a[1:] == b[1:]:
        sound_alike = fold(canonical(a)) == fold(canonical(b))  # Catrin and Katrin
        return level if sound_alike else Level.LOOSE
    return level


def middle_level(a: Name, b: Name) -> Level:
    """Return the level of the given names after the first. Twins may share these, too."""
    one, other = _further(a), _further(b)
    if not one or not other:
        return Level.MISSING
    if any(canonical(x) == canonical(y) for x in one for y in other if len(x) > 1 and len(y) > 1):
        return Level.EXACT
    if not set().union(*map(_initials, one)) & set().union(*map(_initials, other)):
        return Level.DIFFERENT
    short = any(len(word) == 1 for word in one + other)
    return Level.INITIAL if short else Level.LOOSE


def _further(name: Name) -> tuple[str, ...]:
    """Leave out Kaur, Begum and the like, which half a community bears and which come and go."""
    movable = word_lists().movable
    words = (
        tuple(word for word in name.forenames if word not in daily_names(name)[:1]) + name.middles
    )
    return tuple(word for word in words if canonical(word) not in movable)


def _left_over(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Return whether one of some forenames agrees with none of the others, not even loosely."""
    return len(some) > 1 and any(
        all(word_level(one, other) is Level.DIFFERENT for other in others) for one in some
    )


def clearly_two_names(a: Name, b: Name) -> bool:
    """Return whether two forenames are known names that no table holds to be one.

    Twins are called alike (Ella and Bella), so that their likeness is no evidence.
    """
    for one in daily_names(a)[:1]:
        for other in daily_names(b)[:1]:
            known = _is_known(one), _is_known(other)
            return word_level(one, other) not in (Level.EXACT, Level.VARIANT, Level.INITIAL) and (
                all(known) or (any(known) and _differ_in_an_ending(one, other))
            )
    return False


def _differ_in_an_ending(one: str, other: str) -> bool:
    """Return whether one is the other's sister by name: Florin and Florina."""
    return one == other + "a" or other == one + "a"


def _is_known(name: str) -> bool:
    """Return whether a name is known, alone or beside a word that is no name alone: Abdul-Rahim,
    Zabihullah."""
    if is_known_forename(name) or is_known_forename(canonical(name)):
        return True
    lists = word_lists()
    return any(
        name.startswith(head) and is_known_forename(name[len(head) :]) for head in lists.name_heads
    ) or any(
        name.endswith(tail) and is_known_forename(name[: -len(tail)]) for tail in lists.name_tails
    )


def surname_level(a: Name, b: Name) -> Level:
    """Return the level of the whole surnames, or of the best pair of their components.

    It is at most LOOSE where each has a component that the other lacks: Silva Santos and Silva
    Pereira.
    """
    if not a.surnames or not b.surnames:
        return Level.MISSING
    if a.surnames == b.surnames and a.surname == b.surname and len(a.surname) > 1:
        return Level.EXACT  # as most are
    best = word_level(a.surname, b.surname)
    if len(a.surnames) > 1 or len(b.surnames) > 1:
        if sorted(a.surnames) == sorted(b.surnames):
            return better(best, Level.VARIANT)
        two = _left_over(a.surnames, b.surnames) and _left_over(b.surnames, a.surnames)
        for one in a.surnames:
            for other in b.surnames:
                level = word_level(one, other)
                if level in (Level.EXACT, Level.VARIANT) and len(one) > 1 and not two:
                    best = better(best, Level.PART)
                elif level in _SAME_NAME:
                    best = better(best, Level.LOOSE)
    elif (parts := word_level(a.surnames[0], b.surnames[0])) is Level.EXACT:
        return better(best, Level.VARIANT)  # particles apart
    else:
        best = better(best, parts)
    if best is Level.DIFFERENT and (_among_middles(a, b) or _among_middles(b, a)):
        return Level.PART  # Kaur, or a grandfather's name, moves between the fields
    return best


def _among_middles(a: Name, b: Name) -> bool:
    middles = {canonical(word) for word in b.middles}
    return any(canonical(word) in middles for word in a.surnames if len(word) > 2)


def _all_given(name: Name) -> tuple[str, ...]:
    joined = (name.forename,) if len(name.forenames) > 1 else ()
    return (*daily_names(name), *joined)


def is_one_name(single: Name, whole: Name) -> bool:
    """Return whether the surname of one, who has no forename, is the only name of the other."""
    return (
        not single.forenames
        and len(single.surnames) == len(whole.forenames) == 1
        and whole.surname in ("", whole.forename)
        and word_level(single.surname, whole.forename) in SURE_NAME
    )
