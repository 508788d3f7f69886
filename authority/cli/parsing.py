"""Between what a person types and the values of the protocol. Raises typer's usage error, naming
the option.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from fingerpost.protocol.codes import AgencyKind
from fingerpost.protocol.errors import Refused
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


def feed_ages(texts: list[str]) -> dict[AgencyKind, int]:
    """Return days by kind of agency from texts such as ``SCHOOL=14``."""
    found = {}
    for text in texts:
        kind, _, days = text.partition("=")
        try:
            found[AgencyKind(kind)] = int(days)
        except ValueError:
            kinds = ", ".join(each.value for each in AgencyKind)
            raise typer.BadParameter(f"KIND=DAYS, with one of {kinds}") from None
    return found


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
