"""``fingerpost-node messages``, ``they-rang``, ``challenge`` and ``number-right``: for the agency's
officer or its duty desk.

They show what asking agencies sent about lookups of children known here, and let the agency say
that they rang, or that it doubts what was stated. They need the audit key, and each is recorded in
the agency's log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from secrets import token_bytes
from typing import Annotated, Final

import typer

from agency_node import wiring
from agency_node.answering.audit import CHALLENGED, NUMBER_RIGHT, THEY_RANG
from agency_node.answering.entries import OPENED
from agency_node.cli.audit import EVERYTHING, Agency, chosen_agency, who_asked
from agency_node.cli.run import PROGRAM
from agency_node.notes.ports import KeptNote
from agency_node.notes.wiring import notes_store
from agency_node.settings import NodeSettings
from fingerpost.audit.log import Actor, AuditEvent, Entry, OperationId
from fingerpost.audit.search import Criteria
from fingerpost.membership import commands, search_commands
from fingerpost.membership.commands import (
    ByOption,
    SettingsFile,
    SinceOption,
    UntilOption,
    WhyOption,
)
from fingerpost.private.notes import Doubted, Note, NoteKind
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_list

Number = Annotated[
    int, typer.Option("--number", min=1, help="The number of the lookup in the audit log.")
]
SAYS: Final[Mapping[NoteKind, str]] = {
    NoteKind.SPOKE: "they spoke to you",
    NoteKind.LEFT_MESSAGE: "they left a message: ring back",
    NoteKind.NOT_NEEDED: "no call was needed",
    NoteKind.NUMBER_WRONG: "your number was wrong: correct it at the source",
    NoteKind.INVITED: "they invite you to talk: ring their duty desk",
    NoteKind.EXPLAINED: "they answer your challenge",
    NoteKind.CONVENED: "they call a meeting about the child: ring their duty desk to take part",
}


def register(app: typer.Typer) -> None:
    """Add the commands to the node's command line."""
    app.command()(messages)
    app.command("they-rang")(they_rang)
    app.command()(challenge)
    app.command("number-right")(number_right)
    app.command()(talks)


def messages(
    settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None
) -> None:
    """List what asking agencies said after their lookups of the last seven days. Times are UTC.

    Who looks at it, and why, is recorded first, as for a search. No. is the number of the lookup in
    the audit log.
    """
    settings = PROGRAM.load(settings_file)
    chosen = chosen_agency(settings, agency)
    actor, reason = Actor(by), OperationId(why)
    with notes_store(settings) as store:
        came = store.came(chosen)
        asked = {t.query: t.at for t in store.threads() if t.agency == chosen}
        wrong = sorted({w.telephone for w in store.wrong_numbers() if w.agency == chosen})
    # Of the log, the lookups alone that something was said of are opened.
    times = [asked[kept.query] for kept in came if kept.query in asked] or [int(time.time())]
    first, last = min(times), max(times) + 1
    with closing(wiring.open_audit(settings, chosen)) as log:
        search_commands.record(log, Criteria(first, last), by=actor, why=reason)
        entries = {str(e.fields.get("query")): e for e in log.show(first, last, decrypt=True)}
    show_list(
        a_console(),
        ("No.", "When (UTC)", "Who asked", "They say"),
        [tuple(_row(kept, entries.get(kept.query.hex()))) for kept in came],
        title=str(chosen),
        prose=("Who asked", "They say"),
    )
    if wrong:
        typer.echo("\nReported to be wrong, and marked so in answers: " + ", ".join(wrong))


def _row(kept: KeptNote, entry: Entry | None) -> Iterator[str]:
    yield "" if entry is None else str(entry.seq)
    yield commands.utc(kept.note.at)
    yield "" if entry is None else who_asked(entry)
    yield SAYS[kept.note.kind] + _more(kept.note)


def _more(note: Note) -> str:
    if note.telephone:
        return f" ({note.telephone})"
    if note.when:
        return f" at {commands.utc(note.when)} UTC"
    return f": {note.reason.words}" if note.reason else ""


def they_rang(
    settings_file: SettingsFile, number: Number, by: ByOption, agency: Agency = None
) -> None:
    """Say that the agency that asked rang you. It is recorded, and sent to the person who asked.

    Do not use it where you shield the child: it shows that your agency knows her.
    """
    settings = PROGRAM.load(settings_file)
    note = _note(NoteKind.THEY_RANG, chosen_agency(settings, agency))
    _say(settings, number, by, note, THEY_RANG, {"entry": number})
    typer.echo("Recorded. The agency that asked is told within a day.")


