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
    CountedAgency,
    MeterReport,
    NodeReport,
    SelfTests,
    read_meter_report,
    read_node_report,
)
from fingerpost.protocol.codec.signed import claimed_signer
from fingerpost.protocol.errors import Code, Refused
from fingerpost.protocol.federation import Party
from fingerpost.protocol.ids import AgencyId
from fingerpost.runtime.files import read_file
from fingerpost.runtime.listing import a_console, show_list
from fingerpost.runtime.screen_text import counted


def register(app: typer.Typer) -> None:
    app.command("meters")(meters)
    app.command("rows")(rows)
    app.command("self-tests")(self_tests)


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
    names = [field.name for field in fields(CountedAgency)][: len(columns)]
    shown = [tuple(str(getattr(each, name)) for name in names) for each in counted]
    show_list(a_console(), columns, shown)


def self_tests(
    folder: Folder,
    reports: Annotated[list[Path], typer.Argument(help="Nodes' reports.", exists=True)],
) -> None:
    """Show which agencies find their own marked records, week by week.

    Those whose last test missed one, or that were not tested, come first. Exit status 1 when there
    is one.
    """
    draft = Ceremony.open(folder).draft()
    weeks = sorted((_verified_node(draft, path) for path in reports), key=lambda each: each.week)
    by_agency: dict[AgencyId, list[tuple[int, SelfTests]]] = {}
    for report in weeks:
        for agency in report.agencies:
            by_agency.setdefault(agency.agency, []).append((report.week, agency.self_tests))
    failing = {agency for agency, of in by_agency.items() if not of[-1][1].all_found}
    agencies = sorted(by_agency, key=lambda agency: (agency not in failing, agency))
    console.print(
        f"{counted(len(agencies), 'agency', 'agencies')}, of which {len(failing)} did not find "
        "all, or were not tested."
    )
    columns = ("Agency", "Week from", "Tests", "Missed in", "As asked", "With a slip")
    shown = [_row_of_tests(agency, *of) for agency in agencies for of in by_agency[agency]]
    show_list(a_console(), columns, shown)
    raise typer.Exit(1 if failing else 0)


def _row_of_tests(agency: AgencyId, week: int, tests: SelfTests) -> tuple[str, ...]:
    first = datetime.fromtimestamp(week * limits.WEEK_SECONDS, UTC).date()
    last = ("", "")
    if tests.tests:
        last = f"{tests.found} of {tests.asked}", f"{tests.slipped_found} of {tests.slipped}"
    return f"{agency}", f"{first}", f"{tests.tests}", f"{tests.missed}", *last


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
