"""What was done to fields that could not be taken as they stood: counts and lines, never what stood there. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from agency_node.match_tool.cells import LINES_NAMED

_MOST_MENDED: Final = 0.1


@unique
class Note(Enum):
    """What was done to a field. The value is the stable name in reports."""

    DATE_MENDED = "date_mended"
    DATE_LEFT_OUT = "date_left_out"
    SEX_LEFT_OUT = "sex_left_out"
    TOO_LONG_LEFT_OUT = "too_long_left_out"
    TOO_MANY_NAMES_LEFT_OUT = "too_many_names_left_out"
    CONTROL_CHARACTERS_LEFT_OUT = "control_characters_left_out"
    NUMBER_NOT_VALID = "number_not_valid"


@dataclass(frozen=True, slots=True)
class Notes:
    """Of one table. ``fields``: how many, by column and note. ``lines``: of each, the first ones; none where there is
    no file. ``dates``: how many dates of birth were not empty."""

    fields: Counter[tuple[str, Note]] = field(default_factory=Counter)
    lines: dict[tuple[str, Note], list[int]] = field(default_factory=dict)
    dates: int = 0

    @property
    def is_month_first_likely(self) -> bool:
        """So many dates were mended that the file may write the month first, and then others are misread: those that
        make a date either way."""
        return self.fields["dob", Note.DATE_MENDED] > _MOST_MENDED * self.dates

    def in_order(self) -> list[tuple[str, Note]]:
        return sorted(self.fields, key=lambda key: (key[0], key[1].value))


class NoteTaker:
    """The notes while rows come in."""

    def __init__(self) -> None:
        self._fields: Counter[tuple[str, Note]] = Counter()
        self._lines: dict[tuple[str, Note], list[int]] = {}
        self.dates = 0

    def add(self, column: str, note: Note, line: int) -> None:
        """``line``: 0 where there is no file."""
        self._fields[column, note] += 1
        lines = self._lines.setdefault((column, note), [])
        if line and len(lines) < LINES_NAMED:
            lines.append(line)

    def notes(self) -> Notes:
        return Notes(self._fields, self._lines, self.dates)
