"""A child of the population, as she is: what records of her are then made from, with errors.

Invariants: a child is a value; nothing here is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fingerpost.private.demographics import Sex


@dataclass(frozen=True, slots=True)
class Child:
    """``group``: the origin of her names. ``area``, ``practice``: numbers of her council's area and
    her practice; ``school``: None before school age. ``known_as``: the name she uses daily, where
    it is another than her first forename. ``former_surname``, ``former_postcode``: what older
    records say, or empty. ``birth``: shared by the children of one birth (twins, triplets), and by
    no other child.
    """

    id: int
    family: int
    birth: int
    group: str
    area: int
    practice: int
    school: int | None
    forename: str
    known_as: str
    middle_names: str
    surname: str
    former_surname: str
    born: date
    sex: Sex
    postcode: str
    former_postcode: str
    health_number: str
    upn: str
