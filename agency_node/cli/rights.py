"""``fingerpost-node audit hold``, ``lift``, ``right`` and ``reply``: for the agency's officers."""

from __future__ import annotations

import typer

from agency_node import wiring
from agency_node.answering.entries import OPENED, read_body
from agency_node.cli.audit import Agency, chosen_agency
from agency_node.cli.run import PROGRAM
from fingerpost.audit.log import Entry
from fingerpost.membership import audit_commands
from fingerpost.membership.audit_commands import (
    DecisionOption,
    GiveOption,
    HoldOption,
    RightOption,
    SecondOption,
)
from fingerpost.membership.commands import ByOption, SettingsFile, WhyOption, utc
from fingerpost.protocol.errors import Defect


def register(audit: typer.Typer) -> None:
    """Add the commands to ``audit``."""
    for command in (hold, lift, right, reply):
        audit.command()(command)


def hold(settings_file: SettingsFile, by: ByOption, why: WhyOption, agency: Agency = None) -> None:
    """Set a legal hold: nothing of this log is forgotten until two persons lift it."""
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, chosen_agency(settings, agency))
    audit_commands.hold(log, by=by, why=why)


def lift(
    settings_file: SettingsFile,
    number: HoldOption,
    by: ByOption,
    second: SecondOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Lift a legal hold. Two persons decide."""
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, chosen_agency(settings, agency))
    audit_commands.lift(log, number, by=by, second=second, why=why)


def right(
    settings_file: SettingsFile,
    asked: RightOption,
    decision: DecisionOption,
    by: ByOption,
    second: SecondOption,
    why: WhyOption,
    agency: Agency = None,
) -> None:
    """Record what two persons decided on a correction, an objection or another right.

    The correction itself is made in your own system; the next import brings it.
    """
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, chosen_agency(settings, agency))
    audit_commands.decide(log, asked, decision, by=by, second=second, why=why)


def reply(
    settings_file: SettingsFile,
    by: ByOption,
    second: SecondOption,
    why: WhyOption,
    give: GiveOption = None,
    agency: Agency = None,
) -> None:
    """Print the reply to somebody who asks who asked about a child. Two persons decide.

    It is the same for everybody. Find the entries with inbox list, and name those to give.
    """
    settings = PROGRAM.load(settings_file)
    log = wiring.open_audit(settings, chosen_agency(settings, agency))
    audit_commands.reply(log, give or (), _in_words, by=by, second=second, why=why)


def _in_words(entry: Entry) -> str:
    """Return the day, the agency that asked and the purpose; no person. Raises ``Defect``."""
    body = read_body(entry.body) if entry.kind == OPENED and entry.body else None
    if body is None or body.asked is None or body.unexpected:
        raise Defect(f"--give: entry {entry.seq} shows no lookup that can be given")
    purpose = body.asked.justification.purpose.name
    return f"{utc(entry.at)[:10]}: {entry.fields['asking']}, {purpose}"