def challenge(
    settings_file: SettingsFile,
    number: Number,
    about: Annotated[
        str,
        typer.Option(
            help="What you doubt, one of: "
            + "; ".join(f"{each.name} ({each.words})" for each in Doubted)
        ),
    ],
    by: ByOption,
    agency: Agency = None,
) -> None:
    """Ask the requester for the record behind a lookup. It is recorded, and sent to her.

    Do not use it where you shield the child: it shows that your agency knows her.
    """
    settings = PROGRAM.load(settings_file)
    doubted = _doubted(about)
    note = _note(NoteKind.CHALLENGED, chosen_agency(settings, agency), doubted)
    _say(settings, number, by, note, CHALLENGED, {"entry": number, "about": doubted.name})
    typer.echo("Recorded. The person who asked is told within a day, and can answer you.")


def number_right(
    settings_file: SettingsFile,
    telephone: Annotated[str, typer.Option(help="The number, as messages lists it.")],
    by: ByOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Say that a number that was reported to be wrong is right, so that it is shown as before.

    If you correct a number at its source, you do not need this: the next import replaces it.
    """
    settings = PROGRAM.load(settings_file)
    chosen = chosen_agency(settings, agency)
    with notes_store(settings) as store, closing(wiring.open_audit(settings, chosen)) as log:
        reported = {(each.agency, each.telephone) for each in store.wrong_numbers()}
        if (chosen, telephone) not in reported:
            raise Defect("--telephone: no such number was reported to be wrong")
        fields = {"number": telephone}
        log.append(AuditEvent(NUMBER_RIGHT, Actor(by), OperationId(why), int(time.time()), fields))
        store.number_is_right(chosen, telephone)
    typer.echo("Recorded. The number is shown as before.")


def talks(
    settings_file: SettingsFile,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Count the lookups to which your agency named itself, and of how many you said that they rang.

    It counts the agency and no person, and is no target.
    """
    settings = PROGRAM.load(settings_file)
    first, last = commands.span(since, until)
    named: set[int] = set()
    rang: set[int] = set()
    with closing(wiring.open_audit(settings, chosen_agency(settings, agency))) as log:
        for entry in log.show(first, commands.NEVER, decrypt=False):
            if entry.kind == OPENED and entry.at < last and entry.fields["told"]:
                named.add(entry.seq)
            elif entry.kind == THEY_RANG:
                rang.add(int(entry.fields["entry"]))
    counts = (len(named), len(named & rang))
    show_list(a_console(), ("Lookups", "They rang"), [tuple(map(str, counts))])


def _doubted(text: str) -> Doubted:
    try:
        return Doubted[text.strip().upper().replace("-", "_")]
    except KeyError:
        raise Defect("--about: one of " + ", ".join(each.name for each in Doubted)) from None


def _note(kind: NoteKind, agency: AgencyId, about: Doubted | None = None) -> Note:
    drawn = token_bytes(limits.NOTE_NUMBER_BYTES)
    return Note(drawn, kind, agency, int(time.time()), about=about)


def _say(
    settings: NodeSettings,
    number: int,
    by: str,
    note: Note,
    kind: str,
    fields: Mapping[str, int | str],
) -> None:
    """Record a note about a lookup, and let it leave. Raises ``Defect``."""
    with notes_store(settings) as store, closing(wiring.open_audit(settings, note.agency)) as log:
        entries = log.show(*EVERYTHING, decrypt=False)
        asked = {e.seq: str(e.fields["query"]) for e in entries if e.kind == OPENED}
        threads = {t.query.hex(): t for t in store.threads() if t.agency == note.agency}
        thread = threads.get(asked.get(number, ""))
        if thread is None:
            raise Defect(
                f"--number: entry {number} of {note.agency} is no lookup of the last seven days "
                "about a child known here"
            )
        if thread.revision < note.since:
            raise Defect(
                f"--number: entry {number} was asked by a release that cannot read this: ring them"
            )
        log.append(AuditEvent(kind, Actor(by), OperationId.of(thread.query), note.at, fields))
        store.leave(KeptNote(thread.query, note))
