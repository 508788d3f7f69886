"""``fingerpost lookup``, ``fingerpost ask-approved`` and ``fingerpost widen``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NoReturn, TextIO

import typer
from rich.console import Console

from fingerpost.private.codec import require_room
from fingerpost.private.demographics import Demographics
from fingerpost.private.justification import Justification
from fingerpost.private.linkage import normalise, require_answerable
from fingerpost.private.purpose_rules import require_stated
from fingerpost.protocol.codes import Purpose, Reach, WideningReason
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.terms import Fact, Terms
from fingerpost.runtime.env import Env
from practitioner.asking.document import LookupDocument, document, write
from practitioner.asking.outcome import (
    Again,
    Former,
    NobodyAsked,
    Outcome,
    Progress,
    Question,
    Widened,
)
from practitioner.asking.outcomes_store import forgotten_at
from practitioner.asking.second_persons import SecondPersonRule, SignedIn, may_decide
from practitioner.asking.typed_dates import LONDON
from practitioner.cli import facts
from practitioner.cli.child import (
    MAY_HAVE_MOVED,
    STDIN,
    ask_child,
    ask_former,
    read_child,
    read_former,
    say_unused,
    unused_of,
)
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    SessionFile,
    SettingsFile,
    Verbose,
    area_codes,
    load,
    logger,
    member_of,
    said_yes,
)
from practitioner.cli.people import signed_in
from practitioner.present.refusals import advice
from practitioner.present.terminal import render, render_nobody_asked
from practitioner.present.words import IN_DANGER
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import Session
from practitioner.wiring import Gateway, open_gateway, open_people

COMPLETE: Final = 0
WITH_GAPS: Final = 3
REFUSED: Final = 4
WAITS: Final = 5
STOPPED: Final = 130
_WORTH_ANOTHER_TRY: Final = frozenset(
    {
        Code.UNAVAILABLE,
        Code.NOT_READY,
        Code.NOT_FRESH,
        Code.REPLAYED,
        Code.QUOTA,
        Code.UNTRUSTED_METADATA,
    }
)
"""Refusals that a moment may mend: what was typed is kept for it."""

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

    A purpose that needs a second person is not asked yet: the question waits for her approval.

    Exit status: 0 all answered, 3 some did not answer, 4 refused or nobody could be asked, 5 waits
    for approval, 2 wrong use, 130 stopped.
    """
    loaded = load(settings_file)
    why = member_of(Purpose, purpose, "--purpose")
    far = member_of(Reach, reach, "--reach") if reach else None
    areas = area_codes(area or [])
    now = time.time()
    stated = facts.read_facts(fact or [], why, now)
    session = _session(loaded, session_file)
    typed = child is None and at_terminal()
    progress = Progress()
    with _stoppable(progress):
        terms = _terms(loaded, session, why, Env.of_system(logger(verbose=verbose)))
        given = Justification(why, reference, facts=stated)
        justification = _settled(loaded, session, given, terms, now, far, ask=typed)
        question = Question(
            demographics=_child(child, loaded, justification, terms),
            justification=justification,
            reach=far,
            named_areas=areas,
        )
        if Fact.APPROVAL in terms.takes:
            _request_approval(loaded, session, question)
        while True:
            try:
                _ask(
                    loaded,
                    lambda gateway: gateway.client.lookup(session, question, progress),
                    as_json=as_json,
                    everything=everything,
                    verbose=verbose,
                )
            except Refused as refused:
                if not typed or refused.code not in _WORTH_ANOTHER_TRY:
                    raise
                typer.echo(advice(refused), err=True)
                if not said_yes("Ask again with the same details?"):
                    raise typer.Exit(REFUSED) from None


