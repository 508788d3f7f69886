"""Between what a person types and the values of the protocol. Raises typer's usage error, naming
the option.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Refused
from fingerpost.protocol.feed_age import FeedAge, Holiday
from fingerpost.protocol.ids import Address, AgencyId, AreaCode, FederationId, MemberId
from fingerpost.runtime.clock import SystemClock
from fingerpost.runtime.settings_form import ID_WORDS

T = TypeVar("T", Address, AgencyId, AreaCode, FederationId, MemberId)

console = Console(highlight=False, soft_wrap=True)

Folder = Annotated[
    Path, typer.Argument(help="The ceremony's folder.", exists=True, file_okay=False)
]


def parsed(type_: type[T]) -> Callable[[str], T]:
    """Return a parser for ``typer.Option``: an id or an address from its text."""

    def parse(text: str) -> T:
        try:
            return type_(text)
        except Refused:
            raise typer.BadParameter(f"expected {ID_WORDS[type_]}") from None

    return parse


def now() -> float:
    return SystemClock().now()


def moment(text: str) -> int:
    """Return ``2026-01-31`` or ``2026-01-31T09:00`` in UTC as seconds since 1970."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("expected a date such as 2026-01-31 or 2026-01-31T09:00") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return int(at.timestamp())


def shown(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%d %H:%M UTC")


_TERM_TIME = ":term"


def feed_ages(texts: list[str]) -> list[FeedAge]:
    """Return ages of records by kind of agency from texts such as ``GP_PRACTICE=14``, or
    ``SCHOOL=14:term`` where only days in term time count.
    """
    found = []
    for text in texts:
        kind, _, age = text.partition("=")
        days = age.removesuffix(_TERM_TIME)
        try:
            found.append(FeedAge(AgencyKind(kind), int(days), term_time=days != age))
        except ValueError:
            kinds = ", ".join(each.value for each in AgencyKind)
            what = f"KIND=DAYS or KIND=DAYS{_TERM_TIME}, with one of {kinds}"
            raise typer.BadParameter(what) from None
    return found


def holiday(text: str) -> Holiday:
    """Return holidays from a text such as ``2027-07-22/2027-08-31``."""
    try:
        first, last = map(date.fromisoformat, text.split("/"))
    except ValueError:
        raise typer.BadParameter(
            "expected the first and the last day, such as 2027-07-22/2027-08-31"
        ) from None
    return Holiday(first, last)


def revisions_from(texts: list[str]) -> dict[int, int]:
    """Return beginnings by revision of the wire from texts such as ``2=2027-01-31``."""
    found = {}
    for text in texts:
        number, _, begins = text.partition("=")
        if not number.isdecimal():
            raise typer.BadParameter("expected a revision and a date, such as 2=2027-01-31")
        found[int(number)] = moment(begins)
    return found


def hundredths(number: float | None) -> int | None:
    """Return a number in hundredths, as the files have it."""
    return None if number is None else round(100 * number)
