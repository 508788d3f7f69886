"""A child as an officer of an agency types and reads her. Nothing of her comes from the command
line, which every user of the machine can see.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

import typer

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.dates import Dates, Order
from agency_node.importing.sources.fields import BadField, Precision
from agency_node.importing.sources.judging import years_of
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.private.linkage import Unused, normalise, unused
from fingerpost.protocol.errors import Defect, Refused

OWN_NUMBER: Final = "Your own number of the child"
_T = TypeVar("_T")


def prompted(text: str, reader: Callable[[str], _T]) -> _T:
    """Ask until the answer can be read."""
    while True:
        typed: str = typer.prompt(text, default="", show_default=False, err=True)
        try:
            return reader(typed.strip())
        except BadField as bad:
            typer.echo(f"{bad.reason.words}. Try again.", err=True)


def ask_details() -> Demographics:
    """Return what is known of a child; an empty answer means "not known".

    Raises:
        Defect: some of it cannot be read, or finds nobody.
    """
    today = datetime.now(UTC).date()
    dates = Dates(Order.DAY_FIRST, years_of("dob", today))  # as a person types it
    try:
        child = Demographics(
            forename=prompted("Forename", read.read_name),
            middle_names=prompted("Middle names", read.read_name),
            surname=prompted("Surname", read.read_name),
            other_names=prompted("Other names (; between them)", read.read_aliases),
            dob=prompted(
                "Date of birth",
                lambda text: read.read_birth(text, Precision.DAY, today, dates),
            ),
            postcode=prompted("Postcode", read.read_postcode),
            health_number=prompted("NHS, CHI or H&C number", read.read_number),
        )
    except Refused as refused:
        raise Defect(f"{refused.what}: cannot be read") from None
    for part in unused(child, normalise(child), upn=True):
        if part is not Unused.POSTCODE_AS_TYPED:
            raise Defect(part.words)
    return child


def child_in_words(child: Demographics) -> str:
    born = written_birth(child.dob)
    return " ".join(filter(None, (child.forename, child.surname, born, child.postcode)))
