"""``fingerpost-node``: enrol, import, run, and read an agency's audit log and messages."""

from __future__ import annotations

from agency_node.cli import (
    agreements,
    audit,
    challenging,
    desks,
    exceptions,
    import_,
    inbox,
    knocks,
    map_,
    notes,
    quality,
    report,
    rights,
    run,
    shields,
)
from fingerpost.membership import commands

app = commands.command_line(
    "Run the node of one agency or of many: enrol, import, serve, and read the audit log."
)
run.register(app)
import_.register(app)
map_.register(app)
quality.register(app)
audit.register(app)
rights.register(audit.app)
inbox.register(app)
exceptions.register(inbox.app)
challenging.register(inbox.app)
shields.register(app)
agreements.register(app)
notes.register(app)
knocks.register(app)
desks.register(app)
report.register(app)


def main() -> None:
    """Run the command that was typed: see ``commands.main``."""
    commands.main(app, run.PROGRAM.name)
