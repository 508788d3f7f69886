"""Publishing and suspending: check, publish, show, code-lists, suspend, reinstate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from authority import caseloads, checks, code_lists
from authority.ceremony import Ceremony
from authority.checks import Finding, Weight
from authority.cli.caseload_commands import summary
from authority.cli.parsing import Folder, console, now, shown
from authority.issuer import wiring
from authority.issuer.service import Issuer
from authority.issuer.settings import SETTINGS, read_settings
from fingerpost.membership.commands import identifier
from fingerpost.protocol import federation_files
from fingerpost.protocol.errors import Code, Defect, Refused
from fingerpost.protocol.federation import DenyList, Party
from fingerpost.protocol.ids import AgencyId, MemberId
from fingerpost.runtime.listing import a_console, show_block
from fingerpost.runtime.screen_text import counted

code_lists_app = typer.Typer(
    help="Propose and sign the purposes, roles and kinds in force.", no_args_is_help=True
)

_IssuerSettings = Annotated[
    Path, typer.Option("--settings", help="The issuer's settings file, issuer.toml.", exists=True)
]

_Who = Annotated[str | None, typer.Argument(help="A member's or an agency's id.")]
_Certificate = Annotated[
    str | None, typer.Option(help="A certificate's serial number, in hexadecimal.")
]


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(publish)
    app.command()(show)
    app.command()(suspend)
    app.command()(reinstate)
    app.add_typer(code_lists_app, name="code-lists")


def check(folder: Folder) -> None:
    """Report whether the draft is consistent: exit status 0 when it is, else 1."""
    findings = checks.check(Ceremony.open(folder).draft(), now())
    _print_findings(findings)
    if any(finding.weight is Weight.ERROR for finding in findings):
        raise typer.Exit(1)
    console.print("The draft is consistent.")


def publish(
    folder: Folder,
    online: Annotated[
        bool, typer.Option("--online", help="The issuer's keys are here too: sign its part now.")
    ] = False,
) -> None:
    """Sign the draft, by threshold, into the repository."""
    ceremony = Ceremony.open(folder)
    done = ceremony.publish(now())
    _print_findings(done.warnings)
    roles = counted(len(done.roles), "role", "roles")
    files = counted(done.written, "file", "files")
    console.print(f"Signed {roles}; {files} new, {done.removed} gone.")
    if online:
        signed = wiring.open_online(read_settings(ceremony.online / SETTINGS)).refresh(now())
        if signed.refused is not None:
            raise signed.refused
        console.print(f"Snapshot {signed.snapshot_version}.")
    else:
        console.print("Carry the repository to the issuer; it signs snapshot and timestamp.")


def show(folder: Folder) -> None:
    """Show the draft, what is published, and when it expires."""
    ceremony = Ceremony.open(folder)
    draft = ceremony.draft()
    parties = Counter(member.party for member in draft.members.values())
    agencies = draft.agencies
    asking = sum(bool(agency.gateways) for agency in agencies)
    lines = [
        ("federation", str(ceremony.charter.federation)),
        *((f"{party.value}s", str(parties[party])) for party in Party),
        ("areas", str(len(draft.areas))),
        ("agencies", f"{len(agencies)}, {asking} may ask"),
        ("caseloads", summary(list(caseloads.caseloads(draft)))),
        ("not connected", str(sum(len(a.not_connected) for a in draft.areas.values()))),
    ]
    for epoch in draft.parameters.epochs:
        sealed = sum(number == epoch.number for number, _ in draft.peppers)
        when = f"{shown(epoch.starts_at)} to {shown(epoch.ends_at)}, {counted(sealed, 'pepper')}"
        lines.append((f"epoch {epoch.number}", when))
    for name, signed in ceremony.repository.read_offline().items():
        until = shown(signed.expires.timestamp())
        lines.append((name, f"version {signed.version}, until {until}"))
    deny = ceremony.denied()
    members, denied = len(deny.members), len(deny.agencies)
    said = f"{counted(members, 'member')}, {counted(denied, 'agency', 'agencies')}"
    lines.append(("suspended", said))
    show_block(a_console(), lines)


def suspend(
    settings: _IssuerSettings,
    who: _Who = None,
    certificate: _Certificate = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Suspend even an id that is not listed.")
    ] = False,
) -> None:
    """Suspend a member, an agency or one certificate at once, on the issuer's machine."""
    _change(settings, who, certificate, suspend_=True, anyway=anyway)


