"""Whether people talked after a lookup: the question at the next sign-in, and an agency's rates."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import Final

import typer

from fingerpost.membership import commands
from fingerpost.membership.commands import SinceOption, UntilOption
from fingerpost.private.notes import NoteKind
from fingerpost.protocol import limits
from fingerpost.runtime.listing import a_console, show_list
from practitioner import wiring
from practitioner.asking import talking
from practitioner.asking.audit import named_in, said_in
from practitioner.cli.parsing import Agency, SettingsFile, agency_of, load, prompt
from practitioner.present.words import day
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Session
from practitioner.wiring import People, open_people

LOOK_BACK_SECONDS: Final = 7 * limits.DAY
"""As long as an outcome is kept."""
_ANSWERS: Final = {
    "yes": NoteKind.SPOKE,
    "message": NoteKind.LEFT_MESSAGE,
    "no": NoteKind.NOT_NEEDED,
}


def ask_whether_they_talked(loaded: GatewaySettings, session: Session) -> None:
    """Ask the one question of each lookup of the person's own that is open. Where there is no
    terminal, print how to answer it. No child is named."""
    now = time.time()
    with open_people(loaded) as people:
        for number, asked_on in _open(people, session, now):
            about = f"Lookup {number} of {asked_on}: did you speak to someone?"
            if not sys.stdin.isatty():
                typer.echo(f"{about} fingerpost mark {number} --spoke", err=True)
                continue
            said = prompt(f"{about} (yes; message, you left one; no, not needed; Enter: later)")
            if kind := _ANSWERS.get(said.lower()):
                people.record.talked(session, number, kind, time.time())


def _open(people: People, session: Session, now: float) -> list[tuple[str, str]]:
    """Return numbers and days of the lookups whose question is open."""
    involved = {
        shown.operation: shown
        for shown in people.outcomes.mine(session, now)
        if any(agency.status == "INVOLVED" for agency in shown.agencies)
    }
    if not involved:
        return []
    since, until = int(now) - LOOK_BACK_SECONDS, int(now) + 1
    with_times = people.record.named(session.agency, since, until)
    said = people.record.said_of(session.agency, since, until)
    mine = [each for each in with_times if each.operation in involved]
    waiting = talking.unanswered(mine, said, now)
    return [(each.operation, day(involved[each.operation].asked_at)) for each in waiting]


def audit_talks(
    settings_file: SettingsFile,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Count what your agency recorded of calls after lookups to which somebody named itself.

    It counts the agency and no person, and is no target. A question that nobody answered in five
    working days is not recorded.
    """
    loaded, now = load(settings_file), time.time()
    first, last = commands.span(since, until)
    with closing(wiring.open_audit(loaded, agency_of(loaded, agency))) as log:
        named = named_in(log.show(first, commands.NEVER, decrypt=False), first, last)
        said = said_in(log.show(first, commands.NEVER, decrypt=False))
    found = talking.rates(named, said, now)
    columns = ("Lookups", "Spoke", "Left a message", "Not needed", "Not recorded", "Open")
    counts = (
        *(found.lookups, found.spoke, found.left_message),
        *(found.not_needed, found.not_recorded, found.still_open),
    )
    show_list(a_console(), columns, [tuple(map(str, counts))])
