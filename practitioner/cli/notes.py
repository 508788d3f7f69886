"""``fingerpost mark``: say after a lookup whether you spoke to an agency, that a number is wrong,
when to talk, or what you answer to a challenge.
"""

from __future__ import annotations

from pathlib import Path
from secrets import token_bytes
from typing import Annotated, Final

import typer

from fingerpost.membership.commands import identifier
from fingerpost.private.notes import Explained, Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from practitioner.asking.document import AgencyShown
from practitioner.asking.notes import KeptNote
from practitioner.asking.plan import LookupRule
from practitioner.asking.talking import ANSWERS
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    SessionFile,
    SettingsFile,
    load,
    london_time,
    member_of,
)
from practitioner.cli.people import signed_in

_ONE: Final = (
    "say one of --spoke, --left-message, --not-needed, --number-wrong, --invite and --explain"
)


def mark(
    settings_file: SettingsFile,
    operation: Annotated[
        str, typer.Argument(help="The number of your lookup: see the end of its outcome.")
    ],
    agency: Annotated[
        str | None,
        typer.Option(
            help="The agency's id: see the outcome. Without it you answer for the lookup as a "
            "whole: --spoke, --left-message or --not-needed."
        ),
    ] = None,
    spoke: Annotated[bool, typer.Option("--spoke", help="You spoke to them.")] = False,
    left_message: Annotated[
        bool, typer.Option("--left-message", help="You left a message.")
    ] = False,
    not_needed: Annotated[
        bool, typer.Option("--not-needed", help="You did not need to call.")
    ] = False,
    number_wrong: Annotated[
        bool, typer.Option("--number-wrong", help="The number you were given is wrong.")
    ] = False,
    telephone: Annotated[
        str | None,
        typer.Option(help="Which number is wrong, where the agency gave several."),
    ] = None,
    invite: Annotated[
        str | None,
        typer.Option(
            help="Invite them to talk, at this time by the clock in London, such as "
            '"2026-12-03 14:00". They ring your duty desk.'
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            help="Answer an agency that doubts your lookup, one of: "
            + "; ".join(f"{each.name} ({each.words})" for each in Explained)
        ),
    ] = None,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Say whether you spoke to an agency, and what it should know.

    It is recorded, and sent to the agency: within the hour on the first day after the lookup, and
    later within a day.

    An agency that does not know the child, or gave no answer, cannot read it, and nobody learns
    which. If you need to be sure that an agency knows something, ring it.
    """
    said = {
        NoteKind.SPOKE: spoke,
        NoteKind.LEFT_MESSAGE: left_message,
        NoteKind.NOT_NEEDED: not_needed,
        NoteKind.NUMBER_WRONG: number_wrong,
        NoteKind.INVITED: invite is not None,
        NoteKind.EXPLAINED: explain is not None,
    }
    kinds = [kind for kind, chosen in said.items() if chosen]
    if len(kinds) != 1:
        raise Defect(_ONE)
    if telephone is not None and not number_wrong:
        raise Defect("--telephone: goes with --number-wrong alone")
    if agency is None:
        _of_the_lookup(settings_file, session_file, operation, kinds[0])
        return
    about = identifier(AgencyId, agency, "--agency")
    with signed_in(load(settings_file), session_file) as (people, session, now):
        shown = people.outcomes.show(session, operation, now)
        asked = next((each for each in shown.agencies if each.id == about.value), None)
        if asked is None:
            raise Refused(Code.NOT_ALLOWED, LookupRule.AGENCY_NOT_ASKED)
        note = Note(
            token_bytes(limits.NOTE_NUMBER_BYTES),
            kinds[0],
            about,
            int(now),
            telephone=_wrong_number(asked, telephone) if number_wrong else "",
            when=0 if invite is None else _invited_at(invite, now),
            reason=member_of(Explained, explain, "--explain") if explain is not None else None,
        )
        if people.notes.revision_of(operation) < note.since:
            raise Defect("this lookup was asked before agencies could read this: ring them")
        people.record.marked(session, operation, note)
        people.notes.mark([KeptNote(operation, note)])
    typer.echo(
        "Recorded. It is sent to the agency within the hour, "
        "or within a day if your lookup is older than a day."
    )


def _of_the_lookup(settings_file: Path, session_file: Path, operation: str, kind: NoteKind) -> None:
    """Answer the one question of a lookup. No agency is told. Raises ``Defect``."""
    if kind not in ANSWERS:
        raise Defect("--agency: name the agency that this is about")
    with signed_in(load(settings_file), session_file) as (people, session, now):
        people.outcomes.show(session, operation, now)  # it is her own
        people.record.talked(session, operation, kind, now)
    typer.echo("Recorded.")


def _wrong_number(agency: AgencyShown, telephone: str | None) -> str:
    """Return which of the agency's named desks has the wrong number; empty for its duty desk.
    Raises ``Defect``."""
    named = {pointer.telephone for pointer in agency.pointers if pointer.telephone}
    if telephone is not None:
        if telephone not in named | {agency.duty_desk}:
            raise Defect("--telephone: the outcome shows no such number of this agency")
        return telephone if telephone in named else ""
    if len(named) > 1:
        raise Defect("--telephone: the outcome shows several numbers of this agency; say which")
    return next(iter(named), "")


def _invited_at(text: str, now: float) -> int:
    return london_time(text, "--invite", now, limits.NOTES_KEPT_SECONDS)
