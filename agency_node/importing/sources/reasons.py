"""Why a row of an export, or a whole export, was not taken: codes and plain words.

Law: a fault names a line, a column and a reason, never what stood there: reports are passed on, and
a row is about a person. ``docs/import.md`` says what to do about each code; a test keeps that table
complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final


@unique
class Reason(Enum):
    """The value is the stable name in reports."""

    # a file
    EMPTY_FILE = "empty_file"
    NOT_TEXT = "not_text"
    NOT_UTF8 = "not_utf8"
    NO_HEADER = "no_header"
    COLUMN_MISSING = "column_missing"
    COLUMN_UNKNOWN = "column_unknown"
    COLUMN_TWICE = "column_twice"
    TOO_MANY_ROWS = "too_many_rows"
    SHIELD_OF_NOBODY = "shield_of_nobody"
    # a row that is not taken
    ROW_NOT_UTF8 = "row_not_utf8"
    ROW_NOT_CSV = "row_not_csv"
    FIELD_COUNT = "field_count"
    CONTROL_CHARACTER = "control_character"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY_NAMES = "too_many_names"
    NOT_A_DATE = "not_a_date"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    DATES_CONTRADICT = "dates_contradict"
    END_MISSING = "end_missing"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_STATUS = "unknown_status"
    NOT_YES_OR_NO = "not_yes_or_no"
    DIFFERENT_CHILD = "different_child"
    TOO_MANY_INVOLVEMENTS = "too_many_involvements"
    TOO_WEAK = "too_weak"
    # a row that is taken, with a remark
    FLAG_READ_AS_YES = "flag_read_as_yes"
    SEX_NOT_READ = "sex_not_read"
    DATE_NOT_READ = "date_not_read"
    NUMBER_NOT_READ = "number_not_read"
    POSTCODE_NOT_READ = "postcode_not_read"
    TEXT_TOO_LONG = "text_too_long"
    NOT_PLAIN_TEXT = "not_plain_text"
    NOT_A_TELEPHONE = "not_a_telephone"
    NOT_AN_EMAIL = "not_an_email"
    NO_CONTACT = "no_contact"
    WITHHELD_FOR_A_REFUSED_ROW = "withheld_for_a_refused_row"


WORDS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.EMPTY_FILE: "The file has no rows.",
        Reason.NOT_TEXT: "The file is not a text file.",
        Reason.NOT_UTF8: "The file is not in UTF-8.",
        Reason.NO_HEADER: "The first line does not name the columns.",
        Reason.COLUMN_MISSING: "A column that is needed is missing.",
        Reason.COLUMN_UNKNOWN: "A column is not known.",
        Reason.COLUMN_TWICE: "A column is there twice.",
        Reason.TOO_MANY_ROWS: "The file has more rows than one import may have.",
        Reason.SHIELD_OF_NOBODY: "A line may shield a child, and does not show which child.",
        Reason.ROW_NOT_UTF8: "The line is not in UTF-8.",
        Reason.ROW_NOT_CSV: "A quotation mark is left open, or stands inside a field.",
        Reason.FIELD_COUNT: "The line has more or fewer fields than the header.",
        Reason.CONTROL_CHARACTER: "The field holds a character that cannot be printed.",
        Reason.EMPTY: "The field is empty and may not be.",
        Reason.TOO_LONG: "The field is too long.",
        Reason.TOO_MANY_NAMES: "There are more than eight other names.",
        Reason.NOT_A_DATE: "The field is not a date.",
        Reason.DATE_OUT_OF_RANGE: "The date of birth is not that of a child or young person.",
        Reason.DATES_CONTRADICT: "Start, end and status contradict each other.",
        Reason.END_MISSING: "The involvement is over, and the day it ended is not given.",
        Reason.UNKNOWN_KIND: "The kind of involvement is on no list.",
        Reason.UNKNOWN_STATUS: "The status is none of OPEN, RECENT, PLANNED, CLOSED.",
        Reason.NOT_YES_OR_NO: "The field says neither yes nor no.",
        Reason.DIFFERENT_CHILD: "An earlier row with the same local_id describes another child.",
        Reason.TOO_MANY_INVOLVEMENTS: "The child has more rows than one child may have.",
        Reason.TOO_WEAK: "Too little is known about this child: nobody could find the record.",
        Reason.FLAG_READ_AS_YES: (
            "The field says neither yes nor no; it was read as yes, so nothing is disclosed."
        ),
        Reason.DATE_NOT_READ: (
            "The date cannot be right and was left out; it does not help to find the child."
        ),
        Reason.SEX_NOT_READ: "The sex could not be read and was left out.",
        Reason.NUMBER_NOT_READ: "The number is not valid and does not help to find the child.",
        Reason.POSTCODE_NOT_READ: "The postcode is not valid and does not help to find the child.",
        Reason.TEXT_TOO_LONG: "The field is longer than a pointer can carry and was left empty.",
        Reason.NOT_PLAIN_TEXT: (
            "The field holds characters that a pointer cannot carry and was left empty."
        ),
        Reason.NOT_A_TELEPHONE: (
            "The field is not a telephone number (digits, spaces and + only) and was left empty."
        ),
        Reason.NOT_AN_EMAIL: "The field is not an e-mail address and was left empty.",
        Reason.NO_CONTACT: (
            "Neither telephone nor e-mail is given; requesters are referred to the duty desk."
        ),
        Reason.WITHHELD_FOR_A_REFUSED_ROW: (
            "Another row of this child could not be read and may shield her; nothing is disclosed "
            "until it is mended."
        ),
    }
)


@dataclass(frozen=True, slots=True)
class RowFault:
    """A fault for which a row was refused, or a remark about a row that was taken.

    Attributes:
        line: of the file, where the header is line 1.
        column: "" when the reason is about the whole line.
    """

    line: int
    column: str
    reason: Reason

    @property
    def words(self) -> str:
        return WORDS[self.reason]


class RefusedFile(Exception):
    """The file as a whole cannot be taken: nothing was imported.

    Attributes:
        column: one of our names, the place of a column or a line, or "". A name from the file is
            never shown: the first line may be a row without a header, and thus about a person.
    """

    def __init__(self, reason: Reason, column: str = "") -> None:
        super().__init__(f"{WORDS[reason]}{f' ({column})' if column else ''}")
        self.reason = reason
        self.column = column
