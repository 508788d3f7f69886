"""From what people type to values. Faults are ``Defect`` in words for the person who typed."""

from __future__ import annotations

import io
import os
import pwd
import re
import sys
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from fingerpost.audit.log import Actor
from fingerpost.membership.commands import Program, identifier
from fingerpost.protocol import limits
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime import logs
from fingerpost.runtime.logs import Logger
from fingerpost.runtime.screen_text import counted
from practitioner import wiring
from practitioner.asking.typed_dates import LONDON, read_typed_day
from practitioner.settings import GatewaySettings

E = TypeVar("E", bound=Enum)

PROGRAM: Final = Program("fingerpost", "practitioner", GatewaySettings, wiring.EVENTS, wiring.open)
load: Final = PROGRAM.load

SettingsFile = Annotated[
    Path,
    typer.Option(
        "--settings", envvar="FINGERPOST_SETTINGS", help="The gateway's settings file (TOML)."
    ),
]
Agency = Annotated[
    str | None, typer.Option(help="The agency's id; needed where several ask through this gateway.")
]
SessionFile = Annotated[
    Path,
    typer.Option(
        "--session",
        envvar="FINGERPOST_SESSION",
        help="The file that keeps this sign-in (made with mode 0600).",
    ),
]
DEFAULT_SESSION: Final = Path("~/.fingerpost-session")
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Write the program's log to standard error as well.")
]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input instead of asking."
    ),
]


def logger(*, verbose: bool) -> Logger:
    """Return the log of one command, silent unless asked for: the command says what matters."""
    return logs.configure(
        PROGRAM.party, PROGRAM.events, strict=False, stream=sys.stderr if verbose else _Nowhere()
    )


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def agency_of(loaded: GatewaySettings, text: str | None) -> AgencyId:
    """Return the agency that was named, or the only one of this gateway. Raises ``Defect``."""
    if text is None:
        if len(loaded.agencies) > 1:
            raise Defect("--agency: several agencies ask through this gateway; name one")
        return loaded.agencies[0].id
    return loaded.agency(identifier(AgencyId, text, "--agency")).id


def area_codes(texts: list[str]) -> tuple[AreaCode, ...]:
    return tuple(identifier(AreaCode, text.lower(), "--area") for text in texts)


def member_of(type_: type[E], text: str, option: str) -> E:
    """Return a choice by its name, in upper or lower case. Raises ``Defect``."""
    try:
        return type_[text.strip().upper().replace("-", "_")]
    except KeyError:
        names = ", ".join(each.name for each in type_)
        raise Defect(f"{option}: expected one of {names}") from None


def end_of(text: str, option: str) -> int:
    """Return the end of a day written YYYY-MM-DD, in seconds since 1970 UTC. Raises ``Defect``."""
    try:
        last = date.fromisoformat(text)
        next_day = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):  # the last day of the calendar has none after it
        raise Defect(f"{option}: expected a date, YYYY-MM-DD") from None
    return int(next_day.timestamp())


def london_time(text: str, option: str, now: float, ahead: int) -> int:
    """Return a time by the clock in London, such as ``2026-12-03 14:00``, in seconds since 1970
    UTC.

    Args:
        ahead: how many seconds from ``now`` it may lie.

    Raises:
        Defect: it is not understood, is over, or lies further ahead.
    """
    typed, _, hour = text.strip().rpartition(" ")
    try:
        day, doubtful = read_typed_day(typed, datetime.fromtimestamp(now, LONDON).date())
        at = datetime.combine(day, clock.fromisoformat(hour), LONDON).timestamp()
    except ValueError:
        doubtful, at = True, 0.0
    if doubtful:
        raise Defect(f'{option}: a time such as "2026-12-03 14:00"')
    if not now < at <= now + ahead:
        raise Defect(f"{option}: a time within the next {ahead // limits.DAY} days")
    return int(at)


def prompt(text: str) -> str:
    """Ask on the terminal. An empty answer is an answer."""
    suffix = " " if text.endswith("?") else ": "
    answer: str = typer.prompt(text, default="", show_default=False, prompt_suffix=suffix, err=True)
    return answer.strip()


def said_yes(question: str) -> bool:
    """Ask until yes or no is said; an empty answer is no."""
    while (said := prompt(f"{question} (yes, no)").lower()) not in ("y", "yes", "n", "no", ""):
        typer.echo("Answer yes or no.", err=True)
    return said.startswith("y")


def administrator() -> Actor:
    """Return the user of the operating system who runs this command."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return Actor("os-user:" + re.sub(r"[^a-z0-9._-]", "_", name.lower())[:40])


def secret_lines(count: int) -> list[str]:
    """Return ``count`` lines of standard input without their line ends. Raises ``Defect``."""
    lines = [sys.stdin.readline(1024).rstrip("\r\n") for _ in range(count)]
    if not all(lines):
        raise Defect(f"standard input: {counted(count, 'line is', 'lines are')} needed")
    return lines
