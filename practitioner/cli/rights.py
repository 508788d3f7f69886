"""``fingerpost audit hold``, ``lift``, ``right`` and ``reply``: for the agency's officers."""

from __future__ import annotations

import typer

from fingerpost.audit.log import Entry
from fingerpost.membership import audit_commands
from fingerpost.membership.audit_commands import (
    DecisionOption,
    GiveOption,
    HoldOption,
    RightOption,
    SecondOption,
)
from fingerpost.membership.commands import WhyOption, utc
from fingerpost.protocol.errors import Defect
from practitioner import wiring
from practitioner.asking.audit_events import ASKED
from practitioner.cli.parsing import Agency, SettingsFile, administrator, agency_of, load


def register(audit: typer.Typer) -> None:
    """Add the commands to ``audit``."""
    for command in (hold, lift, right, reply):
        audit.command()(command)


def hold(settings_file: SettingsFile, why: WhyOption, agency: Agency = None) -> None:
    """Set a legal hold: nothing of this log is forgotten until two persons lift it.

    The agency's outcomes of the week are kept, too.
    """
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    audit_commands.hold(log, by=str(administrator()), why=why)


def lift(
    settings_file: SettingsFile,
    number: HoldOption,
    second: SecondOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Lift a legal hold. Two persons decide."""
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    audit_commands.lift(log, number, by=str(administrator()), second=second, why=why)


def right(
    settings_file: SettingsFile,
    asked: RightOption,
    decision: DecisionOption,
    second: SecondOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Record what two persons decided on a correction, an objection or another right."""
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    audit_commands.decide(log, asked, decision, by=str(administrator()), second=second, why=why)


def reply(
    settings_file: SettingsFile,
    second: SecondOption,
    why: WhyOption,
    give: GiveOption = None,
    agency: Agency = None,
) -> None:
    """Print the reply to somebody who asks who asked about a child. Two persons decide.

    It is the same for everybody. Find the entries with audit search, and name those to give.
    """
    loaded = load(settings_file)
    log = wiring.open_audit(loaded, agency_of(loaded, agency))
    audit_commands.reply(
        log, give or (), _in_words, by=str(administrator()), second=second, why=why
    )


def _in_words(entry: Entry) -> str:
    """Return the day, the role and the purpose; no person. Raises ``Defect``."""
    if entry.kind != ASKED:
        raise Defect(f"--give: entry {entry.seq} is no lookup")
    return f"{utc(entry.at)[:10]}: {entry.fields['role']}, {entry.fields['purpose']}"
