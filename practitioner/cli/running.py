"""``fingerpost enrol``, ``serve``, ``check``, ``health``, ``status``, ``audit …``."""

from __future__ import annotations

import enum
import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, Protocol

import typer

from fingerpost.audit.log import OperationId
from fingerpost.audit.search import Criteria
from fingerpost.membership import audit_commands, commands, search_commands
from fingerpost.membership.audit_commands import DepositsOption, NotedOption
from fingerpost.membership.commands import (
    FederationOption,
    MonthOption,
    OrganisationOption,
    RequestOption,
    SinceOption,
    UntilOption,
)
from fingerpost.membership.membership import check_places
from fingerpost.protocol.codec.enrolment import AgencyKeys
from fingerpost.protocol.errors import Defect
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import KEY_BYTES, create_file, read_key
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted, printable
from fingerpost.runtime.witness import Adopted, RecordAdoption
from practitioner import wiring
from practitioner.asking.account_counts import count
from practitioner.asking.desk import listed_keys, make_passport_key, read_passport_key
from practitioner.cli.parsing import PROGRAM, Agency, SettingsFile, administrator, agency_of, load
from practitioner.cli.second_person import overdue_lines

audit = typer.Typer(
    no_args_is_help=True, help="Read the chained log of who asked, and of who signed in."
)


def enrol(
    settings_file: SettingsFile,
    federation: FederationOption,
    member: Annotated[str, typer.Option(help="This gateway's id.")],
    organisation: OrganisationOption,
    lookups_per_day: Annotated[
        int, typer.Option(min=1, help="How many lookups a day to ask the authority for.")
    ],
    request: RequestOption,
) -> None:
    """Make all keys that the settings name, and a request that holds public keys only."""
    loaded = load(settings_file)
    for setting in ("account_key", "outcome_key", "audit_key"):
        path: Path = getattr(loaded, setting)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            read_key(path, setting=setting)  # one that is empty is said now, and not at the start
        else:
            create_file(path, os.urandom(KEY_BYTES))
    passport_keys = {each.id: _passport_key(each.passport_key, each.id) for each in loaded.agencies}
    commands.enrol(
        Party.GATEWAY,
        federation=federation,
        member=member,
        organisation=organisation,
        credentials=loaded.places.credentials,
        request=request,
        lookups_per_day=lookups_per_day,
        passport_keys=passport_keys,
    )


def _passport_key(path: Path, agency: AgencyId) -> AgencyKeys:
    """Return what is listed of the key at ``path``, which is made if there is none."""
    if path.exists():
        return listed_keys(path, agency)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return make_passport_key(path, agency)


def serve(settings_file: SettingsFile) -> None:
    """Keep certificate, member list and peppers fresh until stopped. Lookups run beside it."""
    PROGRAM.run(settings_file)


def check(settings_file: SettingsFile) -> None:
    """Report whether settings, keys, bundle and files fit together."""
    loaded = load(settings_file)
    bundle = check_places(loaded.places, Party.GATEWAY)
    for each in loaded.agencies:
        read_passport_key(each.passport_key)
        wiring.open_audit(loaded, each.id).close()
    with wiring.open_people(loaded) as people:
        count = len(people.accounts.list())
    typer.echo(
        f"{bundle.member} of {bundle.federation}: "
        f"{counted(len(loaded.agencies), 'agency', 'agencies')}, "
        f"{counted(count, 'account', 'accounts')}. Settings, keys and files fit together.\n"
        f"Fingerprint of the bundle: {bundle.fingerprint}"
    )
    commands.report_surroundings(loaded.health, loaded.places)


class Adopting(Protocol):
    """A store that can be accepted as it is."""

    def adopt(self, record: RecordAdoption) -> Adopted: ...


class Store(enum.Enum):
    """What may be restored from a backup."""

    ACCOUNTS = "accounts"
    OUTCOMES = "outcomes"
    GENERATIONS = "generations"


def adopt(
    store: Annotated[Store, typer.Argument(help="What was restored.")],
    settings_file: SettingsFile,
    why: Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")],
) -> None:
    """Accept a store that was restored from a backup, and record who did so and why.

    Accounts that were disabled after the copy was made can sign in again: disable them again.
    Outcomes that were kept after it are lost. All sessions end when accounts are adopted. Of
    generations, an agency whose records went back after the copy was made is believed.
    """
    loaded = load(settings_file)
    reason = OperationId(why)
    with wiring.open_people(loaded) as people:
        kept: Mapping[Store, Adopting] = {
            Store.ACCOUNTS: people.accounts,
            Store.OUTCOMES: people.outcomes,
            Store.GENERATIONS: people.generations,
        }
        by, now = administrator(), time.time()

        def record(adopted: Adopted) -> None:
            for each in loaded.agencies:
                people.record.adopted(each.id, store.value, by, reason, adopted, now)

        found = kept[store].adopt(record)
    changed = "" if found.sound else " They were not as this gateway had written them."
    typer.echo(f"Adopted.{changed} Check them: what happened after the copy was made is undone.")