def reinstate(
    settings: _IssuerSettings,
    who: _Who = None,
    certificate: _Certificate = None,
) -> None:
    """Reinstate what was suspended."""
    _change(settings, who, certificate, suspend_=False, anyway=True)


def _change(
    settings: Path, who: str | None, certificate: str | None, *, suspend_: bool, anyway: bool
) -> None:
    if who is None and certificate is None:
        raise typer.BadParameter("name a member, an agency or a certificate")
    change = _named(who, certificate, suspend_=suspend_)
    found = read_settings(settings)
    with closing(wiring.open_audit(found)) as audit, wiring.open_issuer(found, audit) as issuer:
        if who is not None and not anyway:
            _require_listed(issuer, who)
        done = issuer.change_deny_list(change, now())
    name = f"{who or certificate} {'suspended' if suspend_ else 'reinstated'}"
    console.print(
        f"{name}: signed with snapshot {done.snapshot_version}; in force within a minute."
    )
    if done.refused is not None:
        console.print(f"The member list in the repository does not verify: {done.refused}")


def _require_listed(issuer: Issuer, who: str) -> None:
    """Raise ``Defect`` for an id that is not listed: a mistyped one would suspend nobody and report
    success.
    """
    try:
        if "." in who:
            area = issuer.fetch(f"targets/{federation_files.area_path(AgencyId(who).area)}")
            listed = any(a.id == AgencyId(who) for a in federation_files.read_area(area).agencies)
        else:
            listed = bool(issuer.fetch(f"targets/{federation_files.member_path(MemberId(who))}"))
    except Refused as refused:
        if refused.code is not Code.NOT_ALLOWED:
            raise
        listed = False
    if not listed:
        raise Defect(f"nobody in the list is called {who}; to suspend it all the same: --anyway")


def _named(
    who: str | None, certificate: str | None, *, suspend_: bool
) -> Callable[[DenyList], DenyList]:
    # An agency's id has a dot and a member's has none.
    agencies = frozenset({identifier(AgencyId, who, "WHO")} if who and "." in who else ())
    members = frozenset({identifier(MemberId, who, "WHO")} if who and "." not in who else ())
    try:
        serials = frozenset({int(certificate, 16)} if certificate else ())
    except ValueError:
        raise typer.BadParameter("a serial number is hexadecimal") from None

    def change(deny: DenyList) -> DenyList:
        if suspend_:
            return DenyList(
                deny.members | members, deny.agencies | agencies, deny.certificates | serials
            )
        if not (
            members <= deny.members and agencies <= deny.agencies and serials <= deny.certificates
        ):
            raise Defect("not suspended")
        return DenyList(
            deny.members - members, deny.agencies - agencies, deny.certificates - serials
        )

    return change


@code_lists_app.command("propose")
def code_lists_propose(
    folder: Folder,
    file: Annotated[
        Path | None,
        typer.Argument(help="code-lists.json; without it, all that the protocol knows."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The number of this version (default: as the file says)."),
    ] = None,
) -> None:
    """Propose code lists to governance. An earlier proposal is replaced."""
    lists = code_lists.everything()
    if file is not None:
        lists = federation_files.read_code_lists(file.read_bytes())
    if version is not None:
        lists = replace(lists, version=version)
    ceremony = Ceremony.open(folder)
    proposal = ceremony.propose(lists, now())
    lacking = code_lists.missing(proposal, ceremony.charter)
    console.print(f"Version {lists.version} is proposed; {_signatures(lacking)} needed.")


@code_lists_app.command("sign")
def code_lists_sign(
    folder: Folder,
    key: Annotated[
        list[Path], typer.Option("--key", help="A governance key's file (repeatable).", exists=True)
    ],
) -> None:
    """Sign what is proposed."""
    lacking = Ceremony.open(folder).sign_proposal(key)
    console.print(f"{_signatures(lacking)} missing." if lacking else "Signed; publish it.")


def _signatures(lacking: int) -> str:
    return counted(lacking, "signature is", "signatures are")


def _print_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        style = "red" if finding.weight is Weight.ERROR else "yellow"
        console.print(
            f"{finding.weight.value}: {finding.where}: {finding.what}", style=style, markup=False
        )
