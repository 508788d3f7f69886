"""The parts of a command line that several parties share.

Law: this module speaks to a person and decides nothing. Each party declares its commands in its own
``cli``, where the reader sees what the program takes. What the commands of two parties do alike is
here once: options of one meaning, a member's keys and its request, the process, health, the audit
log, and the end of a program that failed. Only a ``cli`` imports this module.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar

import msgspec
import typer

from fingerpost.audit.log import Actor, AuditLog, BrokenChain, Month, OperationId, StoreBehind
from fingerpost.audit.verification import Unsure
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.clock_watch import disagreement, read_word, told
from fingerpost.membership.credentials import make_member_keys
from fingerpost.membership.deposited_heads import NotContinued
from fingerpost.membership.membership import Places
from fingerpost.protocol import limits
from fingerpost.protocol.codec.enrolment import (
    KEY_BYTES,
    ORGANISATION_CHARS,
    AgencyKeys,
    EnrolmentRequest,
    write_enrolment,
)
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from fingerpost.runtime import logs, settings
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.health import look_at_folder, probe
from fingerpost.runtime.run import Opened, Stop, refusal_text, run, serve
from fingerpost.runtime.screen_text import counted
from fingerpost.runtime.settings_form import ID_WORDS

S = TypeVar("S", bound=msgspec.Struct)
Id = TypeVar("Id", AgencyId, AreaCode, FederationId, MemberId)

NOT_DONE: Final = 2
"""The exit status of a command that was refused or met a defect. Status 1: the process does not
serve, or crashed.
"""
CANNOT_TELL: Final = 3
"""The exit status where a note has a slip, so that it does not say whether a log is whole."""
UNDONE: Final = 4
"""The exit status where an audit log is not the one that was recorded, noted or witnessed."""
NEVER: Final = 2**40
"""A time in seconds since 1970 UTC that is later than any entry of an audit log."""

# ---- options -------------------------------------------------------------------------------------

SettingsFile = Annotated[Path, typer.Option("--settings", help="The settings file (TOML).")]
FederationOption = Annotated[str, typer.Option(help="The federation's id.")]
MemberOption = Annotated[str, typer.Option(help="This member's id.")]
OrganisationOption = Annotated[str, typer.Option(help="The organisation that runs this member.")]
CredentialsOption = Annotated[Path, typer.Option(help="A new folder for this member's keys.")]
RequestOption = Annotated[
    Path, typer.Option(help="The file to write: the request for the authority.")
]
_MOMENTS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
_MOMENT: Final = "YYYY-MM-DD[THH:MM]"
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        formats=_MOMENTS,
        metavar=_MOMENT,
        help="Show entries from this time on, UTC (default: all).",
    ),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option(
        formats=_MOMENTS,
        metavar=_MOMENT,
        help="Show entries before this time, UTC (default: now).",
    ),
]
ReportOption = Annotated[Path, typer.Option("--out", help="The file to write, for the authority.")]
WeekOption = Annotated[
    datetime | None,
    typer.Option(
        "--day",
        formats=["%Y-%m-%d"],
        help="A day of the week to report, UTC (default: the last week that is over).",
    ),
]
MonthOption = Annotated[str, typer.Option(help="A month that is over (YYYY-MM).")]
ByOption = Annotated[str, typer.Option(help="The person who decides this (a-z, 0-9 and . : _ -).")]
WhyOption = Annotated[str, typer.Option(help="A reference to the reason, in the same characters.")]


def identifier(type_: type[Id], text: str, option: str) -> Id:
    """Return the text that was typed for ``option`` as an id.

    Raises:
        Defect: it is none; the message names the option and says what was expected.
    """
    try:
        return type_(text)
    except Refused:
        raise Defect(f"{option}: expected {ID_WORDS[type_]}") from None


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for Typer whose parameters of a dataclass type were replaced by options, one
    for each field of the dataclass. So a set of options that several commands take is stated once.

    Args:
        command: takes its parameters by name. The fields are annotated as parameters of a command.
    """
    shown: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        type_ = parameter.annotation
        if is_dataclass(type_) and isinstance(type_, type):
            groups[name] = type_
            shown += inspect.signature(type_, eval_str=True).parameters.values()
        else:
            shown.append(parameter)

    @wraps(command)
    def called(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    by_name = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shown]
    called.__annotations__ = {each.name: each.annotation for each in by_name}
    vars(called)["__signature__"] = inspect.Signature(by_name)
    return called


