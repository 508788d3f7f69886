"""What the children of an export have: counts by field, to be held beside those of the next one.

Law: pure, and counts only. Every count is of children; a child counts once for a field, whatever
the number of her rows. It is counted after reading, and from what finds a child (a date that stands
for "unknown" is none), so that a field which another system's form made useless is missing here.
``names`` says which letters a name has lost on its way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final

import msgspec

from agency_node.importing.sampled import Sample
from agency_node.records.records import Involvement
from fingerpost.private.demographics import Demographics, written_birth
from fingerpost.private.linkage import NormalForm
from fingerpost.protocol.errors import Defect

ACCENTS: Final = "accents"
"""Counted like a field: children in whose names there is a letter beyond A to Z."""

FLAGGED: Final = "flagged"
"""Counted like a field: children of whom a row of the file says that they are shielded or hidden,
also where the row is refused or no longer current."""

ENDED: Final = "end of the last line"
"""Counted like a field, of all children or of none: the file ended with the end of a line."""

FOOT: Final = "count at the foot"
"""Counted like a field, of all children or of none: a line below the table counts its rows."""

PART: Final = "rows of "
"""Before the name of a table of a source of several: how many rows it has, which are not counted by
children."""

_LOST_LETTER: Final = re.compile(
    "\ufffd"
    # Ren?e, Bront?, ?milie: the encoding had no such letter. A sign alone ("?", "Quill ?") is none
    # of these: somebody does not know.
    r"|[^\W\d_]\?|\?[^\W\d_]"
    # signs that one encoding makes of the letters of another, such as Ren‚ and N£¤ez
    "|[\u0080-\u009f£¤¥¢§¶¬±÷×…„‚‹›¸¿¡°¦¨¯ˆ˜†‡‰•™®©µ€\u2500-\u259f∂∆∑∏π∫Ω√≈≤≥◊]"
    # letters of a Macintosh that were read as Windows-1252, such as ChloŽ, MŸller and Bront‘
    "|(?<=[a-zß-ÿ])[ŽŠŸ]|Ÿ(?=[a-zß-ÿ])|(?<=[a-zß-ÿ])[‘“](?!\\w)"
    # UTF-8 that was read as Latin-1 or Windows-1252, such as NÃºÃ±ez
    "|[\u00c2-\u00c5][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_NO_NAME: Final = re.compile(
    r"#(?:REF|N/A|NAME|VALUE|DIV/0|NULL|NUM)[!?]?|[^A-Za-z]*[#*=][^A-Za-z]*"
)
_DIGITS_OF_NO_NAME: Final = 2
"""A name may have a digit ("Twin 1"); with so many it is a date, a number or an address."""
_ENTITY: Final = re.compile(r"&(?:#[0-9]{2,5}|#x[0-9a-f]{2,4}|[a-z]{2,8});", re.IGNORECASE)


class Peak(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an import had of a field that none since had as much of.

    Attributes:
        day: the last of the week of its export: so few are kept that ``records.sealing`` has room.
        had: how many of ``children`` had the field.
    """

    day: date
    had: int
    children: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.had, self.children) if self.children else Fraction(0)


