"""How much of each column was read, and the form of what was not. Pure.

Law: a shape holds no value. It shows where digits, letters and marks stand, so that a person sees
what form a column has, and a report can be passed on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SHAPES_KEPT: Final = 3
_MOST_SHAPES: Final = 200
"""So many different shapes are counted for a column; a column of free text has no form to show."""
_SHAPE_CHARS: Final = 30
_MARKS: Final = frozenset(" /.-:+,;()[]'\"&_#%*?@|\\")
_LONG: Final = re.compile(r"(a{3})a+|(A{3})A+")


CODES: Final = frozenset(
    {
        *("kind", "status", "sex", "shield", "sensitive", "lead", "early_help", "by_hand"),
        *("desk", "dob_precision", "number_scheme"),
    }
)
"""Columns of codes, which are about no person: what stands there is shown as it is."""
_MOST_WORDS: Final = 8
_ROWS_OF_A_CODE: Final = 3
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9 _/&.\-]{0,23}")
_USUAL: Final = frozenset(
    {
        *("a", "c", "d", "f", "g", "i", "l", "m", "n", "o", "p", "r", "s", "t", "u", "x", "y"),
        *("active", "inactive", "current", "live", "open", "closed", "ended", "leaver", "left"),
        *("joined", "pending", "planned", "recent", "guest", "subsidiary", "main", "registered"),
        *("deregistered", "archived", "deceased", "discharged", "referred", "ceased", "started"),
        *("suspended", "on", "off", "true", "false", "yes", "no", "ok", "none", "null", "0", "1"),
        *("2", "9", "-1", "on roll", "off roll", "on-roll", "off-roll", "left school"),
        *("single registration", "dual registration", "current single registration"),
        *("not active", "not current", "case closed", "case open"),
    }
)
"""Words that systems use for status and for flags; one of them is shown even where it stands in a
single row."""
_DATES: Final = frozenset(
    {"dob", "due", "start", "end", "staffed_until", "worker_from", "worker_until"}
)
_NUMBERS: Final = frozenset(
    {"health_number", "upn", "desk_phone", "ooh_phone", "worker_phone", "duty_phone"}
)
_UNKNOWN: Final = frozenset(
    {
        *("unknown", "not known", "n/a", "na", "none", "nil", "null", "-", "--", "?", "tbc", "tba"),
        *("not recorded", "not available", "not given", "not stated", "no fixed abode", "nfa"),
    }
)
_DAY_ONE: Final = re.compile(r"(?<![0-9])(?:1900|1899|1858|1800|1753)(?:[^0-9]|[0-9]{4}|$)")


def shape(text: str) -> str:
    """Return the form of a text: 9 for a digit, A and a for letters, marks as they are.

    More than three letters of one case are shown as three and a point, so that no name is known by
    its length.
    """
    signs = "".join(_sign(c) for c in text[: 4 * _SHAPE_CHARS])
    signs = _LONG.sub(lambda found: (found[1] or found[2]) + "…", signs)
    return signs if len(signs) <= _SHAPE_CHARS else signs[: _SHAPE_CHARS - 1] + "…"


def _sign(c: str) -> str:
    if c in _MARKS:
        return c
    if c.isdigit():
        return "9"
    if c.isalpha():
        return "A" if c.isupper() else "a"
    return " " if c.isspace() else "?"


@dataclass(frozen=True, slots=True)
class ColumnFound:
    """How much of a column was read.

    Attributes:
        filled: the cells that hold something, of the rows that were read as far as this column.
        read: those of them that could be read and used.
        shapes: the commonest forms of the others, each with how often it stands there. Of a column
            of codes they are its words (``CODES``).
        unknown: the cells that say "unknown" (NULL, 1900-01-01); they are not among ``filled``.
    """

    filled: int
    read: int
    shapes: tuple[tuple[str, int], ...] = ()
    unknown: int = 0

    @property
    def lost(self) -> int:
        return self.filled - self.read


@dataclass(slots=True, repr=False)
class Tally:
    """The cells of all columns, while they are read."""

    _filled: Counter[str] = field(default_factory=Counter)
    _lost: Counter[str] = field(default_factory=Counter)
    _unknown: Counter[str] = field(default_factory=Counter)
    _shapes: dict[str, Counter[str]] = field(default_factory=dict)
    _words: dict[str, Counter[str]] = field(default_factory=dict)

    def unknown(self, column: str) -> None:
        """Count one cell that says "unknown"."""
        self._unknown[column] += 1

    def note(self, column: str, text: str, *, read: bool) -> None:
        """Count one cell; an empty one is not counted."""
        if not text:
            return
        if not read and says_unknown(column, text):
            self._unknown[column] += 1
            return
        self._filled[column] += 1
        if read:
            return
        self._lost[column] += 1
        shapes = self._shapes.setdefault(column, Counter())
        form = shape(text)
        if form in shapes or len(shapes) < _MOST_SHAPES:
            shapes[form] += 1
        if column in CODES:
            words = self._words.setdefault(column, Counter())
            word = text.casefold()
            if word in words or len(words) <= _MOST_WORDS:
                words[word] += 1

    def found(self, columns: tuple[str, ...]) -> Mapping[str, ColumnFound]:
        """Return what was counted of these columns."""
        return {
            column: ColumnFound(
                self._filled[column],
                self._filled[column] - self._lost[column],
                self._forms(column),
                self._unknown[column],
            )
            for column in columns
        }

    def _forms(self, column: str) -> tuple[tuple[str, int], ...]:
        words = self._words.get(column, Counter())
        codes = {word for word, rows in words.items() if _is_code(word, rows)}
        if not codes or len(words) > _MOST_WORDS:
            return tuple(self._shapes.get(column, Counter()).most_common(SHAPES_KEPT))
        shown: Counter[str] = Counter()
        for word, rows in words.items():
            shown[word if word in codes else shape(word)] += rows
        return tuple(shown.most_common())


def _is_code(word: str, rows: int) -> bool:
    """Return whether a word may be shown: it is one that systems use for these columns, or it
    stands in several rows and looks like a code.

    Where columns have moved, a name may stand where a code is expected; a name of one child stands
    in few rows, and a column of names has many words.
    """
    return word in _USUAL or (rows >= _ROWS_OF_A_CODE and _CODE.fullmatch(word) is not None)


def says_unknown(column: str, text: str) -> bool:
    """Return whether a cell says that nothing is known, in words, by a number that nobody has, or
    by the day from which a system counts.
    """
    word = text.casefold().strip(" .*()")
    if not word or word in _UNKNOWN:
        return column not in CODES
    digits = "".join(c for c in word if c.isdigit())
    if column in _DATES:
        return _DAY_ONE.search(word) is not None
    if column in _NUMBERS and len(digits) == len(word.replace(" ", "")):
        return len(set(digits)) == 1
    return column == "postcode" and word.startswith("zz99")
