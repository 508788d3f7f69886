"""The lines of an outcome on a terminal: headings and indented text."""

from __future__ import annotations

from typing import Final

from rich.padding import Padding
from rich.text import Text

from fingerpost.runtime.screen_text import printable

INDENT: Final = (0, 0, 0, 2)


def heading(text: str, style: str = "bold") -> Text:
    return Text("\n" + text, style=style)


def indented(text: str, style: str = "") -> Padding:
    return Padding(Text(printable(text), style=style), INDENT)
