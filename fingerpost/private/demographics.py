"""The fields that identify a child in a question or a record: raw, bounded and never printed.

The fields are as somebody wrote them down; ``private.linkage`` gives them meaning. A value of this
type exists at the requester and at an agency that could open a query, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, unique

from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Refused


@unique
class Sex(IntEnum):
    """As recorded. A missing or indeterminate sex is ``None`` where a ``Sex`` is optional."""

    FEMALE = 1
    MALE = 2


@dataclass(frozen=True, slots=True, repr=False)
class OtherName:
    """A former, preferred or additional name: at least one part is not empty."""

    forename: str
    surname: str

    def __post_init__(self) -> None:
        _bounded(self.forename, limits.NAME_CHARS, "other_name.forename")
        _bounded(self.surname, limits.NAME_CHARS, "other_name.surname")

    def __repr__(self) -> str:
        return "OtherName(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Demographics:
    """The raw fields. Empty text means "not known".

    Bounds: names ``limits.NAME_CHARS`` characters, ``limits.OTHER_NAMES`` other names, postcode
    ``limits.POSTCODE_CHARS``, identifiers ``limits.IDENTIFIER_CHARS``.

    Raises:
        Refused: MALFORMED, a field is out of bounds; it is named, never its content.
    """

    forename: str = ""
    middle_names: str = ""
    surname: str = ""
    other_names: tuple[OtherName, ...] = ()
    dob: date | None = None
    sex: Sex | None = None
    postcode: str = ""
    nhs_number: str = ""
    upn: str = ""

    def __post_init__(self) -> None:
        _bounded(self.forename, limits.NAME_CHARS, "forename")
        _bounded(self.middle_names, limits.NAME_CHARS, "middle_names")
        _bounded(self.surname, limits.NAME_CHARS, "surname")
        if len(self.other_names) > limits.OTHER_NAMES:
            raise Refused(Code.MALFORMED, "other_names")
        _bounded(self.postcode, limits.POSTCODE_CHARS, "postcode")
        _bounded(self.nhs_number, limits.IDENTIFIER_CHARS, "nhs_number")
        _bounded(self.upn, limits.IDENTIFIER_CHARS, "upn")

    def __repr__(self) -> str:
        return "Demographics(…)"


def _bounded(text: str, most: int, field: str) -> None:
    if len(text) > most or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise Refused(Code.MALFORMED, field)
