"""What can be wrong with an export that was read, in words for the people who can mend it. Pure.

Each fault has a stable code, plain words, what to do about it and where, and what gets better.
``docs/quality-report.md`` explains each; a test keeps that table complete. ``details`` finds the
faults of a child's details, ``rows`` those of her rows, ``assessing`` all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final, Self

from agency_node.importing.sources.reasons import Reason

CHILDREN: Final = "children"
ROWS: Final = "rows"


@unique
class Section(Enum):
    """The parts of the report in which faults stand."""

    NUMBERS = "Health numbers and pupil numbers"
    DETAILS = "Names, dates and postcodes"
    DOUBLES = "Children who are in the file twice"
    FINDING = "How well children can be found"
    STALE = "Involvements that may be over"
    DESKS = "Whom to ring"
    FLAGS = "Flags that could not be read"


@unique
class Fault(Enum):
    """A fault. The value is its code, the stable name in reports.

    Attributes:
        section: where it stands in the report.
        counted: ``CHILDREN``, or ``ROWS`` of those that can give a pointer.
        columns: where it is mended.
        words: what is counted.
        remedy: what to do; empty where nothing has to be done.
        gain: what gets better.
        usual: one in so many has it by chance, and up to that nothing is to be done; 0 for none.
    """

    section: Section
    counted: str
    columns: tuple[str, ...]
    words: str
    remedy: str
    gain: str
    usual: int

    def __new__(
        cls,
        code: str,
        section: Section,
        counted: str,
        columns: str,
        words: str,
        remedy: str = "",
        gain: str = "",
        usual: int = 0,
    ) -> Self:
        fault = object.__new__(cls)
        fault._value_ = code
        fault.section = section
        fault.counted = counted
        fault.columns = tuple(columns.split())
        fault.words = words
        fault.remedy = remedy
        fault.gain = gain
        fault.usual = usual
        return fault

    HEALTH_NUMBER_CHECK = (
        "health_number_check",
        Section.NUMBERS,
        CHILDREN,
        "health_number",
        "Health numbers whose check digit is wrong",
        "Look up each number in the child's papers and correct it: a digit is mistyped.",
        "A question with the right number finds the child, whatever else has changed.",
    )
    HEALTH_NUMBER_FORM = (
        "health_number_form",
        Section.NUMBERS,
        CHILDREN,
        "health_number",
        "Health numbers that do not have ten digits",
        "Correct each number. In a spreadsheet, format the column as text before you export it.",
        "A question with the right number finds the child, whatever else has changed.",
    )
    HEALTH_NUMBER_PLACEHOLDER = (
        "health_number_placeholder",
        Section.NUMBERS,
        CHILDREN,
        "health_number",
        "Health numbers that stand for “not known”, such as 0000000000",
        "Empty the field, and fill it once the number is known.",
        "Your own staff see which children still lack a number.",
    )
    HEALTH_NUMBER_TEST = (
        "health_number_test",
        Section.NUMBERS,
        CHILDREN,
        "health_number",
        "Health numbers that begin with 999, which no child has",
        "Take test records out of the export, and correct the numbers of real children.",
        "Only real children are in your records, each with her own number.",
    )
    HEALTH_NUMBER_SCHEME = (
        "health_number_scheme",
        Section.NUMBERS,
        CHILDREN,
        "health_number number_scheme",
        "Health numbers that cannot be of the scheme that is stated",
        "Correct the number or the scheme. The number was left out until then.",
        "A question with the right number finds the child, whatever else has changed.",
    )
    UPN_CHECK = (
        "upn_check",
        Section.NUMBERS,
        CHILDREN,
        "upn",
        "Pupil numbers whose check letter is wrong",
        "Look up each number on the school's roll and correct it.",
        "Where your agreement allows the pupil number, it finds the child.",
    )
    UPN_FORM = (
        "upn_form",
        Section.NUMBERS,
        CHILDREN,
        "upn",
        "Pupil numbers that are not a letter and twelve digits",
        "Correct each number, or empty the field.",
        "Where your agreement allows the pupil number, it finds the child.",
    )
    UPN_PLACEHOLDER = (
        "upn_placeholder",
        Section.NUMBERS,
        CHILDREN,
        "upn",
        "Pupil numbers that stand for “not known”",
        "Empty the field, and fill it once the number is known.",
        "Your own staff see which children still lack a number.",
    )
    NUMBER_SHORTENED = (
        "number_shortened",
        Section.NUMBERS,
        CHILDREN,
        "health_number upn",
        "Numbers of which a spreadsheet has cut off the last digits",
        "Format the column as text before you export it, or export from the system itself.",
        "The numbers of these children come back, and find them.",
    )
    NUMBER_SHARED = (
        "number_shared",
        Section.NUMBERS,
        CHILDREN,
        "health_number upn",
        "Children who have the number of another child",
        "Find out whose number it is, and correct the others: it is often a brother's or sister's.",
        "A question about one of these children no longer leads to the other.",
    )

    FORENAME_PLACEHOLDER = (
        "forename_placeholder",
        Section.DETAILS,
        CHILDREN,
        "forename",
        "Forenames that stand for “not known”, such as Test or Unknown",
        "Fill in the forename, or take test records out of the export.",
        "The child is found by her name, and told from brothers and sisters.",
    )
    SURNAME_PLACEHOLDER = (
        "surname_placeholder",
        Section.DETAILS,
        CHILDREN,
        "surname",
        "Surnames that stand for “not known”, such as Test or Unknown",
        "Fill in the surname, or take test records out of the export.",
        "The child is found by her name.",
    )
    NEWBORN_NAME = (
        "newborn_name",
        Section.DETAILS,
        CHILDREN,
        "forename",
        "Children of one year or older who are still called “Baby” or “Twin 1”",
        "Fill in the forename: she has long had one.",
        "The child is found by her name, and told from brothers and sisters.",
    )
    NAME_DAMAGED = (
        "name_damaged",
        Section.DETAILS,
        CHILDREN,
        "forename surname middle_names",
        "Names that have lost letters, or hold a date or a number",
        "Export as “CSV UTF-8” from the system itself, and correct the names that stay wrong.",
        "Children whose names have accents are found as well as others.",
    )
    DATE_PLACEHOLDER = (
        "date_placeholder",
        Section.DETAILS,
        CHILDREN,
        "dob",
        "Dates of birth that stand for “not known”, such as 1 January 1900",
        "Fill in the date of birth, or as much of it as is known.",
        "Most ways to find a child need her date of birth.",
    )
    DATE_NEW_YEAR = (
        "date_new_year",
        Section.DETAILS,
        CHILDREN,
        "dob dob_precision",
        "Dates of birth on 1 January, which is often written where only the year is known",
        "Fill in the true date. Where only the year is known, say so in dob_precision.",
        "A date that is made up no longer speaks against the right child.",
        100,
    )
    DATE_NOT_READ = (
        "date_not_read",
        Section.DETAILS,
        CHILDREN,
        "dob dob_precision",
        "Dates of birth that cannot be right and were left out",
        "Correct the date.",
        "Most ways to find a child need her date of birth.",
    )
    POSTCODE_PLACEHOLDER = (
        "postcode_placeholder",
        Section.DETAILS,
        CHILDREN,
        "postcode",
        "Postcodes that stand for “not known” or “no fixed abode”, such as ZZ99",
        "Fill in where the child stays, or empty the field.",
        "A child with a common name is found at all only with a postcode.",
    )
    POSTCODE_FORM = (
        "postcode_form",
        Section.DETAILS,
        CHILDREN,
        "postcode",
        "Postcodes that do not have the form of a postcode of the United Kingdom",
        "Correct the postcode.",
        "A child with a common name is found at all only with a postcode.",
    )
    POSTCODE_SHARED = (
        "postcode_shared",
        Section.DETAILS,
        CHILDREN,
        "postcode",
        "Children at a postcode that very many children of the file share",
        "Check whether your own address, or that of a hostel, stands where the home is not known.",
        "Children who do not live together are no longer taken for one household.",
    )

    DOUBLE = (
        "double",
        Section.DOUBLES,
        CHILDREN,
        "local_id",
        "Children who are in the file more than once, under different numbers of yours",
        "Merge the records in your own system.",
        "A shield, a new address and a closed case hold for the whole child.",
    )
    POSSIBLE_DOUBLE = (
        "possible_double",
        Section.DOUBLES,
        CHILDREN,
        "local_id",
        "Children who may be in the file more than once; most are twins, brothers and sisters",
    )

    FOUND_ONCE = (
        "found_once",
        Section.FINDING,
        CHILDREN,
        "forename surname dob postcode health_number",
        "Children whom only one rule finds from far away",
        "Fill in what is missing: both names, the whole date of birth, the postcode, the number.",
        "One mistyped field no longer loses the child.",
    )
    FOUND_NEAR = (
        "found_near",
        Section.FINDING,
        CHILDREN,
        "forename surname dob postcode health_number",
        "Children whom no rule finds from far away",
        "Fill in what is missing: both names, the whole date of birth, the postcode, the number.",
        "An agency of another area finds the child, too.",
    )

    OUTGROWN = (
        "outgrown",
        Section.STALE,
        ROWS,
        "status end",
        "Open involvements of a service for which the child is too old",
        "Close the involvement in your own system, with the day on which it ended.",
        "Nobody rings a desk that has not known the child for years.",
    )
    OPEN_LONG = (
        "open_long",
        Section.STALE,
        ROWS,
        "status start end",
        "Involvements that have been open for far longer than such work takes",
        "Close those that are over, with the day on which they ended.",
        "Nobody rings a desk that has not known the child for years.",
    )
    DESK_OVER = (
        "desk_over",
        Section.STALE,
        ROWS,
        "staffed_until worker_name desk_phone",
        "Desks whose last day of staffing had passed when the export was made",
        "Name the worker or the desk that took the work over.",
        "Whoever rings reaches somebody who works with the child now.",
    )
    WORKER_OF_MANY = (
        "worker_of_many",
        Section.STALE,
        ROWS,
        "worker_name worker_role desk",
        "Open involvements of a named worker who has more children than one person can work with",
        "Name the present worker. Where it is a team or a duty desk, say so in the column desk.",
        "Whoever rings reaches somebody who works with the child now.",
    )

    NO_TELEPHONE = (
        "no_telephone",
        Section.DESKS,
        ROWS,
        "desk_phone ooh_phone",
        "Rows without a telephone number",
        "Give the number of the desk. Where all rows have one desk, give it once with --set.",
        "A conversation begins with a telephone that rings.",
    )
    UNDIALABLE = (
        "undialable",
        Section.DESKS,
        ROWS,
        "desk_phone ooh_phone",
        "Rows whose telephone number cannot be dialled",
        "Give one number that can be dialled, with its area code and without an extension.",
        "A conversation begins with a telephone that rings.",
    )
    NO_HOURS = (
        "no_hours",
        Section.DESKS,
        ROWS,
        "hours",
        "Rows that do not say when the desk is there",
        "Give the hours of the desk. Where all rows have the same, give them once with --set.",
        "Nobody rings a desk that is closed, and the one that is open is rung first.",
    )
    HOURS_NOT_READ = (
        "hours_not_read",
        Section.DESKS,
        ROWS,
        "hours",
        "Rows whose hours could not be read, or only in part",
        "Write them like Mon–Fri 08:30–17:00.",
        "Nobody rings a desk that is closed, and the one that is open is rung first.",
    )
    UNREACHABLE = (
        "unreachable",
        Section.DESKS,
        CHILDREN,
        "desk_phone desk_email ooh_phone",
        "Children for whom no row gives a telephone number or an e-mail address",
        "Give the number of the desk in one row of each child at least.",
        "Requesters are told whom to ring, and not only your duty desk.",
    )

    FLAG_UNREAD = (
        "flag_unread",
        Section.FLAGS,
        CHILDREN,
        "shield sensitive",
        "Children withheld because a flag says neither yes nor no",
        "Write yes or no.",
        "Those who may be told of are found, and the others stay withheld on purpose.",
    )
    WITHHELD = (
        "withheld",
        Section.FLAGS,
        CHILDREN,
        "shield",
        "Children withheld because another row, which may be theirs, could not be read",
        "Mend the rows that were left out, and import again.",
        "Those who may be told of are found, and the others stay withheld on purpose.",
    )


BY_CODE: Final[Mapping[str, Fault]] = MappingProxyType({fault.value: fault for fault in Fault})

OF_REMARKS: Final[Mapping[tuple[str, Reason], Fault]] = MappingProxyType(
    {
        ("health_number", Reason.NUMBER_LEFT_OUT): Fault.NUMBER_SHORTENED,
        ("upn", Reason.NUMBER_LEFT_OUT): Fault.NUMBER_SHORTENED,
        ("health_number", Reason.NUMBER_OF_OTHER_SCHEME): Fault.HEALTH_NUMBER_SCHEME,
        ("dob", Reason.DATE_STANDS_FOR_NONE): Fault.DATE_PLACEHOLDER,
        ("dob", Reason.DATE_NOT_READ): Fault.DATE_NOT_READ,
        ("dob_precision", Reason.PRECISION_NOT_READ): Fault.DATE_NOT_READ,
        **{
            (column, Reason.NAME_DAMAGED): Fault.NAME_DAMAGED
            for column in ("forename", "surname", "middle_names")
        },
        **{
            (column, reason): Fault.UNDIALABLE
            for column in ("desk_phone", "ooh_phone")
            for reason in (
                Reason.NOT_A_TELEPHONE,
                Reason.TWO_TELEPHONES,
                Reason.NUMBER_LEFT_OUT,
            )
        },
        ("hours", Reason.HOURS_NOT_READ): Fault.HOURS_NOT_READ,
        ("shield", Reason.FLAG_READ_AS_YES): Fault.FLAG_UNREAD,
        ("sensitive", Reason.FLAG_READ_AS_YES): Fault.FLAG_UNREAD,
        ("shield", Reason.WITHHELD_FOR_A_REFUSED_ROW): Fault.WITHHELD,
    }
)
"""The faults that a remark about a row says already."""
