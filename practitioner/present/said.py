"""What was said of a lookup, under its outcome: to which agency, and what agencies said back.

Law: that nothing is shown from an agency says nothing about it: it may not have read what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from fingerpost.private.notes import Explained, Note, NoteKind
from fingerpost.runtime.screen_text import printable
from practitioner.asking.document import LookupDocument
from practitioner.asking.notes import KeptNote

SAID: Final[Mapping[NoteKind, str]] = {
    NoteKind.SPOKE: "you spoke to them",
    NoteKind.LEFT_MESSAGE: "you left a message",
    NoteKind.NOT_NEEDED: "you did not need to call",
    NoteKind.NUMBER_WRONG: "you found that their number is wrong",
    NoteKind.THEY_RANG: "they say that you rang",
    NoteKind.INVITED: "you invited them to talk",
    NoteKind.CHALLENGED: "they ask you to show",
    NoteKind.EXPLAINED: "you answered them",
}


def render_said(shown: LookupDocument, said: Sequence[KeptNote]) -> RenderableType:
    """Return the notes about a lookup, one a line, and how to make one about each agency that is
    involved and of which nothing was said yet, or that waits for an answer."""
    lines = [_line(shown, kept) for kept in said if kept.note.kind in SAID]
    answered = {k.note.agency for k in said if k.note.kind is NoteKind.EXPLAINED}
    doubting = dict.fromkeys(k.note.agency for k in said if k.note.kind is NoteKind.CHALLENGED)
    for agency in [each for each in doubting if each not in answered]:
        lines.append("Answer them, with one of: " + ", ".join(each.name for each in Explained))
        lines.append(f"fingerpost mark {shown.operation} --explain REASON --agency {agency}")
    told = {kept.note.agency.value for kept in said if not kept.came}
    untold = [a for a in shown.agencies if a.status == "INVOLVED" and a.id not in told]
    if untold:
        lines.append("Did you speak to them? Or: --left-message, --not-needed, --number-wrong")
        lines += [f"fingerpost mark {shown.operation} --spoke --agency {a.id}" for a in untold]
    if not lines:
        lines = ["No call is on record."]
    return Group(
        Text("\nCalls", style="bold"),
        *(Padding(Text(printable(each)), (0, 0, 0, 2)) for each in lines),
    )


def _line(shown: LookupDocument, kept: KeptNote) -> str:
    names = {agency.id: agency.name for agency in shown.agencies}
    when = datetime.fromtimestamp(kept.note.at, UTC)
    name = names.get(kept.note.agency.value, kept.note.agency.value)
    waits = "" if kept.came or kept.left else " (not sent yet)"
    said = SAID[kept.note.kind] + _more(kept.note)
    return f"{name}: {said}, {when:%d %B %Y %H:%M} UTC{waits}"


def _more(note: Note) -> str:
    if note.when:
        return f" on {datetime.fromtimestamp(note.when, UTC):%d %B %Y at %H:%M} UTC"
    if note.about is not None:
        return f" {note.about.words}"
    if note.reason is not None:
        return f": {note.reason.words}"
    return f" ({note.telephone})" if note.telephone else ""
