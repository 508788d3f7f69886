"""From what people type, and the files they name, to values. Faults are ``Defect`` in words for the
person who typed.

The child's details never come from options: every user of the machine sees a command line in the
list of processes, and the shell keeps it. They come from prompts, from standard input, or from a
file of mode 0600.
"""

from __future__ import annotations

import io
import os
import pwd
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from fingerpost.audit.log import Actor
from fingerpost.membership.commands import Program, identifier
from fingerpost.private.demographics import Demographics, OtherName, Sex
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.ids import AgencyId, AreaCode
from fingerpost.runtime import logs
from fingerpost.runtime.files import read_secret
from fingerpost.runtime.logs import Logger
from practitioner import wiring
from practitioner.settings import GatewaySettings

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

PROGRAM: Final = Program("fingerpost", "practitioner", GatewaySettings, wiring.EVENTS, wiring.open)
load: Final = PROGRAM.load
CHILD_BYTES: Final = 16 * 1024
STDIN: Final = Path("-")

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
        return type_[text.upper().replace("-", "_")]
    except KeyError:
        names = ", ".join(each.name for each in type_)
        raise Defect(f"{option}: expected one of {names}") from None


def end_of(text: str, option: str) -> int:
    """Return the end of a day written YYYY-MM-DD, in seconds since 1970 UTC. Raises ``Defect``."""
    try:
        last = date.fromisoformat(text)
    except ValueError:
        raise Defect(f"{option}: expected a date, YYYY-MM-DD") from None
    next_day = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    return int(next_day.timestamp())


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
        raise Defect(f"standard input: {count} lines are needed")
    return lines


# ---- the child -----------------------------------------------------------------------------------


class _Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forename: str = ""
    surname: str = ""


class _Child(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``--child`` takes, as JSON."""

    forename: str = ""
    middle_names: str = ""
    surname: str = ""
    other_names: tuple[_Name, ...] = ()
    dob: date | None = None
    sex: str | None = None
    postcode: str = ""
    nhs_number: str = ""
    upn: str = ""


def read_child(path: Path) -> Demographics:
    """Read a child's details from a file of mode 0600, or from standard input for ``-``.

    Raises:
        Defect: names the field, never its content.
        Refused: MALFORMED, a field is out of its bounds.
    """
    if path == STDIN:
        data = sys.stdin.buffer.read(CHILD_BYTES + 1)
    else:
        data = read_secret(path, most=CHILD_BYTES, setting="--child")
    if len(data) > CHILD_BYTES:
        raise Defect("--child: too long")
    try:
        child = msgspec.json.decode(data, type=_Child)
    except msgspec.ValidationError as error:
        raise Defect(f"--child: {_fault(str(error))}") from None
    except msgspec.DecodeError:
        raise Defect("--child: not JSON") from None
    return Demographics(
        forename=child.forename,
        middle_names=child.middle_names,
        surname=child.surname,
        other_names=tuple(OtherName(name.forename, name.surname) for name in child.other_names),
        dob=child.dob,
        sex=member_of(Sex, child.sex, "sex") if child.sex else None,
        postcode=child.postcode,
        nhs_number=child.nhs_number,
        upn=child.upn,
    )


def _fault(text: str) -> str:
    """Return the fault that the library found, in our words and without the child's details."""
    found = re.search(r"`\$\.?([a-z_.]*)(?:\[[0-9.]*\])?\.?([a-z_]*)`", text)
    where = ".".join(filter(None, found.groups())) if found else ""
    if "unknown field" in text:
        known = _Name if where else _Child
        names = ", ".join(known.__struct_fields__)
        return f"{where + ': ' if where else ''}a field that is not known; there are {names}"
    if where == "dob":
        return "dob: expected a date in quotation marks, YYYY-MM-DD"
    if where == "other_names":
        return 'other_names: expected a list of {"forename": …, "surname": …}'
    return f"{where}: expected text in quotation marks" if where else "expected one object, {…}"


def ask_child() -> Demographics:
    """Ask on the terminal; an empty answer means "not known"."""
    typer.echo("Enter the child's details. Leave empty what you do not know.", err=True)
    forename = _prompt("Forename")
    middle_names = _prompt("Middle names")
    surname = _prompt("Surname")
    dob = _prompt_for("Date of birth (DD/MM/YYYY)", read_day)
    sex = _prompt_for("Sex (F, M)", _sex)
    postcode = _prompt("Postcode")
    nhs_number = _prompt("NHS number")
    upn = _prompt("UPN")
    other_names = []
    while known_as := _prompt("Also known as (forename, surname)"):
        first, _, last = known_as.partition(",")
        other_names.append(OtherName(first.strip(), last.strip()))
    return Demographics(
        forename,
        middle_names,
        surname,
        tuple(other_names),
        dob,
        sex,
        postcode,
        nhs_number,
        upn,
    )


def _prompt(text: str) -> str:
    answer: str = typer.prompt(text, default="", show_default=False, err=True)
    return answer.strip()


def _prompt_for(text: str, read: Callable[[str], T]) -> T | None:
    while answer := _prompt(text):
        try:
            return read(answer)
        except ValueError:
            typer.echo("This was not understood. Try again, or leave it empty.", err=True)
    return None


def read_day(text: str) -> date:
    """Read DD/MM/YYYY or YYYY-MM-DD. Raises ``ValueError``."""
    found = re.fullmatch(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})", text)
    if found:
        return date(int(found[3]), int(found[2]), int(found[1]))
    return date.fromisoformat(text)


def _sex(text: str) -> Sex:
    for sex in Sex:
        if sex.name.startswith(text.upper()):
            return sex
    raise ValueError
