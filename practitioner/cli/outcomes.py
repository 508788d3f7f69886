"""``fingerpost outcome …``: a practitioner's own outcomes of the last seven days."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from fingerpost.private.plain_text import require_reference
from fingerpost.protocol.codes import Purpose
from fingerpost.protocol.errors import Code, Refused
from fingerpost.runtime.files import read_file
from fingerpost.runtime.listing import a_console, show_list
from practitioner.asking.plan import LookupRule
from practitioner.asking.typed_dates import LONDON
from practitioner.cli import asking
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    SessionFile,
    SettingsFile,
    load,
    secret_lines,
)
from practitioner.cli.people import signed_in
from practitioner.present.said import render_said
from practitioner.present.words import summary
from practitioner.wiring import open_people

DOCUMENT_BYTES: Final = 8 * 1024 * 1024

Operation = Annotated[
    str, typer.Argument(help="The number of the lookup: see the end of its outcome.")
]

outcome = typer.Typer(no_args_is_help=True, help="Show your outcomes of the last seven days.")


@outcome.command("list")
def list_(settings_file: SettingsFile, session_file: SessionFile = DEFAULT_SESSION) -> None:
    """List your outcomes of the last seven days, the newest first. No child is named."""
    with signed_in(load(settings_file), session_file) as (people, session, now):
        mine = people.outcomes.mine(session, now)
    if not mine:
        typer.echo("You have no outcome of the last seven days.", err=True)
        return
    columns = ("Lookup", "Asked", "Purpose", "Result", "Second round of")
    rows = [
        (
            each.operation,
            _asked(each.asked_at),
            each.purpose,
            summary(each),
            each.widened.after if each.widened else "",
        )
        for each in mine
    ]
    show_list(a_console(), columns, rows, prose=("Result",))


@outcome.command("show")
def show(
    settings_file: SettingsFile,
    operation: Operation,
    session_file: SessionFile = DEFAULT_SESSION,
    as_json: asking.AsJson = False,
    everything: asking.Everything = False,
) -> None:
    """Show one of your outcomes of the last seven days. Exit status: as for the lookup."""
    with signed_in(load(settings_file), session_file) as (people, session, now):
        shown = people.outcomes.show(session, operation, now)
        said = people.notes.about(operation)
        people.record.shown(session, operation, now)
    asking.print_outcome(shown, as_json=as_json, everything=everything)
    if not as_json:
        asking.console(sys.stdout).print(render_said(shown, said))
    raise typer.Exit(asking.COMPLETE if shown.complete else asking.WITH_GAPS)


@outcome.command()
def attendance(
    settings_file: SettingsFile,
    operation: Operation,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Record the number of the attendance or incident at which you asked for urgent care.

    Do it within 24 hours. The number is asked for, or is the first line of standard input. It stays
    in your agency's own log.
    """
    with signed_in(load(settings_file), session_file) as (people, session, now):
        asked = people.outcomes.show(session, operation, now)
        if asked.purpose != Purpose.URGENT_CARE.name:
            raise Refused(Code.NOT_ALLOWED, LookupRule.NO_ATTENDANCE)
        number = (
            typer.prompt("Attendance number", err=True) if asking.at_terminal() else _first_line()
        )
        require_reference(number, "attendance number")
        people.record.attended(session, operation, number, now)
    typer.echo("Recorded.", err=True)


def _asked(at: str) -> str:
    here = datetime.fromisoformat(at).astimezone(LONDON)
    return f"{here:%d/%m/%Y %H:%M}"


def _first_line() -> str:
    (line,) = secret_lines(1)
    return line


@outcome.command("genuine")
def genuine(
    settings_file: SettingsFile,
    document: Annotated[
        Path, typer.Argument(help="A file with what --json printed, byte for byte.")
    ],
) -> None:
    """Report whether this gateway made a document, however long ago.

    Exit status 0 when it did, else 1.
    """
    printed = read_file(document, most=DOCUMENT_BYTES)
    with open_people(load(settings_file)) as people:
        made = people.outcomes.is_genuine(printed)
    typer.echo("made here" if made else "not made here, or changed since")
    raise typer.Exit(0 if made else 1)