def ask_approved(
    settings_file: SettingsFile,
    number: Annotated[str, typer.Argument(help="The number of your request.")],
    session_file: SessionFile = DEFAULT_SESSION,
    as_json: AsJson = False,
    everything: Everything = False,
    verbose: Verbose = False,
) -> None:
    """Ask a question that a second person has approved.

    Exit status: as for a lookup.
    """
    loaded = load(settings_file)
    with signed_in(loaded, session_file) as (people, session, now):
        question = people.second_persons.approved(session, number, now)
    progress = Progress()
    with _stoppable(progress):
        _ask(
            loaded,
            lambda gateway: gateway.client.lookup(session, question, progress),
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
    former: Annotated[
        Path | None,
        typer.Option(
            help="Former names and postcodes to add, as JSON (other_names, former_postcodes): a "
            "file of mode 0600, or - for standard input. Leave it out to be asked."
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

    Ask once, within a day. Where an agency gave no answer the first time, ring it and record the
    call (fingerpost mark): then the second round leaves it out. Some purposes do not allow a second
    round.

    More agencies that do not know the child may see who asked, and about whom. Say why: --because.

    Exit status: as for a lookup.
    """
    loaded = load(settings_file)
    if child is not None and former is not None:
        raise Defect("--former: with --child, put former names and postcodes into that file")
    again = Again(
        Widened(operation, member_of(WideningReason, because, "--because")),
        child=_read_child(child, loaded) if child is not None else None,
        reach=member_of(Reach, reach, "--reach") if reach else None,
        named_areas=area_codes(area or []),
    )
    session = _session(loaded, session_file)
    progress = Progress()
    with _stoppable(progress):
        if child is None:
            again = replace(again, former=_former(former))
        _ask(
            loaded,
            lambda gateway: gateway.client.widen(session, again, progress),
            as_json=as_json,
            everything=everything,
            verbose=verbose,
        )


def _session(loaded: GatewaySettings, session_file: Path) -> Session:
    with signed_in(loaded, session_file) as (_, session, _):
        return session


def _settled(
    loaded: GatewaySettings,
    session: Session,
    given: Justification,
    terms: Terms,
    now: float,
    far: Reach | None,
    *,
    ask: bool,
) -> Justification:
    """Return the justification with all that the purpose takes, asked for on the terminal where
    ``ask`` is. An account that may not be used is asked for again."""
    while True:
        given = facts.settle(given, terms, now, far, ask=ask)
        try:
            return _with_accounts(loaded, session, given)
        except Refused as refused:
            if not ask:
                raise
            typer.echo(advice(refused), err=True)
            given = replace(given, facts=replace(given.facts, reviewer="", renewed_by=""))


def _with_accounts(
    loaded: GatewaySettings, session: Session, justification: Justification
) -> Justification:
    """Return the justification with the accounts of other people as they are written.

    They are checked after all was asked for: one who is typed at the terminal is held to the same
    rule as one who is given as an option.

    Raises:
        Refused: NOT_ALLOWED, one of them is no account that may be used, or its role may not
            decide on this purpose.
    """
    stated = justification.facts
    if not (stated.reviewer or stated.renewed_by):
        return justification
    with open_people(loaded) as people:

        def written(account: str) -> str:
            if not account:
                return ""
            person = people.accounts.usable(session.agency, account, time.time())
            if not may_decide(person.role, justification.purpose):
                raise Refused(Code.NOT_ALLOWED, SecondPersonRule.ROLE)
            return person.subject

        found = replace(
            stated, reviewer=written(stated.reviewer), renewed_by=written(stated.renewed_by)
        )
        return replace(justification, facts=found)


def _terms(loaded: GatewaySettings, session: Session, purpose: Purpose, env: Env) -> Terms:
    """Return what is to be stated, by the signed lists: a refusal after the child was typed would
    cost the practitioner her time."""

    async def found() -> Terms:
        async with open_gateway(loaded, env, follow=False) as gateway:
            return gateway.client.terms(session, purpose)

    return asyncio.run(found())


def _request_approval(loaded: GatewaySettings, session: Session, question: Question) -> NoReturn:
    purpose, now = question.justification.purpose, time.time()
    with open_people(loaded) as people:
        requested = people.second_persons.request(session, question, now)
        on_duty = people.second_persons.on_duty(session, purpose, now)
    ends = datetime.fromtimestamp(requested.ends_at, LONDON)
    typer.echo(
        "Nobody has been asked yet. This purpose needs a second person.\n"
        f"Your question waits for approval until {ends:%H:%M on %d/%m/%Y}.\n"
        "  1. Ask a colleague who may ask for this purpose to sign in and run:\n"
        f"     fingerpost approve {requested.number}\n"
        f"{_on_duty(on_duty)}"
        "  2. Then run:\n"
        f"     fingerpost ask-approved {requested.number}\n"
        f"{IN_DANGER}",
    )
    raise typer.Exit(WAITS)


def _on_duty(people: tuple[SignedIn, ...]) -> str:
    if not people:
        return "     Nobody who may do it has signed in within the last eight hours.\n"
    return "     On duty: " + ", ".join(f"{p.subject} ({p.role.name})" for p in people) + "\n"


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
        console(sys.stderr).print(render_nobody_asked(shown, everything=everything))
        raise
    shown = document(found, forgotten_at(found))
    print_outcome(shown, as_json=as_json, everything=everything)
    raise typer.Exit(COMPLETE if found.complete else WITH_GAPS)


@contextmanager
def _stoppable(progress: Progress) -> Iterator[None]:
    """Say what happened where somebody presses Ctrl-C."""
    try:
        yield
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(f"\nfingerpost: {_stopped(progress)}", err=True)
        raise typer.Exit(STOPPED) from None


def _stopped(progress: Progress) -> str:
    if not progress.operation:
        return "Stopped. Nothing was sent, and nobody was asked."
    if not progress.left:
        return (
            "Stopped. Nothing was sent, and nobody was asked. That you were about to ask is on "
            f"record as lookup {progress.operation}."
        )
    return (
        "Stopped. The question was sent, and is on record as lookup "
        f"{progress.operation}. Agencies that know the child may see that you asked. Their answers "
        "are lost: ask again to get them."
    )


def _child(
    path: Path | None, loaded: GatewaySettings, justification: Justification, terms: Terms
) -> Demographics:
    may_have_moved = justification.purpose in MAY_HAVE_MOVED
    if path is not None:
        return _read_child(path, loaded, may_have_moved=may_have_moved)
    if not at_terminal():
        raise Defect(f"--child: name a file, or {STDIN} for standard input")
    now = time.time()
    stated = replace(terms, takes=terms.takes - {Fact.APPROVAL})

    def require(child: Demographics) -> None:
        require_stated(justification, stated, child, int(now))
        require_answerable(normalise(child))
        require_room(child)

    today = datetime.fromtimestamp(now, LONDON).date()
    return ask_child(today, require, upn=loaded.upn_keys, may_have_moved=may_have_moved)


def _former(path: Path | None) -> Former:
    if path is not None:
        return read_former(path)
    if not at_terminal():
        return Former()
    return ask_former(datetime.fromtimestamp(time.time(), LONDON).date())


def _read_child(
    path: Path, loaded: GatewaySettings, *, may_have_moved: bool = False
) -> Demographics:
    """Read the child, and say on standard error what of it will not be used."""
    child = read_child(path, may_have_moved=may_have_moved)
    say_unused(unused_of(child, upn=loaded.upn_keys))
    return child


def at_terminal() -> bool:
    return sys.stdin.isatty()


def print_outcome(shown: LookupDocument, *, as_json: bool, everything: bool) -> None:
    if as_json:
        typer.echo(write(shown), nl=False)
        return
    local = datetime.fromtimestamp(time.time(), LONDON)
    console(sys.stdout).print(render(shown, local, everything=everything))


def console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False)