class Census(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The counts of one import. It is kept sealed beside the import that it is of.

    Attributes:
        had: by field, how many children have it.
        accepted: the findings (``finding.Finding.name``) that the operator accepted.
        peaks: by field, the earlier imports of which more children had it (``misread.census_of``),
            the newest first.
        sample: of some children, digests by which the next file is held beside this one.
        shields: how many forms of shields are stored behind the children.
    """

    children: int
    had: dict[str, int]
    accepted: tuple[str, ...] = ()
    peaks: dict[str, tuple[Peak, ...]] = {}
    sample: Sample = {}
    shields: int = 0


def write_census(census: Census) -> bytes:
    return msgspec.msgpack.encode(census)


def read_census(data: bytes) -> Census:
    """Return what ``write_census`` wrote. Raises ``Defect`` for other bytes."""
    try:
        return msgspec.msgpack.decode(data, type=Census)
    except msgspec.MsgspecError:
        raise Defect("the counts of an import have another form") from None


@dataclass(slots=True)
class Count:
    """Counts children while an export is made ready.

    Attributes:
        children: so far.
        damaged: children whose names have lost letters to an encoding.
        questioned: those of them in whom only a question mark says so, which somebody may have
            typed.
        no_names: by column of a name, children in whom it holds what is no name.
    """

    children: int = 0
    had: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    questioned: int = 0
    no_names: Counter[str] = field(default_factory=Counter)
    _same: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, who: Demographics, form: NormalForm, involvements: Sequence[Involvement]) -> None:
        self.children += 1
        self.had.update(set(_fields(who, form, involvements)))
        lost, none = damaged_names(who), no_names(who)
        self.damaged += bool(lost)
        self.questioned += bool(lost) and all(
            name.isascii() and "&" not in name for _, name in _names(who)
        )
        self.no_names.update(none)
        if not lost and not all(name.isascii() for _, name in _names(who)):
            self.had[ACCENTS] += 1
        for column, value in _values(who, form):
            self._same.setdefault(column, Counter())[value] += 1

    def commonest(self) -> Mapping[str, int]:
        """Return for each of forename, surname and date how many children share the commonest."""
        return {column: counts.most_common(1)[0][1] for column, counts in self._same.items()}


def damaged_names(who: Demographics) -> tuple[str, ...]:
    """Return the columns of names in which an encoding has lost letters, or has left others."""
    return tuple(
        column for column, name in _names(who) if _LOST_LETTER.search(name) or _ENTITY.search(name)
    )


def no_names(who: Demographics) -> tuple[str, ...]:
    """Return the columns of names that hold no name: an error of a spreadsheet, a date, a number.

    A baby without a name ("", "Twin 1") is none of these.
    """
    return tuple(column for column, name in _names(who) if _is_no_name(name))


def _is_no_name(name: str) -> bool:
    if name.isalpha():
        return False
    if sum(c.isdigit() for c in name) >= _DIGITS_OF_NO_NAME:
        return True
    return _NO_NAME.fullmatch(name) is not None


def _names(who: Demographics) -> Iterator[tuple[str, str]]:
    named = (
        ("forename", who.forename),
        ("surname", who.surname),
        ("middle_names", who.middle_names),
    )
    return ((column, name) for column, name in named if name)


def _fields(
    who: Demographics, form: NormalForm, involvements: Iterable[Involvement]
) -> Iterator[str]:
    present = (
        ("forename", form.has_forename),
        ("surname", form.has_surname),
        ("middle_names", bool(who.middle_names)),
        ("aliases", bool(who.other_names)),
        ("dob", form.birth is not None),
        ("sex", form.sex is not None),
        ("postcode", form.postcode is not None),
        ("former_postcodes", bool(form.former_postcodes)),
        ("health_number", form.health_number is not None),
        ("upn", form.upn is not None),
    )
    yield from (name for name, there in present if there)
    for row in involvements:
        of_row = (
            ("worker_name", row.worker_name),
            ("worker_role", row.worker_role),
            ("desk_phone", row.desk_phone),
            ("desk_email", row.desk_email),
            ("ooh_phone", row.ooh_phone),
            ("hours", row.hours),
            ("lead", row.lead),
            ("early_help", row.early_help),
            ("shield", row.shielded),
            ("sensitive", row.sensitive and not row.kind.sensitive),
        )
        yield from (name for name, there in of_row if there)


def _values(who: Demographics, form: NormalForm) -> Iterator[tuple[str, str]]:
    name = form.names[0]
    if name.forename:
        yield "forename", name.forename
    if name.surname:
        yield "surname", name.surname
    if isinstance(who.dob, date) and form.birth is not None:
        yield "dob", written_birth(who.dob)
