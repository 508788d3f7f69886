"""``fingerpost approve`` and ``fingerpost review``: a second person decides, at her own sign-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, TypeVar

import typer

from fingerpost.private.demographics import (
    Demographics,
    ExpectedDate,
    PartialDate,
    written_birth,
)
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.listing import a_console, show_block, show_list
from fingerpost.runtime.screen_text import counted
from practitioner.asking.outcome import Question
from practitioner.asking.second_persons import (
    Asked,
    Found,
    Requested,
    Requester,
    SecondPersonRule,
    due,
)
from practitioner.asking.typed_dates import LONDON
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    Agency,
    SessionFile,
    SettingsFile,
    agency_of,
    load,
    member_of,
)
from practitioner.cli.people import read_token, signed_in
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import approval_key
from practitioner.wiring import People, open_people

E = TypeVar("E", bound=Enum)


def approve(
    settings_file: SettingsFile,
    number: Annotated[
        str | None, typer.Argument(help="The number of the request. Leave it out to list all.")
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option(help="approve or decline. Leave it out to be asked, after you have read it."),
    ] = None,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Approve or decline a colleague's question before it is asked.

    Sign in yourself first. Without a number, list what waits for you.
    """
    chosen = member_of(_Decision, decision, "--decision") if decision else None
    with signed_in(load(settings_file), session_file) as (people, session, now):
        waiting = people.second_persons.waiting(session, now)
        if number is None:
            _list_waiting(waiting)
            return
        for each in waiting:
            if each.number == number:
                show_block(a_console(), _request(each))
                chosen = chosen or _chosen("Do you approve this question?", _Decision, "--decision")
        if chosen is _Decision.DECLINE:
            people.second_persons.decline(session, number, now)
            typer.echo("Declined. This is on record. The request cannot be approved any more.")
            return
        people.second_persons.approve(session, approval_key(read_token(session_file)), number, now)
    typer.echo("Approved. This is on record. Your colleague can now ask.")


class _Decision(Enum):
    APPROVE = "approve"
    DECLINE = "decline"


def _chosen(question: str, choices: type[E], option: str) -> E:
    values = ", ".join(str(each.value) for each in choices)
    answer: str = typer.prompt(f"{question} ({values})", err=True)
    return member_of(choices, answer, option)


def review(
    settings_file: SettingsFile,
    number: Annotated[
        str | None, typer.Argument(help="The number of the lookup. Leave it out to list all.")
    ] = None,
    found: Annotated[
        str | None,
        typer.Option(
            help="What you found: justified or not-justified. Leave it out to be asked, after you "
            "have read it."
        ),
    ] = None,
    overdue: Annotated[
        bool,
        typer.Option(
            "--overdue",
            help="For the agency's officer: list what nobody reviewed in time. It names nobody.",
        ),
    ] = False,
    agency: Agency = None,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Review a lookup that could not wait for a second person.

    Sign in yourself first. Without a number, list what waits for a review.
    """
    loaded = load(settings_file)
    if overdue:
        with open_people(loaded) as people:
            now = time.time()
            late = people.second_persons.overdue(agency_of(loaded, agency), now)
        _list_overdue(late, now)
        return
    chosen = member_of(Found, found, "--found") if found else None
    with signed_in(loaded, session_file) as (people, session, now):
        waiting = people.second_persons.to_review(session, now)
        if number is None:
            _list_reviews(waiting, now)
            return
        asked = next((each for each in waiting if each.operation == number), None)
        if asked is None:
            raise Refused(Code.NOT_ALLOWED, SecondPersonRule.NO_SUCH_REVIEW)
        if asked.question is not None:
            show_block(a_console(), _question(asked.requester, asked.question))
        chosen = chosen or _chosen("Was this lookup justified?", Found, "--found")
        people.second_persons.review(session, number, chosen, now)
    typer.echo("Reviewed. This is on record.")


def overdue_lines(settings: GatewaySettings, people: People, now: float) -> Iterator[str]:
    """Yield a line for each agency in which a review is overdue."""
    for each in settings.agencies:
        count = len(people.second_persons.overdue(each.id, now))
        if count:
            yield _overdue(each.id, count)


def _overdue(agency: AgencyId, count: int) -> str:
    lookups = counted(count, "lookup was", "lookups were")
    return f"{agency}: {lookups} not reviewed in time: fingerpost review --overdue"


def _list_waiting(waiting: tuple[Requested, ...]) -> None:
    columns = ("Request", "Asked by", "Role", "Purpose", "Ends")
    rows = [
        (
            each.number,
            each.requester.name,
            each.requester.role.name,
            each.question.justification.purpose.name,
            _clock(each.ends_at),
        )
        for each in waiting
    ]
    if not rows:
        typer.echo("Nothing waits for your approval.", err=True)
        return
    show_list(a_console(), columns, rows, prose=("Asked by",))


def _list_reviews(reviews: tuple[Asked, ...], now: float) -> None:
    columns = ("Lookup", "Asked by", "Purpose", "Asked", "Reviewer", "Confirm by", "Review by", "")
    rows = []
    for each in reviews:
        named = each.question.justification.facts.reviewer if each.question else ""
        who = each.requester.name if each.requester else "forgotten"
        about = (each.operation, who, each.purpose.name, _clock(each.at), named)
        rows.append((*about, *_times(each, now)))
    if not rows:
        typer.echo("Nothing waits for a review.", err=True)
        return
    show_list(a_console(), columns, rows, prose=("Asked by",))


def _list_overdue(reviews: tuple[Asked, ...], now: float) -> None:
    """List exceptions without any person: nobody signed in to see them. Who asked is found by the
    number in the audit log, on record."""
    columns = ("Lookup", "Purpose", "Asked", "Confirm by", "Review by", "")
    rows = [
        (each.operation, each.purpose.name, _clock(each.at), *_times(each, now)) for each in reviews
    ]
    if not rows:
        typer.echo("No review is overdue.", err=True)
        return
    show_list(a_console(), columns, rows)


def _times(each: Asked, now: float) -> tuple[str, str, str]:
    by = due(each.purpose, each.at)
    late = "overdue" if now >= by.reviewed else "late" if now >= by.confirmed else ""
    return _clock(by.confirmed), _clock(by.reviewed), late


def _request(each: Requested) -> Iterator[tuple[str, str]]:
    yield "Request", each.number
    yield from _question(each.requester, each.question)
    yield "Ends", _clock(each.ends_at)


def _question(requester: Requester | None, question: Question) -> Iterator[tuple[str, str]]:
    why = question.justification
    if requester is not None:
        yield "Asked by", f"{requester.name} ({requester.subject}), {requester.role.name}"
    yield "Purpose", why.purpose.name
    yield "Reference", why.reason_reference
    yield "Stated", "\n".join(why.facts.shown())
    yield "Child", "\n".join(_child(question.demographics))


def _child(child: Demographics) -> Iterator[str]:
    """Yield all that is stated of the child: the approval is of all of it."""
    for each in fields(child):
        text = _shown(getattr(child, each.name))
        if text:
            yield f"{each.name.replace('_', ' ')}: {text}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(_shown, value))
    if isinstance(value, date | PartialDate | ExpectedDate):
        return written_birth(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if is_dataclass(value):
        return " ".join(filter(None, (_shown(getattr(value, f.name)) for f in fields(value))))
    return "" if value is None else str(value)


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(LONDON):%Y-%m-%d %H:%M}"
