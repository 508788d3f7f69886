"""Which faults the details of one child have. Pure.

Sources: the check digits are those of ``private.demographics`` and ``linkage.normal_form``; which
words stand for a missing name is known to ``linkage.names``, and which cells say "not known" to
``sources.shapes``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from agency_node.importing.quality.faults import Fault
from agency_node.importing.sources.shapes import says_unknown
from fingerpost.private.demographics import Demographics, Scheme, ages, code_characters
from fingerpost.private.linkage import NormalForm, normalise
from fingerpost.private.linkage.normal_form import BirthDate

_FILLING: Final = frozenset({"0123456789", "1234567890", "9876543210"})
"""Numbers that people type where a form demands one; none passes its check."""
_UPN_FORM: Final = re.compile(r"[A-Z][0-9]{11}[0-9A-Z]")
_FORCES: Final = "BF"
"""What an address of the forces begins with. It is right, and says nothing of where a child lives.
"""
_TEN: Final = 10
_NAMED_BY_AGE: Final = 1


def of_child(who: Demographics, form: NormalForm, as_of: date) -> Iterator[Fault]:
    """Yield the faults of a child's details, each once.

    Args:
        as_of: the day of the export.
    """
    yield from _of_numbers(who, form)
    name = form.names[0]
    if form.newborn:
        if who.dob is not None and ages(who.dob, as_of)[0] >= _NAMED_BY_AGE:
            yield Fault.NEWBORN_NAME
    elif who.forename.strip() and not name.forenames:
        yield Fault.FORENAME_PLACEHOLDER
    if who.surname.strip() and not name.surnames and not _is_surname(who.surname):
        yield Fault.SURNAME_PLACEHOLDER
    if isinstance(form.birth, BirthDate) and form.birth.weak:
        yield Fault.DATE_NEW_YEAR
    place = form.postcode
    code = code_characters(who.postcode).upper()
    if place is not None:
        if not place.has_shape:
            yield Fault.POSTCODE_FORM
    elif code and not code.startswith(_FORCES):
        pseudo = code.startswith("ZZ") or len(set(code)) == 1
        pseudo = pseudo or says_unknown("postcode", who.postcode)
        yield Fault.POSTCODE_PLACEHOLDER if pseudo else Fault.POSTCODE_FORM


def _of_numbers(who: Demographics, form: NormalForm) -> Iterator[Fault]:
    if form.health_number is not None:
        if form.health_number.scheme is Scheme.TEST:
            yield Fault.HEALTH_NUMBER_TEST
    elif who.health_number.strip():
        digits = code_characters(who.health_number)
        if says_unknown("health_number", who.health_number) or digits in _FILLING:
            yield Fault.HEALTH_NUMBER_PLACEHOLDER
        elif len(digits) == _TEN and digits.isdigit():
            yield Fault.HEALTH_NUMBER_CHECK
        else:
            yield Fault.HEALTH_NUMBER_FORM
    if form.upn is None and who.upn.strip():
        code = code_characters(who.upn).upper()
        if says_unknown("upn", who.upn):
            yield Fault.UPN_PLACEHOLDER
        else:
            yield Fault.UPN_CHECK if _UPN_FORM.fullmatch(code) else Fault.UPN_FORM


def _is_surname(text: str) -> bool:
    """Return whether a surname names somebody by itself, such as that of a child of one name."""
    return bool(normalise(Demographics(surname=text)).names[0].surnames)
