"""Command lines: what the programs of several parties say and do alike.

Law: speaks to a person and decides nothing. Each party declares its commands in its own ``cli``, where somebody reads
what the program takes; what two parties' commands then do alike stands here once: options of one meaning, a member's
keys and its request, the process, health, the audit log, and how a program ends that failed. Only a ``cli`` imports
this.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Annotated, Final, Generic, NoReturn, TypeVar

import msgspec
import typer

from fingerpost.audit.log import Actor, AuditLog, Month, OperationId, Receipt, Report
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.credentials import make_member_keys
from fingerpost.protocol.codec.enrolment import KEY_BYTES, EnrolmentRequest, write_enrolment
from fingerpost.protocol.errors import Defect, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId, AreaCode, FederationId, MemberId
from fingerpost.runtime import logs, settings
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import replace_file
from fingerpost.runtime.health import look_at_folder, probe
from fingerpost.runtime.run import Opened, Stop, run, serve, told
from fingerpost.runtime.settings_form import ID_WORDS

S = TypeVar("S", bound=msgspec.Struct)
Id = TypeVar("Id", AgencyId, AreaCode, FederationId, MemberId)

NOT_DONE: Final = 2
"""The exit status of a command that was refused, or that met a defect. 1: not serving, or it crashed."""
NEVER: Final = 2**40
"""Seconds since 1970 UTC: later than any entry."""

# ---- options -------------------------------------------------------------------------------------

SettingsFile = Annotated[Path, typer.Option("--settings", help="The settings file (TOML).")]
FederationOption = Annotated[str, typer.Option(help="The federation's id.")]
MemberOption = Annotated[str, typer.Option(help="This member's id.")]
OrganisationOption = Annotated[str, typer.Option(help="Who runs it.")]
CredentialsOption = Annotated[Path, typer.Option(help="A new folder for its keys.")]
RequestOption = Annotated[Path, typer.Option(help="Where to write the request for the authority.")]
SinceOption = Annotated[
    int, typer.Option(help="Entries from then on, seconds since 1970 UTC.", show_default="all")
]
UntilOption = Annotated[
    int, typer.Option(help="Entries until then, seconds since 1970 UTC.", show_default="now")
]
MonthOption = Annotated[str, typer.Option(help="A month that is over (YYYY-MM).")]
ByOption = Annotated[str, typer.Option(help="Who decides this (a-z, 0-9 and . : _ -).")]
WhyOption = Annotated[str, typer.Option(help="A reference to the reason, of the same characters.")]


def identifier(type_: type[Id], text: str, option: str) -> Id:
    """What was typed, as an id. Raises ``Defect`` that names the option and says what was expected."""
    try:
        return type_(text)
    except Refused:
        raise Defect(f"{option}: expected {ID_WORDS[type_]}") from None


# ---- a program -----------------------------------------------------------------------------------


def command_line(words: str) -> typer.Typer:
    """The tree of commands, still empty. ``words``: what the program is for. What a crash shows is up to ``main``."""
    return typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=words
    )


def main(commands: Callable[[], object], program: str) -> None:
    """Run the command that was typed. ``program``: the name that the operator types.

    Refusals and defects end it in plain words, with exit status 2. Anything else ends it with its type alone: the
    text of an exception, or its traceback, may hold what was typed, or read, about a child.
    """
    try:
        commands()
    except (Defect, Refused) as error:
        text = told(error) if isinstance(error, Refused) else str(error)
        typer.echo(f"{program}: {text}", err=True)
        sys.exit(NOT_DONE)
    finally:
        sys.excepthook = partial(_show_type_alone, program)  # Typer has put one of its own in place


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

    ``name``: what the operator types. ``party``, ``events``: of the log. ``open`` is its wiring's.
    """

    name: str
    party: str
    settings: type[S]
    events: Mapping[str, frozenset[str]]
    open: Callable[[S, Env], AbstractAsyncContextManager[Opened]]

    def load(self, settings_file: Path) -> S:
        """Raises ``Defect``: see ``settings.load``."""
        return settings.load(settings_file, self.settings)

    def run(self, settings_file: Path) -> NoReturn:
        """Run the process until it is told to stop, and end with the exit status of ``run.run``."""

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
    passport_keys: Mapping[AgencyId, bytes] = MappingProxyType({}),
) -> None:
    """Make a member's keys in the folder ``credentials``, write its request, and say the fingerprint.

    Raises:
        Defect: an id that is none, keys that exist already, a file that cannot be written.
        Refused: MALFORMED, what the request says is out of its bounds.
    """
    # What was typed is refused before there are keys: those are made once, and a second try would meet them.
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
    keys = make_member_keys(credentials)
    value = replace(asked, signing_key=keys.public_key)
    try:
        replace_file(request, write_enrolment(value, keys.signing_key), mode=0o644)
    except Defect as defect:
        raise Defect(f"--request: {defect}") from None
    typer.echo(f"Request written. Read this fingerprint to the authority: {value.fingerprint}")


