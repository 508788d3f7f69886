"""``fingerpost convene``: call a meeting of the agencies that a lookup found."""

from __future__ import annotations

import time
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Annotated, Final

import typer

from fingerpost.private.notes import Note, NoteKind
from fingerpost.private.plain_text import require_email, require_plain
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Federation
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from practitioner.asking import convening
from practitioner.asking.document import LookupDocument
from practitioner.asking.notes import KeptNote
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    SessionFile,
    SettingsFile,
    load,
    logger,
    london_time,
    prompt,
)
from practitioner.cli.people import signed_in
from practitioner.present.meeting import (
    MEETING,
    STRATEGY_DISCUSSION,
    Meeting,
    invitation,
    record_text,
)
from practitioner.sign_in.rules import Session
from practitioner.wiring import People, kept_federation

PLACE_CHARS: Final = 300
CHILD_CHARS: Final = 100


def convene(
    settings_file: SettingsFile,
    operation: Annotated[
        str, typer.Argument(help="The number of your lookup: see the end of its outcome.")
    ],
    at: Annotated[
        str,
        typer.Option(
            help='When it begins, by the clock in London, such as "2026-12-03 14:00"; within 28 '
            "days."
        ),
    ],
    minutes: Annotated[int, typer.Option(min=5, max=convening.MOST_MINUTES, help="How long.")],
    place: Annotated[str, typer.Option(help="An address, a room or a link.")],
    organiser: Annotated[
        str, typer.Option(help="Your work e-mail address. Those who are invited answer there.")
    ],
    strategy_discussion: Annotated[
        bool,
        typer.Option(
            "--strategy-discussion",
            help="Call it a strategy discussion: children's social care alone.",
        ),
    ] = False,
    name_child: Annotated[
        bool,
        typer.Option(
            "--name-child",
            help="Ask how to name the child in the invitation. Without it nobody is named.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write the invitation; default: meeting-NUMBER.ics here."),
    ] = None,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Call a meeting of the agencies that a lookup found.

    Writes an invitation (iCalendar) to send from your own calendar, and prints text for the case
    record: who is invited, and whom to ring. The invitation does not name the child.

    Agencies that named nothing are told unseen: one that knows the child learns of the meeting, and
    nobody learns which. Everybody who is invited by e-mail sees who else is.
    """
    loaded = load(settings_file)
    require_email(organiser, "--organiser")
    if not organiser or not place.strip() or len(place) > PLACE_CHARS or not place.isprintable():
        raise Defect(f"--organiser and --place: needed, --place in one line of {PLACE_CHARS} signs")
    child = _child() if name_child else ""
    federation = kept_federation(loaded, Env.of_system(logger(verbose=False)))
    with signed_in(loaded, session_file) as (people, session, now):
        begins = london_time(at, "--at", now, convening.AHEAD_SECONDS)
        shown = people.outcomes.show(session, operation, now)
        agency = federation.agency(session.agency)
        if strategy_discussion:
            convening.require_strategy_discussion(session.role, agency.kind)
        meeting = Meeting(
            STRATEGY_DISCUSSION if strategy_discussion else MEETING,
            child,
            begins,
            minutes,
            place.strip(),
            organiser,
            f"{session.name}, {session.role.name}, {agency.name}",
        )
        found = convening.seats(shown)
        uid = f"{token_hex(16)}@{session.agency}"
        written = invitation(meeting, found, operation, uid, int(time.time()))
        unseen = _notes(people, shown, federation, begins, int(now))
        _record(people, session, operation, meeting, found, now)
        people.notes.mark([KeptNote(operation, note) for note in unseen])
    path = out or Path(f"meeting-{operation}.ics")
    replace_file(path, written)
    typer.echo(record_text(meeting, found, shown), nl=False)
    typer.echo(f"Invitation: {path}. Open it in your calendar and send it from there.", err=True)
    if not unseen:
        typer.echo(
            "This lookup was asked before agencies could be told unseen. Ring those that you "
            "think may know the child.",
            err=True,
        )


def _child() -> str:
    """Ask for it: what stands in a command is seen in its history and the list of processes."""
    named = prompt("The child, as the invitation is to say it")
    require_plain(named, chars=CHILD_CHARS, size=2 * CHILD_CHARS, what="the child's name")
    return named


def _notes(
    people: People, shown: LookupDocument, federation: Federation, begins: int, now: int
) -> list[Note]:
    """Return a note for each node that was asked, whatever its agencies answered; none where the
    lookup is of a revision in which they cannot be written."""
    if people.notes.revision_of(shown.operation) < limits.SECOND_REVISION:
        return []
    asked = [AgencyId(each.id) for each in shown.agencies]
    return [
        Note(token_bytes(limits.NOTE_NUMBER_BYTES), NoteKind.CONVENED, each, now, when=begins)
        for each in convening.one_for_each_node(asked, _nodes(asked, federation))
    ]


def _nodes(asked: list[AgencyId], federation: Federation) -> dict[AgencyId, MemberId]:
    nodes = {}
    for each in asked:
        try:
            nodes[each] = federation.agency(each).node
        except Refused:  # it has left since
            continue
    return nodes


def _record(
    people: People,
    session: Session,
    operation: str,
    meeting: Meeting,
    found: convening.Seats,
    now: float,
) -> None:
    """Record the meeting before anybody is told of it. Raises ``Defect``."""
    fields = {
        "begins": meeting.begins,
        "strategy_discussion": meeting.title == STRATEGY_DISCUSSION,
        "invited": len(found.invited),
        "to_ring": len(found.no_address) + len(found.no_answer),
        "named_child": bool(meeting.child),
    }
    people.record.convened(session, operation, fields, now)
