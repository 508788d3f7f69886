"""``fingerpost enrol``, ``serve``, ``check``, ``health``, ``audit …``."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from fingerpost.protocol.codec.enrolment import EnrolmentRequest, write_enrolment
from fingerpost.protocol.federation import Service
from fingerpost.protocol.ids import AgencyId
from fingerpost.service import logs
from fingerpost.service.audit import Month, OperationId
from fingerpost.service.credentials import make_member_keys
from fingerpost.service.health import look_at_folder, probe
from fingerpost.service.membership import check_places
from fingerpost.service.run import Stop, run
from fingerpost.service.settings import write_secret
from practitioner import wiring
from practitioner.cli.parsing import (
    PARTY,
    SettingsFile,
    administrator,
    agency_of,
    federation_id,
    load,
    member_id,
)
from practitioner.desk import make_passport_key, read_passport_key
from practitioner.present.words import plain
from practitioner.settings import GatewaySettings

audit = typer.Typer(
    no_args_is_help=True, help="The chained log of who asked, and of who signed in."
)

Agency = Annotated[
    str | None, typer.Option(help="The agency's id; needed where several ask through this gateway.")
]


def enrol(
    settings_file: SettingsFile,
    federation: Annotated[str, typer.Option(help="The federation's id.")],
    member: Annotated[str, typer.Option(help="This gateway's id.")],
    organisation: Annotated[str, typer.Option(help="Who runs it.")],
    lookups_per_day: Annotated[int, typer.Option(help="How many lookups a day to ask for.")],
    request: Annotated[Path, typer.Option(help="Where to write the request for the authority.")],
) -> None:
    """Makes all keys that the settings name, where they will be used, and a request that holds public keys only."""
    loaded = load(settings_file)
    for path in (
        loaded.account_key,
        loaded.outcome_key,
        loaded.audit_key,
        loaded.handle_key,
    ):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_secret(path, os.urandom(wiring.KEY_BYTES))
    passport_keys = {each.id: _passport_key(each.passport_key) for each in loaded.agencies}
    keys = make_member_keys(loaded.places.credentials)
    value = EnrolmentRequest(
        federation=federation_id(federation),
        member=member_id(member),
        service=Service.GATEWAY,
        organisation=organisation,
        signing_key=keys.public_key,
        lookups_per_day=lookups_per_day,
        issued_at=int(time.time()),
        passport_keys=passport_keys,
    )
    request.write_bytes(write_enrolment(value, keys.signing_key))
    typer.echo(f"Request written. Read this fingerprint to the authority: {value.fingerprint}")


def _passport_key(path: Path) -> bytes:
    """The public half of the key at ``path``, which is made if there is none."""
    if path.exists():
        return read_passport_key(path).public_key().public_bytes_raw()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return make_passport_key(path)


def serve(settings_file: SettingsFile) -> None:
    """Keeps certificate, member list and peppers fresh until it is told to stop; lookups run beside it."""

    async def main(stop: Stop) -> None:
        loaded = load(settings_file)
        log = logs.configure(PARTY, wiring.EVENTS, strict=False)
        await wiring.serve(loaded, log, stop)

    raise typer.Exit(run(main, party=PARTY, program="fingerpost"))


def check(settings_file: SettingsFile) -> None:
    """Reads settings, keys and bundle, opens the files, and says whether they hold together."""
    loaded = load(settings_file)
    bundle = check_places(loaded.places, Service.GATEWAY)
    for each in loaded.agencies:
        read_passport_key(each.passport_key)
        wiring.open_audit(loaded, each.id).close()
    with wiring.open_people(loaded) as people:
        count = len(people.accounts.list())
    typer.echo(
        f"{bundle.member} of {bundle.federation}: {len(loaded.agencies)} agencies, "
        f"{count} accounts. Settings, keys and files hold together.\n"
        f"Fingerprint of the bundle: {bundle.fingerprint}"
    )
    if (note := look_at_folder(loaded.health)) is not None:
        typer.echo(note, err=True)


def health(settings_file: SettingsFile) -> None:
    """Exit status 0 when `fingerpost serve` is running and serves."""
    serving = asyncio.run(probe(load(settings_file).health))
    typer.echo("serving" if serving else "not serving")
    raise typer.Exit(0 if serving else 1)


@audit.command("verify")
def audit_verify(settings_file: SettingsFile, agency: Agency = None) -> None:
    """Follows the chain from the first entry to the last."""
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    try:
        report = log.verify()
        report.require_whole()
        typer.echo(f"{report.entries} entries, whole. Head: {report.head.hash.hex()}")
    finally:
        log.close()


@audit.command("forget")
def audit_forget(
    settings_file: SettingsFile,
    month: Annotated[str, typer.Option(help="A month that is over (YYYY-MM).")],
    why: Annotated[str, typer.Option(help="A reference to the reason (a-z, 0-9 and . : _ -).")],
    agency: Agency = None,
) -> None:
    """Destroys the key of a month: who asked about whom can never be read again; the chain still verifies."""
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    try:
        now = int(time.time())
        log.forget(Month(month), actor=administrator(), operation=OperationId(why), at=now)
    finally:
        log.close()
    typer.echo(f"{month} is forgotten. Copies in backups are not: see docs/operations.md.")


@audit.command("show")
def audit_show(
    settings_file: SettingsFile,
    agency: Agency = None,
    since: Annotated[int, typer.Option(help="Seconds since 1970 UTC.")] = 0,
    until: Annotated[int, typer.Option(help="Seconds since 1970 UTC.")] = 2**40,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Open the bodies: who was asked about, in full.")
    ] = False,
) -> None:
    """Lists entries. With --decrypt for a subject access request: it shows persons."""
    loaded = load(settings_file)
    _show(loaded, agency_of(loaded, agency), since, until, decrypt=decrypt)


def _show(
    loaded: GatewaySettings, agency: AgencyId, since: int, until: int, *, decrypt: bool
) -> None:
    log = wiring.open_audit(loaded, agency)
    try:
        for entry in log.show(since, until, decrypt=decrypt):
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(entry.at))
            what = " ".join(f"{name}={value}" for name, value in sorted(entry.fields.items()))
            typer.echo(
                f"{entry.seq:>6}  {when}  {entry.kind:<16}  {entry.actor}  {entry.operation}"
            )
            if what:
                typer.echo(f"{'':8}{what}")
            if decrypt and entry.body:
                typer.echo(f"{'':8}{plain(entry.body.decode('utf-8'))}")
            elif decrypt and entry.forgotten:
                typer.echo(f"{'':8}(its month was forgotten)")
    finally:
        log.close()
