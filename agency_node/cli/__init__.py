"""``fingerpost-node``: enrol, import, run, and read an agency's audit log."""

from __future__ import annotations

from agency_node.cli import audit, import_, run
from fingerpost.membership import commands

app = commands.command_line(
    "Run the node of one agency or of many: enrol, import, serve, and read the audit log."
)
run.register(app)
import_.register(app)
audit.register(app)


def main() -> None:
    """Run the command that was typed: see ``commands.main``."""
    commands.main(app, run.PROGRAM.name)