# ---- a program -----------------------------------------------------------------------------------


def command_line(words: str) -> typer.Typer:
    """Return an empty tree of commands. ``main`` decides what a crash shows.

    Args:
        words: the purpose of the program, for its help text.
    """
    return typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=words
    )


def main(commands: Callable[[], object], program: str) -> None:
    """Run the command that was typed.

    Refusals and defects end the program with a message and exit status 2; an audit log that is not
    the one that was recorded has 4, and 3 where that cannot be told. Any other exception ends it
    with the type alone: the text of an exception, or its traceback, may hold what was typed, or
    read, about a child.

    Args:
        program: the name that the operator types.
    """
    try:
        commands()
    except (Defect, Refused) as error:
        text = refusal_text(error) if isinstance(error, Refused) else str(error)
        typer.echo(f"{program}: {text}", err=True)
        sys.exit(_status(error))
    finally:
        sys.excepthook = partial(_show_type_alone, program)  # Typer has replaced it by its own


def _status(error: Defect | Refused) -> int:
    if isinstance(error, BrokenChain | StoreBehind | NotContinued):
        return UNDONE
    return CANNOT_TELL if isinstance(error, Unsure) else NOT_DONE


def _show_type_alone(
    program: str,
    _type: type[BaseException],
    error: BaseException,
    _traceback: TracebackType | None,
) -> None:
    sys.stderr.write(f"{program}: crashed ({logs.error_name(error)})\n")


@dataclass(frozen=True, slots=True)
class Program(Generic[S]):
    """A party's program, for the commands that need its settings.

    Attributes:
        name: the name that the operator types.
        party: the party's name in its log.
        events: the catalogue of its log.
        open: the ``open`` of its wiring.
    """

    name: str
    party: str
    settings: type[S]
    events: Mapping[str, frozenset[str]]
    open: Callable[[S, Env], AbstractAsyncContextManager[Opened]]

    def load(self, settings_file: Path) -> S:
        """Load the settings. Raises ``Defect``: see ``settings.load``."""
        return settings.load(settings_file, self.settings)

    def run(self, settings_file: Path) -> NoReturn:
        """Run the process until a signal stops it, and end with the exit status of ``run.run``."""

        async def until(stop: Stop) -> None:
            loaded = self.load(settings_file)
            log = logs.configure(self.party, self.events, strict=False)
            await serve(self.open(loaded, Env.of_system(log)), stop, log)

        raise typer.Exit(run(until, party=self.party, program=self.name))


# ---- a member ------------------------------------------------------------------------------------


def enrol(
    party: Party,
    *,
    federation: str,
    member: str,
    organisation: str,
    credentials: Path,
    request: Path,
    declared_caseload: int = 0,
    lookups_per_day: int = 0,
    passport_keys: Mapping[AgencyId, AgencyKeys] = MappingProxyType({}),
) -> None:
    """Make a member's keys in the folder ``credentials``, write its request, and print the
    request's fingerprint.

    Raises:
        Defect: an id or the name is not valid, the keys exist already, or a file cannot be written.
        Refused: MALFORMED, a value of the request is out of its bounds.
    """
    if not (organisation.isprintable() and 1 <= len(organisation) <= ORGANISATION_CHARS):
        raise Defect(f"--organisation: expected a name of 1 to {ORGANISATION_CHARS} characters")
    # Wrong input is refused before the keys are made: keys are made once, and would stop a second
    # try.
    asked = EnrolmentRequest(
        federation=identifier(FederationId, federation, "--federation"),
        member=identifier(MemberId, member, "--member"),
        party=party,
        organisation=organisation,
        signing_key=bytes(KEY_BYTES),
        declared_caseload=declared_caseload,
        lookups_per_day=lookups_per_day,
        issued_at=int(time.time()),
        passport_keys=passport_keys,
    )
    try:
        keys = make_member_keys(credentials)
    except Defect as defect:
        raise Defect(
            f"--credentials: {defect}. To ask anew after a slip, name a new folder, and set it in "
            "the settings; keep this one if its request was sent"
        ) from None
    value = replace(asked, signing_key=keys.public_key)
    try:
        replace_file(request, write_enrolment(value, keys.signing_key), mode=0o644)
    except Defect as defect:
        raise Defect(f"--request: {defect}") from None
    typer.echo(f"Request written. Read this fingerprint to the authority: {value.fingerprint}")


