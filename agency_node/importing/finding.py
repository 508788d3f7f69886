"""What may be wrong with a file: each thing with its name, its words and what to do about it. Pure.

``misread`` finds it. Law: a finding holds counts, a column, and forms (``sources.shapes``), never
what stood in a row. Its name is what an operator accepts it by, so that names never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, unique
from types import MappingProxyType
from typing import Final, Self

from agency_node.importing.census import ACCENTS
from agency_node.importing.sources.reasons import Reason
from fingerpost.runtime.screen_text import Counted

_SOME: Final = "{rows} of {of:# child|# children}"


@unique
class Rule(Enum):
    """What is wrong with a file. The value is the stable name in reports and of ``--accept``.

    ``words``: a template of ``screen_text.Counted``; ``rows``, ``of`` and ``before`` are numbers.
    """

    words: str

    def __new__(cls, code: str, words: str) -> Self:
        rule = object.__new__(cls)
        rule._value_ = code
        rule.words = words
        return rule

    UNREAD = (
        "unread",
        "{rows} of {of:# cell that holds|# cells that hold} something could not be read",
    )
    FELL = "fell", f"{_SOME} {{rows:has|have}} it; by an earlier import {{before}} would"
    TABLE_FELL = "table_fell", "it has {rows:# row|# rows}, and had {before} by the last import"
    ROSE = "rose", f"{_SOME} would be withheld; by the last import {{before}}"
    CHANGED = (
        "changed",
        f"{_SOME} {{rows:has|have}} another one than by the last import: it may be another child's",
    )
    GONE = (
        "gone",
        f"{_SOME} of the last import {{rows:is|are}} not here by {{rows:her|their}} own number",
    )
    SAME = "same", f"{_SOME} {{rows:has|have}} the same in it: it may be another column"
    LACKING = "lacking", f"{_SOME} {{rows:has|have}} none"
    UNFLAGGED = "unflagged", "no row of the file says it of any child"
    MOST = "most", f"{_SOME} would be withheld: is it that column?"
    SORTED = (
        "sorted",
        "the rows are in the order of this column, and in that of another one, too: it may have "
        "been sorted without the others",
    )
    APART = (
        "apart",
        f"{_SOME} {{rows:has|have}} another sex than most others of {{rows:her|their}} forename",
    )
    DAMAGED = (
        "damaged",
        "{rows:# name has|the names of # children or rows have} lost letters; "
        "{of:# is|# are} sound",
    )
    BEFORE_BIRTH = (
        "before_birth",
        "{rows} of {of:# involvement|# involvements} began long before the child was born",
    )
    CUT_OFF = "cut_off", "the file ends in the middle of a line: what followed is not in it"
    LINE_END_GONE = (
        "line_end_gone",
        "the last file ended with the end of a line, and this one does not: it may be cut off",
    )
    FOOT_GONE = (
        "foot_gone",
        "the last file had a number of rows below its table, and this one has none: it may be cut "
        "off",
    )
    BLOCK = (
        "block",
        "of {of:# child|# children} of the file before, {rows} that stood one behind the "
        "other are not here",
    )
    FOOT_COUNT = (
        "foot_count",
        "the foot of the file counts {of}, and above it {rows:is # row|are # rows}",
    )
    STATED_ROWS = "stated_rows", "you stated {of:# row|# rows}, and the file has {rows}"
    NO_END = "no_end", "nothing shows whether this is the whole export; number of rows: {rows}"
    MANY_REFUSED = "refused_rows", "{rows} of {of:# row|# rows} cannot be taken"
    NO_CHILDREN = "no_children", "no child is left of {of:# row|# rows}"
    SHRUNK = "shrunk", "the export has {rows:# child|# children}, and the agency had {before}"
    OLDER = "older", "the export was made on {made}, and the last one on {last}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stops the import of a file.

    Attributes:
        column: one of our names, or empty where it is about the file.
        rows: cells, rows or children that it is about, of ``of``.
        before: how many there would be by the last import, or of FELL by an earlier one.
        forms: the commonest forms of what was not read, each with how often it stands there; of
            STATED_ROWS and NO_END, the tables of a source of several, each with its rows.
        days: of OLDER, the day of this export and of the last.
        why: of UNREAD, the commonest reason.
    """

    rule: Rule
    column: str = ""
    rows: int = 0
    of: int = 0
    before: int = 0
    forms: tuple[tuple[str, int], ...] = ()
    days: tuple[date, date] | None = None
    why: Reason | None = None

    @property
    def name(self) -> str:
        """By which it is accepted."""
        return f"{self.rule.value}:{self.column}" if self.column else self.rule.value

    @property
    def words(self) -> str:
        made, last = self.days or ("", "")
        said = self.rule.words.format(
            rows=Counted(self.rows),
            of=Counted(self.of),
            before=Counted(self.before),
            made=made,
            last=last,
        )
        because = f" ({self.why.words.rstrip('.')})" if self.why else ""
        return f"{self.column}: {said}{because}" if self.column else said

    @property
    def remedy(self) -> str:
        return _REMEDIES.get((self.rule, self.column)) or _REMEDIES[self.rule, ""]


