"""A mapping file: what an operator states of the exports of one system, once and for every night.
Pure.

Law: a mapping states and never guesses. What a program proposed and no person confirmed is listed
in ``confirm``, and a mapping with such a list reads no export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

import msgspec

from agency_node.importing.sources import fields as read
from agency_node.importing.sources.columns import COLUMNS, Columns, column_of
from agency_node.importing.sources.dates import Order
from agency_node.importing.sources.encodings import ENCODINGS, named
from agency_node.importing.sources.fields import BadField
from agency_node.importing.sources.judging import Stated
from agency_node.importing.sources.person_names import NameOrder
from agency_node.importing.sources.reading import Reading
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.screen_text import counted, printable

_SHOWN: Final = 6
_SEPARATORS_IN_WORDS: Final = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a mapping file.

    Attributes:
        confirm: the lines that a person has to look at; they are deleted once that is done.
        encoding: as ``encodings.ENCODINGS``, or empty.
        separator: one character, or a word for it.
        sheet: the name of a sheet.
        desk_key: the column by which a desk directory is joined.
        foot_counts_header: as ``Reading``.
        columns: the file's name of a column → ours, or empty for one that is not read.
        constants: our name → what stands in it in every row.
        values: our name → the file's words in it → ours.
    """

    confirm: tuple[str, ...] = ()
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    desk_key: str = ""
    foot_counts_header: bool = False
    dates: Order | None = None
    names: NameOrder | None = None
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}

    def columns_stated(self) -> Columns:
        """Return what is stated of the columns.

        Raises:
            Defect: something is not confirmed, or a name is none of our columns.
        """
        if self.confirm:
            more = f" and {len(self.confirm) - _SHOWN} more" if len(self.confirm) > _SHOWN else ""
            lines = counted(len(self.confirm), "line is", "lines are")
            raise Defect(
                f"{lines} not confirmed: look at each, then delete it from "
                f"the list confirm: {'; '.join(self.confirm[:_SHOWN])}{more}"
            )
        for name in self._ours():
            require_column(name, "mapping")
        return Columns(
            {theirs: ours for theirs, ours in self.columns.items() if ours},
            frozenset(theirs for theirs, ours in self.columns.items() if not ours),
            self.constants,
            {ours: folded(words) for ours, words in self.values.items()},
        )

    def reading_stated(self) -> Reading:
        """Return what is stated of the form. Raises ``Defect``."""
        return Reading(
            require_encoding(self.encoding, "encoding"),
            require_separator(self.separator, "separator"),
            self.sheet,
            Stated(self.dates, self.names),
            self.desk_key,
            self.foot_counts_header,
        )

    def _ours(self) -> Iterator[str]:
        yield from filter(None, self.columns.values())
        yield from self.constants
        yield from self.values


def folded(words: Mapping[str, str]) -> dict[str, str]:
    """Return the file's words without regard to upper and lower case."""
    return {word.strip().casefold(): ours for word, ours in words.items()}


def require_column(name: str, where: str) -> str:
    """Raises ``Defect``: there is no such column."""
    if name not in COLUMNS:
        # The file's own name of a column may stand where ours is meant: gender is sex.
        likely = [column_of(name)] if column_of(name) else []
        likely = likely or [each for each in sorted(COLUMNS) if name and name in each]
        likely = likely or get_close_matches(name, COLUMNS, n=1)
        meant = f"; did you mean {' or '.join(likely)}?" if likely else "."
        raise Defect(
            f"{where}: {printable(name)} is none of our columns{meant} They are "
            f"{', '.join(sorted(COLUMNS))}"
        )
    return name


_WORDS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "kind": read.read_kind,
        "status": read.read_status,
        "shield": read.read_shield,
        **dict.fromkeys(("sensitive", "lead", "early_help"), read.read_flag),
    }
)
"""The columns in which a word that is not ours refuses a row or withholds a child."""


def require_words(columns: Columns) -> None:
    """Raises ``Defect``: what is stated for all rows, or for a word of the file, is no word that
    its column takes. Otherwise every row would be refused for it, as if the rows were wrong.
    """
    for column, reader in _WORDS.items():
        words = columns.values.get(column, {})
        stated = [(f"values.{column}", word) for word in words.values()]
        if (text := columns.constants.get(column)) is not None:
            stated.append((f"{column}, for all rows", words.get(text.casefold(), text)))
        for where, word in stated:
            try:
                reader(word.strip())
            except BadField as bad:
                raise Defect(
                    f"{where}: {bad.reason.words} See docs/import.md for the words of this column."
                ) from None


def require_encoding(text: str, where: str) -> str:
    """Return the one name of an encoding; empty for empty. Raises ``Defect``."""
    found = named(text) if text else ""
    if found is None:
        raise Defect(f"{where}: expected one of {', '.join(ENCODINGS)}")
    return found


def require_separator(text: str, where: str) -> str:
    """Return one character; empty for empty. Raises ``Defect``."""
    sign = _SEPARATORS_IN_WORDS.get(text.lower(), text)
    if len(sign) > 1 or sign in ('"', "\n", "\r", "\0"):
        words = ", ".join(_SEPARATORS_IN_WORDS)
        raise Defect(f"{where}: expected one character, or one of {words}")
    return sign
