"""Raw fields → normal form: what the fields of a child mean, equal on every node.

What lives here: the putting together of names, date, sex, postcode and identifiers. What must not:
blocking keys and comparison, which are made from this form only. Invariants: pure and deterministic,
independent of locale, ICU and Python version (the golden vectors guard it); nothing is guessed that
the fields do not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fingerpost.private.demographics import Demographics, Sex
from fingerpost.private.linkage.dates import BirthDate, read_date
from fingerpost.private.linkage.identifiers import (
    HealthNumber,
    Upn,
    read_health_number,
    read_upn,
)
from fingerpost.private.linkage.names import Name, read_names
from fingerpost.private.linkage.postcodes import Postcode, read_postcode

NORMALISATION_VERSION: Final = 1
"""Of everything that decides a blocking key: normal form, tables and combinations. It stands in the
federation's metadata and in every OPRF input; two versions share no key."""


@dataclass(frozen=True, slots=True, repr=False)
class NormalForm:
    """A child's fields in normal form. ``names`` holds the present name first; it is never empty,
    but its names may be.

    ``newborn`` and ``birth_order`` say what a placeholder in the forename field said.
    """

    names: tuple[Name, ...]
    newborn: bool
    birth_order: int | None
    birth: BirthDate | None
    sex: Sex | None
    postcode: Postcode | None
    health_number: HealthNumber | None
    upn: Upn | None

    @property
    def has_forename(self) -> bool:
        return any(name.forenames for name in self.names)

    @property
    def has_surname(self) -> bool:
        return any(name.surnames for name in self.names)

    def __repr__(self) -> str:
        return "NormalForm(…)"


def normalise(d: Demographics) -> NormalForm:
    """The normal form of a child's fields. Total: whatever cannot be read is absent."""
    names = read_names(d)
    return NormalForm(
        names=names.names,
        newborn=names.newborn,
        birth_order=names.birth_order,
        birth=read_date(d.dob),
        sex=d.sex,
        postcode=read_postcode(d.postcode),
        health_number=read_health_number(d.nhs_number),
        upn=read_upn(d.upn),
    )
