"""The commands that a broker and a key holder share.

Law: as for ``commands``. Only a ``cli`` imports this module.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import typer

from fingerpost.audit.log import AuditLog
from fingerpost.membership.audit_commands import (
    DepositsOption,
    HoldOption,
    NotedOption,
    SecondOption,
    hold,
    lift,
    verify,
)
from fingerpost.membership.bundle import EnrolmentBundle
from fingerpost.membership.commands import (
    ByOption,
    CredentialsOption,
    FederationOption,
    MemberOption,
    OrganisationOption,
    Program,
    RequestOption,
    SettingsFile,
    WhyOption,
    enrol,
    report_clock,
    report_health,
    report_sound,
)
from fingerpost.membership.membership import Places
from fingerpost.protocol.federation import Party

S = TypeVar("S", bound=msgspec.Struct)


def add_server(
    app: typer.Typer,
    audit: typer.Typer,
    program: Program[S],
    party: Party,
    *,
    check: Callable[[S], EnrolmentBundle],
    health: Callable[[S], Path],
    places: Callable[[S], Places],
    waits: str,
    open_audit: Callable[[S], AuditLog],
    store: str,
) -> None:
    """Add the commands that a broker and a key holder share.

    They are ``enrol``, ``run``, ``check``, ``health``, ``status`` and ``audit verify``.

    Args:
        check: opens what the settings name, and returns the bundle.
        health: returns the socket of the health check.
        waits: what the party destroys when it is due.
        open_audit: opens the audit log.
        store: the name of its witness.
    """

    @app.command("enrol")
    def enrol_(
        federation: FederationOption,
        member: MemberOption,
        organisation: OrganisationOption,
        credentials: CredentialsOption,
        request: RequestOption,
    ) -> None:
        """Make this member's keys where they will be used, and a request of public keys only."""
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
        """Run until a signal stops it."""
        program.run(settings_file)

    @app.command("check")
    def check_(settings_file: SettingsFile) -> None:
        """Report whether what the settings name fits together.

        It makes nothing and touches no network.
        """
        loaded = program.load(settings_file)
        what = "Settings, keys and folders"
        report_sound(what, check(loaded), health(loaded), places(loaded))

    @app.command("health")
    def health_(settings_file: SettingsFile) -> None:
        """Report whether the running process serves: exit status 0 when it does, else 1."""
        report_health(health(program.load(settings_file)))

    @app.command("status")
    def status(settings_file: SettingsFile) -> None:
        """Report whether this machine's clock agrees with the issuer's, and what waits if not."""
        report_clock(places(program.load(settings_file)), waits)

    @audit.command("hold")
    def hold_(settings_file: SettingsFile, by: ByOption, why: WhyOption) -> None:
        """Set a legal hold: nothing of this log is forgotten until two persons lift it."""
        hold(open_audit(program.load(settings_file)), by=by, why=why)

    @audit.command("lift")
    def lift_(
        settings_file: SettingsFile,
        number: HoldOption,
        by: ByOption,
        second: SecondOption,
        why: WhyOption,
    ) -> None:
        """Lift a legal hold. Two persons decide."""
        lift(open_audit(program.load(settings_file)), number, by=by, second=second, why=why)

    @audit.command("verify")
    def verify_(
        settings_file: SettingsFile, witness: NotedOption = None, deposits: DepositsOption = False
    ) -> None:
        """Follow the chain from the first entry to the last."""
        loaded = program.load(settings_file)
        verify(
            open_audit(loaded),
            noted=witness,
            deposits=deposits,
            store=store,
            places=places(loaded),
            party=party,
        )
