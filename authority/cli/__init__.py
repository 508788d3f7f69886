"""The command line of the authority's offline machine.

It speaks to a person and decides nothing. Each command names the ceremony's folder; keys are where
its charter says. A refusal is reported in one line, and then nothing has been changed.
"""

from __future__ import annotations

from authority.cli import (
    caseload_commands,
    epoch_commands,
    founding_commands,
    list_commands,
    publish_commands,
    report_commands,
)
from fingerpost.membership import commands

app = commands.command_line("Decide who belongs to the federation, and sign it offline.")
founding_commands.register(app)
list_commands.register(app)
caseload_commands.register(app)
epoch_commands.register(app)
publish_commands.register(app)
report_commands.register(app)


def main() -> None:
    """Run the command line. A refusal or defect is one plain line, with exit status 2."""
    commands.main(app, "fingerpost-authority")
