"""The postcodes of refuges, which an agency keeps in its register of shields. Pure.

A refuge is no member and stands in no list or map. Its postcode shields whoever has it, and is
taken off a child before keys are made of her and before she is stored: no key, no record and no
shield leads from the place to the children who live there, or from a child to the place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fingerpost.private.demographics import Demographics
from fingerpost.private.linkage import NormalForm
from fingerpost.private.linkage.normal_form import Postcode, read_postcode
from fingerpost.protocol.errors import Defect


def canonical(text: str) -> str:
    """Return a whole postcode as it is stored and compared. Raises ``Defect``: it is none."""
    code = read_postcode(text)
    if code is None or not code.incode:
        raise Defect("expected a whole postcode")
    return code.outcode + code.incode


def lives_there(form: NormalForm, refuges: Collection[str]) -> bool:
    """Return whether a child lives or lived at one of these postcodes."""
    return any(_is_one(code, refuges) for code in (form.postcode, *form.former_postcodes))


def without(who: Demographics, refuges: Collection[str]) -> Demographics:
    """Return the child without these postcodes."""
    if not refuges:
        return who
    former = tuple(c for c in who.former_postcodes if not _is_one(read_postcode(c), refuges))
    postcode = "" if _is_one(read_postcode(who.postcode), refuges) else who.postcode
    if (postcode, former) == (who.postcode, who.former_postcodes):
        return who
    return replace(who, postcode=postcode, former_postcodes=former)


def _is_one(code: Postcode | None, refuges: Collection[str]) -> bool:
    return code is not None and bool(code.incode) and code.outcode + code.incode in refuges