def health(settings_file: SettingsFile) -> None:
    """Report whether `fingerpost serve` runs and serves: exit status 0 when it does, else 1."""
    commands.report_health(load(settings_file).health)


def status(settings_file: SettingsFile) -> None:
    """Report whether this machine's clock agrees with the issuer's, and what waits if not.

    It is what `fingerpost serve` saw last. Say also whether the accounts are as they were left, and
    which agencies have overdue reviews.
    """
    loaded, now = load(settings_file), time.time()
    commands.report_clock(loaded.places, "peppers, outcomes and questions")
    with wiring.open_people(loaded) as people:
        try:
            people.accounts.list()
        except Defect as defect:
            typer.echo(f"Nobody can sign in: {defect}")
        for line in overdue_lines(loaded, people, now):
            typer.echo(line)


@audit.command("verify")
def audit_verify(
    settings_file: SettingsFile,
    agency: Agency = None,
    witness: NotedOption = None,
    deposits: DepositsOption = False,
) -> None:
    """Follow the chain from the first entry to the last."""
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    audit_commands.verify(
        wiring.open_audit(loaded, chosen),
        noted=witness,
        deposits=deposits,
        store=wiring.log_witness(chosen),
        places=loaded.places,
        party=Party.GATEWAY,
    )


@audit.command("adopt")
def audit_adopt(
    settings_file: SettingsFile,
    why: Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")],
    agency: Agency = None,
) -> None:
    """Adopt a log that was restored from a backup, and record who did it and why."""
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency), adopt=True)
    commands.adopt(log, by=str(administrator()), why=why)


@audit.command("forget")
def audit_forget(
    settings_file: SettingsFile,
    month: MonthOption,
    why: Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")],
    agency: Agency = None,
) -> None:
    """Destroy the key of a month.

    Who asked about whom in it can never be read again; the chain still verifies.
    """
    loaded = load(settings_file)
    chosen = agency_of(loaded, agency)
    commands.forget(
        lambda: wiring.open_audit(loaded, chosen), month, by=str(administrator()), why=why
    )


@audit.command("show")
def audit_show(
    settings_file: SettingsFile,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Open the bodies: who was asked about, in full.")
    ] = False,
    why: Annotated[
        str | None,
        typer.Option(help="With --decrypt: a reference to the reason (a-z, 0-9 and . : _ -)."),
    ] = None,
) -> None:
    """List entries. Use --decrypt for a subject access request only: it shows persons.

    Who has them shown, and why, is recorded first, as for a search.
    """
    loaded = load(settings_file)
    if decrypt and why is None:
        raise Defect("--decrypt: say why, with --why and a reference to the reason")
    reason = OperationId(why) if decrypt and why is not None else None
    first, last = commands.span(since, until)
    with closing(wiring.open_audit(loaded, agency_of(loaded, agency))) as log:
        if reason is not None:
            search_commands.record(log, Criteria(first, last), by=administrator(), why=reason)
        for entry in log.show(first, last, decrypt=decrypt):
            what = " ".join(f"{name}={value}" for name, value in sorted(entry.fields.items()))
            typer.echo(
                f"{entry.seq:>6}  {commands.utc(entry.at)}  {entry.kind:<16}  "
                f"{entry.actor}  {entry.operation}"
            )
            if what:
                typer.echo(f"{'':8}{what}")
            if decrypt and entry.body:
                typer.echo(f"{'':8}{printable(entry.body.decode('utf-8'))}")
            elif decrypt and entry.forgotten:
                typer.echo(f"{'':8}(its month was forgotten)")


@audit.command("counts")
def audit_counts(
    settings_file: SettingsFile,
    agency: Agency = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Count lookups by account, and what is new or owed.

    It counts all, those about a child who was new that day, and those that still owe an attendance
    number. It opens no entry's body and shows no child.
    """
    loaded = load(settings_file)
    beginning, end = commands.span(since, until)
    with closing(wiring.open_audit(loaded, agency_of(loaded, agency))) as log:
        entries = log.show(beginning, commands.NEVER, decrypt=False)
        found = count(entries, beginning, end, time.time())
    if not found:
        typer.echo("Nobody asked in that time.", err=True)
        return
    columns = ("Account", "Lookups", "New today", "Own record not known", "No attendance number")
    rows = [tuple(map(str, astuple(each))) for each in found]
    totals = [sum(column) for column in list(zip(*map(astuple, found), strict=True))[1:]]
    rows.append(("The agency", *map(str, totals)))
    show_list(a_console(), columns, rows)