_NUMBERS: Final = (
    "format the column as text before it is exported: a spreadsheet takes off leading zeros and "
    "writes long numbers as powers of ten"
)
_DATES: Final = "write the dates as 2015-02-03"
_CODES: Final = (
    "write the words of docs/import.md, or map yours to them in a mapping file "
    "(fingerpost-node map)"
)
_REMEDIES: Final[Mapping[tuple[Rule, str], str]] = MappingProxyType(
    {
        **{(Rule.UNREAD, column): _DATES for column in ("dob", "due", "start", "end")},
        **{(Rule.UNREAD, column): _NUMBERS for column in ("health_number", "upn")},
        **{(Rule.UNREAD, column): _CODES for column in ("kind", "status", "sex")},
        **{
            (Rule.UNREAD, column): (
                "write yes or no, or leave it empty, or map your words in a mapping file "
                "(fingerpost-node map)"
            )
            for column in ("shield", "sensitive", "lead", "early_help", "by_hand")
        },
        **{
            (Rule.UNREAD, column): (
                "give one number that can be dialled, with its 0 and without an extension"
            )
            for column in ("desk_phone", "ooh_phone")
        },
        (Rule.UNREAD, "local_id"): "give each child one number, and no two the same",
        (Rule.UNREAD, ""): "write it in the form of docs/import.md, or take the column out",
        (Rule.FELL, ACCENTS): "export as “CSV UTF-8”: another encoding has lost these letters",
        (Rule.FELL, "sensitive"): "look at this column, and at the words mapped to kinds",
        (Rule.FELL, ""): "look whether the export still has this column, and what stands in it",
        (Rule.TABLE_FELL, ""): (
            "look whether the table was cut off, or is still being filled, and export it again"
        ),
        (Rule.ROSE, ""): "look at what stands in this column of the export",
        (Rule.CHANGED, ""): (
            "look at some children in your system: has this column been sorted or moved without "
            "the others, or mapped anew?"
        ),
        (Rule.LACKING, ""): (
            "look whether the export has what your system knows: whoever asks is shown nobody "
            "of whom too little is known"
        ),
        (Rule.UNFLAGGED, ""): (
            "if your system withholds children, export the column by which it does, or shield them "
            "by hand"
        ),
        (Rule.MOST, ""): (
            "look at some children in your system: is this the column that withholds them, and "
            "which of its words does?"
        ),
        (Rule.SORTED, ""): (
            "look at some children in your system: is this detail theirs? Where your numbers "
            "follow the alphabet or the dates of birth, it is right"
        ),
        (Rule.APART, ""): (
            "look at some children in your system: has a part of the table been sorted without the "
            "rest?"
        ),
        (Rule.BLOCK, ""): (
            "look at the end of the file, and whether a year group or a team has left: a full disk "
            "cuts a file off between two lines"
        ),
        (Rule.STATED_ROWS, ""): (
            "count the rows in your system again, and export again: if the file has fewer, it was "
            "cut off; if it has more, it is another one"
        ),
        (Rule.NO_END, ""): "compare this number with the count of your own system, or state that "
        "count with --rows",
        (Rule.FOOT_COUNT, ""): (
            "export again, and look which rows are missing. If the number is one too high since "
            "your system counts the header, state foot_counts_header = true in the mapping file, "
            "or --foot-counts-header"
        ),
        (Rule.GONE, ""): (
            "look at the numbers: has the system numbered its children anew, or a spreadsheet "
            "taken zeros off?"
        ),
        (Rule.BEFORE_BIRTH, ""): "look which columns are mapped to dob and start",
        **{
            (rule, ""): "export and copy the file again, and compare its rows with your system's"
            for rule in (Rule.LINE_END_GONE, Rule.FOOT_GONE)
        },
        (Rule.CUT_OFF, ""): "export and copy the file again, and look whether its end is there",
        (Rule.SAME, ""): "look which column of your file has been mapped to it",
        (Rule.DAMAGED, ""): (
            "export as “CSV UTF-8”, from the system and not from a spreadsheet, or state the "
            "encoding with --encoding"
        ),
        (Rule.MANY_REFUSED, ""): "mend these rows: their children would be unknown",
        (Rule.NO_CHILDREN, ""): "look at the export's filter, at its status words, and at --as-of",
        (Rule.SHRUNK, ""): "mend the export",
        (Rule.OLDER, ""): "give the newer file, or --as-of",
    }
)
