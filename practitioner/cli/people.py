"""``fingerpost account …``, ``sign-in``, ``sign-out``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import pyotp
import typer

from fingerpost.audit.log import Actor
from fingerpost.private.officers import OFFICERS
from fingerpost.private.passport import Entitlement
from fingerpost.protocol import limits
from fingerpost.protocol.codes import Role
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.env import Env
from fingerpost.runtime.files import read_secret, replace_file
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted, json_lines
from practitioner.cli.parsing import (
    DEFAULT_SESSION,
    Agency,
    PasswordStdin,
    SessionFile,
    SettingsFile,
    administrator,
    agency_of,
    end_of,
    load,
    logger,
    member_of,
    secret_lines,
)
from practitioner.cli.talking import ask_whether_they_talked
from practitioner.settings import GatewaySettings
from practitioner.sign_in.rules import (
    SESSION_SECONDS,
    Account,
    Session,
    SignInRule,
    days_left,
    in_grace,
    require_ahead,
)
from practitioner.wiring import People, listed_roles, open_people

account = typer.Typer(
    no_args_is_help=True, help="Manage the accounts of the practitioners who may ask here."
)

Name = Annotated[
    str,
    typer.Option(
        "--account", help="The account's name: 1 to 64 of a-z, 0-9, dot, hyphen and underscore."
    ),
]
TrainingUntil = Annotated[
    str, typer.Option(help="The last day of the training (YYYY-MM-DD, UTC). It must lie ahead.")
]
VettingUntil = Annotated[
    str, typer.Option(help="The last day of the vetting (YYYY-MM-DD, UTC). It must lie ahead.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class Enrolled(msgspec.Struct, frozen=True):
    """What ``account add`` and ``account reset`` show once.

    ``secret`` is in base32, for RFC 6238 with SHA-1, 6 digits and 30 seconds.
    """

    agency: str
    account: str
    secret: str
    uri: str


@account.command()
def add(
    settings_file: SettingsFile,
    name: Name,
    person: Annotated[str, typer.Option("--name", help="The practitioner's name.")],
    role: Annotated[
        str, typer.Option(help=f"The practitioner's role: {', '.join(Role.__members__)}.")
    ],
    training_until: TrainingUntil,
    vetting_until: VettingUntil,
    agency: Agency = None,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Add an account. The secret of its one-time codes is shown once."""
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    found = member_of(Role, role, "--role")
    checked = _is_role_checked(loaded, chosen, found)
    value = Account(
        agency=chosen,
        subject=name,
        name=person,
        role=found,
        entitlement=_entitlement(training_until, vetting_until),
    )
    with open_people(loaded) as people:
        secret = people.accounts.add(value, _new_password(password_stdin))
        people.record.account_added(
            chosen,
            administrator(),
            name,
            value.role,
            value.entitlement,
            time.time(),
        )
    if not checked:
        typer.echo("The role was not checked: there is no member list yet.", err=True)
    _show_secret(chosen, name, secret, as_json=as_json)


@account.command()
def disable(settings_file: SettingsFile, name: Name, agency: Agency = None) -> None:
    """Disable an account at once, and end its sessions."""
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    with open_people(loaded) as people:
        people.accounts.disable(chosen, name)
        people.record.account_disabled(chosen, administrator(), name, time.time())
    typer.echo("Disabled.")


@account.command()
def end(settings_file: SettingsFile, name: Name, agency: Agency = None) -> None:
    """End the account of somebody who left, for good.

    The person's name, password and secret are destroyed, and her sessions end. The account's name
    is never given again. What she asked stays in the audit log.
    """
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    with open_people(loaded) as people:
        people.accounts.end(chosen, name)
        people.record.account_ended(chosen, administrator(), name, time.time())
    typer.echo("Ended.")


@account.command()
def renew(
    settings_file: SettingsFile,
    name: Name,
    training_until: TrainingUntil,
    vetting_until: VettingUntil,
    agency: Agency = None,
) -> None:
    """Record new last days of training and vetting."""
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    entitlement = _entitlement(training_until, vetting_until)
    with open_people(loaded) as people:
        if not people.accounts.knows(chosen, name):
            raise Refused(Code.NOT_ALLOWED, SignInRule.NO_ACCOUNT)
        # Recorded first: an end that was put off without a record would let somebody ask.
        people.record.account_renewed(chosen, administrator(), name, entitlement, time.time())
        people.accounts.renew(chosen, name, entitlement)
    typer.echo("Renewed.")


