"""Text of others, made safe for a terminal."""

from __future__ import annotations


def printable(text: str, *, keep: str = "") -> str:
    """Return ``text`` with U+FFFD for each character that is not printable and not in ``keep``.

    Attack: a name that paints over the lines above it, clears the screen, or turns the direction of
    writing. Control, format and bidirectional characters and lone surrogates are not printable.
    """
    return "".join(c if c.isprintable() or c in keep else "\ufffd" for c in text)
