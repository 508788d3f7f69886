"""Why a row of an export, or a whole export, was not taken: codes and plain words.

Law: a fault names a line, a column and a reason, never what stood there: reports are passed on, and
a row is about a person. ``docs/import.md`` says what to do about each code; a test keeps that table
complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique
from typing import Self


@unique
class Reason(Enum):
    """A code, which is the stable name in reports, with its words for a person."""

    words: str

    def __new__(cls, code: str, words: str) -> Self:
        reason = object.__new__(cls)
        reason._value_ = code
        reason.words = words
        return reason

    # a file
    EMPTY_FILE = "empty_file", "The file has no rows."
    NOT_TEXT = "not_text", "The file is not a text file."
    NOT_UTF8 = "not_utf8", "The file is not in UTF-8."
    NO_HEADER = "no_header", "The first line does not name the columns."
    COLUMN_MISSING = "column_missing", "A column that is needed is missing."
    COLUMN_UNKNOWN = "column_unknown", "A column is not known."
    COLUMN_TWICE = "column_twice", "A column is there twice."
    TOO_MANY_ROWS = "too_many_rows", "The file has more rows than one import may have."
    SHIELD_OF_NOBODY = (
        "shield_of_nobody",
        "A line may shield a child, and does not show which child.",
    )
    # a row that is not taken
    ROW_NOT_UTF8 = "row_not_utf8", "The line is not in UTF-8."
    ROW_NOT_CSV = "row_not_csv", "A quotation mark is left open, or stands inside a field."
    FIELD_COUNT = "field_count", "The line has more or fewer fields than the header."
    CONTROL_CHARACTER = "control_character", "The field holds a character that cannot be printed."
    EMPTY = "empty", "The field is empty and may not be."
    TOO_LONG = "too_long", "The field is too long."
    TOO_MANY_NAMES = "too_many_names", "There are more than eight other names."
    NOT_A_DATE = "not_a_date", "The field is not a date."
    DATE_OUT_OF_RANGE = (
        "date_out_of_range",
        "The date of birth is not that of a child or young person.",
    )
    DATES_CONTRADICT = "dates_contradict", "Start, end and status contradict each other."
    END_MISSING = "end_missing", "The involvement is over, and the day it ended is not given."
    UNKNOWN_KIND = "unknown_kind", "The kind of involvement is on no list."
    UNKNOWN_STATUS = "unknown_status", "The status is none of OPEN, RECENT, PLANNED, CLOSED."
    NOT_YES_OR_NO = "not_yes_or_no", "The field says neither yes nor no."
    DIFFERENT_CHILD = (
        "different_child",
        "An earlier row with the same local_id describes another child.",
    )
    TOO_MANY_INVOLVEMENTS = (
        "too_many_involvements",
        "The child has more rows than one child may have.",
    )
    TOO_WEAK = "too_weak", "Too little is known about this child: nobody could find the record."
    # a row that is taken, with a remark
    FLAG_READ_AS_YES = (
        "flag_read_as_yes",
        "The field says neither yes nor no; it was read as yes, so nothing is disclosed.",
    )
    SEX_NOT_READ = "sex_not_read", "The sex could not be read and was left out."
    DATE_NOT_READ = (
        "date_not_read",
        "The date cannot be right and was left out; it does not help to find the child.",
    )
    NUMBER_NOT_READ = (
        "number_not_read",
        "The number is not valid and does not help to find the child.",
    )
    POSTCODE_NOT_READ = (
        "postcode_not_read",
        "The postcode is not valid and does not help to find the child.",
    )
    TEXT_TOO_LONG = (
        "text_too_long",
        "The field is longer than a pointer can carry and was left empty.",
    )
    NOT_PLAIN_TEXT = (
        "not_plain_text",
        "The field holds characters that a pointer cannot carry and was left empty.",
    )
    NOT_A_TELEPHONE = (
        "not_a_telephone",
        "The field is not a telephone number (digits, spaces and + only) and was left empty.",
    )
    NOT_AN_EMAIL = "not_an_email", "The field is not an e-mail address and was left empty."
    NO_CONTACT = (
        "no_contact",
        "Neither telephone nor e-mail is given; requesters are referred to the duty desk.",
    )
    WITHHELD_FOR_A_REFUSED_ROW = (
        "withheld_for_a_refused_row",
        "Another row of this child could not be read and may shield her; nothing is disclosed "
        "until it is mended.",
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
        return self.reason.words


class RefusedFile(Exception):
    """The file as a whole cannot be taken: nothing was imported.

    Attributes:
        column: one of our names, the place of a column or a line, or "". A name from the file is
            never shown: the first line may be a row without a header, and thus about a person.
    """

    def __init__(self, reason: Reason, column: str = "") -> None:
        super().__init__(f"{reason.words}{f' ({column})' if column else ''}")
        self.reason = reason
        self.column = column
