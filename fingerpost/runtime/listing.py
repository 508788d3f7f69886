"""Lists for a person at a terminal: a table where it fits, one block an item where it does not;
and the bar of a long piece of work.

Law: no listed text is cut, and a word (an id, a hash, a number) is never broken over two lines: a
person copies it into the next command. Only prose is wrapped, at its spaces. Only a ``cli`` imports
this module.

No listed text controls the terminal or turns the direction of writing (attack: a name that paints
over the next line).
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

from rich.cells import cell_len
from rich.console import Console, OverflowMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from fingerpost.runtime.screen_text import printable

_PROSE_CELLS: Final = 16
"""The least width of a column of prose; where it does not fit, each item is shown as a block."""
_LEAST_CELLS: Final = 20
_ENDLESS: Final = 100_000

Row = Sequence[str]
"""A cell for each column; a line feed divides the lines in a cell."""


def a_console(stream: TextIO | None = None) -> Console:
    """Return a console on standard output, or on another stream.

    Where that is no terminal, lines are as long as they need, unless ``COLUMNS`` bounds them.
    """
    console = Console(file=stream, markup=False, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _ENDLESS
    return console


@contextmanager
def a_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar on a terminal until the work is done; write nothing into a file.

    Yields:
        What is called with the progress: what is being done, how much of it is done, of how much.
    """
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task("", total=None)
        yield lambda doing, done, of: progress.update(
            task, description=doing, completed=done, total=of
        )


def show_list(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    title: str = "",
    prose: Sequence[str] = (),
) -> None:
    """Print ``rows`` under ``columns``; ``prose`` names the columns that may be wrapped."""
    cells = [[printable(cell, keep="\n") for cell in row] for row in rows]
    if title:
        _print(console, Text(printable(title, keep="\n"), style="italic"))
    if not cells:
        _print(console, Text("Nothing to list."))
        return
    widths = _widths(columns, cells, prose, console.width)
    if widths is not None:
        table = Table(show_lines=any("\n" in cell for row in cells for cell in row))
        for name, width in zip(columns, widths, strict=True):
            wrapped = name in prose
            overflow: OverflowMethod = "fold" if wrapped else "ignore"
            table.add_column(name, width=width, no_wrap=not wrapped, overflow=overflow)
        for row in cells:
            table.add_row(*map(Text, row))
        console.print(table, highlight=False)
        return
    for number, row in enumerate(cells):
        if number:
            _print(console, Text())
        show_block(console, zip(columns, row, strict=True))


def show_block(console: Console, pairs: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Print each label with its text beside it; leave out those whose text is empty."""
    some = [(label, printable(text, keep="\n")) for label, text in pairs if text]
    left = indent + max((cell_len(label) for label, _ in some), default=0) + 2
    wide = max(console.width - left, _LEAST_CELLS)
    for label, text in some:
        head = " " * indent + label
        for line in _wrapped(text, wide):
            _print(console, Text(f"{head}{' ' * (left - cell_len(head))}{line}"))
            head = ""


def _wrapped(text: str, wide: int) -> list[str]:
    return [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(line, wide, break_long_words=False, break_on_hyphens=False)
    ]


def _widths(
    columns: Sequence[str], cells: Sequence[Sequence[str]], prose: Sequence[str], room: int
) -> list[int] | None:
    """Return the width of each column in a table of ``room`` cells; None where it does not fit."""
    room -= 3 * len(columns) + 1  # a rule and two spaces for each column, and the last rule
    widest, least = [], []
    for index, name in enumerate(columns):
        lines = [name, *(line for row in cells for line in row[index].splitlines())]
        widest.append(max(map(cell_len, lines)))
        if name in prose:
            words = max((cell_len(word) for line in lines for word in line.split()), default=0)
            least.append(max(words, min(widest[-1], _PROSE_CELLS)))
        else:
            least.append(widest[-1])
    if sum(least) > room:
        return None
    for index, wish in enumerate(widest):
        least[index] = min(wish, least[index] + room - sum(least))
    return least


def _print(console: Console, text: Text) -> None:
    """Print without folding: the terminal wraps by itself, and copied text stays whole."""
    console.print(text, soft_wrap=True, highlight=False)