@account.command()
def grace(
    settings_file: SettingsFile,
    name: Name,
    manager: Annotated[
        str | None,
        typer.Option(
            "--granted-by",
            help="The account of the manager who told you so. Without it, you are the manager, and "
            "signed in.",
        ),
    ] = None,
    agency: Agency = None,
    session_file: SessionFile = DEFAULT_SESSION,
) -> None:
    """Let somebody whose training is over ask until 14 days after it. A manager grants this, once.

    The days end with the account's next training date. Vetting has none.
    """
    loaded = load(settings_file)
    now = time.time()
    with open_people(loaded) as people:
        if manager is None:
            session = people.reception.resume(read_token(session_file), now)
            chosen, manager, by = session.agency, session.subject, Actor(session.subject)
        else:
            chosen, by = agency_of(loaded, agency), administrator()
        granted = people.accounts.to_grant(chosen, name, manager, now)
        # Recorded first, as for new dates.
        people.record.grace_granted(chosen, by, name, granted.training_grace_by, now)
        people.accounts.renew(chosen, name, granted)
    typer.echo(f"This account can ask until {_last_day(granted.ends)}.")


@account.command()
def reset(
    settings_file: SettingsFile,
    name: Name,
    agency: Agency = None,
    password_stdin: PasswordStdin = False,
    as_json: AsJson = False,
) -> None:
    """Set a new password and a new secret of one-time codes, as for a lost telephone."""
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    with open_people(loaded) as people:
        secret = people.accounts.reset(chosen, name, _new_password(password_stdin))
        people.record.account_reset(chosen, administrator(), name, time.time())
        states = {(each.agency, each.subject): _state(each) for each in people.accounts.list()}
    _show_secret(chosen, name, secret, as_json=as_json)
    if state := states[chosen, name]:
        typer.echo(f"This account cannot sign in yet: {state}.", err=True)


@account.command("list")
def list_(
    settings_file: SettingsFile,
    idle_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=366,
            help="Only those that did not sign in for so many days; the person may have left.",
        ),
    ] = None,
    ending_days: Annotated[
        int | None,
        typer.Option(
            min=0, help="Only those whose training or vetting ends within so many days, or ended."
        ),
    ] = None,
) -> None:
    """List the accounts, and which of them cannot sign in."""
    columns = ("Agency", "Account", "Name", "Role", "Training until", "Vetting until", "State")
    rows = []
    loaded, now = load(settings_file), int(time.time())
    with open_people(loaded) as people:
        found = people.accounts.list()
        if not found:
            typer.echo("No account was made yet: fingerpost account add makes one.", err=True)
            return
        if idle_days is not None:
            since = now - idle_days * limits.DAY
            seen = {
                each.id: people.record.signed_in_since(each.id, since) for each in loaded.agencies
            }
            found = tuple(e for e in found if e.subject not in seen.get(e.agency, frozenset()))
        if ending_days is not None:
            by = now + ending_days * limits.DAY
            found = tuple(e for e in found if e.entitlement.ends <= by)
        for each in found:
            held = each.entitlement
            until = (_training_until(held), _last_day(held.vetting_until))
            row = (str(each.agency), each.subject, each.name, each.role.name, *until, _state(each))
            rows.append(row)
    if not rows:
        typer.echo("There is no such account.", err=True)
        return
    show_list(a_console(), columns, rows, prose=("Name", "State"))


def sign_in(
    settings_file: SettingsFile,
    name: Name,
    agency: Agency = None,
    session_file: SessionFile = DEFAULT_SESSION,
    password_stdin: PasswordStdin = False,
) -> None:
    """Sign in with password and one-time code.

    The session ends after 12 hours, or when 30 minutes pass without a lookup.

    With --password-stdin the first line of standard input is the password, the second the code.
    """
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    if password_stdin:
        password, code = secret_lines(2)
    else:
        password = typer.prompt("Password", hide_input=True, err=True)
        code = typer.prompt("One-time code", err=True)
    with open_people(loaded) as people:
        token, session = people.reception.sign_in(chosen, name, password, code, time.time())
    replace_file(session_file.expanduser(), token.encode())
    until = time.strftime("%H:%M", time.localtime(session.auth_time + SESSION_SECONDS))
    typer.echo(f"Signed in until {until} at the latest.", err=True)
    if in_grace(session.entitlement, session.auth_time):
        typer.echo(_grace_left(session), err=True)
    ask_whether_they_talked(loaded, session)


