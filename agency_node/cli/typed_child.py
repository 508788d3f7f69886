"""A child as an officer of an agency types and reads her. Nothing of her comes from the command
line, which every user of the machine can see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

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
            typer.echo(f"{bad.reason.words.rstrip('.')}. Try again.", err=True)


def ask_details() -> Demographics:
    """Return what is known of a child; an empty answer means "not known". What cannot be read, or
    finds nobody, is asked again by itself.
    """
    today = datetime.now(UTC).date()
    dates = Dates(Order.DAY_FIRST, years_of("dob", today))  # as a person types it
    questions: Mapping[str, tuple[str, Callable[[str], object]]] = {
        "forename": ("Forename", read.read_name),
        "middle_names": ("Middle names", read.read_name),
        "surname": ("Surname", read.read_name),
        "other_names": ("Other names (; between them)", read.read_aliases),
        "dob": (
            "Date of birth",
            lambda text: read.read_birth(text, Precision.DAY, today, dates),
        ),
        "postcode": ("Postcode", read.read_postcode),
        "health_number": ("NHS, CHI or H&C number", read.read_number),
    }
    typed: dict[str, Any] = {name: prompted(*asked) for name, asked in questions.items()}
    while True:
        try:
            child = Demographics(**typed)
        except Refused as refused:
            if refused.what not in questions:
                raise Defect(f"{refused.what}: cannot be read") from None
            again, why = str(refused.what), "This cannot be read."
        else:
            found = unused(child, normalise(child), upn=True)
            part = next((each for each in found if each is not Unused.POSTCODE_AS_TYPED), None)
            if part is None:
                return child
            again, why = part.field, part.words
        typer.echo(f"{why} Try again.", err=True)
        typed[again] = prompted(*questions[again])


def child_in_words(child: Demographics) -> str:
    born = written_birth(child.dob)
    return " ".join(filter(None, (child.forename, child.surname, born, child.postcode)))
