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
    lines += _meetings(said)
    answered = {k.note.agency for k in said if k.note.kind is NoteKind.EXPLAINED}
    doubting = dict.fromkeys(k.note.agency for k in said if k.note.kind is NoteKind.CHALLENGED)
    for agency in [each for each in doubting if each not in answered]:
        lines.append("Answer them, with one of: " + ", ".join(each.name for each in Explained))
        lines.append(f"fingerpost mark {shown.operation} --explain REASON --agency {agency}")
    told = {k.note.agency.value for k in said if not k.came and k.note.kind in SAID}
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


def _meetings(said: Sequence[KeptNote]) -> list[str]:
    """Return a line for each meeting: the note about it goes to every node that was asked, and its
    agency is one of any."""
    called = [kept for kept in said if kept.note.kind is NoteKind.CONVENED]
    lines = []
    for when in dict.fromkeys(kept.note.when for kept in called):
        waits = any(not kept.left for kept in called if kept.note.when == when)
        at = datetime.fromtimestamp(when, UTC)
        lines.append(
            f"You called a meeting for {at:%d %B %Y at %H:%M} UTC. Any agency that knows the child "
            "is told, and nobody learns which" + (" (not sent to all yet)" if waits else "")
        )
    return lines


def _more(note: Note) -> str:
    if note.when:
        return f" on {datetime.fromtimestamp(note.when, UTC):%d %B %Y at %H:%M} UTC"
    if note.about is not None:
        return f" {note.about.words}"
    if note.reason is not None:
        return f": {note.reason.words}"
    return f" ({note.telephone})" if note.telephone else ""
