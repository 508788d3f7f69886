"""The columns of an export: their names, what an operator says about them, and where they stand.
Pure.

Law: a column that is not known refuses the file unless the operator said what to do with it. All
faults of a header are found at once. A name of a column is known in any case, with any spaces and
signs, and with a unit behind it (``Date of birth (dd/mm/yyyy)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from agency_node.importing.sources.cells import clean
from agency_node.importing.sources.faults import FileFault, RefusedFile
from agency_node.importing.sources.reasons import Reason

REQUIRED: Final = (
    "local_id",
    "forename",
    "surname",
    "dob",
    "kind",
    "status",
    "start",
    "worker_name",
    "worker_role",
    "desk_phone",
    "desk_email",
)
OPTIONAL: Final = (
    "name",
    "preferred_forename",
    "preferred_surname",
    "former_forename",
    "former_surname",
    "health_number",
    "number_scheme",
    "upn",
    "middle_names",
    "aliases",
    "sex",
    "postcode",
    "former_postcodes",
    "dob_precision",
    "due",
    "end",
    "ooh_phone",
    "sensitive",
    "shield",
    "hours",
    "desk",
    "staffed_until",
    "worker_phone",
    "worker_hours",
    "worker_from",
    "worker_until",
    "duty_phone",
    "duty_hours",
    "lead",
    "early_help",
    "by_hand",
)
COLUMNS: Final = frozenset(REQUIRED + OPTIONAL)
OF_A_NAME: Final = ("forename", "surname")
"""Columns that ``name`` stands for."""
OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "full name, pupil name, student name, child name, name of child",
        "forename": (
            "forenames, first name, first names, given name, given names, legal forename, legal "
            "first name"
        ),
        "surname": "last name, family name, legal surname, legal last name",
        "middle_names": "middle name",
        "preferred_forename": (
            "preferred first name, preferred name, known as, chosen forename, chosen first name, "
            "chosen name"
        ),
        "preferred_surname": "preferred last name, chosen surname, chosen last name",
        "former_forename": "previous forename, former first name, previous first name",
        "former_surname": (
            "previous surname, former last name, maiden name, birth surname, surname at birth"
        ),
        "dob": "date of birth, birth date, birthday, born, d.o.b.",
        "sex": "gender",
        "postcode": "postal code, home postcode",
        "health_number": (
            "nhs number, nhs no, chi number, chi no, hc number, h&c number, health and care number"
        ),
        "upn": "unique pupil number, pupil number (upn)",
        "start": "start date",
        "end": "end date",
    }
)
"""What files certainly mean by other names. The name of a health number states no scheme: a
school's column of NHS numbers has the CHI number of a child from Scotland, too."""
_UNIT: Final = re.compile(r"[(\[][^()\[\]]*[)\]]\s*$")
"""It does not begin with spaces: a cell of 100,000 of them would take a minute for each look."""
_SIGNS: Final = re.compile(r"[\W_]+")


def squeezed(name: str) -> str:
    """Return the letters and digits of a name of a column, in lower case."""
    return _SIGNS.sub("", clean(name).casefold())


_OURS: Final[Mapping[str, str]] = MappingProxyType(
    {squeezed(name): name for name in sorted(COLUMNS)}
    | {squeezed(other): name for name, others in OTHER_NAMES.items() for other in others.split(",")}
)


def column_of(written: str) -> str:
    """Return our name of a column, or "" for one that is not known."""
    return _OURS.get(squeezed(written)) or _OURS.get(squeezed(_UNIT.sub("", written)), "")


@dataclass(frozen=True, slots=True)
class Columns:
    """What to do with the columns of a file.

    Attributes:
        rename: the file's name → ours.
        ignore: columns of the file that are not read.
        constants: our name → what stands in it in every row of the file, which has no such column.
        values: our name → the file's words in it → ours.
    """

    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def name_of(self, written: str) -> str | None:
        """Return our name of a column of the file: "" for one that is left out, None for one that
        is not known.
        """
        name = squeezed(written)
        if name and name in map(squeezed, self.ignore):
            return ""
        for theirs, ours in self.rename.items():
            if squeezed(theirs) == name:
                return ours
        return column_of(written) or None

    def known(self, cells: Sequence[str]) -> int:
        """Return how many cells are names of columns that are read or left out."""
        return sum(1 for cell in cells if cell.strip() and self.name_of(cell) is not None)

    def key(self) -> bytes:
        """Return what an import depends on."""
        parts = [f"{theirs}={ours}" for theirs, ours in self.rename.items()]
        parts += [f"-{name}" for name in self.ignore]
        parts += [f"{ours}:={value}" for ours, value in self.constants.items()]
        parts += [
            f"{ours}:{theirs}={word}"
            for ours, words in self.values.items()
            for theirs, word in words.items()
        ]
        return "\n".join(sorted(parts)).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where our columns stand in the rows of a file.

    Attributes:
        names: by place, "" for a column that is not read.
        nameless: the places of columns without a name, which must be empty.
    """

    names: tuple[str, ...]
    nameless: frozenset[int]
    columns: Columns

    @property
    def ours(self) -> tuple[str, ...]:
        """All columns that a row has, also those with one value for all rows."""
        return (*filter(None, self.names), *self.columns.constants)

    def cells(self, written: Sequence[str]) -> dict[str, str]:
        """Return the cells of a row by column, without what was not meant."""
        found = {name: clean(cell) for name, cell in zip(self.names, written, strict=True) if name}
        found.update(self.columns.constants)
        for column, words in self.columns.values.items():
            text = found.get(column)
            if text is not None:
                found[column] = words.get(text.casefold(), text)
        return found


def place_of(index: int) -> str:
    """Name a column by its place, as a number and as spreadsheets do."""
    letters, left = "", index + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(65 + letter) + letters
    return f"column {index + 1}, {letters}"


def read_header(header: Sequence[str], columns: Columns) -> Layout:
    """Return where the columns stand.

    Raises:
        RefusedFile: for all columns that are unknown, missing or there twice.
    """
    found = [columns.name_of(written) if written else "" for written in header]
    faults = [*_faults(found, columns)]
    if faults:
        raise RefusedFile.of(faults)
    nameless = frozenset(place for place, written in enumerate(header) if not written)
    return Layout(tuple(name or "" for name in found), nameless, columns)


def _faults(found: Sequence[str | None], columns: Columns) -> Iterator[FileFault]:
    for place, name in enumerate(found):
        if name is None:
            yield FileFault(Reason.COLUMN_UNKNOWN, place_of(place))
    given = [name for name in found if name]
    for name in dict.fromkeys(given):
        if given.count(name) > 1 or name in columns.constants:
            yield FileFault(Reason.COLUMN_TWICE, name)
    one_name = "name" in given
    for name in OF_A_NAME if one_name else ():
        if name in given:
            yield FileFault(Reason.COLUMN_TWICE, f"name and {name}")
    for name in REQUIRED:
        split = one_name and name in OF_A_NAME
        if name not in given and name not in columns.constants and not split:
            yield FileFault(Reason.COLUMN_MISSING, name)
