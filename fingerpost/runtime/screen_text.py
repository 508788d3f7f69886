"""Text of others, made safe for a terminal."""

from __future__ import annotations

import json

import msgspec


def printable(text: str, *, keep: str = "") -> str:
    """Return ``text`` with U+FFFD for each character that is not printable and not in ``keep``.

    Attack: a name that paints over the lines above it, clears the screen, or turns the direction of
    writing. Control, format and bidirectional characters and lone surrogates are not printable.
    """
    return "".join(c if c.isprintable() or c in keep else "\ufffd" for c in text)


class Counted(int):
    """A number for templates whose words go with it.

    A format such as ``# child|# children`` gives the first form for one and the second otherwise,
    with the number in place of each ``#``; an empty format gives the number alone, with a comma
    between thousands.
    """

    def __format__(self, forms: str) -> str:
        one, _, many = forms.partition("|")
        chosen = one if self == 1 else many
        return chosen.replace("#", f"{int(self):,}") if forms else f"{int(self):,}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with the form of what follows it that goes with it: "1 row was", "2,000 rows
    were".

    Args:
        many: the form for other numbers than one; empty where it is ``one`` with an s behind it.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def ended(sentence: str) -> str:
    """Return a sentence with a full stop, where no sign ends it already."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def json_lines(value: object) -> bytes:
    """Return a value as JSON in UTF-8, indented by two, with a line end.

    It may be shown on a terminal: what ``printable`` would replace is written as an escape, which
    means the same to whoever reads the JSON.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return _escaped(text, keep="\n").encode() + b"\n"


def json_line(value: object) -> str:
    """Return a value as JSON on one line, without a line end; as ``json_lines`` otherwise."""
    return _escaped(msgspec.json.encode(value).decode())


def _escaped(text: str, *, keep: str = "") -> str:
    return "".join(c if c.isprintable() or c in keep else json.dumps(c)[1:-1] for c in text)
