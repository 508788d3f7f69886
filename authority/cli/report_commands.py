"""What members report: read, verified, and laid side by side."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from authority import changes, metering
from authority.ceremony import Ceremony
from authority.cli.parsing import Folder, console
from authority.draft import Draft
from authority.metering import Use
from fingerpost.protocol import limits
from fingerpost.protocol.codec.reports import (
    REPORT_BYTES,
    MeterReport,
    NodeReport,
    read_meter_report,
    read_node_report,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.runtime.files import read_file
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted


def register(app: typer.Typer) -> None:
    app.command("meters")(meters)
    app.command("rows")(rows)


def meters(
    folder: Folder,
    one: Annotated[Path, typer.Argument(help="One key holder's report.", exists=True)],
    other: Annotated[Path, typer.Argument(help="The other's, of the same week.", exists=True)],
    all_: Annotated[bool, typer.Option("--all", help="Show those who do not stand out, too.")] = (
        False
    ),
) -> None:
    """Compare the meters of both key holders with each other and with the caseloads.

    Who stands out comes first. Exit status 1 when somebody does.
    """
    draft = Ceremony.open(folder).draft()
    reports = [_verified(draft, path) for path in (one, other)]
    metering.require_a_pair(reports, draft)
    found = metering.uses(draft, reports)
    outstanding = [use for use in found if use.why]
    first = datetime.fromtimestamp(reports[0].week * limits.WEEK_SECONDS, UTC).date()
    console.print(
        f"The week from {first} on: {counted(len(found), 'member')}, "
        f"{counted(len(outstanding), 'stands', 'stand')} out."
    )
    columns = ("Member", "Declared", "Published", "Indexed", "Grown", "Lookups", "Why")
    shown = found if all_ else outstanding
    show_list(a_console(), columns, [_row(use) for use in shown], prose=("Why",))
    raise typer.Exit(1 if outstanding else 0)


def rows(
    folder: Folder,
    reports: Annotated[list[Path], typer.Argument(help="Nodes' reports.", exists=True)],
) -> None:
    """Show how many rows of each agency may have been planted, and what they opened.

    Those are young, typed or unusual rows. Agencies where most lookups were opened by such rows
    alone come first.
    """
    draft = Ceremony.open(folder).draft()
    counted = [agency for path in reports for agency in _verified_node(draft, path).agencies]
    counted.sort(key=lambda each: (-each.hidden, -each.young, each.agency))
    columns = ("Agency", "Records", "Young", "Typed", "Unusual", "Opened", "Hidden", "Revealed")
    shown = [tuple(str(getattr(each, field.name)) for field in fields(each)) for each in counted]
    show_list(a_console(), columns, shown)


def _verified_node(draft: Draft, path: Path) -> NodeReport:
    """Return a node's report, of agencies that it hosts. Raises ``Refused`` and ``Defect``."""
    envelope, node = claimed_signer(read_file(path, most=REPORT_BYTES), most=REPORT_BYTES)
    member = changes.find_member(draft, node, Party.NODE)
    key = Ed25519PublicKey.from_public_bytes(member.signing_key)
    report = read_node_report(envelope, key)
    if report.federation != draft.parameters.federation:
        raise Refused(Code.NOT_ALLOWED, "report of another federation")
    if any(changes.find_agency(draft, each.agency).node != node for each in report.agencies):
        raise Refused(Code.NOT_ALLOWED, "report about another node's agency")
    return report


def _verified(draft: Draft, path: Path) -> MeterReport:
    """Return a key holder's report. Raises ``Refused`` and ``Defect``."""
    envelope, holder = claimed_signer(read_file(path, most=REPORT_BYTES), most=REPORT_BYTES)
    member = changes.find_member(draft, holder, Party.KEY_HOLDER)
    return read_meter_report(envelope, Ed25519PublicKey.from_public_bytes(member.signing_key))


def _row(use: Use) -> tuple[str, ...]:
    numbers = (use.declared, use.published, use.indexed, use.grown, use.lookups)
    return (str(use.id), *map(str, numbers), "; ".join(use.why))