def sign_out(settings_file: SettingsFile, session_file: SessionFile = DEFAULT_SESSION) -> None:
    """End the session."""
    path = session_file.expanduser()
    with open_people(load(settings_file)) as people:
        people.reception.sign_out(read_token(path), time.time())
    path.unlink(missing_ok=True)
    typer.echo("Signed out.", err=True)


@contextmanager
def signed_in(
    settings: GatewaySettings, session_file: Path
) -> Iterator[tuple[People, Session, float]]:
    """Give the people of this gateway, the session, and the time at which it was resumed (seconds
    since 1970 UTC).

    Raises:
        Refused: SIGN_IN, there is no session, or it has ended.
        Defect: as ``open_people``, or others may read the file.
    """
    with open_people(settings) as people:
        now = time.time()
        yield people, people.reception.resume(read_token(session_file), now), now


def read_token(session_file: Path) -> str:
    """Read the token of the session.

    Raises:
        Refused: SIGN_IN, there is none.
        Defect: others may read the file.
    """
    path = session_file.expanduser()
    if not path.exists():
        raise Refused(Code.SIGN_IN, SignInRule.NO_SESSION)
    return read_secret(path, most=256, setting="--session").decode("ascii", "replace")


def _is_role_checked(loaded: GatewaySettings, agency: AgencyId, role: Role) -> bool:
    """Return whether a member list says that the agency has this role.

    Raises:
        Defect: it has not, so that every lookup would be refused.
    """
    if role in OFFICERS:  # it asks for nothing, so that no list says at which agencies it is
        return True
    roles = listed_roles(loaded, agency, Env.of_system(logger(verbose=False)))
    if roles is None:
        return False
    if role not in roles:
        names = ", ".join(each.name for each in sorted(roles))
        raise Defect(f"--role: there is no such role at this kind of agency; there are {names}")
    return True


def _entitlement(training_until: str, vetting_until: str) -> Entitlement:
    """Raises ``Refused(NOT_ALLOWED)``: one of both is over."""
    entitlement = Entitlement(
        end_of(training_until, "--training-until"), end_of(vetting_until, "--vetting-until")
    )
    require_ahead(entitlement, time.time())
    return entitlement


def _new_password(from_stdin: bool) -> str:
    if from_stdin:
        return secret_lines(1)[0]
    entered: str = typer.prompt(
        "First password (12 characters or more)",
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return entered


def _show_secret(agency: AgencyId, name: str, secret: str, *, as_json: bool) -> None:
    uri = pyotp.TOTP(secret).provisioning_uri(name=f"{agency}:{name}", issuer_name="Fingerpost")
    if as_json:
        typer.echo(json_lines(Enrolled(str(agency), name, secret, uri)), nl=False)
        return
    typer.echo("Put this into the practitioner's authenticator. It will not be shown again.")
    typer.echo(f"  secret: {secret}\n  {uri}")


def _state(each: Account) -> str:
    """Return why the account cannot sign in; empty when it can."""
    if each.disabled:
        return "disabled"
    try:
        require_ahead(each.entitlement, time.time())
    except Refused as refused:
        return refused.what
    return ""


def _training_until(held: Entitlement) -> str:
    last = _last_day(held.training_until)
    if not held.training_grace_by:
        return last
    return f"{last}, grace until {_last_day(held.training_ends)} by {held.training_grace_by}"


def _grace_left(session: Session) -> str:
    held = session.entitlement
    left = days_left(held, session.auth_time)
    return (
        f"Your training ran out on {_last_day(held.training_until)}. You can ask for "
        f"{counted(left, 'more day')}, until {_last_day(held.ends)}. Renew your "
        "training before then."
    )


def _last_day(until: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(until - 1))