def report_sound(what: str, bundle: EnrolmentBundle, health: Path, places: Places) -> None:
    """Report that ``what`` was opened and is sound, the bundle's fingerprint, what a start by hand
    still needs, and clocks that disagree.

    Raises:
        Defect: the health socket could never be opened.
    """
    typer.echo(
        f"{what} fit together.\n"
        f"Member {bundle.member} of {bundle.federation}. Compare this with the authority:\n"
        f"{bundle.fingerprint}"
    )
    report_surroundings(health, places)


def report_surroundings(health: Path, places: Places) -> None:
    """Report what a start by hand still needs, and whether the running process saw clocks that
    disagree. Raises ``Defect`` as ``report_sound``.
    """
    if (note := look_at_folder(health)) is not None:
        typer.echo(note, err=True)
    if wrong := disagreement(read_word(places.member_list), time.time()):
        typer.echo(wrong, err=True)


def report_clock(places: Places, waits: str) -> None:
    """Report how the clocks stand by the last word of the running process: see
    ``clock_watch.told``. Say first whether this is a trial.
    """
    if places.trial:
        typer.echo("THIS IS A TRIAL: keys may lie beside the data that they open.")
    for line in told(read_word(places.member_list), time.time(), waits):
        typer.echo(line)


def report_health(socket: Path) -> NoReturn:
    """Report whether the process behind the socket serves, and end with exit status 0 when it does,
    else 1.
    """
    serving = asyncio.run(probe(socket))
    typer.echo("serving" if serving else "not serving")
    raise typer.Exit(0 if serving else 1)


# ---- reports to the authority --------------------------------------------------------------------


def week_of(day: datetime | None) -> int:
    """Return the week of ``--day``, in weeks since 1970, or the last week that is over."""
    if day is None:
        return int(time.time()) // limits.WEEK_SECONDS - 1
    return int(day.replace(tzinfo=UTC).timestamp()) // limits.WEEK_SECONDS


def report_written(out: Path, week: int) -> None:
    """Report that the counts of a week were written."""
    first = datetime.fromtimestamp(week * limits.WEEK_SECONDS, UTC).date()
    typer.echo(f"The week from {first} on is in {out}. Send it to the authority.")


# ---- the audit log -------------------------------------------------------------------------------


def forget(open_log: Callable[[], AuditLog], month: str, *, by: str, why: str) -> None:
    """Destroy the key of a month that is over, record who did it and why, and close the log.

    What was typed is checked before the log, and so its key, is opened.

    Raises:
        Defect: what was typed is out of its bounds; the month has no key, or is not over.
    """
    over, actor, reason = Month(month), Actor(by), OperationId(why)
    with closing(open_log()) as log:
        log.forget(over, actor=actor, operation=reason, at=int(time.time()))
    typer.echo(f"{month} is forgotten. Copies in backups are not: see docs/operations.md.")


def adopt(log: AuditLog, *, by: str, why: str) -> None:
    """Record who adopted a log that was restored, and why, and close it.

    Args:
        log: opened with ``adopt``.
    """
    with closing(log):
        now = int(time.time())
        log.record_adoption(actor=Actor(by), operation=OperationId(why), at=now)
        entries = log.head().seq - 1
    held = counted(entries, "entry", "entries")
    typer.echo(f"Adopted, with {held}. What was recorded after them is lost.")


def span(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return the span of ``--since`` and ``--until``, in seconds since 1970 UTC; everything where
    neither is given.
    """

    def seconds(moment: datetime | None, otherwise: int) -> int:
        return otherwise if moment is None else int(moment.replace(tzinfo=UTC).timestamp())

    return seconds(since, 0), seconds(until, NEVER)


def utc(seconds: int) -> str:
    """Return the time of an entry as text for a person."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