def add_server(
    app: typer.Typer,
    audit: typer.Typer,
    program: Program[S],
    party: Party,
    *,
    check: Callable[[S], EnrolmentBundle],
    health: Callable[[S], Path],
    open_audit: Callable[[S], AuditLog],
) -> None:
    """Add the commands that a broker and a key holder take alike.

    ``enrol``, ``run``, ``check``, ``health``, and ``audit verify``. The functions read the party's settings: ``check``
    opens what they name, ``health`` is the socket of the health check.
    """

    @app.command("enrol")
    def enrol_(
        federation: FederationOption,
        member: MemberOption,
        organisation: OrganisationOption,
        credentials: CredentialsOption,
        request: RequestOption,
    ) -> None:
        """Make this member's keys where they will be used, and a request that holds public keys only."""
        enrol(
            party,
            federation=federation,
            member=member,
            organisation=organisation,
            credentials=credentials,
            request=request,
        )

    @app.command("run")
    def run_(settings_file: SettingsFile) -> None:
        """Run until told to stop."""
        program.run(settings_file)

    @app.command("check")
    def check_(settings_file: SettingsFile) -> None:
        """Open what the settings name and report whether it holds together. Makes nothing, touches no network."""
        loaded = program.load(settings_file)
        tell_sound("Settings, keys and folders", check(loaded), health(loaded))

    @app.command("health")
    def health_(settings_file: SettingsFile) -> None:
        """Exit status 0 when the running process serves."""
        tell_health(health(program.load(settings_file)))

    @audit.command("verify")
    def verify(settings_file: SettingsFile) -> None:
        """Follow the chain from the first entry to the last."""
        tell_whole(open_audit(program.load(settings_file)))


def tell_sound(what: str, bundle: EnrolmentBundle, health: Path) -> None:
    """What ``check`` says of a member once ``what`` was opened; and what a start by hand still needs.

    Raises ``Defect``: the health socket could never be opened.
    """
    typer.echo(
        f"{what} hold together.\n"
        f"Member {bundle.member} of {bundle.federation}. Compare this with the authority:\n"
        f"{bundle.fingerprint}"
    )
    tell_folder(health)


def tell_folder(health: Path) -> None:
    """What a start by hand still needs. Raises ``Defect`` as ``tell_sound``."""
    if (note := look_at_folder(health)) is not None:
        typer.echo(note, err=True)


def tell_health(socket: Path) -> NoReturn:
    """Says whether the process behind the socket serves, and ends with exit status 0 when it does, else 1."""
    serving = asyncio.run(probe(socket))
    typer.echo("serving" if serving else "not serving")
    raise typer.Exit(0 if serving else 1)


# ---- the audit log -------------------------------------------------------------------------------


def verified(log: AuditLog, witness: Receipt | None = None) -> Report:
    """Follow the chain from the first entry to the last, and close the log. Raises ``BrokenChain``."""
    with closing(log):
        report = log.verify(witness)
        report.require_whole()
    return report


def tell_whole(log: AuditLog) -> None:
    """Says how many entries there are and the head's hash. Raises ``BrokenChain``. Closes the log."""
    report = verified(log)
    typer.echo(f"{report.entries} entries, whole. Head: {report.head.hash.hex()}")


def forget(log: AuditLog, month: str, *, by: str, why: str) -> None:
    """Destroy the key of a month that is over, record who did it and why, and close the log. Raises ``Defect``."""
    with closing(log):
        now = int(time.time())
        log.forget(Month(month), actor=Actor(by), operation=OperationId(why), at=now)
    typer.echo(f"{month} is forgotten. Copies in backups are not: see docs/operations.md.")


def utc(seconds: int) -> str:
    """A time of an entry, to be read by a person."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
