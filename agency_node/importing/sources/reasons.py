"""Why a row of an export, or a whole export, was not taken: codes and plain words. Pure.

Law: a code never changes, since reports have it. ``docs/import.md`` says what to do about each; a
test keeps that table complete. ``faults`` says where.
"""

from __future__ import annotations

from enum import Enum, unique
from typing import Self


@unique
class Reason(Enum):
    """A code, which is the stable name in reports, with its words for a person, and for a file what
    to do about it.
    """

    words: str
    remedy: str

    def __new__(cls, code: str, words: str, remedy: str = "") -> Self:
        reason = object.__new__(cls)
        reason._value_ = code
        reason.words = words
        reason.remedy = remedy
        return reason

    # a file
    EMPTY_FILE = (
        "empty_file",
        "The file has no rows.",
        "Look at the filter of the export. To empty an agency on purpose, use --allow-shrink.",
    )
    FILE_NOT_READ = (
        "file_not_read",
        "The file cannot be read.",
        "Name the right file, and let the node's user read it.",
    )
    DATABASE_NOT_READ = (
        "database_not_read",
        "The database cannot be read.",
        "Mend what is named, and run the import again.",
    )
    FILE_BEING_WRITTEN = (
        "file_being_written",
        "A program is still writing the file.",
        "Import it once the export has ended.",
    )
    NOT_TEXT = (
        "not_text",
        "The file is neither a text nor a workbook.",
        "Export it again, as CSV or as an Excel workbook, and copy the whole file: it may have "
        "been damaged or cut off.",
    )
    LINE_TOO_LONG = (
        "line_too_long",
        "A line has more than a million characters: the ends of lines were lost.",
        "Export the file again.",
    )
    TABLE_MISSING = (
        "table_missing",
        "A table of the Standard Safeguarding Dataset is missing.",
        "Add it, or an empty one with its columns, if you have nothing of that kind.",
    )
    TABLE_EMPTY = (
        "table_empty",
        "A table that no council has empty is empty.",
        "Import again once the tables are complete.",
    )
    TABLE_NOT_READ = (
        "table_not_read",
        "A table cannot be read, or not all of it.",
        "Look at the lines that are named, or at what the reader may read.",
    )
    NO_NAMES = (
        "no_names",
        "Nobody in the dataset has a name.",
        "Fill pers_forename and pers_surname.",
    )
    FHIR_NOT_READ = (
        "fhir_not_read",
        "The file is JSON, and neither a FHIR Bundle (searchset or collection) nor FHIR resources, "
        "one on a line.",
        "Export patients and their episodes of care as FHIR R4.",
    )
    FHIR_NOT_WHOLE = (
        "fhir_not_whole",
        "The file is only a part of what was asked for, or holds an error of the server.",
        "Fetch all pages, and export again.",
    )
    FHIR_OTHER_VERSION = (
        "fhir_other_version",
        "A resource is not of FHIR R4.",
        "Export it as FHIR R4 (4.0.1).",
    )
    ARCHIVE_NOT_READ = (
        "archive_not_read",
        "The archive cannot be unpacked: it is damaged, has a password, or is of another kind.",
        "Unpack it, and import the file that is in it.",
    )
    ARCHIVE_NOT_ONE_FILE = (
        "archive_not_one_file",
        "The archive does not hold exactly one file.",
        "Unpack it, and import one of its files.",
    )
    ARCHIVE_TOO_LARGE = (
        "archive_too_large",
        "The file is larger than an import may be once it is unpacked.",
        "Ask your supplier for an export of one agency.",
    )
    XML_NOT_READ = (
        "xml_not_read",
        "The XML is broken: it ends too early, or is not well-formed.",
        "Export it again, and copy the whole file.",
    )
    XML_OTHER = (
        "xml_other",
        "The file is XML or HTML, and no Common Transfer File.",
        "Look at it: a page of an error may have been saved under its name. Else export a Common "
        "Transfer File, or CSV.",
    )
    XML_WITH_DOCTYPE = (
        "xml_with_doctype",
        "The XML declares a document type (DOCTYPE), which no Common Transfer File does.",
        "Export it again from your system.",
    )
    XML_TOO_LARGE = (
        "xml_too_large",
        "The XML is nested deeper, or has more or longer elements, than a Common Transfer File.",
        "Export it again from your system.",
    )
    NOT_UTF8 = (
        "not_utf8",
        "The file is not in UTF-8.",
        "Export it as “CSV UTF-8”, or state its encoding: --encoding, or encoding in the mapping.",
    )
    ENCODING_NOT_STATED = (
        "encoding_not_stated",
        "The file is not in UTF-8, and letters would be lost if its encoding were guessed.",
        "Export it as “CSV UTF-8”, or state its encoding: --encoding, or encoding in the mapping.",
    )
    ENCODING_WRONG = (
        "encoding_wrong",
        "The file is not in the encoding that was stated.",
        "Take encoding out of the mapping, or leave --encoding out, and it is detected. Of XML "
        "that declares a wrong one, state the right one.",
    )
    WORKBOOK_NOT_READ = (
        "workbook_not_read",
        "The workbook cannot be opened: it is damaged, has a password, or is of another kind.",
        "Save it again without a password, or export it as CSV.",
    )
    WORKBOOK_TOO_LARGE = (
        "workbook_too_large",
        "The workbook is larger than an import may be once it is unpacked.",
        "Export it as CSV, or delete what stands outside the table.",
    )
    SHEET_NOT_STATED = (
        "sheet_not_stated",
        "More than one sheet of the workbook has rows.",
        "Name the sheet: --sheet, or sheet in the mapping.",
    )
    SHEET_MISSING = (
        "sheet_missing",
        "The workbook has no sheet of this name.",
        "Name one of its sheets: --sheet, or sheet in the mapping.",
    )
    NO_HEADER = (
        "no_header",
        "No line near the beginning names our columns.",
        "Add the header, or state with --separator what stands between the columns.",
    )
    COLUMN_MISSING = (
        "column_missing",
        "A column that is needed is missing.",
        "Name yours (--map, or a mapping file), or give all rows one value (--set, constants).",
    )
    COLUMN_UNKNOWN = (
        "column_unknown",
        "A column is not known.",
        "Take it out of the export, or name it with --map or --ignore, or in the mapping file.",
    )
    COLUMN_TWICE = (
        "column_twice",
        "A column is there twice.",
        "Take one out of the export, or leave it out with --ignore or in the mapping file.",
    )
    DATE_ORDER_NOT_SHOWN = (
        "date_order_not_shown",
        "The dates may have the day first or the month first, and the column does not show which.",
        "State it: --dates day-first or month-first, or dates in the mapping.",
    )
    DATES_OF_TWO_ORDERS = (
        "dates_of_two_orders",
        "Some dates have the day first, others the month.",
        "Mend them; if most are right, state the order (--dates), and the others are left out.",
    )
    DATES_NOT_DAY_FIRST = (
        "dates_not_day_first",
        "The dates do not have the day first.",
        "If that is right, state it: --dates month-first (or year-first), or dates in the mapping.",
    )
    DATES_CONTRADICT_ORDER = (
        "dates_contradict_order",
        "The dates are not in the order that was stated.",
        "Look at the column, and state its order: --dates, or dates in the mapping.",
    )
    NAME_ORDER_NOT_STATED = (
        "name_order_not_stated",
        "Names stand in one column, without a comma between surname and forename.",
        "State which is first: --names forename-first or surname-first, or names in the mapping.",
    )
    TOO_MANY_ROWS = (
        "too_many_rows",
        "The file has more rows than one import may have.",
        "Ask your supplier for an export of one agency.",
    )
    DAY_IN_FUTURE = (
        "day_in_future",
        "The day of the export lies in the future.",
        "Give the day on which it was made with --as-of.",
    )
    DAY_AFTER_FILE = (
        "day_after_file",
        "The day of the export is after the day on which the file was last written.",
        "Give the day on which it was made with --as-of.",
    )
    DAY_AFTER_MADE = (
        "day_after_made",
        "The day of the export is after the day on which the file says that it was made.",
        "Give that day with --as-of, or --as-of file.",
    )
    DAY_NOT_IN_FILE = (
        "day_not_in_file",
        "The file does not say on which day it was made.",
        "Give the day with --as-of.",
    )
    SHIELD_OF_NOBODY = (
        "shield_of_nobody",
        "A line may shield a child, and does not show which child.",
        "Look at the line: it has more or fewer fields than the header, an open quotation mark, or "
        "the flag without a local_id. The last line of a file is so where it was cut off.",
    )
    DESK_KEY_NOT_SHOWN = (
        "desk_key_not_shown",
        "Not exactly one column of the desk directory stands in the export, too.",
        "Name the column by which they are joined: --desk-key, or desk_key in the mapping.",
    )
    DESK_ROW_NOT_READ = (
        "desk_row_not_read",
        "A row of the desk directory cannot be read, or does not say whose desk it is.",
        "Mend or remove the row.",
    )
    WORKER_NOT_NAMED = (
        "worker_not_named",
        "The desk directory has a practitioner's number or days, and does not say whose.",
        "Add worker_name to the row, or join the directory by worker_name.",
    )
    DESK_TWICE = (
        "desk_twice",
        "The desk directory says two things of one desk.",
        "Leave one of the rows.",
    )
    DESKS_NOT_MET = (
        "desks_not_met",
        "Most of what the export says in the column of the desks is not in the desk directory.",
        "Look whether both write the same in it. Name a desk without a number in a row without "
        "one.",
    )
    # a row that is not taken
    NUMBER_SHORTENED = (
        "number_shortened",
        "A spreadsheet shortened the number (1.23457E+11): its last digits are lost.",
    )
    NAME_NOT_SPLIT = (
        "name_not_split",
        "The name cannot be split into surname and forename for certain.",
    )
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
    RESOURCE_NOT_READ = (
        "resource_not_read",
        "The resource is not what FHIR R4 says of its type, or must not be read by itself.",
    )
    NOT_A_PUPIL = (
        "not_a_pupil",
        "Something else stands where a pupil is expected, or a pupil where none is.",
    )
    ELEMENT_NOT_READ = (
        "element_not_read",
        "An element stands there twice, with two contents, or holds other elements.",
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
    NAME_DAMAGED = (
        "name_damaged",
        "The name has lost letters on its way, or is no name; it does not help to find the child.",
    )
    NO_LONGER_SENSITIVE = (
        "no_longer_sensitive",
        "By the last import she was sensitive, and nothing says so any more.",
    )
    NUMBER_NOT_READ = (
        "number_not_read",
        "The number is not valid and does not help to find the child.",
    )
    NUMBER_LEFT_OUT = (
        "number_left_out",
        "A spreadsheet shortened the number (1.23457E+11): its last digits are lost; it was left "
        "out.",
    )
    BEFORE_BIRTH = (
        "before_birth",
        "It began long before the child was born: the start or the date of birth is not hers.",
    )
    DATE_STANDS_FOR_NONE = (
        "date_stands_for_none",
        "The date stands for none (such as 1900-01-01 or 9999-12-31) and was left out.",
    )
    TWO_TELEPHONES = (
        "two_telephones",
        "The field holds more than one telephone number and was left empty.",
    )
    TOO_MANY_POSTCODES = (
        "too_many_postcodes",
        "There are more than three former postcodes; the first three were taken.",
    )
    PRECISION_NOT_READ = (
        "precision_not_read",
        "The precision is none of day, month, year and about; the date of birth was left out.",
    )
    UNBORN_LEFT_OUT = (
        "unborn_left_out",
        "Number and sex of a child who is not born yet were left out: they may be the mother's. Is "
        "the year of the date of birth right?",
    )
    DUE_LEFT_OUT = (
        "due_left_out",
        "The child was due before the export and has a number: she is born, and the due date was "
        "left out.",
    )
    SCHEME_NOT_READ = (
        "scheme_not_read",
        "The scheme is none of NHS, CHI and H&C and was left out; the number is used.",
    )
    NUMBER_OF_OTHER_SCHEME = (
        "number_of_other_scheme",
        "The number cannot be of the scheme that is stated and was left out.",
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
    HOURS_NOT_READ = (
        "hours_not_read",
        "Something in the hours could not be read and was left out.",
    )
    DESK_NOT_READ = (
        "desk_not_read",
        "Whose desk it is, or until when it is staffed, could not be read and was left out.",
    )
    NOT_AN_EMAIL = "not_an_email", "The field is not an e-mail address and was left empty."
    NO_CONTACT = (
        "no_contact",
        "Neither telephone nor e-mail is given; requesters are referred to the duty desk.",
    )
    ELEMENT_MISSING = (
        "element_missing",
        "The element is missing or empty; the child was taken without it.",
    )
    WORKER_DAY_NOT_READ = (
        "worker_day_not_read",
        "The practitioner's first or last day could not be read; with a last day that could not, "
        "she is taken to have left.",
    )
    ANOTHER_WORKER = (
        "another_worker",
        "The desk directory's number and days are of another practitioner than the row's, and were "
        "left out.",
    )
    NO_DESK = (
        "no_desk",
        "The desk directory has no desk for what the row says; requesters are referred to the duty "
        "desk.",
    )
    WITHHELD_FOR_A_REFUSED_ROW = (
        "withheld_for_a_refused_row",
        "Another row of this child could not be read and may shield her; nothing is disclosed "
        "until it is mended.",
    )
