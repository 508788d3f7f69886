"""``fingerpost lookup``, ``fingerpost widen`` and ``fingerpost outcome show``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NoReturn, TextIO
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from fingerpost.private.demographics import Demographics
from fingerpost.private.purpose_rules import Justification
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.errors import Defect
from fingerpost.runtime.env import Env
from practitioner.asking.document import LookupDocument, document, write
from practitioner.asking.outcome import Again, NobodyAsked, Outcome, Question, Widened
from practitioner.asking.outcomes_store import forgotten_at
from practitioner.cli import facts
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    STDIN,
    SessionFile,
    SettingsFile,
    Verbose,
    area_codes,
    ask_child,
    load,
    logger,
    member_of,
    read_child,
)
from practitioner.cli.people import read_token
from practitioner.present.terminal import render, render_nobody_asked
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Session
from practitioner.wiring import Gateway, open_gateway, open_people

COMPLETE: Final = 0
WITH_GAPS: Final = 3
LONDON: Final = "Europe/London"
"""The clock of the desks."""

outcome = typer.Typer(no_args_is_help=True, help="Show your outcomes of the last seven days.")

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, for programs; see docs/lookup-json.md.")
]
Everything = Annotated[bool, typer.Option("--all", help="List every agency by name, however many.")]


def lookup(
    settings_file: SettingsFile,
    purpose: Annotated[str, typer.Option(help=f"Why you ask: {', '.join(Purpose.__members__)}.")],
    session_file: SessionFile = DEFAULT_SESSION,
    child: Annotated[
        Path | None,
        typer.Option(
            help="The child's details as JSON: a file of mode 0600, or - for standard input. "
            "Leave it out to be asked."
        ),
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            help=f"How far to ask: {', '.join(Reach.__members__)} (default: the purpose's own)."
        ),
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="The code of an area to ask, with --reach NAMED (repeatable)."),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(help="The reference of your case or referral, where the purpose needs one."),
    ] = "",
    approver: Annotated[
        str,
        typer.Option(
            help="The account of the second person who approved it, where the purpose needs one."
        ),
    ] = "",
    fact: Annotated[
        list[str] | None,
        typer.Option(
            help="What the purpose takes, as NAME=VALUE (repeatable). Leave it out to be asked. "
            f"Names: {', '.join(facts.option(each.field) for each in facts.STATED.values())}."
        ),
    ] = None,
    as_json: AsJson = False,
    everything: Everything = False,
    verbose: Verbose = False,
) -> None:
    """Find who is involved with a child, and whom to ring.

    Do not give the child's details as options: every user of the machine can see them, and the
    shell keeps them.

    Exit status: 0 all answered, 3 some did not answer, 4 refused or nobody could be asked, 2 wrong
    use.
    """
    loaded = load(settings_file)
    why = member_of(Purpose, purpose, "--purpose")
    far = member_of(Reach, reach, "--reach") if reach else None
    areas = area_codes(area or [])
    now = time.time()
    stated = facts.read_facts(fact or [], why, now)
    session = _session(loaded, session_file)
    justification = facts.settle(
        Justification(why, reference, approver, facts=stated),
        facts.terms_of(why, session),
        now,
        ask=child is None and at_terminal(),
    )
    justification = _with_accounts(loaded, session, justification)
    question = Question(
        demographics=_child(child),
        justification=justification,
        reach=far,
        named_areas=areas,
    )
    _ask(
        loaded,
        lambda gateway: gateway.client.lookup(session, question),
        as_json=as_json,
        everything=everything,
        verbose=verbose,
    )


def widen(
    settings_file: SettingsFile,
    operation: Annotated[
        str, typer.Argument(help="The number of your first lookup: see the end of its outcome.")
    ],
    because: Annotated[str, typer.Option(help=f"Why: {', '.join(WideningReason.__members__)}.")],
    session_file: SessionFile = DEFAULT_SESSION,
    child: Annotated[
        Path | None,
        typer.Option(
            help="The same child, better described: a file, or - for standard input. "
            "Leave it out to ask as you did the first time."
        ),
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            help=f"How far to ask: {', '.join(Reach.__members__)} (default: as the first time)."
        ),
    ] = None,
    area: Annotated[
        list[str] | None, typer.Option(help="The code of an area, to ask there only (repeatable).")
    ] = None,
    as_json: AsJson = False,
    everything: Everything = False,
    verbose: Verbose = False,
) -> None:
    """Ask a second time, with wider keys, where the first lookup found less than it should have.

    Ask once, within a day, when all agencies answered the first time. Some purposes do not allow
    it.

    More agencies that do not know the child may see who asked, and about whom. Say why: --because.

    Exit status: as for a lookup.
    """
    loaded = load(settings_file)
    again = Again(
        Widened(operation, member_of(WideningReason, because, "--because")),
        child=read_child(child) if child is not None else None,
        reach=member_of(Reach, reach, "--reach") if reach else None,
        named_areas=area_codes(area or []),
    )
    session = _session(loaded, session_file)
    _ask(
        loaded,
        lambda gateway: gateway.client.widen(session, again),
        as_json=as_json,
        everything=everything,
        verbose=verbose,
    )


@outcome.command("show")
def show(
    settings_file: SettingsFile,
    operation: Annotated[
        str, typer.Argument(help="The number of the lookup: see the end of its outcome.")
    ],
    session_file: SessionFile = DEFAULT_SESSION,
    as_json: AsJson = False,
    everything: Everything = False,
) -> None:
    """Show one of your outcomes of the last seven days. Exit status: as for the lookup."""
    loaded = load(settings_file)
    with open_people(loaded) as people:
        now = time.time()
        session = people.reception.resume(read_token(session_file), now)
        shown = people.outcomes.show(session, operation, now)
        people.record.shown(session, operation, now)
    _print(shown, as_json=as_json, everything=everything)
    raise typer.Exit(COMPLETE if shown.complete else WITH_GAPS)


def _session(loaded: GatewaySettings, session_file: Path) -> Session:
    with open_people(loaded) as people:
        return people.reception.resume(read_token(session_file), time.time())


def _with_accounts(
    loaded: GatewaySettings, session: Session, justification: Justification
) -> Justification:
    """Return the justification with approver and reviewer as their accounts are written.

    They are checked after all was asked for: one who is typed at the terminal is held to the same
    rule as one who is given as an option.

    Raises:
        Refused: NOT_ALLOWED, one of them is no account that may be used.
    """
    stated = justification.facts
    if not (justification.approver or stated.reviewer):
        return justification
    with open_people(loaded) as people:

        def written(account: str) -> str:
            return account and people.accounts.approver(session.agency, account, time.time())

        return replace(
            justification,
            approver=written(justification.approver),
            facts=replace(stated, reviewer=written(stated.reviewer)),
        )


def _ask(
    loaded: GatewaySettings,
    ask: Callable[[Gateway], Awaitable[Outcome]],
    *,
    as_json: bool,
    everything: bool,
    verbose: bool,
) -> NoReturn:
    env = Env.of_system(logger(verbose=verbose))

    async def asked() -> Outcome:
        async with open_gateway(loaded, env, follow=False) as gateway:
            return await ask(gateway)

    try:
        found = asyncio.run(asked())
    except NobodyAsked as nobody:
        shown = document(nobody.outcome, forgotten_at(nobody.outcome))
        # Standard output has documents of outcomes alone.
        _console(sys.stderr).print(render_nobody_asked(shown, everything=everything))
        raise
    shown = document(found, forgotten_at(found))
    _print(shown, as_json=as_json, everything=everything)
    raise typer.Exit(COMPLETE if found.complete else WITH_GAPS)


def _child(path: Path | None) -> Demographics:
    if path is not None:
        return read_child(path)
    if not at_terminal():
        raise Defect(f"--child: name a file, or {STDIN} for standard input")
    return ask_child()


def at_terminal() -> bool:
    return sys.stdin.isatty()


def _print(shown: LookupDocument, *, as_json: bool, everything: bool) -> None:
    if as_json:
        typer.echo(write(shown), nl=False)
        return
    local = datetime.fromtimestamp(time.time(), ZoneInfo(LONDON))
    _console(sys.stdout).print(render(shown, local, everything=everything))


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False)
